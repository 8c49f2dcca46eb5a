package bot

import (
	"context"
	"errors"
	"time"

	"github.com/sirupsen/logrus"

	"privacydesk/connectors"
)

// Chore is a duty that may fail without holding the request: how often it
// did, and when it is tried again.
type Chore struct {
	Tries int       `json:"tries,omitempty"`
	Next  time.Time `json:"next,omitzero"`
	Held  bool      `json:"held,omitempty"` // it waits for a legal hold on the request
}

// A chore is tried eight times: at once, and after pauses that double from an
// hour to a day, about four days altogether. Then agents are told, and it
// stands in nobody's way any more.
const (
	choreTries   = 8
	chorePause   = time.Hour
	choreLongest = 24 * time.Hour
)

var (
	// errPutOff: the duty is not done; the case says when it is tried again.
	errPutOff = errors.New("the duty was put off")
	// errProgress: it failed, but came further than before.
	errProgress = errors.New("a part of it is done")
)

// chore makes a duty of something that may fail. A ticket that is gone owes
// nothing.
func (e *Engine) chore(c *Case, name string, at time.Time, do func(context.Context, *turn) error) duty {
	if next := c.Chores[name].Next; next.After(at) {
		at = next
	}
	return duty{name: name, at: at, do: func(ctx context.Context, t *turn) error {
		err := do(ctx, t)
		switch {
		case err == nil, errors.Is(err, ErrNotFound):
			t.choreIs(name, nil)
			return nil
		case ctx.Err() != nil, errors.Is(err, errPutOff):
			return err
		}
		return e.putOff(t, name, err)
	}}
}

// redacting is a chore that takes something away of what a legal hold on the
// request keeps: it waits as long as there is one.
func (e *Engine) redacting(c *Case, name string, at time.Time, do func(context.Context, *turn) error) duty {
	return e.chore(c, name, at, func(ctx context.Context, t *turn) error {
		switch held, err := e.preserved(ctx, t.c.ID); {
		case err != nil:
			return err
		case !held:
			return do(ctx, t)
		}
		t.choreIs(name, &Chore{Tries: t.c.Chores[name].Tries, Next: t.now.Add(legalEvery), Held: true})
		return errPutOff
	})
}

// putOff decides whether a chore is tried again.
func (e *Engine) putOff(t *turn, name string, cause error) error {
	was := t.c.Chores[name]
	was.Held = false
	if !errors.Is(cause, errProgress) {
		was.Tries++
	}
	e.log(t.c.ID).WithFields(logrus.Fields{"event": "put_off", "duty": name, "attempt": was.Tries}).Warn(connectors.Plain(cause))
	if was.Tries >= choreTries {
		t.choreIs(name, nil)
		t.event("gave_up", map[string]string{"duty": name, "error": connectors.Plain(cause)})
		t.owe(Say{Message: "note_unclean", Vars: map[string]string{"systems": connectors.Plain(cause)}, AddTags: []string{TagNeedsPerson}})
		return nil
	}
	pause := chorePause
	for range was.Tries - 1 {
		pause = min(2*pause, choreLongest)
	}
	was.Next = t.now.Add(pause)
	t.choreIs(name, &was)
	return errPutOff
}

// choreIs keeps how a chore stands; nil: it is over.
func (t *turn) choreIs(name string, is *Chore) {
	all := make(map[string]Chore, len(t.c.Chores)+1)
	for k, v := range t.c.Chores {
		all[k] = v
	}
	delete(all, name)
	if is != nil {
		all[name] = *is
	}
	t.c.Chores = all
}

// overdue is true for a request that should have been forgotten so long ago
// that nothing may keep its key any more.
func (t *turn) overdue() bool {
	return t.c.Phase == PhaseDone && t.now.After(t.c.Finished.Add(t.e.Settings.ForgetAfter+choreTries*choreLongest))
}
