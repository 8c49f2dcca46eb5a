package sqldb_test

import (
	"fmt"
	"testing"

	"privacydesk/connectors"
)

// TestVeryManyKeys: more than a statement takes one by one, as bytes and as
// texts that are not all UTF-8.
func TestVeryManyKeys(t *testing.T) {
	dataMap := mapOf(
		collection("person", "on_delete: delete", "name: code, data_categories: [user.unique_id], fides_meta: {primary_key: true}", fieldTenant, fieldEmail),
		collection("note", "on_delete: delete", fieldID, fieldTenant, fieldRef("code", "person.code")),
	)
	const people = 49_000
	fill := map[string]string{
		"postgres": `INSERT INTO person SELECT decode(lpad(to_hex(n), 32, '0'), 'hex'), 'acme', 'ann@example.com' FROM generate_series(1, 49000) AS n`,
		"mysql":    `INSERT INTO person SELECT UNHEX(LPAD(HEX(seq), 32, '0')), 'acme', 'ann@example.com' FROM seq_1_to_49000`,
		"sqlite":   `WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < 49000) INSERT INTO person SELECT unhex(printf('%032x', n)), 'acme', 'ann@example.com' FROM s`,
	}
	bytes := map[string]string{"postgres": "bytea", "mysql": "BINARY(16)", "sqlite": "BLOB"}
	each(t, func(t *testing.T, e engine) {
		w := e.world(t)
		w.make(t, `CREATE TABLE person (code `+bytes[w.kind]+` PRIMARY KEY, tenant TEXT NOT NULL, email TEXT NOT NULL)`,
			`CREATE TABLE note (id NUMBER PRIMARY KEY, tenant TEXT NOT NULL, code `+bytes[w.kind]+`)`, `CREATE INDEX note_code ON note (code)`)
		w.exec(t, fill[w.kind])
		w.exec(t, `INSERT INTO note SELECT 1, 'acme', code FROM person ORDER BY code DESC LIMIT 1`)
		w.exec(t, `INSERT INTO note SELECT 2, 'globex', code FROM person ORDER BY code DESC LIMIT 1`)
		c := w.open(t, dataMap, nil)
		j := locate(t, c, subject("ann@example.com"))
		if got := j.Finding.Total().Rows; got != people+1 {
			t.Errorf("%d rows found, want %d", got, people+1)
		}
		erase(t, c, j)
		if got := fmt.Sprint(len(w.query(t, `SELECT 1 AS x FROM person`))) + " " + w.left(t, "note", "id"); got != "0 2" {
			t.Errorf("left: %s", got)
		}
	})
}

// TestSQLiteTextsThatAreNoUTF8: bound as they are.
func TestSQLiteTextsThatAreNoUTF8(t *testing.T) {
	w := only(t, "sqlite")
	w.make(t, `CREATE TABLE person (code TEXT PRIMARY KEY, tenant TEXT NOT NULL, email TEXT NOT NULL)`, `CREATE TABLE note (id NUMBER PRIMARY KEY, tenant TEXT NOT NULL, code TEXT)`)
	w.exec(t, `WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < 300)
		INSERT INTO person SELECT CAST(X'FF' AS TEXT) || n, 'acme', 'ann@example.com' FROM s`)
	w.exec(t, `INSERT INTO note SELECT row_number() OVER (), 'acme', code FROM person`)
	w.exec(t, `INSERT INTO note VALUES (1000, 'acme', char(65533) || '1')`)
	c := w.open(t, mapOf(
		collection("person", "on_delete: delete", "name: code, data_categories: [user.unique_id], fides_meta: {primary_key: true}", fieldTenant, fieldEmail),
		collection("note", "on_delete: delete", fieldID, fieldTenant, fieldRef("code", "person.code"))), nil)
	j := locate(t, c, subject("ann@example.com"))
	if got := j.Finding.Total().Rows; got != 600 {
		t.Errorf("%d rows found, want 600", got)
	}
	erase(t, c, j)
	if got := w.left(t, "note", "id"); got != "1000" {
		t.Errorf("left: %s", got)
	}
}

// TestTooMuchForOneStatementIsAskedByHalves: what each job could ask alone,
// all can ask together.
func TestTooMuchForOneStatementIsAskedByHalves(t *testing.T) {
	fields := []string{fieldID, fieldTenant, fieldEmail}
	for _, name := range []string{"code", "nick", "badge"} {
		fields = append(fields, "name: "+name+", data_categories: [user], fides_meta: {references: [{dataset: crm, field: customer."+name+", direction: from}]}")
	}
	dataMap := mapOf(collection("person", "on_delete: delete", fields...))
	each(t, func(t *testing.T, e engine) {
		w := e.world(t)
		w.make(t, `CREATE TABLE person (id NUMBER PRIMARY KEY, tenant TEXT NOT NULL, email TEXT NOT NULL, code TEXT, nick TEXT, badge TEXT)`)
		var jobs []*connectors.Job
		for i := range 2 {
			w.exec(t, fmt.Sprintf(`INSERT INTO person VALUES (%d, 'acme', '', 'code %d-7', 'nick', 'badge')`, i, i))
			j := subject("nobody@example.com")
			j.ID = fmt.Sprint("run ", i)
			for _, name := range []string{"code", "nick", "badge"} {
				for n := range 7_400 { // below what goes as one array, and all together above what a statement holds
					j.Subject.Identities = append(j.Subject.Identities, connectors.Identity{
						Type: connectors.IdentityType("crm.customer." + name), Value: connectors.Text(fmt.Sprintf("%s %d-%d", name, i, n)),
					})
				}
			}
			jobs = append(jobs, j)
		}
		c := w.open(t, dataMap, nil)
		if err := c.Locate(t.Context(), jobs); err != nil {
			t.Fatal(err)
		}
		for i, j := range jobs {
			if j.Err() != nil || j.Finding.Total().Rows != 1 {
				t.Errorf("job %d: %v, %+v", i, j.Err(), j.Finding.Total())
			}
		}
	})
}
