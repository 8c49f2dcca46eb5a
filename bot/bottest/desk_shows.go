package bottest

import (
	"errors"
	"io"
	"slices"
	"strings"
	"time"

	"privacydesk/bot"
)

// What tickets show, beside their updates.

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
