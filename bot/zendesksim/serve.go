package zendesksim

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// maxBody bounds a request: Zendesk's limit for one file is 50 MB.
const maxBody = 50 << 20

// access says who may call a route.
type access int

const (
	anyone  access = iota // no credentials needed
	signed                // any user
	agents                // agents and admins
	admins                // admins
	visitor               // credentials, or a browser's session, are read if there are any
	browser               // a page for whoever comes
	person                // a page for whoever is signed in at the browser
	staff                 // a page for agents and admins who are
)

type handler func(*call) (answer, error)

// route is one endpoint. In path, ":id" matches digits, "*name" anything.
type route struct {
	method string
	path   string
	who    access
	handle handler
}

// call is one request while it is being answered.
type call struct {
	*Sim
	req    *http.Request
	came   time.Time
	body   []byte
	params map[string]string
	user   *User  // nil when nobody signed in
	scope  string // of the OAuth token; "" for an API token
	fault  Kind   // what strikes this request; "" for nothing
	base   string // begins the URLs in the answer

	session   *session // of the browser, on pages alone: a cookie counts for no API call
	setCookie bool
}

func (c *call) id(name string) int64 {
	n, err := strconv.ParseInt(c.params[name], 10, 64)
	if err != nil {
		return 0 // no record has it
	}
	return n
}

func (c *call) query(key string) string { return c.req.URL.Query().Get(key) }

// decode reads the JSON body into v. Numbers in `any` stay json.Number.
func (c *call) decode(v any) error {
	dec := json.NewDecoder(bytes.NewReader(c.body))
	dec.UseNumber()
	if err := dec.Decode(v); err != nil {
		return refuse(http.StatusBadRequest, "InvalidJSON", "The request body is not valid JSON for this endpoint")
	}
	return nil
}

func (s *Sim) allRoutes() []route {
	var all []route
	for _, group := range [][]route{
		ticketRoutes(), bulkRoutes(), metricRoutes(), requestRoutes(), clientReads(), moreExportRoutes(), relationRoutes(),
		commentRoutes(), exportRoutes(), fileRoutes(), userRoutes(), organizationRoutes(),
		groupRoutes(), fieldRoutes(), goneRoutes(), searchRoutes(), settingsRoutes(), webhookRoutes(), triggerRoutes(), automationRoutes(), viewRoutes(), oauthRoutes(), sessionRoutes(), helpCentre(), agentPages(),
	} {
		all = append(all, group...)
	}
	return all
}

// ServeHTTP answers as the account would. A fault that cuts the connection
// panics with http.ErrAbortHandler, which net/http's server understands.
func (s *Sim) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if no := stranger(r); no != nil {
		no.write(w)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody+1))
	if err != nil {
		var large *http.MaxBytesError
		if errors.As(err, &large) {
			a := refuse(http.StatusRequestEntityTooLarge, "AttachmentTooLarge", "The file is larger than 50 MB")
			a.write(w)
		}
		return // the client went away in the middle of its request
	}
	c := &call{Sim: s, req: r, came: s.opt.Clock(), body: body, base: requestBase(r)}
	fault := s.takeFault(r)
	s.serveWith(r.Context(), fault, c, w)
}

func requestBase(r *http.Request) string {
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	return scheme + "://" + r.Host
}

// handle runs one request as one step and records it.
func (c *call) handle() answer {
	c.mu.Lock()
	defer c.mu.Unlock()
	a := c.answer()
	c.record(a.status)
	return a
}

func (c *call) answer() answer {
	rt, status := c.match()
	if rt == nil {
		r := refuse(status, "InvalidEndpoint", "Not found")
		return r.answer
	}
	var a answer
	err := c.admit(rt)
	if err == nil {
		a, err = rt.handle(c)
	}
	if err != nil {
		var r *refusal
		if !errors.As(err, &r) {
			panic(fmt.Errorf("zendesksim: %s %s: %w", rt.method, rt.path, err))
		}
		a = r.answer
	}
	c.limitHeaders(&a)
	c.withCookie(&a)
	return a
}

// admit checks credentials, role, scope and limits before the handler runs.
func (c *call) admit(rt *route) error {
	switch rt.who {
	case anyone:
		return nil
	case browser, person, staff:
		return c.admitBrowser(rt)
	default: // by credentials, below
	}
	err := c.authenticate()
	if rt.who == visitor {
		if err != nil {
			c.findSession()
		}
		return nil // who has no or wrong credentials is a stranger here
	}
	if err != nil {
		return err
	}
	if err := c.spendRequest(); err != nil {
		return err
	}
	if allowed := rt.who == signed || c.user.Role == Admin || (rt.who == agents && c.user.Role == Agent); !allowed {
		return forbidden()
	}
	return c.checkScope()
}

func (c *call) match() (*route, int) {
	path := strings.TrimSuffix(strings.TrimSuffix(c.req.URL.Path, "/"), ".json")
	parts := strings.Split(path, "/")
	status := http.StatusNotFound
	for i := range c.routes {
		rt := &c.routes[i]
		params, fits := matchPath(rt.path, parts)
		if !fits {
			continue
		}
		if rt.method != c.req.Method {
			status = http.StatusMethodNotAllowed
			continue
		}
		c.params = params
		return rt, 0
	}
	return nil, status
}

func matchPath(pattern string, parts []string) (map[string]string, bool) {
	want := strings.Split(pattern, "/")
	if len(want) != len(parts) {
		return nil, false
	}
	var params map[string]string
	for i, w := range want {
		switch {
		case strings.HasPrefix(w, ":"):
			if _, err := strconv.ParseInt(parts[i], 10, 64); err != nil {
				return nil, false
			}
		case strings.HasPrefix(w, "*"):
			if parts[i] == "" {
				return nil, false
			}
		case w != parts[i]:
			return nil, false
		default:
			continue
		}
		if params == nil {
			params = map[string]string{}
		}
		params[w[1:]] = parts[i]
	}
	return params, true
}
