package bot

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"privacydesk/connectors"
)

// Verb is what an operator may do to a request, by the name of its command.
type Verb string

// Verbs.
const (
	VerbApprove Verb = "approve"
	VerbRetry   Verb = "retry"
	VerbRelease Verb = "release"
	VerbSkip    Verb = "skip"
	VerbCancel  Verb = "cancel"
	VerbReject  Verb = "reject"
	VerbEnd     Verb = "end"
)

// Verbs lists them.
func Verbs() []Verb {
	return []Verb{VerbApprove, VerbRetry, VerbRelease, VerbSkip, VerbCancel, VerbReject, VerbEnd}
}

// Ways are the verbs that would work now, as far as the record tells.
func (e *Engine) Ways(c *Case) []Verb {
	return slices.DeleteFunc(Verbs(), func(v Verb) bool { return e.barred(c, v) != "" })
}

// may refuses what would not work now, and says what would.
func (e *Engine) may(c *Case, v Verb) error {
	why := e.barred(c, v)
	if why == "" {
		return nil
	}
	return fmt.Errorf("%w: %s; %s", ErrRefused, why, e.waysText(c))
}

// waysText says which verbs would work now.
func (e *Engine) waysText(c *Case) string {
	ways := e.Ways(c)
	if len(ways) == 0 {
		return "nothing can be done to it now"
	}
	names := make([]string, len(ways))
	for i, v := range ways {
		names[i] = string(v)
	}
	return "now these would work: " + strings.Join(names, ", ")
}

// barred is why a verb would not work, or "". All that decides it is here:
// commands, refusals and `requests show` go by it.
func (e *Engine) barred(c *Case, v Verb) string {
	switch v {
	case VerbApprove:
		if c.Wait == nil || c.Wait.On != OnApprover {
			return "request " + c.ID + " does not wait for approval"
		}
	case VerbRetry:
		return unresumable(c)
	case VerbRelease:
		if why := unresumable(c); why != "" {
			return why
		}
		if !releasable(c.Wait.Reason) {
			return fmt.Sprintf("%q can't be waved through; mend its cause and retry", c.Wait.Reason)
		}
	case VerbSkip:
		return e.unskippable(c)
	case VerbCancel:
		return uncancellable(c)
	case VerbReject:
		return unrejectable(c)
	case VerbEnd:
		return unendable(c)
	}
	return ""
}

func unresumable(c *Case) string {
	w := c.Wait
	switch {
	case w == nil:
		return "request " + c.ID + " is not held"
	case w.lost():
		return "the record of " + c.ID + " was lost or damaged; what was done can't be known. Read the ticket, finish by hand, and cancel it here"
	case w.On == OnApprover:
		return "request " + c.ID + " waits for approval"
	case w.On == OnRequester:
		return "request " + c.ID + " waits for the requester's answer"
	case w.On == OnTime:
		return "request " + c.ID + " is in its waiting period"
	}
	return ""
}

func (e *Engine) unskippable(c *Case) string {
	if c.Resolution != "" {
		return fmt.Sprintf("request %s is %s; nothing of it runs any more", c.ID, c.Resolution)
	}
	if len(e.Skippable(c)) > 0 {
		return ""
	}
	return "no system of request " + c.ID + " has failed"
}

// Skippable are the systems that VerbSkip would leave out now, by name.
func (e *Engine) Skippable(c *Case) []string {
	if c.Resolution != "" {
		return nil
	}
	return slices.DeleteFunc(sorted(c.Systems), func(name string) bool { return e.unskippableSystem(c, name) != "" })
}

func (e *Engine) unskippableSystem(c *Case, system string) string {
	s := c.Systems[system]
	if s == nil {
		return fmt.Sprintf("request %s has no system %q; it has %s", c.ID, system, strings.Join(sorted(c.Systems), ", "))
	}
	_, configured := e.Systems[system]
	if s.Skip != "" || configured && !slices.Contains(e.orphaned(c), system) && s.Run.State != RunFailed && s.Run.State != RunWaiting {
		return system + " has not failed"
	}
	return ""
}

// uncancellable: what has begun to erase is ended, not cancelled; only where
// all is erased and verified, and the answer can't be given, or the key is gone
// without which nothing goes on, a person closes it without.
func uncancellable(c *Case) string {
	switch {
	case c.Phase == PhaseDone || c.Phase == PhaseForgotten:
		return "request " + c.ID + " is done"
	case c.Wait.lost(), c.keyMissed(), c.Begun.IsZero(), c.Phase == PhaseClosing && c.Resolution != "":
		return ""
	}
	return "erasing has begun; it can't be cancelled. It can be paused (hold), and then ended with what is not begun left out (end)"
}

func unrejectable(c *Case) string {
	switch {
	case c.ended() || c.Resolution != "":
		return fmt.Sprintf("request %s is %s", c.ID, c.Resolution)
	case c.Wait == nil:
		return "request " + c.ID + " does not wait for anybody; hold it first"
	case c.Wait.lost():
		return "the record of " + c.ID + " was lost; cancel closes it without a word"
	case !c.Begun.IsZero():
		return "erasing has begun; it can't be refused any more. It can be paused (hold), and then ended with what is not begun left out (end)"
	}
	return ""
}

func unendable(c *Case) string {
	switch {
	case c.ended() || c.Resolution != "":
		return fmt.Sprintf("request %s is %s", c.ID, c.Resolution)
	case c.Wait.lost():
		return "the record of " + c.ID + " was lost; cancel closes it without a word"
	case c.Begun.IsZero():
		return "nothing of request " + c.ID + " is erased; it is cancelled or rejected, not ended"
	case c.Stopped != "":
		return "request " + c.ID + " is being ended"
	case c.Wait == nil || c.Wait.On != OnAgent:
		return "request " + c.ID + " is not held; hold it first"
	}
	return ""
}

// Endings are the reasons for which a delete may be ended in mid-erase.
func Endings() []Reason { return append(Rejections(), ReasonByRequester) }

// End ends a delete that is held in mid-erase. Systems that were not begun are
// left out; those that were are searched once more, so that the certificate
// tells what is gone and what is left, and nothing more is erased.
func (e *Engine) End(ctx context.Context, id, by string, reason Reason) error {
	if !slices.Contains(Endings(), reason) {
		var known []string
		for _, r := range Endings() {
			known = append(known, string(r))
		}
		return fmt.Errorf("%w: the reason is one of %s", ErrRefused, strings.Join(known, ", "))
	}
	return e.operate(ctx, id, by, "end", func(t *turn) error {
		if err := e.may(t.c, VerbEnd); err != nil {
			return err
		}
		for name, s := range t.c.Systems {
			lease := t.stored.Leases[name]
			if s.Run.State == RunRunning && lease.Token == s.Run.Token && lease.Until.After(t.now) {
				return fmt.Errorf("request %s: %w", id, ErrBusy) // its batch is undone first
			}
		}
		t.c.Owed = nil
		t.c.Stopped, t.c.Wait, t.c.Attempts, t.c.Phase = reason, nil, 0, PhaseClosing
		t.event("ended", map[string]string{"reason": string(reason)})
		t.start(StageVerify, t.leaveOutUnbegun())
		return nil
	})
}

// leaveOutUnbegun skips the systems in which erasing was not begun, and returns
// the others.
func (t *turn) leaveOutUnbegun() (begun []string) {
	t.c.Systems = cloneSystems(t.c.Systems)
	for _, name := range sorted(t.c.Systems) {
		s := *t.c.Systems[name]
		switch {
		case s.Skip != "":
		case s.begun():
			begun = append(begun, name)
		default:
			s.Skip, s.Run = ReasonByOperator, Run{State: RunDone}
			t.c.Systems[name] = &s
		}
	}
	return begun
}

// begun is true for a system of which something may have been erased.
func (s *System) begun() bool {
	return !s.Begun.IsZero() || s.Verified || s.Changed > 0 || s.Run.Stage == StageErase && !s.Run.Started.IsZero()
}

// anyBegun is true once something may have been erased in any system.
func (c *Case) anyBegun() bool {
	for _, s := range c.Systems {
		if s.begun() {
			return true
		}
	}
	return false
}

// partly tells of a delete that was ended in mid-erase what is gone and what
// is left, a line a system.
func (e *Engine) partly(c *Case) (lines string, whole bool) {
	var out []string
	whole = true
	for _, name := range sorted(c.Systems) {
		s := c.Systems[name]
		n := s.Totals()
		gone := n.Deleted + n.Deidentified + n.Aggregated
		if s.Skip == "" && n.Left > 0 {
			whole = false
			out = append(out, fmt.Sprintf("%s: %d erased, %d left", e.label(name), gone, n.Left))
			continue
		}
		whole = whole && s.Skip == ""
		out = append(out, e.label(name)+": "+outcomeWord(c.Kind, s))
	}
	return strings.Join(out, "\n"), whole
}

// sameRun is the guard's look whether the record still knows this run: one that
// was ended by a person erases nothing more, whatever its lease says.
func (w *work) sameRun(c *Case) error {
	s := c.Systems[w.system]
	if s == nil || s.Run.Stage != w.t.c.Systems[w.system].Run.Stage || s.Run.Token != w.token || !c.works() {
		return fmt.Errorf("%w: the request goes on without this run", connectors.ErrFenced)
	}
	return nil
}
