package zendesk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"

	"privacydesk/bot"
)

// redactedName is what Zendesk calls a file that it has redacted [docs,
// ticket attachments].
const redactedName = "redacted.txt"

// gone is true for a file whose content was redacted.
func (f wireFile) gone() bool {
	return f.Deleted || f.Name == redactedName
}

// Redact reads the ticket with its comments and audits, redacts comment by
// comment through the endpoint that works on closed tickets too, and, where
// something was changed, reads again. A comment that Zendesk refuses to redact
// doesn't keep the others; the first refusal is returned at the end.
//
// It returns ErrNotFound, ErrUnavailable or ErrUnknown of bot as the contract
// says, or an *APIError; the account may lack what redaction needs (Agent
// Workspace, or for agents the right to delete tickets).
func (d *Desk) Redact(ctx context.Context, r bot.Redaction) (bot.Redacted, error) {
	c := &cleaner{Redaction: r, reader: &reader{Desk: d, whole: true, op: fmt.Sprintf("redact ticket %d", r.Ticket), people: map[int64]bot.Person{}}}
	if c.Find == nil {
		c.Find = func(string) [][2]int { return nil }
	}
	if err := c.read(ctx); err != nil {
		return c.done, err
	}
	c.done.MergedInto = c.mergedInto()
	var refused error
	if !r.Look {
		err := c.redact(ctx)
		if errors.Is(err, bot.ErrUnavailable) || errors.Is(err, bot.ErrUnknown) || errors.Is(err, bot.ErrNotFound) {
			return c.done, err
		}
		refused = err
	}
	if c.done.Comments > 0 {
		if err := c.read(ctx); err != nil {
			return c.done, err
		}
	}
	c.done.Left = c.left()
	return c.done, refused
}

// cleaner is one ticket while it is redacted.
type cleaner struct {
	bot.Redaction
	*reader
	done bot.Redacted
}

// read reads what is searched. A stamp is not needed: nothing is written
// under one.
func (c *cleaner) read(ctx context.Context) error {
	me, err := c.account.self(ctx)
	if err != nil {
		return forSide(err)
	}
	c.me, c.comments, c.audits = me.ID, nil, nil
	if _, err := c.readTicket(ctx, c.Ticket); err != nil {
		return err
	}
	if err := c.readComments(ctx); err != nil {
		return forSide(err)
	}
	return forSide(c.readAudits(ctx))
}

// redact goes through the comments, oldest first. An error that may pass ends
// it; another is kept and the rest goes on.
func (c *cleaner) redact(ctx context.Context) error {
	updates := c.updates()
	var refused error
	for _, w := range c.comments {
		body, urls := c.marked(w, updates[int64(w.Audit)])
		if body == "" && len(urls) == 0 {
			continue
		}
		err := c.redactComment(ctx, w.ID, body, urls)
		switch {
		case err == nil:
			c.done.Comments++
			c.done.Files += len(urls)
		case errors.Is(err, bot.ErrUnavailable), errors.Is(err, bot.ErrUnknown):
			return err
		case refused == nil:
			refused = err
		}
	}
	return refused
}

func (c *cleaner) redactComment(ctx context.Context, comment int64, body string, urls []string) error {
	in := struct {
		Ticket int64    `json:"ticket_id"`
		HTML   string   `json:"html_body,omitempty"`
		URLs   []string `json:"external_attachment_urls,omitempty"`
	}{c.Ticket, body, urls}
	op := fmt.Sprintf("%s, comment %d", c.op, comment)
	_, err := c.client.Put(ctx, fmt.Sprintf("/comment_redactions/%d.json", comment), in)
	if err == nil {
		return nil
	}
	if err = forWrite(failed(op, err)); errors.Is(err, bot.ErrNotFound) {
		err = fmt.Errorf("%s: %w", op, errCommentGone) // not the ticket
	}
	return err
}

var errCommentGone = errors.New("the comment is not there any more")

// marked is the comment's HTML with what has to go marked, and the URLs of
// its files that go; empty where nothing has to.
func (c *cleaner) marked(w wireComment, update wireAudit) (body string, urls []string) {
	if !c.inReach(w, update) {
		return "", nil
	}
	ours := c.ours(w, update)
	for _, f := range w.Files {
		if !f.gone() && c.Files != nil && c.Files(bot.File{Name: string(f.Name), ContentType: string(f.ContentType), Ours: ours, At: w.Created}) {
			urls = append(urls, string(f.URL))
		}
	}
	find := c.Find
	if c.wholly(w, update) {
		find = wholeText
	}
	if marked, found := markHTML(w.HTML, find); found {
		body = marked
	}
	return body, urls
}

func wholeText(s string) [][2]int { return [][2]int{{0, len(s)}} }

func (c *cleaner) ours(w wireComment, update wireAudit) bool {
	return update.ID != 0 && update.Author == w.Author && w.Author == c.me
}

// inReach is true for comments that the redaction is about.
func (c *cleaner) inReach(w wireComment, update wireAudit) bool {
	if !c.Until.IsZero() && w.Created.After(c.Until) {
		return false
	}
	return c.CopyOf == 0 || w.Via.merges() || update.Via.merges()
}

// wholly is true for comments of which nothing stays. In another ticket that
// are only those which a merge is known to have brought from ours; what other
// merges brought loses what Find finds.
func (c *cleaner) wholly(w wireComment, update wireAudit) bool {
	if !c.Texts || !c.inReach(w, update) {
		return false
	}
	if c.CopyOf != 0 {
		from := slices.Concat(w.Via.Source.From.tickets(), update.Via.Source.From.tickets())
		return slices.Contains(from, c.CopyOf)
	}
	return !c.ours(w, update)
}

// mergedInto lists the tickets that this one was merged into: the other ends
// of its merges, and what the note of a merge calls by number. Whether they
// took anything over shows in them alone.
func (c *cleaner) mergedInto() []int64 {
	var out []int64
	number := regexp.MustCompile(`#(\d{1,15})\b`)
	updates := c.updates()
	for _, a := range c.audits {
		if a.Via.merges() {
			out = append(out, a.Via.Source.To.tickets()...)
		}
	}
	for _, w := range c.comments {
		update := updates[int64(w.Audit)]
		if !w.Via.merges() && !update.Via.merges() {
			continue
		}
		for _, m := range number.FindAllStringSubmatch(w.Plain+"\n"+w.Body, -1) {
			if id, err := strconv.ParseInt(m[1], 10, 64); err == nil {
				out = append(out, id)
			}
		}
	}
	out = slices.DeleteFunc(out, func(id int64) bool { return id == c.Ticket })
	slices.Sort(out)
	return slices.Compact(out)
}

// Remove deletes the ticket, and then from the deleted ones. Zendesk does the
// second in a job of its own; asking again while it runs does no harm.
func (d *Desk) Remove(ctx context.Context, ticket int64) error {
	op := fmt.Sprintf("delete ticket %d", ticket)
	for _, path := range []string{"/tickets/%d.json", "/deleted_tickets/%d.json"} {
		_, _, err := d.send(ctx, op, http.MethodDelete, fmt.Sprintf(path, ticket), nil)
		if err = forWrite(err); err != nil && !errors.Is(err, bot.ErrNotFound) {
			return err
		}
	}
	return nil
}

// left counts where something remains that should be gone, by place.
func (c *cleaner) left() map[bot.Place]int {
	out := map[bot.Place]int{}
	count := func(p bot.Place, n int) {
		if n > 0 {
			out[p] += n
		}
	}
	c.leftInComments(count)
	if c.CopyOf != 0 {
		return out
	}
	count(bot.PlaceSubject, len(c.Find(string(c.ticket.Subject))))
	for _, tag := range c.ticket.Tags {
		count(bot.PlaceTags, len(c.Find(tag)))
	}
	for _, f := range c.ticket.Fields {
		count(bot.PlaceField, len(c.Find(string(f.Value))))
	}
	for _, a := range c.audits {
		count(bot.PlaceHistory, len(c.Find(string(a.Via.Source.From.Address))))
		for _, e := range a.Events {
			if e.Type != "Comment" { // the comments themselves are looked at
				count(e.place(), c.findIn(e.raw))
			}
		}
	}
	return out
}

func (c *cleaner) leftInComments(count func(bot.Place, int)) {
	updates := c.updates()
	for _, w := range c.comments {
		update := updates[int64(w.Audit)]
		if !c.inReach(w, update) {
			continue
		}
		body, urls := c.marked(w, update)
		count(bot.PlaceFile, len(urls))
		if body != "" || len(c.Find(w.Body)) > 0 || len(c.Find(w.Plain)) > 0 {
			count(bot.PlaceComment, 1)
		}
	}
}

func (e wireEvent) place() bot.Place {
	switch _, err := strconv.ParseInt(string(e.Field), 10, 64); {
	case e.Field == "subject":
		return bot.PlaceHistorySubject
	case err == nil:
		return bot.PlaceHistoryField
	}
	return bot.PlaceHistory
}

// findIn counts in all texts of a JSON value.
func (c *cleaner) findIn(raw json.RawMessage) int {
	var v any
	if json.Unmarshal(raw, &v) != nil {
		return len(c.Find(string(raw)))
	}
	n := 0
	var walk func(any)
	walk = func(v any) {
		switch v := v.(type) {
		case string:
			n += len(c.Find(v))
		case []any:
			for _, one := range v {
				walk(one)
			}
		case map[string]any:
			for _, one := range v {
				walk(one)
			}
		}
	}
	walk(v)
	return n
}
