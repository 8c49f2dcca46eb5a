package report

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"

	"privacydesk/bot"
	"privacydesk/connectors"
)

// sink is a bot.GatherSink of one system and attempt. It is not for concurrent
// use.
type sink struct {
	w      bot.SpoolWriter
	name   string
	frames frameWriter
	block  []byte
	inBlk  int // rows in block
	table  *table
	rows   map[string]int64 // of closed tables
	seen   map[string]bool
	chunk  []byte
	err    error // sticky: after one the file is of no use
	over   bool
}

// Sink implements bot.Reporter. system and attempt are of [a-z0-9._-].
func (r *Reporter) Sink(ctx context.Context, request, system, attempt string) (bot.GatherSink, error) {
	name := "gather/" + system + "/" + attempt
	w, err := r.spool.Create(ctx, request, name)
	if err != nil {
		return nil, connectors.Sayf(err, "report: gather %s", system)
	}
	s := &sink{w: w, name: name, frames: frameWriter{to: w}, rows: map[string]int64{}, seen: map[string]bool{}}
	if err := s.frames.json(frameHeader, header{rowsFormat, request, system}); err != nil {
		w.Discard()
		return nil, connectors.Sayf(err, "report: gather %s", system)
	}
	return s, nil
}

func (s *sink) ready() error {
	if s.over {
		return connectors.Said("report: the sink was already committed or discarded")
	}
	return s.err
}

// keep makes a write error stick.
func (s *sink) keep(err error) error {
	if err != nil && s.err == nil {
		s.err = fmt.Errorf("report: %s: %w", s.name, err)
	}
	return s.err
}

// Table implements connectors.Sink. A table that is still open is abandoned.
func (s *sink) Table(_ context.Context, schema connectors.Schema) (connectors.Table, error) {
	if err := s.ready(); err != nil {
		return nil, err
	}
	if err := s.checkSchema(schema); err != nil {
		return nil, err
	}
	if err := s.flush(); err != nil {
		return nil, err
	}
	s.seen[schema.Collection] = true
	s.table = &table{sink: s, collection: schema.Collection, columns: len(schema.Columns)}
	if err := s.keep(s.frames.json(frameTable, schema)); err != nil {
		return nil, err
	}
	return s.table, nil
}

func (s *sink) checkSchema(schema connectors.Schema) error {
	switch {
	case schema.Collection == "":
		return connectors.Said("report: a table has no collection")
	case s.seen[schema.Collection]:
		return connectors.Sayf(nil, "report: collection %s is gathered twice; each has one table", schema.Collection)
	case len(schema.Columns) == 0:
		return connectors.Sayf(nil, "report: table %s has no columns", schema.Collection)
	}
	for _, w := range schema.Withheld {
		if slices.ContainsFunc(schema.Columns, func(c connectors.Column) bool { return c.Name == w.Name }) {
			return connectors.Sayf(nil, "report: field %s.%s is to be withheld and disclosed at once; take it out of the columns", schema.Collection, w.Name)
		}
	}
	return nil
}

func (s *sink) flush() error {
	if s.inBlk == 0 {
		return s.err
	}
	err := s.frames.frame(frameRows, s.inBlk, s.block)
	s.block, s.inBlk = s.block[:0], 0
	if cap(s.block) > 16*blockSize {
		s.block = nil // one huge row must not cost its memory until the end
	}
	return s.keep(err)
}

// table implements connectors.Table.
type table struct {
	sink       *sink
	collection string
	columns    int
	rows       int64
	closed     bool
}

func (t *table) ready() error {
	if err := t.sink.ready(); err != nil {
		return err
	}
	if t.closed || t.sink.table != t {
		return connectors.Sayf(nil, "report: table %s is closed; tables are written one after the other", t.collection)
	}
	return nil
}

// Row implements connectors.Table.
func (t *table) Row(cells []connectors.Cell) error {
	if err := t.ready(); err != nil {
		return err
	}
	if len(cells) != t.columns {
		return connectors.Sayf(nil, "report: a row of %s has %d cells for %d columns", t.collection, len(cells), t.columns)
	}
	size := 0
	for i := range cells {
		if cells[i].Kind > connectors.CellBytes {
			return connectors.Sayf(nil, "report: a cell of %s is of unknown kind %d", t.collection, cells[i].Kind)
		}
		size += len(cells[i].Text) + 10
	}
	if size > maxRow {
		return connectors.Sayf(nil, "report: a row of %s is larger than %d MiB; deliver large contents as media", t.collection, maxRow>>20)
	}
	s := t.sink
	if len(s.block)+size > blockSize {
		if err := s.flush(); err != nil {
			return err
		}
	}
	s.block = appendRow(s.block, cells)
	s.inBlk++
	t.rows++
	return nil
}

// Close implements connectors.Table.
func (t *table) Close() error {
	if err := t.ready(); err != nil {
		return err
	}
	s := t.sink
	if err := s.flush(); err != nil {
		return err
	}
	if err := s.keep(s.frames.frame(frameTableEnd, 0, nil)); err != nil {
		return err
	}
	t.closed, s.table = true, nil
	s.rows[t.collection] = t.rows
	return nil
}

// Media implements connectors.Sink. A file whose reader fails is not in the
// report, and the sink can go on.
func (s *sink) Media(ctx context.Context, m connectors.Media, r io.Reader) error {
	if err := s.ready(); err != nil {
		return err
	}
	if err := s.flush(); err != nil {
		return err
	}
	if s.chunk == nil {
		s.chunk = make([]byte, blockSize)
	}
	if err := s.keep(s.frames.json(frameMedia, m)); err != nil {
		return err
	}
	end, rerr := s.copyChunks(ctx, r)
	if s.err != nil {
		return s.err
	}
	if rerr == nil && end.Size == 0 {
		rerr = connectors.Said("the file is empty")
	}
	if rerr != nil {
		if err := s.keep(s.frames.frame(frameMediaAbort, 0, nil)); err != nil {
			return err
		}
		return connectors.Sayf(rerr, "report: a file of %s", m.Collection)
	}
	return s.keep(s.frames.json(frameMediaEnd, end))
}

func (s *sink) copyChunks(ctx context.Context, r io.Reader) (mediaEnd, error) {
	var end mediaEnd
	sum := sha256.New()
	for {
		if err := ctx.Err(); err != nil {
			return end, err
		}
		n, err := io.ReadFull(r, s.chunk)
		if n > 0 {
			sum.Write(s.chunk[:n])
			end.Size += int64(n)
			if err := s.keep(s.frames.frame(frameChunk, 0, s.chunk[:n])); err != nil {
				return end, err
			}
		}
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			end.SHA256 = hex.EncodeToString(sum.Sum(nil))
			return end, nil
		}
		if err != nil {
			return end, err
		}
	}
}

// Commit implements bot.GatherSink.
func (s *sink) Commit(context.Context) (string, map[string]int64, error) {
	if err := s.ready(); err != nil {
		return "", nil, err
	}
	if err := s.flush(); err != nil {
		return "", nil, err
	}
	if err := s.keep(s.frames.frame(frameEnd, 0, nil)); err != nil {
		return "", nil, err
	}
	if _, err := s.w.Commit(); err != nil {
		return "", nil, s.keep(err)
	}
	s.over = true
	return s.name, s.rows, nil
}

// Discard implements bot.GatherSink.
func (s *sink) Discard() {
	s.over = true
	s.w.Discard()
}
