package report

import (
	"context"
	"runtime"
	"testing"

	"privacydesk/bot"
)

// gauge is a spool that measures the live heap while files are written.
type gauge struct {
	bot.Spool
	every   int // bytes between measurements
	written int
	peak    uint64
}

type gaugeWriter struct {
	bot.SpoolWriter
	g *gauge
}

func (g *gauge) Create(ctx context.Context, request, name string) (bot.SpoolWriter, error) {
	w, err := g.Spool.Create(ctx, request, name)
	return &gaugeWriter{w, g}, err
}

// Write measures a few dozen times: to collect garbage each time would take
// longer than the report.
func (w *gaugeWriter) Write(p []byte) (int, error) {
	if w.g.written += len(p); w.g.written > w.g.every {
		w.g.measure()
	}
	return w.SpoolWriter.Write(p)
}

func (g *gauge) measure() {
	g.written = 0
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	g.peak = max(g.peak, m.HeapAlloc)
}

// TestRule12_MemoryIsFlat: ten times the rows cost no more memory.
func TestRule12_MemoryIsFlat(t *testing.T) {
	// peak is that of gathering, of one archive, and of one in parts.
	peak := func(rows int) (out [3]uint64) {
		p := openPlace(t, Options{})
		g := &gauge{Spool: p.report.spool, every: rows * 25}
		p.report.spool = g
		in := input(p.events(rows))
		g.measure()
		out[0], g.peak = g.peak, 0
		p.access(in, 1<<30, 1)
		g.measure()
		out[1], g.peak = g.peak, 0
		if n := len(p.access(in, int64(rows)*10, 100)); n < 4 {
			t.Errorf("only %d parts", n)
		}
		out[2] = g.peak
		return out
	}
	peak(10_000) // what is made once
	few, many := peak(30_000), peak(300_000)
	t.Logf("live heap in bytes, gathering, in one archive and in parts: %d for 30,000 rows, %d for 300,000", few, many)
	const slack = 6 << 20 // blocks under way when it was measured
	for i := range many {
		if many[i] > few[i]+slack || many[i] > 96<<20 {
			t.Errorf("memory grows with the data: %d bytes, then %d", few, many)
		}
	}
}
