package zendesksim

import (
	"crypto/sha256"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Idempotency-Key's life and length [docs, creating tickets].
const (
	idempotencyLife   = 2 * time.Hour
	idempotencyMaxLen = 255
)

type idempotentCreate struct {
	digest [sha256.Size]byte
	at     time.Time
	answer answer
}

func ticketRoutes() []route {
	return []route{
		{"GET", "/api/v2/tickets", agents, listTickets},
		{"POST", "/api/v2/tickets", agents, createTicket},
		{"GET", "/api/v2/tickets/show_many", agents, showManyTickets},
		{"GET", "/api/v2/tickets/:id", agents, showTicket},
		{"PUT", "/api/v2/tickets/:id", agents, updateTicket},
		{"DELETE", "/api/v2/tickets/:id", agents, deleteTicket},
		{"GET", "/api/v2/tickets/:id/audits", agents, listAudits},
		{"GET", "/api/v2/tickets/:id/audits/:audit", agents, showAudit},
		{"GET", "/api/v2/tickets/:id/tags", agents, listTicketTags},
		{"POST", "/api/v2/tickets/:id/tags", agents, editTicketTags},
		{"PUT", "/api/v2/tickets/:id/tags", agents, editTicketTags},
		{"DELETE", "/api/v2/tickets/:id/tags", agents, editTicketTags},
		{"GET", "/api/v2/tickets/:id/email_ccs", agents, listCollaborators},
		{"GET", "/api/v2/tickets/:id/followers", agents, listCollaborators},
		{"GET", "/api/v2/tickets/:id/collaborators", agents, listCollaborators},
		{"POST", "/api/v2/tickets/:id/merge", agents, mergeInto},
		{"GET", "/api/v2/users/:id/tickets/requested", agents, requestedTickets},
		{"GET", "/api/v2/deleted_tickets", agents, listDeletedTickets},
		{"DELETE", "/api/v2/deleted_tickets/:id", agents, purgeTicket},
	}
}

func ticketID(row *ticketRow) int64 { return row.ID }

// ticket gives a ticket that is not deleted.
func (c *call) ticket(id int64) (*ticketRow, error) {
	row := c.tickets.get(id)
	if row == nil || row.Deleted {
		return nil, notFound()
	}
	return row, nil
}

func (c *call) liveTickets() []*ticketRow {
	return c.tickets.where(func(r *ticketRow) bool { return !r.Deleted })
}

func listTickets(c *call) (answer, error) {
	return paginate(c, "tickets", c.liveTickets(), ticketID, c.ticketView)
}

func showManyTickets(c *call) (answer, error) {
	var rows []*ticketRow
	for _, id := range c.ids() {
		if row, err := c.ticket(id); err == nil {
			rows = append(rows, row)
		}
	}
	return paginate(c, "tickets", rows, ticketID, c.ticketView)
}

// ids reads the ids parameter, at most 100 as in Zendesk.
func (c *call) ids() []int64 {
	var out []int64
	for _, p := range strings.Split(c.query("ids"), ",") {
		if id, err := strconv.ParseInt(strings.TrimSpace(p), 10, 64); err == nil && len(out) < maxPage {
			out = append(out, id)
		}
	}
	return out
}

func showTicket(c *call) (answer, error) {
	row, err := c.ticket(c.id("id"))
	if err != nil {
		return answer{}, err
	}
	body := object{"ticket": c.ticketView(row)}
	if strings.Contains(c.query("include"), "users") {
		body["users"] = c.sideloadUsers(row)
	}
	return ok(body), nil
}

func (c *call) sideloadUsers(row *ticketRow) []object {
	ids := append([]int64{row.RequesterID, row.SubmitterID, row.AssigneeID}, row.collaborators()...)
	slices.Sort(ids)
	out := []object{}
	for _, id := range slices.Compact(ids) {
		if u := c.users.get(id); u != nil {
			out = append(out, c.userView(u))
		}
	}
	return out
}

func createTicket(c *call) (answer, error) {
	key := c.req.Header.Get("Idempotency-Key")
	if key == "" {
		return c.createTicket()
	}
	if len(key) > idempotencyMaxLen {
		return answer{}, refuse(http.StatusBadRequest, "IdempotentRequestError", "Idempotency key is longer than 255 characters")
	}
	digest := sha256.Sum256(c.body)
	slot := strconv.FormatInt(c.user.ID, 10) + " " + key
	if done, known := c.idempotent[slot]; known && c.opt.Clock().Sub(done.at) < idempotencyLife {
		if done.digest != digest {
			return answer{}, refuse(http.StatusBadRequest, "IdempotentRequestError",
				"Request parameters do not match the given idempotency key")
		}
		hit := done.answer
		hit.header = hit.header.Clone()
		hit.set("X-Idempotency-Lookup", "hit")
		return hit, nil
	}
	a, err := c.createTicket()
	if err != nil {
		return answer{}, err
	}
	a.set("X-Idempotency-Lookup", "miss")
	c.idempotent[slot] = idempotentCreate{digest: digest, at: c.opt.Clock(), answer: a}
	a.header = a.header.Clone()
	return a, nil
}

func (c *call) createTicket() (answer, error) {
	in, err := c.ticketInput()
	if err != nil {
		return answer{}, err
	}
	requester, err := c.requesterOf(in)
	if err != nil {
		return answer{}, err
	}
	t := c.blankTicket(requester, c.user)
	delete(in, "requester_id")
	if err := c.apply(in, &t); err != nil {
		return answer{}, err
	}
	ch, err := c.changeOf(in)
	if err != nil {
		return answer{}, err
	}
	if ch.comment == nil {
		if ch.comment, err = c.described(in); err != nil {
			return answer{}, err
		}
	}
	if ch.comment == nil {
		return answer{}, recordInvalid("base", "Description: cannot be blank")
	}
	if requester.ID != c.user.ID && ch.comment.authorID == c.user.ID && in.noAuthor() {
		ch.comment.authorID = requester.ID // Zendesk: the requester wrote the description
	}
	t.Via = Via{Channel: "api"}
	row := &ticketRow{}
	audit, err := c.commit(row, t, ch)
	if err != nil {
		return answer{}, err
	}
	c.consume(in)
	a := created(object{"ticket": c.ticketView(row), "audit": c.auditView(audit)})
	a.set("Location", c.url("tickets/%d", row.ID))
	return a, nil
}

// described is the first comment of a create that says it by description, as
// some clients do; Zendesk's documentation asks for comment.
func (c *call) described(in ticketInput) (*draft, error) {
	var body string
	if err := in.text("description", &body); err != nil {
		return nil, err
	}
	return c.draft(commentInput{Body: body})
}

func (in ticketInput) noAuthor() bool {
	var k commentInput
	_, err := in.read("comment", &k)
	return err == nil && k.AuthorID == ""
}

// requesterOf finds or makes the requester; without one it is the caller.
func (c *call) requesterOf(in ticketInput) (*User, error) {
	var who struct {
		Name  string `json:"name"`
		Email string `json:"email"`
	}
	if has, err := in.read("requester", &who); err != nil || has {
		if err != nil {
			return nil, err
		}
		if u := c.userByEmail(who.Email); u != nil {
			return u, nil
		}
		if who.Name == "" {
			return nil, recordInvalid("requester", "Requester Name: is too short (minimum one character)")
		}
		return c.addUser(User{Name: who.Name, Email: who.Email}), nil
	}
	id := c.user.ID
	if err := in.id("requester_id", &id); err != nil {
		return nil, err
	}
	if u := c.users.get(id); u != nil && !u.Deleted {
		return u, nil
	}
	return nil, recordInvalid("requester", "Requester: is invalid")
}

func updateTicket(c *call) (answer, error) {
	row, err := c.ticket(c.id("id"))
	if err != nil {
		return answer{}, err
	}
	if err := c.spendUpdate(row.ID); err != nil {
		return answer{}, err
	}
	in, err := c.ticketInput()
	if err != nil {
		return answer{}, err
	}
	if err := checkStamp(in, row); err != nil {
		return answer{}, err
	}
	if row.Status == "closed" {
		return answer{}, recordInvalid("status", "Status: closed prevents ticket update")
	}
	next := row.clone()
	if err := c.apply(in, &next); err != nil {
		return answer{}, err
	}
	ch, err := c.changeOf(in)
	if err != nil {
		return answer{}, err
	}
	audit, err := c.commit(row, next, ch)
	if err != nil {
		return answer{}, err
	}
	c.consume(in)
	return ok(object{"ticket": c.ticketView(row), "audit": c.auditView(audit)}), nil
}

// checkStamp refuses an update that was written against an older state. The
// mere presence of safe_update is what counts: false behaves like true.
func checkStamp(in ticketInput, row *ticketRow) error {
	_, safe := in["safe_update"]
	var at string
	if err := in.text("updated_stamp", &at); err != nil {
		return err
	}
	if !safe || at == "" {
		return nil
	}
	t, err := stampOf(at)
	if err != nil {
		return badRequest("Parameter ticket[updated_stamp] must be a date and time")
	}
	if !t.Equal(row.UpdatedAt) {
		return refuse(http.StatusConflict, "UpdateConflict",
			"Safe Update prevented the update due to outdated ticket data. Please fetch the latest ticket data and try again.")
	}
	return nil
}

// changeOf reads what goes with the new state: comment and metadata.
func (c *call) changeOf(in ticketInput) (change, error) {
	ch := change{actor: c.user, via: Via{Channel: "api"}}
	if _, err := in.read("metadata", &ch.custom); err != nil {
		return ch, err
	}
	var k *commentInput
	if has, err := in.read("comment", &k); err != nil || !has || k == nil {
		return ch, err
	}
	var err error
	ch.comment, err = c.draft(*k)
	return ch, err
}

func deleteTicket(c *call) (answer, error) {
	if err := c.deleteTicket(c.user, c.id("id")); err != nil {
		return answer{}, err
	}
	return noContent(), nil
}

func mergeInto(c *call) (answer, error) {
	var in struct {
		IDs           []int64 `json:"ids"`
		TargetComment string  `json:"target_comment"`
		TargetPublic  bool    `json:"target_comment_is_public"`
		SourceComment string  `json:"source_comment"`
		SourcePublic  bool    `json:"source_comment_is_public"`
	}
	if err := c.decode(&in); err != nil {
		return answer{}, err
	}
	note := func(body string, public bool) *draft {
		if body == "" {
			return nil
		}
		return &draft{authorID: c.user.ID, body: body, public: public}
	}
	results := []object{}
	for _, id := range in.IDs {
		target := note(in.TargetComment, in.TargetPublic)
		if err := c.mergeTickets(c.user, id, c.id("id"), note(in.SourceComment, in.SourcePublic), target); err != nil {
			return answer{}, err
		}
		results = append(results, object{"action": "merge", "id": id, "status": "Merged", "success": true})
	}
	return c.finished("Ticket Merge", results)
}
