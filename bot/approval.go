package bot

import (
	"context"
	"errors"
	"time"

	"privacydesk/bot/policy"
)

// gateApproval waits for a person where the policy wants one, and again for
// what changed since, or when the approval is too old. Who was approved once
// stays bound to it.
func (e *Engine) gateApproval(ctx context.Context, t *turn) (bool, error) {
	if err := e.seeWhetherFirst(ctx, t); err != nil {
		return false, err
	}
	reason, err := e.unapproved(ctx, t)
	if err != nil || reason == "" {
		return false, err
	}
	if reason == ReasonDamaged {
		return e.stop(ctx, t, OnAgent, reason, time.Time{}, "note_held")
	}
	message := "note_approval"
	if t.c.Kind == KindAccess {
		message = "note_approval_access"
	}
	return e.stop(ctx, t, OnApprover, reason, time.Time{}, message)
}

// unshown is true for a request that awaits approval of what no note shows: what
// is stored changed since, or the note is of a version that wrote no codes.
func (e *Engine) unshown(c *Case) bool {
	return c.Wait != nil && c.Wait.On == OnApprover && c.Wait.Of != e.binding(c)
}

// unapproved is why there is no approval of what was found, where the policy
// wants one, or "". What the record says of one, the ledger has to say, too.
func (e *Engine) unapproved(ctx context.Context, t *turn) (Reason, error) {
	if !policy.NeedsApproval(e.Settings.Deletes, string(t.c.Kind), totalRows(t.c), t.c.First) {
		return "", nil
	}
	a, lasts := t.c.Approval, e.Settings.Deletes.ApprovalExpires
	switch {
	case a == nil:
		return ReasonApproval, nil
	case a.Binding != e.binding(t.c):
		return ReasonGrown, nil
	case lasts > 0 && !t.now.Before(a.At.Add(lasts)):
		return ReasonExpired, nil
	}
	proven, err := e.proven(ctx, t)
	switch {
	case errors.Is(err, ErrDamaged):
		return ReasonDamaged, nil
	case err != nil:
		return "", err
	case !proven:
		return ReasonApproval, nil
	}
	return "", nil
}

// seeWhetherFirst notes that none of the tenant's requests was approved or
// answered yet, where the policy asks for that. What was first stays so: its
// own approval makes the tenant known, and must go on binding it.
func (e *Engine) seeWhetherFirst(ctx context.Context, t *turn) error {
	if t.c.First || !e.Settings.Deletes.AsksFirst() {
		return nil
	}
	known, err := e.fact(ctx, knownFact(t.c.Tenant))
	if err != nil {
		return err
	}
	t.c.First = known.By == ""
	return nil
}

// binding is what an approval binds: kind, tenant, subject, findings, maps
// and counts.
func (e *Engine) binding(c *Case) string {
	var bound []policy.Bound
	for _, name := range sorted(c.Systems) {
		s := c.Systems[name]
		b := policy.Bound{System: name, Finding: s.Keys, Map: s.Map, Counts: map[string]int64{"skipped": int64(len(s.Skip))}}
		for _, set := range s.Sets {
			b.Counts[set.Collection+" "+string(set.Action)] = set.Before.Rows
			b.Counts[set.Collection+" shared"] = set.Before.Shared
			b.Counts[set.Collection+" retained"] = set.Before.Retained
			if set.Before.Cleared > 0 {
				b.Counts[set.Collection+" cleared"] = set.Before.Cleared
			}
			if set.Late > 0 {
				b.Counts[set.Collection+" late"] = set.Late
			}
		}
		bound = append(bound, b)
	}
	who := c.Pseudonym.Key + c.Pseudonym.MAC
	for _, p := range c.Also {
		who += p.MAC
	}
	return policy.Binding(string(c.Kind), c.Tenant, who, bound)
}
