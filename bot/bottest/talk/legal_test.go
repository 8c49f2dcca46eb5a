package talk_test

import (
	"strings"
	"time"

	"privacydesk/bot"
	"privacydesk/bot/bottest/talk"
	"privacydesk/connectors"
)

func holds(k *talk.Talk, tenant, email, name string) {
	command := "holds add --tenant " + tenant
	if email != "" {
		command += " --email " + email
	}
	k.Runs(command+" --name '"+name+"' --exception legal_hold --by legal", func() error {
		_, err := k.Engine.AddLegalHold(k.T.Context(), tenant, email, name, "legal_hold", "legal")
		return err
	})
}

func lifts(k *talk.Talk, tenant, email, name string) {
	command := "holds remove --tenant " + tenant
	if email != "" {
		command += " --email " + email
	}
	k.Runs(command+" --name '"+name+"' --by legal", func() error {
		return k.Engine.RemoveLegalHold(k.T.Context(), tenant, email, name, "legal")
	})
}

func legal() talk.Chapter {
	return talk.Chapter{Title: "Legal holds and exceptions", Scenarios: []talk.Scenario{
		{Title: "A legal hold on a person stops the delete, not the report", Play: func(k *talk.Talk) {
			holds(k, "acme", "Jane@X.example", "Doe v. Acme")
			t := k.Files(k.Alex(), "delete", "Please delete jane@x.example.")
			t.Is("held", bot.ReasonLegalHold)
			t.Said("retained under an exception", "to meet a legal obligation", "goes on by itself")
			t.Noted("Doe v. Acme, on the person, since 2026-11-23, by legal")
			if n := t.Comments(true); n != 2 {
				k.T.Errorf("the requester was told %d times, want receipt and exception", n)
			}
			for _, c := range k.Sim.Comments(t.ID) {
				if c.Public && strings.Contains(c.Body, "Doe") {
					k.T.Error("the hold's name is public")
				}
			}
			k.Files(k.Alex(), "access", "Please send us everything on jane@x.example.").Is("resolved", bot.ReasonDelivered)
			k.Files(k.Gina(), "delete", "Please delete jane@x.example.").Is("resolved", bot.ReasonErased)
			k.Files(k.Alex(), "delete", "Please delete jose@x.example.").Is("resolved", bot.ReasonErased)
			if err := k.Release(k.T.Context(), t.Request(), "ops"); err == nil {
				k.T.Error("a legal hold was waved through")
			}
			t.Operator("retry", func(id string) error { return k.Engine.Retry(k.T.Context(), id, "ops") })
			t.Is("held", bot.ReasonLegalHold)
			k.Later(3 * day)
			if n := t.Comments(true); n != 2 {
				k.T.Errorf("the requester was told %d times, want no more than before", n)
			}
			lifts(k, "acme", "jane@x.example", "Doe v. Acme")
			t.Is("resolved", bot.ReasonErased)
		}},
		{Title: "A legal hold on an account comes while a delete waits", Set: func(s *bot.Settings) { s.Deletes.WaitingPeriod = 3 * day }, Play: func(k *talk.Talk) {
			t := k.Files(k.Alex(), "delete", "Please delete jane@x.example.")
			k.Later(2 * day)
			holds(k, "acme", "", "audit 2026")
			k.Later(2 * day)
			t.Is("held", bot.ReasonLegalHold)
			t.Noted("audit 2026, on the whole account")
			k.Untouched()
			t.Operator("reject --reason retained_by_law --by legal", func(id string) error {
				return k.Engine.Reject(k.T.Context(), id, "legal", bot.ReasonRetainedByLaw)
			})
			t.Is("rejected", bot.ReasonRetainedByLaw)
			t.Said("retained under an exception that the law allows")
			k.Later(time.Hour)
			k.Untouched()
		}},
		{Title: "What a data map retains is named with its exception", Play: func(k *talk.Talk) {
			k.Systems["warehouse"].Action, k.Systems["warehouse"].Exception = connectors.ActionRetain, "legal_obligation: kept for ten years by tax law"
			t := k.Files(k.Alex(), "delete", "Please delete jane@x.example.")
			t.Is("resolved", bot.ReasonErased)
			t.Said("This had to be kept, under an exception", "warehouse: to meet a legal obligation")
		}},
	}}
}
