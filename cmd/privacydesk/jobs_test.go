package main

import (
	"context"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/robfig/cron/v3"

	"privacydesk/bot/zendesksim"
)

// TestSuspendedMailIsLookedForHourly: by the daemon's own clock, on the account
// that was set up, and told by a ticket in the agents' view.
func TestSuspendedMailIsLookedForHourly(t *testing.T) {
	n := newNewcomer(t, "")
	n.says(0, "zendesk", "setup")
	cfg, err := loadConfig(n.config, &surroundings{env: os.LookupEnv})
	n.must(err)
	a, err := openApp(t.Context(), cfg, openOptions{log: &safeBuffer{}})
	n.must(err)
	t.Cleanup(func() {
		if err := a.close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	jobs := a.jobs()
	at := slices.IndexFunc(jobs, func(j job) bool { return j.name == "suspended" })
	if at < 0 {
		t.Fatal("nothing looks for suspended mail")
	}
	schedule, err := cron.ParseStandard(jobs[at].spec)
	n.must(err)
	now := time.Date(2026, 11, 23, 9, 30, 0, 0, time.UTC)
	if next := schedule.Next(now); next.Sub(now) > time.Hour || schedule.Next(next).Sub(next) > time.Hour {
		t.Errorf("%q comes at %s, and then at %s", jobs[at].spec, next, schedule.Next(next))
	}
	n.desk.Sim.AddSuspended(zendesksim.SuspendedTicket{AuthorEmail: "alex@acme.example", Recipient: "support@vendor.example", Subject: "Delete", Content: "Please."})
	n.must(jobs[at].f(t.Context()))
	tickets := n.desk.Sim.Tickets()
	if len(tickets) != 1 || !slices.Contains(tickets[0].Tags, "privacydesk_needs_person") || n.desk.Sim.Comments(tickets[0].ID)[0].Public {
		t.Errorf("agents were told by %+v", tickets)
	}
}
