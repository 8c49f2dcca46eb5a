package zendesk_test

import (
	"slices"
	"testing"

	"privacydesk/bot"
	"privacydesk/bot/zendesksim"
)

// TestRulesThatTakeBackAreNamed: what a trigger undoes of ours is seen, with
// its name; what it undoes of others', and what people undo, is not.
func TestRulesThatTakeBackAreNamed(t *testing.T) {
	w := newWorld(t, zendesksim.Options{})
	id := w.file()
	write := func(step string, edit func(*bot.Update)) {
		t.Helper()
		u := bot.Update{Ticket: id, Stamp: w.ticket(id).Stamp, HTML: "<p>" + step + "</p>", Mark: bot.Mark{Request: bot.IDOfTicket(id), Step: step, MAC: "mac"}}
		edit(&u)
		w.must(w.desk.Update(t.Context(), u))
		w.clock.add(2e9)
	}
	write("tag", func(u *bot.Update) { u.AddTags = []string{"ours"} })
	w.must(w.sim.UpdateAs(w.agent, id, func(z *zendesksim.Ticket) { z.Tags = nil }))
	w.clock.add(2e9)
	if got := w.ticket(id).Undone; len(got) != 0 {
		t.Fatalf("a person's hand counts as a rule: %+v", got)
	}
	w.sim.AddRule("Tidy tags", func(z *zendesksim.Ticket) {
		z.Tags = slices.DeleteFunc(slices.Clone(z.Tags), func(tag string) bool { return tag == "ours" })
	})
	w.must(w.sim.UpdateAs(w.agent, id, func(z *zendesksim.Ticket) { z.Tags = append(z.Tags, "ours") }))
	w.clock.add(2e9)
	if got := w.ticket(id).Undone; len(got) != 0 {
		t.Fatalf("an agent's tag counts as ours: %+v", got)
	}
	write("again", func(u *bot.Update) { u.AddTags = []string{"ours"} })
	w.sim.RemoveRules()
	w.sim.AddRule("Always pending", func(z *zendesksim.Ticket) { z.Status = "pending" })
	write("open", func(u *bot.Update) { u.Status = bot.StatusOpen })
	got := w.ticket(id).Undone
	if len(got) != 2 || got[0].Rule != "Tidy tags" || got[1].Rule != "Always pending" || !got[0].At.Before(got[1].At) {
		t.Errorf("got %+v", got)
	}
}

// TestSuspendedMail: its text is read, and the ticket that it becomes is known
// again by its mail.
func TestSuspendedMail(t *testing.T) {
	w := newWorld(t, zendesksim.Options{})
	mail := w.sim.AddSuspended(zendesksim.SuspendedTicket{
		AuthorEmail: annMail, Recipient: "privacy@desk.example", Subject: "Please delete", Content: "of " + secretText, MessageID: "abc@shop.example",
	})
	w.sim.AddSuspended(zendesksim.SuspendedTicket{AuthorEmail: annMail, Recipient: "privacy@desk.example", Subject: "No id"})
	got, err := w.desk.Patient().Suspended(t.Context())
	w.must(err)
	if len(got) != 2 || got[0].ID != mail || got[0].Recipient != "privacy@desk.example" || got[0].Text != "of "+secretText || got[0].Message == "" || got[1].Message != "" {
		t.Fatalf("got %+v", got)
	}
	id := w.sim.RecoverSuspended(mail, w.ann, nil)
	w.clock.add(2e9)
	if ticket := w.ticket(id); ticket.Message != got[0].Message {
		t.Errorf("the ticket's mail is %q, the suspended one's %q", ticket.Message, got[0].Message)
	}
	if ticket := w.ticket(w.file()); ticket.Message != "" {
		t.Errorf("a ticket by the form came by mail %q", ticket.Message)
	}
}
