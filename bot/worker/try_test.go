package worker_test

import "testing"

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
