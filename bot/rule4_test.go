package bot_test

import (
	"errors"
	"testing"
	"time"

	"privacydesk/bot"
	"privacydesk/bot/bottest/world"
)

// TestRule4_AnotherWritesInBetween: each of our writes first meets a ticket
// that somebody changed after it was read.
func TestRule4_AnotherWritesInBetween(t *testing.T) {
	w := populated(t)
	id := w.File(world.Alex(), "access", janeBody)
	disturbed := 0
	w.Failpoint = func(name string) {
		if (name == "before-update-receipt_access" || name == "before-update-done_access") && disturbed < 4 {
			disturbed++
			w.Desk.Edit(id, func(t *bot.Ticket) { t.Tags = append(t.Tags, "touched") })
		}
	}
	w.Settle()
	w.Expect(id, "resolved", bot.ReasonDelivered)
	if disturbed != 4 {
		t.Errorf("disturbed %d writes, want 4", disturbed)
	}
	if w.Desk.Updates[id] != 2 {
		t.Errorf("the ticket was written %d times, want 2", w.Desk.Updates[id])
	}
	expectSaidOnce(t, w, id)
}

// TestRule4_LostAnswers: writes land, and the answer is lost.
func TestRule4_LostAnswers(t *testing.T) {
	w := populated(t)
	id := w.File(world.Alex(), "delete", janeBody)
	inner := w.Desk
	lose := map[string]bool{}
	w.Failpoint = func(name string) {
		if len(name) > 13 && name[:13] == "after-update-" && !lose[name] {
			lose[name] = true
			w.Kill() // the process dies before it learns that the write landed
		}
	}
	w.Settle()
	w.Pass(20 * time.Minute)
	w.Expect(id, "resolved", bot.ReasonErased)
	if inner.Updates[id] != 2 || len(lose) != 2 {
		t.Errorf("written %d times, lost %v", inner.Updates[id], lose)
	}
	expectSaidOnce(t, w, id)
}

// TestRule4_DeskIsDown: nothing is lost while the desk is away.
func TestRule4_DeskIsDown(t *testing.T) {
	w := populated(t)
	down := true
	w.Desk.Fail = func(string, int64) error {
		if down {
			return bot.ErrUnavailable
		}
		return nil
	}
	id := w.File(world.Alex(), "access", janeBody)
	for range 5 {
		if err := w.Engine.Step(t.Context(), bot.IDOfTicket(id)); err != nil {
			t.Fatal(err)
		}
	}
	if rec, err := w.Store.Load(t.Context(), bot.IDOfTicket(id)); !errors.Is(err, bot.ErrNotFound) || rec.Hint == 0 || rec.Deferred != 5 {
		t.Fatalf("without a desk it became %+v (%v)", rec, err)
	}
	down = false
	w.Pass(10 * time.Minute)
	w.Expect(id, "resolved", bot.ReasonDelivered)
}
