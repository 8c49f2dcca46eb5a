package sqldb_test

import (
	"slices"
	"strings"
	"testing"

	"privacydesk/connectors"
	"privacydesk/connectors/connectortest"
)

// TestADatabaseWithoutAnEncodingIsReadAndNoted: old bytes are shown legibly,
// said to be a guess, and lead on as keys.
func TestADatabaseWithoutAnEncodingIsReadAndNoted(t *testing.T) {
	w := only(t, "postgres")
	name := strings.ReplaceAll(w.query(t, `SELECT current_database() AS n`)[0]["n"].(string), `"`, "") + "_old"
	w.exec(t, `CREATE DATABASE `+name+` ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0`)
	old := w.query(t, `SELECT current_database() AS n`)[0]["n"].(string)
	w.dsn = strings.Replace(w.dsn, "/"+old, "/"+name, 1)
	w.database = w.connect(t, w.dsn)
	w.exec(t, `CREATE TABLE person (code text PRIMARY KEY, tenant text, email text, full_name text)`)
	w.exec(t, `CREATE TABLE note (id int PRIMARY KEY, tenant text, code text)`)
	zoe := `convert_from('\x5a6feb'::bytea, 'SQL_ASCII')`
	w.exec(t, `INSERT INTO person SELECT `+zoe+`, 'acme', 'ann@example.com', `+zoe)
	w.exec(t, `INSERT INTO note SELECT 1, 'acme', `+zoe+` UNION SELECT 2, 'acme', 'Zo'`)
	c := w.open(t, mapOf(
		collection("person", "on_delete: delete", "name: code, data_categories: [user.unique_id], fides_meta: {primary_key: true}", fieldTenant, fieldEmail, "name: full_name, data_categories: [user.name]"),
		collection("note", "on_delete: delete", fieldID, fieldTenant, fieldRef("code", "person.code")),
	), nil)
	problems, said := check(t, c)
	if !hasProblem(problems, connectors.SeverityNote, "shopdb", "SQL_ASCII") {
		t.Errorf("Check says\n%s", said)
	}
	j := locate(t, c, subject("ann@example.com"))
	mustJob(t, c.Gather(t.Context(), []*connectors.Job{j}), j)
	tables := j.Sink.(*connectortest.Recorder).Tables
	if got := tables["db.person"].Rows; len(got) != 1 || !slices.Contains(got[0], "1:Zoë") {
		t.Errorf("gathered %q", got)
	}
	if got := tables["db.note"].Rows; len(got) != 1 {
		t.Errorf("gathered %q", got)
	}
	if got := strings.Join(j.Outcome.Notes, "; "); !strings.Contains(got, "no UTF-8") {
		t.Errorf("notes: %q", got)
	}
	erase(t, c, j)
	if got := w.left(t, "person", "tenant") + w.left(t, "note", "id"); got != "2" {
		t.Errorf("left: %s", got)
	}
}
