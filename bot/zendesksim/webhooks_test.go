package zendesksim_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"privacydesk/bot/zendesksim"
)

// receiver keeps what is delivered and answers as told.
type receiver struct {
	mu     sync.Mutex
	secret string
	got    []obj
	ids    []string
	valid  []bool
	stamps []time.Time
	status int
	retry  string
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, _ := io.ReadAll(req.Body)
	r.mu.Lock()
	defer r.mu.Unlock()
	at := req.Header.Get("X-Zendesk-Webhook-Signature-Timestamp")
	stamp, _ := time.Parse(time.RFC3339, at)
	var v obj
	_ = json.Unmarshal(body, &v)
	r.got = append(r.got, v)
	r.stamps = append(r.stamps, stamp)
	r.ids = append(r.ids, req.Header.Get("X-Zendesk-Webhook-Invocation-Id"))
	r.valid = append(r.valid, req.Header.Get("X-Zendesk-Webhook-Signature") == zendesksim.Sign(r.secret, at, body))
	if r.retry != "" {
		w.Header().Set("Retry-After", r.retry)
	}
	w.WriteHeader(r.status)
}

func hooked(t *testing.T, subscriptions ...string) (*world, *receiver) {
	t.Helper()
	w := newWorld(t, zendesksim.Options{})
	r := &receiver{status: 200}
	server := httptest.NewServer(r)
	t.Cleanup(server.Close)
	var id string
	id, r.secret = w.sim.AddWebhook(server.URL, subscriptions...)
	if len(subscriptions) == 0 {
		w.sim.AddWebhookTrigger(id, `{"ticket_id":"{{ticket.id}}"}`)
	}
	return w, r
}

// TestSignatureOfAKnownText pins the construction to a value computed apart
// from this code: printf 'TIMESTAMPBODY' | openssl dgst -sha256 -hmac KEY -binary | base64.
func TestSignatureOfAKnownText(t *testing.T) {
	equal(t, "signature", zendesksim.Sign("key", "2026-03-02T09:00:00Z", []byte(`{"a":1}`)), knownSignature)
}

func TestTriggerDelivery(t *testing.T) {
	w, r := hooked(t)
	w.file("x")
	w.call("PUT", ticketPath(1), ticketBody("comment", obj{"body": "by the bot itself"}), 200)
	done := w.sim.DeliverWebhooks(context.Background())
	equal(t, "sent", done.Sent, 2)
	equal(t, "body", r.got[0]["ticket_id"], "1")
	if !r.valid[0] || !r.valid[1] || r.ids[0] == r.ids[1] {
		t.Errorf("signature or invocation ids are wrong: %v %v", r.valid, r.ids)
	}
	equal(t, "nothing left", w.sim.PendingDeliveries(), 0)
}

func TestEventDelivery(t *testing.T) {
	w, r := hooked(t, "zen:event-type:ticket.created", "zen:event-type:ticket.status_changed")
	w.file("x")
	w.call("PUT", ticketPath(1), ticketBody("status", "open", "tags", []string{"a"}), 200)
	equal(t, "sent", w.sim.DeliverWebhooks(context.Background()).Sent, 2)
	equal(t, "type", r.got[0]["type"], "zen:event-type:ticket.created")
	equal(t, "subject", r.got[1]["subject"], "zen:ticket:1")
	if id, isText := r.got[1]["detail"].(obj)["id"].(string); !isText || id != "1" {
		t.Error("ids inside detail are strings")
	}
}

func TestManners(t *testing.T) {
	for name, tc := range map[string]struct {
		manner zendesksim.Manner
		check  func(*testing.T, *world, *receiver)
	}{
		"twice": {zendesksim.Manner{Twice: true}, func(t *testing.T, _ *world, r *receiver) {
			if len(r.ids) != 4 || r.ids[0] != r.ids[1] || r.ids[1] == r.ids[2] {
				t.Errorf("ids %v", r.ids)
			}
		}},
		"reversed": {zendesksim.Manner{Reversed: true}, func(t *testing.T, _ *world, r *receiver) {
			equal(t, "first", r.got[0]["ticket_id"], "2")
		}},
		"forged": {zendesksim.Manner{Forged: true}, func(t *testing.T, _ *world, r *receiver) { equal(t, "valid", r.valid, "[false false]") }},
		"late": {zendesksim.Manner{Late: time.Hour}, func(t *testing.T, w *world, r *receiver) {
			equal(t, "stamp", r.stamps[0].Unix(), w.clock.now().Add(-time.Hour).Unix())
			equal(t, "valid", r.valid, "[true true]")
		}},
		"lost": {zendesksim.Manner{Lost: true}, func(t *testing.T, w *world, r *receiver) {
			equal(t, "got", len(r.got)+w.sim.PendingDeliveries(), 0)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			w, r := hooked(t)
			w.file("1")
			w.file("2")
			w.sim.DeliverLike(context.Background(), tc.manner)
			tc.check(t, w, r)
		})
	}
}

func TestRetryRules(t *testing.T) {
	for name, tc := range map[string]struct {
		status int
		retry  string
		tries  int
	}{
		"conflict, three more times": {409, "", 4},
		"plain error, never":         {500, "", 1},
		"unavailable without a time": {503, "", 1},
		"unavailable, a minute":      {503, "60", 1},
		"too many, soon":             {429, "59", 10},
	} {
		t.Run(name, func(t *testing.T) {
			w, r := hooked(t)
			r.status, r.retry = tc.status, tc.retry
			w.file("x")
			for range 10 {
				w.sim.DeliverWebhooks(context.Background())
				w.clock.add(59 * time.Second)
			}
			equal(t, "tries", len(r.got), tc.tries)
		})
	}
}

func TestRetryWaitsByTheClock(t *testing.T) {
	w, r := hooked(t)
	r.status, r.retry = 503, "30"
	w.file("x")
	equal(t, "retrying", w.sim.DeliverWebhooks(context.Background()).Retrying, 1)
	w.clock.add(29 * time.Second)
	w.sim.DeliverWebhooks(context.Background())
	equal(t, "not yet", len(r.got), 1)
	w.clock.add(time.Second)
	r.status = 200
	equal(t, "sent", w.sim.DeliverWebhooks(context.Background()).Sent, 1)
}

type timeoutError struct{}

func (timeoutError) Error() string   { return "timed out" }
func (timeoutError) Timeout() bool   { return true }
func (timeoutError) Temporary() bool { return true }

type deafTransport struct{ tries int }

func (d *deafTransport) RoundTrip(*http.Request) (*http.Response, error) {
	d.tries++
	return nil, timeoutError{}
}

func TestTimeoutsAreRetriedFiveTimes(t *testing.T) {
	deaf := &deafTransport{}
	w := newWorld(t, zendesksim.Options{WebhookHTTP: &http.Client{Transport: deaf}})
	id, _ := w.sim.AddWebhook("http://deaf.example")
	w.sim.AddWebhookTrigger(id, "{}")
	w.file("x")
	for range 10 {
		w.sim.DeliverWebhooks(context.Background())
	}
	equal(t, "tries", deaf.tries, 6)
}

func TestAutoDeliver(t *testing.T) {
	w := newWorld(t, zendesksim.Options{})
	arrived := make(chan struct{}, 1)
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { arrived <- struct{}{} }))
	defer server.Close()
	id, _ := w.sim.AddWebhook(server.URL)
	w.sim.AddWebhookTrigger(id, "{}")
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { w.sim.AutoDeliver(ctx); close(ended) }()
	w.file("x")
	<-arrived
	cancel()
	<-ended
}

func TestWebhookAndTriggerAPI(t *testing.T) {
	w := newWorld(t, zendesksim.Options{})
	r := &receiver{status: 200}
	server := httptest.NewServer(r)
	defer server.Close()
	hook := obj{"name": "privacydesk", "endpoint": server.URL, "http_method": "POST", "request_format": "json", "status": "active", "subscriptions": []string{"conditional_ticket_events"}}
	made := w.call("POST", "/api/v2/webhooks", obj{"webhook": hook}, 201)
	id := made.at("webhook.id").(string)
	secret := w.call("GET", "/api/v2/webhooks/"+id+"/signing_secret.json", nil, 200).at("signing_secret.secret")
	equal(t, "secret", secret, made.at("webhook.signing_secret.secret"))
	trigger := obj{
		"title": "tell", "conditions": obj{"all": []obj{{"field": "update_type", "operator": "is", "value": "Create"}, {"field": "current_tags", "operator": "includes", "value": "privacy"}}},
		"actions": []obj{{"field": "notification_webhook", "value": []string{id, `{"ticket_id":"{{ticket.id}}"}`}}},
	}
	tr := w.call("POST", "/api/v2/triggers", obj{"trigger": trigger}, 201)
	w.file("without the tag")
	w.sim.FileTicket(zendesksim.NewTicket{RequesterID: w.ann, Subject: "s", Body: "b", Tags: []string{"privacy"}})
	w.call("PUT", ticketPath(2), ticketBody("comment", obj{"body": "an update"}), 200)
	equal(t, "sent", w.sim.DeliverWebhooks(context.Background()).Sent, 1)
	equal(t, "ticket", r.got[0]["ticket_id"], "2")
	w.call("PATCH", "/api/v2/webhooks/"+id, obj{"webhook": obj{"status": "inactive"}}, 204)
	w.sim.FileTicket(zendesksim.NewTicket{RequesterID: w.ann, Subject: "s", Body: "b", Tags: []string{"privacy"}})
	equal(t, "inactive", w.sim.PendingDeliveries(), 0)
	bad := obj{"title": "t", "actions": trigger["actions"], "conditions": obj{"all": []obj{{"field": "moon", "operator": "is", "value": "full"}}}}
	w.call("POST", "/api/v2/triggers", obj{"trigger": bad}, 422)
	w.call("POST", "/api/v2/webhooks", obj{"webhook": obj{"name": "n"}}, 400)
	w.call("DELETE", "/api/v2/webhooks/"+id, nil, 204)
	w.call("DELETE", "/api/v2/triggers/"+jsonNumber(tr.at("trigger.id")), nil, 204)
	w.callAs(asAgent, "GET", "/api/v2/webhooks", nil, 403)
}

func jsonNumber(v any) string { b, _ := json.Marshal(v); return string(b) }

const knownSignature = "ZqkdbB4hxSrV9/QyYgI8rk2t0u8lLTDEHWIAiCJBeqA="
