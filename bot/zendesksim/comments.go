package zendesksim

import (
	"encoding/json"
	"slices"
	"strings"
)

// commentInput is the "comment" of a ticket's create or update.
type commentInput struct {
	Body     string      `json:"body"`
	HTMLBody string      `json:"html_body"`
	Public   *bool       `json:"public"`
	AuthorID json.Number `json:"author_id"`
	Uploads  any         `json:"uploads"`
}

func commentRoutes() []route {
	return []route{
		{"GET", "/api/v2/tickets/:id/comments", agents, listComments},
		{"GET", "/api/v2/tickets/:id/comments/count", agents, countComments},
		{"PUT", "/api/v2/tickets/:id/comments/:comment/make_private", agents, makePrivate},
		{"PUT", "/api/v2/tickets/:id/comments/:comment/redact", agents, redactText},
		{"PUT", "/api/v2/tickets/:id/comments/:comment/attachments/:file/redact", agents, redactFile},
		{"PUT", "/api/v2/comment_redactions/:comment", agents, redactComment},
	}
}

// draft reads a comment; nil when it has neither text nor files. Comments
// are public unless told otherwise.
func (c *call) draft(in commentInput) (*draft, error) {
	d := &draft{authorID: c.user.ID, body: in.Body, htmlBody: in.HTMLBody, public: in.Public == nil || *in.Public}
	if in.AuthorID != "" {
		id, err := in.AuthorID.Int64()
		if err != nil || c.users.get(id) == nil {
			return nil, recordInvalid("comment", "Author: is invalid")
		}
		if id != 0 {
			d.authorID = id
		}
	}
	for _, token := range textList(in.Uploads) {
		u := c.uploads[token]
		if u == nil || c.expired(u) {
			return nil, recordInvalid("attachments", "Uploads: token is invalid or has expired")
		}
		for _, id := range u.AttachmentIDs {
			d.files = append(d.files, c.attachments.get(id))
		}
	}
	if strings.TrimSpace(d.body+d.htmlBody) == "" && len(d.files) == 0 {
		return nil, nil //nolint:nilnil // Zendesk passes over an empty comment in silence
	}
	return d, nil
}

// consume ends the upload tokens of an update that was committed.
func (c *call) consume(in ticketInput) {
	var k *commentInput
	if has, err := in.read("comment", &k); !has || err != nil || k == nil {
		return
	}
	for _, token := range textList(k.Uploads) {
		delete(c.uploads, token)
	}
}

func listComments(c *call) (answer, error) {
	row, err := c.ticket(c.id("id"))
	if err != nil {
		return answer{}, err
	}
	rows := c.commentsOf(row.ID)
	a, err := paginate(c, "comments", slices.Clone(rows), func(k *Comment) int64 { return k.ID }, c.commentView)
	if body, isObject := a.body.(object); isObject && strings.Contains(c.query("include"), "users") {
		body["users"] = c.authors(rows)
	}
	return a, err
}

func (c *call) authors(rows []*Comment) []object {
	seen := map[int64]bool{}
	out := []object{}
	for _, k := range rows {
		if u := c.users.get(k.AuthorID); u != nil && !seen[u.ID] {
			seen[u.ID] = true
			out = append(out, c.userView(u))
		}
	}
	return out
}

func countComments(c *call) (answer, error) {
	row, err := c.ticket(c.id("id"))
	if err != nil {
		return answer{}, err
	}
	return ok(object{"count": object{"value": len(row.commentIDs), "refreshed_at": stamp(c.now())}}), nil
}

// commentOn finds a comment of a ticket.
func (c *call) commentOn(ticketID int64) (*ticketRow, *Comment, error) {
	k := c.comments.get(c.id("comment"))
	row := c.tickets.get(ticketID)
	if k == nil || row == nil || row.Deleted || k.TicketID != row.ID {
		return nil, nil, notFound()
	}
	return row, k, nil
}

func makePrivate(c *call) (answer, error) {
	row, k, err := c.commentOn(c.id("id"))
	if err != nil {
		return answer{}, err
	}
	k.Public = false
	c.note(row, "CommentPrivacyChange", k.ID)
	return ok(""), nil
}

// note adds an audit about a comment; it works on closed tickets too.
func (c *call) note(row *ticketRow, event string, commentID int64) {
	audit := &Audit{
		ID: c.newID(), TicketID: row.ID, AuthorID: c.user.ID, Via: Via{Channel: "api"}, CreatedAt: c.now(),
		Events: []Event{{ID: c.newID(), Type: event, CommentID: commentID}},
	}
	row.audits = append(row.audits, audit)
	row.UpdatedAt = audit.CreatedAt
	c.announce(row, audit, false)
}
