package worker_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hibiken/asynq"

	"privacydesk/bot/worker"
)

func TestDelivers(t *testing.T) {
	b := newBench(t)
	got := make(chan string, 10)
	b.work(&engine{
		step: func(_ context.Context, id string) error { got <- "step " + id; return nil },
		run:  func(_ context.Context, id, system string) error { got <- "run " + id + " " + system; return nil },
	})
	b.must(b.queue.Step(t.Context(), "t1", "k"))
	b.must(b.queue.Run(t.Context(), "t1", "shop", "k"))
	heard := []string{next(b, got), next(b, got)}
	slices.Sort(heard)
	if want := []string{"run t1 shop", "step t1"}; !slices.Equal(heard, want) {
		t.Fatalf("the engine heard %q", heard)
	}
	// What is over doesn't stand in the way of the same hint.
	b.eventually("the first is over", func() bool {
		n, err := b.client.Exists(t.Context(), "asynq:{pd:step}:t:t1/k").Result()
		return err == nil && n == 0
	})
	b.must(b.queue.Step(t.Context(), "t1", "k"))
	if again := next(b, got); again != "step t1" {
		t.Fatalf("the engine heard %q", again)
	}
}

func TestSameKeyBecomesOne(t *testing.T) {
	b := newBench(t)
	for _, key := range []string{"a", "a", "b", "a"} {
		b.must(b.queue.Step(t.Context(), "t1", key))
	}
	b.must(b.queue.Step(t.Context(), "t2", "a"))
	for _, system := range []string{"shop", "shop", "crm"} {
		b.must(b.queue.Run(t.Context(), "t1", system, "a"))
	}
	steps, runs, err := b.queue.Waiting(t.Context())
	if err != nil || steps != 3 || runs != 2 {
		t.Fatalf("%d steps and %d runs wait: %v", steps, runs, err)
	}
	if b.queue.Step(t.Context(), "", "a") == nil || b.queue.Run(t.Context(), "t1", "", "a") == nil {
		t.Fatal("a task for nothing was taken")
	}
}

func TestArchivedStandsNotInTheWay(t *testing.T) {
	b := newBench(t)
	inspector := asynq.NewInspectorFromRedisClient(b.client)
	archive := func() {
		t.Helper()
		b.must(b.queue.Step(t.Context(), "t1", "k"))
		b.must(inspector.ArchiveTask("pd:step", "t1/k"))
	}
	archive()
	b.must(b.queue.Step(t.Context(), "t1", "k"))
	if steps, _, err := b.queue.Waiting(t.Context()); err != nil || steps != 1 {
		t.Fatalf("%d steps wait: %v", steps, err)
	}
	b.must(inspector.DeleteTask("pd:step", "t1/k"))
	archive()
	b.must(b.queue.Tidy(t.Context()))
	info, err := inspector.GetQueueInfo("pd:step")
	if err != nil || info.Size != 0 || info.Archived != 0 {
		t.Fatalf("after tidying the queue holds %+v: %v", info, err)
	}
}

// TestRule10_TasksAndLogsQuoteNothing: neither what an engine returns nor what it panics with goes anywhere.
func TestRule10_TasksAndLogsQuoteNothing(t *testing.T) {
	b := newBench(t)
	over := make(chan bool, 10)
	b.work(&engine{
		step: func(context.Context, string) error {
			defer func() { over <- true }()
			return fmt.Errorf("a wrap: %w", errors.New("someone@example.com was not found"))
		},
		run: func(context.Context, string, string) error {
			defer func() { over <- true }()
			panic("someone@example.com")
		},
	})
	b.must(b.queue.Step(t.Context(), "t1", "k"))
	b.must(b.queue.Run(t.Context(), "t1", "shop", "k"))
	next(b, over)
	next(b, over)
	b.eventually("both failures are logged", func() bool {
		return strings.Contains(b.logged.String(), "a task failed") && strings.Contains(b.logged.String(), "a panic")
	})
	b.eventually("no task is left", func() bool {
		inspector := asynq.NewInspectorFromRedisClient(b.client)
		for _, queue := range []string{"pd:step", "pd:run"} {
			if info, err := inspector.GetQueueInfo(queue); err != nil || info.Size+info.Archived+info.Retry != 0 {
				return false
			}
		}
		return true
	})
	if strings.Contains(b.logged.String(), "someone@") {
		t.Fatal("the log tells who")
	}
	content, err := os.ReadFile(appendOnlyFile(t, b))
	b.must(err)
	if !strings.Contains(string(content), `{"id":"t1","system":"shop"}`) {
		t.Fatal("the append-only file holds no task: the test proves nothing")
	}
	if strings.Contains(string(content), "someone@") {
		t.Fatal("Redis heard who")
	}
}

// appendOnlyFile holds every command that changed something.
func appendOnlyFile(t *testing.T, b *bench) string {
	t.Helper()
	dir, err := b.client.ConfigGet(t.Context(), "dir").Result()
	b.must(err)
	return dir["dir"] + "/appendonlydir/appendonly.aof.1.incr.aof"
}

func TestTwoWorkersShare(t *testing.T) {
	b := newBench(t)
	var mu sync.Mutex
	seen := map[string]int{}
	both := make(chan struct{})
	took := map[string]bool{}
	worker := func(name string) *engine {
		return &engine{step: func(ctx context.Context, id string) error {
			mu.Lock()
			seen[id]++
			if took[name] = true; len(took) == 2 && both != nil {
				close(both)
				both = nil
			}
			wait := both
			mu.Unlock()
			if wait != nil { // until the other has one too
				select {
				case <-wait:
				case <-ctx.Done():
				}
			}
			return nil
		}}
	}
	const tasks = 40
	for i := range tasks {
		b.must(b.queue.Step(t.Context(), fmt.Sprintf("t%d", i), "k"))
	}
	b.work(worker("one"))
	b.work(worker("two"))
	b.eventually("all was done once", func() bool {
		mu.Lock()
		defer mu.Unlock()
		for _, n := range seen {
			if n > 1 {
				t.Fatalf("a task was done %d times", n)
			}
		}
		return len(seen) == tasks && len(took) == 2
	})
}

func TestStepsDontWaitForRuns(t *testing.T) {
	b := newBench(t)
	began, release, stepped := make(chan bool, 10), make(chan bool), make(chan bool, 1)
	b.work(&engine{
		run:  func(context.Context, string, string) error { began <- true; <-release; return nil },
		step: func(context.Context, string) error { stepped <- true; return nil },
	})
	for i := range 3 {
		b.must(b.queue.Run(t.Context(), "t1", fmt.Sprint("system", i), "k"))
	}
	next(b, began)
	next(b, began) // as many as may
	b.must(b.queue.Step(t.Context(), "t1", "k"))
	next(b, stepped)
	close(release)
	next(b, began)
}

// dueList is a simulated engine: what is due stays due until a step did it.
type dueList struct {
	mu    sync.Mutex
	due   map[string]bool
	queue *worker.Queue
	n     int
}

func (d *dueList) step(_ context.Context, id string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.due, id)
	return nil
}

func (d *dueList) sweep(ctx context.Context) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.n++
	for id := range d.due {
		if err := d.queue.Step(ctx, id, fmt.Sprint("sweep", d.n)); err != nil {
			return err
		}
	}
	return nil
}

func (d *dueList) empty() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.due) == 0
}

func TestRule3_LostQueueIsRebuilt(t *testing.T) {
	b := newBench(t)
	d := &dueList{due: map[string]bool{}, queue: b.queue}
	for i := range 20 {
		id := fmt.Sprintf("t%d", i)
		d.due[id] = true
		b.must(b.queue.Step(t.Context(), id, "arrived"))
	}
	b.must(b.client.FlushAll(t.Context()).Err())
	b.work(&engine{step: d.step})
	c := b.clock(shortLease)
	b.must(c.Schedule("sweep", "@every 1s", true, d.sweep))
	b.start(c)
	b.eventually("the sweep found all of them", d.empty)
}

func TestRule3_KilledWorker(t *testing.T) {
	b := newBench(t)
	d := &dueList{due: map[string]bool{"t1": true}, queue: b.queue}
	b.must(b.queue.Step(t.Context(), "t1", "arrived"))
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), victimSocket+"="+b.server.Socket())
	out, err := cmd.StdoutPipe()
	b.must(err)
	b.must(cmd.Start())
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || line != "taken\n" {
		t.Fatalf("the victim says %q: %v", line, err)
	}
	b.must(cmd.Process.Kill())
	if cmd.Wait() == nil {
		t.Fatal("the killed worker ended well")
	}
	b.work(&engine{step: d.step})
	c := b.clock(shortLease)
	b.must(c.Schedule("sweep", "@every 1s", true, d.sweep))
	b.start(c)
	b.eventually("the sweep found it", d.empty)
}

func TestShutdownWaits(t *testing.T) {
	b := newBench(t)
	began, release := make(chan bool, 1), make(chan bool)
	ended := errors.New("it never ended")
	w := b.work(&engine{step: func(ctx context.Context, _ string) error {
		began <- true
		<-release
		ended = ctx.Err()
		return nil
	}})
	b.must(b.queue.Step(t.Context(), "t1", "k"))
	next(b, began)
	down := make(chan error)
	go func() { down <- w.Shutdown(context.Background()) }()
	release <- true
	b.must(next(b, down))
	if ended != nil {
		t.Fatalf("the task was not let finish: %v", ended)
	}
}

func TestShutdownCancelsAtItsBound(t *testing.T) {
	for name, at := range map[string]func(*worker.Options) time.Duration{
		"the grace":        func(o *worker.Options) time.Duration { o.Grace = 100 * time.Millisecond; return time.Hour },
		"the caller's end": func(o *worker.Options) time.Duration { o.Grace = 3 * time.Second; return time.Millisecond },
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			began, cancelled := make(chan bool, 1), make(chan bool, 1)
			var patience time.Duration
			w := b.work(&engine{step: func(ctx context.Context, _ string) error {
				began <- true
				<-ctx.Done()
				cancelled <- true
				return ctx.Err()
			}}, func(o *worker.Options) { patience = at(o) })
			b.must(b.queue.Step(t.Context(), "t1", "k"))
			next(b, began)
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			b.must(w.Shutdown(ctx))
			next(b, cancelled)
			again := make(chan string, 1)
			b.work(&engine{step: func(_ context.Context, id string) error { again <- id; return nil }})
			if id := next(b, again); id != "t1" {
				t.Fatalf("another worker got %q", id)
			}
		})
	}
}

func TestForeignTaskIsDropped(t *testing.T) {
	b := newBench(t)
	b.work(&engine{step: func(context.Context, string) error { t.Error("the engine was called"); return nil }})
	client := asynq.NewClientFromRedisClient(b.client)
	for _, task := range []*asynq.Task{asynq.NewTask("step", []byte("someone@example.com")), asynq.NewTask("other", []byte(`{"id":"t1"}`))} {
		_, err := client.Enqueue(task, asynq.Queue("pd:step"))
		b.must(err)
	}
	b.eventually("both are dropped", func() bool {
		info, err := asynq.NewInspectorFromRedisClient(b.client).GetQueueInfo("pd:step")
		return err == nil && info.Size == 0 && info.Processed == 2
	})
	if strings.Contains(b.logged.String(), "someone@") {
		t.Fatal("the log tells who")
	}
}

func TestNewRefuses(t *testing.T) {
	b := newBench(t)
	good := worker.Options{Redis: b.client, Engine: &engine{}, Log: b.log, Steps: 1}
	for name, spoil := range map[string]func(*worker.Options){
		"no Redis": func(o *worker.Options) { o.Redis = nil }, "no engine": func(o *worker.Options) { o.Engine = nil },
		"no log": func(o *worker.Options) { o.Log = nil }, "nothing to do": func(o *worker.Options) { o.Steps = 0 },
		"a negative": func(o *worker.Options) { o.Runs = -1 }, "a bad prefix": func(o *worker.Options) { o.Prefix = "A:{b}" },
	} {
		o := good
		spoil(&o)
		if _, err := worker.New(o); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
	if _, err := worker.NewQueue(nil, ""); err == nil {
		t.Error("a queue on nothing was made")
	}
}
