// Package worker shares the engine's work among any number of processes: the queue on asynq, the clock on cron, and
// the one leader among the clocks.
//
// The queue carries hints alone. What it loses, doubles or delivers late does no harm: the record in the store says what
// is due, a sweep finds it again, and the engine's leases decide who may act.
package worker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"time"

	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"

	"privacydesk/bot"
)

// Queue is a bot.Queue on asynq. It may be used by any number of goroutines and processes.
type Queue struct {
	redis     redis.UniversalClient
	client    *asynq.Client
	inspector *asynq.Inspector
	names     names
}

var _ bot.Queue = (*Queue)(nil)

// The tasks' types.
const (
	typeStep = "step"
	typeRun  = "run"
)

const (
	// maxRetries is high because asynq counts each crash of a worker as one; the engine's own failures never come here.
	maxRetries = 1000
	// taskLimit bounds a task because asynq would take 30 minutes otherwise. The engine bounds its work itself.
	taskLimit = 90 * 24 * time.Hour
)

// names are the queues of an installation. Steps of tickets that were not read yet have one of their own, from which workers
// take twice as often as from the other.
type names struct{ first, step, run string }

// nameQueues checks the installation's prefix; empty means "pd".
func nameQueues(prefix string) (names, error) {
	if prefix == "" {
		prefix = "pd"
	}
	if !regexp.MustCompile(`^[a-z0-9_-]{1,40}$`).MatchString(prefix) {
		return names{}, errors.New(`redis.prefix: only a-z, 0-9, "-" and "_" may stand in it, at most 40 of them`)
	}
	return names{first: prefix + ":first", step: prefix + ":" + typeStep, run: prefix + ":" + typeRun}, nil
}

// NewQueue makes a queue on a client that the caller owns and closes after it. prefix is that of the store.
func NewQueue(client redis.UniversalClient, prefix string) (*Queue, error) {
	if client == nil {
		return nil, errors.New("worker: no Redis client was given")
	}
	names, err := nameQueues(prefix)
	if err != nil {
		return nil, err
	}
	return &Queue{
		redis: client, client: asynq.NewClientFromRedisClient(client), inspector: asynq.NewInspectorFromRedisClient(client), names: names,
	}, nil
}

// payload is all that a task tells: no personal data can be in it.
type payload struct {
	ID     string `json:"id"`
	System string `json:"system,omitempty"`
}

// Step implements bot.Queue. While a task with the same id and key waits or is being worked on, another is not added.
func (q *Queue) Step(ctx context.Context, id, key string) error {
	return q.add(ctx, typeStep, q.names.step, id+"/"+key, payload{ID: id})
}

// First implements bot.Queue, likewise.
func (q *Queue) First(ctx context.Context, id, key string) error {
	return q.add(ctx, typeStep, q.names.first, id+"/"+key, payload{ID: id})
}

// Run implements bot.Queue, likewise.
func (q *Queue) Run(ctx context.Context, id, system, key string) error {
	return q.add(ctx, typeRun, q.names.run, id+"/"+system+"/"+key, payload{ID: id, System: system})
}

func (q *Queue) add(ctx context.Context, kind, queue, taskID string, p payload) error {
	if p.ID == "" || kind == typeRun && p.System == "" {
		return fmt.Errorf("worker: a %s task needs a request's id, and a run a system", kind)
	}
	body, err := json.Marshal(p)
	if err != nil {
		return fmt.Errorf("worker: %s task: %w", kind, err)
	}
	err = q.enqueue(ctx, kind, queue, taskID, body)
	if !errors.Is(err, asynq.ErrTaskIDConflict) {
		return err
	}
	if !q.bury(queue, taskID) {
		return nil // it waits or runs: this hint becomes one with it
	}
	if err := q.enqueue(ctx, kind, queue, taskID, body); !errors.Is(err, asynq.ErrTaskIDConflict) {
		return err
	}
	return nil // somebody else was faster
}

func (q *Queue) enqueue(ctx context.Context, kind, queue, taskID string, body []byte) error {
	_, err := q.client.EnqueueContext(ctx, asynq.NewTask(kind, body), asynq.Queue(queue), asynq.TaskID(taskID),
		asynq.MaxRetry(maxRetries), asynq.Timeout(taskLimit), asynq.Retention(0))
	return tried("enqueue a "+kind, err)
}

// bury removes a task that is over and yet keeps its id, and tells whether the id is free.
func (q *Queue) bury(queue, taskID string) bool {
	info, err := q.inspector.GetTaskInfo(queue, taskID)
	if err != nil {
		return errors.Is(err, asynq.ErrTaskNotFound) // it ended this moment
	}
	if info.State != asynq.TaskStateArchived && info.State != asynq.TaskStateCompleted {
		return false
	}
	err = q.inspector.DeleteTask(queue, taskID)
	return err == nil || errors.Is(err, asynq.ErrTaskNotFound)
}

// Tidy deletes archived tasks: those whose worker died maxRetries times. The requests themselves are in the store.
func (q *Queue) Tidy(ctx context.Context) error {
	return q.each(ctx, func(queue string) error {
		_, err := q.inspector.DeleteAllArchivedTasks(queue)
		return err
	})
}

// Waiting counts the tasks, steps and runs, that nobody works on yet, for metrics.
func (q *Queue) Waiting(ctx context.Context) (steps, runs int, err error) {
	counts := map[string]int{}
	err = q.each(ctx, func(queue string) error {
		info, err := q.inspector.GetQueueInfo(queue)
		if err == nil {
			counts[queue] = info.Pending + info.Scheduled + info.Retry
		}
		return err
	})
	return counts[q.names.first] + counts[q.names.step], counts[q.names.run], err
}

// each calls f with those of the queues that exist: one comes into being with its first task.
func (q *Queue) each(ctx context.Context, f func(queue string) error) error {
	exist, err := q.inspector.Queues()
	if err != nil {
		return tried("list the queues", err)
	}
	for _, queue := range []string{q.names.first, q.names.step, q.names.run} {
		if err := ctx.Err(); err != nil {
			return err
		}
		if !slices.Contains(exist, queue) {
			continue
		}
		if err := f(queue); err != nil {
			return tried("queue "+queue, err)
		}
	}
	return nil
}
