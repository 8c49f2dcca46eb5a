package bottest

import (
	"context"
	"errors"
	"time"

	"privacydesk/bot"
	"privacydesk/connectors"
)

func leases(d *desk) {
	until := noon().Add(time.Minute)
	s, ctx := d.store, d.ctx
	d.must(s.Acquire(ctx, "t1", "shop", "a", noon(), until)) // no record is needed
	d.must(s.Acquire(ctx, "t1", "shop", "a", noon(), until)) // it is its own
	d.wantErr(s.Acquire(ctx, "t1", "shop", "b", noon(), until), bot.ErrConflict)
	d.must(s.Acquire(ctx, "t1", "crm", "b", noon(), until))
	d.must(s.Acquire(ctx, "t1", "", "c", noon(), until))
	d.must(s.Acquire(ctx, "t2", "shop", "b", noon(), until))
	d.create("t1")
	stored := d.load("t1").Leases
	for part, token := range map[string]string{"shop": "a", "crm": "b", "": "c"} {
		if l := stored[part]; l.Token != token || !l.Until.Equal(until) {
			d.Fatalf("the lease on %q is stored as %+v", part, l)
		}
	}

	d.wantErr(s.Renew(ctx, "t1", "shop", "b", noon(), until), bot.ErrConflict)
	later := until.Add(time.Minute)
	d.must(s.Renew(ctx, "t1", "shop", "a", noon(), later))
	d.wantErr(s.Acquire(ctx, "t1", "shop", "b", until, later), bot.ErrConflict) // renewed: it still runs
	d.wantErr(s.Renew(ctx, "t1", "shop", "a", later, later.Add(time.Hour)), bot.ErrConflict)
	d.must(s.Acquire(ctx, "t1", "shop", "b", later, later.Add(time.Minute))) // it ran out
	d.wantErr(s.Renew(ctx, "t1", "shop", "a", later, later.Add(time.Hour)), bot.ErrConflict)

	if err := s.Release(ctx, "t1", "shop", "a"); err != nil && !errors.Is(err, bot.ErrConflict) {
		d.Fatal(err)
	}
	d.must(s.Holds(ctx, "t1", "shop", "b", later)) // another's release ended nothing
	d.must(s.Release(ctx, "t1", "shop", "b"))
	d.must(s.Acquire(ctx, "t1", "shop", "c", later, later.Add(time.Minute)))
	if _, still := d.load("t1").Leases["crm"]; !still {
		d.Fatal("releasing one part ended another's lease")
	}
}

func leaseConcurrently(d *desk) {
	const rivals = 12
	errs := together(rivals, func(i int) error {
		return d.store.Acquire(d.ctx, "t1", "shop", ticketID(i), noon(), noon().Add(time.Minute))
	})
	if won, _ := d.tally(errs, bot.ErrConflict); won != 1 {
		d.Fatalf("%d took one lease", won)
	}
}

func holds(d *desk) {
	until := noon().Add(time.Minute)
	ask := func(token string, now time.Time) error { return d.store.Holds(d.ctx, "t1", "shop", token, now) }
	d.wantErr(ask("a", noon()), connectors.ErrFenced)
	d.must(d.store.Acquire(d.ctx, "t1", "shop", "a", noon(), until))
	d.must(ask("a", noon()))
	d.must(ask("a", until.Add(-time.Millisecond)))
	d.wantErr(ask("a", until), connectors.ErrFenced)
	d.wantErr(ask("b", noon()), connectors.ErrFenced)
	d.must(d.store.PauseDeletes(d.ctx, "an operator", noon()))
	d.wantErr(ask("a", noon()), connectors.ErrPaused)
	if err := ask("b", noon()); !errors.Is(err, connectors.ErrFenced) && !errors.Is(err, connectors.ErrPaused) {
		d.Fatalf("a stranger's token gives %v", err)
	}
	d.must(d.store.ResumeDeletes(d.ctx))
	d.must(ask("a", noon()))
	d.must(d.store.Release(d.ctx, "t1", "shop", "a"))
	d.wantErr(ask("a", noon()), connectors.ErrFenced)
}

func pause(d *desk) {
	by := func() string {
		d.Helper()
		who, err := d.store.DeletesPaused(d.ctx)
		d.must(err)
		return who
	}
	d.same("who paused at first", by(), "")
	d.must(d.store.ResumeDeletes(d.ctx)) // nothing to resume
	d.must(d.store.PauseDeletes(d.ctx, "an operator", noon()))
	d.same("who paused", by(), "an operator")
	d.must(d.store.PauseDeletes(d.ctx, "another", noon()))
	d.must(d.store.ResumeDeletes(d.ctx))
	d.same("who paused after the end", by(), "")
}

func cursors(d *desk) {
	get := func(name string) string {
		d.Helper()
		value, err := d.store.Cursor(d.ctx, name)
		d.must(err)
		return value
	}
	d.same("a cursor that was never set", get("poll"), "")
	d.must(d.store.SetCursor(d.ctx, "poll", "a=="))
	d.must(d.store.SetCursor(d.ctx, "other", "b"))
	d.must(d.store.SetCursor(d.ctx, "poll", "c"))
	d.same("the cursor", get("poll"), "c")
	d.same("the other cursor", get("other"), "b")
}

// cancelledContext: an operation that can't have happened says so.
func cancelledContext(d *desk) {
	ctx, cancel := context.WithCancel(d.ctx)
	cancel()
	_, hint := d.store.Hint(ctx, []string{"t1"}, "", 0)
	_, load := d.store.Load(ctx, "t1")
	for name, err := range map[string]error{
		"Commit":  d.store.Commit(ctx, withEvent(change(fresh("t1")), "arrived")),
		"Hint":    hint,
		"Load":    load,
		"Acquire": d.store.Acquire(ctx, "t1", "", "a", noon(), noon().Add(time.Minute)),
		"Holds":   d.store.Holds(ctx, "t1", "", "a", noon()),
	} {
		if !errors.Is(err, context.Canceled) {
			d.Errorf("%s with a cancelled context: %v", name, err)
		}
	}
	if _, err := d.store.Load(d.ctx, "t1"); !errors.Is(err, bot.ErrNotFound) {
		d.Errorf("and something was written: %v", err)
	}
}

// deaths: leases of steps that ran out, one after the other; one that is given
// back ends the count.
func deaths(d *desk) {
	d.create("t1")
	at := noon()
	dies := func(id, token string) {
		d.Helper()
		d.must(d.store.Acquire(d.ctx, id, "", token, at, at.Add(time.Minute)))
		d.must(d.store.Acquire(d.ctx, id, "", token, at, at.Add(time.Minute))) // a call whose answer was lost
		at = at.Add(time.Hour)
	}
	counted := func(id string) int {
		d.Helper()
		r, err := d.store.Load(d.ctx, id)
		if err != nil && !errors.Is(err, bot.ErrNotFound) {
			d.Fatal(err)
		}
		return r.Deaths
	}
	for _, id := range []string{"t1", "t2"} { // with a record and without
		dies(id, "a")
		d.same("deaths at first", counted(id), 0)
		dies(id, "b")
		dies(id, "c")
		d.same("deaths", counted(id), 2)
		d.must(d.store.Acquire(d.ctx, id, "", "d", at, at.Add(time.Minute)))
		d.must(d.store.Release(d.ctx, id, "", "c")) // the dead one wakes
		d.same("deaths", counted(id), 3)
		d.must(d.store.Release(d.ctx, id, "", "d"))
		d.same("deaths after one went through", counted(id), 0)
	}
}

// putOff lists what was put off often and has no record.
func putOff(d *desk) {
	often := func(times, limit int) []string {
		d.Helper()
		ids, err := d.store.PutOff(d.ctx, times, limit)
		d.must(err)
		return ids
	}
	d.create("t1")
	for i, id := range []string{"t1", "t2", "t3", "t4"} {
		_, err := d.store.Hint(d.ctx, []string{id}, "", 0)
		d.must(err)
		for range i + 1 {
			d.must(d.store.Defer(d.ctx, id, -1, noon()))
		}
	}
	d.same("put off twice", often(2, 9), []string{"t2", "t3", "t4"})
	d.same("put off three times, at most one", often(3, 1), []string{"t3"})
	d.create("t4")
	d.must(d.store.Drop(d.ctx, "t3", d.hintOf("t3")))
	d.same("after one was read and one dropped", often(1, 9), []string{"t2"})
}

// intakeRules: ones that were never seen begin a generation at once, older ones
// only when nobody has the newest any more.
func intakeRules(d *desk) {
	ask := func(digest string, at time.Time, generation int64, newest bool) {
		d.Helper()
		n, is, err := d.store.IntakeRules(d.ctx, digest, at, time.Minute)
		d.must(err)
		d.same("generation and newest of "+digest, []any{n, is}, []any{generation, newest})
	}
	older := func(digest string, at time.Time, want bool) {
		d.Helper()
		is, err := d.store.OlderRules(d.ctx, digest, at, time.Minute)
		d.must(err)
		d.same("older rules "+digest, is, want)
	}
	older("a", noon(), false)
	ask("a", noon(), 1, true)
	ask("a", noon(), 1, true)
	older("b", noon(), false) // to ask notes nothing
	older("a", noon(), false)
	ask("b", noon(), 2, true)
	older("a", noon().Add(time.Minute), true)
	older("b", noon().Add(time.Minute), false)
	older("c", noon().Add(time.Minute), false)
	older("a", noon().Add(time.Minute+time.Millisecond), false) // nobody has the newest
	ask("a", noon().Add(time.Minute), 2, false)
	ask("b", noon().Add(time.Minute), 2, true) // it is alive
	ask("a", noon().Add(2*time.Minute), 2, false)
	ask("a", noon().Add(3*time.Minute), 3, true) // taken back
	ask("b", noon().Add(3*time.Minute), 3, false)
	ask("c", noon().Add(3*time.Minute), 4, true)
}
