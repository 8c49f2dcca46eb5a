package bot

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/sirupsen/logrus"
)

// What can't move. A step that fails is tried again and told (backOff). One that
// kills its process, or stands still until its time is up, records nothing: it
// is known by leases that ran out. After some of them in a row the request does
// less, until a person takes it up: first it neither reads its ticket nor works,
// and only says what it owes; if even that kills, nothing at all. What has not
// moved for an hour is counted and named.

// stuckAfter is how long every step of a request may fail, or nobody work on it,
// before it counts as one that can't move.
const stuckAfter = time.Hour

// The levels of Case.Dead.
const (
	deadToWork = 1 // it says what it owes, and does nothing else
	deadToAll  = 2 // it does nothing
)

// countDeaths takes note of steps that took their worker down. It reports
// whether it has committed.
func (e *Engine) countDeaths(ctx context.Context, t *turn) (bool, error) {
	level := min(t.stored.Deaths/e.Settings.MaxAttempts, deadToAll)
	if level <= t.c.Dead {
		return false, nil
	}
	t.c.Dead, t.failed = level, true
	t.event("workers_lost", map[string]string{"times": fmt.Sprint(t.stored.Deaths)})
	e.log(t.c.ID).WithFields(logrus.Fields{"event": "workers_lost", "times": t.stored.Deaths}).Error("each worker that took the request up died over it, or stood still; it is left alone until a person takes it up")
	before := len(t.c.Owed)
	if t.c.ended() {
		t.took = true // it is not looked at again
		t.owe(Say{Message: "note_held", Vars: lostVars(), AddTags: []string{TagNeedsPerson}})
	} else {
		t.hold(ReasonStepFailed)
		t.note("note_held", lostVars())
	}
	if len(t.c.Owed) > before {
		t.sooner(0)
	}
	return true, t.commit(ctx)
}

func lostVars() map[string]string {
	return map[string]string{"reason": string(ReasonStepFailed), "systems": "its worker was lost again and again"}
}

// barely does what a request may do whose steps kill their workers.
func (e *Engine) barely(ctx context.Context, t *turn) (bool, error) {
	if t.c.Dead < deadToAll {
		if next := t.nextBatch(); len(next) > 0 {
			return e.deliver(ctx, t, next)
		}
		if d, due := e.dueDuty(t); due {
			return e.perform(ctx, t, d)
		}
	}
	if t.c.ended() && t.c.Dead < deadToAll && t.c.Stage == StageNone && t.c.Phase == PhaseDone {
		return e.forgetting(ctx, t)
	}
	wake := t.now.Add(e.Settings.MaxBackoff)
	if t.c.Dead < deadToAll {
		wake = e.soonest(t.c, t.now, wake)
	}
	return false, e.Store.Defer(ctx, t.c.ID, t.stored.Hint, wake)
}

// StuckSince is since when a request can't move; zero for one that can.
func (c *Case) StuckSince(now time.Time) time.Time {
	switch {
	case c.keyMissed():
		return c.KeyGone
	case !c.Failing.IsZero() && (c.Dead > 0 || now.Sub(c.Failing) >= stuckAfter):
		return c.Failing
	case c.Phase != PhaseForgotten && !c.Wake.IsZero() && now.Sub(c.Wake) >= stuckAfter && c.Failing.IsZero():
		return c.Wake // nobody works on it
	}
	return time.Time{}
}

// keyMissed is true for a request that needs a key which is gone. One that was
// ended since needs none.
func (c *Case) keyMissed() bool {
	return !c.KeyGone.IsZero() && c.Phase != PhaseForgotten && (c.Phase != PhaseDone || !c.Finished.After(c.KeyGone))
}

// Unread are tickets without a record that could not be read, again and again.
func (e *Engine) Unread(ctx context.Context) ([]string, error) {
	ids, err := e.Store.PutOff(ctx, e.Settings.MaxAttempts, stuckNamed)
	if err != nil {
		return nil, fmt.Errorf("unread: %w", err)
	}
	return ids, nil
}

// stuckNamed is how many are named at a time.
const stuckNamed = 100

// TellStuck names in the log what can't move, once each time it is called.
func (e *Engine) TellStuck(ctx context.Context) error {
	now, named := e.Clock(), 0
	for _, phase := range []Phase{PhaseReading, PhaseLocating, PhaseWorking, PhaseClosing, PhaseDone} {
		for cursor := ""; named < stuckNamed; {
			cases, next, err := e.Store.List(ctx, Filter{Phase: phase}, cursor, 200)
			if err != nil {
				return fmt.Errorf("stuck: %w", err)
			}
			for i := range cases {
				if since := cases[i].StuckSince(now); !since.IsZero() {
					named++
					e.log(cases[i].ID).WithFields(logrus.Fields{"event": "stuck", "since": since.UTC().Format(time.RFC3339)}).Error("the request can't move")
				}
			}
			if cursor = next; next == "" {
				break
			}
		}
	}
	unread, err := e.Unread(ctx)
	for _, id := range unread {
		e.log(id).WithField("event", "stuck").Error("the ticket could not be read again and again, and has no request yet")
	}
	return err
}

// abandon takes back the key that an admission made and did not come to commit.
// The lease changes hands first: a commit that is still on its way then finds
// another holder, and does not land on a record without a key.
func (e *Engine) abandon(ctx context.Context, t *turn) error {
	if !t.made {
		return nil
	}
	e.release(ctx, t.c.ID, "", t.step)
	token, now := newToken(), e.Clock()
	if err := e.Store.Acquire(ctx, t.c.ID, "", token, now, now.Add(e.Settings.StepLease)); err != nil {
		if errors.Is(err, ErrConflict) {
			return nil // somebody else admits it
		}
		return err
	}
	defer e.release(ctx, t.c.ID, "", token)
	if _, err := e.Store.Load(ctx, t.c.ID); !errors.Is(err, ErrNotFound) {
		return err
	}
	return e.Keys.Destroy(ctx, t.c.ID)
}

// drop forgets a ticket that is none of ours, with what an admission left that
// never came to its end: nothing is sealed under its key that anybody could
// miss. What began to erase stays, and is told by the look for orphans.
func (e *Engine) drop(ctx context.Context, t *turn) error {
	begun, err := e.clearSpool(ctx, t)
	if err != nil {
		return err
	}
	if !begun {
		if keyed, err := e.keyed(ctx, t.c.ID); err != nil {
			return err
		} else if keyed {
			if err := e.Keys.Destroy(ctx, t.c.ID); err != nil {
				return fmt.Errorf("destroy key: %w", err)
			}
		}
	}
	return e.Store.Drop(ctx, t.c.ID, t.stored.Hint)
}

func (e *Engine) keyed(ctx context.Context, id string) (bool, error) {
	_, err := e.Keys.Derive(ctx, id, "digest")
	if errors.Is(err, ErrKeyGone) {
		return false, nil
	}
	return err == nil, err
}

// leftBehind are those of the ids of which a key or a file is there.
func (e *Engine) leftBehind(ctx context.Context, ids []string) (map[string]bool, error) {
	out := map[string]bool{}
	if len(ids) == 0 {
		return out, nil
	}
	for _, list := range []func(context.Context) ([]string, error){e.Keys.Requests, e.Spool.Requests} {
		found, err := list(ctx)
		if err != nil {
			return nil, err
		}
		for _, id := range found {
			if slices.Contains(ids, id) {
				out[id] = true
			}
		}
	}
	return out, nil
}
