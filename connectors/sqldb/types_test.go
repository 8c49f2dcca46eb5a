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
		"bit":              {"mysql", "BIT(8)", `b'10000001'`, "6:\x81"},
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
