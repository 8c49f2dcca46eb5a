package talk_test

import (
	"fmt"
	"testing"
	"time"

	"privacydesk/bot"
	"privacydesk/bot/bottest/talk"
	"privacydesk/bot/zendesksim"
)

// limited is an account with Zendesk's own limits on its plan of 400 calls a
// minute.
func limited(o *zendesksim.Options) {
	o.RequestsPerMinute, o.TicketUpdatesPer10Min, o.AccountUpdatesPerMinute, o.ExportsPerMinute = 400, 30, 100, 10
}

// usual are the bounds that are configured by default, but for the answers that
// one admin gets: here they get as many as they ask for.
func usual(s *bot.Settings) { s.FirstLooks.AtOnce, s.AtOncePerTenant = 16, 8 }

// crowd files n tickets of the form, hints at them all, and returns their
// numbers. by and text tell of each who files it and what it says.
func crowd(k *talk.Talk, n int, kind string, by func(i int) talk.Person, text func(i int) string) []int64 {
	k.T.Helper()
	ids, hints := make([]int64, n), make([]string, n)
	for i := range n {
		ids[i] = k.Sim.FileTicket(zendesksim.NewTicket{
			RequesterID: by(i).ID, FormID: k.Form, Subject: "Data & Privacy", Body: text(i), CustomFields: map[int64]any{k.KindField: kind},
		})
		hints[i] = bot.IDOfTicket(ids[i])
	}
	if _, err := k.Store.Hint(k.T.Context(), hints, "", 0); err != nil {
		k.T.Fatal(err)
	}
	return ids
}

// stranger is the i-th person's address.
func stranger(i int) string { return fmt.Sprintf("Everything on person%d@x.example, please.", i) }

// answered is true once the bot has said something to the ticket's requester.
func answered(k *talk.Talk, ticket int64) bool {
	for _, c := range k.Sim.Comments(ticket)[1:] {
		if c.Public {
			return true
		}
	}
	return false
}

func open(t *testing.T) *talk.Talk {
	return talk.Open(t, talk.Scenario{Sim: limited, Set: usual})
}

// TestFloodDelaysOthersLittle: behind 5,000 tickets of one admin, another's is
// answered and done nearly as soon as if it were alone.
func TestFloodDelaysOthersLittle(t *testing.T) {
	t.Parallel()
	alone := open(t)
	never := func() bool { return false }
	took := func(k *talk.Talk) (word, end time.Duration) {
		filed := k.Clock.Now()
		id := crowd(k, 1, "access", func(int) talk.Person { return k.Gina() }, func(int) string { return "Everything on jane@x.example, please." })[0]
		k.Serve(time.Hour, func() bool { return answered(k, id) })
		word = k.Clock.Now().Sub(filed)
		k.Serve(time.Hour, func() bool {
			z, _ := k.Sim.Ticket(id)
			return z.Status == "solved"
		})
		k.Expect(id, "resolved", bot.ReasonDelivered)
		return word, k.Clock.Now().Sub(filed)
	}
	usualWord, usualEnd := took(alone)
	k := open(t)
	alex := k.Alex()
	crowd(k, 5000, "access", func(int) talk.Person { return alex }, stranger)
	k.Serve(10*time.Minute, never)
	word, end := took(k)
	t.Logf("answered after %s (alone %s), done after %s (alone %s)", word, usualWord, end, usualEnd)
	if word-usualWord > time.Minute || end-usualEnd > time.Minute {
		t.Errorf("the flood delayed the answer by %s and the end by %s", word-usualWord, end-usualEnd)
	}
	if n := k.Sim.Counts().RateLimit; n != 0 {
		t.Errorf("%d calls met a limit", n)
	}
}

// TestBacklogDrainsWithoutARefusal: Zendesk was down for a day, and 5,000
// tickets came, most of them none of ours. The thousand that are, of 250
// admins, are read and answered, and not one call meets a limit that we know.
func TestBacklogDrainsWithoutARefusal(t *testing.T) {
	t.Parallel()
	k := open(t)
	people := make([]talk.Person, 250)
	for i := range people {
		people[i] = k.Meet(fmt.Sprintf("Admin %d", i), fmt.Sprintf("admin%d@t%d.example", i, i%50), fmt.Sprintf("t%d", i%50))
	}
	var ours []int64
	for i := range 10 {
		ours = append(ours, crowd(k, 100, "access", func(j int) talk.Person { return people[(100*i+j)%len(people)] }, func(j int) string { return stranger(100*i + j) })...)
		hints := make([]string, 400)
		for j := range hints {
			hints[j] = bot.IDOfTicket(k.Sim.FileTicket(zendesksim.NewTicket{RequesterID: k.Carla().ID, Subject: "Printer", Body: "It is jammed."}))
		}
		if _, err := k.Store.Hint(t.Context(), hints, "", 0); err != nil {
			t.Fatal(err)
		}
	}
	k.Sim.Fault(zendesksim.Fault{Kind: zendesksim.Status503, Times: -1})
	down := k.Clock.Now()
	for k.Clock.Now().Sub(down) < day { // nobody is let in, and nothing is forgotten
		k.Serve(time.Minute, func() bool { return false })
		k.Clock.Advance(2 * time.Hour)
	}
	k.Sim.ClearFaults()
	began := k.Clock.Now()
	left := len(ours)
	k.Serve(12*time.Hour, func() bool {
		for left > 0 {
			if z, _ := k.Sim.Ticket(ours[left-1]); z.Status != "solved" {
				return false
			}
			left--
		}
		return true
	})
	for _, id := range ours {
		k.Expect(id, "resolved", bot.ReasonNothingFound)
	}
	counts := k.Sim.Counts()
	t.Logf("%d calls in %s, %.0f a minute", counts.Reads+counts.Writes, k.Clock.Now().Sub(began), float64(counts.Reads+counts.Writes)/k.Clock.Now().Sub(began).Minutes())
	if counts.RateLimit != 0 {
		t.Errorf("%d calls met a limit", counts.RateLimit)
	}
	if fresh, err := k.Store.Newcomers(t.Context(), 10); err != nil || len(fresh) != 0 {
		t.Errorf("%d newcomers are left (%v)", len(fresh), err)
	}
}
