package bot_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"privacydesk/bot"
	"privacydesk/bot/bottest/world"
)

// TestRule11_FailedLooksLetNotesThrough: each look at the ticket fails, because
// the request's key is gone. After some of them what is owed goes first: the
// agents are told, and reminded of the dates.
func TestRule11_FailedLooksLetNotesThrough(t *testing.T) {
	w := populated(t)
	w.Settings.Deletes.Approval = "always"
	w.Start()
	id := w.File(world.Alex(), "delete", janeBody)
	w.Settle()
	w.Expect(id, "awaiting_approval", bot.ReasonApproval)
	if err := w.Keys.Destroy(t.Context(), bot.IDOfTicket(id)); err != nil {
		t.Fatal(err)
	}
	w.Hint(id)
	w.Pass(6 * time.Hour)
	c := w.Expect(id, "held", bot.ReasonStepFailed)
	if text := said(t, w, id); strings.Count(text, "step_failed") != 1 || !strings.Contains(text, "key is gone") {
		t.Errorf("the ticket says\n%s", text)
	}
	if since := c.StuckSince(w.Clock.Now()); since.IsZero() {
		t.Error("nothing says that it can't move")
	}
	if err := w.Engine.TellStuck(t.Context()); err != nil || !strings.Contains(w.Log.String(), "event=stuck request="+c.ID) {
		t.Errorf("the log does not name it: %v", err)
	}
	w.Clock.Advance(15 * 24 * time.Hour)
	w.Pass(6 * time.Hour)
	if text := said(t, w, id); !strings.Contains(text, "15 days") {
		t.Errorf("after 15 days the ticket says\n%s", text)
	}
}

// TestRule11_StepsThatKillTheirWorker are not begun anew for ever: after some
// deaths the request is held, with its note, until a person takes it up.
func TestRule11_StepsThatKillTheirWorker(t *testing.T) {
	w := populated(t)
	id := w.File(world.Alex(), "access", "jane@x.example and jose@x.example")
	w.Settle()
	w.Expect(id, "needs_info", bot.ReasonManySubjects)
	deaths := 0
	w.Failpoint = func(name string) {
		if name == "before-commit-locating" {
			deaths++
			w.Kill()
		}
	}
	w.Desk.Reply(id, world.Alex(), "jane@x.example")
	w.Hint(id)
	w.Pass(10 * time.Hour)
	w.Expect(id, "held", bot.ReasonStepFailed)
	if deaths != w.Settings.MaxAttempts {
		t.Errorf("%d workers died, want %d", deaths, w.Settings.MaxAttempts)
	}
	if text := said(t, w, id); strings.Count(text, "step_failed") != 1 || !strings.Contains(text, "its worker was lost") {
		t.Errorf("the ticket says\n%s", text)
	}
	if c := w.Case(id); c.StuckSince(w.Clock.Now()).IsZero() {
		t.Error("nothing says that it can't move")
	}
	w.Failpoint = nil
	operate(t, w.Engine.Retry, id, "ops")
	w.Pass(time.Hour)
	w.Expect(id, "resolved", bot.ReasonDelivered)
	if c := w.Case(id); !c.StuckSince(w.Clock.Now()).IsZero() {
		t.Error("it can still not move")
	}
}

// TestRule11_NotesThatKillTheirWorker: even to say so kills. Then nothing is
// done any more, and the log names it.
func TestRule11_NotesThatKillTheirWorker(t *testing.T) {
	w := populated(t)
	id := w.File(world.Alex(), "access", "jane@x.example and jose@x.example")
	w.Settle()
	deaths := 0
	w.Desk.Fail = func(op string, _ int64) error {
		if op == "ticket" {
			deaths++
			w.Kill()
		}
		return nil
	}
	w.Hint(id)
	w.Pass(48 * time.Hour)
	w.Expect(id, "held", bot.ReasonStepFailed)
	if most := 2 * w.Settings.MaxAttempts; deaths != most {
		t.Errorf("%d workers died, want %d", deaths, most)
	}
	if err := w.Engine.TellStuck(t.Context()); err != nil || !strings.Contains(w.Log.String(), "event=stuck request="+bot.IDOfTicket(id)) {
		t.Errorf("the log does not name it: %v", err)
	}
}

// TestRule11_StepsThatNeverEnd are counted like deaths.
func TestRule11_StepsThatNeverEnd(t *testing.T) {
	w := populated(t)
	id := w.File(world.Alex(), "access", "jane@x.example and jose@x.example")
	w.Settle()
	o := w.Engine.Options
	o.Store, o.Desk, o.Settings.StepTimeout = w.Store, endless{w.Desk}, 20*time.Millisecond
	e, err := bot.NewEngine(o)
	if err != nil {
		t.Fatal(err)
	}
	w.Hint(id)
	for range w.Settings.MaxAttempts {
		if err := e.Step(t.Context(), bot.IDOfTicket(id)); err == nil {
			t.Fatal("it ended")
		}
		w.Clock.Advance(w.Settings.StepLease + time.Second)
	}
	w.Settle()
	w.Expect(id, "held", bot.ReasonStepFailed)
}

// endless reads no ticket before it is told to stop.
type endless struct{ bot.Desk }

func (endless) Ticket(ctx context.Context, _ int64) (*bot.Ticket, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

// TestRule10_AdmissionsThatDoNotCommitLeaveNoKey, are named, and go through once
// they can.
func TestRule10_AdmissionsThatDoNotCommitLeaveNoKey(t *testing.T) {
	w := populated(t)
	id := bot.IDOfTicket(w.File(world.Alex(), "access", janeBody))
	o := w.Engine.Options
	o.Store = refusing{w.Store}
	e, err := bot.NewEngine(o)
	if err != nil {
		t.Fatal(err)
	}
	for range w.Settings.MaxAttempts {
		if err := e.Step(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		if keys, err := w.Keys.Requests(t.Context()); err != nil || len(keys) != 0 {
			t.Fatalf("keys are left: %v, %v", keys, err)
		}
		w.Clock.Advance(time.Hour)
	}
	if unread, err := e.Unread(t.Context()); err != nil || len(unread) != 1 || unread[0] != id {
		t.Errorf("unread: %v, %v", unread, err)
	}
	w.Pass(time.Hour)
	w.Expect(bot.TicketOfID(id), "resolved", bot.ReasonDelivered)
	if unread, err := e.Unread(t.Context()); err != nil || len(unread) != 0 {
		t.Errorf("unread: %v, %v", unread, err)
	}
}

// refusing is a store that takes no change.
type refusing struct{ bot.Store }

func (refusing) Commit(context.Context, bot.Change) error { return errors.New("full") }

// TestRule10_KeyOfATicketThatIsNoneOfOurs: the process died over an admission
// and left its key, and then the ticket went elsewhere, or for good.
func TestRule10_KeyOfATicketThatIsNoneOfOurs(t *testing.T) {
	for name, goes := range map[string]func(w *world.World, id int64){
		"out of scope": func(w *world.World, id int64) { w.Desk.Edit(id, func(t *bot.Ticket) { t.FormID = 1 }) },
		"deleted":      func(w *world.World, id int64) { w.Desk.Delete(id) },
		"solved":       func(w *world.World, id int64) { w.Desk.Edit(id, func(t *bot.Ticket) { t.Status = bot.StatusSolved }) },
	} {
		t.Run(name, func(t *testing.T) {
			w := populated(t)
			id := w.File(world.Alex(), "access", janeBody)
			w.Failpoint = func(point string) {
				if point == "before-commit-locating" {
					w.Failpoint = nil
					w.Kill()
				}
			}
			w.Settle()
			if keys, err := w.Keys.Requests(t.Context()); err != nil || len(keys) != 1 {
				t.Fatalf("keys %v, %v", keys, err)
			}
			goes(w, id)
			w.Clock.Advance(time.Hour)
			if err := w.Engine.Orphans(t.Context()); err != nil {
				t.Fatal(err)
			}
			w.Serve(time.Minute, func() bool { return false })
			if keys, err := w.Keys.Requests(t.Context()); err != nil || len(keys) != 0 {
				t.Errorf("keys are left: %v, %v", keys, err)
			}
		})
	}
}
