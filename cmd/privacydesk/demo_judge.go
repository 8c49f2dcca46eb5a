package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"

	"privacydesk/bot"
	"privacydesk/bot/ledger"
	"privacydesk/bot/report"
	"privacydesk/cmd/privacydesk/sample"
)

// demoResult is the demo's JSON object.
type demoResult struct {
	OK       bool          `json:"ok"`
	Leaks    int           `json:"leaks"`
	Redis    string        `json:"redis"`
	Requests []demoRequest `json:"requests"`

	problems []string
	places   []string
}

type demoRequest struct {
	Ticket        int64        `json:"ticket"`
	Kind          bot.Kind     `json:"kind"`
	State         bot.State    `json:"state"`
	ZendeskStatus string       `json:"zendesk_status"`
	Reason        bot.Reason   `json:"reason"`
	Systems       []demoSystem `json:"systems"`
	Report        string       `json:"report"`
	Comments      int          `json:"comments"`

	what string
}

type demoSystem struct {
	Name         string      `json:"name"`
	Outcome      bot.Outcome `json:"outcome"`
	Found        int64       `json:"found"`
	Gathered     int64       `json:"gathered"`
	Deleted      int64       `json:"deleted"`
	Deidentified int64       `json:"deidentified"`
	Aggregated   int64       `json:"aggregated"`
	Retained     int64       `json:"retained"`
}

// judge looks at what the cast left behind.
func (d *demo) judge(ctx context.Context) (*demoResult, error) {
	r := &demoResult{Redis: d.app.redisKind}
	for i := range d.cast {
		if err := d.judgeTicket(ctx, r, &d.cast[i]); err != nil {
			return nil, err
		}
	}
	if err := d.judgeSystems(ctx, r); err != nil {
		return nil, err
	}
	scan, err := d.scan(ctx)
	if err != nil {
		return nil, err
	}
	r.Leaks, r.places = len(scan.found), scan.found
	r.OK = len(r.problems) == 0 && r.Leaks == 0
	return r, nil
}

func (d *demo) judgeTicket(ctx context.Context, r *demoResult, m *castMember) error {
	rec, err := d.app.store.Load(ctx, bot.IDOfTicket(m.ticket))
	if err != nil && !errors.Is(err, bot.ErrNotFound) {
		return err
	}
	c := rec.Case
	ticket, _ := d.desk.Sim.Ticket(m.ticket)
	q := demoRequest{Ticket: m.ticket, Kind: c.Kind, State: c.State(), ZendeskStatus: ticket.Status, Reason: c.Why(), Systems: []demoSystem{}, what: m.what}
	for _, name := range sortedKeys(c.Systems) {
		t := c.Systems[name].Totals()
		q.Systems = append(q.Systems, demoSystem{
			name, c.Systems[name].Outcome(c.Kind), t.Found, t.Gathered, t.Deleted, t.Deidentified, t.Aggregated, t.Retained,
		})
	}
	for _, comment := range d.desk.Sim.Comments(m.ticket) {
		if comment.AuthorID == d.desk.Bot {
			q.Comments++
		}
	}
	if q.Report, err = d.saveReports(m.ticket); err != nil {
		return err
	}
	r.Requests = append(r.Requests, q)
	fail := func(format string, args ...any) {
		r.problems = append(r.problems, fmt.Sprintf("ticket %d (%s): ", m.ticket, m.what)+fmt.Sprintf(format, args...))
	}
	if q.State != m.state || q.Reason != m.reason || q.ZendeskStatus != m.status {
		fail("ended as %s (%s), %s; expected %s (%s), %s", q.State, q.Reason, q.ZendeskStatus, m.state, m.reason, m.status)
	}
	if err := d.judgePaper(ctx, c, q, m); err != nil {
		fail("%v", err)
	}
	return nil
}

// judgePaper checks what the requester got: the file verifies, and every
// system did its part.
func (d *demo) judgePaper(ctx context.Context, c bot.Case, q demoRequest, m *castMember) error {
	var sum demoSystem
	for _, s := range q.Systems {
		sum.Gathered += s.Gathered
		sum.Deleted += s.Deleted
		sum.Deidentified += s.Deidentified
	}
	if sum.Gathered != m.gathers || sum.Deleted != m.deletes || sum.Deidentified != m.deidentifies {
		return fmt.Errorf("its systems gathered %d rows, deleted %d and de-identified %d; expected %d, %d and %d",
			sum.Gathered, sum.Deleted, sum.Deidentified, m.gathers, m.deletes, m.deidentifies)
	}
	if m.gathers+m.deletes == 0 {
		if q.Report != "" {
			return errors.New("a file was attached to it")
		}
		return nil
	}
	verdict, err := report.VerifyFile(q.Report, d.app.keys.PublicKey())
	if err != nil {
		return err
	}
	if !verdict.OK() {
		return fmt.Errorf("%s does not verify: %s", q.Report, strings.Join(verdict.Problems, "; "))
	}
	events, err := d.app.store.Events(ctx, c.ID)
	if err != nil {
		return err
	}
	return ledger.Verify(c.ID, events, c.Head)
}

// judgeSystems compares every row of every system with what must be left:
// Jane's rows of acme are gone or masked, all others are as they were.
func (d *demo) judgeSystems(ctx context.Context, r *demoResult) error {
	for _, sys := range sample.Systems() {
		after, err := sys.Dump(ctx, d.dbs[sys.Name])
		if err != nil {
			return err
		}
		for table, rows := range d.before[sys.Name] {
			want := sample.WithoutPerson(table, rows, demoJane())
			got := sample.WithoutMasked(table, after[table], demoJane())
			if !slices.Equal(got, want) {
				r.problems = append(r.problems, fmt.Sprintf("%s.%s: %d rows are left that are others', %d must be", sys.Name, table, len(got), len(want)))
			}
		}
	}
	return nil
}

// scan looks for Jane in Redis, the data folder, the log and the sample
// systems of her tenant. What the requester was sent is the requester's, and
// invoices are retained by law: the certificate says so.
func (d *demo) scan(ctx context.Context) (*leakScan, error) {
	s := newLeakScan(demoJane().Traces())
	if err := s.redis(ctx, d.app.redis); err != nil {
		return nil, err
	}
	if err := s.folder(d.app.cfg.DataDir); err != nil {
		return nil, err
	}
	for _, sys := range sample.Systems() {
		if err := s.system(ctx, sys, d.dbs[sys.Name], sample.Acme, "invoice"); err != nil {
			return nil, err
		}
	}
	if err := s.file(d.logPath); err != nil {
		return nil, err
	}
	// What nobody else has is gone from the systems' files, too, not from
	// their rows alone. Her address and name stand in what is retained.
	files := newLeakScan(demoJane().Own())
	if err := files.folder(filepath.Join(d.dir, "systems")); err != nil {
		return nil, err
	}
	s.found = append(s.found, files.found...)
	return s, nil
}

// show prints the result for people.
func (d *demo) show(r *demoResult) {
	d.linef("")
	w := tabwriter.NewWriter(d.say, 0, 4, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "TICKET\tKIND\tSTATE\tZENDESK\tREASON\tFOUND\tGATHERED\tDELETED\tDE-IDENTIFIED\tRETAINED")
	for _, q := range r.Requests {
		var t demoSystem
		for _, s := range q.Systems {
			t.Found += s.Found
			t.Gathered += s.Gathered
			t.Deleted += s.Deleted
			t.Deidentified += s.Deidentified
			t.Retained += s.Retained
		}
		_, _ = fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\t%d\t%d\t%d\t%d\t%d\n", q.Ticket, q.Kind, q.State, q.ZendeskStatus, q.Reason,
			t.Found, t.Gathered, t.Deleted, t.Deidentified, t.Retained)
	}
	_ = w.Flush()
	d.linef("\nscanned Redis, the data folder, the log, and the rows and files of the sample systems for the deleted person: %d places left", r.Leaks)
	for _, p := range r.places {
		d.linef("  LEFT in %s", p)
	}
	for _, p := range r.problems {
		d.linef("  WRONG: %s", p)
	}
	d.linef("\nreports and certificates: %s", filepath.Join(d.dir, "reports"))
	for _, q := range r.Requests {
		if q.Report != "" {
			d.linef("  %s  (%s)", q.Report, q.what)
		}
	}
	d.linef("open index.html in a report's zip; check a file with: privacydesk verify FILE")
	d.linef("configuration, data maps, systems and log are beside them in %s", d.dir)
	if r.OK {
		d.linef("every ticket ended as it should")
	}
}
