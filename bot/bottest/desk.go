package bottest

import (
	"context"
	"errors"
	"fmt"
	"io"
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
	if t.Status != bot.StatusPending || !slices.Contains(t.Tags, "ours") || !hasMark(t, "receipt") {
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

func (c *deskCase) glance() {
	first, gone, tagged := c.filed(), c.filed(), c.CustomerTag("privacy_request")
	c.Delete(gone)
	got, err := c.Desk.Glance(c.ctx, []int64{first, gone, tagged, 1 << 40})
	if err != nil || len(got) != 2 {
		c.Fatalf("got %+v, %v, want two glimpses", got, err)
	}
	slices.SortFunc(got, func(a, b bot.Glimpse) int { return int(a.ID - b.ID) })
	whole := c.read(first)
	if g := got[0]; g.ID != first || g.Requester != whole.Requester.ID || !g.Created.Equal(whole.Created) || g.FormID != whole.FormID || g.Status != whole.Status {
		c.Errorf("got %+v of %+v", g, whole)
	}
	if g := got[1]; g.ID != tagged || !slices.Contains(g.Tags, "privacy_request") {
		c.Errorf("got %+v, want the customer's tag", g)
	}
	if none, err := c.Desk.Glance(c.ctx, nil); err != nil || len(none) != 0 {
		c.Errorf("nobody asked: %v, %v", none, err)
	}
	if _, err := c.Desk.Glance(c.ctx, make([]int64, bot.GlanceMost+1)); err == nil {
		c.Error("more than one call can name were asked for")
	}
}

func (c *deskCase) alert() {
	say := func(on int64, text string) int64 {
		c.Helper()
		id, err := c.Desk.Alert(c.ctx, bot.Alert{Ticket: on, Subject: "Look", HTML: "<p>" + text + " {{ticket.id}}</p>"})
		if err != nil {
			c.Fatalf("Alert: %v", err)
		}
		c.Advance(2 * time.Second)
		return id
	}
	first := say(0, "one")
	if again := say(0, "one"); again != first {
		c.Errorf("the same made tickets %d and %d", first, again)
	}
	if on := say(first, "two"); on != first {
		c.Errorf("the ticket waits for the agents, and another one says it: %d", on)
	}
	t := c.read(first)
	if t.Subject != "Look" || !slices.Contains(t.Tags, bot.TagNeedsPerson) || len(t.Comments) != 2 || len(t.AgentTags) != 0 {
		c.Errorf("got %+v", t)
	}
	for _, k := range t.Comments {
		if k.Public || !k.Ours || !strings.Contains(k.Text, "ticket.id") {
			c.Errorf("got comment %+v", k)
		}
	}
	c.Close(first)
	second := say(first, "three")
	c.Delete(second)
	if third := say(second, "four"); second == first || third == second {
		c.Errorf("tickets that nobody looks at say it: %d, %d, %d", first, second, third)
	}
}

func (c *deskCase) foreignMarks() {
	id := c.filed()
	c.Forge(id, bot.Mark{Request: bot.IDOfTicket(id), Step: "receipt", MAC: "mac-receipt"})
	c.Advance(time.Minute)
	if t := c.read(id); len(t.Marks) != 0 {
		c.Errorf("a mark in somebody else's update counts: %v", t.Marks)
	}
}

func (c *deskCase) agentTags() {
	byForm := c.CustomerTag("privacy_request")
	byHand := c.filed()
	c.Tag(byHand, "privacy_request")
	c.Advance(time.Minute)
	if t := c.read(byForm); !slices.Contains(t.Tags, "privacy_request") || len(t.AgentTags) > 0 {
		c.Errorf("a customer's own tag: tags %v, of agents %v", t.Tags, t.AgentTags)
	}
	if t := c.read(byHand); !slices.Contains(t.AgentTags, "privacy_request") {
		c.Errorf("an agent's tag: tags %v, of agents %v", t.Tags, t.AgentTags)
	}
}

func (c *deskCase) readers() {
	id := c.filed()
	t := c.read(id)
	c.Copy(id)
	c.want(c.Desk.Update(c.ctx, step(t, "a", "<p>a report</p>")), bot.ErrStale)
	c.Advance(time.Minute)
	t = c.read(id)
	if len(t.Readers.CCs) != 1 || t.Readers.CCs[0].ID == t.Requester.ID || t.Readers.CCs[0].Staff() {
		c.Errorf("got readers %+v", t.Readers)
	}
}

func (c *deskCase) placeholders() {
	id := c.filed()
	c.update(step(c.read(id), "a", "<p>{{ticket.requester.email}} {{{ticket.id}}} {%if true%}x{%endif%} &#123;{ticket.id}}</p>"))
	t := c.read(id)
	got := t.Comments[1].Text
	if strings.Contains(got, t.Requester.Email) || !strings.Contains(got, "ticket.requester.email") || !strings.Contains(got, "endif") ||
		strings.Count(got, "ticket.id") != 2 {
		c.Errorf("the desk expanded what was text: %q", got)
	}
}

func (c *deskCase) tooLong() {
	id := c.filed()
	err := c.Desk.Update(c.ctx, step(c.read(id), "a", "<p>"+strings.Repeat("long ", 20_000)+"</p>"))
	if err == nil || errors.Is(err, bot.ErrUnknown) {
		c.Errorf("a comment that can't be kept whole: got error %v", err)
	}
	if got := c.texts(id); len(got) != 1 {
		c.Errorf("it was written all the same, %d bytes", len(got[1]))
	}
}

func deskFile(name, content string) bot.Attachment {
	return bot.Attachment{
		Name: name, ContentType: "application/zip", Size: int64(len(content)),
		Open: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(content)), nil },
	}
}

func (c *deskCase) attachments() {
	id := c.filed()
	u := step(c.read(id), "final", "<p>See the files.</p>")
	u.Attachments = []bot.Attachment{deskFile("report.zip", "first"), deskFile("report-2.zip", "second")}
	c.update(u)
	k := c.Comments(id)[1]
	if len(k.Files) != 2 || k.Files["report.zip"] != "first" || k.Files["report-2.zip"] != "second" {
		c.Errorf("got files %v", k.Files)
	}
	u = step(c.read(id), "again", "<p>short</p>")
	u.Attachments = []bot.Attachment{deskFile("report.zip", "short")}
	u.Attachments[0].Size = 100
	if err := c.Desk.Update(c.ctx, u); err == nil || errors.Is(err, bot.ErrUnknown) {
		c.Errorf("a file shorter than the spool says: got error %v", err)
	}
	if n := len(c.Comments(id)); n != 2 {
		c.Errorf("got %d comments", n)
	}
}

func (c *deskCase) changes() {
	since := c.Now()
	c.Advance(time.Second)
	first, second := c.filed(), c.filed()
	c.Advance(5 * time.Minute)
	seen := map[int64]bool{}
	cursor := ""
	drain := func() {
		c.Helper()
		clear(seen)
		for {
			p, err := c.Desk.Changes(c.ctx, cursor, since)
			if err != nil {
				c.Fatalf("Changes: %v", err)
			}
			for _, id := range p.Tickets {
				seen[id] = true
			}
			cursor = p.Next
			if p.End {
				return
			}
		}
	}
	drain()
	if !seen[first] || !seen[second] {
		c.Fatalf("got %v, want %d and %d in it", seen, first, second)
	}
	c.Reply(first, "one more thing")
	c.Advance(5 * time.Minute)
	drain()
	if !seen[first] || seen[second] {
		c.Errorf("after a reply got %v, want %d alone", seen, first)
	}
	c.Delete(second)
	c.Advance(5 * time.Minute)
	drain()
	if !seen[second] {
		c.Errorf("a deleted ticket is not among the changes: %v", seen)
	}
}
