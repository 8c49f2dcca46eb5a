package talk_test

import (
	"strings"
	"testing/fstest"
	"time"

	"privacydesk/bot"
	"privacydesk/bot/bottest/talk"
	"privacydesk/bot/zendesksim"
)

func receipts() talk.Chapter {
	return talk.Chapter{Title: "What the receipt says", Scenarios: []talk.Scenario{
		{Title: "Due date, systems, integrations, and the customer's reference", Set: func(s *bot.Settings) {
			s.Integrations, s.Deletes.WaitingPeriod = []string{"Salesforce", "HubSpot"}, 3*day
		}, Play: func(k *talk.Talk) {
			t := k.Files(k.Alex(), "delete", "Please delete jane@x.example.", talk.Referring(k, " DSR-2026/17 "))
			t.Said("by 2026-12-23", "does not begin before 2026-11-26", "crm", "Salesforce", "Delete the person there first", "your reference DSR-2026/17")
			k.Later(4 * day)
			t.Is("resolved", bot.ReasonErased)
			t.Said("Your reference: DSR-2026/17")
		}},
		{Title: "What syncs into the one account is nobody else's business", Set: func(s *bot.Settings) {
			s.TenantIntegrations, s.Deletes.WaitingPeriod = map[string][]string{"acme": {"Salesforce"}, "globex": {"Pipedrive"}}, 3*day
		}, Play: func(k *talk.Talk) {
			t := k.Files(k.Alex(), "delete", "Please delete jane@x.example.")
			t.Said("Salesforce", "Delete the person there first")
			g := k.Files(k.Gina(), "delete", "Please delete jane@x.example.")
			g.Said("Pipedrive")
			k.Later(4 * day)
			t.Is("resolved", bot.ReasonErased)
			for of, other := range map[talk.Ticket]string{t: "Pipedrive", g: "Salesforce"} {
				if strings.Contains(of.All(), other) {
					k.T.Errorf("ticket #%d mentions %s", of.ID, other)
				}
			}
		}},
		{Title: "A reference that is somebody's address", Play: func(k *talk.Talk) {
			t := k.Files(k.Alex(), "access", "Please send us everything on jane@x.example.", talk.Referring(k, "case of <jane@x.example>"))
			t.Is("resolved", bot.ReasonDelivered)
			t.Said("Your reference: case of j•••@x•••.example")
			if strings.Contains(t.All(), "jane@") {
				k.T.Error("the address is on the ticket")
			}
		}},
		{Title: "The requester reads German, and the team has words of its own", Play: func(k *talk.Talk) {
			k.Note("The team has put a sentence of its own in the place of ours, for one message in English.")
			k.Wording = fstest.MapFS{"en.yaml": {Data: []byte("messages:\n  done_access: '<p>Here you are, says the team of Vendor Inc. ({{.request}})</p>'\n")}}
			k.Reopen()
			k.Sim.UpdateUser(k.Gina().ID, func(u *zendesksim.User) { u.Locale = "de-AT" })
			german := k.Files(k.Gina(), "access", "Bitte eine Auskunft über jane@x.example.")
			german.Is("resolved", bot.ReasonDelivered)
			german.Said("hängt an diesem Kommentar", "zusammengestellt")
			german.Notes(k.Agent(), "/privacy status").Noted("State: resolved")
			k.Note("The agents, too, read German.")
			k.Settings.AgentLocale = "de"
			k.Reopen()
			german.Notes(k.Agent(), "/privacy status").Noted("Stand: resolved")
			english := k.Files(k.Alex(), "access", "A report on jane@x.example, please.")
			english.Is("resolved", bot.ReasonDelivered)
			english.Said("Here you are, says the team of Vendor Inc.")
		}},
		{Title: "A reference that is a placeholder of Zendesk's", Play: func(k *talk.Talk) {
			t := k.Files(k.Alex(), "access", "Please send us everything on jane@x.example.", talk.Referring(k, "{{ticket.requester.email}} {% x %}"))
			t.Is("resolved", bot.ReasonDelivered)
			for _, bad := range []string{"{{", "{%", "alex@"} {
				if strings.Contains(t.All(), bad) {
					k.T.Errorf("the ticket says %s", bad)
				}
			}
		}},
		{Title: "A question does not keep the first word back", Play: func(k *talk.Talk) {
			t := k.Files(k.Alex(), "delete", "Please delete alex@acme.example.", talk.Referring(k, "DSR-18"))
			k.Later(time.Hour)
			t.Said("It is being looked at by a person", "your reference DSR-18")
		}},
	}}
}
