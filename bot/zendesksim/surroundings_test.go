package zendesksim_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"privacydesk/bot/zendesksim"
)

func TestSigningIn(t *testing.T) {
	end := time.Date(2027, 4, 30, 0, 0, 0, 0, time.UTC)
	w := newWorld(t, zendesksim.Options{APITokensEnd: end})
	id := w.file("x")
	for name, tc := range map[string]struct {
		auth func(*http.Request)
		want int
	}{
		"agent":          {asAgent, 200},
		"nobody":         {asNobody, 401},
		"end user":       {asAnn, 403},
		"wrong token":    {func(r *http.Request) { r.SetBasicAuth(botMail+"/token", "no") }, 401},
		"other's token":  {func(r *http.Request) { r.SetBasicAuth(botMail+"/token", "agent-token") }, 401},
		"password":       {func(r *http.Request) { r.SetBasicAuth(botMail, token) }, 401},
		"unknown bearer": {func(r *http.Request) { r.Header.Set("Authorization", "Bearer x") }, 401},
	} {
		r, err := w.request("GET", ticketPath(id), nil, tc.auth)
		if err != nil {
			t.Fatal(err)
		}
		equal(t, name, r.status, tc.want)
	}
	equal(t, "me", w.callAs(asAnn, "GET", "/api/v2/users/me.json", nil, 200).at("user.email"), annMail)
	equal(t, "body", string(w.callAs(asNobody, "GET", ticketPath(id), nil, 401).raw), `{"error":"Couldn't authenticate you"}`)
	w.sim.UpdateUser(w.agent, func(u *zendesksim.User) { u.Suspended = true })
	w.callAs(asAgent, "GET", ticketPath(id), nil, 401)
	w.clock.add(end.Sub(w.clock.now()))
	w.call("GET", ticketPath(id), nil, 401)
}

func TestOAuthTokensExpireAndAreScoped(t *testing.T) {
	w := newWorld(t, zendesksim.Options{})
	id := w.file("x")
	w.sim.AddOAuthClient("desk", "hush", w.bot, "read tickets:write")
	grant := func(want int, kv ...any) reply {
		body := obj{"grant_type": "client_credentials", "client_id": "desk", "client_secret": "hush"}
		for i := 0; i+1 < len(kv); i += 2 {
			body[kv[i].(string)] = kv[i+1]
		}
		return w.callAs(asNobody, "POST", "/oauth/tokens", body, want)
	}
	equal(t, "wrong secret", grant(401, "client_secret", "x").at("error"), "invalid_client")
	equal(t, "wide scope", grant(400, "scope", "write").at("error"), "invalid_scope")
	equal(t, "short life", grant(400, "expires_in", 299).at("error"), "invalid_request")
	equal(t, "grant type", grant(400, "grant_type", "password").at("error"), "unsupported_grant_type")
	r := grant(201, "expires_in", 300)
	equal(t, "type", r.at("token_type"), "bearer")
	bearer := func(req *http.Request) { req.Header.Set("Authorization", "Bearer "+r.at("access_token").(string)) }
	w.callAs(bearer, "PUT", ticketPath(id), ticketBody("comment", obj{"body": "x"}), 200)
	w.callAs(bearer, "POST", "/api/v2/ticket_fields", obj{"ticket_field": obj{"type": "text", "title": "T"}}, 403)
	w.clock.add(300 * time.Second)
	equal(t, "expired", w.callAs(bearer, "GET", ticketPath(id), nil, 401).at("error"), "invalid_token")
}

func TestExport(t *testing.T) {
	w := newWorld(t, zendesksim.Options{ExportsPerMinute: 10})
	start := w.clock.now().Add(-time.Hour).Unix()
	first := w.file("1")
	second := w.file("2")
	path := fmt.Sprintf("/api/v2/incremental/tickets/cursor.json?start_time=%d&per_page=1", start)
	equal(t, "too fresh", len(w.call("GET", path, nil, 200).at("tickets").([]any)), 0)
	w.clock.add(time.Minute + time.Second)
	w.call("DELETE", ticketPath(second), nil, 204)
	w.clock.add(59 * time.Second)
	page := w.call("GET", path, nil, 200)
	equal(t, "first", page.at("tickets.0.id"), float64(first))
	equal(t, "the last minute is left out", page.at("end_of_stream"), true)
	w.clock.add(2 * time.Second)
	page = w.call("GET", page.at("after_url").(string), nil, 200)
	equal(t, "second", page.at("tickets.0.id"), float64(second))
	equal(t, "deleted", page.at("tickets.0.status"), "deleted")
	again := w.call("GET", page.at("after_url").(string), nil, 200)
	equal(t, "nothing new", len(again.at("tickets").([]any)), 0)
	equal(t, "cursor stays", again.at("after_cursor"), page.at("after_cursor"))
	without := w.call("GET", path+"&exclude_deleted=true", nil, 200)
	equal(t, "without deleted", without.at("end_of_stream"), true)

	w.clock.add(w.clock.now().Truncate(time.Second).Add(time.Second).Sub(w.clock.now()))
	recent := fmt.Sprintf("/api/v2/incremental/tickets/cursor?start_time=%d", w.clock.now().Add(-60*time.Second).Unix())
	equal(t, "recent start", w.call("GET", recent, nil, 422).at("error"), "StartTimeTooRecent")
	w.callAs(asAgent, "GET", path, nil, 403)
	for range 10 {
		w.call("GET", "/api/v2/users/me", nil, 200)
	}
	var last reply
	for range 11 {
		var err error
		if last, err = w.request("GET", path, nil, asBot); err != nil {
			t.Fatal(err)
		}
	}
	equal(t, "ten a minute", last.status, 429)
	if got := last.header.Get("zendesk-ratelimit-incremental-exports-cursor"); !strings.HasPrefix(got, "total=10; remaining=0;") {
		t.Errorf("header %q", got)
	}
}

func (w *world) upload(name, content string, extra string, want int) reply {
	w.t.Helper()
	return w.call("POST", "/api/v2/uploads.json?filename="+url.QueryEscape(name)+extra, []byte(content), want, "Content-Type", "application/binary")
}

func TestUploads(t *testing.T) {
	w := newWorld(t, zendesksim.Options{})
	id := w.file("x")
	first := w.upload("a.txt", "one", "", 201)
	upload := first.at("upload.token").(string)
	second := w.upload("b.txt", "two", "&token="+upload, 201)
	equal(t, "files", len(second.at("upload.attachments").([]any)), 2)
	content := first.at("upload.attachment.content_url").(string)
	w.callAs(asNobody, "GET", content, nil, 401)
	equal(t, "any signed-in user", string(w.callAs(asAnn, "GET", content, nil, 200).raw), "one")
	body := ticketBody("comment", obj{"body": "report", "uploads": []string{upload}})
	w.call("PUT", ticketPath(id), body, 200)
	w.call("PUT", ticketPath(id), body, 422)
	equal(t, "on the ticket", len(w.sim.Attachments(id)), 2)
	equal(t, "tokens left", len(w.sim.Uploads()), 0)

	stranger := w.sim.AddUser(zendesksim.User{Name: "Eve", Email: "eve@x.example"})
	w.sim.AddAPIToken("eve@x.example", "eve")
	asEve := func(r *http.Request) { r.SetBasicAuth("eve@x.example/token", "eve") }
	w.callAs(asEve, "GET", content, nil, 403)
	equal(t, "requester", string(w.callAs(asAnn, "GET", content, nil, 200).raw), "one")
	w.sim.UpdateUser(stranger, func(u *zendesksim.User) { u.OrganizationIDs = []int64{w.org} })
	w.callAs(asEve, "GET", content, nil, 200)
	shop := w.sim.AddOrganization(zendesksim.Organization{Name: "Shop"})
	for _, who := range []int64{w.ann, stranger} {
		w.sim.UpdateUser(who, func(u *zendesksim.User) { u.OrganizationIDs = []int64{shop} })
	}
	other := w.sim.FileTicket(zendesksim.NewTicket{RequesterID: w.ann, Subject: "s", Body: "b", Files: []zendesksim.File{{Name: "c.txt", Content: []byte("three")}}})
	content = w.call("GET", fmt.Sprintf("/api/v2/attachments/%d", w.sim.Attachments(other)[0].ID), nil, 200).at("attachment.content_url").(string)
	w.callAs(asEve, "GET", content, nil, 403)
	for _, allow := range []func(*zendesksim.User){
		func(u *zendesksim.User) { u.TicketRestriction = "organization" },
		func(u *zendesksim.User) { u.TicketRestriction, u.ViewTicketsOf = "", []int64{shop} },
	} {
		w.sim.UpdateUser(stranger, allow)
		w.callAs(asEve, "GET", content, nil, 200)
	}
	members := w.call("GET", fmt.Sprintf("/api/v2/users/%d/organization_memberships", stranger), nil, 200)
	equal(t, "may view the organization's tickets", members.at("organization_memberships.0.view_tickets"), true)
	w.sim.SetPrivateAttachments(false)
	w.callAs(asNobody, "GET", content, nil, 200)
}

func TestUploadTokensLiveAnHour(t *testing.T) {
	w := newWorld(t, zendesksim.Options{})
	id := w.file("x")
	made := w.upload("a.txt", "one", "", 201)
	token, content := made.at("upload.token").(string), made.at("upload.attachment.content_url").(string)
	w.clock.add(59 * time.Minute)
	w.callAs(asAnn, "GET", content, nil, 200)
	w.clock.add(time.Minute)
	w.callAs(asAnn, "GET", content, nil, 404)
	w.upload("b.txt", "two", "&token="+token, 404)
	w.call("PUT", ticketPath(id), ticketBody("comment", obj{"body": "r", "uploads": []string{token}}), 422)
	equal(t, "comments", len(w.sim.Comments(id)), 1)
	w.call("DELETE", "/api/v2/uploads/"+token, nil, 204)
	w.call("DELETE", "/api/v2/uploads/"+token, nil, 404)
	w.upload("", "x", "", 400)
}

func TestRedaction(t *testing.T) {
	w := newWorld(t, zendesksim.Options{})
	id := w.sim.FileTicket(zendesksim.NewTicket{
		RequesterID: w.ann, Subject: "s", HTMLBody: `<p>Delete <a href="mailto:joe@x.example">joe@x.example</a> now</p>`,
		Files: []zendesksim.File{{Name: "joe.txt", Content: []byte("joe")}},
	})
	if err := w.sim.CloseTicket(id); err != nil {
		t.Fatal(err)
	}
	k := w.sim.Comments(id)[0]
	path := fmt.Sprintf("/api/v2/comment_redactions/%d.json", k.ID)
	w.call("PUT", fmt.Sprintf("/api/v2/tickets/%d/comments/%d/redact", id, k.ID), obj{"text": "joe@x.example"}, 422)
	w.call("PUT", path, obj{"ticket_id": id, "html_body": "<p>something <redact>else</redact></p>"}, 422)
	half := strings.Replace(k.HTMLBody, ">joe@x.example<", "><redact>joe@x.example</redact><", 1)
	w.call("PUT", path, obj{"ticket_id": id, "html_body": half}, 200)
	if body := w.sim.Comments(id)[0]; strings.Contains(body.Body, "joe") || !strings.Contains(body.HTMLBody, "mailto:joe@x.example") {
		t.Errorf("the text alone must be blotted, the link's target stays: %s", body.HTMLBody)
	}
	file := w.call("GET", fmt.Sprintf("/api/v2/tickets/%d/comments", id), nil, 200).at("comments.0.attachments.0.content_url")
	whole := strings.Replace(w.sim.Comments(id)[0].HTMLBody, "<a ", "<a redact ", 1)
	r := w.call("PUT", path, obj{"ticket_id": id, "html_body": whole, "external_attachment_urls": []any{file}}, 200)
	equal(t, "html", r.at("comment.html_body"), `<div class="zd-comment" dir="auto"><p>Delete `+strings.Repeat("▇", 13)+` now</p></div>`)
	equal(t, "file", r.at("comment.attachments.0.file_name"), "redacted.txt")
	tk, _ := w.sim.Ticket(id)
	if w.sim.AnyText("joe") {
		t.Errorf("joe is still there: %+v", tk)
	}
}

func TestOldRedactionsOnAnOpenTicket(t *testing.T) {
	w := newWorld(t, zendesksim.Options{})
	id := w.sim.FileTicket(zendesksim.NewTicket{
		RequesterID: w.ann, Subject: "s", Body: "I am joe, joe!", Files: []zendesksim.File{{Name: "joe.txt", Content: []byte("joe")}},
	})
	k := w.sim.Comments(id)[0]
	path := fmt.Sprintf("/api/v2/tickets/%d/comments/%d", id, k.ID)
	equal(t, "text", w.call("PUT", path+"/redact", obj{"text": "joe"}, 200).at("comment.body"), "I am ▇▇▇, ▇▇▇!")
	w.call("PUT", path+"/redact", obj{"text": "joe"}, 422)
	w.call("PUT", fmt.Sprintf("%s/attachments/%d/redact", path, k.AttachmentIDs[0]), obj{}, 200)
	w.call("PUT", path+"/make_private", nil, 200)
	if w.sim.Comments(id)[0].Public || w.sim.AnyText("joe") {
		t.Error("not redacted or not private")
	}
}

func TestUserSearchOnlyNarrows(t *testing.T) {
	w := newWorld(t, zendesksim.Options{})
	w.sim.AddUser(zendesksim.User{Name: "Joann", Email: "joann@shop.example"})
	r := w.call("GET", "/api/v2/users/search.json?query=ann@shop.example", nil, 200)
	equal(t, "both", r.at("count"), 2)
	second := w.sim.AddIdentity(zendesksim.Identity{UserID: w.ann, Value: "ann@home.example", Verified: true})
	ids := w.call("GET", fmt.Sprintf("/api/v2/users/%d/identities", w.ann), nil, 200)
	equal(t, "identity", ids.at("identities.1.id"), float64(second))
	m := w.call("GET", fmt.Sprintf("/api/v2/users/%d/organization_memberships", w.ann), nil, 200)
	equal(t, "organization", m.at("organization_memberships.0.organization_id"), float64(w.org))
}

func TestUserErasure(t *testing.T) {
	w := newWorld(t, zendesksim.Options{})
	path := fmt.Sprintf("/api/v2/users/%d", w.ann)
	w.call("GET", path+"/compliance_deletion_statuses", nil, 404)
	equal(t, "active", w.call("DELETE", path, nil, 200).at("user.active"), false)
	w.call("DELETE", fmt.Sprintf("/api/v2/deleted_users/%d", w.ann), nil, 200)
	w.call("GET", path, nil, 404)
	first := w.call("GET", path+"/compliance_deletion_statuses", nil, 200)
	equal(t, "requested", len(first.at("compliance_deletion_statuses").([]any)), 1)
	w.clock.add(time.Minute)
	done := w.call("GET", path+"/compliance_deletion_statuses", nil, 200)
	equal(t, "completed", done.at("compliance_deletion_statuses.1.action"), "complete_deletion")
}

func TestSearch(t *testing.T) {
	w := newWorld(t, zendesksim.Options{})
	one := w.sim.FileTicket(zendesksim.NewTicket{RequesterID: w.ann, Subject: "alpha", Body: "b", Tags: []string{"dsr"}})
	w.clock.add(48 * time.Hour)
	two := w.sim.FileTicket(zendesksim.NewTicket{RequesterID: w.ann, Subject: "beta", Body: "b", Tags: []string{"dsr", "x"}})
	for query, want := range map[string][]int64{
		"type:ticket tags:dsr":                      {one, two},
		"type:ticket tags:dsr -tags:x":              {one},
		"type:ticket status<solved alpha":           {one},
		"type:ticket created>2026-03-02":            {two},
		"type:ticket created<=2026-03-02T09:00:00Z": {one},
		"type:ticket requester:" + annMail:          {one, two},
		"type:ticket status:solved":                 {},
	} {
		r := w.call("GET", "/api/v2/search.json?query="+url.QueryEscape(query), nil, 200)
		var got []int64
		for _, v := range r.at("results").([]any) {
			got = append(got, int64(v.(obj)["id"].(float64)))
		}
		equal(t, query, got, want)
	}
	w.call("GET", "/api/v2/search.json?query="+url.QueryEscape("type:ticket nonsense:1"), nil, 400)
	equal(t, "count", w.call("GET", "/api/v2/search/count?query="+url.QueryEscape("type:user ann"), nil, 200).at("count"), 1)
}

func TestAgentPagesEscape(t *testing.T) {
	w := newWorld(t, zendesksim.Options{})
	id := w.sim.FileTicket(zendesksim.NewTicket{
		RequesterID: w.ann, Subject: `<script>alert("s")</script>`, HTMLBody: `<p onclick="x()">hello<script>alert(1)</script></p>`,
		Tags: []string{"privacy"}, Files: []zendesksim.File{{Name: "a.txt", Content: []byte("z")}},
	})
	if _, _, err := w.sim.Reply(id, w.agent, "for us only", zendesksim.ReplyOptions{}); err != nil {
		t.Fatal(err)
	}
	agent := newVisitor(w).is(w.agent)
	page := agent.goes(fmt.Sprintf("/agent/tickets/%d", id), 200)
	for _, want := range []string{"&lt;script&gt;", "hello", "privacy", "a.txt", "Internal note", "Public reply", "Ann Admin"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if strings.Contains(page, "<script") || strings.Contains(page, "onclick") {
		t.Error("the page runs what a customer wrote")
	}
	if index := agent.goes("/agent/tickets", 200); !strings.Contains(index, "Ann Admin") || strings.Contains(index, "<script") {
		t.Error("the list lacks the ticket or runs its subject")
	}
}

func TestSuspendedMailIsKeptFourteenDays(t *testing.T) {
	w := newWorld(t, zendesksim.Options{})
	w.sim.AddSuspended(zendesksim.SuspendedTicket{Subject: "spam?", AuthorEmail: "a@b.example", Cause: "Detected as spam"})
	equal(t, "kept", w.call("GET", "/api/v2/suspended_tickets", nil, 200).at("count"), 1)
	w.clock.add(14 * 24 * time.Hour)
	equal(t, "gone", w.call("GET", "/api/v2/suspended_tickets", nil, 200).at("count"), 0)
}

func TestUnknownPathsAndMethods(t *testing.T) {
	w := newWorld(t, zendesksim.Options{})
	equal(t, "path", w.call("GET", "/api/v2/nothing", nil, 404).at("error"), "InvalidEndpoint")
	equal(t, "method", w.call("PATCH", "/api/v2/tickets", nil, 405).at("error"), "InvalidEndpoint")
	equal(t, "record", w.call("GET", "/api/v2/tickets/999", nil, 404).at("error"), "RecordNotFound")
	r := w.call("PUT", ticketPath(w.file("x")), []byte("{"), 400)
	if !json.Valid(r.raw) {
		t.Error("an error is JSON too")
	}
}
