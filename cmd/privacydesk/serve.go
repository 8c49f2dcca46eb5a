package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/sirupsen/logrus"

	"privacydesk/bot"
	"privacydesk/bot/web"
	"privacydesk/bot/worker"
	"privacydesk/bot/zendesk"
)

type serveCmd struct {
	configFlag
	Role []string `enum:"intake,worker,clock,web" default:"intake,worker,clock,web" help:"What this process does: intake (webhooks), worker, clock (schedules), web (health, metrics)."`
}

// Help carries the example.
func (serveCmd) Help() string {
	return "Example:\n  privacydesk serve --config privacydesk.yml"
}

// Run serves until the context ends, then stops in order: nothing new is
// taken in, work in flight ends or is left to its lease.
func (c serveCmd) Run(ctx context.Context, s *surroundings) error {
	cfg, err := loadConfig(c.Config, s)
	if err != nil {
		return err
	}
	a, err := openApp(ctx, cfg, openOptions{log: s.stderr})
	if err != nil {
		return err
	}
	for _, w := range cfg.Warnings() {
		a.log.Warn(w)
	}
	if err := a.begin(ctx); err != nil {
		return errors.Join(err, a.close(ctx))
	}
	running, err := a.start(ctx, c.Role)
	if err != nil {
		return errors.Join(err, a.close(ctx))
	}
	a.log.WithField("event", "started").WithField("address", running.address).Info("privacydesk serves")
	select {
	case <-ctx.Done():
	case err = <-running.failed:
	}
	a.log.WithField("event", "stopping").Info("privacydesk stops")
	return errors.Join(err, a.close(ctx))
}

// running is a started installation.
type running struct {
	address string       // of the web server; empty without one
	failed  <-chan error // told when a part ends that must not
}

// vouch gives codes to what a version before there were any kept in Redis, once
// in an installation's life: from then on, what bears none is not ours.
func (a *app) vouch(ctx context.Context) error {
	if a.keys.Demands() {
		return nil
	}
	n, err := a.store.Vouch(ctx)
	if err != nil {
		return err
	}
	a.log.WithField("event", "vouched").WithField("values", n).Warn("what an older version kept in Redis bears codes now; replicas of that version must not run any more")
	return a.keys.Vouched()
}

// start starts the roles. What it starts is ended by close.
func (a *app) start(ctx context.Context, roles []string) (*running, error) {
	has := func(role string) bool { return slices.Contains(roles, role) }
	var server *web.Server
	if has("web") || has("intake") {
		var err error
		if server, err = a.listen(ctx, has("intake")); err != nil { // before anything works: the port may be taken
			return nil, err
		}
	}
	if has("worker") {
		if err := a.startWorker(); err != nil {
			return nil, err
		}
	}
	if has("clock") {
		if err := a.startClock(); err != nil { //nolint:contextcheck // its jobs end with Shutdown, which close calls
			return nil, err
		}
	}
	a.startWatch(ctx)
	failed := make(chan error, 2)
	r := &running{failed: failed}
	if server != nil {
		if err := server.Start(ctx); err != nil {
			return nil, err
		}
		a.onClose(server.Shutdown)
		r.address = server.Addr().String()
		go heed(failed, "the web server ended", server.Done())
	}
	if a.embedded != nil {
		go func() {
			<-a.embedded.Done()
			failed <- fmt.Errorf("the redis-server of our own ended: %w", errors.Join(a.embedded.Err()))
		}()
	}
	return r, nil
}

// heed tells of a part's failure. Its end in order is none.
func heed(failed chan<- error, what string, done <-chan error) {
	if err := <-done; err != nil {
		failed <- fmt.Errorf("%s: %w", what, err)
	}
}

func (a *app) startWorker() error {
	w, err := worker.New(worker.Options{
		Redis: a.redis, Prefix: a.cfg.Redis.Prefix, Engine: a.engine, Log: a.log,
		Steps: a.cfg.Workers.Steps, Runs: a.cfg.Workers.Runs, Grace: a.cfg.Workers.Grace, CheckEvery: a.checkEvery,
	})
	if err != nil {
		return err
	}
	if err := w.Start(); err != nil {
		return err
	}
	a.onClose(w.Shutdown)
	return nil
}

// startClock runs the schedules: sweeping, polling, looking for requests whose
// record was lost, and once a day removing what outlived its use.
func (a *app) startClock() error {
	clock, err := worker.NewClock(worker.ClockOptions{Redis: a.redis, Prefix: a.cfg.Redis.Prefix, Location: a.cfg.Requests.Location.Location, Log: a.log})
	if err != nil {
		return err
	}
	for _, job := range a.jobs() {
		if err := clock.Schedule(job.name, job.spec, true, job.f); err != nil {
			return &usageError{err}
		}
	}
	if err := clock.Start(); err != nil {
		return err
	}
	a.onClose(clock.Shutdown)
	return nil
}

// job is something that one process does by the clock.
type job struct {
	name, spec string
	f          func(context.Context) error
}

func (a *app) jobs() []job {
	poller := zendesk.Poller{Desk: a.desk.Patient(), Store: a.store, Clock: time.Now, Since: a.cfg.Intake.Since, Stable: a.keys, AtHome: a.atHome, Generation: a.engine.IntakeGeneration}
	return []job{
		{"sweep", a.cfg.Intake.Sweep, a.engine.Sweep},
		{"poll", a.cfg.Intake.Poll, func(ctx context.Context) error {
			_, err := poller.Poll(ctx)
			return errors.Join(err, poller.Again(ctx))
		}},
		{"tidy", "@every 1m", a.queue.Tidy},
		{"suspended", "@hourly", a.engine.Suspended},
		{"stuck", "@hourly", a.engine.TellStuck},
		{"orphans", "@every 10m", a.engine.Orphans},
		{"clean", "@daily", a.clean},
	}
}

// clean removes unfinished spool files of workers that died, and tenants' keys
// that nothing used for as long as records are kept: legal holds use theirs.
func (a *app) clean(ctx context.Context) error {
	_, spoolErr := a.spool.Clean(ctx, time.Now().Add(-48*time.Hour))
	if err := a.engine.RenewLegalHolds(ctx); err != nil {
		return errors.Join(spoolErr, err)
	}
	_, keysErr := a.keys.Retire(ctx, time.Now().Add(-a.cfg.Requests.KeepRecords))
	return errors.Join(spoolErr, keysErr)
}

// listen takes the port for health and metrics, and the webhook where there is a
// secret to check it by.
func (a *app) listen(ctx context.Context, intake bool) (*web.Server, error) {
	mounts := map[string]http.Handler{}
	hook := a.cfg.Zendesk.Webhook
	var err error
	if a.relay, err = worker.NewRelay(knownOnly{a.queue, a.store}, a.log); err != nil { //nolint:contextcheck // it ends with Shutdown, which close calls
		return nil, err
	}
	a.onClose(a.relay.Shutdown)
	if secrets := hook.Secrets(); intake && len(secrets) > 0 {
		handler, err := zendesk.NewWebhook(zendesk.WebhookOptions{
			Secrets: secrets, Skew: hook.Skew, Accounts: hook.Accounts, Clock: time.Now, Skewed: a.skewed, Unfit: a.unfit,
		}, a.takeHints)
		if err != nil {
			return nil, err
		}
		mounts["POST "+hook.Path] = a.metrics.Webhooks(handler)
	}
	if a.cfg.Consumers.Enabled {
		mounts[web.ConfirmPattern] = a.confirmations()
	}
	options := web.Options{
		Listen: a.cfg.Web.Listen, Log: a.log, Clock: time.Now, Ready: a.ready, Mounts: mounts, TLS: a.tls,
	}
	if a.cfg.Web.Metrics {
		registry := prometheus.NewRegistry()
		if err := registry.Register(a.metrics); err != nil {
			return nil, fmt.Errorf("metrics: %w", err)
		}
		options.Metrics = registry
	}
	server, err := web.New(options)
	if err != nil {
		return nil, err
	}
	if err := server.Listen(ctx); err != nil {
		return nil, err
	}
	a.onClose(func(context.Context) error { return server.Close() })
	return server, nil
}

// confirmations is the page by which consumers prove their address.
func (a *app) confirmations() http.Handler {
	return web.NewConfirm(web.ConfirmOptions{
		Page: a.engine.LinkPage, Follow: a.engine.FollowLink, NoLink: a.engine.NoLinkPage, Log: a.log,
		Missing: func(err error) bool { return errors.Is(err, bot.ErrNoLink) },
		Busy:    func(err error) bool { return errors.Is(err, bot.ErrBusy) || errors.Is(err, bot.ErrConflict) },
	})
}

// skewed tells of webhooks that are refused for their time: not of each, since
// anybody can send such. The clock is compared anew.
func (a *app) skewed(ahead time.Duration) {
	if !a.skewSaid.CompareAndSwap(false, true) {
		return
	}
	way := "ahead of"
	if ahead < 0 {
		way = "behind"
	}
	a.log.WithFields(logrus.Fields{"event": "webhook", "off": ahead.Abs().Round(time.Second).String()}).
		Warnf("a webhook was refused for its time: this machine's clock is %s it; unless somebody sends old ones, synchronise the clock (NTP). Said once", way)
	a.watch.kick("clock")
}

// unfit tells once an hour of webhooks whose signature is not of our secret:
// anybody can send such, but those of a secret that is wrong here look alike.
func (a *app) unfit() {
	due, kept := a.unfitSaid.due(time.Now())
	if !due {
		return
	}
	a.log.WithFields(logrus.Fields{
		"event": "webhook", "count": kept + 1, "mend": "write the signing secret that Zendesk shows for the webhook into zendesk.webhook.secret, and restart",
	}).Warn("webhooks are refused: their signature does not fit zendesk.webhook.secret. Either it is wrong, or somebody else sends them; tickets are polled meanwhile. Said once an hour")
}

// takeHints makes hints durable, and lets the relay ask a worker to look: the
// answer to a webhook doesn't wait for the queue.
func (a *app) takeHints(ctx context.Context, ids []string, invocation string, keep time.Duration) (bool, error) {
	fresh, err := a.store.Hint(ctx, ids, invocation, keep)
	if err != nil || !fresh {
		return fresh, err
	}
	for _, id := range ids {
		a.relay.Step(id)
	}
	return true, nil
}

// knownOnly queues hints at requests. A ticket without a record waits for the
// sweep, which looks at all new ones in few calls and calls them in in turn.
type knownOnly struct {
	bot.Queue
	store bot.Store
}

// Step implements bot.Queue.
func (k knownOnly) Step(ctx context.Context, id, key string) error {
	known, err := k.store.Known(ctx, []string{id})
	if err != nil || !known[id] {
		return err
	}
	return k.Queue.Step(ctx, id, key)
}

// ready is what /readyz shows.
func (a *app) ready(ctx context.Context) []web.Dependency {
	return a.watch.ready(ctx, a.preconditions())
}

// startWatch looks at the preconditions for as long as the installation serves.
func (a *app) startWatch(ctx context.Context) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		a.watch.run(ctx, a.preconditions())
	}()
	a.onClose(func(context.Context) error {
		cancel()
		<-ended
		return nil
	})
}

// overrides is the folder of a team's own messages.
func (a *app) overrides() fs.FS {
	if a.cfg.Messages.Dir == "" {
		return nil
	}
	return os.DirFS(a.cfg.Messages.Dir)
}
