package sqldb_test

import (
	"strings"
	"testing"

	"privacydesk/connectors"
)

// codes makes people with a text for a key, and notes that refer to it.
func (w *world) codes(tb testing.TB, parent, child string, codes ...string) {
	tb.Helper()
	w.exec(tb, "CREATE TABLE person (code "+parent+" PRIMARY KEY, tenant "+w.text+" NOT NULL, email "+w.text+" NOT NULL)")
	w.exec(tb, "CREATE TABLE note (id "+w.number+" PRIMARY KEY, tenant "+w.text+" NOT NULL, code "+child+", FOREIGN KEY (code) REFERENCES person (code))")
	w.exec(tb, "CREATE TABLE line (id "+w.number+" PRIMARY KEY, code "+child+", FOREIGN KEY (code) REFERENCES person (code))")
	w.exec(tb, "INSERT INTO person VALUES ('"+codes[0]+"', 'acme', 'ann@example.com'), ('bob', 'acme', 'bob@example.com'), ('zoe', 'globex', 'ann@example.com')")
	for i, code := range append(codes, "bob") {
		w.insert(tb, "note", map[string]any{"id": int64(i + 1), "tenant": "acme", "code": code})
		w.insert(tb, "line", map[string]any{"id": int64(i + 1), "code": code})
	}
}

func codeMap() string {
	return mapOf(
		collection("person", "on_delete: delete", "name: code, data_categories: [user.unique_id], fides_meta: {primary_key: true}", fieldTenant, fieldEmail),
		collection("note", "on_delete: delete", fieldID, fieldTenant, fieldRef("code", "person.code")),
		collection("line", "on_delete: delete, tenant: {via: person}", fieldID, fieldRef("code", "person.code")))
}

// TestRule7_KeysThatTheDatabaseCallsEqualAreFollowed: and compared in Go by
// the same folding, so that all is found, and none that merely looks alike.
func TestRule7_KeysThatTheDatabaseCallsEqualAreFollowed(t *testing.T) {
	for name, c := range map[string]struct {
		kind, parent, child string
		codes               []string
	}{
		"citext":             {"postgres", "citext", "citext", []string{"Ann", "ANN", "ann"}},
		"nocase":             {"sqlite", "TEXT COLLATE NOCASE", "TEXT", []string{"Ann", "ANN", "ann"}},
		"rtrim":              {"sqlite", "TEXT COLLATE RTRIM", "TEXT", []string{"Ann", "Ann ", "Ann  "}},
		"general":            {"mysql", "VARCHAR(50) COLLATE utf8mb4_general_ci", "VARCHAR(50) COLLATE utf8mb4_general_ci", []string{"Ann", "ANN ", "ann"}},
		"unicode":            {"mysql", "VARCHAR(50) COLLATE utf8mb4_unicode_ci", "VARCHAR(50) COLLATE utf8mb4_unicode_ci", []string{"Ann", "ANN ", "ann"}},
		"binary with spaces": {"mysql", "VARCHAR(50) COLLATE utf8mb4_bin", "VARCHAR(50) COLLATE utf8mb4_bin", []string{"Ann", "Ann ", "Ann  "}},
		"latin":              {"mysql", "VARCHAR(50) CHARACTER SET latin1 COLLATE latin1_swedish_ci", "VARCHAR(50) CHARACTER SET latin1 COLLATE latin1_swedish_ci", []string{"Ann", "ANN ", "ann"}},
		"by their bytes":     {"mysql", "VARCHAR(50) COLLATE utf8mb4_nopad_bin", "VARCHAR(50) COLLATE utf8mb4_nopad_bin", []string{"Ann", "Ann", "Ann"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := only(t, c.kind)
			if c.parent == "citext" {
				w.exec(t, `CREATE EXTENSION citext`)
			}
			w.codes(t, c.parent, c.child, c.codes...)
			conn := w.open(t, codeMap(), batchOf(1))
			if problems, err := conn.Check(t.Context()); err != nil || hasProblem(problems, connectors.SeverityBlocks, "", "") || hasProblem(problems, connectors.SeverityDeletes, "", "") {
				t.Fatalf("Check: %v %+v", err, problems)
			}
			j := subject("ann@example.com")
			other := subject("bob@example.com")
			other.ID = "run 2"
			if err := conn.Locate(t.Context(), []*connectors.Job{j, other}); err != nil || j.Err() != nil || other.Err() != nil {
				t.Fatalf("locate: %v, %v, %v", err, j.Err(), other.Err())
			}
			for _, key := range []string{"db.note", "db.line"} {
				if a, b := j.Finding.Set(key).Rows, other.Finding.Set(key).Rows; a != 3 || b != 1 {
					t.Errorf("%s: %d and %d rows, want 3 and 1", key, a, b)
				}
			}
			mustJob(t, conn.Gather(t.Context(), []*connectors.Job{j}), j)
			if rows := rowsOf(j, "db.note"); len(rows) != 3 {
				t.Errorf("gathered %v", rows)
			}
			erase(t, conn, j)
			if got := w.left(t, "note", "id") + " " + w.left(t, "line", "id") + " " + w.left(t, "person", "code"); got != "4 4 bob,zoe" {
				t.Errorf("left: %s", got)
			}
		})
	}
}

// TestRule7_KeysThatCanNotBeComparedAreRefused: the database calls them equal,
// and by what rules is not known here. Nothing is missed in silence; whoever
// has no such key is served.
func TestRule7_KeysThatCanNotBeComparedAreRefused(t *testing.T) {
	for name, c := range map[string]struct {
		kind, column string
		codes        []string
	}{
		"an accent":    {"mysql", "VARCHAR(50) COLLATE utf8mb4_general_ci", []string{"jose", "josé"}},
		"a ligature":   {"mysql", "VARCHAR(50) COLLATE utf8mb4_unicode_ci", []string{"strasse", "straße"}},
		"a language":   {"mysql", "VARCHAR(50) COLLATE utf8mb4_lithuanian_ci", []string{"kyi", "kiy"}},
		"an ICU one":   {"postgres", "text COLLATE loose", []string{"jose", "JOSE"}},
		"a citext one": {"postgres", "citext", []string{"josé", "JOSÉ"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := only(t, c.kind)
			if w.kind == "postgres" {
				w.exec(t, `CREATE EXTENSION citext`)
				w.exec(t, `CREATE COLLATION loose (provider = icu, locale = 'und-u-ks-level1', deterministic = false)`)
			}
			w.codes(t, c.column, c.column, c.codes...)
			conn := w.open(t, codeMap(), nil)
			j, other := subject("ann@example.com"), subject("bob@example.com")
			other.ID = "run 2"
			if err := conn.Locate(t.Context(), []*connectors.Job{j, other}); err != nil {
				t.Fatal(err)
			}
			if err := j.Err(); connectors.KindOf(err) != connectors.Misfit || !strings.Contains(err.Error(), ".code") || strings.Contains(err.Error(), "jos") {
				t.Errorf("the job is %v, want a misfit that names the column", err)
			}
			if other.Err() != nil || other.Finding.Set("db.note").Rows != 1 {
				t.Errorf("the other job: %v, %+v", other.Err(), other.Finding.Total())
			}
		})
	}
}
