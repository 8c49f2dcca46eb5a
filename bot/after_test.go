package bot_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"privacydesk/bot"
	"privacydesk/bot/bottest/world"
	"privacydesk/bot/policy"
	"privacydesk/connectors"
)

const personField = 903

// afterwards is a world in which all that follows an answer is done.
func afterwards(t *testing.T) *world.World {
	t.Helper()
	w := world.New(t)
	w.Settings.CleanTicket = true
	w.Settings.Reading.SubjectField = personField
	w.Settings.Deletes.Rescan = policy.Rescan{When: policy.RescanAfter, At: []time.Duration{24 * time.Hour, 72 * time.Hour}}
	w.Start()
	w.Populate()
	return w
}

// fileByField files a delete whose subject stands in a field and in the
// subject line: both are cleared by the update that answers.
func fileByField(w *world.World) int64 {
	id := w.Desk.File(bot.Ticket{
		Requester: world.Alex(), FormID: world.Form, Channel: "web", Subject: "Delete jane@x.example",
		Fields: map[int64]string{world.KindField: "delete", personField: "jane@x.example"},
	}, "As the form says. Jane called.")
	w.Hint(id)
	return id
}

// syncsBack writes Jane into the crm again.
func syncsBack(w *world.World) {
	w.Systems["crm"].Add(world.Row{ID: 90, Tenant: "acme", Key: connectors.Text("jane@x.example"), Text: "Jane, from a sync"})
}

func expectClean(t *testing.T, w *world.World, id int64) {
	t.Helper()
	ticket, err := w.Desk.Ticket(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range ticket.Comments {
		if !c.Ours && strings.ContainsFunc(c.Text, func(r rune) bool { return r < '▇' && r > ' ' }) {
			t.Errorf("a comment still reads %q", c.Text)
		}
	}
	if strings.Contains(ticket.Subject, "@") || ticket.Fields[personField] != "" {
		t.Errorf("the ticket still says %q, %v", ticket.Subject, ticket.Fields)
	}
}

// TestRule3_KillAfterTheAnswer kills the process at each failpoint of a whole
// life with searches afterwards, cleaning and forgetting: everything is done,
// each note is said once, and nothing is erased after Resolved.
func TestRule3_KillAfterTheAnswer(t *testing.T) {
	run := func(t *testing.T, kill func(*world.World, string)) int {
		w := afterwards(t)
		seen := 0
		w.Failpoint = func(string) {
			seen++
			kill(w, fmt.Sprint(seen-1))
		}
		id := fileByField(w)
		w.Settle()
		w.Clock.Advance(3 * time.Minute)
		w.Pass(time.Hour)
		w.Expect(id, "resolved", bot.ReasonErased)
		syncsBack(w)
		w.Pass(4 * 24 * time.Hour)
		w.Pass(12 * 24 * time.Hour)
		expectForgotten(t, w, id)
		expectClean(t, w, id)
		expectSaidOnce(t, w, id)
		rows := w.Systems["crm"].Rows()
		if !slices.ContainsFunc(rows, func(r world.Row) bool { return r.ID == 90 }) {
			t.Error("what came back after Resolved was erased in silence")
		}
		told := 0
		for _, step := range w.Desk.Ours(id) {
			if strings.HasPrefix(step, "note_returned") {
				told++
			}
		}
		if told != 2 { // after 24 hours, and after 72
			t.Errorf("agents were told %d times of what came back", told)
		}
		return seen
	}
	n := run(t, func(*world.World, string) {})
	if n < 40 {
		t.Fatalf("only %d failpoints", n)
	}
	for i := range n {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			run(t, func(w *world.World, at string) {
				if at == fmt.Sprint(i) {
					w.Kill()
				}
			})
		})
	}
}

// TestRule3_AnswerThatClearsFieldsIsNoEdit: the answer of the last update was
// lost, and a hint of it arrives before anything else. The fields that it
// cleared are not taken for an edit by somebody.
func TestRule3_AnswerThatClearsFieldsIsNoEdit(t *testing.T) {
	w := afterwards(t)
	id := fileByField(w)
	lost := false
	w.Failpoint = func(name string) {
		if name == "after-update-done_delete" && !lost {
			lost = true
			w.Hint(id)
			w.Kill()
		}
	}
	w.Settle()
	w.Clock.Advance(3 * time.Minute)
	w.Pass(10 * time.Minute)
	if !lost {
		t.Fatal("no answer was lost")
	}
	w.Expect(id, "resolved", bot.ReasonErased)
	expectSaidOnce(t, w, id)
}

// TestCleaningWaitsForTheDesk: a desk that is down for two days delays the
// cleaning, and the key with it; one that never comes back does not keep the
// key for ever.
func TestCleaningWaitsForTheDesk(t *testing.T) {
	for _, days := range []int{2, 30} {
		w := afterwards(t)
		id := fileByField(w)
		w.Settle()
		w.Pass(13 * 24 * time.Hour)
		back := w.Clock.Now().Add(time.Duration(days) * 24 * time.Hour)
		w.Desk.Fail = func(string, int64) error {
			if w.Clock.Now().Before(back) {
				return bot.ErrUnavailable
			}
			return nil
		}
		w.Pass(36 * time.Hour)
		if c := w.Case(id); c.Phase != bot.PhaseDone {
			t.Errorf("%d days: %s before the ticket is clean", days, c.Phase)
		}
		w.Pass(10 * 24 * time.Hour)
		expectForgotten(t, w, id)
		w.Desk.Fail = nil
		if days == 2 {
			expectClean(t, w, id)
		}
	}
}

// TestRule10_NothingPersonalIsKeptOfCleaning looks into Redis and the log.
func TestRule10_NothingPersonalIsKeptOfCleaning(t *testing.T) {
	w := afterwards(t)
	w.Failpoint = func(string) {
		if dump := strings.ToLower(w.DumpRedis()); strings.Contains(dump, "jane") {
			t.Error("Jane is in Redis")
		}
	}
	id := fileByField(w)
	w.Settle()
	syncsBack(w)
	w.Pass(4 * 24 * time.Hour)
	w.Desk.Fail = func(op string, _ int64) error {
		if op == "redact" {
			return errors.New("jane@x.example can't be redacted")
		}
		return nil
	}
	w.Pass(11 * 24 * time.Hour)
	w.Desk.Fail = nil
	w.Pass(5 * 24 * time.Hour)
	expectForgotten(t, w, id)
	if log := strings.ToLower(w.Log.String()); strings.Contains(log, "jane") || !strings.Contains(log, "put_off") {
		t.Error("Jane is in the log, or nothing was logged")
	}
}

// TestDeleteTicketSparesAnOpenOne: the ticket of a forgotten request goes for
// good, unless somebody works on it.
func TestDeleteTicketSparesAnOpenOne(t *testing.T) {
	for _, open := range []bool{false, true} {
		w := afterwards(t)
		w.Settings.DeleteTicket = true
		w.Start()
		id := fileByField(w)
		w.Settle()
		w.Pass(13 * 24 * time.Hour)
		if open {
			w.Desk.Edit(id, func(t *bot.Ticket) { t.Status = bot.StatusOpen })
		}
		w.Pass(20 * 24 * time.Hour)
		expectForgotten(t, w, id)
		_, err := w.Desk.Ticket(t.Context(), id)
		if gone := errors.Is(err, bot.ErrNotFound); gone == open {
			t.Errorf("open %t: the ticket is gone: %t", open, gone)
		}
	}
}
