package talk_test

import (
	"time"

	"privacydesk/bot"
	"privacydesk/bot/bottest/talk"
	"privacydesk/bot/zendesksim"
)

const away = "I am out of office until Monday and read no mail. This is an automatic reply."

// waits lets a delete wait before it erases.
func waits(s *bot.Settings) { s.Deletes.WaitingPeriod = 72 * time.Hour }

func replies() talk.Chapter {
	return talk.Chapter{Title: "Replies", Scenarios: []talk.Scenario{
		{Title: "The requester takes a delete back", Set: waits, Play: func(k *talk.Talk) {
			t := k.Files(k.Alex(), "delete", "Please delete jane@x.example.")
			t.Is("waiting", bot.ReasonWaitingPeriod)
			t.Replies(k.Alex(), "Cancel, please.").Is("cancelled", bot.ReasonByRequester)
			t.Stands("solved")
			k.Later(4 * day)
			k.Untouched()
		}},
		{Title: "A reply before the erasing begins is read by a person", Set: waits, Play: func(k *talk.Talk) {
			t := k.Files(k.Alex(), "delete", "Please delete jane@x.example.")
			t.Replies(k.Alex(), "Does that include the invoices?").Is("held", bot.ReasonReply)
			k.Later(4 * day)
			t.Is("held", bot.ReasonReply)
			k.Untouched()
			t.Operator("retry", func(id string) error { return k.Engine.Retry(k.T.Context(), id, "dpo") })
			t.Is("resolved", bot.ReasonErased)
		}},
		{Title: "Somebody in copy objects", Set: waits, Play: func(k *talk.Talk) {
			uli := k.Uli()
			t := k.Files(k.Alex(), "delete", "Please delete jane@x.example.", func(n *zendesksim.NewTicket) { n.CCs = []int64{uli.ID} })
			t.Replies(uli, "Please don't, we still need her contract.").Is("held", bot.ReasonReply)
			k.Later(4 * day)
			k.Untouched()
		}},
		{Title: "A reply while the erasing goes on", Play: replyInMidErase},
		{Title: "An absence note answers nothing and stops nothing", Set: waits, Play: func(k *talk.Talk) {
			t := k.Files(k.Alex(), "delete", "Please delete our customer, you know whom.")
			t.Is("needs_info", bot.ReasonNoSubject)
			before := t.Comments(true)
			t.Replies(k.Alex(), away+" In urgent cases write to jane@x.example.", talk.ByMail()).Is("needs_info", bot.ReasonNoSubject)
			if t.Comments(true) != before {
				k.T.Error("an absence note was answered")
			}
			t.Replies(k.Alex(), "jane@x.example").Is("waiting", bot.ReasonWaitingPeriod)
			t.Replies(k.Alex(), away, talk.ByMail()).Is("waiting", bot.ReasonWaitingPeriod)
			k.Later(4 * day)
			t.Is("resolved", bot.ReasonErased)
			t.Replies(k.Alex(), away, talk.ByMail()).Is("resolved", bot.ReasonErased)
			t.Stands("solved")
		}},
		{Title: "Somebody who was away takes a delete back", Set: waits, Play: func(k *talk.Talk) {
			t := k.Files(k.Alex(), "delete", "Please delete jane@x.example.")
			t.Replies(k.Alex(), "I was out of office until today. Please do not delete her yet!").Is("held", bot.ReasonReply)
			o := k.Files(k.Alex(), "delete", "Please delete josé@x.example.")
			o.Replies(k.Alex(), "I was out of office until today. Stop it, it is the wrong José!", talk.ByMail()).Is("held", bot.ReasonReply)
			k.Later(4 * day)
			k.Untouched()
		}},
		{Title: "A mail that came back, and an absence note that speaks of cancelling", Set: waits, Play: func(k *talk.Talk) {
			t := k.Files(k.Alex(), "delete", "Please delete jane@x.example.")
			t.Replies(k.Alex(), "Delivery Status Notification (Failure)\n\nYour message could not be delivered.", talk.ByMail()).Is("waiting", bot.ReasonWaitingPeriod)
			k.Note("That an absence note cancels nothing does not mean that it is passed over: a person reads it.")
			t.Replies(k.Alex(), "I am out of office and cancel all meetings.", talk.ByMail()).Is("held", bot.ReasonReply)
			k.Untouched()
			t.Operator("retry", func(id string) error { return k.Engine.Retry(k.T.Context(), id, "dpo") })
			k.Later(4 * day)
			t.Is("resolved", bot.ReasonErased)
			t.Replies(k.Alex(), "I am out of office and cancel all meetings.", talk.ByMail()).Is("resolved", bot.ReasonErased)
			t.Stands("solved")
		}},
		{Title: "Replies by mail, before the erasing and after it", Set: waits, Play: func(k *talk.Talk) {
			t := k.Files(k.Alex(), "delete", "Please delete josé@x.example.")
			t.Replies(k.Alex(), "cancel", talk.ByMail()).Is("cancelled", bot.ReasonByRequester)
			o := k.Files(k.Alex(), "delete", "Please delete jane@x.example.")
			o.Replies(k.Alex(), "Does that include the invoices?", talk.ByMail()).Is("held", bot.ReasonReply)
			k.Untouched()
			o.Operator("retry", func(id string) error { return k.Engine.Retry(k.T.Context(), id, "dpo") })
			k.Later(4 * day)
			o.Is("resolved", bot.ReasonErased)
			o.Replies(k.Alex(), "There is still something of hers.", talk.ByMail()).Is("needs_info", bot.ReasonReopened)
		}},
		{Title: "Thanks", Play: func(k *talk.Talk) {
			t := k.Files(k.Alex(), "access", "A report on jane@x.example, please.")
			t.Is("resolved", bot.ReasonDelivered)
			public, notes := t.Comments(true), t.Comments(false)
			for range 3 {
				t.Replies(k.Alex(), "Thank you very much!").Stands("solved")
			}
			if t.Comments(true) != public || t.Comments(false) != notes+1 {
				k.T.Errorf("%d answers and %d notes, want %d and %d", t.Comments(true), t.Comments(false), public, notes+1)
			}
			t.Is("resolved", bot.ReasonDelivered)
		}},
		{Title: "A closed question is taken up again by an answer", Play: func(k *talk.Talk) {
			t := k.Files(k.Alex(), "access", "A report, please.")
			k.Later(15 * day)
			t.Is("rejected", bot.ReasonNoAnswer)
			t.Replies(k.Alex(), "Sorry, I was ill. It is about jane@x.example.").Is("resolved", bot.ReasonDelivered)
			t.Stands("solved")
		}},
		{Title: "A reply after a refusal is read by a person", Play: func(k *talk.Talk) {
			t := k.Files(k.Uli(), "delete", "Please delete jane@x.example.")
			t.Is("rejected", bot.ReasonNotAdmin)
			t.Replies(k.Uli(), "But I have been an administrator since this morning.").Is("held", bot.ReasonReplied)
			k.Note("An agent finds that it is so.")
			k.Grant("uli@acme.example", "acme")
			t.Operator("retry", func(id string) error { return k.Engine.Retry(k.T.Context(), id, "dpo") })
			t.Is("resolved", bot.ReasonErased)
		}},
	}}
}

func replyInMidErase(k *talk.Talk) {
	alex := k.Alex()
	said := false
	k.Systems["events"].Fail = func(op string) error {
		if op != "batch" || said || k.Systems["events"].Allowed == 0 {
			return nil
		}
		said = true
		if _, _, err := k.Sim.Reply(1, alex.ID, "Stop, it is the wrong Jane!", zendesksim.ReplyOptions{Public: true}); err != nil {
			return err
		}
		k.Clock.Advance(2 * time.Second)
		k.Hint(1)
		return k.Engine.Step(k.T.Context(), bot.IDOfTicket(1)) // another worker
	}
	t := k.Files(alex, "delete", "Please delete jane@x.example.")
	k.Note("In the middle of it, after one row of two, Alex replies: “Stop, it is the wrong Jane!”")
	k.Later(day)
	t.Is("held", bot.ReasonReply)
	if n := k.Systems["events"].Allowed; n != 1 {
		k.T.Errorf("%d batches were erased, want the one before the reply", n)
	}
	if k.Systems["crm"].Allowed != 0 {
		k.T.Error("another system was begun")
	}
	t.Noted("It can't be brought back", "events: 1") // after the note of the hold
	t.Notes(k.Agent(), "/privacy status").Noted("crm: not begun", "events: begun, not finished, at least 1 rows erased")
	if err := k.Engine.Cancel(k.T.Context(), bot.IDOfTicket(t.ID), "dpo"); err == nil {
		k.T.Error("half an erase was cancelled")
	}
	t.Operator("retry", func(id string) error { return k.Engine.Retry(k.T.Context(), id, "dpo") })
	k.Later(time.Hour)
	t.Is("resolved", bot.ReasonErased)
}

func reopened() talk.Chapter {
	return talk.Chapter{Title: "After the end", Scenarios: []talk.Scenario{
		{Title: "A reply to a done delete names the same person", Play: func(k *talk.Talk) {
			t := k.Files(k.Alex(), "delete", "Please delete jane@x.example.")
			c := t.Is("resolved", bot.ReasonErased)
			t.Replies(k.Alex(), "There is still something of hers, delete it again.").Is("needs_info", bot.ReasonReopened)
			t.Replies(k.Alex(), "jane@x.example").Is("held", bot.ReasonReopened)
			t.Noted("the same person")
			k.Later(3 * day)
			again := t.Is("held", bot.ReasonReopened)
			if !again.Due.Equal(c.Due) || !again.Arrived.Equal(c.Arrived) {
				k.T.Errorf("the clock was set anew: due %s, was %s", again.Due, c.Due)
			}
			t.Release("dpo")
			t.Is("resolved", bot.ReasonErased) // what was de-identified is still counted
		}},
		{Title: "A reply to a done request names another person", Play: func(k *talk.Talk) {
			t := k.Files(k.Alex(), "access", "A report on jane@x.example, please.")
			t.Replies(k.Alex(), "And what about José?").Is("needs_info", bot.ReasonReopened)
			t.Replies(k.Alex(), "josé@x.example").Is("held", bot.ReasonReopened)
			t.Noted("another person")
			t.Operator("cancel", func(id string) error { return k.Engine.Cancel(k.T.Context(), id, "dpo") })
			t.Is("cancelled", bot.ReasonByOperator)
			t.Stands("solved")
		}},
		{Title: "A reply after everything was forgotten", Play: func(k *talk.Talk) {
			t := k.Files(k.Alex(), "delete", "Please delete jane@x.example.")
			k.Later(15 * day)
			if c := t.Is("resolved", bot.ReasonErased); c.Phase != bot.PhaseForgotten {
				k.T.Fatalf("phase %s", c.Phase)
			}
			t.Replies(k.Alex(), "Once more, please.").Is("needs_info", bot.ReasonReopened)
			t.Replies(k.Alex(), "jane@x.example").Is("held", bot.ReasonReopened)
			t.Noted("the same person")
		}},
		{Title: "A reply to a closed ticket becomes a follow-up", Play: func(k *talk.Talk) {
			t := k.Files(k.Alex(), "delete", "Please delete jane@x.example.")
			t.Closes()
			next := t.Replies(k.Alex(), "Please delete jane@x.example again.")
			if next.ID == t.ID {
				k.T.Fatal("it is no follow-up")
			}
			next.Noted("follows up on ticket #1")
			if c := next.Is("held", bot.ReasonFollowUp); c.Linked != bot.IDOfTicket(t.ID) {
				k.T.Errorf("linked to %q", c.Linked)
			}
			thanks := t.Replies(k.Alex(), "Thank you!")
			thanks.Is("rejected", bot.ReasonNothingAsked)
			thanks.Stands("solved")
			if n := thanks.Comments(true); n != 0 {
				k.T.Errorf("thanks were answered %d times", n)
			}
		}},
		{Title: "An agent opens a done ticket", Play: func(k *talk.Talk) {
			t := k.Files(k.Alex(), "delete", "Please delete jane@x.example.")
			for range 2 {
				t.Edits(k.Agent(), "sets the ticket to open", func(z *zendesksim.Ticket) { z.Status = "open" })
			}
			t.Is("resolved", bot.ReasonErased)
			if n := t.Comments(false); n != 1 {
				k.T.Errorf("%d notes, want one", n)
			}
			t.Stands("open")
		}},
	}}
}

func agents() talk.Chapter {
	return talk.Chapter{Title: "Agents", Scenarios: []talk.Scenario{
		{Title: "An agent asks how it stands", Set: waits, Play: func(k *talk.Talk) {
			t := k.Files(k.Alex(), "delete", "Please delete jane@x.example.")
			t.Notes(k.Agent(), "/privacy status").Noted("State: waiting")
			t.Is("waiting", bot.ReasonWaitingPeriod)
		}},
		{Title: "An agent holds a request", Set: waits, Play: func(k *talk.Talk) {
			t := k.Files(k.Alex(), "delete", "Please delete jane@x.example.")
			t.Notes(k.Agent(), "/privacy hold\nlegal wants to see it first").Is("held", bot.ReasonAgentHold)
			k.Later(4 * day)
			t.Is("held", bot.ReasonAgentHold)
			k.Untouched()
			t.Operator("retry", func(id string) error { return k.Engine.Retry(k.T.Context(), id, "dpo") })
			t.Is("resolved", bot.ReasonErased)
		}},
		{Title: "What destroys or discloses is not done by a note", Set: func(s *bot.Settings) { s.Deletes.Approval = "always" }, Play: func(k *talk.Talk) {
			t := k.Files(k.Alex(), "delete", "Please delete jane@x.example.")
			t.Is("awaiting_approval", bot.ReasonApproval)
			for _, verb := range []string{"approve", "release", "retry", "reject", "cancel", "extend"} {
				t.Notes(k.Agent(), "/privacy "+verb).Is("awaiting_approval", bot.ReasonApproval)
			}
			t.Noted("/privacy status", "signed in")
			k.Untouched()
		}},
		manyNotes(),
		{Title: "A customer who writes a command", Set: waits, Play: func(k *talk.Talk) {
			t := k.Files(k.Alex(), "delete", "Please delete jane@x.example.")
			t.Replies(k.Alex(), "/privacy status").Is("held", bot.ReasonReply)
		}},
		{Title: "A ticket that is solved too early", Set: waits, Play: func(k *talk.Talk) {
			t := k.Files(k.Alex(), "delete", "Please delete jane@x.example.")
			solve := func(z *zendesksim.Ticket) { z.Status, z.AssigneeID = "solved", k.Agent().ID }
			t.Edits(k.Agent(), "solves the ticket", solve).Is("waiting", bot.ReasonWaitingPeriod)
			t.Stands("open")
			t.Edits(k.Agent(), "solves the ticket again", solve).Is("held", bot.ReasonSolvedByHand)
			k.Later(4 * day)
			t.Is("held", bot.ReasonSolvedByHand)
			k.Untouched()
		}},
		{Title: "An automation solves a ticket whose question is open", Play: func(k *talk.Talk) {
			t := k.Files(k.Alex(), "delete", "Please delete her.")
			t.Edits(k.Agent(), "solves the ticket, as an automation would", func(z *zendesksim.Ticket) { z.Status, z.AssigneeID = "solved", k.Agent().ID })
			t.Stands("pending")
			t.Is("needs_info", bot.ReasonNoSubject)
			t.Replies(k.Alex(), "jane@x.example").Is("resolved", bot.ReasonErased)
		}},
	}}
}
