package bot

import (
	"context"
	"fmt"
	"strings"

	"privacydesk/connectors"
)

// unrehearsed lists the systems that are to rehearse the delete, and have not
// done so since the last look that anything called for.
func (e *Engine) unrehearsed(c *Case) []string {
	var out []string
	for _, name := range e.unskipped(c) {
		s := c.Systems[name]
		if cfg, ok := e.Systems[name]; ok && cfg.Connector.Profile().Rehearses && s.Rehearsed.IsZero() && s.Totals().Found > 0 {
			out = append(out, name)
		}
	}
	return out
}

// rehearsing waits until every system that rehearses has done so. What one of
// them would refuse holds the request while nothing is erased anywhere. All is
// looked at once more afterwards, because a rehearsal may have waited for long.
func (e *Engine) rehearsing(ctx context.Context, t *turn) (bool, error) {
	if stopped, err := e.gates(ctx, t, e.gateShadow, e.gateLegal, e.gateApproval); err != nil || stopped {
		return stopped, err
	}
	if settled, err := e.tend(ctx, t); err != nil || !settled {
		return false, err
	}
	if held, err := e.failed(ctx, t); err != nil || held {
		return held, err
	}
	t.c.Stage = StageRelocate
	t.searchAgain()
	for name, s := range t.c.Systems {
		if s.Run.Stage == StageRehearse { // what rehearsed before stays so
			done := *s
			done.Rehearsed = t.now
			t.c.Systems[name] = &done
		}
	}
	return true, t.commit(ctx)
}

// rehearse lets the connector try the erase. The ledger tells how it went:
// what was passed over was not rehearsed.
func (w *work) rehearse(ctx context.Context) (result, error) {
	w.e.Failpoint("before-rehearse")
	if reason, err := w.e.unapproved(ctx, w.t); err != nil {
		return result{}, err
	} else if reason != "" { // the next step tells it
		return result{}, fmt.Errorf("%w: what was found is not approved", connectors.ErrPaused)
	}
	err := w.call(ctx, w.cfg.Connector.Rehearse)
	w.e.Failpoint("after-rehearse")
	return result{apply: func(*System) {}}, err
}

// rehearsal is how one ended, in the ledger.
func (w *work) rehearsal() string {
	if notes := w.job.Outcome.Notes; len(notes) > 0 {
		return strings.Join(notes, "; ")
	}
	return "nothing was refused"
}
