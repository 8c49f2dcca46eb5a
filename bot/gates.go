package bot

import (
	"context"
	"time"

	"privacydesk/bot/policy"
)

// deleteGates leads a located delete to the second look that precedes the
// erasing.
func (e *Engine) deleteGates(ctx context.Context, t *turn) (bool, error) {
	stopped, err := e.gates(ctx, t, e.gateRefusals, e.gateShadow, e.gateLegal, e.gatePeople, e.gateCaps, e.gateApproval, e.gateWaiting, e.gateAccess)
	if err != nil || stopped {
		return stopped, err
	}
	t.c.Phase, t.c.Stage = PhaseWorking, StageRelocate
	t.forgetSearches()
	return true, t.commit(ctx)
}

// gates asks each gate in order. One that stops the request has committed;
// all are asked again whenever it goes on.
func (e *Engine) gates(ctx context.Context, t *turn, gates ...func(context.Context, *turn) (bool, error)) (stopped bool, err error) {
	for _, gate := range gates {
		if stopped, err := gate(ctx, t); err != nil || stopped {
			return stopped, err
		}
	}
	return false, nil
}

// stop holds or waits, with an internal note when the stop is new.
func (e *Engine) stop(ctx context.Context, t *turn, on WaitOn, reason Reason, until time.Time, message string) (bool, error) {
	if !t.wait(on, reason, until) {
		return false, nil
	}
	if message != "" {
		t.note(message, e.shownVars(t.c, reason))
	}
	if t.c.Stage == StageRelocate {
		t.forgetSearches() // the last look before erasing is a fresh one
	}
	return true, t.commit(ctx)
}

func (e *Engine) gateRefusals(ctx context.Context, t *turn) (bool, error) {
	for _, name := range sorted(t.c.Systems) {
		if t.c.Systems[name].Skip != "" {
			continue
		}
		cfg := e.Systems[name]
		why := cfg.Connector.Profile().RefusesErase
		if why == "" && !cfg.Kind.Erases {
			why = "systems of kind " + cfg.Kind.Name + " can't erase"
		}
		if why != "" && t.hold(ReasonRefusesErase) {
			t.note("note_held", map[string]string{"reason": string(ReasonRefusesErase), "systems": e.label(name) + ": " + why})
			return true, t.commit(ctx)
		}
	}
	return false, nil
}

func (e *Engine) gateShadow(ctx context.Context, t *turn) (bool, error) {
	if e.Settings.Deletes.Live() {
		return false, nil
	}
	return e.stop(ctx, t, OnAgent, ReasonShadow, time.Time{}, "note_shadow")
}

func (e *Engine) gateCaps(ctx context.Context, t *turn) (bool, error) {
	for _, name := range sorted(t.c.Systems) {
		if policy.OverRowCap(e.Settings.Deletes, rowsOf(t.c.Systems[name])) {
			if stopped, err := e.stop(ctx, t, OnAgent, ReasonCapRows, time.Time{}, "note_held"); stopped || err != nil {
				return stopped, err
			}
		}
	}
	return false, nil
}

func (e *Engine) gateWaiting(ctx context.Context, t *turn) (bool, error) {
	if t.c.NotBefore.IsZero() {
		t.c.NotBefore = t.c.Accepted.Add(e.Settings.Deletes.WaitingPeriod)
	}
	if !t.now.Before(t.c.NotBefore) {
		return false, nil
	}
	return e.stop(ctx, t, OnTime, ReasonWaitingPeriod, t.c.NotBefore, "")
}

// gateAccess lets an open access request on the subject go first.
func (e *Engine) gateAccess(ctx context.Context, t *turn) (bool, error) {
	holder, err := e.holder(ctx, t.c, openClaims(t.c, KindAccess))
	if err != nil || holder == "" {
		return false, err
	}
	t.c.Linked = holder
	return e.stop(ctx, t, OnRequest, ReasonOtherRequest, t.now.Add(e.Settings.Backoff*4), "")
}
