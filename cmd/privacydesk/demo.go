package main

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"privacydesk/bot/zendesksim"
	"privacydesk/cmd/privacydesk/sample"
)

type demoCmd struct {
	Dir   string `placeholder:"DIR" help:"Where reports, configuration and data go: a new or an empty folder; default: a temporary one."`
	JSON  bool   `help:"Print one JSON object on standard output and nothing else there."`
	Serve bool   `help:"Keep serving afterwards, to look at the tickets in a browser."`
	Redis string `placeholder:"URL" help:"Use this Redis instead of one of our own. What the demo stores there begins with pd-demo- and stays."`
}

// Help carries the example.
func (demoCmd) Help() string {
	return "A simulated Zendesk, four sample systems and eight tickets; the daemon is the real one.\n\nExample:\n  privacydesk demo --dir /tmp/privacydesk-demo"
}

// demoBound is when the demo gives up waiting for its tickets.
const demoBound = 60 * time.Second

// demo is the state of one demo.
type demo struct {
	cmd     demoCmd
	s       *surroundings
	dir     string
	prefix  string    // of the keys in Redis: no two demos share theirs
	say     io.Writer // progress, for people
	desk    *sample.Desk
	address string // of the simulated Zendesk
	dbs     map[string]*sql.DB
	app     *app
	logPath string
	log     *os.File
	cast    []castMember
	before  map[string]map[string][]string // the systems' rows before
	closers []func() error
}

// Run plays the whole cast and judges how it ended.
func (c demoCmd) Run(ctx context.Context, s *surroundings) (err error) {
	d := &demo{cmd: c, s: s, say: s.stdout, dbs: map[string]*sql.DB{}, before: map[string]map[string][]string{}}
	if c.JSON {
		d.say = io.Discard
	}
	defer func() { err = errors.Join(err, d.close()) }()
	for _, step := range []func(context.Context) error{d.prepare, d.startZendesk, d.createSystems, d.startDaemon, d.fileTickets, d.await} {
		err := step(ctx)
		switch {
		case ctx.Err() != nil:
			return fmt.Errorf("stopped before the tickets had ended; what is there so far lies in %s", d.dir)
		case err != nil:
			return err
		}
	}
	result, err := d.judge(ctx)
	if err != nil {
		return err
	}
	if c.JSON {
		err = printJSON(s.stdout, result)
	} else {
		d.show(result)
	}
	if c.Serve && err == nil {
		d.linef("\nserving until you press Ctrl-C\n%s", simulatedAt(d.desk, d.address))
		<-ctx.Done()
	}
	if err == nil && !result.OK {
		return errQuiet
	}
	return err
}

func (d *demo) linef(format string, args ...any) { _, _ = fmt.Fprintf(d.say, format+"\n", args...) }

func (d *demo) onClose(f func() error) { d.closers = append(d.closers, f) }

func (d *demo) close() error {
	var errs []error
	for i := len(d.closers) - 1; i >= 0; i-- {
		errs = append(errs, d.closers[i]())
	}
	return errors.Join(errs...)
}

func (d *demo) prepare(context.Context) error {
	d.linef("privacydesk demo: a simulated Zendesk, four sample systems, eight tickets. Approval is switched off, the waiting period three seconds.")
	var err error
	if d.dir, err = demoFolder(d.cmd.Dir); err != nil {
		return &usageError{fmt.Errorf("--dir: %w", err)}
	}
	d.prefix = "pd-demo-" + strings.ToLower(rand.Text()[:8])
	for _, sub := range []string{"systems", "reports", "maps"} {
		if err := os.MkdirAll(filepath.Join(d.dir, sub), 0o700); err != nil {
			return err
		}
	}
	d.logPath = filepath.Join(d.dir, "privacydesk.log")
	if d.log, err = os.OpenFile(d.logPath, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600); err != nil {
		return err
	}
	d.onClose(d.log.Close)
	return nil
}

// demoFolder makes the folder, or takes an empty one: what a demo writes has
// the names of a real installation's files, master.key among them.
func demoFolder(name string) (string, error) {
	if name == "" {
		return os.MkdirTemp("", "privacydesk-demo-")
	}
	dir, err := filepath.Abs(name)
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	there, err := os.ReadDir(dir)
	if err != nil {
		return "", err
	}
	if len(there) > 0 {
		return "", fmt.Errorf("%s is not an empty folder; name one that is empty or new", dir)
	}
	return dir, nil
}

func (d *demo) startZendesk(ctx context.Context) error {
	d.desk = sample.NewDesk(zendesksim.New(zendesksim.Options{}))
	server, address, err := serveSim(ctx, d.desk.Sim, "127.0.0.1:0")
	if err != nil {
		return err
	}
	d.onClose(server.Close)
	d.address = address
	d.linef("  simulated Zendesk at http://%s", address)
	return nil
}

func (d *demo) createSystems(ctx context.Context) error {
	for _, sys := range sample.Systems() {
		path := filepath.Join(d.dir, "systems", sys.Name+".db")
		uri := "file:" + (&url.URL{Path: path}).EscapedPath()
		db, err := sql.Open("sqlite", uri+"?_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)")
		if err != nil {
			return err
		}
		d.onClose(db.Close)
		d.dbs[sys.Name] = db
		if err := sys.Create(ctx, db, sample.SQLite(), demoPeople()); err != nil {
			return err
		}
		if d.before[sys.Name], err = sys.Dump(ctx, db); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(d.dir, "maps", sys.Name+".yml"), sys.Map(), 0o600); err != nil {
			return err
		}
	}
	d.linef("  sample systems in %s: %d people of two tenants", filepath.Join(d.dir, "systems"), len(demoPeople()))
	return nil
}

// startDaemon writes a configuration file and starts the daemon on it, as
// `privacydesk serve` does.
func (d *demo) startDaemon(ctx context.Context) error {
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails, see crypto/rand
	keyFile := filepath.Join(d.dir, "master.key")
	if err := os.WriteFile(keyFile, []byte(hex.EncodeToString(key)), 0o600); err != nil {
		return err
	}
	hook, secret := d.desk.Sim.AddWebhook("http://127.0.0.1:1/", "zen:event-type:ticket.created", "zen:event-type:ticket.updated")
	file := filepath.Join(d.dir, "privacydesk.yml")
	if err := os.WriteFile(file, []byte(d.configuration(secret)), 0o600); err != nil {
		return err
	}
	cfg, err := loadConfig(file, d.s)
	if err != nil {
		return fmt.Errorf("the demo's own configuration: %w", err)
	}
	if d.app, err = openApp(ctx, cfg, openOptions{log: d.log, inProcess: true, checkEvery: 50 * time.Millisecond}); err != nil {
		return err
	}
	d.onClose(func() error { return d.app.close(ctx) })
	if err := d.app.begin(ctx); err != nil {
		return err
	}
	running, err := d.app.start(ctx, []string{"intake", "worker", "clock", "web"})
	if err != nil {
		return err
	}
	d.desk.Sim.PointWebhook(hook, "http://"+running.address+cfg.Zendesk.Webhook.Path)
	go d.desk.Sim.AutoDeliver(ctx)
	d.linef("  Redis: %s", d.redisWords())
	d.linef("  daemon at http://%s", running.address)
	return nil
}

func (d *demo) redisWords() string {
	switch d.app.redisKind {
	case "child":
		return "a redis-server of our own"
	case "embedded":
		return "in this process; it KEEPS NOTHING, there is no redis-server in PATH (the daemon would refuse to erase on it)"
	}
	return "the given one"
}

// configuration is the demo's privacydesk.yml.
func (d *demo) configuration(webhookSecret string) string {
	var b strings.Builder
	redis := "redis: {prefix: " + d.prefix + "}\n"
	if d.cmd.Redis != "" {
		redis = fmt.Sprintf("redis: {prefix: %s, url: %s}\n", d.prefix, quoted(d.cmd.Redis))
	}
	fmt.Fprintf(&b, `# Written by the demo. Approval is off and the waiting period short: a real vendor keeps both as they are by default.
intake: {since: %s, poll: "@every 1m", sweep: "@every 1s", first_looks_per_requester: 8}
zendesk:
  url: http://%s
  oauth: {client_id: %s, client_secret: %s}
  form: %d
  kind_field: %d
  tenant_field: %d
  due_field: %d
  kind_values: {privacy_access: access, privacy_delete: delete, privacy_opt_out: opt_out, privacy_direct: direct}
  webhook: {secret: %q}
directory:
  kind: static
  users:
`, time.Now().Add(-time.Hour).UTC().Format(time.RFC3339), d.address, d.desk.ClientID, d.desk.ClientSecret,
		d.desk.Form, d.desk.Kind, d.desk.Tenant, d.desk.Due, webhookSecret)
	for _, u := range sample.Users() {
		fmt.Fprintf(&b, "    - {email: %s, tenant: %s, admin: %v}\n", u.Email, u.Tenant, u.Admin)
	}
	fmt.Fprintf(&b, `%sdata_dir: data
keys: {master: [{id: demo, key: "${file:master.key}"}]}
deletes: {mode: live, approval: never, waiting_period: 3s}
requests: {backoff: 1s}
opt_out: {statement: We neither sell personal data nor share it for advertising.}
web: {listen: "127.0.0.1:0"}
log: {format: json}
systems:
`, redis)
	for _, sys := range sample.Systems() {
		fmt.Fprintf(&b, "  %s: {kind: sqlite, label: %s, dsn: %s, dataset: [maps/%s.yml], tenants: same}\n",
			sys.Name, sys.Label, quoted(filepath.Join(d.dir, "systems", sys.Name+".db")), sys.Name)
	}
	return b.String()
}

// quoted is a text as the configuration reads it back, whatever it holds.
func quoted(text string) string {
	return "'" + strings.NewReplacer("'", "''", "${", "$${").Replace(text) + "'"
}
