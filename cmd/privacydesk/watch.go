package main

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/sirupsen/logrus"

	"privacydesk/bot/web"
	"privacydesk/connectors"
)

// How often serve looks at what is near for itself, when nobody asks /readyz;
// how soon again at what failed; and how long a look may take.
const (
	nearEvery  = 15 * time.Second
	failedNext = 30 * time.Second
	nearTime   = 5 * time.Second
	farTime    = time.Minute
)

// watch remembers what the last looks at the preconditions found, tells the
// log when it changes, and counts.
type watch struct {
	log   logrus.FieldLogger
	clock func() time.Time
	// tell is told of each look, for the metrics.
	tell func(p precondition, up bool)

	mu    sync.Mutex
	known map[string]sight
	kicks map[string]chan struct{}
}

// sight is what one look found.
type sight struct {
	problems []problem
	at       time.Time
	reminded time.Time // when what reminds was last said
}

func newWatch(log logrus.FieldLogger, clock func() time.Time, tell func(precondition, bool)) *watch {
	return &watch{log: log, clock: clock, tell: tell, known: map[string]sight{}, kicks: map[string]chan struct{}{}}
}

// look probes one precondition now, within its bound.
func (w *watch) look(ctx context.Context, p precondition) []problem {
	bound := nearTime
	if p.every != 0 {
		bound = farTime
	}
	within, cancel := context.WithTimeout(ctx, bound)
	defer cancel()
	found := p.probe(within)
	if ctx.Err() == nil { // else it was cut short by our own end, and says nothing
		w.note(p, found)
	}
	return found
}

// note remembers what was found, and logs what is new in it.
func (w *watch) note(p precondition, found []problem) {
	w.mu.Lock()
	before, seen := w.known[p.name]
	now := sight{found, w.clock(), before.reminded}
	again := now.at.Sub(now.reminded) >= time.Hour
	if again {
		now.reminded = now.at
	}
	w.known[p.name] = now
	w.mu.Unlock()
	_, down := blocking(found)
	w.tell(p, !down)
	for _, f := range found {
		if slices.Contains(before.problems, f) && (!f.remind || !again) {
			continue // said once, not at every look
		}
		entry := w.log.WithFields(logrus.Fields{"event": "precondition", "part": p.name, "where": f.Where, "error": f.What})
		if f.Mend != "" {
			entry = entry.WithField("mend", f.Mend)
		}
		switch {
		case f.Severity != connectors.SeverityBlocks:
			entry.Warn("something is less than it should be")
		case p.effect == holds:
			entry.Error("a part fails: what rests on it waits")
		default:
			entry.Error("a part fails: nothing can be worked on")
		}
	}
	if _, was := blocking(before.problems); seen && was && !down {
		w.log.WithFields(logrus.Fields{"event": "precondition", "part": p.name}).Info("the part is well again")
	}
}

// last is what the last look at a precondition found, and whether there was one.
func (w *watch) last(name string) (sight, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	s, ok := w.known[name]
	return s, ok
}

// kick has a precondition looked at anew soon: something said that it failed.
func (w *watch) kick(name string) {
	select {
	case w.kicked(name) <- struct{}{}:
	default:
	}
}

func (w *watch) kicked(name string) chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.kicks[name] == nil {
		w.kicks[name] = make(chan struct{}, 1)
	}
	return w.kicks[name]
}

// run looks at each precondition of the list again and again, until ctx ends.
func (w *watch) run(ctx context.Context, list []precondition) {
	var all sync.WaitGroup
	for _, p := range list {
		if p.probe != nil {
			all.Go(func() { w.follow(ctx, p) })
		}
	}
	all.Wait()
}

func (w *watch) follow(ctx context.Context, p precondition) {
	for {
		_, down := blocking(w.look(ctx, p))
		wait := p.every
		switch {
		case wait == 0:
			wait = nearEvery
		case down:
			wait = min(wait, failedNext)
		}
		kicked := w.kicked(p.name)
		if down {
			kicked = nil // that it fails is known; its own looks say so, too
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-kicked:
		case <-ctx.Done():
			timer.Stop()
			return
		}
		timer.Stop()
	}
}

// ready is for /readyz: it looks at what is near and takes the last result of
// what lies with others. What was never looked at is not known to be well.
func (w *watch) ready(ctx context.Context, list []precondition) []web.Dependency {
	var out []web.Dependency
	for _, p := range list {
		if p.effect != refuses || p.probe == nil {
			continue
		}
		d := web.Dependency{Name: p.name}
		var found []problem
		if p.every == 0 {
			found = w.look(ctx, p)
		} else if s, ok := w.last(p.name); ok {
			found = s.problems
		} else {
			d.Why = "it was not looked at yet"
		}
		if f, down := blocking(found); down {
			d.Why = f.What
		} else if i := slices.IndexFunc(found, func(f problem) bool { return f.remind }); i >= 0 {
			d.Note = found[i].What
		}
		out = append(out, d)
	}
	return out
}
