package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"privacydesk/bot/zendesksim"
	"privacydesk/cmd/privacydesk/sample"
	"privacydesk/connectors/connectortest/servers"
)

// failpoints are all moments at which the daemon can be made to die: before
// and after each commit, ticket write, finding, mark of erasing, erase batch
// and destruction of a key. A number asks for the n-th passage.
func failpoints() []string {
	var out []string
	around := func(what string) { out = append(out, "before-"+what, "after-"+what) }
	for _, phase := range []string{"locating", "working", "closing", "done", "forgotten"} {
		around("commit-" + phase)
	}
	for _, stage := range []string{"locate", "relocate", "gather", "erase", "verify"} {
		around("run-commit-" + stage)
	}
	for _, message := range []string{"receipt_access", "receipt_delete", "done_access", "done_delete"} {
		around("update-" + message)
	}
	for _, what := range []string{"finding", "erase-mark", "erase", "key-destruction"} {
		around(what)
	}
	out = append(out, "before-erase-batch")
	return append(out,
		"before-erase-batch:2", "before-erase-batch:4", "before-erase-batch:6", "after-erase:2", "after-erase:4", "after-finding:3", "before-run-commit-erase:3",
		"after-commit-working:4", "after-commit-locating:5", "before-commit-closing:5", "after-key-destruction:2",
	)
}

// few are people enough for one access and one delete request.
func few() []sample.Person {
	return []sample.Person{
		{ID: 501, Tenant: sample.Acme, Email: "ada.lovell@customers.example", Name: "Ada Lovell", Address: 51},
		{ID: 502, Tenant: sample.Acme, Email: "jane.roe@customers.example", Name: "Jane Roe", Address: 52},
		{ID: 503, Tenant: sample.Acme, Email: "ben.okafor@customers.example", Name: "Ben Okafor", Address: 51},
		{ID: 601, Tenant: sample.Globex, Email: "jane.roe@customers.example", Name: "Jane Roe", Address: 61},
	}
}

// pair files an access and a delete request.
func (h *house) pair() *mixed {
	ada, jane := h.people[:1], h.people[1:2]
	return &mixed{h: h, filed: []filed{h.file(alex, "access", ada), h.file(alex, "delete", jane)}, deleted: jane}
}

// sideBySide runs a subtest for each name, so many at a time: they mostly
// wait for leases to run out, while -parallel counts processors.
func sideBySide(t *testing.T, width int, names []string, f func(t *testing.T, i int)) {
	t.Helper()
	next := make(chan int)
	var workers sync.WaitGroup
	for range width {
		workers.Go(func() {
			for i := range next {
				t.Run(strings.NewReplacer(":", " ", "/", "-").Replace(names[i]), func(t *testing.T) { f(t, i) })
			}
		})
	}
	for i := range names {
		next <- i
	}
	close(next)
	workers.Wait()
}

// TestRule3_KillAtFailpoints kills the daemon at each failpoint in turn, and
// starts it again.
func TestRule3_KillAtFailpoints(t *testing.T) {
	t.Parallel()
	redis := servers.Redis(t)
	points := failpoints()
	sideBySide(t, 16, points, func(t *testing.T, i int) {
		h := newHouse(t, houseOptions{
			redis: redis.URL(), prefix: fmt.Sprintf("f%d", i), people: few(), webhook: true, deletes: live, forget: time.Second,
		})
		d := h.launch("PRIVACYDESK_FAILPOINT=" + points[i])
		h.serves(d)
		m := h.pair()
		h.ends(d)
		if ws, ok := d.cmd.ProcessState.Sys().(syscall.WaitStatus); !ok || ws.Signal() != syscall.SIGKILL {
			t.Fatalf("it ended by itself: %v\n%s", d.cmd.ProcessState, h.log.tail())
		}
		d = h.start()
		m.expect()
		m.expectNothingKept()
		d.kill()
	})
}

// TestRule3_AnswersLost breaks the connection in each way around uploads and
// ticket writes: what landed is not sent again, what did not is.
func TestRule3_AnswersLost(t *testing.T) {
	t.Parallel()
	redis := servers.Redis(t)
	losses := []struct {
		kind         zendesksim.Kind
		method, path string
	}{
		{zendesksim.Cut, "POST", "/api/v2/uploads"},
		{zendesksim.NeverLands, "POST", "/api/v2/uploads"},
		{zendesksim.LandsButAnswerLost, "POST", "/api/v2/uploads"},
		{zendesksim.Cut, "PUT", "/api/v2/tickets/*"},
		{zendesksim.NeverLands, "PUT", "/api/v2/tickets/*"},
		{zendesksim.LandsButAnswerLost, "PUT", "/api/v2/tickets/*"},
		{zendesksim.Status503, "PUT", "/api/v2/tickets/*"},
		{zendesksim.Conflict409, "PUT", "/api/v2/tickets/*"},
	}
	var names []string
	for _, c := range losses {
		names = append(names, fmt.Sprintf("%s %s %s", c.kind, c.method, c.path))
	}
	sideBySide(t, len(losses), names, func(t *testing.T, i int) {
		h := newHouse(t, houseOptions{
			redis: redis.URL(), prefix: fmt.Sprintf("l%d", i), people: few(), webhook: true, deletes: live, forget: time.Second,
		})
		h.desk.Sim.Fault(zendesksim.Fault{Kind: losses[i].kind, Method: losses[i].method, Path: losses[i].path, Times: 3})
		d := h.start()
		m := h.pair()
		m.expect()
		m.expectNothingKept()
		struck := 0
		for _, r := range h.desk.Sim.Requests() {
			if r.Fault == losses[i].kind {
				struck++
			}
		}
		if struck != 3 {
			t.Errorf("the fault struck %d times, want 3", struck)
		}
		d.kill()
	})
}

// TestRule5_SleeperWakes stops a worker in the middle of erasing; a second
// replica takes over and finishes. When the first wakes, nothing changes any
// more.
func TestRule5_SleeperWakes(t *testing.T) {
	t.Parallel()
	redis := servers.Redis(t)
	points := []string{"before-erase-batch:1", "before-erase-batch:3", "before-run-commit-erase:1", "before-update-done_delete:1", "after-erase-mark:1"}
	sideBySide(t, len(points), points, func(t *testing.T, i int) {
		h := newHouse(t, houseOptions{
			redis: redis.URL(), prefix: fmt.Sprintf("s%d", i), people: few(), webhook: true, deletes: live, served: true,
		})
		sleeper := h.start("PRIVACYDESK_FAILPOINT=" + points[i] + ":stop")
		m := h.pair()
		h.await("the first replica sleeps", func() bool { return asleep(sleeper.cmd.Process.Pid) })
		d := h.start()
		m.expect()
		told := h.everything()
		sleeper.signal(syscall.SIGCONT)
		h.await("the first replica is awake", func() bool { return !asleep(sleeper.cmd.Process.Pid) })
		// Being asked to stop, it lets what it has in hand go on to its end.
		if code := h.stop(sleeper); code != 0 {
			t.Errorf("the sleeper ended with exit code %d\n%s", code, h.log.tail())
		}
		m.expect()
		if now := h.everything(); now != told {
			t.Errorf("it changed something after it woke:\n%s\nwas\n%s", now, told)
		}
		d.kill()
	})
}

// TestRule5_SleeperHoldsAFile stops a worker in the middle of erasing where a
// system is a file: its lock can't be taken from it. Nobody gets past it, and
// when it wakes, the request ends as it should.
func TestRule5_SleeperHoldsAFile(t *testing.T) {
	t.Parallel()
	h := newHouse(t, houseOptions{redis: servers.Redis(t).URL(), prefix: "file", people: few(), webhook: true, deletes: live})
	sleeper := h.start("PRIVACYDESK_FAILPOINT=before-erase-batch:1:stop")
	m := h.pair()
	h.await("the first replica sleeps", func() bool { return asleep(sleeper.cmd.Process.Pid) })
	d := h.start()
	h.await("the second replica takes over", func() bool { return strings.Contains(string(h.log.all()), `"run_failed"`) || h.ended(m.filed[1]) })
	sleeper.signal(syscall.SIGCONT)
	m.expect()
	for _, replica := range []*daemon{sleeper, d} {
		if code := h.stop(replica); code != 0 {
			t.Errorf("a replica ended with exit code %d\n%s", code, h.log.tail())
		}
	}
	m.expect()
}

// everything is what is said and stored of all tickets, and every row.
func (h *house) everything() string {
	h.t.Helper()
	var b strings.Builder
	for _, ticket := range h.desk.Sim.Tickets() {
		fmt.Fprintf(&b, "%d %s %v %d\n", ticket.ID, ticket.Status, ticket.UpdatedAt, len(h.desk.Sim.Audits(ticket.ID)))
	}
	for _, sys := range sample.Systems() {
		dump, err := sys.Dump(context.Background(), h.dbs[sys.Name])
		h.must(err)
		for _, table := range sortedKeys(dump) {
			rows := slices.Clone(dump[table])
			fmt.Fprintf(&b, "%s.%s %s\n", sys.Name, table, strings.Join(rows, "\n"))
		}
	}
	return b.String()
}
