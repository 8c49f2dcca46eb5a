package connectortest

import (
	"context"
	"errors"

	"privacydesk/connectors"
)

// rehearseNothing: a rehearsal changes and counts nothing, and who can't
// rehearse says so; the erase after it is whole.
func rehearseNothing(b *bench) {
	c := b.open(2)
	j := b.located(c, "run-1")
	before, asked := b.dump(), 0
	j.Guard = guardThat(func() { asked++ })
	b.ok(c.Rehearse(b.Context(), []*connectors.Job{j}), j)
	if j.Outcome.Changed != 0 || asked == 0 && len(j.Outcome.Notes) == 0 {
		b.Errorf("%d rows counted as gone; the guard was asked %d times, and the notes are %q", j.Outcome.Changed, asked, j.Outcome.Notes)
	}
	b.unchanged(before, b.dump())
	b.ok(c.Erase(b.Context(), []*connectors.Job{j}), j)
	b.erased()
}

// rehearseDenied: what the guard says is obeyed, and told.
func rehearseDenied(b *bench) {
	c := b.open(2)
	j := b.located(c, "run-1")
	before := b.dump()
	j.Guard = connectors.GuardFunc(func(context.Context) error { return connectors.ErrPaused })
	if err := c.Rehearse(b.Context(), []*connectors.Job{j}); err != nil || !errors.Is(j.Err(), connectors.ErrPaused) && len(j.Outcome.Notes) == 0 {
		b.Errorf("call %v, job %v, notes %q; want that it was paused", err, j.Err(), j.Outcome.Notes)
	}
	b.unchanged(before, b.dump())
}
