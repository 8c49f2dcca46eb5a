package sqldb_test

import (
	"slices"
	"strings"
	"testing"

	"privacydesk/connectors"
	"privacydesk/connectors/connectortest"
	"privacydesk/connectors/sqldb"
)

func placeMap() string {
	return mapOf(
		collection("person", "tenant: {place: acme}, label: Customers, on_delete: delete", fieldID, fieldEmail),
		collection("note", "tenant: {via: person}, on_delete: delete", fieldID, fieldRef("person_id", "person.id")),
	)
}

// TestRule6_AWholePlaceIsOneTenants: rows that bear no tenant are found, shown
// and erased for the tenant whose the database is, and for no other.
func TestRule6_AWholePlaceIsOneTenants(t *testing.T) {
	each(t, func(t *testing.T, e engine) {
		w := e.world(t)
		w.make(t, `CREATE TABLE person (id NUMBER PRIMARY KEY, email TEXT NOT NULL)`,
			`CREATE TABLE note (id NUMBER PRIMARY KEY, person_id NUMBER NOT NULL)`,
			`INSERT INTO person VALUES (1, 'ann@example.com'), (2, 'bob@example.com')`,
			`INSERT INTO note VALUES (10, 1), (11, 2)`)
		c := w.open(t, placeMap(), nil)
		if problems, err := c.Check(t.Context()); err != nil || hasProblem(problems, connectors.SeverityBlocks, "", "") || hasProblem(problems, connectors.SeverityDeletes, "", "") {
			t.Fatalf("Check: %v %+v", err, problems)
		}
		others, ours := subject("ann@example.com"), subject("ann@example.com")
		others.ID, others.Subject.Tenant = "run 2", "globex"
		if err := c.Locate(t.Context(), []*connectors.Job{others, ours}); err != nil || others.Err() != nil || ours.Err() != nil {
			t.Fatal(err, others.Err(), ours.Err())
		}
		if got := ours.Finding.Total().Rows; got != 2 {
			t.Errorf("%d rows found, want 2", got)
		}
		if got := others.Finding.Keys(); got != 0 {
			t.Errorf("another tenant finds %d keys", got)
		}
		if !slices.Equal(others.Outcome.Notes, []string{"Customers, note: not searched, because nothing of this tenant is kept there"}) || len(ours.Outcome.Notes) != 0 {
			t.Errorf("notes: %q, and of the place's tenant %q", others.Outcome.Notes, ours.Outcome.Notes)
		}
		// Nor does a finding of the place's tenant help.
		others.Finding = ours.Finding.Clone()
		mustJob(t, c.Gather(t.Context(), []*connectors.Job{others}), others)
		if got := others.Sink.(*connectortest.Recorder).Tables; len(got["db.person"].Rows)+len(got["db.note"].Rows) != 0 {
			t.Errorf("another tenant is shown %v", got)
		}
		erase(t, c, others)
		if got := w.left(t, "person", "id") + " " + w.left(t, "note", "id"); got != "1,2 10,11" {
			t.Errorf("another tenant's delete leaves %s", got)
		}
		erase(t, c, ours)
		if got := w.left(t, "person", "id") + " " + w.left(t, "note", "id"); got != "2 11" {
			t.Errorf("left: %s", got)
		}
	})
}

// TestTheCanaryOfAPlaceIsItsTenants: one of another tenant is never found.
func TestTheCanaryOfAPlaceIsItsTenants(t *testing.T) {
	w := only(t, "sqlite")
	w.make(t, `CREATE TABLE person (id NUMBER PRIMARY KEY, email TEXT NOT NULL)`, `CREATE TABLE note (id NUMBER PRIMARY KEY, person_id NUMBER NOT NULL)`,
		`INSERT INTO person VALUES (1, 'canary@example.com')`)
	for tenant, found := range map[string]bool{"acme": true, "globex": false} {
		c := w.open(t, placeMap(), func(o *sqldb.Options) { o.Canary = &sqldb.Canary{Tenant: tenant, Email: "canary@example.com"} })
		problems, err := c.Check(t.Context())
		if err != nil || hasProblem(problems, connectors.SeverityBlocks, "canary", "") == found {
			t.Errorf("%s: %v %+v", tenant, err, problems)
		}
		if !found && !strings.Contains(problems[0].Where, "canary") {
			t.Errorf("%+v", problems)
		}
	}
}
