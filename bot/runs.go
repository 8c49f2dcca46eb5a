package bot

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"privacydesk/bot/plan"
	"privacydesk/connectors"
)

// profilesOf are the profiles of the request's systems that are configured
// and not left out.
func (e *Engine) profilesOf(c *Case) map[string]connectors.Profile {
	out := map[string]connectors.Profile{}
	for name, s := range c.Systems {
		if cfg, ok := e.Systems[name]; ok && s.Skip == "" {
			out[name] = cfg.Connector.Profile()
		}
	}
	return out
}

// orphaned lists the systems that nothing could lead to, whomever a request is
// about, and that nobody left out.
func (e *Engine) orphaned(c *Case) []string {
	profiles := map[string]connectors.Profile{}
	for name := range c.Systems {
		if cfg, ok := e.Systems[name]; ok {
			profiles[name] = cfg.Connector.Profile()
		}
	}
	return slices.DeleteFunc(plan.Orphaned(profiles), func(name string) bool { return c.Systems[name].Skip != "" })
}

// systemsOf lists the systems that a request reaches: a tenant's those of which
// the vendor is the processor, a consumer's own those of which it is the
// controller.
func (e *Engine) systemsOf(c *Case) map[string]*System {
	profiles := map[string]connectors.Profile{}
	for name, cfg := range e.Systems {
		if cfg.Controller == c.Controller {
			profiles[name] = cfg.Connector.Profile()
		}
	}
	out := map[string]*System{}
	ranks := plan.Ranks(profiles)
	for name, p := range profiles {
		out[name] = &System{Rank: ranks[name], Map: p.MapDigest}
	}
	return out
}

func (e *Engine) systemNames(c *Case) string { return e.labels(sorted(c.Systems)) }

func (e *Engine) labels(systems []string) string {
	labels := make([]string, len(systems))
	for i, name := range systems {
		labels[i] = e.label(name)
	}
	return strings.Join(labels, "\n")
}

func (e *Engine) label(system string) string {
	if l := e.Systems[system].Label; l != "" {
		return l
	}
	return system
}

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// start queues a stage's run in the given systems.
func (t *turn) start(stage Stage, systems []string) {
	t.c.Stage = stage
	for _, name := range systems {
		s := *t.c.Systems[name]
		s.Run = Run{Stage: stage, State: RunQueued}
		t.c.Systems[name] = &s
	}
	if len(systems) > 0 {
		t.event("runs", map[string]string{"stage": string(stage), "systems": strings.Join(systems, ",")})
	}
}

// lostFactor is how much more often than it may fail a run may lose its
// worker: restarts do that, and so does a run that takes its worker down.
const lostFactor = 3

// tend looks after the runs: what waits and is due is queued, what lost its
// worker is queued again. It reports whether nothing is under way; if
// something is, it has committed, and the request rests until it is needed.
func (e *Engine) tend(ctx context.Context, t *turn) (settled bool, err error) {
	var queued []string
	wake := t.now.Add(e.Settings.Lease)
	for _, name := range sorted(t.c.Systems) {
		s := *t.c.Systems[name]
		lease := t.stored.Leases[name]
		if needed := s.Run.State == RunQueued || s.Run.State == RunWaiting; needed && e.lacks(t, name) {
			if e.waitsFor(t, name) {
				queued = append(queued, "")
				continue
			}
			s.Run.State = RunFailed
			s.Run.Fail = &Failure{Kind: connectors.Misfit, What: e.unlike(t.c)}
			t.c.Systems[name] = &s
			continue
		}
		switch s.Run.State {
		case RunRunning:
			if lease.Token == s.Run.Token && lease.Until.After(t.now) {
				wake = earliest(wake, lease.Until)
				queued = append(queued, "")
				continue
			}
			s.Run.State, s.Run.Token = RunQueued, ""
			if s.Run.Attempt >= e.Settings.MaxAttempts*lostFactor {
				s.Run.State = RunFailed
				s.Run.Fail = &Failure{Kind: connectors.Broken, What: "its worker was lost again and again"}
			}
			t.event("worker_lost", map[string]string{"system": name, "stage": string(s.Run.Stage)})
		case RunWaiting:
			if s.Run.NextAt.After(t.now) {
				wake = earliest(wake, s.Run.NextAt)
				queued = append(queued, "")
				continue
			}
			s.Run.State = RunQueued
		case RunQueued:
		case RunIdle, RunDone, RunFailed:
			continue
		}
		t.c.Systems[name] = &s
		if s.Run.State == RunQueued {
			queued = append(queued, name)
		}
	}
	if len(queued) == 0 {
		return true, nil
	}
	if err := t.rest(ctx, wake); err != nil {
		return false, err
	}
	for _, name := range queued {
		if name == "" {
			continue
		}
		if err := e.Queue.Run(ctx, t.c.ID, name, e.runKey(t.c, name)); err != nil {
			return false, fmt.Errorf("queue: %w", err)
		}
	}
	return false, nil
}

// runKey is the same for hints at the same attempt, and another after the
// time in which a lost hint would have been noticed.
func (e *Engine) runKey(c *Case, system string) string {
	r := c.Systems[system].Run
	return fmt.Sprintf("%s-%d-%d-%d", r.Stage, c.Round, r.Attempt, e.Clock().Unix()/max(int64(e.Settings.Lease.Seconds()), 1))
}

func earliest(a, b time.Time) time.Time {
	if b.IsZero() || a.Before(b) {
		return a
	}
	return b
}

// failed holds the request over runs that gave up.
func (e *Engine) failed(ctx context.Context, t *turn) (held bool, err error) {
	var lines []string
	for _, name := range sorted(t.c.Systems) {
		if s := t.c.Systems[name]; s.Run.State == RunFailed && s.Skip == "" {
			what := s.Run.Fail.What
			if words, ok := e.Messages.Reason(e.Settings.AgentLocale, what); ok {
				what = words
			}
			lines = append(lines, fmt.Sprintf("%s: %s", e.label(name), what))
		}
	}
	if len(lines) == 0 || !t.hold(ReasonSystemFailed) {
		return false, nil
	}
	t.note("note_held", map[string]string{"reason": string(ReasonSystemFailed), "systems": strings.Join(lines, "\n")})
	return true, t.commit(ctx)
}

// toSearch lists the systems that a further identity, or the first, calls for.
func (e *Engine) toSearch(ctx context.Context, t *turn) ([]string, error) {
	s, err := t.open(ctx)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, name := range sorted(t.c.Systems) {
		sys := t.c.Systems[name]
		cfg, ok := e.Systems[name]
		if !ok || sys.Skip != "" {
			continue
		}
		ids := relevant(cfg.Connector.Profile(), s.Identities)
		if len(ids) == 0 {
			continue
		}
		digest, err := e.digest(ctx, t.c.ID, ids)
		if err != nil {
			return nil, err
		}
		if sys.Searched != digest {
			out = append(out, name)
		}
	}
	return out, nil
}

// search starts another round of locating where one is called for. done is
// true when nothing new turns up anywhere.
func (e *Engine) search(ctx context.Context, t *turn, stage Stage) (done, more bool, err error) {
	if settled, err := e.tend(ctx, t); err != nil || !settled {
		return false, false, err
	}
	if held, err := e.failed(ctx, t); err != nil || held {
		return false, held, err
	}
	if stopped, more, err := e.reconfigured(ctx, t); err != nil || stopped {
		return false, more, err
	}
	systems, err := e.toSearch(ctx, t)
	if err != nil {
		return false, false, err
	}
	if len(systems) == 0 {
		return true, true, nil
	}
	if t.c.Round >= e.Settings.MaxRounds && t.hold(ReasonTooManyRounds) {
		t.note("note_held", map[string]string{"reason": string(ReasonTooManyRounds)})
		return false, true, t.commit(ctx)
	}
	t.c.Round++
	t.start(stage, systems)
	return false, true, t.commit(ctx)
}

// reconfigured takes systems in that were configured since the request was
// accepted, and holds it over one that is no longer there: after some leases, in
// which a replica that has it would have gone on.
func (e *Engine) reconfigured(ctx context.Context, t *turn) (stopped, more bool, err error) {
	systems := e.systemsOf(t.c)
	for _, name := range sorted(t.c.Systems) {
		kept := *t.c.Systems[name]
		lacks := e.lacks(t, name)
		if _, reached := systems[name]; !reached && kept.Skip == "" {
			if lacks && e.waitsFor(t, name) {
				return true, false, t.rest(ctx, t.now.Add(e.Settings.Lease))
			}
			if t.hold(ReasonNotSearched) {
				t.note("note_held", map[string]string{"reason": string(ReasonNotSearched), "systems": name + ": " + e.unlike(t.c)})
				return true, true, t.commit(ctx)
			}
			continue
		}
		if now, ok := systems[name]; ok {
			kept.Rank = now.Rank
			if kept.Searched == "" {
				kept.Map = now.Map
			}
		}
		systems[name] = &kept
	}
	t.c.Systems = systems
	return false, false, nil
}

// missingLeases is for how many leases a request waits for a replica that has
// a system which this one lacks.
const missingLeases = 5

// lacks is true if this replica's configuration has no such system. One that has
// it ends the wait for such a one.
func (e *Engine) lacks(t *turn, name string) bool {
	if _, ok := e.Systems[name]; !ok {
		return true
	}
	if _, waited := t.c.Missing[name]; waited {
		t.c.Missing = maps.Clone(t.c.Missing)
		delete(t.c.Missing, name)
	}
	return false
}

// waitsFor is true as long as another replica may still turn out to have it.
func (e *Engine) waitsFor(t *turn, name string) bool {
	since, waited := t.c.Missing[name]
	if !waited {
		since, t.c.Missing = t.now, maps.Clone(t.c.Missing)
		if t.c.Missing == nil {
			t.c.Missing = map[string]time.Time{}
		}
		t.c.Missing[name] = since
	}
	return t.now.Sub(since) < missingLeases*e.Settings.Lease
}

// unlike names both configurations: the request's, and this replica's.
func (e *Engine) unlike(c *Case) string {
	return fmt.Sprintf("the request was accepted under a configuration with %s; the one in use has %s", strings.Join(sorted(c.Systems), ", "), strings.Join(sorted(e.Systems), ", "))
}

// forgetSearches makes the next search look everywhere again, and what it
// finds be rehearsed again.
func (t *turn) forgetSearches() {
	t.searchAgain()
	for name, s := range t.c.Systems {
		again := *s
		again.Rehearsed = time.Time{}
		t.c.Systems[name] = &again
	}
}

func (t *turn) searchAgain() {
	for name, s := range t.c.Systems {
		again := *s
		again.Searched = ""
		t.c.Systems[name] = &again
	}
	t.c.Round = 0
}
