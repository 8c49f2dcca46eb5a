package zendesk_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"privacydesk/bot/zendesk"
)

// unread is a body that must not be read.
type unread struct{ t *testing.T }

func (u unread) Read([]byte) (int, error) { u.t.Error("the body was read"); return 0, io.EOF }
func (unread) Close() error               { return nil }

// TestWebhookReadsNoBodyOfWhatCannotBeSigned: headers that are missing,
// malformed or out of time are refused before a byte of the body is read, and
// so is a body that is announced too large. A time that is off is told, with
// its direction.
func TestWebhookReadsNoBodyOfWhatCannotBeSigned(t *testing.T) {
	var ahead []time.Duration
	h, err := zendesk.NewWebhook(zendesk.WebhookOptions{
		Secrets: []string{"new"}, Accounts: []string{"10000"}, Clock: func() time.Time { return webhookTime },
		Skewed: func(d time.Duration) { ahead = append(ahead, d) },
	}, (&inbox{}).take)
	if err != nil {
		t.Fatal(err)
	}
	drop := func(name string) func(*http.Request) { return func(r *http.Request) { r.Header.Del(name) } }
	set := func(name, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(name, value) }
	}
	for name, spoil := range map[string]func(*http.Request){
		"no signature": drop("X-Zendesk-Webhook-Signature"), "no time": drop("X-Zendesk-Webhook-Signature-Timestamp"),
		"a signature that is none": set("X-Zendesk-Webhook-Signature", "%%"), "one that is too short": set("X-Zendesk-Webhook-Signature", "AAAA"),
		"a time that is none": set("X-Zendesk-Webhook-Signature-Timestamp", "now"),
		"too old":             set("X-Zendesk-Webhook-Signature-Timestamp", webhookTime.Add(-6*time.Minute).Format(time.RFC3339)),
		"of the future":       set("X-Zendesk-Webhook-Signature-Timestamp", webhookTime.Add(6*time.Minute).Format(time.RFC3339)),
		"no invocation":       drop("X-Zendesk-Webhook-Invocation-Id"), "another account": set("X-Zendesk-Account-Id", "10001"),
		"too large": func(r *http.Request) { r.ContentLength = 1 << 20 },
	} {
		r := signed("new", webhookTime, triggerBody)
		r.Body = unread{t}
		spoil(r)
		w := httptest.NewRecorder()
		if h.ServeHTTP(w, r); w.Code < 400 || w.Code >= 500 {
			t.Errorf("%s: %d", name, w.Code)
		}
	}
	if len(ahead) != 2 || ahead[0]+ahead[1] != 0 || ahead[0].Abs() != 6*time.Minute {
		t.Errorf("times that are off: told %v", ahead)
	}
}

// slow is a body that comes when it is let.
type slow struct {
	reading chan<- struct{}
	let     <-chan struct{}
	once    sync.Once
}

func (s *slow) Read([]byte) (int, error) {
	s.once.Do(func() { s.reading <- struct{}{} })
	<-s.let
	return 0, io.EOF
}
func (*slow) Close() error { return nil }

// TestWebhookBodiesAreBounded: of 900 that come at once, with headers that could
// be signed, 32 are read; all others are answered 503 meanwhile.
func TestWebhookBodiesAreBounded(t *testing.T) {
	const all, places = 900, 32
	h, err := zendesk.NewWebhook(zendesk.WebhookOptions{Secrets: []string{"new"}, Clock: func() time.Time { return webhookTime }}, (&inbox{}).take)
	if err != nil {
		t.Fatal(err)
	}
	reading, let, answers := make(chan struct{}, all), make(chan struct{}), make(chan int, all)
	for range all {
		go func() {
			r := signed("new", webhookTime, triggerBody)
			r.Body = &slow{reading: reading, let: let}
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			answers <- w.Code
		}()
	}
	for range all - places {
		if code := <-answers; code != http.StatusServiceUnavailable {
			t.Fatalf("one beyond the bound is answered %d", code)
		}
	}
	if n := len(reading); n > places {
		t.Errorf("%d bodies are read at once, want %d at most", n, places)
	}
	close(let)
	for range places {
		if code := <-answers; code != http.StatusUnauthorized {
			t.Errorf("one that was read to its end is answered %d", code)
		}
	}
}
