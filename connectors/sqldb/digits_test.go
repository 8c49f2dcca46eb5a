package sqldb_test

import (
	"strings"
	"testing"

	"privacydesk/connectors"
	"privacydesk/connectors/connectortest"
)

// TestRule7_TextsThatSpellNumbersAreFollowed: where the map declares it, and
// exactly: '02' is nobody's number, in either direction, over one reference or
// several.
func TestRule7_TextsThatSpellNumbersAreFollowed(t *testing.T) {
	declared := func(name, to string) string {
		return strings.Replace(fieldRef(name, to), "fides_meta: {", "fides_meta: {data_type: integer, ", 1)
	}
	dataMap := personMap(
		collection("orders", "on_delete: delete", fieldID, fieldTenant, declared("person_id", "person.id")),
		collection("parcel", "on_delete: delete", "name: no, data_categories: [user.unique_id], fides_meta: {primary_key: true, data_type: integer}", fieldTenant,
			"name: order_id, data_categories: [user.unique_id], fides_meta: {references: [{dataset: db, field: orders.id, direction: from}]}"),
		collection("scan", "tenant: {via: parcel}, on_delete: delete", fieldID, fieldRef("parcel_no", "parcel.no")),
	)
	each(t, func(t *testing.T, e engine) {
		w := e.world(t)
		w.make(t, `CREATE TABLE person (id NUMBER PRIMARY KEY, tenant TEXT NOT NULL, email TEXT NOT NULL)`,
			`CREATE TABLE orders (id NUMBER PRIMARY KEY, tenant TEXT NOT NULL, person_id TEXT)`,
			`CREATE TABLE parcel (no TEXT PRIMARY KEY, tenant TEXT NOT NULL, order_id NUMBER)`,
			`CREATE TABLE scan (id NUMBER PRIMARY KEY, parcel_no NUMBER)`,
			`INSERT INTO person VALUES (2, 'acme', 'ann@example.com'), (3, 'acme', 'bob@example.com'), (9007199254740993, 'acme', 'ann@example.com')`,
			`INSERT INTO orders VALUES (10, 'acme', '2'), (11, 'acme', '02'), (12, 'acme', ' 2'), (13, 'acme', '2.0'), (14, 'acme', '2x'), (15, 'acme', '3'), (16, 'acme', NULL), (17, 'acme', '9007199254740993'), (18, 'globex', '2'), (19, 'acme', '9007199254740992')`,
			`INSERT INTO parcel VALUES ('5', 'acme', 10), ('05', 'acme', 15), ('6', 'acme', 11)`,
			`INSERT INTO scan VALUES (20, 5), (21, 6)`)
		c := w.open(t, dataMap, batchOf(1))
		if problems, err := c.Check(t.Context()); err != nil || hasProblem(problems, connectors.SeverityBlocks, "", "") || hasProblem(problems, connectors.SeverityDeletes, "", "") {
			t.Fatalf("Check: %v %+v", err, problems)
		}
		j := locate(t, c, subject("ann@example.com"))
		if got := j.Finding.Total().Rows; got != 6 {
			t.Errorf("%d rows found, want 6", got)
		}
		mustJob(t, c.Gather(t.Context(), []*connectors.Job{j}), j)
		if got := j.Sink.(*connectortest.Recorder).Tables["db.orders"].Rows; len(got) != 2 {
			t.Errorf("orders shown: %v", got)
		}
		erase(t, c, j)
		for table, want := range map[string]string{"person": "3", "orders": "11,12,13,14,15,16,18,19", "scan": "21"} {
			if got := w.left(t, table, "id"); got != want {
				t.Errorf("%s: left %s, want %s", table, got, want)
			}
		}
		if got := w.left(t, "parcel", "no"); got != "05,6" {
			t.Errorf("parcels left: %s", got)
		}
	})
}
