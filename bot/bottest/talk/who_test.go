package talk_test

import (
	"fmt"
	"time"

	"privacydesk/bot"
	"privacydesk/bot/bottest/talk"
	"privacydesk/bot/zendesksim"
)

const (
	deleteJane = "Please delete jane@x.example."
	reportJane = "A report on jane@x.example, please."
)

func retry(t talk.Ticket, k *talk.Talk) {
	t.Operator("retry", func(id string) error { return k.Engine.Retry(k.T.Context(), id, "dpo") })
}

// makesRequester lets an agent give the ticket another requester.
func makesRequester(t talk.Ticket, k *talk.Talk, p talk.Person) {
	t.Edits(k.Agent(), "makes "+p.Name+" the ticket's requester", func(z *zendesksim.Ticket) { z.RequesterID, z.EmailCCIDs = p.ID, nil })
}

// undelivered fails if a report or certificate is on the ticket.
func undelivered(t talk.Ticket, k *talk.Talk) {
	k.T.Helper()
	if n := len(k.Sim.Attachments(t.ID)); n != 0 {
		k.T.Errorf("%d files were attached", n)
	}
}

func inCopy(p talk.Person) func(*zendesksim.NewTicket) {
	return func(n *zendesksim.NewTicket) { n.CCs = []int64{p.ID} }
}

func who() talk.Chapter {
	return talk.Chapter{Title: "Who and whom: who asks", Scenarios: []talk.Scenario{
		{Title: "An admin of two accounts names one", Play: func(k *talk.Talk) {
			dana := k.Meet("Dana", "dana@both.example", "acme", "globex")
			k.Note("Dana is an admin of acme and of globex. Jane is in the data of both.")
			t := k.Files(dana, "delete", deleteJane)
			t.Is("needs_info", bot.ReasonWhichTenant)
			k.Untouched()
			t.Replies(dana, "globex")
			if c := t.Is("resolved", bot.ReasonErased); c.Tenant != "globex" {
				k.T.Errorf("it is %s's", c.Tenant)
			}
			if n := len(k.Systems["crm"].Rows()); n != 3 {
				k.T.Errorf("crm holds %d rows", n)
			}
		}},
		{Title: "Demoted between filing and erasing", Set: waits, Play: func(k *talk.Talk) {
			t := k.Files(k.Alex(), "delete", deleteJane)
			t.Is("waiting", bot.ReasonWaitingPeriod)
			k.Note("Alex is an admin no longer.")
			k.Grant("alex@acme.example", "-acme")
			k.Later(4 * day)
			t.Is("held", bot.ReasonRightLost)
			k.Untouched()
			undelivered(t, k)
		}},
		{Title: "Demoted before the report is delivered", Play: func(k *talk.Talk) {
			k.Systems["warehouse"].Fail = func(op string) error {
				if op == "gather" {
					k.Grant("alex@acme.example", "-acme")
				}
				return nil
			}
			k.Note("While the report is put together, Alex stops being an admin.")
			t := k.Files(k.Alex(), "access", reportJane)
			t.Is("held", bot.ReasonRightLost)
			k.Later(2 * day)
			t.Is("held", bot.ReasonRightLost)
			t.Progress("held")
			undelivered(t, k)
			k.Note("Nobody decides.")
			k.Later(29 * day)
			t.Noted("overdue")
			t.Bears(bot.TagOverdue)
			undelivered(t, k)
		}},
		{Title: "A suspended requester", Play: func(k *talk.Talk) {
			k.Sim.UpdateUser(k.Alex().ID, func(u *zendesksim.User) { u.Suspended = true })
			t := k.Files(k.Alex(), "delete", deleteJane)
			takesNothing(k, t)
			k.Note("An agent lifts the suspension.")
			k.Sim.UpdateUser(k.Alex().ID, func(u *zendesksim.User) { u.Suspended = false })
			k.Later(2 * time.Hour)
			t.Is("rejected", bot.ReasonSuspended)
			k.Untouched()
		}},
		{Title: "A requester who is suspended in the meantime", Set: waits, Play: func(k *talk.Talk) {
			t := k.Files(k.Alex(), "delete", deleteJane)
			k.Note("Alex is suspended.")
			k.Sim.UpdateUser(k.Alex().ID, func(u *zendesksim.User) { u.Suspended = true })
			k.Later(4 * day)
			takesNothing(k, t)
			k.Untouched()
		}},
		{Title: "A requester who is deleted in the meantime", Set: waits, Play: func(k *talk.Talk) {
			t := k.Files(k.Alex(), "delete", deleteJane)
			k.Note("Alex's user is deleted. From then on Zendesk takes no update of the ticket.")
			k.Sim.UpdateUser(k.Alex().ID, func(u *zendesksim.User) { u.Deleted = true })
			k.Later(4 * day)
			takesNothing(k, t)
			k.Untouched()
		}},
		{Title: "An address that was never verified", Play: func(k *talk.Talk) {
			id := k.Sim.AddUser(zendesksim.User{Name: "Vera", Email: "vera@acme.example"})
			k.Grant("vera@acme.example", "acme")
			t := k.Files(talk.Person{Name: "Vera", ID: id}, "delete", deleteJane)
			t.Is("rejected", bot.ReasonUnverified)
			k.Untouched()
		}},
		{Title: "A sender whom Zendesk doubts", Play: func(k *talk.Talk) {
			t := k.Files(k.Alex(), "access", reportJane, talk.FiledByMail(zendesksim.FlagUnverifiedSenderAddr))
			t.Is("rejected", bot.ReasonSenderDoubt)
			undelivered(t, k)
		}},
		{Title: "A requester in no organisation", Play: func(k *talk.Talk) {
			if u, _ := k.Sim.User(k.Alex().ID); len(u.OrganizationIDs) != 0 {
				k.T.Fatalf("in %v", u.OrganizationIDs)
			}
			k.Note("Alex belongs to no organisation at Zendesk. The directory alone says of what Alex is an admin.")
			k.Files(k.Alex(), "access", reportJane).Is("resolved", bot.ReasonDelivered)
		}},
		{Title: "An agent files in an admin's name", Play: func(k *talk.Talk) {
			t := k.Files(k.Alex(), "delete", "Alex called: please delete jane@x.example.", talk.ByAgent(k))
			t.Is("needs_info", bot.ReasonConfirmSigned)
			k.Later(day)
			k.Untouched()
			t.Replies(k.Alex(), "Yes", talk.ByMail()).Is("needs_info", bot.ReasonConfirmSigned)
			k.Untouched()
			t.Replies(k.Alex(), "Confirm, please delete jane@x.example.").Is("resolved", bot.ReasonErased)
		}},
		{Title: "An agent files an access request in an admin's name", Play: func(k *talk.Talk) {
			t := k.Files(k.Alex(), "access", "Alex called: a report on jane@x.example, please.", talk.ByAgent(k))
			t.Is("needs_info", bot.ReasonConfirmSigned)
			undelivered(t, k)
			t.Replies(k.Alex(), "Confirm: jane@x.example.").Is("resolved", bot.ReasonDelivered)
		}},
		{Title: "An agent files in the name of somebody who is no admin", Play: func(k *talk.Talk) {
			t := k.Files(k.Uli(), "delete", deleteJane, talk.ByAgent(k))
			t.Is("rejected", bot.ReasonNotAdmin)
			k.Untouched()
		}},
		{Title: "A delete that came by mail", Play: func(k *talk.Talk) {
			t := k.Files(k.Alex(), "delete", deleteJane, talk.FiledByMail())
			t.Is("needs_info", bot.ReasonConfirmSigned)
			t.Replies(k.Alex(), "Yes, I confirm.", talk.ByMail()).Is("needs_info", bot.ReasonConfirmSigned)
			k.Untouched()
			t.Replies(k.Alex(), "Ja").Is("resolved", bot.ReasonErased)
		}},
		{Title: "An answer that came by mail names the person to delete", Play: func(k *talk.Talk) {
			t := k.Files(k.Alex(), "delete", "Please delete our customer.")
			t.Is("needs_info", bot.ReasonNoSubject)
			t.Replies(k.Alex(), "jane@x.example", talk.ByMail()).Is("needs_info", bot.ReasonConfirmSigned)
			k.Untouched()
			t.Replies(k.Alex(), "confirm").Is("resolved", bot.ReasonErased)
		}},
		{Title: "A report that was asked for by mail", Play: func(k *talk.Talk) {
			k.Files(k.Alex(), "access", reportJane, talk.FiledByMail()).Is("resolved", bot.ReasonDelivered)
		}},
		{Title: "The requester is changed after filing", Set: waits, Play: func(k *talk.Talk) {
			t := k.Files(k.Alex(), "delete", deleteJane)
			makesRequester(t, k, k.Gina())
			t.Is("held", bot.ReasonRequester)
			k.Later(4 * day)
			k.Untouched()
			makesRequester(t, k, k.Alex())
			retry(t, k)
			t.Is("resolved", bot.ReasonErased)
		}},
		{Title: "The requester is changed while a question is open", Play: func(k *talk.Talk) {
			t := k.Files(k.Uli(), "access", "A report, please.", inCopy(k.Alex()))
			t.Is("rejected", bot.ReasonNotAdmin)
			o := k.Files(k.Alex(), "access", "A report, please.")
			o.Is("needs_info", bot.ReasonNoSubject)
			makesRequester(o, k, k.Gina())
			o.Replies(k.Gina(), "jane@x.example").Is("held", bot.ReasonRequester)
			undelivered(o, k)
		}},
		{Title: "A ticket is merged into another one", Set: waits, Play: func(k *talk.Talk) {
			t := k.Files(k.Alex(), "delete", deleteJane)
			other := k.Files(k.Alex(), "access", "A report on josé@x.example, please.")
			other.Is("resolved", bot.ReasonDelivered)
			t.Merges(other)
			t.Is("cancelled", bot.ReasonMerged)
			other.Is("resolved", bot.ReasonDelivered)
			other.Noted("merged into this one")
			k.Later(4 * day)
			k.Untouched()
		}},
		{Title: "Another ticket is merged into a request", Set: waits, Play: func(k *talk.Talk) {
			t := k.Files(k.Alex(), "delete", deleteJane)
			other := k.Files(k.Alex(), "access", "A report, please.")
			other.Is("needs_info", bot.ReasonNoSubject)
			other.Merges(t)
			other.Is("cancelled", bot.ReasonMerged)
			t.Is("held", bot.ReasonMerged)
			k.Later(4 * day)
			k.Untouched()
			retry(t, k)
			t.Is("resolved", bot.ReasonErased)
		}},
		{Title: "An admin takes a colleague's request on", Play: adopts},
		{Title: "An admin takes a colleague's delete on", Play: func(k *talk.Talk) {
			t := k.Files(k.Uli(), "delete", deleteJane, inCopy(k.Alex()))
			t.Is("rejected", bot.ReasonNotAdmin)
			t.Replies(k.Alex(), "I confirm").Is("held", bot.ReasonReaders)
			k.Untouched()
			makesRequester(t, k, k.Alex())
			retry(t, k)
			t.Is("resolved", bot.ReasonErased)
		}},
		{Title: "Who can't take a request on", Play: func(k *talk.Talk) {
			t := k.Files(k.Uli(), "delete", deleteJane, func(n *zendesksim.NewTicket) { n.CCs = []int64{k.Alex().ID, k.Gina().ID} })
			t.Is("rejected", bot.ReasonNotAdmin)
			t.Replies(k.Gina(), "confirm").Is("held", bot.ReasonReplied)
			t.Replies(k.Alex(), "confirm", talk.ByMail()).Is("held", bot.ReasonReplied)
			t.Replies(k.Alex(), "confirm", func(o *zendesksim.ReplyOptions) { o.Flags = []int{3} }).Is("held", bot.ReasonReplied)
			t.Replies(k.Uli(), "confirm").Is("held", bot.ReasonReplied)
			t.Notes(k.Agent(), "confirm").Is("held", bot.ReasonReplied)
			k.Later(2 * day)
			k.Untouched()
		}},
		{Title: "The admin who took a request on is demoted", Set: waits, Play: func(k *talk.Talk) {
			t := k.Files(k.Uli(), "delete", deleteJane, inCopy(k.Alex()))
			t.Replies(k.Alex(), "confirm").Is("waiting", bot.ReasonWaitingPeriod)
			makesRequester(t, k, k.Alex())
			k.Note("Alex is an admin no longer.")
			k.Grant("alex@acme.example", "-acme")
			k.Later(4 * day)
			t.Is("held", bot.ReasonRightLost)
			k.Untouched()
		}},
		{Title: "The one who filed can't steer what an admin took on", Play: func(k *talk.Talk) {
			t := k.Files(k.Uli(), "access", "A report on our customer, please.", inCopy(k.Alex()))
			t.Replies(k.Alex(), "confirm").Is("needs_info", bot.ReasonNoSubject)
			t.Replies(k.Uli(), "jane@x.example").Is("needs_info", bot.ReasonNoSubject)
			t.Replies(k.Alex(), "josé@x.example").Is("held", bot.ReasonReaders)
		}},
	}}
}

func adopts(k *talk.Talk) {
	t := k.Files(k.Uli(), "access", reportJane, inCopy(k.Alex()))
	filed := t.Is("rejected", bot.ReasonNotAdmin)
	t.Said("administrator of your account can take the request on")
	k.Later(3 * day)
	t.Replies(k.Alex(), "What is this about, Uli?").Is("held", bot.ReasonReplied)
	t.Replies(k.Alex(), "Yes, confirm.")
	c := t.Is("held", bot.ReasonReaders)
	if !c.Arrived.Equal(filed.Arrived) || !c.Due.Equal(filed.Due) {
		k.T.Errorf("the clock was set anew: due %s, was %s", c.Due, filed.Due)
	}
	t.Said("took this request on")
	t.Noted("Make that administrator the ticket's requester")
	t.Progress("held")
	undelivered(t, k)
	retry(t, k)
	t.Is("held", bot.ReasonReaders)
	makesRequester(t, k, k.Alex())
	retry(t, k)
	t.Is("resolved", bot.ReasonDelivered)
	t.Stands("solved")
}

// takesNothing: the ticket takes no update any more, and agents are told on one
// of our own, once.
func takesNothing(k *talk.Talk, t talk.Ticket) {
	k.T.Helper()
	t.Is("held", bot.ReasonDeskRequester)
	told := k.Alerts()
	if len(told) != 1 {
		k.T.Fatalf("agents were told by %d tickets", len(told))
	}
	told[0].Noted(fmt.Sprintf("#%d", t.ID), "suspended or deleted")
	told[0].Bears(bot.TagNeedsPerson)
}
