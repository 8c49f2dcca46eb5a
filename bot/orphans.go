package bot

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
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
	return nil
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
