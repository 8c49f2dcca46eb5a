package talk_test

import (
	"privacydesk/bot"
	"privacydesk/bot/bottest/talk"
)

func straight() talk.Chapter {
	return talk.Chapter{Title: "The straight road", Scenarios: []talk.Scenario{
		{Title: "An admin asks for a report", Play: func(k *talk.Talk) {
			t := k.Files(k.Alex(), "access", "Please send us everything on jane@x.example.")
			t.Is("resolved", bot.ReasonDelivered)
			t.Stands("solved")
			t.Said("attached")
			k.Untouched()
		}},
		{Title: "An admin has a person deleted", Play: func(k *talk.Talk) {
			t := k.Files(k.Alex(), "delete", "Please delete jane@x.example.")
			t.Is("resolved", bot.ReasonErased)
			t.Stands("solved")
			for name, want := range map[string]int{"crm": 3, "events": 4} {
				if have := len(k.Systems[name].Rows()); have != want {
					k.T.Errorf("%s holds %d rows, want %d", name, have, want)
				}
			}
		}},
		{Title: "Two people in one request", Play: func(k *talk.Talk) {
			t := k.Files(k.Alex(), "delete", "Please delete jane@x.example and joe@x.example.")
			t.Is("needs_info", bot.ReasonManySubjects)
			t.Stands("pending")
			k.Untouched()
			t.Replies(k.Alex(), "jane@x.example")
			t.Is("resolved", bot.ReasonErased)
		}},
	}}
}
