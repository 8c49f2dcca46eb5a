package zendesksim

import (
	"cmp"
	"errors"
	"fmt"
	"html/template"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

func agentPages() []route {
	pages := parsePages()
	return []route{
		{"GET", "/agent", staff, func(*call) (answer, error) { return redirect("/agent/tickets"), nil }},
		{"GET", "/agent/tickets", staff, func(c *call) (answer, error) {
			return c.render(pages, "list", ticketsPage{c.frame("Tickets"), c.ticketLines()})
		}},
		{"GET", "/agent/tickets/:id", staff, func(c *call) (answer, error) { return c.agentTicket(pages, nil, nil) }},
		{"POST", "/agent/tickets/:id", staff, func(c *call) (answer, error) {
			if err := c.submitTicket(); err != nil {
				return c.agentTicket(pages, c.form(), problemsOf(err))
			}
			return redirect(c.req.URL.Path), nil
		}},
	}
}

type ticketsPage struct {
	frame
	Tickets []ticketLine
}

type ticketLine struct {
	Ticket
	Label     string // of the custom status, as agents read it
	Requester string
}

type fieldLine struct{ Title, Value string }

// ticketPage is a ticket as agents see it, with the form that changes it.
type ticketPage struct {
	frame
	ticketLine
	Assignee     string
	Organization string
	CCs          string
	Fields       []fieldLine
	Comments     []commentBlock
	Draft        string
	DraftPublic  bool
	TagLine      string
	Inputs       []input
	Seen         int64 // the newest audit that the page knows of
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

func (c *call) ccLine(row *ticketRow) string {
	return cmp.Or(strings.Join(c.addresses(row.EmailCCIDs), ", "), "–")
}

// heldFields are the custom fields that hold something.
func (c *call) heldFields(row *ticketRow, show func(*TicketField) bool) []fieldLine {
	var out []fieldLine
	for _, f := range c.fields.all() {
		if v := row.CustomFields[f.ID]; !f.System && !isBlank(v) && show(f) {
			out = append(out, fieldLine{f.Title, f.words(v)})
		}
	}
	return out
}

// words are a value as people read it.
func (f *TicketField) words(v any) string {
	for _, o := range f.Options {
		if o.Value == v {
			return o.Name
		}
	}
	if v == true {
		return "yes"
	}
	return fmt.Sprint(v)
}

// agentTicket shows a ticket; after a refusal, with what was sent.
func (c *call) agentTicket(pages *template.Template, sent url.Values, problems []string) (answer, error) {
	row, err := c.ticket(c.id("id"))
	if err != nil {
		return answer{}, err
	}
	p := ticketPage{
		frame: c.frame(row.Subject), ticketLine: c.line(row), Assignee: c.name(row.AssigneeID), Organization: "–", CCs: c.ccLine(row),
		Fields: c.heldFields(row, func(*TicketField) bool { return true }), Comments: c.blocks(row, true),
		TagLine: strings.Join(row.Tags, " "), Inputs: c.agentInputs(row), Seen: newest(row),
	}
	p.Problems = problems
	if o := c.orgs.get(row.OrganizationID); o != nil {
		p.Organization = o.Name
	}
	if sent != nil {
		p.Draft, p.DraftPublic = sent.Get("body"), sent.Get("public") == "true"
	}
	return c.render(pages, "ticket", p)
}

func newest(row *ticketRow) int64 { return row.audits[len(row.audits)-1].ID }

// agentFields are the fields of the ticket's form.
func (s *Sim) agentFields(row *ticketRow) []*TicketField {
	form := s.forms.get(row.FormID)
	return s.fields.where(func(f *TicketField) bool {
		return !f.System && !f.Inactive && (form == nil || slices.Contains(form.FieldIDs, f.ID))
	})
}

func (c *call) agentInputs(row *ticketRow) []input {
	assignee := input{Name: "assignee", Title: "Assignee", Values: []string{strconv.FormatInt(row.AssigneeID, 10)}, Choices: []FieldOption{{"–", "0"}}}
	for _, u := range c.users.where(func(u *User) bool { return u.Role != EndUser && !u.Deleted && !u.Suspended }) {
		assignee.Choices = append(assignee.Choices, FieldOption{u.Name, strconv.FormatInt(u.ID, 10)})
	}
	status := input{Name: "status", Title: "Status", Values: []string{strconv.FormatInt(row.CustomStatusID, 10)}}
	for _, s := range c.statuses.where(func(s *CustomStatus) bool { return !s.Inactive }) {
		status.Choices = append(status.Choices, FieldOption{s.AgentLabel, strconv.FormatInt(s.ID, 10)})
	}
	var out []input
	for _, f := range c.agentFields(row) {
		in := f.input(row.CustomFields[f.ID])
		in.Required, in.Help = f.RequiredToSolve, f.AgentDescription
		out = append(out, in)
	}
	return append(out, assignee, status)
}

// submitTicket makes one update of what the agent's form says.
func (c *call) submitTicket() error {
	row, err := c.ticket(c.id("id"))
	if err != nil {
		return err
	}
	sent, next := c.form(), row.clone()
	if sent.Get("seen") != strconv.FormatInt(newest(row), 10) {
		return errors.New("somebody else changed the ticket meanwhile: look at it, and submit again")
	}
	next.Tags = strings.Fields(sent.Get("tags"))
	for _, f := range c.agentFields(row) {
		v, err := f.accept(f.posted(sent))
		if err != nil {
			return err
		}
		if next.CustomFields[f.ID] = v; isBlank(v) && (v != false || row.CustomFields[f.ID] == nil) {
			delete(next.CustomFields, f.ID)
		}
	}
	for name, into := range map[string]*int64{"assignee": &next.AssigneeID, "status": &next.CustomStatusID} {
		if *into, err = strconv.ParseInt(sent.Get(name), 10, 64); err != nil {
			return fmt.Errorf("the form lacks the %s", name)
		}
	}
	ch := change{actor: c.user, via: Via{Channel: "web"}}
	if body := strings.TrimSpace(sent.Get("body")); body != "" {
		ch.comment = &draft{authorID: c.user.ID, body: body, public: sent.Get("public") == "true"}
	}
	_, err = c.commit(row, next, ch)
	return err
}
