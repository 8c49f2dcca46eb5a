package bot

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/sirupsen/logrus"

	"privacydesk/connectors"
)

// Engine moves requests on. Step and Run may be called by any number of
// processes, any number of times, at any moment; what they find in the store,
// the spool and the ticket decides what they do.
type Engine struct {
	Options
	fitness fitness
	scout   scout
}

// NewEngine checks that the parts are there.
func NewEngine(o Options) (*Engine, error) {
	missing := map[string]bool{
		"Desk": o.Desk == nil, "Store": o.Store == nil, "Queue": o.Queue == nil,
		"Directory": o.Directory == nil, "Spool": o.Spool == nil, "Keys": o.Keys == nil, "Stable": o.Stable == nil,
		"Reporter": o.Reporter == nil, "Messages": o.Messages == nil, "Log": o.Log == nil,
		"Clock": o.Clock == nil, "Settings.Since": o.Settings.Since.IsZero(),
		"Settings.Location": o.Settings.Location == nil,
	}
	var errs []error
	for name, gone := range missing {
		if gone {
			errs = append(errs, fmt.Errorf("engine: %s is not set", name))
		}
	}
	if o.Guarded == nil {
		o.Guarded = func(f func() error) error { return f() }
	}
	if o.Observe == nil {
		o.Observe = func(Observation) {}
	}
	if o.AtHome == nil {
		o.AtHome = func(context.Context) error { return nil }
	}
	if o.Patient == nil {
		o.Patient = o.Desk
	}
	if o.Failpoint == nil {
		o.Failpoint = func(string) {}
	}
	if _, has := o.Store.(stops); !has {
		o.Store = WithStops(o.Store, o.Stable)
	}
	if o.Settings.StepTimeout == 0 {
		o.Settings.StepTimeout = stepTimeout
	}
	return &Engine{Options: o}, errors.Join(errs...)
}

// maxPieces bounds one Step: a request that still moves after that goes on in
// the next one.
const maxPieces = 40

// stepTimeout bounds one Step, the writing and sending of a large report
// included.
const stepTimeout = time.Hour

// Step does the request's next pieces until it has to wait for somebody. It
// is the only thing that moves a request on. Business failures are recorded
// in the request; an error means that the record could not be reached.
func (e *Engine) Step(ctx context.Context, id string) error {
	if TicketOfID(id) == 0 {
		return fmt.Errorf("step: %q is not the id of a request", id)
	}
	token, now := newToken(), e.Clock()
	if err := e.Store.Acquire(ctx, id, "", token, now, now.Add(e.Settings.StepLease)); err != nil {
		switch {
		case errors.Is(err, ErrConflict):
			return nil // somebody is at it; the hint stays due
		case errors.Is(err, ErrNewer):
			e.log(id).WithField("event", "newer").Warn(connectors.Plain(err))
			return nil // nothing is changed; a newer replica finds it due
		}
		return fmt.Errorf("step %s: %w", id, err)
	}
	whole := ctx
	ctx, stop := e.keepAlive(ctx, id, "", token, e.Settings.StepLease, e.Settings.StepTimeout)
	defer func() {
		overlong := errors.Is(ctx.Err(), context.DeadlineExceeded) && whole.Err() == nil
		stop()
		if !overlong { // else the lease runs out, and the next step counts it
			e.release(whole, id, "", token)
		}
	}()
	for range maxPieces {
		more, err := e.piece(ctx, id, token)
		switch {
		case errors.Is(err, ErrConflict), errors.Is(err, ErrStale):
			if err := ctx.Err(); err != nil {
				return err
			}
		case err != nil:
			return fmt.Errorf("step %s: %w", id, err)
		case !more:
			return nil
		}
	}
	return e.Queue.Step(ctx, id, "more-"+token)
}

// piece loads the record, does one thing and commits it.
func (e *Engine) piece(ctx context.Context, id, token string) (more bool, err error) {
	t, err := e.load(ctx, id, token)
	if errors.Is(err, ErrNotFound) {
		if err := errors.Join(e.AtHome(ctx), e.goesByNewest(ctx)); errors.Is(err, errOlderRules) {
			return false, nil // it stays as it is, for a newer replica
		} else if err != nil {
			return false, err
		}
		more, err := e.guarded(func() (bool, error) { return e.admit(ctx, t) })
		if err == nil || errors.Is(err, ErrConflict) || errors.Is(err, ErrStale) || ctx.Err() != nil {
			return more, err
		}
		return false, errors.Join(e.abandon(ctx, t), e.setAside(ctx, t, err))
	}
	if errors.Is(err, ErrNewer) {
		return false, err
	}
	if errors.Is(err, ErrDamaged) {
		return true, e.setDamagedAside(ctx, id, token)
	}
	if err != nil {
		return false, errors.Join(err, e.Store.Defer(ctx, id, -1, e.Clock().Add(e.Settings.MaxBackoff)))
	}
	if counted, err := e.countDeaths(ctx, t); counted || err != nil {
		return counted, err
	}
	more, err = e.guarded(func() (bool, error) { return e.advance(ctx, t) })
	if err == nil || errors.Is(err, ErrNewer) || errors.Is(err, ErrConflict) || errors.Is(err, ErrStale) || ctx.Err() != nil {
		return more, err
	}
	if errors.Is(err, errOlderRules) {
		return false, e.Store.Defer(ctx, id, t.stored.Hint, t.now.Add(e.Settings.Backoff*4))
	}
	var behind *setBackError
	if errors.As(err, &behind) {
		return e.catchUp(ctx, id, token, behind)
	}
	if forgets, ferr := e.keyLost(ctx, id, token, err); forgets || ferr != nil {
		return forgets, ferr
	}
	return false, e.backOff(ctx, id, token, err)
}

// ErrPanicked stands for a panic that was logged: a defect of ours.
var ErrPanicked error = connectors.Said("a defect of privacydesk's own; its log has the place")

// guarded lets a panic count as the failure of a step: it is tried again more
// and more seldom, and told.
func (e *Engine) guarded(f func() (bool, error)) (more bool, err error) {
	err = e.Guarded(func() (err error) {
		more, err = f()
		return err
	})
	return more, err
}

// advance decides what the record needs next.
func (e *Engine) advance(ctx context.Context, t *turn) (bool, error) {
	c := t.c
	if !c.Forgetting.IsZero() {
		return e.forget(ctx, t)
	}
	if c.Dead > 0 {
		return e.barely(ctx, t)
	}
	// After some looks that failed, what is owed goes before the next one.
	failing := !c.Failing.IsZero() && c.Attempts >= e.Settings.MaxAttempts
	if t.hinted() && !c.Failing.IsZero() && t.now.Before(c.Wake) {
		return false, e.Store.Defer(ctx, c.ID, t.stored.Hint, c.Wake) // the last look failed
	}
	if t.hinted() && !failing {
		return e.look(ctx, t)
	}
	if next := t.nextBatch(); len(next) > 0 {
		return e.deliver(ctx, t, next)
	}
	if c.Resolution != "" && len(c.Owed) == 0 && !c.ended() {
		t.end()
		return true, t.commit(ctx)
	}
	if d, due := e.dueDuty(t); due {
		return e.perform(ctx, t, d)
	}
	if t.hinted() {
		return e.look(ctx, t)
	}
	if c.Wait != nil {
		return e.waiting(ctx, t)
	}
	if held, err := e.heldAgain(ctx, t); err != nil || held {
		return held, err
	}
	if e.needsTurn(c) {
		return e.takeTurn(ctx, t)
	}
	switch c.Phase {
	case PhaseReading:
		return e.read(ctx, t)
	case PhaseLocating:
		return e.locating(ctx, t)
	case PhaseWorking:
		return e.working(ctx, t)
	case PhaseClosing:
		return e.closing(ctx, t)
	case PhaseDone:
		if c.Stage == StageRescan {
			return e.rescanned(ctx, t)
		}
		return e.forgetting(ctx, t)
	case PhaseForgotten:
		return e.purging(ctx, t)
	}
	return false, fmt.Errorf("request %s: unknown phase %q", c.ID, c.Phase)
}

// look takes in what happened on the ticket.
func (e *Engine) look(ctx context.Context, t *turn) (bool, error) {
	if t.c.ended() {
		return e.afterwards(ctx, t)
	}
	return e.observe(ctx, t)
}

// waiting resumes a wait whose time has come.
func (e *Engine) waiting(ctx context.Context, t *turn) (bool, error) {
	w := t.c.Wait
	switch {
	case w.Reason == ReasonLegalHold: // it may be lifted at any time
		if lifted, err := e.lifted(ctx, t.c); err != nil || !lifted {
			w.Until = t.now.Add(legalEvery)
			return false, errors.Join(err, t.rest(ctx, w.Until))
		}
	case e.unshown(t.c): // it is asked anew, in a note of what is stored now
	case w.Until.IsZero() || t.now.Before(w.Until):
		return false, t.rest(ctx, w.Until)
	case w.Reason == ReasonTurn:
		return e.takeTurn(ctx, t)
	case w.On == OnRequest:
		if busy, err := e.otherBusy(ctx, t.c); err != nil || busy {
			w.Until = t.now.Add(e.Settings.Backoff * 4)
			return false, errors.Join(err, t.rest(ctx, w.Until))
		}
	}
	t.c.Wait = nil
	t.event("resumed", map[string]string{"from": string(w.On), "reason": string(w.Reason)})
	return true, t.commit(ctx)
}

// otherBusy is true while the other request on the subject, for which this
// one waits, is still open.
func (e *Engine) otherBusy(ctx context.Context, c *Case) (bool, error) {
	claims := erasingClaims(c)
	if c.Kind == KindDelete {
		claims = openClaims(c, KindAccess)
	}
	holder, err := e.holder(ctx, c, claims)
	return holder != "", err
}

// holder is the first other request that holds any of the claims, or "".
func (e *Engine) holder(ctx context.Context, c *Case, claims []string) (string, error) {
	for _, claim := range claims {
		holder, err := e.Store.Claimed(ctx, claim)
		if err != nil {
			return "", fmt.Errorf("claim: %w", err)
		}
		if holder != "" && holder != c.ID {
			return holder, nil
		}
	}
	return "", nil
}

// Sweep enqueues a step for everything whose time has come, and calls in
// tickets that are new. It makes up for any hint that a queue lost. One process
// at a time is enough; two do no harm.
func (e *Engine) Sweep(ctx context.Context) error {
	const page = 500
	now := e.Clock()
	newErr := e.callIn(ctx, now)
	ids, err := e.Store.Due(ctx, now, page)
	if err != nil {
		return errors.Join(newErr, fmt.Errorf("sweep: %w", err))
	}
	// The same key while a hint waits, so that slow workers are not flooded;
	// another after a step's lease, should the queue have lost it or its
	// worker have died with it.
	key := fmt.Sprintf("sweep-%d", now.Unix()/max(int64(e.Settings.StepLease.Seconds()), 1))
	for _, id := range ids {
		if err := e.Queue.Step(ctx, id, key); err != nil {
			return fmt.Errorf("sweep: %w", err)
		}
	}
	if newErr != nil {
		return fmt.Errorf("sweep: %w", newErr)
	}
	return nil
}

// newToken names a lease; it is random, so that a store that was set back
// can't issue one twice.
func newToken() string { return rand.Text() }

func (e *Engine) log(id string) logrus.FieldLogger { return e.Log.WithField("request", id) }
