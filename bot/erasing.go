package bot

import (
	"context"
	"errors"
	"time"
)

// beforeErasing locates once more; what changed since the approval is
// approved again.
func (e *Engine) beforeErasing(ctx context.Context, t *turn) (bool, error) {
	if again, err := e.begunInSpool(ctx, t); err != nil || again {
		return again, err
	}
	done, more, err := e.search(ctx, t, StageRelocate)
	if err != nil || !done {
		return more, err
	}
	if e.staleLook(t) { // whoever looked died before it began
		t.forgetSearches()
		return true, t.commit(ctx)
	}
	stopped, err := e.gates(ctx, t, e.gateRefusals, e.gateShadow, e.gateLegal, e.gatePeople, e.gateCaps, e.gateApproval, e.gateAccess)
	if err != nil || stopped {
		return stopped, err
	}
	if systems := e.unrehearsed(t.c); len(systems) > 0 {
		t.start(StageRehearse, systems)
		return true, t.commit(ctx)
	}
	return e.beginErasing(ctx, t)
}

// staleLook is true if the last look before erasing is older than a step may
// sleep: what the gates then judge has to be looked at anew.
func (e *Engine) staleLook(t *turn) bool {
	var last time.Time
	for _, s := range t.c.Systems {
		if s.Run.Stage == StageRelocate && s.Run.Ended.After(last) {
			last = s.Run.Ended
		}
	}
	return !last.IsZero() && !t.now.Before(last.Add(e.Settings.StepLease))
}

// beginErasing is the point of no return: rights read anew, then one commit.
// From there on it can be paused and ended, not cancelled. Until that commit
// there is nothing but an intent, which passes all gates again.
func (e *Engine) beginErasing(ctx context.Context, t *turn) (bool, error) {
	if reason, err := e.reviewNow(ctx, t); err != nil {
		return false, err
	} else if reason != "" {
		return e.stop(ctx, t, OnAgent, reason, time.Time{}, heldNote(t.c, reason))
	}
	if t.ticket != nil && t.ticket.Full { // it could not be told that anything was erased
		if stopped, err := e.stop(ctx, t, OnAgent, ReasonFullTicket, time.Time{}, "note_held"); err != nil || stopped {
			return stopped, err
		}
	}
	e.Failpoint("before-begin")
	err := e.commitErasing(ctx, t)
	if errors.Is(err, ErrClaimed) || errors.Is(err, ErrCapped) {
		return e.refusedToBegin(ctx, t, err)
	}
	return true, err
}

// keepEraseMark makes it durable in the spool that erasing began: after the
// commit that says so, and before the first batch, which runs demand of it.
func (e *Engine) keepEraseMark(ctx context.Context, t *turn) error {
	if mark, err := e.eraseMark(ctx, t.c); err != nil || mark != nil {
		return err
	}
	e.Failpoint("before-erase-mark")
	err := e.writeJSON(ctx, t.c.ID, spoolErasing, eraseStarted{Epoch: t.c.Epoch, At: t.now, Systems: t.c.Systems})
	e.Failpoint("after-erase-mark")
	return err
}

func (e *Engine) commitErasing(ctx context.Context, t *turn) error {
	t.c.Phase, t.c.Stage, t.c.Begun, t.c.Round = PhaseWorking, StageErase, t.now, 0
	for _, name := range sorted(t.c.Systems) {
		s := *t.c.Systems[name]
		s.Run = Run{Stage: StageErase, State: RunIdle}
		t.c.Systems[name] = &s
	}
	t.event("erase_begun", e.countsData(t.c))
	t.change.Claim = append(t.change.Claim, erasingClaims(t.c)...)
	t.change.Absent = append(t.change.Absent, openClaims(t.c, KindAccess)...)
	if limit := e.Settings.Deletes.CapPerTenantDay; limit > 0 {
		day := t.now.In(e.Settings.Location).Format(time.DateOnly)
		t.change.Caps = append(t.change.Caps, Cap{Key: "deletes/" + t.c.Tenant + "/" + day, Limit: limit, Keep: 72 * time.Hour})
	}
	return t.commit(ctx)
}

func (e *Engine) refusedToBegin(ctx context.Context, t *turn, cause error) (bool, error) {
	fresh, err := e.load(ctx, t.c.ID, t.step)
	if err != nil {
		return false, err
	}
	if errors.Is(cause, ErrCapped) {
		// A person may raise the cap and retry; tomorrow it goes on by itself.
		midnight := fresh.now.In(e.Settings.Location).AddDate(0, 0, 1)
		y, m, d := midnight.Date()
		return e.stop(ctx, fresh, OnAgent, ReasonCapTenant, time.Date(y, m, d, 0, 0, 0, 0, e.Settings.Location), "note_held")
	}
	fresh.forgetSearches()
	return e.stop(ctx, fresh, OnRequest, ReasonOtherRequest, fresh.now.Add(e.Settings.Backoff*4), "")
}

// begunInSpool brings a record that was set back to where the spool says it
// had come: erasing began, and goes on with all that was found then.
func (e *Engine) begunInSpool(ctx context.Context, t *turn) (bool, error) {
	if t.c.Kind != KindDelete || !t.c.Begun.IsZero() {
		return false, nil
	}
	mark, err := e.eraseMark(ctx, t.c)
	if err != nil || mark == nil {
		return false, err
	}
	// The ticket first: if it bears the answer, all of this is over.
	if _, err := e.readTicket(ctx, t); err != nil && !errors.Is(err, ErrNotFound) {
		return false, err
	}
	for name, s := range mark.Systems {
		t.c.Systems[name] = s
	}
	t.event("rebuilt", map[string]string{"from": "spool", "begun": mark.At.UTC().Format(time.RFC3339)})
	e.log(t.c.ID).WithField("event", "rebuilt").Warn("the record was set back; erasing had begun and goes on")
	err = e.commitErasing(ctx, t)
	if errors.Is(err, ErrClaimed) || errors.Is(err, ErrCapped) {
		return e.refusedToBegin(ctx, t, err)
	}
	return true, err
}

// erasing erases the systems rank by rank, those of one rank side by side.
func (e *Engine) erasing(ctx context.Context, t *turn) (bool, error) {
	if stopped, err := e.gateErasing(ctx, t); err != nil || stopped {
		return stopped, err
	}
	if err := e.keepEraseMark(ctx, t); err != nil {
		return false, err
	}
	if settled, err := e.tend(ctx, t); err != nil || !settled {
		return false, err
	}
	if held, err := e.failed(ctx, t); err != nil || held {
		return held, err
	}
	rank, next := 0, []string(nil)
	for _, name := range sorted(t.c.Systems) {
		s := t.c.Systems[name]
		if s.Run.State != RunIdle || s.Skip != "" {
			continue
		}
		if next == nil || s.Rank < rank {
			rank, next = s.Rank, nil
		}
		if s.Rank == rank {
			next = append(next, name)
		}
	}
	if len(next) > 0 {
		t.start(StageErase, next)
		return true, t.commit(ctx)
	}
	t.c.Phase = PhaseClosing
	t.event("erased", nil)
	t.start(StageVerify, e.unskipped(t.c))
	return true, t.commit(ctx)
}

func (e *Engine) unskipped(c *Case) []string {
	var out []string
	for _, name := range sorted(c.Systems) {
		if c.Systems[name].Skip == "" {
			out = append(out, name)
		}
	}
	return out
}
