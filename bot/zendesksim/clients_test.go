package zendesksim_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"privacydesk/bot/zendesksim"
)

// TestRequestsOfEndUsers: file, list, read, answer and solve by the API, as the
// person whose address signs in.
func TestRequestsOfEndUsers(t *testing.T) {
	w := newWorld(t, zendesksim.Options{})
	form, fields := w.privacyForm()
	cc := w.sim.AddUser(zendesksim.User{Name: "Cora", Email: "cora@shop.example", Verified: true})
	w.sim.AddUser(zendesksim.User{Name: "Sue", Email: "sue@else.example", Verified: true})
	w.sim.AddAPIToken("", "for-all")
	made := w.callAs(asAnn, "POST", "/api/v2/requests.json", obj{"request": obj{
		"subject": "Delete", "comment": obj{"body": "Please delete jane@x.example", "public": false, "author_id": w.agent}, "ticket_form_id": form,
		"custom_fields": []obj{{"id": fields["Kind"], "value": "privacy_delete"}, {"id": fields["Score"], "value": "mine"}, {"id": fields["Progress"], "value": "done"}},
		"collaborators": []any{"cora@shop.example", obj{"name": "New", "email": "new@shop.example"}},
	}}, 201)
	id := int64(made.at("request.id").(float64))
	ticket, _ := w.sim.Ticket(id)
	first := w.sim.Comments(id)[0]
	if ticket.RequesterID != w.ann || ticket.FormID != form || len(ticket.CustomFields) != 1 || ticket.CustomFields[fields["Kind"]] != "privacy_delete" ||
		len(ticket.EmailCCIDs) != 2 || first.AuthorID != w.ann || !first.Public || first.Via.Channel != "api" || !ticket.Public {
		t.Errorf("the ticket is %+v, its comment %+v", ticket, first)
	}
	if _, _, err := w.sim.Reply(id, w.agent, "for us only", zendesksim.ReplyOptions{}); err != nil {
		t.Fatal(err)
	}
	path := fmt.Sprintf("/api/v2/requests/%d", id)
	asSue := func(r *http.Request) { r.SetBasicAuth("sue@else.example/token", "for-all") }
	asCora := func(r *http.Request) { r.SetBasicAuth("cora@shop.example/token", "for-all") }
	equal(t, "comments", w.callAs(asAnn, "GET", path+"/comments", nil, 200).at("count"), 1)
	equal(t, "of a CC", w.callAs(asCora, "GET", path, nil, 200).at("request.id"), id)
	equal(t, "CC'd", w.callAs(asCora, "GET", "/api/v2/requests/ccd", nil, 200).at("count"), 1)
	equal(t, "strangers' requests", w.callAs(asSue, "GET", "/api/v2/requests", nil, 200).at("count"), 0)
	for _, p := range []string{path, path + "/comments", fmt.Sprintf("%s/comments/%d", path, first.ID)} {
		w.callAs(asSue, "GET", p, nil, 404)
		w.callAs(asNobody, "GET", p, nil, 401)
	}
	w.callAs(asSue, "PUT", path, obj{"request": obj{"comment": obj{"body": "let me in"}}}, 404)
	w.callAs(asAnn, "GET", fmt.Sprintf("%s/comments/%d", path, w.sim.Comments(id)[1].ID), nil, 404)
	equal(t, "search of what agents wrote", w.callAs(asAnn, "GET", "/api/v2/requests/search?query=only", nil, 200).at("count"), 0)
	equal(t, "search", w.callAs(asAnn, "GET", "/api/v2/requests/search?query=jane", nil, 200).at("count"), 1)
	w.callAs(asAnn, "POST", "/api/v2/requests", obj{"request": obj{"subject": "no text"}}, 422)
	w.callAs(asAnn, "GET", ticketPath(id), nil, 403)

	if err := w.sim.UpdateAs(w.agent, id, func(t *zendesksim.Ticket) { t.Status, t.AssigneeID = "pending", w.agent }); err != nil {
		t.Fatal(err)
	}
	w.callAs(asAnn, "PUT", path, obj{"request": obj{"comment": obj{"body": "confirm"}, "additional_collaborators": []any{cc}}}, 200)
	equal(t, "status after a reply", w.callAs(asAnn, "GET", path, nil, 200).at("request.status"), "open")
	equal(t, "can solve", w.callAs(asAnn, "GET", path, nil, 200).at("request.can_be_solved_by_me"), true)
	w.callAs(asCora, "PUT", path, obj{"request": obj{"solved": true}}, 200)
	equal(t, "a CC can't solve", w.callAs(asAnn, "GET", "/api/v2/requests/open", nil, 200).at("count"), 1)
	w.callAs(asAnn, "PUT", path, obj{"request": obj{"solved": "true"}}, 200)
	equal(t, "solved", w.callAs(asAnn, "GET", "/api/v2/requests/solved", nil, 200).at("count"), 1)
}

// TestClientsBulkCalls are what zenpy sends: lists to create_many and
// update_many, and a look at their job.
func TestClientsBulkCalls(t *testing.T) {
	w := newWorld(t, zendesksim.Options{})
	made := w.call("POST", "/api/v2/tickets/create_many.json", obj{"tickets": []obj{
		{"subject": "1", "description": "by description"}, {"subject": "2", "comment": obj{"body": "b"}, "priority": "absurd"}, {"subject": "3", "comment": obj{"body": "b"}},
	}}, 200)
	equal(t, "made", []any{made.at("job_status.results.0.id"), made.at("job_status.results.2.id")}, "[1 2]")
	equal(t, "refused", made.at("job_status.results.1.details"), "Priority: is not valid")
	equal(t, "job", w.call("GET", "/api/v2/job_statuses/"+made.at("job_status.id").(string), nil, 200).at("job_status.status"), "completed")
	equal(t, "jobs", w.call("GET", "/api/v2/job_statuses/show_many?ids="+made.at("job_status.id").(string), nil, 200).at("count"), 1)
	w.call("PUT", "/api/v2/tickets/update_many.json?ids=1,2,99", obj{"ticket": obj{"additional_tags": []string{"both"}}}, 200)
	each := w.call("PUT", "/api/v2/tickets/update_many.json", obj{"tickets": []obj{{"id": 1, "priority": "low"}, {"id": 2, "priority": "high"}, {"id": 99}}}, 200)
	equal(t, "of one that is not there", each.at("job_status.results.2.error"), "RecordNotFound")
	for id, want := range map[int64]string{1: "low [both]", 2: "high [both]"} {
		ticket, _ := w.sim.Ticket(id)
		equal(t, "ticket", ticket.Priority+" "+fmt.Sprint(ticket.Tags), want)
	}
	equal(t, "described", w.sim.Comments(1)[0].Body, "by description")
	w.call("POST", "/api/v2/tickets/create_many", obj{"tickets": []obj{}}, 400)
	user := w.call("POST", "/api/v2/users/create_or_update", obj{"user": obj{"name": "New", "email": "new@x.example"}}, 201)
	again := w.call("POST", "/api/v2/users/create_or_update", obj{"user": obj{"name": "Newer", "email": "new@x.example"}}, 200)
	equal(t, "the same", []any{again.at("user.id"), again.at("user.name")}, []any{user.at("user.id"), "Newer"})
	w.callAs(asAgent, "POST", "/api/v2/users/create_or_update", obj{"user": obj{"name": "Mighty", "email": botMail}}, 403)
	equal(t, "groups", w.call("GET", fmt.Sprintf("/api/v2/users/%d/groups", w.agent), nil, 200).at("groups.0.name"), "Support")
	equal(t, "recent", w.call("GET", "/api/v2/tickets/recent", nil, 200).at("count"), 2)
	many := w.call("POST", "/api/v2/users/create_many", obj{"users": []obj{{"name": "M", "email": "m@x.example"}, {"name": "", "email": "n@x.example"}}}, 200)
	equal(t, "second user", many.at("job_status.results.1.success"), false)
}

// TestClientsExports are what tap-zendesk asks for: decimals and stamps as
// start, metrics beside tickets, everything else by time.
func TestClientsExports(t *testing.T) {
	w := newWorld(t, zendesksim.Options{})
	id := w.file("x")
	if err := w.sim.UpdateAs(w.agent, id, func(t *zendesksim.Ticket) { t.Status, t.AssigneeID = "solved", w.agent }); err != nil {
		t.Fatal(err)
	}
	w.clock.add(2 * time.Minute)
	start := w.clock.now().Add(-time.Hour)
	for _, at := range []string{fmt.Sprint(start.Unix()), fmt.Sprintf("%d.0", start.Unix()), start.Format(time.RFC3339)} {
		tickets := w.call("GET", "/api/v2/incremental/tickets/cursor.json?include=metric_sets&per_page=1&start_time="+at, nil, 200)
		equal(t, "solved", tickets.at("tickets.0.metric_set.solved_at"), tickets.at("tickets.0.updated_at"))
		for path, want := range map[string]int{"tickets": 1, "users": 3, "organizations": 1, "ticket_metric_events": 2, "ticket_events": 2} {
			got := w.call("GET", "/api/v2/incremental/"+path+"?start_time="+at, nil, 200)
			equal(t, path, got.at("count"), want)
			equal(t, path, got.at("end_of_stream"), true)
		}
	}
	for _, at := range []string{"", "NaN", "-1", "1e300", "soon"} {
		w.call("GET", "/api/v2/incremental/users/cursor?start_time="+at, nil, 400)
	}
	users := w.call("GET", fmt.Sprintf("/api/v2/incremental/users/cursor?start_time=%d", start.Unix()), nil, 200)
	equal(t, "users", len(users.at("users").([]any)), 3)
	rest := w.call("GET", users.at("after_url").(string), nil, 200)
	equal(t, "after the last", len(rest.at("users").([]any)), 0)
	found := w.call("GET", "/api/v2/search/export?query=delete&filter[type]=ticket&page[size]=10", nil, 200)
	equal(t, "found", []any{found.at("results.0.id"), found.at("meta.has_more")}, []any{id, false})
	w.call("GET", "/api/v2/search/export?query=x", nil, 422)
	m := w.call("GET", fmt.Sprintf("/api/v2/tickets/%d/metrics", id), nil, 200)
	equal(t, "metrics", []any{m.at("ticket_metric.replies"), m.at("ticket_metric.reopens"), m.at("ticket_metric.reply_time_in_minutes.calendar")}, "[0 0 <nil>]")
}

// TestClientsReads are the lists that clients ask for before all else. What is
// not in the account's plan is refused as Zendesk refuses it.
func TestClientsReads(t *testing.T) {
	w := newWorld(t, zendesksim.Options{})
	w.file("x")
	w.call("POST", "/api/v2/tickets/1/tags", obj{"tags": []string{"vip", "eu"}}, 201)
	w.sim.UpdateUser(w.ann, func(u *zendesksim.User) {
		u.UserFields = map[string]any{"tenant": "acme", "seats": 7.0, "rate": 1.5, "admin": true}
	})
	equal(t, "brand", w.call("GET", "/api/v2/brands", nil, 200).at("brands.0.default"), true)
	equal(t, "locale", w.call("GET", "/api/v2/locales/current", nil, 200).at("locale.locale"), "en-US")
	equal(t, "tags", w.call("GET", "/api/v2/tags?page[size]=1", nil, 200).at("tags.0.name"), "eu")
	equal(t, "macros", w.call("GET", "/api/v2/macros", nil, 200).at("count"), 0)
	fields := w.call("GET", "/api/v2/user_fields", nil, 200)
	for i, want := range []string{"admin checkbox", "rate decimal", "seats integer", "tenant text"} {
		equal(t, "field", fmt.Sprint(fields.at(fmt.Sprintf("user_fields.%d.key", i)), " ", fields.at(fmt.Sprintf("user_fields.%d.type", i))), want)
	}
	equal(t, "organization fields", w.call("GET", "/api/v2/organization_fields", nil, 200).at("count"), 0)
	for _, path := range []string{"/api/v2/slas/policies", "/api/v2/satisfaction_ratings", "/api/v2/channels/voice/phone_numbers"} {
		equal(t, path, w.call("GET", path, nil, 403).at("error.message"), "Access to this resource is restricted. Please contact the account administrator for assistance.")
	}
	org := fmt.Sprintf("/api/v2/organizations/%d", w.org)
	w.call("PUT", org, obj{"organization": obj{"external_id": "E1"}}, 200)
	equal(t, "organization", w.call("GET", "/api/v2/organizations/search?external_id=E1", nil, 200).at("organizations.0.name"), "Shop")
	equal(t, "absent", w.call("GET", org, nil, 200).at("organization.details"), nil)
}
