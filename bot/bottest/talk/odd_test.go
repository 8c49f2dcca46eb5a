package talk_test

import (
	"fmt"
	"strings"
	"time"

	"privacydesk/bot"
	"privacydesk/bot/bottest/talk"
	"privacydesk/bot/zendesksim"
)

func oddTickets() []talk.Scenario {
	return []talk.Scenario{
		{Title: "A form with fields of every type, one of which is gone", Play: func(k *talk.Talk) {
			add := func(title, kind string) int64 {
				return k.Sim.AddTicketField(zendesksim.TicketField{Title: title, Type: kind, Options: []zendesksim.FieldOption{{Name: "A", Value: "opt_a"}, {Name: "B", Value: "opt_b"}}})
			}
			number, many, date, check, lookup := add("Seats", "integer"), add("Products", "multiselect"), add("Asked on", "date"), add("Verified", "checkbox"), add("Account owner", "lookup")
			t := k.Files(k.Alex(), "access", aboutJane, func(n *zendesksim.NewTicket) {
				n.CustomFields[number], n.CustomFields[many] = 42, []string{"opt_a", "opt_b"}
				n.CustomFields[date], n.CustomFields[check], n.CustomFields[lookup] = "2026-11-20", true, fmt.Sprint(k.Agent().ID)
				n.CustomFields[987654] = "of a field that was deleted"
			})
			t.Is("resolved", bot.ReasonDelivered)
		}},
		{Title: "The fields that privacydesk writes and reads are deleted while the request waits", Set: waits, Play: func(k *talk.Talk) {
			t := k.Files(k.Alex(), "delete", "Please delete jane@x.example.")
			t.Is("waiting", bot.ReasonWaitingPeriod)
			for _, id := range []int64{k.ProgressField, k.DueField, k.ReferenceField} {
				k.Destroys(fmt.Sprintf("ticket_fields/%d", id))
			}
			k.Note("An admin of the Zendesk account deletes the fields for progress, due date and reference.")
			k.Later(4 * day)
			t.Is("resolved", bot.ReasonErased)
			t.Said("certificate")
		}},
		{Title: "The field that says what is asked for is deleted while the request waits", Set: waits, Play: func(k *talk.Talk) {
			t := k.Files(k.Alex(), "delete", "Our customer jane@x.example, please.")
			t.Is("waiting", bot.ReasonWaitingPeriod)
			k.Destroys(fmt.Sprintf("ticket_fields/%d", k.KindField))
			k.Note("An admin of the Zendesk account deletes the field. The text alone does not say what is asked for.")
			k.Later(4 * day)
			t.Is("held", bot.ReasonEdited)
			k.Untouched()
		}},
		{Title: "The form is deleted while the request waits", Set: waits, Play: func(k *talk.Talk) {
			t := k.Files(k.Alex(), "delete", "Please delete jane@x.example.")
			t.Is("waiting", bot.ReasonWaitingPeriod)
			k.Destroys(fmt.Sprintf("ticket_forms/%d", k.Form))
			k.Note("An admin of the Zendesk account deletes the form, and the ticket gets the default one.")
			k.Hint(t.ID)
			k.Later(time.Minute)
			t.Is("held", bot.ReasonOutOfScope)
			k.Later(4 * day)
			k.Untouched()
		}},
		{Title: "A mail as long as Zendesk keeps is asked about", Play: func(k *talk.Talk) {
			t := k.Appears(k.Alex(), "delete", "Please delete jane@x.example.", func(n *zendesksim.NewTicket) {
				n.HTMLBody = "<p>Please delete jane@x.example.</p><blockquote>" + strings.Repeat("long ", 13_000) + "</blockquote>"
			})
			k.Hint(t.ID)
			k.Later(time.Minute)
			t.Stands("pending")
			k.Untouched()
		}},
		{Title: "A mail with rich text names the person in a table", Play: func(k *talk.Talk) {
			t := k.Appears(k.Alex(), "access", aboutJane, func(n *zendesksim.NewTicket) {
				n.HTMLBody = `<div style="color:red"><p><b>A report</b> on</p><table><tr><td><a href="mailto:jane@x.example">jane@x.example</a></td></tr></table><p>please.</p></div>`
			})
			k.Hint(t.ID)
			k.Later(time.Minute)
			t.Is("resolved", bot.ReasonDelivered)
		}},
		{Title: "Hundreds of comments", Play: func(k *talk.Talk) {
			t := k.Appears(k.Alex(), "access", aboutJane)
			for i := range 400 {
				if _, _, err := k.Sim.Reply(t.ID, k.Agent().ID, fmt.Sprintf("Note %d among many.", i), zendesksim.ReplyOptions{}); err != nil {
					k.T.Fatal(err)
				}
			}
			k.Note("Agents wrote 400 internal notes on it.")
			k.Hint(t.ID)
			k.Later(time.Minute)
			t.Is("resolved", bot.ReasonDelivered)
		}},
		{Title: "A ticket with as many comments as Zendesk keeps", Sim: fewComments, Play: fullTicket},
		{Title: "A delete whose ticket fills up while it waits", Sim: fewComments, Set: waits, Play: func(k *talk.Talk) {
			t := k.Files(k.Alex(), "delete", "Please delete jane@x.example.")
			t.Is("waiting", bot.ReasonWaitingPeriod)
			fill(k, t)
			k.Later(4 * day)
			t.Is("held", bot.ReasonFullTicket)
			t.Bears("privacydesk_needs_person")
			k.Untouched()
		}},
	}
}

// fewComments lets a ticket hold 20 comments, in place of Zendesk's 5,000.
func fewComments(o *zendesksim.Options) { o.MaxComments = 20 }

func fill(k *talk.Talk, t talk.Ticket) {
	k.T.Helper()
	for i := len(k.Sim.Comments(t.ID)); i < 20; i++ {
		if _, _, err := k.Sim.Reply(t.ID, k.Agent().ID, fmt.Sprintf("Note %d among many.", i), zendesksim.ReplyOptions{}); err != nil {
			k.T.Fatal(err)
		}
	}
	k.Note("Agents wrote so many internal notes that the ticket takes no more (Zendesk's bound is 5,000; here 20 stand for them).")
	k.Clock.Advance(2 * time.Second)
}

func fullTicket(k *talk.Talk) {
	t := k.Appears(k.Alex(), "access", aboutJane)
	fill(k, t)
	k.Hint(t.ID)
	k.Later(time.Hour)
	t.Is("held", bot.ReasonFullTicket)
	t.Bears("privacydesk_needs_person")
	updates := len(k.Sim.Audits(t.ID))
	k.Later(day)
	if n := len(k.Sim.Audits(t.ID)); n > updates {
		k.T.Errorf("%d updates of a ticket that is held", n-updates)
	}
	t.Operator("cancel", func(id string) error { return k.Engine.Cancel(k.T.Context(), id, "dpo") })
	t.Is("cancelled", bot.ReasonByOperator)
	t.Stands("solved")
}
