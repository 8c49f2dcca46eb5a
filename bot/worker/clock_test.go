package worker_test

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"privacydesk/bot/worker"
)

// A leader of shortLease loses its lead within a test's patience; on a busy machine also by itself. One of longLease
// keeps it until it gives it up.
const (
	shortLease = 500 * time.Millisecond
	longLease  = 15 * time.Second
)

func (b *bench) clock(lease time.Duration) *worker.Clock {
	b.Helper()
	c, err := worker.NewClock(worker.ClockOptions{Redis: b.client, Log: b.log, Lease: lease})
	b.must(err)
	return c
}

// start starts a clock that the test's end stops.
func (b *bench) start(c *worker.Clock) {
	b.Helper()
	b.must(c.Start())
	b.Cleanup(func() { b.must(c.Shutdown(context.Background())) })
}

func TestOneLeads(t *testing.T) {
	b := newBench(t)
	who := make(chan int, 100)
	var clocks []*worker.Clock
	for i := range 3 {
		c := b.clock(longLease)
		b.must(c.Schedule("job", "@every 1s", true, func(context.Context) error { who <- i; return nil }))
		b.start(c)
		clocks = append(clocks, c)
	}
	first := next(b, who)
	if second := next(b, who); second != first {
		t.Fatalf("clock %d ran the job after clock %d", second, first)
	}
	leading := func() (n int) {
		for _, c := range clocks {
			if c.Leads() {
				n++
			}
		}
		return n
	}
	if n := leading(); n != 1 {
		t.Fatalf("%d lead", n)
	}
	b.must(clocks[first].Shutdown(context.Background()))
	b.eventually("another leads", func() bool { return leading() == 1 })
	b.eventually("the other does the job", func() bool { return next(b, who) != first })
}

// TestLostLeadCancels: a leader whose lease another took stops what it does.
func TestLostLeadCancels(t *testing.T) {
	b := newBench(t)
	began, cancelled := make(chan bool, 10), make(chan bool, 10)
	c := b.clock(shortLease)
	b.must(c.Schedule("job", "@every 1s", true, func(ctx context.Context) error {
		began <- true
		<-ctx.Done()
		cancelled <- true
		return ctx.Err()
	}))
	b.start(c)
	next(b, began)
	b.must(b.client.Set(t.Context(), "pd:step:leader", "another", 2*time.Second).Err())
	next(b, cancelled)
	next(b, began) // it leads again when the other is gone
	if b.must(b.client.Del(t.Context(), "pd:step:leader").Err()); !next(b, cancelled) {
		t.Fatal("it led on without a lease")
	}
}

// TestLeadEndsWithoutRedis: who can't renew its lease stops before another may begin.
func TestLeadEndsWithoutRedis(t *testing.T) {
	b := newBench(t)
	began, cancelled := make(chan bool, 10), make(chan bool, 10)
	c := b.clock(shortLease)
	b.must(c.Schedule("job", "@every 1s", true, func(ctx context.Context) error {
		began <- true
		<-ctx.Done()
		cancelled <- true
		return nil
	}))
	b.start(c)
	next(b, began)
	b.must(b.server.Pause())
	next(b, cancelled)
	if c.Leads() {
		t.Error("it still leads")
	}
	b.must(b.server.Continue())
	next(b, began)
}

func TestJobsDontOverlap(t *testing.T) {
	b := newBench(t)
	var running, started atomic.Int64
	ticks, release := make(chan bool, 100), make(chan bool)
	c := b.clock(shortLease)
	b.must(c.Schedule("slow", "@every 1s", false, func(ctx context.Context) error {
		if running.Add(1) != 1 {
			t.Error("it was started twice")
		}
		defer running.Add(-1)
		started.Add(1)
		select {
		case <-release:
		case <-ctx.Done():
		}
		return nil
	}))
	b.must(c.Schedule("tick", "@every 1s", false, func(context.Context) error { ticks <- true; return nil }))
	b.start(c)
	for range 3 {
		next(b, ticks)
	}
	if n := started.Load(); n != 1 {
		t.Fatalf("it was started %d times while it ran", n)
	}
	release <- true
	b.eventually("it is started again", func() bool { return started.Load() == 2 })
}

// TestRule10_JobsQuoteNothing: a job that fails or panics is logged by its name, and comes again.
func TestRule10_JobsQuoteNothing(t *testing.T) {
	b := newBench(t)
	var n atomic.Int64
	c := b.clock(shortLease)
	b.must(c.Schedule("job", "@every 1s", false, func(context.Context) error {
		n.Add(1)
		panic("someone@example.com")
	}))
	b.start(c)
	b.eventually("it came again", func() bool { return n.Load() >= 2 })
	if log := b.logged.String(); !strings.Contains(log, `"job":"job"`) || strings.Contains(log, "someone@") {
		t.Fatalf("the log says: %s", log)
	}
}

func TestScheduleRefuses(t *testing.T) {
	b := newBench(t)
	c := b.clock(shortLease)
	work := func(context.Context) error { return nil }
	b.must(c.Schedule("daily", "0 3 * * *", true, work))
	for name, err := range map[string]error{
		"a second of the same name": c.Schedule("daily", "@daily", true, work),
		"no schedule":               c.Schedule("other", "every day", true, work),
		"no name":                   c.Schedule("", "@daily", true, work),
		"nothing to do":             c.Schedule("other", "@daily", true, nil),
	} {
		if err == nil {
			t.Errorf("%s was taken", name)
		}
	}
	b.start(c)
	if c.Schedule("late", "@daily", true, work) == nil {
		t.Error("a job was taken after the start")
	}
	if c.Start() == nil {
		t.Error("it started twice")
	}
	if _, err := worker.NewClock(worker.ClockOptions{}); err == nil {
		t.Error("a clock of nothing was made")
	}
}
