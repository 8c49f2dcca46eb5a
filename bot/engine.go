package bot

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/sirupsen/logrus"

	"privacydesk/bot/messages"
	"privacydesk/bot/policy"
	"privacydesk/bot/reading"
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

// Options are the engine's parts and settings.
type Options struct {
	Desk Desk
	// Patient is the desk for what can wait; Desk if nil.
	Patient   Desk
	Store     Store
	Queue     Queue
	Directory Directory
	Spool     Spool
	Keys      Keys
	Reporter  Reporter
	Messages  *messages.Catalog
	Systems   map[string]SystemConfig
	Log       logrus.FieldLogger
	Clock     func() time.Time
	// Observe is told what metrics count; nil for nobody.
	Observe func(Observation)
	// Failpoint is called by name around each step that must survive a crash;
	// only tests set it.
	Failpoint func(name string)
	Settings  Settings
}

// SystemConfig is one configured system.
type SystemConfig struct {
	Connector connectors.Connector
	Kind      connectors.Kind
	Label     string
	// Controller systems hold the vendor's own data: a tenant's request never
	// reaches them.
	Controller bool
	// Tenant spells one of our tenants as this system does; an error or ""
	// means that the system does not know it, and the request is held.
	Tenant func(tenant string) (string, error)
	// Timeout bounds one run.
	Timeout time.Duration
	// BackupsFor is how long the system's backups last, for certificates; 0 if
	// nobody said so.
	BackupsFor time.Duration
}

// Settings are the engine's numbers. Zero values are not usable: the
// configuration declares the defaults.
type Settings struct {
	Since       time.Time // tickets older than this never execute
	Reading     reading.Rules
	TenantField int64 // the ticket field that names the tenant; 0 for none
	// ReferenceField holds the customer's own reference, AskedOnField the date
	// on which the consumer asked them; 0 for none.
	ReferenceField, AskedOnField int64
	Deletes                      policy.Rules
	// Integrations name what syncs into the systems and is not erased.
	Integrations  []string
	DueDays       int
	StatutoryDays int // calendar days that the customer has
	// Reminders of a question and, after it, CloseAfter are days after it;
	// Alerts are days after an arrival of a request that has DueDays. All are
	// in order.
	Reminders   []int
	CloseAfter  int
	Alerts      []int
	RepeatDays  int // within which an earlier answer is mentioned; 0: never
	Location    *time.Location
	Lease       time.Duration // of a run's worker; renewed at a third
	StepLease   time.Duration
	Backoff     time.Duration // the first; doubles up to MaxBackoff
	MaxBackoff  time.Duration
	MaxAttempts int           // of a run, before it counts as failed
	MaxRounds   int           // of locating
	CheckEvery  time.Duration // how long a connector's Check is believed
	ForgetAfter time.Duration // after the end: key and spool are destroyed
	KeepRecords time.Duration // after the end: case and ledger are removed, too
	PartSize    int64         // bytes of one attachment
	MaxParts    int
	MaxAsked    int // questions before an agent takes over
	Controller  ControllerSettings
	FirstLooks  int // tickets without a record that are read at once
	// AtOncePerTenant is how many requests of one tenant are worked at at once,
	// AnswersPerHour how many public answers one requester gets; 0 for any.
	AtOncePerTenant int
	AnswersPerHour  int
	// ShowsProgress is true where tickets have a field for it.
	ShowsProgress bool
	// CleanTicket lets what is personal go from tickets; DeleteTicket deletes
	// those of forgotten requests for good.
	CleanTicket, DeleteTicket bool
	Version                   string
}

// ControllerSettings let consumers file directly, about what the vendor holds
// as the controller. The zero value is off.
type ControllerSettings struct {
	Tenant  string        // the vendor's own, by our spelling; "" for off
	BaseURL string        // where the web server is reached, https, without a slash at the end
	LinkTTL time.Duration // how long a link can be followed
	PerDay  int64         // links for one address a day
}

// Observation is something that metrics count.
type Observation struct {
	Event    string // "run", "done", "held"
	Kind     Kind
	System   string
	Stage    Stage
	Failed   bool
	Duration time.Duration
}

// NewEngine checks that the parts are there.
func NewEngine(o Options) (*Engine, error) {
	missing := map[string]bool{
		"Desk": o.Desk == nil, "Store": o.Store == nil, "Queue": o.Queue == nil,
		"Directory": o.Directory == nil, "Spool": o.Spool == nil, "Keys": o.Keys == nil,
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
	if o.Observe == nil {
		o.Observe = func(Observation) {}
	}
	if o.Patient == nil {
		o.Patient = o.Desk
	}
	if o.Failpoint == nil {
		o.Failpoint = func(string) {}
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
		if errors.Is(err, ErrConflict) {
			return nil // somebody is at it; the hint stays due
		}
		return fmt.Errorf("step %s: %w", id, err)
	}
	defer e.release(ctx, id, "", token)
	ctx, stop := e.keepAlive(ctx, id, "", token, e.Settings.StepLease, stepTimeout)
	defer stop()
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
		more, err := e.admit(ctx, t)
		if err == nil || errors.Is(err, ErrConflict) || errors.Is(err, ErrStale) || ctx.Err() != nil {
			return more, err
		}
		return false, e.setAside(ctx, t, err)
	}
	if err != nil {
		return false, errors.Join(err, e.Store.Defer(ctx, id, -1, e.Clock().Add(e.Settings.MaxBackoff)))
	}
	more, err = e.advance(ctx, t)
	if err == nil || errors.Is(err, ErrConflict) || errors.Is(err, ErrStale) || ctx.Err() != nil {
		return more, err
	}
	return false, e.backOff(ctx, id, token, err)
}

// advance decides what the record needs next.
func (e *Engine) advance(ctx context.Context, t *turn) (bool, error) {
	c := t.c
	if t.hinted() {
		switch {
		case c.Attempts > 0 && t.now.Before(c.Wake):
			return false, e.Store.Defer(ctx, c.ID, t.stored.Hint, c.Wake) // the last look failed
		case c.ended():
			return e.afterwards(ctx, t)
		}
		return e.observe(ctx, t)
	}
	if i := t.nextOwed(); i >= 0 {
		return e.deliver(ctx, t, i)
	}
	if c.Resolution != "" && len(c.Owed) == 0 && !c.ended() {
		t.end()
		return true, t.commit(ctx)
	}
	if d, due := e.dueDuty(t); due {
		return e.perform(ctx, t, d)
	}
	if c.Wait != nil {
		return e.waiting(ctx, t)
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

// waiting resumes a wait whose time has come.
func (e *Engine) waiting(ctx context.Context, t *turn) (bool, error) {
	w := t.c.Wait
	switch {
	case w.Reason == ReasonLegalHold: // it may be lifted at any time
		if lifted, err := e.lifted(ctx, t.c); err != nil || !lifted {
			w.Until = t.now.Add(legalEvery)
			return false, errors.Join(err, t.rest(ctx, w.Until))
		}
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

// backOff records that a piece failed for a reason outside, and when to try
// again.
func (e *Engine) backOff(ctx context.Context, id, token string, cause error) error {
	t, err := e.load(ctx, id, token)
	if err != nil {
		return errors.Join(cause, err)
	}
	t.c.Attempts++
	wait := e.backoff(t.c.Attempts)
	if errors.Is(cause, ErrUnknown) {
		// Stamps are whole seconds: a lost write that lands late must find
		// another stamp than the one it was sent under.
		wait = max(wait, 3*time.Second)
	}
	e.log(id).WithFields(logrus.Fields{"event": "retry", "attempt": t.c.Attempts, "in": wait.String()}).Warn(scrub(cause))
	failing := t.c.Attempts >= e.Settings.MaxAttempts && !outside(cause)
	switch {
	case len(t.c.Owed) > 0 && (failing && t.c.ended() || t.overdue()):
		// Nobody releases what is done, and forgetting waits for no note for
		// ever: one that can't be said is dropped.
		t.event("unsaid", map[string]string{"step": t.c.Owed[0].Step, "why": string(ReasonStepFailed)})
		t.c.Owed = slices.Clone(t.c.Owed[1:])
		t.c.Attempts = 0
	case failing && !t.c.ended() && t.hold(ReasonStepFailed):
		t.note("note_held", map[string]string{"reason": string(ReasonStepFailed), "systems": scrub(cause)})
	}
	t.c.Wake = t.now.Add(wait) // no duty is done before
	return t.write(ctx)
}

// setAside lets a ticket that could not be read go behind the others, the longer
// the more often that happened.
func (e *Engine) setAside(ctx context.Context, t *turn, cause error) error {
	wait := e.backoff(t.stored.Deferred + 1)
	e.log(t.c.ID).WithFields(logrus.Fields{"event": "retry", "attempt": t.stored.Deferred + 1, "in": wait.String()}).Warn(scrub(cause))
	if err := e.Store.Defer(ctx, t.c.ID, t.stored.Hint, e.Clock().Add(wait)); err != nil {
		return errors.Join(cause, err)
	}
	return nil
}

// outside is true for failures of the desk and of the process's own end: they
// pass, and telling the ticket of them would not work.
func outside(err error) bool {
	for _, kind := range []error{ErrUnavailable, ErrUnknown, ErrStale, context.Canceled, context.DeadlineExceeded} {
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
