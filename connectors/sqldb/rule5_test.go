package sqldb_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"privacydesk/connectors"
	"privacydesk/connectors/sqldb"
)

// TestRule5_GuardIsAskedInsideTheTransaction: while the guard thinks, the
// lock on the target's side is held, so a second attempt of the run, which
// has no token yet or no longer, can't be within a batch.
func TestRule5_GuardIsAskedInsideTheTransaction(t *testing.T) {
	each(t, func(t *testing.T, e engine) {
		w := e.world(t)
		w.person(t)
		c := w.open(t, personMap(), shortLocks)
		j := locate(t, c, subject("ann@example.com"))
		second := subject("ann@example.com")
		second.Finding = j.Finding
		asked := 0
		second.Guard = connectors.GuardFunc(func(context.Context) error { asked++; return nil })
		var inner error
		j.Guard = connectors.GuardFunc(func(ctx context.Context) error {
			if err := c.Erase(ctx, []*connectors.Job{second}); err != nil {
				inner = err
			} else {
				inner = second.Err()
			}
			return connectors.ErrFenced
		})
		if err := c.Erase(t.Context(), []*connectors.Job{j}); err != nil || !errors.Is(j.Err(), connectors.ErrFenced) {
			t.Errorf("the first attempt: call %v, job %v", err, j.Err())
		}
		if asked != 0 || connectors.KindOf(inner) != connectors.Transient {
			t.Errorf("the second attempt was let in: asked %d times, error %v", asked, inner)
		}
		if got := w.left(t, "person", "id"); got != "1,2,3" {
			t.Errorf("persons left: %s", got)
		}
	})
}

// TestRule5_OtherRunsAreNotLockedOut: the lock is the run's own.
func TestRule5_OtherRunsAreNotLockedOut(t *testing.T) {
	for _, kind := range []string{"postgres", "mysql"} { // an SQLite file has one lock
		t.Run(kind, func(t *testing.T) {
			w := only(t, kind)
			w.person(t)
			c := w.open(t, personMap(), shortLocks)
			j, other := locate(t, c, subject("ann@example.com")), subject("bob@example.com")
			other.ID = "run 2"
			locate(t, c, other)
			done := false
			j.Guard = connectors.GuardFunc(func(ctx context.Context) error {
				if !done {
					done = true
					return errors.Join(c.Erase(ctx, []*connectors.Job{other}), other.Err())
				}
				return nil
			})
			erase(t, c, j)
			if got := w.left(t, "person", "id"); got != "2" {
				t.Errorf("persons left: %s", got)
			}
		})
	}
}

// TestRule5_ServerEndsASleeper: a worker that sleeps within a batch loses its
// transaction, and wakes to change nothing.
func TestRule5_ServerEndsASleeper(t *testing.T) {
	for kind, nap := range map[string]string{"postgres": "SELECT pg_sleep(3)", "mysql": "SELECT sleep(3)"} {
		t.Run(kind, func(t *testing.T) {
			w := only(t, kind)
			w.person(t)
			c := w.open(t, personMap(), func(o *sqldb.Options) { o.StatementTimeout = time.Second })
			j := locate(t, c, subject("ann@example.com"))
			j.Guard = connectors.GuardFunc(func(context.Context) error {
				w.query(t, nap)
				return nil
			})
			if err := c.Erase(t.Context(), []*connectors.Job{j}); err != nil || connectors.KindOf(j.Err()) != connectors.Transient {
				t.Errorf("call %v, job %v; want that the job may be tried again", err, j.Err())
			}
			if got := w.left(t, "person", "id"); got != "1,2,3" {
				t.Errorf("persons left: %s", got)
			}
		})
	}
}
