package sqldb

import (
	"context"
	"database/sql"
	"strconv"
	"strings"
	"time"

	_ "modernc.org/sqlite" // registers the driver "sqlite"

	"privacydesk/connectors"
)

// sqlite compares by storage class: a column's declared type binds nothing
// there, and the number 42 and the text '42' may lie in one column.
type sqlite struct{}

func (d sqlite) open(ctx context.Context, o *Options, _ time.Duration) (session, error) {
	uri, err := sqliteURI(o.DSN)
	if err != nil {
		return nil, err
	}
	db, err := sql.Open("sqlite", uri)
	if err != nil {
		return nil, err
	}
	s, err := newSQLSession(ctx, db)
	if err != nil {
		return nil, err
	}
	s.read = readSQLite
	s.start = func(ctx context.Context, s *sqlSession, _ string) error {
		// IMMEDIATE is the one write lock that a file has: no two runs, of
		// whichever request, write at the same time.
		_, err := s.conn.ExecContext(ctx, "BEGIN IMMEDIATE")
		return err
	}
	// Keys are enforced per connection, and off by default.
	for _, pragma := range []string{
		"PRAGMA foreign_keys = ON", "PRAGMA secure_delete = ON",
		"PRAGMA busy_timeout = " + millis(o.LockTimeout),
	} {
		if _, err := s.conn.ExecContext(ctx, pragma); err != nil {
			s.close()
			return nil, err
		}
	}
	return s, nil
}

// readSQLite takes the class from how the value is stored, and the declared
// type only where it tells more.
func readSQLite(q query, values []any, cells []cell) {
	for i, v := range values {
		declared := classText
		if q.cols != nil {
			declared = q.cols[i].class
		}
		c := cell{digits: q.cols != nil && q.cols[i].digits}
		switch v := v.(type) {
		case nil:
			c.null = true
		case int64:
			c.class, c.text = classInt, strconv.AppendInt(cells[i].text[:0], v, 10)
			if declared == classBool && (v == 0 || v == 1) {
				c.class = classBool
			}
		case float64:
			c.class, c.text = classFloat, strconv.AppendFloat(cells[i].text[:0], v, 'f', -1, 64)
		case []byte:
			c.class, c.text = classBytes, v
		case string:
			c.class, c.text = classText, append(cells[i].text[:0], v...)
			if declared == classTime || declared == classJSON {
				c.class = declared
			}
		case bool:
			c.class, c.text = classInt, strconv.AppendInt(cells[i].text[:0], oneIf(v), 10)
		}
		cells[i] = c
	}
}

func (sqlite) quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

func (sqlite) bind(b *builder, v any) string {
	b.args = append(b.args, v)
	return "?" + strconv.Itoa(len(b.args))
}

// read takes the declared type away from the result, or the driver would turn
// texts into times.
func (d sqlite) read(alias string, c *column) string { return "+" + col(d, alias, c) }

func (d sqlite) shown(alias string, c *column) (string, *column) { return d.read(alias, c), c }

func (d sqlite) order(alias string, c *column) string { return col(d, alias, c) + " COLLATE BINARY" }

func (d sqlite) distinct(alias string, c *column) string {
	return "(+" + col(d, alias, c) + ") COLLATE BINARY"
}

func (d sqlite) exact(b *builder, alias string, c *column, values []connectors.Value) string {
	name := col(d, alias, c)
	var ints, reals, words, blobs []any
	for _, v := range values {
		switch v.Kind() {
		case connectors.KindInt:
			if c.digits {
				words = append(words, v.Raw())
				continue
			}
			if i, ok := v.Int64(); ok {
				ints = append(ints, i)
				reals = append(reals, float64(i))
			}
		case connectors.KindDecimal:
			if f, err := strconv.ParseFloat(v.Raw(), 64); err == nil {
				reals = append(reals, f)
			}
		case connectors.KindBytes:
			blobs = append(blobs, []byte(v.Raw()))
		case connectors.KindText:
			words = append(words, v.Raw())
		case connectors.KindUUID, connectors.KindNone:
		}
	}
	if c.class == classInt || c.class == classText {
		reals = onlyBroken(reals)
	}
	var out []string
	for storage, set := range map[string][]any{"integer": ints, "real": reals, "blob": blobs} {
		if len(set) > 0 {
			out = append(out, "(typeof("+name+") = '"+storage+"' AND "+name+" IN ("+d.bindAll(b, set)+"))")
		}
	}
	if len(words) > 0 {
		p := d.bindAll(b, words)
		out = append(out, "(typeof("+name+") = 'text' AND "+name+" IN ("+p+") AND ("+name+" COLLATE BINARY) IN ("+p+"))")
	}
	return either(out)
}

// onlyBroken leaves out whole numbers, which are stored as integers unless
// the column's type says otherwise.
func onlyBroken(reals []any) []any {
	var out []any
	for _, r := range reals {
		if f, ok := r.(float64); ok && f != float64(int64(f)) {
			out = append(out, r)
		}
	}
	return out
}

func (d sqlite) alike(b *builder, alias string, c *column, texts []string) string {
	// lower() knows ASCII alone, which is what pattern counts on.
	folded := "lower(trim(CAST(" + col(d, alias, c) + " AS TEXT), char(9, 10, 11, 12, 13, 32))) COLLATE BINARY"
	var plain []any
	var out []string
	for _, t := range texts {
		if like, ascii := pattern(lowerASCII(t)); !ascii {
			out = append(out, folded+" LIKE "+d.bind(b, like)+" ESCAPE '!'")
			continue
		}
		plain = append(plain, lowerASCII(t))
	}
	if len(plain) > 0 {
		out = append(out, "("+folded+") IN ("+d.bindAll(b, plain)+")")
	}
	return either(out)
}

// fold: SQLite's own collations, https://sqlite.org/datatype3.html#collation.
func (sqlite) fold(c *column) foldText {
	switch c.collation {
	case "", "BINARY":
		return nil
	case "NOCASE":
		return func(s string) (string, bool) { return lowerASCII(s), true }
	case "RTRIM":
		return foldPadded
	default:
		return unknownFold
	}
}

func (d sqlite) alikeKeys(b *builder, alias string, c, by *column, texts []string) string {
	values := make([]any, len(texts))
	for i, t := range texts {
		values[i] = t
	}
	name := col(d, alias, c)
	return "(typeof(" + name + ") = 'text' AND (" + name + " COLLATE " + d.quote(by.collation) + ") IN (" + d.bindAll(b, values) + "))"
}

func (d sqlite) blank(alias string, c *column) string {
	name := col(d, alias, c)
	return "(" + name + " IS NULL OR length(CASE typeof(" + name + ") WHEN 'text' THEN trim(" + name + ", char(9, 10, 11, 12, 13, 32)) ELSE " + name + " END) = 0)"
}

func (d sqlite) same(aliasA string, a *column, aliasB string, b *column) string {
	x, y := col(d, aliasA, a), col(d, aliasB, b)
	if converted(a, b) {
		if b.digits {
			x, y = y, x
		}
		return "(typeof(" + x + ") = 'text' AND typeof(" + y + ") = 'integer' AND " + x + " = CAST(" + y + " AS TEXT) COLLATE BINARY)"
	}
	kind := func(name string) string { return "replace(typeof(" + name + "), 'real', 'integer')" }
	return "(" + kind(x) + " = " + kind(y) + " AND " + x + " = " + y + " COLLATE BINARY)"
}

// holds: only whole types bind; a text may lie in any column but those of
// numbers.
func (sqlite) holds(c *column, v connectors.Value) bool {
	switch c.class {
	case classInt, classText:
		return kindFits(c, v)
	default:
		return true
	}
}

// tenant: a column whose declared type binds nothing may hold a number or the
// text of one.
func (sqlite) tenant(c *column, name string) []connectors.Value {
	switch c.class {
	case classText, classInt, classDecimal, classFloat:
		return oneSpelling(c, name)
	default:
		out := []connectors.Value{connectors.Text(name)}
		if n, err := connectors.Decimal(name); err == nil && n.Raw() == name {
			out = append(out, n)
		}
		return out
	}
}

// refers: a foreign key goes by the parent's collation, and SQLite takes that
// of the operand on the left.
func (d sqlite) refers(child string, c *column, parent string, p *column) string {
	return col(d, parent, p) + " = " + col(d, child, c)
}

func (d sqlite) rowID(t *table, alias string) string {
	if t.rowless {
		return ""
	}
	for _, name := range []string{"rowid", "_rowid_", "oid"} {
		if t.column(t.spelled(name)) == nil { // else it means the column
			return alias + "." + name
		}
	}
	return ""
}

func (d sqlite) byRowID(b *builder, t *table, alias string, ids []string) string {
	numbers := make([]any, 0, len(ids))
	for _, id := range ids {
		if n, err := strconv.ParseInt(id, 10, 64); err == nil {
			numbers = append(numbers, n)
		}
	}
	if len(numbers) == 0 {
		return nothing
	}
	return d.rowID(t, alias) + " IN (" + d.bindAll(b, numbers) + ")"
}

func (d sqlite) afterRowID(b *builder, t *table, alias, id string) string {
	n, err := strconv.ParseInt(id, 10, 64)
	if err != nil {
		return nothing
	}
	return d.rowID(t, alias) + " > " + d.bind(b, n)
}

// assign binds by the column's class; SQLite stores what it is given.
func (d sqlite) assign(b *builder, c *column, v connectors.Value) string {
	switch v.Kind() {
	case connectors.KindNone:
		return "NULL"
	case connectors.KindInt:
		if i, ok := v.Int64(); ok {
			return d.bind(b, i)
		}
	case connectors.KindDecimal:
		if f, err := strconv.ParseFloat(v.Raw(), 64); err == nil {
			return d.bind(b, f)
		}
	case connectors.KindBytes:
		return d.bind(b, []byte(v.Raw()))
	case connectors.KindText, connectors.KindUUID:
		if c.class == classBool {
			return d.bind(b, oneIf(string(boolText([]byte(v.Raw()))) == "true"))
		}
	}
	return d.bind(b, v.Raw())
}

func (d sqlite) sampled(b *builder, c *column, v connectors.Value) string { return d.assign(b, c, v) }

func (sqlite) spelled(*builder, *column, string) string { return "" }

func (d sqlite) deleteFrom(t *table) (head, alias string) {
	return "DELETE FROM " + qualified(d, t) + " AS t", "t"
}

func (d sqlite) update(t *table) (head, alias string) {
	return "UPDATE " + qualified(d, t) + " AS t", "t"
}

// forUpdate: the write lock is on the whole file.
func (sqlite) forUpdate() string { return "" }

// maxArgs: SQLITE_MAX_VARIABLE_NUMBER is 32,766 by default
// (https://sqlite.org/limits.html).
func (sqlite) maxArgs() int { return 32_000 }

func oneIf(is bool) int64 {
	if is {
		return 1
	}
	return 0
}

func (sqlite) maxBatch() int { return 100_000 }

func (sqlite) sweeps() bool { return false }
