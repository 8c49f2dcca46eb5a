package bot

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"privacydesk/bot/policy"
	"privacydesk/bot/reading"
)

// maxReason is how many characters of an extension's reason are told.
const maxReason = 500

// Extend moves the due date of an open request, once, and tells the requester
// the new date and the reason: they are shown it as it is given. It moves no
// date of the customer's own: those they can extend themselves, towards the
// person, and they are told to. Where even that would not do, by the law's
// longest time, it is refused.
func (e *Engine) Extend(ctx context.Context, id, by string, days int, reason string) error {
	reason = strings.Join(strings.Fields(reason), " ")
	switch {
	case days < 1:
		return fmt.Errorf("%w: a request is extended by at least one day", ErrRefused)
	case reason == "" || len([]rune(reason)) > maxReason:
		return fmt.Errorf("%w: give a reason of at most %d characters; the requester reads it", ErrRefused, maxReason)
	case reading.Reveals(reason):
		return fmt.Errorf("%w: the reason must not hold anybody's address", ErrRefused)
	}
	return e.operate(ctx, id, by, fmt.Sprintf("extend by %d days", days), func(t *turn) error {
		switch {
		case !t.c.open():
			return fmt.Errorf("%w: request %s is %s", ErrRefused, id, t.c.Resolution)
		case t.c.Extended != nil:
			return fmt.Errorf("%w: request %s was extended already, on %s; there is one extension", ErrRefused, id, t.c.Extended.At.Format(time.DateOnly))
		case t.c.Wait.lost():
			return fmt.Errorf("%w: the record of %s was lost, and whether it was extended before", ErrRefused, id)
		}
		due := policy.DueDate(t.c.Due, days, e.Settings.Location)
		if longest := e.longest(t.c); due.After(longest) {
			return fmt.Errorf("%w: the new date would be %s, and the customer can't answer the person later than %s, counted from %s (law: %s)",
				ErrRefused, due.Format(time.DateOnly), longest.Format(time.DateOnly), t.c.asked().In(e.Settings.Location).Format(time.DateOnly), cmp.Or(t.c.Law, "unknown"))
		}
		s, err := t.open(ctx)
		if err != nil {
			return err
		}
		kept := *s
		kept.Extension = reason
		t.seal(&kept)
		t.c.Extended = &Extension{By: by, At: t.now, Days: days}
		t.c.Due = due
		t.owe(Say{
			Step: t.c.once("extension"), Message: "extended", Public: true, DelTags: []string{TagOverdue},
			Fields: map[string]string{"due": t.c.Due.In(e.Settings.Location).Format(time.DateOnly)},
		})
		return nil
	})
}

// asked is the day from which the customer's own time runs, as far as it is
// known: where it isn't, it began before the ticket came.
func (c *Case) asked() time.Time {
	if c.AskedOn.IsZero() {
		return c.Arrived
	}
	return c.AskedOn
}

// longest is the end of the last day on which the customer may answer the
// person, extensions included.
func (e *Engine) longest(c *Case) time.Time {
	return policy.LongestBy(c.asked(), e.Settings.Location, e.laws(c)...)
}

// Rejections are the reasons for which a person may refuse a request.
func Rejections() []Reason {
	return []Reason{
		ReasonFraud, ReasonNotVerified, ReasonNotCovered, ReasonOutside, ReasonTooMany, ReasonRetainedByLaw, ReasonOther,
	}
}

// Reject refuses a request that waits, with a public answer. Nothing of it may
// have been erased.
func (e *Engine) Reject(ctx context.Context, id, by string, reason Reason) error {
	if !slices.Contains(Rejections(), reason) {
		var known []string
		for _, r := range Rejections() {
			known = append(known, string(r))
		}
		return fmt.Errorf("%w: the reason is one of %s", ErrRefused, strings.Join(known, ", "))
	}
	return e.operate(ctx, id, by, "reject", func(t *turn) error {
		if err := e.may(t.c, VerbReject); err != nil {
			return err
		}
		if err := e.mayEnd(ctx, t); err != nil {
			return err
		}
		t.c.Owed = nil
		t.finish(Rejected, reason, Say{Message: "refused", Vars: map[string]string{"reason": string(reason)}})
		return nil
	})
}

// mayEnd refuses to end what is answered, or of which something was erased.
func (e *Engine) mayEnd(ctx context.Context, t *turn) error {
	if answered, err := e.answered(ctx, t); err != nil {
		return err
	} else if answered {
		return fmt.Errorf("%w: the ticket bears the answer of request %s already", ErrRefused, t.c.ID)
	}
	mark, err := e.eraseMark(ctx, t.c)
	if err == nil && mark != nil {
		err = fmt.Errorf("%w: the spool says that erasing has begun, and the record was set back; retry takes it up, and it can be held and ended then", ErrRefused)
	}
	return err
}
