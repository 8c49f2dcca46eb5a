package sqldb_test

import (
	"fmt"
	"strings"
	"testing"

	"privacydesk/connectors"
)

// TestMasksThatTheDatabaseWouldRefuseAreSaidBefore: and those that it takes
// are written. The table's definition is in the words of the engine.
func TestMasksThatTheDatabaseWouldRefuseAreSaidBefore(t *testing.T) {
	const fixed, random = "fixed, value: gone", "random"
	for name, c := range map[string]struct{ kind, column, more, original, strategy, refused string }{
		"a check":                 {"postgres", "varchar(40)", "CONSTRAINT long CHECK (length(odd) > 50 OR odd LIKE 'A%')", "'Ann'", fixed, "the constraint long forbids"},
		"a check that holds":      {"postgres", "varchar(40)", "CHECK (odd <> '')", "'Ann'", fixed, ""},
		"a check of random":       {"postgres", "text", "CONSTRAINT mail CHECK (odd LIKE '%@%')", "'a@b'", random, "the constraint mail forbids"},
		"a suffix that helps":     {"postgres", "text", "CONSTRAINT mail CHECK (odd LIKE '%@%')", "'a@b'", "random, suffix: '@x.invalid'", ""},
		"a domain":                {"postgres", "short", "", "'Ann'", fixed, "odd"},
		"a domain without NULL":   {"postgres", "filled", "", "'Ann'", "null", "can't be NULL"},
		"an enum":                 {"postgres", "letter", "", "'a'", "fixed, value: c", "odd"},
		"a smallint":              {"postgres", "smallint", "", "1", "fixed, value: 70000", "odd"},
		"a numeric":               {"postgres", "numeric(4,2)", "", "1", "fixed, value: 100", "odd"},
		"a length":                {"postgres", "varchar(5)", "", "'Ann'", "random, length: 20", "more characters"},
		"an expression":           {"postgres", "text", "; CREATE UNIQUE INDEX i ON person (lower(odd))", "'Ann'", fixed, "would not be unique"},
		"an expression, random":   {"postgres", "text", "; CREATE UNIQUE INDEX i ON person (lower(odd))", "'Ann'", random, ""},
		"unique for some":         {"postgres", "text", "; CREATE UNIQUE INDEX i ON person (odd) WHERE tenant <> ''", "'Ann'", fixed, "would not be unique"},
		"a condition of an index": {"postgres", "text", "; CREATE UNIQUE INDEX i ON person (email) WHERE odd = 'x'", "'Ann'", fixed, ""},
		"an exclusion":            {"postgres", "text", ", EXCLUDE USING btree (odd WITH =)", "'Ann'", fixed, "would not be unique"},
		"maria: a check":          {"mysql", "VARCHAR(40)", "CONSTRAINT `long` CHECK (char_length(odd) > 10)", "'Ann is very long'", fixed, "the constraint long forbids"},
		"maria: a column's check": {"mysql", "VARCHAR(40) CHECK (odd <> 'gone')", "", "'Ann'", fixed, "the constraint odd forbids"},
		"maria: a check holds":    {"mysql", "VARCHAR(40)", "CHECK (odd <> '')", "'Ann'", fixed, ""},
		"maria: an enum":          {"mysql", "ENUM('a','it''s')", "", "'a'", "fixed, value: c", "list of values lacks"},
		"maria: an enum's own":    {"mysql", "ENUM('a','it''s')", "", "'a'", "fixed, value: \"it's\"", ""},
		"maria: a set":            {"mysql", "SET('a','b')", "", "'a'", "fixed, value: c", "list of values lacks"},
		"maria: a set's own":      {"mysql", "SET('a','b')", "", "'a'", "fixed, value: \"a,b\"", ""},
		"maria: a set's order":    {"mysql", "SET('a','b')", "", "'a'", "fixed, value: \"b,a\"", "list of values lacks"},
		"maria: a year":           {"mysql", "YEAR", "", "2001", "fixed, value: 5", "beyond the column's range"},
		"maria: a year's own":     {"mysql", "YEAR", "", "2001", "fixed, value: 1970", ""},
		"maria: no year":          {"mysql", "YEAR", "", "2001", "fixed, value: 0", ""},
		"maria: a charset":        {"mysql", "VARCHAR(50) CHARACTER SET latin1", "", "'Ann'", "fixed, value: \"Ω\"", "spells the value otherwise"},
		"maria: a charset's own":  {"mysql", "VARCHAR(50) CHARACTER SET latin1", "", "'Ann'", "fixed, value: \"é\"", ""},
		"maria: tinyint":          {"mysql", "TINYINT", "", "1", "fixed, value: 300", "beyond the column's range"},
		"maria: unsigned":         {"mysql", "INT UNSIGNED", "", "1", "fixed, value: -1", "beyond the column's range"},
		"maria: the most":         {"mysql", "TINYINT UNSIGNED", "", "1", "fixed, value: 255", ""},
		"maria: the least":        {"mysql", "TINYINT", "", "1", "fixed, value: -128", ""},
		"maria: a decimal":        {"mysql", "DECIMAL(4,2)", "", "1", "fixed, value: 100", "beyond the column's range"},
		"maria: a length":         {"mysql", "VARCHAR(5)", "", "'Ann'", "random, length: 20", "more characters"},
		"maria: not null":         {"mysql", "VARCHAR(5) NOT NULL", "", "'Ann'", "null", "can't be NULL"},
		"maria: by a computed":    {"mysql", "VARCHAR(50)", "low VARCHAR(50) AS (lower(odd)) STORED, UNIQUE (low)", "'Ann'", fixed, "would not be unique"},
		"lite: a check":           {"sqlite", "TEXT", "CONSTRAINT long CHECK (length(odd) > 10 AND odd <> ')')", "'Ann is very long'", fixed, "CHECK 1 forbids"},
		"lite: a check holds":     {"sqlite", "TEXT CHECK (odd <> '(')", "", "'Ann'", fixed, ""},
		"lite: an expression":     {"sqlite", "TEXT", "; CREATE UNIQUE INDEX i ON person (lower(odd))", "'Ann'", fixed, "would not be unique"},
		"lite: unique for some":   {"sqlite", "TEXT", "; CREATE UNIQUE INDEX i ON person (odd) WHERE tenant <> ''", "'Ann'", fixed, "would not be unique"},
		"lite: a condition":       {"sqlite", "TEXT", "; CREATE UNIQUE INDEX i ON person (email) WHERE odd = 'x'", "'Ann'", fixed, ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := only(t, c.kind)
			if c.kind == "postgres" {
				w.exec(t, `CREATE TYPE letter AS ENUM ('a', 'b')`)
				w.exec(t, `CREATE DOMAIN short AS text CHECK (length(value) < 4)`)
				w.exec(t, `CREATE DOMAIN filled AS text NOT NULL`)
			}
			more, after, _ := strings.Cut(c.more, ";")
			if more = strings.TrimPrefix(strings.TrimSpace(more), ","); more != "" {
				more = ", " + more
			}
			w.exec(t, "CREATE TABLE person (id "+w.number+" PRIMARY KEY, tenant "+w.text+" NOT NULL, email "+w.text+", odd "+c.column+more+")")
			if after != "" {
				w.exec(t, after)
			}
			w.exec(t, "INSERT INTO person (id, tenant, email, odd) VALUES (1, 'acme', 'ann@example.com', "+c.original+")")
			conn := w.open(t, mapOf(collection("person", "on_delete: deidentify", fieldID+", privacydesk: {on_delete: {strategy: keep, reason: a number}}", fieldTenant,
				fieldEmail+", privacydesk: {on_delete: {strategy: null}}", "name: odd, data_categories: [user], privacydesk: {on_delete: {strategy: "+c.strategy+"}}")), nil)
			problems, said := check(t, conn)
			if hasProblem(problems, connectors.SeverityDeletes, "", "") != (c.refused != "") || c.refused != "" && !strings.Contains(said, c.refused) {
				t.Fatalf("Check says\n%s", said)
			}
			if c.refused != "" {
				return
			}
			j := locate(t, conn, subject("ann@example.com"))
			erase(t, conn, j)
			if got := locate(t, conn, j).Finding.Total(); got.Masked != 1 || got.Rows != 0 {
				t.Errorf("%+v: %v", got, fmt.Sprint(w.dump(t, "person")))
			}
		})
	}
}

// TestAConstraintOverKeptColumnsIsNoted: it depends on each row.
func TestAConstraintOverKeptColumnsIsNoted(t *testing.T) {
	each(t, func(t *testing.T, e engine) {
		w := e.world(t)
		w.make(t, `CREATE TABLE person (id NUMBER PRIMARY KEY, tenant TEXT NOT NULL, email TEXT, CONSTRAINT pair CHECK (email <> tenant))`)
		problems, said := check(t, w.open(t, mapOf(collection("person", "on_delete: deidentify", fieldID+", privacydesk: {on_delete: {strategy: keep, reason: a number}}", fieldTenant,
			fieldEmail+", privacydesk: {on_delete: {strategy: hash}}")), nil))
		if !hasProblem(problems, connectors.SeverityNote, "db.person", "can't be known ahead") || hasProblem(problems, connectors.SeverityDeletes, "", "") {
			t.Errorf("Check says\n%s", said)
		}
	})
}
