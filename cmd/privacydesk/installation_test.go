package main

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"privacydesk/bot"
	"privacydesk/bot/web"
	"privacydesk/connectors/connectortest/servers"
)

// TestRule16_AnEmptyRedisIsSeenAtOnce: Redis comes back empty under a running
// daemon. It is no longer ready, says so under its own name, takes nothing in and
// does not enrol anew; nor does a start or check. A person accepts the loss.
func TestRule16_AnEmptyRedisIsSeenAtOnce(t *testing.T) {
	t.Parallel()
	for name, earlier := range map[string]bool{"of this version": false, "of an earlier one": true} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t, houseOptions{redis: servers.Redis(t).URL(), prefix: "empty", people: few(), deletes: live})
			a := h.open()
			h.must(a.begin(t.Context()))
			h.must(a.begin(t.Context())) // a start again is none
			ticket := h.file(alex, "access", person(101)).ticket
			_, err := a.store.Hint(t.Context(), []string{bot.IDOfTicket(ticket)}, "", 0)
			h.must(err)
			h.must(a.engine.Step(t.Context(), bot.IDOfTicket(ticket)))
			if earlier {
				h.must(os.RemoveAll(filepath.Join(h.dir, "data", "keys", "kept", "installation")))
			}
			h.must(h.redis.FlushAll(t.Context()).Err())
			for range 2 { // the first look must not make the second believe it
				if ready := h.readiness(a, installationName); ready.Why == "" {
					t.Error("it is ready")
				}
				if err := a.begin(t.Context()); err == nil || !strings.Contains(err.Error(), "came back empty") {
					t.Errorf("a start says %v", err)
				}
				if found := a.compareInstallation(t.Context()); len(found) != 1 || !strings.Contains(found[0].Mend, "privacydesk recover") {
					t.Errorf("check says %v", found)
				}
			}
			for what, do := range map[string]func() error{
				"sweep":   func() error { return a.engine.Sweep(t.Context()) },
				"orphans": func() error { return a.engine.Orphans(t.Context()) },
				"step":    func() error { return a.engine.Step(t.Context(), bot.IDOfTicket(ticket)) },
				"poll":    func() error { return a.jobs()[1].f(t.Context()) },
			} {
				if err := do(); !errors.Is(err, errLost) {
					t.Errorf("%s: %v", what, err)
				}
			}
			if cases, _, err := a.store.List(t.Context(), bot.Filter{}, "", 9); err != nil || len(cases) != 0 {
				t.Errorf("taken in: %v, %v", cases, err)
			}
			for _, verb := range [][]string{{"list"}, {"show", bot.IDOfTicket(ticket)}, {"cancel", bot.IDOfTicket(ticket)}, {"suspended"}} {
				out, problems, code := h.cli(append(append([]string{"requests"}, verb...), "--config", h.config)...)
				if code == 0 || out != "" || !strings.Contains(problems, "came back empty") || !strings.Contains(problems, "privacydesk recover") {
					t.Errorf("requests %s: exit code %d\n%s%s", verb[0], code, out, problems)
				}
			}
			h.recover(0)
			h.recover(1)  // nothing is lost any more
			b := h.open() // started again: the queue was lost, too
			h.must(b.begin(t.Context()))
			h.must(b.engine.Step(t.Context(), bot.IDOfTicket(ticket)))
			if ready := h.readiness(a, installationName); ready.Why != "" {
				t.Errorf("it is not ready: %s", ready.Why)
			}
		})
	}
}

// TestRule16_ARedisOfAnotherInstallation, though the key store is new and had
// none before: nobody makes it theirs, takes anything in, or calls it lost.
func TestRule16_ARedisOfAnotherInstallation(t *testing.T) {
	t.Parallel()
	h := newHouse(t, houseOptions{redis: servers.Redis(t).URL(), prefix: "other", people: few(), deletes: live})
	a := h.open()
	h.must(a.store.SetCursor(t.Context(), installationName, "another's"))
	if found := a.compareInstallation(t.Context()); len(found) != 1 || !strings.Contains(found[0].What, "not the one that the other replicas") {
		t.Errorf("check says %v", found)
	}
	for what, err := range map[string]error{
		"start": a.begin(t.Context()), "enrol": a.enroll(t.Context()), "look at home": a.atHome(t.Context()), "sweep": a.engine.Sweep(t.Context()),
	} {
		if err == nil || !strings.Contains(err.Error(), "not the one that the other replicas") {
			t.Errorf("%s: %v", what, err)
		}
	}
	h.recover(2)
	if name, err := a.store.Cursor(t.Context(), installationName); err != nil || name != "another's" {
		t.Errorf("it is now %q's, %v", name, err)
	}
}

func (h *house) readiness(a *app, name string) web.Dependency {
	h.t.Helper()
	for _, d := range a.watch.ready(h.t.Context(), a.preconditions()) {
		if d.Name == name {
			return d
		}
	}
	h.t.Fatalf("/readyz does not name %s", name)
	return web.Dependency{}
}

func (h *house) recover(want int) {
	h.t.Helper()
	if out, problems, code := h.cli("recover", "--config", h.config, "--by", "ops@vendor.example", "--json"); code != want || !json.Valid([]byte(out)) {
		h.t.Errorf("recover: exit code %d\n%s%s", code, out, problems)
	}
}

// TestRule16_NewerRecordsAreNotReady: /readyz of an older replica says so.
func TestRule16_NewerRecordsAreNotReady(t *testing.T) {
	t.Parallel()
	h := newHouse(t, houseOptions{redis: servers.Redis(t).URL(), prefix: "newer", people: few(), deletes: live})
	a := h.open()
	h.must(a.begin(t.Context()))
	if ready := h.readiness(a, "records"); ready.Why != "" {
		t.Errorf("it is not ready: %s", ready.Why)
	}
	h.must(a.store.SetCursor(t.Context(), "format", "2"))
	if ready := h.readiness(a, "records"); !strings.Contains(ready.Why, "newer version") {
		t.Errorf("it says %q", ready.Why)
	}
}
