package main

import (
	"context"
	"database/sql"
	"io"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"privacydesk/bot"
	"privacydesk/bot/zendesksim"
	"privacydesk/cmd/privacydesk/sample"
)

// deskCalls are what one ticket cost at Zendesk, by what its limits count.
type deskCalls struct {
	updates int // PUT of a ticket: at most 30 in 10 minutes for one ticket and user
	uploads int // POST of a file
	others  int // writes of any other kind but asking for a token: none is expected
	reads   int // all GETs but polling
}

// benchDemo is the demo's installation without its tickets and its words.
func benchDemo(tb testing.TB) *demo {
	tb.Helper()
	d := &demo{
		cmd: demoCmd{Dir: tb.TempDir()}, say: io.Discard,
		s:   &surroundings{env: os.LookupEnv, stdout: io.Discard, stderr: io.Discard},
		dbs: map[string]*sql.DB{}, before: map[string]map[string][]string{},
	}
	tb.Cleanup(func() {
		if err := d.close(); err != nil {
			tb.Errorf("close the installation: %v", err)
		}
	})
	for _, step := range []func(context.Context) error{d.prepare, d.startZendesk, d.createSystems} {
		if err := step(tb.Context()); err != nil {
			tb.Fatal(err)
		}
	}
	return d
}

// countDeskCalls runs one ticket from its webhook to its end through the whole
// daemon, and counts what it cost.
func countDeskCalls(tb testing.TB, kind string, reason bot.Reason) deskCalls {
	tb.Helper()
	d := benchDemo(tb)
	if err := d.startDaemon(tb.Context()); err != nil {
		tb.Fatal(err)
	}
	d.desk.Sim.ResetRequests()
	ticket := d.desk.File(sample.Users()[0].Email, kind, "", "Privacy request", sample.Body(kind, demoJane().Email))
	d.cast = []castMember{{what: kind, ticket: ticket, state: "resolved", reason: reason, status: "solved"}}
	if err := d.await(tb.Context()); err != nil {
		tb.Fatal(err)
	}
	if !d.cast[0].told {
		tb.Fatalf("the %s request did not end as %s", kind, reason)
	}
	awaitIdle(tb, d)
	return sortCalls(tb, d.desk.Sim.Requests())
}

// awaitIdle waits until the webhooks of the daemon's own updates have been
// delivered and looked at: what they cost belongs to the ticket.
func awaitIdle(tb testing.TB, d *demo) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.Context(), patience)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		due, err := d.app.store.Due(ctx, time.Now(), 10)
		if err != nil {
			tb.Fatal(err)
		}
		if len(due) == 0 && d.desk.Sim.PendingDeliveries() == 0 {
			return
		}
		select {
		case <-ctx.Done():
			tb.Fatalf("%d requests are still due", len(due))
		case <-tick.C:
		}
	}
}

func sortCalls(tb testing.TB, requests []zendesksim.Request) deskCalls {
	tb.Helper()
	ticketPath := regexp.MustCompile(`^/api/v2/tickets/\d+(\.json)?$`)
	var out deskCalls
	for _, r := range requests {
		switch {
		case r.Path == "/oauth/tokens", strings.HasPrefix(r.Path, "/api/v2/incremental/"):
		case r.Method == http.MethodGet:
			out.reads++
		case r.Method == http.MethodPut && ticketPath.MatchString(r.Path):
			out.updates++
		case r.Method == http.MethodPost && strings.HasPrefix(r.Path, "/api/v2/uploads"):
			out.uploads++
		default:
			tb.Logf("an unexpected write: %s %s", r.Method, r.Path)
			out.others++
		}
	}
	return out
}

// ticketKinds are the kinds whose calls are counted, how they end, and the
// writes that each may make.
func ticketKinds() []struct {
	kind             string
	reason           bot.Reason
	updates, uploads int
} {
	return []struct {
		kind             string
		reason           bot.Reason
		updates, uploads int
	}{
		{"access", bot.ReasonDelivered, 2, 1},
		{"delete", bot.ReasonErased, 2, 2},
	}
}

// TestZendeskWrites_TwoUpdatesATicket: one update carries the receipt, one the
// result, whatever the number of systems; an access report is one upload, a
// certificate is two files.
func TestZendeskWrites_TwoUpdatesATicket(t *testing.T) {
	for _, k := range ticketKinds() {
		t.Run(k.kind, func(t *testing.T) {
			t.Parallel()
			got := countDeskCalls(t, k.kind, k.reason)
			if got.updates > k.updates || got.uploads > k.uploads || got.others != 0 {
				t.Errorf("%d updates, %d uploads and %d other writes; at most %d, %d and 0 are allowed", got.updates, got.uploads, got.others, k.updates, k.uploads)
			}
			if got.updates == 0 || got.uploads == 0 || got.reads == 0 {
				t.Errorf("the calls were not counted: %+v", got)
			}
		})
	}
}

// BenchmarkZendeskCalls reports the same counts, beside the least that is
// possible: one update for the receipt, one for the result, one read before
// each.
func BenchmarkZendeskCalls(b *testing.B) {
	for _, k := range ticketKinds() {
		b.Run(k.kind, func(b *testing.B) {
			var got deskCalls
			for b.Loop() {
				got = countDeskCalls(b, k.kind, k.reason)
			}
			b.ReportMetric(float64(got.updates), "updates")
			b.ReportMetric(float64(got.uploads), "uploads")
			b.ReportMetric(float64(got.reads), "reads")
			b.ReportMetric(float64(got.updates)/2, "x-least-updates")
			b.ReportMetric(float64(got.reads)/2, "x-least-reads")
			b.ReportMetric(0, "ns/op") // its length is that of its pauses
		})
	}
}
