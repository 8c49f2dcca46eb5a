package sqldb_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"privacydesk/connectors"
	"privacydesk/connectors/connectortest"
	"privacydesk/connectors/sqldb"
)

// rowsOf are the gathered rows of a collection, their cells joined.
func rowsOf(j *connectors.Job, collection string) []string {
	var out []string
	table := j.Sink.(*connectortest.Recorder).Tables[collection]
	if table == nil {
		return nil
	}
	for _, r := range table.Rows {
		out = append(out, fmt.Sprint(r))
	}
	return out
}

// selfMap: people who have a boss, or were referred by somebody.
func selfMap(direction, ours, field string) string {
	return mapOf(collection("person", "on_delete: delete"+ours, fieldID, fieldTenant, fieldEmail, "name: full_name, data_categories: [user.name]",
		"name: boss, data_categories: [user.unique_id], fides_meta: {references: [{dataset: db, field: person.id, direction: "+direction+"}]}"+field))
}

func (w *world) bosses(tb testing.TB, key string) {
	tb.Helper()
	w.make(tb, `CREATE TABLE person (id NUMBER PRIMARY KEY, tenant TEXT NOT NULL, email TEXT, full_name TEXT, boss NUMBER`+key+`)`,
		`INSERT INTO person VALUES (1, 'acme', 'jane@x.example', 'Jane', NULL)`,
		`INSERT INTO person VALUES (2, 'acme', 'bob@x.example', 'Bob', 1)`,
		`INSERT INTO person VALUES (3, 'acme', 'cid@x.example', 'Cid', 2)`)
}

// TestRule8_WhoNamesSomebodyElseIsNotTheSubjects: case 01. Who answers to the
// subject has an address of their own, and is another person.
func TestRule8_WhoNamesSomebodyElseIsNotTheSubjects(t *testing.T) {
	each(t, func(t *testing.T, e engine) {
		w := e.world(t)
		w.bosses(t, "")
		c := w.open(t, selfMap("from", "", ""), nil)
		problems, err := c.Check(t.Context())
		if err != nil || !hasProblem(problems, connectors.SeverityNote, "db.person", "name a person by email") {
			t.Errorf("Check: %v %+v", err, problems)
		}
		j := locate(t, c, subject("jane@x.example"))
		if got := j.Finding.Total(); got.Found() != 1 {
			t.Errorf("found %+v, want her own row alone", got)
		}
		mustJob(t, c.Gather(t.Context(), []*connectors.Job{j}), j)
		if rows := rowsOf(j, "db.person"); len(rows) != 1 || !strings.Contains(rows[0], "Jane") {
			t.Errorf("gathered %v", rows)
		}
		erase(t, c, j)
		if got := w.left(t, "person", "id"); got != "2,3" {
			t.Errorf("left: %s", got)
		}
		locate(t, c, j)
		if got := j.Finding.Total().Rows; got != 0 {
			t.Errorf("%d rows left to erase", got)
		}
	})
}

// TestRule8_ARequestNamesItsCustomer: case 18. Staff handle what customers
// file; what a customer filed is not the employee's, and neither is what hangs
// below it.
func TestRule8_ARequestNamesItsCustomer(t *testing.T) {
	dataMap := func(ours, text string) string {
		return mapOf(collection("employee", "on_delete: delete", fieldID, fieldTenant, fieldEmail),
			collection("request", "on_delete: delete"+ours, fieldID, fieldTenant, fieldEmail,
				"name: phone, data_categories: [user.contact.phone_number], fides_meta: {identity: phone_number}",
				"name: body, data_categories: [user.content]"+text, fieldRef("employee_id", "employee.id")),
			collection("reply", "on_delete: delete", fieldID, fieldTenant, fieldRef("request_id", "request.id")))
	}
	each(t, func(t *testing.T, e engine) {
		w := e.world(t)
		w.make(t, `CREATE TABLE employee (id NUMBER PRIMARY KEY, tenant TEXT NOT NULL, email TEXT)`,
			`CREATE TABLE request (id NUMBER PRIMARY KEY, tenant TEXT NOT NULL, email TEXT, phone TEXT, body TEXT, employee_id NUMBER)`,
			`CREATE TABLE reply (id NUMBER PRIMARY KEY, tenant TEXT NOT NULL, request_id NUMBER)`,
			`INSERT INTO employee VALUES (1, 'acme', 'erin@x.example'), (2, 'acme', 'eve@x.example')`,
			`INSERT INTO request VALUES (10, 'acme', 'carl@y.example', NULL, 'of carl', 1), (11, 'acme', 'ERIN@x.example ', '555', 'of erin', 1), (12, 'acme', '', NULL, 'of nobody', 1),
				(13, 'acme', NULL, ' `+"\t"+`', 'blank', 1), (14, 'acme', NULL, '555', 'by a number', 1), (15, 'acme', 'carl@y.example', NULL, 'of carl', 2)`,
			`INSERT INTO reply VALUES (20, 'acme', 10), (21, 'acme', 11), (22, 'acme', 12), (23, 'acme', 14)`)
		for _, shown := range []bool{false, true} {
			ours, text, want := "", "", int64(0)
			if shown {
				want = 2
				ours, text = ", gather: true", ", privacydesk: {gather: true}"
			}
			c := w.open(t, dataMap(ours, text), nil)
			j := locate(t, c, subject("erin@x.example"))
			if set := j.Finding.Set("db.request"); set.Rows != 3 || set.Shared != want {
				t.Errorf("requests: %+v", set.Counts)
			}
			mustJob(t, c.Gather(t.Context(), []*connectors.Job{j}), j)
			rows := strings.Join(rowsOf(j, "db.request"), "\n")
			if strings.Contains(rows, "carl@") || strings.Contains(rows, "of carl") != shown {
				t.Errorf("shown %v: gathered\n%s", shown, rows)
			}
			if noted := slices.ContainsFunc(j.Outcome.Notes, func(n string) bool { return strings.Contains(n, "another person") }); noted != shown {
				t.Errorf("shown %v: notes %v", shown, j.Outcome.Notes)
			}
		}
		c := w.open(t, dataMap(", owned: true", ""), batchOf(1))
		erase(t, c, locate(t, c, subject("erin@x.example")))
		if got := w.left(t, "request", "id") + " " + w.left(t, "reply", "id"); got != "10,14,15 20,23" {
			t.Errorf("left: %s", got)
		}
	})
}

// TestRule8_AnotherAddressOfTheSubjectIsTheirs: as are the numbers that are
// known of them.
func TestRule8_AnotherAddressOfTheSubjectIsTheirs(t *testing.T) {
	dataMap := personMap(collection("note", "on_delete: delete", fieldID, fieldTenant, fieldEmail,
		"name: customer_no, data_categories: [user.unique_id], fides_meta: {identity: customer_no}", fieldRef("person_id", "person.id")))
	each(t, func(t *testing.T, e engine) {
		w := e.world(t)
		w.person(t)
		w.make(t, `CREATE TABLE note (id NUMBER PRIMARY KEY, tenant TEXT NOT NULL, email TEXT, customer_no NUMBER, person_id NUMBER)`,
			`INSERT INTO note VALUES (1, 'acme', 'old@example.com', NULL, 1), (2, 'acme', 'bob@example.com', NULL, 1), (3, 'acme', 'bob@example.com', 7, 1), (4, 'acme', NULL, 8, 1), (5, 'acme', 'Old@Example.com', 8, NULL)`)
		c := w.open(t, dataMap, nil)
		j := subject("ann@example.com")
		j.Subject.Identities = append(j.Subject.Identities, connectors.Identity{Type: connectors.Email, Value: connectors.Text("old@example.com")},
			connectors.Identity{Type: "customer_no", Value: connectors.Int(7)})
		erase(t, c, locate(t, c, j))
		if got := w.left(t, "note", "id"); got != "2,4" {
			t.Errorf("left: %s", got)
		}
	})
}

// TestRule8_WhatIsDeidentifiedIsKnownAgain: once its address is replaced, a
// row names nobody whom we know; it is still the subject's.
func TestRule8_WhatIsDeidentifiedIsKnownAgain(t *testing.T) {
	dataMap := personMap(collection("note", "on_delete: deidentify", strings.Replace(fieldID, "[user.unique_id]", "[system.operations]", 1), fieldTenant,
		fieldEmail+", privacydesk: {on_delete: {strategy: random, suffix: '@x.invalid'}}",
		strings.Replace(fieldRef("person_id", "person.id"), "[user.unique_id]", "[system.operations]", 1)))
	each(t, func(t *testing.T, e engine) {
		w := e.world(t)
		w.person(t)
		w.make(t, `CREATE TABLE note (id NUMBER PRIMARY KEY, tenant TEXT NOT NULL, email TEXT, person_id NUMBER)`,
			`INSERT INTO note VALUES (1, 'acme', 'ann@example.com', NULL), (2, 'acme', 'bob@example.com', 1), (3, 'acme', NULL, 1), (4, 'acme', 'Ann@Example.com', 1)`)
		c := w.open(t, dataMap, batchOf(1))
		j := locate(t, c, subject("ann@example.com"))
		erase(t, c, j)
		locate(t, c, j)
		if set := j.Finding.Set("db.note"); set.Rows != 0 || set.Masked != 3 || set.Shared != 0 {
			t.Errorf("after: %+v", set.Counts)
		}
		for _, r := range w.query(t, `SELECT email AS v FROM note WHERE id IN (1, 2, 4) ORDER BY id`) {
			if got := fmt.Sprint(r["v"]); strings.EqualFold(got, "ann@example.com") {
				t.Errorf("an address of hers is left")
			}
		}
		if got := fmt.Sprint(w.query(t, `SELECT email AS v FROM note WHERE id = 2`)[0]["v"]); got != "bob@example.com" {
			t.Errorf("his is %s", got)
		}
	})
}

// approvals: Bob's order, which Jane approved, and Jane's, which Bob did.
func (w *world) approvals(tb testing.TB, rule string) {
	tb.Helper()
	w.make(tb, `CREATE TABLE person (id NUMBER PRIMARY KEY, tenant TEXT NOT NULL, email TEXT)`,
		`CREATE TABLE orders (id NUMBER PRIMARY KEY, tenant TEXT NOT NULL, person_id NUMBER NOT NULL, approved_by NUMBER,
			CONSTRAINT ordered FOREIGN KEY (person_id) REFERENCES person (id), CONSTRAINT approved FOREIGN KEY (approved_by) REFERENCES person (id) `+rule+`)`,
		`INSERT INTO person VALUES (1, 'acme', 'jane@x.example'), (2, 'acme', 'bob@x.example')`,
		`INSERT INTO orders VALUES (10, 'acme', 2, 1), (11, 'acme', 1, 2), (12, 'acme', 1, 1), (13, 'acme', 2, 2)`)
}

func approvalMap(reference, ours string) string {
	fields := []string{fieldID, fieldTenant, fieldRef("person_id", "person.id")}
	if reference != "" {
		fields = append(fields, "name: approved_by, data_categories: [user.unique_id], fides_meta: {references: [{dataset: db, field: person.id, direction: "+reference+"}]}"+ours)
	}
	return personMap(collection("orders", "on_delete: delete", fields...))
}

const setNull = ", privacydesk: {on_delete: set_null}"

// TestRule14_RowsOfOthersThatStayAreSaidBefore: case 00, as its table has it,
// and the foreign key that nobody mapped: check blocks, and says in which
// direction to map.
func TestRule14_RowsOfOthersThatStayAreSaidBefore(t *testing.T) {
	each(t, func(t *testing.T, e engine) {
		w := e.world(t)
		w.approvals(t, "")
		problems, err := w.open(t, approvalMap("from", ""), nil).Check(t.Context())
		if err != nil || !hasProblem(problems, connectors.SeverityNote, "db.orders", "each of approved_by, person_id") {
			t.Errorf("from: Check: %v %+v", err, problems)
		}
		for reference, want := range map[string]string{"": "does not know", "to": "rows of others stay and refer to it by"} {
			w := e.world(t)
			w.approvals(t, "")
			problems, err := w.open(t, approvalMap(reference, ""), nil).Check(t.Context())
			i := slices.IndexFunc(problems, func(p connectors.Problem) bool {
				return p.Severity == connectors.SeverityDeletes && p.Where == "db.person" && strings.Contains(p.What, want)
			})
			if err != nil || i < 0 {
				t.Fatalf("%q: Check: %v %+v", reference, err, problems)
			}
			if p := problems[i]; !strings.Contains(p.What, "approved_by") || w.kind != "sqlite" && !strings.Contains(p.What, "key approved of") ||
				!strings.Contains(p.Mend, "direction: from") || !strings.Contains(p.Mend, "set_null") {
				t.Errorf("%q: %+v", reference, p)
			}
		}
		w = e.world(t)
		w.bosses(t, ", FOREIGN KEY (boss) REFERENCES person (id)")
		for _, direction := range []string{"from", "to"} {
			c := w.open(t, selfMap(direction, "", ""), nil)
			problems, err := c.Check(t.Context())
			if err != nil || !hasProblem(problems, connectors.SeverityDeletes, "db.person", "rows of others") {
				t.Errorf("%s: Check: %v %+v", direction, err, problems)
			}
		}
	})
}

// TestRule14_WhereReferencesAreSetToNullIsLookedAt: what clears a reference in
// rows of others must be able to, and sets nothing off that nobody accepted.
func TestRule14_WhereReferencesAreSetToNullIsLookedAt(t *testing.T) {
	each(t, func(t *testing.T, e engine) {
		// The map keeps the orders, so that nothing else looks at what their
		// updates set off.
		fields := []string{fieldID, fieldTenant, "name: approved_by, data_categories: [user.unique_id], fides_meta: {references: [{dataset: db, field: person.id, direction: to}]}" + setNull}
		kept := personMap(collection("orders", "on_delete: {retain: {exception: legal_obligation, reason: tax}}", fields...))
		table := func(approved string) []string {
			return []string{
				`CREATE TABLE person (id NUMBER PRIMARY KEY, tenant TEXT NOT NULL, email TEXT)`,
				`CREATE TABLE orders (id NUMBER PRIMARY KEY, tenant TEXT NOT NULL, approved_by NUMBER` + approved + `)`,
			}
		}
		w := e.world(t)
		w.make(t, table("")...)
		c := w.open(t, kept, nil)
		clean, err := c.Check(t.Context())
		if err != nil || hasProblem(clean, connectors.SeverityDeletes, "db.orders", "") {
			t.Fatalf("nothing is in the way: %+v, %v", clean, err)
		}
		w.trigger(t, "orders", "UPDATE")
		for accepted, want := range map[string]bool{"": true, "orders.watch": false} {
			problems, err := w.open(t, kept, func(o *sqldb.Options) {
				if accepted != "" {
					o.AcceptTriggers = []string{accepted}
				}
			}).Check(t.Context())
			if err != nil || hasProblem(problems, connectors.SeverityDeletes, "db.orders", "fires when references in its rows are set to NULL") != want {
				t.Errorf("a trigger, %q accepted: %+v, %v", accepted, problems, err)
			}
		}
		w = e.world(t)
		w.make(t, table(" NOT NULL")...)
		if problems, err := w.open(t, kept, nil).Check(t.Context()); err != nil || !hasProblem(problems, connectors.SeverityDeletes, "db.orders.approved_by", "the column can't be NULL") {
			t.Errorf("a column that can't be NULL: %+v, %v", problems, err)
		}
		w = e.world(t)
		w.make(t, table("")[0], strings.Replace(table("")[1], "orders", "all_orders", 1), `CREATE VIEW orders AS SELECT * FROM all_orders`)
		if problems, err := w.open(t, kept, nil).Check(t.Context()); err != nil || !hasProblem(problems, connectors.SeverityDeletes, "db.orders.approved_by", "a column of a view") {
			t.Errorf("a view: %+v, %v", problems, err)
		}
	})
}

// TestRule14_WhatStaysIsSeenBeforeTheFirstBatch: whatever check said, nothing
// is changed if the server would refuse a later step.
func TestRule14_WhatStaysIsSeenBeforeTheFirstBatch(t *testing.T) {
	each(t, func(t *testing.T, e engine) {
		w := e.world(t)
		w.approvals(t, "")
		c := w.open(t, approvalMap("to", ""), nil)
		j := locate(t, c, subject("jane@x.example"))
		if err := c.Erase(t.Context(), []*connectors.Job{j}); err != nil || connectors.KindOf(j.Err()) != connectors.Misfit || !strings.Contains(j.Err().Error(), "nothing was deleted") {
			t.Errorf("call %v, job %v", err, j.Err())
		}
		if got := w.left(t, "person", "id") + " " + w.left(t, "orders", "id"); got != "1,2 10,11,12,13" {
			t.Errorf("left: %s", got)
		}
	})
}

// TestRule8_ReferencesOfOthersAreCleared: in the batch that takes the row, in
// the subject's tenant alone, and counted.
func TestRule8_ReferencesOfOthersAreCleared(t *testing.T) {
	for _, rule := range []string{"", "ON DELETE SET NULL", "ON DELETE CASCADE"} {
		t.Run("rule "+rule, func(t *testing.T) {
			each(t, func(t *testing.T, e engine) {
				w := e.world(t)
				w.approvals(t, rule)
				c := w.open(t, approvalMap("to", setNull), batchOf(1))
				problems, err := c.Check(t.Context())
				if err != nil || hasProblem(problems, connectors.SeverityDeletes, "", "") {
					t.Fatalf("Check: %v %+v", err, problems)
				}
				j := locate(t, c, subject("jane@x.example"))
				if set := j.Finding.Set("db.orders"); set.Rows != 2 || set.Cleared != 1 {
					t.Errorf("orders: %+v, want two of her own, and one reference of others", set.Counts)
				}
				erase(t, c, j)
				var got []string
				for _, r := range w.query(t, `SELECT id, person_id, approved_by FROM orders ORDER BY id`) {
					got = append(got, fmt.Sprintf("%v:%v:%v", r["id"], r["person_id"], r["approved_by"]))
				}
				if want := "10:2:<nil> 13:2:2"; strings.Join(got, " ") != want || w.left(t, "person", "id") != "2" {
					t.Errorf("left: %v and %s, want %s", got, w.left(t, "person", "id"), want)
				}
				locate(t, c, j)
				if n := j.Finding.Total(); n.Rows != 0 || n.Cleared != 0 {
					t.Errorf("after: %+v", n)
				}
			})
		})
	}
}

// TestRule8_ASelfReferenceOfOthersIsCleared: case 01 with direction to, and
// with from, where those who answer to the subject have addresses of their own.
func TestRule8_ASelfReferenceOfOthersIsCleared(t *testing.T) {
	for _, direction := range []string{"to", "from"} {
		each(t, func(t *testing.T, e engine) {
			w := e.world(t)
			w.bosses(t, ", FOREIGN KEY (boss) REFERENCES person (id)")
			c := w.open(t, selfMap(direction, "", setNull), nil)
			problems, err := c.Check(t.Context())
			if err != nil || hasProblem(problems, connectors.SeverityDeletes, "", "") {
				t.Fatalf("Check: %v %+v", err, problems)
			}
			j := locate(t, c, subject("jane@x.example"))
			if got := j.Finding.Total(); got.Rows != 1 || got.Cleared != 1 {
				t.Errorf("%s: %+v", direction, got)
			}
			erase(t, c, j)
			bob := w.query(t, `SELECT boss AS v, full_name AS n FROM person WHERE id = 2`)
			if got := w.left(t, "person", "id"); got != "2,3" || bob[0]["v"] != nil || fmt.Sprint(bob[0]["n"]) != "Bob" {
				t.Errorf("%s: left %s, Bob %v", direction, got, bob)
			}
			if cid := w.query(t, `SELECT boss AS v FROM person WHERE id = 3`); fmt.Sprint(cid[0]["v"]) != "2" {
				t.Errorf("%s: Cid's boss is %v", direction, cid[0]["v"])
			}
		})
	}
}

// TestRule6_ReferencesOfOtherTenantsAreNotCleared: they are refused before
// anything is changed.
func TestRule6_ReferencesOfOtherTenantsAreNotCleared(t *testing.T) {
	for _, rule := range []string{"", "ON DELETE SET NULL"} {
		each(t, func(t *testing.T, e engine) {
			w := e.world(t)
			w.approvals(t, rule)
			w.make(t, `INSERT INTO person VALUES (9, 'globex', 'gus@x.example')`, `INSERT INTO orders VALUES (19, 'globex', 9, 1)`)
			c := w.open(t, approvalMap("to", setNull), nil)
			j := locate(t, c, subject("jane@x.example"))
			if err := c.Erase(t.Context(), []*connectors.Job{j}); err != nil || connectors.KindOf(j.Err()) != connectors.Misfit {
				t.Errorf("call %v, job %v", err, j.Err())
			}
			if got := w.query(t, `SELECT count(*) AS n FROM orders WHERE approved_by = 1`)[0]["n"]; got != int64(3) || w.left(t, "person", "id") != "1,2,9" {
				t.Errorf("%v references are left, and persons %s", got, w.left(t, "person", "id"))
			}
		})
	}
}

// TestRule8_KeptRowsLetGo: what is retained by law refers to a person who
// goes; it is found again, and counted as retained.
func TestRule8_KeptRowsLetGo(t *testing.T) {
	dataMap := personMap(collection("bill", "on_delete: {retain: {exception: legal_obligation, reason: tax law}}", fieldID, fieldTenant, fieldRef("person_id", "person.id")+setNull))
	each(t, func(t *testing.T, e engine) {
		w := e.world(t)
		w.person(t)
		w.make(t, `CREATE TABLE bill (id NUMBER PRIMARY KEY, tenant TEXT NOT NULL, person_id NUMBER, FOREIGN KEY (person_id) REFERENCES person (id))`,
			`INSERT INTO bill VALUES (1, 'acme', 1), (2, 'acme', 3)`)
		c := w.open(t, dataMap, nil)
		problems, err := c.Check(t.Context())
		if err != nil || hasProblem(problems, connectors.SeverityDeletes, "", "") {
			t.Fatalf("Check: %v %+v", err, problems)
		}
		j := locate(t, c, subject("ann@example.com"))
		erase(t, c, j)
		locate(t, c, j)
		if set := j.Finding.Set("db.bill"); set.Retained != 1 || set.Cleared != 0 {
			t.Errorf("bills: %+v", set.Counts)
		}
		if got := w.left(t, "person", "id") + " " + w.left(t, "bill", "id"); got != "2,3 1,2" {
			t.Errorf("left: %s", got)
		}
	})
}

// TestCheckSaysWhatCanNotBeCleared: a column that can't be NULL, and a trigger
// on the rows of others.
func TestCheckSaysWhatCanNotBeCleared(t *testing.T) {
	each(t, func(t *testing.T, e engine) {
		w := e.world(t)
		w.person(t)
		w.make(t, `CREATE TABLE orders (id NUMBER PRIMARY KEY, tenant TEXT NOT NULL, person_id NUMBER, approved_by NUMBER NOT NULL, FOREIGN KEY (approved_by) REFERENCES person (id))`)
		w.trigger(t, "orders", "UPDATE")
		c := w.open(t, approvalMap("to", setNull), nil)
		problems, err := c.Check(t.Context())
		if err != nil || !hasProblem(problems, connectors.SeverityDeletes, "db.orders.approved_by", "can't be NULL") || !hasProblem(problems, connectors.SeverityDeletes, "db.orders", "watch") {
			t.Errorf("Check: %v %+v", err, problems)
		}
	})
}

// TestRule8_ASharedRowThatNamesSomebodyElseStays: though nobody else refers to
// it, and the map lets shared rows go. It is shown without its person.
func TestRule8_ASharedRowThatNamesSomebodyElseStays(t *testing.T) {
	each(t, func(t *testing.T, e engine) {
		w := e.world(t)
		w.bosses(t, "")
		c := w.open(t, selfMap("to", ", owned: true, gather: true", ""), nil)
		j := locate(t, c, subject("cid@x.example"))
		if got := j.Finding.Total(); got.Rows != 1 || got.Shared != 1 {
			t.Errorf("found %+v, want one row of his, and one that names his boss", got)
		}
		mustJob(t, c.Gather(t.Context(), []*connectors.Job{j}), j)
		if rows := strings.Join(rowsOf(j, "db.person"), "\n"); !strings.Contains(rows, "Cid") || strings.Contains(strings.ToLower(rows), "bob") || strings.Contains(rows, "Jane") {
			t.Errorf("gathered\n%s", rows)
		}
		erase(t, c, j)
		if got := w.left(t, "person", "id"); got != "1,2" {
			t.Errorf("left: %s", got)
		}
	})
}

// TestRule6_NumbersOfOtherTenantsAreNotCleared: no foreign key watches, and
// another tenant's rows hold the same number for somebody of theirs.
func TestRule6_NumbersOfOtherTenantsAreNotCleared(t *testing.T) {
	each(t, func(t *testing.T, e engine) {
		w := e.world(t)
		w.person(t)
		w.make(t, `CREATE TABLE orders (id NUMBER PRIMARY KEY, tenant TEXT NOT NULL, person_id NUMBER, approved_by NUMBER)`,
			`INSERT INTO orders VALUES (10, 'acme', 3, 1), (11, 'globex', 2, 1), (12, 'acme', 3, 3)`)
		c := w.open(t, approvalMap("to", setNull), nil)
		erase(t, c, locate(t, c, subject("ann@example.com")))
		var got []string
		for _, r := range w.query(t, `SELECT id, approved_by FROM orders ORDER BY id`) {
			got = append(got, fmt.Sprintf("%v:%v", r["id"], r["approved_by"]))
		}
		if want := "10:<nil> 11:1 12:3"; strings.Join(got, " ") != want {
			t.Errorf("orders: %v, want %s", got, want)
		}
	})
}
