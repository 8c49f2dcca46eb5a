package zendesk

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// Bounds of an access token's life, in seconds [docs, OAuth]. A short life is
// asked for: a token that leaks ends soon.
const (
	tokenLife    = 7200
	tokenMinLife = 300
	tokenSkew    = 2 * time.Minute
)

const (
	tokenPath = "/oauth/tokens" //nolint:gosec // no credential
	opSignIn  = "sign in to Zendesk"
)

// ErrSignInAgain says that the person's consent is used up, taken back, or out of time.
var ErrSignInAgain = errors.New("the person's consent is not valid any more; sign in again: privacydesk zendesk login")

// grants asks an account for tokens.
type grants struct {
	o     OAuth
	base  string
	clock func() time.Time
	send  func(*http.Request) (*http.Response, error)
}

// client asks in the name of the client itself.
func (g grants) client(ctx context.Context) (Tokens, error) {
	return g.ask(ctx, map[string]any{"grant_type": "client_credentials", "scope": g.o.Scope})
}

// refresh replaces tokens; those before end.
func (g grants) refresh(ctx context.Context, token string) (Tokens, error) {
	t, err := g.ask(ctx, map[string]any{"grant_type": "refresh_token", "refresh_token": token})
	if hasCode(err, http.StatusBadRequest, "invalid_grant") {
		return t, fmt.Errorf("%w: %w", ErrSignInAgain, err)
	}
	if err == nil && t.Refresh == "" {
		return t, fmt.Errorf("%s: the answer holds no refresh token", opSignIn)
	}
	return t, err
}

// code exchanges what a person's consent gave.
func (g grants) code(ctx context.Context, code, redirect, verifier string) (Tokens, error) {
	return g.ask(ctx, map[string]any{
		"grant_type": "authorization_code", "code": code, "redirect_uri": redirect, "code_verifier": verifier, "scope": g.o.Scope,
	})
}

func (g grants) ask(ctx context.Context, in map[string]any) (Tokens, error) {
	in["client_id"], in["expires_in"] = g.o.ClientID, tokenLife
	if g.o.ClientSecret != "" {
		in["client_secret"] = g.o.ClientSecret
	}
	body, err := json.Marshal(in)
	if err != nil {
		return Tokens{}, fmt.Errorf("%s: the client's id or secret does not encode", opSignIn)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, g.base+tokenPath, bytes.NewReader(body))
	if err != nil {
		return Tokens{}, fmt.Errorf("%s: zendesk.url is no URL", opSignIn)
	}
	req.Header.Set("Content-Type", "application/json")
	asked := g.clock()
	resp, err := g.send(req)
	if err != nil {
		return Tokens{}, failed(opSignIn, err)
	}
	defer resp.Body.Close()
	raw, err := readAll(resp.Body)
	switch {
	case err != nil:
		return Tokens{}, failed(opSignIn, err)
	case resp.StatusCode != http.StatusOK && resp.StatusCode != http.StatusCreated:
		return Tokens{}, apiError(opSignIn+" with zendesk.oauth", resp.StatusCode, raw)
	}
	return readTokens(asked, raw)
}

func readTokens(asked time.Time, raw []byte) (Tokens, error) {
	var answer struct {
		Access  string `json:"access_token"`
		Refresh string `json:"refresh_token"`
		Expire  int64  `json:"expires_in"`
	}
	if json.Unmarshal(raw, &answer) != nil || answer.Access == "" {
		return Tokens{}, fmt.Errorf("%s: the answer holds no token", opSignIn)
	}
	if answer.Expire <= 0 {
		answer.Expire = tokenMinLife
	}
	life := time.Duration(answer.Expire) * time.Second
	return Tokens{Access: answer.Access, Refresh: answer.Refresh, Until: asked.Add(life - min(tokenSkew, life/5))}, nil
}
