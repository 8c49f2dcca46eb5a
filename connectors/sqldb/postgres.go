package sqldb

import (
	"context"
	"encoding/hex"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"privacydesk/connectors"
)

type postgres struct{}

// postgresSetup makes the session print and compare as the rest of the
// package expects. row_security: a policy that would hide rows becomes an
// error, because a search that sees less than it should must not be silent.
// search_path: nobody's function stands in for a built-in one.
const postgresSetup = "SET client_encoding TO 'UTF8'; SET TIME ZONE 'UTC'; SET datestyle TO 'ISO, YMD'; " +
	"SET synchronize_seqscans TO off; SET intervalstyle TO 'iso_8601'; SET bytea_output TO 'hex'; SET extra_float_digits TO 1; " +
	"SET standard_conforming_strings TO on; SET row_security TO off; SET search_path TO pg_catalog; " +
	"SET default_transaction_isolation TO 'read committed'; SET statement_timeout TO "

func (postgres) open(ctx context.Context, o *Options, bound time.Duration) (session, error) {
	config, err := pgconn.ParseConfig(o.DSN)
	if err != nil {
		return nil, errBadDSN
	}
	config.RuntimeParams["application_name"] = "privacydesk"
	// The driver would print notices, which may quote rows.
	config.OnNotice = func(*pgconn.PgConn, *pgconn.Notice) {}
	conn, err := pgconn.ConnectConfig(ctx, config)
	if err != nil {
		return nil, err
	}
	s := &postgresSession{conn: conn, o: o}
	if _, err := conn.Exec(ctx, postgresSetup+millis(bound)).ReadAll(); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

type postgresSession struct {
	conn *pgconn.PgConn
	o    *Options
	open bool
}

func (s *postgresSession) query(ctx context.Context, q query, row func([]cell) error) error {
	args, err := postgresArgs(q.args)
	if err != nil {
		return err
	}
	// The reader is closed in a way that drains it: a row function that gives
	// up half-way cancels the statement instead of reading on to its end.
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	result := s.conn.ExecParams(ctx, q.sql, args, nil, nil, nil)
	var cells []cell
	for result.NextRow() {
		values := result.Values()
		if cells == nil {
			cells = make([]cell, len(values))
			for i := range cells {
				cells[i].class = classText
				if q.cols != nil {
					cells[i].class = q.cols[i].class
				}
			}
		}
		err := fill(cells, values)
		if err == nil {
			err = row(cells)
		}
		if err != nil {
			cancel()
			_, _ = result.Close()
			return err
		}
	}
	_, err = result.Close()
	return err
}

func fill(cells []cell, values [][]byte) error {
	for i, v := range values {
		cells[i].null, cells[i].text = v == nil, v
		if cells[i].class != classBytes || v == nil {
			continue
		}
		raw, err := unhex([]byte(strings.TrimPrefix(string(v), `\x`)))
		if err != nil {
			return errors.New("a bytea value is not in hex")
		}
		cells[i].text = raw
	}
	return nil
}

func (s *postgresSession) exec(ctx context.Context, q query) (int64, error) {
	args, err := postgresArgs(q.args)
	if err != nil {
		return 0, err
	}
	tag, err := s.conn.ExecParams(ctx, q.sql, args, nil, nil, nil).Close()
	return tag.RowsAffected(), err
}

// begin bounds the transaction on the server's side: a worker that dies or
// sleeps holds nothing for longer than the time-outs.
func (s *postgresSession) begin(ctx context.Context, lock string) error {
	s.open = true
	setup := "BEGIN; SET LOCAL statement_timeout TO " + millis(s.o.StatementTimeout) +
		"; SET LOCAL idle_in_transaction_session_timeout TO " + millis(s.o.StatementTimeout) +
		"; SET LOCAL lock_timeout TO " + millis(s.o.LockTimeout)
	if _, err := s.conn.Exec(ctx, setup).ReadAll(); err != nil {
		return err
	}
	_, err := s.exec(ctx, query{sql: "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", args: []any{lock}})
	return err
}

func (s *postgresSession) commit(ctx context.Context) error {
	results, err := s.conn.Exec(ctx, "COMMIT").ReadAll()
	if err != nil {
		return err
	}
	s.open = false
	// A transaction that failed answers COMMIT with ROLLBACK and no error.
	if len(results) != 1 || results[0].CommandTag.String() != "COMMIT" {
		return errNotCommitted
	}
	return nil
}

func (s *postgresSession) rollback(ctx context.Context) {
	if !s.open {
		return
	}
	s.open = false
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if _, err := s.conn.Exec(ctx, "ROLLBACK").ReadAll(); err != nil {
		s.close() // the server rolls back when the connection ends
	}
}

func (s *postgresSession) close() {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	_ = s.conn.Close(ctx)
}

func millis(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }

func postgresArgs(args []any) ([][]byte, error) {
	out := make([][]byte, len(args))
	for i, a := range args {
		switch a := a.(type) {
		case nil:
		case string:
			out[i] = []byte(a)
		case int64:
			out[i] = strconv.AppendInt(nil, a, 10)
		case list:
			out[i] = arrayLiteral(a)
		default:
			return nil, errors.New("a bound value has a type that the driver does not know")
		}
	}
	return out, nil
}

// arrayLiteral is PostgreSQL's text form of a one-dimensional array.
func arrayLiteral(elements []string) []byte {
	out := []byte{'{'}
	for i, e := range elements {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(out, '"')
		for j := range len(e) {
			if e[j] == '"' || e[j] == '\\' {
				out = append(out, '\\')
			}
			out = append(out, e[j])
		}
		out = append(out, '"')
	}
	return append(out, '}')
}

func (postgres) quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

func (d postgres) bind(b *builder, v any) string {
	b.args = append(b.args, v)
	return "$" + strconv.Itoa(len(b.args))
}

func (d postgres) read(alias string, c *column) string {
	if c.class == classText || c.class == classOther || c.class == classJSON {
		return col(d, alias, c) + "::text"
	}
	return col(d, alias, c)
}

func (d postgres) order(alias string, c *column) string {
	switch c.class {
	case classText, classOther, classJSON:
		return col(d, alias, c) + `::text COLLATE "C"`
	default:
		return col(d, alias, c)
	}
}

func (d postgres) exact(b *builder, alias string, c *column, values []connectors.Value) string {
	texts := fitting(c, values)
	if len(texts) == 0 {
		return ""
	}
	name := col(d, alias, c)
	switch c.class {
	case classInt:
		return name + " = ANY (" + d.bind(b, list(texts)) + "::int8[])"
	case classDecimal:
		return name + " = ANY (" + d.bind(b, list(texts)) + "::numeric[])"
	case classFloat:
		return name + "::numeric = ANY (" + d.bind(b, list(texts)) + "::numeric[])"
	case classUUID:
		return name + " = ANY (" + d.bind(b, list(texts)) + "::uuid[])"
	case classBytes:
		for i, t := range texts {
			texts[i] = `\x` + hex.EncodeToString([]byte(t))
		}
		return name + " = ANY (" + d.bind(b, list(texts)) + "::bytea[])"
	case classText:
		return d.exactText(b, name, c, texts)
	default:
		return name + `::text COLLATE "C" = ANY (` + d.bind(b, list(texts)) + "::text[])"
	}
}

// exactText compares twice: under the column's own type and collation, which
// an index may serve, and byte by byte, which decides (citext, character(n)
// and non-deterministic collations call different texts equal).
func (d postgres) exactText(b *builder, name string, c *column, texts []string) string {
	p := d.bind(b, list(texts))
	bytewise := name + `::text COLLATE "C" = ANY (` + p + "::text[])"
	switch c.kind {
	case "text", "character varying":
		return "(" + name + " = ANY (" + p + "::text[]) AND " + bytewise + ")"
	case "character":
		return "(" + name + " = ANY (" + p + "::text[]::bpchar[]) AND " + bytewise + ")"
	default:
		return bytewise
	}
}

func (d postgres) alike(b *builder, alias string, c *column, texts []string) string {
	folded := `lower(btrim(` + col(d, alias, c) + `::text, E' \t\n\r\f\x0b') COLLATE "C")`
	var plain, likes []string
	for _, t := range texts {
		like, ascii := pattern(lowerASCII(t))
		if ascii {
			plain = append(plain, lowerASCII(t))
		} else {
			likes = append(likes, folded+" LIKE "+d.bind(b, like)+" ESCAPE '!'")
		}
	}
	if len(plain) > 0 {
		likes = append(likes, folded+" = ANY ("+d.bind(b, list(plain))+"::text[])")
	}
	return either(likes)
}

func (d postgres) same(aliasA string, a *column, aliasB string, b *column) string {
	if a.class == classText || b.class == classText || a.class != b.class {
		return col(d, aliasA, a) + `::text COLLATE "C" = ` + col(d, aliasB, b) + `::text COLLATE "C"`
	}
	return col(d, aliasA, a) + " = " + col(d, aliasB, b)
}

func (postgres) rowID(_ *table, alias string) string { return alias + ".ctid" }

// byRowID names the range of addresses too, which lets the server read just
// that stretch of the table (since version 14).
func (d postgres) byRowID(b *builder, t *table, alias string, ids []string, stretch bool) string {
	if len(ids) == 0 {
		return nothing
	}
	id := d.rowID(t, alias)
	within := id + " >= " + d.bind(b, ids[0]) + "::tid AND " + id + " <= " + d.bind(b, ids[len(ids)-1]) + "::tid"
	if stretch {
		return within
	}
	return within + " AND " + id + " = ANY (" + d.bind(b, list(ids)) + "::tid[])"
}

func (d postgres) afterRowID(b *builder, t *table, alias, id string) string {
	return d.rowID(t, alias) + " > " + d.bind(b, id) + "::tid"
}

func (d postgres) deleteFrom(t *table) (head, alias string) {
	return "DELETE FROM " + qualified(d, t) + " AS t", "t"
}

func (d postgres) update(t *table) (head, alias string) {
	return "UPDATE " + qualified(d, t) + " AS t", "t"
}

func (d postgres) distinct(alias string, c *column) string { return d.order(alias, c) }

func (postgres) forUpdate() string { return " FOR UPDATE" }

func (postgres) maxArgs() int { return 0 }

func (postgres) maxBatch() int { return 100_000 }

// assign lets the server read the text as a value of the column's type.
func (d postgres) assign(b *builder, c *column, v connectors.Value) string {
	switch {
	case v.Kind() == connectors.KindNone:
		return "NULL"
	case c.class == classBytes:
		return d.bind(b, `\x`+hex.EncodeToString([]byte(v.Raw())))
	default:
		return d.bind(b, v.Raw())
	}
}

// either joins conditions; of none it is "".
func either(conditions []string) string {
	if len(conditions) < 2 {
		return strings.Join(conditions, "")
	}
	return "(" + strings.Join(conditions, " OR ") + ")"
}
