package zendesk_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"privacydesk/bot"
	"privacydesk/bot/zendesk"
	"privacydesk/bot/zendesksim"
)

// commonShelf is one that replicas share; it can fail.
type commonShelf struct {
	turn  sync.Mutex
	mu    sync.Mutex
	kept  zendesk.Tokens
	loads error // of Load
	keeps error // of keeping what was renewed
}

func (s *commonShelf) Load(context.Context) (zendesk.Tokens, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.kept, s.loads
}

func (s *commonShelf) Renew(ctx context.Context, renew func(context.Context, zendesk.Tokens) (zendesk.Tokens, error)) (zendesk.Tokens, error) {
	s.turn.Lock()
	defer s.turn.Unlock()
	s.mu.Lock()
	now := s.kept
	s.mu.Unlock()
	next, err := renew(ctx, now)
	if err != nil {
		return zendesk.Tokens{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.keeps == nil {
		s.kept = next
	}
	return next, s.keeps
}

func (w *world) replica(s zendesk.TokenShelf) *zendesk.Desk {
	w.Helper()
	d, err := zendesk.New(w.options, zendesk.Env{Clock: w.clock.now, Sleep: w.clock.sleep, HTTP: w.transport, Tokens: s})
	w.must(err)
	return d
}

// signIns counts the tokens that were asked for.
func (w *world) signIns() int {
	n := 0
	for _, r := range w.sim.Requests() {
		if r.Path == "/oauth/tokens" {
			n++
		}
	}
	return n
}

// works reads from all replicas at once.
func (w *world) works(desks ...*zendesk.Desk) {
	w.Helper()
	id := w.file()
	var wait sync.WaitGroup
	for _, d := range desks {
		for range 4 {
			wait.Go(func() {
				if _, err := d.Ticket(context.Background(), id); err != nil {
					w.Error(err)
				}
			})
		}
	}
	wait.Wait()
}

// TestReplicasShareTokens: many replicas sign in once, and renew once, and a
// token that was revoked is replaced once.
func TestReplicasShareTokens(t *testing.T) {
	w := newWorld(t, zendesksim.Options{})
	s := &commonShelf{}
	var desks []*zendesk.Desk
	for range 5 {
		desks = append(desks, w.replica(s))
	}
	w.works(desks...)
	if n := w.signIns(); n != 1 {
		t.Errorf("%d sign-ins for one token", n)
	}
	w.clock.add(3 * time.Hour)
	w.works(desks...)
	if n := w.signIns(); n != 2 {
		t.Errorf("%d sign-ins for two tokens", n)
	}
	w.sim.RevokeTokens()
	w.works(desks...)
	if n := w.signIns(); n != 3 {
		t.Errorf("%d sign-ins for three tokens", n)
	}
	if got := fmt.Sprintf("%v %+v %#v %s", s.kept, s.kept, s.kept, s.kept); strings.Contains(got, s.kept.Access) {
		t.Error("tokens print themselves")
	}
	w.options.OAuth.Scope = "read" // another configuration: its tokens are others
	w.works(w.replica(s))
	if n := w.signIns(); n != 4 {
		t.Errorf("%d sign-ins after the configuration changed", n)
	}
}

func TestAShelfThatFails(t *testing.T) {
	w := newWorld(t, zendesksim.Options{})
	id := w.file()
	d := w.replica(&commonShelf{loads: errors.New("the shelf is away")})
	if _, err := d.Ticket(t.Context(), id); !errors.Is(err, bot.ErrUnavailable) {
		t.Errorf("got %v", err)
	}
	// What could not be kept is used all the same, here.
	d = w.replica(&commonShelf{keeps: errors.New("the shelf is full")})
	if _, err := d.Ticket(t.Context(), id); err != nil {
		t.Errorf("got %v", err)
	}
}

const loginAt = "127.0.0.1:0"

// signIn lets somebody sign in at the browser, through the page given.
func (w *world) signIn(browse func(l *zendesk.Login)) (zendesk.Tokens, error) {
	w.Helper()
	l, err := zendesk.StartLogin(w.Context(), w.options, zendesk.Env{Clock: w.clock.now, Sleep: w.clock.sleep, HTTP: w.transport}, loginAt)
	w.must(err)
	w.sim.AddRedirect("person", l.Redirect())
	done := make(chan struct{})
	go func() { defer close(done); browse(l) }()
	ctx, cancel := context.WithTimeout(w.Context(), time.Minute)
	defer cancel()
	tokens, err := l.Wait(ctx)
	<-done
	return tokens, err
}

// open follows a link as a browser does, and gives the last status.
func (w *world) browse(link string) int {
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Get(link)
	if err != nil {
		w.Error(err)
		return 0
	}
	defer resp.Body.Close()
	return resp.StatusCode
}

// TestLogin: a person signs in with PKCE; replicas then renew in turn, none
// ends the other's tokens, and a new sign-in replaces them all.
func TestLogin(t *testing.T) {
	w := newWorld(t, zendesksim.Options{})
	w.options.OAuth = zendesk.OAuth{ClientID: "person"}
	w.sim.SignInBrowser(w.bot)
	tokens, err := w.signIn(func(l *zendesk.Login) {
		base := l.Redirect()
		for _, forged := range []string{base + "?code=x", base + "?code=x&state=guess", base + "?error=access_denied", strings.Replace(base, "127.0.0.1", "localhost", 1) + "?code=x"} {
			if got := w.browse(forged); got != http.StatusBadRequest {
				t.Errorf("%s: %d", forged, got)
			}
		}
		// The right state by another name of this machine: a page that made its
		// own name lead here.
		u, err := url.Parse(l.URL())
		w.must(err)
		if got := w.browse(strings.Replace(base, "127.0.0.1", "localhost", 1) + "?code=x&state=" + u.Query().Get("state")); got != http.StatusBadRequest {
			t.Errorf("another host: %d", got)
		}
		if got := w.browse(l.URL()); got != http.StatusOK {
			t.Errorf("the call-back answered %d", got)
		}
	})
	w.must(err)
	if q := lastAuthorize(t, w); q.Get("code_challenge_method") != "S256" || len(q.Get("code_challenge")) != 43 || q.Get("state") == "" {
		t.Errorf("asked with %v", q)
	}
	w.options.OAuth.RefreshToken = tokens.Refresh
	w.works(w.replica(zendesk.ShelfOf(tokens)))
	if n := w.signIns(); n != 1 {
		t.Errorf("%d sign-ins, and the login's token is good", n)
	}
	s := &commonShelf{}
	a, b := w.replica(s), w.replica(s)
	for range 3 {
		w.works(a, b)
		w.clock.add(3 * time.Hour)
	}
	if n := w.signIns(); n != 4 {
		t.Errorf("renewed %d times", n-1)
	}
	w.works(w.replica(s)) // one that comes later knows the first refresh token alone
	w.sim.EndRefreshTokens()
	w.clock.add(3 * time.Hour)
	if _, err := a.Ticket(t.Context(), w.file()); !errors.Is(err, zendesk.ErrSignInAgain) || !strings.Contains(err.Error(), "zendesk login") {
		t.Errorf("got %v", err)
	}
	again, err := w.signIn(func(l *zendesk.Login) { w.browse(l.URL()) })
	w.must(err)
	w.options.OAuth.RefreshToken = again.Refresh
	w.works(w.replica(s))
}

// TestARenewalThatCouldNotBeKept: the refresh token that replaced the shelf's
// is held, and is used at the next renewal.
func TestARenewalThatCouldNotBeKept(t *testing.T) {
	w := newWorld(t, zendesksim.Options{})
	w.options.OAuth = zendesk.OAuth{ClientID: "person"}
	w.sim.SignInBrowser(w.bot)
	tokens, err := w.signIn(func(l *zendesk.Login) { w.browse(l.URL()) })
	w.must(err)
	w.options.OAuth.RefreshToken = tokens.Refresh
	s := &commonShelf{keeps: errors.New("full")}
	d := w.replica(s)
	w.works(d)
	s.keeps = nil
	w.clock.add(3 * time.Hour)
	w.works(d)
	w.works(w.replica(s))
}

func lastAuthorize(t *testing.T, w *world) url.Values {
	t.Helper()
	for _, r := range w.sim.Requests() {
		if r.Path == "/oauth/authorizations/new" {
			q, err := url.ParseQuery(r.Query)
			w.must(err)
			return q
		}
	}
	t.Fatal("nobody was asked")
	return nil
}

func TestLoginThatFails(t *testing.T) {
	w := newWorld(t, zendesksim.Options{})
	w.options.OAuth = zendesk.OAuth{ClientID: "person"}
	w.sim.SignInBrowser(w.bot)
	w.sim.Decline()
	if _, err := w.signIn(func(l *zendesk.Login) { w.browse(l.URL()) }); !errors.Is(err, zendesk.ErrDeclined) || !strings.Contains(err.Error(), "access_denied") {
		t.Errorf("declined: %v", err)
	}
	if _, err := w.signIn(func(l *zendesk.Login) {
		u, err := url.Parse(l.URL())
		w.must(err)
		w.browse(l.Redirect() + "?code=guess&state=" + u.Query().Get("state"))
	}); err == nil || !strings.Contains(err.Error(), "invalid_grant") {
		t.Errorf("a guessed code: %v", err)
	}
	for name, c := range map[string]struct {
		o      zendesk.Options
		listen string
	}{
		"no account":  {zendesk.Options{OAuth: zendesk.OAuth{ClientID: "x"}}, loginAt},
		"no client":   {zendesk.Options{URL: w.server.URL}, loginAt},
		"all the net": {w.options, "0.0.0.0:0"},
		"a name":      {w.options, "localhost:0"},
		"no address":  {w.options, "8091"},
	} {
		if _, err := zendesk.StartLogin(t.Context(), c.o, zendesk.Env{Clock: w.clock.now}, c.listen); err == nil {
			t.Errorf("%s: it listens", name)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	l, err := zendesk.StartLogin(ctx, w.options, zendesk.Env{Clock: w.clock.now}, loginAt)
	w.must(err)
	cancel()
	if _, err := l.Wait(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestTokensKeepTheirNames(t *testing.T) {
	raw, err := json.Marshal(zendesk.Tokens{Access: "a", Refresh: "r", Of: "o", Until: time.Unix(0, 0).UTC()})
	if got := string(raw); err != nil || got != `{"access":"a","until":"1970-01-01T00:00:00Z","refresh":"r","of":"o"}` {
		t.Errorf("got %s, %v: tokens that replicas of another version keep would be lost", got, err)
	}
}
