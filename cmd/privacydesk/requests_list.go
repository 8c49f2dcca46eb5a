package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"privacydesk/bot"
)

type listCmd struct {
	configFlag
	Open    bool   `xor:"which" help:"Only open requests."`
	Overdue bool   `xor:"which" help:"Only open requests whose date has passed: ours, or the customer's own."`
	State   string `enum:",received,needs_info,awaiting_approval,waiting,held,running,resolved,partly_executed,rejected,cancelled" default:"" help:"Only this state: received, needs_info, awaiting_approval, waiting, held, running, resolved, partly_executed, rejected or cancelled."`
	Phase   string `enum:",reading,locating,working,closing,done,forgotten" default:"" help:"Only this phase: reading, locating, working, closing, done or forgotten."`
	WaitOn  string `enum:",requester,agent,approver,time,request,system,vendor,person" default:"" help:"Only those that wait on: requester, agent, approver, time, request, system, vendor or person."`
	Kind    string `enum:",access,delete,opt_out,direct,correction,objection" default:"" help:"Only this kind: access, delete, opt_out, direct, correction or objection."`
	Tenant  string `help:"Only this tenant."`
	Limit   uint   `default:"100" help:"Show at most so many, the most urgent ones. All are counted."`
	JSON    bool   `help:"Print one JSON object."`
}

// Help carries the example.
func (listCmd) Help() string {
	return "Open requests come first, by the date on which they are due: ours or the customer's own, whichever is the earlier.\nThose that ended follow, the newest first.\n\n" +
		"Examples:\n  privacydesk requests list --config privacydesk.yml --wait-on agent\n  privacydesk requests list --config privacydesk.yml --overdue"
}

// lister is the part of the store that list reads.
type lister interface {
	List(ctx context.Context, f bot.Filter, cursor string, limit int) (cases []bot.Case, next string, err error)
}

// listing are the requests that list shows, and the numbers of all that match.
type listing struct {
	Requests []requestView
	Totals   totals
	// Left is how many matching requests are not shown.
	Left int
}

// totals count all requests that match, shown or not.
type totals struct {
	Open    int               `json:"open"`
	Overdue int               `json:"overdue"`
	Ended   int               `json:"ended"`
	States  map[bot.State]int `json:"states"`
}

// inLineCounted is up to where newcomers are counted.
const inLineCounted = 10_000

// Run lists.
func (c listCmd) Run(ctx context.Context, s *surroundings) error {
	return withRequests(ctx, s, c.Config, func(a *app) error {
		l, err := c.gather(ctx, a.store, time.Now().In(a.engine.Settings.Location))
		if err != nil {
			return err
		}
		newcomers, err := a.store.Newcomers(ctx, inLineCounted)
		if err != nil {
			return err
		}
		unread, err := a.engine.Unread(ctx)
		if err != nil {
			return err
		}
		if c.JSON {
			return printJSON(s.stdout, map[string]any{
				"requests": l.Requests, "unread": append([]string{}, unread...), "totals": l.Totals, "in_line": len(newcomers), "not_shown": l.Left,
			})
		}
		return l.print(s.stdout, len(newcomers), unread)
	})
}

// gather reads every request that the filters let through, a page at a time,
// and keeps the most urgent. What it holds is bounded by the limit, however
// many there are.
func (c listCmd) gather(ctx context.Context, store lister, now time.Time) (listing, error) {
	out := listing{Requests: []requestView{}, Totals: totals{States: map[bot.State]int{}}}
	filter := bot.Filter{Phase: bot.Phase(c.Phase), WaitOn: bot.WaitOn(c.WaitOn), Kind: bot.Kind(c.Kind), Tenant: c.Tenant}
	for cursor := ""; ; {
		cases, next, err := store.List(ctx, filter, cursor, 200)
		if err != nil {
			return out, err
		}
		for i := range cases {
			if v := viewOf(&cases[i], now); c.wants(v) {
				out.Totals.count(v)
				out.Requests = append(out.Requests, v)
			}
		}
		// Stable: what ended keeps the store's order, the newest first.
		slices.SortStableFunc(out.Requests, byUrgency)
		out.Requests = slices.Clip(out.Requests[:min(uint(len(out.Requests)), c.Limit)])
		if cursor = next; next == "" {
			break
		}
	}
	out.Left = out.Totals.Open + out.Totals.Ended - len(out.Requests)
	return out, nil
}

func (c listCmd) wants(v requestView) bool {
	return (!c.Open || v.open()) && (!c.Overdue || v.Overdue) && (c.State == "" || string(v.State) == c.State)
}

// open is true for a request that has not ended. One that is damaged has not.
func (v requestView) open() bool { return v.Phase != bot.PhaseDone && v.Phase != bot.PhaseForgotten }

// byUrgency puts open requests first, by their date. One that has none is
// damaged, and comes before all.
func byUrgency(a, b requestView) int {
	switch {
	case a.open() != b.open():
		if a.open() {
			return -1
		}
		return 1
	case !a.open():
		return 0
	}
	return cmp.Or(a.Deadline.Compare(b.Deadline), a.Arrived.Compare(b.Arrived), cmp.Compare(a.Ticket, b.Ticket))
}

func (t *totals) count(v requestView) {
	t.States[v.State]++
	if !v.open() {
		t.Ended++
		return
	}
	t.Open++
	if v.Overdue {
		t.Overdue++
	}
}

// String is the line of totals.
func (t *totals) String() string {
	parts := []string{fmt.Sprintf("%d open", t.Open), fmt.Sprintf("%d overdue", t.Overdue)}
	for _, state := range []bot.State{
		bot.StateReceived, bot.StateNeedsInfo, bot.StateAwaitingApproval, bot.StateWaiting, bot.StateHeld, bot.StateRunning,
	} {
		if n := t.States[state]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, state))
		}
	}
	return strings.Join(append(parts, fmt.Sprintf("%d ended", t.Ended)), ", ")
}

// left is how long an open request still has.
func (v requestView) left() string {
	switch {
	case v.DaysLeft == nil:
		return ""
	case v.Overdue && *v.DaysLeft == 0:
		return "overdue since today"
	case v.Overdue:
		return "overdue by " + days(-*v.DaysLeft)
	case *v.DaysLeft == 0:
		return "today"
	}
	return days(*v.DaysLeft)
}

// daysBetween are the calendar days from one day to another, where it is now:
// a day of 23 hours is one, too.
func daysBetween(now, then time.Time) int {
	midnight := func(t time.Time) time.Time {
		y, m, d := t.In(now.Location()).Date()
		return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
	}
	return int(midnight(then).Sub(midnight(now)).Hours() / 24)
}

func days(n int) string {
	if n == 1 {
		return "1 day"
	}
	return fmt.Sprintf("%d days", n)
}

// dateOf is a day, or nothing where there is none.
func dateOf(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.DateOnly)
}

// print shows the table and, below it, what it leaves out.
func (l *listing) print(out io.Writer, inLine int, unread []string) error {
	w := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "REQUEST\tKIND\tTENANT\tSTATE\tREASON\tARRIVED\tDUE\tLEFT")
	for _, v := range l.Requests {
		_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", v.ID, v.Kind, v.Tenant, v.State, v.why(), dateOf(v.Arrived), dateOf(v.Deadline), v.left())
	}
	if err := w.Flush(); err != nil {
		return err
	}
	lines := []string{"", l.Totals.String()}
	if l.Left > 0 {
		lines = append(lines, fmt.Sprintf("%d of these are not shown, the least urgent; --limit shows more", l.Left))
	}
	switch {
	case inLine >= inLineCounted:
		lines = append(lines, fmt.Sprintf("%d tickets or more wait in line for a first look", inLine))
	case inLine > 0:
		lines = append(lines, fmt.Sprintf("%d tickets wait in line for a first look", inLine))
	}
	if len(unread) > 0 {
		lines = append(lines, "tickets that could not be read again and again, and have no request yet: "+strings.Join(unread, ", "))
	}
	_, err := fmt.Fprintln(out, strings.Join(lines, "\n"))
	return err
}
