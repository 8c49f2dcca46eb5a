package bot

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"privacydesk/bot/policy"
)

// open is true until the request's end is decided.
func (c *Case) open() bool {
	return c.Resolution == "" && !c.ended()
}

// unanswered is true until the request's answer is given: also while one that
// is decided is held.
func (c *Case) unanswered() bool {
	return !c.ended() && (c.Resolution == "" || c.Wait != nil)
}

// acknowledging owes every request a first word within the hour, also one
// that is held before it could be read.
func (e *Engine) acknowledging(c *Case, _ time.Time) []duty {
	if !c.open() || !c.Acked.IsZero() || c.Wait.lost() {
		return nil
	}
	return []duty{{name: "acknowledge", at: c.Arrived.Add(policy.AcknowledgeWithin), do: func(_ context.Context, t *turn) error {
		t.owe(Say{Message: "held", Public: true})
		return nil
	}}}
}

// reminding owes the requester reminders of a question, and closes the request
// when none of them was answered.
func (e *Engine) reminding(c *Case, now time.Time) []duty {
	if !c.open() || c.Wait == nil || c.Wait.On != OnRequester {
		return nil
	}
	since, asked := c.Wait.Since, c.Asked
	out := occasions(e.Settings.Reminders, since, now, func(day int, at time.Time) duty {
		return duty{name: c.once(fmt.Sprintf("remind.%d.%d", asked, day)), at: at, do: func(_ context.Context, t *turn) error {
			t.owe(Say{Message: "reminder", Public: true, Status: StatusPending, Vars: map[string]string{
				"reason": string(t.c.Wait.Reason), "days": strconv.Itoa(e.Settings.CloseAfter - day),
			}})
			return nil
		}}
	})
	closing := since.AddDate(0, 0, e.Settings.CloseAfter)
	if !closing.After(now) {
		out = nil
	}
	return append(out, duty{
		name: c.once(fmt.Sprintf("close.%d", asked)), at: closing,
		do: func(_ context.Context, t *turn) error {
			t.finish(Rejected, ReasonNoAnswer, Say{Message: "refused_no_answer"})
			return nil
		},
	})
}
