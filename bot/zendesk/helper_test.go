package zendesk_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"privacydesk/bot"
	"privacydesk/bot/bottest"
	"privacydesk/bot/zendesk"
	"privacydesk/bot/zendesksim"
)

// clock is moved by tests, and by whoever sleeps on it.
type clock struct {
	mu    sync.Mutex
	at    time.Time
	slept time.Duration
}

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

func (c *clock) sleep(ctx context.Context, d time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
	c.slept += d
	return ctx.Err()
}

const (
	botMail    = "bot@desk.example"
	agentMail  = "agent@desk.example"
	annMail    = "ann@shop.example"
	secretText = "jo@shop.example" // stands for personal data in every ticket
)

// world is an account and our desk on it.
type world struct {
	*testing.T
	clock           *clock
	sim             *zendesksim.Sim
	server          *httptest.Server
	options         zendesk.Options
	desk            *zendesk.Desk
	bot, agent, ann int64
	due, progress   int64
	resolved        int64
	mu              sync.Mutex
	calls           []zendesk.Call
	transport       http.RoundTripper
}

func newWorld(t *testing.T, o zendesksim.Options, edits ...func(*world)) *world {
	t.Helper()
	w := &world{T: t, clock: &clock{at: time.Date(2026, 3, 2, 9, 0, 0, 250e6, time.UTC)}}
	o.Clock, o.Sleep = w.clock.now, w.clock.sleep
	w.sim = zendesksim.New(o)
	w.bot = w.sim.AddUser(zendesksim.User{Name: "Privacy Bot", Email: botMail, Role: zendesksim.Admin, Verified: true})
	w.agent = w.sim.AddUser(zendesksim.User{Name: "Agnes Agent", Email: agentMail, Role: zendesksim.Agent, Verified: true})
	w.ann = w.sim.AddUser(zendesksim.User{Name: "Ann Admin", Email: annMail, Verified: true})
	w.sim.AddOAuthClient("privacydesk", "client-secret", w.bot, "read write")
	w.sim.AddAPIToken(agentMail, "agent-token")
	w.due = w.sim.AddTicketField(zendesksim.TicketField{Title: "Due", Type: "date"})
	w.progress = w.sim.AddTicketField(zendesksim.TicketField{Title: "Progress", Type: "text"})
	w.resolved = w.sim.AddCustomStatus("solved", "Resolved")
	// Zendesk's Date is Zendesk's clock.
	w.server = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		rw.Header().Set("Date", w.clock.now().UTC().Format(http.TimeFormat))
		w.sim.ServeHTTP(rw, r)
	}))
	t.Cleanup(w.server.Close)
	w.options = zendesk.Options{
		URL: w.server.URL, OAuth: zendesk.OAuth{ClientID: "privacydesk", ClientSecret: "client-secret"},
		DueField: w.due, ProgressField: w.progress, Timeout: 20 * time.Second,
	}
	base := &http.Transport{}
	t.Cleanup(base.CloseIdleConnections)
	w.transport = base
	for _, edit := range edits {
		edit(w)
	}
	w.desk = w.open()
	return w
}

func (w *world) open() *zendesk.Desk {
	w.Helper()
	d, err := zendesk.New(w.options, zendesk.Env{
		Clock: w.clock.now, Sleep: w.clock.sleep, HTTP: w.transport, Jitter: func() float64 { return 0.5 },
		Observe: func(c zendesk.Call) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.calls = append(w.calls, c)
		},
	})
	if err != nil {
		w.Fatal(err)
	}
	return d
}

// file makes a ticket whose second is over.
func (w *world) file() int64 {
	id := w.sim.FileTicket(zendesksim.NewTicket{RequesterID: w.ann, Subject: "Please delete", Body: "of " + secretText})
	w.clock.add(time.Minute)
	return id
}

func (w *world) ticket(id int64) *bot.Ticket {
	w.Helper()
	t, err := w.desk.Ticket(w.Context(), id)
	if err != nil {
		w.Fatal(err)
	}
	return t
}

func step(t *bot.Ticket, html string) bot.Update {
	return bot.Update{
		Ticket: t.ID, Stamp: t.Stamp, HTML: html, Public: true,
		Mark: bot.Mark{Request: bot.IDOfTicket(t.ID), Step: "receipt", MAC: "mac"},
	}
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// forge writes an update as the agent's program would.
func (w *world) forge(ticket int64, m bot.Mark) {
	w.Helper()
	body, err := json.Marshal(map[string]any{"ticket": map[string]any{
		"comment":  map[string]any{"body": "a note", "public": false},
		"metadata": map[string]any{"privacydesk": map[string]string{"request": m.Request, "step": m.Step, "mac": m.MAC}},
	}})
	w.must(err)
	w.asAgent(http.MethodPut, ticket, body)
}

func (w *world) asAgent(method string, ticket int64, body []byte) {
	w.Helper()
	req, err := http.NewRequestWithContext(w.Context(), method, w.server.URL+ticketPath(ticket), bytes.NewReader(body))
	w.must(err)
	req.SetBasicAuth(agentMail+"/token", "agent-token")
	req.Header.Set("Content-Type", "application/json")
	resp, err := w.server.Client().Do(req)
	w.must(err)
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		w.Fatalf("the agent's %s: %d", method, resp.StatusCode)
	}
}

func TestDeskSuite(t *testing.T) {
	bottest.DeskSuite(t, func(t *testing.T) bottest.DeskWorld { return newWorld(t, zendesksim.Options{}).suite() })
}

func (w *world) suite() bottest.DeskWorld {
	other := w.sim.AddUser(zendesksim.User{Name: "Cy Colleague", Email: "cy@shop.example", Verified: true})
	return bottest.DeskWorld{
		Desk: w.desk, Now: w.clock.now, Advance: w.clock.add,
		File: func(subject, body string) int64 {
			return w.sim.FileTicket(zendesksim.NewTicket{RequesterID: w.ann, Subject: subject, Body: body})
		},
		Reply: func(ticket int64, body string) {
			_, _, err := w.sim.Reply(ticket, w.ann, body, zendesksim.ReplyOptions{Public: true})
			w.must(err)
		},
		Tag: func(ticket int64, tag string) {
			w.must(w.sim.UpdateAs(w.agent, ticket, func(t *zendesksim.Ticket) { t.Tags = append(t.Tags, tag) }))
		},
		CustomerTag: func(tag string) int64 {
			return w.sim.FileTicket(zendesksim.NewTicket{RequesterID: w.ann, Subject: "Hello", Body: "x", Tags: []string{tag}})
		},
		Forge: w.forge,
		Copy: func(ticket int64) {
			w.must(w.sim.UpdateAs(w.agent, ticket, func(t *zendesksim.Ticket) { t.EmailCCIDs = append(t.EmailCCIDs, other) }))
		},
		Close:  func(ticket int64) { w.must(w.sim.CloseTicket(ticket)) },
		Delete: func(ticket int64) { w.must(w.sim.DeleteTicket(ticket)) },
		Comments: func(ticket int64) []bottest.DeskComment {
			var out []bottest.DeskComment
			for _, c := range w.sim.Comments(ticket) {
				k := bottest.DeskComment{Public: c.Public, Text: c.Body, Files: map[string]string{}}
				for _, a := range w.sim.Attachments(ticket) {
					if a.CommentID == c.ID {
						k.Files[a.FileName] = string(a.Content)
					}
				}
				out = append(out, k)
			}
			return out
		},
		LoseAnswer: func() {
			w.sim.Fault(zendesksim.Fault{Kind: zendesksim.LandsButAnswerLost, Method: http.MethodPut, Path: "/api/v2/tickets/*"})
		},
		Busy: func() {
			w.sim.Fault(zendesksim.Fault{Kind: zendesksim.Status429, Method: http.MethodPut, Times: -1, RetryAfter: time.Minute})
		},
	}
}

func ticketPath(id int64) string { return fmt.Sprintf("/api/v2/tickets/%d.json", id) }
