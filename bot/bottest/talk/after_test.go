package talk_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"privacydesk/bot"
	"privacydesk/bot/bottest/talk"
	"privacydesk/bot/bottest/world"
	"privacydesk/bot/policy"
	"privacydesk/bot/zendesksim"
	"privacydesk/connectors"
)

func cleans(s *bot.Settings) { s.CleanTicket = true }

func rescans(when string) func(*bot.Settings) {
	return func(s *bot.Settings) {
		s.Deletes.Rescan = policy.Rescan{When: when, At: []time.Duration{24 * time.Hour, 72 * time.Hour}}
	}
}

// cameBack is a row that a sync writes after the erasing.
func cameBack(id int64) world.Row {
	return world.Row{ID: id, Tenant: "acme", Key: connectors.Text("jane@x.example"), Text: "Jane, from a sync", Gives: 42}
}

func hasRow(k *talk.Talk, system string, id int64) bool {
	return slices.ContainsFunc(k.Systems[system].Rows(), func(r world.Row) bool { return r.ID == id && !r.Masked })
}

// nowhere fails if a text stands anywhere in the account but in a place that
// is named.
func nowhere(k *talk.Talk, texts ...string) {
	k.T.Helper()
	for _, text := range texts {
		if k.Sim.AnyText(text) {
			k.T.Errorf("%q is still in Zendesk", text)
		}
	}
}

func passport() zendesksim.File {
	return zendesksim.File{Name: "passport.jpg", ContentType: "image/jpeg", Content: []byte("picture of a passport")}
}

func after() talk.Chapter {
	return talk.Chapter{Title: "After the answer", Scenarios: slices.Concat(resolving(), rescanning(), cleaning())}
}

func resolving() []talk.Scenario {
	requires := func(k *talk.Talk) int64 {
		field := k.Sim.AddTicketField(zendesksim.TicketField{Title: "Cause", Type: "text", RequiredToSolve: true})
		k.Sim.EditTicketForm(k.Form, func(f *zendesksim.TicketForm) { f.FieldIDs = append(f.FieldIDs, field) })
		return field
	}
	return []talk.Scenario{
		{Title: "The form requires a field, and the configuration fills it", Play: func(k *talk.Talk) {
			field := requires(k)
			k.Options.RequiredFields = map[string]string{fmt.Sprint(field): "privacy"}
			k.Reopen()
			t := k.Files(k.Alex(), "access", "Please send us everything on jane@x.example.")
			t.Is("resolved", bot.ReasonDelivered)
			t.Stands("solved")
			now, _ := k.Sim.Ticket(t.ID)
			if now.CustomFields[field] != "privacy" || now.AssigneeID == 0 || now.GroupID == 0 {
				k.T.Errorf("cause %v, assignee %d, group %d", now.CustomFields[field], now.AssigneeID, now.GroupID)
			}
			if now.CustomStatusID != k.Resolved {
				k.T.Error("agents don't read Resolved")
			}
		}},
		{Title: "The form requires a field that nobody filled", Play: func(k *talk.Talk) {
			field := requires(k)
			k.Reopen()
			t := k.Files(k.Alex(), "delete", "Please delete jane@x.example.")
			t.Is("held", bot.ReasonRequired)
			t.Noted("Cause (field " + fmt.Sprint(field) + ")")
			k.Later(day)
			t.Is("held", bot.ReasonRequired)
			if n := t.Comments(false); n != 1 {
				k.T.Errorf("agents were told %d times", n)
			}
			t.Edits(k.Agent(), "fills the field in", func(n *zendesksim.Ticket) { n.CustomFields[field] = "privacy" })
			t.Operator("retry", func(id string) error { return k.Engine.Retry(k.T.Context(), id, "dpo@vendor.example") })
			t.Is("resolved", bot.ReasonErased)
			t.Stands("solved")
		}},
	}
}

func rescanning() []talk.Scenario {
	return []talk.Scenario{
		{Title: "A sync brings a person back after Resolved", Set: rescans(policy.RescanAfter), Play: func(k *talk.Talk) {
			t := k.Files(k.Alex(), "delete", "Please delete jane@x.example.")
			t.Is("resolved", bot.ReasonErased)
			k.Later(day + time.Hour)
			if t.Comments(false) != 0 {
				k.T.Error("a clean search was told")
			}
			k.Note("An integration writes Jane into the crm again.")
			k.Systems["crm"].Add(cameBack(90))
			k.Later(2 * day)
			t.Noted("were not deleted", "crm.thing", "1")
			t.Is("resolved", bot.ReasonErased)
			t.Stands("solved")
			if !hasRow(k, "crm", 90) {
				k.T.Error("it was erased again in silence after Resolved")
			}
			crm := k.Case(t.ID).Systems["crm"].Rescans
			if len(crm) != 2 || crm[0].Total() != 0 || crm[1].Late["crm.thing"] != 1 {
				k.T.Errorf("recorded: %+v", crm)
			}
			k.Later(5 * day)
			if n := t.Comments(false); n != 1 {
				k.T.Errorf("agents were told %d times", n)
			}
		}},
		{Title: "A reply reopens a delete whose searches are still to come", Set: rescans(policy.RescanAfter), Play: func(k *talk.Talk) {
			t := k.Files(k.Alex(), "delete", "Please delete jane@x.example.")
			t.Is("resolved", bot.ReasonErased)
			erased := k.Case(t.ID).Erased
			k.Later(day + time.Hour)
			t.Replies(k.Alex(), "Is she gone from the newsletter, too?").Is("needs_info", bot.ReasonReopened)
			t.Noted("that search is not made", erased.Add(3*day).Format(time.DateOnly))
			if first := erased.Add(day).Format(time.DateOnly); slices.ContainsFunc(k.Sim.Comments(t.ID), func(c zendesksim.Comment) bool { return strings.Contains(c.HTMLBody, first+",") }) {
				k.T.Errorf("the search of %s was made, and the agents are told to make it", first)
			}
			k.Later(5 * day)
			if n := t.Comments(false); n != 1 {
				k.T.Errorf("agents were told %d times", n)
			}
		}},
		{Title: "A sync brings a person back before Resolved", Set: rescans(policy.RescanBefore), Play: func(k *talk.Talk) {
			t := k.Files(k.Alex(), "delete", "Please delete jane@x.example.")
			t.Is("waiting", bot.ReasonRescan)
			k.Note("An integration writes Jane into the crm again.")
			k.Systems["crm"].Add(cameBack(90))
			k.Later(day + time.Hour)
			t.Noted("deleted too", "crm.thing", "1")
			t.Is("waiting", bot.ReasonRescan)
			if hasRow(k, "crm", 90) {
				k.T.Error("it was not erased again")
			}
			k.Later(2 * day)
			c := t.Is("resolved", bot.ReasonErased)
			if crm := c.Systems["crm"].Rescans; len(crm) != 2 || crm[0].Total() != 1 || crm[1].Total() != 0 {
				k.T.Errorf("recorded: %+v", crm)
			}
			if n := c.Systems["crm"].Sets[0].Late; n != 1 {
				k.T.Errorf("%d rows count as late", n)
			}
		}},
		{Title: "A sync that does not stop", Set: rescans(policy.RescanBefore), Play: func(k *talk.Talk) {
			t := k.Files(k.Alex(), "delete", "Please delete jane@x.example.")
			t.Is("waiting", bot.ReasonRescan)
			k.Note("An integration writes Jane into the crm whenever she is deleted.")
			k.Systems["crm"].Add(cameBack(90))
			next := int64(91)
			k.Systems["crm"].Meanwhile = func(s *world.System) { s.Add(cameBack(next)); next++ }
			k.Later(day + time.Hour)
			t.Is("held", bot.ReasonLeft)
			t.Noted("rows are still there")
		}},
		{Title: "A system that can't be searched again", Set: rescans(policy.RescanAfter), Play: func(k *talk.Talk) {
			t := k.Files(k.Alex(), "delete", "Please delete jane@x.example.")
			t.Is("resolved", bot.ReasonErased)
			k.Systems["events"].Fail = func(string) error {
				return connectors.NewError(connectors.Credentials, "locate", "the password is refused", nil)
			}
			k.Later(day + 2*time.Hour)
			t.Noted("could not be searched again", "events")
			events := t.Is("resolved", bot.ReasonErased).Systems["events"]
			if n := len(events.Rescans); n != 1 || events.Rescans[0].Failed == "" || events.Outcome(bot.KindDelete) != bot.OutcomeDeleted {
				k.T.Errorf("recorded: %s, %+v", events.Outcome(bot.KindDelete), events.Rescans)
			}
		}},
	}
}

func cleaning() []talk.Scenario {
	return []talk.Scenario{
		{Title: "A ticket is cleaned fourteen days later", Set: cleans, Play: func(k *talk.Talk) {
			t := k.Files(k.Alex(), "access", "Please send us everything on jane@x.example, Jane Roe of 5 Elm Street.",
				talk.With(zendesksim.File{Name: "jane.txt", ContentType: "text/plain", Content: []byte("notes on jane")}))
			t.Notes(k.Agent(), "Jane Roe (JANE@x.example) called twice.")
			t.Is("resolved", bot.ReasonDelivered)
			k.Later(13 * day)
			if !k.Sim.AnyText("Elm Street") {
				k.T.Error("it was cleaned too early")
			}
			k.Later(2 * day)
			t.Reads()
			nowhere(k, "jane@x", "JANE@x", "Elm Street", "Roe", "notes on jane", "Jane of acme")
			if c := k.Case(t.ID); c.Phase != bot.PhaseForgotten || len(c.Remains) != 0 {
				k.T.Errorf("phase %s, remains %v", c.Phase, c.Remains)
			}
			if t.Comments(true) != 2 {
				k.T.Error("what we said is gone too")
			}
		}},
		{Title: "The address stands in the subject line and in a field", Set: cleans, Play: func(k *talk.Talk) {
			k.Settings.Reading.SubjectField = k.Sim.AddTicketField(zendesksim.TicketField{Title: "Person", Type: "text"})
			k.Reopen()
			t := k.Files(k.Alex(), "delete", "As the form says.", talk.Titled("Delete Jane@X.example"), func(n *zendesksim.NewTicket) {
				n.CustomFields[k.Settings.Reading.SubjectField] = "jane@x.example"
			})
			t.Is("resolved", bot.ReasonErased)
			now, _ := k.Sim.Ticket(t.ID)
			if strings.Contains(now.Subject, "X.example") || now.CustomFields[k.Settings.Reading.SubjectField] != nil || now.CustomFields[k.DueField] != nil {
				k.T.Errorf("it still says %q, %v", now.Subject, now.CustomFields)
			}
			t.Noted("history of the subject line", "history of fields", "deleting the ticket")
			notes := t.Comments(false)
			t.Closes()
			k.Later(15 * day)
			if c := k.Case(t.ID); c.Phase != bot.PhaseForgotten || c.Remains[bot.PlaceHistorySubject] == 0 || t.Comments(false) != notes {
				k.T.Errorf("phase %s, remains %v, %d notes", c.Phase, c.Remains, t.Comments(false))
			}
		}},
		{Title: "A ticket that Zendesk closed meanwhile", Set: cleans, Play: func(k *talk.Talk) {
			t := k.Files(k.Alex(), "access", "Please send us everything on jane@x.example.", func(n *zendesksim.NewTicket) {
				n.HTMLBody = `<p>Everything on <a href="mailto:Jane%40x.example">jane@<b>x.example</b></a>, please.</p><blockquote>On Monday jane@x.example wrote: hello</blockquote>`
			})
			t.Is("resolved", bot.ReasonDelivered)
			t.Closes()
			k.Later(15 * day)
			t.Reads()
			nowhere(k, "jane@", "Jane%40", "x.example", "Jane of acme")
		}},
		{Title: "A refused request is cleaned too", Set: cleans, Play: func(k *talk.Talk) {
			t := k.Files(k.Uli(), "delete", "Please delete jane@x.example.", talk.Titled("About jane@x.example"))
			t.Is("rejected", bot.ReasonNotAdmin)
			if now, _ := k.Sim.Ticket(t.ID); strings.Contains(now.Subject, "@") {
				k.T.Errorf("it is still called %q", now.Subject)
			}
			t.Noted("history of the subject line")
			k.Later(15 * day)
			for _, c := range k.Sim.Comments(t.ID) {
				if strings.Contains(c.HTMLBody, "jane") {
					k.T.Errorf("it still reads %s", c.HTMLBody)
				}
			}
		}},
		{Title: "Somebody attaches a passport", Set: cleans, Play: func(k *talk.Talk) {
			t := k.Files(k.Alex(), "delete", "Please delete the person in the picture.", talk.With(passport()))
			t.Is("needs_info", bot.ReasonNoSubject)
			k.Later(14 * time.Hour)
			t.Noted("(1) are removed", "identity documents")
			nowhere(k, "picture of a passport", "passport.jpg")
			t.Replies(k.Alex(), "jane@x.example", talk.Attaching(zendesksim.File{Name: "id.pdf", ContentType: "application/pdf", Content: []byte("scan of a card")}))
			t.Is("resolved", bot.ReasonErased)
			k.Later(14 * time.Hour)
			nowhere(k, "scan of a card")
			if n := t.Comments(false); n != 2 {
				k.T.Errorf("%d notes, want one for each file", n)
			}
		}},
		{Title: "A passport that comes after the end, on a ticket that is closed", Set: cleans, Play: func(k *talk.Talk) {
			t := k.Files(k.Uli(), "access", "Everything on me, please.")
			t.Is("rejected", bot.ReasonNotAdmin)
			t.Replies(k.Uli(), "But here I am.", talk.Attaching(passport()))
			t.Edits(k.Agent(), "solves the ticket", func(n *zendesksim.Ticket) { n.Status = "solved" })
			t.Closes()
			k.Later(14 * time.Hour)
			nowhere(k, "picture of a passport")
		}},
		{Title: "A ticket that was merged into another one", Set: cleans, Play: func(k *talk.Talk) {
			other := k.Other(k.Alex(), "Our invoice", "Please send us the invoice for bo@y.example again.")
			t := k.Files(k.Alex(), "access", "Please send us everything on jane@x.example, Jane Roe.")
			t.Is("resolved", bot.ReasonDelivered)
			t.MergesInto(other)
			k.Later(15 * day)
			other.Reads()
			nowhere(k, "jane@x", "Roe", "Jane of acme")
			if !k.Sim.AnyText("invoice for bo@y.example") {
				k.T.Error("another conversation was redacted")
			}
			other.IsNothing()
		}},
		{Title: "Zendesk fails between a merged ticket and its copy", Set: cleans, Play: func(k *talk.Talk) {
			other := k.Other(k.Alex(), "Our invoice", "Please send us the invoice again.")
			t := k.Files(k.Alex(), "access", "Please send us everything on jane@x.example, Jane Roe.")
			t.Is("resolved", bot.ReasonDelivered)
			t.MergesInto(other)
			k.Note("Zendesk fails once it has redacted ticket #%d, and before ticket #%d: what names the other ticket is redacted then.", t.ID, other.ID)
			calls, own := 0, len(k.Sim.Comments(t.ID))-1 // all but the receipt are redacted
			k.Sim.Fault(zendesksim.Fault{Kind: zendesksim.Status503, Method: "PUT", Path: "/api/v2/comment_redactions/*", Match: func(*http.Request) bool {
				calls++
				return calls > own
			}})
			k.Later(16 * day)
			if calls < 4 {
				k.T.Errorf("it did not fail: %d calls", calls)
			}
			nowhere(k, "jane@x", "Roe", "Jane of acme")
		}},
		{Title: "A passport that comes after the request was forgotten", Set: cleans, Play: func(k *talk.Talk) {
			t := k.Files(k.Alex(), "access", "Please send us everything on jane@x.example.")
			t.Is("resolved", bot.ReasonDelivered)
			k.Later(15 * day)
			if c := k.Case(t.ID); c.Phase != bot.PhaseForgotten {
				k.T.Fatalf("phase %s", c.Phase)
			}
			t.Replies(k.Alex(), "Here is her passport, for your files.", talk.Attaching(passport()))
			k.Later(14 * time.Hour)
			t.Noted("(1) are removed")
			nowhere(k, "picture of a passport", "passport.jpg")
			t.Is("needs_info", bot.ReasonReopened) // the words ask for something; the file goes all the same
		}},
		{Title: "A ticket that can't be cleaned", Set: cleans, Play: func(k *talk.Talk) {
			t := k.Files(k.Alex(), "access", "Please send us everything on jane@x.example.")
			t.Is("resolved", bot.ReasonDelivered)
			k.Note("The account's plan has no redaction.")
			k.Sim.SetRedaction(false)
			k.Later(15 * day)
			if c := k.Case(t.ID); c.Phase != bot.PhaseDone {
				k.T.Errorf("the key was destroyed before the ticket was clean: %s", c.Phase)
			}
			k.Later(5 * day)
			t.Noted("could not be cleaned", "403")
			if c := k.Case(t.ID); c.Phase != bot.PhaseForgotten {
				k.T.Errorf("forgetting waits for ever: %s", c.Phase)
			}
		}},
		{Title: "Somebody works on the ticket when it is to be cleaned", Set: cleans, Play: func(k *talk.Talk) {
			t := k.Files(k.Alex(), "access", "Please send us everything on jane@x.example.")
			t.Is("resolved", bot.ReasonDelivered)
			k.Later(13 * day)
			t.Edits(k.Agent(), "opens the ticket again", func(n *zendesksim.Ticket) { n.Status = "open" })
			t.Notes(k.Agent(), "Jane called us. I am on it.")
			k.Later(2 * day)
			nowhere(k, "jane@x")
			if !k.Sim.AnyText("I am on it") {
				k.T.Error("what somebody is working on was redacted")
			}
			t.Edits(k.Agent(), "solves the ticket", func(n *zendesksim.Ticket) { n.Status = "solved" })
			k.Later(2 * day)
			nowhere(k, "I am on it")
		}},
		{Title: "The ticket is deleted for good", Set: func(s *bot.Settings) { s.CleanTicket, s.DeleteTicket = true, true }, Play: func(k *talk.Talk) {
			t := k.Files(k.Alex(), "delete", "Please delete jane@x.example.", talk.Titled("Delete jane@x.example"))
			t.Is("resolved", bot.ReasonErased)
			k.Later(13 * day)
			t.Stands("solved")
			k.Later(2 * day)
			t.Reads()
			nowhere(k, "jane@x.example")
			t.Is("resolved", bot.ReasonErased)
		}},
	}
}
