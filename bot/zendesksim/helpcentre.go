package zendesksim

import (
	"fmt"
	"html/template"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// helpCentre is where end users file, read and answer their requests.
func helpCentre() []route {
	pages := parsePages()
	with := func(h func(*call, *template.Template) (answer, error)) handler {
		return func(c *call) (answer, error) { return h(c, pages) }
	}
	return []route{
		{"GET", "/hc", person, func(*call) (answer, error) { return redirect("/hc/requests"), nil }},
		{"GET", "/hc/requests", person, with((*call).requestsPage)},
		{"POST", "/hc/requests", person, with((*call).fileByForm)},
		{"GET", "/hc/requests/new", person, with((*call).formPage)},
		{"GET", "/hc/requests/:id", person, func(c *call) (answer, error) { return c.requestPage(pages, requestPage{}) }},
		{"POST", "/hc/requests/:id", person, with((*call).answerRequest)},
	}
}

// mayFollow tells whose requests a user sees in the help center: their own,
// and those that they are a CC of.
func (s *Sim) mayFollow(u *User, row *ticketRow) bool {
	return row != nil && !row.Deleted && row.Public && (row.RequesterID == u.ID || slices.Contains(row.EmailCCIDs, u.ID))
}

// followed is a request of the signed-in user's; whose it is not is told as
// little as that it is there.
func (c *call) followed() (*ticketRow, error) {
	row := c.tickets.get(c.id("id"))
	if !c.mayFollow(c.user, row) {
		return nil, notFound()
	}
	return row, nil
}

type requestsPage struct {
	frame
	Requests []ticketLine
}

func (c *call) requestsPage(pages *template.Template) (answer, error) {
	p := requestsPage{frame: c.frame("My requests")}
	for _, row := range c.tickets.where(func(r *ticketRow) bool { return c.mayFollow(c.user, r) }) {
		p.Requests = append(p.Requests, c.portalLine(row))
	}
	slices.Reverse(p.Requests)
	return c.render(pages, "requests", p)
}

// portalLine has the status as end users read it.
func (c *call) portalLine(row *ticketRow) ticketLine {
	line := c.line(row)
	if s := c.statuses.get(row.CustomStatusID); s != nil && row.Status != "closed" {
		line.Label = s.EndUserLabel
	}
	return line
}

type formsPage struct {
	frame
	Forms []*TicketForm
}

type formPage struct {
	frame
	Form                     int64
	Subject, Description, CC string
	Inputs                   []input
}

// formPage shows the form that is asked for, or which there are.
func (c *call) formPage(pages *template.Template) (answer, error) {
	forms := c.forms.where(func(f *TicketForm) bool { return f.EndUserVisible && !f.Inactive })
	id, _ := strconv.ParseInt(c.query("ticket_form_id"), 10, 64)
	at := slices.IndexFunc(forms, func(f *TicketForm) bool { return f.ID == id })
	switch {
	case at >= 0:
		return c.render(pages, "form", c.blankForm(forms[at]))
	case len(forms) == 1:
		return c.render(pages, "form", c.blankForm(forms[0]))
	}
	return c.render(pages, "forms", formsPage{c.frame("Submit a request"), forms})
}

func (c *call) blankForm(form *TicketForm) formPage {
	p := formPage{frame: c.frame(form.Name), Form: form.ID}
	for _, f := range c.portalFields(form) {
		in := f.input(nil)
		in.Required = f.RequiredInPortal
		p.Inputs = append(p.Inputs, in)
	}
	return p
}

// fileByForm files what the form says, or shows it again with what is wrong.
func (c *call) fileByForm(pages *template.Template) (answer, error) {
	sent := c.form()
	id, _ := strconv.ParseInt(sent.Get("ticket_form_id"), 10, 64)
	form := c.forms.get(id)
	if form == nil {
		return answer{}, notFound()
	}
	values := map[int64]any{}
	for _, f := range c.portalFields(form) {
		values[f.ID] = f.posted(sent)
	}
	ccs, err := c.addressees(sent.Get("cc"))
	var row *ticketRow
	if err == nil {
		row, err = c.submitForm(NewTicket{
			RequesterID: c.user.ID, FormID: id, Subject: sent.Get("subject"), Body: sent.Get("description"), CustomFields: values, CCs: ccs,
		})
	}
	if err != nil {
		return c.formAgain(pages, form, sent, err)
	}
	return redirect(fmt.Sprintf("/hc/requests/%d", row.ID)), nil
}

func (c *call) formAgain(pages *template.Template, form *TicketForm, sent url.Values, wrong error) (answer, error) {
	p := c.blankForm(form)
	p.Problems = problemsOf(wrong)
	p.Subject, p.Description, p.CC = sent.Get("subject"), sent.Get("description"), sent.Get("cc")
	for i, f := range c.portalFields(form) {
		again := f.again(sent)
		again.Required = p.Inputs[i].Required
		p.Inputs[i] = again
	}
	return c.render(pages, "form", p)
}

// requestPage is one request. Draft and NewCC are what a reply that was refused
// had.
type requestPage struct {
	frame
	ticketLine
	CCs          string
	Fields       []fieldLine
	Comments     []commentBlock
	MaySolve     bool
	Draft, NewCC string
}

func (c *call) requestPage(pages *template.Template, p requestPage) (answer, error) {
	row, err := c.followed()
	if err != nil {
		return answer{}, err
	}
	problems := p.Problems
	p.frame, p.ticketLine = c.frame(row.Subject), c.portalLine(row)
	p.Problems, p.CCs = problems, c.ccLine(row)
	p.Fields, p.Comments = c.heldFields(row, func(f *TicketField) bool { return f.VisibleInPortal }), c.blocks(row, false)
	p.MaySolve = maySolve(c.user, row)
	return c.render(pages, "request", p)
}

// maySolve tells whether an end user can call a request solved: their own,
// once an agent is assigned.
func maySolve(u *User, row *ticketRow) bool {
	return row.RequesterID == u.ID && row.AssigneeID != 0 && row.Status != "solved" && row.Status != "closed" && row.Type != "problem"
}

// answerRequest adds a reply, CCs, or both, as somebody who is signed in.
func (c *call) answerRequest(pages *template.Template) (answer, error) {
	row, err := c.followed()
	if err != nil {
		return answer{}, err
	}
	sent := c.form()
	body, cc := strings.TrimSpace(sent.Get("body")), sent.Get("cc")
	solve := sent.Get("solved") == "true" && maySolve(c.user, row)
	ccs, err := c.addressees(cc)
	if err == nil && body == "" && (row.Status == "closed" || len(ccs) == 0 && !solve) {
		err = fmt.Errorf("zendesksim: the reply has no text")
	}
	ticket := row.ID
	if err == nil {
		ticket, _, err = c.reply(row.ID, c.user.ID, body, ReplyOptions{Public: true, CCs: ccs, Solve: solve})
	}
	if err != nil {
		return c.requestPage(pages, requestPage{frame: frame{Problems: problemsOf(err)}, Draft: body, NewCC: cc})
	}
	return redirect(fmt.Sprintf("/hc/requests/%d", ticket)), nil
}
