package zendesksim_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"privacydesk/bot/zendesksim"
)

type obj = map[string]any

// clock is a clock that a test moves.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func newClock() *clock { return &clock{at: time.Date(2026, 3, 2, 9, 0, 0, 500e6, time.UTC)} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// world is an account with an admin bot, an agent and a customer.
type world struct {
	t                    *testing.T
	clock                *clock
	sim                  *zendesksim.Sim
	server               *httptest.Server
	org, bot, agent, ann int64
}

const (
	botMail   = "bot@desk.example"
	agentMail = "agent@desk.example"
	annMail   = "ann@shop.example"
	token     = "bot-token"
)

func newWorld(t *testing.T, o zendesksim.Options) *world {
	t.Helper()
	w := &world{t: t, clock: newClock()}
	o.Clock = w.clock.now
	w.sim = zendesksim.New(o)
	w.org = w.sim.AddOrganization(zendesksim.Organization{Name: "Shop", SharedTickets: true})
	w.bot = w.sim.AddUser(zendesksim.User{Name: "Privacy Bot", Email: botMail, Role: zendesksim.Admin, Verified: true})
	w.agent = w.sim.AddUser(zendesksim.User{Name: "Agnes Agent", Email: agentMail, Role: zendesksim.Agent, Verified: true})
	w.ann = w.sim.AddUser(zendesksim.User{Name: "Ann Admin", Email: annMail, Verified: true, OrganizationIDs: []int64{w.org}})
	w.sim.AddAPIToken(botMail, token)
	w.sim.AddAPIToken(agentMail, "agent-token")
	w.sim.AddAPIToken(annMail, "ann-token")
	w.server = httptest.NewServer(w.sim)
	t.Cleanup(w.server.Close)
	return w
}

func (w *world) file(body string) int64 {
	return w.sim.FileTicket(zendesksim.NewTicket{RequesterID: w.ann, Subject: "Please delete", Body: body})
}

// reply is an answer as the client saw it.
type reply struct {
	status int
	header http.Header
	raw    []byte
	body   obj
}

func (r reply) at(path string) any {
	var v any = r.body
	for _, key := range strings.Split(path, ".") {
		switch in := v.(type) {
		case obj:
			v = in[key]
		case []any:
			var i int
			if _, err := fmt.Sscan(key, &i); err != nil || i >= len(in) {
				return nil
			}
			v = in[i]
		default:
			return nil
		}
	}
	return v
}

func (w *world) request(method, path string, body any, auth func(*http.Request), header ...string) (reply, error) {
	w.t.Helper()
	var content io.Reader
	switch b := body.(type) {
	case nil:
	case []byte:
		content = bytes.NewReader(b)
	default:
		raw, err := json.Marshal(b)
		if err != nil {
			w.t.Fatal(err)
		}
		content = bytes.NewReader(raw)
	}
	url := path
	if !strings.HasPrefix(path, "http") {
		url = w.server.URL + path
	}
	req, err := http.NewRequestWithContext(context.Background(), method, url, content)
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	auth(req)
	resp, err := w.server.Client().Do(req)
	if err != nil {
		return reply{}, err
	}
	defer func() { _ = resp.Body.Close() }()
	r := reply{status: resp.StatusCode, header: resp.Header}
	if r.raw, err = io.ReadAll(resp.Body); err != nil {
		return r, err
	}
	_ = json.Unmarshal(r.raw, &r.body) // not every answer is JSON
	return r, nil
}

func asBot(r *http.Request)   { r.SetBasicAuth(botMail+"/token", token) }
func asAgent(r *http.Request) { r.SetBasicAuth(agentMail+"/token", "agent-token") }
func asAnn(r *http.Request)   { r.SetBasicAuth(annMail+"/token", "ann-token") }
func asNobody(*http.Request)  {}

// call wants an answer with that status.
func (w *world) call(method, path string, body any, want int, header ...string) reply {
	w.t.Helper()
	return w.callAs(asBot, method, path, body, want, header...)
}

func (w *world) callAs(auth func(*http.Request), method, path string, body any, want int, header ...string) reply {
	w.t.Helper()
	r, err := w.request(method, path, body, auth, header...)
	if err != nil {
		w.t.Fatalf("%s %s: %v", method, path, err)
	}
	if r.status != want {
		w.t.Fatalf("%s %s: status %d, want %d: %s", method, path, r.status, want, r.raw)
	}
	return r
}

func ticketPath(id int64) string { return fmt.Sprintf("/api/v2/tickets/%d.json", id) }

func ticketBody(kv ...any) obj {
	t := obj{}
	for i := 0; i+1 < len(kv); i += 2 {
		t[kv[i].(string)] = kv[i+1]
	}
	return obj{"ticket": t}
}

func equal(t *testing.T, what string, got, want any) {
	t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}
