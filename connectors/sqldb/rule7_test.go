package sqldb_test

import (
	"strings"
	"testing"

	"privacydesk/connectors"
)

// TestRule7_CollationsOnlyNarrow: columns to which the server calls
// different texts equal.
func TestRule7_CollationsOnlyNarrow(t *testing.T) {
	dataMap := mapOf(
		collection("person", "on_delete: delete", "name: code, data_categories: [user.unique_id], fides_meta: {primary_key: true}", fieldTenant, fieldEmail),
		collection("note", "on_delete: delete", fieldID, fieldTenant, fieldRef("code", "person.code")),
	)
	for name, c := range map[string]struct {
		kind    string
		prepare []string
		column  string
	}{
		"postgres, non-deterministic": {"postgres", []string{`CREATE COLLATION loose (provider = icu, locale = 'und-u-ks-level1', deterministic = false)`}, `text COLLATE loose`},
		"postgres, citext":            {"postgres", []string{`CREATE EXTENSION citext`}, `citext`},
		"mariadb, general_ci":         {"mysql", nil, `VARCHAR(50) COLLATE utf8mb4_general_ci`},
		"mariadb, latin1":             {"mysql", nil, `VARCHAR(50) CHARACTER SET latin1`},
		"mariadb, nopad binary":       {"mysql", nil, `VARCHAR(50) COLLATE utf8mb4_nopad_bin`},
		"sqlite, nocase":              {"sqlite", nil, `TEXT COLLATE NOCASE`},
		"sqlite, rtrim":               {"sqlite", nil, `TEXT COLLATE RTRIM`},
	} {
		t.Run(name, func(t *testing.T) {
			w := only(t, c.kind)
			for _, s := range c.prepare {
				w.exec(t, s)
			}
			w.exec(t, "CREATE TABLE person (code "+c.column+" PRIMARY KEY, tenant "+c.column+" NOT NULL, email "+c.column+" NOT NULL)")
			w.exec(t, "CREATE TABLE note (id "+w.number+" PRIMARY KEY, tenant "+c.column+" NOT NULL, code "+c.column+" NOT NULL)")
			w.exec(t, `INSERT INTO person VALUES ('Key é', 'acme', 'ann@example.com'), ('a', 'ACME', 'ann@example.com'), ('b', 'acmé', 'ann@example.com'),
				('c', 'acme', 'ánn@example.com'), ('d', 'acme', 'ann@éxample.com'), ('e', 'acme ', 'ann@example.com')`)
			w.exec(t, `INSERT INTO note VALUES (1, 'acme', 'Key é'), (2, 'acme', 'key é'), (3, 'acme', 'Key e'), (4, 'acme', 'Key é '), (5, 'ACME', 'Key é')`)
			conn := w.open(t, dataMap, nil)
			j := locate(t, conn, subject("ann@example.com"))
			if got := j.Finding.Total().Found(); got != 2 {
				t.Errorf("%d rows found, want 2", got)
			}
			erase(t, conn, j)
			if got := w.left(t, "note", "id"); got != "2,3,4,5" {
				t.Errorf("notes left: %s", got)
			}
			if got := len(w.query(t, "SELECT 1 AS x FROM person")); got != 5 {
				t.Errorf("%d persons left, want 5", got)
			}
		})
	}
}

// TestRule7_SpellingsAreFoundThatServersFoldDifferently: a filter that is too
// narrow would leave somebody's data behind.
func TestRule7_SpellingsAreFoundThatServersFoldDifferently(t *testing.T) {
	each(t, func(t *testing.T, e engine) {
		w := e.world(t)
		w.make(t, `CREATE TABLE person (id NUMBER PRIMARY KEY, tenant TEXT NOT NULL, email TEXT NOT NULL)`)
		for i, spelling := range []string{
			"josé@bücher.example", "JOSÉ@BÜCHER.EXAMPLE", "jose\u0301@bücher.example", "José@xn--bcher-kva.example",
			"\tjosé@bücher.example\r\n", "jose@bücher.example", "josé@bucher.example", "josè@bücher.example",
		} {
			w.insert(t, "person", map[string]any{"id": int64(i), "tenant": "acme", "email": spelling})
		}
		c := w.open(t, personMap(), nil)
		j := locate(t, c, subject("josé@bücher.example"))
		if got := j.Finding.Total().Rows; got != 5 {
			t.Errorf("%d rows found, want 5", got)
		}
		erase(t, c, j)
		if got := w.left(t, "person", "id"); got != "5,6,7" {
			t.Errorf("left: %s", got)
		}
	})
}

// TestRule7_KeysBindByTheirRealType: texts that servers read as numbers.
func TestRule7_KeysBindByTheirRealType(t *testing.T) {
	dataMap := personMap(collection("note", "on_delete: delete", fieldID, fieldTenant, fieldRef("ref", "person.id")))
	each(t, func(t *testing.T, e engine) {
		w := e.world(t)
		w.make(t, `CREATE TABLE person (id NUMBER PRIMARY KEY, tenant TEXT NOT NULL, email TEXT NOT NULL)`,
			`CREATE TABLE note (id NUMBER PRIMARY KEY, tenant TEXT NOT NULL, ref TEXT)`,
			`INSERT INTO person VALUES (0, 'acme', 'ann@example.com'), (9007199254740993, 'acme', 'ann@example.com'), (9007199254740992, 'acme', 'bob@example.com')`,
			`INSERT INTO note VALUES (1, 'acme', 'abc'), (2, 'acme', ''), (3, 'acme', NULL), (4, 'acme', '0'), (5, 'acme', '0x'), (6, 'acme', '9007199254740993')`)
		c := w.open(t, dataMap, nil)
		problems, err := c.Check(t.Context())
		if err != nil || !hasProblem(problems, connectors.SeverityDeletes, "db.note.ref", "not followed") || hasProblem(problems, connectors.SeverityBlocks, "", "") {
			t.Errorf("Check: %v %+v", err, problems)
		}
		j := locate(t, c, subject("ann@example.com"))
		if len(j.Outcome.Notes) != 1 || !strings.Contains(j.Outcome.Notes[0], "note: not searched") {
			t.Errorf("notes: %q", j.Outcome.Notes)
		}
		erase(t, c, j)
		if got := w.left(t, "note", "id"); got != "1,2,3,4,5,6" {
			t.Errorf("notes left: %s", got)
		}
		if got := w.left(t, "person", "id"); got != "9007199254740992" {
			t.Errorf("persons left: %s", got)
		}
	})
}

// TestRule7_OtherTypesOfKeys: UUIDs, binary keys and padded characters.
func TestRule7_OtherTypesOfKeys(t *testing.T) {
	dataMap := personMap(
		collection("note", "on_delete: delete", fieldID, fieldTenant, fieldRef("ref", "person.id")),
	)
	const a, b = "6ba7b810-9dad-11d1-80b4-00c04fd430c8", "6ba7b811-9dad-11d1-80b4-00c04fd430c8"
	for name, c := range map[string]struct{ kind, column, mine, other string }{
		"postgres uuid":         {"postgres", "uuid", "'" + a + "'", "'" + b + "'"},
		"postgres bytea":        {"postgres", "bytea", `'\x00ff27'`, `'\x00ff28'`},
		"postgres char":         {"postgres", "character(8)", `'ab'`, `'abc'`},
		"postgres numeric":      {"postgres", "numeric(20,2)", `42`, `42.5`},
		"postgres enum":         {"postgres", "letter", `'a'`, `'b'`},
		"mariadb uuid":          {"mysql", "UUID", "'" + a + "'", "'" + b + "'"},
		"mariadb binary":        {"mysql", "VARBINARY(20)", `X'00FF27'`, `X'00FF2700'`},
		"mariadb unsigned":      {"mysql", "BIGINT UNSIGNED", `18446744073709551615`, `18446744073709551614`},
		"mariadb decimal":       {"mysql", "DECIMAL(20,2)", `42.25`, `42.5`},
		"sqlite blob":           {"sqlite", "BLOB", `X'00FF27'`, `X'00FF28'`},
		"sqlite mixed storage":  {"sqlite", "", `42`, `'42'`},
		"sqlite text of digits": {"sqlite", "TEXT", `'42'`, `'042'`},
	} {
		t.Run(name, func(t *testing.T) {
			w := only(t, c.kind)
			if name == "postgres enum" {
				w.exec(t, `CREATE TYPE letter AS ENUM ('a', 'b')`)
			}
			w.exec(t, "CREATE TABLE person (id "+c.column+" NOT NULL PRIMARY KEY, tenant "+w.text+" NOT NULL, email "+w.text+" NOT NULL)")
			w.exec(t, "CREATE TABLE note (id "+w.number+" PRIMARY KEY, tenant "+w.text+" NOT NULL, ref "+c.column+")")
			w.exec(t, "INSERT INTO person VALUES ("+c.mine+", 'acme', 'ann@example.com'), ("+c.other+", 'acme', 'bob@example.com')")
			w.exec(t, "INSERT INTO note VALUES (1, 'acme', "+c.mine+"), (2, 'acme', "+c.other+"), (3, 'acme', NULL), (4, 'globex', "+c.mine+")")
			conn := w.open(t, dataMap, nil)
			j := locate(t, conn, subject("ann@example.com"))
			if got := j.Finding.Total().Rows; got != 2 {
				t.Errorf("%d rows found, want 2", got)
			}
			mustJob(t, conn.Gather(t.Context(), []*connectors.Job{j}), j)
			erase(t, conn, j)
			if got := w.left(t, "note", "id"); got != "2,3,4" {
				t.Errorf("notes left: %s", got)
			}
			if got := w.left(t, "person", "email"); got != "bob@example.com" {
				t.Errorf("persons left: %s", got)
			}
		})
	}
}
