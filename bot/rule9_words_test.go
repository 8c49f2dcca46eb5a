package bot_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"privacydesk/bot"
	"privacydesk/bot/bottest/world"
)

// meanwhile lets something happen once, right before the update that says a
// message: the answer is decided by then, and not yet given.
func meanwhile(w *world.World, message string, do func()) {
	done := false
	w.Failpoint = func(name string) {
		if name == "before-update-"+message && !done {
			done = true
			do()
		}
	}
}

// TestRule9_WordsBetweenDecisionAndDelivery: until an answer is given, a word
// counts as it does before the answer is decided, whether somebody told us of
// it or the delivery is the first to see it.
func TestRule9_WordsBetweenDecisionAndDelivery(t *testing.T) {
	for name, c := range map[string]struct {
		kind, message, text string
		by                  bot.Person
		state               bot.State
		why                 bot.Reason
	}{
		"an access request is objected to":    {"access", "done_access", "Stop, don't send it, she is the wrong person!", world.Alex(), "held", bot.ReasonReply},
		"an access request is taken back":     {"access", "done_access", "Please cancel my request.", world.Alex(), "cancelled", bot.ReasonByRequester},
		"an access request is added to":       {"access", "done_access", "Please also send the data of jose@x.example.", world.Alex(), "held", bot.ReasonReply},
		"somebody in copy objects":            {"access", "done_access", "That is somebody else.", world.Uli(), "held", bot.ReasonReply},
		"somebody in copy can't take it back": {"access", "done_access", "Please cancel.", world.Uli(), "held", bot.ReasonReply},
		"a delete is added to":                {"delete", "done_delete", "Also delete jose@x.example, please.", world.Alex(), "held", bot.ReasonReply},
		"a delete can't be taken back":        {"delete", "done_delete", "Please cancel.", world.Alex(), "held", bot.ReasonReply},
		"thanks":                              {"access", "done_access", "Thank you!", world.Alex(), "resolved", bot.ReasonDelivered},
	} {
		for _, hinted := range []bool{true, false} {
			t.Run(name+map[bool]string{true: ", told", false: ", not told"}[hinted], func(t *testing.T) {
				w := populated(t)
				id := int64(0)
				meanwhile(w, c.message, func() {
					w.Desk.Reply(id, c.by, c.text)
					if hinted {
						w.Hint(id)
					}
				})
				id = w.File(world.Alex(), c.kind, janeBody)
				w.Pass(time.Hour)
				w.Expect(id, c.state, c.why)
				if files := len(w.Desk.Files[id]); (c.state == "resolved") != (files > 0) {
					t.Errorf("%d files were attached", files)
				}
				if c.state != "held" {
					return
				}
				operate(t, w.Engine.Retry, id, "ops")
				w.Pass(time.Hour)
				if st := w.Case(id).State(); st != "resolved" {
					t.Errorf("a person read it, and it is %s (%s)", st, w.Case(id).Why())
				}
			})
		}
	}
}

// TestRule9_AgentHoldsBetweenDecisionAndDelivery: an agent's command counts,
// too, though nobody told us of it.
func TestRule9_AgentHoldsBetweenDecisionAndDelivery(t *testing.T) {
	w := populated(t)
	id := int64(0)
	meanwhile(w, "done_access", func() {
		w.Desk.Edit(id, func(t *bot.Ticket) {
			t.Comments = append(t.Comments, bot.Comment{ID: t.Comments[len(t.Comments)-1].ID + 1, Author: bot.Person{ID: 5, Role: "agent"}, Text: "/privacy hold"})
		})
	})
	id = w.File(world.Alex(), "access", janeBody)
	w.Pass(time.Hour)
	w.Expect(id, "held", bot.ReasonAgentHold)
	if len(w.Desk.Files[id]) != 0 {
		t.Error("a report was attached")
	}
}

// TestRule9_WordsWhileAnAnswerIsHeld: an answer may be held for days, and what
// is written meanwhile is acted on.
func TestRule9_WordsWhileAnAnswerIsHeld(t *testing.T) {
	for text, want := range map[string]bot.Reason{
		"Please cancel":                       bot.ReasonByRequester,
		"And those of josé@x.example, please": bot.ReasonReply,
	} {
		w := populated(t)
		id := w.File(world.Alex(), "access", janeBody)
		w.Desk.Edit(id, func(t *bot.Ticket) { t.Readers.CCs = []bot.Person{world.Carla()} })
		w.Pass(time.Hour)
		w.Expect(id, "held", bot.ReasonReaders)
		w.Clock.Advance(48 * time.Hour)
		w.Desk.Edit(id, func(t *bot.Ticket) { t.Readers.CCs = nil })
		w.Desk.Reply(id, world.Alex(), text)
		w.Hint(id)
		w.Settle()
		if c := w.Case(id); c.Why() != want {
			t.Errorf("%q: it is %s (%s)", text, c.State(), c.Why())
		}
		if len(w.Desk.Files[id]) != 0 {
			t.Errorf("%q: a report was attached", text)
		}
	}
}

// TestWordsBesideARefusalBeginTheNextGeneration: what is written while an
// answer that discloses nothing is on its way is taken up after it.
func TestWordsBesideARefusalBeginTheNextGeneration(t *testing.T) {
	for _, hinted := range []bool{true, false} {
		w := populated(t)
		id := int64(0)
		meanwhile(w, "refused_not_admin", func() {
			w.Desk.Reply(id, world.Uli(), "Our admin is ill. What now?")
			if hinted {
				w.Hint(id)
			}
		})
		id = w.File(world.Uli(), "delete", janeBody)
		w.Pass(time.Hour)
		if c := w.Expect(id, "held", bot.ReasonReplied); len(c.Past) != 1 {
			t.Errorf("told %t: %d generations before", hinted, len(c.Past))
		}
	}
}

// TestWordsBesideACancellationBeginTheNextGeneration: the same of a request
// that was under way.
func TestWordsBesideACancellationBeginTheNextGeneration(t *testing.T) {
	w := populated(t)
	w.Settings.Deletes.WaitingPeriod = time.Hour
	w.Start()
	id := w.File(world.Alex(), "delete", janeBody)
	w.Settle()
	meanwhile(w, "cancelled", func() {
		w.Desk.Reply(id, world.Alex(), "When will she be gone?")
		w.Hint(id)
	})
	operate(t, w.Engine.Cancel, id, "ops")
	w.Pass(3 * time.Hour)
	if c := w.Expect(id, "held", bot.ReasonReplied); len(c.Past) != 1 {
		t.Errorf("%d generations before", len(c.Past))
	}
	expectNothingErased(t, w)
}

// TestWordsAfterAnAnswerThatLanded: the report is on the ticket, though we do
// not know it yet: what is written then is written after the end.
func TestWordsAfterAnAnswerThatLanded(t *testing.T) {
	w := populated(t)
	id := int64(0)
	w.Failpoint = func(name string) {
		if name == "after-update-done_access" && len(w.Case(id).Past) == 0 {
			w.Desk.Reply(id, world.Alex(), "And what about José?")
			w.Hint(id)
			w.Kill()
		}
	}
	id = w.File(world.Alex(), "access", janeBody)
	w.Settle()
	w.Clock.Advance(3 * time.Minute)
	w.Pass(time.Hour)
	if c := w.Expect(id, "needs_info", bot.ReasonReopened); len(c.Past) != 1 || c.Past[0].Reason != bot.ReasonDelivered {
		t.Errorf("past: %+v", c.Past)
	}
}

// TestWordsAfterACancellationAreNotPassedOver: who takes a request back and
// goes on writing is read to the end.
func TestWordsAfterACancellationAreNotPassedOver(t *testing.T) {
	w := populated(t)
	w.Settings.Deletes.WaitingPeriod = time.Hour
	w.Start()
	id := w.File(world.Alex(), "delete", janeBody)
	w.Settle()
	w.Desk.Reply(id, world.Alex(), "Please cancel.")
	w.Desk.Reply(id, world.Alex(), "It has to be José, josé@x.example.")
	w.Hint(id)
	w.Pass(3 * time.Hour)
	if c := w.Expect(id, "held", bot.ReasonReplied); len(c.Past) != 1 || c.Past[0].Reason != bot.ReasonByRequester {
		t.Errorf("past: %+v", c.Past)
	}
	expectNothingErased(t, w)
}

// TestRule9_WordsBesideAnotherHoldAreNotPassedOver: an operator who holds a
// request, and lets it go on without a look at the ticket, waves no word through.
func TestRule9_WordsBesideAnotherHoldAreNotPassedOver(t *testing.T) {
	w := populated(t)
	w.Settings.Deletes.WaitingPeriod = time.Hour
	w.Start()
	id := w.File(world.Alex(), "delete", janeBody)
	w.Settle()
	operate(t, w.Engine.Hold, id, "ops")
	w.Desk.Reply(id, world.Alex(), "It is the wrong Jane.")
	w.Hint(id)
	w.Pass(2 * time.Hour)
	w.Expect(id, "held", bot.ReasonOperatorHold)
	operate(t, w.Engine.Retry, id, "ops")
	w.Pass(2 * time.Hour)
	w.Expect(id, "held", bot.ReasonReply)
	expectNothingErased(t, w)
}

// TestRule9_WordsBeforeAcceptanceHold: who speaks of stopping before a request
// was accepted is heard, too.
func TestRule9_WordsBeforeAcceptanceHold(t *testing.T) {
	stop := "Stop, don't send it, she is the wrong person!"
	for name, play := range map[string]func(*world.World) int64{
		"while the directory is away": func(w *world.World) int64 {
			w.Directory.Err = errors.New("down")
			id := w.File(world.Alex(), "access", janeBody)
			w.Settle()
			w.Desk.Reply(id, world.Alex(), stop)
			w.Hint(id)
			w.Settle()
			w.Directory.Err = nil
			return id
		},
		"before the first look": func(w *world.World) int64 {
			id := w.File(world.Alex(), "access", janeBody)
			w.Desk.Reply(id, world.Alex(), stop)
			return id
		},
		"by somebody in copy": func(w *world.World) int64 {
			id := w.File(world.Alex(), "access", janeBody)
			w.Desk.Reply(id, world.Uli(), stop)
			return id
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := populated(t)
			id := play(w)
			w.Pass(time.Hour)
			w.Expect(id, "held", bot.ReasonReply)
			operate(t, w.Engine.Retry, id, "ops")
			w.Pass(time.Hour)
			w.Expect(id, "resolved", bot.ReasonDelivered)
		})
	}
}

// TestAnswerThatRepeatsAnOpenRequestIsReadOnce: the words that led to the
// answer "there is one already" begin no further generation.
func TestAnswerThatRepeatsAnOpenRequestIsReadOnce(t *testing.T) {
	w := populated(t)
	w.Settings.Deletes.WaitingPeriod = time.Hour
	w.Start()
	w.File(world.Alex(), "delete", janeBody)
	w.Settle()
	id := w.File(world.Alex(), "delete", "Please delete her.")
	w.Settle()
	w.Expect(id, "needs_info", bot.ReasonNoSubject)
	w.Desk.Reply(id, world.Alex(), "jane@x.example")
	w.Hint(id)
	w.Settle()
	w.Hint(id)
	w.Settle()
	if c := w.Expect(id, "rejected", bot.ReasonDuplicate); len(c.Past) != 0 {
		t.Errorf("%d generations before", len(c.Past))
	}
	if said := strings.Join(w.Desk.Ours(id), " "); strings.Count(said, "final") != 1 {
		t.Errorf("it was said: %s", said)
	}
}

// TestRule9_RepliesToQuestionsAreNoObjections: what answers a question is read
// on, also where it says that something was wrong.
func TestRule9_RepliesToQuestionsAreNoObjections(t *testing.T) {
	w := populated(t)
	id := w.File(world.Alex(), "access", "Everything on our customer, please.")
	w.Settle()
	w.Expect(id, "needs_info", bot.ReasonNoSubject)
	w.Desk.Reply(id, world.Alex(), "Sorry, my mistake. It is jane@x.example.")
	w.Hint(id)
	w.Pass(time.Hour)
	w.Expect(id, "resolved", bot.ReasonDelivered)
}
