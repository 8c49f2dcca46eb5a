package zendesksim_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"privacydesk/bot/zendesksim"
)

// visitor is a browser without scripts.
type visitor struct {
	*world
	client *http.Client
	at     string // the page that it is on
	page   string
}

func newVisitor(w *world) *visitor {
	jar, err := cookiejar.New(nil)
	if err != nil {
		w.t.Fatal(err)
	}
	return &visitor{world: w, client: &http.Client{Jar: jar}}
}

// goes opens a page, which has to answer with the status.
func (v *visitor) goes(path string, want int) string {
	v.t.Helper()
	return v.asks(v.client, http.MethodGet, path, nil, want)
}

// asks sends a request by a client, which may have no cookie.
func (v *visitor) asks(client *http.Client, method, path string, form url.Values, want int) string {
	v.t.Helper()
	req, err := http.NewRequest(method, v.server.URL+path, strings.NewReader(form.Encode()))
	if err != nil {
		v.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := client.Do(req)
	if err != nil {
		v.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != want {
		v.t.Fatalf("%s: status %d, want %d: %v\n%s", resp.Request.URL, resp.StatusCode, want, err, raw)
	}
	v.at, v.page = resp.Request.URL.Path, string(raw)
	return v.page
}

// hidden is what the page's form carries under a name.
func (v *visitor) hidden(name string) string {
	m := regexp.MustCompile(`name="`+name+`" value="([^"]*)"`).FindAllStringSubmatch(v.page, -1)
	if len(m) == 0 {
		return ""
	}
	return m[len(m)-1][1]
}

// sends sends the form of the page that it is on.
func (v *visitor) sends(path string, want int, kv ...string) string {
	v.t.Helper()
	form := url.Values{"csrf": {v.hidden("csrf")}}
	for _, name := range []string{"seen", "ticket_form_id"} {
		form.Set(name, v.hidden(name))
	}
	for i := 0; i+1 < len(kv); i += 2 {
		form.Add(kv[i], kv[i+1])
	}
	return v.asks(v.client, http.MethodPost, path, form, want)
}

// is signs in by one click.
func (v *visitor) is(user int64) *visitor {
	v.t.Helper()
	v.goes("/", 200)
	v.sends("/signin", 200, "user", fmt.Sprint(user))
	return v
}

func (v *visitor) shows(what ...string) {
	v.t.Helper()
	for _, text := range what {
		if !strings.Contains(v.page, text) {
			v.t.Errorf("%s does not show %q:\n%s", v.at, text, v.page)
		}
	}
}

func (v *visitor) hides(what ...string) {
	v.t.Helper()
	for _, text := range what {
		if strings.Contains(v.page, text) {
			v.t.Errorf("%s shows %q", v.at, text)
		}
	}
}

// privacyForm is a form with a field of each kind that people fill in.
func (w *world) privacyForm() (form int64, fields map[string]int64) {
	fields = map[string]int64{}
	seen := zendesksim.TicketField{VisibleInPortal: true, EditableInPortal: true}
	add := func(title, kind string, edit func(*zendesksim.TicketField)) {
		f := seen
		f.Title, f.Type = title, kind
		if edit != nil {
			edit(&f)
		}
		fields[title] = w.sim.AddTicketField(f)
	}
	add("Kind", "tagger", func(f *zendesksim.TicketField) {
		f.Options, f.RequiredInPortal = []zendesksim.FieldOption{{Name: "Delete", Value: "privacy_delete"}, {Name: "Access", Value: "privacy_access"}}, true
	})
	add("Account", "text", nil)
	add("Asked on", "date", nil)
	add("Attested", "checkbox", func(f *zendesksim.TicketField) { f.RequiredInPortal = true })
	add("Regions", "multiselect", func(f *zendesksim.TicketField) {
		f.Options = []zendesksim.FieldOption{{Name: "EU", Value: "eu"}, {Name: "US", Value: "us"}}
	})
	add("Number", "integer", nil)
	add("Progress", "text", func(f *zendesksim.TicketField) { f.EditableInPortal = false })
	add("Score", "text", func(f *zendesksim.TicketField) { f.VisibleInPortal, f.EditableInPortal = false, false })
	var ids []int64
	for _, id := range fields {
		ids = append(ids, id)
	}
	return w.sim.AddTicketForm(zendesksim.TicketForm{Name: "Data & Privacy", EndUserVisible: true, FieldIDs: ids}), fields
}

func field(id int64) string { return fmt.Sprintf("field_%d", id) }

// TestHelpCentre: sign in, file by the form, read, reply, add a CC.
func TestHelpCentre(t *testing.T) {
	w := newWorld(t, zendesksim.Options{})
	form, fields := w.privacyForm()
	other := w.sim.AddUser(zendesksim.User{Name: "Otto Other", Email: "otto@else.example", Verified: true})
	ann := newVisitor(w)
	ann.goes("/hc/requests", 200)
	ann.shows("Who are you?", "Ann Admin", annMail)
	ann.is(w.ann)
	ann.goes(fmt.Sprintf("/hc/requests/new?ticket_form_id=%d", form), 200)
	ann.shows("Kind (required)", "Account", `type="date"`, `type="checkbox"`, "multiple", `type="number"`)
	ann.hides("Progress", "Score")
	ann.sends("/hc/requests", 422, "subject", "Delete", "description", "jane@x.example", field(fields["Account"]), "acme")
	ann.shows("Kind cannot be blank", "Attested cannot be blank", "jane@x.example", `value="acme"`)
	ann.sends("/hc/requests", 200, "subject", "Delete", "description", "Please delete jane@x.example", "cc", "cc@shop.example",
		field(fields["Kind"]), "privacy_delete", field(fields["Account"]), "acme", field(fields["Asked on"]), "2026-03-01",
		field(fields["Attested"]), "true", field(fields["Regions"]), "eu", field(fields["Regions"]), "us", field(fields["Number"]), "7")
	ann.shows("Please delete jane@x.example", "cc@shop.example", "Kind", ">Delete<")
	id := w.sim.Tickets()[0].ID
	ticket, _ := w.sim.Ticket(id)
	held := ticket.CustomFields
	if held[fields["Kind"]] != "privacy_delete" || held[fields["Account"]] != "acme" || held[fields["Asked on"]] != "2026-03-01" ||
		held[fields["Attested"]] != true || fmt.Sprint(held[fields["Regions"]]) != "[eu us]" || held[fields["Number"]] != 7.0 || ticket.RequesterID != w.ann {
		t.Errorf("the ticket holds %v", held)
	}
	if _, _, err := w.sim.Reply(id, w.agent, "for us only", zendesksim.ReplyOptions{}); err != nil {
		t.Fatal(err)
	}
	path := fmt.Sprintf("/hc/requests/%d", id)
	ann.sends(path, 422, "body", " ")
	ann.sends(path, 422, "body", "to whom", "cc", "nobody")
	ann.sends(path, 200, "body", "confirm", "cc", "otto@else.example")
	ann.shows("confirm", "otto@else.example")
	ann.hides("for us only")
	comments := w.sim.Comments(id)
	last := comments[len(comments)-1]
	if last.Via.Channel != "web" || len(last.Flags) != 0 || last.AuthorID != w.ann || !last.Public {
		t.Errorf("the reply is %+v", last)
	}
	ann.goes("/hc/requests", 200)
	ann.shows("Delete", path)
	otto := newVisitor(w).is(other)
	otto.goes(path, 200)
	stranger := newVisitor(w).is(w.sim.AddUser(zendesksim.User{Name: "Sue", Email: "sue@else.example"}))
	stranger.goes(path, 404)
	stranger.goes("/hc/requests", 200)
	stranger.hides("Delete</a>")
	stranger.sends("/hc/requests/"+fmt.Sprint(id), 404, "body", "let me in")
}

// TestHelpCentreSolves: an own request, once an agent has it; a closed one gets
// a follow-up.
func TestHelpCentreSolves(t *testing.T) {
	w := newWorld(t, zendesksim.Options{})
	id := w.file("x")
	path := fmt.Sprintf("/hc/requests/%d", id)
	ann := newVisitor(w).is(w.ann)
	ann.goes(path, 200)
	ann.hides("This is solved")
	if err := w.sim.UpdateAs(w.agent, id, func(t *zendesksim.Ticket) { t.AssigneeID = w.agent }); err != nil {
		t.Fatal(err)
	}
	ann.goes(path, 200)
	ann.shows("This is solved")
	ann.sends(path, 200, "solved", "true", "body", "")
	ticket, _ := w.sim.Ticket(id)
	equal(t, "status", ticket.Status, "solved")
	if err := w.sim.CloseTicket(id); err != nil {
		t.Fatal(err)
	}
	ann.goes(path, 200)
	ann.sends(path, 200, "body", "once more")
	next, _ := w.sim.Ticket(id + 1)
	equal(t, "follow-up of", next.FollowupSourceID, id)
}

// TestAgentPage comments, tags, edits fields, assigns and solves, and keeps an
// agent from writing over what came meanwhile.
func TestAgentPage(t *testing.T) {
	w := newWorld(t, zendesksim.Options{})
	form, fields := w.privacyForm()
	id, err := w.sim.SubmitForm(w.ann, form, "s", "b", map[int64]any{fields["Kind"]: "privacy_delete", fields["Attested"]: true})
	if err != nil {
		t.Fatal(err)
	}
	path := fmt.Sprintf("/agent/tickets/%d", id)
	agent := newVisitor(w).is(w.agent)
	agent.goes("/agent/tickets", 200)
	agent.shows(path)
	agent.goes(path, 200)
	solved := w.status("solved")
	ticket, _ := w.sim.Ticket(id)
	agent.sends(path, 422, "assignee", "0", "status", solved, "tags", "privacy_delete", field(fields["Kind"]), "privacy_delete", "body", "kept")
	agent.shows("Assignee: is required when solving a ticket", "kept")
	agent.sends(path, 200, "assignee", fmt.Sprint(w.agent), "status", fmt.Sprint(ticket.CustomStatusID), "tags", "privacy_delete vip",
		field(fields["Kind"]), "privacy_access", field(fields["Attested"]), "true", field(fields["Progress"]), "looked at", "body", "for us only", "public", "false")
	agent.shows("for us only", "Internal note", "vip")
	ticket, _ = w.sim.Ticket(id)
	equal(t, "tags", ticket.Tags, "[privacy_access vip]")
	equal(t, "fields", []any{ticket.CustomFields[fields["Kind"]], ticket.CustomFields[fields["Progress"]], ticket.CustomFields[fields["Attested"]]}, "[privacy_access looked at true]")
	if _, _, err := w.sim.Reply(id, w.ann, "wait", zendesksim.ReplyOptions{Public: true}); err != nil {
		t.Fatal(err)
	}
	body := []string{"assignee", fmt.Sprint(w.agent), "status", solved, "tags", "", "body", "done", "public", "true"}
	agent.sends(path, 422, body...)
	agent.shows("somebody else changed the ticket meanwhile", "done")
	agent.sends(path, 200, body...)
	ticket, _ = w.sim.Ticket(id)
	comments := w.sim.Comments(id)
	last := comments[len(comments)-1]
	if ticket.Status != "solved" || ticket.CustomFields[fields["Kind"]] != nil || ticket.CustomFields[fields["Attested"]] != false || !last.Public || last.AuthorID != w.agent || last.Via.Channel != "web" {
		t.Errorf("the ticket is %+v, its last comment %+v", ticket, last)
	}
	ann := newVisitor(w).is(w.ann)
	ann.goes(path, 200)
	ann.shows("Who are you?")
}

// status is the id of a category's own custom status.
func (w *world) status(category string) string {
	return jsonNumber(w.call("GET", "/api/v2/custom_statuses?default=true&status_categories="+category, nil, 200).at("custom_statuses.0.id"))
}

// TestPagesRefuse what no form of theirs sent, and who has no session.
func TestPagesRefuse(t *testing.T) {
	w := newWorld(t, zendesksim.Options{})
	id := w.file("x")
	ann := newVisitor(w).is(w.ann)
	path := fmt.Sprintf("/hc/requests/%d", id)
	ann.goes(path, 200)
	good := ann.hidden("csrf")
	for what, token := range map[string]string{"no token": "", "another's": newVisitor(w).is(w.agent).hidden("csrf")} {
		ann.asks(ann.client, http.MethodPost, path, url.Values{"csrf": {token}, "body": {"forged"}}, 403)
		equal(t, what, len(w.sim.Comments(id)), 1)
	}
	ann.asks(http.DefaultClient, http.MethodPost, path, url.Values{"csrf": {good}, "body": {"forged"}}, 403)
	ann.asks(http.DefaultClient, http.MethodPost, "/signin", url.Values{"user": {fmt.Sprint(w.agent)}}, 403)
	// The cookie is for pages: no API call is signed by it.
	ann.goes("/api/v2/users/me", 401)
	ann.goes("/?to=//evil.example/x", 200)
	equal(t, "leads on to", ann.hidden("to"), "")
	cookie := first(t, w)
	if !cookie.HttpOnly || cookie.SameSite != http.SameSiteStrictMode || len(cookie.Value) < 20 {
		t.Errorf("the cookie is %+v", cookie)
	}
	ann.goes("/", 200)
	ann.sends("/signout", 200)
	ann.goes(path, 200)
	ann.shows("Who are you?")
}

func first(t *testing.T, w *world) *http.Cookie {
	t.Helper()
	resp, err := http.Get(w.server.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if len(resp.Cookies()) != 1 {
		t.Fatalf("the first page sets %v", resp.Cookies())
	}
	return resp.Cookies()[0]
}

// TestPagesEscape: what a customer writes is shown, and neither runs, nor
// breaks out of its comment, nor loads or sends anything.
func TestPagesEscape(t *testing.T) {
	w := newWorld(t, zendesksim.Options{})
	form, fields := w.privacyForm()
	hostile := `"><script>alert(1)</script><img src=x onerror=alert(2)>`
	id, err := w.sim.SubmitForm(w.ann, form, hostile, hostile, map[int64]any{
		fields["Kind"]: "privacy_delete", fields["Attested"]: true, fields["Account"]: hostile,
	})
	if err != nil {
		t.Fatal(err)
	}
	html := `</article></section><form action="http://evil.example"><input name="csrf" value="mine"><button onclick="x()">Pay</button></form>` +
		`<base href="http://evil.example/"><meta http-equiv="refresh" content="0"><svg onload="x()"><a href="javascript:x()">link</a><xmp><script>x()</script></xmp><b>bold`
	if _, _, err := w.sim.Reply(id, w.ann, "", zendesksim.ReplyOptions{Public: true, HTMLBody: html}); err != nil {
		t.Fatal(err)
	}
	w.sim.AddUser(zendesksim.User{Name: hostile, Email: "h@x.example", Note: hostile})
	for path, who := range map[string]int64{
		"/hc/requests": w.ann, fmt.Sprintf("/hc/requests/%d", id): w.ann, "/agent/tickets": w.agent, fmt.Sprintf("/agent/tickets/%d", id): w.agent, "/": w.ann,
	} {
		v := newVisitor(w).is(who)
		v.goes(path, 200)
		v.shows("&lt;script&gt;alert(1)")
		v.hides("<script", "<img", "evil.example", `value="mine"`, "<base", "<svg", "javascript:", "onclick", "<xmp", `http-equiv="refresh"`)
		if strings.Count(v.page, "<main") != strings.Count(v.page, "</main") || strings.Count(v.page, "<section") != strings.Count(v.page, "</section") ||
			strings.Count(v.page, "<article") != strings.Count(v.page, "</article") || strings.Count(v.page, "<b>") != strings.Count(v.page, "</b>") {
			t.Errorf("%s is out of balance:\n%s", path, v.page)
		}
	}
	resp, err := http.Get(w.server.URL)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if policy := resp.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "default-src 'none'") || strings.Contains(policy, "script-src") {
		t.Errorf("the policy is %q", policy)
	}
}
