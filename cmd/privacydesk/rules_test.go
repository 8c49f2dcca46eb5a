package main

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"privacydesk/config"
	"privacydesk/connectors"
)

// TestRule16_OlderRulesAreTold by check, /readyz and the log of a replica that
// admits nothing for them. It is ready all the same: others admit.
func TestRule16_OlderRulesAreTold(t *testing.T) {
	tr := newTrial(t)
	const words = "newer rules of intake"
	serve := func(digests int64) {
		t.Helper()
		served, said := tr.serve(started, func(string) {
			tr.until("the rules are known", func() bool { return tr.client.HLen(tr.Context(), "tr:{tr}:rules").Val() == digests+3 })
		})
		if !served || strings.Contains(said, words) {
			t.Fatalf("serves %t:\n%s", served, said)
		}
	}
	serve(1)
	tr.set("zendesk", "form:", "tag: another, form:")
	serve(2)
	if ok, said := tr.check(); !ok || strings.Contains(said, words) {
		t.Errorf("check of the newest: %t\n%s", ok, said)
	}
	tr.set("zendesk", "tag: another, form:", "form:")
	if ok, said := tr.check(); !ok || !strings.Contains(said, words) {
		t.Errorf("check of the older: %t\n%s", ok, said)
	}
	served, said := tr.serve(started, func(address string) {
		tr.until("/readyz tells", func() bool {
			page := tr.page(address, "/readyz")
			return strings.Contains(page, `"ready":true`) && strings.Contains(page, `{"name":"intake.rules","ok":true,"note":"`) && strings.Contains(page, words)
		})
	})
	if !served || strings.Count(said, words) != 1 {
		t.Errorf("serves %t:\n%s", served, said)
	}
}

// TestRemindersAreSaidEveryHour, all else once.
func TestRemindersAreSaidEveryHour(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &listener{}
		w := newWatch(config.NewLogger(config.LogOptions{}, l), time.Now, func(precondition, bool) {})
		found := []problem{{Severity: connectors.SeverityNote, Where: "a", What: "again", remind: true}, {Severity: connectors.SeverityNote, Where: "b", What: "once"}}
		for range 150 {
			w.note(precondition{name: "p"}, found)
			<-time.After(time.Minute)
		}
		if said := l.String(); strings.Count(said, "error=again") != 3 || strings.Count(said, "error=once") != 1 {
			t.Errorf("it says\n%s", said)
		}
	})
}
