package worker

import (
	"context"
	"errors"
	"sync"

	"github.com/sirupsen/logrus"

	"privacydesk/bot"
)

// The bounds of a Relay.
const (
	relayHolds   = 10_000 // hints; more are left to the sweep
	relayWorkers = 8      // side by side, so that they share Redis's waits for the disk
)

// Relay queues hints at steps in the background, so that whoever took one in, durably, need not wait for the queue as well.
// What it holds is lost with its process, as all in a queue may be: the sweep finds what is due.
type Relay struct {
	queue bot.Queue
	log   logrus.FieldLogger

	mu     sync.Mutex
	held   map[string]bool // the ids in ids
	ids    chan string
	closed bool

	cancel  context.CancelFunc // ends the workers when Shutdown's time is up
	workers sync.WaitGroup
}

// NewRelay starts a relay; Shutdown ends it.
func NewRelay(queue bot.Queue, log logrus.FieldLogger) (*Relay, error) {
	if queue == nil || log == nil {
		return nil, errors.New("worker: relay: Queue and Log must be given")
	}
	ctx, cancel := context.WithCancel(context.Background())
	r := &Relay{queue: queue, log: log, held: map[string]bool{}, ids: make(chan string, relayHolds), cancel: cancel}
	for range relayWorkers {
		r.workers.Go(func() { r.work(ctx) })
	}
	return r, nil
}

// Step takes a hint and returns at once. Hints at one request become one while they wait here.
func (r *Relay) Step(id string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed || r.held[id] {
		return
	}
	select {
	case r.ids <- id:
		r.held[id] = true
	default:
	}
}

func (r *Relay) work(ctx context.Context) {
	for id := range r.ids {
		r.mu.Lock()
		delete(r.held, id)
		r.mu.Unlock()
		if ctx.Err() != nil {
			continue
		}
		if err := r.queue.Step(ctx, id, "hint"); err != nil {
			r.log.WithField("event", "queue").WithField("request", id).Warn("the hint could not be queued; the sweep will find it")
		}
	}
}

// Shutdown takes no more hints and queues those that are held, until ctx ends.
func (r *Relay) Shutdown(ctx context.Context) error {
	r.mu.Lock()
	if !r.closed {
		r.closed = true
		close(r.ids)
	}
	r.mu.Unlock()
	defer context.AfterFunc(ctx, r.cancel)()
	r.workers.Wait()
	r.cancel()
	return nil
}
