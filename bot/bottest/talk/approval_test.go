package talk_test

import (
	"errors"
	"strings"
	"time"

	"privacydesk/bot"
	"privacydesk/bot/bottest/talk"
	"privacydesk/bot/bottest/world"
	"privacydesk/connectors"
)

// approve sets when a person must approve.
func approve(when string) func(*bot.Settings) {
	return func(s *bot.Settings) { s.Deletes.Approval = when }
}

func approval() talk.Chapter {
	return talk.Chapter{Title: "Approval and waiting", Scenarios: []talk.Scenario{
		{Title: "A delete is approved, changes, and is approved again", Set: func(s *bot.Settings) {
			s.Deletes.Approval, s.Deletes.WaitingPeriod = "always", 3*day
		}, Play: func(k *talk.Talk) {
			t := k.Files(k.Alex(), "delete", "Please delete jane@x.example.")
			t.Is("awaiting_approval", bot.ReasonApproval)
			t.Noted("events.thing | 2 | delete")
			for _, by := range []string{"Alex", "ALEX@acme.example", ""} {
				if err := k.Approve(k.T.Context(), t.Request(), by); !errors.Is(err, bot.ErrRefused) {
					k.T.Errorf("%s approved a request of their own: %v", by, err)
				}
			}
			t.Bears("privacydesk_needs_person")
			t.Approve("dpo")
			t.Is("waiting", bot.ReasonWaitingPeriod)
			t.Noted("approve", "dpo")
			t.Bears() // nobody has to do anything about it while it waits
			k.Systems["events"].Add(world.Row{ID: 16, Tenant: "acme", Key: connectors.Int(42), Text: "one more click"})
			k.Note("Meanwhile a further row of Jane's turns up.")
			k.Later(3 * day)
			t.Is("awaiting_approval", bot.ReasonGrown)
			t.Noted("changed since", "events.thing | 3 | delete")
			k.Untouched()
			t.Approve("dpo")
			t.Is("resolved", bot.ReasonErased)
		}},
		{Title: "An approval expires", Set: func(s *bot.Settings) {
			s.Deletes.Approval, s.Deletes.ApprovalExpires, s.Deletes.WaitingPeriod = "deletes", 4*day, 3*day
		}, Play: func(k *talk.Talk) {
			t := k.Files(k.Alex(), "delete", "Please delete jane@x.example.")
			t.Approve("dpo")
			t.Operator("hold", func(id string) error { return k.Engine.Hold(k.T.Context(), id, "ops") })
			k.Later(4 * day)
			t.Operator("retry", func(id string) error { return k.Engine.Retry(k.T.Context(), id, "ops") })
			t.Is("awaiting_approval", bot.ReasonExpired)
			t.Noted("too old")
			k.Untouched()
			t.Approve("dpo")
			t.Is("resolved", bot.ReasonErased)
		}},
		{Title: "The first request of an account needs approval, whichever kind it is", Set: approve("first_of_tenant"), Play: func(k *talk.Talk) {
			first := k.Files(k.Alex(), "access", "Please send us everything on jane@x.example.")
			first.Is("awaiting_approval", bot.ReasonApproval)
			first.Noted("The report would hold this", "events.thing | 2")
			second := k.Files(k.Alex(), "delete", "Please delete jose@x.example.")
			second.Is("awaiting_approval", bot.ReasonApproval)
			first.Approve("dpo")
			first.Is("resolved", bot.ReasonDelivered)
			second.Is("awaiting_approval", bot.ReasonApproval)
			k.Note("The account is known now. What waited already still waits; what comes later does not.")
			third := k.Files(k.Alex(), "delete", "Please delete josé@x.example.")
			third.Is("resolved", bot.ReasonErased)
			other := k.Files(k.Gina(), "access", "Please send us everything on jane@x.example.")
			other.Is("awaiting_approval", bot.ReasonApproval)
		}},
		{Title: "A delete of more than so many rows needs approval", Set: approve("over_rows 3"), Play: func(k *talk.Talk) {
			t := k.Files(k.Alex(), "delete", "Please delete jane@x.example.")
			t.Is("awaiting_approval", bot.ReasonApproval)
			t.Noted("crm.thing | 1 | delete", "events.thing | 2 | delete", "warehouse.thing | 1 | deidentify")
			k.Untouched()
			k.Files(k.Alex(), "access", "Please send us everything on jane@x.example.").Is("resolved", bot.ReasonDelivered)
			k.Files(k.Alex(), "delete", "Please delete josé@x.example.").Is("resolved", bot.ReasonErased)
			t.Approve("dpo")
			t.Is("resolved", bot.ReasonErased)
		}},
		{Title: "Every request needs approval", Set: approve("deletes, access"), Play: func(k *talk.Talk) {
			t := k.Files(k.Alex(), "access", "Please send us everything on jane@x.example.")
			t.Is("awaiting_approval", bot.ReasonApproval)
			t.Approve("dpo")
			t.Is("resolved", bot.ReasonDelivered)
		}},
		{Title: "The requester cancels while the delete waits", Set: func(s *bot.Settings) { s.Deletes.WaitingPeriod = 3 * day }, Play: func(k *talk.Talk) {
			t := k.Files(k.Alex(), "delete", "Please delete jane@x.example.")
			t.Is("waiting", bot.ReasonWaitingPeriod)
			k.Later(2 * day)
			t.Replies(k.Alex(), "Cancel")
			t.Is("cancelled", bot.ReasonByRequester)
			t.Stands("solved")
			k.Later(2 * day)
			k.Untouched()
		}},
		{Title: "More deletes in a day than an account may begin", Set: func(s *bot.Settings) { s.Deletes.CapPerTenantDay = 1 }, Play: func(k *talk.Talk) {
			k.Files(k.Alex(), "delete", "Please delete jose@x.example.").Is("resolved", bot.ReasonErased)
			t := k.Files(k.Alex(), "delete", "Please delete jane@x.example.")
			t.Is("held", bot.ReasonCapTenant)
			t.Noted("limit of deletes for one day")
			k.Files(k.Gina(), "delete", "Please delete jane@x.example.").Is("resolved", bot.ReasonErased)
			k.Later(day)
			t.Is("resolved", bot.ReasonErased)
		}},
		{Title: "More rows in a system than may go without a person", Set: func(s *bot.Settings) { s.Deletes.CapRowsPerSystem = 1 }, Play: func(k *talk.Talk) {
			t := k.Files(k.Alex(), "delete", "Please delete jane@x.example.")
			t.Is("held", bot.ReasonCapRows)
			t.Noted("events.thing | 2 | delete")
			k.Untouched()
			t.Release("ops")
			t.Is("resolved", bot.ReasonErased)
		}},
		{Title: "A duplicate is linked to the open request", Set: approve("always"), Play: func(k *talk.Talk) {
			open := k.Files(k.Alex(), "delete", "Please delete jane@x.example.")
			t := k.Files(k.Alex(), "delete", "Please delete JANE@x.example!")
			c := t.Is("rejected", bot.ReasonDuplicate)
			t.Said("ticket #1")
			if c.Linked != open.Request() {
				k.T.Errorf("it is linked to %q", c.Linked)
			}
			open.Is("awaiting_approval", bot.ReasonApproval)
			k.Files(k.Gina(), "delete", "Please delete jane@x.example.").Is("awaiting_approval", bot.ReasonApproval)
		}},
		{Title: "A report on the same person goes before the delete", Set: approve("access"), Play: func(k *talk.Talk) {
			report := k.Files(k.Alex(), "access", "Please send us everything on jane@x.example.")
			t := k.Files(k.Alex(), "delete", "Please delete jane@x.example.")
			t.Is("waiting", bot.ReasonOtherRequest)
			k.Untouched()
			report.Approve("dpo")
			report.Is("resolved", bot.ReasonDelivered)
			k.Later(time.Hour)
			t.Is("resolved", bot.ReasonErased)
		}},
		{Title: "The same is asked again within a month", Play: func(k *talk.Talk) {
			k.Files(k.Alex(), "access", "Please send us everything on jane@x.example.").Is("resolved", bot.ReasonDelivered)
			k.Later(5 * day)
			again := k.Files(k.Alex(), "access", "Once more a report on jane@x.example, please.")
			again.Is("resolved", bot.ReasonDelivered)
			if !strings.Contains(again.All(), "answered, on 2026-11-23 on ticket #1. It is done anew.") {
				k.T.Error("the earlier answer is not mentioned")
			}
			for _, t := range []talk.Ticket{
				k.Files(k.Alex(), "delete", "Please delete jane@x.example."),                // another kind
				k.Files(k.Gina(), "access", "Please send us everything on jane@x.example."), // another account
				k.Files(k.Alex(), "access", "Please send us everything on jose@x.example."), // another person
			} {
				if strings.Contains(t.All(), "last asked") {
					k.T.Errorf("ticket #%d mentions an answer to something else", t.ID)
				}
			}
			k.Later(31 * day)
			if late := k.Files(k.Alex(), "access", "And again jane@x.example, please."); strings.Contains(late.All(), "last asked") {
				k.T.Error("an answer of more than 30 days ago is mentioned")
			}
		}},
		{Title: "A person refuses a request that is held", Play: func(k *talk.Talk) {
			t := k.Files(k.Alex(), "delete", "Please delete alex@acme.example.")
			t.Is("held", bot.ReasonSubjectIsAdmin)
			if err := k.Engine.Reject(k.T.Context(), t.Request(), "dpo", "because"); !errors.Is(err, bot.ErrRefused) {
				k.T.Errorf("a reason that nobody knows: %v", err)
			}
			t.Operator("reject --reason insuf_verification --by dpo", func(id string) error {
				return k.Engine.Reject(k.T.Context(), id, "dpo", bot.ReasonNotVerified)
			})
			t.Is("rejected", bot.ReasonNotVerified)
			t.Said("not enough to make sure who asks", "a person will look at it", "insuf_verification")
			t.Stands("solved")
			t.Bears()
			k.Untouched()
		}},
	}}
}
