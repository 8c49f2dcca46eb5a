package talk_test

import (
	"errors"
	"strings"
	"time"

	"privacydesk/bot"
	"privacydesk/bot/bottest/talk"
	"privacydesk/bot/policy"
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
		{Title: "Nobody could be told that a request arrived", Set: func(s *bot.Settings) { s.AnswersPerHour = 1 }, Play: func(k *talk.Talk) {
			k.Files(k.Uli(), "access", "A report on jane@x.example, please.").Is("rejected", bot.ReasonNotAdmin)
			t := k.Files(k.Uli(), "delete", "Please delete jane@x.example.")
			t.Is("held", bot.ReasonAnswers)
			arrived := k.Case(t.ID).Arrived
			k.Later(policy.BusinessDays(arrived, policy.ConfirmBusinessDays-policy.ConfirmAlarm, k.Settings.Location).Sub(k.Clock.Now()) - time.Hour)
			if n := t.Comments(false); n != 1 {
				k.T.Errorf("the agents were told %d times, too early", n)
			}
			k.Later(2 * time.Hour)
			t.Noted("Nobody has told the requester", policy.BusinessDays(arrived, policy.ConfirmBusinessDays, k.Settings.Location).Format(time.DateOnly))
			if n := t.Comments(true); n != 0 {
				k.T.Errorf("it was answered %d times", n)
			}
		}},
		{Title: "A team that closes sooner", Set: func(s *bot.Settings) { s.Reminders, s.CloseAfter = []int{2}, 5 }, Play: func(k *talk.Talk) {
			t := k.Files(k.Alex(), "access", "A report, please.")
			k.Later(2 * day)
			t.Said("still waiting", "closed in 3 days")
			k.Later(3 * day)
			t.Is("rejected", bot.ReasonNoAnswer)
		}},
		{Title: "The customer's own date comes first", Set: approve("deletes"), Play: func(k *talk.Talk) {
			t := k.Files(k.Alex(), "delete", "Please delete jane@x.example.", talk.AskedOn(k, "2026-11-01"))
			t.Said("by 2026-12-23", "person asked you (CCPA, California), is 2026-12-16")
			c := t.Is("awaiting_approval", bot.ReasonApproval)
			if want := time.Date(2026, 12, 16, 23, 59, 59, 0, time.UTC); !c.Statutory.Equal(want) || !c.Deadline().Equal(want) {
				k.T.Errorf("the customer's date is %v, the deadline %v", c.Statutory, c.Deadline())
			}
			k.Later(8 * day)
			notes := t.Comments(false)
			k.Note("Fifteen days before the customer's date.")
			k.Later(day)
			t.Noted("still open after 8 days", "the customer's own date is 2026-12-16")
			if t.Comments(false) != notes+1 {
				k.T.Error("it was not told of once")
			}
			k.Later(15 * day)
			t.Noted("overdue", "the customer's own date was 2026-12-16")
			t.Bears("privacydesk_overdue")
		}},
		{Title: "A date that can't be one, or comes after ours, changes nothing", Play: func(k *talk.Talk) {
			for _, date := range []string{"2026-11-20", "2026-12-24", "2019-01-01"} {
				t := k.Files(k.Alex(), "access", "Please send us everything on jane@x.example.", talk.AskedOn(k, date))
				c := t.Is("resolved", bot.ReasonDelivered)
				if !c.Deadline().Equal(c.Due) || strings.Contains(t.All(), "own date") {
					k.T.Errorf("asked on %s: the deadline is %v", date, c.Deadline())
				}
			}
		}},
		{Title: "A request that is overdue, and its one extension", Play: func(k *talk.Talk) {
			t := k.Files(k.Alex(), "delete", "Please delete alex@acme.example.")
			k.Later(29 * day)
			notes := t.Comments(false)
			k.Later(day)
			t.Noted("overdue", "It was due by 2026-12-23", "requests extend")
			t.Bears("privacydesk_overdue")
			k.Later(6 * day)
			if n := t.Comments(false); n != notes+1 {
				k.T.Errorf("%d notes within a week of the due date, want one", n-notes)
			}
			k.Later(day)
			if n := t.Comments(false); n != notes+2 {
				k.T.Errorf("%d notes, want another after a week", n-notes)
			}
			for what, refused := range map[string]error{
				"61 days":               k.Engine.Extend(k.T.Context(), t.Request(), "ops", 61, "Why not."),
				"no days":               k.Engine.Extend(k.T.Context(), t.Request(), "ops", 0, "Why not."),
				"no reason":             k.Engine.Extend(k.T.Context(), t.Request(), "ops", 20, " "),
				"an address in it":      k.Engine.Extend(k.T.Context(), t.Request(), "ops", 20, "We ask jane@x.example first."),
				"nobody who extends it": k.Engine.Extend(k.T.Context(), t.Request(), "", 20, "We are slow."),
			} {
				if !errors.Is(refused, bot.ErrRefused) {
					k.T.Errorf("an extension with %s: %v", what, refused)
				}
			}
			t.Operator("extend --days 20 --reason 'An archive has to be restored first.' --by ops", func(id string) error {
				return k.Engine.Extend(k.T.Context(), id, "ops", 20, "An archive has to be restored first.")
			})
			t.Said("2027-01-12", "An archive has to be restored first.")
			t.Noted("extend by 20 days", "ops")
			if n := t.Comments(false); n != notes+3 {
				k.T.Error("agents were alerted of a date that they had just moved")
			}
			t.Bears("privacydesk_needs_person")
			if err := k.Engine.Extend(k.T.Context(), t.Request(), "ops", 1, "Once more."); !errors.Is(err, bot.ErrRefused) {
				k.T.Errorf("it was extended twice: %v", err)
			}
			k.Later(11 * day)
			t.Noted("still open", "due by 2027-01-12")
			k.Later(2 * day)
			t.Noted("overdue", "2027-01-12")
			t.Release("ops")
			t.Is("resolved", bot.ReasonNothingFound)
			t.Bears()
		}},
		{Title: "Time spent waiting for the requester stands apart", Set: approve("deletes"), Play: func(k *talk.Talk) {
			t := k.Files(k.Alex(), "delete", "Please delete the person we spoke of on the phone.")
			k.Later(4 * day)
			t.Replies(k.Alex(), "jane@x.example")
			c := t.Is("awaiting_approval", bot.ReasonApproval)
			if d := c.WaitedFor(k.Clock.Now()); d < 4*day || d > 4*day+time.Hour {
				k.T.Errorf("it says that it waited %v", d)
			}
			t.Notes(k.Agent(), "/privacy status")
			t.Noted("Days spent waiting for the requester: 4", "Due 2026-12-23")
			k.Later(3 * day)
			if c := t.Is("awaiting_approval", bot.ReasonApproval); c.WaitedFor(k.Clock.Now()) > 4*day+time.Hour {
				k.T.Error("waiting for an approver counts as waiting for the requester")
			}
		}},
	}}
}
