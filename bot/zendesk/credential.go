package zendesk

import (
	"context"
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
	// prove makes sure that what is configured, and not what an earlier
	// configuration left, lets us in: it signs in unless the tokens at hand were
	// got by the very secret; always if anew.
	prove(ctx context.Context, anew bool) error
}

// tokenCredential is the old way. It never renews.
type tokenCredential struct{ *zd.APITokenCredential }

func (tokenCredential) ready(context.Context) error                   { return nil }
func (tokenCredential) renewed(context.Context, string) (bool, error) { return false, nil }
func (tokenCredential) prove(context.Context, bool) error             { return nil } // each call does

// oauthCredential uses the tokens of a client. They belong to the installation
// and lie on its shelf; renewing is done by one goroutine of one replica at a
// time.
type oauthCredential struct {
	grants grants
	of     string // of our tokens
	shelf  TokenShelf
	clock  func() time.Time
	turn   chan struct{} // holds one token: who has it may go to the shelf

	mu   sync.Mutex
	held Tokens
}

func newOAuthCredential(o OAuth, base string, shelf TokenShelf, clock func() time.Time, send func(*http.Request) (*http.Response, error)) *oauthCredential {
	if shelf == nil {
		shelf = &lonely{}
	}
	g := grants{o: o, base: base, clock: clock, send: send}
	return &oauthCredential{grants: g, of: o.origin(base), shelf: shelf, clock: clock, turn: make(chan struct{}, 1)}
}

func (c *oauthCredential) Email() string  { return "" }
func (c *oauthCredential) Bearer() bool   { return true }
func (c *oauthCredential) Secret() string { return c.ours().Access }

func (c *oauthCredential) ours() Tokens {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.held
}

func (c *oauthCredential) hold(t Tokens) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.held = t
}

// fresh is true for tokens that can be used now.
func (c *oauthCredential) fresh(t Tokens) bool {
	return t.Of == c.of && t.Access != "" && c.clock().Before(t.Until)
}

func (c *oauthCredential) ready(ctx context.Context) error {
	if c.fresh(c.ours()) {
		return nil
	}
	return c.alone(ctx, c.fresh)
}

func (c *oauthCredential) renewed(ctx context.Context, refused string) (bool, error) {
	err := c.alone(ctx, func(t Tokens) bool { return t.Access != refused && c.fresh(t) })
	return err == nil, err
}

// prove signs in anew only a client that acts for itself: a person's consent is
// replaced with each use, and must not be risked for a look.
func (c *oauthCredential) prove(ctx context.Context, anew bool) error {
	by, old := c.grants.o.proof(), map[string]bool{}
	if anew && c.grants.o.RefreshToken == "" {
		shared, err := c.shelf.Load(ctx)
		if err != nil {
			return fmt.Errorf("%s: read the shared tokens: %w", opSignIn, err)
		}
		old[shared.Access], old[c.ours().Access] = true, true
	}
	return c.alone(ctx, func(t Tokens) bool { return c.fresh(t) && t.By == by && !old[t.Access] })
}

// alone takes the shelf's tokens, and renews them unless they are good: a
// goroutine of ours or another replica may have done so while we waited.
func (c *oauthCredential) alone(ctx context.Context, good func(Tokens) bool) error {
	select {
	case c.turn <- struct{}{}:
		defer func() { <-c.turn }()
	case <-ctx.Done():
		return fmt.Errorf("%s: %w", opSignIn, ctx.Err())
	}
	if good(c.ours()) {
		return nil
	}
	shared, err := c.shelf.Load(ctx)
	if err != nil {
		return fmt.Errorf("%s: read the shared tokens: %w", opSignIn, err)
	}
	if good(shared) {
		c.hold(shared)
		return nil
	}
	next, err := c.shelf.Renew(ctx, func(ctx context.Context, now Tokens) (Tokens, error) {
		if good(now) {
			return now, nil
		}
		return c.renew(ctx, now)
	})
	if next.Access != "" {
		c.hold(next) // also when it could not be kept: it replaced what others have
	}
	switch {
	case next.Access != "":
		return nil
	case err == nil:
		return fmt.Errorf("%s: the shared tokens were taken away meanwhile", opSignIn)
	}
	return err
}

// renew asks for new tokens by the newest right that we have.
func (c *oauthCredential) renew(ctx context.Context, now Tokens) (Tokens, error) {
	if ours := c.ours(); ours.Of == c.of && (now.Of != c.of || ours.Until.After(now.Until)) {
		now = ours
	}
	right := c.grants.o.RefreshToken
	if now.Of == c.of && now.Refresh != "" {
		right = now.Refresh
	}
	var next Tokens
	var err error
	if right == "" {
		next, err = c.grants.client(ctx)
	} else {
		next, err = c.grants.refresh(ctx, right)
	}
	next.Of, next.By = c.of, c.grants.o.proof()
	return next, err
}
