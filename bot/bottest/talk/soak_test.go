package talk_test

import (
	"net/http"
	"testing"
	"time"

	"privacydesk/bot"
	"privacydesk/bot/zendesksim"
)

// faulty lets one in twenty calls go wrong, in every way that Zendesk has.
func faulty(sim *zendesksim.Sim) {
	const each = 0.05 / 6
	for _, f := range []zendesksim.Fault{
		{Kind: zendesksim.LandsLate, Method: http.MethodPut, Path: "/api/v2/tickets/*", Rate: each * 2},
		{Kind: zendesksim.LandsButAnswerLost, Method: http.MethodPut, Path: "/api/v2/tickets/*", Rate: each * 2},
		{Kind: zendesksim.Conflict409, Method: http.MethodPut, Path: "/api/v2/tickets/*", Rate: each * 2},
		{Kind: zendesksim.Status429, Rate: each, RetryAfter: 7 * time.Second},
		{Kind: zendesksim.Status500, Rate: each},
		{Kind: zendesksim.Status503, Rate: each, RetryAfter: 3 * time.Second},
		{Kind: zendesksim.Slow, Rate: each, Delay: 9 * time.Second},
		{Kind: zendesksim.Cut, Rate: each},
		{Kind: zendesksim.NeverLands, Rate: each},
	} {
		f.Times = -1
		sim.Fault(f)
	}
}

// TestSoak: 2,000 tickets of mixed kinds at two replicas, one call in twenty
// gone wrong; in the end each is where it must be, every comment stands there
// once, what was to be erased is gone and nothing else, and the replicas
// together kept the account's budgets.
func TestSoak(t *testing.T) {
	t.Parallel()
	of := limits{calls: 400, updates: 100}
	s := newMix(open(t, of, func(o *bot.Settings) { o.AnswersPerHour = 60 }), mixKinds(), 40, 10)
	s.file(soakTickets)
	faulty(s.Sim)
	began, turn := s.Clock.Now(), 0
	s.Serve(48*time.Hour, func() bool {
		turn++
		if turn%20 == 0 {
			s.Sim.LandLate()
		}
		return turn%50 == 0 && s.settled()
	})
	s.Sim.LandLate()
	s.Sim.ClearFaults()
	s.ended()
	took := keptBudgets(s.Talk, of)
	struck := 0
	log := s.Sim.Requests()
	for _, r := range log {
		if r.Fault != "" {
			struck++
		}
	}
	if struck < len(log)*4/100 {
		t.Errorf("only %d of %d calls went wrong", struck, len(log))
	}
	t.Logf("%d calls in %s by the clock, at most %d calls and %d updates in a minute", len(log), s.Clock.Now().Sub(began).Round(time.Minute), took.calls, took.updates)
}
