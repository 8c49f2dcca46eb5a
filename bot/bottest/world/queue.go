package world

import (
	"context"
	"sync"
)

// Queue is a bot.Queue that a test drains by hand, in order.
type Queue struct {
	mu    sync.Mutex
	tasks []task
	// Lost makes the queue forget what it is given.
	Lost bool
}

type task struct{ id, system string }

// Step keeps a step.
func (q *Queue) Step(_ context.Context, id, _ string) error { return q.put(task{id: id}) }

// Run keeps a run.
func (q *Queue) Run(_ context.Context, id, system, _ string) error { return q.put(task{id, system}) }

func (q *Queue) put(t task) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.Lost {
		q.tasks = append(q.tasks, t)
	}
	return nil
}

// Flush forgets everything.
func (q *Queue) Flush() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.tasks = nil
}

func (q *Queue) take() (task, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.tasks) == 0 {
		return task{}, false
	}
	t := q.tasks[0]
	q.tasks = q.tasks[1:]
	return t, true
}
