package zendesksim_test

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"privacydesk/bot/zendesksim"
)

func bearer(token any) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set("Authorization", fmt.Sprintf("Bearer %v", token)) }
}

// TestTriggersRun: a trigger changes the ticket, those before it look again,
// each fires once, and what it may not do is passed over.
func TestTriggersRun(t *testing.T) {
	w := newWorld(t, zendesksim.Options{})
	add := func(title string, all []obj, actions ...obj) {
		w.call("POST", "/api/v2/triggers", obj{"trigger": obj{"title": title, "conditions": obj{"all": all}, "actions": actions}}, 201)
	}
	act := func(field string, value any) obj { return obj{"field": field, "value": value} }
	is := func(field, operator, value string) obj {
		return obj{"field": field, "operator": operator, "value": value}
	}
	add("later", []obj{is("current_tags", "includes", "seen")}, act("status", "pending"))
	add("first", []obj{is("update_type", "is", "Create")}, act("current_tags", "seen new_one"), act("priority", "high"),
		act("notification_user", []string{"requester_id", "About {{ticket.title}}", "b"}))
	add("refused", []obj{is("status", "is", "pending")}, act("assignee_id", w.ann))
	add("drops", []obj{is("current_tags", "includes", "bad")}, act("set_tags", "kept"), act("assignee_id", w.agent))
	id := w.file("x")
	ticket := w.call("GET", ticketPath(id), nil, 200)
	equal(t, "tags", ticket.at("ticket.tags"), "[new_one seen]")
	equal(t, "status", ticket.at("ticket.status"), "pending")
	equal(t, "priority", ticket.at("ticket.priority"), "high")
	equal(t, "assignee", ticket.at("ticket.assignee_id"), nil)
	mails := w.sim.Mails()
	if len(mails) != 1 || mails[0].UserID != w.ann || mails[0].Subject != "About Please delete" || mails[0].TicketID != id {
		t.Errorf("mails: %+v", mails)
	}
	audits := w.sim.Audits(id)
	if n := len(audits); n != 3 || audits[1].Via.Channel != "rule" || audits[1].AuthorID != -1 {
		t.Errorf("audits: %+v", audits)
	}
	w.call("PUT", ticketPath(id), ticketBody("additional_tags", []string{"bad"}), 200)
	ticket = w.call("GET", ticketPath(id), nil, 200)
	equal(t, "tags", ticket.at("ticket.tags"), "[kept]")
	equal(t, "assignee", ticket.at("ticket.assignee_id"), float64(w.agent))
	equal(t, "mails", len(w.sim.Mails()), 1)
	w.call("POST", "/api/v2/triggers", obj{"trigger": obj{"title": "x", "actions": []obj{act("sms", "x")}}}, 422)
}

// TestARuleThatCannotBeTestedNeverFires: seeded rules may be anything.
func TestARuleThatCannotBeTestedNeverFires(t *testing.T) {
	w := newWorld(t, zendesksim.Options{})
	w.sim.AddTrigger(zendesksim.Rule{
		Title: "theirs", All: []zendesksim.Test{{Field: "brand_id", Operator: "is", Value: "1"}},
		Actions: []zendesksim.Action{{Field: "status", Value: "solved"}},
	})
	w.sim.AddAutomation(zendesksim.Rule{
		Title: "close", All: []zendesksim.Test{{Field: "SOLVED", Operator: "greater_than", Value: "96"}},
		Actions: []zendesksim.Action{{Field: "status", Value: "closed"}},
	})
	id := w.file("x")
	equal(t, "status", w.call("GET", ticketPath(id), nil, 200).at("ticket.status"), "new")
	equal(t, "trigger", w.call("GET", "/api/v2/triggers", nil, 200).at("triggers.0.conditions.all.0.field"), "brand_id")
	equal(t, "automation", w.call("GET", "/api/v2/automations?active=true", nil, 200).at("automations.0.actions.0.value"), "closed")
	equal(t, "inactive", w.call("GET", "/api/v2/automations?active=false", nil, 200).at("automations.0"), nil)
}

func TestViews(t *testing.T) {
	w := newWorld(t, zendesksim.Options{})
	all := []obj{{"field": "current_tags", "operator": "includes", "value": "held"}, {"field": "status", "operator": "less_than", "value": "solved"}}
	w.call("POST", "/api/v2/views", obj{"view": obj{"title": "V", "all": all[:1]}}, 422)
	w.callAs(asAgent, "POST", "/api/v2/views", obj{"view": obj{"title": "V", "all": all}}, 403)
	made := w.call("POST", "/api/v2/views", obj{"view": obj{"title": "V", "description": "d", "all": all, "output": obj{"columns": []string{"subject"}}}}, 200)
	equal(t, "columns", made.at("view.execution.columns.0.id"), "subject")
	path := "/api/v2/views/" + jsonNumber(made.at("view.id"))
	id, other := w.file("x"), w.file("y")
	for _, ticket := range []int64{id, other} {
		w.call("PUT", ticketPath(ticket), ticketBody("additional_tags", []string{"held"}), 200)
	}
	w.call("PUT", ticketPath(other), ticketBody("status", "solved", "assignee_id", w.bot), 200)
	tickets := w.callAs(asAgent, "GET", path+"/tickets", nil, 200)
	equal(t, "tickets", fmt.Sprint(tickets.at("tickets.0.id"), tickets.at("tickets.1")), fmt.Sprint(float64(id), nil))
	w.call("PUT", path, obj{"view": obj{"active": false}}, 200)
	equal(t, "active ones", w.call("GET", "/api/v2/views?active=true", nil, 200).at("views.0"), nil)
	w.call("DELETE", path, nil, 204)
	w.call("GET", path, nil, 404)
}

func TestFieldsAndStatusesKeepTheirRules(t *testing.T) {
	w := newWorld(t, zendesksim.Options{})
	options := []obj{{"name": "A", "value": "tag_a"}}
	made := w.call("POST", "/api/v2/ticket_fields", obj{"ticket_field": obj{
		"type": "tagger", "title": "K", "description": "d", "agent_description": "[m]", "custom_field_options": options,
	}}, 201)
	equal(t, "descriptions", fmt.Sprint(made.at("ticket_field.description"), made.at("ticket_field.agent_description")), "d[m]")
	taken := w.call("POST", "/api/v2/ticket_fields", obj{"ticket_field": obj{"type": "tagger", "title": "L", "custom_field_options": options}}, 422)
	if !strings.Contains(string(taken.raw), "taken") {
		t.Errorf("got %s", taken.raw)
	}
	w.call("PUT", "/api/v2/ticket_fields/"+jsonNumber(made.at("ticket_field.id")), obj{"ticket_field": obj{"title": "K2"}}, 200)
	status := w.call("POST", "/api/v2/custom_statuses", obj{"custom_status": obj{"status_category": "solved", "agent_label": "Resolved", "description": "[m]"}}, 201)
	path := "/api/v2/custom_statuses/" + jsonNumber(status.at("custom_status.id"))
	changed := w.call("PUT", path, obj{"custom_status": obj{"active": false, "status_category": "open"}}, 200)
	equal(t, "status", fmt.Sprint(changed.at("custom_status.active"), changed.at("custom_status.status_category")), "falsesolved")
	w.callAs(asAgent, "PUT", path, obj{"custom_status": obj{"active": true}}, 403)
	w.sim.SetTicketForms(false)
	w.call("POST", "/api/v2/ticket_forms", obj{"ticket_form": obj{"name": "F"}}, 403)
	w.sim.SetTicketForms(true)
	for range 299 {
		w.call("POST", "/api/v2/ticket_forms", obj{"ticket_form": obj{"name": "F"}}, 201)
	}
	w.call("POST", "/api/v2/ticket_forms", obj{"ticket_form": obj{"name": "F"}}, 422)
	w.sim.SetTicketForms(false)
	w.sim.SetEmailAttachments(true)
	settings := w.call("GET", "/api/v2/account/settings", nil, 200)
	equal(t, "settings", fmt.Sprint(settings.at("settings.active_features.ticket_forms"), settings.at("settings.tickets.email_attachments")), "false true")
}

func TestSubmitForm(t *testing.T) {
	w := newWorld(t, zendesksim.Options{})
	kind := w.sim.AddTicketField(zendesksim.TicketField{
		Title: "Kind", Type: "tagger", Options: []zendesksim.FieldOption{{Name: "A", Value: "tag_a"}}, VisibleInPortal: true, EditableInPortal: true, RequiredInPortal: true,
	})
	hidden := w.sim.AddTicketField(zendesksim.TicketField{Title: "Progress", Type: "text", VisibleInPortal: true})
	form := w.sim.AddTicketForm(zendesksim.TicketForm{Name: "F", FieldIDs: []int64{kind, hidden}, EndUserVisible: true})
	closed := w.sim.AddTicketForm(zendesksim.TicketForm{Name: "G", FieldIDs: []int64{kind}})
	for _, c := range []struct {
		form   int64
		values map[int64]any
		want   string
	}{
		{form, map[int64]any{kind: "tag_a"}, ""},
		{closed, map[int64]any{kind: "tag_a"}, "see no form"},
		{form, nil, "Kind cannot be blank"},
		{form, map[int64]any{kind: "tag_b"}, "no such choice"},
		{form, map[int64]any{kind: "tag_a", hidden: "x"}, "can't fill in"},
	} {
		id, err := w.sim.SubmitForm(w.ann, c.form, "s", "b", c.values)
		if c.want == "" && (err != nil || id == 0) || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%v: got %d, %v", c.values, id, err)
		}
	}
	if _, err := w.sim.SubmitForm(w.ann, form, " ", "b", map[int64]any{kind: "tag_a"}); err == nil {
		t.Error("an empty subject was taken")
	}
}

const (
	callback = "http://127.0.0.1:9/callback"
	verifier = "a-verifier-that-is-long-enough-for-the-standard-of-pkce"
)

func challenge() string {
	digest := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(digest[:])
}

// consent asks at the browser and gives what comes back.
func (w *world) consent(values url.Values) url.Values {
	w.t.Helper()
	w.server.Client().CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	q := url.Values{
		"response_type": {"code"}, "client_id": {"desk"}, "redirect_uri": {callback}, "scope": {"read write"}, "state": {"st"},
		"code_challenge": {challenge()}, "code_challenge_method": {"S256"},
	}
	for k, v := range values {
		q[k] = v
	}
	r, err := w.request("GET", "/oauth/authorizations/new?"+q.Encode(), nil, asNobody)
	if err != nil {
		w.t.Fatal(err)
	}
	if r.status != http.StatusFound {
		return nil
	}
	at, err := url.Parse(r.header.Get("Location"))
	if err != nil || !strings.HasPrefix(at.String(), callback) {
		w.t.Fatal(err, at)
	}
	return at.Query()
}

// TestAuthorizationCode: one code, once, for whom it was made, with PKCE; its
// refresh token ends with its use, and the access token before it too.
func TestAuthorizationCode(t *testing.T) {
	w := newWorld(t, zendesksim.Options{})
	w.sim.AddRedirect("desk", callback)
	if w.consent(nil) != nil {
		t.Error("nobody is signed in, and a code was handed out")
	}
	w.sim.SignInBrowser(w.agent)
	if w.consent(url.Values{"redirect_uri": {"http://elsewhere.example"}}) != nil {
		t.Error("another redirect URL was taken")
	}
	if got := w.consent(url.Values{"code_challenge": {""}}); got.Get("error") != "invalid_request" {
		t.Errorf("a public client without PKCE: %v", got)
	}
	if got := w.consent(url.Values{"scope": {"impersonate"}}); got.Get("error") != "invalid_scope" {
		t.Errorf("a scope that the client has not: %v", got)
	}
	exchange := func(code string, want int, kv ...string) reply {
		in := obj{"grant_type": "authorization_code", "client_id": "desk", "code": code, "redirect_uri": callback, "code_verifier": verifier}
		for i := 0; i < len(kv); i += 2 {
			in[kv[i]] = kv[i+1]
		}
		return w.callAs(asNobody, "POST", "/oauth/tokens", in, want)
	}
	exchange(w.consent(nil).Get("code"), 400, "code_verifier", "another")
	exchange(w.consent(nil).Get("code"), 400, "redirect_uri", "http://elsewhere.example")
	late := w.consent(nil).Get("code")
	w.clock.add(3 * time.Minute)
	exchange(late, 400)
	answer := w.consent(nil)
	equal(t, "state", answer.Get("state"), "st")
	first := exchange(answer.Get("code"), 201)
	exchange(answer.Get("code"), 400)
	me := w.callAs(bearer(first.at("access_token")), "GET", "/api/v2/users/me", nil, 200)
	equal(t, "acts as", me.at("user.id"), float64(w.agent))
	current := w.callAs(bearer(first.at("access_token")), "GET", "/api/v2/oauth/tokens/current", nil, 200)
	equal(t, "scopes", current.at("token.scopes"), "[read write]")
	w.call("GET", "/api/v2/oauth/tokens/current", nil, 404)

	renew := func(token any, want int) reply {
		return w.callAs(asNobody, "POST", "/oauth/tokens", obj{"grant_type": "refresh_token", "client_id": "desk", "refresh_token": token}, want)
	}
	second := renew(first.at("refresh_token"), 201)
	renew(first.at("refresh_token"), 400)
	w.callAs(bearer(first.at("access_token")), "GET", "/api/v2/users/me", nil, 401)
	w.callAs(bearer(second.at("access_token")), "GET", "/api/v2/users/me", nil, 200)
	w.clock.add(31 * 24 * time.Hour)
	renew(second.at("refresh_token"), 400)
	w.sim.EndRefreshTokens()
	w.sim.Decline()
	if got := w.consent(nil); got.Get("error") != "access_denied" || got.Get("code") != "" {
		t.Errorf("who declines: %v", got)
	}
	w.callAs(asNobody, "POST", "/oauth/tokens", obj{"grant_type": "client_credentials", "client_id": "desk"}, 400)
	w.callAs(asNobody, "POST", "/oauth/tokens", obj{"grant_type": "password", "client_id": "desk"}, 400)
}
