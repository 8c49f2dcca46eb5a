package zendesksim

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// codeLife is how long an authorization code can be exchanged [docs, OAuth].
const codeLife = 120 * time.Second

// refreshLife is how long a refresh token lasts by default [docs, OAuth].
const refreshLife = 30 * 24 * time.Hour

// authorization is a code that waits to be exchanged.
type authorization struct {
	client, redirect, challenge, scope string
	userID                             int64
	until                              time.Time
}

// refreshToken renews the access token that was handed out with it.
type refreshToken struct {
	client, scope, access string
	userID                int64
	until                 time.Time
}

func oauthRoutes() []route {
	return []route{
		{"GET", "/oauth/authorizations/new", anyone, authorize},
		{"POST", "/oauth/tokens", anyone, createToken},
		{"GET", "/api/v2/oauth/tokens/current", signed, currentToken},
	}
}

// authorize is the page at which a person lets a client act. The person at the
// simulator's browser answers at once.
func authorize(c *call) (answer, error) {
	client, known := c.oauthClients[c.query("client_id")]
	redirect := c.query("redirect_uri")
	user := c.users.get(c.browser)
	switch {
	case !known || !slices.Contains(client.redirects, redirect) || c.query("response_type") != "code":
		return page([]byte("Invalid Authorization Request: no such client, or another redirect URL than it has")), nil
	case user == nil:
		return page([]byte("Sign in")), nil
	}
	back := url.Values{"state": {c.query("state")}}
	switch public := client.secret == ""; {
	case c.declines:
		back.Set("error", "access_denied")
		back.Set("error_description", "The end-user or authorization server denied the request.")
	case !scopeWithin(c.query("scope"), client.scope):
		back.Set("error", "invalid_scope")
	case public && (c.query("code_challenge") == "" || c.query("code_challenge_method") != "S256"):
		back.Set("error", "invalid_request")
	default:
		code := c.newToken(32)
		c.codes[code] = authorization{
			client: c.query("client_id"), redirect: redirect, challenge: c.query("code_challenge"), scope: c.query("scope"),
			userID: user.ID, until: c.opt.Clock().Add(codeLife),
		}
		back.Set("code", code)
	}
	a := answer{status: http.StatusFound}
	a.set("Location", redirect+"?"+back.Encode())
	return a, nil
}

// createToken serves client_credentials, authorization_code and
// refresh_token.
func createToken(c *call) (answer, error) {
	in, err := c.tokenRequest()
	if err != nil {
		return answer{}, err
	}
	client, known := c.oauthClients[in.ClientID]
	if !known || client.secret != in.ClientSecret {
		return answer{}, oauthError(http.StatusUnauthorized, "invalid_client",
			"Client authentication failed due to unknown client, no client authentication included, or unsupported authentication method.")
	}
	life := defaultTokenLife
	if in.ExpiresIn != "" {
		if life, err = strconv.Atoi(in.ExpiresIn.String()); err != nil || life < minTokenLife || life > maxTokenLife {
			return answer{}, oauthError(http.StatusBadRequest, "invalid_request", "expires_in must be between 300 and 172800.")
		}
	}
	grant := map[string]func(*call, tokenRequest, oauthClient, time.Duration) (object, error){
		"client_credentials": grantClient, "authorization_code": grantCode, "refresh_token": grantRefresh,
	}[in.GrantType]
	if grant == nil {
		return answer{}, oauthError(http.StatusBadRequest, "unsupported_grant_type", "The grant type is not supported.")
	}
	body, err := grant(c, in, client, time.Duration(life)*time.Second)
	if err != nil {
		return answer{}, err
	}
	return created(body), nil
}

// hand gives out an access token.
func (c *call) hand(client string, user int64, scope string, life time.Duration) (string, object) {
	token := c.newToken(32)
	c.bearer[token] = accessToken{id: c.newID(), client: client, userID: user, scope: scope, expires: c.opt.Clock().Add(life)}
	return token, object{"access_token": token, "token_type": "bearer", "scope": scope, "expires_in": int(life.Seconds())}
}

// handBoth gives out an access token and what renews it.
func (c *call) handBoth(client string, user int64, scope string, life time.Duration) object {
	token, body := c.hand(client, user, scope, life)
	again := c.newToken(40)
	c.refresh[again] = refreshToken{client: client, scope: scope, access: token, userID: user, until: c.opt.Clock().Add(refreshLife)}
	body["refresh_token"], body["refresh_token_expires_in"] = again, int(refreshLife.Seconds())
	return body
}

func grantClient(c *call, in tokenRequest, client oauthClient, life time.Duration) (object, error) {
	if client.secret == "" {
		return nil, oauthError(http.StatusBadRequest, "unauthorized_client", "The client is not authorized to use this grant type.")
	}
	scope := in.Scope
	if scope == "" {
		scope = client.scope
	}
	if !scopeWithin(scope, client.scope) {
		return nil, oauthError(http.StatusBadRequest, "invalid_scope", "The requested scope is invalid, unknown, or malformed.")
	}
	_, body := c.hand(in.ClientID, client.userID, scope, life)
	return body, nil
}

// grantCode takes a code once, from the client that it was made for, for the
// same redirect URL, with the verifier whose digest was its challenge.
func grantCode(c *call, in tokenRequest, _ oauthClient, life time.Duration) (object, error) {
	a, known := c.codes[in.Code]
	delete(c.codes, in.Code)
	digest := sha256.Sum256([]byte(in.Verifier))
	proved := a.challenge == "" || a.challenge == base64.RawURLEncoding.EncodeToString(digest[:])
	if !known || a.client != in.ClientID || a.redirect != in.RedirectURI || !proved || !c.opt.Clock().Before(a.until) {
		return nil, invalidGrant()
	}
	return c.handBoth(a.client, a.userID, a.scope, life), nil
}

// grantRefresh ends the tokens that it replaces.
func grantRefresh(c *call, in tokenRequest, _ oauthClient, life time.Duration) (object, error) {
	r, known := c.refresh[in.RefreshToken]
	if !known || r.client != in.ClientID || !c.opt.Clock().Before(r.until) {
		return nil, invalidGrant()
	}
	delete(c.refresh, in.RefreshToken)
	delete(c.bearer, r.access)
	return c.handBoth(r.client, r.userID, r.scope, life), nil
}

func invalidGrant() error {
	return oauthError(http.StatusBadRequest, "invalid_grant",
		"The provided authorization grant is invalid, expired, revoked, does not match the redirection URI, or was issued to another client.")
}

// currentToken tells of the token that the call was signed with.
func currentToken(c *call) (answer, error) {
	token := c.bearerToken()
	t, known := c.bearer[token]
	if !known {
		return answer{}, notFound() // an API token is no OAuth token
	}
	return ok(object{"token": object{
		"id": t.id, "url": c.url("oauth/tokens/%d", t.id), "user_id": t.userID, "token": token[:10],
		"scopes": strings.Fields(t.scope), "expires_at": stamp(t.expires), "created_at": stamp(c.now()), "used_at": stamp(c.now()),
	}}), nil
}
