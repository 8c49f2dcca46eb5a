package zendesksim_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"privacydesk/bot/zendesksim"
)

func TestUpdateIsOneStepWithAudit(t *testing.T) {
	w := newWorld(t, zendesksim.Options{})
	id := w.file("Delete joe@x.example")
	w.clock.add(time.Minute)
	r := w.call("PUT", ticketPath(id), ticketBody(
		"comment", obj{"body": "We are on it", "public": true}, "status", "pending", "assignee_id", w.bot,
		"additional_tags", []string{"Privacy Desk"}, "metadata", obj{"privacydesk": obj{"step": 7}},
	), 200)
	equal(t, "status", r.at("ticket.status"), "pending")
	equal(t, "tags", r.at("ticket.tags"), "[desk privacy]")
	equal(t, "custom metadata", r.at("audit.metadata.custom.privacydesk.step"), 7)
	equal(t, "author", r.at("audit.author_id"), float64(w.bot))
	audits := w.call("GET", fmt.Sprintf("/api/v2/tickets/%d/audits", id), nil, 200)
	equal(t, "audits", audits.at("count"), 2)
	found := map[string]obj{}
	for _, e := range audits.at("audits.1.events").([]any) {
		event := e.(obj)
		found[fmt.Sprint(event["type"], event["field_name"])] = event
	}
	equal(t, "previous status", found["Changestatus"]["previous_value"], "new")
	if found["Comment<nil>"]["body"] != "We are on it" {
		t.Errorf("no comment event: %v", found)
	}
	if len(w.sim.Comments(id)) != 2 || len(w.sim.Audits(id)) != 2 {
		t.Error("one update must make one comment and one audit")
	}
}

func TestAnUpdateThatChangesNothingLeavesNoTrace(t *testing.T) {
	w := newWorld(t, zendesksim.Options{})
	id := w.file("x")
	before, _ := w.sim.Ticket(id)
	w.clock.add(time.Minute)
	w.call("PUT", ticketPath(id), ticketBody("status", "new", "metadata", obj{"m": 1}), 200)
	after, _ := w.sim.Ticket(id)
	if !after.UpdatedAt.Equal(before.UpdatedAt) || len(w.sim.Audits(id)) != 1 {
		t.Errorf("the stamp moved or an audit came: %v", w.sim.Audits(id))
	}
}

func TestSafeUpdate(t *testing.T) {
	for name, tc := range map[string]struct {
		body  func(stale string) obj
		moved bool
		want  int
	}{
		"fresh stamp":                  {func(s string) obj { return obj{"safe_update": true, "updated_stamp": s} }, false, 200},
		"stale stamp":                  {func(s string) obj { return obj{"safe_update": true, "updated_stamp": s} }, true, 409},
		"false behaves like true":      {func(s string) obj { return obj{"safe_update": false, "updated_stamp": s} }, true, 409},
		"left out does not protect":    {func(s string) obj { return obj{"updated_stamp": s} }, true, 200},
		"no stamp, nothing to compare": {func(string) obj { return obj{"safe_update": true} }, true, 200},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, zendesksim.Options{})
			id := w.file("x")
			stamp := w.call("GET", ticketPath(id), nil, 200).at("ticket.updated_at").(string)
			if tc.moved {
				w.clock.add(time.Second)
				if _, _, err := w.sim.Reply(id, w.ann, "more", zendesksim.ReplyOptions{Public: true}); err != nil {
					t.Fatal(err)
				}
			}
			body := tc.body(stamp)
			body["comment"] = obj{"body": "hi"}
			n := len(w.sim.Comments(id))
			r := w.call("PUT", ticketPath(id), obj{"ticket": body}, tc.want)
			if tc.want == 409 {
				equal(t, "error", r.at("error"), "UpdateConflict")
				equal(t, "comments", len(w.sim.Comments(id)), n)
			}
		})
	}
}

func TestStampsAreWholeSecondsSoTwoWritesInOneSecondCollideUnseen(t *testing.T) {
	w := newWorld(t, zendesksim.Options{})
	id := w.file("x")
	stamp := w.call("GET", ticketPath(id), nil, 200).at("ticket.updated_at").(string)
	if strings.Contains(stamp, ".") {
		t.Fatalf("stamp %s has a fraction", stamp)
	}
	w.clock.add(300 * time.Millisecond)
	w.call("PUT", ticketPath(id), ticketBody("comment", obj{"body": "first"}), 200)
	w.call("PUT", ticketPath(id), ticketBody("comment", obj{"body": "second"}, "safe_update", true, "updated_stamp", stamp), 200)
}

func TestSolving(t *testing.T) {
	w := newWorld(t, zendesksim.Options{})
	field := w.sim.AddTicketField(zendesksim.TicketField{Title: "Reason", Type: "text", RequiredToSolve: true})
	form := w.sim.AddTicketForm(zendesksim.TicketForm{Name: "Privacy", FieldIDs: []int64{field}})
	resolved := w.sim.AddCustomStatus("solved", "Resolved")
	id := w.sim.FileTicket(zendesksim.NewTicket{RequesterID: w.ann, Subject: "s", Body: "b", FormID: form})
	r := w.call("PUT", ticketPath(id), ticketBody("status", "solved"), 422)
	equal(t, "error", r.at("error"), "RecordInvalid")
	equal(t, "assignee", r.at("details.assignee.0.description"), "Assignee: is required when solving a ticket")
	equal(t, "field", r.at("details.base.0.description"), "Reason: is required when solving a ticket")
	w.call("PUT", ticketPath(id), ticketBody("status", "solved", "assignee_id", w.ann), 422)
	r = w.call("PUT", ticketPath(id), ticketBody("status", "solved", "custom_status_id", resolved, "assignee_id", w.bot,
		"custom_fields", []obj{{"id": field, "value": "done"}}), 200)
	equal(t, "status", r.at("ticket.status"), "solved")
	equal(t, "custom status", r.at("ticket.custom_status_id"), float64(resolved))
	if r.at("ticket.group_id") == nil {
		t.Error("the assignee's default group was not set")
	}
	w.call("PUT", ticketPath(id), ticketBody("status", "open", "custom_status_id", resolved+1000), 422)
}

func TestClosedTicket(t *testing.T) {
	w := newWorld(t, zendesksim.Options{})
	id := w.file("x")
	if err := w.sim.CloseTicket(id); err != nil {
		t.Fatal(err)
	}
	r := w.call("PUT", ticketPath(id), ticketBody("comment", obj{"body": "late"}), 422)
	want := `{"description":"Record validation errors","details":{"status":[{"description":"Status: closed prevents ticket update"}]},"error":"RecordInvalid"}`
	equal(t, "body", string(r.raw), want)
	ticket, comment, err := w.sim.Reply(id, w.ann, "hello?", zendesksim.ReplyOptions{Public: true, Channel: "email"})
	if err != nil || ticket == id || comment == 0 {
		t.Fatalf("a reply to a closed ticket must make a follow-up: %d %v", ticket, err)
	}
	follow := w.call("GET", ticketPath(ticket), nil, 200)
	equal(t, "source", follow.at("ticket.via.source.from.ticket_id"), float64(id))
	equal(t, "channel", follow.at("ticket.via.channel"), "email")
}

func TestCustomerReplyReopens(t *testing.T) {
	w := newWorld(t, zendesksim.Options{})
	id := w.file("x")
	if err := w.sim.UpdateAs(w.agent, id, func(tk *zendesksim.Ticket) { tk.AssigneeID, tk.Status = w.agent, "pending" }); err != nil {
		t.Fatal(err)
	}
	if _, _, err := w.sim.Reply(id, w.ann, "yes", zendesksim.ReplyOptions{Public: true}); err != nil {
		t.Fatal(err)
	}
	tk, _ := w.sim.Ticket(id)
	equal(t, "status", tk.Status, "open")
}

func TestPlaceholdersAreExpandedForAgentsOnly(t *testing.T) {
	w := newWorld(t, zendesksim.Options{})
	id := w.file("secret is {{ticket.requester.email}}")
	first := w.sim.Comments(id)[0]
	equal(t, "customer's text", first.Body, "secret is {{ticket.requester.email}}")
	for in, want := range map[string]string{
		"#{{ticket.id}} of {{ ticket.requester.name }}": fmt.Sprintf("#%d of Ann Admin", id),
		"to {{ticket.requester.email}}":                 "to " + annMail,
		"a{{no.such}}b{% if x %}c":                      "abc",
		"again: {{ticket.description}}":                 "again: secret is {{ticket.requester.email}}",
	} {
		w.call("PUT", ticketPath(id), ticketBody("comment", obj{"body": in}), 200)
		all := w.sim.Comments(id)
		equal(t, in, all[len(all)-1].Body, want)
	}
	w.call("PUT", ticketPath(id), ticketBody("comment", obj{"html_body": "<p>{{ticket.title}}<!-- marker --></p><script>x</script>"}), 200)
	all := w.sim.Comments(id)
	equal(t, "html", all[len(all)-1].HTMLBody, `<div class="zd-comment" dir="auto"><p>Please delete</p></div>`)
}

func TestLongCommentsAreCutSilently(t *testing.T) {
	w := newWorld(t, zendesksim.Options{})
	id := w.file("x")
	w.call("PUT", ticketPath(id), ticketBody("comment", obj{"body": strings.Repeat("é", 40_000)}), 200)
	body := w.sim.Comments(id)[1].Body
	if len(body) != 65_536 || !strings.HasSuffix(body, "é") {
		t.Errorf("kept %d bytes", len(body))
	}
}

func TestFiveThousandComments(t *testing.T) {
	w := newWorld(t, zendesksim.Options{})
	id := w.file("x")
	for range 4_999 {
		if _, _, err := w.sim.Reply(id, w.ann, "y", zendesksim.ReplyOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	w.call("PUT", ticketPath(id), ticketBody("comment", obj{"body": "one too many"}), 422)
}

func TestIdempotentCreate(t *testing.T) {
	w := newWorld(t, zendesksim.Options{})
	body := ticketBody("subject", "s", "comment", obj{"body": "b"}, "requester_id", w.ann)
	first := w.call("POST", "/api/v2/tickets", body, 201, "Idempotency-Key", "k1")
	again := w.call("POST", "/api/v2/tickets", body, 201, "Idempotency-Key", "k1")
	equal(t, "first", first.header.Get("x-idempotency-lookup"), "miss")
	equal(t, "second", again.header.Get("x-idempotency-lookup"), "hit")
	equal(t, "same ticket", again.at("ticket.id"), first.at("ticket.id"))
	other := ticketBody("subject", "other", "comment", obj{"body": "b"})
	w.call("POST", "/api/v2/tickets", other, 400, "Idempotency-Key", "k1")
	w.call("POST", "/api/v2/tickets", other, 400, "Idempotency-Key", strings.Repeat("k", 256))
	w.clock.add(2 * time.Hour)
	late := w.call("POST", "/api/v2/tickets", body, 201, "Idempotency-Key", "k1")
	equal(t, "after two hours", late.header.Get("x-idempotency-lookup"), "miss")
	equal(t, "tickets", len(w.sim.Tickets()), 2)
}

func TestTags(t *testing.T) {
	w := newWorld(t, zendesksim.Options{})
	field := w.sim.AddTicketField(zendesksim.TicketField{
		Title: "Kind", Type: "tagger", Options: []zendesksim.FieldOption{{Name: "Delete", Value: "dsr_delete"}, {Name: "Access", Value: "dsr_access"}},
	})
	id := w.file("x")
	set := func(kv ...any) any { return w.call("PUT", ticketPath(id), ticketBody(kv...), 200).at("ticket.tags") }
	equal(t, "replace", set("tags", []string{"b", "A"}), "[a b]")
	equal(t, "add and remove", set("additional_tags", []string{"c"}, "remove_tags", []string{"a"}), "[b c]")
	equal(t, "tagger", set("custom_fields", []obj{{"id": field, "value": "dsr_delete"}}), "[b c dsr_delete]")
	equal(t, "tagger moves", set("custom_fields", []obj{{"id": field, "value": "dsr_access"}}), "[b c dsr_access]")
	w.call("PUT", ticketPath(id), ticketBody("custom_fields", []obj{{"id": field, "value": "nope"}}), 422)
	w.call("PUT", fmt.Sprintf("/api/v2/tickets/%d/tags", id), obj{"tags": []string{"d"}}, 200)
	w.call("DELETE", fmt.Sprintf("/api/v2/tickets/%d/tags", id), obj{"tags": []string{"b"}}, 200)
	equal(t, "at last", w.call("GET", ticketPath(id), nil, 200).at("ticket.tags"), "[c d dsr_access]")
}

func TestNumericFieldsStayNumeric(t *testing.T) {
	w := newWorld(t, zendesksim.Options{})
	field := w.sim.AddTicketField(zendesksim.TicketField{Title: "N", Type: "integer"})
	id := w.sim.FileTicket(zendesksim.NewTicket{RequesterID: w.ann, Subject: "s", Body: "b", CustomFields: map[int64]any{field: 42}})
	r := w.call("GET", ticketPath(id), nil, 200)
	if v, isNumber := r.at("ticket.custom_fields.0.value").(float64); !isNumber || v != 42 {
		t.Errorf("got %v", r.at("ticket.custom_fields.0.value"))
	}
	w.call("PUT", ticketPath(id), ticketBody("custom_fields", []obj{{"id": field, "value": 4.5}}), 422)
}

func TestClearedFieldStaysInTheAudit(t *testing.T) {
	w := newWorld(t, zendesksim.Options{})
	field := w.sim.AddTicketField(zendesksim.TicketField{Title: "Subject's address", Type: "text"})
	id := w.sim.FileTicket(zendesksim.NewTicket{RequesterID: w.ann, Subject: "s", Body: "b", CustomFields: map[int64]any{field: "joe@x.example"}})
	w.call("PUT", ticketPath(id), ticketBody("custom_fields", []obj{{"id": field, "value": nil}}), 200)
	tk, _ := w.sim.Ticket(id)
	if len(tk.CustomFields) != 0 || !w.sim.AnyText("joe@x.example") {
		t.Error("a cleared field's old value must stay in the audits, as in Zendesk")
	}
}

func TestDeletedTicketAnswers404(t *testing.T) {
	w := newWorld(t, zendesksim.Options{})
	id := w.file("x")
	w.call("DELETE", ticketPath(id), nil, 204)
	w.call("GET", ticketPath(id), nil, 404)
	w.call("PUT", ticketPath(id), ticketBody("status", "open"), 404)
	equal(t, "deleted", w.call("GET", "/api/v2/deleted_tickets", nil, 200).at("deleted_tickets.0.id"), float64(id))
}

func TestPermanentDeletionLeavesNothing(t *testing.T) {
	w := newWorld(t, zendesksim.Options{})
	id := w.sim.FileTicket(zendesksim.NewTicket{
		RequesterID: w.ann, Subject: "of joe@x.example", Body: "joe@x.example", Files: []zendesksim.File{{Name: "joe.txt", Content: []byte("joe@x.example")}},
	})
	path := fmt.Sprintf("/api/v2/deleted_tickets/%d", id)
	w.call("DELETE", path, nil, 404) // not before it is deleted
	w.call("DELETE", ticketPath(id), nil, 204)
	if !w.sim.AnyText("joe@x.example") {
		t.Error("a deleted ticket can be restored: it must still hold its text")
	}
	equal(t, "job", w.call("DELETE", path, nil, 200).at("job_status.status"), "completed")
	w.call("DELETE", path, nil, 404)
	if _, found := w.sim.Ticket(id); found || w.sim.AnyText("joe") {
		t.Error("something is left")
	}
}

func TestMergeCopiesCommentsAndFiles(t *testing.T) {
	w := newWorld(t, zendesksim.Options{})
	target := w.file("target")
	source := w.sim.FileTicket(zendesksim.NewTicket{
		RequesterID: w.ann, Subject: "s", Body: "about joe@x.example", Files: []zendesksim.File{{Name: "a.txt", Content: []byte("joe")}},
	})
	if err := w.sim.MergeTickets(source, target); err != nil {
		t.Fatal(err)
	}
	got, _ := w.sim.Ticket(source)
	equal(t, "source", got.Status, "closed")
	copies := w.sim.Comments(target)
	if copies[1].Body != "about joe@x.example" || len(w.sim.Attachments(target)) != 1 {
		t.Errorf("no copy: %+v", copies)
	}
	r := w.call("GET", fmt.Sprintf("/api/v2/tickets/%d/comments.json", target), nil, 200)
	equal(t, "rel", r.at("comments.1.via.source.rel"), "merge")
	equal(t, "from", r.at("comments.1.via.source.from.ticket_id"), float64(source))
	original := w.sim.Comments(source)[0]
	w.call("PUT", fmt.Sprintf("/api/v2/comment_redactions/%d", original.ID), obj{
		"ticket_id": source, "html_body": strings.Replace(original.HTMLBody, "joe@x.example", "<redact>joe@x.example</redact>", 1),
	}, 200)
	if !w.sim.AnyText("joe@x.example") {
		t.Error("redacting the source must leave the copy")
	}
}

func TestAuthorDoesNotChangeUpdater(t *testing.T) {
	w := newWorld(t, zendesksim.Options{})
	id := w.file("x")
	r := w.call("PUT", ticketPath(id), ticketBody("comment", obj{"body": "for Ann", "author_id": w.ann}), 200)
	equal(t, "updater", r.at("audit.author_id"), float64(w.bot))
	equal(t, "author", w.sim.Comments(id)[1].AuthorID, w.ann)
}

func TestFlagsAndVia(t *testing.T) {
	w := newWorld(t, zendesksim.Options{})
	id := w.sim.FileTicket(zendesksim.NewTicket{
		RequesterID: w.ann, Subject: "s", Body: "b", Channel: "email", Recipient: "privacy@desk.example",
		Flags: []int{zendesksim.FlagUnverifiedSenderAddr},
	})
	r := w.call("GET", fmt.Sprintf("/api/v2/tickets/%d/comments.json", id), nil, 200)
	equal(t, "flags", r.at("comments.0.metadata.flags"), "[22]")
	if r.at("comments.0.metadata.flags_options.22") == nil {
		t.Error("no flags_options")
	}
	equal(t, "from", r.at("comments.0.via.source.from.address"), annMail)
	equal(t, "to", r.at("comments.0.via.source.to.address"), "privacy@desk.example")
}

func TestPagination(t *testing.T) {
	w := newWorld(t, zendesksim.Options{})
	id := w.file("0")
	for i := 1; i < 7; i++ {
		if _, _, err := w.sim.Reply(id, w.ann, fmt.Sprint(i), zendesksim.ReplyOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	for name, first := range map[string]string{"cursor": "?page[size]=3", "offset": "?per_page=3", "backwards": "?page[size]=3&sort=-created_at"} {
		var seen []string
		for url := w.server.URL + fmt.Sprintf("/api/v2/tickets/%d/comments", id) + first; url != ""; {
			r := w.call("GET", url, nil, 200)
			for _, k := range r.at("comments").([]any) {
				seen = append(seen, k.(obj)["body"].(string))
			}
			url, _ = r.at("next_page").(string)
			if next, more := r.at("links.next").(string); more {
				url = next
				equal(t, "has_more", r.at("meta.has_more"), true)
			}
		}
		want := "0123456"
		if name == "backwards" {
			want = "6543210"
		}
		equal(t, name, strings.Join(seen, ""), want)
	}
	w.call("GET", ticketPath(id)[:len(ticketPath(id))-5]+"/comments?page[after]=junk", nil, 400)
}

// FuzzUpdate: no body makes the simulator fall over, nor lose the ticket.
func FuzzUpdate(f *testing.F) {
	for _, seed := range []string{
		`{"ticket":{"comment":{"body":"x"},"status":"open"}}`, `{"ticket":{"tags":"a b","custom_fields":[{"id":1,"value":[1]}]}}`,
		`{"ticket":null}`, `[]`, `{"ticket":{"comment":{"html_body":"<redact><a href='javascript:x'>"}}}`, `{"ticket":{"email_ccs":[{"user_email":"@"}]}}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		w := newWorld(t, zendesksim.Options{})
		id := w.file("x")
		r, err := w.request("PUT", ticketPath(id), []byte(body), asBot)
		if err != nil || r.status >= 500 {
			t.Fatalf("%d %v", r.status, err)
		}
		if shown := w.call("GET", ticketPath(id), nil, 200); !json.Valid(shown.raw) {
			t.Fatal("not JSON")
		}
	})
}
