package web

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/sirupsen/logrus"

	"privacydesk/bot"
)

// cacheFor is how long a look at the store is believed, so that many scrapers
// cost no more than one.
const cacheFor = 15 * time.Second

// listTimeout bounds one look at the store.
const listTimeout = 8 * time.Second

// MetricsOptions of a Collector.
type MetricsOptions struct {
	Store   Lister
	Systems []string // the configured names; any other counts as "other"
	Clock   func() time.Time
	Log     logrus.FieldLogger
	Version string
	// Unread lists tickets that could not be read again and again; nil for
	// unknown.
	Unread func(context.Context) ([]string, error)
	// QueueDepth tells how many tasks wait in each queue; nil for unknown.
	QueueDepth func(context.Context) (steps, runs int, err error)
	// Budget is what Zendesk still lets us ask in this minute, and its limit;
	// ok is false before the first answer. nil for unknown.
	Budget func() (left, limit int, ok bool)
}

// Lister is the part of bot.Store that metrics need.
type Lister interface {
	List(ctx context.Context, f bot.Filter, cursor string, limit int) ([]bot.Case, string, error)
}

// Collector counts what the daemon does. Labels are phases, kinds, stages and
// configured names, each from a closed list: no value of a ticket or a row
// can become one.
type Collector struct {
	o MetricsOptions

	runs     *prometheus.HistogramVec
	failures *prometheus.CounterVec
	done     *prometheus.CounterVec
	held     *prometheus.CounterVec
	declined *prometheus.CounterVec
	mails    *prometheus.CounterVec
	calls    *prometheus.CounterVec
	webhooks *prometheus.CounterVec
	build    *prometheus.GaugeVec
	parts    *prometheus.GaugeVec
	zendesk  *prometheus.GaugeVec
	up       *prometheus.GaugeVec
	lacks    *prometheus.CounterVec
	gauges   gauges

	mu     sync.Mutex
	census census
	looked time.Time
}

// NewCollector makes a Collector; register it with a prometheus.Registry and
// give its Observe to the engine.
func NewCollector(o MetricsOptions) *Collector {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: "privacydesk_" + name, Help: help}, labels)
	}
	gauge := func(name, help string, labels ...string) *prometheus.GaugeVec {
		return prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "privacydesk_" + name, Help: help}, labels)
	}
	c := &Collector{
		o:       o,
		parts:   gauge("part_up", "1 if a part without which nothing can be worked on was well when it was last looked at, else 0.", "part"),
		zendesk: gauge("zendesk_up", "1 if Zendesk took the credentials when they were last tried, else 0; absent before the first try."),
		up:      gauge("system_up", "1 if a system could be worked on when it was last looked at, else 0 and its runs wait.", "system"),
		lacks:   counter("part_failures_total", "Looks that found a part, or a system, not well.", "part"),
		runs: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "privacydesk_run_duration_seconds", Help: "Duration of one run in one system.",
			Buckets: []float64{0.05, 0.25, 1, 5, 15, 60, 300, 900, 3600},
		}, []string{"system", "stage"}),
		failures: counter("run_failures_total", "Runs that failed; they are tried again.", "system", "stage"),
		done:     counter("done_total", "Requests that this process brought to their end.", "kind"),
		mails:    counter("suspended_requests_total", "Suspended mail that reads like a request, found by this process."),
		held:     counter("held_total", "Times that this process held a request for a person.", "kind"),
		declined: counter("tickets_refused_total", "Tickets on which nothing could be written, told by this process."),
		calls:    counter("zendesk_calls_total", "Calls to Zendesk.", "kind", "result"),
		webhooks: counter("webhooks_total", "Webhook calls: received, refused (4xx) and failed (5xx).", "result"),
		build:    gauge("build_info", "1, labelled with the version.", "version"),
		gauges:   newGauges(),
	}
	c.build.WithLabelValues(o.Version).Set(1)
	c.mails.WithLabelValues()
	c.declined.WithLabelValues()
	for _, result := range []string{"received", "refused", "failed"} {
		c.webhooks.WithLabelValues(result)
	}
	return c
}

func (c *Collector) vectors() []prometheus.Collector {
	return []prometheus.Collector{c.runs, c.failures, c.done, c.held, c.declined, c.mails, c.calls, c.webhooks, c.build, c.parts, c.zendesk, c.up, c.lacks}
}

// Describe is part of prometheus.Collector.
func (c *Collector) Describe(ch chan<- *prometheus.Desc) {
	for _, v := range c.vectors() {
		v.Describe(ch)
	}
	c.gauges.describe(ch)
}

// Observe is for bot.Options.Observe.
func (c *Collector) Observe(o bot.Observation) {
	kind := kindLabel(o.Kind)
	switch o.Event {
	case "run":
		system, stage := c.systemLabel(o.System), stageLabel(o.Stage)
		c.runs.WithLabelValues(system, stage).Observe(o.Duration.Seconds())
		failures := c.failures.WithLabelValues(system, stage)
		if o.Failed {
			failures.Inc()
		}
	case "done":
		c.done.WithLabelValues(kind).Inc()
	case "suspended":
		c.mails.WithLabelValues().Inc()
	case "declined":
		c.declined.WithLabelValues().Inc()
	case "held":
		c.held.WithLabelValues(kind).Inc()
	}
}

// Looked tells how a look at a part ended. Parts are named by the program, and
// systems, as systems.NAME, by the configuration.
func (c *Collector) Looked(part string, up bool) {
	value := 0.0
	if up {
		value = 1
	}
	if system, is := strings.CutPrefix(part, "systems."); is {
		c.up.WithLabelValues(c.systemLabel(system)).Set(value)
	} else {
		c.parts.WithLabelValues(part).Set(value)
	}
	if part == "zendesk" {
		c.zendesk.WithLabelValues().Set(value)
	}
	if lacks := c.lacks.WithLabelValues(part); !up {
		lacks.Inc()
	}
}

// ZendeskCall counts one call: whether it writes, and its status (0 when no
// answer came).
func (c *Collector) ZendeskCall(write bool, status int) {
	kind := "read"
	if write {
		kind = "write"
	}
	c.calls.WithLabelValues(kind, resultLabel(status)).Inc()
}

func resultLabel(status int) string {
	switch {
	case status == 0:
		return "no_answer"
	case status == http.StatusTooManyRequests:
		return "throttled"
	case status == http.StatusConflict:
		return "conflict"
	case status < 400:
		return "ok"
	case status < 500:
		return "refused"
	}
	return "failed"
}

// Webhooks counts the calls of a webhook's handler by how they end.
func (c *Collector) Webhooks(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rec, finished := &recorder{ResponseWriter: w}, false
		defer func() {
			switch code := rec.code(); {
			case !finished || code >= 500:
				c.webhooks.WithLabelValues("failed").Inc()
			case code >= 400:
				c.webhooks.WithLabelValues("refused").Inc()
			default:
				c.webhooks.WithLabelValues("received").Inc()
			}
		}()
		h.ServeHTTP(rec, r)
		finished = true
	})
}

// The closed lists of label values.

const other = "other"

func (c *Collector) systemLabel(name string) string { return oneOf(name, c.o.Systems) }

func oneOf[S ~string](value S, known []S) string {
	if slices.Contains(known, value) {
		return string(value)
	}
	return other
}

func kindLabel(k bot.Kind) string {
	if k == "" {
		return "unclear"
	}
	return oneOf(k, []bot.Kind{bot.KindAccess, bot.KindDelete, bot.KindOptOut, bot.KindDirect, bot.KindCorrection, bot.KindObjection})
}

func stageLabel(s bot.Stage) string {
	return oneOf(s, []bot.Stage{bot.StageLocate, bot.StageRelocate, bot.StageRehearse, bot.StageGather, bot.StageErase, bot.StageVerify, bot.StageRescan})
}

func waitLabel(w *bot.Wait) string {
	if w == nil {
		return "nobody"
	}
	return oneOf(w.On, []bot.WaitOn{
		bot.OnRequester, bot.OnAgent, bot.OnApprover, bot.OnTime, bot.OnRequest, bot.OnSystem, bot.OnVendor, bot.OnPerson,
	})
}

func resolutionLabel(r bot.Resolution) string {
	return oneOf(r, []bot.Resolution{bot.Resolved, bot.Rejected, bot.Cancelled, bot.PartlyExecuted})
}
