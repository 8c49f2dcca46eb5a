package report

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"privacydesk/bot"
	"privacydesk/connectors"
)

// inventory is what one system's records are, without the records.
type inventory struct {
	tables []tableInfo
	media  []mediaInfo
}

type tableInfo struct {
	schema connectors.Schema
	rows   int64
	closed bool
}

type mediaInfo struct {
	connectors.Media
	mediaEnd
	whole bool
}

func (inv *inventory) table(collection string) *tableInfo {
	for i := range inv.tables {
		if inv.tables[i].schema.Collection == collection && inv.tables[i].closed {
			return &inv.tables[i]
		}
	}
	return nil
}

// broken says what was begun and is not in the report, because it was not
// gathered whole.
func (inv *inventory) broken() (notes []string) {
	whole := map[connectors.Media]bool{}
	for _, m := range inv.media {
		whole[m.Media] = whole[m.Media] || m.whole
	}
	lost := map[string]int{}
	for m, ok := range whole {
		if !ok {
			lost[m.Collection]++
		}
	}
	for _, collection := range slices.Sorted(maps.Keys(lost)) {
		notes = append(notes, fmt.Sprintf("files of %s that could not be read whole and are not in this report: %d", collection, lost[collection]))
	}
	for _, t := range inv.tables {
		if !t.closed {
			notes = append(notes, fmt.Sprintf("the records of %s were not gathered whole and are not in this report", t.schema.Collection))
		}
	}
	return notes
}

// records opens a system's committed records.
func (r *Reporter) records(ctx context.Context, request, system, name string) (*frameReader, io.Closer, error) {
	in, err := r.spool.Open(ctx, request, name)
	if err != nil {
		return nil, nil, connectors.Sayf(err, "report: records of %s", system)
	}
	fr := newFrameReader(in)
	var h header
	f, err := fr.next()
	if err == nil && f.kind == frameHeader {
		err = fr.json(&h)
	}
	if err == nil && h != (header{rowsFormat, request, system}) {
		err = errFrames
	}
	if err != nil {
		return nil, nil, errors.Join(connectors.Sayf(err, "report: records of %s", system), in.Close())
	}
	return fr, in, nil
}

// count reads all of a system's records once. Tampering and truncation come
// to light here, before anything of a report is written.
func (r *Reporter) count(ctx context.Context, request string, s bot.ReportSystem) (inventory, error) {
	var inv inventory
	if s.State.Gather == "" {
		return inv, nil
	}
	fr, closer, err := r.records(ctx, request, s.Name, s.State.Gather)
	if err != nil {
		return inv, err
	}
	err = inv.read(ctx, fr)
	if cerr := closer.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = inv.compare(s.State.Sets)
	}
	if err != nil {
		return inv, connectors.Sayf(err, "report: records of %s", s.Name)
	}
	return inv, nil
}

func (inv *inventory) read(ctx context.Context, fr *frameReader) error {
	open := -1
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		f, err := fr.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		switch f.kind {
		case frameTable:
			inv.tables = append(inv.tables, tableInfo{})
			open = len(inv.tables) - 1
			err = fr.json(&inv.tables[open].schema)
		case frameRows:
			if open < 0 {
				return errFrames
			}
			inv.tables[open].rows += int64(f.rows)
		case frameTableEnd:
			if open < 0 {
				return errFrames
			}
			inv.tables[open].closed, open = true, -1
		case frameMedia:
			inv.media = append(inv.media, mediaInfo{})
			err = fr.json(&inv.media[len(inv.media)-1].Media)
		case frameMediaEnd:
			if len(inv.media) == 0 {
				return errFrames
			}
			m := &inv.media[len(inv.media)-1]
			m.whole = true
			err = fr.json(&m.mediaEnd)
		case frameChunk, frameMediaAbort, frameEnd:
		default:
			return errFrames
		}
		if err != nil {
			return err
		}
	}
}

// compare holds the records against the numbers that the request's record
// bears: a report never shows less than was gathered.
func (inv *inventory) compare(tallies []bot.Tally) error {
	for _, t := range tallies {
		var rows int64
		if info := inv.table(t.Collection); info != nil {
			rows = info.rows
		}
		if rows != t.Gathered {
			return connectors.Sayf(nil, "%s has %d rows and the request's record says %d; gather it again", t.Collection, rows, t.Gathered)
		}
	}
	return nil
}
