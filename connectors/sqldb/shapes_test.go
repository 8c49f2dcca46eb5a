package sqldb_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"privacydesk/connectors"
	"privacydesk/connectors/connectortest"
)

// TestRule11_SQLiteColumnsWithoutAType: a tenant in such a column is a text
// or a number by each row.
func TestRule11_SQLiteColumnsWithoutAType(t *testing.T) {
	for _, declared := range []string{"", "STRING", "NUMERIC"} {
		t.Run("declared "+declared, func(t *testing.T) {
			w := only(t, "sqlite")
			w.exec(t, "CREATE TABLE person (id INTEGER PRIMARY KEY, tenant "+declared+", email)")
			w.exec(t, `INSERT INTO person VALUES (1, '7', 'ann@example.com'), (2, 7, 'ann@example.com'), (3, '07', 'bob@example.com'), (4, '7 ', 'bob@example.com'), (5, 8, 'ann@example.com')`)
			c := w.open(t, personMap(), nil)
			j := subject("ann@example.com")
			j.Subject.Tenant = "7"
			locate(t, c, j)
			if got := j.Finding.Total().Rows; got != 2 {
				t.Errorf("%d rows found, want 2", got)
			}
			erase(t, c, j)
			if got := w.left(t, "person", "id"); got != "3,4,5" {
				t.Errorf("left: %s", got)
			}
		})
	}
}

// TestRule11_TypesThatNeverMatchAreSaid: a search that can't find anything
// must not look like one that found nothing.
func TestRule11_TypesThatNeverMatchAreSaid(t *testing.T) {
	for name, c := range map[string]struct{ kind, column string }{
		"an array":  {"postgres", "text[]"},
		"a json":    {"postgres", "jsonb"},
		"a uuid":    {"postgres", "uuid"},
		"a number":  {"postgres", "bigint"},
		"bytes":     {"postgres", "bytea"},
		"binary":    {"mysql", "VARBINARY(200)"},
		"a blob":    {"mysql", "BLOB"},
		"a numeral": {"mysql", "INT"},
		"a moment":  {"mysql", "DATETIME"},
	} {
		t.Run(name, func(t *testing.T) {
			w := only(t, c.kind)
			w.exec(t, "CREATE TABLE person (id "+w.number+" PRIMARY KEY, tenant "+w.text+" NOT NULL, email "+c.column+")")
			problems, err := w.open(t, personMap(), nil).Check(t.Context())
			if err != nil || !hasProblem(problems, connectors.SeverityBlocks, "db.person.email", "can't hold") {
				t.Errorf("Check: %v %+v", err, problems)
			}
		})
	}
}

// TestRule11_IdentitiesOfAnotherTypeAreSaid: another system tells its number
// as a text, and here it is a number.
func TestRule11_IdentitiesOfAnotherTypeAreSaid(t *testing.T) {
	dataMap := personMap(collection("visit", "on_delete: delete", fieldID, fieldTenant,
		"name: customer, data_categories: [user], fides_meta: {references: [{dataset: crm, field: customer.id, direction: from}]}"))
	each(t, func(t *testing.T, e engine) {
		w := e.world(t)
		w.person(t)
		w.make(t, `CREATE TABLE visit (id NUMBER PRIMARY KEY, tenant TEXT NOT NULL, customer NUMBER)`, `INSERT INTO visit VALUES (1, 'acme', 42)`)
		c := w.open(t, dataMap, nil)
		strange, fitting := subject("ann@example.com"), subject("ann@example.com")
		strange.Subject.Identities = append(strange.Subject.Identities, connectors.Identity{Type: "crm.customer.id", Value: connectors.Text("42")})
		fitting.Subject.Identities = append(fitting.Subject.Identities, connectors.Identity{Type: "crm.customer.id", Value: connectors.Int(42)})
		if err := c.Locate(t.Context(), []*connectors.Job{strange, fitting}); err != nil || fitting.Err() != nil {
			t.Fatalf("call %v, job %v", err, fitting.Err())
		}
		if connectors.KindOf(strange.Err()) != connectors.Misfit {
			t.Errorf("job %v; want that the job is a misfit", strange.Err())
		}
		if got := fitting.Finding.Total().Rows; got != 2 {
			t.Errorf("%d rows found, want 2", got)
		}
	})
}

// TestLocateFailsOneJobAlone: a tenant whose name the column can't hold is
// that job's trouble.
func TestLocateFailsOneJobAlone(t *testing.T) {
	each(t, func(t *testing.T, e engine) {
		w := e.world(t)
		w.make(t, `CREATE TABLE person (id NUMBER PRIMARY KEY, tenant NUMBER NOT NULL, email TEXT NOT NULL)`,
			`INSERT INTO person VALUES (1, 7, 'ann@example.com'), (2, 8, 'ann@example.com')`)
		c := w.open(t, personMap(), nil)
		bad, good := subject("ann@example.com"), subject("ann@example.com")
		good.Subject.Tenant = "7"
		if err := c.Locate(t.Context(), []*connectors.Job{bad, good}); err != nil || good.Err() != nil {
			t.Fatalf("call %v, job %v", err, good.Err())
		}
		if connectors.KindOf(bad.Err()) != connectors.Misfit || good.Finding.Total().Rows != 1 {
			t.Errorf("the bad job %v, the good one found %+v", bad.Err(), good.Finding.Total())
		}
	})
}

// TestKeysOfBlanks: an empty text, or in SQLite nothing, may be a part of a
// primary key; such rows are deleted and de-identified like any.
func TestKeysOfBlanks(t *testing.T) {
	fields := []string{
		fieldTenant, strings.Replace(fieldRef("person_id", "person.id"), "fides_meta: {", "fides_meta: {primary_key: true, ", 1),
		"name: kind, fides_meta: {primary_key: true}",
	}
	const body = "name: body, data_categories: [user.content]"
	masked := append(fields[:2:2], fields[2], body+", privacydesk: {on_delete: {strategy: random, unique: true}}")
	masked[1] = strings.Replace(masked[1], "data_categories: [user.unique_id], ", "", 1)
	each(t, func(t *testing.T, e engine) {
		for action, f := range map[string][]string{"delete": append(fields[:3:3], body), "deidentify": masked} {
			t.Run(action, func(t *testing.T) {
				w := e.world(t)
				w.person(t)
				w.make(t, `CREATE TABLE note (tenant TEXT NOT NULL, person_id NUMBER, kind TEXT, body TEXT, PRIMARY KEY (person_id, kind))`,
					`INSERT INTO note VALUES ('acme', 1, '', 'one'), ('acme', 1, ' x', 'two'), ('acme', 1, 'c', 'three'), ('acme', 3, '', 'bob')`)
				want := 3
				if w.kind == "sqlite" {
					w.exec(t, `INSERT INTO note VALUES ('acme', 1, NULL, 'four'), ('acme', 1, NULL, 'five')`)
					want = 5
				}
				c := w.open(t, personMap(collection("note", "on_delete: "+action, f...)), batchOf(1))
				j := locate(t, c, subject("ann@example.com"))
				if got := j.Finding.Set("db.note").Rows; got != int64(want) {
					t.Errorf("%d notes found, want %d", got, want)
				}
				mustJob(t, c.Erase(t.Context(), []*connectors.Job{j}), j)
				for _, r := range w.dump(t, "note") {
					if r["person_id"] == int64(1) && (action == "delete" || len(fmt.Sprint(r["body"])) < 10) {
						t.Errorf("remains: %v", r)
					}
				}
			})
		}
	})
}

// TestDeletesThatCantBeDoneAreRefusedWhole: before anything is changed, not
// when half of it is gone.
func TestDeletesThatCantBeDoneAreRefusedWhole(t *testing.T) {
	tree := strings.Replace(fieldRef("boss", "person.id"), "direction: from", "direction: to", 1)
	t.Run("no primary key", func(t *testing.T) {
		w := only(t, "mysql")
		w.make(t, `CREATE TABLE note (id NUMBER NOT NULL UNIQUE, tenant TEXT NOT NULL, person_id NUMBER NOT NULL)`,
			`CREATE TABLE a_note (id NUMBER PRIMARY KEY, tenant TEXT NOT NULL, person_id NUMBER NOT NULL)`)
		w.person(t)
		w.exec(t, `ALTER TABLE note MODIFY id BIGINT NULL`)
		w.exec(t, `INSERT INTO note VALUES (5, 'acme', 1)`)
		w.exec(t, `INSERT INTO a_note VALUES (6, 'acme', 1)`)
		w.refuses(t, personMap(
			collection("a_note", "on_delete: delete", fieldID, fieldTenant, fieldRef("person_id", "person.id")),
			collection("note", "on_delete: delete", fieldID, fieldTenant, fieldRef("person_id", "person.id"))), "primary key", "person", "note", "a_note")
	})
	t.Run("a tree whose roots refer to themselves", func(t *testing.T) {
		each(t, func(t *testing.T, e engine) {
			w := e.world(t)
			w.make(t, `CREATE TABLE person (id NUMBER PRIMARY KEY, tenant TEXT NOT NULL, email TEXT NOT NULL, boss NUMBER NOT NULL, FOREIGN KEY (boss) REFERENCES person (id))`,
				`INSERT INTO person VALUES (1, 'acme', 'ann@example.com', 1)`,
				`CREATE TABLE note (id NUMBER PRIMARY KEY, tenant TEXT NOT NULL, person_id NUMBER NOT NULL)`, `INSERT INTO note VALUES (1, 'acme', 1)`)
			w.refuses(t, mapOf(collection("person", "on_delete: delete", fieldID, fieldTenant, fieldEmail, tree),
				collection("note", "on_delete: delete", fieldID, fieldTenant, fieldRef("person_id", "person.id"))), "can't be NULL", "person", "note")
		})
	})
	t.Run("a value that the type does not have", func(t *testing.T) {
		w := only(t, "postgres")
		w.exec(t, `CREATE TYPE mood AS ENUM ('good', 'bad')`)
		w.make(t, `CREATE TABLE person (id NUMBER PRIMARY KEY, tenant TEXT NOT NULL, email TEXT, mood mood)`, `INSERT INTO person VALUES (1, 'acme', 'ann@example.com', 'good')`)
		dataMap := mapOf(collection("person", "on_delete: deidentify", fieldID+", privacydesk: {on_delete: {strategy: keep, reason: a number}}", fieldTenant,
			fieldEmail+", privacydesk: {on_delete: {strategy: null}}", "name: mood, data_categories: [user], privacydesk: {on_delete: {strategy: fixed, value: gone}}"))
		problems, err := w.open(t, dataMap, nil).Check(t.Context())
		if err != nil || !hasProblem(problems, connectors.SeverityDeletes, "db.person.mood", "can't be written") {
			t.Errorf("Check: %v %+v", err, problems)
		}
	})
}

// TestSQLiteRowsWithoutARowid: addressed by their key.
func TestSQLiteRowsWithoutARowid(t *testing.T) {
	for name, create := range map[string]string{
		"without rowid":        `CREATE TABLE note (id INTEGER PRIMARY KEY, tenant TEXT, person_id INTEGER) WITHOUT ROWID`,
		"a column called so":   `CREATE TABLE note (id TEXT PRIMARY KEY, tenant TEXT, person_id INTEGER, RowID TEXT DEFAULT 'x')`,
		"columns called so":    `CREATE TABLE note (id TEXT PRIMARY KEY, tenant TEXT, person_id INTEGER, rowid TEXT DEFAULT 'x', oid TEXT DEFAULT 'y', _rowid_ TEXT DEFAULT 'z')`,
		"a key in other order": `CREATE TABLE note (id INTEGER, tenant TEXT, person_id INTEGER, PRIMARY KEY (tenant COLLATE NOCASE DESC, id)) WITHOUT ROWID`,
	} {
		t.Run(name, func(t *testing.T) {
			w := only(t, "sqlite")
			w.person(t)
			w.exec(t, create)
			w.exec(t, `INSERT INTO note (id, tenant, person_id) VALUES (1, 'acme', 1), (2, 'acme', 1), (3, 'acme', 1), (4, 'acme', 3), (5, 'globex', 1)`)
			dataMap := mapOf(collection("person", "on_delete: delete", fieldID, fieldTenant, fieldEmail),
				collection("note", "on_delete: delete", "name: id", fieldTenant, fieldRef("person_id", "person.id")))
			c := w.open(t, dataMap, batchOf(2))
			erase(t, c, locate(t, c, subject("ann@example.com")))
			if got := w.left(t, "note", "id"); got != "4,5" {
				t.Errorf("left: %s", got)
			}
		})
	}
}

// TestNamesOfAllKinds: reserved words, quotes, capitals, other schemas.
func TestNamesOfAllKinds(t *testing.T) {
	each(t, func(t *testing.T, e engine) {
		w := e.world(t)
		q := func(name string) string {
			return w.quote + strings.ReplaceAll(name, w.quote, w.quote+w.quote) + w.quote
		}
		odd := `Ta"b` + "`le; --"
		w.make(t, "CREATE TABLE "+q("order")+" ("+q("group")+" NUMBER PRIMARY KEY, "+q("Tenant")+" TEXT NOT NULL, "+q(odd)+" TEXT NOT NULL, "+q("from")+" NUMBER)",
			"INSERT INTO "+q("order")+" VALUES (1, 'acme', 'ann@example.com', NULL), (2, 'globex', 'ann@example.com', 1)")
		dataMap := strings.Replace(mapOf(collection("order", "on_delete: delete",
			"name: group, fides_meta: {primary_key: true}", "name: Tenant", `name: '`+odd+`', data_categories: [user.contact.email], fides_meta: {identity: email}`,
			"name: from, data_categories: [user]")), "field: tenant", "field: Tenant", 1)
		c := w.open(t, dataMap, nil)
		if problems, err := c.Check(t.Context()); err != nil || hasProblem(problems, connectors.SeverityBlocks, "", "") || hasProblem(problems, connectors.SeverityDeletes, "", "") {
			t.Fatalf("Check: %v %+v", err, problems)
		}
		j := locate(t, c, subject("ann@example.com"))
		mustJob(t, c.Gather(t.Context(), []*connectors.Job{j}), j)
		erase(t, c, j)
		if got := w.left(t, "order", "group"); got != "2" {
			t.Errorf("left: %s", got)
		}
	})
	t.Run("another schema", func(t *testing.T) {
		w := only(t, "postgres")
		w.person(t)
		w.exec(t, `CREATE SCHEMA "Sales"`)
		w.exec(t, `CREATE TABLE "Sales".person (id bigint PRIMARY KEY, tenant text NOT NULL, email text NOT NULL)`)
		w.exec(t, `INSERT INTO "Sales".person VALUES (1, 'acme', 'ann@example.com'), (2, 'globex', 'ann@example.com')`)
		c := w.open(t, mapOf(collection("Sales.person", "on_delete: delete", fieldID, fieldTenant, fieldEmail)), nil)
		erase(t, c, locate(t, c, subject("ann@example.com")))
		if got := w.left(t, "person", "id") + " " + fmt.Sprint(len(w.query(t, `SELECT 1 AS x FROM "Sales".person`))); got != "1,2,3 1" {
			t.Errorf("left: %s", got)
		}
	})
}

// TestViews are read and never erased from.
func TestViews(t *testing.T) {
	each(t, func(t *testing.T, e engine) {
		w := e.world(t)
		w.person(t)
		w.exec(t, `CREATE VIEW people AS SELECT id, tenant, email FROM person`)
		c := w.open(t, mapOf(collection("people", "on_delete: delete", fieldID, fieldTenant, fieldEmail)), nil)
		j := locate(t, c, subject("ann@example.com"))
		mustJob(t, c.Gather(t.Context(), []*connectors.Job{j}), j)
		if got := len(j.Sink.(*connectortest.Recorder).Tables["db.people"].Rows); got != 1 {
			t.Errorf("%d rows gathered, want 1", got)
		}
		if err := c.Erase(t.Context(), []*connectors.Job{j}); err != nil || connectors.KindOf(j.Err()) != connectors.Misfit {
			t.Errorf("call %v, job %v", err, j.Err())
		}
	})
}

// TestMasksOfWideKeys: rows are paged by keys that no 64 bits or no binary
// fraction holds.
func TestMasksOfWideKeys(t *testing.T) {
	dataMap := mapOf(collection("person", "on_delete: deidentify", fieldID+", privacydesk: {on_delete: {strategy: keep, reason: a number}}", fieldTenant,
		fieldEmail+", privacydesk: {on_delete: {strategy: random, suffix: '@x.invalid'}}"))
	for name, c := range map[string]struct{ kind, column, first string }{
		"unsigned":         {"mysql", "BIGINT UNSIGNED", "18446744073709551600"},
		"decimal":          {"mysql", "DECIMAL(30,2)", "9007199254740993000.01"},
		"postgres numeric": {"postgres", "numeric", "90071992547409930000000.001"},
		"sqlite real":      {"sqlite", "REAL", "1.25"},
	} {
		t.Run(name, func(t *testing.T) {
			w := only(t, c.kind)
			w.exec(t, "CREATE TABLE person (id "+c.column+" PRIMARY KEY, tenant "+w.text+" NOT NULL, email "+w.text+" NOT NULL)")
			for i := range 60 {
				w.exec(t, fmt.Sprintf("INSERT INTO person VALUES (%s - %d, 'acme', 'ann@example.com')", c.first, i))
			}
			conn := w.open(t, dataMap, batchOf(1))
			j := locate(t, conn, subject("ann@example.com"))
			erase(t, conn, j)
			if got := w.query(t, "SELECT count(*) AS n FROM person WHERE email = 'ann@example.com'")[0]["n"]; got != int64(0) {
				t.Errorf("%v rows unmasked", got)
			}
			locate(t, conn, j)
			if got := j.Finding.Total(); got.Rows != 0 || got.Masked != 60 {
				t.Errorf("%+v", got)
			}
		})
	}
}

func guarded(f func()) connectors.Guard {
	return connectors.GuardFunc(func(context.Context) error { f(); return nil })
}
