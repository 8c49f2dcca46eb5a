package zendesk

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	zd "github.com/nukosuke/go-zendesk/zendesk"
)

// credential is what the library reads at each request, and what the
// transport keeps fresh.
type credential interface {
	zd.Credential
	// ready makes sure that a call can be signed in; it may call Zendesk.
	ready(ctx context.Context) error
	// renewed replaces the secret that was just refused, unless somebody did
	// already. False: there is nothing to replace it by.
	renewed(ctx context.Context, refused string) (bool, error)
}

// tokenCredential is the old way. It never renews.
type tokenCredential struct{ *zd.APITokenCredential }

func (tokenCredential) ready(context.Context) error                   { return nil }
func (tokenCredential) renewed(context.Context, string) (bool, error) { return false, nil }

// Bounds of an access token's life, in seconds [docs, OAuth]. A short life is
// asked for: a token that leaks ends soon.
const (
	tokenLife    = 7200
	tokenMinLife = 300
	tokenSkew    = 2 * time.Minute
)

// oauthCredential keeps one access token of a client. It belongs to the
// installation, so renewing is done by one goroutine at a time.
type oauthCredential struct {
	o     OAuth
	url   string
	send  func(*http.Request) (*http.Response, error)
	clock func() time.Time
	turn  chan struct{} // holds one token: who has it may renew

	mu    sync.Mutex
	token string
	until time.Time // renew from then on
}

func newOAuthCredential(o OAuth, base string, clock func() time.Time, send func(*http.Request) (*http.Response, error)) *oauthCredential {
	return &oauthCredential{o: o, url: base + tokenPath, send: send, clock: clock, turn: make(chan struct{}, 1)}
}

const tokenPath = "/oauth/tokens" //nolint:gosec // no credential

func (c *oauthCredential) Email() string { return "" }
func (c *oauthCredential) Bearer() bool  { return true }
func (c *oauthCredential) Secret() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.token
}

func (c *oauthCredential) fresh() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.token != "" && c.clock().Before(c.until)
}

func (c *oauthCredential) ready(ctx context.Context) error {
	if c.fresh() {
		return nil
	}
	return c.alone(ctx, c.fresh)
}

func (c *oauthCredential) renewed(ctx context.Context, refused string) (bool, error) {
	err := c.alone(ctx, func() bool { return c.Secret() != refused && c.fresh() })
	return err == nil, err
}

// alone renews, unless done says that somebody else did while we waited.
func (c *oauthCredential) alone(ctx context.Context, done func() bool) error {
	select {
	case c.turn <- struct{}{}:
		defer func() { <-c.turn }()
	case <-ctx.Done():
		return fmt.Errorf("sign in to Zendesk: %w", ctx.Err())
	}
	if done() {
		return nil
	}
	return c.renew(ctx)
}

func (c *oauthCredential) renew(ctx context.Context) error {
	body, err := json.Marshal(map[string]any{
		"grant_type": "client_credentials", "client_id": c.o.ClientID, "client_secret": c.o.ClientSecret,
		"scope": c.o.Scope, "expires_in": tokenLife,
	})
	if err != nil {
		return errors.New("sign in to Zendesk: the client's id or secret does not encode")
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, bytes.NewReader(body))
	if err != nil {
		return errors.New("sign in to Zendesk: zendesk.url is no URL")
	}
	req.Header.Set("Content-Type", "application/json")
	asked := c.clock()
	resp, err := c.send(req)
	if err != nil {
		return failed("sign in to Zendesk", err)
	}
	defer resp.Body.Close()
	var answer struct {
		Token  string `json:"access_token"`
		Expire int64  `json:"expires_in"`
	}
	raw, err := readAll(resp.Body)
	switch {
	case err != nil:
		return failed("sign in to Zendesk", err)
	case resp.StatusCode != http.StatusOK && resp.StatusCode != http.StatusCreated:
		return apiError("sign in to Zendesk with zendesk.oauth", resp.StatusCode, raw)
	case json.Unmarshal(raw, &answer) != nil || answer.Token == "":
		return errors.New("sign in to Zendesk: the answer holds no token")
	}
	if answer.Expire <= 0 {
		answer.Expire = tokenMinLife
	}
	life := time.Duration(answer.Expire) * time.Second
	c.mu.Lock()
	defer c.mu.Unlock()
	c.token, c.until = answer.Token, asked.Add(life-min(tokenSkew, life/5))
	return nil
}
