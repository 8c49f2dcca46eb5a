package report

import (
	"bufio"
	"context"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"privacydesk/bot"
	"privacydesk/connectors"
)

// rowMaker makes rows without allocating.
type rowMaker struct {
	cells [6]connectors.Cell
	bufs  [6][]byte
}

func (m *rowMaker) row(i int) []connectors.Cell {
	set := func(c int, kind connectors.CellKind, before string, n, base int, after string) {
		buf := append(m.bufs[c][:0], before...)
		buf = strconv.AppendInt(buf, int64(n), base)
		m.bufs[c] = append(buf, after...)
		m.cells[c] = connectors.Cell{Kind: kind, Text: m.bufs[c]}
	}
	set(0, connectors.CellNumber, "", i, 10, "")
	set(1, connectors.CellTime, "2026-11-23T12:00:00.", i%1000+1000, 10, "Z")
	set(2, connectors.CellString, "opened mail ", i%977, 10, " of the sequence")
	set(3, connectors.CellString, "https://app.example.com/events/", i*2654435761, 16, "")
	set(4, connectors.CellJSON, `{"ip":"203.0.113.`, i%250, 10, `","agent":"Mozilla/5.0"}`)
	m.cells[5] = connectors.Cell{}
	return m.cells[:]
}

func eventSchema() connectors.Schema {
	return connectors.Schema{Collection: "crm.event", Columns: columns("id", "at", "what", "url", "detail", "gone")}
}

func (p *place) events(n int) bot.ReportSystem {
	ctx := context.Background()
	s, err := p.report.Sink(ctx, request, "crm", "1")
	if err != nil {
		p.t.Fatal(err)
	}
	t, err := s.Table(ctx, eventSchema())
	if err != nil {
		p.t.Fatal(err)
	}
	var m rowMaker
	for i := range n {
		if err := t.Row(m.row(i)); err != nil {
			p.t.Fatal(err)
		}
	}
	if err := t.Close(); err != nil {
		p.t.Fatal(err)
	}
	name, rows, err := s.Commit(ctx)
	if err != nil {
		p.t.Fatal(err)
	}
	return bot.ReportSystem{Name: "crm", Label: "CRM", Outcome: bot.OutcomeGathered, State: bot.System{
		Gather: name, Sets: []bot.Tally{{Collection: "crm.event", Before: connectors.Counts{Rows: int64(n)}, Gathered: rows["crm.event"]}},
	}}
}

// BenchmarkMillionRows compares a sink and an archive of a million rows with
// the least that one could do: the same rows through bufio into one CSV file.
func BenchmarkMillionRows(b *testing.B) {
	const rows = 1_000_000
	var base, sink, archive time.Duration
	for b.Loop() {
		begun := time.Now()
		writePlain(b, rows)
		base += since(begun)

		p := openPlace(b, Options{})
		begun = time.Now()
		sys := p.events(rows)
		sink += since(begun)

		begun = time.Now()
		p.access(input(sys), 1<<32, 1)
		archive += since(begun)
	}
	b.ReportMetric(base.Seconds()/float64(b.N), "plain-s")
	b.ReportMetric(sink.Seconds()/float64(b.N), "sink-s")
	b.ReportMetric(archive.Seconds()/float64(b.N), "archive-s")
	b.ReportMetric(float64(sink)/float64(base), "sink/plain")
	b.ReportMetric(float64(archive)/float64(base), "archive/plain")
}

func since(t time.Time) time.Duration {
	return time.Since(t)
}

func writePlain(b *testing.B, rows int) {
	f, err := os.Create(filepath.Join(b.TempDir(), "plain.csv"))
	if err != nil {
		b.Fatal(err)
	}
	w := bufio.NewWriterSize(f, 64<<10)
	var m rowMaker
	var line []byte
	for i := range rows {
		line = line[:0]
		for j, c := range m.row(i) {
			if j > 0 {
				line = append(line, ',')
			}
			line = appendCSV(line, c)
		}
		if _, err := w.Write(append(line, '\r', '\n')); err != nil {
			b.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		b.Fatal(err)
	}
	if err := f.Sync(); err != nil {
		b.Fatal(err)
	}
	if err := f.Close(); err != nil {
		b.Fatal(err)
	}
}
