package bot

import (
	"context"
	"errors"
	"slices"

	"privacydesk/bot/policy"
	"privacydesk/bot/reading"
)

// observe takes in what happened on the ticket since it was last looked at:
// answers, edits of what was frozen, replies before erasing, a hand that
// solved it.
func (e *Engine) observe(ctx context.Context, t *turn) (bool, error) {
	ticket, err := e.readTicket(ctx, t)
	if errors.Is(err, ErrNotFound) {
		return e.ticketGone(ctx, t)
	}
	if err != nil {
		return false, err
	}
	if t.c.Phase == PhaseReading {
		return e.reread(ctx, t, ticket)
	}
	if taken, err := e.takenBack(ctx, t, ticket); err != nil || taken {
		return taken, err
	}
	held, err := e.notice(ctx, t, ticket)
	if err != nil {
		return false, err
	}
	t.see(ticket)
	if held != "" && t.hold(held) {
		t.note("note_held", map[string]string{"reason": string(held)})
	}
	return true, t.commit(ctx)
}

// takenBack cancels a request that its requester takes back before anything
// was disclosed or erased.
func (e *Engine) takenBack(ctx context.Context, t *turn, ticket *Ticket) (bool, error) {
	fresh := newerByRequester(ticket, t.c.Seen.Comment)
	if t.c.Resolution != "" || !t.c.Begun.IsZero() || !slices.ContainsFunc(fresh, func(c Comment) bool { return reading.Cancels(c.Text) }) {
		return false, nil
	}
	if mark, err := e.eraseMark(ctx, t.c); err != nil || mark != nil {
		return false, err // erasing began; the record was set back
	}
	t.see(ticket)
	t.c.Owed = nil
	t.finish(Cancelled, ReasonByRequester, Say{Message: "cancelled"})
	return true, t.commit(ctx)
}

// ticketGone ends a request whose ticket was deleted. Where erasing has begun
// the next system's review holds it: a person decides how half an erase ends.
func (e *Engine) ticketGone(ctx context.Context, t *turn) (bool, error) {
	if !t.c.Begun.IsZero() {
		return true, t.commit(ctx)
	}
	t.c.Owed = nil
	t.finish(Cancelled, ReasonTicketGone, Say{})
	return true, t.commit(ctx)
}

// reread looks again at a ticket that was not accepted yet, if there is
// something new in it.
func (e *Engine) reread(ctx context.Context, t *turn, ticket *Ticket) (bool, error) {
	w := t.c.Wait
	fresh := newerByRequester(ticket, t.c.Seen.Comment)
	if w == nil || w.On != OnRequester || len(fresh) == 0 && !e.nowClear(t, ticket) {
		return true, t.commit(ctx)
	}
	if slices.ContainsFunc(fresh, func(c Comment) bool { return reading.Cancels(c.Text) }) {
		t.see(ticket)
		t.finish(Cancelled, ReasonByRequester, Say{Message: "cancelled"})
		return true, t.commit(ctx)
	}
	t.c.Wait = nil
	return e.read(ctx, t)
}

// nowClear is true if an edit of the form answered the open question.
func (e *Engine) nowClear(t *turn, ticket *Ticket) bool {
	return reading.Read(e.Settings.Reading, e.asReading(ticket, 0)).Question == "" && t.c.Wait.Reason != ReasonWhichTenant
}

// notice names a reason to hold an accepted request, or "".
func (e *Engine) notice(ctx context.Context, t *turn, ticket *Ticket) (Reason, error) {
	s, err := t.open(ctx)
	if err != nil {
		return "", err
	}
	if t.c.Resolution != "" {
		return "", nil // the answer is on its way
	}
	read := reading.Read(e.Settings.Reading, e.asReading(ticket, t.firstSeen(ticket)))
	edited := ticket.Requester.ID != s.Frozen.Requester ||
		read.Question == "" && (Kind(read.Kind) != s.Frozen.Kind || read.Subject != s.Frozen.Subject)
	switch {
	case edited:
		return ReasonEdited, nil
	case (ticket.Status == StatusSolved || ticket.Status == StatusClosed) && !e.marked(ticket, t.c.ID, stepFinal):
		return ReasonSolvedByHand, nil
	case t.c.Kind == KindDelete && t.c.Begun.IsZero() && len(newerByRequester(ticket, t.c.Seen.Comment)) > 0:
		return ReasonReply, nil
	}
	return "", nil
}

// firstSeen is the last comment that counted when the request was accepted.
func (t *turn) firstSeen(ticket *Ticket) int64 {
	var last int64
	for _, c := range ticket.Comments {
		if !c.At.After(t.c.Accepted) {
			last = c.ID
		}
	}
	return last
}

// newerByRequester lists the requester's comments after one.
func newerByRequester(ticket *Ticket, after int64) []Comment {
	var out []Comment
	for _, c := range ticket.Comments {
		if c.ID > after && !c.Ours && c.Public && c.Author.ID == ticket.Requester.ID {
			out = append(out, c)
		}
	}
	return out
}

// recheck reads anew whether the requester may still ask for this, on a
// ticket that was just read. What is frozen must stand there unchanged.
func (e *Engine) recheck(ctx context.Context, t *turn, ticket *Ticket) (policy.Decision, error) {
	s, err := t.open(ctx)
	if err != nil {
		return policy.Decision{}, err
	}
	if t.c.Tenant == "" { // a refusal or a question: nothing of anybody's is in it
		return policy.Decision{Verdict: policy.Accept}, nil
	}
	if ticket.Requester.ID != s.Frozen.Requester {
		return policy.Decision{Verdict: policy.Hold, Reason: string(ReasonEdited)}, nil
	}
	ask, err := e.askOf(ctx, ticket, reading.Result{Kind: reading.Kind(t.c.Kind)})
	if err != nil {
		return policy.Decision{}, err
	}
	ask.NamedTenant = t.c.Tenant
	return policy.Recheck(ask), nil
}

// readersOf decides whether everybody who reads the ticket may: admins of the
// tenant may, others may not.
func (e *Engine) readersOf(ctx context.Context, t *turn, ticket *Ticket) (policy.Decision, error) {
	strangers := func(people []Person) (int, error) {
		n := 0
		for _, p := range people {
			if p.ID == ticket.Requester.ID || p.Staff() {
				continue
			}
			standing, err := e.Directory.Standing(ctx, p)
			if err != nil {
				return 0, err
			}
			if !p.Verified || !slices.Contains(standing.AdminOf(), t.c.Tenant) {
				n++
			}
		}
		return n, nil
	}
	ccs, err := strangers(ticket.Readers.CCs)
	if err != nil {
		return policy.Decision{}, err
	}
	followers, err := strangers(ticket.Readers.Followers)
	if err != nil {
		return policy.Decision{}, err
	}
	return policy.Deliver(policy.Readers{
		OtherCCs: ccs, OtherFollowers: followers,
		SharedOrganization: ticket.Readers.SharedOrganization,
		SharingAgreements:  ticket.Readers.SharingAgreements,
		PublicAttachments:  ticket.Readers.PublicAttachments,
	}), nil
}

// reviewNow reads ticket and rights anew, in the middle of the work.
func (e *Engine) reviewNow(ctx context.Context, t *turn) (policy.Decision, error) {
	t.ticket = nil
	ticket, err := e.readTicket(ctx, t)
	if errors.Is(err, ErrNotFound) {
		return policy.Decision{Verdict: policy.Hold, Reason: string(ReasonTicketGone)}, nil
	}
	if err != nil {
		return policy.Decision{}, err
	}
	held, err := e.notice(ctx, t, ticket)
	if err != nil {
		return policy.Decision{}, err
	}
	if held != "" {
		return policy.Decision{Verdict: policy.Hold, Reason: string(held)}, nil
	}
	return e.recheck(ctx, t, ticket)
}
