package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"privacydesk/bot/zendesksim"
	"privacydesk/cmd/privacydesk/sample"
	"privacydesk/connectors/connectortest/servers"
)

// trialPatience bounds each wait for a daemon in this process.
const trialPatience = 2 * time.Minute

// trial is a small, sound installation beside a simulated Zendesk and a real
// Redis, for tests to break.
type trial struct {
	*testing.T
	desk   *sample.Desk
	dir    string
	redis  *servers.RedisServer
	client *redis.Client
	server *httptest.Server  // of Zendesk
	url    string            // of Zendesk
	skew   atomic.Int64      // of Zendesk's clock, as its answers date themselves
	parts  map[string]string // the configuration's sections
}

func newTrial(t *testing.T) *trial {
	t.Helper()
	tr := &trial{T: t, desk: sample.NewDesk(zendesksim.New(zendesksim.Options{})), dir: t.TempDir(), redis: servers.Redis(t)}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Date", time.Now().Add(time.Duration(tr.skew.Load())).UTC().Format(http.TimeFormat))
		tr.desk.Sim.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	tr.server, tr.url = server, server.URL
	options, err := redis.ParseURL(tr.redis.URL())
	tr.must(err)
	tr.client = redis.NewClient(options)
	t.Cleanup(func() { _ = tr.client.Close() })
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails, see crypto/rand
	tr.write("master.key", hex.EncodeToString(key))
	sys := sample.Systems()[0]
	db := tr.open("crm.db")
	tr.must(sys.Create(t.Context(), db, sample.SQLite(), few()))
	tr.must(db.Close())
	tr.write("crm.yml", string(sys.Map()))
	tr.parts = map[string]string{
		"intake": fmt.Sprintf(`{since: %s, poll: "@every 1s", sweep: "@every 1s"}`, time.Now().Add(-time.Hour).UTC().Format(time.RFC3339)),
		"zendesk": fmt.Sprintf("{url: %q, oauth: {client_id: %s, client_secret: %s}, form: %d, kind_field: %d, kind_values: {privacy_access: access, privacy_delete: delete}}",
			server.URL, tr.desk.ClientID, tr.desk.ClientSecret, tr.desk.Form, tr.desk.Kind),
		"directory": "{kind: static, users: [{email: alex@acme.example, tenant: acme, admin: true}]}",
		"keys":      `{master: [{id: one, key: "${file:master.key}"}]}`,
		"data_dir":  "data",
		"redis":     fmt.Sprintf("{url: %q, prefix: tr}", tr.redis.URL()),
		"systems":   "{crm: {kind: sqlite, dsn: " + filepath.Join(tr.dir, "crm.db") + ", dataset: [crm.yml], tenants: same, attempts: 1}}",
		"web":       `{listen: "127.0.0.1:0"}`,
		"log":       "{format: json}",
	}
	return tr
}

func (tr *trial) must(err error) {
	tr.Helper()
	if err != nil {
		tr.Fatal(err)
	}
}

func (tr *trial) write(name, text string) {
	tr.Helper()
	tr.must(os.WriteFile(filepath.Join(tr.dir, name), []byte(text), 0o600))
}

func (tr *trial) open(name string) *sql.DB {
	tr.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(tr.dir, name)+"?_pragma=busy_timeout(5000)")
	tr.must(err)
	return db
}

// set changes a word of a section.
func (tr *trial) set(section, old, replacement string) {
	tr.Helper()
	if !strings.Contains(tr.parts[section], old) {
		tr.Fatalf("%s: has no %q", section, old)
	}
	tr.parts[section] = strings.Replace(tr.parts[section], old, replacement, 1)
}

// config writes the configuration.
func (tr *trial) config() string {
	tr.Helper()
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(tr.parts)) {
		fmt.Fprintf(&b, "%s: %s\n", name, tr.parts[name])
	}
	tr.write("privacydesk.yml", b.String())
	return filepath.Join(tr.dir, "privacydesk.yml")
}

// check is what the command says, and whether it says ok.
func (tr *trial) check() (ok bool, said string) {
	tr.Helper()
	var out bytes.Buffer
	_, stderr := command(tr.Context(), &out, "check", "--json", "--config", tr.config())
	var answer struct{ OK bool }
	tr.must(json.Unmarshal(out.Bytes(), &answer))
	return answer.OK, out.String() + stderr
}

// listener waits for what a daemon says.
type listener struct {
	mu    sync.Mutex
	text  bytes.Buffer
	until func(string) bool
	heard chan struct{}
}

func (l *listener) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	n, err := l.text.Write(p)
	if l.until != nil && l.until(l.text.String()) {
		l.until = nil
		close(l.heard)
	}
	return n, err
}

func (l *listener) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// serve serves until the daemon's words are such, calls then with its address,
// and stops it. A daemon that ends by itself is heard to its end. served is
// whether it served.
func (tr *trial) serve(until func(said string) bool, then func(address string)) (served bool, said string) {
	tr.Helper()
	ctx, stop := context.WithCancel(tr.Context())
	defer stop()
	l, ended := &listener{until: until, heard: make(chan struct{})}, make(chan error, 1)
	file := tr.config()
	go func() {
		ended <- run(ctx, []string{"serve", "--config", file}, surroundings{env: os.LookupEnv, stdout: io.Discard, stderr: l})
	}()
	select {
	case err := <-ended:
		return false, l.String() + fmt.Sprint(err)
	case <-l.heard:
	case <-time.After(trialPatience):
		tr.Fatalf("the daemon neither ends nor says what it should:\n%s", l)
	}
	if at := regexp.MustCompile(`"address":"([^"]+)"`).FindStringSubmatch(l.String()); at != nil && then != nil {
		then(at[1])
	}
	stop()
	tr.must(<-ended)
	return true, l.String()
}

// until waits for something that has to happen.
func (tr *trial) until(what string, happened func() bool) {
	tr.Helper()
	for last := time.Now().Add(trialPatience); !happened(); runtime.Gosched() {
		if time.Now().After(last) {
			tr.Errorf("%s: never happened", what)
			return
		}
	}
}

// started is true once the daemon serves.
func started(said string) bool { return strings.Contains(said, `"event":"started"`) }

// page reads one of the daemon's.
func (tr *trial) page(address, path string) string {
	tr.Helper()
	req, err := http.NewRequestWithContext(tr.Context(), http.MethodGet, "http://"+address+path, http.NoBody)
	tr.must(err)
	res, err := http.DefaultClient.Do(req)
	tr.must(err)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	tr.must(err)
	return string(body)
}

// breakage breaks one precondition.
type breakage struct {
	part   string // its name in the list; systems.crm stands for any system
	name   string // of the case, where a part breaks in several ways
	breaks func(*trial)
	words  string // in which check and serve name it
	ends   bool   // serve does not start
}

func breakages() []breakage {
	return []breakage{
		{"data_dir", "no folder", func(tr *trial) { tr.must(os.Mkdir(filepath.Join(tr.dir, "data"), 0o700)); tr.write("data/spool", "") }, "not a directory", true},
		{"data_dir", "others can write", func(tr *trial) {
			dir := filepath.Join(tr.dir, "data", "keys")
			tr.must(os.MkdirAll(dir, 0o700))
			tr.must(os.Chmod(dir, 0o777))
		}, "every user of this machine can write to", true},
		{"redis", "nobody there", func(tr *trial) { tr.set("redis", tr.redis.URL(), "redis://127.0.0.1:1/0?max_retries=-1") }, "127.0.0.1:1", true},
		{"redis", "no append-only file", func(tr *trial) { tr.must(tr.client.ConfigSet(tr.Context(), "appendonly", "no").Err()) }, "appendonly", true},
		{"redis", "full", func(tr *trial) { tr.must(tr.client.ConfigSet(tr.Context(), "maxmemory", "1").Err()) }, "OOM", true},
		{"redis", "a replica", func(tr *trial) { tr.must(tr.client.Do(tr.Context(), "REPLICAOF", "127.0.0.1", "1").Err()) }, "replica", true},
		{"redis", "too few replicas of its own", func(tr *trial) { tr.must(tr.client.ConfigSet(tr.Context(), "min-replicas-to-write", "1").Err()) }, "NOREPLICAS", true},
		{"queue", "", func(tr *trial) {
			tr.must(tr.client.Do(tr.Context(), "ACL", "SETUSER", "app", "on", ">secret", "~tr*", "&*", "+@all").Err())
			tr.set("redis", "redis://", "redis://app:secret@")
		}, "~tr:* ~asynq:*", true},
		{installationName, "Redis came back empty", func(tr *trial) {
			if served, said := tr.serve(started, func(string) {}); !served {
				tr.Fatal(said)
			}
			tr.must(tr.client.FlushAll(tr.Context()).Err())
		}, "came back empty", true},
		{"records", "of a newer version", func(tr *trial) { tr.must(tr.client.HSet(tr.Context(), "tr:{tr}:cursors", "format", 99).Err()) }, "a newer version of privacydesk wrote records", true},
		{"replicas", "", func(tr *trial) {
			tr.must(tr.client.HSet(tr.Context(), "tr:{tr}:cursors", "spool/identity", "another's").Err())
		}, "not the one that the other replicas", true},
		{"messages", "a wrong text", func(tr *trial) {
			tr.must(os.Mkdir(filepath.Join(tr.dir, "texts"), 0o700))
			tr.write("texts/en.yaml", "messages: {held: \"{{.nonsense}}\"}")
			tr.parts["messages"] = "{dir: texts}"
		}, "nonsense", true},
		{"messages", "no folder", func(tr *trial) { tr.parts["messages"] = "{dir: texts}" }, "messages.dir", true},
		{"zendesk", "a wrong secret", func(tr *trial) { tr.set("zendesk", tr.desk.ClientSecret, "another") }, "refuses the credentials", false},
		{"zendesk", "a wrong secret behind a token", func(tr *trial) {
			served, said := tr.serve(started, func(string) {
				tr.until("a token is shared", func() bool { return tr.client.Exists(tr.Context(), "tr:{tr}:shared/zendesk/tokens").Val() == 1 })
			})
			if !served {
				tr.Fatal(said)
			}
			tr.set("zendesk", tr.desk.ClientSecret, "another")
		}, "refuses the credentials", false},
		{"zendesk", "nobody there", func(tr *trial) { tr.set("zendesk", tr.url, "http://127.0.0.1:1") }, "127.0.0.1:1", false},
		{"zendesk.form", "no form", func(tr *trial) { tr.set("zendesk", fmt.Sprintf("form: %d", tr.desk.Form), "form: 5") }, "there is no ticket form 5", false},
		{"zendesk.form", "no kind field", func(tr *trial) { tr.set("zendesk", fmt.Sprintf("kind_field: %d", tr.desk.Kind), "kind_field: 6") }, "there is no active ticket field 6", false},
		{"clock", "", func(tr *trial) { tr.skew.Store(int64(-10 * time.Minute)) }, "ahead of Zendesk's", false},
		{"directory", "text in is_admin", func(tr *trial) {
			db := tr.open("users.db")
			_, err := db.ExecContext(tr.Context(), "create table users(email varchar(100), tenant varchar(20), y char(1))")
			tr.must(err)
			tr.must(db.Close())
			tr.parts["directory"] = "{kind: sql, driver: sqlite, dsn: " + filepath.Join(tr.dir, "users.db") + ", query: \"select email, tenant, y as is_admin from users where lower(email) = :email\"}"
		}, "is_admin", false},
		{"directory", "no file", func(tr *trial) {
			tr.parts["directory"] = "{kind: sql, driver: sqlite, dsn: /nowhere/users.db, query: \"select email, tenant, is_admin from users where lower(email) = :email\"}"
		}, "see query and dsn", false},
		{"systems.crm", "a table is gone", func(tr *trial) {
			db := tr.open("crm.db")
			_, err := db.ExecContext(tr.Context(), "alter table customer rename to gone")
			tr.must(err)
			tr.must(db.Close())
		}, "customer", false},
		{"systems.crm", "no map", func(tr *trial) { tr.set("systems", "crm.yml", "none.yml") }, "none.yml", true},
		{"web", "no certificate", func(tr *trial) { tr.parts["web"] = `{listen: "127.0.0.1:0", tls: {cert: none.pem, key: none.pem}}` }, "none.pem", true},
	}
}

// TestRule13_CheckSaysNoLessThanServe breaks each precondition once: check and
// serve name it, check fails, and where serve serves all the same, /readyz
// shows what refuses and the metrics show all.
func TestRule13_CheckSaysNoLessThanServe(t *testing.T) {
	t.Parallel()
	broken := map[string]bool{}
	for _, b := range breakages() {
		broken[b.part] = true
		t.Run(strings.TrimSpace(b.part+" "+b.name), func(t *testing.T) {
			t.Parallel()
			tr := newTrial(t)
			b.breaks(tr)
			if ok, said := tr.check(); ok || !strings.Contains(said, b.words) {
				t.Errorf("check: ok %t, and should say %q:\n%s", ok, b.words, said)
			}
			quoted, _ := json.Marshal(b.words)
			words := strings.Trim(string(quoted), `"`)
			served, said := tr.serve(func(said string) bool { return started(said) && strings.Contains(said, words) }, func(address string) {
				tr.shows(address, b)
			})
			if served == b.ends || !strings.Contains(said, b.words) {
				t.Errorf("serve: serves %t, and should say %q:\n%s", served, b.words, said)
			}
		})
	}
	tr := newTrial(t)
	cfg, err := loadConfig(tr.config(), &surroundings{env: os.LookupEnv})
	tr.must(err)
	for _, p := range newApp(cfg, openOptions{log: io.Discard}).preconditions() {
		if !broken[p.name] && p.name != "reach" && p.name != "engine" && p.name != "intake.rules" { // a lone system, what rests on all others, and what only notes
			t.Errorf("nothing breaks %s: add it to the table", p.name)
		}
	}
}

// shows compares what a daemon that serves shows with what is broken.
func (tr *trial) shows(address string, b breakage) {
	tr.Helper()
	ready, metrics := tr.page(address, "/readyz"), tr.page(address, "/metrics")
	system, is := strings.CutPrefix(b.part, "systems.")
	want := fmt.Sprintf("privacydesk_part_up{part=%q} 0", b.part)
	if is {
		want = fmt.Sprintf("privacydesk_system_up{system=%q} 0", system)
	}
	if !strings.Contains(metrics, want) {
		tr.Errorf("the metrics have no %s", want)
	}
	if named := strings.Contains(ready, fmt.Sprintf(`{"name":%q,"ok":false,"why":"`, b.part)); named == is {
		tr.Errorf("/readyz: %s", ready)
	}
	if b.part == "zendesk" && !strings.Contains(metrics, "\nprivacydesk_zendesk_up 0") {
		tr.Error("the metrics don't say that Zendesk is out of reach")
	}
}

// TestRule13_SoundIsReady: the installation that the table breaks is sound.
func TestRule13_SoundIsReady(t *testing.T) {
	t.Parallel()
	tr := newTrial(t)
	if ok, said := tr.check(); !ok {
		t.Fatal(said)
	}
	served, said := tr.serve(started, func(address string) {
		tr.until("it is ready", func() bool { return strings.Contains(tr.page(address, "/readyz"), `"ready":true`) })
	})
	if !served || strings.Contains(said, "a part fails") {
		t.Errorf("serves %t:\n%s", served, said)
	}
}

// TestAPlainConnectionToAnotherMachineIsNoted.
func TestAPlainConnectionToAnotherMachineIsNoted(t *testing.T) {
	for url, noted := range map[string]bool{
		"redis://redis.example:6379": true, "redis://10.0.0.7:6379": true, "rediss://redis.example:6379": false,
		"redis://localhost:6379": false, "redis://127.0.0.1:6379": false, "redis://[::1]:6379": false, "unix:///run/redis.sock": false,
	} {
		options, err := redis.ParseURL(url)
		if err != nil {
			t.Fatal(err)
		}
		client := redis.NewClient(options)
		found := (&app{redis: client}).plainRedis()
		if err := client.Close(); err != nil || (len(found) == 1) != noted {
			t.Errorf("%s: %v, %v", url, found, err)
		}
	}
}

// otherClock lets Redis tell another time than it has.
type otherClock struct{ off time.Duration }

func (otherClock) DialHook(next redis.DialHook) redis.DialHook { return next }

func (otherClock) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

func (o otherClock) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		err := next(ctx, cmd)
		if told, is := cmd.(*redis.TimeCmd); is {
			told.SetVal(told.Val().Add(o.off))
		}
		return err
	}
}

// TestRule13_RedisClockIsComparedByServeAndCheck: it decides who holds a lease.
func TestRule13_RedisClockIsComparedByServeAndCheck(t *testing.T) {
	t.Parallel()
	tr := newTrial(t)
	cfg, err := loadConfig(tr.config(), &surroundings{env: os.LookupEnv})
	tr.must(err)
	a := newApp(cfg, openOptions{log: io.Discard})
	t.Cleanup(func() { tr.must(a.close(t.Context())) })
	tr.must(a.openKeys(t.Context(), openOptions{log: io.Discard}))
	tr.must(a.openRedis(t.Context(), openOptions{log: io.Discard}))
	if found := a.probeRedisClock(t.Context()); len(found) != 0 {
		t.Errorf("in time: %v", found)
	}
	a.redis.AddHook(otherClock{10 * time.Minute})
	clock := a.preconditions()[slices.IndexFunc(a.preconditions(), func(p precondition) bool { return p.name == "clock" })]
	if p, down := blocking(clock.thorough(t.Context())); !down || !strings.Contains(p.What, "behind Redis's") {
		t.Errorf("check says %v", p)
	}
	tr.must(a.openDesk(t.Context(), openOptions{log: io.Discard}))
	if p, down := blocking(clock.probe(t.Context())); !down || !strings.Contains(p.What, "behind Redis's") {
		t.Errorf("serve says %v", p)
	}
}
