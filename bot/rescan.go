package bot

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"privacydesk/bot/policy"
	"privacydesk/connectors"
)

// Rescan is a further search of a system, some time after the erasing.
type Rescan struct {
	At time.Time `json:"at"`
	// Late are the rows that came back, by collection; none: it was clean.
	Late map[string]int64 `json:"late,omitempty"`
	// Failed is why the system could not be searched, free of personal data.
	Failed string `json:"failed,omitempty"`
}

// Total is how many rows came back.
func (r Rescan) Total() int64 {
	var n int64
	for _, rows := range r.Late {
		n += rows
	}
	return n
}

// works is true while systems may be worked on: until the end is decided, and
// for the searches that follow it.
func (c *Case) works() bool {
	return c.Resolution == "" || c.Phase == PhaseDone && c.Stage == StageRescan
}

// late are the rows of a search after erasing that should not be there.
func late(p connectors.Profile, f *connectors.Finding) map[string]int64 {
	out := map[string]int64{}
	for _, t := range tallies(p, f) {
		if t.Action != connectors.ActionRetain && t.Before.Rows > 0 {
			out[t.Collection] = t.Before.Rows
		}
	}
	return out
}

// erasedAnything is false for a delete that found nothing: nothing can come
// back.
func (e *Engine) erasedAnything(c *Case) bool {
	return c.Kind == KindDelete && !c.Erased.IsZero() && e.foundTotal(c) > 0
}

// rescanning owes a Resolved delete its searches afterwards. Of those that
// passed unused the last is made.
func (e *Engine) rescanning(c *Case, now time.Time) []duty {
	if c.Phase != PhaseDone || c.Stage == StageRescan || !e.erasedAnything(c) {
		return nil
	}
	var out []duty
	for i, at := range e.Settings.Deletes.Rescan.Times(policy.RescanAfter, c.Erased) {
		if !at.After(now) {
			out = out[:0]
		}
		out = append(out, duty{
			name: c.once(fmt.Sprintf("rescan.%d", i)), at: at, keeps: true, do: func(_ context.Context, t *turn) error {
				t.start(StageRescan, e.unskipped(t.c))
				return nil
			},
		})
	}
	return out
}

// rescansLeft are the days of the searches that a Resolved delete still owes,
// one that is under way among them.
func (e *Engine) rescansLeft(c *Case, now time.Time) []string {
	day := func(at time.Time) string { return at.In(e.Settings.Location).Format(time.DateOnly) }
	if c.Phase == PhaseDone && c.Stage == StageRescan {
		return []string{day(now)}
	}
	var out []string
	for _, d := range e.rescanning(c, now) {
		if _, done := c.Did[d.name]; !done {
			out = append(out, day(d.at))
		}
	}
	return out
}

// rescanBefore keeps a delete from being Resolved until its systems were
// searched again, as often as configured.
func (e *Engine) rescanBefore(ctx context.Context, t *turn) (bool, error) {
	if t.c.Erased.IsZero() {
		t.c.Erased = t.now
	}
	times := e.Settings.Deletes.Rescan.Times(policy.RescanBefore, t.c.Erased)
	if t.c.Rescanned >= len(times) || !e.erasedAnything(t.c) {
		return false, nil
	}
	if at := times[t.c.Rescanned]; t.now.Before(at) {
		return e.stop(ctx, t, OnTime, ReasonRescan, at, "")
	}
	t.c.Rescanned++
	t.start(StageRescan, e.unskipped(t.c))
	return true, t.commit(ctx)
}

// rescanned ends a search that followed Resolved: what came back, and what
// could not be searched, is told to the agents; nothing is erased.
func (e *Engine) rescanned(ctx context.Context, t *turn) (bool, error) {
	if settled, err := e.tend(ctx, t); err != nil || !settled {
		return false, err
	}
	var failed []string
	t.c.Systems = cloneSystems(t.c.Systems)
	for _, name := range e.unskipped(t.c) {
		s := *t.c.Systems[name]
		if s.Run.State == RunFailed {
			failed = append(failed, fmt.Sprintf("%s: %s", e.label(name), s.Run.Fail.What))
			s.Rescans = append(slices.Clone(s.Rescans), Rescan{At: t.now, Failed: s.Run.Fail.What})
			s.Run.State = RunDone // the erasing itself did not fail
		}
		t.c.Systems[name] = &s
	}
	t.c.Stage = StageNone
	t.event("rescanned", e.lateData(t.c))
	if table := e.lateTable(t.c); table != "" {
		t.owe(Say{Message: "note_returned", Vars: map[string]string{"counts": table}, AddTags: []string{TagNeedsPerson}})
	}
	if len(failed) > 0 {
		t.owe(Say{Message: "note_not_rescanned", Vars: map[string]string{"systems": strings.Join(failed, "\n")}, AddTags: []string{TagNeedsPerson}})
	}
	return true, t.commit(ctx)
}

// lastRescans are the newest searches of each system.
func lastRescans(c *Case) map[string]Rescan {
	out := map[string]Rescan{}
	for name, s := range c.Systems {
		if n := len(s.Rescans); n > 0 && s.Skip == "" {
			out[name] = s.Rescans[n-1]
		}
	}
	return out
}

func (e *Engine) lateData(c *Case) map[string]string {
	out := map[string]string{}
	for name, r := range lastRescans(c) {
		out[name] = fmt.Sprintf("late=%d", r.Total())
		if r.Failed != "" {
			out[name] = "failed"
		}
	}
	return out
}

// lateTable is what came back as a table for agents, or "".
func (e *Engine) lateTable(c *Case) string {
	lines := []string{"system\tcollection\trows"}
	last := lastRescans(c)
	for _, name := range sorted(last) {
		for _, set := range slices.Sorted(maps.Keys(last[name].Late)) {
			lines = append(lines, fmt.Sprintf("%s\t%s\t%d", e.label(name), set, last[name].Late[set]))
		}
	}
	if len(lines) == 1 {
		return ""
	}
	return strings.Join(lines, "\n")
}

// plannedRescans are how long after the erasing the searches that follow the
// certificate are made.
func (e *Engine) plannedRescans(c *Case) []time.Duration {
	if r := e.Settings.Deletes.Rescan; r.When == policy.RescanAfter && e.erasedAnything(c) {
		return r.At
	}
	return nil
}
