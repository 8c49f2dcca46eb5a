package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"

	"privacydesk/bot"
	"privacydesk/cmd/privacydesk/sample"
	"privacydesk/connectors/connectortest/servers"
)

// Sizes of the random crash test. The houses stand side by side: each of them
// mostly waits for the leases of the dead to run out.
const (
	crashHouses  = 5
	crashKills   = 8 // in each house
	crashTickets = 4 // filed before each kill
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
	earlier []filed // of them, those that are done with
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

// expectNothingAnew: no step is said again on a ticket that was done with.
func (m *mixed) expectNothingAnew() {
	m.h.t.Helper()
	for _, f := range m.earlier {
		for step, n := range m.h.said(f.ticket) {
			if n != 1 {
				m.h.t.Errorf("ticket %d bears step %s %d times", f.ticket, step, n)
			}
		}
	}
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

// crash kills what chance names: the daemon, its Redis, or both. It returns
// what was killed, and the daemon that runs now.
func (m *mixed) crash(d *daemon, server *servers.RedisServer) (string, *daemon) {
	h := m.h
	switch m.rng.IntN(10) {
	case 0, 1, 2:
		h.must(server.Kill())
		pause(h.t.Context(), m.rng, time.Millisecond, 300*time.Millisecond)
		h.must(server.Restart(h.t.Context()))
		return "redis", d
	case 3:
		d.signal(syscall.SIGKILL)
		h.must(server.Kill())
		<-d.ended
		h.must(server.Restart(h.t.Context()))
		return "both", h.start()
	default:
		d.kill()
		return "daemon", h.start()
	}
}

// TestRule3_KillAtRandomMoments files tickets, kills the daemon or its Redis
// while they are worked on, and lets the rest run to its end: then each row of
// both tenants, each comment, key and file is as it has to be. Again and again,
// and now and then it kills once more while the last kill is being mended.
func TestRule3_KillAtRandomMoments(t *testing.T) {
	t.Parallel()
	chance := seeded(t)
	var names []string
	var seeds []uint64
	for i := range crashHouses {
		names, seeds = append(names, fmt.Sprintf("house %d", i+1)), append(seeds, chance.Uint64())
	}
	sideBySide(t, crashHouses, names, func(t *testing.T, i int) {
		server := servers.Redis(t)
		h := newHouse(t, houseOptions{
			redis: server.URL(), prefix: "crash", people: crowd(crashKills*crashTickets/2 + 1), webhook: true, deletes: live, forget: time.Second,
		})
		m := &mixed{h: h, rng: rand.New(rand.NewPCG(seeds[i], 0))}
		d := h.start()
		var killed string
		at := 0
		for range crashKills {
			m.earlier, m.filed = append(m.earlier, m.filed...), nil
			for range crashTickets {
				m.file()
			}
			pause(t.Context(), m.rng, 50*time.Millisecond, 4*time.Second)
			at += len(slices.DeleteFunc(slices.Clone(m.filed), h.ended))
			killed, d = m.crash(d, server)
			if m.rng.IntN(4) == 0 {
				pause(t.Context(), m.rng, time.Millisecond, 2*time.Second)
				killed, d = m.crash(d, server)
			}
			m.expect()
			m.expectNothingKept()
			m.expectNothingAnew()
			if t.Failed() {
				t.Fatalf("after the death of: %s", killed)
			}
		}
		t.Logf("%d kills met %d of %d tickets on their way", crashKills, at, crashKills*crashTickets)
		if at == 0 {
			t.Error("nothing was ever on its way when it was killed")
		}
		if code := h.stop(d); code != 0 {
			t.Errorf("SIGTERM: exit code %d\n%s", code, h.log.tail())
		}
	})
}
