package bot_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"privacydesk/bot"
	"privacydesk/bot/bottest/world"
)

// keyless is a world with one request whose key was deleted by hand.
func keyless(t *testing.T, kind string) (*world.World, int64) {
	t.Helper()
	w := populated(t)
	w.Settings.Deletes.Approval = "always"
	w.Start()
	ticket := w.File(world.Alex(), kind, janeBody)
	w.Settle()
	if err := w.Keys.Destroy(t.Context(), bot.IDOfTicket(ticket)); err != nil {
		t.Fatal(err)
	}
	return w, ticket
}

// TestRule11_DoneWithoutItsKey: the key of a request that is done was deleted by
// hand. That is counted and named, and new words are answered all the same.
func TestRule11_DoneWithoutItsKey(t *testing.T) {
	w, ticket := keyless(t, "access")
	w.Expect(ticket, "resolved", bot.ReasonDelivered)
	if err := w.Engine.Orphans(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.Settle()
	c := w.Expect(ticket, "resolved", bot.ReasonDelivered)
	if c.KeyGone.IsZero() || c.StuckSince(w.Clock.Now()).IsZero() {
		t.Errorf("its key is gone since %s, it is stuck since %s", c.KeyGone, c.StuckSince(w.Clock.Now()))
	}
	if !strings.Contains(w.Log.String(), "event=key_gone request="+c.ID) {
		t.Errorf("the log says\n%s", w.Log)
	}
	w.Desk.Reply(ticket, world.Alex(), "Please send it once more.")
	w.Hint(ticket)
	w.Pass(time.Hour)
	c = w.Expect(ticket, "needs_info", bot.ReasonReopened)
	if !c.StuckSince(w.Clock.Now()).IsZero() {
		t.Error("with its new key it still can't move")
	}
	if err := w.Engine.Orphans(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.Settle()
	w.Expect(ticket, "needs_info", bot.ReasonReopened)
}

// TestRule11_OpenWithoutItsKey: it is held and told at the look for leftovers,
// though nothing happens on its ticket, and can be cancelled.
func TestRule11_OpenWithoutItsKey(t *testing.T) {
	w, ticket := keyless(t, "delete")
	w.Expect(ticket, "awaiting_approval", bot.ReasonApproval)
	for range 3 {
		if err := w.Engine.Orphans(t.Context()); err != nil {
			t.Fatal(err)
		}
		w.Pass(time.Hour)
	}
	c := w.Expect(ticket, "held", bot.ReasonStepFailed)
	if text := said(t, w, ticket); strings.Count(text, "step_failed") != 1 || !strings.Contains(text, "key is gone") {
		t.Errorf("the ticket says\n%s", text)
	}
	if c.StuckSince(w.Clock.Now()).IsZero() {
		t.Error("nothing says that it can't move")
	}
	w.Hint(ticket) // each look at it fails
	w.Pass(time.Hour)
	operate(t, w.Engine.Cancel, ticket, "ops")
	w.Pass(time.Hour)
	c = w.Expect(ticket, "cancelled", bot.ReasonByOperator)
	if text := said(t, w, ticket); !strings.Contains(text, "cancelled") {
		t.Errorf("the ticket says\n%s", text)
	}
	if !c.StuckSince(w.Clock.Now()).IsZero() {
		t.Error("it was ended by a person who knew, and still counts")
	}
}

// TestRule11_HalfErasedWithoutItsKey: what was erased can't be known any more.
// A person closes it, and nothing is said of an end that nobody can vouch for.
func TestRule11_HalfErasedWithoutItsKey(t *testing.T) {
	w := populated(t)
	ticket := w.File(world.Alex(), "delete", janeBody)
	w.Failpoint = func(point string) {
		if point == "after-erase-mark" {
			w.Failpoint = nil
			if err := w.Keys.Destroy(t.Context(), bot.IDOfTicket(ticket)); err != nil {
				t.Error(err)
			}
			w.Kill()
		}
	}
	w.Settle()
	w.Clock.Advance(time.Hour) // the dead worker's lease ran out
	if err := w.Engine.Orphans(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.Pass(2 * time.Hour)
	c := w.Expect(ticket, "held", bot.ReasonStepFailed)
	if c.Begun.IsZero() || !slices.Contains(w.Engine.Ways(&c), bot.VerbCancel) {
		t.Errorf("begun %s, and what works now is %v", c.Begun, w.Engine.Ways(&c))
	}
	operate(t, w.Engine.Cancel, ticket, "ops")
	w.Pass(time.Hour)
	w.Expect(ticket, "partly_executed", bot.ReasonStateLost)
}

// TestRule11_IntentWithoutItsKey: the record says nothing of erasing, the spool
// has its mark, and no key reads it. It is no cancellation that is told.
func TestRule11_IntentWithoutItsKey(t *testing.T) {
	w, ticket := keyless(t, "delete")
	id := bot.IDOfTicket(ticket)
	if err := w.Keys.Create(t.Context(), id); err != nil { // a stranger's, under which the mark is written
		t.Fatal(err)
	}
	f, err := w.Spool.Create(t.Context(), id, "erase-started")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Commit(); err != nil {
		t.Fatal(err)
	}
	if err := w.Keys.Destroy(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	operate(t, w.Engine.Cancel, ticket, "ops")
	w.Pass(time.Hour)
	w.Expect(ticket, "partly_executed", bot.ReasonStateLost)
}

// away is a shelf on which no request's key is found, for now.
type away struct{ bot.Keys }

func (away) Requests(context.Context) ([]string, error) { return nil, nil }

func (away) Derive(context.Context, string, string) ([]byte, error) { return nil, bot.ErrKeyGone }

// TestRule11_KeyThatCameBack: the key is restored, and a person takes the
// request up again.
func TestRule11_KeyThatCameBack(t *testing.T) {
	w := populated(t)
	w.Settings.Deletes.Approval = "always"
	w.Start()
	ticket := w.File(world.Alex(), "delete", janeBody)
	w.Settle()
	o := w.Engine.Options
	o.Keys = away{w.Keys}
	e, err := bot.NewEngine(o)
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Orphans(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.Settle()
	if c := w.Expect(ticket, "held", bot.ReasonStepFailed); c.StuckSince(w.Clock.Now()).IsZero() {
		t.Error("it is not known to be stuck")
	}
	if err := w.Engine.Orphans(t.Context()); err != nil {
		t.Fatal(err)
	}
	operate(t, w.Engine.Retry, ticket, "ops")
	w.Settle()
	if c := w.Expect(ticket, "awaiting_approval", bot.ReasonApproval); !c.StuckSince(w.Clock.Now()).IsZero() {
		t.Error("its key is back, and it still counts")
	}
}
