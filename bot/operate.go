package bot

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"privacydesk/bot/reading"
	"privacydesk/connectors"
)

// ErrRefused says that the operation does not fit the request's state; the text says
// why.
var ErrRefused error = connectors.Said("refused")

// ErrBusy says that a worker is at the request this moment; try again.
var ErrBusy error = connectors.Said("a worker is at it this moment; try again")

// releasable is true for the holds that a person may wave through. All others
// are asked again on retry: a right that is lost, a reader who may not, a
// state that is gone can't be talked away.
func releasable(r Reason) bool {
	return slices.Contains([]Reason{ReasonEdited, ReasonSubjectIsAdmin, ReasonSubjectIsUser, ReasonSubjectIsRole, ReasonSeveralPeople, ReasonCapRows, ReasonSenderDoubt, ReasonFollowUp, ReasonReopened}, r)
}

// operate changes a request by an operator's hand, under the step's lease, and
// owes the agents a note about what was done by whom.
func (e *Engine) operate(ctx context.Context, id, by, what string, change func(*turn) error) error {
	if strings.TrimSpace(by) == "" {
		return fmt.Errorf("%w: say who you are with --by", ErrRefused)
	}
	token, now := newToken(), e.Clock()
	if err := e.Store.Acquire(ctx, id, "", token, now, now.Add(e.Settings.StepLease)); err != nil {
		if errors.Is(err, ErrConflict) {
			return fmt.Errorf("request %s: %w", id, ErrBusy)
		}
		return err
	}
	defer e.release(ctx, id, "", token)
	for range operateTries {
		// A run may commit at any moment: what it changed is read, and all is asked again.
		if err := e.operateOnce(ctx, id, by, what, token, change); !errors.Is(err, ErrConflict) {
			return err
		}
	}
	return fmt.Errorf("request %s: %w", id, ErrBusy)
}

// operateTries is how often runs may overtake an operator.
const operateTries = 10

// operateOnce is operate on the record as it is now.
func (e *Engine) operateOnce(ctx context.Context, id, by, what, token string, change func(*turn) error) error {
	t, err := e.load(ctx, id, token)
	if errors.Is(err, ErrNotFound) {
		return fmt.Errorf("%w: there is no request %s", ErrNotFound, id)
	}
	if err != nil {
		return err
	}
	t.event("operator", map[string]string{"did": what, "by": by})
	before := len(t.c.Owed)
	if err := change(t); err != nil {
		return e.orCatchUp(ctx, id, token, err)
	}
	t.tellOperated(what, by, before)
	if err := e.keepHold(ctx, t, by); err != nil {
		return err
	}
	if err := t.commit(ctx); err != nil {
		return err
	}
	if err := errors.Join(e.endHold(ctx, t), e.Queue.Step(ctx, id, what+"-"+token)); err != nil {
		return err
	}
	return e.Store.Settle(ctx)
}

// orCatchUp deals with a record that turns out to be set back while an operator
// does something to it: that is not done.
func (e *Engine) orCatchUp(ctx context.Context, id, token string, cause error) error {
	var behind *setBackError
	if !errors.As(cause, &behind) {
		return cause
	}
	if _, err := e.catchUp(ctx, id, token, behind); err != nil {
		return err
	}
	return fmt.Errorf("%w: the record of %s was set back, and its ticket or spool tells of more; `requests show` says how it stands now", ErrRefused, id)
}

// tellOperated owes the note in the place at, before what comes of it: an
// answer that ends the request is last. The tag that asks for a person stays
// only where one is still waited for.
func (t *turn) tellOperated(what, by string, at int) {
	say := Say{Message: "note_operator", Vars: map[string]string{"did": what, "by": reading.Reference(by)}}
	if w := t.c.Wait; w != nil && (w.On == OnAgent || w.On == OnApprover) {
		say.AddTags = []string{TagNeedsPerson}
	} else {
		say.DelTags = []string{TagNeedsPerson}
	}
	t.owe(say)
	t.sooner(at)
}

// Approve lets a request that awaits it go on. It binds what the note shows
// whose code is given; what changes since is approved again. The requester can't
// approve.
func (e *Engine) Approve(ctx context.Context, id, code, by string) error {
	unshown := false
	err := e.operate(ctx, id, by, "approve", func(t *turn) error {
		if err := e.may(t.c, VerbApprove); err != nil {
			return err
		}
		if unshown = e.unshown(t.c); unshown {
			return fmt.Errorf("%w: the last note of request %s shows something else than is stored now; another one, with its code, is written to the ticket", ErrRefused, id)
		}
		if err := e.shownTo(ctx, t.c, code); err != nil {
			return err
		}
		ticket, err := e.readTicket(ctx, t)
		if err != nil {
			return err
		}
		s, err := t.open(ctx)
		switch {
		case err != nil:
			return err
		case otherRequester(t.c, s, ticket):
			return fmt.Errorf("%w: the ticket has another requester than when the request was accepted", ErrRefused)
		case e.asks(t.c, ticket, by):
			return fmt.Errorf("%w: whoever files a request can't approve it", ErrRefused)
		}
		t.c.Approval = &Approval{By: by, At: t.now, Binding: e.binding(t.c)}
		t.event(eventApproved, map[string]string{"by": by, "binding": t.c.Approval.Binding})
		t.change.Facts = append(t.change.Facts, Fact{Key: knownFact(t.c.Tenant), At: t.now})
		t.c.Wait = nil
		return nil
	})
	if unshown {
		return errors.Join(err, e.Queue.Step(ctx, id, "unshown-"+newToken()))
	}
	return err
}

// asks is true if the name or address is of somebody who filed the request or
// took it on.
func (e *Engine) asks(c *Case, ticket *Ticket, by string) bool {
	return slices.ContainsFunc([]Person{ticket.Requester, asker(c, ticket)}, func(p Person) bool {
		return sameAddress(by, p.Email) || strings.EqualFold(strings.TrimSpace(by), strings.TrimSpace(p.Name))
	})
}

func sameAddress(a, b string) bool {
	x, errx := reading.Normalise(a)
	y, erry := reading.Normalise(b)
	return errx == nil && erry == nil && x == y || strings.EqualFold(strings.TrimSpace(a), strings.TrimSpace(b))
}

// Hold stops a request until Retry. What a system is in the middle of is
// finished up to its next batch.
func (e *Engine) Hold(ctx context.Context, id, by string) error {
	return e.operate(ctx, id, by, "hold", func(t *turn) error {
		if t.c.Phase == PhaseDone || t.c.Phase == PhaseForgotten {
			return fmt.Errorf("%w: request %s is done", ErrRefused, id)
		}
		if t.c.Resolution == Cancelled || t.c.Resolution == Rejected {
			return fmt.Errorf("%w: request %s is %s; only its answer is on the way", ErrRefused, id, t.c.Resolution)
		}
		if t.c.Wait.lost() {
			return fmt.Errorf("%w: request %s is held already: its record was lost or damaged", ErrRefused, id)
		}
		t.c.Wait = &Wait{On: OnAgent, Reason: ReasonOperatorHold, Since: t.now}
		return nil
	})
}

// Retry takes up what waits for a person or a system: every check is made
// again, failed runs start anew.
func (e *Engine) Retry(ctx context.Context, id, by string) error {
	return e.operate(ctx, id, by, "retry", func(t *turn) error {
		if err := e.may(t.c, VerbRetry); err != nil {
			return err
		}
		e.resume(t)
		return nil
	})
}

// Release takes up a hold and waves its reason through for this request, as the
// note shows it whose code is given.
func (e *Engine) Release(ctx context.Context, id, code, by string) error {
	return e.operate(ctx, id, by, "release", func(t *turn) error {
		if err := e.may(t.c, VerbRelease); err != nil {
			return err
		}
		if err := e.shownTo(ctx, t.c, code); err != nil {
			return err
		}
		t.c.Cleared = append(t.c.Cleared, Clearance{Reason: t.c.Wait.Reason, Of: t.c.Wait.Of})
		e.resume(t)
		return nil
	})
}

func (e *Engine) resume(t *turn) {
	t.c.Wait, t.c.Attempts, t.c.Dead, t.c.Failing = nil, 0, 0, time.Time{}
	t.c.Systems = cloneSystems(t.c.Systems)
	for name, s := range t.c.Systems {
		if s.Run.State == RunFailed || s.Run.State == RunWaiting {
			again := *s
			again.Run.State, again.Run.Attempt, again.Run.Fail = RunQueued, 0, nil
			t.c.Systems[name] = &again
		}
	}
}

// Skip leaves one system out by a person's word: the request ends as partly
// executed, and report and ticket name the system.
func (e *Engine) Skip(ctx context.Context, id, system, by string) error {
	return e.operate(ctx, id, by, "skip "+system, func(t *turn) error {
		if why := e.unskippableSystem(t.c, system); why != "" && t.c.Resolution == "" {
			return fmt.Errorf("%w: %s; %s", ErrRefused, why, e.waysText(t.c))
		}
		if err := e.may(t.c, VerbSkip); err != nil {
			return err
		}
		t.c.Systems = cloneSystems(t.c.Systems)
		skipped := *t.c.Systems[system]
		skipped.Skip, skipped.Run.State = ReasonByOperator, RunDone
		t.c.Systems[system] = &skipped
		if w := t.c.Wait; w != nil && (w.Reason == ReasonSystemFailed || w.Reason == ReasonNotSearched) {
			e.resume(t)
		}
		return nil
	})
}

// answered is true if the final message landed though the record does not know
// it yet.
func (e *Engine) answered(ctx context.Context, t *turn) (bool, error) {
	if t.c.Resolution == "" || t.c.Phase == PhaseDone || t.c.Phase == PhaseForgotten {
		return false, nil
	}
	ticket, err := e.readPlain(ctx, t)
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	return err == nil && e.marked(ticket, t.c.ID, t.c.once(stepFinal)), err
}

// Cancel ends a request that has not begun to erase. It needs no key: where one
// is gone, and erasing may have begun, it ends like one whose state was lost.
func (e *Engine) Cancel(ctx context.Context, id, by string) error {
	return e.operate(ctx, id, by, "cancel", func(t *turn) error {
		lost := t.c.Wait.lost()
		if answered, err := e.answered(ctx, t); err != nil {
			return err
		} else if answered && !lost {
			return fmt.Errorf("%w: the ticket bears the answer of request %s already", ErrRefused, id)
		}
		if err := e.may(t.c, VerbCancel); err != nil {
			return err
		}
		mark, err := e.eraseMark(ctx, t.c)
		if errors.Is(err, ErrKeyGone) {
			lost, err = e.mayHaveErased(ctx, t.c)
		}
		switch {
		case err != nil && !lost:
			return err
		case lost: // a person finished it by hand; nothing more is said
			t.c.Owed = nil
			t.finish(PartlyExecuted, ReasonStateLost, Say{})
			return nil
		case !t.c.Begun.IsZero():
			// All is erased and verified; the answer can't be given, and a
			// person closes it without.
			t.c.Owed = nil
			t.finish(PartlyExecuted, ReasonByOperator, Say{})
			return nil
		case mark != nil:
			return fmt.Errorf("%w: the spool says that erasing has begun, and the record was set back; retry takes it up, and it can be held and ended then", ErrRefused)
		}
		t.c.Owed = nil
		t.finish(Cancelled, ReasonByOperator, Say{Message: "cancelled"})
		return nil
	})
}

// mayHaveErased tells what can be told without the key: whether erasing was
// begun, or there is a mark that says so.
func (e *Engine) mayHaveErased(ctx context.Context, c *Case) (bool, error) {
	files, err := e.Spool.List(ctx, c.ID)
	if err != nil {
		return false, connectors.Sayf(err, "spool")
	}
	return !c.Begun.IsZero() || slices.ContainsFunc(files, func(f SpoolFile) bool { return f.Name == spoolErasing }), nil
}
