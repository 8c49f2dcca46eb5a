package talk_test

import (
	"errors"
	"time"

	"privacydesk/bot"
	"privacydesk/bot/bottest/talk"
	"privacydesk/bot/policy"
)

// laws are what is said of dates under each law. The world's clock begins on
// 2026-11-23, so that ours are due on 2026-12-23.
func laws() talk.Chapter {
	under := func(title string, law policy.Law, asked, own string, most int, until string) talk.Scenario {
		return talk.Scenario{Title: title, Set: approve("deletes"), Play: func(k *talk.Talk) {
			t := k.Files(k.Alex(), "delete", "Please delete jane@x.example.", talk.AskedOn(k, asked), talk.Under(k, law))
			t.Said("by 2026-12-23", "asked you ("+law.Name()+"), is "+own)
			if c := t.Is("awaiting_approval", bot.ReasonApproval); c.Law != law || c.Deadline().Format(time.DateTime) != own+" 23:59:59" {
				k.T.Errorf("law %q, deadline %s", c.Law, c.Deadline())
			}
			extend := func(days int) func(id string) error {
				return func(id string) error {
					return k.Engine.Extend(k.T.Context(), id, "ops", days, "An archive has to be restored first.")
				}
			}
			if err := extend(most + 1)(t.Request()); !errors.Is(err, bot.ErrRefused) {
				k.T.Errorf("an extension beyond %s: %v", until, err)
			}
			if most == 0 {
				return
			}
			t.Operator("extend --reason 'An archive has to be restored first.' --by ops", extend(most))
			t.Said("will be done by "+until, "stays "+own, "you must tell the person so, and why, before your date")
		}}
	}
	return talk.Chapter{Title: "Dates by law", Scenarios: []talk.Scenario{
		under("California: 45 days, and 45 more", policy.LawCCPA, "2026-11-01", "2026-12-16", 38, "2027-01-30"),
		under("The EU: a month, which ends on its last day", policy.LawGDPR, "2026-10-31", "2026-11-30", 39, "2027-01-31"),
		under("The United Kingdom: a month, and two more", policy.LawUK, "2026-11-15", "2026-12-15", 54, "2027-02-15"),
		under("Another state of the US", policy.LawUSState, "2026-11-01", "2026-12-16", 38, "2027-01-30"),
		under("Iowa: 90 days", policy.LawIowa, "2026-09-01", "2026-11-30", 22, "2027-01-14"),
		under("Brazil: 15 days, and none more", policy.LawLGPD, "2026-11-20", "2026-12-05", 0, "2026-12-05"),
		{Title: "One of two laws, and nobody says which: the earlier date", Set: func(s *bot.Settings) {
			s.Laws = []policy.Law{policy.LawCCPA, policy.LawGDPR}
			s.Deletes.Approval = "deletes"
		}, Play: func(k *talk.Talk) {
			t := k.Files(k.Alex(), "delete", "Please delete jane@x.example.", talk.AskedOn(k, "2026-11-10"))
			t.Said("asked you, is at the earliest 2026-12-10")
			if c := t.Is("awaiting_approval", bot.ReasonApproval); c.Law != "" {
				k.T.Errorf("the law is taken for %q", c.Law)
			}
			if err := k.Engine.Extend(k.T.Context(), t.Request(), "ops", 48, "Why not."); !errors.Is(err, bot.ErrRefused) {
				k.T.Errorf("longer than the shorter of the two allows: %v", err)
			}
			t.Operator("extend --days 47 --reason 'An archive has to be restored first.' --by ops", func(id string) error {
				return k.Engine.Extend(k.T.Context(), id, "ops", 47, "An archive has to be restored first.")
			})
			t.Said("will be done by 2027-02-08", "it stays at the earliest 2026-12-10")
		}},
		{Title: "The account's law, where the form names none; and the form's before it", Set: func(s *bot.Settings) {
			s.Laws = []policy.Law{policy.LawCCPA, policy.LawGDPR}
			s.TenantLaws = map[string]policy.Law{"acme": policy.LawUK, "globex": policy.LawCCPA}
			s.Deletes.Approval = "deletes"
		}, Play: func(k *talk.Talk) {
			t := k.Files(k.Alex(), "delete", "Please delete jane@x.example.", talk.AskedOn(k, "2026-11-10"))
			t.Said("asked you (UK GDPR), is 2026-12-10")
			g := k.Files(k.Gina(), "delete", "Please delete jane@x.example.", talk.AskedOn(k, "2026-11-20"), talk.Under(k, policy.LawLGPD))
			g.Said("asked you (LGPD, Brazil), is 2026-12-05")
		}},
	}}
}
