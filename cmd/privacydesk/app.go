package main

import (
	"cmp"
	"context"
	cryptotls "crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/sirupsen/logrus"

	"privacydesk/bot"
	"privacydesk/bot/directory"
	"privacydesk/bot/messages"
	"privacydesk/bot/reading"
	"privacydesk/bot/redisstore"
	"privacydesk/bot/report"
	"privacydesk/bot/spool"
	"privacydesk/bot/web"
	"privacydesk/bot/worker"
	"privacydesk/bot/zendesk"
	"privacydesk/config"
	"privacydesk/connectors"
	"privacydesk/connectors/all"
	"privacydesk/connectors/decorate"
)

// app is the opened installation. What opens registers how it closes; close
// runs these last in, first out.
type app struct {
	cfg        *config.Config
	log        *logrus.Logger
	redis      *redis.Client
	embedded   *redisstore.Embedded // nil when the Redis is somebody else's
	redisKind  string               // url, child, embedded (keeps nothing), attached
	store      *redisstore.Store
	keys       *spool.Shelf
	spool      *spool.Folder
	desk       *zendesk.Desk
	directory  directory.Directory
	queue      *worker.Queue
	relay      *worker.Relay // of the intake alone
	metrics    *web.Collector
	systems    map[string]bot.SystemConfig
	engine     *bot.Engine
	failpoint  func(string)
	checkEvery time.Duration
	watch      *watch
	tls        *cryptotls.Config // of the web server; nil where it speaks plain HTTP
	exchange   *exchange         // with other replicas; nil where there can be none
	skewSaid   atomic.Bool
	unfitSaid  hourly

	closers []func(context.Context) error
}

// openOptions are what commands open differently.
type openOptions struct {
	// log receives the log.
	log io.Writer
	// attach lets a command work beside a daemon whose Redis is embedded.
	attach bool
	// looks is set by commands that only look: where there is no data yet, they
	// leave none.
	looks bool
	// at is told which part is opened; nil for nobody.
	at func(part string)
	// inProcess lets the Redis be one that keeps nothing: the demo alone.
	inProcess bool
	// checkEvery is how often an empty queue is looked at; 0 for the usual.
	checkEvery time.Duration
}

// loadConfig reads the file; what is wrong with it is wrong usage.
func loadConfig(path string, s *surroundings) (*config.Config, error) {
	kinds, err := all.Kinds()
	if err != nil {
		return nil, err
	}
	cfg, err := config.Load(path, s.env, kinds)
	if err != nil {
		return nil, &usageError{err}
	}
	return cfg, nil
}

// withApp opens the installation for one command beside a daemon.
func withApp(ctx context.Context, s *surroundings, path string, f func(*app) error) error {
	return withOptions(ctx, s, path, openOptions{log: s.stderr, attach: true}, f)
}

func withOptions(ctx context.Context, s *surroundings, path string, o openOptions, f func(*app) error) error {
	cfg, err := loadConfig(path, s)
	if err != nil {
		return err
	}
	a, err := openApp(ctx, cfg, o)
	if err != nil {
		return err
	}
	return errors.Join(f(a), a.close(ctx))
}

// openApp opens every part. A part that fails closes those before it.
func openApp(ctx context.Context, cfg *config.Config, o openOptions) (a *app, err error) {
	a = newApp(cfg, o)
	defer func() {
		if err != nil {
			err = errors.Join(err, a.close(ctx))
			a = nil
		}
	}()
	if err := a.openAll(ctx, o); err != nil {
		return a, err
	}
	return a, nil
}

func newApp(cfg *config.Config, o openOptions) *app {
	a := &app{
		cfg: cfg, log: config.NewLogger(cfg.Log, o.log), failpoint: failpointOf(os.LookupEnv), checkEvery: o.checkEvery,
		systems: map[string]bot.SystemConfig{},
	}
	a.watch = newWatch(a.log, time.Now, a.looked)
	return a
}

// looked is told of each look at a precondition.
func (a *app) looked(p precondition, up bool) {
	if a.metrics != nil {
		a.metrics.Looked(p.name, up)
	}
}

func (a *app) onClose(f func(context.Context) error) { a.closers = append(a.closers, f) }

// close ends the parts, the last opened first, within a bound, also when ctx
// has ended.
func (a *app) close(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), a.cfg.Workers.Grace+10*time.Second)
	defer cancel()
	var errs []error
	for _, f := range slices.Backward(a.closers) {
		errs = append(errs, f(ctx))
	}
	a.closers = nil
	return errors.Join(errs...)
}

func (a *app) openKeys(_ context.Context, o openOptions) error {
	masters, err := a.cfg.Keys.Masters()
	if err != nil {
		return &usageError{err}
	}
	dir, err := a.folder(a.cfg.KeysDir(), o)
	if err != nil {
		return err
	}
	if a.keys, err = spool.OpenKeys(spool.KeysOptions{Dir: dir, Masters: masters, Clock: time.Now}); err != nil {
		return err
	}
	if dir, err = a.folder(a.cfg.SpoolDir(), o); err != nil {
		return err
	}
	a.spool, err = spool.Open(spool.Options{Dir: dir}, a.keys)
	return err
}

// openRedis takes the configured Redis, else a child of ours, else, for the
// demo, one in this process that keeps nothing.
func (a *app) openRedis(ctx context.Context, o openOptions) error {
	options, err := a.redisOptions(ctx, o)
	if err != nil {
		return err
	}
	a.redis = redis.NewClient(options)
	a.onClose(func(context.Context) error { return a.redis.Close() })
	if err := a.redis.Ping(ctx).Err(); err != nil {
		return fmt.Errorf("redis: %w; see redis.url and redis.tls", err)
	}
	if a.store, err = redisstore.New(a.redis, a.authenticator(), redisstore.Options{Prefix: a.cfg.Redis.Prefix}); err != nil {
		return err
	}
	a.queue, err = worker.NewQueue(a.redis, a.cfg.Redis.Prefix)
	return err
}

// authenticator is the key shelf. Where it can't be opened, which check goes on
// to tell, nothing in the store is believed.
func (a *app) authenticator() bot.Authenticator {
	if a.keys == nil {
		return nobody{}
	}
	return a.keys
}

// nobody is an authenticator without a key.
type nobody struct{}

func (nobody) Authenticate(string, string, string) string { return "" }

func (nobody) Demands() bool { return true }

func (a *app) redisOptions(ctx context.Context, o openOptions) (*redis.Options, error) {
	if a.cfg.Redis.URL != "" {
		a.redisKind = "url"
		options, err := redis.ParseURL(a.cfg.Redis.URL)
		if err != nil {
			return nil, &usageError{errors.New("redis.url: is no Redis URL; write it as redis://user:password@host:6379/0")}
		}
		if options.TLSConfig, err = a.cfg.Redis.TLS.Load(options.TLSConfig); err != nil {
			return nil, &usageError{err}
		}
		return options, nil
	}
	a.redisKind = "child"
	dir, err := a.folder(a.cfg.RedisDir(), o)
	if err != nil {
		return nil, err
	}
	a.embedded, err = redisstore.Start(ctx, dir)
	switch {
	case errors.Is(err, redisstore.ErrInUse) && o.attach:
		a.redisKind = "attached"
		return redisstore.Attach(a.cfg.RedisDir())
	case errors.Is(err, redisstore.ErrNoServer) && o.inProcess:
		a.redisKind = "embedded"
		a.embedded, err = redisstore.InProcess()
	}
	if err != nil {
		return nil, err
	}
	a.onClose(a.embedded.Stop)
	return a.embedded.Options(), nil
}

func (a *app) openDesk(_ context.Context, _ openOptions) (err error) {
	a.metrics = web.NewCollector(web.MetricsOptions{
		Store: a.store, Systems: sortedKeys(a.cfg.Systems), Clock: time.Now, Log: a.log, Version: version,
		QueueDepth: a.queue.Waiting,
		Unread: func(ctx context.Context) ([]string, error) {
			if a.engine == nil {
				return nil, nil
			}
			return a.engine.Unread(ctx)
		},
		Budget: func() (int, int, bool) { return a.desk.Budget() },
	})
	tokens, err := a.tokenShelf()
	if err != nil {
		return err
	}
	env := zendesk.Env{Clock: time.Now, Tokens: tokens, Observe: a.called}
	if a.store != nil { // check goes on without one: then this process keeps to its own part
		env.Purse = a.store.Purse()
	}
	a.desk, err = zendesk.New(a.cfg.Zendesk.Options, env)
	return err
}

// called is told of each call to Zendesk.
func (a *app) called(c zendesk.Call) {
	a.metrics.ZendeskCall(!c.Read(), c.Status)
	if unanswered := c.Status == 0 && c.Tries > 0; unanswered || c.Status == http.StatusUnauthorized {
		a.watch.kick("zendesk")
	}
	if ahead, known := a.desk.Ahead(); known && ahead.Abs() > clockNoted {
		a.watch.kick("clock")
	}
	if a.failpoint != nil && c.Method == http.MethodPost && c.Endpoint == "uploads" {
		a.failpoint("after-upload")
	}
}

func (a *app) openDirectory(_ context.Context, _ openOptions) (err error) {
	d := a.cfg.Directory
	if a.directory, err = directory.Open(d.KindName, directory.Env{Normalise: reading.Normalise}, d.Options); err != nil {
		return &usageError{err}
	}
	a.onClose(func(context.Context) error { return a.directory.Close() })
	return nil
}

// openSystem opens a system's connector, with patience, limit and log round
// it.
func (a *app) openSystem(ctx context.Context, name string) error {
	s := a.cfg.Systems[name]
	conn, err := s.Kind.Open(ctx, connectors.Env{
		System: name, Clock: time.Now, Log: a.log.WithField("system", name), HTTP: &http.Client{Timeout: s.Timeout},
		ReadFile: func(file string) ([]byte, error) { return os.ReadFile(a.cfg.Path(file)) }, MaxKeys: s.MaxKeys,
		ReadOnly: !a.cfg.Deletes.Live(),
	}, s.Options)
	if err != nil {
		return &usageError{fmt.Errorf("systems.%s: %w", name, err)}
	}
	a.onClose(func(context.Context) error { return conn.Close() })
	conn = decorate.Log(conn, name, a.log, time.Now)
	conn = decorate.Retry(conn, decorate.RetryPolicy{Attempts: s.Attempts, First: 500 * time.Millisecond, Most: 10 * time.Second})
	if s.Limit > 0 {
		conn = decorate.Limit(conn, s.Limit)
	}
	a.systems[name] = bot.SystemConfig{
		Connector: conn, Kind: s.Kind, Label: s.Label, Controller: s.Role == config.Controller,
		Tenant: s.Tenants.Spell, Timeout: s.Timeout, BackupsFor: s.Backups,
	}
	return nil
}

// openTLS reads the certificate of the web server, where it speaks TLS.
func (a *app) openTLS(context.Context, openOptions) error {
	tls := a.cfg.Web.TLS
	if tls == nil {
		return nil
	}
	pair, err := cryptotls.LoadX509KeyPair(tls.Cert, tls.Key)
	if err != nil {
		return &usageError{fmt.Errorf("web.tls: %w; see web.tls.cert and web.tls.key", err)}
	}
	a.tls = &cryptotls.Config{Certificates: []cryptotls.Certificate{pair}, MinVersion: cryptotls.VersionTLS12}
	return nil
}

// catalog is what people are told.
func (a *app) catalog() (*messages.Catalog, error) {
	if dir := a.cfg.Messages.Dir; dir != "" {
		if info, err := os.Stat(dir); err != nil || !info.IsDir() {
			return nil, &usageError{fmt.Errorf("messages.dir: there is no folder %s: %w; create it, or leave the key out", dir, cmp.Or(err, error(syscall.ENOTDIR)))}
		}
	}
	catalog, err := messages.New(a.overrides())
	if err != nil {
		return nil, &usageError{err}
	}
	if of := a.cfg.Messages.Agents; !catalog.Speaks(of) {
		return nil, &usageError{fmt.Errorf("messages.agents: there are no texts in %q; there are %s", of, strings.Join(catalog.Locales(), ", "))}
	}
	return catalog, nil
}

func (a *app) openEngine(_ context.Context, _ openOptions) error {
	catalog, err := a.catalog()
	if err != nil {
		return err
	}
	reporter, err := report.New(a.spool, a.keys, a.cfg.Report)
	if err != nil {
		return err
	}
	a.engine, err = bot.NewEngine(bot.Options{
		Desk: a.desk, Patient: a.desk.Patient(), Store: a.store, Queue: a.queue, Directory: a.directory, Spool: a.spool, Keys: a.keys, Stable: a.keys,
		Reporter: reporter, Messages: catalog, Systems: a.systems, Log: a.log, Clock: time.Now,
		Guarded: func(f func() error) error { return worker.Guarded(a.log, f) },
		Observe: a.metrics.Observe, AtHome: a.atHome, Failpoint: a.failpoint, Settings: a.cfg.Settings(version),
	})
	return err
}
