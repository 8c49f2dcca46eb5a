package zendesksim

import (
	"html"
	"slices"
	"strings"
	"unicode"

	nethtml "golang.org/x/net/html"
)

// blot replaces each character that is redacted.
const blot = '▇'

func blotted(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return r
		}
		return blot
	}, s)
}

// SetRedaction switches redaction by comment off: an account without the
// Agent Workspace, or whose agents may not delete, answers 403.
func (s *Sim) SetRedaction(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.noRedaction = !on
}

// redactComment replaces what stands in <redact> or bears the attribute
// redact, and the named attachments. It works on closed tickets too.
func redactComment(c *call) (answer, error) {
	var in struct {
		TicketID int64    `json:"ticket_id"`
		HTMLBody string   `json:"html_body"`
		URLs     []string `json:"external_attachment_urls"`
	}
	if err := c.decode(&in); err != nil {
		return answer{}, err
	}
	if c.noRedaction {
		return answer{}, forbidden()
	}
	row, k, err := c.commentOn(in.TicketID)
	if err != nil {
		return answer{}, err
	}
	rich := k.HTMLBody
	if in.HTMLBody != "" {
		var same bool
		if rich, same = redactHTML(in.HTMLBody, k.HTMLBody); !same {
			return answer{}, recordInvalid("html_body", "html_body must be the comment's html_body with redact tags added")
		}
	}
	files, err := c.filesByURL(k, in.URLs)
	if err != nil {
		return answer{}, err
	}
	for _, a := range files {
		a.redact()
	}
	c.rewrite(row, k, rich)
	return ok(object{"comment": c.commentView(k)}), nil
}

func (c *call) filesByURL(k *Comment, urls []string) ([]*Attachment, error) {
	var out []*Attachment
	for _, u := range urls {
		at := slices.IndexFunc(k.AttachmentIDs, func(id int64) bool { return c.contentURL(c.attachments.get(id)) == u })
		if at < 0 {
			return nil, recordInvalid("external_attachment_urls", "external_attachment_urls has a URL that is no attachment of this comment")
		}
		out = append(out, c.attachments.get(k.AttachmentIDs[at]))
	}
	return out, nil
}

// rewrite stores a comment's redacted text, in the description too.
func (c *call) rewrite(row *ticketRow, k *Comment, rich string) {
	k.HTMLBody, k.Body = rich, plainOf(rich)
	if row.commentIDs[0] == k.ID {
		row.Description = k.Body
	}
	c.note(row, "CommentRedactionEvent", k.ID)
}

// redactHTML applies redact tags and attributes; same is false when the text
// without them is not the original.
func redactHTML(marked, original string) (redacted string, same bool) {
	var out, plain strings.Builder
	var kept []bool // of open elements: was the tag kept?
	depth := 0
	z := nethtml.NewTokenizer(strings.NewReader(marked))
	for {
		kind := z.Next()
		if kind == nethtml.ErrorToken {
			return out.String(), plain.String() == sanitize(original)
		}
		t := z.Token()
		switch {
		case kind == nethtml.TextToken:
			plain.WriteString(html.EscapeString(t.Data))
			if depth > 0 {
				t.Data = blotted(t.Data)
			}
			out.WriteString(html.EscapeString(t.Data))
		case t.Data == "redact" && kind == nethtml.StartTagToken:
			depth++
		case t.Data == "redact" && kind == nethtml.EndTagToken:
			depth = max(0, depth-1)
		case kind == nethtml.EndTagToken:
			plain.WriteString(t.String())
			keep := len(kept) == 0 || kept[len(kept)-1]
			kept = kept[:max(0, len(kept)-1)]
			if keep {
				out.WriteString(t.String())
			}
		default:
			keep := !takeRedact(&t)
			plain.WriteString(t.String())
			if kind == nethtml.StartTagToken && !isVoid(t.Data) {
				kept = append(kept, keep)
			}
			if keep {
				out.WriteString(t.String())
			}
		}
	}
}

func isVoid(tag string) bool { return slices.Contains([]string{"br", "img", "hr", "wbr"}, tag) }

// takeRedact removes the redact attribute and tells whether it was there.
func takeRedact(t *nethtml.Token) bool {
	n := len(t.Attr)
	t.Attr = slices.DeleteFunc(t.Attr, func(a nethtml.Attribute) bool { return a.Key == "redact" })
	return len(t.Attr) < n
}

// redactText is the older way: a text is blotted wherever it stands in the
// comment's text. A link's target stays. It fails on closed tickets.
func redactText(c *call) (answer, error) {
	var in struct {
		Text string `json:"text"`
	}
	if err := c.decode(&in); err != nil {
		return answer{}, err
	}
	row, k, err := c.commentOn(c.id("id"))
	if err != nil {
		return answer{}, err
	}
	if row.Status == "closed" {
		return answer{}, recordInvalid("status", "Status: closed prevents ticket update")
	}
	if in.Text == "" || !strings.Contains(k.Body, in.Text) {
		return answer{}, recordInvalid("text", "Text: could not be found in the comment")
	}
	rich := textOutsideTags(k.HTMLBody, func(s string) string { return strings.ReplaceAll(s, in.Text, blotted(in.Text)) })
	c.rewrite(row, k, rich)
	return ok(object{"comment": c.commentView(k)}), nil
}

func textOutsideTags(rich string, edit func(string) string) string {
	var out strings.Builder
	z := nethtml.NewTokenizer(strings.NewReader(rich))
	for {
		switch z.Next() {
		case nethtml.ErrorToken:
			return out.String()
		case nethtml.TextToken:
			out.WriteString(html.EscapeString(edit(string(z.Text()))))
		default:
			out.Write(z.Raw())
		}
	}
}

// redactFile replaces an attachment by an empty redacted.txt.
func redactFile(c *call) (answer, error) {
	row, k, err := c.commentOn(c.id("id"))
	if err != nil {
		return answer{}, err
	}
	if row.Status == "closed" {
		return answer{}, recordInvalid("status", "Status: closed prevents ticket update")
	}
	if !slices.Contains(k.AttachmentIDs, c.id("file")) {
		return answer{}, notFound()
	}
	a := c.attachments.get(c.id("file"))
	a.redact()
	c.note(row, "AttachmentRedactionEvent", k.ID)
	return ok(object{"attachment": c.attachmentView(a)}), nil
}

func (a *Attachment) redact() {
	a.FileName, a.ContentType, a.Content = "redacted.txt", "text/plain", nil
}

// purgeTicket removes a deleted ticket for good, with its comments, files and
// history. Zendesk does it in a job; the simulator has done it when it answers.
func purgeTicket(c *call) (answer, error) {
	row := c.tickets.get(c.id("id"))
	if row == nil || !row.Deleted {
		return answer{}, notFound()
	}
	for _, id := range row.commentIDs {
		for _, file := range c.comments.get(id).AttachmentIDs {
			c.attachments.remove(file)
		}
		c.comments.remove(id)
	}
	c.tickets.remove(row.ID)
	job := c.newToken(16)
	return ok(object{"job_status": object{
		"id": job, "url": c.url("job_statuses/%s", job), "total": 1, "progress": 1, "status": "completed", "message": "Completed",
		"results": []object{{"action": "delete", "id": row.ID, "status": "Deleted", "success": true}},
	}}), nil
}
