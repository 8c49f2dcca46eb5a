package bot

import (
	"context"
	"fmt"

	"privacydesk/bot/policy"
	"privacydesk/bot/reading"
)

// admitted reads a ticket and gathers what its admission rests on. A request of
// somebody who is no admin goes on in the right of an admin who took it on.
func (e *Engine) admitted(ctx context.Context, t *turn, ticket *Ticket) (reading.Result, policy.Ask, error) {
	res := e.understand(t.c, ticket, 0)
	ask, err := e.admission(ctx, t.c, ticket, res)
	if err != nil || t.c.Adopted != 0 || Reason(policy.Admit(ask).Reason) != ReasonNotAdmin {
		return res, ask, err
	}
	t.c.Adopted, err = e.adopter(ctx, t.c, ticket)
	if err != nil || t.c.Adopted == 0 {
		return res, ask, err
	}
	t.c.Locale = asker(t.c, ticket).Locale
	t.event("adopted", map[string]string{"comment": fmt.Sprint(t.c.Adopted)})
	res = e.understand(t.c, ticket, 0)
	adopted, err := e.admission(ctx, t.c, ticket, res)
	adopted.AdminOf = common(adopted.AdminOf, ask.MemberOf)
	return res, adopted, err
}

// adopter finds the first comment by which an admin of a tenant, of which the
// requester is a user, took the request on: a plain yes, from a session.
func (e *Engine) adopter(ctx context.Context, c *Case, ticket *Ticket) (int64, error) {
	var offers []Comment
	for i, said := range ticket.Comments {
		if i > 0 && said.ID > c.From && said.Author.ID != ticket.Requester.ID && confirms(said) {
			offers = append(offers, said)
		}
	}
	if len(offers) == 0 {
		return 0, nil
	}
	filer, err := e.Directory.Standing(ctx, ticket.Requester)
	if err != nil {
		return 0, fmt.Errorf("directory: %w", err)
	}
	var of []string
	for _, right := range filer.Tenants {
		if named := e.namedTenant(c, ticket, nil); named == "" || named == right.Tenant {
			of = append(of, right.Tenant)
		}
	}
	for _, said := range offers {
		standing, err := e.Directory.Standing(ctx, said.Author)
		if err != nil {
			return 0, fmt.Errorf("directory: %w", err)
		}
		would := *c
		would.Adopted = said.ID
		ask := policy.Ask{Requester: requesterOf(&would, ticket), Known: standing.Known, AdminOf: e.adminOf(standing), Confirmed: true}
		if policy.Adopts(ask, of) {
			return said.ID, nil
		}
	}
	return 0, nil
}

// common are the tenants that are in both lists.
func common(a, b []string) []string {
	var out []string
	for _, x := range a {
		for _, y := range b {
			if x == y {
				out = append(out, x)
				break
			}
		}
	}
	return out
}

// takenOn reads a refused request on that waits for a person to read a reply,
// once an admin took it on.
func (e *Engine) takenOn(ctx context.Context, t *turn, ticket *Ticket) (bool, error) {
	w := t.c.Wait
	if w == nil || w.Reason != ReasonReplied || t.c.before().Reason != ReasonNotAdmin {
		return false, nil
	}
	by, err := e.adopter(ctx, t.c, ticket)
	if err != nil || by == 0 {
		return false, err
	}
	t.c.Wait = nil
	return e.read(ctx, t)
}

// otherRequester is true if the ticket has another requester than the one who
// filed it. To make the admin who took it on the requester is no such change.
func otherRequester(c *Case, s *Secret, ticket *Ticket) bool {
	return ticket.Requester.ID != s.Requester && (c.Adopted == 0 || ticket.Requester.ID != asker(c, ticket).ID)
}

// heldNote is the note about a hold. Where the requester may not read what an
// admin asks for on their ticket, it says how to go on.
func heldNote(c *Case, reason Reason) string {
	if reason == ReasonReaders && c.Adopted != 0 {
		return "note_adopted_readers"
	}
	return "note_held"
}
