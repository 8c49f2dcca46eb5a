package bot_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"privacydesk/bot"
	"privacydesk/bot/bottest/world"
	"privacydesk/connectors"
)

// waitingDelete is a delete in its waiting period.
func waitingDelete(t *testing.T) (*world.World, int64) {
	t.Helper()
	w := populated(t)
	w.Settings.Deletes.WaitingPeriod = time.Hour
	w.Start()
	id := w.File(world.Alex(), "delete", janeBody)
	w.Settle()
	w.Expect(id, "waiting", bot.ReasonWaitingPeriod)
	return w, id
}

// TestRule9_AReleaseHidesNoReply: a reply came beside an edit; who waves the
// edit through has not answered the reply.
func TestRule9_AReleaseHidesNoReply(t *testing.T) {
	for name, replyFirst := range map[string]bool{"at once": false, "the reply first": true} {
		t.Run(name, func(t *testing.T) {
			w, id := waitingDelete(t)
			w.Desk.Reply(id, world.Alex(), "Hold on, I have to ask legal about this person.")
			if replyFirst {
				w.Hint(id)
				w.Settle()
			}
			w.Desk.Edit(id, func(t *bot.Ticket) { t.Comments[0].Text = "jose@x.example" })
			w.Hint(id)
			w.Settle()
			w.Expect(id, "held", bot.ReasonReply)
			if err := w.Release(t.Context(), bot.IDOfTicket(id), "ops"); !errors.Is(err, bot.ErrRefused) {
				t.Errorf("a reply was waved through: %v", err)
			}
			operate(t, w.Engine.Retry, id, "ops")
			w.Pass(3 * time.Hour)
			w.Expect(id, "held", bot.ReasonEdited)
			expectNothingErased(t, w)
		})
	}
}

// TestRule9_ReplyBetweenLastLookAndErase holds, though no hint tells of it.
func TestRule9_ReplyBetweenLastLookAndErase(t *testing.T) {
	w, id := waitingDelete(t)
	w.Failpoint = func(name string) {
		if name == "after-run-commit-relocate" {
			w.Failpoint = nil
			w.Desk.Reply(id, world.Alex(), "Stop, that is the wrong person!")
		}
	}
	w.Pass(3 * time.Hour)
	w.Expect(id, "held", bot.ReasonReply)
	expectNothingErased(t, w)
}

// TestRule9_ReplyInMidErase: what is left is not erased before a person read
// the reply.
func TestRule9_ReplyInMidErase(t *testing.T) {
	for name, hinted := range map[string]bool{"told by a hint": true, "seen by the next system's review": false} {
		t.Run(name, func(t *testing.T) {
			w := populated(t)
			events := w.Systems["events"]
			var id int64
			batches := 0
			events.Fail = func(op string) error {
				if op != "batch" {
					return nil
				}
				if batches++; batches == 2 {
					w.Desk.Reply(id, world.Alex(), "Stop, that is the wrong person!")
					if hinted {
						w.Hint(id)
						if err := w.Engine.Step(t.Context(), bot.IDOfTicket(id)); err != nil {
							t.Error(err)
						}
					}
				}
				return nil
			}
			id = w.File(world.Alex(), "delete", janeBody)
			w.Pass(time.Hour)
			if c := w.Case(id); c.State() != "held" || w.Systems["crm"].Allowed != 0 || hinted && events.Allowed != 1 {
				t.Fatalf("it is %s (%s); events %d, crm %d rows erased", c.State(), c.Why(), events.Allowed, w.Systems["crm"].Allowed)
			}
			w.Hint(id) // the hint comes late, but it comes
			w.Settle()
			w.Expect(id, "held", bot.ReasonReply)
			operate(t, w.Engine.Retry, id, "ops")
			w.Pass(time.Hour)
			w.Expect(id, "resolved", bot.ReasonErased)
			expectJaneGone(t, w)
		})
	}
}

// TestThanksHoldNothing: a mere thank-you needs nobody's eyes.
func TestThanksHoldNothing(t *testing.T) {
	w, id := waitingDelete(t)
	w.Desk.Reply(id, world.Alex(), "Thank you very much!\n\nBest regards\nAlex")
	w.Hint(id)
	w.Settle()
	w.Expect(id, "waiting", bot.ReasonWaitingPeriod)
	w.Pass(3 * time.Hour)
	w.Expect(id, "resolved", bot.ReasonErased)
}

// TestRule9_OutOfScopeAfterAcceptance: an agent takes the ticket out of the
// form.
func TestRule9_OutOfScopeAfterAcceptance(t *testing.T) {
	w, id := waitingDelete(t)
	w.Desk.Edit(id, func(t *bot.Ticket) { t.FormID++ })
	w.Pass(3 * time.Hour)
	w.Expect(id, "held", bot.ReasonOutOfScope)
	expectNothingErased(t, w)
	if err := w.Release(t.Context(), bot.IDOfTicket(id), "ops"); !errors.Is(err, bot.ErrRefused) {
		t.Errorf("it was waved through: %v", err)
	}
}

// TestRule9_OutOfScopeBehindAQuestion: the answer on a ticket that is no
// privacy request any more is not read as one.
func TestRule9_OutOfScopeBehindAQuestion(t *testing.T) {
	w := populated(t)
	id := w.File(world.Alex(), "delete", "somebody")
	w.Settle()
	w.Expect(id, "needs_info", bot.ReasonNoSubject)
	w.Desk.Edit(id, func(t *bot.Ticket) { t.FormID++ })
	w.Desk.Reply(id, world.Alex(), "jane@x.example")
	w.Hint(id)
	w.Pass(time.Hour)
	w.Expect(id, "held", bot.ReasonOutOfScope)
	expectNothingErased(t, w)
}

// TestRule9_DataMapChangedWhileErasing: what is erased goes by the map that was
// approved, and so does what is verified.
func TestRule9_DataMapChangedWhileErasing(t *testing.T) {
	for _, op := range []string{"erase", "verify"} {
		t.Run(op, func(t *testing.T) {
			w := populated(t)
			crm := w.Systems["crm"]
			crm.Digest = "approved"
			w.Start()
			stuck := true
			crm.Fail = func(called string) error {
				begun := crm.Allowed > 0
				if stuck && (op == called || op == "verify" && called == "locate" && begun) {
					return connectors.NewError(connectors.Transient, called, "no answer", nil)
				}
				return nil
			}
			id := w.File(world.Alex(), "delete", janeBody)
			w.Settle()
			if w.Case(id).Begun.IsZero() {
				t.Fatal("erasing has not begun")
			}
			before := crm.Allowed
			crm.Digest, stuck = "another", false
			w.Start()
			w.Pass(time.Hour)
			w.Expect(id, "held", bot.ReasonSystemFailed)
			if crm.Allowed != before {
				t.Error("it was erased by a map that nobody approved")
			}
			crm.Digest = "approved"
			w.Start()
			operate(t, w.Engine.Retry, id, "ops")
			w.Pass(time.Hour)
			w.Expect(id, "resolved", bot.ReasonErased)
			expectJaneGone(t, w)
		})
	}
}

// TestRule9_DataMapChangedAfterApproval is approved again.
func TestRule9_DataMapChangedAfterApproval(t *testing.T) {
	w := populated(t)
	w.Systems["crm"].Digest = "approved"
	w.Settings.Deletes.Approval, w.Settings.Deletes.WaitingPeriod = "always", time.Hour
	w.Start()
	id := w.File(world.Alex(), "delete", janeBody)
	w.Settle()
	operate(t, w.Approve, id, "dpo")
	w.Settle()
	w.Systems["crm"].Digest = "another"
	w.Start()
	w.Pass(3 * time.Hour)
	w.Expect(id, "awaiting_approval", bot.ReasonGrown)
	expectNothingErased(t, w)
}

// TestRule9_LateRowsObeyTheCap: what turns up while erasing is no way round
// the cap.
func TestRule9_LateRowsObeyTheCap(t *testing.T) {
	w := populated(t)
	w.Settings.Deletes.CapRowsPerSystem = 5
	w.Start()
	events, flooded := w.Systems["events"], false
	events.Meanwhile = func(s *world.System) {
		for i := range 6 {
			if !flooded {
				s.Add(world.Row{ID: int64(1000 + i), Tenant: "acme", Key: connectors.Int(42), Text: "late"})
			}
		}
		flooded = true
	}
	id := w.File(world.Alex(), "delete", janeBody)
	w.Pass(time.Hour)
	w.Expect(id, "held", bot.ReasonCapRows)
	if events.Allowed != 2 {
		t.Errorf("%d rows of events were erased, want the 2 that were there", events.Allowed)
	}
	c := w.Case(id)
	if _, counts := w.Engine.Shown(&c); counts != "system\tcollection\trows left\nevents\tevents.thing\t6" || !strings.Contains(notesOf(t, w, id), "<td>6</td>") {
		t.Errorf("who releases the late rows is shown %q", counts)
	}
	operate(t, w.Release, id, "ops")
	w.Pass(time.Hour)
	w.Expect(id, "resolved", bot.ReasonErased)
	expectJaneGone(t, w)
}

// TestRule9_ReadersBeforeErasing: whoever else would read the answer holds the
// delete before it begins.
func TestRule9_ReadersBeforeErasing(t *testing.T) {
	w, id := waitingDelete(t)
	w.Desk.Edit(id, func(t *bot.Ticket) { t.Readers.CCs = []bot.Person{world.Carla()} })
	w.Pass(3 * time.Hour)
	w.Expect(id, "held", bot.ReasonReaders)
	expectNothingErased(t, w)
	w.Desk.Edit(id, func(t *bot.Ticket) { t.Readers = bot.Readers{} })
	operate(t, w.Engine.Retry, id, "ops")
	w.Pass(3 * time.Hour)
	w.Expect(id, "resolved", bot.ReasonErased)
}

// TestRule9_CopiedBetweenReviewAndDelivery: the readers were looked at, then
// somebody was copied in; the stamp refuses the write.
func TestRule9_CopiedBetweenReviewAndDelivery(t *testing.T) {
	w := populated(t)
	id := w.File(world.Alex(), "access", janeBody)
	w.Failpoint = func(name string) {
		if name == "before-update-done_access" {
			w.Failpoint = nil
			w.Desk.Edit(id, func(t *bot.Ticket) { t.Readers.CCs = []bot.Person{world.Carla()} })
		}
	}
	w.Pass(time.Hour)
	w.Expect(id, "held", bot.ReasonReaders)
	if len(w.Desk.Files[id]) != 0 {
		t.Error("a report was attached")
	}
}

// TestRule9_WhoMayNotApprove: nobody who filed, under whatever name, and nobody
// once the ticket is another's.
func TestRule9_WhoMayNotApprove(t *testing.T) {
	w := populated(t)
	w.Settings.Deletes.Approval = "always"
	w.Start()
	id := w.File(world.Alex(), "delete", janeBody)
	w.Settle()
	request := bot.IDOfTicket(id)
	for _, by := range []string{"alex@acme.example", " Alex@ACME.example ", "Alex <alex@acme.example>", "person", "", " "} {
		if err := w.Approve(t.Context(), request, by); !errors.Is(err, bot.ErrRefused) {
			t.Errorf("%q approved: %v", by, err)
		}
	}
	w.Desk.Edit(id, func(t *bot.Ticket) { t.Requester = world.Gina() })
	for _, by := range []string{"alex@acme.example", "dpo"} {
		if err := w.Approve(t.Context(), request, by); !errors.Is(err, bot.ErrRefused) {
			t.Errorf("%q approved another's ticket: %v", by, err)
		}
	}
	w.Pass(time.Hour)
	expectNothingErased(t, w)
}

// TestRule9_HoldAndPauseInMidErase stop before the next row.
func TestRule9_HoldAndPauseInMidErase(t *testing.T) {
	for name, stop := range map[string]func(*world.World, string) (resume func() error){
		"hold": func(w *world.World, request string) func() error {
			if err := w.Engine.Hold(t.Context(), request, "ops"); err != nil {
				t.Fatal(err)
			}
			return func() error { return w.Engine.Retry(t.Context(), request, "ops") }
		},
		"pause": func(w *world.World, _ string) func() error {
			if err := w.Store.PauseDeletes(t.Context(), "ops", w.Clock.Now()); err != nil {
				t.Fatal(err)
			}
			return func() error { return w.Store.ResumeDeletes(t.Context()) }
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := populated(t)
			events := w.Systems["events"]
			var id int64
			var resume func() error
			batches := 0
			events.Fail = func(op string) error {
				if op == "batch" {
					if batches++; batches == 2 {
						resume = stop(w, bot.IDOfTicket(id))
					}
				}
				return nil
			}
			id = w.File(world.Alex(), "delete", janeBody)
			w.Pass(time.Hour)
			if events.Allowed != 1 || w.Systems["crm"].Allowed != 0 {
				t.Fatalf("events %d, crm %d rows erased, want the first alone", events.Allowed, w.Systems["crm"].Allowed)
			}
			if err := w.Engine.Cancel(t.Context(), bot.IDOfTicket(id), "ops"); !errors.Is(err, bot.ErrRefused) {
				t.Errorf("half an erase was cancelled: %v", err)
			}
			if err := resume(); err != nil {
				t.Fatal(err)
			}
			w.Pass(time.Hour)
			w.Expect(id, "resolved", bot.ReasonErased)
			expectJaneGone(t, w)
		})
	}
}

// TestRule9_CancelBehindTheAnswer: the process died after the answer landed;
// nobody can call that cancelled.
func TestRule9_CancelBehindTheAnswer(t *testing.T) {
	w := populated(t)
	id := w.File(world.Alex(), "access", janeBody)
	w.Failpoint = func(name string) {
		if name == "after-update-done_access" {
			w.Failpoint = nil
			w.Kill()
		}
	}
	w.Settle()
	w.Clock.Advance(5 * time.Minute) // the dead worker's lease ends
	if err := w.Engine.Cancel(t.Context(), bot.IDOfTicket(id), "ops"); !errors.Is(err, bot.ErrRefused) {
		t.Errorf("a report that was delivered was cancelled: %v", err)
	}
	w.Pass(time.Hour)
	w.Expect(id, "resolved", bot.ReasonDelivered)
}

// TestRule9_OperatorsCantTouchWhatIsDone: each command says so.
func TestRule9_OperatorsCantTouchWhatIsDone(t *testing.T) {
	w := populated(t)
	w.Systems["crm"].Fail = func(string) error { return connectors.NewError(connectors.Credentials, "x", "refused", nil) }
	id := w.File(world.Alex(), "access", janeBody)
	w.Pass(time.Hour)
	request := bot.IDOfTicket(id)
	if err := w.Engine.Cancel(t.Context(), request, "ops"); err != nil {
		t.Fatal(err)
	}
	w.Settle()
	c := w.Expect(id, "cancelled", bot.ReasonByOperator)
	for name, command := range map[string]func() error{
		"approve": func() error { return w.Approve(t.Context(), request, "ops") },
		"hold":    func() error { return w.Engine.Hold(t.Context(), request, "ops") },
		"retry":   func() error { return w.Engine.Retry(t.Context(), request, "ops") },
		"release": func() error { return w.Release(t.Context(), request, "ops") },
		"skip":    func() error { return w.Engine.Skip(t.Context(), request, "crm", "ops") },
		"cancel":  func() error { return w.Engine.Cancel(t.Context(), request, "ops") },
	} {
		if err := command(); !errors.Is(err, bot.ErrRefused) || !strings.Contains(err.Error(), request) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if after := w.Case(id); after.Version != c.Version {
		t.Errorf("the record changed from version %d to %d", c.Version, after.Version)
	}
}
