package bot

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"privacydesk/bot/policy"
	"privacydesk/bot/reading"
	"privacydesk/connectors"
)

// readTicket reads the ticket once a turn, and what it asks for.
func (e *Engine) readTicket(ctx context.Context, t *turn) (*Ticket, error) {
	ticket, err := e.readPlain(ctx, t)
	if err != nil {
		return nil, err
	}
	if t.print == "" && t.c.Epoch != "" && t.c.Phase != PhaseForgotten { // its key exists
		t.print, err = e.fingerprint(ctx, t.c, ticket)
	}
	return ticket, err
}

// readPlain reads the ticket once a turn. It needs no key of the request's: what
// discloses nothing can be said without.
func (e *Engine) readPlain(ctx context.Context, t *turn) (*Ticket, error) {
	if t.ticket != nil {
		return t.ticket, nil
	}
	ticket, err := e.deskFor(t).Ticket(ctx, TicketOfID(t.c.ID))
	if err != nil {
		return nil, fmt.Errorf("ticket of %s: %w", t.c.ID, err)
	}
	if err := e.compareMarks(ctx, t, ticket); err != nil {
		return nil, err
	}
	t.ticket = ticket
	t.documents(ticket)
	return ticket, nil
}

// deskFor is the desk for a request's calls: somebody waits for a first look,
// for what comes of their words, and for an answer; the rest can wait.
func (e *Engine) deskFor(t *turn) Desk {
	answers := slices.ContainsFunc(t.c.Owed, func(s Say) bool { return s.Public })
	if t.stored.Case.Version == 0 || t.hinted() || t.c.Phase == PhaseReading || answers {
		return e.Desk
	}
	return e.Patient
}

// fingerprint is a keyed digest of what a ticket asks for and who asks.
func (e *Engine) fingerprint(ctx context.Context, c *Case, ticket *Ticket) (string, error) {
	r := e.understand(c, ticket, 0)
	return e.digest(ctx, c.ID, []any{e.inScope(ticket), ticket.Requester.ID, r.Kind, r.Addresses(), ticket.Fields[e.Settings.TenantField], requesterOf(c, ticket)})
}

// inScope is false for what we filed ourselves, to tell agents of something,
// whatever form the desk gives it.
func (e *Engine) inScope(ticket *Ticket) bool {
	if len(ticket.Comments) > 0 && ticket.Comments[0].Ours {
		return false
	}
	return reading.InScope(e.Settings.Reading, reading.Ticket{FormID: ticket.FormID, AgentTags: ticket.AgentTags})
}

// read decides what a ticket asks for, of whom, and whether the requester may.
func (e *Engine) read(ctx context.Context, t *turn) (bool, error) {
	ticket, err := e.readTicket(ctx, t)
	if errors.Is(err, ErrNotFound) {
		t.finish(Cancelled, ReasonTicketGone, Say{})
		return true, t.commit(ctx)
	}
	if err != nil {
		return false, err
	}
	t.took = true
	if word := e.takesBack(t, ticket); word != 0 {
		t.seeUpTo(word)
		t.finish(Cancelled, ReasonByRequester, Say{Message: "cancelled"})
		return true, t.commit(ctx)
	}
	s, err := t.open(ctx)
	if err != nil {
		return false, err
	}
	if astray, err := e.linkAstray(ctx, t, ticket); err != nil {
		return false, err
	} else if astray {
		t.c.Link = nil
	}
	strange, err := e.outOfScope(ctx, ticket)
	if err != nil {
		return false, err
	}
	switch {
	case otherRequester(t.c, s, ticket):
		return e.holdOver(ctx, t, ReasonRequester)
	case mergedInto(ticket, t.c.Seen.Comment):
		return e.holdMerged(ctx, t, ticket)
	case strange:
		return e.holdOver(ctx, t, ReasonOutOfScope)
	case e.solvedTooEarly(t, ticket):
		return e.holdOver(ctx, t, ReasonSolvedByHand)
	}
	e.takeDates(t.c, ticket)
	res, ask, err := e.admitted(ctx, t, ticket)
	if err != nil {
		e.log(t.c.ID).WithField("event", "directory").Warn(connectors.Plain(err))
		return e.askLater(ctx, t, ticket, err)
	}
	t.c.Kind = Kind(res.Kind)
	late := objectsEarly(ticket, afterDescription(t.c, ticket))
	t.see(ticket)
	d := policy.Admit(ask)
	t.c.Doubts = nil
	for _, doubt := range policy.Doubts(ask, d.Tenant) {
		t.c.Doubts = append(t.c.Doubts, Reason(doubt))
	}
	return e.decide(ctx, t, ticket, res, d, late)
}

// The steps of the one note about a directory that does not answer, and of that
// about one that answers what it must not.
const (
	stepDirectory       = "directory"
	stepDirectoryMisfit = "directory-misfit"
)

// askLater waits for the directory, and tells the agents once that it does not
// answer. One that answers what is no answer won't pass by itself: that is a
// hold, which goes on when its query was mended.
func (e *Engine) askLater(ctx context.Context, t *turn, ticket *Ticket, cause error) (bool, error) {
	t.c.Attempts++
	on, reason, step, patience := OnSystem, ReasonDirectory, stepDirectory, e.Settings.MaxAttempts
	if ours := (*connectors.Error)(nil); errors.As(cause, &ours) && ours.Kind == connectors.Misfit {
		on, reason, step, patience = OnAgent, ReasonDirectoryMisfit, stepDirectoryMisfit, 1
	}
	t.wait(on, reason, t.now.Add(e.backoff(t.c.Attempts)))
	owed := slices.ContainsFunc(t.c.Owed, func(s Say) bool { return s.Step == step })
	if t.c.Attempts >= patience && !owed && !e.marked(ticket, t.c.ID, step) {
		t.owe(Say{Step: step, Message: "note_held", Vars: map[string]string{"reason": string(reason)}, AddTags: []string{TagNeedsPerson}})
	}
	return true, t.commit(ctx)
}

// holdOver holds for a reason, with a note when the hold is new.
func (e *Engine) holdOver(ctx context.Context, t *turn, reason Reason) (bool, error) {
	t.hold(reason)
	vars := map[string]string{"reason": string(reason)}
	if earlier := TicketOfID(t.c.Linked); reason == ReasonFollowUp && earlier != 0 {
		vars["linked"] = fmt.Sprint(earlier)
	}
	t.note("note_held", vars)
	return true, t.commit(ctx)
}

// holdMerged holds for a merge, which counts as seen unless another hold, which
// gives way to none, stands.
func (e *Engine) holdMerged(ctx context.Context, t *turn, ticket *Ticket) (bool, error) {
	if t.hold(ReasonMerged) && t.c.Wait.Reason == ReasonMerged {
		t.see(ticket)
	}
	t.note("note_held", map[string]string{"reason": string(ReasonMerged)})
	return true, t.commit(ctx)
}

// decide turns the policy's verdict into the request's next state. late says
// that somebody spoke of stopping meanwhile: a person reads that before the
// request is accepted.
func (e *Engine) decide(ctx context.Context, t *turn, ticket *Ticket, res reading.Result, d policy.Decision, late bool) (bool, error) {
	switch {
	case d.Verdict == policy.Refuse:
		t.finish(Rejected, Reason(d.Reason), Say{Message: "refused_" + d.Reason, Vars: map[string]string{"reason": d.Reason}})
		return true, t.commit(ctx)
	case d.Verdict == policy.Answer && Reason(d.Reason) == ReasonOptOut:
		return e.optOut(ctx, t, ticket)
	case d.Verdict == policy.Hand:
		return e.leaveToPerson(ctx, t, Reason(d.Reason))
	case d.Verdict == policy.Answer:
		t.finish(Rejected, Reason(d.Reason), Say{Message: "answer_" + d.Reason, Vars: map[string]string{"reason": d.Reason}})
		return true, t.commit(ctx)
	case ticket.FollowupOf != 0 && quiet(ticket, 0):
		t.finish(Rejected, ReasonNothingAsked, Say{Message: "note_thanks"})
		return true, t.commit(ctx)
	case Reason(d.Reason) == ReasonConfirmLink:
		return e.askByLink(ctx, t, ticket, res, d.Tenant)
	case d.Verdict == policy.Question:
		return e.question(ctx, t, Reason(d.Reason))
	case res.Question != "":
		return e.question(ctx, t, Reason(res.Question))
	case e.Settings.MustAttest && !e.consumers(d.Tenant) && e.attested(t.c, ticket) == "":
		return e.question(ctx, t, ReasonAttestation)
	}
	var doubts []Reason
	if late {
		doubts = append(doubts, ReasonReply)
	}
	if d.Verdict != policy.Accept && !slices.Contains(t.c.Doubts, Reason(d.Reason)) { // those wait for the counts
		doubts = append(doubts, Reason(d.Reason))
	}
	if ticket.FollowupOf != 0 {
		doubts = append(doubts, ReasonFollowUp)
	}
	if t.c.From != 0 {
		doubts = append(doubts, ReasonReopened)
	}
	switch doubt := t.uncleared(doubts); doubt {
	case "":
	case ReasonReopened:
		return e.compare(ctx, t, res.Subject)
	default:
		return e.holdOver(ctx, t, doubt)
	}
	return e.accept(ctx, t, ticket, res, d.Tenant)
}

// accept freezes kind, tenant and subject. One open request per tenant,
// subject and kind: the claim decides, atomically.
func (e *Engine) accept(ctx context.Context, t *turn, ticket *Ticket, res reading.Result, tenant string) (bool, error) {
	c := t.c
	if begun, err := e.clearSpool(ctx, t); err != nil {
		return false, err
	} else if begun {
		t.hold(ReasonStateLost)
		t.note("note_held", map[string]string{"reason": string(ReasonStateLost)})
		return true, t.commit(ctx)
	}
	c.Epoch = newToken() // findings begin with the subject
	if c.Controller = e.consumers(tenant); c.Controller && res.Kind == reading.Direct {
		res.Kind = res.Wanted
	}
	if err := e.nameSubject(ctx, c, tenant, res); err != nil {
		return false, err
	}
	c.Kind, c.Tenant, c.Accepted, c.Phase, c.Wait, c.Attempts = Kind(res.Kind), tenant, t.now, PhaseLocating, nil, 0
	c.Attested = ""
	if !c.Controller { // consumers speak for themselves
		c.Attested = e.attested(c, ticket)
	}
	e.takeDates(c, ticket) // the tenant's law
	t.seal(&Secret{
		Subject: res.Subject, Also: res.Addresses()[1:], Requester: ticket.Requester.ID, Identities: seed(res.Addresses()...), Former: t.secret.Former, Reference: cmp.Or(e.reference(ticket), t.secret.Reference),
		Frozen: Frozen{
			Requester: ticket.Requester.ID, Kind: c.Kind, Subject: res.Subject, Also: alsoOf(res),
			Tenant: ticket.Fields[e.Settings.TenantField], Comment: c.Seen.Comment,
		},
	})
	c.Systems = e.systemsOf(c)
	t.change.Claim = append(t.change.Claim, openClaims(c, c.Kind)...)
	accepted := map[string]string{
		"kind": string(c.Kind), "tenant": tenant, "subject": c.Pseudonym.MAC, "key": c.Pseudonym.Key, "due": c.Due.UTC().Format(time.RFC3339),
	}
	if c.Law != "" {
		accepted["law"] = string(c.Law)
	}
	if c.Attested != "" {
		accepted["attested"] = c.Attested
	}
	t.event("accepted", accepted)
	vars, err := e.receiptVars(ctx, c, t.now)
	if err != nil {
		return false, err
	}
	if c.Adopted != 0 {
		vars["adopted"] = "yes"
	}
	t.owe(Say{
		Step: c.once(stepReceipt), Message: "receipt_" + string(c.Kind), Public: true, Status: StatusOpen, Vars: vars,
		Fields: map[string]string{"due": c.Due.In(e.Settings.Location).Format(time.DateOnly)},
	})
	err = t.commit(ctx)
	var claimed *ClaimError
	if errors.As(err, &claimed) {
		return e.duplicate(ctx, t, claimed.Holder)
	}
	return true, err
}

// consumers is true for the vendor's own tenant, about which consumers ask.
func (e *Engine) consumers(tenant string) bool {
	return tenant != "" && tenant == e.Settings.Controller.Tenant
}

// nameSubject gives the subject's addresses their pseudonyms.
func (e *Engine) nameSubject(ctx context.Context, c *Case, tenant string, res reading.Result) error {
	c.Also = nil
	for i, address := range res.Addresses() {
		p, err := e.Keys.Pseudonym(ctx, tenant, address)
		if err != nil {
			return fmt.Errorf("pseudonym: %w", err)
		}
		if i == 0 {
			c.Pseudonym = p
		} else {
			c.Also = append(c.Also, p)
		}
	}
	return nil
}

// alsoOf are a subject's further addresses, as one text.
func alsoOf(res reading.Result) string {
	all := res.Addresses()
	return strings.Join(all[min(1, len(all)):], " ")
}

// duplicate answers a request that an open one covers already.
func (e *Engine) duplicate(ctx context.Context, t *turn, holder string) (bool, error) {
	fresh, err := e.load(ctx, t.c.ID, t.step)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return false, err
	}
	if errors.Is(err, ErrNotFound) {
		fresh.c.ID, fresh.c.Ticket, fresh.c.Epoch, fresh.c.Arrived = t.c.ID, t.c.Ticket, t.c.Epoch, t.c.Arrived
		fresh.c.Due, fresh.c.Locale, fresh.c.Phase = t.c.Due, t.c.Locale, PhaseReading
		fresh.seal(&Secret{Requester: t.secret.Requester, Reference: t.secret.Reference})
		fresh.event("arrived", map[string]string{"ticket": fmt.Sprint(t.c.Ticket)})
	}
	fresh.took, fresh.c.Seen = true, t.c.Seen
	fresh.c.Kind, fresh.c.Tenant, fresh.c.Linked = t.c.Kind, t.c.Tenant, holder
	fresh.finish(Rejected, ReasonDuplicate, Say{
		Message: "duplicate", Vars: map[string]string{"linked": fmt.Sprint(TicketOfID(holder)), "reason": string(ReasonDuplicate)},
	})
	return true, fresh.commit(ctx)
}

// question asks the requester, once for each thing they wrote; after some
// rounds an agent takes over.
func (e *Engine) question(ctx context.Context, t *turn, reason Reason) (bool, error) {
	if t.c.Asked >= e.Settings.MaxAsked && t.hold(reason) {
		t.note("note_held", map[string]string{"reason": string(reason)})
		return true, t.commit(ctx)
	}
	t.c.Asked++
	t.c.Wait = nil
	t.wait(OnRequester, reason, time.Time{})
	t.owe(Say{Message: "question_" + string(reason), Public: true, Status: StatusPending})
	return true, t.commit(ctx)
}

// see notes up to where the ticket was read.
func (t *turn) see(ticket *Ticket) {
	if n := len(ticket.Comments); n > 0 {
		t.seeUpTo(ticket.Comments[n-1].ID)
	}
}

// seeUpTo notes that a ticket was read as far as a comment.
func (t *turn) seeUpTo(comment int64) {
	t.c.Seen.Comment, t.c.Seen.At = max(t.c.Seen.Comment, comment), t.now
}
