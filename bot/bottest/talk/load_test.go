package talk_test

import (
	"fmt"
	"maps"
	"testing"
	"time"

	"privacydesk/bot"
	"privacydesk/bot/bottest/talk"
	"privacydesk/bot/bottest/world"
	"privacydesk/bot/zendesksim"
	"privacydesk/connectors"
)

// TestBacklogDrainsWithoutARefusal: Zendesk was down for a day, and 5,000
// requests of mixed kinds came, of 250 admins of 50 tenants, and tickets that
// are none of ours. All are answered, by two replicas, and not one call meets
// a limit, whichever of the account's is the tightest.
func TestBacklogDrainsWithoutARefusal(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		limits
		tickets int
		// bound is what the backlog was held up by.
		bound func(took spent, of limits) (most, may int)
	}{
		"400 calls a minute":                            {limits{400, 100}, backlogTickets, func(took spent, of limits) (int, int) { return took.calls, share(of.calls) }},
		"2,500 calls a minute, so that its updates are": {limits{2500, 100}, max(200, backlogTickets/20), func(took spent, of limits) (int, int) { return took.updates, share(of.updates) }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			took := drains(t, c.limits, c.tickets)
			if took, may := c.bound(took, c.limits); took < may*9/10 {
				t.Errorf("at most %d of %d were taken: the budget was not tried", took, may)
			}
		})
	}
}

func drains(t *testing.T, of limits, tickets int) spent {
	t.Helper()
	k := open(t, of, nil)
	maps.DeleteFunc(k.Systems, func(name string, _ *world.System) bool { return name != "crm" }) // it is about Zendesk
	k.Reopen()
	k.Join()
	m := newMix(k, mostlyAccess(), 250, 50)
	m.file(tickets)
	m.Sim.Fault(zendesksim.Fault{Kind: zendesksim.Status503, Times: -1})
	down := m.Clock.Now()
	for m.Clock.Now().Sub(down) < day { // nobody is let in, and nothing is forgotten
		m.Serve(time.Minute, never)
		m.Clock.Advance(2 * time.Hour)
	}
	m.Sim.ClearFaults()
	began, turn := m.Clock.Now(), 0
	m.Serve(48*time.Hour, func() bool {
		turn++
		return turn%500 == 0 && m.settled()
	})
	m.ended()
	took, log, span := keptBudgets(m.Talk, of), m.Sim.Counts(), m.Clock.Now().Sub(began)
	t.Logf("%d calls in %s, at most %d calls and %d updates in a minute", log.Reads+log.Writes, span.Round(time.Minute), took.calls, took.updates)
	return took
}

func never() bool { return false }

// delay is how long a request's first word and its end took.
type delay struct{ word, end time.Duration }

// asks lets an admin of a tenant file an ordinary access request on somebody
// whom the systems know, and waits for its end.
func asks(k *talk.Talk, i int, tenant string) (took delay) {
	k.T.Helper()
	who := k.Meet(fmt.Sprintf("Other %d", i), fmt.Sprintf("other%d@%s.example", i, tenant), tenant)
	about := fmt.Sprintf("known%d@x.example", i)
	k.Systems["crm"].Add(world.Row{ID: int64(900 + i), Tenant: tenant, Key: connectors.Text(about), Text: "row of " + about})
	filed := k.Clock.Now()
	id := k.Sim.FileTicket(zendesksim.NewTicket{
		RequesterID: who.ID, FormID: k.Form, Subject: "Data & Privacy", Body: "Everything on " + about + ", please.", CustomFields: map[int64]any{k.KindField: "access"},
	})
	k.Hint(id)
	k.Serve(12*time.Hour, func() bool { return answered(k, id) })
	took.word = k.Clock.Now().Sub(filed)
	k.Serve(12*time.Hour, func() bool {
		z, _ := k.Sim.Ticket(id)
		return z.Status == "solved"
	})
	took.end = k.Clock.Now().Sub(filed)
	k.Expect(id, "resolved", bot.ReasonDelivered)
	return took
}

// answered is true once the bot has said something to the ticket's requester.
func answered(k *talk.Talk, ticket int64) bool {
	for _, c := range k.Sim.Comments(ticket)[1:] {
		if c.Public {
			return true
		}
	}
	return false
}

// flood lets one admin file n requests at once.
func flood(k *talk.Talk, n int) {
	k.T.Helper()
	alex := k.Alex()
	hints := make([]string, n)
	for i := range hints {
		hints[i] = bot.IDOfTicket(k.Sim.FileTicket(zendesksim.NewTicket{
			RequesterID: alex.ID, FormID: k.Form, Subject: "Data & Privacy", Body: "Everything on " + person(i) + ", please.", CustomFields: map[int64]any{k.KindField: "access"},
		}))
	}
	if _, err := k.Store.Hint(k.T.Context(), hints, "", 0); err != nil {
		k.T.Fatal(err)
	}
}

// TestFloodDelaysOthersLittle: 5,000 tickets of one admin delay the requests
// of others, their first word and their end, by less than a minute: as they
// come in, and when many of them are at work.
func TestFloodDelaysOthersLittle(t *testing.T) {
	t.Parallel()
	of := limits{calls: 400, updates: 100}
	alone := asks(open(t, of, nil), 0, "globex")
	k := open(t, of, nil)
	flood(k, floodTickets)
	began := k.Clock.Now()
	for i, at := range []time.Duration{0, time.Minute, 10 * time.Minute, 30 * time.Minute} {
		k.Serve(at-k.Clock.Now().Sub(began), never)
		tenant := []string{"globex", "acme"}[i%2] // a stranger, then a colleague
		took := asks(k, i, tenant)
		t.Logf("after %s, %s: answered after %s (alone %s), done after %s (alone %s)", at, tenant, took.word, alone.word, took.end, alone.end)
		if word, end := took.word-alone.word, took.end-alone.end; word > time.Minute || end > time.Minute {
			t.Errorf("%s into the flood it delays the answer by %s and the end by %s", at, word, end)
		}
	}
	keptBudgets(k, of)
}
