package web

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"privacydesk/bot"
)

// gauges describe what is read when somebody scrapes.
type gauges struct {
	requests, ended, overdue, oldest, stuck, due, storeUp, budget, limit, depth *prometheus.Desc
}

func newGauges() gauges {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("privacydesk_"+name, help, labels, nil)
	}
	return gauges{
		requests: desc("requests", "Open requests by phase, kind and whom they wait for.", "phase", "kind", "waiting_on"),
		ended:    desc("requests_ended", "Requests that ended and whose key is not destroyed yet, by how they ended.", "kind", "resolution"),
		overdue:  desc("requests_overdue", "Open requests whose date has passed, ours or the customer's own, by kind.", "kind"),
		oldest:   desc("oldest_open_seconds", "Age of the oldest open request since its ticket arrived; 0 without one."),
		stuck:    desc("requests_stuck", "Requests that can't move: every step of them failed for an hour, killed its worker, or nobody works on them; and tickets that could not be read again and again.", "what"),
		due:      desc("due_seconds", "Time left to the earliest due date of an open request, negative when it has passed; absent without one."),
		storeUp:  desc("store_up", "1 if the store could be read for this page, else 0 and the other gauges of requests are absent."),
		budget:   desc("zendesk_budget", "Calls that Zendesk still takes from the account in this minute."),
		limit:    desc("zendesk_budget_limit", "Calls a minute that Zendesk takes from the account."),
		depth:    desc("queue_depth", "Tasks that wait in a queue.", "queue"),
	}
}

func (g gauges) describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{g.requests, g.ended, g.overdue, g.oldest, g.stuck, g.due, g.storeUp, g.budget, g.limit, g.depth} {
		ch <- d
	}
}

// census is one count of the store.
type census struct {
	up     bool
	open   map[[3]string]int // phase, kind, waiting_on
	ended  map[[2]string]int // kind, resolution
	late   map[string]int    // kind
	stuck  int
	unread int
	oldest time.Time
	due    time.Time
}

// Collect is part of prometheus.Collector.
func (c *Collector) Collect(ch chan<- prometheus.Metric) {
	for _, v := range c.vectors() {
		v.Collect(ch)
	}
	gauge := func(d *prometheus.Desc, value float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
	}
	now := c.o.Clock()
	if n := c.count(now); n.up {
		gauge(c.gauges.storeUp, 1)
		for l, k := range n.open {
			gauge(c.gauges.requests, float64(k), l[0], l[1], l[2])
		}
		for l, k := range n.ended {
			gauge(c.gauges.ended, float64(k), l[0], l[1])
		}
		for kind, k := range n.late {
			gauge(c.gauges.overdue, float64(k), kind)
		}
		age := time.Duration(0)
		if !n.oldest.IsZero() {
			age = now.Sub(n.oldest)
		}
		gauge(c.gauges.oldest, age.Seconds())
		gauge(c.gauges.stuck, float64(n.stuck), "request")
		gauge(c.gauges.stuck, float64(n.unread), "ticket")
		if !n.due.IsZero() {
			gauge(c.gauges.due, n.due.Sub(now).Seconds())
		}
	} else {
		gauge(c.gauges.storeUp, 0)
	}
	c.collectOutside(gauge)
}

func (c *Collector) collectOutside(gauge func(*prometheus.Desc, float64, ...string)) {
	if c.o.Budget != nil {
		if left, limit, ok := c.o.Budget(); ok {
			gauge(c.gauges.budget, float64(left))
			gauge(c.gauges.limit, float64(limit))
		}
	}
	if c.o.QueueDepth == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), listTimeout)
	defer cancel()
	steps, runs, err := c.o.QueueDepth(ctx)
	if err != nil {
		c.o.Log.WithField("event", "metrics").WithField("error", err).Warn("the queues' depth could not be read")
		return
	}
	gauge(c.gauges.depth, float64(steps), "step")
	gauge(c.gauges.depth, float64(runs), "run")
}

// count takes a census unless the last one is recent.
func (c *Collector) count(now time.Time) census {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.looked.IsZero() && now.Sub(c.looked) < cacheFor {
		return c.census
	}
	ctx, cancel := context.WithTimeout(context.Background(), listTimeout)
	defer cancel()
	n, err := c.take(ctx)
	if err != nil {
		c.o.Log.WithField("event", "metrics").WithField("error", err).Warn("the requests could not be counted")
	}
	c.census, c.looked = n, now
	return n
}

// take pages through all that is open, and through what ended and is not
// forgotten yet: what is forgotten grows for 24 months and is not read.
func (c *Collector) take(ctx context.Context) (census, error) {
	n := census{open: map[[3]string]int{}, ended: map[[2]string]int{}, late: map[string]int{}}
	phases := []bot.Phase{bot.PhaseReading, bot.PhaseLocating, bot.PhaseWorking, bot.PhaseClosing, bot.PhaseDone}
	for _, phase := range phases {
		for cursor := ""; ; {
			cases, next, err := c.o.Store.List(ctx, bot.Filter{Phase: phase}, cursor, 500)
			if err != nil {
				return census{}, err
			}
			for i := range cases {
				n.add(phase, &cases[i], c.o.Clock())
			}
			if cursor = next; next == "" {
				break
			}
		}
	}
	if c.o.Unread != nil {
		unread, err := c.o.Unread(ctx)
		if err != nil {
			return census{}, err
		}
		n.unread = len(unread)
	}
	n.up = true
	return n, nil
}

func (n *census) add(phase bot.Phase, c *bot.Case, now time.Time) {
	if !c.StuckSince(now).IsZero() {
		n.stuck++
	}
	if phase == bot.PhaseDone {
		n.ended[[2]string{kindLabel(c.Kind), resolutionLabel(c.Resolution)}]++
		return
	}
	n.open[[3]string{string(phase), kindLabel(c.Kind), waitLabel(c.Wait)}]++
	if n.oldest.IsZero() || c.Arrived.Before(n.oldest) {
		n.oldest = c.Arrived
	}
	due := c.Deadline()
	if due.IsZero() {
		return
	}
	if n.due.IsZero() || due.Before(n.due) {
		n.due = due
	}
	late := 0
	if !now.Before(due) {
		late = 1
	}
	n.late[kindLabel(c.Kind)] += late
}
