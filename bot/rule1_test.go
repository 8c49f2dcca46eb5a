package bot_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"privacydesk/bot"
	"privacydesk/bot/bottest/world"
)

func TestRule1_DuplicateIsLinkedToTheOpenRequest(t *testing.T) {
	w := populated(t)
	w.Settings.Deletes.WaitingPeriod = time.Hour
	w.Start()
	first := w.File(world.Alex(), "delete", janeBody)
	w.Settle()
	second := w.File(world.Alex(), "delete", "JANE@X.example please")
	w.Settle()
	c := w.Expect(second, "rejected", bot.ReasonDuplicate)
	if c.Linked != bot.IDOfTicket(first) {
		t.Errorf("linked to %q, want %s", c.Linked, bot.IDOfTicket(first))
	}
	w.Expect(first, "waiting", bot.ReasonWaitingPeriod)
}

func TestRule1_SameSubjectOfAnotherTenantIsNoDuplicate(t *testing.T) {
	w := populated(t)
	w.Settings.Deletes.WaitingPeriod = time.Hour
	w.Start()
	acme := w.File(world.Alex(), "delete", janeBody)
	globex := w.File(world.Gina(), "delete", janeBody)
	w.Settle()
	w.Expect(acme, "waiting", bot.ReasonWaitingPeriod)
	w.Expect(globex, "waiting", bot.ReasonWaitingPeriod)
}

func TestRule1_ManyWorkersMakeOneRequest(t *testing.T) {
	w := populated(t)
	id := w.File(world.Alex(), "access", janeBody)
	other := w.File(world.Alex(), "access", janeBody)
	var group sync.WaitGroup
	for range 8 {
		for _, ticket := range []int64{id, other} {
			group.Go(func() {
				if err := w.Engine.Step(context.Background(), bot.IDOfTicket(ticket)); err != nil {
					t.Error(err)
				}
			})
		}
	}
	group.Wait()
	w.Pass(10 * time.Minute)
	states := map[bot.State]int{}
	for _, ticket := range []int64{id, other} {
		c := w.Case(ticket)
		states[c.State()]++
		if n := w.Desk.Updates[ticket]; n > 2 {
			t.Errorf("ticket %d was written %d times", ticket, n)
		}
	}
	if states["resolved"] != 1 || states["rejected"] != 1 {
		t.Errorf("states %v, want one resolved and one linked to it", states)
	}
}

func TestRule1_MarkedTicketWithoutRecordIsHeld(t *testing.T) {
	w := populated(t)
	w.Settings.Deletes.WaitingPeriod = time.Hour
	w.Start()
	id := w.File(world.Alex(), "delete", janeBody)
	w.Settle()
	w.FlushRedis()
	w.Queue.Flush()
	w.Hint(id)
	w.Pass(2 * time.Hour)
	w.Expect(id, "held", bot.ReasonStateLost)
	for _, s := range w.Systems {
		if s.Allowed != 0 {
			t.Errorf("%s was erased by a request whose record was lost", s.Name)
		}
	}
	if err := w.Engine.Retry(context.Background(), bot.IDOfTicket(id), "ops"); err == nil {
		t.Error("retry took up a request whose record was lost")
	}
	if err := w.Engine.Cancel(context.Background(), bot.IDOfTicket(id), "ops"); err != nil {
		t.Error(err)
	}
	w.Settle()
	w.Expect(id, "partly_executed", bot.ReasonStateLost)
}

// TestRule1_TouchedTicketWithoutRecordIsHeld: whatever our own user did on a
// ticket, and whether it can be verified or not, there was a record once.
func TestRule1_TouchedTicketWithoutRecordIsHeld(t *testing.T) {
	for name, touch := range map[string]func(w *world.World, t *bot.Ticket){
		"a mark that nobody signed": func(_ *world.World, t *bot.Ticket) {
			t.Marks = []bot.Mark{{Request: bot.IDOfTicket(t.ID), Step: "final", MAC: "deadbeef"}}
		},
		"a final mark of another ticket": func(w *world.World, t *bot.Ticket) {
			t.Marks = []bot.Mark{{Request: "t7", Step: "final", MAC: w.Keys.Mark("t7", "final")}}
		},
		"a final mark under another's name": func(w *world.World, t *bot.Ticket) {
			t.Marks = []bot.Mark{{Request: bot.IDOfTicket(t.ID), Step: "final", MAC: w.Keys.Mark("t7", "final")}}
		},
		"a copied mark behind a final one": func(w *world.World, t *bot.Ticket) {
			id := bot.IDOfTicket(t.ID)
			t.Marks = []bot.Mark{{Request: id, Step: "final", MAC: w.Keys.Mark(id, "final")}, {Request: "t7", Step: "update.1.0", MAC: w.Keys.Mark("t7", "update.1.0")}}
		},
		"a question behind the final answer": func(w *world.World, t *bot.Ticket) {
			id := bot.IDOfTicket(t.ID)
			for _, step := range []string{"receipt", "final", "question_reopened.9.0"} {
				t.Marks = append(t.Marks, bot.Mark{Request: id, Step: step, MAC: w.Keys.Mark(id, step)})
			}
		},
		"a comment": func(w *world.World, t *bot.Ticket) {
			t.Comments = append(t.Comments, bot.Comment{ID: t.Comments[0].ID + 1, Author: w.Desk.Bot, Ours: true, At: t.Created, Text: "We are at it."})
		},
		"a tag": func(_ *world.World, t *bot.Ticket) { t.Tags, t.Touched = []string{bot.TagInScope}, true },
	} {
		t.Run(name, func(t *testing.T) {
			w := populated(t)
			id := w.File(world.Alex(), "delete", janeBody)
			w.Desk.Edit(id, func(t *bot.Ticket) { touch(w, t) })
			w.Pass(2 * time.Hour)
			w.Expect(id, "held", bot.ReasonStateLost)
			expectNothingErased(t, w)
		})
	}
}

func TestRule1_OldAndSolvedTicketsNeverExecute(t *testing.T) {
	for name, ticket := range map[string]bot.Ticket{
		"older than intake.since": {Created: world.NewClock().Now().Add(-48 * time.Hour)},
		"solved when first seen":  {Status: bot.StatusSolved},
		"closed when first seen":  {Status: bot.StatusClosed},
		"of another form":         {FormID: 1},
		"tag, but no agent's":     {FormID: 1, Tags: []string{"privacy_request"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := populated(t)
			ticket.Requester, ticket.Fields = world.Alex(), map[int64]string{world.KindField: "delete"}
			if ticket.FormID == 0 {
				ticket.FormID = world.Form
			}
			id := w.Desk.File(ticket, janeBody)
			w.Hint(id)
			w.Pass(time.Hour)
			if _, err := w.Store.Load(context.Background(), bot.IDOfTicket(id)); err == nil {
				t.Error("a request was made of it")
			}
			if n := len(w.Desk.Ours(id)); n != 0 {
				t.Errorf("it was answered %d times", n)
			}
		})
	}
}
