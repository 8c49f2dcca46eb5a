package zendesksim_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"privacydesk/bot/zendesksim"
)

func TestFaultsThatAnswer(t *testing.T) {
	for kind, want := range map[zendesksim.Kind]int{
		zendesksim.Status429: 429, zendesksim.Status500: 500, zendesksim.Status503: 503, zendesksim.Conflict409: 409,
	} {
		t.Run(string(kind), func(t *testing.T) {
			w := newWorld(t, zendesksim.Options{})
			id := w.file("x")
			w.sim.Fault(zendesksim.Fault{Kind: kind, Method: "PUT", Path: "/api/v2/tickets/*", Times: 2, RetryAfter: 7 * time.Second})
			update := ticketBody("comment", obj{"body": "hi"})
			w.call("GET", ticketPath(id), nil, 200)
			r := w.call("PUT", ticketPath(id), update, want)
			equal(t, "Retry-After", r.header.Get("Retry-After"), "7")
			w.call("PUT", ticketPath(id), update, want)
			equal(t, "nothing landed", len(w.sim.Comments(id)), 1)
			w.call("PUT", ticketPath(id), update, 200)
			equal(t, "comments", len(w.sim.Comments(id)), 2)
		})
	}
}

func TestFaultsThatBreakTheConnection(t *testing.T) {
	for kind, tc := range map[zendesksim.Kind]struct{ atOnce, afterLate int }{
		zendesksim.Cut:                {2, 2},
		zendesksim.LandsButAnswerLost: {2, 2},
		zendesksim.LandsLate:          {1, 2},
		zendesksim.NeverLands:         {1, 1},
	} {
		t.Run(string(kind), func(t *testing.T) {
			w := newWorld(t, zendesksim.Options{})
			id := w.file("x")
			w.sim.Fault(zendesksim.Fault{Kind: kind, Method: "PUT"})
			if r, err := w.request("PUT", ticketPath(id), ticketBody("comment", obj{"body": "hi"}), asBot); err == nil {
				t.Fatalf("the client saw an answer: %d %s", r.status, r.raw)
			}
			equal(t, "at once", len(w.sim.Comments(id)), tc.atOnce)
			w.sim.LandLate()
			equal(t, "in the end", len(w.sim.Comments(id)), tc.afterLate)
			equal(t, "nothing lands twice", w.sim.LandLate(), 0)
			equal(t, "recorded as", w.sim.Requests()[0].Fault, kind)
		})
	}
}

func TestALateWriteIsJudgedByTheStateItMeets(t *testing.T) {
	w := newWorld(t, zendesksim.Options{})
	id := w.file("x")
	stamp := w.call("GET", ticketPath(id), nil, 200).at("ticket.updated_at")
	body := ticketBody("comment", obj{"body": "once"}, "safe_update", true, "updated_stamp", stamp)
	w.sim.Fault(zendesksim.Fault{Kind: zendesksim.LandsLate, Method: "PUT"})
	w.clock.add(2 * time.Second)
	if _, err := w.request("PUT", ticketPath(id), body, asBot); err == nil {
		t.Fatal("no error")
	}
	w.call("PUT", ticketPath(id), body, 200)
	w.sim.LandLate()
	equal(t, "comments", len(w.sim.Comments(id)), 2)
	last := w.sim.Requests()[len(w.sim.Requests())-1]
	equal(t, "the late one", last.Status, 409)
}

func TestCutSendsHalf(t *testing.T) {
	w := newWorld(t, zendesksim.Options{})
	id := w.file("x")
	w.sim.Fault(zendesksim.Fault{Kind: zendesksim.Cut, Match: func(r *http.Request) bool { return r.Method == "GET" }})
	r, err := w.request("GET", ticketPath(id), nil, asBot)
	if err == nil || r.status != 200 || len(r.raw) == 0 {
		t.Errorf("status %d, %d bytes, error %v; want the beginning of an answer", r.status, len(r.raw), err)
	}
}

func TestSlowWaitsThroughTheInjectedSleep(t *testing.T) {
	var slept time.Duration
	w := newWorld(t, zendesksim.Options{Sleep: func(_ context.Context, d time.Duration) error { slept += d; return nil }})
	id := w.file("x")
	w.sim.Fault(zendesksim.Fault{Kind: zendesksim.Slow, Delay: time.Hour})
	w.call("GET", ticketPath(id), nil, 200)
	equal(t, "slept", slept, time.Hour)
}

func TestRateIsSeeded(t *testing.T) {
	strikes := func(seed uint64) []int {
		w := newWorld(t, zendesksim.Options{Seed: seed})
		id := w.file("x")
		w.sim.Fault(zendesksim.Fault{Kind: zendesksim.Status500, Times: -1, Rate: 0.5})
		var out []int
		for range 40 {
			r, err := w.request("GET", ticketPath(id), nil, asBot)
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, r.status)
		}
		return out
	}
	one, same, other := strikes(1), strikes(1), strikes(2)
	if !slices.Equal(one, same) || slices.Equal(one, other) || !slices.Contains(one, 200) || !slices.Contains(one, 500) {
		t.Errorf("seed 1: %v, again: %v, seed 2: %v", one, same, other)
	}
}

func TestRateLimits(t *testing.T) {
	w := newWorld(t, zendesksim.Options{RequestsPerMinute: 3})
	id := w.file("x")
	for i := range 3 {
		r := w.call("GET", ticketPath(id), nil, 200)
		equal(t, "limit", r.header.Get("X-Rate-Limit"), "3")
		equal(t, "left", r.header.Get("ratelimit-remaining"), 2-i)
	}
	w.clock.add(20 * time.Second)
	r := w.call("GET", ticketPath(id), nil, 429)
	equal(t, "Retry-After", r.header.Get("Retry-After"), "40")
	equal(t, "reset", r.header.Get("ratelimit-reset"), "40")
	equal(t, "counted", w.sim.Counts().RateLimit, 1)
	w.clock.add(40 * time.Second)
	w.call("GET", ticketPath(id), nil, 200)
}

func TestTicketUpdateLimitIsOfOneUserOnOneTicket(t *testing.T) {
	w := newWorld(t, zendesksim.Options{TicketUpdatesPer10Min: 2})
	one, two := w.file("x"), w.file("y")
	note := func(i int) obj { return ticketBody("comment", obj{"body": fmt.Sprint(i)}) }
	w.call("PUT", ticketPath(one), note(1), 200)
	w.call("PUT", ticketPath(one), note(2), 200)
	w.call("PUT", ticketPath(one), note(3), 429)
	w.call("PUT", ticketPath(two), note(4), 200)
	w.callAs(asAgent, "PUT", ticketPath(one), note(5), 200)
	w.clock.add(10 * time.Minute)
	w.call("PUT", ticketPath(one), note(6), 200)
}

// TestTicketUpdateLimitHoldsInAnyTenMinutes: not from one start of ten minutes
// to the next alone, which would let twice as many through across it.
func TestTicketUpdateLimitHoldsInAnyTenMinutes(t *testing.T) {
	w := newWorld(t, zendesksim.Options{TicketUpdatesPer10Min: 2})
	id := w.file("x")
	note := func(i int) obj { return ticketBody("comment", obj{"body": fmt.Sprint(i)}) }
	w.call("PUT", ticketPath(id), note(1), 200)
	w.clock.add(9 * time.Minute)
	w.call("PUT", ticketPath(id), note(2), 200)
	w.clock.add(time.Minute)
	w.call("PUT", ticketPath(id), note(3), 200)
	equal(t, "Retry-After", w.call("PUT", ticketPath(id), note(4), 429).header.Get("Retry-After"), "540")
	w.clock.add(9 * time.Minute)
	w.call("PUT", ticketPath(id), note(5), 200)
}

func TestUpdateLimitOfTheAccount(t *testing.T) {
	w := newWorld(t, zendesksim.Options{AccountUpdatesPerMinute: 2})
	ids := []int64{w.file("x"), w.file("y"), w.file("z")}
	note := ticketBody("comment", obj{"body": "n"})
	w.call("PUT", ticketPath(ids[0]), note, 200)
	w.callAs(asAgent, "PUT", ticketPath(ids[1]), note, 200)
	w.clock.add(15 * time.Second)
	equal(t, "Retry-After", w.call("PUT", ticketPath(ids[2]), note, 429).header.Get("Retry-After"), "45")
	w.call("GET", ticketPath(ids[2]), nil, 200)
	w.clock.add(45 * time.Second)
	w.call("PUT", ticketPath(ids[2]), note, 200)
}

func TestConcurrentUseKeepsEveryWrite(t *testing.T) {
	w := newWorld(t, zendesksim.Options{})
	id := w.file("x")
	const writers, each = 8, 25
	var wg sync.WaitGroup
	for range writers {
		wg.Go(func() {
			for i := range each {
				r, err := w.request("PUT", ticketPath(id), ticketBody("comment", obj{"body": fmt.Sprint(i)}), asBot)
				if err != nil || r.status != 200 {
					t.Errorf("%d %v", r.status, err)
				}
				w.sim.Comments(id)
				w.sim.Requests()
			}
		})
	}
	wg.Wait()
	equal(t, "comments", len(w.sim.Comments(id)), 1+writers*each)
	equal(t, "writes", w.sim.Counts().Writes, writers*each)
	ids := map[int64]bool{}
	for _, a := range w.sim.Audits(id) {
		ids[a.ID] = true
	}
	equal(t, "audits", len(ids), 1+writers*each)
}

func TestRequestsAreRecorded(t *testing.T) {
	w := newWorld(t, zendesksim.Options{})
	id := w.file("x")
	w.call("GET", ticketPath(id)+"?include=users", nil, 200)
	w.callAs(asNobody, "GET", ticketPath(id), nil, 401)
	got := w.sim.Requests()
	if len(got) != 2 || got[0].UserID != w.bot || got[0].Query != "include=users" || got[1].UserID != 0 || got[1].Status != 401 {
		t.Errorf("%+v", got)
	}
	w.sim.ResetRequests()
	equal(t, "after the reset", len(w.sim.Requests())+w.sim.Counts().Reads, 0)
}
