package talk_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"privacydesk/bot"
	"privacydesk/bot/bottest/talk"
	"privacydesk/bot/zendesksim"
)

const aboutJane = "A report on jane@x.example, please."

func asItIs() talk.Chapter {
	return talk.Chapter{Title: "Zendesk as it is", Scenarios: slices.Concat(hooks(), outages(), writers(), oddTickets())}
}

func hooks() []talk.Scenario {
	return []talk.Scenario{
		{Title: "Webhooks come twice, late and out of order", Play: func(k *talk.Talk) {
			k.Hook()
			a, b := k.Appears(k.Alex(), "access", aboutJane), k.Appears(k.Gina(), "access", aboutJane)
			k.Delivers("Zendesk delivers both webhooks twice, the later one first.", zendesksim.Manner{Twice: true, Reversed: true})
			for _, t := range []talk.Ticket{a, b} {
				t.Is("resolved", bot.ReasonDelivered)
				if n := t.Comments(true); n != 2 {
					k.T.Errorf("%d public comments, want two", n)
				}
			}
		}},
		{Title: "A webhook is lost, and the next look finds the ticket", Play: func(k *talk.Talk) {
			k.Hook()
			t := k.Appears(k.Alex(), "access", aboutJane)
			k.Delivers("Zendesk loses the webhook.", zendesksim.Manner{Lost: true})
			t.IsNothing()
			k.Polls()
			t.Is("resolved", bot.ReasonDelivered)
		}},
		{Title: "A forged webhook, and one that was recorded an hour ago, do nothing", Play: func(k *talk.Talk) {
			k.Hook()
			t := k.Appears(k.Alex(), "access", aboutJane)
			k.Delivers("Somebody who does not know the secret sends webhooks.", zendesksim.Manner{Forged: true})
			t.IsNothing()
			k.Polls()
			t.Is("resolved", bot.ReasonDelivered)
			next := k.Appears(k.Gina(), "access", aboutJane)
			k.Delivers("A webhook comes that was signed an hour ago.", zendesksim.Manner{Late: time.Hour})
			next.IsNothing()
		}},
		{Title: "The place where polling stood is lost, or of no use any more", Play: func(k *talk.Talk) {
			k.Polls()
			t := k.Appears(k.Alex(), "access", aboutJane)
			for _, cursor := range []string{"2026-11-23T09:00:00Z no-cursor-of-zendesk", ""} {
				if err := k.Store.SetCursor(k.T.Context(), "zendesk/changes", cursor); err != nil {
					k.T.Fatal(err)
				}
				k.Polls()
				t.Is("resolved", bot.ReasonDelivered)
			}
			if n := t.Comments(true); n != 2 {
				k.T.Errorf("%d public comments, want two", n)
			}
		}},
		{Title: "Huge webhooks, and those of another account, do nothing", Play: func(k *talk.Talk) {
			k.Hook()
			t := k.Appears(k.Alex(), "access", aboutJane)
			body := fmt.Sprintf(`{"ticket_id":%d}`, t.ID)
			for _, c := range []struct {
				says, account, body string
				want                int
			}{
				{"A webhook of two megabytes comes, rightly signed.", "", `{"x":"` + strings.Repeat("a", 2<<20) + `",` + body[1:], http.StatusRequestEntityTooLarge},
				{"A second account, a copy of ours with our secret, tells of its own ticket of the same number.", "20000", body, http.StatusForbidden},
			} {
				if got := k.Sends(c.says, c.account, c.body); got != c.want {
					k.T.Errorf("%s answered %d, want %d", c.says, got, c.want)
				}
				t.IsNothing()
			}
			if got := k.Sends("Our own account tells of it.", "", body); got != http.StatusOK {
				k.T.Errorf("our own webhook: %d", got)
			}
			t.Is("resolved", bot.ReasonDelivered)
		}},
		{Title: "What Zendesk says has changed is an hour behind", Sim: func(o *zendesksim.Options) { o.ExportLag = time.Hour }, Play: func(k *talk.Talk) {
			t := k.Appears(k.Alex(), "access", aboutJane)
			k.Clock.Advance(30 * time.Minute)
			k.Polls()
			t.IsNothing()
			if err := k.Store.SetCursor(k.T.Context(), "zendesk/changes", k.Clock.Now().Format(time.RFC3339)+" no-cursor-of-zendesk"); err != nil {
				k.T.Fatal(err)
			}
			k.Note("Meanwhile Zendesk forgets the place where polling stood.")
			k.Clock.Advance(time.Hour)
			k.Polls()
			t.Is("resolved", bot.ReasonDelivered)
		}},
		{Title: "A webhook tells of a ticket that was deleted meanwhile", Play: func(k *talk.Talk) {
			k.Hook()
			t := k.Appears(k.Alex(), "delete", "Please delete jane@x.example.")
			if err := k.Sim.DeleteTicket(t.ID); err != nil {
				k.T.Fatal(err)
			}
			k.Delivers("The ticket is deleted before its webhook comes.", zendesksim.Manner{})
			t.IsNothing()
			k.Untouched()
		}},
		{Title: "Suspended mail that should have been a request", Play: suspendedMail},
		{Title: "Suspended mail that comes again and again", Play: suspendedOften},
	}
}

func suspendedMail(k *talk.Talk) {
	alex := k.Alex()
	look := func() {
		if err := k.Engine.Suspended(k.T.Context()); err != nil {
			k.T.Fatal(err)
		}
	}
	came := k.Clock.Now()
	mail := k.Sim.AddSuspended(zendesksim.SuspendedTicket{
		AuthorName: "Alex", AuthorEmail: "alex@acme.example", Recipient: "support@vendor.example", Subject: "GDPR",
		Content: "Please delete all personal data of jane@x.example under GDPR.", Cause: "Detected as spam", MessageID: "m1@acme.example",
	})
	k.Sim.AddSuspended(zendesksim.SuspendedTicket{
		AuthorName: "Spammer", AuthorEmail: "x@spam.example", Recipient: "support@vendor.example", Subject: "Cheap watches", Content: "Buy now.",
	})
	k.Note("Zendesk suspends two mails: one by Alex, who asks to delete Jane's data, and one that sells watches.")
	look()
	look()
	lost, err := k.Engine.LostMail(k.T.Context())
	if err != nil || len(lost) != 1 || lost[0].ID != mail || lost[0].Gone {
		k.T.Fatalf("found were %+v (%v), want Alex's mail alone", lost, err)
	}
	told := k.Alerts()
	if len(told) != 1 || len(k.Sim.Comments(told[0].ID)) != 1 {
		k.T.Fatalf("agents were told by %d tickets", len(told))
	}
	told[0].Noted(fmt.Sprint(mail), "Suspended")
	told[0].Bears("privacydesk_needs_person")
	if n := strings.Count(k.Log.String(), "event=suspended"); n != 1 || strings.Contains(k.Log.String(), "jane@") {
		k.T.Errorf("it was told %d times, or with an address", n)
	}
	k.Note("`privacydesk requests suspended` lists the one by its number. Six days later Agnes recovers it, and sets the form.")
	k.Clock.Advance(6 * day)
	id := k.Sim.RecoverSuspended(mail, alex.ID, func(n *zendesksim.NewTicket) {
		n.FormID, n.CustomFields = k.Form, map[int64]any{k.KindField: "delete"}
	})
	t := k.Follow(id)
	c := k.Case(id)
	if !c.Arrived.Equal(came.Truncate(time.Second)) || c.Due.After(came.Add(31*day)) {
		k.T.Errorf("it arrived %s and is due %s, the mail came %s", c.Arrived, c.Due, came)
	}
	t.Is("needs_info", bot.ReasonConfirmSigned) // it came by mail
	k.Untouched()
	look()
	if lost, err := k.Engine.LostMail(k.T.Context()); err != nil || len(lost) != 1 || !lost[0].Gone {
		k.T.Errorf("after the recovery it is %+v (%v)", lost, err)
	}
	if len(k.Alerts()) != 1 {
		k.T.Error("agents were told again")
	}
	// An account whose default form is ours: what we filed ourselves is no request.
	if err := k.Sim.UpdateAs(k.Agent().ID, told[0].ID, func(z *zendesksim.Ticket) { z.FormID = k.Form }); err != nil {
		k.T.Fatal(err)
	}
	k.Hint(told[0].ID)
	k.Pass(time.Hour)
	told[0].IsNothing()
}

// suspendedOften: what comes while the agents have not looked yet stands on the
// same ticket; a desk that takes no word is told again.
func suspendedOften(k *talk.Talk) {
	k.Sim.Fault(zendesksim.Fault{Kind: zendesksim.Status503, Method: http.MethodPost, Path: "/api/v2/tickets", Times: -1})
	for i := range 3 {
		k.Sim.AddSuspended(zendesksim.SuspendedTicket{
			AuthorEmail: "alex@acme.example", Recipient: "privacy@vendor.example", Subject: "Delete", Content: "Please.", MessageID: fmt.Sprintf("m%d@acme.example", i),
		})
		k.Note("Zendesk suspends a mail to the address for privacy requests.")
		err := k.Engine.Suspended(k.T.Context())
		if lost, _ := k.Engine.LostMail(k.T.Context()); len(lost) != i+1 || (err == nil) != (i > 0) {
			k.T.Fatalf("found %d mails, %v", len(lost), err)
		}
		k.Sim.ClearFaults()
		k.Clock.Advance(time.Hour)
		k.Later(time.Minute)
	}
	told := k.Alerts()
	if len(told) != 1 || len(k.Sim.Comments(told[0].ID)) != 2 {
		k.T.Fatalf("agents were told on %d tickets", len(told))
	}
	told[0].Stands("new")
}

func outages() []talk.Scenario {
	return []talk.Scenario{
		{Title: "Zendesk is down for a day", Play: func(k *talk.Talk) {
			t := k.Appears(k.Alex(), "access", aboutJane)
			k.Sim.Fault(zendesksim.Fault{Kind: zendesksim.Status503, Times: -1})
			k.Hint(t.ID)
			k.Note("Zendesk answers nothing but 503.")
			k.Later(day)
			t.IsNothing()
			k.Sim.ClearFaults()
			k.Note("Zendesk is back.")
			k.Later(time.Hour)
			t.Is("resolved", bot.ReasonDelivered)
			if n := t.Comments(true); n != 2 {
				k.T.Errorf("%d public comments, want two", n)
			}
		}},
		{Title: "The answer to an update is lost, and the update lands late", Play: func(k *talk.Talk) {
			k.Sim.Fault(zendesksim.Fault{Kind: zendesksim.LandsLate, Method: http.MethodPut, Path: "/api/v2/tickets/*"})
			k.Sim.Fault(zendesksim.Fault{Kind: zendesksim.LandsButAnswerLost, Method: http.MethodPut, Path: "/api/v2/tickets/*"})
			t := k.Files(k.Alex(), "access", aboutJane)
			k.Sim.LandLate()
			k.Later(time.Hour)
			t.Is("resolved", bot.ReasonDelivered)
			if n := t.Comments(true); n != 2 {
				k.T.Errorf("%d public comments, want two", n)
			}
		}},
		{Title: "Beyond the answers of an hour nothing more is said", Set: func(s *bot.Settings) { s.AnswersPerHour = 2 }, Play: func(k *talk.Talk) {
			var all []talk.Ticket
			for range 3 {
				all = append(all, k.Files(k.Uli(), "delete", "Please delete jane@x.example."))
			}
			all[0].Is("rejected", bot.ReasonNotAdmin)
			all[1].Is("rejected", bot.ReasonNotAdmin)
			all[2].Is("held", bot.ReasonAnswers)
			all[2].Noted("perhaps a program answers ours")
			if n := all[2].Comments(true); n != 0 {
				k.T.Errorf("it was answered %d times", n)
			}
			k.Later(2 * time.Hour)
			all[2].Operator("retry", func(id string) error { return k.Engine.Retry(k.T.Context(), id, "dpo") })
			all[2].Is("rejected", bot.ReasonNotAdmin)
		}},
	}
}

func writers() []talk.Scenario {
	return []talk.Scenario{
		{Title: "An agent edits while the bot writes", Play: agentEdits},
		{Title: "A forged mark stands for no step", Set: waits, Play: func(k *talk.Talk) {
			k.Agent()
			t := k.Files(k.Alex(), "delete", "Please delete jane@x.example.")
			t.Is("waiting", bot.ReasonWaitingPeriod)
			// Under an agent's name with the step's true code, and under our own name
			// with a guess.
			t.Forges("agnes@vendor.example", bot.Mark{Request: t.Request(), Step: "final", MAC: k.Engine.Keys.Mark(t.Request(), "final")})
			t.Forges("bot@vendor.example", bot.Mark{Request: t.Request(), Step: "final", MAC: "deadbeef"})
			t.Is("waiting", bot.ReasonWaitingPeriod)
			k.Later(4 * day)
			t.Is("resolved", bot.ReasonErased)
			t.Said("certificate")
			t.Stands("solved")
		}},
		{Title: "A trigger takes back what was set", Play: func(k *talk.Talk) {
			k.Sim.AddRule("Keep tags tidy", func(z *zendesksim.Ticket) {
				z.Tags = slices.DeleteFunc(slices.Clone(z.Tags), func(t string) bool { return t == "privacydesk" })
			})
			t := k.Files(k.Alex(), "delete", "Please delete our customer.")
			t.Is("needs_info", bot.ReasonNoSubject)
			t.Replies(k.Alex(), "The one from yesterday.")
			t.Replies(k.Alex(), "You know whom.")
			t.Replies(k.Alex(), "Well?")
			t.Is("held", bot.ReasonTriggerFight)
			t.Noted("Keep tags tidy")
			updates := len(k.Sim.Audits(t.ID))
			k.Later(2 * time.Hour)
			if n := len(k.Sim.Audits(t.ID)); n > updates {
				k.T.Errorf("%d updates after it was held", n-updates)
			}
			k.Untouched()
		}},
		{Title: "A trigger solves the ticket again and again", Set: waits, Play: func(k *talk.Talk) {
			k.Sim.AddRule("Solve what is open", func(z *zendesksim.Ticket) {
				if z.Status == "open" {
					z.Status = "solved"
				}
			})
			t := k.Files(k.Alex(), "delete", "Please delete jane@x.example.")
			k.Hint(t.ID) // the webhook of our own update
			k.Later(time.Minute)
			k.Hint(t.ID)
			k.Later(time.Minute)
			t.Is("held", bot.ReasonTriggerFight)
			t.Noted("Solve what is open")
			k.Later(4 * day)
			k.Untouched()
		}},
	}
}

// agentEdits lets an agent edit the ticket between each read of ours and the
// write that follows it, twice within a second the first time.
func agentEdits(k *talk.Talk) {
	agent, edits, refused := k.Agent(), 0, 0
	k.Meanwhile = func(r *http.Request) {
		if r.Method != http.MethodPut || edits >= 4 {
			return
		}
		edits++
		for i := range 2 {
			if err := k.Sim.UpdateAs(agent.ID, 1, func(z *zendesksim.Ticket) { z.ExternalID = fmt.Sprintf("CASE-%d-%d", edits, i) }); err != nil {
				k.T.Error(err)
			}
		}
	}
	k.Sim.Fault(zendesksim.Fault{Kind: zendesksim.Conflict409, Method: http.MethodPut, Path: "/api/v2/tickets/*"})
	t := k.Files(k.Alex(), "access", aboutJane)
	k.Note("Each time that privacydesk writes, Agnes has just written, too: four times, twice within a second each. Zendesk refuses the stale update, and privacydesk reads anew.")
	k.Later(time.Hour)
	t.Is("resolved", bot.ReasonDelivered)
	for _, r := range k.Sim.Requests() {
		if r.Method == http.MethodPut && r.Status == http.StatusConflict {
			refused++
		}
	}
	if n := t.Comments(true); n != 2 || edits != 4 || refused < 4 {
		k.T.Errorf("%d public comments, want two; %d edits, %d updates refused", n, edits, refused)
	}
	if z, _ := k.Sim.Ticket(t.ID); z.ExternalID != "CASE-4-1" {
		k.T.Errorf("the agent's last edit is gone: %q", z.ExternalID)
	}
}
