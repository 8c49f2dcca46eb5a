package bot_test

import (
	"maps"
	"strings"
	"testing"
	"time"

	"privacydesk/bot"
	"privacydesk/bot/bottest/world"
	"privacydesk/bot/spool"
)

// beside is another replica on the same store, made unlike the first.
func beside(t *testing.T, w *world.World, unlike func(*bot.Options)) *bot.Engine {
	t.Helper()
	o := w.Engine.Options
	o.Systems = maps.Clone(o.Systems)
	unlike(&o)
	e, err := bot.NewEngine(o)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// TestRule16_MissingSystemWaits: a replica that lacks a system lets a request
// wait for one that has it, and names both configurations when none comes.
func TestRule16_MissingSystemWaits(t *testing.T) {
	for name, comes := range map[string]bool{"another replica has it": true, "nobody has it": false} {
		t.Run(name, func(t *testing.T) {
			w := populated(t)
			ticket := w.File(world.Alex(), "access", janeBody)
			id := bot.IDOfTicket(ticket)
			if err := w.Engine.Step(t.Context(), id); err != nil { // accepted, its runs queued
				t.Fatal(err)
			}
			w.Queue.Flush()
			lacking := beside(t, w, func(o *bot.Options) { delete(o.Systems, "warehouse") })
			for range 4 {
				if err := lacking.Step(t.Context(), id); err != nil {
					t.Fatal(err)
				}
				if c := w.Case(ticket); c.Wait != nil || c.Systems["warehouse"].Run.State == bot.RunFailed {
					t.Fatalf("it is %s (%s), its run %+v", c.State(), c.Why(), c.Systems["warehouse"].Run)
				}
				w.Clock.Advance(w.Settings.Lease)
			}
			if comes {
				w.Pass(time.Hour)
				if c := w.Expect(ticket, "resolved", bot.ReasonDelivered); len(c.Missing) != 0 {
					t.Errorf("it still waits for %v", c.Missing)
				}
				return
			}
			w.Engine = lacking
			w.Pass(time.Hour)
			w.Expect(ticket, "held", bot.ReasonSystemFailed)
			if text := said(t, w, ticket); !strings.Contains(text, "crm, events, warehouse; the one in use has crm, events") {
				t.Errorf("the ticket says\n%s", text)
			}
		})
	}
}

// TestRule16_UnknownMasterWaits: a replica that was not given the new master
// fails no request of one that was; that one ends it.
func TestRule16_UnknownMasterWaits(t *testing.T) {
	w := populated(t)
	w.Settings.Deletes.WaitingPeriod = time.Hour
	w.Start()
	old := w.Engine
	fresh := beside(t, w, withMasters(w, w.Shelf("m2", "m1")))
	ticket := w.File(world.Alex(), "delete", janeBody)
	id := bot.IDOfTicket(ticket)
	if err := fresh.Step(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	for range 3 * w.Settings.MaxAttempts {
		w.Hint(ticket)
		if err := old.Step(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		if err := old.Run(t.Context(), id, "crm"); err != nil {
			t.Fatal(err)
		}
		w.Clock.Advance(20 * time.Minute)
	}
	c := w.Case(ticket)
	if c.State() == "held" || c.Systems["crm"].Run.State == bot.RunFailed {
		t.Fatalf("it is %s (%s), its run %+v", c.State(), c.Why(), c.Systems["crm"].Run)
	}
	w.Engine = fresh
	w.Pass(3 * time.Hour)
	w.Expect(ticket, "resolved", bot.ReasonErased)
}

func withMasters(w *world.World, keys *spool.Shelf) func(*bot.Options) {
	return func(o *bot.Options) {
		o.Keys, o.Stable, o.Spool = keys, keys, w.Folder(keys)
		o.Reporter = world.Reporter{Spool: o.Spool}
	}
}

// TestRule16_MastersInTheirOrder: added last, then first, then rotated, with two
// replicas that are one step apart: no request ever waits for a key.
func TestRule16_MastersInTheirOrder(t *testing.T) {
	w := populated(t)
	for i, apart := range [][2][]string{{{"m1"}, {"m1", "m2"}}, {{"m1", "m2"}, {"m2", "m1"}}, {{"m2", "m1"}, {"m2", "m1"}}} {
		one, two := beside(t, w, withMasters(w, w.Shelf(apart[0]...))), beside(t, w, withMasters(w, w.Shelf(apart[1]...)))
		ticket := w.File(world.Alex(), []string{"access", "delete", "access"}[i], janeBody)
		for range 200 {
			w.Engine, one, two = two, two, one
			w.Settle()
			w.Clock.Advance(10 * time.Second)
		}
		if c := w.Case(ticket); c.State() != "resolved" {
			t.Errorf("between %v: it is %s (%s)", apart, c.State(), c.Why())
		}
	}
	if _, err := w.Shelf("m2", "m1").Rotate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if text := w.Log.String(); strings.Contains(text, "master key") {
		t.Errorf("a request waited for a key:\n%s", text)
	}
	w.Shelf("m2")
}

// TestRule16_OlderRulesNeitherAdmitNorDrop: a new form is rolled out. A replica
// that does not know it drops no ticket of it, and holds no request of it as out
// of scope; when the new rules are taken back, the old ones are in force again.
func TestRule16_OlderRulesNeitherAdmitNorDrop(t *testing.T) {
	w := populated(t)
	w.Settings.Deletes.WaitingPeriod = time.Hour
	w.Start()
	old := w.Engine
	if err := old.Sweep(t.Context()); err != nil { // its rules are the first
		t.Fatal(err)
	}
	const form = 977
	fresh := beside(t, w, func(o *bot.Options) { o.Settings.Reading.FormID = form })
	if err := fresh.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	id := w.Desk.File(bot.Ticket{Requester: world.Alex(), FormID: form, Channel: "web", Fields: map[int64]string{world.KindField: "delete"}}, janeBody)
	w.Hint(id)
	for range 3 {
		if err := old.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := old.Step(t.Context(), bot.IDOfTicket(id)); err != nil {
			t.Fatal(err)
		}
		w.Clock.Advance(time.Minute)
	}
	if waiting, err := w.Store.Newcomers(t.Context(), 9); err != nil || len(waiting) != 1 {
		t.Fatalf("the older rules dropped it, or took it in: %v, %v", waiting, err)
	}
	w.Engine = fresh
	w.Settle()
	w.Expect(id, "waiting", bot.ReasonWaitingPeriod)
	for range 5 {
		w.Hint(id)
		if err := old.Step(t.Context(), bot.IDOfTicket(id)); err != nil {
			t.Fatal(err)
		}
		w.Clock.Advance(time.Minute)
		w.Expect(id, "waiting", bot.ReasonWaitingPeriod)
		if err := fresh.Sweep(t.Context()); err != nil { // it is alive
			t.Fatal(err)
		}
	}
	if generation, newest, err := old.IntakeGeneration(t.Context()); err != nil || generation != 2 || newest {
		t.Errorf("generation %d, newest: %v, %v", generation, newest, err)
	}
	w.Clock.Advance(time.Hour) // nobody has the new ones any more
	if generation, newest, err := old.IntakeGeneration(t.Context()); err != nil || generation != 3 || !newest {
		t.Errorf("generation %d, newest: %v, %v", generation, newest, err)
	}
}
