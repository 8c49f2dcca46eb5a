package worker

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/hibiken/asynq"
)

// Try queues a task and takes it back, and touches what workers announce
// themselves in: it fails where Redis takes the store's keys and not the
// queue's, whose names don't begin with the installation's prefix. What fails
// is told by Redis's code alone, see Refused.
func (q *Queue) Try(ctx context.Context) error {
	id := "trial/" + rand.Text()
	// Should we die in between, it comes up in an hour and is dropped as a task without a request.
	// asynq's client names a queue once in its life; in a Redis that was emptied it would stay unknown.
	err := q.redis.SAdd(ctx, "asynq:queues", q.names.run).Err()
	if err == nil {
		_, err = q.client.EnqueueContext(ctx, asynq.NewTask("trial", nil), asynq.Queue(q.names.run), asynq.TaskID(id), asynq.ProcessIn(time.Hour))
	}
	if err == nil {
		err = q.inspector.DeleteTask(q.names.run, id)
	}
	for _, key := range []string{"asynq:servers", "asynq:workers"} {
		if err == nil {
			err = q.redis.ZRem(ctx, key, id).Err()
		}
	}
	return tried("queue a task", err)
}

// Hears tries the channel on which asynq cancels tasks. We don't use it: without
// the right to it all works.
func (q *Queue) Hears(ctx context.Context) error {
	sub := q.redis.Subscribe(ctx, "asynq:cancel")
	_, err := sub.Receive(ctx)
	return tried("subscribe to asynq:cancel", errors.Join(err, sub.Close()))
}

// RefusedError is Redis's refusal, by its code alone: its texts quote keys. What
// helps is said of the part redis, which meets the same refusal; that of a right
// is the queue's own.
type RefusedError struct{ Op, Code string }

func (e *RefusedError) Error() string {
	text := fmt.Sprintf("%s: Redis answered %s", e.Op, e.Code)
	if e.Code != codeNoRight {
		text += "; the part redis says what helps"
	}
	return text
}

const codeNoRight = "NOPERM"

// Clean is the error's text, which names an operation and a code: it may be
// logged and shown.
func (e *RefusedError) Clean() string { return e.Error() }

func tried(op string, err error) error {
	if err == nil {
		return nil
	}
	// asynq puts some of Redis's errors into texts of its own.
	for _, code := range []string{codeNoRight, "OOM", "READONLY", "MISCONF", "NOAUTH", "WRONGPASS", "LOADING"} {
		if strings.Contains(err.Error(), code+" ") {
			return &RefusedError{op, code}
		}
	}
	return fmt.Errorf("%s: %w", op, err)
}
