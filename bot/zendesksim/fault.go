package zendesksim

import (
	"context"
	"net/http"
	"path"
	"strconv"
	"strings"
	"time"
)

// Kind is what goes wrong.
type Kind string

// The faults. The last four break the connection: the client sees an error
// and cannot know whether its write landed.
const (
	Status429   Kind = "429"
	Status500   Kind = "500"
	Status503   Kind = "503"
	Status403   Kind = "403" // the account may not touch that
	Conflict409 Kind = "409" // "Database collision": nothing was written, try again
	Slow        Kind = "slow"
	// Cut handles the request, sends half of the answer and closes.
	Cut Kind = "cut"
	// NeverLands closes without handling the request.
	NeverLands Kind = "never lands"
	// LandsButAnswerLost handles the request and closes without an answer.
	LandsButAnswerLost Kind = "answer lost"
	// LandsLate closes at once; the request is handled by LandLate.
	LandsLate Kind = "lands late"
)

// Fault makes requests go wrong. Exactly those fail that meet Method, Path
// and Match, as far as these are set.
type Fault struct {
	Kind   Kind
	Method string
	// Path is a pattern of path.Match without ".json", like /api/v2/tickets/*.
	Path  string
	Match func(*http.Request) bool
	// Times is how often it strikes; 0 means once, -1 always.
	Times int
	// Rate, when above 0, is the probability of each strike, drawn from the
	// seeded source.
	Rate float64
	// RetryAfter goes into that header of 429, 503 and 409 when above 0, in
	// whole seconds.
	RetryAfter time.Duration
	// Delay of a Slow answer; it ends early when the request's context ends.
	Delay time.Duration
}

// Fault adds a fault. Faults are tried in the order in which they were added;
// the first that fits strikes.
func (s *Sim) Fault(f Fault) {
	if f.Times == 0 {
		f.Times = 1
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, &f)
}

// ClearFaults takes all faults away; what lands late still does.
func (s *Sim) ClearFaults() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

// LandLate applies the writes that LandsLate held back, in their order, and
// tells how many there were. Each is judged by the state it now meets.
func (s *Sim) LandLate() int {
	s.mu.Lock()
	late := s.late
	s.late = nil
	s.mu.Unlock()
	for _, land := range late {
		land()
	}
	return len(late)
}

func (f *Fault) fits(r *http.Request) bool {
	if f.Method != "" && f.Method != r.Method {
		return false
	}
	if f.Path != "" {
		if hit, err := path.Match(f.Path, strings.TrimSuffix(r.URL.Path, ".json")); err != nil || !hit {
			return false
		}
	}
	return f.Match == nil || f.Match(r)
}

func (s *Sim) takeFault(r *http.Request) *Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.faults {
		if f.Times == 0 || !f.fits(r) || (f.Rate > 0 && s.rnd.Float64() >= f.Rate) {
			continue
		}
		if f.Times > 0 {
			f.Times--
		}
		struck := *f
		return &struck
	}
	return nil
}

func (s *Sim) serveWith(ctx context.Context, f *Fault, c *call, w http.ResponseWriter) {
	if f == nil {
		a := c.handle()
		a.write(w)
		return
	}
	c.fault = f.Kind
	switch f.Kind {
	case Slow:
		if err := s.opt.Sleep(ctx, f.Delay); err != nil {
			c.recordFault(0)
			return // the client hung up before Zendesk began
		}
		a := c.handle()
		a.write(w)
	case Cut:
		a := c.handle()
		a.writeHalf(w)
		panic(http.ErrAbortHandler)
	case LandsButAnswerLost:
		c.handle()
		panic(http.ErrAbortHandler)
	case LandsLate:
		s.mu.Lock()
		s.late = append(s.late, func() { c.handle() })
		s.mu.Unlock()
		panic(http.ErrAbortHandler)
	case NeverLands:
		c.recordFault(0)
		panic(http.ErrAbortHandler)
	default:
		a := f.answer()
		c.recordFault(a.status)
		a.write(w)
	}
}

func (c *call) recordFault(status int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	_ = c.authenticate() // only to name the user in the record
	c.record(status)
}

func (f *Fault) answer() answer {
	var r *refusal
	switch f.Kind {
	case Status429:
		r = refuse(http.StatusTooManyRequests, "APIRateLimitExceeded", "Number of allowed API requests per minute exceeded")
	case Status403:
		r = refuse(http.StatusForbidden, "Forbidden", "You do not have access to this page. Please contact the account owner of this help desk for further help.")
	case Status503:
		r = refuse(http.StatusServiceUnavailable, "ServiceUnavailable", "Sorry, we could not complete your request. Please try again in a moment.")
	case Conflict409:
		r = refuse(http.StatusConflict, "DatabaseConflict", "Database collision")
	default:
		r = refuse(http.StatusInternalServerError, "InternalServerError", "Sorry, an unexpected error has occurred.")
	}
	if f.RetryAfter > 0 {
		r.set("Retry-After", strconv.Itoa(seconds(f.RetryAfter)))
	}
	return r.answer
}

func (a *answer) writeHalf(w http.ResponseWriter) {
	content, contentType := a.bytes()
	a.writeHead(w, contentType, len(content))
	_, _ = w.Write(content[:len(content)/2])
	if f, isFlusher := w.(http.Flusher); isFlusher {
		f.Flush()
	}
}
