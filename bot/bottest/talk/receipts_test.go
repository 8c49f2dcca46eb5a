package talk_test

import (
	"strings"
	"time"

	"privacydesk/bot"
	"privacydesk/bot/bottest/talk"
)

func receipts() talk.Chapter {
	return talk.Chapter{Title: "What the receipt says", Scenarios: []talk.Scenario{
		{Title: "Due date, systems, integrations, and the customer's reference", Set: func(s *bot.Settings) {
			s.Integrations, s.Deletes.WaitingPeriod = []string{"Salesforce", "HubSpot"}, 3*day
		}, Play: func(k *talk.Talk) {
			t := k.Files(k.Alex(), "delete", "Please delete jane@x.example.", talk.Referring(k, " DSR-2026/17 "))
			t.Said("by 2026-12-23", "crm", "Salesforce", "Delete the person there first", "your reference DSR-2026/17")
			k.Later(4 * day)
			t.Is("resolved", bot.ReasonErased)
			t.Said("Your reference: DSR-2026/17")
		}},
		{Title: "A reference that is somebody's address", Play: func(k *talk.Talk) {
			t := k.Files(k.Alex(), "access", "Please send us everything on jane@x.example.", talk.Referring(k, "case of <jane@x.example>"))
			t.Is("resolved", bot.ReasonDelivered)
			t.Said("Your reference: case of j•••@x•••.example")
			if strings.Contains(t.All(), "jane@") {
				k.T.Error("the address is on the ticket")
			}
		}},
		{Title: "A question does not keep the first word back", Play: func(k *talk.Talk) {
			t := k.Files(k.Alex(), "delete", "Please delete alex@acme.example.", talk.Referring(k, "DSR-18"))
			k.Later(time.Hour)
			t.Said("It is being looked at by a person", "your reference DSR-18")
		}},
	}}
}
