package zendesksim_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"

	"privacydesk/bot/zendesksim"
)

// contract judges answers by Zendesk's OpenAPI file.
type contract struct {
	t      *testing.T
	router routers.Router
	seen   map[string]bool
}

// loadContract reads the file that ZENDESK_OAS names. The file is Zendesk's
// and not part of this project; a missing one fails, it doesn't skip.
func loadContract(t *testing.T) *contract {
	t.Helper()
	path := os.Getenv("ZENDESK_OAS")
	if path == "" {
		t.Fatal("ZENDESK_OAS is not set: set it to the path of Zendesk's support OpenAPI file (zendesk-support-oas.yaml), as CI does")
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("ZENDESK_OAS: %v", err)
	}
	// One schema uses a word of OpenAPI 3.1 in a 3.0 file.
	raw = bytes.ReplaceAll(raw, []byte(`type: "null"`), []byte(`nullable: true`))
	doc, err := openapi3.NewLoader().LoadFromData(raw)
	if err != nil {
		t.Fatalf("ZENDESK_OAS: %v", err)
	}
	loosen(doc)
	doc.Servers = openapi3.Servers{{URL: "http://simulated.example"}}
	router, err := gorillamux.NewRouter(doc)
	if err != nil {
		t.Fatalf("ZENDESK_OAS: %v", err)
	}
	return &contract{t: t, router: router, seen: map[string]bool{}}
}

// loosen mends what the file says against Zendesk's own examples and pages:
// null where Zendesk answers null, and audit values that are lists.
func loosen(doc *openapi3.T) {
	nullable := map[string][]string{
		"TicketObject":          {"satisfaction_rating", "forum_topic_id", "recipient"},
		"TicketFieldValueInput": {"value"},
		"AttachmentBaseObject":  {"width", "height"},
		"UserForAdmin":          {"default_group_id"},
		"ViewObject":            {"restriction"},
		"RequestObject": {
			"assignee_id", "due_at", "followup_source_id", "group_id", "organization_id", "priority", "recipient", "type",
		},
		"TicketMetricObject": {
			"assigned_at", "assignee_updated_at", "custom_status_updated_at", "initially_assigned_at", "requester_updated_at", "solved_at", "status_updated_at",
		},
		"TicketMetricTimeObject": {"business", "calendar"},
		"BrandObject":            {"host_mapping", "logo"},
		"CustomFieldObject":      {"tag"},
	}
	for name, properties := range nullable {
		for _, p := range properties {
			ref := doc.Components.Schemas[name].Value.Properties[p]
			loose := *ref.Value
			loose.Nullable = true
			doc.Components.Schemas[name].Value.Properties[p] = &openapi3.SchemaRef{Value: &loose}
		}
	}
	// Zendesk's page, and what clients read, have one object here, not a list.
	metric := doc.Components.Schemas["TicketMetricsByTicketMetricIdResponse"].Value.Properties
	metric["ticket_metric"] = metric["ticket_metric"].Value.Items
	event := doc.Components.Schemas["AuditObject"].Value.Properties["events"].Value.Items.Value
	event.Properties["value"] = &openapi3.SchemaRef{Value: &openapi3.Schema{Nullable: true}}
}

func (k *contract) transport() http.RoundTripper { return roundTripper(k.judge) }

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// judge passes a request on and validates the answer, for what the file has.
func (k *contract) judge(r *http.Request) (*http.Response, error) {
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	_ = resp.Body.Close()
	resp.Body = io.NopCloser(bytes.NewReader(body))

	shadow := r.Clone(context.Background())
	shadow.URL.Scheme, shadow.URL.Host, shadow.Host = "http", "simulated.example", "simulated.example"
	shadow.URL.Path = strings.TrimSuffix(shadow.URL.Path, ".json")
	route, params, err := k.router.FindRoute(shadow)
	if err != nil {
		k.t.Errorf("%s %s: Zendesk's file has no such operation: %v", r.Method, shadow.URL.Path, err)
		return resp, nil
	}
	k.seen[r.Method+" "+route.Path] = true
	in := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{
			Request: shadow, PathParams: params, Route: route, Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc},
		},
		Status: resp.StatusCode, Header: resp.Header,
		Options: &openapi3filter.Options{IncludeResponseStatus: true, MultiError: true},
	}
	in.SetBodyBytes(body)
	if err := openapi3filter.ValidateResponse(context.Background(), in); err != nil {
		text := err.Error()
		k.t.Errorf("%s %s: %s", r.Method, shadow.URL.Path, text[:min(len(text), 1500)])
	}
	return resp, nil
}

// TestContract walks every endpoint that Zendesk's file describes and the
// simulator serves, and lets the file judge each answer.
func TestContract(t *testing.T) {
	k := loadContract(t)
	w := newWorld(t, zendesksim.Options{})
	w.server.Close()
	w.server = httptest.NewServer(w.sim)
	w.server.Client().Transport = k.transport()
	t.Cleanup(w.server.Close)
	for _, part := range []func(*world){walkTickets, walkComments, walkPeople, walkSettings, walkRequests, walkClients, walkEnds} {
		part(w)
	}
	w.server.Client().Transport = http.DefaultTransport
	for _, want := range w.sim.Endpoints() {
		if isOurs(want) {
			continue
		}
		if !slices.ContainsFunc(keys(k.seen), func(have string) bool { return sameEndpoint(have, want) }) {
			t.Errorf("%s is served but was not held against Zendesk's file", want)
		}
	}
}

// isOurs are the endpoints that Zendesk's file lacks, or has under no JSON.
func isOurs(endpoint string) bool {
	_, path, _ := strings.Cut(endpoint, " ")
	return !strings.HasPrefix(path, "/api/") && !strings.HasPrefix(path, "/oauth/") || strings.HasPrefix(path, "/api/v2/webhooks") || slices.Contains([]string{
		// what the account's plan lacks, and what the file has under no such path
		"/api/v2/slas/policies", "/api/v2/satisfaction_ratings", "/api/v2/channels/voice/phone_numbers",
	}, path) || path == "/oauth/authorizations/new"
}

func keys(m map[string]bool) []string {
	var out []string
	for k := range m {
		out = append(out, k)
	}
	return out
}

// sameEndpoint compares paths whose parameters have other names.
func sameEndpoint(a, b string) bool {
	x, y := strings.Split(a, "/"), strings.Split(b, "/")
	if len(x) != len(y) {
		return false
	}
	for i := range x {
		parameter := strings.HasPrefix(x[i], "{") && strings.IndexAny(y[i], ":*") == 0
		if x[i] != y[i] && !parameter {
			return false
		}
	}
	return true
}

func walkTickets(w *world) {
	field := w.sim.AddTicketField(zendesksim.TicketField{Title: "Number", Type: "integer"})
	w.sim.AddTicketField(zendesksim.TicketField{Title: "Kind", Type: "tagger", Options: []zendesksim.FieldOption{{Name: "A", Value: "a"}}})
	mail := w.sim.FileTicket(zendesksim.NewTicket{
		RequesterID: w.ann, Subject: "mail", Body: "b", Channel: "email", Recipient: "support@desk.example", CCs: []int64{w.agent},
		CustomFields: map[int64]any{field: 7}, Flags: []int{2, 22}, Files: []zendesksim.File{{Name: "a.txt", Content: []byte("a")}},
	})
	made := w.call("POST", "/api/v2/tickets", ticketBody("subject", "s", "comment", obj{"body": "b"}, "requester_id", w.ann), 201)
	w.call("GET", "/api/v2/tickets", nil, 200)
	w.call("GET", fmt.Sprintf("/api/v2/tickets/show_many?ids=%d,%v", mail, made.at("ticket.id")), nil, 200)
	w.call("GET", ticketPath(mail), nil, 200)
	w.call("PUT", ticketPath(mail), ticketBody("status", "pending", "assignee_id", w.bot, "additional_tags", []string{"x"},
		"comment", obj{"html_body": "<p>hi</p>"}, "custom_fields", []obj{{"id": field, "value": 8}}, "followers", []obj{{"user_id": w.agent}},
		"metadata", obj{"m": 1}), 200)
	audits := w.call("GET", fmt.Sprintf("/api/v2/tickets/%d/audits", mail), nil, 200)
	w.call("GET", fmt.Sprintf("/api/v2/tickets/%d/audits/%s", mail, jsonNumber(audits.at("audits.0.id"))), nil, 200)
	for _, list := range []string{"tags", "email_ccs", "followers", "collaborators"} {
		w.call("GET", fmt.Sprintf("/api/v2/tickets/%d/%s", mail, list), nil, 200)
	}
	tags := fmt.Sprintf("/api/v2/tickets/%d/tags", mail)
	w.call("POST", tags, obj{"tags": []string{"q"}}, 201)
	w.call("PUT", tags, obj{"tags": []string{"r"}}, 200)
	w.call("DELETE", tags, obj{"tags": []string{"q"}}, 200)
	w.call("GET", fmt.Sprintf("/api/v2/users/%d/tickets/requested", w.ann), nil, 200)
	w.call("GET", "/api/v2/search?query=type:ticket", nil, 200)
	w.call("GET", "/api/v2/search?query=type:user", nil, 200)
	w.call("GET", "/api/v2/search/count?query=type:ticket", nil, 200)
	w.clock.add(2 * time.Minute)
	w.call("GET", fmt.Sprintf("/api/v2/incremental/tickets/cursor?start_time=%d", w.clock.now().Add(-time.Hour).Unix()), nil, 200)
	w.call("POST", fmt.Sprintf("/api/v2/tickets/%d/merge", mail), obj{"ids": []int64{w.file("m")}, "target_comment": "merged"}, 200)
	w.call("DELETE", ticketPath(w.file("gone")), nil, 204)
	w.call("GET", "/api/v2/deleted_tickets", nil, 200)
}

func walkComments(w *world) {
	id := w.sim.FileTicket(zendesksim.NewTicket{
		RequesterID: w.ann, Subject: "s", Body: "I am joe", Files: []zendesksim.File{{Name: "a.txt", Content: []byte("a")}},
	})
	k := w.sim.Comments(id)[0]
	base := fmt.Sprintf("/api/v2/tickets/%d/comments", id)
	w.call("GET", base, nil, 200)
	w.call("GET", base+"?page[size]=1", nil, 200)
	w.call("GET", base+"/count", nil, 200)
	w.call("PUT", fmt.Sprintf("%s/%d/redact", base, k.ID), obj{"text": "joe"}, 200)
	w.call("PUT", fmt.Sprintf("/api/v2/comment_redactions/%d", k.ID), obj{"ticket_id": id}, 200)
	w.call("GET", fmt.Sprintf("/api/v2/attachments/%d", k.AttachmentIDs[0]), nil, 200)
	w.call("PUT", fmt.Sprintf("%s/%d/attachments/%d/redact", base, k.ID, k.AttachmentIDs[0]), nil, 200)
	w.call("PUT", fmt.Sprintf("%s/%d/make_private", base, k.ID), nil, 200)
	token := w.upload("a.png", "png", "", 201).at("upload.token").(string)
	w.call("DELETE", "/api/v2/uploads/"+token, nil, 204)
}

func walkPeople(w *world) {
	w.sim.AddIdentity(zendesksim.Identity{UserID: w.ann, Value: "ann@home.example"})
	user := fmt.Sprintf("/api/v2/users/%d", w.ann)
	org := fmt.Sprintf("/api/v2/organizations/%d", w.org)
	for _, path := range []string{
		"/api/v2/users", "/api/v2/users/me", "/api/v2/users/search?query=ann", "/api/v2/users/show_many?ids=" + fmt.Sprint(w.ann), user,
		user + "/identities", user + "/organizations", user + "/organization_memberships", user + "/group_memberships",
		"/api/v2/organizations", "/api/v2/organizations/show_many?ids=" + fmt.Sprint(w.org), org, org + "/users", org + "/organization_memberships",
		"/api/v2/organization_memberships", "/api/v2/groups", "/api/v2/groups/assignable", "/api/v2/group_memberships",
		"/api/v2/group_memberships/assignable",
	} {
		w.call("GET", path, nil, 200)
	}
	identity := w.call("POST", user+"/identities", obj{"identity": obj{"type": "email", "value": "ann@third.example"}}, 201)
	w.call("GET", user+"/identities/"+jsonNumber(identity.at("identity.id")), nil, 200)
	w.call("POST", "/api/v2/organizations", obj{"organization": obj{"name": "Other"}}, 201)
	group := jsonNumber(w.call("POST", "/api/v2/groups", obj{"group": obj{"name": "Privacy"}}, 201).at("group.id"))
	w.call("POST", "/api/v2/group_memberships", []byte(fmt.Sprintf(`{"group_membership":{"user_id":%d,"group_id":%s}}`, w.agent, group)), 201)
	w.call("GET", "/api/v2/groups/"+group, nil, 200)
	w.call("GET", "/api/v2/groups/"+group+"/memberships", nil, 200)
	made := jsonNumber(w.call("POST", "/api/v2/users", obj{"user": obj{"name": "New", "email": "new@x.example"}}, 201).at("user.id"))
	w.call("PUT", "/api/v2/users/"+made, obj{"user": obj{"phone": "+1", "organization_id": w.org}}, 200)
	w.call("DELETE", "/api/v2/users/"+made, nil, 200)
	w.call("GET", "/api/v2/deleted_users/"+made, nil, 200)
	w.call("DELETE", "/api/v2/deleted_users/"+made, nil, 200)
	w.call("GET", "/api/v2/users/"+made+"/compliance_deletion_statuses", nil, 200)
}

func walkSettings(w *world) {
	w.sim.AddSuspended(zendesksim.SuspendedTicket{Subject: "s", AuthorName: "A", AuthorEmail: "a@x.example", Recipient: "b@x.example", Cause: "Spam"})
	for _, path := range []string{
		"/api/v2/ticket_fields", "/api/v2/ticket_forms", "/api/v2/custom_statuses", "/api/v2/custom_statuses?status_categories=solved",
		"/api/v2/account/settings", "/api/v2/triggers", "/api/v2/automations", "/api/v2/views",
	} {
		w.call("GET", path, nil, 200)
	}
	suspended := w.call("GET", "/api/v2/suspended_tickets", nil, 200)
	w.call("DELETE", "/api/v2/suspended_tickets/"+jsonNumber(suspended.at("suspended_tickets.0.id")), nil, 204)
	w.call("PUT", "/api/v2/account/settings", obj{"settings": obj{"tickets": obj{"private_attachments": true}}}, 200)
	one := func(path, key string, body obj, change obj) {
		made := w.call("POST", path, obj{key: body}, 201)
		at := path + "/" + jsonNumber(made.at(key+".id"))
		w.call("GET", at, nil, 200)
		if change != nil {
			w.call("PUT", at, obj{key: change}, 200)
		}
	}
	one("/api/v2/ticket_fields", "ticket_field", obj{"type": "text", "title": "T"}, obj{"required": true})
	one("/api/v2/ticket_forms", "ticket_form", obj{"name": "F"}, obj{"active": false})
	one("/api/v2/custom_statuses", "custom_status", obj{"status_category": "solved", "agent_label": "Resolved"}, obj{"description": "done"})
	action := []obj{{"field": "notification_webhook", "value": []string{"x", "{}"}}}
	one("/api/v2/triggers", "trigger", obj{"title": "T", "actions": action}, obj{"active": false})
	hours := []obj{{"field": "SOLVED", "operator": "greater_than", "value": "96"}}
	one("/api/v2/automations", "automation", obj{"title": "A", "all": hours, "actions": []obj{{"field": "status", "value": "closed"}}}, obj{"active": false})
	view := w.call("POST", "/api/v2/views", obj{"view": obj{
		"title": "V", "all": []obj{{"field": "status", "operator": "less_than", "value": "solved"}},
		"output": obj{"columns": []string{"subject"}},
	}}, 200)
	at := "/api/v2/views/" + jsonNumber(view.at("view.id"))
	w.call("GET", at, nil, 200)
	w.call("PUT", at, obj{"view": obj{"title": "W"}}, 200)
}

func walkEnds(w *world) {
	gone := w.file("x")
	w.call("DELETE", ticketPath(gone), nil, 204)
	w.call("DELETE", fmt.Sprintf("/api/v2/deleted_tickets/%d", gone), nil, 200)
	triggers := w.call("GET", "/api/v2/triggers", nil, 200)
	w.call("DELETE", "/api/v2/triggers/"+jsonNumber(triggers.at("triggers.0.id")), nil, 204)
	automations := w.call("GET", "/api/v2/automations", nil, 200)
	w.call("DELETE", "/api/v2/automations/"+jsonNumber(automations.at("automations.0.id")), nil, 204)
	view := "/api/v2/views/" + jsonNumber(w.call("GET", "/api/v2/views", nil, 200).at("views.0.id"))
	w.call("GET", view+"/tickets", nil, 200)
	w.call("DELETE", view, nil, 204)
	for _, own := range []string{"ticket_field", "ticket_form"} {
		made := w.call("POST", "/api/v2/"+own+"s", obj{own: obj{"type": "text", "title": "Gone", "name": "Gone"}}, 201)
		w.call("DELETE", "/api/v2/"+own+"s/"+jsonNumber(made.at(own+".id")), nil, 204)
	}
	w.sim.AddOAuthClient("c", "s", w.bot, "")
	made := w.callAs(asNobody, "POST", "/oauth/tokens", obj{"grant_type": "client_credentials", "client_id": "c", "client_secret": "s"}, 201)
	w.callAs(bearer(made.at("access_token")), "GET", "/api/v2/oauth/tokens/current", nil, 200)
}
