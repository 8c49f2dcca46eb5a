package bot

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/sirupsen/logrus"

	"privacydesk/connectors"
)

// Run does the current stage's work of a request in one system. It holds a
// token; whoever lost it changes nothing more.
func (e *Engine) Run(ctx context.Context, id, system string) error {
	t, err := e.load(ctx, id, "")
	if errors.Is(err, ErrNotFound) || errors.Is(err, ErrNewer) {
		return nil
	}
	if errors.Is(err, ErrDamaged) { // a step sets it aside
		return e.Queue.Step(ctx, id, "damaged")
	}
	if err != nil {
		return err
	}
	s, cfg := t.c.Systems[system], e.Systems[system]
	if s == nil || cfg.Connector == nil || s.Run.State != RunQueued || !t.c.works() {
		return nil // the hint is stale, or names a system that is configured elsewhere
	}
	token := newToken()
	if err := e.Store.Acquire(ctx, id, system, token, t.now, t.now.Add(e.Settings.Lease)); err != nil {
		if errors.Is(err, ErrConflict) {
			return nil
		}
		return fmt.Errorf("run %s/%s: %w", id, system, err)
	}
	defer e.release(ctx, id, system, token)
	w := &work{e: e, id: id, system: system, token: token, cfg: cfg}
	if err := w.begin(ctx); err != nil {
		if errors.Is(err, ErrConflict) || errors.Is(err, ErrNotFound) {
			return nil
		}
		return fmt.Errorf("run %s/%s: %w", id, system, err)
	}
	if err := w.do(ctx); err != nil {
		return fmt.Errorf("run %s/%s: %w", id, system, err)
	}
	return e.Queue.Step(ctx, id, "ran-"+token)
}

// work is one attempt of one run.
type work struct {
	e                 *Engine
	id, system, token string
	cfg               SystemConfig
	t                 *turn // as it was when the attempt began
	job               *connectors.Job
	known             *connectors.Finding // before this attempt
	searched          string
}

// result is what an attempt changes in its system's part of the record, and
// the identities it adds.
type result struct {
	apply  func(*System)
	yields []connectors.Identity
}

// begin takes the run: queued becomes running under our token.
func (w *work) begin(ctx context.Context) error {
	return w.commit(ctx, "", func(t *turn, s *System) error {
		if s.Run.State != RunQueued || !t.c.works() {
			return ErrConflict
		}
		s.Run.State, s.Run.Token, s.Run.Started = RunRunning, w.token, t.now
		s.Run.Attempt++
		if s.Run.Stage == StageErase && s.Begun.IsZero() {
			s.Begun = t.now
		}
		w.t = t
		return nil
	})
}

// commit changes the system's part of the newest record, as long as held is
// still the run's token there.
func (w *work) commit(ctx context.Context, held string, change func(*turn, *System) error) error {
	for {
		t, err := w.e.load(ctx, w.id, "")
		if err != nil {
			return err
		}
		current := t.c.Systems[w.system]
		if current == nil || current.Run.Token != held && held != "" {
			return ErrConflict
		}
		s := *current
		if err := change(t, &s); err != nil {
			return err
		}
		t.c.Systems = cloneSystems(t.c.Systems)
		t.c.Systems[w.system] = &s
		t.change.Runs = map[string]string{w.system: w.token}
		err = t.write(ctx)
		if !errors.Is(err, ErrConflict) || ctx.Err() != nil {
			return err
		}
		if err := w.e.Store.Holds(ctx, w.id, w.system, w.token, w.e.Clock()); errors.Is(err, connectors.ErrFenced) {
			return ErrConflict
		}
	}
}

func cloneSystems(m map[string]*System) map[string]*System {
	out := make(map[string]*System, len(m))
	for k, v := range m {
		out[k] = v
	}
	return out
}

// do works while the lease is kept alive, and records how it went.
func (w *work) do(ctx context.Context) error {
	alive, stop := w.e.keepAlive(ctx, w.id, w.system, w.token, w.e.Settings.Lease, w.cfg.Timeout)
	defer stop()
	started := w.e.Clock()
	res, err := w.stage(alive)
	stop()
	stage := w.t.c.Systems[w.system].Run.Stage
	w.e.Observe(Observation{Event: "run", Kind: w.t.c.Kind, System: w.system, Stage: stage, Failed: err != nil && !waits(err), Duration: w.e.Clock().Sub(started)})
	w.e.Failpoint("before-run-commit-" + string(stage))
	failure := err
	if failure != nil && ctx.Err() != nil {
		failure = errShutdown
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 20*time.Second)
	defer cancel()
	err = w.commit(ctx, w.token, func(t *turn, s *System) error { return w.record(ctx, t, s, res, failure) })
	w.e.Failpoint("after-run-commit-" + string(stage))
	if errors.Is(err, ErrConflict) {
		w.e.log(w.id).WithFields(logrus.Fields{"event": "overtaken", "system": w.system}).Warn("another worker took the run over; nothing more is changed")
		return nil
	}
	return err
}

// record puts a result or a failure into the record.
func (w *work) record(ctx context.Context, t *turn, s *System, res result, err error) error {
	data := map[string]string{"system": w.system, "stage": string(s.Run.Stage), "attempt": fmt.Sprint(s.Run.Attempt)}
	s.Run.Token, s.Run.Ended = "", t.now
	w.countChanged(t, s, data)
	if err != nil {
		w.fail(t, s, err, data)
		return nil
	}
	s.Run.State, s.Run.Fail = RunDone, nil
	res.apply(s)
	if p := w.job.Outcome.Pending; p != nil {
		s.Run.State, s.Run.NextAt = RunWaiting, p.Until
		data["pending"] = p.On
	}
	if len(res.yields) > 0 {
		secret, err := t.open(ctx)
		if err != nil {
			return err
		}
		if merged := connectors.MergeIdentities(secret.Identities, res.yields); !slices.Equal(merged, secret.Identities) {
			grown := *secret
			grown.Identities = merged
			t.seal(&grown)
		}
	}
	if n := len(s.Rescans); n > 0 && s.Run.Stage == StageRescan {
		data["late"] = fmt.Sprint(s.Rescans[n-1].Total())
	}
	if s.Run.Stage == StageRehearse {
		data["rehearsal"] = w.rehearsal()
	}
	t.event("ran", data)
	return nil
}

// countChanged notes what an attempt erased for good, however it ended; if the
// request was held meanwhile, the agents are told what the hold came too late
// for.
func (w *work) countChanged(t *turn, s *System, data map[string]string) {
	if w.job == nil || w.job.Outcome.Changed == 0 {
		return
	}
	s.Changed += w.job.Outcome.Changed
	data["changed"] = fmt.Sprint(w.job.Outcome.Changed)
	if t.c.Wait == nil || t.c.Wait.On != OnAgent {
		return
	}
	t.owe(Say{Message: "note_erased_meanwhile", Vars: map[string]string{"systems": fmt.Sprintf("%s: %d", w.e.label(w.system), w.job.Outcome.Changed)}, AddTags: []string{TagNeedsPerson}})
}

// fail decides whether to try again, later, or not.
func (w *work) fail(t *turn, s *System, err error, data map[string]string) {
	what := connectors.Plain(err)
	data["error"] = what
	kind, before := connectors.KindOf(err), s.Run.Fail
	s.Run.Fail = &Failure{Kind: kind, What: what}
	var stopped *stoppedError
	switch {
	case errors.Is(err, errShutdown):
		s.Run.State, s.Run.Fail = RunQueued, nil
		s.Run.Attempt--
	case waits(err):
		s.Run.State, s.Run.NextAt = RunWaiting, t.now.Add(w.e.Settings.Backoff*4)
		s.Run.Attempt--
	case errors.As(err, &stopped):
		s.Run.State, s.Run.Fail.What = RunFailed, string(stopped.reason)
	case kind == connectors.Credentials || kind == connectors.Misfit || kind == connectors.TooMuch || s.Run.Attempt >= w.e.Settings.MaxAttempts:
		s.Run.State = RunFailed
	default:
		s.Run.State, s.Run.NextAt = RunWaiting, t.now.Add(w.e.backoff(s.Run.Attempt))
	}
	if waits(err) && before != nil && before.What == what && data["changed"] == "" {
		return // it is asked every minute, for as long as a pause lasts: said once
	}
	t.event("run_failed", data)
	w.e.log(w.id).WithFields(logrus.Fields{"event": "run_failed", "system": w.system, "stage": string(s.Run.Stage), "state": string(s.Run.State)}).Warn(what)
}

// waits is true for what is no failure: the run may not go on yet.
func waits(err error) bool { return errors.Is(err, connectors.ErrPaused) || errors.Is(err, ErrMaster) }

// errShutdown: the worker was asked to stop; another takes the run up.
var errShutdown error = connectors.Said("the worker stops")

// stoppedError: what was read anew right before erasing forbids it.
type stoppedError struct{ reason Reason }

func (e *stoppedError) Error() string { return "stopped: " + string(e.reason) }

// Clean is the text: reasons are ours.
func (e *stoppedError) Clean() string { return e.Error() }
