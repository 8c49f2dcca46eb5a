package sqldb_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"privacydesk/connectors"
)

// parcels makes the tables of case 19: a key of two columns, one of three
// below it, and what refers to that.
func (w *world) parcels(tb testing.TB, rule string) {
	tb.Helper()
	short := w.text
	if w.kind == "mysql" {
		short = "VARCHAR(40)"
	}
	for _, s := range []string{
		`CREATE TABLE person (id NUMBER PRIMARY KEY, tenant TEXT NOT NULL, email TEXT)`,
		`CREATE TABLE orders (tenant TEXT NOT NULL, account SHORT NOT NULL, no SHORT NOT NULL, person_id NUMBER NOT NULL, PRIMARY KEY (account, no), FOREIGN KEY (person_id) REFERENCES person (id))`,
		`CREATE TABLE line (tenant TEXT NOT NULL, account SHORT NOT NULL, order_no SHORT NOT NULL, line_no NUMBER NOT NULL, PRIMARY KEY (account, order_no, line_no),
			FOREIGN KEY (account, order_no) REFERENCES orders (account, no))`,
		`CREATE TABLE z_shipment (id NUMBER PRIMARY KEY, tenant TEXT NOT NULL, account SHORT, order_no SHORT, line_no NUMBER,
			CONSTRAINT shipped FOREIGN KEY (account, order_no, line_no) REFERENCES line (account, order_no, line_no) ` + rule + `)`,
		`INSERT INTO person VALUES (1, 'acme', 'ann@example.com'), (2, 'acme', 'bob@example.com')`,
		`INSERT INTO orders VALUES ('acme', 'acme', 'A', 1), ('acme', 'acme', 'B', 2), ('acme', 'zeta', 'A', 2)`,
		`INSERT INTO line VALUES ('acme', 'acme', 'A', 1), ('acme', 'acme', 'A', 2), ('acme', 'acme', 'B', 1), ('acme', 'zeta', 'A', 1)`,
		`INSERT INTO z_shipment VALUES (10, 'acme', 'acme', 'A', 1), (11, 'acme', 'acme', 'A', 2), (12, 'acme', 'acme', 'B', 1), (13, 'acme', 'zeta', 'A', 1)`,
	} {
		w.make(tb, strings.ReplaceAll(s, "SHORT", short))
	}
}

// parcelMap says of orders, lines and shipments by which field the tenant is
// told, and which references shipments have.
func parcelMap(tenant, ours string, shipment ...string) string {
	to := func(dir string, fields ...string) string {
		var out []string
		for _, f := range fields {
			out = append(out, "{dataset: db, field: "+f+", direction: "+dir+"}")
		}
		return "references: [" + strings.Join(out, ", ") + "]"
	}
	key := ", fides_meta: {primary_key: true}"
	scope := ", tenant: {field: " + tenant + "}"
	return mapOf(collection("person", "on_delete: delete", fieldID, fieldTenant, fieldEmail),
		collection("orders", "on_delete: delete"+scope, fieldTenant, "name: account"+key, "name: no"+key, fieldRef("person_id", "person.id")),
		collection("line", "on_delete: delete"+scope, fieldTenant, "name: account"+key, "name: order_no, fides_meta: {primary_key: true, "+to("from", "orders.no")+"}", "name: line_no"+key),
		collection("z_shipment", "on_delete: delete"+scope+ours, strings.Replace(fieldID, "user.unique_id", "system.operations", 1), fieldTenant, "name: account", "name: order_no, fides_meta: {"+to("from", shipment...)+"}", "name: line_no"))
}

// TestRule14_KeysOfSeveralColumns: case 19, the four rows of its table; with
// the account as the tenant, and beside it. What the database keeps over
// several columns is compared by all of them, and gives the order.
func TestRule14_KeysOfSeveralColumns(t *testing.T) {
	const said = ", references: [{to: line, fields: {account: account, order_no: order_no, line_no: line_no}, direction: from}]"
	for _, tenant := range []string{"account", "tenant"} {
		for name, dataMap := range map[string]string{
			"to orders":        parcelMap(tenant, "", "orders.no"),
			"to lines":         parcelMap(tenant, "", "line.order_no"),
			"to both":          parcelMap(tenant, "", "orders.no", "line.order_no"),
			"in words of ours": parcelMap(tenant, said),
			"and to orders":    parcelMap(tenant, said, "orders.no"),
			"with erase_after": strings.Replace(parcelMap(tenant, "", "orders.no", "line.order_no"), "      - name: line\n", "      - name: line\n        fides_meta: {erase_after: [db.z_shipment]}\n", 1),
		} {
			t.Run(tenant+" "+name, func(t *testing.T) {
				each(t, func(t *testing.T, e engine) {
					rules := []string{""}
					if name == "to both" || name == "in words of ours" {
						rules = append(rules, "ON DELETE CASCADE")
					}
					for _, rule := range rules {
						w := e.world(t)
						w.parcels(t, rule)
						c := w.open(t, dataMap, batchOf(1))
						problems, err := c.Check(t.Context())
						if err != nil || hasProblem(problems, connectors.SeverityBlocks, "", "") {
							t.Fatalf("Check: %v %+v", err, problems)
						}
						refuses := hasProblem(problems, connectors.SeverityDeletes, "", "")
						if name == "to orders" && tenant == "tenant" {
							// The column alone is no key of orders, and nothing says whose
							// the lines' shipments are: check says how to say it.
							if !refuses || !hasProblem(problems, connectors.SeverityDeletes, "db.line", "does not know") {
								t.Errorf("Check: %+v", problems)
							}
							if i := slices.IndexFunc(problems, func(p connectors.Problem) bool {
								return strings.Contains(p.Mend, "{to: line, fields: {account: account, ")
							}); i < 0 {
								t.Errorf("no mend names the columns: %+v", problems)
							}
							continue
						}
						if refuses {
							t.Fatalf("Check: %+v", problems)
						}
						j := locate(t, c, subject("ann@example.com"))
						if set := j.Finding.Set("db.z_shipment"); set.Rows != 2 || set.Shared != 0 {
							t.Errorf("shipments: %+v", set.Counts)
						}
						erase(t, c, j)
						if got := w.left(t, "z_shipment", "id") + " " + fmt.Sprint(len(w.dump(t, "line")), len(w.dump(t, "orders"))) + " " + w.left(t, "person", "id"); got != "12,13 2 2 2" {
							t.Errorf("left: %s", got)
						}
						locate(t, c, j)
						if n := j.Finding.Total().Rows; n != 0 {
							t.Errorf("%d rows left", n)
						}
					}
				})
			})
		}
	}
}

// TestRule8_AKeyOfSeveralColumnsIsClearedByOne: its other columns stay, and so
// do rows that hold some of them.
func TestRule8_AKeyOfSeveralColumnsIsClearedByOne(t *testing.T) {
	each(t, func(t *testing.T, e engine) {
		w := e.world(t)
		w.parcels(t, "")
		dataMap := strings.Replace(parcelMap("tenant", ", references: [{to: line, fields: {account: account, order_no: order_no, line_no: line_no}, direction: to}]"),
			"{name: order_no, fides_meta: {references: []}}\n          - {name: line_no}", "{name: order_no}\n          - {name: line_no, privacydesk: {on_delete: set_null}}", 1)
		c := w.open(t, dataMap, batchOf(1))
		problems, err := c.Check(t.Context())
		if err != nil || hasProblem(problems, connectors.SeverityDeletes, "", "") {
			t.Fatalf("Check: %v %+v", err, problems)
		}
		j := locate(t, c, subject("ann@example.com"))
		if set := j.Finding.Set("db.z_shipment"); set.Cleared != 2 || set.Rows != 0 {
			t.Errorf("shipments: %+v", set.Counts)
		}
		erase(t, c, j)
		var got []string
		for _, r := range w.query(t, `SELECT id, order_no, line_no FROM z_shipment ORDER BY id`) {
			got = append(got, fmt.Sprintf("%v:%v:%v", r["id"], r["order_no"], r["line_no"]))
		}
		if want := "10:A:<nil> 11:A:<nil> 12:B:1 13:A:1"; strings.Join(got, " ") != want {
			t.Errorf("shipments: %v, want %s", got, want)
		}
	})
}
