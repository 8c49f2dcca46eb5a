package zendesk_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"privacydesk/bot"
	"privacydesk/bot/zendesk"
	"privacydesk/bot/zendesksim"
)

// inbox is an intake that remembers.
type inbox struct {
	mu    sync.Mutex
	ids   []string
	seen  map[string]bool
	keep  time.Duration
	fails error
}

func (b *inbox) take(_ context.Context, ids []string, invocation string, keep time.Duration) (bool, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.fails != nil {
		return false, b.fails
	}
	if b.seen[invocation] {
		return false, nil
	}
	if b.seen == nil {
		b.seen = map[string]bool{}
	}
	b.seen[invocation], b.keep = true, keep
	b.ids = append(b.ids, ids...)
	return true, nil
}

var webhookTime = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

func receiver(t testing.TB, b *inbox, accounts ...string) (http.Handler, *[]string) {
	t.Helper()
	results := &[]string{}
	h, err := zendesk.NewWebhook(zendesk.WebhookOptions{
		Secrets: []string{"new", "old"}, Accounts: accounts, Clock: func() time.Time { return webhookTime },
		Observe: func(r string) { *results = append(*results, r) },
	}, b.take)
	if err != nil {
		t.Fatal(err)
	}
	return h, results
}

// signed is a request as Zendesk sends it.
func signed(secret string, at time.Time, body string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/webhooks/zendesk", strings.NewReader(body))
	stamp := at.Format(time.RFC3339)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-Zendesk-Account-Id", "10000")
	r.Header.Set("X-Zendesk-Webhook-Invocation-Id", "01HINVOCATION")
	r.Header.Set("X-Zendesk-Webhook-Signature-Timestamp", stamp)
	r.Header.Set("X-Zendesk-Webhook-Signature", zendesksim.Sign(secret, stamp, []byte(body)))
	return r
}

const (
	triggerBody = `{"ticket_id": 35}`
	eventBody   = `{"type":"zen:event-type:ticket.created","account_id":10000,"id":"e","subject":"zen:ticket:35","detail":{"id":"99","subject":"jo@shop.example"},"event":{}}`
)

func TestWebhook(t *testing.T) {
	now := webhookTime
	set := func(name, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(name, value) }
	}
	twice := func(name string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Add(name, r.Header.Get(name)) }
	}
	drop := func(name string) func(*http.Request) { return func(r *http.Request) { r.Header.Del(name) } }
	for _, c := range []struct {
		name string
		req  *http.Request
		edit func(*http.Request)
		code int
		id   string // of the hint
	}{
		{"trigger", signed("new", now, triggerBody), nil, 200, "t35"},
		{"trigger, id as text", signed("new", now, `{"ticket_id":"35"}`), nil, 200, "t35"},
		{"event", signed("new", now, eventBody), nil, 200, "t35"},
		{"previous secret", signed("old", now, triggerBody), nil, 200, "t35"},
		{"no content type", signed("new", now, triggerBody), drop("Content-Type"), 200, "t35"},
		{"clock behind", signed("new", now.Add(4*time.Minute), triggerBody), nil, 200, "t35"},
		{"clock ahead", signed("new", now.Add(-4*time.Minute), triggerBody), nil, 200, "t35"},
		{"user event", signed("new", now, `{"type":"zen:event-type:user.created","subject":"zen:user:7","account_id":10000}`), nil, 200, ""},
		{"forged", signed("guess", now, triggerBody), nil, 401, ""},
		{"too old", signed("new", now.Add(-6*time.Minute), triggerBody), nil, 401, ""},
		{"too new", signed("new", now.Add(6*time.Minute), triggerBody), nil, 401, ""},
		{"time changed", signed("new", now, triggerBody), set("X-Zendesk-Webhook-Signature-Timestamp", now.Add(time.Second).Format(time.RFC3339)), 401, ""},
		{"signature twice", signed("new", now, triggerBody), twice("X-Zendesk-Webhook-Signature"), 401, ""},
		{"time twice", signed("new", now, triggerBody), twice("X-Zendesk-Webhook-Signature-Timestamp"), 401, ""},
		{"no signature", signed("new", now, triggerBody), drop("X-Zendesk-Webhook-Signature"), 401, ""},
		{"empty signature", signed("new", now, triggerBody), set("X-Zendesk-Webhook-Signature", ""), 401, ""},
		{"no time", signed("new", now, triggerBody), drop("X-Zendesk-Webhook-Signature-Timestamp"), 401, ""},
		{"no invocation", signed("new", now, triggerBody), drop("X-Zendesk-Webhook-Invocation-Id"), 400, ""},
		{"invocation twice", signed("new", now, triggerBody), twice("X-Zendesk-Webhook-Invocation-Id"), 400, ""},
		{"odd invocation", signed("new", now, triggerBody), set("X-Zendesk-Webhook-Invocation-Id", "a b"), 400, ""},
		{"another account", signed("new", now, triggerBody), set("X-Zendesk-Account-Id", "666"), 403, ""},
		{"no account", signed("new", now, triggerBody), drop("X-Zendesk-Account-Id"), 403, ""},
		{"another account's event", signed("new", now, strings.Replace(eventBody, "10000", "666", 1)), nil, 403, ""},
		{"no JSON", signed("new", now, "jo@shop.example"), nil, 400, ""},
		{"no ticket", signed("new", now, `{"name":"jo@shop.example"}`), nil, 400, ""},
		{"ticket zero", signed("new", now, `{"ticket_id":0}`), nil, 400, ""},
		{"ticket below zero", signed("new", now, `{"ticket_id":"-35"}`), nil, 400, ""},
		{"ticket beyond all", signed("new", now, `{"ticket_id":99999999999999999999}`), nil, 400, ""},
		{"another kind of subject", signed("new", now, `{"type":"zen:event-type:ticket.created","subject":"zen:user:35"}`), nil, 400, ""},
		{"both shapes", signed("new", now, `{"ticket_id":1,"type":"zen:event-type:ticket.created","subject":"zen:ticket:35"}`), nil, 400, ""},
		{"two bodies", signed("new", now, triggerBody+triggerBody), nil, 400, ""},
		{"too large", signed("new", now, `{"ticket_id":35,"x":"`+strings.Repeat("a", 1<<20)+`"}`), nil, 413, ""},
		{"GET", httptest.NewRequest(http.MethodGet, "/webhooks/zendesk", nil), nil, 405, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := &inbox{}
			h, results := receiver(t, b, "10000")
			if c.edit != nil {
				c.edit(c.req)
			}
			w := httptest.NewRecorder()
			h.ServeHTTP(w, c.req)
			if w.Code != c.code || strings.Join(b.ids, ",") != c.id {
				t.Errorf("got %d and hints %v, want %d and %q", w.Code, b.ids, c.code, c.id)
			}
			if strings.Contains(w.Body.String(), "shop.example") || strings.Contains(w.Body.String(), "35") {
				t.Errorf("it repeats what it was sent: %q", w.Body)
			}
			if len(*results) != 1 {
				t.Errorf("got results %v", *results)
			}
		})
	}
}

// Rule 1: a replay, doubled or recorded, does nothing.
func TestRule1_ReplaysDoNothing(t *testing.T) {
	b := &inbox{}
	h, results := receiver(t, b)
	for range 3 {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, signed("new", webhookTime, triggerBody))
		if w.Code != http.StatusOK {
			t.Errorf("got %d", w.Code)
		}
	}
	if len(b.ids) != 1 || (*results)[2] != "replayed" {
		t.Errorf("got hints %v, results %v", b.ids, *results)
	}
	if b.keep < 2*5*time.Minute {
		t.Errorf("invocations are remembered for %s, while signatures are believed for longer", b.keep)
	}
}

func TestWebhookIsDurableBeforeItIsThanked(t *testing.T) {
	b := &inbox{fails: errors.New("redis: jo@shop.example")}
	h, _ := receiver(t, b)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, signed("new", webhookTime, triggerBody))
	if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") != "10" || strings.Contains(w.Body.String(), "shop") {
		t.Errorf("got %d, %v, %q", w.Code, w.Header(), w.Body)
	}
	b.fails = nil
	w = httptest.NewRecorder()
	h.ServeHTTP(w, signed("new", webhookTime, triggerBody))
	if w.Code != http.StatusOK || len(b.ids) != 1 {
		t.Errorf("the repetition: got %d, hints %v", w.Code, b.ids)
	}
}

func TestWebhookNeedsASecret(t *testing.T) {
	for _, secrets := range [][]string{nil, {""}} {
		o := zendesk.WebhookOptions{Secrets: secrets, Clock: time.Now}
		if _, err := zendesk.NewWebhook(o, (&inbox{}).take); err == nil || !strings.Contains(err.Error(), "zendesk.webhook.secret") {
			t.Errorf("%q: got %v", secrets, err)
		}
	}
}

// The simulator's deliveries: signed there, believed here.
func TestWebhooksOfTheSimulator(t *testing.T) {
	for _, c := range []struct {
		name   string
		manner zendesksim.Manner
		event  bool
		want   int
	}{
		{"trigger", zendesksim.Manner{}, false, 1},
		{"event", zendesksim.Manner{}, true, 1},
		{"twice", zendesksim.Manner{Twice: true}, false, 1},
		{"forged", zendesksim.Manner{Forged: true}, false, 0},
		{"late", zendesksim.Manner{Late: 10 * time.Minute}, false, 0},
		{"a little late", zendesksim.Manner{Late: time.Minute}, true, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := &inbox{}
			var secret string
			mux := http.NewServeMux()
			server := httptest.NewServer(mux)
			defer server.Close()
			w := newWorld(t, zendesksim.Options{WebhookHTTP: server.Client()})
			var id string
			if c.event {
				_, secret = w.sim.AddWebhook(server.URL+"/hook", "zen:event-type:ticket.created")
			} else {
				id, secret = w.sim.AddWebhook(server.URL + "/hook")
				w.sim.AddWebhookTrigger(id, `{"ticket_id":"{{ticket.id}}"}`)
			}
			h, err := zendesk.NewWebhook(zendesk.WebhookOptions{Secrets: []string{secret}, Clock: w.clock.now}, b.take)
			w.must(err)
			mux.Handle("/hook", h)
			ticket := w.file()
			w.sim.DeliverLike(t.Context(), c.manner)
			if len(b.ids) != c.want || (c.want == 1 && b.ids[0] != bot.IDOfTicket(ticket)) {
				t.Errorf("got hints %v", b.ids)
			}
		})
	}
}

// FuzzWebhookBody: whatever is sent, signed or not, never panics, never is
// repeated, and hints positive ticket numbers alone.
func FuzzWebhookBody(f *testing.F) {
	for _, s := range []string{triggerBody, eventBody, `{"ticket_id":"35"}`, `[]`, `null`, `{"ticket_id":1e3}`, `{"ticket_id":null}`, `{"account_id":"x"}`, "\x00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, body string) {
		b := &inbox{}
		h, _ := receiver(t, b)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, signed("new", webhookTime, body))
		switch {
		case w.Code == http.StatusOK && len(b.ids) > 1, w.Code != http.StatusOK && len(b.ids) > 0:
			t.Fatalf("got %d with hints %v", w.Code, b.ids)
		case len(b.ids) == 1 && bot.TicketOfID(b.ids[0]) <= 0:
			t.Fatalf("got hint %v", b.ids)
		case len(b.ids) == 1 && !strings.Contains(body, strings.TrimPrefix(b.ids[0], "t")):
			t.Fatalf("hint %v is not in the body", b.ids)
		}
		r := signed("new", webhookTime, body)
		r.Body = io.NopCloser(strings.NewReader(body + " "))
		w = httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != http.StatusUnauthorized {
			t.Fatalf("a changed body passed: %d", w.Code)
		}
	})
}
