package bot_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"privacydesk/bot"
	"privacydesk/bot/bottest/world"
	"privacydesk/connectors"
)

// TestRule5_SleeperChangesNothing: a worker sleeps in the middle of an erase
// until another took its run over; when it wakes, its guard says no.
func TestRule5_SleeperChangesNothing(t *testing.T) {
	w := populated(t)
	id := w.File(world.Alex(), "delete", janeBody)
	events := w.Systems["events"]
	slept := false
	events.Fail = func(op string) error {
		if op != "batch" || slept {
			return nil
		}
		slept = true
		w.Clock.Advance(5 * time.Minute) // the lease runs out meanwhile
		w.Settle()                       // and the others go on
		if got := len(events.Rows()); got != 4 {
			t.Errorf("the other worker left %d rows, want 4", got)
		}
		// Somebody's new row: the sleeper must not touch it.
		events.Add(world.Row{ID: 99, Tenant: "acme", Key: connectors.Int(42), Text: "late"})
		return nil
	}
	before := events.Allowed
	w.Settle()
	if !slept {
		t.Fatal("nobody slept")
	}
	if got := events.Allowed - before; got != 2 {
		t.Errorf("%d batches were allowed, want the other worker's 2", got)
	}
	w.Expect(id, "resolved", bot.ReasonErased)
}

// TestRule5_StoreFencesOldTokens asks the store directly.
func TestRule5_StoreFencesOldTokens(t *testing.T) {
	w := world.New(t)
	ctx, now := t.Context(), w.Clock.Now()
	if err := w.Store.Acquire(ctx, "t1", "crm", "first", now, now.Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if err := w.Store.Holds(ctx, "t1", "crm", "first", now.Add(59*time.Second)); err != nil {
		t.Errorf("within the lease: %v", err)
	}
	if err := w.Store.Holds(ctx, "t1", "crm", "first", now.Add(61*time.Second)); !errors.Is(err, connectors.ErrFenced) {
		t.Errorf("after the lease: %v", err)
	}
	later := now.Add(2 * time.Minute)
	if err := w.Store.Acquire(ctx, "t1", "crm", "second", later, later.Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if err := w.Store.Renew(ctx, "t1", "crm", "first", later, later.Add(time.Hour)); !errors.Is(err, bot.ErrConflict) {
		t.Errorf("the first one renewed a lease that the second holds: %v", err)
	}
}

// TestRule5_SleptThroughItsLease: a worker that slept through its lease records
// nothing, though nobody has taken its run yet.
func TestRule5_SleptThroughItsLease(t *testing.T) {
	w := populated(t)
	ticket := w.File(world.Alex(), "access", janeBody)
	id := bot.IDOfTicket(ticket)
	if err := w.Engine.Step(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	w.Systems["crm"].Fail = func(string) error {
		w.Clock.Advance(w.Settings.Lease)
		return nil
	}
	if err := w.Engine.Run(t.Context(), id, "crm"); err != nil {
		t.Fatal(err)
	}
	if run := w.Case(ticket).Systems["crm"].Run; run.State != bot.RunRunning || run.Token == "" {
		t.Errorf("the sleeper recorded %+v", run)
	}
	w.Systems["crm"].Fail = nil
	w.Pass(time.Hour)
	w.Expect(ticket, "resolved", bot.ReasonDelivered)
}

// TestRule5_StepSleptThroughItsLease: nor does a step.
func TestRule5_StepSleptThroughItsLease(t *testing.T) {
	w := populated(t)
	id := bot.IDOfTicket(w.File(world.Alex(), "access", janeBody))
	w.Desk.Fail = func(string, int64) error {
		w.Clock.Advance(w.Settings.StepLease)
		return nil
	}
	if err := w.Engine.Step(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	if rec, err := w.Store.Load(t.Context(), id); !errors.Is(err, bot.ErrNotFound) {
		t.Errorf("the sleeper recorded %+v: %v", rec.Case, err)
	}
}

// TestRule5_RunBegunAnew: a run was put back into the queue while its worker
// worked on. That worker's result is none of it, though its lease runs.
func TestRule5_RunBegunAnew(t *testing.T) {
	w := populated(t)
	id := bot.IDOfTicket(w.File(world.Alex(), "access", janeBody))
	if err := w.Engine.Step(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	anew := bot.Run{Stage: bot.StageLocate, State: bot.RunQueued}
	w.Systems["crm"].Fail = func(string) error {
		w.Systems["crm"].Fail = nil
		rec, err := w.Store.Load(t.Context(), id)
		if err != nil {
			return err
		}
		rec.Case.Systems["crm"].Run = anew
		return w.Store.Commit(t.Context(), bot.Change{Case: rec.Case, Hint: rec.Hint, Now: w.Clock.Now()})
	}
	if err := w.Engine.Run(t.Context(), id, "crm"); err != nil {
		t.Fatal(err)
	}
	rec, err := w.Store.Load(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	if run := rec.Case.Systems["crm"].Run; run != anew {
		t.Errorf("the run that began anew is now %+v", run)
	}
}

// TestRule5_LeaseRunsOutWithoutRedis: a worker whose store does not answer any
// more stops when its lease must have run out, for another may have it.
func TestRule5_LeaseRunsOutWithoutRedis(t *testing.T) {
	w := populated(t)
	w.Settings.Lease = 30 * time.Millisecond
	w.Start()
	o := w.Engine.Options
	o.Store = &deaf{Store: w.Store, clock: w.Clock}
	crm := o.Systems["crm"]
	crm.Connector = patient{crm.Connector}
	o.Systems["crm"] = crm
	e, err := bot.NewEngine(o)
	if err != nil {
		t.Fatal(err)
	}
	id := bot.IDOfTicket(w.File(world.Alex(), "access", janeBody))
	if err := e.Step(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := e.Run(ctx, id, "crm"); ctx.Err() != nil {
		t.Fatalf("it worked on without a lease: %v", err)
	}
}

// deaf is a store that renews no lease; each attempt takes as long as a lease
// runs.
type deaf struct {
	bot.Store
	clock *world.Clock
}

func (d *deaf) Renew(_ context.Context, _, _, _ string, now, until time.Time) error {
	d.clock.Advance(until.Sub(now))
	return bot.ErrUnavailable
}

// patient locates until it is told to stop.
type patient struct{ connectors.Connector }

func (patient) Locate(ctx context.Context, _ []*connectors.Job) error {
	<-ctx.Done()
	return ctx.Err()
}
