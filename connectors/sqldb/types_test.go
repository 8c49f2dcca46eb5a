package sqldb_test

import (
	"testing"

	"privacydesk/connectors"
	"privacydesk/connectors/connectortest"
)

// TestTypesAreGatheredAsTheyAre: and a row with them can be erased.
func TestTypesAreGatheredAsTheyAre(t *testing.T) {
	for name, c := range map[string]struct {
		kind, column, value string
		want                string
	}{
		"array":            {"postgres", "text[]", `'{a,"b c",NULL}'`, `1:{a,"b c",NULL}`},
		"jsonb":            {"postgres", "jsonb", `'{"a": [1, null]}'`, `5:{"a": [1, null]}`},
		"timestamptz":      {"postgres", "timestamptz", `'2026-01-02 03:04:05.5+02'`, `4:2026-01-02T01:04:05.5Z`},
		"infinity":         {"postgres", "timestamp", `'infinity'`, `4:infinity`},
		"before our era":   {"postgres", "date", `'0044-03-15 BC'`, `4:0044-03-15 BC`},
		"numeric nan":      {"postgres", "numeric", `'NaN'`, `1:NaN`},
		"numeric":          {"postgres", "numeric(40,3)", `12345678901234567890123456789.125`, `2:12345678901234567890123456789.125`},
		"enum":             {"postgres", "letter", `'a'`, `1:a`},
		"generated":        {"postgres", "text GENERATED ALWAYS AS (tenant || '!') STORED", `DEFAULT`, `1:acme!`},
		"bytea":            {"postgres", "bytea", `'\x00ff'`, "6:\x00\xff"},
		"money":            {"postgres", "money", `12.5`, `1:$12.50`},
		"zero date":        {"mysql", "DATE", `'0000-00-00'`, `4:0000-00-00`},
		"zero datetime":    {"mysql", "DATETIME", `'2026-00-00 00:00:00'`, `4:2026-00-00T00:00:00`},
		"unsigned":         {"mysql", "BIGINT UNSIGNED", `18446744073709551615`, `2:18446744073709551615`},
		"set":              {"mysql", "SET('a','b')", `'a,b'`, `1:a,b`},
		"bits":             {"mysql", "BIT(8)", `b'00000101'`, `1:00000101`},
		"64 bits":          {"mysql", "BIT(64)", `b'1000000000000000000000000000000000000000000000000000000000000001'`, `1:1000000000000000000000000000000000000000000000000000000000000001`},
		"a bit":            {"mysql", "BIT(1)", `b'1'`, `3:true`},
		"no bit":           {"mysql", "BIT(1)", `b'0'`, `3:false`},
		"point":            {"mysql", "POINT", `ST_GeomFromText('POINT(48.6863316 6.1703782)')`, `1:POINT(48.6863316 6.1703782)`},
		"point of an SRID": {"mysql", "POINT", `ST_GeomFromText('POINT(48.5 6.25)', 4326)`, `1:SRID=4326;POINT(48.5 6.25)`},
		"shapes": {
			"mysql", "GEOMETRYCOLLECTION", `ST_GeomFromText('GEOMETRYCOLLECTION(POINT(1 2),LINESTRING(0 0,1 1))')`,
			`1:GEOMETRYCOLLECTION(POINT(1 2),LINESTRING(0 0,1 1))`,
		},
		"no shape":         {"mysql", "GEOMETRY", `NULL`, `0:`},
		"enum of bytes":    {"mysql", "ENUM('é','b') CHARACTER SET latin1 COLLATE latin1_bin", `'é'`, `1:é`},
		"set of bytes":     {"mysql", "SET('a','B') COLLATE utf8mb4_bin", `'a,B'`, `1:a,B`},
		"inet":             {"mysql", "INET6", `'2001:db8::1'`, `1:2001:db8::1`},
		"binary":           {"mysql", "BINARY(2)", `X'00ff'`, "6:\x00\xff"},
		"bits of postgres": {"postgres", "bit(4)", `B'0101'`, `1:0101`},
		"range":            {"postgres", "int4range", `'[1,5)'`, `1:[1,5)`},
		"point of pg":      {"postgres", "point", `'(48.5,6.25)'`, `1:(48.5,6.25)`},
		"array of bytea":   {"postgres", "bytea[]", `ARRAY['\x00ff'::bytea]`, `1:{"\\x00ff"}`},
		"hstore":           {"postgres", "public.hstore", `'a=>1'`, `1:"a"=>"1"`},
		"bytes as a text":  {"sqlite", "TEXT", `CAST(X'5A6FEB' AS TEXT)`, `1:Zoë`},
		"infinite":         {"sqlite", "REAL", `9e999`, `1:+Inf`},
		"year":             {"mysql", "YEAR", `2026`, `2:2026`},
		"latin1":           {"mysql", "VARCHAR(9) CHARACTER SET latin1", `'é'`, `1:é`},
		"virtual":          {"mysql", "VARCHAR(20) AS (CONCAT(tenant, '!'))", `DEFAULT`, `1:acme!`},
		"text in an int":   {"sqlite", "INTEGER", `'abc'`, `1:abc`},
		"int in a text":    {"sqlite", "TEXT", `5`, `1:5`},
		"real in an int":   {"sqlite", "INTEGER", `1.5`, `2:1.5`},
		"blob in a text":   {"sqlite", "TEXT", `X'00ff'`, "6:\x00\xff"},
		"date as a number": {"sqlite", "DATETIME", `1767322945`, `2:1767322945`},
		"date as a text":   {"sqlite", "DATETIME", `'2026-01-02 03:04:05'`, `4:2026-01-02T03:04:05`},
	} {
		t.Run(c.kind+" "+name, func(t *testing.T) {
			w := only(t, c.kind)
			if name == "enum" {
				w.exec(t, `CREATE TYPE letter AS ENUM ('a', 'b')`)
			}
			if name == "hstore" {
				w.exec(t, `CREATE EXTENSION hstore SCHEMA public`)
			}
			if w.kind == "mysql" {
				w.exec(t, `SET SESSION sql_mode = ''`)
			}
			w.exec(t, "CREATE TABLE person (id "+w.number+" PRIMARY KEY, tenant "+w.text+" NOT NULL, email "+w.text+" NOT NULL, odd "+c.column+")")
			w.exec(t, "INSERT INTO person VALUES (1, 'acme', 'ann@example.com', "+c.value+")")
			conn := w.open(t, mapOf(collection("person", "on_delete: delete", fieldID, fieldTenant, fieldEmail, "name: odd, data_categories: [user]")), nil)
			j := locate(t, conn, subject("ann@example.com"))
			mustJob(t, conn.Gather(t.Context(), []*connectors.Job{j}), j)
			got := j.Sink.(*connectortest.Recorder).Tables["db.person"].Rows
			if len(got) != 1 || got[0][2] != c.want {
				t.Errorf("gathered %q, want %q", got, c.want)
			}
			erase(t, conn, j)
			if got := w.left(t, "person", "id"); got != "" {
				t.Errorf("left: %s", got)
			}
		})
	}
}
