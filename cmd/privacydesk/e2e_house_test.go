package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	_ "github.com/go-sql-driver/mysql"
	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/redis/go-redis/v9"

	"privacydesk/bot"
	"privacydesk/bot/redisstore"
	"privacydesk/bot/spool"
	"privacydesk/bot/zendesksim"
	"privacydesk/cmd/privacydesk/sample"
	"privacydesk/connectors/connectortest/servers"
)

// patience bounds each wait for something that has to happen, on a machine
// that has much else to do, too.
const patience = 8 * time.Minute

// house is an installation whose daemon is a process of its own: Zendesk
// simulated behind a listener, a real Redis, the CRM in PostgreSQL, events in
// MariaDB, voice and warehouse in SQLite.
type house struct {
	t       testing.TB
	dir     string
	config  string
	desk    *sample.Desk
	skew    atomic.Int64 // of Zendesk's clock
	hook    string       // the webhook's id; empty where tickets are polled
	secret  string
	url     string // of the simulated Zendesk
	address string // of the daemon started last
	redis   *redis.Client
	store   *redisstore.Store
	people  []sample.Person
	dbs     map[string]*sql.DB
	places  map[string]string // system → kind and dsn, in YAML
	before  map[string]map[string][]string
	log     journal
	o       houseOptions
}

// houseOptions are what tests choose.
type houseOptions struct {
	redis   string // its URL; empty for a child of the daemon's
	prefix  string
	people  []sample.Person
	deletes string // the section, in YAML
	forget  time.Duration
	webhook bool
	// served puts voice and warehouse on servers, too: a process that is
	// stopped holds a SQLite file's lock for as long as it is.
	served bool
}

// live is the section of deletes that a test writes for no person to be asked.
const live = "{mode: live, approval: never, waiting_period: 0s, cap_per_tenant_day: 1000, rescan: {when: never}}"

// newHouse builds it, with nothing running but the simulator.
func newHouse(t testing.TB, o houseOptions) *house {
	t.Helper()
	h := &house{
		t: t, dir: t.TempDir(), people: o.people, o: o,
		dbs: map[string]*sql.DB{}, places: map[string]string{}, before: map[string]map[string][]string{},
	}
	h.desk = sample.NewDesk(zendesksim.New(zendesksim.Options{
		Seed: 1, Clock: func() time.Time { return time.Now().Add(time.Duration(h.skew.Load())) },
	}))
	server := httptest.NewServer(h.desk.Sim)
	t.Cleanup(server.Close)
	h.url = server.URL
	if o.webhook {
		h.hook, h.secret = h.desk.Sim.AddWebhook("http://127.0.0.1:1/", "zen:event-type:ticket.created", "zen:event-type:ticket.updated",
			"zen:event-type:ticket.comment_added", "zen:event-type:ticket.status_changed")
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan struct{})
		go func() { defer close(done); h.desk.Sim.AutoDeliver(ctx) }()
		t.Cleanup(func() { cancel(); <-done })
	}
	t.Cleanup(h.keepLog)
	h.newKey("master.key")
	h.openRedis(o)
	h.createSystems()
	h.configure(h.o.deletes)
	return h
}

func (h *house) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

// keepLog leaves a failed test's log in the folder that PRIVACYDESK_TEST_LOGS
// names. A log that is not all of our making fails the test.
func (h *house) keepLog() {
	for _, line := range h.log.odd {
		h.t.Errorf("this is no line of our log: %s", line)
	}
	if dir := os.Getenv("PRIVACYDESK_TEST_LOGS"); dir != "" && h.t.Failed() {
		name := strings.ReplaceAll(h.t.Name(), "/", "-") + ".log"
		h.must(os.WriteFile(filepath.Join(dir, name), h.log.all(), 0o600))
	}
}

// newKey writes a random master key.
func (h *house) newKey(file string) {
	h.t.Helper()
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails, see crypto/rand
	h.must(os.WriteFile(filepath.Join(h.dir, file), []byte(hex.EncodeToString(key)), 0o600))
}

func (h *house) openRedis(o houseOptions) {
	h.t.Helper()
	options := &redis.Options{Network: "unix", Addr: filepath.Join(h.dir, "data", "redis", "redis.sock")}
	if o.redis != "" {
		var err error
		options, err = redis.ParseURL(o.redis)
		h.must(err)
	}
	h.redis = redis.NewClient(options)
	h.t.Cleanup(func() { _ = h.redis.Close() })
	var err error
	text, err := os.ReadFile(filepath.Join(h.dir, "master.key"))
	h.must(err)
	master, err := spool.ParseMaster("one", string(text))
	h.must(err)
	keys, err := spool.OpenKeys(spool.KeysOptions{Dir: filepath.Join(h.dir, "data", "keys"), Masters: []spool.MasterKey{master}})
	h.must(err)
	h.store, err = redisstore.New(h.redis, keys, redisstore.Options{Prefix: o.prefix})
	h.must(err)
}

func (h *house) createSystems() {
	h.t.Helper()
	for _, sys := range sample.Systems() {
		kind, dsn, more := "sqlite", filepath.Join(h.dir, sys.Name+".db"), ""
		driver, at, dialect := "sqlite", "file:"+dsn+"?_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)", sample.SQLite()
		switch {
		case sys.Name == "crm", h.o.served && sys.Name == "voice":
			kind, driver, dialect = "postgres", "pgx", sample.Postgres()
			dsn = servers.Postgres(h.t).CreateDatabase(h.t)
		case sys.Name == "events", h.o.served:
			kind, driver, dialect = "mysql", "mysql", sample.MySQL()
			dsn = servers.MariaDB(h.t).CreateDatabase(h.t)
		}
		if kind != "sqlite" {
			// A worker that is stopped in a transaction loses it then.
			at, more = dsn, ", statement_timeout: 6s"
		}
		db, err := sql.Open(driver, at)
		h.must(err)
		db.SetMaxOpenConns(1)
		db.SetConnMaxIdleTime(time.Second)
		h.t.Cleanup(func() { _ = db.Close() })
		h.must(sys.Create(h.t.Context(), db, dialect, h.people))
		h.dbs[sys.Name] = db
		h.before[sys.Name], err = sys.Dump(h.t.Context(), db)
		h.must(err)
		h.must(os.WriteFile(filepath.Join(h.dir, sys.Name+".yml"), sys.Map(), 0o600))
		h.places[sys.Name] = fmt.Sprintf("kind: %s, dsn: %q, dataset: [%s.yml]%s", kind, dsn, sys.Name, more)
	}
}

// configure writes the configuration. Patience is the least that it allows,
// so that what a crash leaves behind is taken up soon.
func (h *house) configure(deletes string, more ...string) {
	h.t.Helper()
	var b strings.Builder
	webhook := ""
	if h.hook != "" {
		webhook = fmt.Sprintf("\n  webhook: {secret: %q}", h.secret)
	}
	poll := "@every 1s"
	if h.hook != "" {
		poll = "@every 20s"
	}
	fmt.Fprintf(&b, `intake: {since: %s, poll: %q, sweep: "@every 1s", first_looks: 64, first_looks_per_requester: 32, first_looks_pace: 0s}
zendesk:
  url: %s
  oauth: {client_id: %s, client_secret: %s}
  form: %d
  kind_field: %d
  tenant_field: %d
  due_field: %d
  requests_per_minute: 1000000
  updates_per_minute: 100000
  kind_values: {privacy_access: access, privacy_delete: delete, privacy_opt_out: opt_out, privacy_direct: direct}%s
directory:
  kind: static
  users:
`, time.Now().Add(-time.Hour).UTC().Format(time.RFC3339), poll, h.url, h.desk.ClientID, h.desk.ClientSecret,
		h.desk.Form, h.desk.Kind, h.desk.Tenant, h.desk.Due, webhook)
	for _, u := range sample.Users() {
		fmt.Fprintf(&b, "    - {email: %s, tenant: %s, admin: %v}\n", u.Email, u.Tenant, u.Admin)
	}
	forget := h.o.forget
	if forget == 0 {
		forget = 336 * time.Hour
	}
	master := `[{id: one, key: "${file:master.key}"}]`
	if len(more) > 0 {
		master = more[0]
	}
	fmt.Fprintf(&b, `data_dir: data
opt_out: {statement: We neither sell personal data nor share it for advertising.}
keys: {master: %s}
redis: {url: %q, prefix: %s}
deletes: %s
requests: {backoff: 1s, max_backoff: 2s, lease: 5s, step_lease: 10s, max_attempts: 100, forget_after: %s, clean_ticket: %v, answers_per_hour: 0, at_once_per_tenant: 50}
workers: {steps: 16, runs: 8, grace: 10s}
web: {listen: "127.0.0.1:0"}
log: {format: json}
systems:
`, master, h.o.redis, h.o.prefix, deletes, forget, forget >= time.Hour) // cleaning takes the reports that tests read
	for _, sys := range sample.Systems() {
		fmt.Fprintf(&b, "  %s: {%s, label: %s, tenants: same}\n", sys.Name, h.places[sys.Name], sys.Label)
	}
	h.config = filepath.Join(h.dir, "privacydesk.yml")
	h.must(os.WriteFile(h.config, []byte(b.String()), 0o600))
}

// cli runs one command line in this process and returns what it says and its
// exit code.
func (h *house) cli(args ...string) (stdout, stderr string, code int) {
	h.t.Helper()
	var out, problems bytes.Buffer
	err := run(h.t.Context(), args, surroundings{env: os.LookupEnv, stdout: &out, stderr: &problems})
	code = exitCode(err, &problems)
	return out.String(), problems.String(), code
}

// command runs one on this house's configuration, which has to succeed.
func (h *house) command(args ...string) string {
	h.t.Helper()
	out, problems, code := h.cli(append(args, "--config", h.config)...)
	if code != 0 {
		h.t.Fatalf("%v: exit code %d\n%s%s", args, code, out, problems)
	}
	return out
}

// get asks the daemon.
func (h *house) get(path string) (status int, body string) {
	h.t.Helper()
	res, err := http.Get("http://" + h.address + path)
	h.must(err)
	defer func() { _ = res.Body.Close() }()
	var b bytes.Buffer
	_, err = b.ReadFrom(res.Body)
	h.must(err)
	return res.StatusCode, b.String()
}

// caseOf is the ticket's record; the zero Case where there is none yet, or
// the store can't be asked now.
func (h *house) caseOf(ticket int64) bot.Case {
	rec, err := h.store.Load(context.Background(), bot.IDOfTicket(ticket))
	if err != nil {
		return bot.Case{}
	}
	return rec.Case
}

// await asks again and again until it is so.
func (h *house) await(what string, so func() bool) {
	h.t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	end := time.NewTimer(patience)
	defer end.Stop()
	for !so() {
		select {
		case <-tick.C:
		case <-end.C:
			h.t.Fatalf("not within %s: %s\n%s\nthe log ends with:\n%s", patience, what, h.states(), h.log.tail())
		}
	}
}

// states lists where the tickets stand that are not forgotten.
func (h *house) states() string {
	var b strings.Builder
	for _, ticket := range h.desk.Sim.Tickets() {
		c := h.caseOf(ticket.ID)
		if c.Phase == bot.PhaseForgotten && ticket.Status == "solved" {
			continue
		}
		fmt.Fprintf(&b, "ticket %d (%s): %s (%s), %s %s, owes %d, attempts %d, wakes %s\n", ticket.ID, ticket.Status, c.State(), c.Why(),
			c.Phase, c.Stage, len(c.Owed), c.Attempts, c.Wake.Format(time.TimeOnly))
		for _, name := range sortedKeys(c.Systems) {
			if r := c.Systems[name].Run; r.State != bot.RunDone && r.State != bot.RunIdle {
				fmt.Fprintf(&b, "  %s: %s %s, attempt %d, %+v\n", name, r.Stage, r.State, r.Attempt, r.Fail)
			}
		}
	}
	return b.String()
}
