package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"syscall"
	"testing"
	"time"

	"privacydesk/bot"
	"privacydesk/cmd/privacydesk/sample"
	"privacydesk/connectors/connectortest/servers"
)

// Sizes of the random crash test.
const (
	crashTickets = 50
	crashKills   = 40
)

// seeded is a source of chance whose seed is printed, and can be given again
// as PRIVACYDESK_CRASH_SEED.
func seeded(t *testing.T) *rand.Rand {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	if given := os.Getenv("PRIVACYDESK_CRASH_SEED"); given != "" {
		var err error
		if seed, err = strconv.ParseUint(given, 10, 64); err != nil {
			t.Fatalf("PRIVACYDESK_CRASH_SEED: %v", err)
		}
	}
	t.Logf("PRIVACYDESK_CRASH_SEED=%d", seed)
	return rand.New(rand.NewPCG(seed, 0))
}

// crowd are people of both tenants, four to an address. Each third one of
// acme is known to globex, too.
func crowd(n int) []sample.Person {
	var out []sample.Person
	for i := range n {
		p := sample.Person{
			ID: 1000 + i, Tenant: sample.Acme, Email: fmt.Sprintf("person.%d@customers.example", 1000+i),
			Name: fmt.Sprintf("Person Number%d", 1000+i), Address: 100 + i/4,
		}
		out = append(out, p)
		twin := p
		twin.ID, twin.Tenant, twin.Address = 3000+i, sample.Globex, 300+i/4
		if i%3 != 0 {
			twin.Email = fmt.Sprintf("person.%d@customers.example", 3000+i)
			twin.Name = fmt.Sprintf("Person Number%d", 3000+i)
		}
		out = append(out, twin)
	}
	return out
}

// mixed files tickets one by one: access and delete requests of two tenants,
// refusals, questions and answers.
type mixed struct {
	h       *house
	rng     *rand.Rand
	filed   []filed
	deleted []sample.Person
	next    int // person
}

// file files the i-th ticket.
func (m *mixed) file() {
	h := m.h
	p := h.people[m.next]
	admin := alex
	if p.Tenant == sample.Globex {
		admin = gina
	}
	switch n := m.rng.IntN(20); {
	case n < 7:
		m.filed = append(m.filed, h.file(admin, "access", []sample.Person{p}))
	case n < 15:
		m.filed = append(m.filed, h.file(admin, "delete", []sample.Person{p}))
		m.deleted = append(m.deleted, p)
	case n < 17:
		m.answered(h.desk.File(uli, "delete", "", "Request", sample.Body("delete", p.Email)), bot.ReasonNotAdmin)
	case n < 18:
		m.answered(h.desk.File(gina, "delete", sample.Acme, "Request", sample.Body("delete", p.Email)), bot.ReasonOtherTenant)
	case n < 19:
		m.answered(h.desk.File(alex, "opt_out", "", "Do not sell", "Please stop."), bot.ReasonOptOut)
	default:
		m.filed = append(m.filed, h.unclear(admin, p))
	}
	m.next++
}

// unclear files a delete about two people.
func (h *house) unclear(by string, p sample.Person) filed {
	return filed{
		ticket: h.desk.File(by, "delete", "", "Request", sample.Body("delete", p.Email, "another.one@customers.example")), kind: "delete",
		state: "needs_info", reasons: []bot.Reason{bot.ReasonManySubjects}, status: "pending", comments: 1,
	}
}

func (m *mixed) answered(ticket int64, reason bot.Reason) {
	m.filed = append(m.filed, filed{ticket: ticket, state: "rejected", reasons: []bot.Reason{reason}, status: "solved", comments: 1})
}

// expect compares everything with what should be.
func (m *mixed) expect() {
	h := m.h
	h.t.Helper()
	h.awaitEnds(m.filed)
	h.expectSystems(m.deleted)
	for _, f := range m.filed {
		h.expectSaidOnce(f)
		h.expectLedger(f.ticket)
		switch {
		case f.state == "resolved" && f.kind == "access":
			h.expectReport(f)
		case f.state == "resolved":
			h.expectCertificate(f)
		}
	}
}

// expectNoHarm compares, while requests are worked on, what no moment may
// show: a row gone that nobody asked to delete, one that was never there, a
// step that was said twice.
func (m *mixed) expectNoHarm() {
	h := m.h
	h.t.Helper()
	for _, sys := range sample.Systems() {
		now, err := sys.Dump(h.t.Context(), h.dbs[sys.Name])
		h.must(err)
		for table, rows := range h.before[sys.Name] {
			got := maskedAs(table, rows, now[table], m.deleted)
			missing, _ := differences(h.left(table, rows, m.deleted), got)
			_, extra := differences(rows, got)
			if len(missing)+len(extra) > 0 {
				h.t.Errorf("%s.%s: missing %q, and there should not be %q", sys.Name, table, missing, extra)
			}
		}
	}
	for _, f := range m.filed {
		for step, n := range h.said(f.ticket) {
			if n > 1 {
				h.t.Errorf("ticket %d bears step %s %d times", f.ticket, step, n)
			}
		}
	}
}

// expectNothingKept waits for the end of the time for downloads: no key and
// no file of a request that is done may be left. Questions that were never
// answered keep theirs until a person cancels them here.
func (m *mixed) expectNothingKept() {
	h := m.h
	h.t.Helper()
	for _, f := range m.filed {
		if f.state == "needs_info" && h.caseOf(f.ticket).State() == f.state {
			h.command("requests", "cancel", bot.IDOfTicket(f.ticket), "--by", "ops@vendor.example")
		}
	}
	h.awaitForgotten(m.filed)
	h.expectNoTraces(m.deleted)
}

// pause waits for a moment within the range, or the end of ctx.
func pause(ctx context.Context, rng *rand.Rand, least, most time.Duration) {
	timer := time.NewTimer(least + time.Duration(rng.Int64N(int64(most-least))))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// TestRule3_KillAtRandomMoments kills the daemon and its Redis, again and
// again, while tickets come in and are worked on.
func TestRule3_KillAtRandomMoments(t *testing.T) {
	t.Parallel()
	rng := seeded(t)
	server := servers.Redis(t)
	h := newHouse(t, houseOptions{
		redis: server.URL(), prefix: "crash", people: crowd(crashTickets/2 + 1), webhook: true, deletes: live, forget: 20 * time.Second,
	})
	m := &mixed{h: h, rng: rng}
	d := h.start()
	killed := map[string]int{}
	for kill := range crashKills {
		for len(m.filed) < crashTickets*(kill+1)/crashKills+1 && len(m.filed) < crashTickets {
			m.file()
		}
		pause(t.Context(), rng, 50*time.Millisecond, 2500*time.Millisecond)
		switch rng.IntN(10) {
		case 0, 1, 2:
			killed["redis"]++
			h.must(server.Kill())
			pause(t.Context(), rng, time.Millisecond, 300*time.Millisecond)
			h.must(server.Restart(t.Context()))
		case 3:
			killed["both"]++
			d.signal(syscall.SIGKILL)
			h.must(server.Kill())
			<-d.ended
			h.must(server.Restart(t.Context()))
			d = h.start()
		default:
			killed["daemon"]++
			d.kill()
			d = h.start()
		}
		m.expectNoHarm()
	}
	open := 0
	for _, f := range m.filed {
		if !h.ended(f) {
			open++
		}
	}
	last := time.Now()
	t.Logf("killed: %v; %d of %d tickets are open after the last", killed, open, len(m.filed))
	m.expect()
	t.Logf("all tickets ended within %s", time.Since(last).Round(time.Second))
	m.expectNothingKept()
	if code := h.stop(d); code != 0 {
		t.Errorf("SIGTERM: exit code %d\n%s", code, h.log.tail())
	}
}
