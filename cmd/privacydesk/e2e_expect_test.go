package main

import (
	"archive/zip"
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"privacydesk/bot"
	"privacydesk/bot/ledger"
	"privacydesk/bot/report"
	"privacydesk/cmd/privacydesk/sample"
	"privacydesk/connectors"
)

// filed is a ticket and how it has to end.
type filed struct {
	ticket   int64
	kind     string
	about    []sample.Person // whom it is about; their rows are one person's
	state    bot.State
	reasons  []bot.Reason // one of them
	status   string
	comments int // by the bot
}

// ended is true once the ticket and its record are where they have to be.
func (h *house) ended(f filed) bool {
	c := h.caseOf(f.ticket)
	ticket, _ := h.desk.Sim.Ticket(f.ticket)
	return c.State() == f.state && slices.Contains(f.reasons, c.Why()) && ticket.Status == f.status && len(c.Owed) == 0
}

// awaitEnds waits for all.
func (h *house) awaitEnds(all []filed) {
	h.t.Helper()
	open := func() []filed { return slices.DeleteFunc(slices.Clone(all), h.ended) }
	defer func() {
		if h.t.Failed() {
			h.t.Logf("these did not: %+v", open())
		}
	}()
	h.await("all tickets end as they have to", func() bool { return len(open()) == 0 })
}

// awaitForgotten waits until nothing of the done requests is kept but the
// case.
func (h *house) awaitForgotten(all []filed) {
	h.t.Helper()
	h.await("all requests are forgotten", func() bool {
		return !slices.ContainsFunc(all, func(f filed) bool { return h.caseOf(f.ticket).Phase != bot.PhaseForgotten })
	})
	for _, left := range []string{"data/keys/keys", "data/spool/requests"} {
		entries, err := os.ReadDir(filepath.Join(h.dir, left))
		h.must(err)
		for _, e := range entries {
			h.t.Errorf("%s still holds %s", left, e.Name())
		}
	}
}

// expectSaidOnce counts what the bot said on the ticket.
func (h *house) expectSaidOnce(f filed) {
	h.t.Helper()
	comments := 0
	for _, c := range h.desk.Sim.Comments(f.ticket) {
		if c.AuthorID == h.desk.Bot {
			comments++
		}
	}
	steps := h.said(f.ticket)
	for step, n := range steps {
		if n != 1 {
			h.t.Errorf("ticket %d bears step %s %d times", f.ticket, step, n)
		}
	}
	if comments != f.comments || len(steps) != f.comments {
		h.t.Errorf("ticket %d (%s, %v) has %d comments and the marks %v; want %d of each", f.ticket, f.kind, f.reasons, comments, steps, f.comments)
	}
}

// said counts the marks of each step on a ticket.
func (h *house) said(ticket int64) map[string]int {
	steps := map[string]int{}
	for _, a := range h.desk.Sim.Audits(ticket) {
		if mark, ok := a.Custom["privacydesk"].(map[string]any); ok {
			steps[fmt.Sprint(mark["step"])]++
		}
	}
	return steps
}

// expectLedger verifies the chain of a request's events, as it stands in
// one moment: a request may be forgotten meanwhile.
func (h *house) expectLedger(ticket int64) {
	h.t.Helper()
	for {
		head := h.caseOf(ticket).Head
		events, err := h.store.Events(h.t.Context(), bot.IDOfTicket(ticket))
		h.must(err)
		if h.caseOf(ticket).Head != head {
			continue
		}
		if err := ledger.Verify(bot.IDOfTicket(ticket), events, head); err != nil {
			h.t.Errorf("the ledger of ticket %d: %v", ticket, err)
		}
		return
	}
}

// expectSystems compares every row of every system, both tenants', with what
// must stand there after the deletes of these people.
func (h *house) expectSystems(deleted []sample.Person) {
	h.t.Helper()
	for _, sys := range sample.Systems() {
		after, err := sys.Dump(h.t.Context(), h.dbs[sys.Name])
		h.must(err)
		for table, rows := range h.before[sys.Name] {
			want := h.left(table, rows, deleted)
			got := maskedAs(table, rows, after[table], deleted)
			if missing, extra := differences(want, got); len(missing)+len(extra) > 0 {
				h.t.Errorf("%s.%s: missing %q, and there should not be %q", sys.Name, table, missing, extra)
			}
		}
	}
}

// left is what of a table a delete of these people leaves: all that is not
// theirs, invoices, and addresses to which somebody else points.
func (h *house) left(table string, rows []string, deleted []sample.Person) []string {
	if table == "address" {
		referred, others := map[int]bool{}, map[int]bool{}
		for _, p := range h.people {
			referred[p.Address] = true
			if !slices.Contains(deleted, p) {
				others[p.Address] = true
			}
		}
		return slices.DeleteFunc(slices.Clone(rows), func(row string) bool {
			var id int
			_, err := fmt.Sscanf(row, "%d|", &id)
			h.must(err)
			return referred[id] && !others[id]
		})
	}
	for _, p := range deleted {
		rows = sample.WithoutPerson(table, rows, p)
	}
	return rows
}

// maskedAs takes the rows out that were masked as they should be: same key,
// tenant and score, no name, and an address that is another one.
func maskedAs(table string, before, after []string, deleted []sample.Person) []string {
	if table != "lead_feature" {
		return after
	}
	was := map[string][]string{}
	for _, row := range before {
		cells := strings.Split(row, "|")
		was[cells[0]] = cells
	}
	return slices.DeleteFunc(slices.Clone(after), func(row string) bool {
		cells := strings.Split(row, "|")
		old := was[cells[0]]
		return len(old) == 5 && len(cells) == 5 && slices.ContainsFunc(deleted, func(p sample.Person) bool { return fmt.Sprint(p.ID) == cells[0] }) &&
			cells[1] == old[1] && cells[4] == old[4] && cells[3] == "NULL" && cells[2] != "NULL" && len(cells[2]) > 4 && !strings.EqualFold(cells[2], old[2])
	})
}

func differences(want, got []string) (missing, extra []string) {
	counts := map[string]int{}
	for _, row := range want {
		counts[row]++
	}
	for _, row := range got {
		counts[row]--
	}
	for _, row := range sortedKeys(counts) {
		switch n := counts[row]; {
		case n > 0:
			missing = append(missing, row)
		case n < 0:
			extra = append(extra, row)
		}
	}
	return missing, extra
}

// expectReport opens what an access request's ticket got: it verifies, holds
// all of the person's rows and nobody else's, and no tax id.
func (h *house) expectReport(f filed) {
	h.t.Helper()
	attached := h.desk.Sim.Attachments(f.ticket)
	if len(attached) != 1 {
		h.t.Errorf("ticket %d has %d attachments", f.ticket, len(attached))
		return
	}
	content := attached[0].Content
	verdict, err := report.Verify(bytes.NewReader(content), int64(len(content)), nil)
	if err != nil || !verdict.OK() {
		h.t.Errorf("the report on ticket %d does not verify: %v %v", f.ticket, err, verdict.Problems)
	}
	text := h.unzip(content)
	for _, p := range h.people {
		its := slices.Contains(f.about, p)
		if strings.Contains(text, strings.TrimPrefix(p.Phone(), "+")) != its {
			h.t.Errorf("ticket %d: the report shows person %d: %v", f.ticket, p.ID, !its)
		}
		if its && !strings.Contains(text, base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "RIFF-sample-%d", p.ID))) {
			h.t.Errorf("ticket %d: the report lacks the recording of person %d", f.ticket, p.ID)
		}
		if strings.Contains(text, p.TaxID()) {
			h.t.Errorf("ticket %d: the report shows the tax id of person %d", f.ticket, p.ID)
		}
	}
	c := h.caseOf(f.ticket)
	for _, name := range sortedKeys(c.Systems) {
		if n := c.Systems[name].Totals().Gathered; n != rowsOfPeople(name, f.about) {
			h.t.Errorf("ticket %d: %s gathered %d rows, want %d", f.ticket, name, n, rowsOfPeople(name, f.about))
		}
	}
}

// rowsOfPeople counts what a system holds of somebody, the address included.
func rowsOfPeople(system string, people []sample.Person) int64 {
	var n int
	addresses := map[int]bool{0: true}
	for _, sys := range sample.Systems() {
		for _, table := range sys.Tables {
			for _, p := range people {
				if sys.Name == system {
					n += len(p.Rows(table))
				}
			}
		}
	}
	for _, p := range people {
		if system == "crm" && !addresses[p.Address] {
			addresses[p.Address] = true
			n++
		}
	}
	return int64(n)
}

func (h *house) unzip(content []byte) string {
	h.t.Helper()
	archive, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	h.must(err)
	var all strings.Builder
	for _, f := range archive.File {
		r, err := f.Open()
		h.must(err)
		_, err = io.Copy(&all, r)
		h.must(err)
		h.must(r.Close())
	}
	return all.String()
}

// expectCertificate verifies what a delete's ticket got, and its numbers.
func (h *house) expectCertificate(f filed) {
	h.t.Helper()
	for _, a := range h.desk.Sim.Attachments(f.ticket) {
		for _, p := range f.about {
			for _, trace := range p.Traces() {
				if bytes.Contains(a.Content, []byte(trace)) {
					h.t.Errorf("ticket %d: %s shows the deleted person %d", f.ticket, a.FileName, p.ID)
				}
			}
		}
		if !strings.HasSuffix(a.FileName, ".json") {
			continue
		}
		verdict, err := report.Verify(bytes.NewReader(a.Content), int64(len(a.Content)), nil)
		if err != nil || !verdict.OK() {
			h.t.Errorf("the certificate on ticket %d does not verify: %v %v", f.ticket, err, verdict.Problems)
		}
	}
	if n := len(h.desk.Sim.Attachments(f.ticket)); n != 2 {
		h.t.Errorf("ticket %d has %d attachments, want a certificate and its page", f.ticket, n)
	}
	c := h.caseOf(f.ticket)
	for _, name := range sortedKeys(c.Systems) {
		for _, set := range c.Systems[name].Sets {
			if set.Action == connectors.ActionDelete && set.Before.Rows > 0 && set.After.Rows != 0 {
				h.t.Errorf("ticket %d: %d rows of %s are left in %s", f.ticket, set.After.Rows, set.Collection, name)
			}
		}
	}
}

// expectNoTraces looks for people where nothing of them may be: Redis, the
// data folder, the log, and the URLs that the desk was called by.
func (h *house) expectNoTraces(people []sample.Person) {
	h.t.Helper()
	var traces []string
	for _, p := range people {
		traces = append(traces, p.Traces()...)
	}
	s := newLeakScan(traces)
	h.must(s.redis(h.t.Context(), h.redis))
	h.must(s.folder(filepath.Join(h.dir, "data")))
	s.look("the log", h.log.all())
	for _, r := range h.desk.Sim.Requests() {
		s.look("a URL of Zendesk", []byte(r.Path+"?"+r.Query))
	}
	for _, place := range s.found {
		h.t.Errorf("a person's trace is in %s", place)
	}
}
