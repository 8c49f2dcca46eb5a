// Package world is a whole installation in one process, on a clock that the
// test moves: the real engine on the real store and a Redis of its own, the
// real spool and keys, and a desk and systems in memory that tests break.
package world

import (
	"bytes"
	"context"
	"crypto/sha256"
	"io/fs"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/sirupsen/logrus"

	"privacydesk/bot"
	"privacydesk/bot/messages"
	"privacydesk/bot/policy"
	"privacydesk/bot/reading"
	"privacydesk/bot/redisstore"
	"privacydesk/bot/spool"
	"privacydesk/connectors"
	"privacydesk/connectors/connectortest/servers"
)

// World is the installation.
type World struct {
	T         testing.TB
	Clock     *Clock
	Queue     *Queue
	Desk      *Desk
	Directory *Directory
	Store     *redisstore.Store
	Spool     *spool.Folder
	Keys      *spool.Shelf
	Systems   map[string]*System
	Engine    *bot.Engine
	Settings  bot.Settings
	// Wording, when set before Start, is a team's own texts.
	Wording fs.FS
	// Outside, when set before Start, is the desk in place of Desk.
	Outside bot.Desk
	// Patient is that desk for what can wait; nil for the same.
	Patient bot.Desk
	// Failpoint, when set, is called at each of the engine's.
	Failpoint func(string)
	// Guarded is the engine's, read at Start.
	Guarded  func(func() error) error
	Log      *SafeBuffer
	dir      string
	redis    *servers.RedisServer
	client   *redis.Client
	life     *mortal
	replicas []*bot.Engine // beside Engine
	turns    int           // of tasks
}

// mortal is the store as one process sees it: once that is dead, not even
// what it deferred reaches the store any more.
type mortal struct {
	*redisstore.Store
	dead atomic.Bool
}

// Release does nothing for the dead.
func (m *mortal) Release(ctx context.Context, id, part, token string) error {
	if m.dead.Load() {
		return bot.ErrUnavailable
	}
	return m.Store.Release(ctx, id, part, token)
}

// killed is the panic of a process that dies at a failpoint.
type killed struct{}

// Kill ends the process, as kill -9 does: call it in a Failpoint.
func (w *World) Kill() {
	w.life.dead.Store(true)
	panic(killed{})
}

// catalogOnce reads the catalogue once for all worlds: it never changes.
var catalogOnce = sync.OnceValues(func() (*messages.Catalog, error) { return messages.New(nil) }) //nolint:gochecknoglobals // read-only, and dear to make

// SafeBuffer collects logs.
type SafeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

// Write appends.
func (s *SafeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

// String is all that was written.
func (s *SafeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// Fields of the simulated form.
const (
	Form        = 900
	KindField   = 901
	TenantField = 902
)

// New makes a world with three systems: crm by address, which yields the
// number by which events knows people, and warehouse by address, masked.
func New(t testing.TB) *World {
	w := &World{
		T: t, Clock: NewClock(), Queue: &Queue{}, Directory: &Directory{}, redis: servers.Redis(t, servers.RedisConfig("appendonly", "no")),
		Log: &SafeBuffer{}, dir: tempDir(t), Systems: map[string]*System{},
	}
	w.Desk = NewDesk(w.Clock)
	w.Directory.Set(Alex().Email, bot.TenantRight{Tenant: "acme", Admin: true})
	w.Directory.Set(Gina().Email, bot.TenantRight{Tenant: "globex", Admin: true})
	w.Directory.Set(Uli().Email, bot.TenantRight{Tenant: "acme"})
	w.AddSystem(&System{Name: "crm", Need: connectors.Email, Yield: "crm.customer.id", Action: connectors.ActionDelete, Digest: "m1"})
	w.AddSystem(&System{Name: "events", Need: "crm.customer.id", Action: connectors.ActionDelete, Digest: "m2"})
	w.AddSystem(&System{Name: "warehouse", Need: connectors.Email, Action: connectors.ActionMask, Digest: "m3"})
	w.Settings = bot.Settings{
		Since:       w.Clock.Now().Add(-24 * time.Hour),
		Reading:     reading.Rules{FormID: Form, KindField: KindField, MaxText: 20000, Tag: "privacy_request", KindValues: map[string]reading.Kind{"access": reading.Access, "delete": reading.Delete, "opt_out": reading.OptOut, "direct": reading.Direct}},
		TenantField: TenantField,
		Deletes:     policy.Rules{Mode: policy.ModeLive, Approval: "never", CapPerTenantDay: 1000, CapRowsPerSystem: 10000},
		DueDays:     30, Laws: []policy.Law{policy.LawCCPA}, OptOut: bot.OptOutSettings{Statement: "We sell nothing."}, Reminders: []int{3, 7, 12}, CloseAfter: 14, Alerts: []int{15, 23, 27}, RepeatDays: 30, Location: time.UTC, Lease: time.Minute, StepLease: 2 * time.Minute, Backoff: 15 * time.Second, MaxBackoff: 15 * time.Minute,
		MaxAttempts: 5, MaxRounds: 8, CheckEvery: 10 * time.Minute, ForgetAfter: 14 * 24 * time.Hour, KeepRecords: 730 * 24 * time.Hour, PartSize: 50_000_000, MaxParts: 10, MaxAsked: 3, FirstLooks: bot.FirstLooks{AtOnce: 16, PerRequester: 2, Pace: 10 * time.Second}, Version: "test",
	}
	w.Start()
	return w
}

// AddSystem puts a system in; Start makes it known to the engine.
func (w *World) AddSystem(s *System) { w.Systems[s.Name] = s }

// Populate puts people in. Jane is known to both tenants, under two numbers.
func (w *World) Populate() {
	text := connectors.Text
	w.Systems["crm"].Add(
		Row{ID: 1, Tenant: "acme", Key: text("jane@x.example"), Text: "Jane of acme", Gives: 42},
		Row{ID: 2, Tenant: "globex", Key: text("jane@x.example"), Text: "Jane of globex", Gives: 77},
		Row{ID: 3, Tenant: "acme", Key: text("josé@x.example"), Text: "José", Gives: 43},
		Row{ID: 4, Tenant: "acme", Key: text("jose@x.example"), Text: "Jose", Gives: 44},
	)
	w.Systems["events"].Add(
		Row{ID: 10, Tenant: "acme", Key: connectors.Int(42), Text: "click one"},
		Row{ID: 11, Tenant: "acme", Key: connectors.Int(42), Text: "click two"},
		Row{ID: 12, Tenant: "globex", Key: connectors.Int(77), Text: "click globex"},
		Row{ID: 13, Tenant: "globex", Key: connectors.Int(42), Text: "number planted in another tenant"},
		Row{ID: 14, Tenant: "acme", Key: text("42"), Text: "the text 42 is no number"},
		Row{ID: 15, Tenant: "acme", Key: connectors.Int(43), Text: "click José"},
	)
	w.Systems["warehouse"].Add(
		Row{ID: 20, Tenant: "acme", Key: text("jane@x.example"), Text: "features of Jane"},
		Row{ID: 21, Tenant: "globex", Key: text("jane@x.example"), Text: "features of globex's Jane"},
	)
}

// Start makes a new engine on what is stored: also how a killed process comes
// back. Replicas that joined are gone.
func (w *World) Start() {
	w.client, w.replicas = w.connect(), nil
	var err error
	w.must(func() error {
		w.Keys, err = spool.OpenKeys(spool.KeysOptions{Dir: w.dir + "/keys", Clock: w.Clock.Now, Masters: []spool.MasterKey{{ID: "m1", Key: sha256Sum("a key of the tests")}}})
		return err
	})
	w.must(func() error { w.Store, err = redisstore.New(w.client, w.Keys, redisstore.Options{}); return err })
	w.must(func() error { w.Spool, err = spool.Open(spool.Options{Dir: w.dir + "/spool"}, w.Keys); return err })
	w.life = &mortal{Store: w.Store}
	w.Engine = w.engine(w.desk(), w.Patient, w.life)
}

// Join adds another process, with a desk and a connection to the store of its
// own. Serve gives tasks to all in turn; the first one sweeps.
func (w *World) Join(desk, patient bot.Desk) {
	w.T.Helper()
	store, err := redisstore.New(w.connect(), w.Keys, redisstore.Options{})
	if err != nil {
		w.T.Fatal(err)
	}
	w.replicas = append(w.replicas, w.engine(desk, patient, store))
}

// Shelf opens the key shelf as another process would, with masters by name, the
// newest first; "m1" is the one that the world has.
func (w *World) Shelf(masters ...string) *spool.Shelf {
	w.T.Helper()
	o := spool.KeysOptions{Dir: w.dir + "/keys", Clock: w.Clock.Now}
	for _, id := range masters {
		key := "a key of the tests"
		if id != "m1" {
			key = "another, " + id
		}
		o.Masters = append(o.Masters, spool.MasterKey{ID: id, Key: sha256Sum(key)})
	}
	s, err := spool.OpenKeys(o)
	if err != nil {
		w.T.Fatal(err)
	}
	return s
}

// Folder is the spool on a shelf.
func (w *World) Folder(keys *spool.Shelf) *spool.Folder {
	w.T.Helper()
	f, err := spool.Open(spool.Options{Dir: w.dir + "/spool"}, keys)
	if err != nil {
		w.T.Fatal(err)
	}
	return f
}

func (w *World) connect() *redis.Client {
	client := redis.NewClient(&redis.Options{Network: "unix", Addr: w.redis.Socket()})
	w.T.Cleanup(func() { _ = client.Close() })
	return client
}

func (w *World) engine(desk, patient bot.Desk, store bot.Store) *bot.Engine {
	w.T.Helper()
	catalog, err := catalogOnce()
	if w.Wording != nil {
		catalog, err = messages.New(w.Wording)
	}
	if err != nil {
		w.T.Fatal(err)
	}
	log := logrus.New()
	log.SetOutput(w.Log)
	systems := map[string]bot.SystemConfig{}
	for name, s := range w.Systems {
		systems[name] = bot.SystemConfig{
			Connector: s, Kind: connectors.Kind{Name: "memory", Gathers: true, Erases: true}, Label: name,
			Controller: s.Controller, Tenant: func(t string) (string, error) { return t, nil }, Timeout: time.Hour,
		}
	}
	e, err := bot.NewEngine(bot.Options{
		Desk: desk, Patient: patient, Store: store, Queue: w.Queue, Directory: w.Directory, Spool: w.Spool, Keys: w.Keys, Stable: w.Keys,
		Reporter: Reporter{w.Spool}, Messages: catalog, Systems: systems, Log: log, Clock: w.Clock.Now, Settings: w.Settings,
		Guarded: w.Guarded,
		Failpoint: func(name string) {
			if w.Failpoint != nil {
				w.Failpoint(name)
			}
		},
	})
	if err != nil {
		w.T.Fatal(err)
	}
	return e
}

func (w *World) desk() bot.Desk {
	if w.Outside != nil {
		return w.Outside
	}
	return w.Desk
}

func (w *World) must(f func() error) {
	w.T.Helper()
	if err := f(); err != nil {
		w.T.Fatal(err)
	}
}

// File files a ticket through the form and hints at it.
func (w *World) File(by bot.Person, kind, body string) int64 {
	id := w.Desk.File(bot.Ticket{
		Requester: by, FormID: Form, Channel: "web", Subject: "Data & Privacy", Fields: map[int64]string{KindField: kind},
	}, body)
	w.Hint(id)
	return id
}

// Hint tells the store that something happened on a ticket.
func (w *World) Hint(ticket int64) {
	w.T.Helper()
	w.must(func() error {
		_, err := w.Store.Hint(context.Background(), []string{bot.IDOfTicket(ticket)}, "", 0)
		return err
	})
}

// Case is the request of a ticket.
func (w *World) Case(ticket int64) bot.Case {
	w.T.Helper()
	rec, err := w.Store.Load(context.Background(), bot.IDOfTicket(ticket))
	if err != nil {
		w.T.Fatalf("request of ticket %d: %v\n%s", ticket, err, w.Log)
	}
	return rec.Case
}

// Expect fails unless the request is in the state for the reason.
func (w *World) Expect(ticket int64, state bot.State, why bot.Reason) bot.Case {
	w.T.Helper()
	c := w.Case(ticket)
	if c.State() != state || c.Why() != why {
		w.T.Fatalf("ticket %d is %s (%s), want %s (%s)\n%s", ticket, c.State(), c.Why(), state, why, w.Log)
	}
	return c
}

func sha256Sum(text string) []byte {
	sum := sha256.Sum256([]byte(text))
	return sum[:]
}

// tempDir lies in memory where the machine has such a place: thousands of
// worlds are made, and none of them has to survive the machine.
func tempDir(t testing.TB) string {
	dir, err := os.MkdirTemp("/dev/shm", "privacydesk-world-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}
