package bot_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"privacydesk/bot"
	"privacydesk/bot/bottest/world"
	"privacydesk/connectors"
)

// TestRule10_NoPersonalDataInRedisOrLogs looks into Redis at every commit of
// requests of all outcomes, and into the log.
func TestRule10_NoPersonalDataInRedisOrLogs(t *testing.T) {
	w := populated(t)
	traces := []string{"jane@x", "jane%40x", "Jane of", "click one", "jose@x", "alex@acme"}
	look := func(place, text string) {
		for _, trace := range traces {
			if strings.Contains(strings.ToLower(text), strings.ToLower(trace)) {
				t.Errorf("%q is in %s", trace, place)
			}
		}
	}
	w.Failpoint = func(string) { look("Redis", w.DumpRedis()) }
	w.File(world.Alex(), "access", janeBody)
	w.File(world.Alex(), "delete", janeBody)
	w.File(world.Uli(), "delete", janeBody)
	w.File(world.Alex(), "delete", "jane@x.example or jose@x.example")
	failing := true
	w.Systems["warehouse"].Fail = func(op string) error {
		if op == "locate" && failing {
			failing = false
			return &leaky{"row of jane@x.example is locked"}
		}
		return nil
	}
	w.Pass(2 * time.Hour)
	look("Redis", w.DumpRedis())
	look("the log", w.Log.String())
	if w.Log.String() == "" {
		t.Error("nothing was logged")
	}
}

// leaky is an error as a driver would word it.
type leaky struct{ text string }

func (e *leaky) Error() string { return e.text }

// TestRule10_OrphansAreFound: keys and files whose record was lost don't lie
// there unseen, though no webhook ever names their tickets again.
func TestRule10_OrphansAreFound(t *testing.T) {
	w := populated(t)
	w.Systems["events"].Fail = func(op string) error {
		if op == "gather" || op == "erase" {
			return connectors.NewError(connectors.Transient, op, "no answer", nil)
		}
		return nil
	}
	access := w.File(world.Alex(), "access", "jane@x.example")
	w.Settle()
	w.FlushRedis()
	w.Queue.Flush()
	w.Clock.Advance(5 * time.Minute)
	w.Settle()
	if _, err := w.Store.Load(t.Context(), bot.IDOfTicket(access)); !errors.Is(err, bot.ErrNotFound) {
		t.Fatalf("the record was not lost: %v", err)
	}
	if err := w.Engine.Orphans(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.Settle()
	w.Expect(access, "held", bot.ReasonStateLost)
	if err := w.Engine.Orphans(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.Settle()
	if n := w.Desk.Updates[access]; n != 2 {
		t.Errorf("the ticket was written %d times, want receipt and one note", n)
	}
}

// TestRule10_NothingComesBackAfterForgetting: a worker that slept through a
// request's whole life may make its key and a file anew when it wakes.
func TestRule10_NothingComesBackAfterForgetting(t *testing.T) {
	w := populated(t)
	ticket := w.File(world.Alex(), "access", janeBody)
	w.Settle()
	w.Clock.Advance(15 * 24 * time.Hour)
	w.Settle()
	expectForgotten(t, w, ticket)
	open := bot.IDOfTicket(w.File(world.Gina(), "access", janeBody))
	w.Settle()
	id := bot.IDOfTicket(ticket)
	if err := w.Keys.Create(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	file, err := w.Spool.Create(t.Context(), id, "late")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.Commit(); err != nil {
		t.Fatal(err)
	}
	if err := w.Engine.Orphans(t.Context()); err != nil {
		t.Fatal(err)
	}
	for place, list := range map[string]func(context.Context) ([]string, error){"the shelf": w.Keys.Requests, "the spool": w.Spool.Requests} {
		if left, err := list(t.Context()); err != nil || !slices.Equal(left, []string{open}) {
			t.Errorf("%s holds %q, want what is of the open request alone: %v", place, left, err)
		}
	}
}
