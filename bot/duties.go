package bot

import (
	"context"
	"errors"
	"slices"
	"time"
)

// duty is something that a request owes at a time of its own, whatever phase
// it is in and whatever it waits for: a reminder, an alert, a further look.
// Duties are derived from the case whenever they are asked for; Case.Did
// remembers by name which were done.
type duty struct {
	name string
	at   time.Time
	// repeats is set for a duty that is not remembered as done: what it does
	// moves its time.
	repeats bool
	// keeps is set where the request's key is needed: forgetting waits.
	keeps bool
	// do changes the turn; whoever calls it notes the duty as done and commits.
	do func(context.Context, *turn) error
}

// duties are all that the case owes and has not done yet, the earliest first.
// Of several occasions for the same thing that passed unused, such as alerts
// during an outage, a source returns the last alone.
func (e *Engine) duties(c *Case, now time.Time) []duty {
	var out []duty
	for _, source := range []func(*Case, time.Time) []duty{
		e.acknowledging, e.reminding, e.alerting, e.escalating, e.confirming, e.progressing, e.rescanning, e.cleaning, e.removing, e.queueing,
	} {
		for _, d := range source(c, now) {
			if _, done := c.Did[d.name]; !done {
				out = append(out, d)
			}
		}
	}
	slices.SortStableFunc(out, func(a, b duty) int { return a.at.Compare(b.at) })
	return out
}

// dueDuty is the first one whose time has come.
func (e *Engine) dueDuty(t *turn) (duty, bool) {
	all := e.duties(t.c, t.now)
	if len(all) == 0 || all[0].at.After(t.now) {
		return duty{}, false
	}
	return all[0], true
}

// perform does one duty, once.
func (e *Engine) perform(ctx context.Context, t *turn, d duty) (bool, error) {
	err := d.do(ctx, t)
	if errors.Is(err, errPutOff) {
		return true, t.commit(ctx)
	}
	if err != nil {
		return false, err
	}
	if !d.repeats {
		t.did(d.name)
	}
	return true, t.commit(ctx)
}

// did notes a duty as done.
func (t *turn) did(name string) {
	done := make(map[string]time.Time, len(t.c.Did)+1)
	for k, v := range t.c.Did {
		done[k] = v
	}
	done[name] = t.now
	t.c.Did = done
}

// soonest is when a resting request has to be looked at again: at wake (zero:
// when a hint comes), or at its next duty.
func (e *Engine) soonest(c *Case, now, wake time.Time) time.Time {
	if all := e.duties(c, now); len(all) > 0 && (wake.IsZero() || all[0].at.Before(wake)) {
		return all[0].at
	}
	return wake
}

// occasions are the days after a moment on which something is owed: the last
// that has come, and all that are still to come. days are in order.
func occasions(days []int, from, now time.Time, owed func(day int, at time.Time) duty) []duty {
	var out []duty
	for _, day := range days {
		at := from.AddDate(0, 0, day)
		if !at.After(now) {
			out = out[:0]
		}
		out = append(out, owed(day, at))
	}
	return out
}
