package talk_test

import (
	"strings"

	"privacydesk/bot"
	"privacydesk/bot/bottest/talk"
	"privacydesk/bot/bottest/world"
	"privacydesk/bot/zendesksim"
	"privacydesk/connectors"
)

func whom() talk.Chapter {
	kept := func(k *talk.Talk, t talk.Ticket) {
		k.T.Helper()
		t.Is("resolved", bot.ReasonNothingFound)
		k.Untouched()
	}
	return talk.Chapter{Title: "Who and whom: whom it is about", Scenarios: []talk.Scenario{
		{Title: "However an address is written", Play: func(k *talk.Talk) {
			k.Systems["warehouse"].Add(world.Row{ID: 60, Tenant: "acme", Key: connectors.Text("jane@xn--mnchen-3ya.example"), Text: "features"})
			for _, text := range []string{"A report on JANE@X.Example, please.", "A report on Jane Roe <jane@x.example>, please.", "A report on jane@münchen.example, please.", "A report on jane@xn--mnchen-3ya.example, please."} {
				k.Files(k.Alex(), "access", text).Is("resolved", bot.ReasonDelivered)
			}
		}},
		{Title: "A dot or a plus-tag makes another address", Play: func(k *talk.Talk) {
			for _, address := range []string{"j.ane@x.example", "jane+crm@x.example", "jané@x.example"} {
				kept(k, k.Files(k.Alex(), "delete", "Please delete "+address+"."))
			}
		}},
		{Title: "One person with several addresses", Play: func(k *talk.Talk) {
			k.Systems["warehouse"].Add(world.Row{ID: 60, Tenant: "acme", Key: connectors.Text("jane.roe@y.example"), Text: "features of the other address"})
			t := k.Files(k.Alex(), "delete", "Please delete jane@x.example, also known as jane.roe@y.example.")
			t.Is("resolved", bot.ReasonErased)
			for _, r := range k.Systems["warehouse"].Rows() {
				if r.Tenant == "acme" && !r.Masked {
					k.T.Errorf("row %d was left", r.ID)
				}
			}
		}},
		{Title: "A second request on one of a person's addresses", Set: waits, Play: func(k *talk.Talk) {
			k.Files(k.Alex(), "delete", "Bitte löschen: jane@x.example, auch bekannt als jane.roe@y.example").Is("waiting", bot.ReasonWaitingPeriod)
			k.Files(k.Alex(), "delete", "Please delete jane.roe@y.example.").Is("rejected", bot.ReasonDuplicate)
			k.Files(k.Alex(), "delete", "Please delete jr@z.example alias jane.roe@y.example.").Is("rejected", bot.ReasonDuplicate)
		}},
		{Title: "Two people, each with an address", Play: func(k *talk.Talk) {
			t := k.Files(k.Alex(), "delete", "Please delete jane@x.example, also known as jane.roe@y.example, and josé@x.example.")
			t.Is("needs_info", bot.ReasonManySubjects)
			k.Untouched()
		}},
		{Title: "An address only in a quoted mail or a signature", Play: func(k *talk.Talk) {
			t := k.Files(k.Alex(), "delete", "Please delete this customer.\n\nOn Monday, Jane wrote:\n> Remove me! jane@x.example")
			t.Is("needs_info", bot.ReasonNoSubject)
			o := k.Files(k.Alex(), "delete", "Please delete this customer.\n\n-- \nAlex\njosé@x.example")
			o.Is("needs_info", bot.ReasonNoSubject)
			k.Later(day)
			k.Untouched()
		}},
		{Title: "An address that nobody sees", Play: func(k *talk.Talk) {
			for _, markup := range []string{
				`<p>Please delete our customer.</p><p style="display:none">jane@x.example</p>`,
				`<p>Please delete our customer.<span style="color:#fff;font-size:1px"> jane@x.example</span></p>`,
				`<p>Please delete <a href="mailto:josé@x.example">our customer</a>.</p><div hidden>jane@x.example</div>`,
				`<p>Please delete josé@x.example.</p><p style="display:none">jane@x.example</p>`,
			} {
				k.Note("The mail's markup: `%s`", markup)
				t := k.Files(k.Alex(), "delete", "Please delete our customer.", func(n *zendesksim.NewTicket) { n.HTMLBody = markup })
				if state := k.Case(t.ID).State(); state != "needs_info" {
					k.T.Errorf("%s: it is %s", markup, state)
				}
			}
			k.Later(day)
			k.Untouched()
		}},
		{Title: "The admin's own address", Play: func(k *talk.Talk) {
			t := k.Files(k.Alex(), "delete", "Please delete alex@acme.example.")
			t.Is("held", bot.ReasonSubjectIsAdmin)
			o := k.Files(k.Alex(), "delete", "Please delete jane@x.example, also known as alex@acme.example.")
			o.Is("held", bot.ReasonSubjectIsAdmin)
			k.Untouched()
		}},
		{Title: "An address in another account's domain", Play: func(k *talk.Talk) {
			k.Note("Gina is an admin of globex. That must make no difference to what acme is told.")
			gina, nobody := k.Gina(), "nobody@globex.example"
			a := k.Files(k.Alex(), "access", "A report on gina@globex.example, please.")
			b := k.Files(k.Alex(), "access", "A report on "+nobody+", please.")
			kept(k, a)
			kept(k, b)
			if x, y := a.Comments(true)+100*a.Comments(false), b.Comments(true)+100*b.Comments(false); x != y {
				k.T.Errorf("%s, a user of globex, is answered in another way", gina.Name)
			}
		}},
		{Title: "Several people behind one address", Play: func(k *talk.Talk) {
			k.Systems["crm"].Add(world.Row{ID: 61, Tenant: "acme", Key: connectors.Text("jane@x.example"), Text: "John Roe", Gives: 45})
			t := k.Files(k.Alex(), "access", reportJane)
			t.Is("held", bot.ReasonSeveralPeople)
			t.Noted("crm: 2 people")
			for _, name := range []string{"John", "Roe", "Jane of acme"} {
				if strings.Contains(t.All(), name) {
					k.T.Errorf("the ticket names %s", name)
				}
			}
			undelivered(t, k)
			t.Release("dpo")
			t.Is("resolved", bot.ReasonDelivered)
			o := k.Files(k.Alex(), "delete", deleteJane)
			o.Is("held", bot.ReasonSeveralPeople)
			k.Untouched()
			o.Release("dpo")
			o.Is("resolved", bot.ReasonErased)
		}},
		{Title: "The address of an office", Play: func(k *talk.Talk) {
			k.Systems["warehouse"].Add(world.Row{ID: 62, Tenant: "acme", Key: connectors.Text("sales@x.example"), Text: "features"})
			t := k.Files(k.Alex(), "delete", "Please delete sales@x.example.")
			t.Is("held", bot.ReasonSubjectIsRole)
			t.Noted("warehouse.thing")
			k.Later(day)
			k.Untouched()
			t.Release("dpo")
			t.Is("resolved", bot.ReasonErased)
		}},
		{Title: "A person who is also a user of the product", Play: func(k *talk.Talk) {
			k.Grant("jane@x.example", "-acme")
			t := k.Files(k.Alex(), "access", reportJane)
			t.Is("held", bot.ReasonSubjectIsUser)
			t.Noted("warehouse.thing")
			undelivered(t, k)
			t.Release("dpo")
			t.Is("resolved", bot.ReasonDelivered)
		}},
		{Title: "A delete of a person who is also a user of the product", Play: func(k *talk.Talk) {
			k.Grant("jane@x.example", "-acme")
			t := k.Files(k.Alex(), "delete", "Please delete jane@x.example.")
			t.Is("held", bot.ReasonSubjectIsUser)
			k.Later(day)
			k.Untouched()
			t.Release("dpo")
			t.Is("resolved", bot.ReasonErased)
		}},
		{Title: "A request that could be either kind", Play: func(k *talk.Talk) {
			t := k.Files(k.Alex(), "", "Please send us the data of jane@x.example and delete it afterwards.")
			t.Is("needs_info", bot.ReasonNoKind)
			k.Later(day)
			k.Untouched()
			undelivered(t, k)
			t.Replies(k.Alex(), "access").Is("resolved", bot.ReasonDelivered)
			k.Untouched()
		}},
		{Title: "An account's request reaches nothing of the vendor's own", Play: func(k *talk.Talk) {
			billing(k, "acme")
			k.Files(k.Alex(), "delete", deleteJane).Is("resolved", bot.ReasonErased)
			if s := k.Systems["billing"]; s.Allowed != 0 || len(s.Rows()) != 2 {
				k.T.Error("a system of the vendor's own was erased")
			}
		}},
	}}
}
