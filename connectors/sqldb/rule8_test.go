package sqldb_test

import (
	"strings"
	"testing"

	"privacydesk/connectors"
	"privacydesk/connectors/sqldb"
)

// TestRule8_ADeclaredCascadeMeetsNobodyElse: the map knows the reference, and
// another tenant's row refers to the subject's: the server would delete it,
// so the subject's row stays, and it is said.
func TestRule8_ADeclaredCascadeMeetsNobodyElse(t *testing.T) {
	dataMap := personMap(collection("note", "on_delete: delete", fieldID, fieldTenant, fieldRef("person_id", "person.id")))
	for _, rule := range []string{"ON DELETE CASCADE", "ON DELETE SET NULL", ""} {
		t.Run("rule "+rule, func(t *testing.T) {
			each(t, func(t *testing.T, e engine) {
				w := e.world(t)
				w.person(t)
				w.make(t, `CREATE TABLE note (id NUMBER PRIMARY KEY, tenant TEXT NOT NULL, person_id NUMBER, FOREIGN KEY (person_id) REFERENCES person (id) `+rule+`)`,
					`INSERT INTO note VALUES (1, 'acme', 1), (2, 'globex', 1), (3, 'acme', 3)`)
				c := w.open(t, dataMap, nil)
				j := locate(t, c, subject("ann@example.com"))
				if err := c.Erase(t.Context(), []*connectors.Job{j}); err != nil || connectors.KindOf(j.Err()) != connectors.Misfit {
					t.Errorf("call %v, job %v; want that the job is a misfit", err, j.Err())
				}
				if got := w.left(t, "note", "id") + " " + w.left(t, "person", "id"); got != "1,2,3 1,2,3" {
					t.Errorf("left: %s", got)
				}
				refs := w.query(t, `SELECT person_id AS v FROM note WHERE id = 2`)
				if len(refs) != 1 || refs[0]["v"] != int64(1) {
					t.Errorf("the other tenant's row was changed: %v", refs)
				}
			})
		})
	}
}

// TestRule8_AcceptedTriggers: somebody has looked at what they do.
func TestRule8_AcceptedTriggers(t *testing.T) {
	each(t, func(t *testing.T, e engine) {
		w := e.world(t)
		w.person(t)
		w.trigger(t, "person", "DELETE")
		refusing := w.open(t, personMap(), nil)
		j := locate(t, refusing, subject("ann@example.com"))
		if err := refusing.Erase(t.Context(), []*connectors.Job{j}); err != nil || connectors.KindOf(j.Err()) != connectors.Misfit {
			t.Errorf("call %v, job %v", err, j.Err())
		}
		accepting := w.open(t, personMap(), func(o *sqldb.Options) { o.AcceptTriggers = []string{"person.watch"} })
		erase(t, accepting, locate(t, accepting, subject("ann@example.com")))
		if got := w.left(t, "person", "id"); got != "2,3" {
			t.Errorf("left: %s", got)
		}
	})
}

// TestRule8_RewriteRulesAreRefused: PostgreSQL may do something else instead.
func TestRule8_RewriteRulesAreRefused(t *testing.T) {
	w := only(t, "postgres")
	w.person(t)
	w.exec(t, `CREATE TABLE other (id bigint)`)
	w.exec(t, `CREATE RULE also AS ON DELETE TO person DO ALSO DELETE FROM other`)
	c := w.open(t, personMap(), nil)
	j := locate(t, c, subject("ann@example.com"))
	if err := c.Erase(t.Context(), []*connectors.Job{j}); err != nil || connectors.KindOf(j.Err()) != connectors.Misfit {
		t.Errorf("call %v, job %v", err, j.Err())
	}
}

// TestRule8_RightsThatHideRowsAreErrors: a policy, or a missing right, must
// not make a search see less in silence.
func TestRule8_RightsThatHideRowsAreErrors(t *testing.T) {
	w := only(t, "postgres")
	w.person(t)
	w.exec(t, `ALTER TABLE person ENABLE ROW LEVEL SECURITY`)
	w.exec(t, `DROP ROLE IF EXISTS narrow`)
	w.exec(t, `CREATE ROLE narrow LOGIN`)
	defer func() {
		w.exec(t, `DROP OWNED BY narrow`)
		w.exec(t, `DROP ROLE narrow`)
	}()
	w.exec(t, `GRANT SELECT ON person TO narrow`)
	c := openKind(t, "postgres", asUser(w.dsn, "narrow"), personMap(), nil)
	problems, err := c.Check(t.Context())
	if err != nil || !hasProblem(problems, connectors.SeverityBlocks, "db.person", "SELECT") || !hasProblem(problems, connectors.SeverityDeletes, "db.person", "DELETE") {
		t.Errorf("Check: %v %+v", err, problems)
	}
	j := subject("ann@example.com")
	if err := c.Locate(t.Context(), []*connectors.Job{j}); connectors.KindOf(err) != connectors.Credentials && connectors.KindOf(j.Err()) != connectors.Credentials {
		t.Errorf("call %v, job %v", err, j.Err())
	}
}

// TestRule8_HiddenTriggersAreRefused: MySQL and MariaDB show triggers only to
// who may change them.
func TestRule8_HiddenTriggersAreRefused(t *testing.T) {
	w := only(t, "mysql")
	w.person(t)
	w.exec(t, `CREATE USER narrow`)
	defer w.exec(t, `DROP USER narrow`)
	w.exec(t, `GRANT SELECT, DELETE ON person TO narrow`)
	c := openKind(t, "mysql", strings.Replace(w.dsn, "root@", "narrow@", 1), personMap(), nil)
	problems, err := c.Check(t.Context())
	if err != nil || !hasProblem(problems, connectors.SeverityDeletes, "db.person", "hidden") {
		t.Errorf("Check: %v %+v", err, problems)
	}
	j := locate(t, c, subject("ann@example.com"))
	if err := c.Erase(t.Context(), []*connectors.Job{j}); err != nil || connectors.KindOf(j.Err()) != connectors.Misfit {
		t.Errorf("call %v, job %v", err, j.Err())
	}
	w.exec(t, `GRANT TRIGGER ON person TO narrow`)
	w.exec(t, `GRANT PROCESS ON *.* TO narrow`)
	erase(t, c, locate(t, c, subject("ann@example.com")))
	if got := w.left(t, "person", "id"); got != "2,3" {
		t.Errorf("left: %s", got)
	}
}

// TestRule14_RightsThatADeleteNeedsAreAskedBefore: to set references to NULL and
// to lock rows, beside DELETE itself; each is asked of the server.
func TestRule14_RightsThatADeleteNeedsAreAskedBefore(t *testing.T) {
	w := only(t, "postgres")
	w.approvals(t, "")
	w.exec(t, `CREATE TABLE staff (id bigint PRIMARY KEY, tenant text NOT NULL, email text, boss bigint REFERENCES staff (id))`)
	dataMap := strings.Replace(approvalMap("to", setNull), "collections:", "collections:\n"+
		collection("staff", "on_delete: delete", fieldID, fieldTenant, fieldEmail, strings.Replace(fieldRef("boss", "staff.id"), "direction: from", "direction: to", 1)), 1)
	w.exec(t, `DROP ROLE IF EXISTS narrow`)
	w.exec(t, `CREATE ROLE narrow LOGIN`)
	defer func() {
		w.exec(t, `DROP OWNED BY narrow`)
		w.exec(t, `DROP ROLE narrow`)
	}()
	w.exec(t, `GRANT SELECT, DELETE ON person, orders, staff TO narrow`)
	c := openKind(t, "postgres", asUser(w.dsn, "narrow"), dataMap, nil)
	for _, right := range []struct{ where, what, grant string }{
		{"db.orders", "may not UPDATE (approved_by)", `GRANT UPDATE (approved_by) ON orders TO narrow`},
		{"db.staff", "may not UPDATE (boss)", `GRANT UPDATE (boss) ON staff TO narrow`},
		{"db.person", "may not UPDATE (to lock rows)", `GRANT UPDATE (email) ON person TO narrow`},
	} {
		for _, granted := range []bool{false, true} {
			problems, err := c.Check(t.Context())
			if err != nil || hasProblem(problems, connectors.SeverityDeletes, right.where, right.what) == granted {
				t.Errorf("%s, granted %v: %v %+v", right.what, granted, err, problems)
			}
			if !granted {
				w.exec(t, right.grant)
			}
		}
	}
}

// TestRule8_KeysThatDoNotTellRowsApartBlock: who refers to one of two rows of
// the same key would be taken for the other one's. Beside the tenant is enough.
func TestRule8_KeysThatDoNotTellRowsApartBlock(t *testing.T) {
	key := "fides_meta: {primary_key: true}"
	several := mapOf(collection("person", "on_delete: delete", fieldTenant, fieldEmail, "name: account, "+key, "name: no, "+key),
		collection("note", "on_delete: delete, references: [{to: person, fields: {account: account, no: no}, direction: from}]", fieldID, fieldTenant, "name: account", "name: no"))
	for _, c := range []struct {
		keys, dataMap, where string
		apart                bool
	}{
		{"", personMap(), "db.person.id", false},
		{", UNIQUE (id)", personMap(), "db.person.id", true},
		{", UNIQUE (tenant, id)", personMap(), "db.person.id", true},
		{", UNIQUE (account, id)", personMap(), "db.person.id", false},
		{"", several, "db.person", false},
		{", UNIQUE (account)", several, "db.person", true},
		{", UNIQUE (account, no)", several, "db.person", true},
		{", UNIQUE (tenant, account, no)", several, "db.person", true},
		{", UNIQUE (id, account, no)", several, "db.person", false},
	} {
		each(t, func(t *testing.T, e engine) {
			w := e.world(t)
			w.make(t, `CREATE TABLE person (id NUMBER NOT NULL, tenant TEXT NOT NULL, email TEXT, account NUMBER NOT NULL, no NUMBER NOT NULL`+c.keys+`)`,
				`CREATE TABLE note (id NUMBER PRIMARY KEY, tenant TEXT NOT NULL, account NUMBER, no NUMBER)`)
			problems, err := w.open(t, c.dataMap, nil).Check(t.Context())
			if err != nil || hasProblem(problems, connectors.SeverityBlocks, c.where, "keep") == c.apart {
				t.Errorf("%q: %v %+v", c.keys, err, problems)
			}
		})
	}
}

// TestRule14_ComputedColumnsAreNotMasked: the server refuses to write them.
func TestRule14_ComputedColumnsAreNotMasked(t *testing.T) {
	dataMap := mapOf(collection("person", "on_delete: deidentify", fieldID+", privacydesk: {on_delete: {strategy: keep, reason: a number}}", fieldTenant,
		"name: raw, data_categories: [user.contact.email], privacydesk: {on_delete: {strategy: null}}", fieldEmail+", privacydesk: {on_delete: {strategy: null}}"))
	each(t, func(t *testing.T, e engine) {
		w := e.world(t)
		w.make(t, `CREATE TABLE person (id NUMBER PRIMARY KEY, tenant TEXT NOT NULL, raw TEXT, email TEXT GENERATED ALWAYS AS (lower(raw)) STORED)`)
		problems, err := w.open(t, dataMap, nil).Check(t.Context())
		if err != nil || !hasProblem(problems, connectors.SeverityDeletes, "db.person.email", "the server computes the column") || hasProblem(problems, connectors.SeverityDeletes, "db.person.raw", "computes") {
			t.Errorf("Check: %v %+v", err, problems)
		}
	})
}
