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
	waits map[task]bool // the same that are in tasks
	// firsts is how many of them are the foremost.
	firsts int
	turn   int
	// Lost makes the queue forget what it is given.
	Lost bool
}

type task struct{ id, system, key string }

// Step keeps a step.
func (q *Queue) Step(_ context.Context, id, key string) error { return q.put(task{id: id, key: key}) }

// First keeps a step, before those that are no firsts.
func (q *Queue) First(_ context.Context, id, key string) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	t := task{id: id, key: key}
	if !q.Lost && !q.waits[t] {
		q.tasks = slices.Insert(q.tasks, q.firsts, t)
		q.firsts++
		q.add(t)
	}
	return nil
}

// Run keeps a run.
func (q *Queue) Run(_ context.Context, id, system, key string) error {
	return q.put(task{id, system, key})
}

func (q *Queue) put(t task) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.Lost && !q.waits[t] {
		q.tasks = append(q.tasks, t)
		q.add(t)
	}
	return nil
}

func (q *Queue) add(t task) {
	if q.waits == nil {
		q.waits = map[task]bool{}
	}
	q.waits[t] = true
}

// Flush forgets everything.
func (q *Queue) Flush() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.tasks, q.firsts, q.waits = nil, 0, nil
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
	at := 0
	if q.turn++; q.turn%3 == 0 && q.firsts < len(q.tasks) { // workers don't take firsts alone
		at = q.firsts
	}
	t := q.tasks[at]
	delete(q.waits, t)
	q.tasks = slices.Delete(q.tasks, at, at+1)
	if at < q.firsts {
		q.firsts--
	}
	return t, true
}
