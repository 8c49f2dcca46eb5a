package main

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"privacydesk/config"
	"privacydesk/connectors"
)

// TestAFailingPartIsNotHammered: a look that fails says itself that the part
// fails, as a sign-in that is refused does. That is no reason to look at once
// again, and again: the account would be asked hundreds of times a second.
func TestAFailingPartIsNotHammered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWatch(config.NewLogger(config.LogOptions{}, t.Output()), time.Now, func(precondition, bool) {})
		var looks atomic.Int64
		var well atomic.Bool
		p := precondition{name: "zendesk", effect: refuses, every: 5 * time.Minute, probe: func(context.Context) []problem {
			if n := looks.Add(1); !well.Load() && n < 1000 {
				w.kick("zendesk")
			}
			if well.Load() {
				return nil
			}
			return []problem{{Severity: connectors.SeverityBlocks, Where: "zendesk", What: "the account refuses the credentials"}}
		}}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go w.follow(ctx, p)
		<-time.After(2*time.Minute + time.Second)
		synctest.Wait()
		if n := looks.Load(); n != 5 {
			t.Errorf("within two minutes it was looked at %d times", n)
		}
		well.Store(true)
		<-time.After(time.Minute)
		synctest.Wait()
		before := looks.Load()
		well.Store(false)
		w.kick("zendesk")
		synctest.Wait()
		if n := looks.Load() - before; n != 1 {
			t.Errorf("when something says that it fails, it is looked at %d times", n)
		}
	})
}

// TestRule13_AnOutageIsSaidWithItsCause: Zendesk can't be reached any more while
// the daemon runs.
func TestRule13_AnOutageIsSaidWithItsCause(t *testing.T) {
	tr := newTrial(t)
	_, said := tr.serve(started, func(address string) {
		tr.until("/readyz is well", func() bool { return strings.Contains(tr.page(address, "/metrics"), "privacydesk_zendesk_up 1") })
		tr.server.Close()
		tr.until("/readyz says why", func() bool {
			page := tr.page(address, "/readyz")
			return strings.Contains(page, "the desk is not available") && strings.Contains(page, "connection refused")
		})
		if page := tr.page(address, "/metrics"); !strings.Contains(page, "privacydesk_zendesk_up 0") {
			t.Error("privacydesk_zendesk_up is not 0")
		}
	})
	for _, line := range strings.Split(said, "\n") {
		if strings.Contains(line, "a job failed") && strings.Contains(line, "not available") && !strings.Contains(line, "connection refused") {
			t.Errorf("without its cause: %s", line)
		}
	}
	if !strings.Contains(said, `"event":"precondition"`) || !strings.Contains(said, "connection refused") {
		t.Errorf("the log says\n%s", said)
	}
}

// TestTheSignInIsLookedAtEveryMinute, for a replica that makes no other calls.
func TestTheSignInIsLookedAtEveryMinute(t *testing.T) {
	for _, p := range (&app{cfg: &config.Config{}}).preconditions() {
		if p.name == "zendesk" && (p.every == 0 || p.every > time.Minute) {
			t.Errorf("every %s", p.every)
		}
	}
}
