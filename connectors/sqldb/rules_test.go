package sqldb_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"privacydesk/connectors"
	"privacydesk/connectors/connectortest"
	"privacydesk/connectors/sqldb"
)

// mapOf makes a data map of collections in YAML, dataset "db".
func mapOf(collections ...string) string {
	return "dataset:\n  - fides_key: db\n    privacydesk: {tenant: {field: tenant}}\n    collections:\n" + strings.Join(collections, "")
}

// collection is one of them; fields are the insides of YAML mappings.
func collection(name, ours string, fields ...string) string {
	out := "      - name: " + name + "\n        privacydesk: {" + ours + "}\n        fields:\n"
	for _, f := range fields {
		out += "          - {" + f + "}\n"
	}
	return out
}

const (
	fieldID     = "name: id, data_categories: [user.unique_id], fides_meta: {primary_key: true}"
	fieldTenant = "name: tenant"
	fieldEmail  = "name: email, data_categories: [user.contact.email], fides_meta: {identity: email}"
)

func fieldRef(name, to string) string {
	return "name: " + name + ", data_categories: [user.unique_id], fides_meta: {references: [{dataset: db, field: " + to + ", direction: from}]}"
}

func subject(email string) *connectors.Job {
	return &connectors.Job{
		ID: "run 1",
		Subject: connectors.Subject{Tenant: "acme", Identities: []connectors.Identity{
			{Type: connectors.Email, Value: connectors.Text(email)},
		}},
		Guard: connectors.GuardFunc(func(context.Context) error { return nil }),
		Mask:  connectortest.Masker("key"), Sink: connectortest.NewRecorder(),
	}
}

func locate(t *testing.T, c connectors.Connector, j *connectors.Job) *connectors.Job {
	t.Helper()
	mustJob(t, c.Locate(t.Context(), []*connectors.Job{j}), j)
	return j
}

func erase(t *testing.T, c connectors.Connector, j *connectors.Job) {
	t.Helper()
	mustJob(t, c.Erase(t.Context(), []*connectors.Job{j}), j)
}

// left lists the values of a column, in order.
func (w *world) left(tb testing.TB, table, column string) string {
	tb.Helper()
	var out []string
	for _, r := range w.query(tb, "SELECT "+w.q(column)+" AS v FROM "+w.q(table)+" ORDER BY 1") {
		out = append(out, fmt.Sprintf("%v", r["v"]))
	}
	return strings.Join(out, ",")
}

func (w *world) make(tb testing.TB, statements ...string) {
	tb.Helper()
	for _, s := range statements {
		w.exec(tb, strings.NewReplacer("NUMBER", w.number, "TEXT", w.text).Replace(s))
	}
}

// only runs a test on one engine.
func only(t *testing.T, kind string) *world {
	t.Helper()
	for _, e := range engines() {
		if e.kind == kind {
			return e.world(t)
		}
	}
	t.Fatalf("no engine %s", kind)
	return nil
}

func personMap(more ...string) string {
	return mapOf(append([]string{collection("person", "on_delete: delete", fieldID, fieldTenant, fieldEmail)}, more...)...)
}

func (w *world) person(tb testing.TB) {
	tb.Helper()
	w.make(tb, `CREATE TABLE person (id NUMBER PRIMARY KEY, tenant TEXT NOT NULL, email TEXT NOT NULL)`,
		`INSERT INTO person VALUES (1, 'acme', 'ann@example.com'), (2, 'globex', 'ann@example.com'), (3, 'acme', 'bob@example.com')`)
}

func shortLocks(o *sqldb.Options) { o.LockTimeout = time.Second }
