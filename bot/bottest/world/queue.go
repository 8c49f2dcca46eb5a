package world

import (
	"context"
	"slices"
	"sync"
)

// Queue is a bot.Queue that a test drains by hand, in order.
type Queue struct {
	mu    sync.Mutex
	tasks []task
	// firsts is how many of them are the foremost.
	firsts int
	// Lost makes the queue forget what it is given.
	Lost bool
}

type task struct{ id, system string }

// Step keeps a step.
func (q *Queue) Step(_ context.Context, id, _ string) error { return q.put(task{id: id}) }

// First keeps a step, before all others.
func (q *Queue) First(_ context.Context, id, _ string) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.Lost {
		q.tasks = slices.Insert(q.tasks, q.firsts, task{id: id})
		q.firsts++
	}
	return nil
}

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
	q.tasks, q.firsts = nil, 0
}

// Waiting are the requests of the tasks that wait, in order.
func (q *Queue) Waiting() []string {
	q.mu.Lock()
	defer q.mu.Unlock()
	var out []string
	for _, t := range q.tasks {
		out = append(out, t.id)
	}
	return out
}

func (q *Queue) take() (task, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.tasks) == 0 {
		return task{}, false
	}
	t := q.tasks[0]
	q.tasks, q.firsts = q.tasks[1:], max(0, q.firsts-1)
	return t, true
}
