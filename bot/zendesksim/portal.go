package zendesksim

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// SubmitForm files a ticket as an end user does in the help center: through a
// form that end users see, with the fields that they may edit, the required
// ones filled in. It returns what the page would complain of.
func (s *Sim) SubmitForm(user, form int64, subject, body string, values map[int64]any) (int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	row, err := s.submitForm(NewTicket{RequesterID: user, FormID: form, Subject: subject, Body: body, CustomFields: values})
	if err != nil {
		return 0, err
	}
	return row.ID, nil
}

func (s *Sim) submitForm(n NewTicket) (*ticketRow, error) {
	form, subject, body, values := n.FormID, n.Subject, n.Body, n.CustomFields
	f := s.forms.get(form)
	if f == nil || f.Inactive || !f.EndUserVisible {
		return nil, fmt.Errorf("zendesksim: end users see no form %d", form)
	}
	var problems []error
	given := map[int64]any{}
	for id, v := range values {
		field := s.fields.get(id)
		if field == nil || !slices.Contains(f.FieldIDs, id) || field.Inactive || !field.VisibleInPortal || !field.EditableInPortal {
			problems = append(problems, fmt.Errorf("zendesksim: end users can't fill in field %d on this form", id))
			continue
		}
		parsed, err := field.accept(v)
		if err != nil {
			problems = append(problems, err)
		}
		if !isBlank(parsed) {
			given[id] = parsed
		}
	}
	for _, id := range f.FieldIDs {
		field := s.fields.get(id)
		if field != nil && !field.System && !field.Inactive && field.RequiredInPortal && field.EditableInPortal && isBlank(given[id]) {
			problems = append(problems, fmt.Errorf("zendesksim: %s cannot be blank", field.Title))
		}
	}
	if strings.TrimSpace(subject) == "" || strings.TrimSpace(body) == "" {
		problems = append(problems, errors.New("zendesksim: subject and description cannot be blank"))
	}
	if len(problems) > 0 {
		return nil, errors.Join(problems...)
	}
	n.CustomFields = given
	return s.fileTicket(n), nil
}

// accept is parse, and wants a drop-down's value to be one of its own.
func (f *TicketField) accept(v any) (any, error) {
	known := func(o FieldOption) bool { return o.Value == v }
	if f.Type == "tagger" && v != nil && v != "" && !slices.ContainsFunc(f.Options, known) {
		return nil, fmt.Errorf("zendesksim: %s has no such choice", f.Title)
	}
	return f.parse(v)
}
