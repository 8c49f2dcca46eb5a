package zendesk

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"
)

// ErrDeclined says that the person did not let the client act.
var ErrDeclined = errors.New("the person at the browser declined, or Zendesk did for them")

// callbackPath is where the browser comes back to.
const callbackPath = "/callback"

// Login asks a person at a browser for consent: the authorization code grant
// with PKCE, and a call-back on this machine alone. Wait ends it.
type Login struct {
	grants   grants
	listener net.Listener
	redirect string
	state    string
	verifier string
}

// StartLogin listens for the call-back on a loopback address, such as
// 127.0.0.1:8091. Only the account and the OAuth client of the options matter.
func StartLogin(ctx context.Context, o Options, env Env, listen string) (*Login, error) {
	o = o.fill()
	base, err := o.baseURL()
	if err != nil {
		return nil, err
	}
	if o.OAuth.ClientID == "" {
		return nil, errors.New("zendesk.oauth.client_id: is missing; create an OAuth client in Zendesk's Admin Center")
	}
	host, _, err := net.SplitHostPort(listen)
	if ip := net.ParseIP(host); err != nil || ip == nil || !ip.IsLoopback() {
		return nil, errors.New("the call-back listens on this machine alone: give an address such as 127.0.0.1:8091")
	}
	t := &transport{base: env.HTTP, budget: newBudget(Options{}, nil), clock: env.Clock, sleep: env.Sleep, jitter: env.Jitter, observe: env.Observe, o: o}
	t.fill()
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", listen)
	if err != nil {
		return nil, fmt.Errorf("the call-back can't listen: %w", err)
	}
	return &Login{
		grants: grants{o: o.OAuth, base: base, clock: env.Clock, send: t.RoundTrip}, listener: listener,
		redirect: "http://" + listener.Addr().String() + callbackPath, state: rand.Text(), verifier: rand.Text() + rand.Text(),
	}, nil
}

// Redirect is the URL that has to stand among the client's redirect URLs.
func (l *Login) Redirect() string { return l.redirect }

// URL is what the person opens.
func (l *Login) URL() string {
	digest := sha256.Sum256([]byte(l.verifier))
	q := url.Values{
		"response_type": {"code"}, "client_id": {l.grants.o.ClientID}, "redirect_uri": {l.redirect}, "scope": {l.grants.o.Scope}, "state": {l.state},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(digest[:])}, "code_challenge_method": {"S256"},
	}
	return l.grants.base + "/oauth/authorizations/new?" + q.Encode()
}

// Wait waits until the browser came back, or ctx ends, and exchanges what it
// brought. The tokens fit options whose OAuth.RefreshToken is their Refresh.
// Returns ErrDeclined if the person said no.
func (l *Login) Wait(ctx context.Context) (Tokens, error) {
	back := make(chan url.Values, 1)
	server := &http.Server{Handler: l.callback(back), ReadHeaderTimeout: 10 * time.Second}
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = server.Serve(l.listener) // it ends with Shutdown
	}()
	defer func() {
		bound, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		if server.Shutdown(bound) != nil {
			_ = server.Close() // a browser keeps its connection open
		}
		<-served
	}()
	select {
	case <-ctx.Done():
		return Tokens{}, fmt.Errorf("nobody came back from Zendesk: %w", context.Cause(ctx))
	case q := <-back:
		return l.exchange(ctx, q)
	}
}

// callback takes the one answer that bears our state. Any other page of the
// browser can call it, too: such a call changes nothing.
func (l *Login) callback(back chan<- url.Values) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+callbackPath, func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("Referrer-Policy", "no-referrer")
		if r.Host != l.listener.Addr().String() || subtle.ConstantTimeCompare([]byte(q.Get("state")), []byte(l.state)) != 1 {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = w.Write([]byte("This is no answer to the sign-in that is under way.\n"))
			return
		}
		_, _ = w.Write([]byte("privacydesk goes on in the terminal. You can close this page.\n"))
		select {
		case back <- q:
		default: // the page was loaded again
		}
	})
	return mux
}

func (l *Login) exchange(ctx context.Context, q url.Values) (Tokens, error) {
	if code := q.Get("error"); code != "" || q.Get("code") == "" {
		if plain(code) {
			return Tokens{}, fmt.Errorf("%w: %s", ErrDeclined, code)
		}
		return Tokens{}, ErrDeclined
	}
	t, err := l.grants.code(ctx, q.Get("code"), l.redirect, l.verifier)
	if err != nil {
		return Tokens{}, err
	}
	if t.Refresh == "" {
		return Tokens{}, fmt.Errorf("%s: the answer holds no refresh token", opSignIn)
	}
	o := l.grants.o
	o.RefreshToken = t.Refresh
	t.Of = o.origin(l.grants.base)
	return t, nil
}

// ShelfOf is a shelf of this process alone that begins with tokens, such as
// those of a Login.
func ShelfOf(t Tokens) TokenShelf { return &lonely{kept: t} }
