package world

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"sync"
	"time"

	"privacydesk/bot"
)

// Desk is a ticket system in memory, with the one property that matters:
// an update needs the stamp of the ticket as it stands.
type Desk struct {
	mu      sync.Mutex
	clock   *Clock
	tickets map[int64]*bot.Ticket
	stamps  int
	next    int64
	// Bot is our own user.
	Bot bot.Person
	// Fail, when set, may refuse a call; op is "ticket", "update", "alert",
	// "redact" or "remove".
	Fail func(op string, ticket int64) error
	// Tight, when set, is how long until so many updates of a ticket can be made.
	Tight func(ticket int64, updates int) time.Duration
	// Refuse, when set, may refuse an update for what is in it.
	Refuse func(u bot.Update) error
	// Files are what was attached, by ticket and name.
	Files map[int64]map[string][]byte
	// Updates counts the writes of each ticket that landed.
	Updates map[int64]int
}

// NewDesk makes an empty desk.
func NewDesk(clock *Clock) *Desk {
	return &Desk{
		clock: clock, tickets: map[int64]*bot.Ticket{}, next: 1000, Files: map[int64]map[string][]byte{},
		Updates: map[int64]int{}, Bot: bot.Person{ID: 1, Email: "bot@vendor.example", Role: "admin", Verified: true, Active: true},
	}
}

// File puts a ticket in and returns its number.
func (d *Desk) File(t bot.Ticket, body string) int64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.next++
	t.ID = d.next
	if t.Created.IsZero() {
		t.Created = d.clock.Now()
	}
	if t.Status == "" {
		t.Status = bot.StatusNew
	}
	if t.Submitter.ID == 0 {
		t.Submitter = t.Requester
	}
	t.Comments = []bot.Comment{{ID: t.ID * 100, Author: t.Requester, Public: true, At: t.Created, Text: body, Channel: "web"}}
	d.tickets[t.ID] = &t
	d.touch(&t)
	return t.ID
}

func (d *Desk) touch(t *bot.Ticket) {
	d.stamps++
	t.Stamp, t.Updated = fmt.Sprint(d.stamps), d.clock.Now()
}

// Edit changes a ticket as somebody else would.
func (d *Desk) Edit(id int64, edit func(*bot.Ticket)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	edit(d.tickets[id])
	d.touch(d.tickets[id])
}

// Beside changes what leaves no trace on a ticket itself, such as settings of
// the account.
func (d *Desk) Beside(id int64, edit func(*bot.Ticket)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	edit(d.tickets[id])
}

// Reply adds a public comment.
func (d *Desk) Reply(id int64, by bot.Person, text string) {
	d.Edit(id, func(t *bot.Ticket) {
		last := t.Comments[len(t.Comments)-1].ID
		t.Comments = append(t.Comments, bot.Comment{ID: last + 1, Author: by, Public: true, At: d.clock.Now(), Text: text})
	})
}

// Delete removes a ticket.
func (d *Desk) Delete(id int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.tickets, id)
}

// Changes is not asked: tests hint by hand.
func (d *Desk) Changes(context.Context, string, time.Time) (bot.ChangePage, error) {
	return bot.ChangePage{End: true}, nil
}

// Glance looks.
func (d *Desk) Glance(_ context.Context, ids []int64) ([]bot.Glimpse, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	var out []bot.Glimpse
	for _, id := range ids {
		if err := d.fail("glance", id); err != nil {
			return nil, err
		}
		if t := d.tickets[id]; t != nil {
			out = append(out, bot.Glimpse{
				ID: id, Created: t.Created, Status: t.Status, FormID: t.FormID, Tags: slices.Concat(t.Tags, t.AgentTags),
				Requester: t.Requester.ID, FollowupOf: t.FollowupOf,
			})
		}
	}
	return out, nil
}

// Suspended is nothing: that is tried on the simulator.
func (d *Desk) Suspended(context.Context) ([]bot.Suspended, error) { return nil, nil }

// Alert files a ticket of our own, each time another.
func (d *Desk) Alert(_ context.Context, a bot.Alert) (int64, error) {
	if err := d.fail("alert", a.Ticket); err != nil {
		return 0, err
	}
	return d.File(bot.Ticket{Requester: d.Bot, Subject: a.Subject, Tags: []string{bot.TagNeedsPerson}}, a.HTML), nil
}

// Ticket reads.
func (d *Desk) Ticket(_ context.Context, id int64) (*bot.Ticket, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.fail("ticket", id); err != nil {
		return nil, err
	}
	t, ok := d.tickets[id]
	if !ok {
		return nil, bot.ErrNotFound
	}
	out := *t
	out.Comments, out.Marks, out.Tags = slices.Clone(t.Comments), slices.Clone(t.Marks), slices.Clone(t.Tags)
	return &out, nil
}

func (d *Desk) fail(op string, id int64) error {
	if d.Fail == nil {
		return nil
	}
	return d.Fail(op, id)
}

// Room asks Tight.
func (d *Desk) Room(_ context.Context, ticket int64, updates int) time.Duration {
	if d.Tight == nil {
		return 0
	}
	return d.Tight(ticket, updates)
}

// Update writes, once, under the stamp.
func (d *Desk) Update(ctx context.Context, u bot.Update) error {
	if u.Confirm != nil {
		for _, a := range u.Attachments { // the upload
			r, err := a.Open()
			if err != nil {
				return err
			}
			_ = r.Close()
		}
		if err := u.Confirm(ctx); err != nil {
			return err
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.fail("update", u.Ticket); err != nil {
		return err
	}
	t, ok := d.tickets[u.Ticket]
	switch {
	case !ok:
		return bot.ErrNotFound
	case t.Status == bot.StatusClosed:
		return bot.ErrClosed
	case t.Stamp != u.Stamp:
		return bot.ErrStale
	}
	if d.Refuse != nil {
		if err := d.Refuse(u); err != nil {
			return err
		}
	}
	for _, a := range u.Attachments {
		if err := d.attach(u.Ticket, a); err != nil {
			return err
		}
	}
	mark := u.Mark
	mark.At = d.clock.Now()
	t.Marks = append(t.Marks, mark)
	if u.HTML != "" {
		last := t.Comments[len(t.Comments)-1].ID
		c := bot.Comment{ID: last + 1, Author: d.Bot, Public: u.Public, At: mark.At, Text: u.HTML, Ours: true}
		for _, a := range u.Attachments {
			c.Files = append(c.Files, bot.File{Name: a.Name, ContentType: a.ContentType, Ours: true, At: mark.At})
		}
		t.Comments = append(t.Comments, c)
	}
	if u.Subject != "" {
		t.Subject = u.Subject
	}
	if len(u.Clear) > 0 {
		t.Fields = maps.Clone(t.Fields)
	}
	for _, id := range u.Clear {
		delete(t.Fields, id)
	}
	if u.Status != "" {
		t.Status = u.Status
	}
	t.Tags, t.Touched = append(t.Tags, u.AddTags...), true
	d.Updates[u.Ticket]++
	d.touch(t)
	return nil
}

func (d *Desk) attach(ticket int64, a bot.Attachment) error {
	r, err := a.Open()
	if err != nil {
		return err
	}
	body, err := io.ReadAll(r)
	if cerr := r.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return err
	}
	if d.Files[ticket] == nil {
		d.Files[ticket] = map[string][]byte{}
	}
	d.Files[ticket][a.Name] = body
	return nil
}

// Ours lists what we said on a ticket, as steps.
func (d *Desk) Ours(id int64) []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	var out []string
	if t := d.tickets[id]; t != nil {
		for _, m := range t.Marks {
			out = append(out, m.Steps()...)
		}
	}
	return out
}

// Status of a ticket.
func (d *Desk) Status(id int64) bot.Status {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.tickets[id].Status
}
