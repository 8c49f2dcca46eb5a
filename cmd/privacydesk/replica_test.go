package main

import (
	"slices"
	"testing"
	"time"

	"privacydesk/connectors/connectortest/servers"
)

// replicaTickets are what two replicas share.
const replicaTickets = 100

// TestRule3_ReplicasShareALostQueue lets two replicas share tickets, kills
// one of them, and empties the queue between them: nothing is lost, and
// nothing is done twice.
func TestRule3_ReplicasShareALostQueue(t *testing.T) {
	t.Parallel()
	h := newHouse(t, houseOptions{
		redis: servers.Redis(t).URL(), prefix: "two", people: crowd(replicaTickets/2 + 1), webhook: true, deletes: live, forget: 30 * time.Second,
	})
	first, second := h.start(), h.start() // the second gets the webhooks
	m := &mixed{h: h, rng: seeded(t)}
	for range replicaTickets {
		m.file()
	}
	ended := func() int64 { return first.done.Load() + second.done.Load() }
	h.await("both replicas are at work", func() bool { return ended() >= replicaTickets/5 && min(first.done.Load(), second.done.Load()) > 0 })
	first.kill()
	tasks := h.emptyQueue()
	open := len(slices.DeleteFunc(slices.Clone(m.filed), h.ended))
	t.Logf("the first ended %d requests, the second %d; %d tickets are open, and %d keys of the queue are lost", first.done.Load(), second.done.Load(), open, tasks)
	if open == 0 || tasks == 0 {
		t.Error("there was nothing to lose")
	}
	third := h.start()
	m.expect()
	for _, f := range m.filed {
		h.expectOnceInLedger(f)
	}
	m.expectNothingKept()
	for _, d := range []*daemon{second, third} {
		if code := h.stop(d); code != 0 {
			t.Errorf("SIGTERM: exit code %d\n%s", code, h.log.tail())
		}
	}
}

// emptyQueue deletes all that asynq keeps in Redis, and counts the keys.
func (h *house) emptyQueue() int {
	h.t.Helper()
	n := 0
	keys := h.redis.Scan(h.t.Context(), 0, "asynq:*", 1000).Iterator()
	for keys.Next(h.t.Context()) {
		h.must(h.redis.Del(h.t.Context(), keys.Val()).Err())
		n++
	}
	h.must(keys.Err())
	return n
}

// expectOnceInLedger counts what may happen once in a request's life.
func (h *house) expectOnceInLedger(f filed) {
	h.t.Helper()
	counts := map[string]int{}
	events, err := h.store.Events(h.t.Context(), h.caseOf(f.ticket).ID)
	h.must(err)
	for _, e := range events {
		counts[e.Type]++
	}
	for _, once := range []string{"arrived", "accepted", "erase_begun", "finishing", "done"} {
		if counts[once] > 1 {
			h.t.Errorf("ticket %d: %s stands %d times in the ledger", f.ticket, once, counts[once])
		}
	}
}
