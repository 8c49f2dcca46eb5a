package sqldb_test

import (
	"testing"

	"privacydesk/connectors"
)

// TestTenantsThatDifferInCaseAloneAreNamed: whatever the database calls equal,
// each spelling is a tenant of its own here, and check says where two meet.
func TestTenantsThatDifferInCaseAloneAreNamed(t *testing.T) {
	dataMap := mapOf(collection("people", "on_delete: delete", fieldID, fieldTenant, fieldEmail))
	const word = "differ in case or blanks alone"
	each(t, func(t *testing.T, e engine) {
		w := e.world(t)
		w.make(t, `CREATE TABLE people (id NUMBER PRIMARY KEY, tenant TEXT, email TEXT)`,
			`INSERT INTO people VALUES (1, 'acme', 'a@x.example'), (2, 'acme', 'b@x.example'), (3, 'globex', 'c@x.example'), (4, NULL, 'd@x.example')`)
		c := w.open(t, dataMap, nil)
		problems, err := c.Check(t.Context())
		if err != nil || hasProblem(problems, connectors.SeverityNote, "db.people.tenant", word) {
			t.Fatalf("each tenant is spelled in one way: %+v, %v", problems, err)
		}
		w.make(t, `INSERT INTO people VALUES (5, 'ACME', 'e@x.example')`)
		if problems, err = c.Check(t.Context()); err != nil || !hasProblem(problems, connectors.SeverityNote, "db.people.tenant", word) {
			t.Errorf("acme and ACME are not named: %+v, %v", problems, err)
		}
		// And each is found alone.
		for tenant, want := range map[string]int64{"acme": 1, "ACME": 0} {
			j := subject("a@x.example")
			j.Subject.Tenant = tenant
			if got := locate(t, c, j).Finding.Set("db.people").Rows; got != want {
				t.Errorf("%s: %d rows", tenant, got)
			}
		}
	})
}
