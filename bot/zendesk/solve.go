package zendesk

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"privacydesk/bot"
)

// solve adds what solving needs: the custom status that people read as
// Resolved, an assignee where the ticket has none, and the fields that its
// form requires.
func (d *Desk) solve(ctx context.Context, ticket int64, at stamp, b *updateBody) error {
	id, err := d.account.resolvedStatus(ctx)
	if err != nil {
		return forSide(err)
	}
	b.CustomStatus = id
	if at.unassigned {
		b.Assignee, b.Group = d.o.AssigneeID, d.o.GroupID
	}
	if at.unassigned && b.Assignee == 0 {
		me, err := d.account.self(ctx)
		if err != nil {
			return forSide(err)
		}
		b.Assignee = me.ID
	}
	return d.require(ctx, ticket, at, b)
}

// cleared stands in a text field that has to be cleared and may not be empty.
const cleared = "-"

// require fills the required fields that are empty, as configured, and names
// those for which nothing is configured.
func (d *Desk) require(ctx context.Context, ticket int64, at stamp, b *updateBody) error {
	op := fmt.Sprintf("read ticket %d", ticket)
	var answer struct {
		Ticket wireTicket `json:"ticket"`
	}
	if err := d.get(ctx, op, fmt.Sprintf("/tickets/%d.json", ticket), &answer); err != nil {
		return forRead(err)
	}
	if !answer.Ticket.Updated.Equal(at.at) {
		return fmt.Errorf("%s: %w", op, bot.ErrStale)
	}
	required, err := d.account.requiredFields(ctx, int64(answer.Ticket.Form))
	if err != nil {
		return forSide(err)
	}
	have := map[int64]bool{}
	for _, f := range answer.Ticket.Fields {
		unticked := f.Value == "false" && required[f.ID].Type == "checkbox"
		have[f.ID] = strings.TrimSpace(string(f.Value)) != "" && !unticked
	}
	return d.fillRequired(required, have, b)
}

func (d *Desk) fillRequired(required map[int64]wireFieldKind, have map[int64]bool, b *updateBody) error {
	for _, f := range b.Fields {
		have[f.ID] = f.Value != nil
	}
	var empty []string
	for id, kind := range required {
		if have[id] {
			continue
		}
		value, configured := d.o.RequiredFields[strconv.FormatInt(id, 10)]
		clearing := slices.IndexFunc(b.Fields, func(f fieldBody) bool { return f.ID == id })
		if !configured && clearing >= 0 && (kind.Type == "text" || kind.Type == "textarea") {
			value, configured = cleared, true
		}
		switch {
		case configured && clearing >= 0:
			b.Fields[clearing].Value = kind.valueOf(value)
		case configured:
			b.Fields = append(b.Fields, fieldBody{id, kind.valueOf(value)})
		case clearing >= 0:
			b.Fields = slices.Delete(b.Fields, clearing, clearing+1) // it can't be emptied
		default:
			empty = append(empty, kind.name())
		}
	}
	if len(empty) > 0 {
		slices.Sort(empty)
		return &bot.IncompleteError{Fields: empty}
	}
	return nil
}

// valueOf is a configured text as the field takes it.
func (k wireFieldKind) valueOf(value string) any {
	if k.Type != "multiselect" {
		return value
	}
	var tags []string
	for tag := range strings.SplitSeq(value, ",") {
		tags = append(tags, strings.TrimSpace(tag))
	}
	return tags
}

func (k wireFieldKind) name() string { return fmt.Sprintf("%s (field %d)", k.Title, k.ID) }

// incomplete turns a 422 that names fields into an IncompleteError: rules that
// the form does not tell, such as conditions, are learnt from it.
func (d *Desk) incomplete(ctx context.Context, err error) error {
	var refused *APIError
	if !errors.As(err, &refused) || refused.Status != http.StatusUnprocessableEntity || len(refused.Fields) == 0 || errors.Is(err, bot.ErrClosed) || errors.Is(err, bot.ErrDeclined) {
		return err
	}
	fields, ferr := d.account.fieldKinds(ctx)
	var names []string
	for _, name := range refused.Fields {
		if name == "comment" || name == "attachments" {
			return err // not about the ticket's fields
		}
		if digits, ok := strings.CutPrefix(name, fieldOfTicket); ok && ferr == nil {
			if id, perr := strconv.ParseInt(digits, 10, 64); perr == nil && fields[id].ID == id {
				name = fields[id].name()
			}
		}
		names = append(names, name)
	}
	return fmt.Errorf("%w: %w", &bot.IncompleteError{Fields: names}, err)
}

// requiredFields are the account's own fields on the form which solving
// requires. A plan without forms has one form of all fields.
func (a *account) requiredFields(ctx context.Context, form int64) (map[int64]wireFieldKind, error) {
	all, err := a.fieldKinds(ctx)
	if err != nil {
		return nil, err
	}
	out := map[int64]wireFieldKind{}
	for id, f := range all {
		if f.Required && f.Active && f.Removable {
			out[id] = f
		}
	}
	if len(out) == 0 || form == 0 {
		return out, nil
	}
	on, err := a.fieldsOf(ctx, form)
	if err != nil || on == nil {
		return out, err
	}
	for id := range out {
		if !slices.Contains(on, id) {
			delete(out, id)
		}
	}
	return out, nil
}

func (a *account) fieldKinds(ctx context.Context) (map[int64]wireFieldKind, error) {
	return a.fields.get(a.d.clock(), accountLife, func() (map[int64]wireFieldKind, error) {
		out := map[int64]wireFieldKind{}
		err := a.d.pages(ctx, "read the ticket fields", "/ticket_fields.json", rowBound(), func(p page) error {
			for _, f := range p.Fields {
				out[f.ID] = f
			}
			return nil
		})
		return out, err
	})
}

// fieldsOf are the ids of a form's fields; nil for a plan without forms, or a
// form that is gone.
func (a *account) fieldsOf(ctx context.Context, form int64) ([]int64, error) {
	a.mu.Lock()
	c := a.forms[form]
	if c == nil {
		c = &cached[[]int64]{}
		a.forms[form] = c
	}
	a.mu.Unlock()
	return c.get(a.d.clock(), accountLife, func() ([]int64, error) {
		var answer struct {
			Form struct {
				Fields []int64 `json:"ticket_field_ids"`
			} `json:"ticket_form"`
		}
		err := a.d.get(ctx, "read the ticket form", fmt.Sprintf("/ticket_forms/%d.json", form), &answer)
		if s := status(err); s == http.StatusNotFound || s == http.StatusForbidden {
			return nil, nil
		}
		return answer.Form.Fields, err
	})
}
