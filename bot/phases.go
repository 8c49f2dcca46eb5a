package bot

import (
	"context"
	"errors"
	"strings"

	"privacydesk/bot/plan"
	"privacydesk/connectors"
)

// locating searches until nothing new turns up, then passes the gates of the
// request's kind.
func (e *Engine) locating(ctx context.Context, t *turn) (bool, error) {
	if again, err := e.begunInSpool(ctx, t); err != nil || again {
		return again, err
	}
	done, more, err := e.search(ctx, t, StageLocate)
	if err != nil || !done {
		return more, err
	}
	if err := e.nameUnreached(ctx, t); err != nil {
		return false, err
	}
	if orphans := e.orphaned(t.c); len(orphans) > 0 && t.hold(ReasonNotSearched) {
		t.note("note_held", map[string]string{"reason": string(ReasonNotSearched), "systems": e.labels(orphans)})
		return true, t.commit(ctx)
	}
	if t.c.Located.IsZero() {
		t.c.Located = t.now
		t.event("located", e.countsData(t.c))
	}
	if t.c.Kind == KindAccess {
		if stopped, err := e.gatePeople(ctx, t); err != nil || stopped {
			return stopped, err
		}
		return e.beginGathering(ctx, t)
	}
	return e.deleteGates(ctx, t)
}

// nameUnreached notes on each system that could not be asked why that is: it
// knows people by something that no other system revealed.
func (e *Engine) nameUnreached(ctx context.Context, t *turn) error {
	s, err := t.open(ctx)
	if err != nil {
		return err
	}
	profiles := e.profilesOf(t.c)
	for _, name := range plan.Unreachable(profiles, s.Identities) {
		named := *t.c.Systems[name]
		var needs []string
		for _, need := range profiles[name].Ways() {
			text := string(need.Type)
			if need.Vendor {
				text += " as the vendor assigned it"
			}
			needs = append(needs, text)
		}
		named.Unreached = "not searched: it knows people by " + strings.Join(needs, ", ") + " alone, and no other system has that of this person"
		t.c.Systems[name] = &named
	}
	return nil
}

// beginGathering goes to work on an access request, unless it needs approval
// or a delete of the same subject is in the middle of it.
func (e *Engine) beginGathering(ctx context.Context, t *turn) (bool, error) {
	if stopped, err := e.gateApproval(ctx, t); err != nil || stopped {
		return stopped, err
	}
	t.c.Phase, t.c.Round = PhaseWorking, 0
	var systems []string
	for _, name := range sorted(t.c.Systems) {
		if s := t.c.Systems[name]; s.Skip == "" && s.Totals().Found > 0 {
			systems = append(systems, name)
		}
	}
	t.start(StageGather, systems)
	t.change.Absent = append(t.change.Absent, erasingClaims(t.c)...)
	return e.orWaitForOther(ctx, t)
}

// orWaitForOther commits; if another request on the subject stands in the
// way, the request waits and searches anew afterwards.
func (e *Engine) orWaitForOther(ctx context.Context, t *turn) (bool, error) {
	err := t.commit(ctx)
	var claimed *ClaimError
	if !errors.As(err, &claimed) {
		return true, err
	}
	fresh, err := e.load(ctx, t.c.ID, t.step)
	if err != nil {
		return false, err
	}
	fresh.c.Linked = claimed.Holder
	fresh.forgetSearches()
	fresh.wait(OnRequest, ReasonOtherRequest, fresh.now.Add(e.Settings.Backoff*4))
	return false, fresh.rest(ctx, fresh.c.Wait.Until)
}

// working gathers, or locates once more, rehearses and erases.
func (e *Engine) working(ctx context.Context, t *turn) (bool, error) {
	switch t.c.Stage {
	case StageGather:
		if settled, err := e.tend(ctx, t); err != nil || !settled {
			return false, err
		}
		if held, err := e.failed(ctx, t); err != nil || held {
			return held, err
		}
		t.c.Phase, t.c.Stage = PhaseClosing, StageNone
		t.event("gathered", e.countsData(t.c))
		return true, t.commit(ctx)
	case StageRelocate:
		return e.beforeErasing(ctx, t)
	case StageRehearse:
		return e.rehearsing(ctx, t)
	case StageErase:
		return e.erasing(ctx, t)
	case StageNone, StageLocate, StageVerify, StageRescan:
	}
	return false, connectors.Sayf(nil, "request %s: stage %q does not belong to working", t.c.ID, t.c.Stage)
}
