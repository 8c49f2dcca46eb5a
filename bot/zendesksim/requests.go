package zendesksim

import (
	"encoding/json"
	"slices"
	"strings"
)

// requestRoutes are the API of end users: what agents call a ticket is their
// request.
func requestRoutes() []route {
	return []route{
		{"GET", "/api/v2/requests", signed, listRequests(func(*call, *ticketRow) bool { return true })},
		{"POST", "/api/v2/requests", signed, createRequest},
		{"GET", "/api/v2/requests/open", signed, listRequests(func(_ *call, r *ticketRow) bool { return !isDone(r) })},
		{"GET", "/api/v2/requests/solved", signed, listRequests(func(_ *call, r *ticketRow) bool { return isDone(r) })},
		{"GET", "/api/v2/requests/ccd", signed, listRequests(func(c *call, r *ticketRow) bool { return r.RequesterID != c.user.ID })},
		{"GET", "/api/v2/requests/search", signed, searchRequests},
		{"GET", "/api/v2/requests/:id", signed, showRequest},
		{"PUT", "/api/v2/requests/:id", signed, updateRequest},
		{"GET", "/api/v2/requests/:id/comments", signed, requestComments},
		{"GET", "/api/v2/requests/:id/comments/:comment", signed, requestComment},
	}
}

func isDone(row *ticketRow) bool { return row.Status == "solved" || row.Status == "closed" }

// requestView is a ticket without what only agents see.
func (c *call) requestView(row *ticketRow) object {
	t := c.ticketView(row)
	v := object{"url": c.url("requests/%d", row.ID), "can_be_solved_by_me": maySolve(c.user, row), "solved": isDone(row), "followup_source_id": nullID(row.FollowupSourceID)}
	for _, key := range []string{
		"id", "subject", "description", "status", "priority", "type", "custom_status_id", "organization_id", "requester_id", "assignee_id", "group_id",
		"collaborator_ids", "email_cc_ids", "via", "due_at", "is_public", "recipient", "ticket_form_id", "created_at", "updated_at",
	} {
		v[key] = t[key]
	}
	fields := []object{}
	for _, f := range c.fields.where(func(f *TicketField) bool { return !f.System && !f.Inactive && f.VisibleInPortal }) {
		fields = append(fields, object{"id": f.ID, "value": row.CustomFields[f.ID]})
	}
	v["custom_fields"], v["fields"] = fields, fields
	return v
}

func listRequests(keep func(*call, *ticketRow) bool) handler {
	return func(c *call) (answer, error) {
		rows := c.tickets.where(func(r *ticketRow) bool { return c.mayFollow(c.user, r) && keep(c, r) })
		return paginate(c, "requests", rows, ticketID, c.requestView)
	}
}

func searchRequests(c *call) (answer, error) {
	rows := c.tickets.where(func(r *ticketRow) bool {
		return c.mayFollow(c.user, r) && inList(c.query("status"), r.Status) && c.mentionsPublicly(r, c.query("query"))
	})
	return paginate(c, "requests", rows, ticketID, c.requestView)
}

func (c *call) mentionsPublicly(row *ticketRow, word string) bool {
	word = strings.ToLower(word)
	return strings.Contains(strings.ToLower(row.Subject), word) || slices.ContainsFunc(c.commentsOf(row.ID), func(k *Comment) bool {
		return k.Public && strings.Contains(strings.ToLower(k.Body), word)
	})
}

func showRequest(c *call) (answer, error) {
	row, err := c.followed()
	if err != nil {
		return answer{}, err
	}
	body := object{"request": c.requestView(row)}
	if strings.Contains(c.query("include"), "users") {
		body["users"] = c.sideloadUsers(row)
	}
	return ok(body), nil
}

func (c *call) requestInput() (ticketInput, error) {
	var in struct {
		Request ticketInput `json:"request"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if in.Request == nil {
		return nil, badRequest("Parameter request is required")
	}
	return in.Request, nil
}

// requestDraft reads the comment, which is public and its author's own.
func (c *call) requestDraft(in ticketInput) (*draft, error) {
	var k commentInput
	if has, err := in.read("comment", &k); err != nil || !has {
		return nil, err
	}
	k.Public, k.AuthorID = nil, ""
	return c.draft(k)
}

// createRequest files as an end user: fields that only agents edit are passed
// over in silence.
func createRequest(c *call) (answer, error) {
	in, err := c.requestInput()
	if err != nil {
		return answer{}, err
	}
	t := c.blankTicket(c.user, c.user)
	if err := c.applyRequest(in, &t); err != nil {
		return answer{}, err
	}
	comment, err := c.requestDraft(in)
	switch {
	case err != nil:
		return answer{}, err
	case comment == nil:
		return answer{}, recordInvalid("base", "Description: cannot be blank")
	case strings.TrimSpace(t.Subject) == "":
		return answer{}, recordInvalid("subject", "Subject: cannot be blank")
	}
	t.Via = Via{Channel: "api"}
	row := &ticketRow{}
	if _, err := c.commit(row, t, change{actor: c.user, via: t.Via, comment: comment}); err != nil {
		return answer{}, err
	}
	c.consume(in)
	a := created(object{"request": c.requestView(row)})
	a.set("Location", c.url("requests/%d", row.ID))
	return a, nil
}

func (c *call) applyRequest(in ticketInput, t *Ticket) error {
	for key, into := range map[string]*string{"subject": &t.Subject, "priority": &t.Priority, "type": &t.Type, "recipient": &t.Recipient} {
		if err := in.text(key, into); err != nil {
			return err
		}
	}
	for key, into := range map[string]*int64{"ticket_form_id": &t.FormID, "via_followup_source_id": &t.FollowupSourceID} {
		if err := in.id(key, into); err != nil {
			return err
		}
	}
	if src := c.tickets.get(t.FollowupSourceID); src == nil || src.Status != "closed" || !c.mayFollow(c.user, src) {
		t.FollowupSourceID = 0 // it has no effect with other tickets
	}
	filled := t.clone()
	if err := c.applyFields(in, &filled); err != nil {
		return err
	}
	for id, v := range filled.CustomFields {
		if f := c.fields.get(id); f.VisibleInPortal && f.EditableInPortal {
			t.CustomFields[id] = v
		}
	}
	if err := c.addCollaborators(in, "collaborators", t); err != nil {
		return err
	}
	return c.checkReferences(*t)
}

// addCollaborators takes ids, addresses, and objects with name and email.
func (c *call) addCollaborators(in ticketInput, key string, t *Ticket) error {
	var list []any
	if _, err := in.read(key, &list); err != nil {
		return err
	}
	for _, one := range list {
		p := collaboratorInput{}
		switch one := one.(type) {
		case json.Number:
			p.UserID = one
		case string:
			p.UserEmail, p.UserName = one, one
		case object:
			p.UserEmail, _ = one["email"].(string)
			p.UserName, _ = one["name"].(string)
		}
		id, err := c.collaborator(p)
		if err != nil {
			return err
		}
		if id != t.RequesterID && !slices.Contains(t.EmailCCIDs, id) {
			t.EmailCCIDs = append(t.EmailCCIDs, id)
		}
	}
	return nil
}

// updateRequest adds a comment or CCs, or calls the request solved.
func updateRequest(c *call) (answer, error) {
	row, err := c.followed()
	if err != nil {
		return answer{}, err
	}
	if err := c.spendUpdate(row.ID); err != nil {
		return answer{}, err
	}
	in, err := c.requestInput()
	if err != nil {
		return answer{}, err
	}
	if row.Status == "closed" {
		return answer{}, recordInvalid("status", "Status: closed prevents ticket update")
	}
	comment, err := c.requestDraft(in)
	if err != nil {
		return answer{}, err
	}
	next := row.clone()
	if err := c.addCollaborators(in, "additional_collaborators", &next); err != nil {
		return answer{}, err
	}
	var solved any
	if _, err := in.read("solved", &solved); err != nil {
		return answer{}, err
	}
	switch {
	case (solved == true || solved == "true") && maySolve(c.user, row):
		next.Status = "solved"
	case comment != nil && opensAgain(c.user, row):
		next.Status = "open"
	}
	if _, err := c.commit(row, next, change{actor: c.user, via: Via{Channel: "api"}, comment: comment}); err != nil {
		return answer{}, err
	}
	c.consume(in)
	return ok(object{"request": c.requestView(row)}), nil
}

func (c *call) publicComments(row *ticketRow) []*Comment {
	return slices.DeleteFunc(c.commentsOf(row.ID), func(k *Comment) bool { return !k.Public })
}

func requestComments(c *call) (answer, error) {
	row, err := c.followed()
	if err != nil {
		return answer{}, err
	}
	rows := c.publicComments(row)
	a, err := paginate(c, "comments", slices.Clone(rows), func(k *Comment) int64 { return k.ID }, c.requestCommentView)
	if body, isObject := a.body.(object); isObject {
		body["users"] = c.authors(rows)
	}
	return a, err
}

// requestCommentView leaves out from where an author wrote.
func (c *call) requestCommentView(k *Comment) object {
	v := c.commentView(k)
	delete(v, "metadata")
	return v
}

func requestComment(c *call) (answer, error) {
	row, err := c.followed()
	if err != nil {
		return answer{}, err
	}
	for _, k := range c.publicComments(row) {
		if k.ID == c.id("comment") {
			return ok(object{"comment": c.requestCommentView(k)}), nil
		}
	}
	return answer{}, notFound()
}
