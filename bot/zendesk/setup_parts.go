package zendesk

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

func (s *setup) field(ctx context.Context, f fieldPlan) {
	if s.audit && f.id == 0 {
		return
	}
	p := piece{collection: kindOf("ticket_fields"), option: f.option, title: f.title, create: f.create()}
	p.have, p.notes = s.search(p.collection, f.option, strconv.FormatInt(f.id, 10), f.title)
	if p.have != nil {
		p.change = f.differs(*p.have)
	} else {
		p.blocked = s.taken(f)
	}
	id, err := strconv.ParseInt(s.settle(ctx, p), 10, 64)
	if err == nil {
		s.ids[f.option] = id
	}
}

// taken tells that another field has a tag of this one: Zendesk wants each in
// one field alone, and would not tell which.
func (s *setup) taken(f fieldPlan) string {
	for _, t := range s.inv.things["ticket_fields"] {
		var tags []string
		for _, o := range t.Options {
			tags = append(tags, o.Value)
		}
		for _, tag := range append(tags, string(t.Tag)) {
			if slices.ContainsFunc(f.choices, func(c fieldOption) bool { return c.Value == tag }) || tag != "" && tag == f.tag {
				return fmt.Sprintf("ticket field %s (%q) has the tag %s already; if it is the one to use, write its id into zendesk.%s", t.ID, t.label(), tag, f.option)
			}
		}
	}
	return ""
}

// tags come into being with their first use, where the account has them.
func (s *setup) tags() {
	item := Item{Thing: "tags", Option: "zendesk.tag", Title: "privacydesk, privacydesk_needs_person and the tag of requests", State: Exists}
	if on := s.inv.settings.Tickets.Tagging; on != nil && !*on {
		item.State = Blocked
		item.Notes = []string{"the account has no tags: Admin Center, Objects and rules, Tickets, Settings, Tags: enable tags on tickets"}
	}
	s.plan.Items = append(s.plan.Items, item)
}

func (s *setup) form(ctx context.Context) {
	if s.audit && s.want.Form == 0 {
		return
	}
	p := piece{collection: kindOf("ticket_forms"), option: "form", title: formTitle}
	p.have, p.notes = s.search(p.collection, p.option, strconv.FormatInt(s.want.Form, 10), formTitle)
	kind := s.ids["kind_field"]
	if p.have == nil && kind != 0 && !s.madeNow("kind_field") {
		if p.have, p.blocked = s.formWith(kind); p.have != nil || p.blocked != "" {
			p.notes = nil
		}
	}
	if p.have == nil && p.blocked == "" {
		p.blocked = s.noRoomForAForm()
	}
	if p.have != nil {
		p.change = s.formDiffers(*p.have)
	}
	if s.apply && kind == 0 {
		p.blocked = "the kind field is not there, without which nobody can say on the form what they ask for"
	}
	p.create = map[string]any{
		"name": formTitle, "display_name": formTitle, "active": true, "end_user_visible": true, "in_all_brands": true,
		"ticket_field_ids": append(s.systemFields(), s.fieldIDs()...),
	}
	if id, err := strconv.ParseInt(s.settle(ctx, p), 10, 64); err == nil {
		s.ids["form"] = id
	}
}

// maxForms is how many forms an account has at most. Source:
// developer.zendesk.com, ticket forms.
const maxForms = 300

// noRoomForAForm tells what of the plan's limits forbids one more.
func (s *setup) noRoomForAForm() string {
	switch on := s.inv.settings.Features.Forms; {
	case on != nil && !*on:
		return "the account's plan has no ticket forms (Suite Growth or Support Enterprise have); work without one, by the tag that agents add (zendesk.tag)"
	case len(s.inv.things["ticket_forms"]) >= maxForms:
		return fmt.Sprintf("the account has %d ticket forms, which is Zendesk's limit; delete one that nobody needs", maxForms)
	}
	return ""
}

// formWith finds our form by our field, because forms have no description that
// could bear a mark. Where the field stands on several, only the title tells,
// and nothing is guessed: every ticket of the form counts as a request.
func (s *setup) formWith(field int64) (form *thing, blocked string) {
	var all, titled []thing
	for _, t := range s.inv.things["ticket_forms"] {
		if !slices.Contains(t.FieldIDs, field) {
			continue
		}
		all = append(all, t)
		if strings.EqualFold(strings.TrimSpace(t.label()), formTitle) {
			titled = append(titled, t)
		}
	}
	switch {
	case len(all) == 0:
		return nil, ""
	case len(all) == 1:
		return &all[0], ""
	case len(titled) == 1:
		return &titled[0], ""
	}
	return nil, fmt.Sprintf("the kind field %d stands on %d forms; write the id of the one for privacy requests into zendesk.form", field, len(all))
}

// madeNow is true for what this run made, or would make.
func (s *setup) madeNow(option string) bool {
	return slices.ContainsFunc(s.plan.Items, func(i Item) bool { return i.Option == "zendesk."+option && i.State == Create })
}

// fieldIDs are our fields, as far as they are there, in the form's order.
func (s *setup) fieldIDs() []int64 {
	var out []int64
	for _, f := range s.fieldPlans() {
		if id := s.ids[f.option]; id != 0 {
			out = append(out, id)
		}
	}
	return out
}

// systemFields are those that a new form has beside ours.
func (s *setup) systemFields() []int64 {
	var out []int64
	for _, t := range s.inv.things["ticket_fields"] {
		if slices.Contains([]string{"subject", "description", "status", "custom_status", "priority", "group", "assignee"}, t.Type) && t.on() {
			out = append(out, t.number())
		}
	}
	return out
}

func (s *setup) formDiffers(t thing) (d difference) {
	d.want(t.on(), "activate it", "active", true)
	d.want(t.EndUserVisible, "show it to customers", "end_user_visible", true)
	ids := slices.Clone(t.FieldIDs)
	for _, f := range s.fieldPlans() {
		id := s.ids[f.option]
		if id != 0 && slices.Contains(t.FieldIDs, id) || id == 0 && !s.madeNow(f.option) {
			continue
		}
		if id != 0 {
			ids = append(ids, id)
		}
		d.want(false, "put the field "+strconv.Quote(f.title)+" on it", "ticket_field_ids", ids)
	}
	return d
}

// status is one that agents may have made themselves: of the right category
// and label, it is used as it is.
func (s *setup) status(ctx context.Context) {
	if s.audit {
		return // Check looks for it by itself
	}
	label := s.o.ResolvedStatus
	p := piece{collection: kindOf("custom_statuses"), option: "resolved_status", title: label}
	for _, t := range s.inv.things[p.path] {
		ours := t.marked(markOf(p.option))
		if t.Category != "solved" || !ours && string(t.ID) != label && !strings.EqualFold(strings.TrimSpace(t.label()), label) {
			continue
		}
		if p.have == nil || ours || t.on() && !p.have.on() {
			p.have = &t
		}
	}
	switch {
	case p.have == nil && !s.want.CustomStatus:
		s.plan.Items = append(s.plan.Items, Item{
			Thing: "custom status", Option: "zendesk.resolved_status", Title: label, State: Skipped,
			Notes: []string{"finished tickets read Solved; setup makes the status with --custom-status"},
		})
		return
	case p.have != nil && !p.have.on() && p.have.marked(markOf(p.option)):
		p.change.want(false, "activate it", "active", true)
	case p.have != nil && !p.have.on():
		p.blocked = "it is not active and not ours; activate it, or name another status"
	}
	p.create = map[string]any{"status_category": "solved", "agent_label": label, "end_user_label": label, "description": markText(p.option), "active": true}
	s.settle(ctx, p)
}

func (s *setup) webhook(ctx context.Context) {
	if s.audit && s.o.Webhook.ID == "" {
		return
	}
	endpoint := s.o.Webhook.URL
	p := piece{collection: kindOf("webhooks"), option: "webhook.id", title: webhookTitle, method: http.MethodPatch}
	if endpoint == "" {
		s.skipHook("webhook", "webhook.id", webhookTitle)
		return
	}
	p.have, p.notes = s.search(p.collection, p.option, s.o.Webhook.ID, webhookTitle)
	if p.have != nil && s.o.Webhook.ID != string(p.have.ID) && p.have.Endpoint != endpoint {
		// The mark alone may be another installation's, which would go deaf.
		p.notes = append(p.notes, fmt.Sprintf("webhook %s is a privacydesk's with another address and is left alone; to point it here, write its id into zendesk.webhook.id", p.have.ID))
		p.have = s.inv.first(p.path, func(t thing) bool { return t.marked(markOf(p.option)) && t.Endpoint == endpoint })
	}
	want := map[string]any{
		"name": webhookTitle, "description": markText(p.option), "status": "active", "endpoint": endpoint, "http_method": http.MethodPost,
		"request_format": "json", "subscriptions": []string{conditional},
	}
	if t := p.have; t != nil {
		p.change.want(t.on(), "activate it", "status", "active")
		p.change.want(t.Endpoint == endpoint, "point it to zendesk.webhook.url", "endpoint", endpoint)
		p.change.want(t.Method == http.MethodPost, "let it use POST", "http_method", http.MethodPost)
		p.change.want(t.Format == "json", "let it send JSON", "request_format", "json")
		if !slices.Equal(t.Subscriptions, []string{conditional}) {
			p.change.hopeless = "it hears of Zendesk events and must be connected to a trigger, and Zendesk changes no webhook's connection method; take its id out of zendesk.webhook.id"
		}
	}
	p.create = want
	s.hook = s.settle(ctx, p)
}

func (s *setup) skipHook(thing, option, title string) {
	s.plan.Items = append(s.plan.Items, Item{
		Thing: thing, Option: "zendesk." + option, Title: title, State: Skipped,
		Notes: []string{"zendesk.webhook.url does not say where Zendesk reaches us; tickets are polled"},
	})
}

func (s *setup) trigger(ctx context.Context) {
	if s.audit && s.o.Webhook.Trigger == 0 {
		return
	}
	if s.o.Webhook.URL == "" {
		s.skipHook("trigger", "webhook.trigger", triggerTitle)
		return
	}
	p := piece{collection: kindOf("triggers"), option: "webhook.trigger", title: triggerTitle}
	p.have, p.notes = s.search(p.collection, p.option, strconv.FormatInt(s.o.Webhook.Trigger, 10), triggerTitle)
	form := s.ids["form"]
	if t := p.have; t != nil && string(t.ID) != strconv.FormatInt(s.o.Webhook.Trigger, 10) && !s.callsUs(*t) {
		p.notes = append(p.notes, fmt.Sprintf("trigger %s is a privacydesk's that calls another webhook and is left alone", t.ID))
		p.have = s.inv.first(p.path, func(t thing) bool { return t.marked(markOf(p.option)) && s.callsUs(t) })
	}
	if s.apply && (form == 0 || s.hook == "") {
		p.blocked = "the form or the webhook is not there"
	}
	cond, actions := triggerConditions(form), []ruleAction{{"notification_webhook", []string{s.hook, hookBody}}}
	if t := p.have; t != nil {
		p.change.want(t.on(), "activate it", "active", true)
		p.change.want(form != 0 && sameConditions(t.Conditions, cond), "let it fire when a ticket of the form is created or updated", "conditions", cond)
		p.change.want(s.hook != "" && callsOnly(t.Actions, s.hook), "let it call the webhook with the ticket's id", "actions", actions)
	}
	p.create = map[string]any{"title": triggerTitle, "description": markText(p.option), "active": true, "conditions": cond, "actions": actions}
	if id, err := strconv.ParseInt(s.settle(ctx, p), 10, 64); err == nil {
		s.ids["webhook.trigger"] = id
	}
}

// callsUs is true for a trigger that calls our webhook, or one that is gone.
func (s *setup) callsUs(t thing) bool {
	for _, a := range t.Actions {
		if value := texts(a.Value); a.Field == "notification_webhook" && len(value) > 0 {
			return value[0] == s.hook || s.inv.byID("webhooks", value[0]) == nil
		}
	}
	return true
}

func (s *setup) view(ctx context.Context) {
	if s.audit && s.o.NeedsPersonView == 0 {
		return
	}
	p := piece{collection: kindOf("views"), option: "needs_person_view", title: viewTitle}
	p.have, p.notes = s.search(p.collection, p.option, strconv.FormatInt(s.o.NeedsPersonView, 10), viewTitle)
	cond := viewConditions()
	if t := p.have; t != nil {
		p.change.want(t.on(), "activate it", "active", true)
		if !sameConditions(t.Conditions, cond) {
			p.change.want(false, "let it show the unsolved tickets that need a person", "all", cond.All)
			p.change.body["any"] = []condition{}
		}
	}
	p.create = map[string]any{
		"title": viewTitle, "description": markText(p.option), "active": true, "all": cond.All, "any": []condition{},
		"output": map[string]any{"columns": s.viewColumns()},
	}
	s.settle(ctx, p)
}
