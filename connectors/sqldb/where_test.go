package sqldb_test

import (
	"slices"
	"strings"
	"testing"

	"privacydesk/connectors"
	"privacydesk/connectors/connectortest"
)

func noteMap(where string) string {
	return personMap(collection("note", "on_delete: delete", fieldID, fieldTenant, "name: notable_type", "name: body, data_categories: [user.content]",
		"name: notable_id, data_categories: [user.unique_id], fides_meta: {references: [{dataset: db, field: person.id, direction: from"+where+"}]}"))
}

// TestRule7_ReferencesOfAnotherTypeAreNot: a polymorphic reference reaches rows
// of its type alone, in what is counted, shown, erased and verified.
func TestRule7_ReferencesOfAnotherTypeAreNot(t *testing.T) {
	each(t, func(t *testing.T, e engine) {
		w := e.world(t)
		w.person(t)
		w.make(t, `CREATE TABLE note (id NUMBER PRIMARY KEY, tenant TEXT NOT NULL, notable_type TEXT, notable_id NUMBER, body TEXT)`,
			`INSERT INTO note VALUES (1, 'acme', 'Person', 1, 'about ann'), (2, 'acme', 'Company', 1, 'secret of joe'), (3, 'acme', 'person', 1, 'of no type'), (4, 'acme', NULL, 1, 'nobody'), (5, 'acme', 'Person', 2, 'about another')`)
		c := w.open(t, noteMap(", privacydesk: {where: {notable_type: Person}}"), batchOf(1))
		if problems, err := c.Check(t.Context()); err != nil || hasProblem(problems, connectors.SeverityBlocks, "", "") || hasProblem(problems, connectors.SeverityNote, "db.note.notable_id", "no condition") {
			t.Fatalf("Check: %v %+v", err, problems)
		}
		j := locate(t, c, subject("ann@example.com"))
		if got := j.Finding.Set("db.note").Rows; got != 1 {
			t.Errorf("%d notes found, want 1", got)
		}
		mustJob(t, c.Gather(t.Context(), []*connectors.Job{j}), j)
		shown := ""
		for _, r := range j.Sink.(*connectortest.Recorder).Tables["db.note"].Rows {
			shown += strings.Join(r, " ")
		}
		if !strings.Contains(shown, "about ann") || strings.Contains(shown, "joe") || strings.Contains(shown, "of no type") {
			t.Errorf("shown: %s", shown)
		}
		erase(t, c, j)
		if got := w.left(t, "note", "id"); got != "2,3,4,5" {
			t.Errorf("left: %s", got)
		}
		if after := locate(t, c, j); after.Finding.Set("db.note").Rows != 0 {
			t.Errorf("after the erase %d notes are found", after.Finding.Set("db.note").Rows)
		}
	})
}

// TestCheckAsksForTheTypeOfAReference: where a column beside a reference says
// to what it refers, and nothing confines it; and a condition that no row could
// meet.
func TestCheckAsksForTheTypeOfAReference(t *testing.T) {
	each(t, func(t *testing.T, e engine) {
		w := e.world(t)
		w.person(t)
		w.make(t, `CREATE TABLE note (id NUMBER PRIMARY KEY, tenant TEXT NOT NULL, notable_type TEXT, notable_id NUMBER, body TEXT)`)
		for where, want := range map[string][]string{
			"": {"note", "db.note.notable_id", "the reference has no condition"},
			", privacydesk: {where: {notable_type: Person}}":           nil,
			", privacydesk: {where: {notable_type: [Person, People]}}": nil,
			", privacydesk: {where: {notable_type: 7}}":                {"blocks", "db.note.notable_type", "no row would meet it"},
		} {
			problems, err := w.open(t, noteMap(where), nil).Check(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if want != nil && !hasProblem(problems, connectors.Severity(want[0]), want[1], want[2]) {
				t.Errorf("%s: %+v", where, problems)
			}
			if said := slices.ContainsFunc(problems, func(p connectors.Problem) bool { return strings.Contains(p.What, "condition") }); said != (want != nil) {
				t.Errorf("%s: %+v", where, problems)
			}
		}
	})
}
