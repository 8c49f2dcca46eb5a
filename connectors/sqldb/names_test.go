package sqldb_test

import (
	"strings"
	"testing"

	"privacydesk/connectors"
)

// TestCheckNamesWhatRefersByNameOnly: a table without a foreign key, whose
// column is called after a person's table or as the map's own references are;
// nothing else is.
func TestCheckNamesWhatRefersByNameOnly(t *testing.T) {
	dataMap := mapOf(collection("people", "on_delete: delete", fieldID, fieldTenant, fieldEmail),
		collection("orders", "on_delete: delete", fieldID, fieldTenant, fieldRef("buyer_ref", "people.id"), "name: payer"),
		collection("product", "on_delete: {retain: {exception: not_personal_data, reason: goods}}", strings.Replace(fieldID, "user.unique_id", "system.operations", 1), fieldTenant))
	each(t, func(t *testing.T, e engine) {
		w := e.world(t)
		w.make(t, `CREATE TABLE people (id NUMBER PRIMARY KEY, tenant TEXT NOT NULL, email TEXT)`,
			`CREATE TABLE product (id NUMBER PRIMARY KEY, tenant TEXT NOT NULL)`,
			`CREATE TABLE orders (id NUMBER PRIMARY KEY, tenant TEXT NOT NULL, buyer_ref NUMBER, payer NUMBER, person_id NUMBER)`,
			`CREATE TABLE by_table (id NUMBER PRIMARY KEY, personId NUMBER)`,
			`CREATE TABLE by_plural (id NUMBER PRIMARY KEY, people_id NUMBER)`,
			`CREATE TABLE by_usage (id NUMBER PRIMARY KEY, buyer_ref NUMBER)`,
			`CREATE TABLE by_order (id NUMBER PRIMARY KEY, order_id NUMBER)`,
			`CREATE TABLE other_type (id NUMBER PRIMARY KEY, person_id TEXT)`,
			`CREATE TABLE other_thing (id NUMBER PRIMARY KEY, product_id NUMBER, persona_id NUMBER, payer NUMBER)`,
			`CREATE TABLE kept (id NUMBER PRIMARY KEY, person_id NUMBER, FOREIGN KEY (person_id) REFERENCES people (id))`)
		problems, err := w.open(t, dataMap, nil).Check(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		said := ""
		for _, p := range problems {
			if strings.Contains(p.What, "look like references") || strings.Contains(p.What, "looks like a reference") {
				if p.Severity != connectors.SeverityNote {
					t.Errorf("%+v is no note", p)
				}
				said += p.Where + ": " + p.What + "\n"
			}
		}
		for _, want := range []string{"by_table: ", "personId to db.people", "by_plural: ", "by_usage: ", "buyer_ref to db.people", "by_order: ", "order_id to db.orders", "db.orders.person_id: "} {
			if !strings.Contains(strings.ToLower(said), strings.ToLower(want)) {
				t.Errorf("no word of %s in\n%s", want, said)
			}
		}
		for _, not := range []string{"other_type", "other_thing", "kept", "db.product", "payer"} {
			if strings.Contains(said, not) {
				t.Errorf("a word of %s in\n%s", not, said)
			}
		}
		if !hasProblem(problems, connectors.SeverityDeletes, "db.people", "does not know") {
			t.Errorf("the foreign key is not told: %+v", problems)
		}
	})
}

// TestAKeyToAMappedTableIsToBeSaid: where the map has the table that a foreign
// key leads to, it lacks the reference, and not the table.
func TestAKeyToAMappedTableIsToBeSaid(t *testing.T) {
	for _, kind := range []string{"postgres", "mysql", "sqlite"} {
		t.Run(kind, func(t *testing.T) {
			w := only(t, kind)
			w.exec(t, "CREATE TABLE plan (id "+w.number+" PRIMARY KEY, tenant "+w.text+")")
			w.exec(t, "CREATE TABLE person (id "+w.number+" PRIMARY KEY, tenant "+w.text+", email "+w.text+", boss "+w.number+", plan "+w.number+
				", FOREIGN KEY (boss) REFERENCES person (id), FOREIGN KEY (plan) REFERENCES plan (id))")
			_, said := check(t, w.open(t, mapOf(collection("person", "on_delete: delete", fieldID, fieldTenant, fieldEmail,
				"name: boss, data_categories: [user.unique_id]", "name: plan, data_categories: [system.operations]")), nil))
			boss, plan := "", ""
			for line := range strings.Lines(said) {
				if strings.HasPrefix(line, "note db.person.boss:") {
					boss = line
				}
				if strings.HasPrefix(line, "note db.person.plan:") {
					plan = line
				}
			}
			if !strings.Contains(boss, "mend: say a reference over boss: `direction: from`") || !strings.Contains(plan, "plan if it holds personal data") {
				t.Errorf("Check says\n%s", said)
			}
		})
	}
}
