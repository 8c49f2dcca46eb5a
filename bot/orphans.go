package bot

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"privacydesk/connectors"
)

// Orphans looks after keys and files that no request works with.
//
// Those without a record are hinted at: a Redis lost it, or a process died
// before the first commit. The step that follows looks at the ticket: it begins
// anew what nothing was said of, and holds the rest as lost. Nothing of them is
// destroyed: an empty Redis may as well be the wrong one.
//
// Those of a forgotten request are destroyed once more: a worker that slept
// through the request's end may have made them when it woke.
//
// Requests whose key is gone, though nobody forgot them, are noted and told.
func (e *Engine) Orphans(ctx context.Context) error {
	if err := e.AtHome(ctx); err != nil {
		return fmt.Errorf("orphans: %w", err)
	}
	ids := map[string]bool{}
	for _, list := range []func(context.Context) ([]string, error){e.Keys.Requests, e.Spool.Requests} {
		found, err := list(ctx)
		if err != nil {
			return fmt.Errorf("orphans: %w", err)
		}
		for _, id := range found {
			ids[id] = true
		}
	}
	for _, id := range slices.Sorted(maps.Keys(ids)) {
		if err := e.orphan(ctx, id); err != nil {
			return fmt.Errorf("orphan %s: %w", id, err)
		}
	}
	return e.keyless(ctx)
}

func (e *Engine) orphan(ctx context.Context, id string) error {
	rec, err := e.Store.Load(ctx, id)
	switch {
	case errors.Is(err, ErrNewer):
		return nil // a newer replica looks after it
	case errors.Is(err, ErrDamaged): // the step that follows sets it aside
		_, err = e.Store.Hint(ctx, []string{id}, "", 0)
	case errors.Is(err, ErrNotFound):
		e.log(id).WithField("event", "orphan").Warn("there is a key or a file, and no record")
		_, err = e.Store.Hint(ctx, []string{id}, "", 0)
	case err == nil && rec.Case.Phase == PhaseForgotten:
		err = e.leftover(ctx, id)
	}
	return err
}

// leftover destroys what a forgotten request should not have any more, under
// the lease of its steps: one that a reply opens again this moment has made a
// new key. While somebody is at it, it waits for the next look.
func (e *Engine) leftover(ctx context.Context, id string) error {
	token, now := newToken(), e.Clock()
	if err := e.Store.Acquire(ctx, id, "", token, now, now.Add(e.Settings.StepLease)); err != nil {
		if errors.Is(err, ErrConflict) {
			return nil
		}
		return err
	}
	defer e.release(ctx, id, "", token)
	rec, err := e.Store.Load(ctx, id)
	if err != nil || rec.Case.Phase != PhaseForgotten {
		return err
	}
	e.log(id).WithField("event", "orphan").Warn("there was a key or a file of a request that is forgotten")
	return errors.Join(e.Keys.Destroy(ctx, id), e.Spool.Destroy(ctx, id))
}

// keyless looks for requests whose key was deleted by hand, or is back.
func (e *Engine) keyless(ctx context.Context) error {
	keys, err := e.Keys.Requests(ctx)
	if err != nil {
		return fmt.Errorf("orphans: %w", err)
	}
	has := map[string]bool{}
	for _, id := range keys {
		has[id] = true
	}
	for _, phase := range []Phase{PhaseReading, PhaseLocating, PhaseWorking, PhaseClosing, PhaseDone} {
		for cursor := ""; ; {
			cases, next, err := e.Store.List(ctx, Filter{Phase: phase}, cursor, 200)
			if err != nil {
				return fmt.Errorf("orphans: %w", err)
			}
			for _, c := range cases {
				if has[c.ID] != c.KeyGone.IsZero() {
					if err := e.noteKey(ctx, c.ID); err != nil {
						return fmt.Errorf("orphan %s: %w", c.ID, err)
					}
				}
			}
			if cursor = next; next == "" {
				break
			}
		}
	}
	return nil
}

// noteKey notes under the lease of a request's steps whether its key is there.
// An open one without can't go on, and is held; what is sealed under the key
// nobody can read, so a person brings it back or ends the request.
func (e *Engine) noteKey(ctx context.Context, id string) error {
	token, now := newToken(), e.Clock()
	if err := e.Store.Acquire(ctx, id, "", token, now, now.Add(e.Settings.StepLease)); err != nil {
		if errors.Is(err, ErrConflict) || errors.Is(err, ErrNewer) {
			return nil // the next look finds it again
		}
		return err
	}
	defer e.release(ctx, id, "", token)
	t, err := e.load(ctx, id, token)
	if err != nil || t.c.Phase == PhaseForgotten || !t.c.Forgetting.IsZero() {
		return ignore(err, ErrNotFound, ErrNewer, ErrDamaged)
	}
	keyed, err := e.keyed(ctx, id)
	if err != nil || keyed == t.c.KeyGone.IsZero() {
		return err
	}
	if t.c.KeyGone = (time.Time{}); keyed {
		t.event("key_back", nil)
		return ignore(t.commit(ctx), ErrConflict)
	}
	t.c.KeyGone = t.now
	t.event("key_gone", nil)
	e.log(id).WithField("event", "key_gone").Error("the request's key is gone: restore it, or cancel the request if it is open")
	if !t.c.ended() && t.c.Resolution == "" && t.hold(ReasonStepFailed) {
		t.note("note_held", map[string]string{"reason": string(ReasonStepFailed), "systems": connectors.Plain(ErrKeyGone) + "; restore it and retry, or cancel the request, which needs none"})
	}
	return ignore(t.commit(ctx), ErrConflict)
}

// ignore leaves out errors after which a later look finds all again.
func ignore(err error, kinds ...error) error {
	if slices.ContainsFunc(kinds, func(kind error) bool { return errors.Is(err, kind) }) {
		return nil
	}
	return err
}
