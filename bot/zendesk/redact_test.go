package zendesk_test

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"privacydesk/bot"
	"privacydesk/bot/reading"
	"privacydesk/bot/zendesksim"
)

// changed counts the calls that changed something since the last count.
func (w *world) changed() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := 0
	for _, c := range w.calls {
		if !c.Read() && c.Endpoint != "" && !strings.Contains(c.Endpoint, "oauth") {
			n++
		}
	}
	w.calls = nil
	return n
}

func (w *world) redact(r bot.Redaction) bot.Redacted {
	w.Helper()
	got, err := w.desk.Redact(w.Context(), r)
	w.must(err)
	return got
}

func everything(id int64) bot.Redaction {
	return bot.Redaction{
		Ticket: id, Texts: true, Files: func(f bot.File) bool { return !f.Ours }, Find: reading.Traces(secretText),
	}
}

func TestRedactTakesAllThatPeopleWrote(t *testing.T) {
	w := newWorld(t, zendesksim.Options{})
	id := w.sim.FileTicket(zendesksim.NewTicket{
		RequesterID: w.ann, Subject: "x",
		HTMLBody: `<p>Jo &amp; <b>Bo</b> <img src="https://x.example/jo.png" alt="Jo"> <a href="mailto:jo%40shop.example">write</a></p><blockquote>On Monday Jo wrote</blockquote>`,
		Files:    []zendesksim.File{{Name: "jo.txt", Content: []byte("jo")}},
	})
	u := step(w.ticketLater(id), "<p>We received it.</p>")
	w.must(w.desk.Update(t.Context(), u))
	w.must(w.sim.CloseTicket(id))
	w.changed()
	got := w.redact(everything(id))
	if got.Comments != 1 || got.Files != 1 || len(got.Left) != 0 || w.changed() != 1 {
		t.Errorf("got %+v", got)
	}
	all := w.sim.Comments(id)
	for _, text := range []string{"Jo", "Bo", "Monday", "write", "shop.example", "x.example"} {
		if strings.Contains(all[0].HTMLBody, text) || strings.Contains(all[0].Body, text) {
			t.Errorf("%q is left in %s", text, all[0].HTMLBody)
		}
	}
	if !strings.Contains(all[1].Body, "We received it.") {
		t.Errorf("what we said is gone: %s", all[1].Body)
	}
	if again := w.redact(everything(id)); again.Comments != 0 || w.changed() != 0 {
		t.Errorf("it was redacted twice: %+v", again)
	}
}

func TestRedactFindsWhatElementsSplit(t *testing.T) {
	w := newWorld(t, zendesksim.Options{})
	id := w.sim.FileTicket(zendesksim.NewTicket{RequesterID: w.ann, Subject: "x", HTMLBody: `<p>of <i>jo@</i><b>shop</b>.example, and of Bo</p>`})
	w.clock.add(61e9)
	got := w.redact(bot.Redaction{Ticket: id, Find: reading.Traces(secretText)})
	k := w.sim.Comments(id)[0]
	if got.Comments != 1 || strings.ContainsAny(k.Body, "@") || strings.Contains(k.Body, "shop") || !strings.Contains(k.Body, "and of Bo") {
		t.Errorf("got %+v: %s", got, k.HTMLBody)
	}
}

func TestRedactNamesWhatStays(t *testing.T) {
	w := newWorld(t, zendesksim.Options{})
	field := w.sim.AddTicketField(zendesksim.TicketField{Title: "Person", Type: "text"})
	id := w.sim.FileTicket(zendesksim.NewTicket{
		RequesterID: w.ann, Subject: "Delete JO@shop.example", Body: "x", Tags: []string{"jo@shop.example"},
		CustomFields: map[int64]any{field: "jo%40shop.example"},
	})
	left := w.redact(bot.Redaction{Ticket: id, Find: reading.Traces(secretText), Look: true}).Left
	for _, p := range []bot.Place{bot.PlaceSubject, bot.PlaceTags, bot.PlaceField, bot.PlaceHistorySubject, bot.PlaceHistoryField, bot.PlaceHistory} {
		if left[p] == 0 {
			t.Errorf("%s is not named: %v", p, left)
		}
	}
	at := w.ticketLater(id)
	u := step(at, "<p>done</p>")
	u.Subject, u.Clear, u.RemoveTags = "Privacy request", []int64{field}, []string{"jo@shop.example"}
	w.must(w.desk.Update(t.Context(), u))
	left = w.redact(bot.Redaction{Ticket: id, Find: reading.Traces(secretText), Look: true}).Left
	if left[bot.PlaceSubject] != 0 || left[bot.PlaceTags] != 0 || left[bot.PlaceField] != 0 || left[bot.PlaceHistorySubject] < 2 || left[bot.PlaceHistoryField] < 2 {
		t.Errorf("the history keeps the old values, and nothing else does: %v", left)
	}
}

// A comment in our name that somebody else wrote is not ours.
func TestRedactDoesNotBelieveAuthors(t *testing.T) {
	w := newWorld(t, zendesksim.Options{})
	id := w.file()
	w.asAgent(http.MethodPut, id, fmt.Appendf(nil, `{"ticket":{"comment":{"body":"about Jo","author_id":%d}}}`, w.bot))
	if got := w.redact(everything(id)); got.Comments != 2 || strings.Contains(w.sim.Comments(id)[1].Body, "Jo") {
		t.Errorf("got %+v", got)
	}
}

func TestRedactOnlyOlderComments(t *testing.T) {
	w := newWorld(t, zendesksim.Options{})
	id := w.file()
	r := everything(id)
	r.Until = w.clock.now()
	w.clock.add(60e9)
	_, _, err := w.sim.Reply(id, w.ann, "and "+secretText, zendesksim.ReplyOptions{Public: true})
	w.must(err)
	got := w.redact(r)
	if all := w.sim.Comments(id); got.Comments != 1 || strings.Contains(all[0].Body, "of") || !strings.Contains(all[1].Body, secretText) {
		t.Errorf("got %+v", got)
	}
}

// In another ticket only what a merge brought from ours goes.
func TestRedactCopiesAlone(t *testing.T) {
	w := newWorld(t, zendesksim.Options{})
	other, id, third := w.file(), w.file(), w.file()
	w.must(w.sim.MergeTickets(third, other))
	w.must(w.sim.MergeTickets(id, other))
	source := w.redact(everything(id))
	if !slices.Equal(source.MergedInto, []int64{other}) {
		t.Fatalf("merged into %v", source.MergedInto)
	}
	r := everything(other)
	r.CopyOf = id
	got := w.redact(r)
	all := w.sim.Comments(other)
	if got.Comments != 2 || !strings.Contains(all[0].Body, secretText) || !strings.HasPrefix(all[1].Body, "of ▇") || !strings.HasPrefix(all[2].Body, "▇▇ ▇") {
		t.Errorf("got %+v: %q, %q, %q", got, all[0].Body, all[1].Body, all[2].Body)
	}
	r.CopyOf = 4711
	if got := w.redact(r); got.Comments != 0 {
		t.Errorf("got %+v", got)
	}
}

// Rule 3: an answer that was lost does not blot anything twice, and what the
// account refuses is told and does not keep the rest.
func TestRule3_RedactGoesOnWhereItStood(t *testing.T) {
	w := newWorld(t, zendesksim.Options{})
	id := w.file()
	_, _, err := w.sim.Reply(id, w.ann, "and Bo", zendesksim.ReplyOptions{Public: true})
	w.must(err)
	w.sim.Fault(zendesksim.Fault{Kind: zendesksim.LandsButAnswerLost, Method: http.MethodPut, Path: "/api/v2/comment_redactions/*"})
	if _, err := w.desk.Redact(t.Context(), everything(id)); !errors.Is(err, bot.ErrUnknown) {
		t.Fatalf("got %v", err)
	}
	w.changed()
	if got := w.redact(everything(id)); got.Comments != 1 || w.changed() != 1 {
		t.Errorf("got %+v", got)
	}
	w.sim.SetRedaction(false)
	_, _, err = w.sim.Reply(id, w.ann, "and "+secretText, zendesksim.ReplyOptions{Public: true})
	w.must(err)
	got, err := w.desk.Redact(t.Context(), everything(id))
	if err == nil || got.Left[bot.PlaceComment] != 1 || strings.Contains(err.Error(), secretText) {
		t.Errorf("got %+v, %v", got, err)
	}
	w.must(w.sim.DeleteTicket(id))
	if _, err := w.desk.Redact(t.Context(), everything(id)); !errors.Is(err, bot.ErrNotFound) {
		t.Errorf("got %v", err)
	}
}

func TestRemoveLeavesNothing(t *testing.T) {
	w := newWorld(t, zendesksim.Options{})
	id := w.file()
	w.sim.Fault(zendesksim.Fault{Kind: zendesksim.LandsButAnswerLost, Method: http.MethodDelete})
	w.must(w.desk.Remove(t.Context(), id))
	if w.sim.AnyText(secretText) {
		t.Error("it is still there")
	}
	w.must(w.desk.Remove(t.Context(), id))
}

func TestSolvingFillsRequiredFields(t *testing.T) {
	var text, tags, never, off int64
	w := newWorld(t, zendesksim.Options{}, func(w *world) {
		add := func(f zendesksim.TicketField) int64 { return w.sim.AddTicketField(f) }
		text = add(zendesksim.TicketField{Title: "Cause", Type: "text", RequiredToSolve: true})
		tags = add(zendesksim.TicketField{Title: "Areas", Type: "multiselect", RequiredToSolve: true, Options: []zendesksim.FieldOption{{Name: "A", Value: "a"}, {Name: "B", Value: "b"}}})
		never = add(zendesksim.TicketField{Title: "Elsewhere", Type: "text", RequiredToSolve: true}) // on another form
		off = add(zendesksim.TicketField{Title: "Old", Type: "text", RequiredToSolve: true, Inactive: true})
		w.options.RequiredFields = map[string]string{fmt.Sprint(text): "privacy", fmt.Sprint(tags): "a, b", fmt.Sprint(never): "no"}
	})
	form := w.sim.AddTicketForm(zendesksim.TicketForm{Name: "Privacy", FieldIDs: []int64{text, tags, off}})
	id := w.sim.FileTicket(zendesksim.NewTicket{RequesterID: w.ann, Subject: "x", Body: "y", FormID: form, CustomFields: map[int64]any{text: "kept"}})
	u := step(w.ticketLater(id), "<p>done</p>")
	u.Status, u.Clear = bot.StatusSolved, []int64{w.progress}
	w.must(w.desk.Update(t.Context(), u))
	got, _ := w.sim.Ticket(id)
	if got.Status != "solved" || got.CustomFields[text] != "kept" || fmt.Sprint(got.CustomFields[tags]) != "[a b]" || got.CustomFields[never] != nil {
		t.Errorf("got %s, %v", got.Status, got.CustomFields)
	}
}

// A field that has to be cleared and may not be empty loses its text all the
// same.
func TestSolvingClearsARequiredField(t *testing.T) {
	w := newWorld(t, zendesksim.Options{})
	field := w.sim.AddTicketField(zendesksim.TicketField{Title: "Person", Type: "text", RequiredToSolve: true})
	form := w.sim.AddTicketForm(zendesksim.TicketForm{Name: "Privacy", FieldIDs: []int64{field}})
	id := w.sim.FileTicket(zendesksim.NewTicket{RequesterID: w.ann, Subject: "x", Body: "y", FormID: form, CustomFields: map[int64]any{field: secretText}})
	u := step(w.ticketLater(id), "<p>done</p>")
	u.Status, u.Clear = bot.StatusSolved, []int64{field}
	w.must(w.desk.Update(t.Context(), u))
	if got, _ := w.sim.Ticket(id); got.Status != "solved" || got.CustomFields[field] != "-" {
		t.Errorf("got %s, %v", got.Status, got.CustomFields)
	}
}

// What Zendesk alone knows to be required is learnt from its refusal.
func TestRefusalNamesTheRequiredField(t *testing.T) {
	w := newWorld(t, zendesksim.Options{})
	id := w.file()
	field := w.sim.AddTicketField(zendesksim.TicketField{Title: "Cause", Type: "text"})
	w.ticketLater(id)
	u := step(w.ticketLater(id), "<p>done</p>")
	u.Status = bot.StatusSolved
	w.sim.RequireBeside(field)
	err := w.desk.Update(t.Context(), u)
	var incomplete *bot.IncompleteError
	if !errors.As(err, &incomplete) || !slices.Contains(incomplete.Fields, fmt.Sprintf("Cause (field %d)", field)) {
		t.Errorf("got %v", err)
	}
	if got, _ := w.sim.Ticket(id); got.Status == "solved" {
		t.Error("it was solved")
	}
}
