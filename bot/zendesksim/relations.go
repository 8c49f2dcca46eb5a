package zendesksim

import (
	"slices"
	"time"
)

// relationRoutes tell who has to do with what: whose tickets, which members.
func relationRoutes() []route {
	return []route{
		{"GET", "/api/v2/users/:id/tickets/ccd", agents, ticketsOf(func(r *ticketRow, who int64) bool { return slices.Contains(r.EmailCCIDs, who) })},
		{"GET", "/api/v2/users/:id/tickets/assigned", agents, ticketsOf(func(r *ticketRow, who int64) bool { return r.AssigneeID == who })},
		{"GET", "/api/v2/users/:id/related", agents, userRelated},
		{"GET", "/api/v2/groups/:id/users", agents, groupUsers},
		{"GET", "/api/v2/organizations/search", agents, searchOrganizations},
		{"PUT", "/api/v2/organizations/:id", agents, updateOrganization},
		{"GET", "/api/v2/incremental/ticket_events", admins, exportTicketEvents},
	}
}

func ticketsOf(is func(*ticketRow, int64) bool) handler {
	return func(c *call) (answer, error) {
		u, err := c.activeUser(c.id("id"))
		if err != nil {
			return answer{}, err
		}
		rows := slices.DeleteFunc(c.liveTickets(), func(r *ticketRow) bool { return !is(r, u.ID) })
		return paginate(c, "tickets", rows, ticketID, c.ticketView)
	}
}

func userRelated(c *call) (answer, error) {
	u, err := c.activeUser(c.id("id"))
	if err != nil {
		return answer{}, err
	}
	var requested, assigned, ccd int
	for _, r := range c.liveTickets() {
		if r.RequesterID == u.ID {
			requested++
		}
		if r.AssigneeID == u.ID {
			assigned++
		}
		if slices.Contains(r.EmailCCIDs, u.ID) {
			ccd++
		}
	}
	return ok(object{"user_related": object{
		"requested_tickets": requested, "assigned_tickets": assigned, "ccd_tickets": ccd, "organization_subscriptions": 0,
	}}), nil
}

func groupUsers(c *call) (answer, error) {
	if c.groups.get(c.id("id")) == nil {
		return answer{}, notFound()
	}
	rows := c.users.where(func(u *User) bool { return !u.Deleted && c.isMember(u.ID, c.id("id")) })
	return paginate(c, "users", rows, userID, c.userView)
}

func searchOrganizations(c *call) (answer, error) {
	external, name := c.query("external_id"), c.query("name")
	if external == "" && name == "" {
		return answer{}, badRequest("Parameter name or external_id is required")
	}
	rows := c.orgs.where(func(o *Organization) bool {
		return external != "" && o.ExternalID == external || name != "" && o.Name == name
	})
	return paginate(c, "organizations", rows, orgID, c.orgView)
}

func updateOrganization(c *call) (answer, error) {
	o := c.orgs.get(c.id("id"))
	if o == nil {
		return answer{}, notFound()
	}
	var in struct {
		Organization struct {
			Name           *string        `json:"name"`
			ExternalID     *string        `json:"external_id"`
			DomainNames    *[]string      `json:"domain_names"`
			Tags           *[]string      `json:"tags"`
			SharedTickets  *bool          `json:"shared_tickets"`
			SharedComments *bool          `json:"shared_comments"`
			Fields         map[string]any `json:"organization_fields"`
		} `json:"organization"`
	}
	if err := c.decode(&in); err != nil {
		return answer{}, err
	}
	next, p := *o, in.Organization
	put(&next.Name, p.Name)
	put(&next.ExternalID, p.ExternalID)
	put(&next.DomainNames, p.DomainNames)
	put(&next.Tags, p.Tags)
	put(&next.SharedTickets, p.SharedTickets)
	put(&next.SharedComments, p.SharedComments)
	if p.Fields != nil {
		next.Fields = p.Fields
	}
	if next.Name == "" || c.orgs.first(func(have *Organization) bool { return have.ID != o.ID && have.Name == next.Name }) != nil {
		return answer{}, recordInvalid("name", "Name: cannot be blank, and no other organization's")
	}
	next.UpdatedAt = c.now()
	*o = next
	return ok(object{"organization": c.orgView(o)}), nil
}

// exportTicketEvents tells every update of every ticket.
func exportTicketEvents(c *call) (answer, error) {
	var audits []*Audit
	for _, row := range c.liveTickets() {
		audits = append(audits, row.audits...)
	}
	point := func(a *Audit) (time.Time, int64) { return a.CreatedAt, a.ID }
	return exportSince(c, "ticket_events", audits, point, func(a *Audit) object {
		v := c.auditView(a)
		return object{
			"id": a.ID, "ticket_id": a.TicketID, "timestamp": a.CreatedAt.Unix(), "created_at": stamp(a.CreatedAt), "updater_id": a.AuthorID,
			"via": a.Via.Channel, "event_type": "Audit", "child_events": v["events"], "metadata": v["metadata"],
		}
	})
}
