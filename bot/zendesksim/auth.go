package zendesksim

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Bounds of an access token's life, in seconds [docs, OAuth].
const (
	minTokenLife     = 300
	maxTokenLife     = 172_800
	defaultTokenLife = 7_200
)

type oauthClient struct {
	secret    string
	userID    int64
	scope     string
	redirects []string // of the authorization code grant
}

type accessToken struct {
	id      int64
	client  string
	userID  int64
	scope   string
	expires time.Time
}

// AddAPIToken lets email/token:token sign in as the user with that address; as
// any user of the account, as Zendesk's own do, where the address is "".
func (s *Sim) AddAPIToken(email, token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.apiTokens[token] = email
}

// AddOAuthClient registers a confidential client whose tokens act as userID,
// with at most the scopes given ("read write" when empty).
func (s *Sim) AddOAuthClient(id, secret string, userID int64, scope string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if scope == "" {
		scope = "read write"
	}
	s.oauthClients[id] = oauthClient{secret: secret, userID: userID, scope: scope}
}

// AddRedirect lets a client ask people for their consent and be called back at
// the URL. A client that is not there yet becomes a public one: it has no
// secret and must use PKCE.
func (s *Sim) AddRedirect(client, redirect string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, known := s.oauthClients[client]
	if !known {
		c.scope = "read write"
	}
	c.redirects = append(c.redirects, redirect)
	s.oauthClients[client] = c
}

// RevokeTokens ends every access token that was handed out.
func (s *Sim) RevokeTokens() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.bearer)
}

// EndRefreshTokens ends every refresh token that was handed out.
func (s *Sim) EndRefreshTokens() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.refresh)
}

// authenticate fills in the call's user from its Authorization header.
func (c *call) authenticate() error {
	if email, token, isBasic := c.req.BasicAuth(); isBasic {
		address, isToken := strings.CutSuffix(email, "/token")
		owner, known := c.apiTokens[token]
		ended := !c.opt.APITokensEnd.IsZero() && !c.opt.Clock().Before(c.opt.APITokensEnd)
		if !isToken || !known || ended || owner != "" && !strings.EqualFold(owner, address) {
			return notAuthenticated()
		}
		return c.signIn(c.userByEmail(address), notAuthenticated())
	}
	token := c.bearerToken()
	if token == "" {
		return notAuthenticated()
	}
	t, known := c.bearer[token]
	if !known || !c.opt.Clock().Before(t.expires) {
		return invalidToken()
	}
	c.scope = t.scope
	return c.signIn(c.users.get(t.userID), invalidToken())
}

func (c *call) bearerToken() string {
	token, isBearer := strings.CutPrefix(c.req.Header.Get("Authorization"), "Bearer ")
	if !isBearer {
		return ""
	}
	return token
}

func (c *call) signIn(u *User, otherwise error) error {
	if u == nil || u.Suspended || u.Deleted {
		return otherwise
	}
	c.user = u
	return nil
}

// checkScope wants read or RESOURCE:read for reads, and write likewise.
func (c *call) checkScope() error {
	if c.scope == "" {
		return nil
	}
	need := "write"
	if isRead(c.req.Method) {
		need = "read"
	}
	resource := strings.Split(strings.TrimPrefix(c.req.URL.Path, "/api/v2/"), "/")[0]
	resource = strings.TrimSuffix(resource, ".json")
	for _, s := range strings.Fields(c.scope) {
		if s == need || s == resource+":"+need {
			return nil
		}
	}
	return &refusal{answer{status: http.StatusForbidden, body: object{
		"error": "Forbidden", "description": "You are missing the following required scopes: " + need,
	}}}
}

type tokenRequest struct {
	GrantType    string      `json:"grant_type"`
	ClientID     string      `json:"client_id"`
	ClientSecret string      `json:"client_secret"`
	Scope        string      `json:"scope"`
	ExpiresIn    json.Number `json:"expires_in"`
	Code         string      `json:"code"`
	RedirectURI  string      `json:"redirect_uri"`
	Verifier     string      `json:"code_verifier"`
	RefreshToken string      `json:"refresh_token"`
}

func (c *call) tokenRequest() (tokenRequest, error) {
	var in tokenRequest
	if !strings.HasPrefix(c.req.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		return in, c.decode(&in)
	}
	form, err := url.ParseQuery(string(c.body))
	if err != nil {
		return in, oauthError(http.StatusBadRequest, "invalid_request", "The form can't be read.")
	}
	in = tokenRequest{
		GrantType: form.Get("grant_type"), ClientID: form.Get("client_id"), ClientSecret: form.Get("client_secret"),
		Scope: form.Get("scope"), ExpiresIn: json.Number(form.Get("expires_in")),
		Code: form.Get("code"), RedirectURI: form.Get("redirect_uri"), Verifier: form.Get("code_verifier"), RefreshToken: form.Get("refresh_token"),
	}
	if id, secret, isBasic := c.req.BasicAuth(); isBasic {
		in.ClientID, in.ClientSecret = id, secret
	}
	return in, nil
}

// scopeWithin tells whether each wanted scope is one that the client has, or
// a narrower one ("tickets:read" within "read").
func scopeWithin(wanted, has string) bool {
	for _, w := range strings.Fields(wanted) {
		kind := w[strings.LastIndexByte(w, ':')+1:]
		found := false
		for _, h := range strings.Fields(has) {
			found = found || h == w || h == kind
		}
		if !found {
			return false
		}
	}
	return true
}

func oauthError(status int, code, description string) error {
	return &refusal{answer{status: status, body: object{"error": code, "error_description": description}}}
}
