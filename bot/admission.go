package bot

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"privacydesk/bot/policy"
)

// Admission: a ticket that has no record gets one, is taken back as ended, or
// leaves no trace.

// admit looks at a ticket that has no record. What is out of scope leaves no
// trace; what bears our mark had a record once, and is held.
func (e *Engine) admit(ctx context.Context, t *turn) (bool, error) {
	id := t.c.ID
	ticket, err := e.readTicket(ctx, t)
	if errors.Is(err, ErrNotFound) {
		return false, e.drop(ctx, t)
	}
	if err != nil {
		return false, err
	}
	damaged := t.stored.Damaged
	if !damaged && !e.inScope(ticket) {
		return false, e.drop(ctx, t)
	}
	arrived, err := e.arrival(ctx, ticket)
	if err != nil {
		return false, err
	}
	*t.c = Case{
		ID: id, Ticket: ticket.ID, Epoch: newToken(), Phase: PhaseReading,
		Arrived: arrived, Locale: ticket.Requester.Locale, Linked: linkedTo(ticket),
		Due: policy.DueDate(arrived, e.Settings.DueDays, e.Settings.Location),
	}
	e.takeDates(t.c, ticket)
	lost, final := damaged, (*Mark)(nil)
	if !damaged {
		if lost, final, err = e.hasPast(ctx, t, ticket); err != nil {
			return false, err
		}
	}
	if lost && !damaged && ticket.Created.Before(t.now.Add(-e.Settings.KeepRecords)) {
		return false, e.drop(ctx, t) // its record was removed in its time
	}
	if !lost && (ticket.Created.Before(e.Settings.Since) || ticket.Status == StatusSolved || ticket.Status == StatusClosed) {
		e.log(id).WithField("event", "ignored").Info("the ticket is older than intake.since, or was solved when first seen")
		return false, e.drop(ctx, t)
	}
	if final != nil {
		t.readUntil(ticket, final.At)
		return true, e.takeBack(ctx, t, final, e.believed(ticket, id))
	}
	if keyed, err := e.keyed(ctx, id); err != nil {
		return false, err
	} else if !keyed && !lost {
		t.made = true
	}
	if err := e.Keys.Create(ctx, id); err != nil {
		return false, fmt.Errorf("create key: %w", err)
	}
	if t.print, err = e.fingerprint(ctx, t.c, ticket); err != nil {
		return false, err
	}
	t.took = true
	t.seal(&Secret{Requester: ticket.Requester.ID, Reference: e.reference(ticket)})
	t.event("arrived", map[string]string{"ticket": fmt.Sprint(ticket.ID)})
	if lost {
		reason := ReasonStateLost
		if damaged {
			reason = ReasonDamaged
		}
		t.event("set_back", map[string]string{"steps": strings.Join(stepsOf(e.believed(ticket, id)), stepsJoin)})
		t.see(ticket) // the person who ends it reads the ticket, as the note says
		t.hold(reason)
		t.note("note_held", map[string]string{"reason": string(reason)})
		return true, t.commit(ctx)
	}
	return e.read(ctx, t)
}

// hasPast is true for a ticket whose record was lost: our own user has touched
// it, whether that can be verified or not, or its spool says that erasing began.
// final is the answer that ended it, if it bears one that is signed for this
// ticket and nothing came after it. Other leftovers belong to a life in which
// nothing was said or changed; they are cleared away.
func (e *Engine) hasPast(ctx context.Context, t *turn, ticket *Ticket) (lost bool, final *Mark, err error) {
	if marks := e.believed(ticket, t.c.ID); len(marks) == len(ticket.Marks) {
		final = answeredBy(marks)
	}
	if final != nil || ticket.Touched || len(ticket.Marks) > 0 || slices.ContainsFunc(ticket.Comments, func(c Comment) bool { return c.Ours }) {
		return true, final, nil
	}
	lost, err = e.clearSpool(ctx, t)
	return lost, nil, err
}

// clearSpool removes what an earlier life left, unless that life had begun to
// erase: then it reports true, and nothing may begin anew.
func (e *Engine) clearSpool(ctx context.Context, t *turn) (begun bool, err error) {
	files, err := e.Spool.List(ctx, t.c.ID)
	if err != nil {
		return false, fmt.Errorf("spool: %w", err)
	}
	if slices.ContainsFunc(files, func(f SpoolFile) bool { return f.Name == spoolErasing }) {
		return true, nil
	}
	if len(files) == 0 {
		return false, nil
	}
	if err := e.Spool.Destroy(ctx, t.c.ID); err != nil {
		return false, fmt.Errorf("spool: %w", err)
	}
	return false, nil
}
