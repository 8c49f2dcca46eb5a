package bot

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/sirupsen/logrus"

	"privacydesk/connectors"
)

// backOff records that a piece failed for a reason outside, and when to try
// again.
func (e *Engine) backOff(ctx context.Context, id, token string, cause error) error {
	t, err := e.load(ctx, id, token)
	if err != nil {
		return errors.Join(cause, err)
	}
	t.c.Attempts++
	t.failed = true
	wait := e.backoff(t.c.Attempts)
	if errors.Is(cause, ErrMaster) {
		wait = e.backoff(1) // a replica that has the master goes on meanwhile
	}
	if errors.Is(cause, ErrUnknown) {
		// Stamps are whole seconds: a lost write that lands late must find
		// another stamp than the one it was sent under.
		wait = max(wait, 3*time.Second)
	}
	e.log(id).WithFields(logrus.Fields{"event": "retry", "attempt": t.c.Attempts, "in": wait.String()}).Warn(connectors.Plain(cause))
	failing := t.c.Attempts >= e.Settings.MaxAttempts && !outside(cause)
	switch {
	case len(t.c.Owed) > 0 && (failing && t.c.ended() || t.overdue()):
		// Nobody releases what is done, and forgetting waits for no note for
		// ever: one that can't be said is dropped.
		t.event("unsaid", map[string]string{"step": t.c.Owed[0].Step, "why": string(ReasonStepFailed)})
		t.c.Owed = slices.Clone(t.c.Owed[1:])
		t.c.Attempts = 0
	case failing && !t.c.ended() && !errors.Is(cause, ErrDeclined) && t.hold(ReasonStepFailed):
		before := len(t.c.Owed)
		t.note("note_held", map[string]string{"reason": string(ReasonStepFailed), "systems": connectors.Plain(cause)})
		if len(t.c.Owed) > before {
			t.sooner(0) // what is owed already may be what fails
		}
	}
	e.cantWrite(ctx, t, cause)
	if w := t.c.Wait; w.declines() && w.Until.After(t.now) {
		wait = w.Until.Sub(t.now)
	}
	t.c.Wake = t.now.Add(wait) // no duty is done before
	return t.write(ctx)
}

// setAside lets a ticket that could not be read go behind the others, the longer
// the more often that happened.
func (e *Engine) setAside(ctx context.Context, t *turn, cause error) error {
	wait := e.backoff(t.stored.Deferred + 1)
	e.log(t.c.ID).WithFields(logrus.Fields{"event": "retry", "attempt": t.stored.Deferred + 1, "in": wait.String()}).Warn(connectors.Plain(cause))
	if err := e.Store.Defer(ctx, t.c.ID, t.stored.Hint, e.Clock().Add(wait)); err != nil {
		return errors.Join(cause, err)
	}
	return nil
}

// outside is true for failures of the desk and of the process's own end: they
// pass, and telling the ticket of them would not work.
func outside(err error) bool {
	for _, kind := range []error{ErrUnavailable, ErrUnknown, ErrMaster, ErrStale, context.Canceled, context.DeadlineExceeded} {
		if errors.Is(err, kind) {
			return true
		}
	}
	return false
}

// backoff is the pause before the next attempt.
func (e *Engine) backoff(attempt int) time.Duration {
	d := e.Settings.Backoff
	for i := 1; i < attempt && d < e.Settings.MaxBackoff; i++ {
		d *= 2
	}
	return min(d, e.Settings.MaxBackoff)
}
