package zendesk_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"testing"

	"privacydesk/bot"
	"privacydesk/bot/zendesksim"
)

// Zendesk's page about adding tags names the update of many tickets for
// additional_tags and remove_tags; the update of one passes over them without
// a word. This one does, too.
func (w *world) passOverBulkTags() {
	base := w.transport
	w.transport = roundTrip(func(r *http.Request) (*http.Response, error) {
		if r.Method != http.MethodPut {
			return base.RoundTrip(r)
		}
		raw, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		_ = r.Body.Close()
		var body struct {
			Ticket map[string]json.RawMessage `json:"ticket"`
		}
		if err := json.Unmarshal(raw, &body); err != nil {
			return nil, err
		}
		delete(body.Ticket, "additional_tags")
		delete(body.Ticket, "remove_tags")
		if raw, err = json.Marshal(body); err != nil {
			return nil, err
		}
		r = r.Clone(r.Context())
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(raw)), int64(len(raw))
		return base.RoundTrip(r)
	})
	w.desk = w.open()
}

// Rule 4: tags are part of the one update, and those of others stay.
func TestRule4_TagsAreSetAndOthersStay(t *testing.T) {
	w := newWorld(t, zendesksim.Options{})
	w.passOverBulkTags()
	id := w.sim.FileTicket(zendesksim.NewTicket{RequesterID: w.ann, Subject: "x", Body: "y", Tags: []string{"vip", "shop/eu"}})
	tags := func(edit func(*bot.Update)) []string {
		u := step(w.ticketLater(id), "<p>hi</p>")
		edit(&u)
		w.must(w.desk.Update(t.Context(), u))
		got, _ := w.sim.Ticket(id)
		return got.Tags
	}
	if got := tags(func(u *bot.Update) { u.AddTags = []string{"ours", "needs", "VIP"} }); !slices.Equal(got, []string{"needs", "ours", "shop/eu", "vip"}) {
		t.Errorf("added: got %v", got)
	}
	if got := tags(func(u *bot.Update) { u.AddTags, u.RemoveTags = []string{"ours"}, []string{"needs", "none"} }); !slices.Equal(got, []string{"ours", "shop/eu", "vip"}) {
		t.Errorf("taken away: got %v", got)
	}
	if got := tags(func(*bot.Update) {}); !slices.Equal(got, []string{"ours", "shop/eu", "vip"}) {
		t.Errorf("left alone: got %v", got)
	}
	if got := tags(func(u *bot.Update) { u.RemoveTags = []string{"ours", "shop/eu", "vip"} }); len(got) != 0 {
		t.Errorf("the last ones taken away: got %v", got)
	}
}
