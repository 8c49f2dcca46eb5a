package zendesk

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"privacydesk/bot"
)

// The titles of what a set-up makes. An admin may change them in Zendesk.
const (
	formTitle    = "Data & Privacy"
	viewTitle    = "Privacy: needs a person"
	webhookTitle = "privacydesk"
	triggerTitle = "privacydesk: tell of a privacy ticket"
)

// hookBody is what the trigger sends: a hint, and nothing else of the ticket.
const hookBody = `{"ticket_id":"{{ticket.id}}"}`

// conditional is the subscription of a webhook that triggers call.
const conditional = "conditional_ticket_events"

// markOf is what an object bears in a description that end users don't read,
// so that the next set-up finds it, whatever it is called by then.
func markOf(option string) string { return "[privacydesk:" + option + "]" }

func markText(option string) string {
	return "Made by privacydesk, whose zendesk setup knows it by this mark: " + markOf(option)
}

// DefaultKindValues are the kind field's values that a set-up makes where the
// configuration names none: value to kind.
func DefaultKindValues() map[string]string {
	return map[string]string{
		"privacy_access": "access", "privacy_delete": "delete", "privacy_opt_out": "opt_out", "privacy_direct": "direct",
	}
}

// kindName is how a choice of the kind field reads.
func kindName(kind string) string {
	return map[string]string{
		"access": "Access: send us this person's data", "delete": "Delete: erase this person's data",
		"opt_out": "Opt out of the sale or sharing of this person's data", "direct": "It is about my own data",
	}[kind]
}

// fieldPlan is a ticket field as it has to be.
type fieldPlan struct {
	option, title, help string
	types               []string      // the first is made, the others will do
	editable, required  bool          // for end users; each field is visible to them
	tag                 string        // of a checkbox
	choices             []fieldOption // of a list
	id                  int64         // configured
}

func (s *setup) fieldPlans() []fieldPlan {
	texts := []string{"text", "textarea", "regexp"}
	plans := []fieldPlan{
		{
			option: "kind_field", title: "Privacy request", help: "What shall we do?", types: []string{"tagger", "text", "textarea", "regexp", "multiselect"},
			editable: true, required: true, choices: s.kindChoices(), id: s.want.KindField,
		},
		{
			option: "tenant_field", title: "Account", help: "The account that it is about, if you are an admin of several.", types: append(texts, "tagger"),
			editable: true, id: s.want.TenantField,
		},
		{
			option: "customer_reference_field", title: "Your reference", help: "Your own number for this request. We repeat it in our answers.", types: texts,
			editable: true, id: s.o.CustomerReferenceField,
		},
		{
			option: "asked_on_field", title: "Date of the person's request", help: "The day on which the person asked you.", types: []string{"date"},
			editable: true, id: s.o.AskedOnField,
		},
		{
			option: "law_field", title: "Law of the person's request", help: "The law under which the person asked you.", types: []string{"tagger", "text", "regexp"},
			editable: true, choices: s.lawChoices(), id: s.o.LawField,
		},
		{
			option: "attested_field", title: "I have verified this person's request", help: "You are sure who asked, and that the person may.",
			types: []string{"checkbox"}, editable: true, required: true, tag: "privacy_attested", id: s.o.AttestedField,
		},
		{option: "progress_field", title: "Progress of the privacy request", types: append(texts[:2:2], "tagger"), id: s.o.ProgressField},
		{option: "due_field", title: "Due date of the privacy request", types: []string{"date", "text", "textarea"}, id: s.o.DueField},
	}
	if len(s.want.LawValues) == 0 && s.o.LawField == 0 { // there is nothing to choose
		plans = slices.DeleteFunc(plans, func(f fieldPlan) bool { return f.option == "law_field" })
	}
	return plans
}

// kindValues are the configured ones, or the default.
func (s *setup) kindValues() map[string]string {
	if len(s.want.KindValues) > 0 {
		return s.want.KindValues
	}
	return DefaultKindValues()
}

// kindChoices are the kind field's, in the order in which people ask for them.
func (s *setup) kindChoices() []fieldOption {
	values, order := s.kindValues(), []string{"access", "delete", "opt_out", "direct"}
	var out []fieldOption
	for _, value := range slices.SortedFunc(maps.Keys(values), func(a, b string) int {
		return cmp.Or(slices.Index(order, values[a])-slices.Index(order, values[b]), strings.Compare(a, b))
	}) {
		out = append(out, fieldOption{Name: kindName(values[value]), Value: value})
	}
	return out
}

// lawChoices are the laws that people ask under.
func (s *setup) lawChoices() []fieldOption {
	var out []fieldOption
	for _, value := range slices.Sorted(maps.Keys(s.want.LawValues)) {
		out = append(out, fieldOption{Name: s.want.LawValues[value], Value: value})
	}
	return out
}

// create is the body that makes the field.
func (f fieldPlan) create() map[string]any {
	body := map[string]any{
		"type": f.types[0], "title": f.title, "description": f.help, "agent_description": markText(f.option), "active": true,
		"visible_in_portal": true, "editable_in_portal": f.editable, "required_in_portal": f.required,
	}
	if f.tag != "" {
		body["tag"] = f.tag
	}
	if f.choices != nil {
		body["custom_field_options"] = f.missing(nil)
	}
	return body
}

// missing are the existing choices with those that lack behind them.
func (f fieldPlan) missing(have []fieldOption) []fieldOption {
	out := slices.Clone(have)
	for _, c := range f.choices {
		if !slices.ContainsFunc(have, func(o fieldOption) bool { return o.Value == c.Value }) {
			out = append(out, c)
		}
	}
	return out
}

// differs tells what of a field is not as it has to be, and the body that
// mends it. hopeless says why nothing can.
func (f fieldPlan) differs(t thing) (d difference) {
	if !slices.Contains(f.types, t.Type) {
		d.hopeless = fmt.Sprintf("its type is %s and must be %s, and Zendesk changes no field's type; take its id out of zendesk.%s", t.Type, f.types[0], f.option)
		return d
	}
	d.want(t.on(), "activate it", "active", true)
	// Whether customers see what only we write is the admin's choice.
	d.want(t.Visible || !f.editable, "show it to customers", "visible_in_portal", true)
	d.want(t.Editable || !f.editable, "let customers fill it in", "editable_in_portal", true)
	d.want(!t.Editable || f.editable, "let nobody but agents and privacydesk fill it in", "editable_in_portal", false)
	if f.choices != nil && (t.Type == "tagger" || t.Type == "multiselect") {
		all := f.missing(t.Options)
		for _, o := range all[len(t.Options):] {
			d.want(false, "add the choice "+o.Value, "custom_field_options", all)
		}
	}
	return d
}

// difference is what to change of an object.
type difference struct {
	what     []string
	body     map[string]any
	hopeless string
}

func (d *difference) want(is bool, change, key string, value any) {
	if is {
		return
	}
	if d.body == nil {
		d.body = map[string]any{}
	}
	d.what, d.body[key] = append(d.what, change), value
}

// sameConditions compares two sets, whatever their order.
func sameConditions(a, b conditions) bool {
	key := func(list []condition) []string {
		out := []string{}
		for _, c := range list {
			out = append(out, c.Field+"\x00"+c.Operator+"\x00"+string(c.Value))
		}
		slices.Sort(out)
		return out
	}
	return slices.Equal(key(a.All), key(b.All)) && slices.Equal(key(a.Any), key(b.Any))
}

func viewConditions() conditions {
	return conditions{All: []condition{
		{"current_tags", "includes", bot.TagNeedsPerson}, {"status", "less_than", "solved"},
	}}
}

// viewColumns are what agents see of each ticket; a number is a ticket field.
func (s *setup) viewColumns() []any {
	out := []any{"nice_id", "subject", "requester", "created", "updated", "assignee"}
	if id := s.ids["due_field"]; id != 0 {
		out = append(out, id)
	}
	return out
}

func triggerConditions(form int64) conditions {
	return conditions{
		All: []condition{{"ticket_form_id", "is", text(strconv.FormatInt(form, 10))}},
		Any: []condition{{"update_type", "is", "Create"}, {"update_type", "is", "Change"}},
	}
}

// callsOnly is true if a trigger does nothing but send the hint to a webhook.
func callsOnly(actions []ruleAction, hook string) bool {
	if len(actions) != 1 || actions[0].Field != "notification_webhook" {
		return false
	}
	value := texts(actions[0].Value)
	return len(value) == 2 && value[0] == hook && strings.Join(strings.Fields(value[1]), "") == hookBody
}

// texts reads an action's value: a text, a number or a list of these.
func texts(v any) []string {
	list, isList := v.([]any)
	if !isList {
		list = []any{v}
	}
	var out []string
	for _, one := range list {
		switch one := one.(type) {
		case nil:
		case float64:
			out = append(out, strconv.FormatFloat(one, 'f', -1, 64))
		default:
			out = append(out, fmt.Sprint(one))
		}
	}
	return out
}
