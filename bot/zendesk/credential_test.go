package zendesk_test

import (
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"privacydesk/bot"
	"privacydesk/bot/zendesk"
	"privacydesk/bot/zendesksim"
)

func TestTokenIsRenewedBeforeItEnds(t *testing.T) {
	w := newWorld(t, zendesksim.Options{})
	id := w.file()
	w.ticket(id)
	w.clock.add(3 * time.Hour)
	w.sim.ResetRequests()
	w.ticket(id)
	for _, r := range w.sim.Requests() {
		if r.Status == http.StatusUnauthorized {
			t.Errorf("%s %s went with a token that had ended", r.Method, r.Path)
		}
	}
}

func TestRevokedTokenIsRenewedOnce(t *testing.T) {
	w := newWorld(t, zendesksim.Options{})
	id := w.file()
	at := w.ticket(id)
	w.sim.RevokeTokens()
	w.must(w.desk.Update(t.Context(), step(at, "<p>hi</p>")))
	w.sim.UpdateUser(w.bot, func(u *zendesksim.User) { u.Suspended = true })
	w.sim.ResetRequests()
	if _, err := w.desk.Ticket(t.Context(), id); err == nil || errors.Is(err, bot.ErrNotFound) {
		t.Errorf("got %v", err)
	}
	if n := len(w.sim.Requests()); n > 3 {
		t.Errorf("%d requests with credentials that are refused", n)
	}
}

func TestTokenIsFetchedByOne(t *testing.T) {
	w := newWorld(t, zendesksim.Options{})
	id := w.file()
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if _, err := w.desk.Ticket(t.Context(), id); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	n := 0
	for _, r := range w.sim.Requests() {
		if r.Path == "/oauth/tokens" {
			n++
		}
	}
	if n != 1 {
		t.Errorf("%d tokens were fetched", n)
	}
}

func TestWrongSecretIsNoMissingTicket(t *testing.T) {
	w := newWorld(t, zendesksim.Options{}, func(w *world) { w.options.OAuth.ClientSecret = "wrong-secret" })
	id := w.file()
	_, err := w.desk.Ticket(t.Context(), id)
	if !errors.Is(err, bot.ErrUnavailable) || errors.Is(err, bot.ErrNotFound) || strings.Contains(err.Error(), "wrong-secret") {
		t.Errorf("got %v", err)
	}
}

// A server that redirects must not be given the credentials' way.
func TestRedirectionsAreNotFollowed(t *testing.T) {
	var reached bool
	other := newWorld(t, zendesksim.Options{})
	w := newWorld(t, zendesksim.Options{}, func(w *world) {
		w.options.OAuth, w.options.APIToken = zendesk.OAuth{}, zendesk.APIToken{Email: botMail, Token: "x"}
		w.transport = roundTrip(func(r *http.Request) (*http.Response, error) {
			if r.URL.Host == strings.TrimPrefix(other.server.URL, "http://") {
				reached = true
			}
			return &http.Response{StatusCode: http.StatusFound, Header: http.Header{"Location": {other.server.URL + r.URL.Path}}, Body: http.NoBody, Request: r}, nil
		})
	})
	if _, err := w.desk.Ticket(t.Context(), 1); !errors.Is(err, zendesk.ErrRedirected) || reached {
		t.Errorf("got %v, reached: %t", err, reached)
	}
}

// All who were refused with the same token get a new one, and only one is
// fetched.
func TestRevokedTokenIsRenewedByOne(t *testing.T) {
	w := newWorld(t, zendesksim.Options{})
	id := w.file()
	w.ticket(id)
	w.sim.RevokeTokens()
	w.sim.ResetRequests()
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if _, err := w.desk.Ticket(t.Context(), id); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	tokens := 0
	for _, r := range w.sim.Requests() {
		if r.Path == "/oauth/tokens" {
			tokens++
		}
	}
	if tokens != 1 {
		t.Errorf("%d tokens were fetched", tokens)
	}
}
