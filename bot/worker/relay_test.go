package worker_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"privacydesk/bot/worker"
)

// slowQueue lets each step in when the test says so, and remembers it.
type slowQueue struct {
	gate chan struct{}
	fail error

	mu  sync.Mutex
	ids []string
}

func (q *slowQueue) Step(ctx context.Context, id, _ string) error {
	select {
	case <-q.gate:
	case <-ctx.Done():
		return ctx.Err()
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.ids = append(q.ids, id)
	return q.fail
}

func (q *slowQueue) First(context.Context, string, string) error       { return nil }
func (q *slowQueue) Run(context.Context, string, string, string) error { return nil }

func (q *slowQueue) queued() []string {
	q.mu.Lock()
	defer q.mu.Unlock()
	return slices.Sorted(slices.Values(q.ids))
}

func TestRelayWaitsForNoQueue(t *testing.T) {
	b := newBench(t)
	queue := &slowQueue{gate: make(chan struct{})}
	relay, err := worker.NewRelay(queue, b.log)
	b.must(err)
	// Eight are at the queue, which lets nobody in; the others become one each while they wait.
	for i := range 8 {
		relay.Step("busy" + string(rune('a'+i)))
	}
	for range 100 {
		relay.Step("t1")
		relay.Step("t2")
	}
	close(queue.gate)
	b.must(relay.Shutdown(t.Context()))
	got := queue.queued()
	if len(got) != 10 || got[8] != "t1" || got[9] != "t2" {
		t.Fatalf("queued: %q", got)
	}
	relay.Step("t3")
	b.must(relay.Shutdown(t.Context()))
	if slices.Contains(queue.queued(), "t3") {
		t.Fatal("a hint was taken after the end")
	}
}

func TestRelayEndsThoughTheQueueHangs(t *testing.T) {
	b := newBench(t)
	relay, err := worker.NewRelay(&slowQueue{gate: make(chan struct{})}, b.log)
	b.must(err)
	for i := range 20 {
		relay.Step("t" + string(rune('a'+i)))
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	b.must(relay.Shutdown(ended))
}

func TestRelayTellsOfFailures(t *testing.T) {
	b := newBench(t)
	queue := &slowQueue{gate: make(chan struct{}), fail: errors.New("down")}
	close(queue.gate)
	relay, err := worker.NewRelay(queue, b.log)
	b.must(err)
	relay.Step("t1")
	b.must(relay.Shutdown(t.Context()))
	if !strings.Contains(b.logged.String(), "the sweep will find it") {
		t.Fatalf("logged: %s", b.logged)
	}
}
