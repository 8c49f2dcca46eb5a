package web

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"privacydesk/bot"
)

// shelf is a Lister over a slice, a page of two at a time.
type shelf struct {
	cases []bot.Case
	err   error
	calls int
}

func (s *shelf) List(_ context.Context, f bot.Filter, cursor string, _ int) ([]bot.Case, string, error) {
	s.calls++
	if s.err != nil {
		return nil, "", s.err
	}
	var all []bot.Case
	for _, c := range s.cases {
		if f.Phase == c.Phase {
			all = append(all, c)
		}
	}
	from := 0
	_, _ = fmt.Sscan(cursor, &from)
	to := min(from+2, len(all))
	if to == len(all) {
		return all[from:to], "", nil
	}
	return all[from:to], fmt.Sprint(to), nil
}

func scrape(t *testing.T, c *Collector) string {
	t.Helper()
	registry := prometheus.NewPedanticRegistry()
	if err := registry.Register(c); err != nil {
		t.Fatal(err)
	}
	w := get(newServer(t, io.Discard, Options{Metrics: registry}), "GET", "/metrics")
	if w.Code != http.StatusOK {
		t.Fatalf("the page answers %d %s", w.Code, w.Body)
	}
	return w.Body.String()
}

func expect(t *testing.T, page string, want ...string) {
	t.Helper()
	lines := strings.Split(page, "\n")
	for _, w := range want {
		if !slices.Contains(lines, w) {
			t.Errorf("the page lacks %s in\n%s", w, page)
		}
	}
}

func sampleCases(now time.Time) []bot.Case {
	day := 24 * time.Hour
	return []bot.Case{
		{Phase: bot.PhaseReading, Arrived: now.Add(-time.Hour), Wait: &bot.Wait{On: bot.OnRequester}},
		{Phase: bot.PhaseLocating, Kind: bot.KindAccess, Arrived: now.Add(-2 * day), Due: now.Add(28 * day)},
		{Phase: bot.PhaseLocating, Kind: bot.KindAccess, Arrived: now.Add(-3 * day), Due: now.Add(27 * day)},
		{Phase: bot.PhaseLocating, Kind: bot.KindAccess, Arrived: now.Add(-3 * day), Due: now.Add(27 * day)},
		{Phase: bot.PhaseLocating, Kind: bot.KindAccess, Arrived: now.Add(-3 * day), Due: now.Add(27 * day), Statutory: now},
		{Phase: bot.PhaseWorking, Kind: bot.KindDelete, Arrived: now.Add(-31 * day), Due: now.Add(-day), Wait: &bot.Wait{On: bot.OnApprover}},
		{Phase: bot.PhaseDone, Kind: bot.KindDelete, Arrived: now.Add(-99 * day), Due: now.Add(-69 * day), Resolution: bot.Resolved},
		{Phase: bot.PhaseDone, Resolution: bot.Rejected},
	}
}

func TestMetricsSayWhatTheDaemonDoes(t *testing.T) {
	now := newClock()
	store := &shelf{cases: sampleCases(now.Now())}
	c := NewCollector(MetricsOptions{
		Store: store, Systems: []string{"crm"}, Clock: now.Now, Log: logTo(io.Discard), Version: "v1.2.3",
		QueueDepth: func(context.Context) (int, int, error) { return 4, 1, nil },
		Budget:     func() (int, int, bool) { return 150, 200, true },
	})
	for _, o := range []bot.Observation{
		{Event: "run", Kind: bot.KindDelete, System: "crm", Stage: bot.StageErase, Duration: 2 * time.Second},
		{Event: "run", Kind: bot.KindDelete, System: "crm", Stage: bot.StageErase, Duration: 2 * time.Second, Failed: true},
		{Event: "done", Kind: bot.KindDelete, Duration: time.Hour},
		{Event: "held", Kind: bot.KindAccess},
		{Event: "unheard of", Kind: bot.KindAccess},
	} {
		c.Observe(o)
	}
	for _, status := range []int{0, 200, 409, 422, 429, 503} {
		c.ZendeskCall(status != 200, status)
	}
	page := scrape(t, c)
	expect(t, page,
		`privacydesk_requests{kind="unclear",phase="reading",waiting_on="requester"} 1`,
		`privacydesk_requests{kind="access",phase="locating",waiting_on="nobody"} 4`,
		`privacydesk_requests{kind="delete",phase="working",waiting_on="approver"} 1`,
		`privacydesk_requests_ended{kind="delete",resolution="resolved"} 1`,
		`privacydesk_requests_ended{kind="unclear",resolution="rejected"} 1`,
		`privacydesk_requests_overdue{kind="access"} 1`,
		`privacydesk_requests_overdue{kind="delete"} 1`,
		`privacydesk_oldest_open_seconds 2.6784e+06`,
		`privacydesk_due_seconds -86400`,
		`privacydesk_store_up 1`,
		`privacydesk_run_duration_seconds_count{stage="erase",system="crm"} 2`,
		`privacydesk_run_duration_seconds_sum{stage="erase",system="crm"} 4`,
		`privacydesk_run_duration_seconds_bucket{stage="erase",system="crm",le="1"} 0`,
		`privacydesk_run_failures_total{stage="erase",system="crm"} 1`,
		`privacydesk_done_total{kind="delete"} 1`,
		`privacydesk_held_total{kind="access"} 1`,
		`privacydesk_queue_depth{queue="step"} 4`,
		`privacydesk_queue_depth{queue="run"} 1`,
		`privacydesk_zendesk_budget 150`,
		`privacydesk_zendesk_budget_limit 200`,
		`privacydesk_zendesk_calls_total{kind="read",result="ok"} 1`,
		`privacydesk_zendesk_calls_total{kind="write",result="no_answer"} 1`,
		`privacydesk_zendesk_calls_total{kind="write",result="throttled"} 1`,
		`privacydesk_zendesk_calls_total{kind="write",result="conflict"} 1`,
		`privacydesk_zendesk_calls_total{kind="write",result="refused"} 1`,
		`privacydesk_zendesk_calls_total{kind="write",result="failed"} 1`,
		`privacydesk_build_info{version="v1.2.3"} 1`,
	)
}

func TestTheStoreIsReadOnceInFifteenSeconds(t *testing.T) {
	now := newClock()
	store := &shelf{cases: sampleCases(now.Now())[:1]}
	c := NewCollector(MetricsOptions{Store: store, Clock: now.Now, Log: logTo(io.Discard)})
	scrape(t, c)
	first := store.calls
	store.cases = nil
	now.Add(cacheFor - time.Second)
	expect(t, scrape(t, c), `privacydesk_requests{kind="unclear",phase="reading",waiting_on="requester"} 1`)
	if store.calls != first {
		t.Errorf("the store was read %d times, want %d", store.calls, first)
	}
	now.Add(time.Second)
	if page := scrape(t, c); strings.Contains(page, "privacydesk_requests{") || store.calls == first {
		t.Errorf("an old count is still shown:\n%s", page)
	}
}

func TestAStoreThatFailsShowsNoNumbers(t *testing.T) {
	var out bytes.Buffer
	c := NewCollector(MetricsOptions{
		Store: &shelf{err: errors.New("connection refused")}, Clock: newClock().Now, Log: logTo(&out),
		QueueDepth: func(context.Context) (int, int, error) { return 0, 0, errors.New("connection refused") },
		Budget:     func() (int, int, bool) { return 0, 0, false },
	})
	page := scrape(t, c)
	expect(t, page, "privacydesk_store_up 0")
	for _, gone := range []string{"privacydesk_requests", "privacydesk_oldest", "privacydesk_due", "privacydesk_queue", "privacydesk_zendesk_budget"} {
		if strings.Contains(page, "\n"+gone) {
			t.Errorf("the page shows %s without knowing it:\n%s", gone, page)
		}
	}
	if !strings.Contains(out.String(), "could not be counted") || !strings.Contains(out.String(), "depth could not be read") {
		t.Errorf("nothing was logged: %s", out.String())
	}
}

func TestWebhooksAreCountedByHowTheyEnd(t *testing.T) {
	c := NewCollector(MetricsOptions{Store: &shelf{}, Clock: newClock().Now, Log: logTo(io.Discard)})
	s := newServer(t, io.Discard, Options{Mounts: map[string]http.Handler{
		"POST /hook/{code}": c.Webhooks(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			code := 0
			_, _ = fmt.Sscan(r.PathValue("code"), &code)
			if code == 0 {
				panic("broken")
			}
			w.WriteHeader(code)
		})),
	}})
	for _, code := range []string{"200", "202", "401", "413", "503", "0"} {
		get(s, "POST", "/hook/"+code)
	}
	expect(t, scrape(t, c),
		`privacydesk_webhooks_total{result="received"} 2`,
		`privacydesk_webhooks_total{result="refused"} 2`,
		`privacydesk_webhooks_total{result="failed"} 2`)
}

// Whatever a record or an observation says, only words of closed lists become
// labels.
func TestRule10_NoAddressGetsIntoMetrics(t *testing.T) {
	now := newClock()
	c := NewCollector(MetricsOptions{
		Store: &shelf{cases: []bot.Case{
			{
				ID: address, Phase: bot.PhaseWorking, Kind: bot.Kind(address), Tenant: address, Locale: address, Reason: bot.Reason(address),
				Wait: &bot.Wait{On: bot.WaitOn(address), Reason: bot.Reason(address)}, Systems: map[string]*bot.System{address: {Notes: []string{address}}},
			},
			{Phase: bot.PhaseDone, Kind: bot.Kind(address), Resolution: bot.Resolution(address), Linked: address},
		}},
		Systems: []string{"crm"}, Clock: now.Now, Log: logTo(io.Discard),
	})
	for _, event := range []string{"run", "done", "held", address} {
		c.Observe(bot.Observation{Event: event, Kind: bot.Kind(address), System: address, Stage: bot.Stage(address), Failed: true})
	}
	page := scrape(t, c)
	if strings.Contains(page, "@") || strings.Contains(page, "doe") {
		t.Errorf("an address became a metric:\n%s", page)
	}
	expect(t, page,
		`privacydesk_requests{kind="other",phase="working",waiting_on="other"} 1`,
		`privacydesk_requests_ended{kind="other",resolution="other"} 1`,
		`privacydesk_run_failures_total{stage="other",system="other"} 1`)
}

// TestRule11_StuckIsCounted: what every step of fails for an hour, what nobody
// works on, and tickets that could not be read.
func TestRule11_StuckIsCounted(t *testing.T) {
	now := newClock()
	ago := func(d time.Duration) time.Time { return now.Now().Add(-d) }
	c := NewCollector(MetricsOptions{
		Store: &shelf{cases: []bot.Case{
			{Phase: bot.PhaseWorking, Failing: ago(time.Hour)},
			{Phase: bot.PhaseDone, Failing: ago(time.Minute), Dead: 1},
			{Phase: bot.PhaseLocating, Wake: ago(2 * time.Hour)},
			{Phase: bot.PhaseLocating, Wake: ago(time.Minute)},
			{Phase: bot.PhaseClosing, Failing: ago(time.Minute)},
		}},
		Clock: now.Now, Log: logTo(io.Discard), Unread: func(context.Context) ([]string, error) { return []string{"t1", "t2"}, nil },
	})
	expect(t, scrape(t, c), `privacydesk_requests_stuck{what="request"} 3`, `privacydesk_requests_stuck{what="ticket"} 2`)
}
