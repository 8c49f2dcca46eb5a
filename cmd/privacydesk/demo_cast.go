package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"privacydesk/bot"
	"privacydesk/cmd/privacydesk/sample"
)

// castMember is one ticket of the demo, and how it has to end.
type castMember struct {
	what   string
	ticket int64
	state  bot.State
	reason bot.Reason
	status string // of the ticket
	// What its systems must show, in rows: an access that came too late for a
	// delete of the same person finds less.
	gathers, deletes, deidentifies int64
	told                           bool // the progress line was printed
}

// The demo's people. Jane is known to both tenants; Ada shares her address
// with Ben, who must keep it.
func demoPeople() []sample.Person {
	return []sample.Person{
		{ID: 101, Tenant: sample.Acme, Email: "ada.lovell@customers.example", Name: "Ada Lovell", Address: 1},
		{ID: 102, Tenant: sample.Acme, Email: "ben.okafor@customers.example", Name: "Ben Okafor", Address: 1},
		demoJane(),
		{ID: 104, Tenant: sample.Acme, Email: "kim.tran@customers.example", Name: "Kim Tran", Address: 2},
		{ID: 105, Tenant: sample.Acme, Email: "lou.berger@customers.example", Name: "Lou Berger"},
		{ID: 201, Tenant: sample.Globex, Email: demoJane().Email, Name: demoJane().Name, Address: 9},
		{ID: 202, Tenant: sample.Globex, Email: "max.stein@customers.example", Name: "Max Stein", Address: 9},
	}
}

// demoJane is whom the delete is about. Her address is Kim's, too.
func demoJane() sample.Person {
	return sample.Person{ID: 103, Tenant: sample.Acme, Email: "jane.roe@customers.example", Name: "Jane Roe", Address: 2}
}

// fileTickets files the cast.
func (d *demo) fileTickets(context.Context) error {
	people := demoPeople()
	ada, jane, kim, lou := people[0].Email, people[2].Email, people[3].Email, people[4].Email
	file := func(by, kind, tenant, subject, body string) int64 {
		return d.desk.File(by, kind, tenant, subject, body)
	}
	alex, uli, gina := sample.Users()[0].Email, sample.Users()[1].Email, sample.Users()[2].Email
	d.cast = []castMember{
		{
			what: "an admin's access request", ticket: file(alex, "access", "", "Access request", sample.Body("access", ada)),
			state: "resolved", reason: bot.ReasonDelivered, status: "solved", gathers: 12,
		},
		{
			what: "an admin's delete; a second tenant knows the person too", ticket: file(alex, "delete", "", "Delete request", sample.Body("delete", jane)),
			state: "resolved", reason: bot.ReasonErased, status: "solved", deletes: 9, deidentifies: 1,
		},
		{
			what: "the same person's access, filed while the delete is open", ticket: file(alex, "access", "", "Access request", sample.Body("access", jane)),
			state: "resolved", reason: bot.ReasonDelivered, status: "solved", gathers: 12,
		},
		{
			what: "somebody who is no admin", ticket: file(uli, "delete", "", "Delete request", sample.Body("delete", kim)),
			state: "rejected", reason: bot.ReasonNotAdmin, status: "solved",
		},
		{
			what: "an admin of another tenant", ticket: file(gina, "delete", sample.Acme, "Delete request", sample.Body("delete", kim)),
			state: "rejected", reason: bot.ReasonOtherTenant, status: "solved",
		},
		{
			what: "two addresses in one delete", ticket: file(alex, "delete", "", "Delete request", sample.Body("delete", kim, lou)),
			state: "needs_info", reason: bot.ReasonManySubjects, status: "pending",
		},
		{
			what: "an opt-out", ticket: file(alex, "opt_out", "", "Do not sell", "Please do not sell our contacts' data."),
			state: "rejected", reason: bot.ReasonOptOut, status: "solved",
		},
		{
			what: "a consumer's direct request", ticket: file(sample.Consumer().Email, "direct", "", "My data", "Please delete everything you know about me."),
			state: "rejected", reason: bot.ReasonDirect, status: "solved",
		},
	}
	d.linef("  eight tickets filed; their webhooks are on the way\n")
	return nil
}

// ended is true when the ticket is where it has to end.
func (d *demo) ended(ctx context.Context, m *castMember) (bool, bot.Case) {
	rec, err := d.app.store.Load(ctx, bot.IDOfTicket(m.ticket))
	if err != nil {
		return false, rec.Case // it has no request yet; the bound of await ends it
	}
	ticket, _ := d.desk.Sim.Ticket(m.ticket)
	return rec.Case.State() == m.state && ticket.Status == m.status && len(rec.Case.Owed) == 0, rec.Case
}

// await watches the tickets until all have ended or the bound is reached.
func (d *demo) await(ctx context.Context) error {
	started := time.Now()
	bound := time.NewTimer(demoBound)
	defer bound.Stop()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		open := 0
		for i := range d.cast {
			m := &d.cast[i]
			ok, c := d.ended(ctx, m)
			if !ok {
				open++
				continue
			}
			if !m.told {
				m.told = true
				d.linef("  %5.1f s  ticket %d is %s (%s): %s", time.Since(started).Seconds(), m.ticket, c.State(), c.Why(), m.what)
			}
		}
		if open == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-bound.C:
			d.overdue()
			return nil
		case <-tick.C:
		}
	}
}

// overdue says what did not end; the judge then calls it wrong.
func (d *demo) overdue() {
	for i := range d.cast {
		if m := &d.cast[i]; !m.told {
			d.linef("  ticket %d did not end within %s: %s", m.ticket, demoBound, m.what)
		}
	}
}

// saveReports keeps what was attached to a ticket in the reports folder; it
// returns the first file.
func (d *demo) saveReports(ticket int64) (string, error) {
	first := ""
	for _, a := range d.desk.Sim.Attachments(ticket) {
		path := filepath.Join(d.dir, "reports", fmt.Sprintf("%d-%s", ticket, filepath.Base(a.FileName)))
		if err := os.WriteFile(path, a.Content, 0o600); err != nil {
			return "", err
		}
		if first == "" {
			first = path
		}
	}
	return first, nil
}
