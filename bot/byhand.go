package bot

import (
	"context"
	"slices"
	"strings"
	"time"

	"privacydesk/bot/policy"
	"privacydesk/bot/reading"
)

// What privacydesk reads and does not execute: corrections, objections, and an
// opt-out of which the vendor's own word is not known. Who asks is told so, and
// agents see to it; they end it by solving the ticket.

// byHand is true for what waits for that.
func byHand(r Reason) bool {
	return slices.Contains([]Reason{ReasonCorrection, ReasonObjection, ReasonOptOutByHand}, r)
}

// leaveToPerson says that nothing is executed, once, and holds.
func (e *Engine) leaveToPerson(ctx context.Context, t *turn, reason Reason) (bool, error) {
	if t.hold(reason) && t.c.Wait.Reason == reason && t.once("by_hand_"+string(reason)) {
		t.owe(Say{Message: "by_hand_" + string(reason), Public: true, Status: StatusOpen})
	}
	t.note("note_held", map[string]string{"reason": string(reason)})
	return true, t.commit(ctx)
}

// answeredByHand ends what was left to a person once a person has solved the
// ticket. What was written after that is left for the next look.
func (e *Engine) answeredByHand(ctx context.Context, t *turn, ticket *Ticket) (bool, error) {
	w := t.c.Wait
	if w == nil || !byHand(w.Reason) {
		return false, nil
	}
	at, solved := solvedByPerson(ticket)
	if !solved {
		return false, nil
	}
	t.took = true
	for _, said := range ticket.Comments {
		if !said.At.After(at) {
			t.seeUpTo(said.ID)
		}
	}
	t.finish(Rejected, w.Reason, Say{Status: StatusSolved}) // an agent said what there was to say
	return true, t.commit(ctx)
}

// solvedByPerson is when a person solved a ticket: a rule that does so answers
// nobody. Rules close tickets for good, days after somebody solved them.
func solvedByPerson(ticket *Ticket) (at time.Time, solved bool) {
	if ticket.Status == StatusClosed {
		return ticket.Updated, true
	}
	for _, edit := range slices.Backward(ticket.Edits) {
		if edit.What == EditStatus {
			return edit.At, edit.Rule == "" && ticket.Status == StatusSolved
		}
	}
	return time.Time{}, false
}

// optOut answers with the vendor's own word, or leaves it to a person. What
// syncs into an account is told to somebody of that account alone.
func (e *Engine) optOut(ctx context.Context, t *turn, ticket *Ticket) (bool, error) {
	said := e.Settings.OptOut
	if strings.TrimSpace(said.Statement) == "" {
		return e.leaveToPerson(ctx, t, ReasonOptOutByHand)
	}
	vars := map[string]string{"reason": string(ReasonOptOut), "statement": said.Statement, "page": said.SubProcessors}
	if tenant := e.onlyTenant(ctx, t, ticket); tenant != "" {
		names, err := e.integrations(ctx, tenant)
		if err != nil {
			return false, err
		}
		vars["integrations"] = strings.Join(names, "\n")
	}
	t.finish(Rejected, ReasonOptOut, Say{Message: "answer_opt_out", Vars: vars})
	return true, t.commit(ctx)
}

// onlyTenant is the one tenant of which the requester is a user, of whom the
// desk is sure; "" where there is none, or the directory does not tell. Where no
// integrations are known nobody is looked up.
func (e *Engine) onlyTenant(ctx context.Context, t *turn, ticket *Ticket) string {
	_, knows := e.Directory.(Integrations)
	if !knows && len(e.Settings.Integrations)+len(e.Settings.TenantIntegrations) == 0 || !policy.Trusted(requesterOf(t.c, ticket)) {
		return ""
	}
	standing, err := e.Directory.Standing(ctx, ticket.Requester)
	if err != nil || len(standing.Tenants) != 1 {
		return ""
	}
	return standing.Tenants[0].Tenant
}

// The ways by which a customer attests.
const (
	AttestedByForm = "form" // ticked on the form they filed
	AttestedByWord = "word" // said in a reply
)

// attested is how the customer said that they verified the person's request. A
// box that staff or a rule ticked is nobody's word; nor is mail from a doubtful
// sender. A form speaks of the request that it filed, and for who filed it: not
// for an admin who took it on, nor of whoever is named once it is done.
func (e *Engine) attested(c *Case, ticket *Ticket) string {
	byOthers := slices.ContainsFunc(ticket.Edits, func(edit Edit) bool {
		return edit.What == EditField && edit.Field == e.Settings.AttestedField && edit.By.ID != ticket.Requester.ID
	})
	others := byOthers || requesterOf(c, ticket).ByStaff || c.Adopted != 0 || c.From != 0
	if e.Settings.AttestedField != 0 && ticket.Fields[e.Settings.AttestedField] == "true" && !others {
		return AttestedByForm
	}
	who := asker(c, ticket)
	if slices.ContainsFunc(ticket.Comments, func(said Comment) bool {
		return said.ID > c.From && said.Author.ID == who.ID && said.Public && !said.Ours && !said.Merged && !policy.Doubtful(said.Flags) && said.says(reading.Attests)
	}) {
		return AttestedByWord
	}
	return ""
}
