// Package bottest holds the suites that every bot.Store and every bot.Desk passes.
package bottest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"privacydesk/bot"
	"privacydesk/bot/ledger"
)

// StoreSuite holds a store to the contract of bot.Store. open returns an empty store, each time it is called; what it
// opened is closed by its own t.Cleanup. The store must take any caller's clock: the suite's stands still in 2026.
func StoreSuite(t *testing.T, open func(t *testing.T) bot.Store) {
	t.Helper()
	suite := []struct {
		name string
		test func(*desk)
	}{
		{"LoadUnknown", loadUnknown},
		{"CommitRoundTrip", commitRoundTrip},
		{"CommitVersions", commitVersions},
		{"Rule5_CommitNeedsItsTokens", commitTokens},
		{"Rule1_OneClaimOneRequest", commitClaims},
		{"CommitAbsent", commitAbsent},
		{"CommitCaps", commitCaps},
		{"CommitContinuesTheLedger", commitLedger},
		{"CommitAllOrNothing", commitAllOrNothing},
		{"CommitConcurrently", commitConcurrently},
		{"Rule1_ClaimConcurrently", claimConcurrently},
		{"CapConcurrently", capConcurrently},
		{"ForgetKeepsTheCase", forget},
		{"Purge", purge},
		{"Facts", facts},
		{"LegalHolds", legalHolds},
		{"LegalHoldsConcurrently", legalHoldsConcurrently},
		{"HintWakes", hintWakes},
		{"Rule1_HintOnce", hintOnce},
		{"HintDuringATurn", hintDuringATurn},
		{"Drop", drop},
		{"Due", due},
		{"DueStarvesNobody", dueStarvesNobody},
		{"Newcomers", newcomers},
		{"DeferredGoBehind", deferred},
		{"Leases", leases},
		{"LeaseConcurrently", leaseConcurrently},
		{"Rule11_DeathsAreCounted", deaths},
		{"Rule11_PutOff", putOff},
		{"Rule16_IntakeRules", intakeRules},
		{"Rule5_Holds", holds},
		{"ListOrder", listOrder},
		{"ListFilters", listFilters},
		{"ListWhileTheyChange", listWhileTheyChange},
		{"Pause", pause},
		{"Cursors", cursors},
		{"CancelledContext", cancelledContext},
		{"Model", model},
	}
	for _, s := range suite {
		t.Run(s.name, func(t *testing.T) { s.test(&desk{T: t, ctx: t.Context(), store: open(t)}) })
	}
}

// desk is one test's store, with words for what tests do to it. Its clock stands still.
type desk struct {
	*testing.T
	ctx   context.Context
	store bot.Store
}

func noon() time.Time { return time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC) }

// fresh is a case that was never committed.
func fresh(id string) bot.Case {
	return bot.Case{ID: id, Ticket: bot.TicketOfID(id), Epoch: "life", Phase: bot.PhaseReading, Arrived: noon().Add(-time.Hour)}
}

// withEvent appends a ledger event to the change, as the engine does.
func withEvent(c bot.Change, kind string) bot.Change {
	e := ledger.Append(c.Case.ID, c.Case.Seq, c.Case.Head, c.Now, kind, map[string]string{"why": kind})
	c.Case.Seq, c.Case.Head = e.Seq, e.Hash
	c.Events = append(c.Events, e)
	return c
}

func change(c bot.Case) bot.Change { return bot.Change{Case: c, Now: noon()} }

// create commits a new record with one event.
func (d *desk) create(id string, more ...func(*bot.Change)) bot.Record {
	d.Helper()
	c := withEvent(change(fresh(id)), "arrived")
	for _, f := range more {
		f(&c)
	}
	d.must(d.store.Commit(d.ctx, c))
	return d.load(id)
}

// update changes the record as it is stored now.
func (d *desk) update(id string, f func(*bot.Change)) error {
	d.Helper()
	r := d.load(id)
	c := change(r.Case)
	c.Hint = r.Hint
	f(&c)
	return d.store.Commit(d.ctx, c)
}

func (d *desk) load(id string) bot.Record {
	d.Helper()
	r, err := d.store.Load(d.ctx, id)
	d.must(err)
	return r
}

// hintOf is the number of an id's last hint, whether it has a record or not.
func (d *desk) hintOf(id string) int64 {
	d.Helper()
	r, err := d.store.Load(d.ctx, id)
	if err != nil && !errors.Is(err, bot.ErrNotFound) {
		d.Fatal(err)
	}
	return r.Hint
}

// due are the ids with and without a record that somebody should look at now.
func (d *desk) due(now time.Time) []string {
	d.Helper()
	ids, err := d.store.Due(d.ctx, now, 1000)
	d.must(err)
	fresh, err := d.store.Newcomers(d.ctx, 1000)
	d.must(err)
	for _, n := range fresh {
		ids = append(ids, n.ID)
	}
	return ids
}

func (d *desk) holder(claim string) string {
	d.Helper()
	id, err := d.store.Claimed(d.ctx, claim)
	d.must(err)
	return id
}

func (d *desk) must(err error) {
	d.Helper()
	if err != nil {
		d.Fatal(err)
	}
}

func (d *desk) wantErr(err, target error) {
	d.Helper()
	if !errors.Is(err, target) {
		d.Fatalf("the error is %v, not one that is %q", err, target)
	}
}

func (d *desk) same(what string, got, want any) {
	d.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		d.Fatalf("%s differs (-want +got):\n%s", what, diff)
	}
}

// snapshot is all of a store that can be asked for, as far as it belongs to the ids and claims.
type snapshot struct {
	Records map[string]bot.Record
	Events  map[string][]ledger.Event
	Claims  map[string]string
	Due     []string
	Listed  []bot.Case
}

func (d *desk) snapshot(ids, claims []string) snapshot {
	d.Helper()
	s := snapshot{Records: map[string]bot.Record{}, Events: map[string][]ledger.Event{}, Claims: map[string]string{}}
	for _, id := range ids {
		r, err := d.store.Load(d.ctx, id)
		if err != nil && !errors.Is(err, bot.ErrNotFound) {
			d.Fatal(err)
		}
		s.Records[id] = r
		s.Events[id], err = d.store.Events(d.ctx, id)
		d.must(err)
	}
	for _, claim := range claims {
		s.Claims[claim] = d.holder(claim)
	}
	s.Due = d.due(noon().Add(1000 * time.Hour))
	s.Listed, _ = d.page(bot.Filter{}, "", 100)
	return s
}

func (d *desk) page(f bot.Filter, cursor string, limit int) ([]bot.Case, string) {
	d.Helper()
	cases, next, err := d.store.List(d.ctx, f, cursor, limit)
	d.must(err)
	return cases, next
}

// together calls f n times at once and returns the errors.
func together(n int, f func(i int) error) []error {
	var wg sync.WaitGroup
	start := make(chan struct{})
	errs := make([]error, n)
	for i := range n {
		wg.Go(func() {
			<-start
			errs[i] = f(i)
		})
	}
	close(start)
	wg.Wait()
	return errs
}

// tally counts the errors that are nil and those that are target; any other fails the test.
func (d *desk) tally(errs []error, target error) (done, refused int) {
	d.Helper()
	for _, err := range errs {
		switch {
		case err == nil:
			done++
		case errors.Is(err, target):
			refused++
		default:
			d.Fatalf("an error that is not %q: %v", target, err)
		}
	}
	return done, refused
}

func ticketID(n int) string { return fmt.Sprintf("t%d", n) }
