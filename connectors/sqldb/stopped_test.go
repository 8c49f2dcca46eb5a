package sqldb_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"privacydesk/connectors"
	"privacydesk/connectors/sqldb"
)

// TestAStopWhileABatchWaits: another session holds a row of the subject, the
// batch waits for it, somebody says stop, and the lock goes.
func TestAStopWhileABatchWaits(t *testing.T) {
	each(t, func(t *testing.T, e engine) {
		for name, dataMap := range map[string]string{"delete": personMap(), "mask": maskedPerson()} {
			t.Run(name, func(t *testing.T) {
				w := e.world(t)
				w.person(t)
				c := w.open(t, dataMap, func(o *sqldb.Options) { o.LockTimeout = time.Minute })
				j := locate(t, c, subject("ann@example.com"))
				var stopped atomic.Bool
				j.Guard = connectors.GuardFunc(func(context.Context) error {
					if stopped.Load() {
						return connectors.ErrPaused
					}
					return nil
				})
				other := w.holdsRow(t)
				ended := make(chan struct{})
				var called error
				go func() {
					called = c.Erase(context.WithoutCancel(t.Context()), []*connectors.Job{j})
					close(ended)
				}()
				w.awaitWaiting(t, ended)
				stopped.Store(true)
				other.exec(t, "ROLLBACK")
				<-ended
				if called != nil || !errors.Is(j.Err(), connectors.ErrPaused) {
					t.Errorf("call %v, job %v; want that it was stopped", called, j.Err())
				}
				if got := w.left(t, "person", "id") + " " + w.left(t, "person", "email"); got != "1,2,3 ann@example.com,ann@example.com,bob@example.com" || j.Outcome.Changed != 0 {
					t.Errorf("after the stop: %s, and %d rows counted as gone", got, j.Outcome.Changed)
				}
			})
		}
	})
}

// maskedPerson de-identifies the address.
func maskedPerson() string {
	return mapOf(collection("person", "on_delete: deidentify", keptID, fieldTenant, fieldEmail+", privacydesk: {on_delete: {strategy: fixed, value: gone}}"))
}

const keptID = fieldID + ", privacydesk: {on_delete: {strategy: keep, reason: a number}}"

// holdsRow is a session that holds the subject's row, or on SQLite the file.
func (w *world) holdsRow(t *testing.T) database {
	t.Helper()
	other, begin := w.connect(t, w.dsn), "BEGIN"
	if w.kind == "mysql" { // a pool of one, so that the transaction is one
		other, begin = oneConnection(t, w.dsn), "START TRANSACTION"
	}
	other.exec(t, begin)
	other.exec(t, `UPDATE person SET email = 'ann@example.com' WHERE id = 1`)
	return other
}

// awaitWaiting returns once somebody waits for a lock. Who waits for an SQLite
// file can't be seen, and waits before anything is asked.
func (w *world) awaitWaiting(t *testing.T, ended <-chan struct{}) {
	t.Helper()
	waiting := map[string]string{
		"postgres": `SELECT 1 AS one FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
		"mysql":    `SELECT 1 AS one FROM information_schema.global_status WHERE variable_name = 'INNODB_ROW_LOCK_CURRENT_WAITS' AND variable_value > 0`,
	}[w.kind]
	for waiting != "" && len(w.query(t, waiting)) == 0 {
		select {
		case <-ended:
			t.Fatal("nobody waited")
		default:
		}
	}
}

// TestTheGuardIsAskedRightBeforeCommit, of each way in which rows are changed:
// what it then refuses is undone, and what was committed before is counted.
func TestTheGuardIsAskedRightBeforeCommit(t *testing.T) {
	note := func(action string) string {
		return personMap(collection("note", "on_delete: "+action, keptID, fieldTenant, fieldRef("person_id", "person.id")+", privacydesk: {on_delete: {strategy: keep, reason: a number}}",
			"name: words, data_categories: [user.content], privacydesk: {on_delete: {strategy: null}}"))
	}
	each(t, func(t *testing.T, e engine) {
		for _, action := range []string{"delete", "deidentify"} {
			t.Run(action, func(t *testing.T) {
				w := e.world(t)
				w.person(t)
				w.make(t, `CREATE TABLE note (id NUMBER PRIMARY KEY, tenant TEXT NOT NULL, person_id NUMBER, words TEXT)`,
					`INSERT INTO note VALUES (1, 'acme', 1, 'a'), (2, 'acme', 1, 'b'), (3, 'acme', 1, 'c')`)
				c := w.open(t, note(action), batchOf(1))
				j := locate(t, c, subject("ann@example.com"))
				asked := 0
				j.Guard = connectors.GuardFunc(func(context.Context) error {
					if asked++; asked == 4 { // the second batch, before its COMMIT
						return connectors.ErrPaused
					}
					return nil
				})
				if err := c.Erase(t.Context(), []*connectors.Job{j}); err != nil || !errors.Is(j.Err(), connectors.ErrPaused) {
					t.Errorf("call %v, job %v; want that it was stopped", err, j.Err())
				}
				left := len(w.query(t, `SELECT id FROM note WHERE words IS NOT NULL`))
				if left != 2 || j.Outcome.Changed != 1 {
					t.Errorf("%d notes left and %d counted as gone, want 2 and 1", left, j.Outcome.Changed)
				}
			})
		}
	})
}
