package sqldb_test

import (
	"context"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"privacydesk/connectors"
)

// TestADeadlockCostsOneAttempt: somebody waits for us while we wait for them;
// the server ends our batch, and the next attempt finishes.
func TestADeadlockCostsOneAttempt(t *testing.T) {
	w := only(t, "postgres")
	w.person(t)
	other, err := pgx.Connect(t.Context(), w.dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = other.Close(context.WithoutCancel(t.Context())) }()
	// The other one never looks for deadlocks itself, so that ours is ended.
	for _, s := range []string{`SET deadlock_timeout TO '10min'`, `BEGIN`, `UPDATE person SET email = email WHERE id = 1`} {
		if _, err := other.Exec(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
	c := w.open(t, personMap(), nil)
	j := locate(t, c, subject("ann@example.com"))
	done := make(chan error, 1)
	j.Guard = guarded(func() {
		run := w.query(t, `SELECT (classid::bigint << 32) | objid::bigint AS n FROM pg_locks WHERE locktype = 'advisory' AND granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`)
		go func() {
			_, err := other.Exec(context.WithoutCancel(t.Context()), `SELECT pg_advisory_xact_lock($1)`, run[0]["n"])
			done <- err
		}()
		for w.query(t, `SELECT count(*) AS n FROM pg_locks WHERE locktype = 'advisory' AND NOT granted`)[0]["n"] != int64(1) {
			continue
		}
	})
	if err := c.Erase(t.Context(), []*connectors.Job{j}); err != nil || connectors.KindOf(j.Err()) != connectors.Transient || !strings.Contains(j.Err().Error(), "40P01") {
		t.Errorf("call %v, job %v; want that a deadlock was met and the job may be tried again", err, j.Err())
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if _, err := other.Exec(t.Context(), `COMMIT`); err != nil {
		t.Fatal(err)
	}
	again := subject("ann@example.com")
	again.Finding = j.Finding
	erase(t, c, again)
	if got := w.left(t, "person", "id"); got != "2,3" {
		t.Errorf("left: %s", got)
	}
}
