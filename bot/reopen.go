package bot

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Ended is how an earlier generation of a request ended.
type Ended struct {
	Kind       Kind       `json:"kind,omitempty"`
	Tenant     string     `json:"tenant,omitempty"`
	Pseudonym  Pseudonym  `json:"pseudonym,omitzero"`
	Resolution Resolution `json:"resolution"`
	Reason     Reason     `json:"reason,omitempty"`
	Finished   time.Time  `json:"finished"`
}

// executed is true if data was disclosed or erased.
func (d Ended) executed() bool { return d.Resolution == Resolved || d.Resolution == PartlyExecuted }

// before is how the generation before this one ended.
func (c *Case) before() Ended {
	if len(c.Past) == 0 {
		return Ended{}
	}
	return c.Past[len(c.Past)-1]
}

// ended is true once a request is done, forgotten or not.
func (c *Case) ended() bool { return c.Phase == PhaseDone || c.Phase == PhaseForgotten }

// once is the name of a step that happens once in a generation.
func (c *Case) once(step string) string {
	if len(c.Past) == 0 {
		return step
	}
	return fmt.Sprintf("%s.g%d", step, len(c.Past)+1)
}

// afterwards takes in what happened on the ticket of a request that is done.
// Thanks and automatic mail solve it again; words of a customer's begin
// another generation; a hand that opens it is told that nothing comes of it. It
// needs no key: one may be gone, and words are answered all the same.
func (e *Engine) afterwards(ctx context.Context, t *turn) (bool, error) {
	ticket, err := e.readPlain(ctx, t)
	if errors.Is(err, ErrNotFound) {
		t.took = true
		return true, t.commit(ctx)
	}
	if err != nil {
		return false, err
	}
	if e.commands(t, ticket) {
		return true, t.commit(ctx)
	}
	t.took = true
	words := objections(ticket, t.c.Seen.Comment)
	calm := quiet(ticket, t.c.Seen.Comment)
	if mergedInto(ticket, t.c.Seen.Comment) && ticket.Status != StatusClosed {
		t.owe(Say{Message: "note_merged"})
	}
	open := ticket.Status != StatusSolved && ticket.Status != StatusClosed
	t.see(ticket)
	switch {
	case ticket.Status == StatusClosed: // a reply becomes a ticket of its own
	case len(words) > 0:
		return e.again(ctx, t, ticket)
	case calm && open:
		e.solveAgain(t)
	case open && t.c.Reason == ReasonStateLost: // it was never solved: its status is the person's who ended it
	case open && t.once("opened"):
		t.owe(Say{Message: "note_opened"})
	}
	return true, t.commit(ctx)
}

// once notes something as done in this generation, and reports whether it was
// not before.
func (t *turn) once(name string) bool {
	name = t.c.once(name)
	if _, done := t.c.Did[name]; done {
		return false
	}
	t.did(name)
	return true
}

// solveAgain sets a ticket that was opened by nothing that asks for anything
// back to solved, with one internal note in all.
func (e *Engine) solveAgain(t *turn) {
	say := Say{Status: StatusSolved}
	if t.once("thanks") {
		say.Message = "note_thanks"
	}
	t.owe(say)
}

// again begins another generation of a request. One that was executed asks
// whom it is about, and reads nothing that was written before; a question that
// was closed is read on; of all others a person reads what was said. The clock
// goes on from the first arrival.
func (e *Engine) again(ctx context.Context, t *turn, ticket *Ticket) (bool, error) {
	if lost, err := e.clearPast(ctx, t); err != nil {
		return false, err
	} else if lost {
		return true, t.commit(ctx)
	}
	if err := e.Keys.Create(ctx, t.c.ID); err != nil {
		return false, fmt.Errorf("create key: %w", err)
	}
	taken := false
	if t.c.Reason == ReasonNotAdmin {
		by, err := e.adopter(ctx, t.c, ticket)
		if err != nil {
			return false, err
		}
		taken = by != 0
	}
	former, unsearched := t.formerSubjects(ctx), e.rescansLeft(t.c, t.now)
	reference := "" // the answer cleared its field, and our messages still have it
	if s, err := t.open(ctx); err == nil {
		reference = s.Reference
	}
	was := Ended{
		Kind: t.c.Kind, Tenant: t.c.Tenant, Pseudonym: t.c.Pseudonym, Resolution: t.c.Resolution, Reason: t.c.Reason, Finished: t.c.Finished,
	}
	c := t.c
	*c = Case{
		ID: c.ID, Ticket: c.Ticket, Version: c.Version, Epoch: newToken(), Past: append(c.Past, was), Kind: c.Kind, Locale: c.Locale,
		Phase: PhaseReading, Arrived: c.Arrived, Due: c.Due, AskedOn: c.AskedOn, Statutory: c.Statutory, Law: c.Law, Waited: c.Waited, Extended: c.Extended, Owed: c.Owed, Seen: c.Seen, Acked: c.Acked, Told: c.Told, Did: c.Did,
		MergedInto: c.MergedInto, Document: c.Document, Remains: c.Remains, Hinted: c.Hinted, Head: c.Head, Seq: c.Seq,
	}
	t.seal(&Secret{Requester: ticket.Requester.ID, Former: former, Reference: cmp.Or(e.reference(ticket), reference)})
	t.event("reopened", map[string]string{"generation": fmt.Sprint(len(c.Past) + 1)})
	if len(unsearched) > 0 {
		t.owe(Say{Message: "note_rescans_dropped", Vars: map[string]string{"times": strings.Join(unsearched, ", ")}, AddTags: []string{TagNeedsPerson}})
	}
	var err error
	switch {
	case was.executed():
		c.From = c.Seen.Comment
		if t.print, err = e.fingerprint(ctx, t.c, ticket); err != nil {
			return false, err
		}
		t.wait(OnRequester, ReasonReopened, time.Time{})
		t.owe(Say{Message: "question_" + string(ReasonReopened), Public: true, Status: StatusPending})
	case was.Reason == ReasonNoAnswer:
	case taken: // read on in the right of who took it on
	default:
		if t.print, err = e.fingerprint(ctx, t.c, ticket); err != nil {
			return false, err
		}
		t.hold(ReasonReplied)
		t.note("note_held", map[string]string{"reason": string(ReasonReplied)})
	}
	return true, t.commit(ctx)
}

// clearPast removes what the generation before kept. A mark of erasing that is
// not that generation's says that the record was set back: it is held as lost.
func (e *Engine) clearPast(ctx context.Context, t *turn) (lost bool, err error) {
	var m eraseStarted
	switch err := e.readJSON(ctx, t.c.ID, spoolErasing, &m); {
	case errors.Is(err, ErrNotFound), errors.Is(err, ErrKeyGone):
	case err != nil:
		return false, err
	case m.Epoch != t.c.Epoch:
		t.c.Phase, t.c.Resolution = PhaseReading, ""
		t.hold(ReasonStateLost)
		t.note("note_held", map[string]string{"reason": string(ReasonStateLost)})
		return true, nil
	}
	if err := e.Spool.Destroy(ctx, t.c.ID); err != nil {
		return false, fmt.Errorf("spool: %w", err)
	}
	return false, nil
}

// formerSubjects are whom earlier generations were about, for the cleaning of
// the ticket; none if they were forgotten.
func (t *turn) formerSubjects(ctx context.Context) []string {
	s, err := t.open(ctx)
	if err != nil || s.Subject == "" {
		return nil
	}
	return append(append(s.Former, s.Subject), s.Also...)
}

// compare holds a request that was executed before and whose requester has
// named a person again, and tells the agents whether it is the same one.
func (e *Engine) compare(ctx context.Context, t *turn, subject string) (bool, error) {
	was, message := t.c.before(), "note_again_unknown"
	if was.Pseudonym.MAC != "" { // else the record was lost, and with it whom it was about
		p, err := e.Keys.Pseudonym(ctx, was.Tenant, subject)
		if err != nil {
			return false, fmt.Errorf("pseudonym: %w", err)
		}
		if message = "note_again_other"; p == was.Pseudonym {
			message = "note_again_same"
		}
	}
	t.hold(ReasonReopened)
	t.note(message, map[string]string{"reason": string(ReasonReopened), "ended": was.Finished.In(e.Settings.Location).Format(time.DateOnly)})
	return true, t.commit(ctx)
}

// linkedTo is the request of the closed ticket that this one follows up on.
func linkedTo(ticket *Ticket) string {
	if ticket.FollowupOf == 0 {
		return ""
	}
	return IDOfTicket(ticket.FollowupOf)
}
