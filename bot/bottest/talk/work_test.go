package talk_test

import (
	"time"

	"privacydesk/bot"
	"privacydesk/bot/bottest/talk"
	"privacydesk/connectors"
)

// fails makes a system refuse one operation until mended.
func fails(k *talk.Talk, system, op string, kind connectors.ErrorKind, why string) (mend func()) {
	k.Systems[system].Fail = func(have string) error {
		if have == op {
			return connectors.NewError(kind, op, why, nil)
		}
		return nil
	}
	return func() { k.Systems[system].Fail = nil }
}

func working() talk.Chapter {
	return talk.Chapter{Title: "While it is worked on", Scenarios: []talk.Scenario{
		{Title: "A system is away for a while", Set: func(s *bot.Settings) { s.MaxAttempts = 20 }, Play: func(k *talk.Talk) {
			mend := fails(k, "warehouse", "gather", connectors.Transient, "the connection was refused")
			t := k.Files(k.Alex(), "access", reportJane)
			k.Note("The warehouse does not answer. The progress field says how far the others have come.")
			k.Later(20 * time.Minute)
			t.Progress("running: 2 of 3 systems gathered")
			mend()
			k.Later(time.Hour)
			t.Is("resolved", bot.ReasonDelivered)
			t.Progress("resolved")
		}},
		{Title: "A system that refuses us is left out by a person's word", Play: func(k *talk.Talk) {
			fails(k, "warehouse", "gather", connectors.Credentials, "the password is refused")
			t := k.Files(k.Alex(), "access", reportJane)
			t.Is("held", bot.ReasonSystemFailed)
			t.Noted("warehouse", "the password is refused")
			t.Progress("held: 2 of 3 systems gathered")
			undelivered(t, k)
			k.Later(day)
			t.Is("held", bot.ReasonSystemFailed)
			t.Operator("skip warehouse --by dpo", func(id string) error { return k.Engine.Skip(k.T.Context(), id, "warehouse", "dpo") })
			t.Is("partly_executed", bot.ReasonDelivered)
			t.Said("warehouse")
			t.Stands("solved")
		}},
	}}
}
