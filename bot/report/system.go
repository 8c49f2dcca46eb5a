package report

import (
	"archive/zip"
	"context"
	"errors"
	"io"
	"slices"

	"privacydesk/connectors"
)

// system writes all of one system into the current part and, where it is
// full, further ones.
func (a *archive) system(ctx context.Context, s *systemData) error {
	if err := a.room(ctx, systemHeadBound(s)); err != nil {
		return err
	}
	if err := a.beginSystem(ctx, s, false); err != nil {
		return err
	}
	if s.State.Gather != "" {
		fr, closer, err := a.r.records(ctx, a.in.Case.ID, s.Name, s.State.Gather)
		if err != nil {
			return err
		}
		err = a.stream(ctx, s, fr)
		if cerr := closer.Close(); err == nil {
			err = cerr
		}
		if err != nil {
			return err
		}
	}
	if err := a.emptyTables(ctx, s); err != nil {
		return err
	}
	return a.endSystem(false)
}

// stream goes over the records a second time.
func (a *archive) stream(ctx context.Context, s *systemData, fr *frameReader) error {
	tables, media := 0, 0
	var cells []connectors.Cell
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
			if tables++; tables > len(s.inv.tables) {
				return errFrames
			}
			t := &s.inv.tables[tables-1]
			cells = make([]connectors.Cell, len(t.schema.Columns))
			if t.closed && t.rows > 0 {
				err = a.openTable(ctx, s, t)
			}
		case frameRows:
			if a.seg != nil {
				err = a.block(ctx, fr, f, cells)
			}
		case frameTableEnd:
			if a.seg != nil {
				err = a.endSegment()
			}
		case frameMedia:
			if media++; media > len(s.inv.media) {
				return errFrames
			}
			if m := s.inv.media[media-1]; m.whole {
				err = a.file(ctx, s, fr, m)
			}
		}
		if err != nil {
			return err
		}
	}
}

// openTable begins a collection where there is room for its head.
func (a *archive) openTable(ctx context.Context, s *systemData, t *tableInfo) error {
	if err := a.room(ctx, tableHeadBound(t)); err != nil {
		return err
	}
	return a.beginSegment(ctx, t, s.collection(t.schema.Collection), 1)
}

// systemHeadBound is more than what a system's head and tail take.
func systemHeadBound(s *systemData) int64 {
	n := int64(6 << 10)
	for _, note := range s.notes() {
		n += 100 + 8*int64(len(note))
	}
	return n
}

// tableHeadBound is more than what the heads of a table take.
func tableHeadBound(t *tableInfo) int64 {
	n := int64(6 << 10)
	for _, list := range [][]connectors.Column{t.schema.Columns, t.schema.Withheld} {
		for _, c := range list {
			n += 400 + 10*int64(len(c.Name)+len(c.Label)+len(c.Reason))
		}
	}
	return n
}

func (a *archive) block(ctx context.Context, fr *frameReader, f frame, cells []connectors.Cell) error {
	block, err := fr.payload()
	if err != nil {
		return err
	}
	for range f.rows {
		if block, err = nextRow(block, cells); err != nil {
			return err
		}
		if err := a.row(ctx, cells); err != nil {
			return err
		}
	}
	if len(block) != 0 {
		return errFrames
	}
	return nil
}

// file copies one file; it is stored as it is, for recordings don't compress.
func (a *archive) file(ctx context.Context, s *systemData, fr *frameReader, m mediaInfo) error {
	base, ext := mediaName(m.Name)
	ref := mediaRef{mediaInfo: m, File: a.names.unique("media/"+s.dir, base, ext)}
	listing := int64(len(a.jsonMedia(ref))) + 2*int64(len(ref.File)+len(m.Label)) + 600
	if err := a.room(ctx, m.Size+overhead(ref.File)+listing); err != nil {
		return err
	}
	a.cur.reserve += listing // written when the system ends
	w, err := a.create(ctx, streamMedia, ref.File, zip.Store)
	if err != nil {
		return err
	}
	for {
		f, err := fr.next()
		if err != nil {
			return err
		}
		if f.kind != frameChunk {
			break
		}
		chunk, err := fr.payload()
		if err != nil {
			return err
		}
		if _, err := w.Write(chunk); err != nil {
			return err
		}
	}
	if err := w.close(); err != nil {
		return err
	}
	if w.sha256 != m.SHA256 || w.size != m.Size {
		return errFrames
	}
	a.cur.fresh = false
	a.media = append(a.media, ref)
	s.files++
	return nil
}

// emptyTables names the collections that were searched and hold nothing.
func (a *archive) emptyTables(ctx context.Context, s *systemData) error {
	if !searched(s.Outcome) {
		return nil
	}
	for _, c := range s.Profile.Collections {
		t := s.inv.table(c.Name)
		if t != nil && t.rows > 0 {
			continue
		}
		if t == nil {
			t = &tableInfo{schema: connectors.Schema{Collection: c.Name}}
		}
		if err := a.room(ctx, tableHeadBound(t)); err != nil {
			return err
		}
		if err := a.template("table_head", a.tableView(s, c, t, nil)); err != nil {
			return err
		}
		if _, err := a.json.Write(append(a.jsonTable(c, t, 1), "],\"row_count\":0}"...)); err != nil {
			return err
		}
		a.inTables++
	}
	return nil
}

// collection finds what the system's profile says of a collection.
func (s *systemData) collection(name string) connectors.Collection {
	i := slices.IndexFunc(s.Profile.Collections, func(c connectors.Collection) bool { return c.Name == name })
	if i < 0 {
		return connectors.Collection{Name: name}
	}
	return s.Profile.Collections[i]
}
