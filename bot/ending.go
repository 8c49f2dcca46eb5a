package bot

import (
	"context"
	"errors"
	"strings"
	"time"

	"privacydesk/connectors"
)

// The end of a request: what decides it, the time of downloads, and what goes
// after it.

// finish decides the request's end; it is done once the ticket was told: by a
// message, or by nothing but a status. A ticket that is gone is told nothing.
func (t *turn) finish(res Resolution, reason Reason, say Say) {
	t.c.Resolution, t.c.Reason, t.c.Wait, t.c.Dead = res, reason, nil, 0
	t.event("finishing", map[string]string{"resolution": string(res), "reason": string(reason)})
	if say.Message == "" && say.Status == "" {
		t.end()
		return
	}
	say.Step, say.Public, say.Status = t.c.once(stepFinal), say.Message != "" && !strings.HasPrefix(say.Message, "note_"), StatusSolved
	say.DelTags = []string{TagNeedsPerson, TagOverdue}
	t.owe(say)
}

// end moves to done. Claims are given up, so that the subject may be asked
// about again; key and spool stay for the time of downloads.
// What was written meanwhile and nobody acted on is looked at next.
func (t *turn) end() {
	if t.ticket != nil && len(objections(t.ticket, t.c.Seen.Comment)) > 0 {
		t.took, t.c.Hinted = false, 0
	}
	t.c.Phase, t.c.Stage, t.c.Finished, t.c.Wait = PhaseDone, StageNone, t.now, nil
	t.change.Release = append(t.change.Release, t.c.Claims...)
	t.noteAnswer()
	t.event("done", map[string]string{"resolution": string(t.c.Resolution), "reason": string(t.c.Reason)})
	t.e.Observe(Observation{Event: "done", Kind: t.c.Kind, Duration: t.now.Sub(t.c.Arrived)})
	t.e.log(t.c.ID).WithField("event", "done").WithField("resolution", string(t.c.Resolution)).
		WithField("reason", string(t.c.Reason)).Info("the request is done")
}

// forgetting waits for the end of the time for downloads, and for legal holds
// on the request, and decides then that key and spool go. That is committed
// first: a crash in the middle of it leaves no request whose key is gone and
// that does not know it.
func (e *Engine) forgetting(ctx context.Context, t *turn) (bool, error) {
	at := t.c.Finished.Add(e.Settings.ForgetAfter)
	for _, d := range e.duties(t.c, t.now) {
		if d.keeps && d.at.After(at) {
			at = d.at
		}
	}
	if t.now.Before(at) {
		return false, t.rest(ctx, at)
	}
	if held, err := e.preserved(ctx, t.c.ID); err != nil || held {
		return false, errors.Join(err, t.rest(ctx, t.now.Add(legalEvery)))
	}
	t.c.Forgetting = t.now
	t.event("forgetting", nil)
	return true, t.commit(ctx)
}

// forget destroys key and spool; the case stays.
func (e *Engine) forget(ctx context.Context, t *turn) (bool, error) {
	e.Failpoint("before-key-destruction")
	if err := e.Keys.Destroy(ctx, t.c.ID); err != nil {
		return false, connectors.Sayf(err, "destroy key")
	}
	e.Failpoint("after-key-destruction")
	if err := e.Spool.Destroy(ctx, t.c.ID); err != nil {
		return false, connectors.Sayf(err, "destroy spool")
	}
	t.c.Phase, t.c.Forgetting, t.c.SecretSum, t.change.Forget = PhaseForgotten, time.Time{}, "", true
	t.event("forgotten", nil)
	return true, t.commit(ctx)
}

// keyLost is true, and the request forgotten next, if one whose time has come has
// no key any more: it was destroyed, and the record never learned of it. What
// was sealed under it nobody can read.
func (e *Engine) keyLost(ctx context.Context, id, token string, cause error) (bool, error) {
	if !errors.Is(cause, ErrKeyGone) {
		return false, nil
	}
	t, err := e.load(ctx, id, token)
	if err != nil || t.c.Phase != PhaseDone || !t.c.Forgetting.IsZero() || t.now.Before(t.c.Finished.Add(e.Settings.ForgetAfter)) {
		return false, err
	}
	t.c.Forgetting = t.now
	t.event("forgetting", map[string]string{"why": "key_gone"})
	return true, t.commit(ctx)
}

// purging removes what is left of a forgotten request once it was kept for as
// long as the law wants records kept (California Regs §7101: 24 months).
func (e *Engine) purging(ctx context.Context, t *turn) (bool, error) {
	at := t.c.Finished.Add(e.Settings.KeepRecords)
	if t.now.Before(at) {
		return false, t.rest(ctx, at)
	}
	if held, err := e.preserved(ctx, t.c.ID); err != nil || held {
		return false, errors.Join(err, t.rest(ctx, t.now.Add(legalEvery)))
	}
	e.log(t.c.ID).WithField("event", "purged").Info("the record was kept for its time and is removed")
	return false, e.Store.Purge(ctx, t.c.ID, t.stored.Case.Version)
}
