package bot_test

import (
	"strings"
	"testing"
	"time"

	"privacydesk/bot"
	"privacydesk/bot/bottest/world"
)

const referenceField = 904

// TestReferenceIsCleanedWithTheRest: a customer's own reference may say
// anything of anybody. It is sealed in the record, repeated in our messages,
// and gone from field, comments and certificate at the end; also of a request
// that went through two generations, whose answer cleared the field before.
func TestReferenceIsCleanedWithTheRest(t *testing.T) {
	const own = "Ms Roe, born 1990"
	for _, twice := range []bool{false, true} {
		w := afterwards(t)
		w.Settings.ReferenceField = referenceField
		w.Start()
		w.Failpoint = func(string) {
			if strings.Contains(w.DumpRedis(), "Roe") {
				t.Error("Redis holds the reference")
			}
		}
		id := w.Desk.File(bot.Ticket{
			Requester: world.Alex(), FormID: world.Form, Channel: "web", Subject: "As said: " + own,
			Fields: map[int64]string{world.KindField: "delete", referenceField: own},
		}, janeBody)
		w.Hint(id)
		w.Pass(time.Hour)
		w.Expect(id, "resolved", bot.ReasonErased)
		ticket, err := w.Desk.Ticket(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		if ticket.Fields[referenceField] != "" || strings.Contains(ticket.Subject, "Roe") {
			t.Errorf("after the answer: %v, %q", ticket.Fields, ticket.Subject)
		}
		if said := textOf(ticket); !strings.Contains(said, own) {
			t.Fatalf("our messages do not repeat the reference:\n%s", said)
		}
		for name, content := range w.Desk.Files[id] {
			if strings.HasPrefix(name, "certificate.") && strings.Contains(string(content), "Roe") {
				t.Errorf("%s, which stays, has the reference", name)
			}
		}
		if twice {
			w.Desk.Edit(id, func(t *bot.Ticket) { t.Status = bot.StatusOpen })
			w.Desk.Reply(id, world.Alex(), "One question more: is it all gone?")
			w.Hint(id)
			w.Pass(time.Hour)
			operate(t, w.Engine.Cancel, id, "ops")
		}
		w.Pass(20 * 24 * time.Hour)
		expectForgotten(t, w, id)
		if ticket, err = w.Desk.Ticket(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		if said := textOf(ticket); strings.Contains(said, "Roe") || strings.Contains(said, "1990") {
			t.Errorf("twice %t: the ticket still says\n%s", twice, said)
		}
	}
}

// TestShortReferenceIsClearedToo: one that is too short to be looked for in
// texts still goes from its field.
func TestShortReferenceIsClearedToo(t *testing.T) {
	w := afterwards(t)
	w.Settings.ReferenceField = referenceField
	w.Start()
	id := w.Desk.File(bot.Ticket{
		Requester: world.Alex(), FormID: world.Form, Channel: "web", Subject: "Data & Privacy",
		Fields: map[int64]string{world.KindField: "access", referenceField: "JR"},
	}, janeBody)
	w.Hint(id)
	w.Pass(time.Hour)
	w.Expect(id, "resolved", bot.ReasonDelivered)
	if ticket, err := w.Desk.Ticket(t.Context(), id); err != nil || ticket.Fields[referenceField] != "" {
		t.Errorf("after the answer: %v, %v", ticket.Fields, err)
	}
}

func textOf(ticket *bot.Ticket) string {
	out := []string{ticket.Subject}
	for _, c := range ticket.Comments {
		out = append(out, c.Text)
	}
	return strings.Join(out, "\n")
}

// TestNoPastDateIsPromised: a ticket that was first read after its time tells
// the customer of no date that has passed; agents are told that it is overdue.
func TestNoPastDateIsPromised(t *testing.T) {
	for _, days := range []int{0, 40} {
		w := populated(t)
		w.Settings.Since = w.Clock.Now().Add(-60 * 24 * time.Hour)
		w.Start()
		id := w.Desk.File(bot.Ticket{
			Requester: world.Alex(), FormID: world.Form, Channel: "web", Subject: "Data & Privacy",
			Fields: map[int64]string{world.KindField: "access"}, Created: w.Clock.Now().Add(-time.Duration(days) * 24 * time.Hour),
		}, janeBody)
		w.Hint(id)
		w.Pass(time.Hour)
		due := w.Case(id).Due.Format(time.DateOnly)
		ticket, err := w.Desk.Ticket(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		public, notes := "", notesOf(t, w, id)
		for _, c := range ticket.Comments {
			if c.Ours && c.Public {
				public += c.Text
			}
		}
		if promised := strings.Contains(public, due); promised != (days == 0) {
			t.Errorf("%d days late: %s promised: %t\n%s", days, due, promised, public)
		}
		if days > 0 && !strings.Contains(notes, due) {
			t.Errorf("agents are not told that it was due %s:\n%s", due, notes)
		}
	}
}
