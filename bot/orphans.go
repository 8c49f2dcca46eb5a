package bot

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
)

// Orphans hints at requests that have a key or files and no record: a Redis
// that lost it, or a process that died before the first commit. The step that
// follows looks at the ticket: it begins anew what nothing was said of, and
// holds the rest as lost. Nothing is destroyed here: an empty Redis may as
// well be the wrong one.
func (e *Engine) Orphans(ctx context.Context) error {
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
		if _, err := e.Store.Load(ctx, id); !errors.Is(err, ErrNotFound) {
			if err != nil {
				return fmt.Errorf("orphan %s: %w", id, err)
			}
			continue
		}
		e.log(id).WithField("event", "orphan").Warn("there is a key or a file, and no record")
		if _, err := e.Store.Hint(ctx, []string{id}, "", 0); err != nil {
			return fmt.Errorf("orphan %s: %w", id, err)
		}
	}
	return nil
}
