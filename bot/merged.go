package bot

import (
	"context"
	"slices"
)

// mergedInto is true if another ticket was merged into this one since a comment.
func mergedInto(ticket *Ticket, after int64) bool {
	return slices.ContainsFunc(ticket.Comments, func(c Comment) bool { return c.ID > after && c.Merged })
}

// mergedAway ends a request whose ticket was merged into another one: nothing
// can be answered on it, and nobody is followed to another ticket, whose readers
// are others. Where erasing has begun, or an answer is on its way, a person
// decides.
func (e *Engine) mergedAway(ctx context.Context, t *turn, ticket *Ticket) (bool, error) {
	if !ticket.Merged || t.c.Wait.lost() {
		return false, nil
	}
	mark, err := e.eraseMark(ctx, t.c)
	if err != nil {
		return false, err
	}
	t.took = true
	t.see(ticket)
	if mark != nil || !t.c.Begun.IsZero() || t.c.Resolution != "" {
		t.hold(ReasonMerged)
		return true, t.commit(ctx)
	}
	t.c.Owed = nil
	t.finish(Cancelled, ReasonMerged, Say{})
	return true, t.commit(ctx)
}
