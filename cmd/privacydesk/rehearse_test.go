package main

import (
	"strings"
	"testing"
)

// TestRule14_CheckRehearsesWhereDeletesAreLive: what a trigger refuses of the
// canary's delete blocks deletes; in shadow mode nothing that writes is sent.
func TestRule14_CheckRehearsesWhereDeletesAreLive(t *testing.T) {
	tr := newTrial(t)
	db := tr.open("crm.db")
	for _, statement := range []string{
		`CREATE TRIGGER no BEFORE DELETE ON customer BEGIN SELECT RAISE(ABORT, 'no'); END`,
		`INSERT INTO customer (id, tenant, email) VALUES (990001, 'acme', 'canary@acme.example')`,
	} {
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	tr.must(db.Close())
	tr.set("systems", "attempts: 1", "attempts: 1, accept_triggers: [customer.no], canary: {tenant: acme, email: canary@acme.example}")
	if ok, said := tr.check(); !ok || !strings.Contains(said, "deletes run in shadow mode") || strings.Contains(said, "rolled back") {
		t.Errorf("in shadow mode, ok %v:\n%s", ok, said)
	}
	tr.parts["deletes"] = "{mode: live}"
	if _, said := tr.check(); !strings.Contains(said, "a delete of the canary's rows, which was rolled back, was refused: a trigger") || strings.Contains(said, "shadow") {
		t.Errorf("live:\n%s", said)
	}
}
