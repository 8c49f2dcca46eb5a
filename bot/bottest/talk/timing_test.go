package talk_test

import (
	"time"

	"privacydesk/bot"
	"privacydesk/bot/bottest/talk"
)

const day = 24 * time.Hour

func timing() talk.Chapter {
	return talk.Chapter{Title: "Time", Scenarios: []talk.Scenario{
		{Title: "A question that nobody answers", Play: func(k *talk.Talk) {
			t := k.Files(k.Alex(), "delete", "Please delete the person we spoke of on the phone.")
			t.Is("needs_info", bot.ReasonNoSubject)
			for _, after := range []time.Duration{3 * day, 4 * day, 5 * day} {
				before := t.Comments(true)
				k.Later(after)
				t.Said("still waiting")
				if n := t.Comments(true); n != before+1 {
					k.T.Errorf("%d comments, want one more than %d", n, before)
				}
			}
			k.Later(2 * day)
			t.Is("rejected", bot.ReasonNoAnswer)
			t.Stands("solved")
			k.Untouched()
		}},
		{Title: "An answer that comes after a reminder", Play: func(k *talk.Talk) {
			t := k.Files(k.Alex(), "access", "A report, please.")
			k.Later(4 * day)
			t.Replies(k.Alex(), "jane@x.example")
			t.Is("resolved", bot.ReasonDelivered)
		}},
		{Title: "A request that a person must look at is acknowledged all the same", Play: func(k *talk.Talk) {
			t := k.Files(k.Alex(), "delete", "Please delete alex@acme.example.")
			t.Is("held", bot.ReasonSubjectIsAdmin)
			if t.Comments(true) != 0 {
				k.T.Error("it was answered before a person could look")
			}
			k.Later(time.Hour)
			t.Said("We received your request")
			k.Note("Nobody looks.")
			k.Later(28 * day)
			t.Noted("still open after 27 days")
			t.Is("held", bot.ReasonSubjectIsAdmin)
			k.Untouched()
		}},
	}}
}
