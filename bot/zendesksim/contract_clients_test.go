package zendesksim_test

import (
	"fmt"
	"time"

	"privacydesk/bot/zendesksim"
)

func walkRequests(w *world) {
	made := w.callAs(asAnn, "POST", "/api/v2/requests", obj{"request": obj{"subject": "s", "comment": obj{"body": "b"}}}, 201)
	path := "/api/v2/requests/" + jsonNumber(made.at("request.id"))
	for _, one := range []string{path, path + "/comments", "/api/v2/requests", "/api/v2/requests/open", "/api/v2/requests/solved", "/api/v2/requests/ccd", "/api/v2/requests/search?query=s"} {
		w.callAs(asAnn, "GET", one, nil, 200)
	}
	comment := jsonNumber(w.callAs(asAnn, "GET", path+"/comments", nil, 200).at("comments.0.id"))
	w.callAs(asAnn, "GET", path+"/comments/"+comment, nil, 200)
	w.callAs(asAnn, "PUT", path, obj{"request": obj{"comment": obj{"body": "more"}}}, 200)
}

// walkClients are the calls of common clients.
func walkClients(w *world) {
	w.clock.add(10 * time.Minute) // past what was deleted: the file has no word for it
	w.sim.UpdateUser(w.ann, func(u *zendesksim.User) { u.UserFields = map[string]any{"tenant": "acme"} })
	id := w.file("metrics")
	org, user := fmt.Sprintf("/api/v2/organizations/%d", w.org), fmt.Sprintf("/api/v2/users/%d", w.agent)
	group := jsonNumber(w.call("GET", "/api/v2/groups", nil, 200).at("groups.0.id"))
	w.clock.add(2 * time.Minute)
	start := fmt.Sprintf("?start_time=%d", w.clock.now().Add(-5*time.Minute).Unix())
	for _, path := range []string{
		"/api/v2/brands", "/api/v2/brands/1", "/api/v2/locales", "/api/v2/locales/agent", "/api/v2/locales/public", "/api/v2/locales/current",
		"/api/v2/locales/1", "/api/v2/tags", "/api/v2/macros", "/api/v2/macros/active", "/api/v2/user_fields", "/api/v2/organization_fields",
		"/api/v2/tickets/count", "/api/v2/tickets/recent", fmt.Sprintf("/api/v2/tickets/%d/metrics", id), "/api/v2/ticket_metrics",
		user + "/groups", user + "/tickets/ccd", user + "/tickets/assigned", user + "/related", "/api/v2/groups/" + group + "/users",
		"/api/v2/organizations/search?name=Shop", "/api/v2/search/export?query=x&filter[type]=ticket&page[size]=5",
		"/api/v2/incremental/tickets" + start, "/api/v2/incremental/users" + start, "/api/v2/incremental/users/cursor" + start,
		"/api/v2/incremental/organizations" + start, "/api/v2/incremental/ticket_metric_events" + start, "/api/v2/incremental/ticket_events" + start,
	} {
		w.call("GET", path, nil, 200)
	}
	w.call("PUT", org, obj{"organization": obj{"shared_comments": true}}, 200)
	w.call("POST", "/api/v2/users/create_or_update", obj{"user": obj{"name": "C", "email": "c@x.example"}}, 201)
	w.call("POST", "/api/v2/users/create_many", obj{"users": []obj{{"name": "D", "email": "d@x.example"}}}, 200)
	w.call("POST", "/api/v2/tickets/create_many", obj{"tickets": []obj{{"subject": "s", "comment": obj{"body": "b"}}}}, 200)
	job := w.call("PUT", fmt.Sprintf("/api/v2/tickets/update_many?ids=%d,99999", id), obj{"ticket": obj{"priority": "low"}}, 200).at("job_status.id").(string)
	w.call("GET", "/api/v2/job_statuses", nil, 200)
	w.call("GET", "/api/v2/job_statuses/show_many?ids="+job, nil, 200)
	w.call("GET", "/api/v2/job_statuses/"+job, nil, 200)
}
