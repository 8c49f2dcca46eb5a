package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"privacydesk/bot"
	"privacydesk/bot/zendesksim"
	"privacydesk/cmd/privacydesk/sample"
	"privacydesk/connectors/connectortest/servers"
)

// failpoints are all moments at which the daemon can be made to die: before
// and after each commit, ticket write, upload, finding, mark of erasing, erase
// batch and destruction of a key.
func failpoints() []string {
	var out []string
	around := func(what string) { out = append(out, "before-"+what, "after-"+what) }
	for _, phase := range []string{"reading", "locating", "working", "closing", "done", "forgotten"} {
		around("commit-" + phase)
	}
	for _, stage := range []string{"locate", "relocate", "gather", "erase", "verify"} {
		around("run-commit-" + stage)
	}
	for _, message := range []string{"receipt_access", "receipt_delete", "question_" + string(bot.ReasonManySubjects), "done_access", "done_delete"} {
		around("update-" + message)
	}
	for _, what := range []string{"upload", "finding", "erase-mark", "erase", "key-destruction"} {
		around(what)
	}
	return append(out, "before-erase-batch")
}

// later are further passages of some of them: a batch's guard is asked after
// the batch before it was committed, and the last batch ends with the erase.
func later() []string {
	return []string{
		"before-erase-batch:2", "before-erase-batch:4", "before-erase-batch:6", "after-erase:2", "after-erase:4", "after-finding:3", "before-run-commit-erase:3",
		"after-commit-working:4", "after-commit-locating:5", "before-commit-closing:5", "after-key-destruction:2", "after-upload:2", "before-upload:3",
	}
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

// trio files an access request, a delete request, and one that is unclear.
func (h *house) trio() *mixed {
	ada, jane := h.people[:1], h.people[1:2]
	return &mixed{h: h, filed: []filed{h.file(alex, "access", ada), h.file(alex, "delete", jane), h.unclear(alex, jane[0])}, deleted: jane}
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
	points := append(failpoints(), later()...)
	sideBySide(t, 16, points, func(t *testing.T, i int) {
		h := newHouse(t, houseOptions{
			redis: redis.URL(), prefix: fmt.Sprintf("f%d", i), people: few(), webhook: true, deletes: live, forget: time.Second,
		})
		d := h.launch("PRIVACYDESK_FAILPOINT=" + points[i])
		h.serves(d)
		m := h.trio()
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

// TestRule3_RedisKilledAtFailpoints stops the daemon at each failpoint in
// turn, kills its Redis, starts it again, and lets the daemon go on.
func TestRule3_RedisKilledAtFailpoints(t *testing.T) {
	t.Parallel()
	points := failpoints()
	sideBySide(t, 16, points, func(t *testing.T, i int) {
		redis := servers.Redis(t)
		h := newHouse(t, houseOptions{redis: redis.URL(), prefix: "k", people: few(), webhook: true, deletes: live, forget: time.Second})
		d := h.start("PRIVACYDESK_FAILPOINT=" + points[i] + ":1:stop")
		m := h.trio()
		h.await("the daemon sleeps", func() bool { return asleep(d.cmd.Process.Pid) })
		h.must(redis.Kill())
		h.must(redis.Restart(t.Context()))
		d.signal(syscall.SIGCONT)
		m.expect()
		m.expectNothingKept()
		d.kill()
	})
}

// TestRule3_ChildRedisKilled kills the daemon's own Redis, which ends the
// daemon, and then a daemon, which ends its Redis.
func TestRule3_ChildRedisKilled(t *testing.T) {
	t.Parallel()
	h := newHouse(t, houseOptions{prefix: "child", people: few(), webhook: true, deletes: live, forget: time.Second})
	d := h.start()
	m := h.trio()
	h.await("a request is on its way", func() bool { return !h.caseOf(m.filed[1].ticket).Accepted.IsZero() })
	content, err := os.ReadFile(filepath.Join(h.dir, "data", "redis", "redis.pid"))
	h.must(err)
	pid, err := strconv.Atoi(strings.TrimSpace(string(content)))
	h.must(err)
	h.must(syscall.Kill(pid, syscall.SIGKILL))
	h.ends(d)
	if code := d.cmd.ProcessState.ExitCode(); code != 1 || !strings.Contains(string(h.log.all()), "the redis-server of our own ended") {
		t.Errorf("without its Redis the daemon ended with exit code %d\n%s", code, h.log.tail())
	}
	d = h.start()
	d.kill()
	d = h.start()
	m.expect()
	m.expectNothingKept()
	if code := h.stop(d); code != 0 {
		t.Errorf("SIGTERM: exit code %d\n%s", code, h.log.tail())
	}
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
		m := h.trio()
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
			redis: redis.URL(), prefix: fmt.Sprintf("s%d", i), people: few(), webhook: true, deletes: live, served: true, forget: time.Second,
		})
		sleeper := h.start("PRIVACYDESK_FAILPOINT=" + points[i] + ":stop")
		m := h.trio()
		h.await("the first replica sleeps", func() bool { return asleep(sleeper.cmd.Process.Pid) })
		d := h.start()
		m.expect()
		m.expectNothingKept() // nor does the sleeper find a key when it wakes
		told := h.everything()
		sleeper.signal(syscall.SIGCONT)
		h.await("the first replica is awake", func() bool { return !asleep(sleeper.cmd.Process.Pid) })
		// Being asked to stop, it lets what it has in hand go on to its end.
		if code := h.stop(sleeper); code != 0 {
			t.Errorf("the sleeper ended with exit code %d\n%s", code, h.log.tail())
		}
		m.expectNothingKept()
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
	h := newHouse(t, houseOptions{redis: servers.Redis(t).URL(), prefix: "file", people: few(), webhook: true, deletes: live, forget: time.Second})
	sleeper := h.start("PRIVACYDESK_FAILPOINT=before-erase-batch:1:stop")
	m := h.trio()
	h.await("the first replica sleeps", func() bool { return asleep(sleeper.cmd.Process.Pid) })
	d := h.start()
	h.await("the second replica takes over", func() bool { return strings.Contains(string(h.log.all()), `"run_failed"`) || h.ended(m.filed[1]) })
	sleeper.signal(syscall.SIGCONT)
	m.expect()
	m.expectNothingKept()
	for _, replica := range []*daemon{sleeper, d} {
		if code := h.stop(replica); code != 0 {
			t.Errorf("a replica ended with exit code %d\n%s", code, h.log.tail())
		}
	}
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
