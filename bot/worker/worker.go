package worker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"
	"github.com/sirupsen/logrus"

	"privacydesk/bot"
	"privacydesk/connectors"
)

// Engine is what a worker calls. Both may be called any number of times, by any number of workers.
type Engine interface {
	Step(ctx context.Context, id string) error
	Run(ctx context.Context, id, system string) error
}

// Options of a Worker.
type Options struct {
	Redis  redis.UniversalClient // the caller's; closed after Shutdown
	Prefix string                // that of the store; empty means "pd"
	Engine Engine
	Log    logrus.FieldLogger
	// Steps and Runs are how many of each this process works on at a time. They don't share: runs take hours, and would
	// keep steps waiting. Zero leaves that queue to other processes.
	Steps, Runs int
	// CheckEvery is how often an empty queue is looked at; zero means a second.
	CheckEvery time.Duration
	// Grace is how long Shutdown lets tasks finish before it cancels them; zero means 20 seconds.
	Grace time.Duration
}

const (
	defaultCheck = time.Second
	defaultGrace = 20 * time.Second
	// settle is how long tasks that were cancelled may take to notice.
	settle = 5 * time.Second
)

// Worker takes tasks off the queues and calls the engine.
type Worker struct {
	o       Options
	servers []*asynq.Server
	base    context.Context // of every task; ends when Shutdown's patience does
	cancel  context.CancelFunc
	active  sync.WaitGroup
	count   atomic.Int64
}

// New makes a worker; Start starts it.
func New(o Options) (*Worker, error) {
	if o.Redis == nil || o.Engine == nil || o.Log == nil {
		return nil, errors.New("worker: Redis, Engine and Log must be given")
	}
	if o.Steps < 0 || o.Runs < 0 || o.Steps+o.Runs == 0 {
		return nil, errors.New("worker: at least one of worker.steps and worker.runs must be positive")
	}
	names, err := nameQueues(o.Prefix)
	if err != nil {
		return nil, err
	}
	if o.CheckEvery <= 0 {
		o.CheckEvery = defaultCheck
	}
	if o.Grace <= 0 {
		o.Grace = defaultGrace
	}
	w := &Worker{o: o}
	w.base, w.cancel = context.WithCancel(context.Background())
	if o.Steps > 0 {
		w.servers = append(w.servers, w.server(map[string]int{names.first: 2, names.step: 1}, o.Steps))
	}
	if o.Runs > 0 {
		w.servers = append(w.servers, w.server(map[string]int{names.run: 1}, o.Runs))
	}
	return w, nil
}

func (w *Worker) server(queues map[string]int, concurrency int) *asynq.Server {
	return asynq.NewServerFromRedisClient(w.o.Redis, asynq.Config{
		Concurrency:       concurrency,
		Queues:            queues,
		BaseContext:       func() context.Context { return w.base },
		TaskCheckInterval: w.o.CheckEvery,
		// Only a worker's death or shutdown brings a task back: at once then, and without counting it.
		RetryDelayFunc:           func(int, error, *asynq.Task) time.Duration { return 0 },
		IsFailure:                func(err error) bool { return !errors.Is(err, context.Canceled) },
		DelayedTaskCheckInterval: w.o.CheckEvery,
		ShutdownTimeout:          w.o.Grace,
		Logger:                   asynqLog{w.o.Log, newSaid(time.Now)},
		LogLevel:                 asynq.WarnLevel,
	})
}

// Start begins to take tasks. It returns at once; Shutdown ends it.
func (w *Worker) Start() error {
	for _, s := range w.servers {
		if err := s.Start(asynq.HandlerFunc(w.handle)); err != nil {
			return fmt.Errorf("worker: start: %w", err)
		}
	}
	return nil
}

// Shutdown takes no more tasks, lets those in work finish for the grace, or until ctx ends if that is sooner, and cancels
// what is left, which goes back to the queue. It returns an error if some don't heed that. A worker can't be started again.
func (w *Worker) Shutdown(ctx context.Context) error {
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		var wg sync.WaitGroup
		for _, s := range w.servers {
			wg.Go(s.Shutdown)
		}
		wg.Wait()
	}()
	select {
	case <-stopped:
	case <-ctx.Done():
		w.cancel()
		<-stopped // at the end of the grace at the latest
	}
	w.cancel()
	idle := make(chan struct{})
	go func() {
		defer close(idle)
		w.active.Wait()
	}()
	timer := time.NewTimer(settle)
	defer timer.Stop()
	select {
	case <-idle:
		return nil
	case <-timer.C:
		return fmt.Errorf("worker: %d tasks go on after they were cancelled; their leases keep them from doing harm", w.count.Load())
	}
}

// handle does one task. It always succeeds: the engine records failures and when to try again, and what it could not
// record is found by the sweep. An error or panic given to asynq would end up in Redis, text and all.
func (w *Worker) handle(ctx context.Context, task *asynq.Task) error {
	w.active.Add(1)
	w.count.Add(1)
	defer func() {
		w.count.Add(-1)
		w.active.Done()
	}()
	var p payload
	if err := json.Unmarshal(task.Payload(), &p); err != nil || p.ID == "" {
		w.o.Log.WithFields(logrus.Fields{"event": "task", "type": task.Type()}).Warn("a task that is none of ours was dropped")
		return nil
	}
	log := w.o.Log.WithFields(logrus.Fields{"request": p.ID, "event": task.Type()})
	if p.System != "" {
		log = log.WithField("system", p.System)
	}
	err := Guarded(log, func() error { return w.call(ctx, task.Type(), p) })
	switch {
	case err == nil:
	case errors.Is(err, context.Canceled) && w.base.Err() != nil:
		return context.Canceled // shutting down: back to the queue
	default:
		log.WithField("error", connectors.Plain(err)).Error("a task failed; the sweep will find the request again")
	}
	return nil
}

func (w *Worker) call(ctx context.Context, kind string, p payload) error {
	switch kind {
	case typeStep:
		return w.o.Engine.Step(ctx, p.ID)
	case typeRun:
		return w.o.Engine.Run(ctx, p.ID, p.System)
	}
	return errors.New("a task of an unknown type")
}

// Guarded turns a panic of f's into an error, which says no more than that it panicked. The panic's text isn't told, for it may quote anything; the stack holds addresses.
func Guarded(log logrus.FieldLogger, f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			log.WithField("stack", string(debug.Stack())).WithField("type", fmt.Sprintf("%T", p)).Error("a panic")
			err = bot.ErrPanicked
		}
	}()
	return f()
}
