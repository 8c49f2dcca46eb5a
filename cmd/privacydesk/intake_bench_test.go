package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/sirupsen/logrus"

	"privacydesk/bot"
	"privacydesk/bot/bottest"
	"privacydesk/bot/redisstore"
	"privacydesk/bot/web"
	"privacydesk/bot/worker"
	"privacydesk/bot/zendesk"
	"privacydesk/bot/zendesksim"
	"privacydesk/connectors/connectortest/servers"
)

// The load of BenchmarkIntake.
const (
	intakeRate     = 500 // webhooks a second
	intakeSeconds  = 20
	intakeTickets  = 2000 // that they are about
	intakeKnown    = 1000 // of them, those that have a record; the others wait for a first look
	intakeRepeat   = 10   // every so manyeth is sent a second time, with the same invocation id
	intakeSecret   = "benchmark-webhook-secret"
	intakePath     = "/webhooks/zendesk"
	intakeBaseline = "/baseline"
)

// BenchmarkIntake sends webhooks to the real receiver at a steady rate,
// whether it keeps up or not, and counts a webhook's time from the moment at
// which it was to be sent. Redis syncs each write to disk. The baseline is a
// bare handler that does one SET there. Afterwards Redis is killed and started
// anew: what it then lacks is lost.
func BenchmarkIntake(b *testing.B) {
	for b.Loop() {
		benchIntake(b)
	}
	b.ReportMetric(0, "ns/op") // it is the same whatever the webhooks take
}

func benchIntake(b *testing.B) {
	server := servers.Redis(b)
	client := redis.NewClient(&redis.Options{Network: "unix", Addr: server.Socket()})
	b.Cleanup(func() { _ = client.Close() })
	r := newReceiver(b, client)

	bare := r.load(b, intakeBaseline)
	ours := r.load(b, intakePath)
	if err := r.app.relay.Shutdown(b.Context()); err != nil {
		b.Fatal(err)
	}
	waiting, _, err := r.app.queue.Waiting(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	if err := server.Kill(); err != nil {
		b.Fatal(err)
	}
	if err := server.Restart(b.Context()); err != nil {
		b.Fatal(err)
	}
	lost := intakeTickets - len(r.hinted(b))
	if ours.refused+bare.refused > 0 || lost != 0 {
		b.Errorf("%d webhooks were refused, %d of the baseline; %d tickets were lost", ours.refused, bare.refused, lost)
	}
	total := intakeRate * intakeSeconds
	if repeats := total / intakeRepeat; int(r.replayed.Load()) != repeats || int(r.accepted.Load()) != total-repeats || waiting != intakeKnown {
		b.Errorf("%d webhooks were taken for repeats and %d for new, of %d and %d; %d tasks wait for %d requests",
			r.replayed.Load(), r.accepted.Load(), repeats, total-repeats, waiting, intakeKnown)
	}
	b.ReportMetric(ours.at(0.50), "p50-ms")
	b.ReportMetric(ours.at(0.99), "p99-ms")
	b.ReportMetric(ours.at(1), "max-ms")
	b.ReportMetric(bare.at(0.50), "set-p50-ms")
	b.ReportMetric(bare.at(0.99), "set-p99-ms")
	b.ReportMetric(bare.at(1), "set-max-ms")
	b.ReportMetric(ours.at(0.50)/bare.at(0.50), "x-set-p50")
	b.ReportMetric(ours.at(0.99)/bare.at(0.99), "x-set-p99")
	b.ReportMetric(float64(lost), "lost")
	b.ReportMetric(float64(r.replayed.Load()), "repeats-collapsed")
	b.ReportMetric(float64(waiting), "tasks")
}

// receiver is the daemon's intake, and the baseline beside it, on one server.
type receiver struct {
	app      *app
	url      string
	http     *http.Client
	accepted atomic.Int64
	replayed atomic.Int64
}

func newReceiver(b *testing.B, client *redis.Client) *receiver {
	b.Helper()
	log := logrus.New()
	log.SetOutput(io.Discard)
	r := &receiver{app: &app{log: log, redis: client}, http: &http.Client{
		Transport: &http.Transport{MaxIdleConns: 256, MaxIdleConnsPerHost: 256}, Timeout: 30 * time.Second,
	}}
	b.Cleanup(r.http.CloseIdleConnections)
	var err error
	if r.app.store, err = redisstore.New(client, &bottest.Authenticator{}, redisstore.Options{}); err != nil {
		b.Fatal(err)
	}
	if r.app.queue, err = worker.NewQueue(client, ""); err != nil {
		b.Fatal(err)
	}
	if r.app.relay, err = worker.NewRelay(knownOnly{r.app.queue, r.app.store}, log); err != nil {
		b.Fatal(err)
	}
	r.know(b)
	handler, err := zendesk.NewWebhook(zendesk.WebhookOptions{Secrets: []string{intakeSecret}, Clock: time.Now, Observe: r.count}, r.app.takeHints)
	if err != nil {
		b.Fatal(err)
	}
	server, err := web.New(web.Options{Listen: "127.0.0.1:0", Log: log, Clock: time.Now, Mounts: map[string]http.Handler{
		"POST " + intakePath: handler, "POST " + intakeBaseline: bareHandler(client),
	}})
	if err != nil {
		b.Fatal(err)
	}
	if err := server.Start(b.Context()); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = server.Shutdown(context.Background()) })
	r.url = "http://" + server.Addr().String()
	return r
}

// know gives tickets a record, each at rest until it is hinted at.
func (r *receiver) know(b *testing.B) {
	b.Helper()
	now := time.Now()
	for n := range intakeKnown {
		c := bot.Case{ID: bot.IDOfTicket(int64(n + 1)), Ticket: int64(n + 1), Phase: bot.PhaseWorking, Arrived: now}
		if err := r.app.store.Commit(b.Context(), bot.Change{Case: c, Now: now}); err != nil {
			b.Fatal(err)
		}
	}
}

func (r *receiver) count(result string) {
	switch result {
	case "accepted":
		r.accepted.Add(1)
	case "replayed":
		r.replayed.Add(1)
	}
}

// bareHandler reads a body and does one SET.
func bareHandler(client *redis.Client) http.Handler {
	var n atomic.Int64
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err == nil {
			err = client.Set(r.Context(), "baseline/"+strconv.FormatInt(n.Add(1), 10), body, 0).Err()
		}
		if err != nil {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
}

// hinted lists the tickets that the store knows to have been announced.
func (r *receiver) hinted(b *testing.B) []string {
	b.Helper()
	ids, err := r.app.store.Due(b.Context(), time.Now(), 2*intakeTickets)
	if err != nil {
		b.Fatal(err)
	}
	newcomers, err := r.app.store.Newcomers(b.Context(), 2*intakeTickets)
	if err != nil {
		b.Fatal(err)
	}
	for _, n := range newcomers {
		ids = append(ids, n.ID)
	}
	slices.Sort(ids)
	ids = slices.Compact(ids)
	known := map[string]bool{}
	for n := range intakeTickets {
		known[bot.IDOfTicket(int64(n+1))] = true
	}
	for _, id := range ids {
		if !known[id] {
			b.Errorf("request %s was never announced", id)
		}
	}
	return ids
}

// invocations are the webhooks of one load, in the order of sending. A repeat
// follows half a second after the first.
func (r *receiver) invocations(path string) []*http.Request {
	total := intakeRate * intakeSeconds
	out := make([]*http.Request, 0, total)
	stamp := time.Now().UTC().Format(time.RFC3339)
	for i := range total {
		n := i
		if i%intakeRepeat == intakeRepeat-1 {
			n = max(i-intakeRate/2, 0) / intakeRepeat * intakeRepeat
		}
		body := fmt.Appendf(nil, `{"account_id":10000,"type":"zen:event-type:ticket.status_changed","subject":"zen:ticket:%d",`+
			`"time":%q,"event":{"current":"OPEN","previous":"NEW"},"detail":{"status":"OPEN","tags":["privacy"]}}`, (n-n/intakeRepeat)%intakeTickets+1, stamp)
		req, err := http.NewRequest(http.MethodPost, r.url+path, bytes.NewReader(body))
		if err != nil {
			panic(err) // the URL is our own
		}
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("X-Zendesk-Account-Id", "10000")
		req.Header.Set("X-Zendesk-Webhook-Invocation-Id", fmt.Sprintf("01BENCH%019d", n))
		req.Header.Set("X-Zendesk-Webhook-Signature-Timestamp", stamp)
		req.Header.Set("X-Zendesk-Webhook-Signature", zendesksim.Sign(intakeSecret, stamp, body))
		out = append(out, req)
	}
	return out
}

// timings are how long the webhooks of one load took.
type timings struct {
	took    []time.Duration // sorted
	refused int
}

// at is a quantile, in milliseconds.
func (t timings) at(quantile float64) float64 {
	i := min(int(float64(len(t.took))*quantile), len(t.took)-1)
	return t.took[i].Seconds() * 1000
}

// load sends every webhook at its time.
func (r *receiver) load(b *testing.B, path string) timings {
	b.Helper()
	requests := r.invocations(path)
	out := timings{took: make([]time.Duration, len(requests))}
	var refused atomic.Int64
	var sending sync.WaitGroup
	timer := time.NewTimer(0)
	defer timer.Stop()
	<-timer.C
	start := time.Now()
	for i, req := range requests {
		due := start.Add(time.Duration(i) * time.Second / intakeRate)
		if wait := time.Until(due); wait > 0 {
			timer.Reset(wait)
			<-timer.C
		}
		sending.Go(func() {
			if !r.send(req) {
				refused.Add(1)
			}
			out.took[i] = time.Since(due)
		})
	}
	sending.Wait()
	out.refused = int(refused.Load())
	slices.Sort(out.took)
	return out
}

func (r *receiver) send(req *http.Request) bool {
	res, err := r.http.Do(req)
	if err != nil {
		return false
	}
	_, err = io.Copy(io.Discard, res.Body)
	return res.Body.Close() == nil && err == nil && res.StatusCode == http.StatusOK
}
