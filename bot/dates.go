package bot

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"privacydesk/bot/policy"
)

// oldestAsked is how long before the ticket a consumer can have asked: a date
// further back is a slip of the pen.
const oldestAsked = 2

// takeDates reads the law of the request and the date on which the consumer
// asked the customer, and counts the customer's own date from it. One after the
// ticket's arrival, or years before it, is none. A consumer asks us: the law's
// time is our own, and runs from the ticket.
func (e *Engine) takeDates(c *Case, ticket *Ticket) {
	c.Law, c.AskedOn, c.Statutory = e.lawOf(c, ticket), time.Time{}, time.Time{}
	if c.Controller {
		if by := policy.AnswerBy(c.Arrived, e.Settings.Location, e.laws(c)...); c.Extended == nil && !by.IsZero() && by.Before(c.Due) {
			c.Due = by
		}
		return
	}
	asked, err := time.ParseInLocation(time.DateOnly, strings.TrimSpace(ticket.Fields[e.Settings.AskedOnField]), e.Settings.Location)
	if err != nil || asked.After(c.Arrived) || asked.Before(c.Arrived.AddDate(-oldestAsked, 0, 0)) {
		return
	}
	c.AskedOn = asked
	if days := e.Settings.StatutoryDays; c.Law == "" && days > 0 {
		c.Statutory = policy.DueDate(asked, days+1, e.Settings.Location).Add(-time.Second)
		return
	}
	c.Statutory = policy.AnswerBy(asked, e.Settings.Location, e.laws(c)...)
}

// lawOf is the law under which the person asked the customer: the form says it,
// else it is known of the tenant, else there is but one; "" where that is unknown.
func (e *Engine) lawOf(c *Case, ticket *Ticket) policy.Law {
	if law, known := policy.ParseLaw(ticket.Fields[e.Settings.LawField]); known {
		return law
	}
	if law := e.Settings.TenantLaws[c.Tenant]; law != "" {
		return law
	}
	if len(e.Settings.Laws) == 1 && e.Settings.StatutoryDays == 0 {
		return e.Settings.Laws[0]
	}
	return ""
}

// laws are those that may apply to a request.
func (e *Engine) laws(c *Case) []policy.Law {
	if c.Law != "" {
		return []policy.Law{c.Law}
	}
	return e.Settings.Laws
}

// Deadline is the first of the dates by which a request must be answered: ours,
// and the customer's own.
func (c *Case) Deadline() time.Time {
	if !c.Statutory.IsZero() && c.Statutory.Before(c.Due) {
		return c.Statutory
	}
	return c.Due
}

// WaitedFor is how long the requester was waited for until now, all questions
// together. Due dates don't move for it.
func (c *Case) WaitedFor(now time.Time) time.Duration {
	if w := c.Wait; w != nil && w.On == OnRequester && now.After(w.Since) {
		return c.Waited + now.Sub(w.Since)
	}
	return c.Waited
}

// countWait adds a wait for the requester that this turn ended.
func (t *turn) countWait() {
	was, is := t.stored.Case.Wait, t.c.Wait
	if was == nil || was.On != OnRequester || is != nil && is.On == OnRequester && is.Since.Equal(was.Since) || !t.now.After(was.Since) {
		return
	}
	t.c.Waited = t.stored.Case.Waited + t.now.Sub(was.Since)
}

// dateVars are the dates that every message may mention. A customer's own date
// that comes after ours is no news.
func (e *Engine) dateVars(c *Case, now time.Time, vars map[string]string) {
	if !c.Due.IsZero() {
		vars["due"] = c.Due.In(e.Settings.Location).Format(time.DateOnly)
	}
	if c.Deadline().Before(c.Due) {
		vars["statutory"], vars["law"] = c.Statutory.In(e.Settings.Location).Format(time.DateOnly), c.Law.Name()
	}
	if days := int(c.WaitedFor(now).Hours() / 24); days > 0 {
		vars["waited"] = strconv.Itoa(days)
	}
}

// promiseNoPast leaves a date out of what a customer reads that has passed
// already: a ticket may have lain unread, by us, for longer than its time.
func (e *Engine) promiseNoPast(t *turn, say Say, vars map[string]string) {
	if !t.now.Before(t.c.Due) && say.Message != "extended" {
		delete(vars, "due")
	}
	if !t.now.Before(t.c.Deadline()) {
		delete(vars, "statutory")
	}
}

// alerting owes the agents a word while a request is unanswered and the first
// of its dates comes near. The days count as they would from an arrival, so that what
// is left is the same whichever date it is.
func (e *Engine) alerting(c *Case, now time.Time) []duty {
	if !c.unanswered() {
		return nil
	}
	deadline := c.Deadline()
	days := slices.DeleteFunc(slices.Clone(e.Settings.Alerts), func(d int) bool { return d >= e.Settings.DueDays })
	out := occasions(days, deadline.AddDate(0, 0, -e.Settings.DueDays), now, func(day int, at time.Time) duty {
		return duty{name: c.forDate(fmt.Sprintf("alert.%d", day)), at: at, do: func(_ context.Context, t *turn) error {
			vars := t.reasonVars()
			if passed := int(t.now.Sub(t.c.Arrived).Hours() / 24); passed > 0 {
				vars["days"] = strconv.Itoa(passed)
			}
			t.owe(Say{Message: "note_alert", Vars: vars})
			return nil
		}}
	})
	return slices.DeleteFunc(out, func(d duty) bool { return c.Extended != nil && d.at.Before(c.Extended.At) })
}

// forDate is the name of a duty that is owed once for a due date: after an
// extension it is owed again.
func (c *Case) forDate(name string) string {
	if c.Extended == nil {
		return name
	}
	return name + ".extended"
}

// reasonVars are why a request waits, if it does.
func (t *turn) reasonVars() map[string]string {
	vars := map[string]string{}
	if t.c.Wait != nil {
		vars["reason"] = string(t.c.Wait.Reason)
	}
	return vars
}

// overdueEvery is how often agents are told again that a request is overdue.
const overdueEvery = 7 * 24 * time.Hour

// TagOverdue is on tickets whose request missed its date.
const TagOverdue = "privacydesk_overdue"

// escalating owes the agents a word when a date passes, and again each week.
func (e *Engine) escalating(c *Case, now time.Time) []duty {
	if !c.unanswered() || c.Due.IsZero() {
		return nil
	}
	deadline := c.Deadline()
	last := max(0, int(now.Sub(deadline)/overdueEvery))
	var out []duty
	for week := last; week <= last+1; week++ {
		out = append(out, duty{
			name: c.forDate(fmt.Sprintf("overdue.%d", week)), at: deadline.Add(time.Duration(week) * overdueEvery),
			do: func(_ context.Context, t *turn) error {
				vars := t.reasonVars()
				if t.c.Extended == nil {
					vars["extend"] = "privacydesk requests extend"
				}
				t.owe(Say{Message: "note_overdue", Vars: vars, AddTags: []string{TagNeedsPerson, TagOverdue}})
				t.event("overdue", nil)
				return nil
			},
		})
	}
	return out
}

// confirming owes the agents a word while nobody has told the requester
// anything and the date comes near by which California's customers must have
// confirmed to the person that they were asked: a record that was lost, or a
// first word that the desk refuses.
func (e *Engine) confirming(c *Case, _ time.Time) []duty {
	if !c.unanswered() || !c.Acked.IsZero() {
		return nil
	}
	at := policy.BusinessDays(c.asked(), policy.ConfirmBusinessDays-policy.ConfirmAlarm, e.Settings.Location)
	if soon := policy.BusinessDays(c.Arrived, 1, e.Settings.Location); at.Before(soon) {
		at = soon // the receipt itself comes sooner
	}
	return []duty{{name: "unconfirmed", at: at, do: func(_ context.Context, t *turn) error {
		vars := t.reasonVars()
		if slices.Contains(e.laws(t.c), policy.LawCCPA) {
			vars["by"] = policy.BusinessDays(t.c.asked(), policy.ConfirmBusinessDays, e.Settings.Location).Format(time.DateOnly)
		}
		t.owe(Say{Message: "note_unconfirmed", Vars: vars, AddTags: []string{TagNeedsPerson}})
		return nil
	}}}
}
