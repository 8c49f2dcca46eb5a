package sqldb_test

import (
	"strings"
	"testing"

	"privacydesk/connectors"
	"privacydesk/connectors/sqldb"
)

// TestAnEmptiedTableProvesNothing: a table that is emptied between check and
// search, or between the search and the one that follows an erase, gives no
// "nothing found".
func TestAnEmptiedTableProvesNothing(t *testing.T) {
	canary := func(collections ...string) func(*sqldb.Options) {
		return func(o *sqldb.Options) {
			o.Canary = &sqldb.Canary{Tenant: "acme", Email: "bob@example.com", Collections: collections}
		}
	}
	notes := personMap(collection("note", "on_delete: delete", fieldID, fieldTenant, fieldRef("person_id", "person.id")))
	for _, c := range []struct {
		name, empty string
		collections []string
	}{
		{"the table of people", "person", nil},
		{"a table that is reached by reference", "note", []string{"note"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			each(t, func(t *testing.T, e engine) {
				w := e.world(t)
				w.person(t)
				w.make(t, `CREATE TABLE note (id NUMBER PRIMARY KEY, tenant TEXT NOT NULL, person_id NUMBER)`, `INSERT INTO note VALUES (1, 'acme', 1), (2, 'acme', 3)`)
				conn := w.open(t, notes, canary(c.collections...))
				if problems, err := conn.Check(t.Context()); err != nil || hasProblem(problems, connectors.SeverityBlocks, "canary of shopdb", "") {
					t.Fatalf("the canary is there: %v %v", problems, err)
				}
				j := locate(t, conn, subject("ann@example.com"))
				if got := j.Finding.Total().Rows; got != 2 {
					t.Errorf("%d rows found, want Ann's 2 and nothing of the canary's", got)
				}
				w.exec(t, "DELETE FROM note")
				if c.empty == "person" {
					w.exec(t, "DELETE FROM person")
				}
				for _, after := range []bool{false, true} {
					again := subject("ann@example.com")
					again.Finding, again.After = j.Finding, after
					err := conn.Locate(t.Context(), []*connectors.Job{again})
					if err != nil || again.Err() == nil || !strings.Contains(again.Err().Error(), "canary") {
						t.Errorf("after an erase %v: call %v, job %v; want that the canary is missed", after, err, again.Err())
					}
				}
			})
		})
	}
}

// TestACanaryMayBeErased: whose request is about the canary is not refused for
// its absence.
func TestACanaryMayBeErased(t *testing.T) {
	w := only(t, "sqlite")
	w.person(t)
	c := w.open(t, personMap(), func(o *sqldb.Options) { o.Canary = &sqldb.Canary{Tenant: "acme", Email: "bob@example.com"} })
	j := locate(t, c, subject("bob@example.com"))
	erase(t, c, j)
	again := subject("bob@example.com")
	again.Finding, again.After = j.Finding, true
	locate(t, c, again)
}

// TestTheCanaryIsItsTenantsAlone: a request about somebody of that address in
// another tenant is about somebody else, and needs the proof.
func TestTheCanaryIsItsTenantsAlone(t *testing.T) {
	w := only(t, "sqlite")
	w.person(t)
	c := w.open(t, personMap(), func(o *sqldb.Options) { o.Canary = &sqldb.Canary{Tenant: "acme", Email: "bob@example.com"} })
	w.exec(t, "DELETE FROM person WHERE tenant = 'acme'")
	j := subject("bob@example.com")
	j.Subject.Tenant = "globex"
	if err := c.Locate(t.Context(), []*connectors.Job{j}); err != nil || j.Err() == nil || !strings.Contains(j.Err().Error(), "canary") {
		t.Errorf("call %v, job %v; want that the canary is missed", err, j.Err())
	}
}

// TestTheCanarysCollectionsAreThere: a name that the map does not have proves
// nothing, and is said.
func TestTheCanarysCollectionsAreThere(t *testing.T) {
	w := only(t, "sqlite")
	w.person(t)
	c := w.open(t, personMap(), func(o *sqldb.Options) {
		o.Canary = &sqldb.Canary{Tenant: "acme", Email: "bob@example.com", Collections: []string{"notes"}}
	})
	problems, err := c.Check(t.Context())
	if err != nil || !hasProblem(problems, connectors.SeverityBlocks, "canary of shopdb", "has no collection notes") {
		t.Errorf("%v %v", problems, err)
	}
}
