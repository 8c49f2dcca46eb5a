package zendesksim

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// input is a ticket field as a page's form has it.
type input struct {
	Name, Title, Help string
	Kind              string // of the HTML input; textarea for a long one
	Value             string
	Values            []string
	Required, Many    bool
	Choices           []FieldOption
}

// Has tells whether a choice is taken.
func (i input) Has(value string) bool { return slices.Contains(i.Values, value) }

// Checked tells whether a checkbox is.
func (i input) Checked() bool { return i.Value == "true" }

func inputName(field int64) string { return "field_" + strconv.FormatInt(field, 10) }

// input is the field with what it holds now.
func (f *TicketField) input(held any) input {
	in := input{Name: inputName(f.ID), Title: f.Title, Help: f.Description, Kind: "text"}
	switch f.Type {
	case "textarea", "checkbox", "date":
		in.Kind = f.Type
	case "integer", "decimal":
		in.Kind = "number"
	case "tagger":
		in.Choices = append([]FieldOption{{Name: "–"}}, f.Options...)
	case "multiselect":
		in.Choices, in.Many = f.Options, true
	}
	switch held := held.(type) {
	case nil:
	case []string:
		in.Values = held
	default:
		in.Value = fmt.Sprint(held)
		if n, isNumber := held.(float64); isNumber {
			in.Value = strconv.FormatFloat(n, 'f', -1, 64)
		}
		in.Values = []string{in.Value}
	}
	return in
}

// posted is what a form says of the field, as parse takes it.
func (f *TicketField) posted(form url.Values) any {
	values := form[inputName(f.ID)]
	switch f.Type {
	case "checkbox":
		return len(values) > 0 && values[0] == "true"
	case "multiselect":
		list := []any{}
		for _, v := range values {
			list = append(list, v)
		}
		return list
	}
	return strings.TrimSpace(form.Get(inputName(f.ID)))
}

// again is the input as a form that is shown once more has it.
func (f *TicketField) again(form url.Values) input {
	var held any = form[inputName(f.ID)]
	if f.Type != "multiselect" {
		held = form.Get(inputName(f.ID))
	}
	return f.input(held)
}

// portalFields are the form's fields that end users fill in.
func (s *Sim) portalFields(form *TicketForm) []*TicketField {
	var out []*TicketField
	for _, id := range form.FieldIDs {
		if f := s.fields.get(id); f != nil && !f.System && !f.Inactive && f.VisibleInPortal && f.EditableInPortal {
			out = append(out, f)
		}
	}
	return out
}

// addressees finds or makes the users of a line of addresses.
func (s *Sim) addressees(line string) ([]int64, error) {
	var ids []int64
	for _, address := range strings.FieldsFunc(line, func(r rune) bool { return strings.ContainsRune(",; \t\r\n", r) }) {
		u := s.userByEmail(address)
		switch {
		case u != nil:
		case !strings.Contains(strings.Trim(address, "@"), "@"):
			return nil, fmt.Errorf("zendesksim: CC: %q is no address", address)
		default:
			u = s.addUser(User{Name: address, Email: address})
		}
		ids = append(ids, u.ID)
	}
	return ids, nil
}
