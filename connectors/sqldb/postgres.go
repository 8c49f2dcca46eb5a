package sqldb

import (
	"context"
	"encoding/hex"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"privacydesk/connectors"
	"privacydesk/connectors/walk"
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

// unencoded is what PostgreSQL calls texts of any bytes.
const unencoded = "SQL_ASCII"

func (postgres) open(ctx context.Context, o *Options, bound time.Duration) (session, error) {
	config, err := postgresConfig(o.DSN)
	if err != nil {
		return nil, err
	}
	given := slices.Collect(maps.Keys(config.RuntimeParams))
	config.RuntimeParams["application_name"] = "privacydesk"
	// The driver would print notices, which may quote rows.
	config.OnNotice = func(*pgconn.PgConn, *pgconn.Notice) {}
	conn, err := pgconn.ConnectConfig(ctx, config)
	if err != nil {
		return nil, unknownSetting(err, given)
	}
	s := &postgresSession{conn: conn, o: o}
	setup := postgresSetup + millis(bound)
	if conn.ParameterStatus("server_encoding") == unencoded {
		// Else the server refuses to send whatever is no UTF-8.
		setup += "; SET client_encoding TO '" + unencoded + "'"
	}
	if _, err := conn.Exec(ctx, setup).ReadAll(); err != nil {
		s.end(ctx)
		return nil, err
	}
	return s, nil
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

func (d postgres) shown(alias string, c *column) (string, *column) { return d.read(alias, c), c }

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
		return d.in(b, name, texts, "int8")
	case classDecimal:
		return d.in(b, name, texts, "numeric")
	case classFloat:
		return d.in(b, name+"::numeric", texts, "numeric")
	case classUUID:
		return d.in(b, name, texts, "uuid")
	case classBytes:
		for i, t := range texts {
			texts[i] = `\x` + hex.EncodeToString([]byte(t))
		}
		return d.in(b, name, texts, "bytea")
	case classText:
		return d.exactText(b, name, c, texts)
	default:
		return d.in(b, name+`::text COLLATE "C"`, texts, "text")
	}
}

// in compiles "the expression is one of these texts, read as kind".
func (d postgres) in(b *builder, name string, texts []string, kind string) string {
	if len(texts) == 1 {
		return name + " = " + d.bind(b, texts[0]) + "::" + kind
	}
	return name + " = ANY (" + d.bind(b, list(texts)) + "::" + kind + "[])"
}

// exactText compares byte by byte: what "=" does for texts under a
// deterministic collation. Elsewhere (citext, character(n), other collations)
// it compares twice, as the column does, which an index may serve, and by
// bytes, which decides.
func (d postgres) exactText(b *builder, name string, c *column, texts []string) string {
	if c.bytewise {
		return d.in(b, name, texts, "text")
	}
	bytewise := d.in(b, name+`::text COLLATE "C"`, texts, "text")
	if c.kind != "character" && c.kind != "character varying" && c.kind != "text" {
		return bytewise
	}
	narrow := "text"
	if c.kind == "character" {
		narrow = "bpchar"
	}
	return "(" + d.in(b, name, texts, narrow) + " AND " + bytewise + ")"
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

// fold: citext lowers both sides, by the database's locale, of which ASCII is
// sure. What else a collation calls equal that is not deterministic, only it
// knows.
func (postgres) fold(c *column) foldText {
	switch {
	case c.kind == "citext":
		return foldASCII
	case (c.kind == "text" || c.kind == "character varying") && !c.bytewise:
		return unknownFold
	default:
		return nil
	}
}

func (d postgres) alikeKeys(b *builder, alias string, c, by *column, texts []string) string {
	if by.kind == "citext" { // search_path hides its operators
		return "lower(" + col(d, alias, c) + "::text) = ANY (SELECT lower(x) FROM unnest(" + d.bind(b, list(texts)) + "::text[]) AS x)"
	}
	return d.in(b, col(d, alias, c), texts, "text")
}

func (d postgres) blank(alias string, c *column) string {
	name := col(d, alias, c)
	if c.class == classBytes {
		return "(" + name + ` IS NULL OR octet_length(` + name + `) = 0)`
	}
	return "(" + name + ` IS NULL OR btrim(` + name + `::text, E' \t\n\r\f\x0b') COLLATE "C" = '')`
}

func (d postgres) same(aliasA string, a *column, aliasB string, b *column) string {
	if a.bytewise && b.bytewise {
		return col(d, aliasA, a) + " = " + col(d, aliasB, b)
	}
	if numeric(a) && numeric(b) {
		return col(d, aliasA, a) + " = " + col(d, aliasB, b)
	}
	if a.class == classText || b.class == classText || a.class != b.class {
		return col(d, aliasA, a) + `::text COLLATE "C" = ` + col(d, aliasB, b) + `::text COLLATE "C"`
	}
	return col(d, aliasA, a) + " = " + col(d, aliasB, b)
}

func (postgres) holds(c *column, v connectors.Value) bool { return kindFits(c, v) }

func (postgres) tenant(c *column, name string) []connectors.Value { return oneSpelling(c, name) }

// refers: search_path hides the operators of citext, whose own call texts
// equal that differ in case.
func (d postgres) refers(child string, c *column, parent string, p *column) string {
	x, y := col(d, child, c), col(d, parent, p)
	if c.kind == "citext" || p.kind == "citext" {
		return "lower(" + x + "::text) = lower(" + y + "::text)"
	}
	return x + " = " + y
}

func (postgres) rowID(_ *table, alias string) string { return alias + ".ctid" }

// byRowID names the range of addresses too, which lets the server read just
// that stretch of the table (since version 14).
func (d postgres) byRowID(b *builder, t *table, alias string, ids []string) string {
	if len(ids) == 0 {
		return nothing
	}
	id := d.rowID(t, alias)
	return id + " >= " + d.bind(b, ids[0]) + "::tid AND " + id + " <= " + d.bind(b, ids[len(ids)-1]) + "::tid AND " +
		id + " = ANY (" + d.bind(b, list(ids)) + "::tid[])"
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

func (d postgres) spelled(b *builder, c *column, text string) string {
	if maskKind(c) != walk.ColumnOther || c.kind == "bit" || c.kind == "" {
		return ""
	}
	return "CAST(" + d.bind(b, text) + "::text AS " + c.kind + ")::text"
}

// either joins conditions; of none it is "".
func either(conditions []string) string {
	if len(conditions) < 2 {
		return strings.Join(conditions, "")
	}
	return "(" + strings.Join(conditions, " OR ") + ")"
}

func (d postgres) sampled(b *builder, c *column, v connectors.Value) string {
	return "CAST(" + d.assign(b, c, v) + " AS " + c.full + ")"
}

func (postgres) sweeps() bool { return true }
