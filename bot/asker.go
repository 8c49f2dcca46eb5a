package bot

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"privacydesk/bot/policy"
	"privacydesk/bot/reading"
)

// admission is askOf for a ticket that was not accepted yet. Where the answer
// does not depend on it, nobody is looked up.
func (e *Engine) admission(ctx context.Context, ticket *Ticket, res reading.Result) (policy.Ask, error) {
	a := policy.Ask{Kind: string(res.Kind), Requester: requesterOf(ticket)}
	if res.Kind == reading.OptOut || res.Kind == reading.Direct || !policy.Trusted(a.Requester) {
		return a, nil
	}
	return e.askOf(ctx, ticket, res)
}

// askOf gathers what the policy decides on. Only who asks is looked up, never
// whom it is about, unless the requester is an admin of the tenant that they
// name.
func (e *Engine) askOf(ctx context.Context, ticket *Ticket, res reading.Result) (policy.Ask, error) {
	a := policy.Ask{Kind: string(res.Kind), Requester: requesterOf(ticket)}
	standing, err := e.Directory.Standing(ctx, ticket.Requester)
	if err != nil {
		return a, fmt.Errorf("directory: %w", err)
	}
	a.Known, a.AdminOf = standing.Known, standing.AdminOf()
	for _, right := range standing.Tenants {
		a.MemberOf = append(a.MemberOf, right.Tenant)
	}
	a.NamedTenant = e.namedTenant(ticket, a.AdminOf)
	own, err := reading.Normalise(ticket.Requester.Email)
	a.SubjectIsRequester = err == nil && own == res.Subject && own != ""
	elsewhere := a.NamedTenant != "" && !slices.Contains(a.AdminOf, a.NamedTenant)
	if len(a.AdminOf) == 0 || elsewhere || res.Subject == "" {
		return a, nil
	}
	subject, err := e.Directory.Standing(ctx, Person{Email: res.Subject, Verified: true, Active: true, Role: "end-user"})
	if err != nil {
		return a, fmt.Errorf("directory: %w", err)
	}
	for _, right := range subject.Tenants {
		a.SubjectTenants = append(a.SubjectTenants, right.Tenant)
		a.SubjectIsUser = a.SubjectIsUser || slices.Contains(a.AdminOf, right.Tenant)
	}
	return a, nil
}

// namedTenant is the tenant that the form names, or with which an admin of
// several answered.
func (e *Engine) namedTenant(ticket *Ticket, of []string) string {
	if named := strings.TrimSpace(ticket.Fields[e.Settings.TenantField]); named != "" {
		return named
	}
	for _, c := range slices.Backward(ticket.Comments) {
		if c.Author.ID != ticket.Requester.ID || !c.Public {
			continue
		}
		if tenant, said := reading.Choice(c.Text, of); said {
			return tenant
		}
	}
	return ""
}

// requesterOf collects what the desk says of who asks, doubts about any of
// their comments included.
func requesterOf(ticket *Ticket) policy.Requester {
	r := policy.Requester{
		Role: ticket.Requester.Role, Verified: ticket.Requester.Verified, Suspended: ticket.Requester.Suspended,
		Active: ticket.Requester.Active, Channel: ticket.Channel, OnBehalf: ticket.Submitter.ID != ticket.Requester.ID,
	}
	for _, c := range ticket.Comments {
		if c.Author.ID == ticket.Requester.ID {
			r.Flags = append(r.Flags, c.Flags...)
		}
	}
	return r
}

// asReading is the ticket as the reader wants it, up to a comment (0: all). Of
// a request that was executed before, nothing from before is read but the kind
// that the form names.
func (e *Engine) asReading(of *Case, ticket *Ticket, upTo int64) reading.Ticket {
	r := reading.Ticket{
		FormID: ticket.FormID, AgentTags: ticket.AgentTags, Subject: ticket.Subject,
		Channel: ticket.Channel, Fields: ticket.Fields, RequesterAddress: ticket.Requester.Email,
	}
	if of.From != 0 {
		r.Subject = ""
	}
	for _, c := range ticket.Comments {
		if upTo != 0 && c.ID > upTo {
			break
		}
		if c.Ours || c.ID <= of.From {
			continue
		}
		r.Messages = append(r.Messages, reading.Message{
			FromRequester: c.Author.ID == ticket.Requester.ID, FromStaff: c.Author.Staff(), Public: c.Public,
			Automatic: reading.IsAutomatic(ticket.Subject, c.Text), Text: c.Text,
		})
	}
	return r
}
