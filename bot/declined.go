package bot

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"privacydesk/connectors"
)

// A desk may refuse whatever is written on one ticket: because its requester
// is suspended or deleted, or because our user may not see it any more. No note
// on it tells anybody then. Agents are told by a ticket of our own, once, and
// the write is tried every hour.
const (
	cursorDeclined = "desk/declined-told"
	didDeclined    = "declined"
	declinedEvery  = time.Hour
)

// declinedReason is the code for what the desk complains of.
func declinedReason(d *DeclinedError) Reason {
	if slices.Contains(d.About, "requester") {
		return ReasonDeskRequester
	}
	return ReasonDeskRefuses
}

// declines is true for a hold over a desk that refuses a ticket.
func (w *Wait) declines() bool {
	return w != nil && (w.Reason == ReasonDeskRefuses || w.Reason == ReasonDeskRequester)
}

// cantSolve holds a request whose answer the desk refuses. Whether it takes a
// note shows next.
func (t *turn) cantSolve(ctx context.Context, d *DeclinedError) error {
	reason := declinedReason(d)
	t.hold(reason)
	t.note("note_held", map[string]string{"reason": string(reason), "systems": strings.Join(d.About, "\n")})
	return t.commit(ctx)
}

// cantWrite deals with a ticket that can't be told anything, after a failure:
// the desk refuses what is written on it, or the note that tells of earlier
// failures fails, too.
func (e *Engine) cantWrite(ctx context.Context, t *turn, cause error) {
	var declined *DeclinedError
	reason, about := ReasonStepFailed, connectors.Plain(cause)
	switch {
	case t.c.ended():
		return
	case errors.As(cause, &declined):
		reason, about = declinedReason(declined), strings.Join(declined.About, "\n")
		t.c.Owed = slices.DeleteFunc(slices.Clone(t.c.Owed), func(s Say) bool { return s.Vars["reason"] == string(reason) })
		t.wait(OnAgent, reason, t.now.Add(declinedEvery))
	case outside(cause) || t.c.Attempts < 2*e.Settings.MaxAttempts:
		return
	}
	if !t.once(didDeclined) {
		return
	}
	e.Observe(Observation{Event: "declined", Kind: t.c.Kind})
	vars := map[string]string{"ticket": fmt.Sprint(t.c.Ticket), "request": t.c.ID, "reason": string(reason), "systems": about}
	e.dateVars(t.c, t.now, vars)
	html, err := e.Messages.Render(e.Settings.AgentLocale, "note_declined", vars)
	if err == nil {
		err = e.alert(ctx, cursorDeclined, "privacydesk: a privacy request can't be written on", html)
	}
	if err != nil {
		t.undo(didDeclined) // told with the next failure
		e.log(t.c.ID).WithField("event", "declined").Warn(connectors.Plain(err))
	}
}

// writesAgain takes up a request whose ticket takes what is written again.
func (t *turn) writesAgain() {
	t.undo(didDeclined)
	if w := t.c.Wait; w.declines() && !w.Until.IsZero() {
		t.c.Wait = nil
		t.event("resumed", map[string]string{"from": string(w.On), "reason": string(w.Reason)})
	}
}

// undo forgets that something was done in this generation.
func (t *turn) undo(name string) {
	name = t.c.once(name)
	if _, done := t.c.Did[name]; !done {
		return
	}
	t.did(name) // on a copy
	delete(t.c.Did, name)
}

// alert tells the agents on a ticket of our own: on the one that the cursor
// names as long as they have not seen to it, else on a new one.
func (e *Engine) alert(ctx context.Context, cursor, subject, html string) error {
	last, err := e.Store.Cursor(ctx, cursor)
	if err != nil {
		return err
	}
	before, _ := strconv.ParseInt(last, 10, 64) // what is no number is no ticket
	ticket, err := e.Patient.Alert(ctx, Alert{Ticket: before, Subject: subject, HTML: html})
	if err != nil {
		return err
	}
	return e.Store.SetCursor(ctx, cursor, strconv.FormatInt(ticket, 10))
}
