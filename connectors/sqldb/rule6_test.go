package sqldb_test

import (
	"strings"
	"testing"

	"privacydesk/connectors"
)

// TestRule6_AmbiguousWayToTheTenantIsRefused: a scope that leads over a
// column that is not unique says nothing about whose the row is.
func TestRule6_AmbiguousWayToTheTenantIsRefused(t *testing.T) {
	dataMap := mapOf(
		collection("person", "on_delete: delete", "name: no, data_categories: [user.unique_id], fides_meta: {primary_key: true}", fieldTenant, fieldEmail),
		collection("note", "on_delete: delete, tenant: {via: person}", fieldID, fieldRef("person_no", "person.no")),
	)
	each(t, func(t *testing.T, e engine) {
		w := e.world(t)
		w.make(t, `CREATE TABLE person (no NUMBER NOT NULL, tenant TEXT NOT NULL, email TEXT NOT NULL, PRIMARY KEY (no, tenant))`,
			`CREATE TABLE note (id NUMBER PRIMARY KEY, person_no NUMBER NOT NULL)`,
			`INSERT INTO person VALUES (1, 'acme', 'ann@example.com'), (1, 'globex', 'gus@example.com')`,
			`INSERT INTO note VALUES (1, 1)`)
		c := w.open(t, dataMap, nil)
		problems, err := c.Check(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if !hasProblem(problems, connectors.SeverityBlocks, "db.note", "tenant") {
			t.Errorf("Check says %+v", problems)
		}
		j := subject("ann@example.com")
		if err := c.Locate(t.Context(), []*connectors.Job{j}); err != nil || connectors.KindOf(j.Err()) != connectors.Misfit {
			t.Errorf("call %v, job %v", err, j.Err())
		}
	})
}

func hasProblem(problems []connectors.Problem, s connectors.Severity, where, what string) bool {
	for _, p := range problems {
		if p.Severity == s && strings.HasPrefix(p.Where, where) && strings.Contains(p.What, what) {
			return true
		}
	}
	return false
}

// TestRule6_KeysThatTwoTenantsShare: a key that is unique within a tenant
// leads to this tenant's rows alone, in tables of composite keys.
func TestRule6_KeysThatTwoTenantsShare(t *testing.T) {
	dataMap := mapOf(
		collection("person", "on_delete: delete", fieldID, fieldTenant+", fides_meta: {primary_key: true}", fieldEmail),
		collection("note", "on_delete: delete", fieldID, fieldTenant+", fides_meta: {primary_key: true}", fieldRef("person_id", "person.id")),
	)
	each(t, func(t *testing.T, e engine) {
		w := e.world(t)
		w.make(t, `CREATE TABLE person (id NUMBER NOT NULL, tenant TEXT NOT NULL, email TEXT NOT NULL, PRIMARY KEY (tenant, id))`,
			`CREATE TABLE note (id NUMBER NOT NULL, tenant TEXT NOT NULL, person_id NUMBER NOT NULL, PRIMARY KEY (tenant, id), FOREIGN KEY (tenant, person_id) REFERENCES person (tenant, id) ON DELETE CASCADE)`,
			`INSERT INTO person VALUES (1, 'acme', 'ann@example.com'), (1, 'globex', 'ann@example.com'), (2, 'acme', 'bob@example.com')`,
			`INSERT INTO note VALUES (10, 'acme', 1), (11, 'acme', 1), (10, 'globex', 1), (12, 'acme', 2)`)
		c := w.open(t, dataMap, batchOf(1))
		problems, err := c.Check(t.Context())
		if err != nil || hasProblem(problems, connectors.SeverityBlocks, "", "") || hasProblem(problems, connectors.SeverityDeletes, "", "") {
			t.Fatalf("Check: %v %+v", err, problems)
		}
		j := locate(t, c, subject("ann@example.com"))
		if got := j.Finding.Total().Rows; got != 3 {
			t.Errorf("%d rows found, want 3", got)
		}
		erase(t, c, j)
		if got := w.left(t, "note", "id") + " " + w.left(t, "person", "email"); got != "10,12 ann@example.com,bob@example.com" {
			t.Errorf("left: %s", got)
		}
	})
}
