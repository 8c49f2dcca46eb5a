package sqldb_test

import (
	"strings"
	"testing"

	"privacydesk/connectors"
)

// check returns the problems of a connector, and what they say.
func check(t *testing.T, c connectors.Connector) ([]connectors.Problem, string) {
	t.Helper()
	problems, err := c.Check(t.Context())
	if err != nil {
		t.Fatalf("Check: %v", err)
	}
	said := ""
	for _, p := range problems {
		said += string(p.Severity) + " " + p.Where + ": " + p.What + "; mend: " + p.Mend + "\n"
	}
	return problems, said
}

// TestCheckNamesCopiesThatNoMapHas: a copy of a mapped table is told whatever
// its columns are called and wherever it lies; what only sounds personal, too.
func TestCheckNamesCopiesThatNoMapHas(t *testing.T) {
	w := only(t, "postgres")
	w.person(t)
	w.exec(t, `CREATE SCHEMA other`)
	w.exec(t, `CREATE VIEW people AS SELECT id, email AS contact FROM person`)
	w.exec(t, `CREATE MATERIALIZED VIEW other.found AS SELECT contact AS c FROM people`)
	w.exec(t, `CREATE MATERIALIZED VIEW again AS SELECT c AS d FROM other.found`)
	w.exec(t, `CREATE MATERIALIZED VIEW numbers AS SELECT 1 AS one`)
	w.exec(t, `CREATE TABLE other.mailing (subscriber_email text)`)
	w.exec(t, `CREATE TABLE other.stock (file_name text)`)
	w.exec(t, `CREATE FOREIGN DATA WRAPPER nothing`)
	w.exec(t, `CREATE SERVER away FOREIGN DATA WRAPPER nothing`)
	w.exec(t, `CREATE FOREIGN TABLE far (phone text) SERVER away`)
	_, said := check(t, w.open(t, personMap(), nil))
	for _, want := range []string{
		"note other.found: it is a materialized view of public.person", "note public.again: it is a materialized view of public.person",
		"refresh it after deletes", "note public.far: the map does not have the foreign table",
		"note other: the map has nothing of this schema, where names of columns sound like personal data (mailing)",
	} {
		if !strings.Contains(said, want) {
			t.Errorf("Check says nothing of %q:\n%s", want, said)
		}
	}
	for _, never := range []string{"numbers", "stock", "public.people"} {
		if strings.Contains(said, never) {
			t.Errorf("Check names %q:\n%s", never, said)
		}
	}
}

// TestRowsThatAreNotATablesOwn: each is called what it is, and its rows are
// not deleted there.
func TestRowsThatAreNotATablesOwn(t *testing.T) {
	for name, c := range map[string]struct {
		kind, what, mend string
		make             []string
	}{
		"a materialized view": {"postgres", "materialized view", "refresh", []string{
			`CREATE TABLE base (id bigint PRIMARY KEY, tenant text, email text)`, `INSERT INTO base VALUES (1, 'acme', 'ann@example.com')`,
			`CREATE MATERIALIZED VIEW person AS SELECT * FROM base`,
		}},
		"a foreign table": {"postgres", "foreign table", "a system of its own", []string{
			`CREATE EXTENSION file_fdw`, `CREATE SERVER away FOREIGN DATA WRAPPER file_fdw`,
			`CREATE FOREIGN TABLE person (id bigint, tenant text, email text) SERVER away OPTIONS (program 'echo 1,acme,ann@example.com', format 'csv')`,
		}},
		"a foreign partition": {"postgres", "partition of it is a foreign table", "a system of its own", []string{
			`CREATE EXTENSION file_fdw`, `CREATE SERVER away FOREIGN DATA WRAPPER file_fdw`,
			`CREATE TABLE person (id bigint, tenant text, email text) PARTITION BY LIST (tenant)`,
			`CREATE FOREIGN TABLE person_acme PARTITION OF person FOR VALUES IN ('acme') SERVER away OPTIONS (program 'echo 1,acme,ann@example.com', format 'csv')`,
		}},
		"a view": {"mysql", "it is a view", "map the tables behind it", []string{
			`CREATE TABLE base (id BIGINT PRIMARY KEY, tenant VARCHAR(200), email VARCHAR(200))`, `INSERT INTO base VALUES (1, 'acme', 'ann@example.com')`,
			`CREATE VIEW person AS SELECT * FROM base`,
		}},
		"a merge of others": {"mysql", "foreign table (engine MRG_MyISAM)", "a system of its own", []string{
			`CREATE TABLE base (id BIGINT PRIMARY KEY, tenant VARCHAR(200), email VARCHAR(200)) ENGINE=MyISAM`, `INSERT INTO base VALUES (1, 'acme', 'ann@example.com')`,
			`CREATE TABLE person (id BIGINT PRIMARY KEY, tenant VARCHAR(200), email VARCHAR(200)) ENGINE=MERGE UNION=(base)`,
		}},
		"a history": {"mysql", "keeps what was changed or deleted in its history", "DELETE HISTORY", []string{
			`CREATE TABLE person (id BIGINT PRIMARY KEY, tenant VARCHAR(200), email VARCHAR(200)) WITH SYSTEM VERSIONING`,
			`INSERT INTO person VALUES (1, 'acme', 'ann@example.com')`,
		}},
	} {
		t.Run(name, func(t *testing.T) {
			w := only(t, c.kind)
			w.make(t, c.make...)
			problems, said := check(t, w.open(t, personMap(), nil))
			if !hasProblem(problems, connectors.SeverityDeletes, "db.person", c.what) || !strings.Contains(said, c.mend) || hasProblem(problems, connectors.SeverityBlocks, "", "") {
				t.Errorf("Check says\n%s", said)
			}
			w.refuses(t, personMap(), c.what, "person")
		})
	}
}

// TestTheHistoryOfAVersionedTableIsNamed also where nothing is deleted, and
// where the map does not have the table.
func TestTheHistoryOfAVersionedTableIsNamed(t *testing.T) {
	w := only(t, "mysql")
	w.exec(t, `CREATE TABLE person (id BIGINT PRIMARY KEY, tenant VARCHAR(200), email VARCHAR(200)) WITH SYSTEM VERSIONING`)
	w.exec(t, `CREATE TABLE extra (email VARCHAR(200)) WITH SYSTEM VERSIONING`)
	dataMap := mapOf(collection("person", "on_delete: {retain: {exception: legal_obligation, reason: tax law}}", fieldID, fieldTenant, fieldEmail))
	problems, said := check(t, w.open(t, dataMap, nil))
	if !hasProblem(problems, connectors.SeverityNote, "db.person", "WITH SYSTEM VERSIONING") || !strings.Contains(said, "extra: the map does not have the table (WITH SYSTEM VERSIONING)") {
		t.Errorf("Check says\n%s", said)
	}
}

// TestEnginesWithoutTransactionsAreNamed, those of children too; a delete
// works all the same.
func TestEnginesWithoutTransactionsAreNamed(t *testing.T) {
	dataMap := personMap(collection("note", "on_delete: delete", fieldID, fieldTenant, fieldRef("person_id", "person.id")))
	for _, engine := range []string{"MyISAM", "Aria", "MEMORY"} {
		t.Run(engine, func(t *testing.T) {
			w := only(t, "mysql")
			w.person(t)
			w.exec(t, `CREATE TABLE note (id BIGINT PRIMARY KEY, tenant VARCHAR(200), person_id BIGINT) ENGINE=`+engine)
			w.exec(t, `INSERT INTO note VALUES (1, 'acme', 1), (2, 'acme', 3)`)
			c := w.open(t, dataMap, nil)
			problems, said := check(t, c)
			if !hasProblem(problems, connectors.SeverityNote, "db.note", "engine "+engine+" keeps no transactions") || hasProblem(problems, connectors.SeverityNote, "db.person", "transactions") ||
				hasProblem(problems, connectors.SeverityDeletes, "", "") || !strings.Contains(said, "ENGINE=InnoDB") {
				t.Errorf("Check says\n%s", said)
			}
			erase(t, c, locate(t, c, subject("ann@example.com")))
			if got := w.left(t, "note", "id"); got != "2" {
				t.Errorf("left: %s", got)
			}
		})
	}
}
