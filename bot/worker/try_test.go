package worker_test

import (
	"strings"
	"testing"
	"time"

	"privacydesk/connectors"
)

// TestTryLeavesNothing: it works on a Redis that was emptied under the client,
// too, and no task of it stays.
func TestTryLeavesNothing(t *testing.T) {
	b := newBench(t)
	for range 2 {
		if err := b.queue.Try(t.Context()); err != nil {
			t.Fatal(err)
		}
		if steps, runs, err := b.queue.Waiting(t.Context()); err != nil || steps+runs != 0 {
			t.Errorf("%d tasks stay: %v", steps+runs, err)
		}
		if err := b.client.FlushAll(t.Context()).Err(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestQueueSaysWhatRedisRefuses: asynq and the leader's lock put Redis's refusals
// into texts of their own, which nobody may show; its code is said.
func TestQueueSaysWhatRedisRefuses(t *testing.T) {
	b := newBench(t)
	if err := b.client.ConfigSet(t.Context(), "maxmemory", "1").Err(); err != nil {
		t.Fatal(err)
	}
	if words := connectors.Plain(b.queue.Step(t.Context(), "t1", "hint")); !strings.Contains(words, "Redis answered OOM") {
		t.Errorf("a task that Redis refuses is %q", words)
	}
	b.start(b.clock(time.Minute))
	b.eventually("the leader says why it does not lead", func() bool {
		return strings.Contains(b.logged.String(), "take the lead: Redis answered OOM")
	})
}
