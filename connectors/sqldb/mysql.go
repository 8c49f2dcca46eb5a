package sqldb

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"

	"privacydesk/connectors"
	"privacydesk/connectors/walk"
)

// mysqlDialect serves MySQL and MariaDB. Their collations call é and e, and
// texts that differ in trailing spaces, equal; and they turn texts into
// numbers when one is compared with the other. So numbers are bound as
// numbers, and texts are compared as binary strings beside the collation.
type mysqlDialect struct{}

func (d mysqlDialect) open(ctx context.Context, o *Options, bound time.Duration) (session, error) {
	config, err := mysqlConfig(o.DSN)
	if err != nil {
		return nil, err
	}
	given := slices.Collect(maps.Keys(config.Params))
	config.ParseTime, config.InterpolateParams, config.MultiStatements = false, false, false
	config.AllowAllFiles, config.ClientFoundRows, config.Loc = false, true, time.UTC
	config.Logger = &mysql.NopLogger{}
	config.Collation = ""
	if err := config.Apply(mysql.Charset("utf8mb4", "")); err != nil {
		return nil, err
	}
	connector, err := mysql.NewConnector(config)
	if err != nil {
		return nil, err
	}
	s, err := newSQLSession(ctx, sql.OpenDB(connector))
	if err != nil {
		return nil, unknownSetting(err, given)
	}
	s.read, s.rewrite = readMySQL, positional
	if err := d.setUp(ctx, s, o, bound); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

// setUp bounds statements, lock waits and idle transactions on the server's
// side. MariaDB counts max_statement_time in seconds; MySQL has only
// max_execution_time, in milliseconds and for SELECT alone.
func (d mysqlDialect) setUp(ctx context.Context, s *sqlSession, o *Options, bound time.Duration) error {
	var version string
	if err := s.conn.QueryRowContext(ctx, "SELECT VERSION()").Scan(&version); err != nil {
		return err
	}
	settings := []string{
		"SET SESSION time_zone = '+00:00'",
		"SET SESSION innodb_lock_wait_timeout = " + seconds(o.LockTimeout) + ", SESSION lock_wait_timeout = " + seconds(o.LockTimeout),
		// A sink may be slower than the server.
		"SET SESSION net_write_timeout = " + seconds(bound) + ", SESSION wait_timeout = " + seconds(max(bound, time.Minute)),
		// Zeros in dates must be readable, and what doesn't fit must not be
		// cut off in silence.
		"SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION,ERROR_FOR_DIVISION_BY_ZERO'",
	}
	if strings.Contains(version, "MariaDB") {
		settings = append(settings, "SET SESSION max_statement_time = "+seconds(bound),
			"SET SESSION idle_transaction_timeout = "+seconds(o.StatementTimeout))
	} else {
		settings = append(settings, "SET SESSION max_execution_time = "+millis(bound))
	}
	settings = append(settings, "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED")
	for _, set := range settings {
		if _, err := s.conn.ExecContext(ctx, set); err != nil {
			return err
		}
	}
	s.start = func(ctx context.Context, s *sqlSession, lock string) error { return d.begin(ctx, s, lock, o) }
	return nil
}

// begin takes a lock that belongs to the connection, so that the server frees
// it when the worker is gone. Names are bounded to 64 characters.
func (mysqlDialect) begin(ctx context.Context, s *sqlSession, lock string, o *Options) error {
	name := "privacydesk-" + shortDigest(lock)
	s.end = func(ctx context.Context, s *sqlSession) {
		if _, err := s.conn.ExecContext(ctx, "DO RELEASE_LOCK(?)", name); err != nil {
			s.close()
		}
	}
	var got sql.NullInt64
	if err := s.conn.QueryRowContext(ctx, "SELECT GET_LOCK(?, ?)", name, int64(o.LockTimeout.Seconds())).Scan(&got); err != nil {
		return err
	}
	if got.Int64 != 1 {
		return errLockHeld
	}
	_, err := s.conn.ExecContext(ctx, "START TRANSACTION")
	return err
}

// settling: nothing waits for the end of a transaction.
func (mysqlDialect) settling(context.Context, session, []*table) (func(context.Context) error, error) {
	return func(context.Context) error { return nil }, nil
}

func seconds(d time.Duration) string {
	return strconv.FormatInt(max(1, int64(d/time.Second)), 10)
}

func readMySQL(q query, values []any, cells []cell) {
	for i, v := range values {
		c := cell{class: classText}
		if q.cols != nil {
			c.class, c.digits = q.cols[i].class, q.cols[i].digits
		}
		switch v := v.(type) {
		case nil:
			c.null = true
		case []byte:
			c.text = v
		case string:
			c.text = []byte(v)
		case int64:
			c.text = strconv.AppendInt(cells[i].text[:0], v, 10)
		case uint64:
			c.text = strconv.AppendUint(cells[i].text[:0], v, 10)
		case float32:
			c.text = strconv.AppendFloat(cells[i].text[:0], float64(v), 'f', -1, 32)
		case float64:
			c.text = strconv.AppendFloat(cells[i].text[:0], v, 'f', -1, 64)
		default:
			c.text = fmt.Append(nil, v)
		}
		cells[i] = c
	}
}

func (mysqlDialect) quote(name string) string { return "`" + strings.ReplaceAll(name, "`", "``") + "`" }

// bind marks the place by number; positional, which numbers the server does
// not know, makes question marks of it.
func (mysqlDialect) bind(b *builder, v any) string {
	b.args = append(b.args, v)
	return mark + strconv.Itoa(len(b.args)-1) + mark
}

// mark occurs in no identifier: MySQL and MariaDB forbid NUL in them.
const mark = "\x00"

// positional puts the values into the order of their places in the text.
func positional(q query) query {
	if !strings.Contains(q.sql, mark) {
		return q
	}
	parts := strings.Split(q.sql, mark)
	args := q.args
	q.args = nil
	for i := 1; i < len(parts); i += 2 {
		if n, err := strconv.Atoi(parts[i]); err == nil && n < len(args) {
			q.args = append(q.args, args[n])
		}
		parts[i] = "?"
	}
	q.sql = strings.Join(parts, "")
	return q
}

// read: the server sends a shape as bytes of its own. One with a reference
// system says so, as in POINT's "SRID=4326;POINT(48 6)".
func (d mysqlDialect) read(alias string, c *column) string {
	name := col(d, alias, c)
	if !c.shape {
		return name
	}
	return "CONCAT(IF(ST_SRID(" + name + ") = 0, '', CONCAT('SRID=', ST_SRID(" + name + "), ';')), ST_AsText(" + name + "))"
}

// shown: a bit is true or false, several are their digits.
func (d mysqlDialect) shown(alias string, c *column) (string, *column) {
	name := col(d, alias, c)
	switch {
	case c.kind == "bit(1)":
		return name + " + 0", &column{name: c.name, class: classBool}
	case strings.HasPrefix(c.kind, "bit("):
		return "LPAD(BIN(" + name + " + 0), " + strings.Trim(c.kind, "bit()") + ", '0')", &column{name: c.name, class: classText}
	default:
		return d.read(alias, c), c
	}
}

// bytewise is a text column as a binary string: without collation, without
// padding, in UTF-8 whatever the column's character set.
func (d mysqlDialect) bytewise(alias string, c *column) string {
	switch {
	case c.class != classText && c.class != classOther && c.class != classJSON:
		return col(d, alias, c)
	case c.charset == "" || c.charset == "utf8mb4":
		return "CAST(" + col(d, alias, c) + " AS BINARY)"
	default:
		return "CAST(CONVERT(" + col(d, alias, c) + " USING utf8mb4) AS BINARY)"
	}
}

func (d mysqlDialect) order(alias string, c *column) string { return d.bytewise(alias, c) }

func (d mysqlDialect) distinct(alias string, c *column) string { return d.bytewise(alias, c) }

func (d mysqlDialect) exact(b *builder, alias string, c *column, values []connectors.Value) string {
	words := fitting(c, values)
	if len(words) == 0 {
		return ""
	}
	name := col(d, alias, c)
	switch c.class {
	case classInt, classDecimal, classFloat:
		return name + " IN (" + d.numbers(b, words, c) + ")"
	case classBytes:
		return name + " IN (" + d.bytes(b, words) + ")"
	case classUUID, classTime, classBool:
		return name + " IN (" + d.words(b, words, "?") + ")"
	case classText, classJSON, classOther:
	}
	// The first comparison is what an index can serve, the second decides.
	narrow := ""
	if c.charset == "utf8mb4" {
		narrow = name + " IN (" + d.words(b, words, "?") + ") AND "
	}
	return "(" + narrow + d.bytewise(alias, c) + " IN (" + d.words(b, words, "CAST(? AS BINARY)") + "))"
}

// alike takes white space out wherever it stands, which finds all that
// trimming would and more; the collation is at liberty to find still more.
func (d mysqlDialect) alike(b *builder, alias string, c *column, texts []string) string {
	bare := withoutSpace("LOWER(CONVERT(" + col(d, alias, c) + " USING utf8mb4))")
	var plain, out []string
	for _, t := range texts {
		like, ascii := pattern(lowerASCII(strings.Join(strings.Fields(t), "")))
		if ascii {
			plain = append(plain, lowerASCII(strings.Join(strings.Fields(t), "")))
		} else {
			out = append(out, bare+" LIKE "+d.bind(b, like)+" ESCAPE '!'")
		}
	}
	if len(plain) > 0 {
		out = append(out, bare+" IN ("+d.words(b, plain, "?")+")")
	}
	return either(out)
}

func withoutSpace(text string) string {
	for _, space := range []string{"9", "10", "11", "12", "13", "32"} {
		text = "REPLACE(" + text + ", CHAR(" + space + " USING utf8mb4), '')"
	}
	return text
}

// blank counts bytes: collations call signs that nobody sees equal to nothing.
func (d mysqlDialect) blank(alias string, c *column) string {
	name := col(d, alias, c)
	text := name
	if c.class == classText || c.class == classOther || c.class == classJSON {
		text = withoutSpace("CONVERT(" + name + " USING utf8mb4)")
	}
	return "(" + name + " IS NULL OR LENGTH(" + text + ") = 0)"
}

func (d mysqlDialect) same(aliasA string, a *column, aliasB string, b *column) string {
	plain := col(d, aliasA, a) + " = " + col(d, aliasB, b)
	switch {
	case a.class == b.class && a.class != classText && a.class != classOther, numeric(a) && numeric(b):
		return plain
	case a.class == classText && b.class == classText && a.charset == b.charset && a.collation == b.collation:
		return "(" + plain + " AND " + d.bytewise(aliasA, a) + " = " + d.bytewise(aliasB, b) + ")"
	case a.class == b.class:
		return d.bytewise(aliasA, a) + " = " + d.bytewise(aliasB, b)
	default:
		// A text next to a number would be read as a number.
		return "CAST(" + col(d, aliasA, a) + " AS CHAR CHARACTER SET utf8mb4) COLLATE utf8mb4_bin = CAST(" +
			col(d, aliasB, b) + " AS CHAR CHARACTER SET utf8mb4) COLLATE utf8mb4_bin"
	}
}

func (mysqlDialect) holds(c *column, v connectors.Value) bool { return kindFits(c, v) }

func (mysqlDialect) tenant(c *column, name string) []connectors.Value { return oneSpelling(c, name) }

func (d mysqlDialect) refers(child string, c *column, parent string, p *column) string {
	return col(d, child, c) + " = " + col(d, parent, p)
}

func (mysqlDialect) rowID(*table, string) string { return "" }

func (mysqlDialect) byRowID(*builder, *table, string, []string) string { return nothing }

func (mysqlDialect) afterRowID(*builder, *table, string, string) string { return nothing }

func (d mysqlDialect) assign(b *builder, c *column, v connectors.Value) string {
	switch v.Kind() {
	case connectors.KindNone:
		return "NULL"
	case connectors.KindInt:
		if i, ok := v.Int64(); ok {
			return d.bind(b, i)
		}
	case connectors.KindBytes:
		return d.bind(b, []byte(v.Raw()))
	case connectors.KindText, connectors.KindDecimal, connectors.KindUUID:
	}
	text := v.Raw()
	if c.shape {
		return "ST_GeomFromText(" + d.bind(b, text) + ")"
	}
	if c.class == classTime {
		text = strings.TrimSuffix(strings.Replace(text, "T", " ", 1), "Z")
	}
	if c.class == classInt || c.class == classBool {
		if text == "true" || text == "false" {
			return d.bind(b, oneIf(text == "true"))
		}
	}
	return d.bind(b, text)
}

// deleteFrom: MariaDB knows an alias in DELETE only since 11.6, so the table
// goes by its own name.
func (d mysqlDialect) deleteFrom(t *table) (head, alias string) {
	return "DELETE FROM " + qualified(d, t), qualified(d, t)
}

func (d mysqlDialect) update(t *table) (head, alias string) {
	return "UPDATE " + qualified(d, t), qualified(d, t)
}

func (d mysqlDialect) sampled(b *builder, c *column, v connectors.Value) string {
	value := d.assign(b, c, v)
	if c.charset == "" || v.Kind() != connectors.KindText {
		return value
	}
	return "CONVERT(" + value + " USING " + c.charset + ") COLLATE " + c.collation
}

func (d mysqlDialect) spelled(b *builder, c *column, text string) string {
	switch {
	case c.shape:
		return "ST_AsText(ST_GeomFromText(" + d.bind(b, text) + "))"
	case c.class == classJSON:
		return "CAST(CAST(" + d.bind(b, text) + " AS JSON) AS CHAR)"
	case c.class == classTime && maskKind(c) == walk.ColumnOther:
		return "CAST(" + d.bind(b, text) + " AS " + c.kind + ")"
	case c.charset != "":
		return "CONVERT(CONVERT(" + d.bind(b, text) + " USING " + c.charset + ") USING utf8mb4)"
	default:
		return ""
	}
}

func (mysqlDialect) forUpdate() string { return " FOR UPDATE" }

func (mysqlDialect) maxArgs() int { return 65_535 }

func (mysqlDialect) maxBatch() int { return 10_000 }

func (mysqlDialect) sweeps() bool { return false }
