package bot

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"privacydesk/connectors"
)

// stage prepares the job and calls the connector.
func (w *work) stage(ctx context.Context) (result, error) {
	if err := w.prepare(ctx); err != nil {
		return result{}, err
	}
	stage := w.t.c.Systems[w.system].Run.Stage
	if err := w.sameMap(stage); err != nil {
		return result{}, err
	}
	if err := w.e.fit(ctx, w.system, stage == StageErase || stage == StageRelocate || stage == StageRehearse); err != nil {
		return result{}, err
	}
	switch stage {
	case StageLocate, StageRelocate, StageVerify, StageRescan:
		return w.locate(ctx, stage)
	case StageGather:
		return w.gather(ctx)
	case StageRehearse:
		return w.rehearse(ctx)
	case StageErase:
		return w.erase(ctx)
	case StageNone:
	}
	return result{}, connectors.Sayf(nil, "run of %s: unknown stage %q", w.id, stage)
}

// sameMap: what is rehearsed and erased, and what is verified afterwards, goes
// by the data map under which it was located and approved.
func (w *work) sameMap(stage Stage) error {
	if stage != StageRehearse && stage != StageErase && stage != StageVerify || w.cfg.Connector.Profile().MapDigest == w.t.c.Systems[w.system].Map {
		return nil
	}
	return connectors.NewError(connectors.Misfit, "data map", "the data map is another than the one under which the rows were located", nil).
		WithMend("put it back and retry, or skip the system")
}

func (w *work) prepare(ctx context.Context) error {
	c := w.t.c
	secret, err := w.t.open(ctx)
	if err != nil {
		return err
	}
	tenant, err := w.cfg.Tenant(c.Tenant)
	if err != nil || tenant == "" {
		return noSpelling(err)
	}
	if w.known, err = w.e.finding(ctx, c, w.system); err != nil {
		return err
	}
	key, err := w.e.Keys.Derive(ctx, c.ID, "mask/"+w.system)
	if err != nil {
		return err
	}
	w.searched, err = w.e.digest(ctx, c.ID, relevant(w.cfg.Connector.Profile(), secret.Identities))
	w.job = &connectors.Job{
		ID:       c.ID + "/" + w.system,
		Subject:  connectors.Subject{Tenant: tenant, Identities: secret.Identities},
		Finding:  w.known.Clone(),
		Guard:    connectors.GuardFunc(w.allow),
		Progress: progress{w.e, c.ID, w.system},
		Mask:     masker{key},
	}
	return err
}

func noSpelling(cause error) error {
	return connectors.NewError(connectors.Misfit, "tenant", "the system has no spelling of the request's tenant", cause).
		WithMend("add it to the system's tenants in the configuration")
}

// allow is the guard: the request not held, nor its subject by a legal hold,
// the token valid, the lease alive, deletes not paused.
func (w *work) allow(ctx context.Context) error {
	w.e.Failpoint("before-" + string(w.t.c.Systems[w.system].Run.Stage) + "-batch")
	if !w.e.Settings.Deletes.Live() {
		return fmt.Errorf("%w: deletes are in shadow mode", connectors.ErrPaused)
	}
	rec, err := w.e.Store.Load(ctx, w.id)
	if err != nil {
		return connectors.Sayf(err, "guard")
	}
	if wait := rec.Case.Wait; wait != nil && wait.On == OnAgent {
		return fmt.Errorf("%w: the request is held", connectors.ErrPaused)
	}
	if err := w.sameRun(&rec.Case); err != nil {
		return err
	}
	if err := w.noLegalHold(ctx, &rec.Case); err != nil {
		return err
	}
	return w.e.Store.Holds(ctx, w.id, w.system, w.token, w.e.Clock())
}

// noLegalHold pauses what would be erased under a legal hold.
func (w *work) noLegalHold(ctx context.Context, c *Case) error {
	lifted, err := w.e.lifted(ctx, c)
	if err == nil && !lifted {
		err = fmt.Errorf("%w: a legal hold is on the subject or the tenant", connectors.ErrPaused)
	}
	return err
}

// call runs one method for the one job.
func (w *work) call(ctx context.Context, f func(context.Context, []*connectors.Job) error) error {
	if err := f(ctx, []*connectors.Job{w.job}); err != nil {
		return err
	}
	return w.job.Err()
}

// locate looks, and keeps the finding before anybody relies on it.
func (w *work) locate(ctx context.Context, stage Stage) (result, error) {
	w.job.After = stage == StageVerify || stage == StageRescan
	if err := w.call(ctx, w.cfg.Connector.Locate); err != nil {
		return result{}, err
	}
	f := w.job.Finding
	if !f.Covers(w.known) {
		return result{}, connectors.NewError(connectors.Broken, "locate", "the connector lost keys that were known", nil)
	}
	if !w.known.Covers(f) {
		if err := w.e.keepFinding(ctx, w.t.c, w.system, w.token, f); err != nil {
			return result{}, err
		}
	}
	keys, err := w.e.keysDigest(ctx, w.id, f)
	if err != nil {
		return result{}, err
	}
	profile := w.cfg.Connector.Profile()
	return result{yields: f.Yields, apply: func(s *System) {
		s.Notes, s.Searched = w.job.Outcome.Notes, w.searched
		if w.job.Outcome.Keeps != nil {
			s.Keeps = w.job.Outcome.Keeps
		}
		if len(relevant(profile, w.job.Subject.Identities)) > 0 {
			s.Unreached = ""
		}
		if stage == StageRescan {
			s.Rescans = append(slices.Clone(s.Rescans), Rescan{At: w.e.Clock(), Late: late(profile, f)})
			if w.t.c.Phase == PhaseDone {
				return // what was certified stands
			}
		}
		if stage == StageVerify || stage == StageRescan {
			s.Sets, s.Verified = verified(s.Sets, profile, f), true
			return
		}
		s.Keys, s.Map = keys, profile.MapDigest
		s.Sets = tallies(profile, f)
	}}, nil
}

// gather streams the records into this attempt's sink.
func (w *work) gather(ctx context.Context) (result, error) {
	sink, err := w.e.Reporter.Sink(ctx, w.id, w.system, strings.ToLower(w.token))
	if err != nil {
		return result{}, err
	}
	defer sink.Discard()
	w.job.Sink = sink
	if err := w.call(ctx, w.cfg.Connector.Gather); err != nil {
		return result{}, err
	}
	if w.job.Outcome.Pending != nil {
		return result{apply: func(*System) {}}, nil
	}
	name, rows, err := sink.Commit(ctx)
	if err != nil {
		return result{}, err
	}
	return result{apply: func(s *System) {
		s.Gather, s.Notes = name, w.job.Outcome.Notes
		s.Sets = slices.Clone(s.Sets)
		for i := range s.Sets {
			s.Sets[i].Gathered = rows[s.Sets[i].Collection]
		}
	}}, nil
}

// erase reads rights, holds and readers anew, and erases.
func (w *work) erase(ctx context.Context) (result, error) {
	reason, err := w.e.reviewNow(ctx, w.t)
	var behind *setBackError
	if errors.As(err, &behind) {
		return result{}, &stoppedError{behind.reason}
	}
	if err != nil {
		return result{}, err
	}
	if reason != "" {
		return result{}, &stoppedError{reason}
	}
	if mark, err := w.e.eraseMark(ctx, w.t.c); err != nil {
		return result{}, err
	} else if mark == nil || w.t.c.Begun.IsZero() {
		return result{}, &stoppedError{ReasonDamaged}
	}
	if err := w.noLegalHold(ctx, w.t.c); err != nil {
		return result{}, err
	}
	w.e.Failpoint("before-erase")
	err = w.call(ctx, w.cfg.Connector.Erase)
	w.e.Failpoint("after-erase")
	if err != nil {
		return result{}, err
	}
	return result{apply: func(s *System) { s.Notes, s.Keeps = w.job.Outcome.Notes, w.job.Outcome.Keeps }}, nil
}
