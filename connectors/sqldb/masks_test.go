package sqldb_test

import (
	"fmt"
	"testing"

	"privacydesk/connectors"
)

// TestMasksOfAllTypesAreKnownAgain: a second look takes what an erase wrote
// for masked, or the erase would never be over. What the server would spell
// otherwise is told by Check.
func TestMasksOfAllTypesAreKnownAgain(t *testing.T) {
	for _, c := range []struct{ kind, column, original, strategy, refused string }{
		{"postgres", "double precision", "48.137154", "fixed, value: 0", ""},
		{"postgres", "real", "48.137154", "fixed, value: 1.5", ""},
		{"postgres", "real", "48.137154", "random", ""},
		{"postgres", "double precision", "48.137154", "random", ""},
		{"postgres", "numeric(10,2)", "48.13", "fixed, value: 0", ""},
		{"postgres", "numeric(8,4)", "48.13", "random", ""},
		{"postgres", "jsonb", `'{"b": 1}'`, `fixed, value: '{"a": 1}'`, ""},
		{"postgres", "jsonb", `'{"b": 1}'`, `fixed, value: '{"a":1}'`, "spells"},
		{"postgres", "json", `'{"b": 1}'`, `fixed, value: '{"a":1}'`, ""},
		{"postgres", "text[]", `'{a,b}'`, "fixed, value: '{}'", ""},
		{"postgres", "inet", `'10.1.2.3'`, "fixed, value: 0.0.0.0", "spells"},
		{"postgres", "time", `'10:11:12'`, "fixed, value: '00:00'", "spells"},
		{"postgres", "time", `'10:11:12'`, "fixed, value: '00:00:00'", ""},
		{"postgres", "boolean", "true", "fixed, value: 'false'", ""},
		{"postgres", "timestamptz", `'2026-01-02 03:04:05.678+02'`, "random", ""},
		{"postgres", "date", `'2026-01-02'`, "fixed, value: '1970-01-01'", ""},
		{"postgres", "character(9)", `'abc'`, "fixed, value: gone", ""},
		{"postgres", "bytea", `'\x0102'`, "random", ""},
		{"postgres", "uuid", `'6ba7b810-9dad-11d1-80b4-00c04fd430c8'`, "random", ""},
		{"mysql", "DOUBLE", "48.137154", "fixed, value: 0", ""},
		{"mysql", "FLOAT", "48.137154", "random", ""},
		{"mysql", "DECIMAL(10,2)", "48.13", "fixed, value: 0", ""},
		{"mysql", "DATETIME(3)", `'2026-01-02 03:04:05.678'`, "random", ""},
		{"mysql", "DATE", `'2026-01-02'`, "random", ""},
		{"mysql", "TINYINT(1)", "1", "fixed, value: 0", ""},
		{"mysql", "ENUM('a','b')", "'a'", "fixed, value: b", ""},
		{"mysql", "TIME", "'10:11:12'", "fixed, value: '00:00:00'", ""},
		{"mysql", "TIME", "'10:11:12'", "fixed, value: '00:00'", "spells"},
		{"mysql", "BIGINT UNSIGNED", "18446744073709551615", "random", ""},
		{"mysql", "POINT", "ST_GeomFromText('POINT(1 2)')", "fixed, value: POINT(0 0)", ""},
		{"mysql", "POINT", "ST_GeomFromText('POINT(1 2)')", "fixed, value: POINT(0.0 0)", "spells"},
		{"mysql", "CHAR(9) CHARACTER SET latin1", "'abc'", "random, suffix: é", ""},
		{"sqlite", "REAL", "48.137154", "fixed, value: 0", ""},
		{"sqlite", "REAL", "48.137154", "random", ""},
		{"sqlite", "NUMERIC", "48.137154", "fixed, value: 0.5", ""},
		{"sqlite", "BOOLEAN", "1", "fixed, value: 'false'", ""},
		{"sqlite", "DATETIME", "'2026-01-02 03:04:05'", "random", ""},
		{"sqlite", "", "'some text'", "random", ""},
	} {
		t.Run(c.kind+" "+c.column+" "+c.strategy, func(t *testing.T) {
			w := only(t, c.kind)
			w.exec(t, "CREATE TABLE person (id "+w.number+" PRIMARY KEY, tenant "+w.text+" NOT NULL, email "+w.text+", odd "+c.column+")")
			w.exec(t, "INSERT INTO person VALUES (1, 'acme', 'ann@example.com', "+c.original+"), (2, 'acme', 'ann@example.com', "+c.original+")")
			conn := w.open(t, mapOf(collection("person", "on_delete: deidentify", fieldID+", privacydesk: {on_delete: {strategy: keep, reason: a number}}", fieldTenant,
				fieldEmail+", privacydesk: {on_delete: {strategy: null}}", "name: odd, data_categories: [user], privacydesk: {on_delete: {strategy: "+c.strategy+"}}")), nil)
			problems, err := conn.Check(t.Context())
			if err != nil || hasProblem(problems, connectors.SeverityDeletes, "", "") != (c.refused != "") ||
				c.refused != "" && !hasProblem(problems, connectors.SeverityDeletes, "db.person.odd", c.refused) {
				t.Fatalf("Check: %v %+v", err, problems)
			}
			if c.refused != "" {
				return
			}
			j := locate(t, conn, subject("ann@example.com"))
			erase(t, conn, j)
			if got := locate(t, conn, j).Finding.Total(); got.Masked != 2 || got.Rows != 0 {
				t.Errorf("%+v: %v", got, fmt.Sprint(w.dump(t, "person")))
			}
		})
	}
}
