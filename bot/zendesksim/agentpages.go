package zendesksim

import (
	"bytes"
	_ "embed" // the pages' template
	"fmt"
	"html/template"
	"slices"
	"strings"
	"time"
)

//go:embed agent.html
var agentHTML string

func agentPages() []route {
	// Parsed once an account; the text is ours, so it parses or a test fails.
	pages := template.Must(template.New("agent").Funcs(template.FuncMap{
		"day": func(t time.Time) string { return t.Format("2 Jan 2006 15:04") },
	}).Parse(agentHTML))
	return []route{
		{"GET", "/agent/tickets", anyone, func(c *call) (answer, error) { return c.render(pages, "list", c.ticketLines()) }},
		{"GET", "/agent/tickets/:id", anyone, func(c *call) (answer, error) {
			row := c.tickets.get(c.id("id"))
			if row == nil || row.Deleted {
				return answer{}, notFound()
			}
			return c.render(pages, "ticket", c.ticketPage(row))
		}},
	}
}

func (c *call) render(pages *template.Template, name string, data any) (answer, error) {
	var out bytes.Buffer
	if err := pages.ExecuteTemplate(&out, name, data); err != nil {
		return answer{}, fmt.Errorf("render the page %s: %w", name, err)
	}
	return page(out.Bytes()), nil
}

type ticketLine struct {
	Ticket
	Label     string // of the custom status, as agents read it
	Requester string
}

type commentBlock struct {
	Author string
	Role   Role
	At     time.Time
	Public bool
	HTML   template.HTML
	Files  []fileLine
}

type fileLine struct {
	Name string
	Size int
	URL  string
}

type fieldLine struct{ Title, Value string }

type ticketPage struct {
	ticketLine
	Assignee     string
	Organization string
	CCs          string
	Fields       []fieldLine
	Comments     []commentBlock
}

func (c *call) name(id int64) string {
	if u := c.users.get(id); u != nil {
		return u.Name
	}
	return "–"
}

func (c *call) line(row *ticketRow) ticketLine {
	label := row.Status
	if s := c.statuses.get(row.CustomStatusID); s != nil && row.Status != "closed" {
		label = s.AgentLabel
	}
	return ticketLine{Ticket: row.clone(), Label: label, Requester: c.name(row.RequesterID)}
}

func (c *call) ticketLines() []ticketLine {
	var out []ticketLine
	for _, row := range c.liveTickets() {
		out = append(out, c.line(row))
	}
	slices.Reverse(out)
	return out
}

func (c *call) ticketPage(row *ticketRow) ticketPage {
	p := ticketPage{ticketLine: c.line(row), Assignee: c.name(row.AssigneeID), Organization: "–", CCs: "–"}
	if o := c.orgs.get(row.OrganizationID); o != nil {
		p.Organization = o.Name
	}
	if ccs := c.addresses(row.EmailCCIDs); len(ccs) > 0 {
		p.CCs = strings.Join(ccs, ", ")
	}
	for _, f := range c.fields.all() {
		if v := row.CustomFields[f.ID]; !f.System && !isBlank(v) {
			p.Fields = append(p.Fields, fieldLine{f.Title, fmt.Sprint(v)})
		}
	}
	for _, k := range c.commentsOf(row.ID) {
		b := commentBlock{
			Author: c.name(k.AuthorID), At: k.CreatedAt, Public: k.Public,
			HTML: template.HTML(sanitize(k.HTMLBody)), //nolint:gosec // sanitize drops all but harmless tags and attributes
		}
		if u := c.users.get(k.AuthorID); u != nil {
			b.Role = u.Role
		}
		for _, id := range k.AttachmentIDs {
			a := c.attachments.get(id)
			b.Files = append(b.Files, fileLine{a.FileName, len(a.Content), c.contentURL(a)})
		}
		p.Comments = append(p.Comments, b)
	}
	return p
}
