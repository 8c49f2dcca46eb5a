package sqldb

import (
	"context"
	"crypto/sha256"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"privacydesk/connectors"
	"privacydesk/connectors/walk"
)

// A rehearsal keeps locks on rows that others may want, so it is short: what
// does not get through in that time is not known, and no fault.
const (
	rehearsalLock      = 2 * time.Second
	rehearsalStatement = 10 * time.Second
	rehearsalWhole     = 30 * time.Second
)

// Rehearse tries each job's erase on its rows, and rolls it back.
func (c *connector) Rehearse(ctx context.Context, jobs []*connectors.Job) error {
	return c.visit(ctx, "rehearse", c.o.StatementTimeout, func(v *visit) error {
		return connectors.Each(ctx, jobs, func(ctx context.Context, j *connectors.Job) error {
			open, err := v.rehearse(ctx, j)
			for _, p := range open {
				j.Outcome.Notes = append(j.Outcome.Notes, p.Where+": "+p.What)
			}
			return err
		})
	})
}

// rehearse does in one transaction, which is rolled back, what Erase does. It
// returns why it was not done, or not to its end; what the database refuses
// is the error.
func (v *visit) rehearse(ctx context.Context, j *connectors.Job) ([]connectors.Problem, error) {
	if j.Guard == nil {
		return nil, noGuard(v.op)
	}
	steps, err := v.plan.Erases(j.Subject.Tenant, j.Finding)
	if err != nil {
		return nil, v.fail(ctx, v.op, err)
	}
	if err := v.unhindered(ctx, steps); err != nil {
		return nil, err
	}
	if open, err := v.irreversible(steps); err != nil || len(open) > 0 {
		return open, err
	}
	if err := v.granted(ctx, j, v.op); err != nil {
		return nil, err
	}
	bounded, cancel := context.WithTimeout(ctx, rehearsalWhole)
	defer cancel()
	err = v.rolledBack(bounded, j, steps)
	if late := tooLate(ctx, bounded, err); late != "" {
		return []connectors.Problem{{
			Severity: connectors.SeverityNote, Where: v.env.System, What: "the delete was not rehearsed to its end: " + late,
			Mend: "try again when fewer are at work",
		}}, nil
	}
	return nil, err
}

// tooLate is what took longer than a rehearsal may, or "". What the guard says
// is never that.
func tooLate(ctx, bounded context.Context, err error) string {
	what, _ := whatOf(err)
	switch {
	case err == nil, ctx.Err() != nil, errors.Is(err, connectors.ErrPaused), errors.Is(err, connectors.ErrFenced):
		return ""
	case bounded.Err() != nil:
		return "it took longer than " + strconv.Itoa(int(rehearsalWhole.Seconds())) + " seconds"
	case slices.Contains([]string{wordsLocked, wordsMet, wordsSlow, wordsBusyFile, errLockHeld.Error()}, what):
		return what
	default:
		return ""
	}
}

// rolledBack does the steps on a connection of its own, whose end is the end
// of the transaction too.
func (v *visit) rolledBack(ctx context.Context, j *connectors.Job, steps []walk.EraseStep) error {
	o := v.o
	o.LockTimeout, o.StatementTimeout = min(o.LockTimeout, rehearsalLock), min(o.StatementTimeout, rehearsalStatement)
	s, err := v.d.open(ctx, &o, o.StatementTimeout)
	if err != nil {
		return v.fail(ctx, v.op, err)
	}
	defer s.close()
	defer s.rollback(ctx)
	if err := s.begin(ctx, j.ID); err != nil {
		return v.fail(ctx, v.op, err)
	}
	touched, err := v.reach(steps)
	if err != nil {
		return err
	}
	settle, err := v.d.settling(ctx, s, tablesOf(touched))
	if err != nil {
		return v.fail(ctx, v.op, err)
	}
	on := *v
	on.s = &rehearsal{session: s, settle: settle}
	trial := &connectors.Job{ID: j.ID, Subject: j.Subject, Finding: j.Finding, Guard: j.Guard, Mask: j.Mask}
	return on.eraseSteps(ctx, trial, steps)
}

// rehearsal is a session all of whose batches lie in one transaction, which
// somebody else rolls back: it commits nothing. Servers end a transaction over
// some failures by themselves, so that after the first one nothing is sent.
type rehearsal struct {
	session
	settle func(context.Context) error
	failed error
}

func (r *rehearsal) begin(context.Context, string) error { return r.failed }

func (r *rehearsal) rollback(context.Context) {}

// commit asks only for what a COMMIT would look at.
func (r *rehearsal) commit(ctx context.Context) error {
	return r.unless(func() error { return r.settle(ctx) })
}

func (r *rehearsal) query(ctx context.Context, q query, row func([]cell) error) error {
	return r.unless(func() error { return r.session.query(ctx, q, row) })
}

func (r *rehearsal) exec(ctx context.Context, q query) (n int64, err error) {
	err = r.unless(func() error {
		n, err = r.session.exec(ctx, q)
		return err
	})
	return n, err
}

func (r *rehearsal) unless(f func() error) error {
	if r.failed == nil {
		r.failed = f()
	}
	return r.failed
}

// rehearseCanary tries a delete on the canary's rows, unless it is known
// already that deletes are refused.
func (v *visit) rehearseCanary(ctx context.Context, found *findings, canary *connectors.Job) error {
	if v.plan.RefusesErase() != "" {
		return nil
	}
	on := *v
	on.op = "rehearse"
	steps, err := on.plan.Erases(canary.Subject.Tenant, canary.Finding)
	if err != nil {
		return on.fail(ctx, on.op, err)
	}
	open, err := on.irreversible(steps)
	switch blocked := found.any(connectors.SeverityBlocks) || found.any(connectors.SeverityDeletes); {
	case err != nil:
		return err
	case blocked, v.env.ReadOnly && len(open) > 0:
		found.problems = append(found.problems, open...)
		return nil
	case v.env.ReadOnly:
		found.add(connectors.SeverityNote, "canary of "+v.env.System, "its delete was not rehearsed, because deletes run in shadow mode, in which nothing that writes is sent",
			"once deletes are live, it is rehearsed")
		return nil
	}
	j := &connectors.Job{ID: canary.ID, Subject: canary.Subject, Finding: canary.Finding, Mask: canaryMasker{}}
	j.Guard = connectors.GuardFunc(func(context.Context) error { return nil })
	open, err = on.rehearse(ctx, j)
	found.problems = append(found.problems, open...)
	return on.foundBy(found, err)
}

// foundBy makes a problem of what was refused in a rehearsal; a server that
// could not answer was not examined.
func (v *visit) foundBy(found *findings, err error) error {
	var ours *connectors.Error
	if !errors.As(err, &ours) || ours.Kind == connectors.Transient || ours.Kind == connectors.Broken {
		return err
	}
	found.add(connectors.SeverityDeletes, strings.TrimPrefix(ours.Op, v.op+" "), "a delete of the canary's rows, which was rolled back, was refused: "+ours.What, ours.Mend)
	return nil
}

// canaryMasker derives masks for the canary's rows, others for each row, as a
// request's key does.
type canaryMasker struct{}

func (canaryMasker) Bytes(collection, row, field string, n int) []byte {
	var out []byte
	for i := 0; len(out) < n; i++ {
		sum := sha256.Sum256([]byte(strings.Join([]string{"canary", collection, row, field, strconv.Itoa(i)}, "\x00")))
		out = append(out, sum[:]...)
	}
	return out[:n]
}
