package zendesk_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"privacydesk/bot/zendesk"
	"privacydesk/bot/zendesksim"
)

const hookURL = "https://privacy.shop.example/webhooks/zendesk"

// bare is a world whose account has nothing of ours.
func bare(t *testing.T, edits ...func(*world)) *world {
	t.Helper()
	return newWorld(t, zendesksim.Options{}, append([]func(*world){func(w *world) {
		w.options.DueField, w.options.ProgressField = 0, 0
		w.options.ResolvedStatus = "Erledigt"
		w.options.Webhook.URL = hookURL
	}}, edits...)...)
}

func (w *world) plan(want zendesk.Wanted) zendesk.Plan {
	w.Helper()
	p, err := w.desk.PlanSetup(w.Context(), want)
	w.must(err)
	return p
}

func (w *world) setUp(want zendesk.Wanted) zendesk.Plan {
	w.Helper()
	p, err := w.desk.ApplySetup(w.Context(), want)
	w.must(err)
	return p
}

// states are the items' states by option.
func states(p zendesk.Plan) map[string]zendesk.State {
	out := map[string]zendesk.State{}
	for _, i := range p.Items {
		out[strings.TrimPrefix(i.Option, "zendesk.")] = i.State
	}
	return out
}

func item(t *testing.T, p zendesk.Plan, option string) zendesk.Item {
	t.Helper()
	for _, i := range p.Items {
		if i.Option == "zendesk."+option {
			return i
		}
	}
	t.Fatalf("the plan has no %s", option)
	return zendesk.Item{}
}

func (w *world) idOf(p zendesk.Plan, option string) int64 {
	w.Helper()
	id, err := strconv.ParseInt(p.ID("zendesk."+option), 10, 64)
	w.must(err)
	return id
}

// asAdmin calls the simulator as the account's admin would.
func (w *world) asAdmin(method, path string, body any, into any) {
	w.Helper()
	w.sim.AddAPIToken(botMail, "admin-token")
	raw, err := json.Marshal(body)
	w.must(err)
	req, err := http.NewRequestWithContext(w.Context(), method, w.server.URL+"/api/v2/"+path, strings.NewReader(string(raw)))
	w.must(err)
	req.SetBasicAuth(botMail+"/token", "admin-token")
	req.Header.Set("Content-Type", "application/json")
	resp, err := w.server.Client().Do(req)
	w.must(err)
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	w.must(err)
	if resp.StatusCode/100 != 2 {
		w.Fatalf("%s %s: %d %s", method, path, resp.StatusCode, answer)
	}
	if into != nil {
		w.must(json.Unmarshal(answer, into))
	}
}

// laws are the choices of the law field, of two.
func laws() map[string]string {
	return map[string]string{"law_ccpa": "CCPA, California", "law_gdpr": "GDPR, EU and EEA"}
}

// take writes what a set-up made into the options, as the command does.
func (w *world) take(p zendesk.Plan) zendesk.Wanted {
	w.Helper()
	o := &w.options
	o.CustomerReferenceField, o.AskedOnField, o.AttestedField = w.idOf(p, "customer_reference_field"), w.idOf(p, "asked_on_field"), w.idOf(p, "attested_field")
	var choices map[string]string
	if p.ID("zendesk.law_field") != "" {
		o.LawField, choices = w.idOf(p, "law_field"), laws()
	}
	o.ProgressField, o.DueField, o.NeedsPersonView = w.idOf(p, "progress_field"), w.idOf(p, "due_field"), w.idOf(p, "needs_person_view")
	o.Webhook.ID, o.Webhook.Trigger = p.ID("zendesk.webhook.id"), w.idOf(p, "webhook.trigger")
	w.desk = w.open()
	return zendesk.Wanted{
		Form: w.idOf(p, "form"), KindField: w.idOf(p, "kind_field"), TenantField: w.idOf(p, "tenant_field"),
		KindValues: zendesk.DefaultKindValues(), LawValues: choices, Tag: "privacy_request", CustomStatus: true,
	}
}

func uses(want zendesk.Wanted) zendesk.Uses {
	return zendesk.Uses{
		Form: want.Form, Fields: map[string]int64{"zendesk.kind_field": want.KindField, "zendesk.tenant_field": want.TenantField},
		KindValues: want.KindValues, Tag: want.Tag,
	}
}

// TestSetUpOfAnEmptyAccount: the plan changes nothing, the set-up makes all of
// it, a customer can file with it, and a second run finds nothing to do, by
// ids as by marks.
func TestSetUpOfAnEmptyAccount(t *testing.T) {
	w := bare(t)
	want := zendesk.Wanted{Tag: "privacy_request", CustomStatus: true, LawValues: laws()}
	plan := w.plan(want)
	if n := w.sim.Counts().Writes; n > 1 || plan.Ready() { // one signs in
		t.Fatalf("the plan wrote %d times, ready %v", n, plan.Ready())
	}
	for option, state := range states(plan) {
		if want := map[bool]zendesk.State{true: zendesk.Exists, false: zendesk.Create}[option == "tag"]; state != want {
			t.Errorf("%s: %s in the plan", option, state)
		}
	}
	if len(plan.Items) != 14 || len(plan.Rivals) != 0 || len(plan.Lacks) != 0 {
		t.Errorf("got %+v", plan)
	}
	done := w.setUp(want)
	if !done.Ready() || !done.Made("zendesk.form") {
		t.Fatalf("not done: %+v", done)
	}
	again := w.setUp(want) // by the marks
	for option, state := range states(again) {
		if state != zendesk.Exists {
			t.Errorf("%s: %s at the second time", option, state)
		}
	}
	if !reflect.DeepEqual(idsOf(done), idsOf(again)) {
		t.Errorf("other objects: %v, %v", idsOf(done), idsOf(again))
	}
	named := w.take(done)
	if third := w.setUp(named); !reflect.DeepEqual(idsOf(done), idsOf(third)) || !third.Ready() {
		t.Errorf("by ids: %+v", third)
	}
	problems, err := w.desk.Check(t.Context(), uses(named))
	if err != nil || len(problems) != 0 {
		t.Errorf("check: %v, %v", problems, err)
	}
	w.tryForm(named)
}

func idsOf(p zendesk.Plan) map[string]string {
	out := map[string]string{}
	for _, i := range p.Items {
		out[i.Option] = i.ID
	}
	return out
}

// tryForm files as a customer does and looks what calls and shows it.
func (w *world) tryForm(want zendesk.Wanted) {
	w.Helper()
	values := map[int64]any{
		want.KindField: "privacy_delete", want.TenantField: "acme", w.options.CustomerReferenceField: "A-7", w.options.AskedOnField: "2026-03-01",
		w.options.AttestedField: true, w.options.LawField: "law_gdpr",
	}
	id, err := w.sim.SubmitForm(w.ann, want.Form, "s", "b", values)
	w.must(err)
	for _, missing := range []int64{want.KindField, w.options.AttestedField} {
		less := map[int64]any{}
		for k, v := range values {
			if k != missing {
				less[k] = v
			}
		}
		if _, err := w.sim.SubmitForm(w.ann, want.Form, "s", "b", less); err == nil {
			w.Errorf("a request without field %d was taken", missing)
		}
	}
	if _, err := w.sim.SubmitForm(w.ann, want.Form, "s", "b", map[int64]any{w.options.DueField: "2026-03-01"}); err == nil {
		w.Error("a customer set the due date")
	}
	w.file() // of another form
	if n := w.sim.PendingDeliveries(); n != 1 {
		w.Errorf("%d webhooks for one ticket of the form", n)
	}
	w.must(w.sim.UpdateAs(w.agent, id, func(t *zendesksim.Ticket) { t.Tags = append(t.Tags, "privacydesk_needs_person") }))
	var shown struct{ Tickets []struct{ ID int64 } }
	w.asAdmin(http.MethodGet, fmt.Sprintf("views/%d/tickets", w.options.NeedsPersonView), nil, &shown)
	if len(shown.Tickets) != 1 || shown.Tickets[0].ID != id {
		w.Errorf("the view shows %+v", shown)
	}
	secret, err := w.desk.SigningSecret(w.Context(), w.options.Webhook.ID)
	if err != nil || len(secret) < 20 {
		w.Errorf("the secret: %d bytes, %v", len(secret), err)
	}
}

// TestSetUpRepairs breaks each object; the check tells, the set-up mends, and
// what an admin chose by himself stays.
func TestSetUpRepairs(t *testing.T) {
	w := bare(t)
	want := w.take(w.setUp(zendesk.Wanted{Tag: "privacy_request", CustomStatus: true}))
	kind, form, hook := fmt.Sprint("ticket_fields/", want.KindField), fmt.Sprint("ticket_forms/", want.Form), "webhooks/"+w.options.Webhook.ID
	trigger, view := fmt.Sprint("triggers/", w.options.Webhook.Trigger), fmt.Sprint("views/", w.options.NeedsPersonView)
	type obj = map[string]any
	options := []obj{{"name": "Mine", "value": "mine"}, {"name": "Access", "value": "privacy_access"}}
	put := func(path, key string, body obj) { w.asAdmin(http.MethodPut, path, obj{key: body}, nil) }
	put(kind, "ticket_field", obj{"title": "Renamed", "custom_field_options": options, "editable_in_portal": false, "visible_in_portal": false})
	put(fmt.Sprint("ticket_fields/", w.options.DueField), "ticket_field", obj{"active": false, "editable_in_portal": true})
	put(form, "ticket_form", obj{"name": "Renamed", "end_user_visible": false, "active": false, "ticket_field_ids": []int64{want.KindField}})
	put(hook, "webhook", obj{"endpoint": "https://elsewhere.example/", "status": "inactive"})
	put(trigger, "trigger", obj{
		"active": false, "conditions": obj{"all": []obj{{"field": "status", "operator": "is", "value": "new"}}},
		"actions": []obj{{"field": "notification_webhook", "value": []string{w.options.Webhook.ID, `{"ticket":"{{ticket.description}}"}`}}},
	})
	put(view, "view", obj{"active": false, "all": []obj{{"field": "status", "operator": "is", "value": "new"}}})

	problems, err := w.desk.Check(t.Context(), uses(want))
	w.must(err)
	found := fmt.Sprint(problems)
	for _, where := range []string{
		"add the choice privacy_delete", "let customers fill it in", "show it to customers", "not active", "let nobody but agents",
		`put the field "Account" on it`, "point it to zendesk.webhook.url", "let it fire when", "with the ticket's id", "zendesk.needs_person_view",
	} {
		if !strings.Contains(found, where) {
			t.Errorf("the check does not tell: %s\n%s", where, found)
		}
	}
	plan := w.plan(want)
	for _, option := range []string{"kind_field", "due_field", "form", "webhook.id", "webhook.trigger", "needs_person_view"} {
		if i := item(t, plan, option); i.State != zendesk.Repair || len(i.Changes) == 0 {
			t.Errorf("%s: %+v", option, i)
		}
	}
	if done := w.setUp(want); !done.Ready() {
		t.Errorf("not repaired: %+v", done)
	}
	for option, state := range states(w.plan(want)) {
		if state != zendesk.Exists {
			t.Errorf("%s: %s after the repair", option, state)
		}
	}
	var field struct {
		Field struct {
			Title   string
			Options []struct{ Value string } `json:"custom_field_options"`
		} `json:"ticket_field"`
	}
	w.asAdmin(http.MethodGet, kind, nil, &field)
	if got := fmt.Sprint(field); got != "{{Renamed [{mine} {privacy_access} {privacy_delete} {privacy_opt_out} {privacy_direct}]}}" {
		t.Errorf("the field: %s", got)
	}
	if problems, err := w.desk.Check(t.Context(), uses(want)); err != nil || len(problems) != 0 {
		t.Errorf("check after the repair: %v, %v", problems, err)
	}
}
