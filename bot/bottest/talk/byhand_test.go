package talk_test

import (
	"strings"

	"privacydesk/bot"
	"privacydesk/bot/bottest/talk"
	"privacydesk/bot/zendesksim"
)

func solves(t *zendesksim.Ticket) { t.Status = "solved" }

// byHand are requests that are answered or passed on, and never executed.
func byHand() talk.Chapter {
	passedOn := func(title, text string, reason bot.Reason, says string) talk.Scenario {
		return talk.Scenario{Title: title, Play: func(k *talk.Talk) {
			t := k.Files(k.Alex(), "", text)
			t.Said(says, "nothing was changed yet", "A colleague of ours will see to it")
			t.Is("held", reason)
			t.Noted("not executed here")
			t.Edits(k.Agent(), "does it, answers, and solves the ticket", solves)
			t.Is("rejected", reason)
			t.Stands("solved")
			k.Untouched()
		}}
	}
	return talk.Chapter{Title: "What is not executed", Scenarios: []talk.Scenario{
		{Title: "An opt-out, where the vendor says what to answer", Set: func(s *bot.Settings) {
			s.OptOut.SubProcessors = "https://vendor.example/sub-processors"
			s.TenantIntegrations = map[string][]string{"acme": {"Salesforce"}, "globex": {"Pipedrive"}}
		}, Play: func(k *talk.Talk) {
			t := k.Files(k.Alex(), "opt_out", "Please don't sell our contacts' data.")
			t.Said("sale or sharing", "We neither sell personal data nor share it for advertising.", "Salesforce", "https://vendor.example/sub-processors")
			t.Is("rejected", bot.ReasonOptOut)
			if strings.Contains(t.All(), "Pipedrive") {
				k.T.Error("another account's integration is named")
			}
			k.Untouched()
		}},
		{Title: "An opt-out by somebody whom nobody knows: no account's integrations", Set: func(s *bot.Settings) {
			s.TenantIntegrations = map[string][]string{"acme": {"Salesforce"}, "": {"Nobody's"}}
		}, Play: func(k *talk.Talk) {
			t := k.Files(k.Carla(), "opt_out", "Do not sell my data.")
			t.Is("rejected", bot.ReasonOptOut)
			if strings.Contains(t.All(), "Salesforce") || strings.Contains(t.All(), "Nobody's") {
				k.T.Error("integrations are named")
			}
		}},
		{Title: "An opt-out, where the vendor does not say what is true", Set: func(s *bot.Settings) { s.OptOut.Statement = "" }, Play: func(k *talk.Talk) {
			t := k.Files(k.Alex(), "opt_out", "Please don't sell our contacts' data.")
			t.Said("A colleague of ours will answer here")
			t.Is("held", bot.ReasonOptOutByHand)
			t.Edits(k.Agent(), "answers, and solves the ticket", solves)
			t.Is("rejected", bot.ReasonOptOutByHand)
			t.Stands("solved")
		}},
		passedOn("A correction", "Please correct the name of jane@x.example: it is Jane Roe.", bot.ReasonCorrection, "asks to have data corrected"),
		passedOn("An objection", "Our contact jane@x.example objects to the processing of her data.", bot.ReasonObjection, "objects to a use of data"),
		{Title: "A form that says delete, with words that ask for a correction", Play: func(k *talk.Talk) {
			t := k.Files(k.Alex(), "delete", "jane@x.example is called Roe now, please correct her name.")
			t.Is("needs_info", bot.ReasonNoKind)
			t.Said("reply with one word")
			k.Untouched()
		}},
		{Title: "A correction by somebody who is no admin", Play: func(k *talk.Talk) {
			t := k.Files(k.Uli(), "", "Please correct the name of jane@x.example.")
			t.Is("rejected", bot.ReasonNotAdmin)
		}},
	}}
}

// attestation is how customers say that they verified the person's request.
func attestation() talk.Chapter {
	must := func(s *bot.Settings) { s.MustAttest = true }
	by := func(k *talk.Talk, t talk.Ticket, how string) {
		k.T.Helper()
		if c := k.Case(t.ID); c.Attested != how {
			k.T.Errorf("attested by %q, want %q", c.Attested, how)
		}
	}
	return talk.Chapter{Title: "The customer's word that they verified the request", Scenarios: []talk.Scenario{
		{Title: "Ticked on the form", Set: must, Play: func(k *talk.Talk) {
			t := k.Files(k.Alex(), "delete", "Please delete jane@x.example.", talk.Attesting(k))
			t.Is("resolved", bot.ReasonErased)
			by(k, t, bot.AttestedByForm)
		}},
		{Title: "Neither ticked nor said: it is asked", Set: must, Play: func(k *talk.Talk) {
			t := k.Files(k.Alex(), "delete", "Please delete jane@x.example.")
			t.Said("reply with the word verified")
			t.Is("needs_info", bot.ReasonAttestation)
			t.Replies(k.Alex(), "Will do.")
			t.Is("needs_info", bot.ReasonAttestation)
			k.Untouched()
			t.Replies(k.Alex(), "Verified.")
			t.Is("resolved", bot.ReasonErased)
			by(k, t, bot.AttestedByWord)
		}},
		{Title: "A box that an agent ticks is nobody's word", Set: must, Play: func(k *talk.Talk) {
			t := k.Files(k.Alex(), "access", "Please send us everything on jane@x.example.")
			t.Edits(k.Agent(), "ticks the box", func(z *zendesksim.Ticket) { z.CustomFields[k.AttestedField] = true })
			t.Is("needs_info", bot.ReasonAttestation)
			k.Untouched()
		}},
		{Title: "Where it is not asked for", Play: func(k *talk.Talk) {
			t := k.Files(k.Alex(), "access", "Please send us everything on jane@x.example.")
			t.Is("resolved", bot.ReasonDelivered)
			by(k, t, "")
		}},
	}}
}
