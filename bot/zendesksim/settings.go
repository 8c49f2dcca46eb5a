package zendesksim

import "time"

// suspendedLife is how long suspended mail is kept [docs, suspended tickets].
const suspendedLife = 14 * 24 * time.Hour

func settingsRoutes() []route {
	return []route{
		{"GET", "/api/v2/account/settings", agents, showSettings},
		{"PUT", "/api/v2/account/settings", admins, changeSettings},
		{"GET", "/api/v2/suspended_tickets", agents, listSuspended},
		{"DELETE", "/api/v2/suspended_tickets/:id", agents, deleteSuspended},
	}
}

func showSettings(c *call) (answer, error) {
	return ok(object{"settings": object{
		"tickets": object{
			"private_attachments": c.privateFiles, "email_attachments": c.mailFiles, "tagging": true, "comments_public_by_default": true,
			"collaboration": true, "follower_and_email_cc_collaborations": true, "agent_ticket_deletion": true,
			"assign_tickets_upon_solve": c.opt.AssignOnSolve, "rich_text_comments": true, "markdown_ticket_comments": false,
		},
		// The setting under its other name: some clients read attachments.private.
		"attachments":     object{"private": c.privateFiles},
		"active_features": object{"ticket_forms": !c.noForms, "ticket_tagging": true, "on_hold_status": true, "allow_ccs": true},
		"agents":          object{"agent_workspace": true},
		"api":             object{"accepted_api_agreement": true, "api_token_access": "true"},
		"limits":          object{"attachment_size": maxFileSize},
		"user":            object{"multiple_organizations": true, "tagging": true},
		"brands":          object{"default_brand_id": brandID},
	}}), nil
}

func changeSettings(c *call) (answer, error) {
	var in struct {
		Settings struct {
			Tickets struct {
				Private *bool `json:"private_attachments"`
				Mailed  *bool `json:"email_attachments"`
			} `json:"tickets"`
		} `json:"settings"`
	}
	if err := c.decode(&in); err != nil {
		return answer{}, err
	}
	put(&c.privateFiles, in.Settings.Tickets.Private)
	put(&c.mailFiles, in.Settings.Tickets.Mailed)
	return showSettings(c)
}

func (c *call) suspendedView(t *SuspendedTicket) object {
	via := Via{Channel: "email", FromAddress: t.AuthorEmail, FromName: t.AuthorName, ToAddress: t.Recipient, ToName: c.opt.Subdomain}
	return object{
		"id": t.ID, "url": c.url("suspended_tickets/%d", t.ID), "author": object{"id": -1, "name": t.AuthorName, "email": t.AuthorEmail},
		"subject": t.Subject, "content": t.Content, "cause": t.Cause, "cause_id": 0, "message_id": t.MessageID,
		"recipient": t.Recipient, "created_at": stamp(t.CreatedAt), "updated_at": stamp(t.CreatedAt), "via": via.view(),
		"attachments": []object{}, "error_messages": nil, "brand_id": brandID,
	}
}

func listSuspended(c *call) (answer, error) {
	rows := c.suspended.where(func(t *SuspendedTicket) bool { return c.opt.Clock().Sub(t.CreatedAt) < suspendedLife })
	return paginate(c, "suspended_tickets", rows, func(t *SuspendedTicket) int64 { return t.ID }, c.suspendedView)
}

func deleteSuspended(c *call) (answer, error) {
	id := c.id("id")
	if c.suspended.get(id) == nil {
		return answer{}, notFound()
	}
	c.suspended.remove(id)
	return noContent(), nil
}
