package zendesksim

import (
	"net/http"
	"slices"
	"time"
)

// Request is one recorded API call.
type Request struct {
	// Came is when it reached the account; At is when it was handled, or
	// refused: later for one that is slow or lands late.
	Came, At time.Time
	Method   string
	Path     string
	Query    string // raw; a test can look here for personal data
	UserID   int64  // 0 when nobody signed in
	// Status that was answered. A cut connection keeps the status that the
	// client would have seen, or 0 where nothing was done.
	Status int
	Fault  Kind // "" for none
}

// Counts are the calls by class, since the start or the last Reset.
type Counts struct {
	Reads     int // GET and HEAD
	Writes    int // everything else
	Failed    int // status 400 and above, and cut connections
	RateLimit int // 429
}

func isRead(method string) bool { return method == http.MethodGet || method == http.MethodHead }

func (c *call) record(status int) {
	r := Request{Came: c.came, At: c.opt.Clock(), Method: c.req.Method, Path: c.req.URL.Path, Query: c.req.URL.RawQuery, Status: status, Fault: c.fault}
	if c.user != nil {
		r.UserID = c.user.ID
	}
	if isRead(r.Method) {
		c.counts.Reads++
	} else {
		c.counts.Writes++
	}
	if status >= http.StatusBadRequest || status == 0 {
		c.counts.Failed++
	}
	if status == http.StatusTooManyRequests {
		c.counts.RateLimit++
	}
	if len(c.requests) >= c.opt.KeepRequests {
		c.requests = slices.Delete(c.requests, 0, len(c.requests)/2+1)
	}
	c.requests = append(c.requests, r)
}

// Requests gives the recorded calls, oldest first.
func (s *Sim) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

// Counts gives the number of calls by class.
func (s *Sim) Counts() Counts {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.counts
}

// ResetRequests forgets the recorded calls and counts.
func (s *Sim) ResetRequests() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests, s.counts = nil, Counts{}
}
