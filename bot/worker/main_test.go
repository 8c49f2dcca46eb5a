package worker_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/sirupsen/logrus"
	"go.uber.org/goleak"

	"privacydesk/bot/worker"
	"privacydesk/connectors/connectortest/servers"
)

// victimSocket names, in the environment, the Redis of a worker that is started to be killed: this program anew.
const victimSocket = "WORKER_TEST_VICTIM"

func TestMain(m *testing.M) {
	if socket := os.Getenv(victimSocket); socket != "" {
		os.Exit(victim(socket))
	}
	goleak.VerifyTestMain(m)
}

// victim takes a task, says so, and never finishes it.
func victim(socket string) int {
	log := logrus.New()
	log.SetOutput(io.Discard)
	w, err := worker.New(worker.Options{
		Redis: redis.NewClient(&redis.Options{Network: "unix", Addr: socket}), Log: log, Steps: 1, CheckEvery: fast,
		Engine: &engine{step: func(context.Context, string) error {
			fmt.Println("taken")
			select {}
		}},
	})
	if err == nil {
		err = w.Start()
	}
	if err != nil {
		fmt.Println(err)
		return 1
	}
	select {}
}

// fast is how often tests' workers look for tasks.
const fast = 10 * time.Millisecond

// engine is an Engine that does what a test says; what it doesn't say is a success.
type engine struct {
	step func(ctx context.Context, id string) error
	run  func(ctx context.Context, id, system string) error
}

func (e *engine) Step(ctx context.Context, id string) error {
	if e.step == nil {
		return nil
	}
	return e.step(ctx, id)
}

func (e *engine) Run(ctx context.Context, id, system string) error {
	if e.run == nil {
		return nil
	}
	return e.run(ctx, id, system)
}

// bench is one test's Redis.
type bench struct {
	*testing.T
	server *servers.RedisServer
	client *redis.Client
	queue  *worker.Queue
	log    *logrus.Logger
	logged *journal
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{T: t, server: servers.Redis(t), log: logrus.New(), logged: &journal{}}
	b.log.SetOutput(b.logged)
	b.log.SetFormatter(&logrus.JSONFormatter{})
	b.log.SetLevel(logrus.DebugLevel)
	b.client = redis.NewClient(&redis.Options{Network: "unix", Addr: b.server.Socket()})
	t.Cleanup(func() { b.must(b.client.Close()) })
	var err error
	b.queue, err = worker.NewQueue(b.client, "")
	b.must(err)
	return b
}

// work starts a worker that the test's end shuts down.
func (b *bench) work(e worker.Engine, change ...func(*worker.Options)) *worker.Worker {
	b.Helper()
	o := worker.Options{Redis: b.client, Engine: e, Log: b.log, Steps: 2, Runs: 2, CheckEvery: fast}
	for _, f := range change {
		f(&o)
	}
	w, err := worker.New(o)
	b.must(err)
	b.must(w.Start())
	b.Cleanup(func() { b.must(w.Shutdown(context.Background())) })
	return w
}

func (b *bench) must(err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

// next waits for a value; the test's own deadline bounds it.
func next[T any](b *bench, c <-chan T) T {
	b.Helper()
	select {
	case v := <-c:
		return v
	case <-b.Context().Done():
		b.Fatal("it did not come")
	}
	panic("unreachable")
}

// eventually asks until it is true, or the test is out of time.
func (b *bench) eventually(what string, holds func() bool) {
	b.Helper()
	ticker := time.NewTicker(fast)
	defer ticker.Stop()
	ctx, cancel := context.WithTimeout(b.Context(), 5*time.Minute)
	defer cancel()
	for !holds() {
		select {
		case <-ctx.Done():
			b.Fatalf("it never came true that %s", what)
		case <-ticker.C:
		}
	}
}

// journal is a log that may be written and read at once.
type journal struct {
	mu   sync.Mutex
	text []byte
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.text = append(j.text, p...)
	return len(p), nil
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return string(slices.Clone(j.text))
}
