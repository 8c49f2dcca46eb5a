package bot_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"privacydesk/bot"
	"privacydesk/bot/bottest/world"
)

// TestRule3_CrashWhileForgetting: the process dies between the destruction of
// the key and the commit that says so, and the customer writes before the next
// look. The request is forgotten all the same, and the word is answered.
func TestRule3_CrashWhileForgetting(t *testing.T) {
	for _, point := range []string{"before-key-destruction", "after-key-destruction"} {
		w := populated(t)
		id := w.File(world.Alex(), "access", janeBody)
		w.Settle()
		w.Clock.Advance(15 * 24 * time.Hour)
		w.Failpoint = func(name string) {
			if name == point {
				w.Failpoint = nil
				w.Kill()
			}
		}
		w.Settle()
		w.Desk.Reply(id, world.Alex(), "Please send it once more.")
		w.Hint(id)
		w.Clock.Advance(time.Hour)
		w.Pass(time.Hour)
		c := w.Expect(id, "needs_info", bot.ReasonReopened)
		if len(c.Past) != 1 {
			t.Errorf("%s: it is in generation %d", point, len(c.Past)+1)
		}
		verifyLedger(t, w, c)
	}
}

// TestRule11_KeyGoneBehindTheRecord: an earlier version died between the key's
// destruction and its commit. Each look at the ticket fails; the request is
// forgotten, and goes on.
func TestRule11_KeyGoneBehindTheRecord(t *testing.T) {
	w := populated(t)
	id := w.File(world.Alex(), "access", janeBody)
	w.Settle()
	if err := w.Keys.Destroy(t.Context(), bot.IDOfTicket(id)); err != nil {
		t.Fatal(err)
	}
	w.Hint(id)
	w.Pass(time.Hour)
	if c := w.Case(id); c.Phase != bot.PhaseDone {
		t.Fatalf("before its time, with a key that may be elsewhere, it is %s", c.Phase)
	}
	w.Clock.Advance(15 * 24 * time.Hour)
	w.Pass(time.Hour)
	rec, err := w.Store.Load(t.Context(), bot.IDOfTicket(id))
	if err != nil || rec.Case.Phase != bot.PhaseForgotten || len(rec.Sealed) != 0 {
		t.Fatalf("it is %s, with %d sealed bytes: %v\n%s", rec.Case.Phase, len(rec.Sealed), err, w.Log)
	}
	w.Desk.Reply(id, world.Alex(), "Please send it once more.")
	w.Hint(id)
	w.Pass(time.Hour)
	w.Expect(id, "needs_info", bot.ReasonReopened)
}

// TestRule5_OrphansAreDestroyedUnderTheLease: the look for leftovers comes while
// a reply opens a forgotten request again, between its new key and its commit.
func TestRule5_OrphansAreDestroyedUnderTheLease(t *testing.T) {
	w := populated(t)
	ticket := w.File(world.Alex(), "access", janeBody)
	id := bot.IDOfTicket(ticket)
	w.Settle()
	w.Clock.Advance(15 * 24 * time.Hour)
	w.Settle()
	looked := false
	w.Failpoint = func(name string) {
		if name != "before-commit-reading" || looked {
			return
		}
		looked = true
		if err := w.Engine.Orphans(t.Context()); err != nil {
			t.Error(err)
		}
	}
	w.Desk.Reply(ticket, world.Alex(), "Please send it once more.")
	w.Hint(ticket)
	w.Settle()
	w.Expect(ticket, "needs_info", bot.ReasonReopened)
	if _, err := w.Keys.Derive(t.Context(), id, "digest"); !looked || err != nil {
		t.Fatalf("looked: %v; its key: %v", looked, err)
	}
	w.Desk.Reply(ticket, world.Alex(), "jane@x.example")
	w.Hint(ticket)
	w.Pass(time.Hour)
	w.Expect(ticket, "held", bot.ReasonReopened)
}

// meddled is a store of which somebody else is at work just before a lease is
// acquired.
type meddled struct {
	bot.Store
	before func()
}

func (m *meddled) Acquire(ctx context.Context, id, part, token string, now, until time.Time) error {
	if f := m.before; f != nil {
		m.before = nil
		f()
	}
	return m.Store.Acquire(ctx, id, part, token, now, until)
}

// TestRule5_LeftoversAreLookedAtAgainUnderTheLease: a reply opened the request
// again after the look for leftovers saw that it was forgotten, and before it
// had the lease.
func TestRule5_LeftoversAreLookedAtAgainUnderTheLease(t *testing.T) {
	w := populated(t)
	ticket := w.File(world.Alex(), "access", janeBody)
	id := bot.IDOfTicket(ticket)
	w.Settle()
	w.Clock.Advance(15 * 24 * time.Hour)
	w.Settle()
	if err := w.Keys.Create(t.Context(), id); err != nil { // what a sleeper left
		t.Fatal(err)
	}
	o := w.Engine.Options
	o.Store = &meddled{Store: w.Store, before: func() {
		w.Desk.Reply(ticket, world.Alex(), "Please send it once more.")
		w.Hint(ticket)
		w.Settle()
	}}
	e, err := bot.NewEngine(o)
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Orphans(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.Expect(ticket, "needs_info", bot.ReasonReopened)
	if _, err := w.Keys.Derive(t.Context(), id, "digest"); err != nil {
		t.Errorf("its key: %v", err)
	}
}

// TestRule10_LeftoversOfTheForgottenGo: what a sleeper made after the end is
// destroyed, when nobody is at the request.
func TestRule10_LeftoversOfTheForgottenGo(t *testing.T) {
	w := populated(t)
	id := bot.IDOfTicket(w.File(world.Alex(), "access", janeBody))
	w.Settle()
	w.Clock.Advance(15 * 24 * time.Hour)
	w.Settle()
	if err := w.Keys.Create(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	now := w.Clock.Now()
	if err := w.Store.Acquire(t.Context(), id, "", "worker", now, now.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if err := w.Engine.Orphans(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Keys.Derive(t.Context(), id, "digest"); err != nil {
		t.Errorf("somebody is at it: %v", err)
	}
	if err := w.Store.Release(t.Context(), id, "", "worker"); err != nil {
		t.Fatal(err)
	}
	if err := w.Engine.Orphans(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Keys.Derive(t.Context(), id, "digest"); !errors.Is(err, bot.ErrKeyGone) {
		t.Errorf("the leftover is still there: %v", err)
	}
}
