package bot

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"privacydesk/bot/plan"
	"privacydesk/bot/policy"
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
	var known []connectors.IdentityType
	for _, id := range s.Identities {
		known = append(known, id.Type)
	}
	profiles := e.profilesOf(t.c)
	for _, name := range plan.Unreachable(profiles, known) {
		named := *t.c.Systems[name]
		var needs []string
		for _, need := range profiles[name].Needs {
			needs = append(needs, string(need))
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
		t.note(message, e.countVars(t.c, reason))
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

// working gathers, or locates once more and erases.
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
	case StageErase:
		return e.erasing(ctx, t)
	case StageNone, StageLocate, StageVerify, StageRescan:
	}
	return false, fmt.Errorf("request %s: stage %q does not belong to working", t.c.ID, t.c.Stage)
}

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
	stopped, err := e.gates(ctx, t, e.gateRefusals, e.gateShadow, e.gateLegal, e.gatePeople, e.gateCaps, e.gateApproval, e.gateAccess)
	if err != nil || stopped {
		return stopped, err
	}
	return e.beginErasing(ctx, t)
}

// beginErasing is the point of no return: rights read anew, the mark in the
// spool, then one commit. From there on it can be paused, not cancelled.
func (e *Engine) beginErasing(ctx context.Context, t *turn) (bool, error) {
	if reason, err := e.reviewNow(ctx, t); err != nil {
		return false, err
	} else if reason != "" {
		return e.stop(ctx, t, OnAgent, reason, time.Time{}, heldNote(t.c, reason))
	}
	if err := e.keepEraseMark(ctx, t); err != nil {
		return false, err
	}
	err := e.commitErasing(ctx, t)
	if errors.Is(err, ErrClaimed) || errors.Is(err, ErrCapped) {
		if rerr := e.Spool.Remove(ctx, t.c.ID, spoolErasing); rerr != nil {
			return false, fmt.Errorf("spool: %w", rerr)
		}
		return e.refusedToBegin(ctx, t, err)
	}
	return true, err
}

func (e *Engine) keepEraseMark(ctx context.Context, t *turn) error {
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

// Counting.

func rowsOf(s *System) int64 {
	var n int64
	for _, set := range s.Sets {
		if set.Action != connectors.ActionRetain {
			n += set.Before.Rows
		}
	}
	return n
}

func totalRows(c *Case) int64 {
	var n int64
	for _, s := range c.Systems {
		n += rowsOf(s)
	}
	return n
}

// countsData are the ledger's numbers of a moment.
func (e *Engine) countsData(c *Case) map[string]string {
	out := map[string]string{}
	for name, s := range c.Systems {
		t := s.Totals()
		out[name] = "found=" + strconv.FormatInt(t.Found, 10) + " gathered=" + strconv.FormatInt(t.Gathered, 10)
	}
	return out
}

// countVars are what a note to the agents shows of the findings: of a delete
// also what would happen to them.
func (e *Engine) countVars(c *Case, reason Reason) map[string]string {
	lines := []string{"system\tcollection\trows\ton delete"}
	for _, name := range sorted(c.Systems) {
		s := c.Systems[name]
		for _, set := range s.Sets {
			if n := set.Before.Found(); n > 0 {
				lines = append(lines, fmt.Sprintf("%s\t%s\t%d\t%s", e.label(name), set.Collection, n, actionWord(set.Action)))
			}
		}
		if s.Totals().Found == 0 {
			lines = append(lines, e.label(name)+"\t\t0\t")
		}
	}
	if c.Kind == KindAccess {
		for i, line := range lines {
			lines[i] = line[:strings.LastIndexByte(line, '\t')]
		}
	}
	return map[string]string{"reason": string(reason), "counts": strings.Join(lines, "\n"), "systems": e.systemNames(c)}
}

func actionWord(a connectors.Action) string {
	if a == connectors.ActionNone {
		return "no action set"
	}
	return string(a)
}
