package zendesk

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// maxAnswer bounds an answer, so that memory does not depend on what Zendesk
// sends. A page of comments as long as they can be fits.
const maxAnswer = 64 << 20

// The pause before the n-th repetition is drawn between nothing and
// firstPause·2ⁿ, at most longestPause, and comes on top of Retry-After.
const (
	firstPause   = 500 * time.Millisecond
	longestPause = 20 * time.Second
)

// Call is one finished call, all tries together, for metrics. Endpoint has no
// ids in it.
type Call struct {
	Method   string
	Endpoint string // "tickets/:id"
	Status   int    // 0: no answer
	Tries    int
	Waited   time.Duration // for the budget and between tries
	Took     time.Duration // altogether
}

// Read is true for calls that change nothing.
func (c Call) Read() bool { return c.Method == http.MethodGet || c.Method == http.MethodHead }

// transport signs in, keeps to the budget, bounds each try, and repeats what
// may be repeated: a call that changes nothing after any passing failure, a
// write only when it surely was not applied.
type transport struct {
	base    http.RoundTripper
	auth    credential
	budget  *budget
	dates   *dates
	patient bool // its calls can wait for those of others
	clock   func() time.Time
	sleep   func(context.Context, time.Duration) error
	jitter  func() float64 // [0,1)
	observe func(Call)
	o       Options
}

func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	c := &attempt{transport: t, req: req, started: t.clock()}
	resp, err := c.run()
	call := Call{Method: req.Method, Endpoint: endpoint(req.URL.Path), Tries: c.tries, Waited: c.waited, Took: t.clock().Sub(c.started)}
	if resp != nil {
		call.Status = resp.StatusCode
	}
	t.observe(call)
	return resp, err
}

// endpoint drops ids and tokens from a path.
func endpoint(path string) string {
	path = strings.TrimSuffix(strings.TrimPrefix(path, "/api/v2/"), ".json")
	if strings.HasPrefix(path, "uploads/") {
		return "uploads/:token"
	}
	return numbers.ReplaceAllString(path, ":id")
}

// numbers is compiled once: each call names its endpoint.
var numbers = regexp.MustCompile(`\d+`)

// attempt is one call on its way.
type attempt struct {
	*transport
	req     *http.Request
	started time.Time
	waited  time.Duration
	tries   int
	renewed bool
}

func (c *attempt) run() (*http.Response, error) {
	for {
		if err := c.admit(); err != nil {
			return nil, err
		}
		secret, err := c.signIn()
		if err != nil {
			return nil, err
		}
		resp, err := c.try(secret)
		c.tries++
		if resp != nil {
			c.budget.learn(c.req.Context(), c.clock(), updated(c.req), resp.StatusCode, resp.Header)
			c.dates.learn(c.clock(), resp.Header)
		}
		if c.refused(resp) {
			ok, err := c.auth.renewed(c.req.Context(), secret)
			if err != nil {
				return nil, fmt.Errorf("%w: %w", errUnsent, err)
			}
			if c.renewed = true; ok {
				continue
			}
		}
		again, pause := c.verdict(resp, err)
		if !again || c.tries >= c.o.Tries || c.waited+pause > c.o.MaxWait {
			return resp, err
		}
		if cut := c.rest(pause); cut != nil { // why it had to be tried again is told
			if err == nil {
				return nil, fmt.Errorf("%w: %w", cut, &APIError{Op: "the last try", Status: resp.StatusCode})
			}
			return nil, fmt.Errorf("%w: %w", cut, &quiet{err})
		}
	}
}

// refused is true for the one 401 of a call that a new token may mend.
func (c *attempt) refused(resp *http.Response) bool {
	return resp != nil && resp.StatusCode == http.StatusUnauthorized && !c.renewed && !c.signsIn()
}

// signsIn is true for the call that fetches a token.
func (c *attempt) signsIn() bool { return c.req.URL.Path == tokenPath }

// admit waits for the budget. Nothing was sent when it fails. A first try of
// an update was counted as one before it came here; another one that would have
// to wait is left to whoever wants the update, under a newer stamp.
func (c *attempt) admit() error {
	if c.signsIn() {
		return nil // it does not count, and must not wait behind calls that wait for it
	}
	ctx := c.req.Context()
	if ticket := updated(c.req); ticket != 0 && c.tries > 0 {
		if wait := c.budget.update(ctx, c.clock(), ticket, c.patient); wait > 0 {
			return fmt.Errorf("%w: updates are used up for %s", errUnsent, wait.Round(time.Second))
		}
	}
	for {
		wait := c.budget.take(ctx, c.clock(), c.patient)
		switch {
		case wait <= 0:
			return nil
		case c.waited+wait > c.o.MaxWait:
			return fmt.Errorf("%w: the account's calls are used up for %s", errUnsent, wait.Round(time.Second))
		}
		if err := c.rest(wait); err != nil {
			return err
		}
	}
}

// updated is the ticket that a call updates; 0 for none.
func updated(req *http.Request) int64 {
	number, ours := strings.CutPrefix(strings.TrimSuffix(req.URL.Path, ".json"), "/api/v2/tickets/")
	id, err := strconv.ParseInt(number, 10, 64)
	if req.Method != http.MethodPut || !ours || err != nil {
		return 0
	}
	return id
}

// rest pauses; what was sent before, if anything, had surely no effect.
func (c *attempt) rest(d time.Duration) error {
	if d <= 0 {
		return nil
	}
	c.waited += d
	if err := c.sleep(c.req.Context(), d); err != nil {
		return fmt.Errorf("%w: %w", errUnsent, err)
	}
	return nil
}

// signIn returns the secret that the next try is signed with.
func (c *attempt) signIn() (string, error) {
	if c.signsIn() {
		return "", nil
	}
	if err := c.auth.ready(c.req.Context()); err != nil {
		return "", fmt.Errorf("%w: %w", errUnsent, err)
	}
	return c.auth.Secret(), nil
}

// try sends once, with a body of its own, and reads the whole answer, so that
// one cut in the middle is an error here, where it can be repeated.
func (c *attempt) try(secret string) (*http.Response, error) {
	bound := c.o.Timeout
	if strings.HasPrefix(c.req.URL.Path, "/api/v2/uploads") {
		bound = c.o.UploadTimeout
	}
	ctx, cancel := context.WithTimeout(c.req.Context(), bound)
	defer cancel()
	req := c.req.Clone(ctx)
	if c.req.GetBody != nil {
		body, err := c.req.GetBody()
		if err != nil {
			return nil, fmt.Errorf("%w: the body can't be read: %w", errUnsent, err)
		}
		req.Body = body
	}
	if !c.signsIn() {
		if c.auth.Bearer() {
			req.Header.Set("Authorization", "Bearer "+secret)
		} else {
			req.SetBasicAuth(c.auth.Email(), secret)
		}
	}
	resp, err := c.base.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	raw, err := readAll(resp.Body)
	_ = resp.Body.Close() // it was read to its end, or is of no use
	if err != nil {
		return nil, fmt.Errorf("the answer was cut: %w", err)
	}
	resp.Body = io.NopCloser(bytes.NewReader(raw))
	return resp, nil
}

func readAll(r io.Reader) ([]byte, error) {
	raw, err := io.ReadAll(io.LimitReader(r, maxAnswer+1))
	if err == nil && len(raw) > maxAnswer {
		err = errAnswerTooLong
	}
	return raw, err
}

// verdict tells whether the try may be repeated, and after which pause.
func (c *attempt) verdict(resp *http.Response, err error) (bool, time.Duration) {
	pause := time.Duration(c.jitter() * float64(min(longestPause, firstPause<<min(c.tries-1, 10))))
	if err != nil {
		if c.req.Context().Err() != nil || errors.Is(err, errUnsent) || hindered(err) {
			return false, 0
		}
		return c.repeatable() || unsent(err), pause
	}
	pause += retryAfter(c.clock(), resp.Header) // beside it, so that not all who were told the same come at once
	switch s := resp.StatusCode; {
	case s == http.StatusTooManyRequests:
		return true, pause
	case s == http.StatusConflict:
		return collided(resp), pause
	case s == http.StatusRequestTimeout, s >= http.StatusInternalServerError && s != http.StatusNotImplemented:
		return c.repeatable(), pause
	}
	return false, 0
}

// repeatable is true for calls that do no harm when they happen twice.
func (c *attempt) repeatable() bool {
	switch c.req.Method {
	case http.MethodGet, http.MethodHead, http.MethodDelete:
		return true
	}
	return c.signsIn()
}

// collided looks whether a 409 asks to try again, and puts the body back.
func collided(resp *http.Response) bool {
	raw, err := io.ReadAll(resp.Body)
	resp.Body = io.NopCloser(bytes.NewReader(raw))
	return err == nil && apiError("", resp.StatusCode, raw).Code == codeCollision
}
