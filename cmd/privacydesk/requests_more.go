package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"privacydesk/bot"
)

type rejectCmd struct {
	actCmd
	Reason string `required:"" help:"Why, as the requester is told: suspected_fraud, insuf_verification, claim_not_covered, outside_jurisdiction, too_many_requests, retained_by_law or other."`
}

// Help carries the example.
func (rejectCmd) Help() string {
	return "Example:\n  privacydesk requests reject --config privacydesk.yml t35436 --reason insuf_verification --by dpo@vendor.example"
}

// Run refuses a request.
func (c rejectCmd) Run(ctx context.Context, s *surroundings) error {
	return c.act(ctx, s, "rejected", func(e *bot.Engine, id, by string) error { return e.Reject(ctx, id, by, bot.Reason(c.Reason)) })
}

type endCmd struct {
	actCmd
	Reason string `required:"" help:"Why, as the requester is told: cancelled_by_requester, suspected_fraud, insuf_verification, claim_not_covered, outside_jurisdiction, too_many_requests, retained_by_law or other."`
}

// Help carries the example.
func (endCmd) Help() string {
	return "Example:\n  privacydesk requests end --config privacydesk.yml t35436 --reason cancelled_by_requester --by dpo@vendor.example"
}

// Run ends a delete in mid-erase.
func (c endCmd) Run(ctx context.Context, s *surroundings) error {
	did := "ended; what was erased is certified as soon as it is searched once more"
	return c.act(ctx, s, did, func(e *bot.Engine, id, by string) error { return e.End(ctx, id, by, bot.Reason(c.Reason)) })
}

// waysOf are the commands that would work now.
func waysOf(ways []bot.Verb) string {
	if len(ways) == 0 {
		return "nothing"
	}
	var names []string
	for _, v := range ways {
		names = append(names, string(v))
	}
	return strings.Join(names, ", ")
}

// codeFlag names what the person who decides was shown.
type codeFlag struct {
	Code string `help:"The code in the note that you decide on; it stands for what that shows." placeholder:"CODE"`
}

// Validate says where the code stands.
func (c codeFlag) Validate() error {
	if strings.TrimSpace(c.Code) == "" {
		return errors.New("--code is missing: it stands in the newest note on the ticket and, for what shows counts, in `privacydesk requests show`")
	}
	return nil
}

// shownOf are the counts that a person decides on, under the code that stands
// for them.
func shownOf(code, counts string) string {
	if code == "" {
		return ""
	}
	return fmt.Sprintf("\nTO DECIDE ON, BY --code %s\n%s\n", code, counts)
}

type extendCmd struct {
	actCmd
	Days   int    `required:"" help:"By how many calendar days: at most until the law's longest time from the day on which the person asked the customer."`
	Reason string `required:"" help:"Why, in a sentence that the requester reads."`
}

// Help carries the example.
func (extendCmd) Help() string {
	return "Example:\n  privacydesk requests extend --config privacydesk.yml t35436 --days 20 --reason 'The archive is restored from tapes.' --by dpo@vendor.example"
}

// Run moves the due date.
func (c extendCmd) Run(ctx context.Context, s *surroundings) error {
	did := fmt.Sprintf("extended by %d days; the requester is told", c.Days)
	return c.act(ctx, s, did, func(e *bot.Engine, id, by string) error { return e.Extend(ctx, id, by, c.Days, c.Reason) })
}

// datesOf are the dates of a request beside arrival and due date, as show
// prints them.
func datesOf(c *bot.Case, now time.Time) string {
	var out string
	if c.Law != "" {
		out += fmt.Sprintf("law\t%s\n", c.Law.Name())
	}
	if c.Attested != "" {
		out += fmt.Sprintf("attested\tby %s\n", map[string]string{bot.AttestedByForm: "the form", bot.AttestedByWord: "a reply"}[c.Attested])
	}
	if !c.Statutory.IsZero() {
		out += fmt.Sprintf("asked on\t%s; the customer's own date is %s\n", c.AskedOn.Format(time.DateOnly), c.Statutory.Format(time.DateOnly))
	}
	if x := c.Extended; x != nil {
		out += fmt.Sprintf("extended\tby %d days, on %s, by %s\n", x.Days, x.At.Format(time.DateOnly), x.By)
	}
	if waited := c.WaitedFor(now); waited > 0 {
		out += fmt.Sprintf("waited\t%s for the requester\n", waited.Round(time.Minute))
	}
	return out
}
