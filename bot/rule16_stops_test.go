package bot_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"privacydesk/bot"
	"privacydesk/bot/bottest/world"
)

// TestRule16_LostStopsStillStop: Redis is set back behind a stop that was
// answered with ok, as a failover does. Nothing is erased all the same, in
// whatever state the delete was, and it goes on once the stop is ended.
func TestRule16_LostStopsStillStop(t *testing.T) {
	for name, stop := range map[string]struct {
		say, end func(t *testing.T, w *world.World, id int64)
	}{
		"legal hold on the person": {
			func(t *testing.T, w *world.World, _ int64) { t.Helper(); legalHold(t, w, "acme", "jane@x.example") },
			func(t *testing.T, w *world.World, _ int64) { t.Helper(); lift(t, w, "acme", "jane@x.example") },
		},
		"legal hold on the tenant": {
			func(t *testing.T, w *world.World, _ int64) { t.Helper(); legalHold(t, w, "acme", "") },
			func(t *testing.T, w *world.World, _ int64) { t.Helper(); lift(t, w, "acme", "") },
		},
		"pause": {
			func(t *testing.T, w *world.World, _ int64) {
				t.Helper()
				if err := w.Engine.Store.PauseDeletes(t.Context(), "ops", w.Clock.Now()); err != nil {
					t.Fatal(err)
				}
			},
			func(t *testing.T, w *world.World, _ int64) {
				t.Helper()
				if by, err := w.Engine.Store.DeletesPaused(t.Context()); err != nil || by != "ops" {
					t.Errorf("paused by %q, %v", by, err)
				}
				if err := w.Engine.Store.ResumeDeletes(t.Context()); err != nil {
					t.Fatal(err)
				}
			},
		},
		"requests hold": {
			func(t *testing.T, w *world.World, id int64) { t.Helper(); operate(t, w.Engine.Hold, id, "ops") },
			func(t *testing.T, w *world.World, id int64) {
				t.Helper()
				w.Expect(id, "held", bot.ReasonOperatorHold)
				operate(t, w.Engine.Retry, id, "ops")
			},
		},
	} {
		for _, at := range []string{"before the erasing", "between two batches"} {
			t.Run(name+" "+at, func(t *testing.T) {
				t.Parallel()
				w := populated(t)
				w.Settings.Deletes.WaitingPeriod = time.Hour
				w.Start()
				id := w.File(world.Alex(), "delete", janeBody)
				w.Settle()
				allowed, stopped := 0, false
				lose := func() {
					stopped = true
					setBack := w.SnapshotRedis()
					stop.say(t, w, id)
					setBack()
					allowed = batches(w)
				}
				if at == "before the erasing" {
					lose()
				} else {
					w.Systems["events"].Fail = func(op string) error {
						if op == "batch" && !stopped {
							lose()
						}
						return nil
					}
				}
				w.Pass(3 * time.Hour)
				if n := batches(w); !stopped || n > allowed {
					t.Errorf("stopped: %v; %d batches, %d of them before the stop", stopped, n, allowed)
				}
				stop.end(t, w, id)
				w.Pass(3 * time.Hour)
				w.Expect(id, "resolved", bot.ReasonErased)
				expectJaneGone(t, w)
				if by, err := w.Engine.Store.DeletesPaused(t.Context()); err != nil || by != "" {
					t.Errorf("paused by %q, %v", by, err)
				}
				if holds, err := w.Engine.Store.AllLegalHolds(t.Context()); err != nil || len(holds) != 0 {
					t.Errorf("left: %v, %v", holds, err)
				}
			})
		}
	}
}

func batches(w *world.World) int {
	n := 0
	for _, s := range w.Systems {
		n += s.Allowed
	}
	return n
}

// TestRule16_StopsOfAnEarlierVersion stood in Redis alone; they are put beside
// the keys, too.
func TestRule16_StopsOfAnEarlierVersion(t *testing.T) {
	w := world.New(t)
	h := bot.LegalHold{Tenant: "acme", Name: "suit", Exception: "legal_hold", By: "legal", At: w.Clock.Now()}
	if err := errors.Join(w.Store.KeepLegalHold(t.Context(), h), w.Store.PauseDeletes(t.Context(), "ops", w.Clock.Now())); err != nil {
		t.Fatal(err)
	}
	if by, err := w.Engine.Store.DeletesPaused(t.Context()); err != nil || by != "ops" { // and count there
		t.Errorf("paused by %q, %v", by, err)
	}
	if holds, err := w.Engine.Store.LegalHolds(t.Context(), "acme"); err != nil || len(holds) != 1 {
		t.Errorf("holds %+v, %v", holds, err)
	}
	for range 2 { // repeating it does no harm
		if err := w.Engine.MirrorStops(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	w.FlushRedis()
	holds, err := w.Engine.Store.AllLegalHolds(t.Context())
	if err != nil || len(holds) != 1 || !holds[0].At.Equal(h.At) || holds[0].Name != "suit" {
		t.Errorf("holds %+v, %v", holds, err)
	}
	if by, err := w.Engine.Store.DeletesPaused(t.Context()); err != nil || by != "ops" {
		t.Errorf("paused by %q, %v", by, err)
	}
}

// TestRule16_StopsAreKeptBesideTheKeysFirst: where that fails the operator hears
// it, and is not told that anything was stopped.
func TestRule16_StopsAreKeptBesideTheKeysFirst(t *testing.T) {
	w := populated(t)
	w.Settings.Deletes.WaitingPeriod = time.Hour
	w.Start()
	id := w.File(world.Alex(), "delete", janeBody)
	w.Settle()
	o := w.Engine.Options
	o.Store, o.Stable = w.Store, full{w.Keys}
	e, err := bot.NewEngine(o)
	if err != nil {
		t.Fatal(err)
	}
	_, holdErr := e.AddLegalHold(t.Context(), "acme", "", "suit", "legal_hold", "legal")
	for what, err := range map[string]error{
		"legal hold": holdErr, "pause": e.Store.PauseDeletes(t.Context(), "ops", w.Clock.Now()), "hold": e.Hold(t.Context(), bot.IDOfTicket(id), "ops"),
	} {
		if !errors.Is(err, errFull) {
			t.Errorf("%s: %v", what, err)
		}
	}
	w.Expect(id, "waiting", bot.ReasonWaitingPeriod)
}

var errFull = errors.New("no space left")

// full takes no more notes.
type full struct{ bot.Stable }

func (full) Keep(_ context.Context, _, _ string, _ []byte) error { return errFull }

// TestRule10_LegalHoldOnARequest: while one is on it, its ticket is neither
// cleaned nor deleted, its key not destroyed, and its record not removed;
// lifted, all of that goes on.
func TestRule10_LegalHoldOnARequest(t *testing.T) {
	w := populated(t)
	w.Settings.CleanTicket, w.Settings.DeleteTicket = true, true
	w.Start()
	ticket := w.File(world.Alex(), "access", janeBody)
	id := bot.IDOfTicket(ticket)
	w.Settle()
	w.Desk.Edit(ticket, func(t *bot.Ticket) {
		t.Comments[0].Files = []bot.File{{Name: "passport.png", ContentType: "image/png", At: t.Created}}
	})
	w.Hint(ticket)
	w.Settle()
	h, err := w.Engine.AddRequestHold(t.Context(), id, "suit", "legal_hold", "legal")
	if err != nil || h.Request() != id {
		t.Fatalf("%+v, %v", h, err)
	}
	redacted := 0
	w.Desk.Fail = func(op string, _ int64) error {
		if op == "redact" || op == "remove" {
			redacted++
		}
		return nil
	}
	kept := func() bool {
		read, err := w.Desk.Ticket(t.Context(), ticket)
		if err != nil {
			t.Fatal(err)
		}
		keys, err := w.Keys.Requests(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return read.Comments[0].Text == janeBody && len(read.Comments[0].Files) == 1 && len(keys) == 1
	}
	for range 3 {
		w.Clock.Advance(300 * 24 * time.Hour)
		w.Pass(3 * time.Hour)
	}
	if c := w.Case(ticket); !kept() || c.Phase != bot.PhaseDone {
		t.Fatalf("kept: %v, phase %s", kept(), c.Phase)
	}
	if err := w.Engine.RemoveRequestHold(t.Context(), id, "another", "legal"); !errors.Is(err, bot.ErrNotFound) {
		t.Errorf("another hold was lifted: %v", err)
	}
	if err := w.Engine.RemoveRequestHold(t.Context(), id, "suit", " "); !errors.Is(err, bot.ErrRefused) {
		t.Errorf("nobody lifted it: %v", err)
	}
	if err := w.Engine.RemoveRequestHold(t.Context(), id, "suit", "legal"); err != nil {
		t.Fatal(err)
	}
	w.Pass(5 * time.Hour)
	if _, err := w.Desk.Ticket(t.Context(), ticket); !errors.Is(err, bot.ErrNotFound) {
		t.Errorf("the ticket is still there: %v", err)
	}
	if keys, err := w.Keys.Requests(t.Context()); err != nil || len(keys) != 0 || redacted == 0 {
		t.Errorf("keys %v, %v; redacted %d times", keys, err, redacted)
	}
	if _, err := w.Engine.AddRequestHold(t.Context(), id, "suit", "legal_hold", "legal"); err == nil {
		t.Error("what is gone was held")
	}
}

// TestRule10_WhatIsForgottenIsNotHeld: its key is destroyed, and a hold would
// promise what nobody can keep.
func TestRule10_WhatIsForgottenIsNotHeld(t *testing.T) {
	w := populated(t)
	ticket := w.File(world.Alex(), "access", janeBody)
	w.Settle()
	w.Clock.Advance(15 * 24 * time.Hour)
	w.Settle()
	if c := w.Case(ticket); c.Phase != bot.PhaseForgotten {
		t.Fatalf("it is %s", c.Phase)
	}
	if _, err := w.Engine.AddRequestHold(t.Context(), bot.IDOfTicket(ticket), "suit", "legal_hold", "legal"); !errors.Is(err, bot.ErrRefused) {
		t.Errorf("it was held: %v", err)
	}
	if holds, err := w.Engine.Store.AllLegalHolds(t.Context()); err != nil || len(holds) != 0 {
		t.Errorf("left: %v, %v", holds, err)
	}
}
