package bot_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"privacydesk/bot"
	"privacydesk/bot/bottest/world"
)

// sweep looks for what is new as the leader does, and counts the whole reads.
func sweep(t *testing.T, w *world.World) {
	t.Helper()
	if err := w.Engine.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// TestOutOfScopeIsDroppedUnread: a ticket that bears neither form nor tag is
// dropped by the first look, and never read.
func TestOutOfScopeIsDroppedUnread(t *testing.T) {
	w := populated(t)
	looks, read := 0, map[int64]bool{}
	w.Desk.Fail = func(op string, ticket int64) error {
		switch op {
		case "glance":
			looks++
		case "ticket":
			read[ticket] = true
		}
		return nil
	}
	for range 250 {
		w.Hint(w.Desk.File(bot.Ticket{Requester: world.Uli(), FormID: 1, Subject: "Printer"}, "It is jammed."))
	}
	w.Hint(999_999) // gone before anybody looked
	ours := w.File(world.Alex(), "access", janeBody)
	tagged := w.Desk.File(bot.Ticket{Requester: world.Uli(), FormID: 1, Subject: "Hello", Tags: []string{"privacy_request"}}, "A customer's own tag.")
	w.Hint(tagged)
	sweep(t, w)
	left, err := w.Store.Newcomers(t.Context(), 1000)
	if err != nil || len(left) != 2 || looks != 253 {
		t.Fatalf("%d are left of 253 (%v), %d were looked at", len(left), err, looks)
	}
	w.Settle()
	w.Expect(ours, "resolved", bot.ReasonDelivered)
	if !read[ours] || !read[tagged] || len(read) != 2 {
		t.Errorf("read were %v, want %d and %d", read, ours, tagged)
	}
	if _, err := w.Store.Load(t.Context(), bot.IDOfTicket(tagged)); !errors.Is(err, bot.ErrNotFound) {
		t.Error("a customer's own tag made a request")
	}
}

// TestScoutCallsInTurn: of many who wait, each requester gets a turn, few of
// one are read at once, and none is called twice while it is read.
func TestScoutCallsInTurn(t *testing.T) {
	w := world.New(t)
	w.Settings.FirstLooks.AtOnce = 4
	w.Start()
	flood := make([]int64, 20)
	for i := range flood {
		flood[i] = w.File(world.Alex(), "access", janeBody)
	}
	sweep(t, w)
	if got := w.Queue.Waiting(); !slices.Equal(got, []string{bot.IDOfTicket(flood[0]), bot.IDOfTicket(flood[1])}) {
		t.Fatalf("called in are %v, want the flood's first two", got)
	}
	other := w.File(world.Gina(), "access", janeBody)
	sweep(t, w)
	if got := w.Queue.Waiting(); len(got) != 3 || got[2] != bot.IDOfTicket(other) {
		t.Fatalf("called in are %v, want %d as the third", got, other)
	}
	w.Queue.Flush()
	w.Clock.Advance(w.Settings.StepLease)
	sweep(t, w)
	if got := w.Queue.Waiting(); len(got) != 3 || got[0] != bot.IDOfTicket(other) && got[1] != bot.IDOfTicket(other) {
		t.Fatalf("after the queue lost them, called in are %v", got)
	}
}

// TestScoutPacesAFlood: after five a requester with more in line is called in
// every ten seconds; with no pace set, at once.
func TestScoutPacesAFlood(t *testing.T) {
	for _, c := range []struct {
		pace time.Duration
		want []int // called in at 0, 5, 10 and 15 seconds
	}{{10 * time.Second, []int{5, 5, 6, 6}}, {0, []int{60, 60, 60, 60}}} {
		w := world.New(t)
		w.Settings.FirstLooks = bot.FirstLooks{AtOnce: 100, PerRequester: 100, Pace: c.pace}
		w.Start()
		for range 60 {
			w.File(world.Alex(), "access", janeBody)
		}
		for i, want := range c.want {
			sweep(t, w)
			if got := len(w.Queue.Waiting()); got != want {
				t.Errorf("pace %s: %d are called in after %d s, want %d", c.pace, got, i*5, want)
			}
			w.Clock.Advance(5 * time.Second)
		}
	}
}

// TestPoisonStarvesNobody: tickets that can't be read, more of them than one
// sweep takes, stand in nobody's way, and are tried more and more seldom.
func TestPoisonStarvesNobody(t *testing.T) {
	w := populated(t)
	poison, tries := map[int64]bool{}, 0
	w.Desk.Fail = func(op string, ticket int64) error {
		if op == "ticket" && poison[ticket] {
			tries++
			return bot.ErrUnavailable
		}
		return nil
	}
	for range 600 {
		poison[w.File(world.Alex(), "access", janeBody)] = true
	}
	for range 10 {
		w.Settle()
		w.Clock.Advance(time.Minute)
	}
	if tries > 600*8 {
		t.Errorf("%d tries in ten minutes", tries)
	}
	good := w.File(world.Gina(), "access", janeBody)
	sweep(t, w)
	w.Settle()
	w.Expect(good, "resolved", bot.ReasonDelivered)
	clear(poison)
	w.Pass(time.Hour)
	if left, err := w.Store.Newcomers(t.Context(), 10); err != nil || len(left) != 0 {
		t.Errorf("%d were forgotten (%v)", len(left), err)
	}
}

// TestPoisonedRecordsStarveNobody: the same of requests that have a record and
// whose ticket can't be read any more.
func TestPoisonedRecordsStarveNobody(t *testing.T) {
	w := populated(t)
	held := make([]int64, 3)
	for i := range held {
		held[i] = w.File(world.Uli(), "access", janeBody)
	}
	w.Settle()
	w.Desk.Fail = func(string, int64) error { return bot.ErrUnavailable }
	for _, id := range held {
		w.Hint(id)
	}
	w.Settle()
	if due, err := w.Store.Due(t.Context(), w.Clock.Now(), 10); err != nil || len(due) != 0 {
		t.Errorf("%v are still due (%v)", due, err)
	}
	w.Desk.Fail = nil
	w.Pass(time.Hour)
	for _, id := range held {
		if rec, err := w.Store.Load(t.Context(), bot.IDOfTicket(id)); err != nil || rec.Case.Hinted != rec.Hint {
			t.Errorf("the hint at %d was lost (%v)", id, err)
		}
	}
}
