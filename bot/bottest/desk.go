package bottest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"privacydesk/bot"
)

// DeskWorld is a desk, and the hands of those who work beside us on the same
// tickets. Each function acts at once and fails the test when it can't.
type DeskWorld struct {
	Desk bot.Desk
	// Now and Advance are the desk's own clock.
	Now     func() time.Time
	Advance func(time.Duration)
	// File files a ticket by a customer whose address is proven; it lies in
	// no organization. Reply is that customer's public reply.
	File  func(subject, body string) int64
	Reply func(ticket int64, body string)
	// Tag adds a tag by an agent's hand; CustomerTag is a new ticket of the
	// customer's that bears the tag from its form.
	Tag         func(ticket int64, tag string)
	CustomerTag func(tag string) int64
	// Forge lets another program, signed in as somebody else, write an update
	// with the mark in it.
	Forge  func(ticket int64, m bot.Mark)
	Copy   func(ticket int64) // to another customer, by CC
	Close  func(ticket int64)
	Delete func(ticket int64)
	// Comments shows what lies on the desk.
	Comments func(ticket int64) []DeskComment
	// LoseAnswer lets the next update land and its answer be lost; Busy lets
	// the desk refuse all updates by asking for patience.
	LoseAnswer func()
	Busy       func()
}

// DeskComment is a comment as it lies on the desk.
type DeskComment struct {
	Public bool
	Text   string
	Files  map[string]string
}

// DeskSuite holds a desk to the contract of bot.Desk. open makes a new world
// each time it is called.
func DeskSuite(t *testing.T, open func(t *testing.T) DeskWorld) {
	t.Helper()
	suite := []struct {
		name string
		test func(*deskCase)
	}{
		{"ReadsAll", (*deskCase).readsAll},
		{"NotFound", (*deskCase).notFound},
		{"Glance", (*deskCase).glance},
		{"Alert", (*deskCase).alert},
		{"UpdateRoundTrip", (*deskCase).updateRoundTrip},
		{"Rule4_MarkOfSeveralIsKeptWhole", (*deskCase).longMark},
		{"RoomOnATicket", (*deskCase).room},
		{"SolvesUnassigned", (*deskCase).solves},
		{"Rule4_StaleStampIsRefused", (*deskCase).stale},
		{"Rule4_ChangeInTheStampsSecondIsSeen", (*deskCase).sameSecond},
		{"Rule4_OneOfManyWins", (*deskCase).race},
		{"Rule3_LostAnswerLeavesItsMark", (*deskCase).lostAnswer},
		{"Rule3_RefusedUpdateDidNothing", (*deskCase).busy},
		{"ClosedForGood", (*deskCase).closed},
		{"Rule1_ForeignMarksAreNotOurs", (*deskCase).foreignMarks},
		{"AgentTags", (*deskCase).agentTags},
		{"Rule9_ReadersAreSeen", (*deskCase).readers},
		{"Rule6_PlaceholdersStayText", (*deskCase).placeholders},
		{"Rule11_NothingIsCutSilently", (*deskCase).tooLong},
		{"Attachments", (*deskCase).attachments},
		{"ChangesComeOnceDurable", (*deskCase).changes},
	}
	for _, s := range suite {
		t.Run(s.name, func(t *testing.T) { s.test(&deskCase{T: t, ctx: t.Context(), DeskWorld: open(t)}) })
	}
}

type deskCase struct {
	*testing.T
	DeskWorld
	ctx context.Context //nolint:containedctx // lives as long as the test
}

func (c *deskCase) read(id int64) *bot.Ticket {
	c.Helper()
	t, err := c.Desk.Ticket(c.ctx, id)
	if err != nil {
		c.Fatalf("Ticket: %v", err)
	}
	return t
}

// filed is a ticket whose second is over.
func (c *deskCase) filed() int64 {
	id := c.File("Please delete", "Our user jo@shop.example wants to be forgotten")
	c.Advance(time.Minute)
	return id
}

func step(t *bot.Ticket, name, html string) bot.Update {
	return bot.Update{
		Ticket: t.ID, Stamp: t.Stamp, HTML: html, Public: true, Status: bot.StatusOpen,
		Mark: bot.Mark{Request: bot.IDOfTicket(t.ID), Step: name, MAC: "mac-" + name},
	}
}

func (c *deskCase) update(u bot.Update) {
	c.Helper()
	if err := c.Desk.Update(c.ctx, u); err != nil {
		c.Fatalf("Update %s: %v", u.Mark.Step, err)
	}
	c.Advance(2 * time.Second)
}

func (c *deskCase) want(err, target error) {
	c.Helper()
	if !errors.Is(err, target) {
		c.Fatalf("got error %v, want %v", err, target)
	}
}

func (c *deskCase) texts(id int64) []string {
	var out []string
	for _, k := range c.Comments(id) {
		out = append(out, k.Text)
	}
	return out
}

func hasMark(t *bot.Ticket, name string) bool {
	return slices.ContainsFunc(t.Marks, func(m bot.Mark) bool {
		return m.Request == bot.IDOfTicket(t.ID) && m.Step == name && m.MAC == "mac-"+name
	})
}

func (c *deskCase) readsAll() {
	id := c.filed()
	c.Reply(id, "and soon, please")
	c.Advance(time.Minute)
	t := c.read(id)
	switch {
	case t.ID != id, t.Stamp == "", t.Subject != "Please delete", t.Status != bot.StatusNew && t.Status != bot.StatusOpen:
		c.Fatalf("got %+v", t)
	case len(t.Comments) != 2 || !strings.Contains(t.Comments[0].Text, "jo@shop.example") || t.Comments[1].Text != "and soon, please":
		c.Fatalf("got comments %+v", t.Comments)
	case !t.Requester.Verified, !t.Requester.Active, t.Requester.Suspended, t.Requester.Role != "end-user", t.Requester.Email == "":
		c.Fatalf("got requester %+v", t.Requester)
	case t.Submitter.ID != t.Requester.ID, t.Comments[1].Author.ID != t.Requester.ID:
		c.Fatal("the requester did not write the ticket")
	}
	for _, k := range t.Comments {
		if !k.Public || k.Ours || len(k.Flags) > 0 || k.At.IsZero() {
			c.Errorf("got comment %+v", k)
		}
	}
	if r := t.Readers; len(r.CCs)+len(r.Followers) > 0 || r.SharedOrganization || r.SharingAgreements || r.PublicAttachments {
		c.Errorf("got readers %+v", r)
	}
}

func (c *deskCase) notFound() {
	id := c.filed()
	t := c.read(id)
	c.Delete(id)
	_, err := c.Desk.Ticket(c.ctx, id)
	c.want(err, bot.ErrNotFound)
	c.want(c.Desk.Update(c.ctx, step(t, "a", "<p>hello</p>")), bot.ErrNotFound)
	_, err = c.Desk.Ticket(c.ctx, id+100_000)
	c.want(err, bot.ErrNotFound)
}

func (c *deskCase) updateRoundTrip() {
	id := c.filed()
	u := step(c.read(id), "receipt", "<p>We have received it.</p>")
	u.AddTags, u.Status = []string{"ours"}, bot.StatusPending
	c.update(u)
	t := c.read(id)
	if t.Status != bot.StatusPending || !slices.Contains(t.Tags, "ours") || !hasMark(t, "receipt") || !t.Touched {
		c.Fatalf("got status %s, tags %v, marks %v", t.Status, t.Tags, t.Marks)
	}
	if k := t.Comments[1]; !k.Ours || !k.Public || !strings.Contains(k.Text, "We have received it.") {
		c.Errorf("got comment %+v", k)
	}
	if slices.Contains(t.AgentTags, "ours") {
		c.Error("a tag of our own counts as an agent's")
	}
	u = step(t, "note", "<p>for agents</p>")
	u.Public, u.RemoveTags, u.Status = false, []string{"ours"}, ""
	c.update(u)
	t = c.read(id)
	if slices.Contains(t.Tags, "ours") || t.Comments[2].Public || t.Status != bot.StatusPending || len(t.Marks) != 2 {
		c.Errorf("got tags %v, comment %+v, status %s, marks %v", t.Tags, t.Comments[2], t.Status, t.Marks)
	}
}

// longMark: one update may bear the steps of many.
func (c *deskCase) longMark() {
	id := c.filed()
	name := "note_status.1.0" + strings.Repeat("+note_status.2.1", 36) // 591 bytes
	c.update(step(c.read(id), name, "<p>Many notes in one.</p>"))
	if t := c.read(id); !hasMark(t, name) || len(t.Marks[0].Steps()) != 37 {
		c.Errorf("got marks %+v", t.Marks)
	}
}

func (c *deskCase) room() {
	id, other := c.filed(), c.filed()
	if now, never := c.Desk.Room(c.ctx, id, 1), c.Desk.Room(c.ctx, id, 1_000); now != 0 || never <= 0 {
		c.Errorf("one update waits %s, a thousand in a row %s", now, never)
	}
	for range 40 {
		c.Advance(c.Desk.Room(c.ctx, id, 1))
		if wait := c.Desk.Room(c.ctx, id, 1); wait > 0 {
			c.Fatalf("it was waited for, and another %s are to be", wait)
		}
		c.update(step(c.read(id), "a", "<p>hello</p>"))
	}
	if wait := c.Desk.Room(c.ctx, id, 10); wait <= 0 {
		c.Error("after 40 updates there is room for ten more")
	}
	if wait := c.Desk.Room(c.ctx, other, 1); wait != 0 {
		c.Errorf("another ticket waits %s", wait)
	}
}

func (c *deskCase) solves() {
	id := c.filed()
	u := step(c.read(id), "final", "<p>It is done.</p>")
	u.Status = bot.StatusSolved
	c.update(u)
	if t := c.read(id); t.Status != bot.StatusSolved {
		c.Errorf("got status %s", t.Status)
	}
}

func (c *deskCase) stale() {
	id := c.filed()
	t := c.read(id)
	c.Reply(id, "wait, not yet")
	c.want(c.Desk.Update(c.ctx, step(t, "a", "<p>too late</p>")), bot.ErrStale)
	if got := c.texts(id); len(got) != 2 {
		c.Errorf("a refused update wrote: %q", got)
	}
	c.Advance(2 * time.Second)
	c.update(step(c.read(id), "a", "<p>after reading anew</p>"))
}

// sameSecond: stamps may be as coarse as a second, and a change within the
// stamp's own second must not go unseen all the same.
func (c *deskCase) sameSecond() {
	id := c.File("Please delete", "of jo@shop.example")
	t, err := c.Desk.Ticket(c.ctx, id)
	if err != nil {
		c.want(err, bot.ErrUnavailable) // it may ask for a second's patience
		return
	}
	c.Reply(id, "wait, not yet")
	c.want(c.Desk.Update(c.ctx, step(t, "a", "<p>over it</p>")), bot.ErrStale)
}

func (c *deskCase) race() {
	id := c.filed()
	t := c.read(id)
	const many = 8
	errs := make([]error, many)
	var all sync.WaitGroup
	for i := range many {
		all.Go(func() {
			errs[i] = c.Desk.Update(c.ctx, step(t, "same", fmt.Sprintf("<p>number %d</p>", i)))
		})
	}
	all.Wait()
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
			continue
		}
		c.want(err, bot.ErrStale)
	}
	if got := c.texts(id); won != 1 || len(got) != 2 {
		c.Errorf("%d updates under one stamp won, and left %q", won, got)
	}
}

func (c *deskCase) lostAnswer() {
	id := c.filed()
	t := c.read(id)
	c.LoseAnswer()
	u := step(t, "receipt", "<p>once</p>")
	c.want(c.Desk.Update(c.ctx, u), bot.ErrUnknown)
	c.Advance(3 * time.Second)
	c.want(c.Desk.Update(c.ctx, u), bot.ErrStale)
	if t = c.read(id); !hasMark(t, "receipt") {
		c.Errorf("the update landed and its mark is not seen: %v", t.Marks)
	}
	if got := c.texts(id); len(got) != 2 {
		c.Errorf("the comment does not stand there once: %q", got)
	}
}

func (c *deskCase) busy() {
	id := c.filed()
	t := c.read(id)
	c.Busy()
	c.want(c.Desk.Update(c.ctx, step(t, "a", "<p>hello</p>")), bot.ErrUnavailable)
	if got := c.texts(id); len(got) != 1 {
		c.Errorf("a refused update wrote: %q", got)
	}
}

func (c *deskCase) closed() {
	id := c.filed()
	c.Close(id)
	c.Advance(time.Minute)
	t := c.read(id)
	if t.Status != bot.StatusClosed {
		c.Fatalf("got status %s", t.Status)
	}
	c.want(c.Desk.Update(c.ctx, step(t, "a", "<p>hello</p>")), bot.ErrClosed)
}

func (c *deskCase) foreignMarks() {
	id := c.filed()
	c.Forge(id, bot.Mark{Request: bot.IDOfTicket(id), Step: "receipt", MAC: "mac-receipt"})
	c.Advance(time.Minute)
	if t := c.read(id); len(t.Marks) != 0 || t.Touched {
		c.Errorf("a mark in somebody else's update counts: %v, touched: %v", t.Marks, t.Touched)
	}
}
