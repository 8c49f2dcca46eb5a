package zendesksim

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
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
	secret string
	userID int64
	scope  string
}

type accessToken struct {
	userID  int64
	scope   string
	expires time.Time
}

// AddAPIToken lets email/token:token sign in as the user with that address.
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

// RevokeTokens ends every access token that was handed out.
func (s *Sim) RevokeTokens() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.bearer)
}

// authenticate fills in the call's user from its Authorization header.
func (c *call) authenticate() error {
	if email, token, isBasic := c.req.BasicAuth(); isBasic {
		address, isToken := strings.CutSuffix(email, "/token")
		owner, known := c.apiTokens[token]
		ended := !c.opt.APITokensEnd.IsZero() && !c.opt.Clock().Before(c.opt.APITokensEnd)
		if !isToken || !known || ended || !strings.EqualFold(owner, address) {
			return notAuthenticated()
		}
		return c.signIn(c.userByEmail(address), notAuthenticated())
	}
	token, isBearer := strings.CutPrefix(c.req.Header.Get("Authorization"), "Bearer ")
	if !isBearer {
		return notAuthenticated()
	}
	t, known := c.bearer[token]
	if !known || !c.opt.Clock().Before(t.expires) {
		return invalidToken()
	}
	c.scope = t.scope
	return c.signIn(c.users.get(t.userID), invalidToken())
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

func oauthRoutes() []route {
	return []route{
		{"POST", "/oauth/tokens", anyone, createToken},
	}
}

type tokenRequest struct {
	GrantType    string      `json:"grant_type"`
	ClientID     string      `json:"client_id"`
	ClientSecret string      `json:"client_secret"`
	Scope        string      `json:"scope"`
	ExpiresIn    json.Number `json:"expires_in"`
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
	}
	if id, secret, isBasic := c.req.BasicAuth(); isBasic {
		in.ClientID, in.ClientSecret = id, secret
	}
	return in, nil
}

// createToken serves the client_credentials grant alone: the others need a
// person at a browser.
func createToken(c *call) (answer, error) {
	in, err := c.tokenRequest()
	if err != nil {
		return answer{}, err
	}
	client, known := c.oauthClients[in.ClientID]
	switch {
	case in.GrantType != "client_credentials":
		return answer{}, oauthError(http.StatusBadRequest, "unsupported_grant_type", "The simulator grants client_credentials only.")
	case !known || client.secret != in.ClientSecret:
		return answer{}, oauthError(http.StatusUnauthorized, "invalid_client",
			"Client authentication failed due to unknown client, no client authentication included, or unsupported authentication method.")
	}
	scope := in.Scope
	if scope == "" {
		scope = client.scope
	}
	if !scopeWithin(scope, client.scope) {
		return answer{}, oauthError(http.StatusBadRequest, "invalid_scope", "The requested scope is invalid, unknown, or malformed.")
	}
	life := defaultTokenLife
	if in.ExpiresIn != "" {
		if life, err = strconv.Atoi(in.ExpiresIn.String()); err != nil || life < minTokenLife || life > maxTokenLife {
			return answer{}, oauthError(http.StatusBadRequest, "invalid_request", "expires_in must be between 300 and 172800.")
		}
	}
	token := c.newToken(32)
	c.bearer[token] = accessToken{client.userID, scope, c.opt.Clock().Add(time.Duration(life) * time.Second)}
	return created(object{"access_token": token, "token_type": "bearer", "scope": scope, "expires_in": life}), nil
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
