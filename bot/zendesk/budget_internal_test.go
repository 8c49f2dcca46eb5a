package zendesk

import (
	"testing"
	"time"
)

// TestWaitingForOneBucketEmptiesNoOther: who asks again and again while the
// account's updates or calls are used up has spent nothing of the ticket's, or
// of those calls that can't wait.
func TestWaitingForOneBucketEmptiesNoOther(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	b := newBudget(Options{RequestsPerMinute: 60, UpdatesPerMinute: 4}, nil)
	for name, ask := range map[string]func(at time.Time) time.Duration{
		"updates": func(at time.Time) time.Duration { return b.update(t.Context(), at, 7, false) },
		"calls":   func(at time.Time) time.Duration { return b.take(t.Context(), at, false) },
	} {
		first := ask(now)
		for first == 0 { // until it is empty
			first = ask(now)
		}
		last := first
		for range 100 {
			last = ask(now)
		}
		if last != first {
			t.Errorf("%s: who asked once waits %s, who asked a hundred times %s", name, first, last)
		}
		if again := ask(now.Add(first)); again != 0 {
			t.Errorf("%s: after the %s that it was told to wait it waits %s more", name, first, again)
		}
	}
}

// TestWhoJustStartedFillsNoBucket: a replica that has not yet seen an answer
// knows of no limit, and its first call leaves the others' bucket as it was.
func TestWhoJustStartedFillsNoBucket(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	var shared ownPurse
	old, fresh := newBudget(Options{RequestsPerMinute: 60}, &shared), newBudget(Options{}, &shared)
	for spent := false; !spent; {
		spent = old.take(t.Context(), now, false) > 0
	}
	now = now.Add(100 * time.Millisecond)
	if wait := fresh.take(t.Context(), now, false); wait != 0 {
		t.Errorf("who knows of no limit waits %s", wait)
	}
	if old.take(t.Context(), now, false) == 0 {
		t.Error("the empty bucket was full again")
	}
	fresh.rest(t.Context(), bucketCalls, now, time.Minute)
	if wait := fresh.take(t.Context(), now, false); wait != time.Minute {
		t.Errorf("in a rest it waits %s", wait)
	}
}
