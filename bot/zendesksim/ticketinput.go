package zendesksim

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// ticketInput is the "ticket" of a create or an update, key by key, so that
// an absent key and null differ.
type ticketInput map[string]json.RawMessage

func (c *call) ticketInput() (ticketInput, error) {
	var in struct {
		Ticket ticketInput `json:"ticket"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if in.Ticket == nil {
		return nil, badRequest("Parameter ticket is required")
	}
	return in.Ticket, nil
}

// read decodes a key into v; false when the key is absent.
func (in ticketInput) read(key string, v any) (bool, error) {
	raw, has := in[key]
	if !has {
		return false, nil
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	if err := dec.Decode(v); err != nil {
		return false, badRequest("Parameter ticket[" + key + "] has the wrong type")
	}
	return true, nil
}

// id reads an id that may be a number, numeric text, or null for none.
func (in ticketInput) id(key string, into *int64) error {
	var v any
	has, err := in.read(key, &v)
	if err != nil || !has || v == nil {
		if has && err == nil {
			*into = 0
		}
		return err
	}
	n, err := parseID(v)
	if err != nil {
		return badRequest("Parameter ticket[" + key + "] must be an integer")
	}
	*into = n
	return nil
}

func parseID(v any) (int64, error) {
	switch v := v.(type) {
	case json.Number:
		return v.Int64()
	case string:
		return strconv.ParseInt(v, 10, 64)
	}
	return 0, strconv.ErrSyntax
}

func (in ticketInput) text(key string, into *string) error {
	var v *string
	has, err := in.read(key, &v)
	if !has || err != nil {
		return err
	}
	*into = ""
	if v != nil {
		*into = *v
	}
	return nil
}

// apply puts what the input says into t. What Zendesk does not know, or keeps
// for itself, is passed over in silence, as there.
func (c *call) apply(in ticketInput, t *Ticket) error {
	for key, into := range map[string]*string{
		"subject": &t.Subject, "status": &t.Status, "priority": &t.Priority, "type": &t.Type,
		"external_id": &t.ExternalID, "recipient": &t.Recipient,
	} {
		if err := in.text(key, into); err != nil {
			return err
		}
	}
	for key, into := range map[string]*int64{
		"custom_status_id": &t.CustomStatusID, "requester_id": &t.RequesterID, "assignee_id": &t.AssigneeID,
		"group_id": &t.GroupID, "organization_id": &t.OrganizationID, "ticket_form_id": &t.FormID,
		"via_followup_source_id": &t.FollowupSourceID,
	} {
		if err := in.id(key, into); err != nil {
			return err
		}
	}
	if err := c.applyTags(in, t); err != nil {
		return err
	}
	if err := c.applyPeople(in, t); err != nil {
		return err
	}
	if err := c.applyFields(in, t); err != nil {
		return err
	}
	return c.checkReferences(*t)
}

func (c *call) checkReferences(t Ticket) error {
	bad := invalid{}
	switch u := c.users.get(t.RequesterID); {
	case u == nil:
		bad.add("requester", "Requester: is invalid")
	case u.Deleted, u.Suspended:
		bad.add("requester", fmt.Sprintf("Requester: %s is suspended.", u.Name))
	}
	if t.OrganizationID != 0 && c.orgs.get(t.OrganizationID) == nil {
		bad.add("organization", "Organization: is invalid")
	}
	if t.FormID != 0 && c.forms.get(t.FormID) == nil {
		bad.add("ticket_form_id", "Ticket form: is invalid")
	}
	if t.Priority != "" && !slices.Contains([]string{"urgent", "high", "normal", "low"}, t.Priority) {
		bad.add("priority", "Priority: is not valid")
	}
	return bad.refusal()
}

// applyTags: tags replaces the set, additional_tags adds, remove_tags takes.
func (c *call) applyTags(in ticketInput, t *Ticket) error {
	read := func(key string) ([]string, bool, error) {
		var v any
		has, err := in.read(key, &v)
		if !has || err != nil {
			return nil, false, err
		}
		return normalTags(textList(v)), true, nil
	}
	tags, has, err := read("tags")
	if err != nil {
		return err
	}
	if has {
		t.Tags = tags
	}
	more, _, err := read("additional_tags")
	if err != nil {
		return err
	}
	t.Tags = append(t.Tags, more...)
	less, _, err := read("remove_tags")
	if err != nil {
		return err
	}
	t.Tags = slices.DeleteFunc(t.Tags, func(tag string) bool { return slices.Contains(less, tag) })
	return nil
}

// textList takes a list of texts or one text.
func textList(v any) []string {
	switch v := v.(type) {
	case string:
		return []string{v}
	case []any:
		var out []string
		for _, e := range v {
			if s, isText := e.(string); isText {
				out = append(out, s)
			}
		}
		return out
	}
	return nil
}

type collaboratorInput struct {
	UserID    json.Number `json:"user_id"`
	UserEmail string      `json:"user_email"`
	UserName  string      `json:"user_name"`
	Action    string      `json:"action"` // put or delete
}

func (c *call) applyPeople(in ticketInput, t *Ticket) error {
	for key, ids := range map[string]*[]int64{"email_ccs": &t.EmailCCIDs, "followers": &t.FollowerIDs} {
		var list []collaboratorInput
		if _, err := in.read(key, &list); err != nil {
			return err
		}
		for _, p := range list {
			id, err := c.collaborator(p)
			if err != nil {
				return err
			}
			*ids = slices.DeleteFunc(*ids, func(have int64) bool { return have == id })
			if p.Action != "delete" {
				*ids = append(*ids, id)
			}
		}
	}
	var ids []int64
	has, err := in.read("collaborator_ids", &ids)
	if has && err == nil {
		t.EmailCCIDs = ids
	}
	return err
}

func (c *call) collaborator(p collaboratorInput) (int64, error) {
	if p.UserID != "" {
		id, err := p.UserID.Int64()
		if err != nil || c.users.get(id) == nil {
			return 0, recordInvalid("email_ccs", "Email CCs: user is invalid")
		}
		return id, nil
	}
	if u := c.userByEmail(p.UserEmail); u != nil {
		return u.ID, nil
	}
	if !strings.Contains(p.UserEmail, "@") {
		return 0, recordInvalid("email_ccs", "Email CCs: user_email is invalid")
	}
	return c.addUser(User{Name: p.UserName, Email: p.UserEmail}).ID, nil
}

func (c *call) applyFields(in ticketInput, t *Ticket) error {
	for _, key := range []string{"fields", "custom_fields"} {
		var fields []struct {
			ID    json.Number `json:"id"`
			Value any         `json:"value"`
		}
		if _, err := in.read(key, &fields); err != nil {
			return err
		}
		for _, f := range fields {
			id, _ := f.ID.Int64()
			field := c.fields.get(id)
			if field == nil || field.System || field.Inactive {
				continue
			}
			v, err := field.parse(f.Value)
			if err != nil {
				return err
			}
			if t.CustomFields[id] = v; isBlank(v) && v != false {
				delete(t.CustomFields, id)
			}
		}
	}
	return nil
}

// parse checks a value against the field's type. A number field stays a
// number in every answer, which some clients can't read.
func (f *TicketField) parse(v any) (any, error) {
	wrong := func() (any, error) {
		return nil, &refusal{answer{status: 422, body: object{
			"error": "RecordInvalid", "description": "Record validation errors",
			"details": object{"base": []object{{"description": f.Title + ": is invalid", "error": "InvalidValue", "ticket_field_id": f.ID}}},
		}}}
	}
	if v == nil || v == "" {
		return nil, nil
	}
	switch f.Type {
	case "checkbox":
		switch v {
		case true, "true", "1":
			return true, nil
		case false, "false", "0":
			return false, nil
		}
		return wrong()
	case "integer", "decimal":
		n, err := number(v)
		if err != nil || (f.Type == "integer" && n != float64(int64(n))) {
			return wrong()
		}
		return n, nil
	case "multiselect":
		values := textList(v)
		for _, one := range values {
			if !f.offers(one) {
				return wrong()
			}
		}
		return values, nil
	}
	s, isText := v.(string)
	if n, isNumber := v.(json.Number); isNumber {
		s, isText = n.String(), true
	}
	if !isText || !f.accepts(s) {
		return wrong()
	}
	return s, nil
}

func number(v any) (float64, error) {
	switch v := v.(type) {
	case json.Number:
		return v.Float64()
	case string:
		return strconv.ParseFloat(v, 64)
	}
	return 0, strconv.ErrSyntax
}

func (f *TicketField) accepts(s string) bool {
	switch f.Type {
	case "tagger":
		return f.offers(s)
	case "date":
		_, err := time.Parse(time.DateOnly, s)
		return err == nil
	case "regexp":
		hit, err := regexp.MatchString(f.Pattern, s)
		return err == nil && hit
	case "lookup": // the id of a record
		_, err := strconv.ParseInt(s, 10, 64)
		return err == nil
	}
	return true
}

func (f *TicketField) offers(value string) bool {
	return slices.ContainsFunc(f.Options, func(o FieldOption) bool { return o.Value == value })
}
