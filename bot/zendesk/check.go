package zendesk

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Severity says what a problem stops.
type Severity string

// Severities of problems.
const (
	Blocks Severity = "blocks" // the bot can't work
	Warns  Severity = "warns"  // it works, and less well than it should
)

// Problem is something in the account that is not as it has to be.
type Problem struct {
	Severity Severity
	Where    string // the option, or the place in Zendesk
	What     string
	Mend     string
}

// Uses names what other options refer to in the account, so that Check sees
// whether it is there. Zero ids are left out.
type Uses struct {
	Form       int64
	Fields     map[string]int64  // option to id: {"zendesk.kind_field": 360…}
	KindValues map[string]string // the kind field's values and what each means
	Tag        string            // by which agents make any ticket a request
}

// The bounds of Check.
const (
	clockSkew    = 30 * time.Second // beyond it signatures' times and stamps get doubtful
	callsAdvised = 200              // a minute, and no more: Zendesk's smallest plan
)

// Check asks the account for all that the bot rests on and lists what is not
// so. It changes nothing. An error means that the account could not be asked.
func (d *Desk) Check(ctx context.Context, uses Uses) ([]Problem, error) {
	c := &checker{Desk: d, uses: uses}
	for _, w := range d.o.Warnings() {
		c.add(Warns, "zendesk.api_token", strings.TrimPrefix(w, "zendesk.api_token: "), "create a confidential OAuth client in Zendesk's Admin Center and set zendesk.oauth")
	}
	signedIn, err := c.user(ctx, true)
	if err != nil || !signedIn {
		return c.problems, err
	}
	for _, look := range []func(context.Context) error{c.export, c.settings, c.form, c.fields, c.status, c.group, c.setup} {
		if err := look(ctx); err != nil {
			return c.problems, forSide(err)
		}
	}
	return c.problems, nil
}

type checker struct {
	*Desk
	uses     Uses
	problems []Problem
	me       int64
	quiet    bool // no notes on clocks and limits
}

func (c *checker) add(s Severity, where, what, mend string) {
	c.problems = append(c.problems, Problem{s, where, what, mend})
}

// denied is true for answers that are a problem rather than a failure. Where
// we were not let in, nothing was asked: that is no word about what is there.
func denied(err error) bool { return !unsent(err) && refused(err) }

func refused(err error) bool {
	s := status(err)
	return s == http.StatusUnauthorized || s == http.StatusForbidden || s == http.StatusNotFound
}

// user looks whether we are let in, and as whom; signing in anew, or at least
// once with the secret that is configured.
func (c *checker) user(ctx context.Context, anew bool) (bool, error) {
	var answer struct {
		User wireUser `json:"user"`
	}
	var head http.Header
	err := c.auth.prove(ctx, anew)
	if err == nil {
		head, err = c.fetch(ctx, "read the bot's own user", "/users/me.json", &answer)
	}
	switch {
	case err != nil && (refused(err) || status(err) == http.StatusBadRequest):
		c.add(Blocks, "zendesk", "the account refuses the credentials: "+err.Error(), "see zendesk.subdomain and zendesk.oauth")
		return false, nil
	case err != nil:
		return false, forSide(err)
	case answer.User.ID <= 0 || answer.User.Role == "end-user":
		c.add(Blocks, "zendesk.oauth", "the credentials don't act as an agent", "let an admin of the account create the OAuth client")
		return false, nil
	case answer.User.Role != "admin":
		c.add(Blocks, "zendesk.oauth", "the bot's user is not an admin; Zendesk exports tickets to admins only", "give that user the role admin")
	}
	c.me = answer.User.ID
	if !c.quiet {
		c.clocks(head)
		c.limits(head)
	}
	return true, nil
}

func (c *checker) clocks(head http.Header) {
	at, err := http.ParseTime(head.Get("Date"))
	if err != nil {
		return
	}
	off := c.clock().Sub(at)
	severity, follows := Warns, ""
	if off.Abs() > cmp.Or(c.o.Webhook.Skew, DefaultOptions().Webhook.Skew) {
		severity, follows = Blocks, ": webhooks are refused, and times in the ledger are wrong"
	}
	if off.Abs() > clockSkew {
		c.add(severity, "this machine's clock", fmt.Sprintf("it is %s %s Zendesk's%s", off.Abs().Round(time.Second), direction(off), follows), "synchronise it (NTP)")
	}
}

// direction is where a clock stands that is off by d.
func direction(d time.Duration) string {
	if d < 0 {
		return "behind"
	}
	return "ahead of"
}

func (c *checker) limits(head http.Header) {
	total, known := headerInt(head, "X-Rate-Limit", "Ratelimit-Limit")
	switch {
	case !known:
	case c.o.RequestsPerMinute > total:
		c.add(Warns, "zendesk.requests_per_minute", fmt.Sprintf("it is %d, and the account has %d", c.o.RequestsPerMinute, total),
			"set it to the share of the account's calls that the bot may use")
	case total <= callsAdvised:
		c.add(Warns, "the account's plan", fmt.Sprintf("it allows %d calls a minute; a ticket's read takes about ten", total),
			"expect delays where many requests come at once; a larger plan has more")
	}
}

func (c *checker) export(ctx context.Context) error {
	_, err := c.Changes(ctx, "", c.clock().Add(-exportAge))
	if hasCode(err, http.StatusUnprocessableEntity, "StartTimeTooRecent") {
		c.add(Blocks, "this machine's clock", "it is so far ahead of Zendesk's that Zendesk refuses to export tickets since a time that to it is none yet", "synchronise it (NTP)")
		return nil
	}
	if err != nil && denied(err) {
		c.add(Blocks, "incremental export", "Zendesk refuses it: "+err.Error(), "the bot's user needs the role admin, the OAuth client the scope read")
		return nil
	}
	return err
}

func (c *checker) settings(ctx context.Context) error {
	private, err := c.privateAttachments(ctx)
	if err == nil && !private {
		c.add(Blocks, "Admin Center, Objects and rules, Tickets, Settings", "attachments are not private: whoever has a report's URL can open it, for ever",
			`switch secure downloads (private attachments) on`)
	}
	return err
}

func (c *checker) form(ctx context.Context) error {
	if c.uses.Form == 0 {
		return nil
	}
	var answer struct {
		Form struct {
			Active bool `json:"active"`
		} `json:"ticket_form"`
	}
	err := c.get(ctx, "read the ticket form", fmt.Sprintf("/ticket_forms/%d.json", c.uses.Form), &answer)
	if err != nil && denied(err) {
		c.add(Blocks, "zendesk.form", fmt.Sprintf("there is no ticket form %d", c.uses.Form), "take its id from Admin Center")
		return nil
	}
	if err == nil && !answer.Form.Active {
		c.add(Blocks, "zendesk.form", fmt.Sprintf("ticket form %d is not active", c.uses.Form), "activate it")
	}
	return err
}

type wireFieldKind struct {
	ID     int64  `json:"id"`
	Type   string `json:"type"`
	Active bool   `json:"active"`
	Title  text   `json:"title"`
	// Required for solving; Removable is false for Zendesk's own fields.
	Required  bool `json:"required"`
	Removable bool `json:"removable"`
}

// fields checks each field that is read or written.
func (c *checker) fields(ctx context.Context) error {
	kinds := map[int64]wireFieldKind{}
	err := c.pages(ctx, "read the ticket fields", "/ticket_fields.json", rowBound(), func(p page) error {
		for _, f := range p.Fields {
			kinds[f.ID] = f
		}
		return nil
	})
	if err != nil {
		return err
	}
	texts := []string{"text", "textarea"}
	type use struct {
		option string
		id     int64
		types  []string // empty: any
	}
	all := []use{
		{"zendesk.reference_field", c.o.ReferenceField, texts},
		{"zendesk.customer_reference_field", c.o.CustomerReferenceField, append([]string{"regexp"}, texts...)},
		{"zendesk.asked_on_field", c.o.AskedOnField, []string{"date"}},
		{"zendesk.law_field", c.o.LawField, []string{"tagger", "text", "regexp"}},
		{"zendesk.attested_field", c.o.AttestedField, []string{"checkbox"}},
		{"zendesk.due_field", c.o.DueField, append([]string{"date"}, texts...)},
		// Not a drop-down: its values are tags, and an update says which tags there are.
		{"zendesk.progress_field", c.o.ProgressField, texts},
	}
	for option, id := range c.uses.Fields {
		all = append(all, use{option: option, id: id})
	}
	slices.SortFunc(all, func(a, b use) int {
		if a.option < b.option {
			return -1
		}
		return 1
	})
	for _, u := range all {
		f, there := kinds[u.id]
		switch {
		case u.id == 0:
		case !there || !f.Active:
			c.add(Blocks, u.option, fmt.Sprintf("there is no active ticket field %d", u.id), "take its id from Admin Center")
		case len(u.types) > 0 && !slices.Contains(u.types, f.Type):
			c.add(Blocks, u.option, fmt.Sprintf("ticket field %d has the type %s; %v would do", u.id, f.Type, u.types), "name another field")
		}
	}
	return nil
}

func (c *checker) status(ctx context.Context) error {
	id, err := c.account.resolvedStatus(ctx)
	if err == nil && id == 0 {
		c.add(Warns, "zendesk.resolved_status", "the account has no active status of category solved with that label or id; finished tickets will show Solved",
			"create the status, or leave it so")
	}
	return err
}

// group checks who gets a ticket that nobody has when it is solved.
func (c *checker) group(ctx context.Context) error {
	assignee, where := c.o.AssigneeID, "zendesk.assignee_id"
	if assignee == 0 {
		assignee, where = c.me, "the bot's user"
	}
	var answer struct {
		Memberships []struct {
			Group int64 `json:"group_id"`
		} `json:"group_memberships"`
	}
	err := c.get(ctx, "read the assignee's groups", fmt.Sprintf("/users/%d/group_memberships.json", assignee), &answer)
	if err != nil && denied(err) {
		c.add(Blocks, where, fmt.Sprintf("user %d is no agent whose groups can be read", assignee), "name an agent")
		return nil
	}
	if err != nil {
		return err
	}
	inGroup := func(id int64) bool {
		for _, m := range answer.Memberships {
			if m.Group == id {
				return true
			}
		}
		return false
	}
	switch {
	case len(answer.Memberships) == 0:
		c.add(Blocks, where, fmt.Sprintf("user %d is in no group, and solving a ticket needs one", assignee), "put that user into a group")
	case c.o.GroupID != 0 && !inGroup(c.o.GroupID):
		c.add(Blocks, "zendesk.group_id", fmt.Sprintf("user %d is not in group %d", assignee, c.o.GroupID), "put that user into the group")
	}
	return nil
}
