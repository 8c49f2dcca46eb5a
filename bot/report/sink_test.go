package report

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"privacydesk/bot"
	"privacydesk/connectors"
)

func newSink(t *testing.T) bot.GatherSink {
	t.Helper()
	s, err := openPlace(t, Options{}).report.Sink(context.Background(), request, "crm", "1")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Discard)
	return s
}

func TestSinkRefusesMisuse(t *testing.T) {
	ctx := context.Background()
	s := newSink(t)
	schema := connectors.Schema{Collection: "a", Columns: columns("x", "y")}
	a, err := s.Table(ctx, schema)
	if err != nil {
		t.Fatal(err)
	}
	for name, err := range map[string]error{
		"too few cells":        a.Row([]connectors.Cell{str("1")}),
		"unknown kind":         a.Row([]connectors.Cell{{Kind: 99}, {}}),
		"a huge row":           a.Row([]connectors.Cell{{Kind: connectors.CellString, Text: make([]byte, maxRow)}, {}}),
		"the same table again": func() error { _, err := s.Table(ctx, schema); return err }(),
		"no name":              func() error { _, err := s.Table(ctx, connectors.Schema{Columns: columns("x")}); return err }(),
		"no columns":           func() error { _, err := s.Table(ctx, connectors.Schema{Collection: "b"}); return err }(),
		"withheld and shown": func() error {
			_, err := s.Table(ctx, connectors.Schema{Collection: "c", Columns: columns("ssn"), Withheld: columns("ssn")})
			return err
		}(),
		"an empty file": s.Media(ctx, connectors.Media{Collection: "a", Name: "x.wav"}, strings.NewReader("")),
	} {
		if err == nil {
			t.Errorf("%s was taken", name)
		}
	}
	if err := a.Row([]connectors.Cell{str("1"), str("2")}); err != nil {
		t.Fatalf("after misuse the table no longer works: %v", err)
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	if a.Close() == nil || a.Row([]connectors.Cell{{}, {}}) == nil {
		t.Error("a closed table goes on")
	}
	_, rows, err := s.Commit(ctx)
	if err != nil || rows["a"] != 1 || len(rows) != 1 {
		t.Fatalf("rows %v, %v", rows, err)
	}
	if _, _, err := s.Commit(ctx); err == nil {
		t.Error("committed twice")
	}
}

// TestMediaThatBreaksOff is left out, whatever had arrived of it.
func TestMediaThatBreaksOff(t *testing.T) {
	ctx := context.Background()
	p := openPlace(t, Options{})
	s, err := p.report.Sink(ctx, request, "crm", "1")
	if err != nil {
		t.Fatal(err)
	}
	broken := io.MultiReader(bytes.NewReader(make([]byte, 3*blockSize)), iotest.ErrReader(errors.New("reset")))
	if err := s.Media(ctx, connectors.Media{Collection: "c", Name: "broken.wav"}, broken); err == nil {
		t.Fatal("a broken file was taken")
	}
	if err := s.Media(ctx, connectors.Media{Collection: "c", Name: "whole.wav"}, strings.NewReader("RIFF")); err != nil {
		t.Fatal(err)
	}
	name, _, err := s.Commit(ctx)
	if err != nil {
		t.Fatal(err)
	}
	entries := p.unpack(p.access(input(bot.ReportSystem{Name: "crm", Outcome: bot.OutcomeGathered, State: bot.System{Gather: name}}), 1<<20, 1)[0])
	if entries["media/crm/whole.wav"] != "RIFF" || entries["media/crm/broken.wav"] != "" {
		t.Errorf("entries: %v", len(entries))
	}
	const note = "files of c that could not be read whole and are not in this report: 1"
	if !strings.Contains(entries["index.html"], "not complete") {
		t.Error("the report says that it is complete")
	}
	for _, name := range []string{"index.html", "systems/crm.html", "report.json"} {
		if !strings.Contains(entries[name], note) {
			t.Errorf("%s does not say that a file is missing", name)
		}
	}
}

// TestMediaThatIsReadAgain is whole in the end, and nothing is missing.
func TestMediaThatIsReadAgain(t *testing.T) {
	ctx := context.Background()
	p := openPlace(t, Options{})
	s, err := p.report.Sink(ctx, request, "crm", "1")
	if err != nil {
		t.Fatal(err)
	}
	m := connectors.Media{Collection: "c", Name: "a.wav"}
	if err := s.Media(ctx, m, iotest.ErrReader(errors.New("reset"))); err == nil {
		t.Fatal("a broken file was taken")
	}
	if err := s.Media(ctx, m, strings.NewReader("RIFF")); err != nil {
		t.Fatal(err)
	}
	name, _, err := s.Commit(ctx)
	if err != nil {
		t.Fatal(err)
	}
	entries := p.unpack(p.access(input(bot.ReportSystem{Name: "crm", Outcome: bot.OutcomeGathered, State: bot.System{Gather: name}}), 1<<20, 1)[0])
	if entries["media/crm/a.wav"] != "RIFF" || strings.Contains(entries["index.html"], "not complete") {
		t.Error("what was read again counts as missing")
	}
}

// TestMediaWithinTable: files may come between the rows of a table.
func TestMediaWithinTable(t *testing.T) {
	ctx := context.Background()
	p := openPlace(t, Options{})
	s, err := p.report.Sink(ctx, request, "crm", "1")
	if err != nil {
		t.Fatal(err)
	}
	table, err := s.Table(ctx, connectors.Schema{Collection: "crm.call", Columns: columns("id")})
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"1", "2"} {
		if err := table.Row([]connectors.Cell{num(id)}); err != nil {
			t.Fatal(err)
		}
		if err := s.Media(ctx, connectors.Media{Collection: "crm.call", Name: "call.wav"}, strings.NewReader("RIFF"+id)); err != nil {
			t.Fatal(err)
		}
	}
	if err := table.Close(); err != nil {
		t.Fatal(err)
	}
	name, _, err := s.Commit(ctx)
	if err != nil {
		t.Fatal(err)
	}
	entries := p.unpack(p.access(input(bot.ReportSystem{Name: "crm", Outcome: bot.OutcomeGathered, State: bot.System{Gather: name}}), 1<<20, 1)[0])
	if entries["media/crm/call.wav"] != "RIFF1" || entries["media/crm/call-2.wav"] != "RIFF2" || entries["data/crm/crm.call.csv"] != "\ufeffid\r\n1\r\n2\r\n" {
		t.Errorf("entries: %q", entries["data/crm/crm.call.csv"])
	}
}

func FuzzFrames(f *testing.F) {
	var buf bytes.Buffer
	w := frameWriter{to: &buf}
	_ = w.json(frameHeader, header{rowsFormat, request, "crm"})
	_ = w.json(frameTable, connectors.Schema{Collection: "a", Columns: columns("x")})
	_ = w.frame(frameRows, 1, appendRow(nil, []connectors.Cell{str("1")}))
	_ = w.frame(frameTableEnd, 0, nil)
	_ = w.frame(frameEnd, 0, nil)
	f.Add(buf.Bytes())
	f.Add([]byte("R\xff\xff\xff\xff\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		var inv inventory
		err := inv.read(context.Background(), newFrameReader(bytes.NewReader(raw)))
		if err == nil && (len(raw) < frameHead || !bytes.Contains(raw, []byte{frameEnd})) {
			t.Fatal("records without an end were taken")
		}
		cells := make([]connectors.Cell, 2)
		for block := raw; len(block) > 0; {
			rest, err := nextRow(block, cells)
			if err != nil {
				return
			}
			if len(rest) >= len(block) {
				t.Fatal("a row took nothing")
			}
			block = rest
		}
	})
}
