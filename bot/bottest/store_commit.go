package bottest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"privacydesk/bot"
	"privacydesk/bot/ledger"
	"privacydesk/connectors"
)

func loadUnknown(d *desk) {
	r, err := d.store.Load(d.ctx, "t1")
	d.wantErr(err, bot.ErrNotFound)
	if r.Hint != 0 || r.Case.Version != 0 || r.Sealed != nil || r.Leases != nil {
		d.Fatalf("a record that doesn't exist holds %+v", r)
	}
	events, err := d.store.Events(d.ctx, "t1")
	d.must(err)
	if len(events) != 0 {
		d.Fatalf("it has %d events", len(events))
	}
	if holder := d.holder("open/acme/x/access"); holder != "" {
		d.Fatalf("a claim that nobody took is held by %q", holder)
	}
}

// full is a case with every field set.
func full(id string) bot.Case {
	c := fresh(id)
	c.Kind, c.Tenant, c.Locale = bot.KindDelete, "acme", "de"
	c.Pseudonym = bot.Pseudonym{Key: "k1", MAC: "aa"}
	c.Phase, c.Stage, c.Round = bot.PhaseWorking, bot.StageErase, 2
	c.Wait = &bot.Wait{On: bot.OnVendor, Reason: bot.ReasonRetry, Since: noon(), Until: noon().Add(time.Minute)}
	c.Resolution, c.Reason = bot.PartlyExecuted, bot.ReasonErased
	c.Accepted, c.Due, c.Located, c.NotBefore = noon(), noon().Add(720*time.Hour), noon(), noon()
	c.Begun, c.Finished = noon(), noon()
	c.Systems = map[string]*bot.System{"shop": {
		Rank: 3, Map: "m", Keys: "k", Skip: bot.ReasonByOperator, Rehearsed: noon(), Notes: []string{"n"}, Gather: "g", Searched: "s",
		Run: bot.Run{
			Stage: bot.StageErase, State: bot.RunWaiting, Token: "x", Attempt: 2, NextAt: noon(), Started: noon(), Ended: noon(),
			Fail: &bot.Failure{Kind: connectors.Misfit, What: "w"},
		},
		Sets: []bot.Tally{{Collection: "c", Action: connectors.ActionDelete, Exception: "e", Before: connectors.Counts{Rows: 9}, Late: 1, Gathered: 4}},
	}}
	c.Approval = &bot.Approval{By: "an approver", At: noon(), Binding: "b"}
	c.Claims, c.Linked = []string{"one"}, "t9"
	c.Owed = []bot.Say{{Step: "s", Message: "m"}}
	c.Seen, c.Asked, c.Attempts = bot.Seen{Comment: 5, At: noon()}, 1, 2
	c.Wake, c.Hinted, c.Cleared = noon(), 7, []bot.Clearance{{Reason: bot.ReasonEdited, Of: "o"}}
	return c
}

func commitRoundTrip(d *desk) {
	sealed := []byte("\x00\xff\r\n sealed")
	c := withEvent(change(full("t1")), "arrived")
	c.Sealed = sealed
	d.must(d.store.Commit(d.ctx, c))
	r := d.load("t1")
	want := c.Case
	want.Version = 1
	d.same("the case", r.Case, want)
	d.same("the sealed half", r.Sealed, sealed)
	d.same("the hint", r.Hint, int64(0))

	d.must(d.update("t1", func(c *bot.Change) { c.Case.Wait, c.Case.Tenant = nil, "other" }))
	r = d.load("t1")
	want.Version, want.Wait, want.Tenant = 2, nil, "other"
	d.same("the changed case", r.Case, want)
	d.same("the sealed half that nobody changed", r.Sealed, sealed)
	d.must(d.update("t1", func(c *bot.Change) { c.Sealed = []byte("anew") }))
	d.same("the new sealed half", d.load("t1").Sealed, []byte("anew"))
}

func commitVersions(d *desk) {
	old := d.create("t1").Case
	d.wantErr(d.store.Commit(d.ctx, withEvent(change(fresh("t1")), "arrived")), bot.ErrConflict)
	d.must(d.store.Commit(d.ctx, change(old)))
	d.wantErr(d.store.Commit(d.ctx, change(old)), bot.ErrConflict)
	ahead := d.load("t1").Case
	ahead.Version++
	d.wantErr(d.store.Commit(d.ctx, change(ahead)), bot.ErrConflict)
	missing := fresh("t2")
	missing.Version = 1
	d.wantErr(d.store.Commit(d.ctx, change(missing)), bot.ErrConflict)
	d.same("the version", d.load("t1").Case.Version, int64(2))
}

func commitTokens(d *desk) {
	d.create("t1")
	until := noon().Add(time.Minute)
	step := func(token string, now time.Time) error {
		return d.update("t1", func(c *bot.Change) { c.Step, c.Now = token, now })
	}
	run := func(token string, now time.Time) error {
		return d.update("t1", func(c *bot.Change) { c.Runs, c.Now = map[string]string{"shop": token}, now })
	}
	for part, commit := range map[string]func(string, time.Time) error{"": step, "shop": run} {
		d.wantErr(commit("mine", noon()), bot.ErrConflict) // nobody holds it
		d.must(d.store.Acquire(d.ctx, "t1", part, "mine", noon(), until))
		d.must(commit("mine", noon()))
		d.wantErr(commit("another", noon()), bot.ErrConflict)
		d.wantErr(commit("mine", until), bot.ErrConflict) // it slept through its lease
		d.must(d.store.Acquire(d.ctx, "t1", part, "another", until, until.Add(time.Minute)))
		d.wantErr(commit("mine", noon()), bot.ErrConflict) // its clock stands, and yet another took it
		d.must(commit("another", until))
	}
	d.same("the version", d.load("t1").Case.Version, int64(5))
	err := d.update("t1", func(c *bot.Change) {
		c.Runs, c.Now = map[string]string{"shop": "another", "crm": "another"}, until
	})
	d.wantErr(err, bot.ErrConflict) // one of two tokens isn't held
}

func commitClaims(d *desk) {
	claim := func(names ...string) func(*bot.Change) { return func(c *bot.Change) { c.Claim = names } }
	d.create("t1", claim("a", "b"))
	d.create("t2")
	d.must(d.update("t1", claim("a"))) // already its own
	err := d.update("t2", claim("c", "b"))
	d.wantErr(err, bot.ErrClaimed)
	var held *bot.ClaimError
	if !errors.As(err, &held) || held.Claim != "b" || held.Holder != "t1" {
		d.Fatalf("the error names %+v, not that t1 holds b", held)
	}
	if holder := d.holder("c"); holder != "" {
		d.Fatalf("the refused change left its claim c with %q", holder)
	}
	release := func(names ...string) func(*bot.Change) { return func(c *bot.Change) { c.Release = names } }
	d.must(d.update("t2", release("a", "unheard of"))) // not its own: it stays
	d.same("the holder", d.holder("a"), "t1")
	d.must(d.update("t1", release("b")))
	d.must(d.update("t2", claim("b")))
	d.same("the holder", d.holder("b"), "t2")
	d.same("the holder", d.holder("a"), "t1")
}

func commitAbsent(d *desk) {
	d.create("t1", func(c *bot.Change) { c.Claim = []string{"erasing"} })
	d.create("t2", func(c *bot.Change) { c.Absent = []string{"nobody's"} })
	d.must(d.update("t1", func(c *bot.Change) { c.Absent = []string{"erasing"} })) // its own
	err := d.update("t2", func(c *bot.Change) { c.Absent = []string{"erasing"} })
	d.wantErr(err, bot.ErrClaimed)
	var held *bot.ClaimError
	if !errors.As(err, &held) || held.Claim != "erasing" || held.Holder != "t1" {
		d.Fatalf("the error names %+v, not that t1 holds erasing", held)
	}
}

func commitCaps(d *desk) {
	d.create("t1")
	caps := func(keys ...string) error {
		return d.update("t1", func(c *bot.Change) {
			for _, k := range keys {
				c.Caps = append(c.Caps, bot.Cap{Key: k, Limit: 2, Keep: time.Hour})
			}
		})
	}
	d.must(caps("day1"))
	d.wantErr(caps("day1", "day1"), bot.ErrCapped) // the second of the two would be the third
	d.must(caps("day1", "day2"))
	d.wantErr(caps("day1"), bot.ErrCapped)
	d.wantErr(caps("day2", "day1"), bot.ErrCapped)
	d.must(caps("day2")) // the refused change didn't count
	d.wantErr(d.update("t1", func(c *bot.Change) { c.Caps = []bot.Cap{{Key: "none", Limit: 0, Keep: time.Hour}} }), bot.ErrCapped)
}

func commitLedger(d *desk) {
	first := d.create("t1").Case
	d.must(d.update("t1", func(c *bot.Change) { *c = withEvent(withEvent(*c, "accepted"), "located") }))
	d.must(d.update("t1", func(*bot.Change) {}))
	d.must(d.update("t1", func(c *bot.Change) { *c = withEvent(*c, "done") }))
	events, err := d.store.Events(d.ctx, "t1")
	d.must(err)
	var kinds []string
	for _, e := range events {
		kinds = append(kinds, e.Type)
	}
	d.same("the ledger", kinds, []string{"arrived", "accepted", "located", "done"})
	now := d.load("t1").Case
	d.must(ledger.Verify("t1", events, now.Head))

	wrong := map[string]func(*bot.Change){
		"from an older head": func(c *bot.Change) {
			c.Case.Seq, c.Case.Head = first.Seq, first.Head
			*c = withEvent(*c, "fork")
		},
		"after a gap": func(c *bot.Change) {
			c.Case.Seq++
			*c = withEvent(*c, "gap")
		},
		"of another head":           func(c *bot.Change) { c.Case.Head = "00" },
		"that the case doesn't end": func(c *bot.Change) { *c = withEvent(*c, "end"); c.Case.Head = now.Head },
		"from nothing":              func(c *bot.Change) { c.Case.Seq, c.Case.Head = 0, ""; *c = withEvent(*c, "anew") },
	}
	for name, f := range wrong {
		if err := d.update("t1", f); err == nil {
			d.Fatalf("events %s were taken", name)
		}
	}
	after, err := d.store.Events(d.ctx, "t1")
	d.must(err)
	d.same("the ledger after refusals", after, events)
	d.same("the version", d.load("t1").Case.Version, now.Version)
}

// commitAllOrNothing tries, for every refusal, a change that would alter everything.
func commitAllOrNothing(d *desk) {
	d.create("t1", func(c *bot.Change) { c.Claim, c.Sealed = []string{"own"}, []byte("s") })
	d.create("t2", func(c *bot.Change) { c.Claim = []string{"taken"} })
	d.must(d.update("t2", func(c *bot.Change) { c.Caps = []bot.Cap{{Key: "full", Limit: 1, Keep: time.Hour}} }))
	everything := func(c *bot.Change) {
		c.Case.Phase, c.Case.Tenant, c.Case.Wake = bot.PhaseLocating, "acme", noon().Add(time.Minute)
		c.Claim, c.Release, c.Sealed = []string{"new"}, []string{"own"}, []byte("altered")
		c.Caps = []bot.Cap{{Key: "room", Limit: 1, Keep: time.Hour}}
		*c = withEvent(*c, "moved")
	}
	refusals := []struct {
		name string
		err  error
		f    func(*bot.Change)
	}{
		{"an old version", bot.ErrConflict, func(c *bot.Change) { c.Case.Version-- }},
		{"a token that isn't held", bot.ErrConflict, func(c *bot.Change) { c.Step = "nobody's" }},
		{"a run's token that isn't held", bot.ErrConflict, func(c *bot.Change) { c.Runs = map[string]string{"shop": "nobody's"} }},
		{"a claim of another", bot.ErrClaimed, func(c *bot.Change) { c.Claim = append(c.Claim, "taken") }},
		{"a claim that should be absent", bot.ErrClaimed, func(c *bot.Change) { c.Absent = []string{"taken"} }},
		{"a full cap", bot.ErrCapped, func(c *bot.Change) { c.Caps = append(c.Caps, bot.Cap{Key: "full", Limit: 1, Keep: time.Hour}) }},
	}
	claims := []string{"own", "taken", "new"}
	before := d.snapshot([]string{"t1", "t2"}, claims)
	for _, r := range refusals {
		d.Run(r.name, func(t *testing.T) {
			d := &desk{T: t, ctx: t.Context(), store: d.store}
			d.wantErr(d.update("t1", func(c *bot.Change) { everything(c); r.f(c) }), r.err)
			d.same("the store after a refused change", d.snapshot([]string{"t1", "t2"}, claims), before)
		})
	}
	d.must(d.update("t1", everything)) // and without the flaw it is taken, the cap of one with it
	d.same("the holder", d.holder("own"), "")
	d.same("the holder", d.holder("new"), "t1")
}

func commitConcurrently(d *desk) {
	d.create("t1")
	const workers, each = 8, 5
	errs := together(workers, func(int) error {
		for done := 0; done < each; {
			r, err := d.store.Load(d.ctx, "t1")
			if err != nil {
				return err
			}
			c := change(r.Case)
			c.Case.Attempts++
			err = d.store.Commit(d.ctx, withEvent(c, "counted"))
			if err == nil {
				done++
			} else if !errors.Is(err, bot.ErrConflict) {
				return err
			}
		}
		return nil
	})
	d.must(errors.Join(errs...))
	r := d.load("t1")
	d.same("the count", r.Case.Attempts, workers*each)
	events, err := d.store.Events(d.ctx, "t1")
	d.must(err)
	d.same("the ledger's length", len(events), workers*each+1)
	d.must(ledger.Verify("t1", events, r.Case.Head))
}

func claimConcurrently(d *desk) {
	const rivals = 12
	errs := together(rivals, func(i int) error {
		c := withEvent(change(fresh(ticketID(i+1))), "arrived")
		c.Claim = []string{fmt.Sprintf("own%d", i), "contested"}
		return d.store.Commit(d.ctx, c)
	})
	won, lost := d.tally(errs, bot.ErrClaimed)
	if won != 1 || lost != rivals-1 {
		d.Fatalf("%d rivals took the claim", won)
	}
	for i, err := range errs {
		want := ""
		if err == nil {
			want = ticketID(i + 1)
			d.same("the holder", d.holder("contested"), want)
		}
		d.same("the holder of the rival's other claim", d.holder(fmt.Sprintf("own%d", i)), want)
	}
}

func capConcurrently(d *desk) {
	const rivals, limit = 12, 5
	errs := together(rivals, func(i int) error {
		c := withEvent(change(fresh(ticketID(i+1))), "arrived")
		c.Caps = []bot.Cap{{Key: "day", Limit: limit, Keep: time.Hour}}
		return d.store.Commit(d.ctx, c)
	})
	if won, _ := d.tally(errs, bot.ErrCapped); won != limit {
		d.Fatalf("%d came through a cap of %d", won, limit)
	}
}

func forget(d *desk) {
	d.create("t1", func(c *bot.Change) { c.Sealed = []byte("secret") })
	d.must(d.update("t1", func(c *bot.Change) {
		c.Forget, c.Case.Phase = true, bot.PhaseForgotten
		*c = withEvent(*c, "forgotten")
	}))
	r := d.load("t1")
	if len(r.Sealed) != 0 {
		d.Fatal("the sealed half is still there")
	}
	events, err := d.store.Events(d.ctx, "t1")
	d.must(err)
	d.same("the ledger's length", len(events), 2)
	d.same("the phase", r.Case.Phase, bot.PhaseForgotten)
	d.must(d.update("t1", func(*bot.Change) {}))
}

// purge removes a record whole, at the version that was loaded, and nothing
// of any other.
func purge(d *desk) {
	d.create("t1")
	d.create("t2")
	stale := d.load("t1").Case.Version
	d.must(d.update("t1", func(c *bot.Change) { c.Case.Phase = bot.PhaseDone }))
	d.wantErr(d.store.Purge(d.ctx, "t1", stale), bot.ErrConflict)
	d.must(d.store.Purge(d.ctx, "t1", d.load("t1").Case.Version))
	_, err := d.store.Load(d.ctx, "t1")
	d.wantErr(err, bot.ErrNotFound)
	events, err := d.store.Events(d.ctx, "t1")
	d.must(err)
	d.same("events of a purged request", len(events), 0)
	d.same("listed", d.all(bot.Filter{}, 10), []string{"t2"})
	d.must(d.store.Purge(d.ctx, "t1", 7)) // gone is fine
	d.create("t1")
	d.same("listed", len(d.all(bot.Filter{}, 10)), 2)
}
