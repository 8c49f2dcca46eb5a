// Package decorate wraps connectors: Retry, Limit and Log stand round any of
// them, so that none has to carry the like inside.
package decorate

import (
	"context"
	"errors"
	"time"

	"privacydesk/connectors"
)

// RetryPolicy says how often and how patiently a call is made again.
type RetryPolicy struct {
	// Attempts is the number of calls in all; below 2 nothing is repeated.
	Attempts int
	// First is the wait before the second attempt; it doubles each time.
	First time.Duration
	// Most bounds one wait. When the system asks for a longer one, the call
	// is given up: the engine waits better than a goroutine does.
	Most time.Duration
	// Sleep waits for d or until ctx ends, whose error it then returns. nil
	// stands for a timer.
	Sleep func(ctx context.Context, d time.Duration) error
}

// Retry repeats what failed with connectors.Transient: Check, Locate, Rehearse
// and Erase as a whole, and of their jobs those alone that failed so. Gather is
// never repeated, because its sink has taken a part already; the engine
// begins another attempt with a fresh one.
func Retry(c connectors.Connector, policy RetryPolicy) connectors.Connector {
	if policy.Sleep == nil {
		policy.Sleep = sleep
	}
	return &retrying{Connector: c, policy: policy}
}

type retrying struct {
	connectors.Connector
	policy RetryPolicy
}

func (r *retrying) Check(ctx context.Context) (problems []connectors.Problem, err error) {
	err = r.policy.run(ctx, func() error {
		problems, err = r.Connector.Check(ctx)
		return err
	})
	return problems, err
}

func (r *retrying) Locate(ctx context.Context, jobs []*connectors.Job) error {
	return r.jobs(ctx, jobs, r.Connector.Locate)
}

func (r *retrying) Erase(ctx context.Context, jobs []*connectors.Job) error {
	return r.jobs(ctx, jobs, r.Connector.Erase)
}

func (r *retrying) Rehearse(ctx context.Context, jobs []*connectors.Job) error {
	return r.jobs(ctx, jobs, r.Connector.Rehearse)
}

// jobs repeats a call for as long as it, or one of its jobs, fails in a way
// that passes. Jobs keep their first failure, so each attempt gets copies.
func (r *retrying) jobs(ctx context.Context, jobs []*connectors.Job, call func(context.Context, []*connectors.Job) error) error {
	open := jobs
	var copies []*connectors.Job
	var whole error // how the last call as a whole ended
	_ = r.policy.run(ctx, func() error {
		copies = make([]*connectors.Job, len(open))
		for i, j := range open {
			copies[i] = again(j)
		}
		if whole = call(ctx, copies); whole != nil {
			takeFindings(open, copies)
			return whole
		}
		open, copies = settle(open, copies)
		takeFindings(open, copies)
		return worst(copies)
	})
	if whole != nil {
		return whole // it says nothing about any job
	}
	for i, j := range open {
		j.Outcome = copies[i].Outcome
		j.Fail(copies[i].Err())
	}
	return nil
}

// again is a job with the same members and no failure.
func again(j *connectors.Job) *connectors.Job {
	return &connectors.Job{
		ID: j.ID, Subject: j.Subject, Finding: j.Finding, Sink: j.Sink,
		Guard: j.Guard, Progress: j.Progress, Mask: j.Mask, After: j.After, Outcome: j.Outcome,
	}
}

// settle takes over what succeeded or failed for good, and returns the rest.
func settle(jobs, copies []*connectors.Job) (open, openCopies []*connectors.Job) {
	for i, c := range copies {
		if passes(c.Err()) {
			open, openCopies = append(open, jobs[i]), append(openCopies, c)
			continue
		}
		jobs[i].Finding, jobs[i].Outcome = c.Finding, c.Outcome
		if c.Err() != nil {
			jobs[i].Fail(c.Err())
		}
	}
	return open, openCopies
}

// takeFindings keeps what a failed attempt found: a finding only grows.
func takeFindings(jobs, copies []*connectors.Job) {
	for i, c := range copies {
		if c.Finding.Covers(jobs[i].Finding) {
			jobs[i].Finding = c.Finding
		}
	}
}

// worst is the failure that asks for the longest wait.
func worst(jobs []*connectors.Job) error {
	var out error
	for _, j := range jobs {
		if out == nil || asked(j.Err()) > asked(out) {
			out = j.Err()
		}
	}
	return out
}

func (p RetryPolicy) run(ctx context.Context, call func() error) error {
	wait := p.First
	for attempt := 1; ; attempt++ {
		err := call()
		if !passes(err) || attempt >= p.Attempts || ctx.Err() != nil {
			return err
		}
		pause := max(wait, asked(err))
		if p.Most > 0 && asked(err) > p.Most {
			return err
		}
		if p.Most > 0 {
			pause = min(pause, p.Most)
		}
		if stopped := p.Sleep(ctx, pause); stopped != nil {
			return err
		}
		wait *= 2
	}
}

// passes reports whether err may be gone the next time. Guards and the
// caller's own cancellation are final, whatever kind wraps them.
func passes(err error) bool {
	return connectors.KindOf(err) == connectors.Transient &&
		!errors.Is(err, connectors.ErrFenced) && !errors.Is(err, connectors.ErrPaused) &&
		!errors.Is(err, context.Canceled)
}

func asked(err error) time.Duration {
	var e *connectors.Error
	if errors.As(err, &e) {
		return e.After
	}
	return 0
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
