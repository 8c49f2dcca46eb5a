package zendesk

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"

	zd "github.com/nukosuke/go-zendesk/zendesk"

	"privacydesk/bot"
)

// Env is what a Desk is given from outside.
type Env struct {
	// Clock gives the time; required.
	Clock func() time.Time
	// Sleep pauses, and returns the context's error when that ends first; a
	// timer when nil.
	Sleep func(ctx context.Context, d time.Duration) error
	// HTTP reaches the account; http.DefaultTransport's settings when nil.
	HTTP http.RoundTripper
	// Jitter draws from [0,1); random when nil.
	Jitter func() float64
	// Observe is told of each call; nothing when nil.
	Observe func(Call)
	// Tokens keeps the OAuth client's tokens; in this process alone when nil,
	// which suits whoever has no replicas.
	Tokens TokenShelf
	// MaxComments is how many comments a ticket takes; Zendesk's 5,000 when 0.
	MaxComments int
	// Purse holds the budget that all processes share; nil for a process that
	// is alone.
	Purse Purse
}

// Desk is a bot.Desk on a Zendesk account. It may be used by any number of
// goroutines.
type Desk struct {
	o       Options
	base    string
	client  *zd.Client
	http    *http.Client
	clock   func() time.Time
	sleep   func(context.Context, time.Duration) error
	account *account
	budget  *budget
	auth    credential
	dates   *dates
	later   *Desk // the same, whose calls can wait; itself if it is that one
	maxText int   // see the constant
	// maxComments is how many comments a ticket takes.
	maxComments int
}

// Patient is the same desk for work that can wait, such as polling or what
// nobody waits for: its calls leave room for those of others.
func (d *Desk) Patient() *Desk { return d.later }

// Budget is how many calls the account has left in this minute, for all who
// call, and how many a minute has, by Zendesk's last answer; ok is false
// before the first that tells.
func (d *Desk) Budget() (left, limit int, ok bool) { return d.budget.state() }

// Base is the account's address.
func (d *Desk) Base() string { return d.base }

var _ bot.Desk = (*Desk)(nil)

// New makes a Desk. It doesn't talk to Zendesk.
func New(o Options, env Env) (*Desk, error) {
	o = o.fill()
	if err := o.Check(); err != nil {
		return nil, err
	}
	if env.Clock == nil {
		return nil, errors.New("zendesk: no clock was given")
	}
	base, err := o.baseURL()
	if err != nil {
		return nil, err
	}
	t := &transport{
		base: env.HTTP, budget: newBudget(o, env.Purse), clock: env.Clock, sleep: env.Sleep,
		jitter: env.Jitter, observe: env.Observe, o: o,
	}
	t.fill()
	if o.APIToken.Token != "" {
		t.auth = tokenCredential{zd.NewAPITokenCredential(o.APIToken.Email, o.APIToken.Token)}
	} else {
		t.auth = newOAuthCredential(o.OAuth, base, env.Tokens, env.Clock, t.RoundTrip)
	}
	d := &Desk{o: o, base: base, clock: env.Clock, sleep: t.sleep, budget: t.budget, auth: t.auth, dates: t.dates, maxText: maxText, maxComments: cmp.Or(env.MaxComments, ticketComments)}
	d.account = newAccount(d)
	if err := d.connect(t); err != nil {
		return nil, err
	}
	patient, slow := *d, *t
	slow.patient = true
	patient.later, d.later = &patient, &patient
	return d, patient.connect(&slow)
}

// connect makes the clients that go through the transport.
func (d *Desk) connect(t *transport) (err error) {
	d.http = &http.Client{
		Transport: t,
		// The transport signs whatever it sends: it must not follow anybody
		// to another host.
		CheckRedirect: func(*http.Request, []*http.Request) error { return ErrRedirected },
	}
	if d.client, err = zd.NewClient(d.http); err != nil {
		return errors.New("zendesk: the client can't be made")
	}
	if err := d.client.SetEndpointURL(d.base + "/api/v2"); err != nil {
		return errors.New("zendesk.url is no URL")
	}
	d.client.SetCredential(t.auth)
	return nil
}

func (t *transport) fill() {
	t.dates = &dates{}
	if t.base == nil {
		t.base = http.DefaultTransport
		if std, ok := http.DefaultTransport.(*http.Transport); ok {
			t.base = std.Clone()
		}
	}
	if t.sleep == nil {
		t.sleep = sleep
	}
	if t.jitter == nil {
		t.jitter = rand.Float64
	}
	if t.observe == nil {
		t.observe = func(Call) {}
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// get reads a path below /api/v2 into v.
func (d *Desk) get(ctx context.Context, op, path string, v any) error {
	raw, err := d.client.Get(ctx, path)
	if err != nil {
		return failed(op, err)
	}
	return decode(op, raw, v)
}

// fetch is get where the answer's headers matter too.
func (d *Desk) fetch(ctx context.Context, op, path string, v any) (http.Header, error) {
	head, raw, err := d.send(ctx, op, http.MethodGet, path, nil)
	if err != nil {
		return nil, err
	}
	return head, decode(op, raw, v)
}

// send makes a call that the library has no verb for. prepare may change the
// request before it goes.
func (d *Desk) send(ctx context.Context, op, method, path string, prepare func(*http.Request)) (http.Header, []byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, d.base+"/api/v2"+path, nil)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w: zendesk.url is no URL", op, errUnsent)
	}
	if prepare != nil {
		prepare(req)
	}
	resp, err := d.http.Do(req)
	if err != nil {
		return nil, nil, failed(op, err)
	}
	defer resp.Body.Close()
	raw, err := readAll(resp.Body)
	switch {
	case err != nil:
		return nil, nil, failed(op, err)
	case resp.StatusCode/100 != 2:
		return nil, nil, apiError(op, resp.StatusCode, raw)
	}
	return resp.Header, raw, nil
}

// decode keeps the decoder's message to itself: it may quote the text.
func decode(op string, raw []byte, v any) error {
	if err := json.Unmarshal(raw, v); err != nil {
		if json.Valid(raw) {
			return fmt.Errorf("%s: %w", op, errShape)
		}
		return fmt.Errorf("%s: %w", op, errUnreadable)
	}
	return nil
}

// errUnreadable: it may be a proxy who answers in Zendesk's place for a while.
var errUnreadable = errors.New("the answer is not one of Zendesk's")
