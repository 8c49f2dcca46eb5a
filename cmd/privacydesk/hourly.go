package main

import (
	"sync"
	"time"
)

// hourly lets a warning through once an hour, where anybody could be its cause.
type hourly struct {
	mu   sync.Mutex
	last time.Time
	kept int
}

// due is true if the last one is an hour old, and how many were kept back since.
func (h *hourly) due(now time.Time) (due bool, kept int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.last.IsZero() && now.Sub(h.last) < time.Hour {
		h.kept++
		return false, 0
	}
	kept, h.last, h.kept = h.kept, now, 0
	return true, kept
}
