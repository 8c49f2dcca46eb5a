package bot

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"privacydesk/bot/policy"
	"privacydesk/bot/reading"
)

// asker is in whose right a request goes on: its ticket's requester, or the
// admin who took it on. Somebody whose word is gone from the ticket is nobody.
func asker(c *Case, ticket *Ticket) Person {
	if c.Adopted == 0 {
		return ticket.Requester
	}
	for _, said := range ticket.Comments {
		if said.ID == c.Adopted {
			return said.Author
		}
	}
	return Person{}
}

// admission is askOf for a ticket that was not accepted yet. Where the answer
// does not depend on it, nobody is looked up.
func (e *Engine) admission(ctx context.Context, c *Case, ticket *Ticket, res reading.Result) (policy.Ask, error) {
	a := e.blank(c, ticket, res)
	if res.Kind == reading.OptOut || res.Kind == reading.Direct && a.Controller == "" || !policy.Trusted(a.Requester) && res.Kind != reading.Direct {
		return a, nil
	}
	if res.Kind == reading.Direct && !policy.Trusted(a.Requester) {
		return a, nil // by a link alone: of an address that is not verified nothing is looked up
	}
	return e.askOf(ctx, c, ticket, res)
}

// blank is what a decision rests on as far as the ticket tells it.
func (e *Engine) blank(c *Case, ticket *Ticket, res reading.Result) policy.Ask {
	who := asker(c, ticket)
	a := policy.Ask{
		Kind: string(res.Kind), Requester: requesterOf(c, ticket), Consumer: c.Controller,
		Controller: e.Settings.Controller.Tenant, Wanted: string(res.Wanted),
	}
	a.ByMail, a.Confirmed = saidByMail(c, ticket)
	own, err := reading.Normalise(who.Email)
	a.SubjectIsRequester = err == nil && own != "" && slices.Contains(res.Addresses(), own)
	if res.Kind == reading.Direct || c.Controller {
		a.SubjectIsRequester = a.SubjectIsRequester && len(res.Addresses()) == 1
	}
	a.SubjectIsRole = slices.ContainsFunc(res.Addresses(), reading.IsRole)
	a.LinkFollowed = c.Link.confirmed(consumerKind(res))
	return a
}

// askOf gathers what the policy decides on. Only who asks is looked up, never
// whom it is about, unless the requester is an admin of the tenant that they
// name.
func (e *Engine) askOf(ctx context.Context, c *Case, ticket *Ticket, res reading.Result) (policy.Ask, error) {
	a := e.blank(c, ticket, res)
	standing, err := e.Directory.Standing(ctx, asker(c, ticket))
	if err != nil {
		return a, fmt.Errorf("directory: %w", err)
	}
	a.Known, a.AdminOf = standing.Known, e.adminOf(standing)
	a.SubjectIsRequester = a.SubjectIsRequester && (a.Known || len(res.Addresses()) == 1) // a consumer asks about no further address
	for _, right := range standing.Tenants {
		a.MemberOf = append(a.MemberOf, right.Tenant)
	}
	if res.Kind == reading.Direct || c.Controller {
		a.SubjectIsUser = standing.Known
		return a, nil
	}
	a.NamedTenant = e.namedTenant(c, ticket, a.AdminOf)
	elsewhere := a.NamedTenant != "" && !slices.Contains(a.AdminOf, a.NamedTenant)
	if len(a.AdminOf) == 0 || elsewhere {
		return a, nil
	}
	for _, address := range res.Addresses() {
		subject, err := e.Directory.Standing(ctx, Person{Email: address, Verified: true, Active: true, Role: "end-user"})
		if err != nil {
			return a, fmt.Errorf("directory: %w", err)
		}
		for _, right := range subject.Tenants {
			a.SubjectTenants = append(a.SubjectTenants, right.Tenant)
			a.SubjectIsUser = a.SubjectIsUser || slices.Contains(a.AdminOf, right.Tenant)
		}
	}
	return a, nil
}

// adminOf are the tenants for which somebody may ask. The vendor's own is none:
// only consumers ask about that, each about themselves.
func (e *Engine) adminOf(s Standing) []string {
	return slices.DeleteFunc(s.AdminOf(), func(t string) bool { return t == e.Settings.Controller.Tenant })
}

// namedTenant is the tenant that the form names, or with which an admin of
// several answered.
func (e *Engine) namedTenant(of *Case, ticket *Ticket, admin []string) string {
	if named := strings.TrimSpace(ticket.Fields[e.Settings.TenantField]); named != "" {
		return named
	}
	who := asker(of, ticket).ID
	for _, c := range slices.Backward(ticket.Comments) {
		if c.Author.ID != who || !c.Public || c.Merged {
			continue
		}
		if tenant, said := reading.Choice(c.Text, admin); said {
			return tenant
		}
	}
	return ""
}

// requesterOf collects what the desk says of who asks, doubts about any of
// their comments included. What an agent wrote in their name says nothing of
// them, and nor does what a merge brought along.
func requesterOf(c *Case, ticket *Ticket) policy.Requester {
	who := asker(c, ticket)
	r := policy.Requester{
		Role: who.Role, Verified: who.Verified, Suspended: who.Suspended, Active: who.Active, Channel: ticket.Channel,
		OnBehalf: c.Adopted == 0 && ticket.Submitter.ID != ticket.Requester.ID,
	}
	r.ByStaff = r.OnBehalf && ticket.Submitter.Staff()
	for i, said := range ticket.Comments {
		if said.Author.ID == who.ID && !said.Merged && (i > 0 || !r.ByStaff) {
			r.Flags = append(r.Flags, said.Flags...)
		}
	}
	return r
}

// asReading is the ticket as the reader wants it, up to a comment (0: all). Of
// a request that was executed before, nothing from before is read but the kind
// that the form names.
func (e *Engine) asReading(of *Case, ticket *Ticket, upTo int64) reading.Ticket {
	who := asker(of, ticket)
	r := reading.Ticket{
		FormID: ticket.FormID, AgentTags: ticket.AgentTags, Subject: ticket.Subject,
		Channel: ticket.Channel, Fields: ticket.Fields, RequesterAddress: who.Email,
	}
	if of.From != 0 {
		r.Subject = ""
	}
	for i, c := range ticket.Comments {
		if upTo != 0 && c.ID > upTo {
			break
		}
		if c.Ours || c.Merged || c.ID <= of.From {
			continue
		}
		vouched := i == 0 && vouchedFor(of, ticket)
		r.Messages = append(r.Messages, reading.Message{
			FromRequester: vouched || speaks(of, ticket, c), FromStaff: c.Author.Staff() && !vouched, Public: c.Public,
			Automatic: reading.IsAutomatic(ticket.Subject, c.Text), Text: c.Text, Shown: c.Shown,
		})
	}
	return r
}

// speaks is true for a comment of whom a request listens to: who asks, and, up
// to the word by which an admin took it on, who had filed it.
func speaks(of *Case, ticket *Ticket, c Comment) bool {
	if of.Adopted == 0 {
		return c.Author.ID == ticket.Requester.ID
	}
	filed := c.Author.ID == ticket.Comments[0].Author.ID && c.ID < of.Adopted
	return filed || c.Author.ID == asker(of, ticket).ID && c.ID >= of.Adopted
}

// vouchedFor is true for a description that an agent wrote in the requester's
// name, once the requester themselves said yes to it.
func vouchedFor(of *Case, ticket *Ticket) bool {
	if r := requesterOf(of, ticket); !r.ByStaff || !ticket.Comments[0].Public {
		return false
	}
	_, confirmed := saidByMail(of, ticket)
	return confirmed
}

// saidByMail tells whether anything that a request rests on came by mail, and
// whether who asks said yes to all of that, and to what an agent filed in their
// name, from a session.
func saidByMail(of *Case, ticket *Ticket) (mailed, confirmed bool) {
	who := asker(of, ticket)
	for i, c := range ticket.Comments {
		byMail := c.Channel == "email" || i == 0 && ticket.Channel == "email"
		switch {
		case i > 0 && c.ID > of.From && c.Author.ID == who.ID && confirms(c):
			confirmed = true
		case i > 0 && (!speaks(of, ticket, c) || c.ID <= of.From), c.Ours || c.Merged, !c.Public:
		case i > 0 && (c.says(reading.IsThanks) || reading.IsAutomatic(ticket.Subject, c.Text)):
		case byMail:
			mailed, confirmed = true, false
		}
	}
	return mailed, confirmed
}

// confirms is true for a public yes from a session of which the desk is sure.
// Mail proves nobody.
func confirms(c Comment) bool {
	return c.Public && !c.Ours && !c.Merged && !c.Author.Staff() && c.Channel == "web" && !policy.Doubtful(c.Flags) && c.says(reading.Confirms)
}

// understand reads what a ticket says, up to a comment (0: all). A consumer who
// names nobody asks about themselves.
func (e *Engine) understand(of *Case, ticket *Ticket, upTo int64) reading.Result {
	r := reading.Read(e.Settings.Reading, e.asReading(of, ticket, upTo))
	if e.Settings.Controller.Tenant == "" && !of.Controller || r.Kind != reading.Direct {
		return r
	}
	if own, err := reading.Normalise(asker(of, ticket).Email); err == nil && r.Candidates == 0 {
		r.Subject = own
	}
	if of.Controller {
		r.Kind = r.Wanted
	}
	return r
}
