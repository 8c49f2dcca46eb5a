package sqldb_test

import (
	"strings"
	"testing"

	"privacydesk/connectors"
	"privacydesk/connectors/sqldb"
)

// TestCheckNamesWhatTheMapLeavesOut: whole tables, and keys of rows that stay.
func TestCheckNamesWhatTheMapLeavesOut(t *testing.T) {
	dataMap := personMap(collection("bill", "on_delete: {retain: {exception: legal_obligation, reason: tax law}}", fieldID, fieldTenant, fieldRef("person_id", "person.id")))
	each(t, func(t *testing.T, e engine) {
		w := e.world(t)
		w.person(t)
		w.make(t, `CREATE TABLE newsletter (id NUMBER PRIMARY KEY, subscriber_email TEXT)`, `CREATE TABLE stock (id NUMBER PRIMARY KEY, file_name TEXT)`,
			`CREATE TABLE bill (id NUMBER PRIMARY KEY, tenant TEXT NOT NULL, person_id NUMBER, FOREIGN KEY (person_id) REFERENCES person (id))`,
			`CREATE TABLE line (id NUMBER PRIMARY KEY, bill_id NUMBER, FOREIGN KEY (bill_id) REFERENCES bill (id))`)
		problems, err := w.open(t, dataMap, nil).Check(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		said := ""
		for _, p := range problems {
			said += string(p.Severity) + " " + p.Where + ": " + p.What + "\n"
		}
		if !strings.Contains(said, "newsletter: the map does not have the table") || !strings.Contains(said, "subscriber_email") || strings.Contains(said, "stock") {
			t.Errorf("Check says\n%s", said)
		}
		if !hasProblem(problems, connectors.SeverityDeletes, "db.person", "which the map keeps, stay and refer to it") {
			t.Errorf("Check says\n%s", said)
		}
		if !hasProblem(problems, connectors.SeverityNote, "db.bill", "refer to it by the foreign key") {
			t.Errorf("Check says\n%s", said)
		}
	})
}

// TestColumnsThatTheMapLeavesOutAreNamed: reports lack them, and they would
// stay in rows that are said to be nobody's any more.
func TestColumnsThatTheMapLeavesOutAreNamed(t *testing.T) {
	masked := mapOf(collection("person", "on_delete: deidentify", fieldID+", privacydesk: {on_delete: {strategy: keep, reason: a number}}", fieldTenant, fieldEmail+", privacydesk: {on_delete: {strategy: null}}"))
	each(t, func(t *testing.T, e engine) {
		w := e.world(t)
		w.make(t, `CREATE TABLE person (id NUMBER PRIMARY KEY, tenant TEXT NOT NULL, email TEXT, home_phone TEXT, colour TEXT)`)
		for dataMap, severity := range map[string]connectors.Severity{personMap(): connectors.SeverityNote, masked: connectors.SeverityDeletes} {
			problems, err := w.open(t, dataMap, nil).Check(t.Context())
			if err != nil || !hasProblem(problems, severity, "db.person.home_phone", "sounds like personal data") || hasProblem(problems, severity, "db.person.colour", "") {
				t.Errorf("Check: %v %+v", err, problems)
			}
		}
	})
}

// TestAReplicaIsNoPlaceToErase: it is said at once, and not tried for ever.
func TestAReplicaIsNoPlaceToErase(t *testing.T) {
	w := only(t, "postgres")
	w.person(t)
	name := w.query(t, `SELECT current_database() AS n`)[0]["n"].(string)
	w.exec(t, `ALTER DATABASE `+name+` SET default_transaction_read_only TO on`)
	c := w.open(t, personMap(), nil)
	problems, err := c.Check(t.Context())
	if err != nil || !hasProblem(problems, connectors.SeverityDeletes, "db.person", "takes no changes") {
		t.Errorf("Check: %v %+v", err, problems)
	}
	j := locate(t, c, subject("ann@example.com"))
	if err := c.Erase(t.Context(), []*connectors.Job{j}); err != nil || connectors.KindOf(j.Err()) != connectors.Credentials {
		t.Errorf("call %v, job %v", err, j.Err())
	}
}

// TestTheCanaryIsLookedForLikeAnybody.
func TestTheCanaryIsLookedForLikeAnybody(t *testing.T) {
	each(t, func(t *testing.T, e engine) {
		w := e.world(t)
		w.person(t)
		for who, found := range map[string]bool{"ann@example.com": true, "ANN@example.com ": true, "canary@example.com": false, "": false} {
			for tenant, known := range map[string]bool{"acme": true, "Acme": false} {
				c := w.open(t, personMap(), func(o *sqldb.Options) { o.Canary = &sqldb.Canary{Tenant: tenant, Email: who} })
				problems, err := c.Check(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				if got := !hasProblem(problems, connectors.SeverityBlocks, "canary of shopdb", ""); got != (found && known) {
					t.Errorf("%q of %q: found %v", who, tenant, got)
				}
			}
		}
	})
}
