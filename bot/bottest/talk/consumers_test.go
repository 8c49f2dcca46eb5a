package talk_test

import (
	"errors"
	"time"

	"privacydesk/bot"
	"privacydesk/bot/bottest/talk"
	"privacydesk/bot/bottest/world"
	"privacydesk/bot/zendesksim"
	"privacydesk/connectors"
)

// billing gives the vendor a system of its own, with Carla and Jane in it.
func billing(k *talk.Talk, tenant string) {
	s := &world.System{Name: "billing", Need: connectors.Email, Action: connectors.ActionDelete, Digest: "m9", Controller: true}
	s.Add(
		world.Row{ID: 90, Tenant: tenant, Key: connectors.Text("carla@mail.example"), Text: "Carla's invoice"},
		world.Row{ID: 91, Tenant: tenant, Key: connectors.Text("jane@x.example"), Text: "Jane's invoice"},
	)
	k.AddSystem(s)
	k.Note("The vendor has a system of its own, billing.")
	k.Reopen()
}

func direct(s *bot.Settings) {
	s.Controller = bot.ControllerSettings{Tenant: "vendor", BaseURL: "https://privacy.vendor.example", LinkTTL: 48 * time.Hour, PerDay: 3}
}

func consumers() talk.Chapter {
	left := func(k *talk.Talk, want int) {
		k.T.Helper()
		if n := len(k.Systems["billing"].Rows()); n != want {
			k.T.Errorf("billing holds %d rows, want %d", n, want)
		}
	}
	return talk.Chapter{Title: "Who and whom: consumers", Scenarios: []talk.Scenario{
		{Title: "A consumer is referred to their business", Play: func(k *talk.Talk) {
			t := k.Files(k.Carla(), "direct", "Please delete my data.")
			t.Is("rejected", bot.ReasonDirect)
			k.Untouched()
		}},
		{Title: "A consumer asks the vendor as the controller", Set: direct, Play: func(k *talk.Talk) {
			billing(k, "vendor")
			t := k.Files(k.Carla(), "direct", "Please delete my data.")
			t.Is("needs_info", bot.ReasonConfirmLink)
			k.Note("A mail scanner opens the link. Nothing comes of it.")
			if _, err := k.Engine.LinkPage(k.T.Context(), t.Link()); err != nil {
				k.T.Error(err)
			}
			k.Later(time.Hour)
			t.Is("needs_info", bot.ReasonConfirmLink)
			left(k, 2)
			if err := t.Confirms(k.Carla(), t.Link()); err != nil {
				k.T.Fatal(err)
			}
			if c := t.Is("resolved", bot.ReasonErased); c.Tenant != "vendor" || len(c.Systems) != 1 {
				k.T.Errorf("%s, %d systems", c.Tenant, len(c.Systems))
			}
			left(k, 1)
			if err := t.Confirms(k.Carla(), t.Link()); !errors.Is(err, bot.ErrNoLink) {
				k.T.Errorf("a link worked twice: %v", err)
			}
		}},
		{Title: "A consumer's report", Set: direct, Play: func(k *talk.Talk) {
			billing(k, "vendor")
			t := k.Files(k.Carla(), "access", "I want a copy of all my data: carla@mail.example")
			t.Is("needs_info", bot.ReasonConfirmLink)
			undelivered(t, k)
			if err := t.Confirms(k.Carla(), t.Link()); err != nil {
				k.T.Fatal(err)
			}
			t.Is("resolved", bot.ReasonDelivered)
		}},
		{Title: "A link that expired", Set: direct, Play: func(k *talk.Talk) {
			billing(k, "vendor")
			t := k.Files(k.Carla(), "direct", "Please delete my data.")
			old := t.Link()
			k.Later(2 * day)
			if err := t.Confirms(k.Carla(), old); !errors.Is(err, bot.ErrNoLink) {
				k.T.Errorf("an old link worked: %v", err)
			}
			t.Replies(k.Carla(), "The link does not work any more.").Is("needs_info", bot.ReasonConfirmLink)
			if old == t.Link() {
				k.T.Fatal("it is the same link")
			}
			if err := t.Confirms(k.Carla(), t.Link()); err != nil {
				k.T.Fatal(err)
			}
			t.Is("resolved", bot.ReasonErased)
		}},
		{Title: "Only the newest link works, and not many are sent", Set: func(s *bot.Settings) { direct(s); s.Controller.PerDay = 2 }, Play: func(k *talk.Talk) {
			billing(k, "vendor")
			t := k.Files(k.Carla(), "direct", "Please delete my data.")
			first := t.Link()
			t.Replies(k.Carla(), "I can't find the link.").Is("needs_info", bot.ReasonConfirmLink)
			if err := t.Confirms(k.Carla(), first); !errors.Is(err, bot.ErrNoLink) {
				k.T.Errorf("a replaced link worked: %v", err)
			}
			last := t.Link()
			t.Replies(k.Carla(), "Again, please.").Is("held", bot.ReasonManyLinks)
			if err := t.Confirms(k.Carla(), last); !errors.Is(err, bot.ErrNoLink) {
				k.T.Errorf("a link of a held request worked: %v", err)
			}
			left(k, 2)
		}},
		{Title: "A consumer asks about somebody else", Set: direct, Play: func(k *talk.Talk) {
			billing(k, "vendor")
			t := k.Files(k.Carla(), "direct", deleteJane)
			t.Is("rejected", bot.ReasonDirect)
			o := k.Files(k.Carla(), "direct", "Please delete carla@mail.example, also known as jane@x.example.")
			o.Is("rejected", bot.ReasonDirect)
			u := k.Files(k.Carla(), "delete", "Please delete carla@mail.example, also known as jane@x.example.")
			u.Is("rejected", bot.ReasonUnknown)
			left(k, 2)
		}},
		{Title: "A consumer who does not say what they want", Set: direct, Play: func(k *talk.Talk) {
			billing(k, "vendor")
			t := k.Files(k.Carla(), "direct", "I have a question about my data.")
			t.Is("needs_info", bot.ReasonNoKind)
			t.Replies(k.Carla(), "delete").Is("needs_info", bot.ReasonConfirmLink)
			left(k, 2)
		}},
		{Title: "Somebody reads along with a consumer", Set: direct, Play: func(k *talk.Talk) {
			billing(k, "vendor")
			t := k.Files(k.Carla(), "direct", "Please send me a copy of my data.", inCopy(k.Uli()))
			t.Is("held", bot.ReasonReaders)
			if n := t.Comments(true); n != 0 {
				k.T.Errorf("%d answers, though a stranger reads them", n)
			}
		}},
		{Title: "A consumer's address changes behind the link", Set: func(s *bot.Settings) { direct(s); waits(s) }, Play: func(k *talk.Talk) {
			billing(k, "vendor")
			t := k.Files(k.Carla(), "direct", "Please delete my data.")
			if err := t.Confirms(k.Carla(), t.Link()); err != nil {
				k.T.Fatal(err)
			}
			t.Is("waiting", bot.ReasonWaitingPeriod)
			k.Note("Carla's user gets another address.")
			k.Sim.UpdateUser(k.Carla().ID, func(u *zendesksim.User) { u.Email = "mallory@mail.example" })
			k.Later(4 * day)
			if s := t.Is("held", k.Case(t.ID).Why()); s.Why() != bot.ReasonRightLost && s.Why() != bot.ReasonEdited {
				k.T.Errorf("held for %s", s.Why())
			}
			left(k, 2)
		}},
		{Title: "An admin of the vendor's own has no right to it", Set: direct, Play: func(k *talk.Talk) {
			billing(k, "vendor")
			eve := k.Meet("Eve", "eve@vendor.example", "vendor")
			t := k.Files(eve, "delete", "Please delete carla@mail.example.", talk.ForTenant(k, "vendor"))
			t.Is("rejected", bot.ReasonNotAdmin)
			left(k, 2)
		}},
	}}
}
