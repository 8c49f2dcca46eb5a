package bot_test

import (
	"fmt"
	"testing"
	"time"

	"privacydesk/bot"
	"privacydesk/bot/bottest/world"
)

// TestRule3_KillAtEveryFailpoint kills the process at each failpoint in turn
// and starts it again: the request ends as if nothing had happened, and the
// ticket bears each comment once. The kill of real processes is tested beside
// the daemon.
func TestRule3_KillAtEveryFailpoint(t *testing.T) {
	for _, kind := range []string{"access", "delete"} {
		for n := range countFailpoints(t, kind) {
			t.Run(fmt.Sprintf("%s killed at failpoint %d", kind, n), func(t *testing.T) { killAt(t, kind, n) })
		}
	}
}

func killAt(t *testing.T, kind string, n int) {
	t.Parallel()
	w := populated(t)
	seen, at := 0, ""
	w.Failpoint = func(name string) {
		seen++
		if seen == n+1 {
			at = name
			w.Kill()
		}
	}
	id := w.File(world.Alex(), kind, janeBody)
	w.Settle()
	w.Clock.Advance(3 * time.Minute) // leases of the dead run out
	w.Pass(20 * time.Minute)
	c := w.Case(id)
	if c.State() != "resolved" {
		t.Fatalf("killed at %s: it is %s (%s)\n%s", at, c.State(), c.Why(), w.Log)
	}
	expectSaidOnce(t, w, id)
	if kind == "delete" {
		expectJaneGone(t, w)
	}
	w.Clock.Advance(15 * 24 * time.Hour)
	w.Settle()
	expectForgotten(t, w, id)
}

// TestRule3_KillWhileForgetting kills around the destruction of the key.
func TestRule3_KillWhileForgetting(t *testing.T) {
	for _, point := range []string{"before-key-destruction", "after-key-destruction"} {
		w := populated(t)
		id := w.File(world.Alex(), "delete", janeBody)
		w.Settle()
		w.Clock.Advance(15 * 24 * time.Hour)
		w.Failpoint = func(name string) {
			if name == point {
				w.Failpoint = nil
				w.Kill()
			}
		}
		w.Settle()
		w.Pass(20 * time.Minute)
		expectForgotten(t, w, id)
	}
}

func expectForgotten(t *testing.T, w *world.World, ticket int64) {
	t.Helper()
	ctx := t.Context()
	if c := w.Case(ticket); c.Phase != bot.PhaseForgotten {
		t.Errorf("phase %s", c.Phase)
	}
	if files, err := w.Spool.Requests(ctx); err != nil || len(files) != 0 {
		t.Errorf("left in the spool: %v %v", files, err)
	}
	if keys, err := w.Keys.Requests(ctx); err != nil || len(keys) != 0 {
		t.Errorf("left on the key shelf: %v %v", keys, err)
	}
}

// TestRule3_LostQueue loses every hint: the sweep makes up for it.
func TestRule3_LostQueue(t *testing.T) {
	w := populated(t)
	w.Queue.Lost = true
	id := w.File(world.Alex(), "delete", janeBody)
	w.Settle()
	if w.Case(id).State() != "running" {
		t.Fatalf("it is %s without a queue to carry runs", w.Case(id).State())
	}
	w.Queue.Lost = false
	w.Pass(10 * time.Minute)
	w.Expect(id, "resolved", bot.ReasonErased)
	expectJaneGone(t, w)
}

// TestRule3_LostHintOfAnOperator: what an operator decided goes on though the
// queue lost the hint, and whatever the request slept for.
func TestRule3_LostHintOfAnOperator(t *testing.T) {
	w := populated(t)
	w.Settings.Deletes.Approval = "always"
	w.Start()
	id := w.File(world.Alex(), "delete", janeBody)
	w.Settle()
	w.Expect(id, "awaiting_approval", bot.ReasonApproval)
	w.Queue.Lost = true
	operate(t, w.Approve, id, "dpo")
	w.Queue.Lost = false
	w.Pass(time.Minute)
	w.Expect(id, "resolved", bot.ReasonErased)
}
