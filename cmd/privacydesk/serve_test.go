package main

import (
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"privacydesk/connectors/connectortest/servers"
)

// open opens the house's installation in this process, until the test ends.
func (h *house) open() *app {
	h.t.Helper()
	cfg, err := loadConfig(h.config, &surroundings{env: os.LookupEnv, stdout: io.Discard, stderr: io.Discard})
	h.must(err)
	a, err := openApp(h.t.Context(), cfg, openOptions{log: io.Discard})
	h.must(err)
	h.t.Cleanup(func() { h.must(a.close(h.t.Context())) })
	return a
}

// failing are the names of the dependencies that are not well, those that lie
// with others looked at now.
func (a *app) failing(t *testing.T) []string {
	t.Helper()
	for _, p := range a.preconditions() {
		if p.every != 0 {
			a.watch.look(t.Context(), p)
		}
	}
	var out []string
	for _, d := range a.ready(t.Context()) {
		if d.Why != "" {
			out = append(out, d.Name)
		}
	}
	return out
}

// TestRule2_ReadyIsHonest: a daemon whose Redis may throw requests away, or
// whose spool is gone, is not ready, though both answer.
func TestRule2_ReadyIsHonest(t *testing.T) {
	t.Parallel()
	h := newHouse(t, houseOptions{redis: servers.Redis(t).URL(), prefix: "ready", people: few(), deletes: live})
	a := h.open()
	h.must(a.begin(t.Context()))
	expect := func(when string, want ...string) {
		t.Helper()
		if got := a.failing(t); !slices.Equal(got, want) {
			t.Errorf("%s: %q fail, want %q", when, got, want)
		}
	}
	expect("at the start")
	set := func(name, value string) { h.must(h.redis.ConfigSet(t.Context(), name, value).Err()) }
	set("maxmemory-policy", "allkeys-lru")
	expect("with eviction", "redis")
	set("maxmemory-policy", "noeviction")
	set("appendonly", "no")
	expect("without an append-only file", "redis")
	set("appendonly", "yes")
	spool := filepath.Join(h.dir, "data", "spool")
	h.must(os.Rename(spool, spool+"-away"))
	h.must(os.Mkdir(spool, 0o700))
	expect("with another folder in the spool's place", "data_dir")
	h.must(os.Remove(spool))
	h.must(os.Rename(spool+"-away", spool))
	expect("at the end")
}

// TestRule2_ReplicasShareOneSpool: a replica with a folder of its own is
// refused, however soon after the first it starts, and so is the daemon whose
// Redis turns out to be another installation's.
func TestRule2_ReplicasShareOneSpool(t *testing.T) {
	t.Parallel()
	redis := servers.Redis(t)
	one := newHouse(t, houseOptions{redis: redis.URL(), prefix: "share", people: few(), deletes: live})
	two := newHouse(t, houseOptions{redis: redis.URL(), prefix: "share", people: few(), deletes: live})
	apps := []*app{one.open(), two.open()}
	errs := make(chan error, len(apps))
	for _, a := range apps {
		go func() { errs <- a.begin(t.Context()) }()
	}
	refused := 0
	for range apps {
		var usage *usageError
		if err := <-errs; errors.As(err, &usage) {
			refused++
		} else if err != nil {
			t.Error(err)
		}
	}
	if refused != 1 {
		t.Fatalf("%d of two replicas with two folders were refused, want one", refused)
	}
	ready := 0
	for _, a := range apps {
		if len(a.failing(t)) == 0 {
			ready++
		}
	}
	if ready != 1 {
		t.Errorf("%d of them say that they are ready", ready)
	}
}

// TestNoWorkWithoutThePort: a replica whose port is taken neither leads nor
// works before it gives up, and gives back what it took if another part fails.
func TestNoWorkWithoutThePort(t *testing.T) {
	t.Parallel()
	h := newHouse(t, houseOptions{redis: servers.Redis(t).URL(), prefix: "port", people: few(), deletes: live})
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	h.must(err)
	a := h.open()
	a.cfg.Web.Listen = taken.Addr().String()
	if _, err := a.start(t.Context(), []string{"intake", "worker", "clock", "web"}); err == nil || !strings.Contains(err.Error(), "web.listen") {
		t.Fatalf("it starts on a port that is taken: %v", err)
	}
	leaders, err := h.redis.Keys(t.Context(), "*leader*").Result()
	h.must(err)
	workers, err := h.redis.Keys(t.Context(), "asynq:servers*").Result()
	h.must(err)
	if len(leaders)+len(workers) > 0 {
		t.Errorf("it leads (%q) or works (%q) all the same", leaders, workers)
	}
	h.must(taken.Close())
	a.cfg.Intake.Poll = "never" // the clock fails after the port was taken
	if _, err := a.start(t.Context(), []string{"clock", "web"}); err == nil {
		t.Fatal("it starts with a schedule that is none")
	}
	h.must(a.close(t.Context()))
	again, err := net.Listen("tcp", taken.Addr().String())
	h.must(err)
	h.must(again.Close())
}

// TestHeed: a part that fails is told, one that ends in order is not.
func TestHeed(t *testing.T) {
	told := make(chan error, 2)
	broken, orderly := make(chan error, 1), make(chan error)
	broken <- io.ErrUnexpectedEOF
	close(orderly)
	heed(told, "the web server ended", orderly)
	heed(told, "the web server ended", broken)
	if err := <-told; !errors.Is(err, io.ErrUnexpectedEOF) || len(told) != 0 {
		t.Errorf("told %v, and %d more", err, len(told))
	}
}
