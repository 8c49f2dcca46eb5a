package web

import (
	"context"
	"encoding/json"
	"net/http"
	"sync"
	"time"
)

// Dependency is something without which the daemon can't work.
type Dependency struct {
	Name string // "redis"; of ours, never data
	Why  string // why it is not well, in words of ours that anybody may read; empty when it is
	Note string // what is to be known though it is well, likewise
}

const (
	// readyFor is how long an answer is believed: whoever may ask costs the
	// dependencies no more than this.
	readyFor = 2 * time.Second
	// readyTimeout bounds one examination.
	readyTimeout = 5 * time.Second
)

// readiness answers whether each dependency is well, and why not. Who examines
// them logs it.
type readiness struct {
	check func(context.Context) []Dependency
	clock func() time.Time

	mu    sync.Mutex
	last  readyAnswer
	asked time.Time
}

type readyAnswer struct {
	Ready  bool         `json:"ready"`
	Checks []readyCheck `json:"checks"`
}

type readyCheck struct {
	Name string `json:"name"`
	OK   bool   `json:"ok"`
	Why  string `json:"why,omitempty"`
	Note string `json:"note,omitempty"`
}

func (h *readiness) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	answer := h.answer(r.Context())
	body, err := json.Marshal(answer)
	if err != nil {
		http.Error(w, "internal error", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	if !answer.Ready {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	_, _ = w.Write(append(body, '\n'))
}

// answer examines anew when the last answer is too old. One examination
// serves all who ask meanwhile; it doesn't end when the first of them leaves.
func (h *readiness) answer(ctx context.Context) readyAnswer {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := h.clock()
	if !h.asked.IsZero() && now.Sub(h.asked) < readyFor {
		return h.last
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), readyTimeout)
	defer cancel()
	out := readyAnswer{Ready: true, Checks: []readyCheck{}}
	if h.check != nil {
		for _, d := range h.check(ctx) {
			out.Checks = append(out.Checks, readyCheck{d.Name, d.Why == "", d.Why, d.Note})
			out.Ready = out.Ready && d.Why == ""
		}
	}
	h.last, h.asked = out, h.clock()
	return out
}
