package web

import (
	"context"
	"encoding/json"
	"net/http"
	"sync"
	"time"

	"github.com/sirupsen/logrus"
)

// Dependency is something without which the daemon can't work.
type Dependency struct {
	Name string // "redis"; of ours, never data
	Err  error  // nil when it is well
}

const (
	// readyFor is how long an answer is believed: whoever may ask costs the
	// dependencies no more than this.
	readyFor = 2 * time.Second
	// readyTimeout bounds one examination.
	readyTimeout = 5 * time.Second
)

// readiness answers whether each dependency is well; why not stands in the
// log alone.
type readiness struct {
	check func(context.Context) []Dependency
	clock func() time.Time
	log   logrus.FieldLogger

	mu      sync.Mutex
	last    readyAnswer
	asked   time.Time
	failing map[string]bool
}

type readyAnswer struct {
	Ready  bool         `json:"ready"`
	Checks []readyCheck `json:"checks"`
}

type readyCheck struct {
	Name string `json:"name"`
	OK   bool   `json:"ok"`
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
	out, failing := readyAnswer{Ready: true, Checks: []readyCheck{}}, map[string]bool{}
	if h.check != nil {
		for _, d := range h.check(ctx) {
			out.Checks = append(out.Checks, readyCheck{d.Name, d.Err == nil})
			if d.Err == nil {
				continue
			}
			out.Ready, failing[d.Name] = false, true
			if !h.failing[d.Name] { // said once, not at every probe
				h.log.WithFields(logrus.Fields{"event": "not_ready", "system": d.Name, "error": d.Err}).Warn("a dependency fails")
			}
		}
	}
	h.last, h.asked, h.failing = out, h.clock(), failing
	return out
}
