package worker

import (
	"testing"
	"time"
)

// TestALineIsSaidOnceAnHour: asynq repeats every five seconds what it can't do.
func TestALineIsSaidOnceAnHour(t *testing.T) {
	now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	s := newSaid(func() time.Time { return now })
	for i, step := range []struct {
		text  string
		after time.Duration
		again bool
	}{{"a", 0, false}, {"a", 5 * time.Second, true}, {"b", 0, false}, {"a", saidFor, false}, {"a", time.Second, true}} {
		now = now.Add(step.after)
		if got := s.again(step.text); got != step.again {
			t.Errorf("%d: %q was said lately: %t", i, step.text, got)
		}
	}
}
