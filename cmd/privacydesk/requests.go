package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/user"
	"strings"
	"text/tabwriter"
	"time"

	"privacydesk/bot"
	"privacydesk/bot/ledger"
)

type requestsCmd struct {
	List    listCmd    `cmd:"" help:"List requests: the open ones by due date, then those that ended."`
	Show    showCmd    `cmd:"" help:"Show one request with its systems and its ledger."`
	Approve approveCmd `cmd:"" help:"Approve what a note shows, by its code. What changes afterwards is approved again."`
	Reject  rejectCmd  `cmd:"" help:"Refuse a request that waits, with a public answer."`
	Extend  extendCmd  `cmd:"" help:"Move the due date, once; the requester is told the new date and the reason."`
	Hold    holdCmd    `cmd:"" help:"Stop a request; what is being erased stops before its next batch."`
	Retry   retryCmd   `cmd:"" help:"Take a held request up again; every check is made anew."`
	Release releaseCmd `cmd:"" help:"Take a held request up and wave through what its note shows, by its code (an edit, a subject who is a user, a row cap)."`
	Skip    skipCmd    `cmd:"" help:"Leave one failed system out; the request ends as partly executed, and says so."`
	Cancel  cancelCmd  `cmd:"" help:"End a request that has not begun to erase."`
	End     endCmd     `cmd:"" help:"End a delete that is held in mid-erase: what is gone is certified, what is not begun is left out."`

	Suspended suspendedCmd `cmd:"" help:"List suspended mail that reads like a request."`
}

// Help carries the example.
func (requestsCmd) Help() string {
	return "Example:\n  privacydesk requests list --config privacydesk.yml --wait-on approver"
}

// operatorFlag says who acts; it goes into the request's ledger.
type operatorFlag struct {
	By string `help:"Who you are; default: the user of this session." placeholder:"NAME"`
}

func (o operatorFlag) name() string {
	if o.By != "" {
		return o.By
	}
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return ""
}

// requestID names a request on the command line.
type requestID string

// UnmarshalText takes t and the ticket's number.
func (r *requestID) UnmarshalText(text []byte) error {
	ticket := bot.TicketOfID(string(text))
	if ticket == 0 {
		return errors.New("is no request; write t and the ticket's number, such as t35436")
	}
	*r = requestID(bot.IDOfTicket(ticket))
	return nil
}

// requestView is what list and show print; it holds no personal data.
type requestView struct {
	ID         string     `json:"id"`
	Ticket     int64      `json:"ticket"`
	Kind       bot.Kind   `json:"kind"`
	Tenant     string     `json:"tenant,omitempty"`
	State      bot.State  `json:"state"`
	Reason     bot.Reason `json:"reason,omitempty"`
	Phase      bot.Phase  `json:"phase"`
	Arrived    time.Time  `json:"arrived"`
	Due        time.Time  `json:"due"`
	Deadline   time.Time  `json:"deadline,omitzero"`   // the first of due and statutory
	DaysLeft   *int       `json:"days_left,omitempty"` // until the deadline, of an open request; negative when it is over
	Overdue    bool       `json:"overdue,omitempty"`
	Statutory  time.Time  `json:"statutory,omitzero"` // the customer's own date
	Law        bot.Law    `json:"law,omitempty"`
	Attested   string     `json:"attested,omitempty"` // how the customer said that they verified the person's request
	Extended   bool       `json:"extended,omitempty"`
	Waited     int64      `json:"waited_seconds"` // for the requester
	Finished   time.Time  `json:"finished,omitzero"`
	Stuck      time.Time  `json:"stuck_since,omitzero"` // since when it can't move
	KeyGone    time.Time  `json:"key_gone_since,omitzero"`
	Generation int64      `json:"version"`
}

// why is the reason, and since when a request can't move.
func (v requestView) why() string {
	if v.Stuck.IsZero() {
		return string(v.Reason)
	}
	what := "stuck"
	if v.Stuck.Equal(v.KeyGone) {
		what = "its key is gone: stuck"
	}
	return strings.TrimSpace(fmt.Sprintf("%s (%s since %s)", v.Reason, what, v.Stuck.Format(time.DateOnly)))
}

// viewOf shows a request as it stands now. Days are those of now's place.
func viewOf(c *bot.Case, now time.Time) requestView {
	v := requestView{
		ID: c.ID, Ticket: c.Ticket, Kind: c.Kind, Tenant: c.Tenant, State: c.State(), Reason: c.Why(),
		Phase: c.Phase, Arrived: c.Arrived, Due: c.Due, Deadline: c.Deadline().In(now.Location()), Statutory: c.Statutory, Law: c.Law, Attested: c.Attested, Extended: c.Extended != nil,
		Waited: int64(c.WaitedFor(now).Seconds()), Finished: c.Finished, Generation: c.Version, Stuck: c.StuckSince(now), KeyGone: c.KeyGone,
	}
	if v.open() && !v.Deadline.IsZero() {
		left := daysBetween(now, v.Deadline)
		v.DaysLeft, v.Overdue = &left, !now.Before(v.Deadline)
	}
	return v
}

type showCmd struct {
	configFlag
	ID   requestID `arg:"" help:"The request: t and the ticket's number."`
	JSON bool      `help:"Print one JSON object."`
}

// Help carries the example.
func (showCmd) Help() string {
	return "Example:\n  privacydesk requests show --config privacydesk.yml t35436"
}

// Run shows one request.
func (c showCmd) Run(ctx context.Context, s *surroundings) error {
	return withRequests(ctx, s, c.Config, func(a *app) error {
		rec, events, err := oneMoment(ctx, a.store, string(c.ID))
		if errors.Is(err, bot.ErrNotFound) {
			return fmt.Errorf("there is no request %s", c.ID)
		}
		if err != nil {
			return err
		}
		chain := "whole"
		if err := ledger.Verify(string(c.ID), events, rec.Case.Head); err != nil {
			chain = err.Error()
		}
		ways := a.engine.Ways(&rec.Case)
		code, counts := a.engine.Shown(&rec.Case)
		todo := nextOf(&rec.Case, ways, a.engine.Skippable(&rec.Case), code, c.Config)
		if c.JSON {
			out := map[string]any{"request": viewOf(&rec.Case, time.Now()), "works_now": ways, "case": rec.Case, "events": events, "chain": chain, "next": todo}
			if code != "" {
				out["code"] = code
			}
			return printJSON(s.stdout, out)
		}
		if err := printRequest(s.stdout, &rec.Case, ways, shownOf(code, counts), events, chain); err != nil {
			return err
		}
		return todo.print(s.stdout)
	})
}

// oneMoment reads a record and its ledger as they stand together: a worker
// may commit between the two reads, and the chain would then look broken.
func oneMoment(ctx context.Context, store bot.Store, id string) (bot.Record, []ledger.Event, error) {
	for {
		rec, err := store.Load(ctx, id)
		if err != nil {
			return rec, nil, err
		}
		events, err := store.Events(ctx, id)
		if err != nil {
			return rec, nil, err
		}
		again, err := store.Load(ctx, id)
		if err != nil {
			return rec, nil, err
		}
		if again.Case.Head == rec.Case.Head {
			return rec, events, nil
		}
	}
}

func printRequest(out io.Writer, c *bot.Case, ways []bot.Verb, shown string, events []ledger.Event, chain string) error {
	w := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	v := viewOf(c, time.Now())
	_, _ = fmt.Fprintf(w, "request\t%s (ticket %d)\nkind\t%s\ntenant\t%s\nstate\t%s %s\nphase\t%s %s\narrived\t%s\ndue\t%s\n%s\n",
		v.ID, v.Ticket, v.Kind, v.Tenant, v.State, v.why(), v.Phase, c.Stage, v.Arrived.Format(time.RFC3339), v.Due.Format(time.DateOnly), datesOf(c, time.Now()))
	_, _ = fmt.Fprintf(w, "works now\t%s\n", waysOf(ways))
	_, _ = fmt.Fprintln(w, "SYSTEM\tRANK\tRUN\tOUTCOME\tFOUND\tGATHERED\tDELETED\tDE-IDENTIFIED\tRETAINED\tPROBLEM")
	for _, name := range sortedKeys(c.Systems) {
		sys := c.Systems[name]
		t, problem := sys.Totals(), ""
		if !sys.Verified && sys.Changed > 0 {
			problem = fmt.Sprintf("at least %d rows were erased so far; the search afterwards counts them. ", sys.Changed)
		}
		if sys.Run.Fail != nil {
			problem += sys.Run.Fail.What
		}
		_, _ = fmt.Fprintf(w, "%s\t%d\t%s %s\t%s\t%d\t%d\t%d\t%d\t%d\t%s\n", name, sys.Rank, sys.Run.Stage, sys.Run.State,
			sys.Outcome(c.Kind), t.Found, t.Gathered, t.Deleted, t.Deidentified, t.Retained, problem)
	}
	_, _ = fmt.Fprintf(w, "%s\nLEDGER (%s)\n", shown, chain)
	for _, e := range events {
		var data []string
		for _, k := range sortedKeys(e.Data) {
			data = append(data, k+"="+e.Data[k])
		}
		_, _ = fmt.Fprintf(w, "%d\t%s\t%s\t%s\n", e.Seq, e.At.Format(time.RFC3339), e.Type, strings.Join(data, " "))
	}
	return w.Flush()
}

// actCmd is what all commands that change a request share.
type actCmd struct {
	configFlag
	operatorFlag
	JSON bool      `help:"Print one JSON object."`
	ID   requestID `arg:"" help:"The request: t and the ticket's number."`
}

// act runs one operation. A worker that is at the request this moment is
// waited for.
func (c actCmd) act(ctx context.Context, s *surroundings, did string, op func(e *bot.Engine, id, by string) error) error {
	return withRequests(ctx, s, c.Config, func(a *app) error {
		for try := 0; ; try++ {
			err := op(a.engine, string(c.ID), c.name())
			if err == nil {
				return tell(s, c.JSON, map[string]any{"ok": true, "request": c.ID, "did": did}, fmt.Sprintf("%s: %s", c.ID, did))
			}
			if !errors.Is(err, bot.ErrBusy) || try == 40 {
				return err
			}
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(250 * time.Millisecond):
			}
		}
	})
}

type (
	approveCmd struct {
		actCmd
		codeFlag
	}
	holdCmd    struct{ actCmd }
	retryCmd   struct{ actCmd }
	releaseCmd struct {
		actCmd
		codeFlag
	}
	cancelCmd struct{ actCmd }
	skipCmd   struct {
		actCmd
		System string `arg:"" help:"The system to leave out."`
	}
)

// Help carries the example.
func (approveCmd) Help() string {
	return "Example:\n  privacydesk requests approve --config privacydesk.yml t35436 --code 7K3M-Q9TX --by dpo@vendor.example"
}

// Help carries the example.
func (holdCmd) Help() string {
	return "Example:\n  privacydesk requests hold --config privacydesk.yml t35436"
}

// Help carries the example.
func (retryCmd) Help() string {
	return "Example:\n  privacydesk requests retry --config privacydesk.yml t35436"
}

// Help carries the example.
func (releaseCmd) Help() string {
	return "Example:\n  privacydesk requests release --config privacydesk.yml t35436 --code 7K3M-Q9TX"
}

// Help carries the example.
func (cancelCmd) Help() string {
	return "Example:\n  privacydesk requests cancel --config privacydesk.yml t35436"
}

// Help carries the example.
func (skipCmd) Help() string {
	return "Example:\n  privacydesk requests skip --config privacydesk.yml t35436 warehouse"
}

// Run approves.
func (c approveCmd) Run(ctx context.Context, s *surroundings) error {
	return c.act(ctx, s, "approved", func(e *bot.Engine, id, by string) error { return e.Approve(ctx, id, c.Code, by) })
}

// Run holds.
func (c holdCmd) Run(ctx context.Context, s *surroundings) error {
	return c.act(ctx, s, "held", func(e *bot.Engine, id, by string) error { return e.Hold(ctx, id, by) })
}

// Run retries.
func (c retryCmd) Run(ctx context.Context, s *surroundings) error {
	return c.act(ctx, s, "taken up again", func(e *bot.Engine, id, by string) error { return e.Retry(ctx, id, by) })
}

// Run releases.
func (c releaseCmd) Run(ctx context.Context, s *surroundings) error {
	return c.act(ctx, s, "released", func(e *bot.Engine, id, by string) error { return e.Release(ctx, id, c.Code, by) })
}

// Run cancels.
func (c cancelCmd) Run(ctx context.Context, s *surroundings) error {
	return c.act(ctx, s, "cancelled", func(e *bot.Engine, id, by string) error { return e.Cancel(ctx, id, by) })
}

// Run skips.
func (c skipCmd) Run(ctx context.Context, s *surroundings) error {
	return c.act(ctx, s, c.System+" left out", func(e *bot.Engine, id, by string) error { return e.Skip(ctx, id, c.System, by) })
}
