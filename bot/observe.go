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
		t.took = true
		return e.ticketGone(ctx, t)
	}
	if err != nil {
		return false, err
	}
	if e.commands(t, ticket) {
		return true, t.commit(ctx)
	}
	if taken, err := e.takenBack(ctx, t, ticket); err != nil || taken {
		return taken, err
	}
	if merged, err := e.mergedAway(ctx, t, ticket); err != nil || merged {
		return merged, err
	}
	if fought, err := e.fought(ctx, t, ticket); err != nil || fought {
		return fought, err
	}
	if ended, err := e.answeredByHand(ctx, t, ticket); err != nil || ended {
		return ended, err
	}
	if e.solvedTooEarly(t, ticket) && e.undoSolved(t) {
		t.took = true // the update that undoes it is a reason to look again
		return true, t.commit(ctx)
	}
	if t.c.Phase == PhaseReading {
		return e.reread(ctx, t, ticket)
	}
	reasons, err := e.notice(ctx, t, ticket)
	if err != nil {
		return false, err
	}
	t.took = true
	if held := t.first(reasons); held != "" {
		t.hold(held)
		t.note("note_held", map[string]string{"reason": string(held)})
	}
	e.pass(t, ticket, reasons)
	return true, t.commit(ctx)
}

// first is the first of the reasons that nobody waved through, or "". A reply
// and a merge go before all others: once they are seen, no later look finds
// them again.
func (t *turn) first(reasons []Reason) Reason {
	for _, r := range onceSeen() {
		if slices.Contains(reasons, r) {
			return r
		}
	}
	return t.uncleared(reasons)
}

// onceSeen are the reasons that only words give which nobody saw before.
func onceSeen() []Reason { return []Reason{ReasonReply, ReasonMerged} }

// pass counts what stands on the ticket as seen. What nobody acts on now is
// left for a later look: words beside a hold that gives way to no reply, and
// words beside an answer that discloses nothing, which begin the next
// generation.
func (e *Engine) pass(t *turn, ticket *Ticket, reasons []Reason) {
	if e.pastWords(t, ticket) && len(objections(ticket, t.c.Seen.Comment)) > 0 {
		return
	}
	if held := t.first(reasons); slices.Contains(onceSeen(), held) && (t.c.Wait == nil || t.c.Wait.Reason != held) {
		return
	}
	t.see(ticket)
}

// pastWords is true once no word changes this generation of a request any
// more: its answer is there, or is decided and discloses nothing.
func (e *Engine) pastWords(t *turn, ticket *Ticket) bool {
	if t.c.Resolution == "" {
		return false
	}
	discloses := slices.ContainsFunc(t.c.Owed, func(s Say) bool { return s.Discloses })
	return !discloses || e.marked(ticket, t.c.ID, t.c.once(stepFinal))
}

// takesBack is the last comment by which the requester takes the request back,
// since it was last looked at, or 0; a description is no such word.
func (e *Engine) takesBack(t *turn, ticket *Ticket) int64 {
	for _, c := range slices.Backward(newerByAsker(t.c, ticket, afterDescription(t.c, ticket))) {
		if reading.Cancels(c.Text) {
			return c.ID
		}
	}
	return 0
}

// afterDescription is up to where a ticket was seen, its description included.
func afterDescription(c *Case, ticket *Ticket) int64 {
	if c.Seen.Comment == 0 && len(ticket.Comments) > 0 {
		return ticket.Comments[0].ID
	}
	return c.Seen.Comment
}

// takenBack cancels a request that its requester takes back before anything
// was disclosed or erased, whatever it waits for, and also while its answer is
// decided and unsaid. What they wrote after that word is not passed over.
func (e *Engine) takenBack(ctx context.Context, t *turn, ticket *Ticket) (bool, error) {
	said := t.c.Resolution == Cancelled || t.c.Resolution != "" && e.marked(ticket, t.c.ID, t.c.once(stepFinal))
	word := e.takesBack(t, ticket)
	if t.c.Wait.lost() || said || !t.c.Begun.IsZero() || word == 0 {
		return false, nil
	}
	if mark, err := e.eraseMark(ctx, t.c); err != nil || mark != nil {
		return false, err // erasing began; the record was set back
	}
	t.took = true
	t.seeUpTo(word)
	t.c.Owed = nil
	t.finish(Cancelled, ReasonByRequester, Say{Message: "cancelled"})
	return true, t.commit(ctx)
}

// ticketGone ends a request whose ticket was deleted. Where erasing has begun
// the next system's review holds it: a person decides how half an erase ends.
func (e *Engine) ticketGone(ctx context.Context, t *turn) (bool, error) {
	if !t.c.Begun.IsZero() || t.c.Resolution != "" {
		return true, t.commit(ctx)
	}
	t.c.Owed = nil
	t.finish(Cancelled, ReasonTicketGone, Say{})
	return true, t.commit(ctx)
}

// reread looks again at a ticket that was not accepted yet, if there is
// something new in it.
func (e *Engine) reread(ctx context.Context, t *turn, ticket *Ticket) (bool, error) {
	t.took = true
	if e.solvedTooEarly(t, ticket) {
		t.hold(ReasonSolvedByHand)
		t.note("note_held", map[string]string{"reason": string(ReasonSolvedByHand)})
		return true, t.commit(ctx)
	}
	if mergedInto(ticket, t.c.Seen.Comment) {
		return e.holdMerged(ctx, t, ticket)
	}
	if taken, err := e.takenOn(ctx, t, ticket); err != nil || taken {
		return taken, err
	}
	w := t.c.Wait
	fresh := newerByAsker(t.c, ticket, t.c.Seen.Comment)
	if w == nil || w.On != OnRequester || len(fresh) == 0 && !e.nowClear(t, ticket) {
		if w != nil && w.On == OnRequester && ticket.Status == StatusOpen && quiet(ticket, t.c.Seen.Comment) {
			t.see(ticket)
			t.owe(Say{Status: StatusPending}) // an absence note opened it
		}
		return true, t.commit(ctx)
	}
	t.c.Wait = nil
	return e.read(ctx, t)
}

// nowClear is true if an edit of the form answered the open question.
func (e *Engine) nowClear(t *turn, ticket *Ticket) bool {
	if slices.Contains([]Reason{ReasonWhichTenant, ReasonConfirmSigned, ReasonConfirmLink, ReasonAttestation}, t.c.Wait.Reason) {
		return false
	}
	read := e.understand(t.c, ticket, 0)
	return read.Question == "" && (read.Kind != reading.Direct || read.Wanted != reading.Unclear)
}

// notice names all reasons to hold an accepted request that the ticket gives.
func (e *Engine) notice(ctx context.Context, t *turn, ticket *Ticket) ([]Reason, error) {
	s, err := t.open(ctx)
	if err != nil {
		return nil, err
	}
	if t.c.Tenant == "" || s.Frozen.Requester == 0 {
		return nil, nil // a refusal or a question: nothing of anybody's is in it
	}
	var out []Reason
	if otherRequester(t.c, s, ticket) {
		out = append(out, ReasonRequester)
	}
	if strange, err := e.outOfScope(ctx, ticket); err != nil {
		return nil, err
	} else if strange {
		out = append(out, ReasonOutOfScope)
	}
	read := e.understand(t.c, ticket, s.Frozen.Comment)
	edited := Kind(read.Kind) != s.Frozen.Kind || read.Subject != s.Frozen.Subject || alsoOf(read) != s.Frozen.Also || ticket.Fields[e.Settings.TenantField] != s.Frozen.Tenant
	if edited && !e.marked(ticket, t.c.ID, t.c.once(stepFinal)) { // the final answer itself clears fields
		out = append(out, ReasonEdited)
	}
	if e.pastWords(t, ticket) {
		return out, nil
	}
	if !ticket.Merged && e.solvedTooEarly(t, ticket) {
		out = append(out, ReasonSolvedByHand)
	}
	if len(objections(ticket, t.c.Seen.Comment)) > 0 || protested(ticket, t.c.Seen.Comment) {
		out = append(out, ReasonReply)
	}
	if mergedInto(ticket, t.c.Seen.Comment) {
		out = append(out, ReasonMerged)
	}
	return out, nil
}

// solvedTooEarly is true if somebody or something else solved the ticket of a
// request that is open.
func (e *Engine) solvedTooEarly(t *turn, ticket *Ticket) bool {
	return t.c.open() && (ticket.Status == StatusSolved || ticket.Status == StatusClosed) && !e.marked(ticket, t.c.ID, t.c.once(stepFinal))
}

// undoSolved opens a ticket again that was solved too early, once: whoever
// does it again is not argued with.
func (e *Engine) undoSolved(t *turn) bool {
	if t.c.Wait.lost() || !t.once("undone") {
		return false
	}
	status := StatusOpen
	if t.c.Wait != nil && t.c.Wait.On == OnRequester {
		status = StatusPending
	}
	t.owe(Say{Message: "note_undone", Status: status})
	return true
}

// review names all reasons to hold, on a ticket that was just read: what was
// frozen must stand there unchanged, and the requester must still have the
// right.
func (e *Engine) review(ctx context.Context, t *turn, ticket *Ticket) ([]Reason, error) {
	if t.c.Tenant == "" {
		return nil, nil
	}
	reasons, err := e.notice(ctx, t, ticket)
	if err != nil {
		return nil, err
	}
	ask, err := e.askOf(ctx, t.c, ticket, reading.Result{Kind: reading.Kind(t.c.Kind)})
	if err != nil {
		return nil, err
	}
	ask.NamedTenant = t.c.Tenant
	if t.c.Controller {
		s, err := t.open(ctx)
		if err != nil {
			return nil, err
		}
		ask.SubjectIsRequester = sameAddress(ticket.Requester.Email, s.Subject)
	}
	if d := policy.Recheck(ask); d.Verdict != policy.Accept {
		reasons = append(reasons, Reason(d.Reason))
	}
	return reasons, nil
}

// readersOf holds a delivery unless everybody who reads the ticket may: admins
// of the tenant may, others may not.
func (e *Engine) readersOf(ctx context.Context, t *turn, ticket *Ticket) ([]Reason, error) {
	strangers := func(people []Person) (int, error) {
		n := 0
		for _, p := range people {
			if p.ID == asker(t.c, ticket).ID || p.Staff() {
				continue
			}
			standing, err := e.Directory.Standing(ctx, p)
			if err != nil {
				return 0, err
			}
			if !p.Verified || t.c.Controller || !slices.Contains(e.adminOf(standing), t.c.Tenant) {
				n++
			}
		}
		return n, nil
	}
	ccs, err := strangers(ticket.Readers.CCs)
	if err != nil {
		return nil, err
	}
	filer, err := strangers([]Person{ticket.Requester})
	if err != nil {
		return nil, err
	}
	followers, err := strangers(ticket.Readers.Followers)
	if err != nil {
		return nil, err
	}
	t.reads = policy.Readers{
		Requester: filer, OtherCCs: ccs, OtherFollowers: followers,
		SharedOrganization: ticket.Readers.SharedOrganization,
		SharingAgreements:  ticket.Readers.SharingAgreements,
		PublicAttachments:  ticket.Readers.PublicAttachments,
	}
	d := policy.Deliver(t.reads)
	if d.Verdict == policy.Accept {
		return nil, nil
	}
	return []Reason{Reason(d.Reason)}, nil
}

// reviewNow reads ticket, rights and readers anew, in the middle of the work,
// and returns the first reason to stop that nobody waved through.
func (e *Engine) reviewNow(ctx context.Context, t *turn) (Reason, error) {
	t.ticket = nil
	ticket, err := e.readTicket(ctx, t)
	if errors.Is(err, ErrNotFound) {
		return ReasonTicketGone, nil
	}
	if err != nil {
		return "", err
	}
	reasons, err := e.review(ctx, t, ticket)
	if err != nil {
		return "", err
	}
	readers, err := e.readersOf(ctx, t, ticket)
	return t.first(append(reasons, readers...)), err
}
