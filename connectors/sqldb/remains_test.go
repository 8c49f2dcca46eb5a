package sqldb_test

import (
	"bytes"
	"database/sql"
	"os"
	"slices"
	"strings"
	"testing"

	"privacydesk/connectors"
)

// TestErasingSaysWhatTheEngineKeeps: after an erase, and after the look that
// follows it; not after another look.
func TestErasingSaysWhatTheEngineKeeps(t *testing.T) {
	want := map[string]string{"postgres": "vacuum", "mysql": "binary log"}
	each(t, func(t *testing.T, e engine) {
		w := e.world(t)
		w.person(t)
		c := w.open(t, personMap(), nil)
		j := locate(t, c, subject("ann@example.com"))
		if len(j.Outcome.Keeps) != 0 {
			t.Errorf("before anything is erased: %q", j.Outcome.Keeps)
		}
		erase(t, c, j)
		erased := slices.Clone(j.Outcome.Keeps)
		j.Outcome, j.After = connectors.Outcome{}, true
		locate(t, c, j)
		for _, got := range [][]string{erased, j.Outcome.Keeps} {
			if text := strings.Join(got, " "); !strings.Contains(text, want[w.kind]) || (text == "") != (w.kind == "sqlite") {
				t.Errorf("the engine keeps %q", text)
			}
		}
	})
}

// TestLargeObjectsAndGeneralLogsAreNamed: what lies beside the tables, only
// where it is there. Every database of the server shares the general log.
func TestLargeObjectsAndGeneralLogsAreNamed(t *testing.T) {
	for kind, c := range map[string]struct{ make, undo, want string }{
		"postgres": {`SELECT lo_create(0)`, `SELECT lo_unlink(oid) FROM pg_largeobject_metadata`, "large objects (1)"},
		"mysql":    {`SET GLOBAL general_log = ON`, `SET GLOBAL general_log = OFF`, "general log is on"},
	} {
		t.Run(kind, func(t *testing.T) {
			w := only(t, kind)
			w.person(t)
			conn := w.open(t, personMap(), nil)
			kept := func() string {
				t.Helper()
				j := subject("ann@example.com")
				j.After = true
				locate(t, conn, j)
				return strings.Join(j.Outcome.Keeps, " ")
			}
			if got := kept(); strings.Contains(got, c.want) {
				t.Fatalf("nothing is there, and it is said: %q", got)
			}
			w.exec(t, c.make)
			defer w.exec(t, c.undo)
			if got := kept(); !strings.Contains(got, c.want) {
				t.Errorf("the engine keeps %q, want %q", got, c.want)
			}
			_, said := check(t, conn)
			if kind == "postgres" && !strings.Contains(said, ": the database holds large objects") {
				t.Errorf("Check says\n%s", said)
			}
		})
	}
}

// TestSQLiteKeepsNothingInItsFiles: the bytes of what was erased are in
// neither file, and where somebody hinders that, it is said.
func TestSQLiteKeepsNothingInItsFiles(t *testing.T) {
	const secret = "a-recording-of-ann"
	fill := func(t *testing.T) (*world, connectors.Connector) {
		t.Helper()
		w := only(t, "sqlite")
		w.exec(t, `PRAGMA journal_mode = WAL`)
		w.exec(t, `PRAGMA wal_autocheckpoint = 0`)
		w.exec(t, `CREATE TABLE person (id INTEGER PRIMARY KEY, tenant TEXT, email TEXT, sound TEXT)`)
		w.exec(t, `INSERT INTO person VALUES (1, 'acme', 'ann@example.com', ?)`, strings.Repeat(secret, 1000))
		return w, w.open(t, personMap(), shortLocks)
	}
	holds := func(t *testing.T, w *world) (files []string) {
		t.Helper()
		for _, suffix := range []string{"", "-wal", "-journal"} {
			body, err := os.ReadFile(w.dsn + suffix)
			if err != nil && !os.IsNotExist(err) {
				t.Fatal(err)
			}
			if bytes.Contains(body, []byte(secret)) {
				files = append(files, "file"+suffix)
			}
		}
		return files
	}
	t.Run("alone", func(t *testing.T) {
		w, c := fill(t)
		j := locate(t, c, subject("ann@example.com"))
		if len(holds(t, w)) == 0 {
			t.Fatal("the files don't hold the text that is to go")
		}
		erase(t, c, j)
		if got := holds(t, w); len(got) != 0 || len(j.Outcome.Keeps) != 0 {
			t.Errorf("%v hold the text; said: %q", got, j.Outcome.Keeps)
		}
	})
	t.Run("beside a reader", func(t *testing.T) {
		w, c := fill(t)
		db, err := sql.Open("sqlite", w.dsn)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = db.Close() }()
		tx, err := db.Begin()
		if err != nil {
			t.Fatal(err)
		}
		var n int
		if err := tx.QueryRow(`SELECT count(*) FROM person`).Scan(&n); err != nil {
			t.Fatal(err)
		}
		j := locate(t, c, subject("ann@example.com"))
		erase(t, c, j)
		if got := strings.Join(j.Outcome.Keeps, " "); len(holds(t, w)) == 0 || !strings.Contains(got, "keeps the database busy") {
			t.Errorf("%v hold the text; said: %q", holds(t, w), got)
		}
		if err := tx.Rollback(); err != nil {
			t.Fatal(err)
		}
		j.Outcome, j.After = connectors.Outcome{}, true
		locate(t, c, j)
		if got := holds(t, w); len(got) != 0 || len(j.Outcome.Keeps) != 0 {
			t.Errorf("after the second look %v hold the text; said: %q", got, j.Outcome.Keeps)
		}
	})
}
