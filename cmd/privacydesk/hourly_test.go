package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"privacydesk/bot/zendesksim"
)

func TestHourly(t *testing.T) {
	var h hourly
	now := time.Date(2026, 7, 24, 9, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		after time.Duration
		due   bool
		kept  int
	}{{0, true, 0}, {time.Minute, false, 0}, {59 * time.Minute, false, 0}, {time.Hour, true, 2}, {90 * time.Minute, false, 0}, {3 * time.Hour, true, 1}} {
		if due, kept := h.due(now.Add(c.after)); due != c.due || kept != c.kept {
			t.Errorf("after %s: %v, %d", c.after, due, kept)
		}
	}
}

// TestRule11_WebhooksOfAnotherSecretAreTold once an hour, with what to do. What
// nobody could have signed is no reason to.
func TestRule11_WebhooksOfAnotherSecretAreTold(t *testing.T) {
	tr := newTrial(t)
	tr.set("zendesk", "form:", "webhook: {secret: ours}, form:")
	_, said := tr.serve(started, func(address string) {
		post := func(secret, signature string) {
			at := time.Now().UTC().Format(time.RFC3339)
			r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+address+"/webhooks/zendesk", strings.NewReader(`{"ticket_id": 35}`))
			r.RequestURI = ""
			r.Header.Set("X-Zendesk-Webhook-Invocation-Id", "01H")
			r.Header.Set("X-Zendesk-Webhook-Signature-Timestamp", at)
			if signature == "" {
				signature = zendesksim.Sign(secret, at, []byte(`{"ticket_id": 35}`))
			}
			r.Header.Set("X-Zendesk-Webhook-Signature", signature)
			res, err := http.DefaultClient.Do(r)
			tr.must(err)
			tr.must(res.Body.Close())
		}
		post("", "AAAA")
		post("ours", "")
		for range 3 {
			post("theirs", "")
		}
	})
	if n := strings.Count(said, "signature does not fit"); n != 1 || !strings.Contains(said, "zendesk.webhook.secret") {
		t.Errorf("it is said %d times:\n%s", n, said)
	}
}
