package zendesk

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// setup compares what the configuration names with what zendesk setup would
// make of it, and looks for what stands in the way.
func (c *checker) setup(ctx context.Context) error {
	s, err := c.newSetup(ctx, Wanted{
		Form: c.uses.Form, KindField: c.uses.Fields["zendesk.kind_field"], TenantField: c.uses.Fields["zendesk.tenant_field"],
		KindValues: c.uses.KindValues, Tag: c.uses.Tag,
	})
	if err != nil {
		return err
	}
	s.audit = true
	s.run(ctx)
	for _, item := range s.plan.Items {
		c.item(item)
	}
	for _, l := range s.plan.Lacks {
		switch {
		case l.Right == "role admin": // said already
		case strings.HasPrefix(l.Right, "scope "):
			c.add(Blocks, "zendesk.oauth", "the token lacks the "+l.Right+"; "+l.What, l.Mend)
		default:
			c.add(Warns, l.Right, l.What, l.Mend)
		}
	}
	for _, r := range s.plan.Rivals {
		c.rival(r)
	}
	if u, err := url.Parse(c.o.Webhook.URL); err == nil && c.o.Webhook.URL != "" && u.Path != c.o.Webhook.Path {
		c.add(Warns, "zendesk.webhook.url", "its path is not zendesk.webhook.path; webhooks only arrive if a proxy between rewrites it", "make them the same")
	}
	if on := s.inv.settings.Features.Forms; on != nil && !*on && c.uses.Form != 0 {
		c.add(Blocks, "the account's plan", "it has no ticket forms, and zendesk.form names one", "change the plan, or work by the tag that agents add (zendesk.tag)")
	}
	if mailed := s.inv.settings.Tickets.Mailed; mailed != nil && *mailed {
		c.add(Blocks, "Admin Center, Objects and rules, Tickets, Settings", "attachments travel with e-mail notifications: a report leaves Zendesk, and lies in mailboxes for ever",
			"under Attachments, don't send files along with notifications (the API calls it tickets.email_attachments)")
	}
	return nil
}

// item tells of what is named and not as it has to be. That a field or the
// form is missing, inactive or of a wrong type is told by other looks.
func (c *checker) item(i Item) {
	const mend = "run: privacydesk zendesk setup"
	known := slices.Contains([]string{"ticket field", "ticket form"}, i.Thing)
	switch {
	case i.State == Create && !known:
		c.add(Warns, i.Option, fmt.Sprintf("there is no %s %q in Zendesk", i.Thing, i.Title), mend)
	case i.State == Repair:
		changes := slices.DeleteFunc(slices.Clone(i.Changes), func(s string) bool { return known && s == "activate it" })
		if len(changes) > 0 {
			c.add(Warns, i.Option, fmt.Sprintf("the %s %q is not as it has to be: %s", i.Thing, i.Title, strings.Join(changes, "; ")), mend)
		}
	case i.State == Blocked && !known && !strings.Contains(strings.Join(i.Notes, " "), "does not show"):
		c.add(Warns, i.Option, strings.Join(i.Notes, "; "), "see docs/zendesk.md")
	}
}

func (c *checker) rival(r Rival) {
	which := "a privacy ticket"
	if r.TaggedOnly {
		which = "a privacy ticket that an agent tagged"
	}
	c.add(Warns, "Zendesk's "+r.Kind+" "+r.ID, fmt.Sprintf("%q could fire on %s: it %s", r.Title, which, strings.Join(r.Does, ", ")),
		"let it leave out the form, and tickets with the tag privacydesk")
}
