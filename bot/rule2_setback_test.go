package bot_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"privacydesk/bot"
	"privacydesk/bot/bottest/world"
	"privacydesk/connectors"
)

// back puts Jane in again, as somebody who started fresh.
func back(w *world.World) {
	w.Systems["crm"].Add(world.Row{ID: 600, Tenant: "acme", Key: connectors.Text("jane@x.example"), Text: "Jane is back", Gives: 42})
}

func isBack(w *world.World) bool {
	return slices.ContainsFunc(w.Systems["crm"].Rows(), func(r world.Row) bool { return r.ID == 600 })
}

// TestRule2_FinishedTicketsAreTakenBack: Redis is emptied, the folder is kept.
// What had ended is over as it ended, without a word, and stays over when its
// requester says thanks; a further wish asks whom it is about.
func TestRule2_FinishedTicketsAreTakenBack(t *testing.T) {
	for name, tc := range map[string]struct {
		by         bot.Person
		kind, body string
		state      bot.State
		why        bot.Reason
		forgotten  bool
	}{
		"a delivered access":  {by: world.Alex(), kind: "access", body: janeBody, state: "resolved", why: bot.ReasonDelivered},
		"a delete":            {by: world.Alex(), kind: "delete", body: janeBody, state: "resolved", why: bot.ReasonErased},
		"a delete of nothing": {by: world.Alex(), kind: "delete", body: "nobody@x.example", state: "resolved", why: bot.ReasonNothingFound},
		"a refusal":           {by: world.Uli(), kind: "delete", body: janeBody, state: "rejected", why: bot.ReasonNotAdmin},
		"a forgotten delete":  {by: world.Alex(), kind: "delete", body: janeBody, state: "resolved", why: bot.ReasonErased, forgotten: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := populated(t)
			id := w.File(tc.by, tc.kind, tc.body)
			w.Pass(10 * time.Minute)
			if tc.forgotten {
				w.Clock.Advance(15 * 24 * time.Hour)
				w.Settle()
			}
			ended := w.Expect(id, tc.state, tc.why)
			said, asked := len(w.Desk.Ours(id)), batches(w)
			w.FlushRedis()
			w.Queue.Flush()
			back(w)
			w.Hint(id)
			w.Pass(time.Hour)
			c := w.Expect(id, tc.state, tc.why)
			if string(c.Kind) != tc.kind || c.Phase != ended.Phase || !c.Finished.Equal(ended.Finished) {
				t.Errorf("it is a %s in phase %s, finished %s; it was %+v", c.Kind, c.Phase, c.Finished, ended)
			}
			verifyLedger(t, w, c)
			if n := len(w.Desk.Ours(id)); n != said {
				t.Fatalf("something was said: %q", w.Desk.Ours(id)[said:])
			}
			w.Desk.Reply(id, tc.by, "Thanks!")
			w.Hint(id)
			w.Pass(time.Hour)
			w.Expect(id, tc.state, tc.why)
			w.Clock.Advance(16 * 24 * time.Hour)
			w.Settle()
			if phase := w.Case(id).Phase; phase != bot.PhaseForgotten {
				t.Errorf("after its time it is %s", phase)
			}
			expectForgotten(t, w, id)
			w.Desk.Reply(id, tc.by, "Please do it again.")
			w.Hint(id)
			w.Pass(time.Hour)
			if now := w.Case(id); now.State() != "needs_info" && now.State() != "held" || len(now.Past) != 1 {
				t.Errorf("a further wish makes it %s (%s)", now.State(), now.Why())
			}
			if n := batches(w); n != asked || !isBack(w) {
				t.Errorf("%d batches ran after the loss", n-asked)
			}
		})
	}
}

// TestRule2_FinalMarksOfAnEarlierVersion do not tell how the request ended; it
// is over all the same.
func TestRule2_FinalMarksOfAnEarlierVersion(t *testing.T) {
	w := populated(t)
	id := w.File(world.Alex(), "delete", janeBody)
	w.Desk.Edit(id, func(t *bot.Ticket) {
		for _, step := range []string{"receipt", "final", "note_thanks.14.0"} {
			t.Marks = append(t.Marks, bot.Mark{Request: bot.IDOfTicket(t.ID), Step: step, MAC: w.Keys.Mark(bot.IDOfTicket(t.ID), step), At: t.Created})
		}
		t.Touched, t.Status = true, bot.StatusSolved
	})
	w.Pass(time.Hour)
	w.Expect(id, "resolved", bot.ReasonTakenBack)
	expectNothingErased(t, w)
}

// TestRule2_LaterGenerationsAreTakenBack as what they are.
func TestRule2_LaterGenerationsAreTakenBack(t *testing.T) {
	w := populated(t)
	var setBack func()
	id := again(t, w, func() { setBack = w.SnapshotRedis() })
	ended := w.Expect(id, "resolved", bot.ReasonErased)
	for name, lose := range map[string]func(){"emptied": w.FlushRedis, "set back to the first": setBack} {
		lose()
		w.Queue.Flush()
		if !isBack(w) {
			back(w)
		}
		said := len(w.Desk.Ours(id))
		w.Hint(id)
		w.Pass(time.Hour)
		c := w.Expect(id, "resolved", bot.ReasonErased)
		if len(c.Past) != 1 || c.Phase != bot.PhaseDone || !c.Finished.Equal(ended.Finished) || len(w.Desk.Ours(id)) != said || !isBack(w) {
			t.Errorf("%s: generation %d, phase %s, finished %s, said %q", name, len(c.Past)+1, c.Phase, c.Finished, w.Desk.Ours(id)[said:])
		}
		verifyLedger(t, w, c)
	}
}

// TestRule2_ReplyBehindALostRecord: whoever a lost record was about, a reply
// that names somebody is compared with nobody: a person decides, and it goes on.
func TestRule2_ReplyBehindALostRecord(t *testing.T) {
	for name, marked := range map[string]bool{"taken back": true, "ended by a person": false} {
		t.Run(name, func(t *testing.T) {
			w := populated(t)
			id := w.File(world.Alex(), "access", janeBody)
			w.Pass(time.Hour)
			w.Expect(id, "resolved", bot.ReasonDelivered)
			w.FlushRedis()
			w.Queue.Flush()
			if !marked {
				w.Desk.Edit(id, func(t *bot.Ticket) { t.Marks = nil })
			}
			w.Hint(id)
			w.Pass(time.Hour)
			if !marked {
				w.Expect(id, "held", bot.ReasonStateLost)
				if err := w.Engine.Cancel(t.Context(), bot.IDOfTicket(id), "ops"); err != nil {
					t.Fatal(err)
				}
				w.Pass(time.Hour)
			}
			for _, text := range []string{"Please do it again.", "jane@x.example"} {
				w.Desk.Reply(id, world.Alex(), text)
				w.Hint(id)
				w.Pass(10 * time.Minute)
			}
			w.Expect(id, "held", bot.ReasonReopened)
			if ours := w.Desk.Ours(id); !strings.Contains(ours[len(ours)-1], "note_again_unknown") {
				t.Errorf("the note is %q", ours[len(ours)-1])
			}
			if err := release(w, id); err != nil {
				t.Fatal(err)
			}
			w.Pass(time.Hour)
			w.Expect(id, "resolved", bot.ReasonDelivered)
		})
	}
}

// TestRule2_ALostRecordIsEndedWithoutAWord: the person who ends it was told to
// read the ticket. What stood there then asks for nothing anew; what is written
// later does.
func TestRule2_ALostRecordIsEndedWithoutAWord(t *testing.T) {
	w := populated(t)
	w.Settings.Deletes.Approval = "always"
	w.Start()
	id := w.File(world.Alex(), "delete", janeBody)
	w.Settle()
	w.Desk.Reply(id, world.Alex(), "When will it be done?")
	w.FlushRedis()
	w.Queue.Flush()
	w.Hint(id)
	w.Pass(time.Hour)
	w.Expect(id, "held", bot.ReasonStateLost)
	said := w.Desk.Ours(id)
	operate(t, w.Engine.Cancel, id, "ops")
	w.Hint(id) // its note is an update of the ticket
	w.Pass(time.Hour)
	w.Expect(id, "partly_executed", bot.ReasonStateLost)
	if more := w.Desk.Ours(id)[len(said):]; len(more) != 1 || !strings.HasPrefix(more[0], "note_operator") {
		t.Errorf("said when it was ended: %q", more)
	}
	w.Desk.Reply(id, world.Alex(), "And now?")
	w.Hint(id)
	w.Pass(time.Hour)
	w.Expect(id, "needs_info", bot.ReasonReopened)
}

// TestRule2_BackupFromTheWaitingPeriod: a backup of Redis is taken while a delete
// waits, the delete ends, the person comes back, and the backup is restored.
func TestRule2_BackupFromTheWaitingPeriod(t *testing.T) {
	for name, forgotten := range map[string]bool{"two days later": false, "when it was forgotten": true} {
		t.Run(name, func(t *testing.T) {
			w := populated(t)
			w.Settings.Deletes.WaitingPeriod = time.Hour
			w.Start()
			id := w.File(world.Alex(), "delete", janeBody)
			w.Settle()
			setBack := w.SnapshotRedis()
			w.Pass(2 * time.Hour)
			w.Expect(id, "resolved", bot.ReasonErased)
			w.Clock.Advance(48 * time.Hour)
			if forgotten {
				w.Clock.Advance(15 * 24 * time.Hour)
			}
			w.Settle()
			said := len(w.Desk.Ours(id))
			back(w)
			setBack()
			w.Pass(3 * time.Hour)
			if !isBack(w) {
				t.Error("who came back was erased")
			}
			c := w.Expect(id, "resolved", bot.ReasonErased)
			if n := len(w.Desk.Ours(id)); n != said {
				t.Errorf("something was said: %q", w.Desk.Ours(id)[said:])
			}
			verifyLedger(t, w, c)
			w.Clock.Advance(15 * 24 * time.Hour)
			w.Settle()
			expectForgotten(t, w, id)
		})
	}
}

// TestRule2_UnknownMarkHolds: set back behind a word of ours that ended nothing,
// a request waits for a person, and says why, whatever it was about to do.
func TestRule2_UnknownMarkHolds(t *testing.T) {
	w := populated(t)
	w.Settings.Deletes.WaitingPeriod = time.Hour
	w.Start()
	id := w.File(world.Alex(), "delete", janeBody)
	w.Settle()
	setBack := w.SnapshotRedis()
	agent := bot.Person{ID: 90, Email: "agent@vendor.example", Role: "agent", Verified: true, Active: true}
	w.Desk.Reply(id, agent, "/privacy status")
	w.Desk.Edit(id, func(t *bot.Ticket) { t.Comments[len(t.Comments)-1].Public = false })
	w.Hint(id)
	w.Settle()
	setBack()
	w.Pass(3 * time.Hour)
	c := w.Expect(id, "held", bot.ReasonSetBack)
	expectNothingErased(t, w)
	if text := said(t, w, id); strings.Count(text, "record_set_back") != 1 {
		t.Errorf("the ticket says\n%s", text)
	}
	verifyLedger(t, w, c)
	operate(t, w.Engine.Retry, id, "ops")
	w.Pass(3 * time.Hour)
	w.Expect(id, "resolved", bot.ReasonErased)
}

// TestRule2_AnotherWordHasAnotherName: Redis is set back behind an operator's
// word, and another operator says theirs. Both stand on the ticket, once.
func TestRule2_AnotherWordHasAnotherName(t *testing.T) {
	w := populated(t)
	w.Settings.Deletes.WaitingPeriod = time.Hour
	w.Start()
	id := w.File(world.Alex(), "delete", janeBody)
	w.Settle()
	setBack := w.SnapshotRedis()
	operate(t, w.Engine.Hold, id, "first")
	w.Settle()
	setBack()
	operate(t, w.Engine.Hold, id, "second")
	w.Pass(time.Hour)
	text := said(t, w, id)
	for _, by := range []string{"first", "second"} {
		if strings.Count(text, by) != 1 {
			t.Errorf("of %s's word the ticket says\n%s", by, text)
		}
	}
	expectNothingErased(t, w)
}

// TestRule2_CancelBehindASetBack: the record was set back to a question, the
// spool says that erasing began in a life that it does not know, and the
// requester cancels. A person has to look, and is told.
func TestRule2_CancelBehindASetBack(t *testing.T) {
	w := populated(t)
	id := w.File(world.Alex(), "delete", "jane@x.example and jose@x.example")
	w.Settle()
	w.Expect(id, "needs_info", bot.ReasonManySubjects)
	setBack := w.SnapshotRedis()
	w.Failpoint = func(name string) {
		if name == "after-erase-mark" {
			w.Failpoint = nil
			w.Kill()
		}
	}
	w.Desk.Reply(id, world.Alex(), "jane@x.example")
	w.Hint(id)
	w.Pass(time.Minute)
	setBack()
	w.Queue.Flush()
	w.Desk.Edit(id, func(t *bot.Ticket) { // nothing was said of it, and the answer is gone
		t.Marks = t.Marks[:1]
		t.Comments[len(t.Comments)-1].Ours = true
	})
	w.Desk.Reply(id, world.Alex(), "Please cancel my request.")
	w.Hint(id)
	w.Pass(time.Hour)
	w.Expect(id, "held", bot.ReasonStateLost)
	if text := said(t, w, id); !strings.Contains(text, "state_lost") {
		t.Errorf("the ticket says\n%s", text)
	}
}

// TestRule2_WithdrawnWordsAreKnown: an update landed, the process died before it
// knew, and the request was cancelled: its mark is no sign of a set-back.
func TestRule2_WithdrawnWordsAreKnown(t *testing.T) {
	w := populated(t)
	w.Settings.Deletes.WaitingPeriod = time.Hour
	w.Start()
	w.Failpoint = func(name string) {
		if name == "after-update-receipt_delete" {
			w.Failpoint = nil
			w.Kill()
		}
	}
	id := w.File(world.Alex(), "delete", janeBody)
	w.Settle()
	w.Clock.Advance(10 * time.Minute)
	operate(t, w.Engine.Cancel, id, "ops")
	w.Hint(id)
	w.Pass(time.Hour)
	w.Expect(id, "cancelled", bot.ReasonByOperator)
	if got := w.Desk.Ours(id); len(got) != 3 || got[0] != "receipt" || !slices.Contains(got, "final") {
		t.Errorf("said %q", got)
	}
}

// TestRule2_ALaterGenerationBehindAnEndedRecord: the store was set back to when
// the request had ended; since then a reply had begun another generation, whose
// words are on the ticket. It is no request that is over: a person decides, and
// nobody has to be acknowledged anew.
func TestRule2_ALaterGenerationBehindAnEndedRecord(t *testing.T) {
	w := populated(t)
	id := w.File(world.Alex(), "delete", janeBody)
	w.Pass(10 * time.Minute)
	w.Expect(id, "resolved", bot.ReasonErased)
	setBack := w.SnapshotRedis()
	w.Desk.Reply(id, world.Alex(), "Please delete jose@x.example, too.")
	w.Hint(id)
	w.Pass(10 * time.Minute)
	w.Expect(id, "needs_info", bot.ReasonReopened)
	said, asked := len(w.Desk.Ours(id)), batches(w)
	setBack()
	w.Queue.Flush()
	back(w)
	w.Hint(id)
	w.Pass(time.Hour)
	c := w.Expect(id, "held", bot.ReasonStateLost)
	if c.Phase != bot.PhaseReading || c.Resolution != "" {
		t.Errorf("it is %s in phase %s", c.Resolution, c.Phase)
	}
	if n := batches(w); n != asked || !isBack(w) {
		t.Errorf("something was erased: %d batches, %d before", n, asked)
	}
	if now := w.Desk.Ours(id)[said:]; len(now) != 1 || !strings.HasPrefix(now[0], "note_held.") {
		t.Errorf("said: %q", now)
	}
	verifyLedger(t, w, c)
}
