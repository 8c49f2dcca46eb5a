package report

import (
	"archive/zip"
	"context"
	"fmt"
	"slices"
	"strings"

	"privacydesk/bot"
	"privacydesk/connectors"
)

// archive is one Access while it runs.
type archive struct {
	r        *Reporter
	in       bot.ReportInput
	limit    int64
	maxParts int
	pool     *deflatePool
	names    *namer
	systems  []*systemData
	parts    []*part
	cur      *part

	json, page, csv *entryWriter
	sys             *systemData // whose page is open
	seg             *segment    // whose table is open
	inSystems       int         // systems in the current report.json
	inTables        int         // collections in the current system of it
	media           []mediaRef  // of the current system in the current part
	csvRow, jsonRow []byte
	pageRow         []byte
}

// systemData is a system and where its records went.
type systemData struct {
	bot.ReportSystem
	inv   inventory
	dir   string
	pages map[int]string // by part
	segs  []*segment
	files int
}

// segment is a run of a collection's rows in one part.
type segment struct {
	table     *tableInfo
	coll      connectors.Collection
	part      int
	first     int64 // from 1
	rows      int64
	shown     int64
	pageBytes int
	csv       string
	labels    []string // of its columns, as HTML
}

// mediaRef is a file in the current part.
type mediaRef struct {
	mediaInfo
	File string
}

// maxPageTable is how many bytes of one table a page shows, whatever the
// number of its rows.
const maxPageTable = 4 << 20

func newArchive(r *Reporter, in bot.ReportInput, limit int64, maxParts int) *archive {
	return &archive{r: r, in: in, limit: limit, maxParts: maxParts, names: newNamer(), pool: newDeflatePool()}
}

// discard drops what was prepared. What can't be removed now goes with the
// request's spool.
func (a *archive) discard(ctx context.Context) {
	for _, p := range a.parts {
		for _, w := range p.open {
			if w.deflater != nil {
				_ = w.deflater.sync() // workers hold its blocks
			}
		}
		for _, b := range p.bodies {
			if b != nil {
				if b.w != nil {
					b.w.Discard()
				}
				_ = a.r.spool.Remove(ctx, a.in.Case.ID, b.name)
			}
		}
	}
	a.pool.close()
}

func (a *archive) run(ctx context.Context) ([]bot.SpoolFile, error) {
	for _, s := range a.in.Systems {
		inv, err := a.r.count(ctx, a.in.Case.ID, s)
		if err != nil {
			return nil, err
		}
		a.systems = append(a.systems, &systemData{
			ReportSystem: s, inv: inv, pages: map[int]string{},
			dir: strings.TrimPrefix(a.names.unique("data", s.Name, ""), "data/"),
		})
	}
	if err := a.newPart(ctx); err != nil {
		return nil, err
	}
	for _, s := range a.systems {
		if err := a.system(ctx, s); err != nil {
			return nil, connectors.Sayf(err, "%s", s.Name)
		}
	}
	if err := a.endPart(); err != nil {
		return nil, err
	}
	return a.finish(ctx)
}

// finish puts the parts together and removes those of an earlier attempt.
func (a *archive) finish(ctx context.Context) ([]bot.SpoolFile, error) {
	var files []bot.SpoolFile
	for _, p := range a.parts {
		name := "report/privacy-report-" + a.in.Case.ID
		if len(a.parts) > 1 {
			name += fmt.Sprintf("-part-%d-of-%d", p.number, len(a.parts))
		}
		f, err := a.assemble(ctx, p, name+".zip")
		if err != nil {
			return nil, err
		}
		files = append(files, f)
	}
	old, err := a.r.spool.List(ctx, a.in.Case.ID)
	if err != nil {
		return nil, err
	}
	for _, f := range old {
		ours := slices.ContainsFunc(files, func(n bot.SpoolFile) bool { return n.Name == f.Name })
		if !ours && strings.HasPrefix(f.Name, "report/privacy-report-") {
			if err := a.r.spool.Remove(ctx, a.in.Case.ID, f.Name); err != nil {
				return nil, err
			}
		}
	}
	return files, nil
}

// newPart begins a part and its report.json.
func (a *archive) newPart(ctx context.Context) error {
	if len(a.parts) == a.maxParts {
		return connectors.Sayf(bot.ErrTooLarge, "more than %d parts of %d bytes", a.maxParts, a.limit)
	}
	reserve, err := a.indexBound()
	if err != nil {
		return err
	}
	a.cur = &part{number: len(a.parts) + 1, limit: a.limit, reserve: reserve, dir: "work/report", fresh: true}
	a.parts = append(a.parts, a.cur)
	a.inSystems = 0
	if a.json, err = a.create(ctx, streamJSON, "report.json", zip.Deflate); err != nil {
		return err
	}
	_, err = a.json.Write(a.jsonHead())
	return err
}

func (a *archive) endPart() error {
	if _, err := a.json.Write([]byte("\n]}\n")); err != nil {
		return err
	}
	if err := a.json.close(); err != nil {
		return err
	}
	return a.cur.commit()
}

// room makes sure that need bytes fit, in a further part if they must.
func (a *archive) room(ctx context.Context, need int64) error {
	ok, err := a.cur.fits(need)
	if err != nil || ok {
		return err
	}
	if !a.cur.fresh {
		if err := a.cut(ctx); err != nil {
			return err
		}
		if ok, err = a.cur.fits(need); err != nil || ok {
			return err
		}
	}
	return connectors.Sayf(bot.ErrTooLarge, "one record or file does not fit into a part of %d bytes", a.limit)
}

// cut ends the current part, and goes on in a new one where this one stood.
func (a *archive) cut(ctx context.Context) error {
	sys, seg := a.sys, a.seg
	if seg != nil {
		if err := a.endSegment(); err != nil {
			return err
		}
	}
	if sys != nil {
		if err := a.endSystem(true); err != nil {
			return err
		}
	}
	if err := a.endPart(); err != nil {
		return err
	}
	if err := a.newPart(ctx); err != nil {
		return err
	}
	if sys != nil {
		if err := a.beginSystem(ctx, sys, true); err != nil {
			return err
		}
	}
	if seg != nil {
		return a.beginSegment(ctx, seg.table, seg.coll, seg.first+seg.rows)
	}
	return nil
}

// beginSystem opens the system's page and its object in report.json.
func (a *archive) beginSystem(ctx context.Context, s *systemData, again bool) error {
	a.sys, a.inTables, a.media = s, 0, nil
	name := "systems/" + s.dir + ".html"
	s.pages[a.cur.number] = name
	var err error
	if a.page, err = a.create(ctx, streamPages, name, zip.Deflate); err != nil {
		return err
	}
	if err := a.template("system_head", a.systemView(s, again)); err != nil {
		return err
	}
	_, err = a.json.Write(a.jsonSystem(s))
	a.inSystems++
	return err
}

func (a *archive) endSystem(more bool) error {
	if err := a.template("system_tail", a.tailView(more)); err != nil {
		return err
	}
	if err := a.page.close(); err != nil {
		return err
	}
	_, err := a.json.Write(a.jsonSystemEnd())
	a.sys, a.page = nil, nil
	return err
}

func (a *archive) template(name string, data any) error {
	return a.r.pages.ExecuteTemplate(a.page, name, data)
}

// beginSegment opens a collection's table in page, JSON and CSV.
func (a *archive) beginSegment(ctx context.Context, t *tableInfo, c connectors.Collection, first int64) error {
	seg := &segment{table: t, coll: c, part: a.cur.number, first: first, labels: rowLabels(t.schema)}
	wish := t.schema.Collection
	if first > 1 {
		wish += fmt.Sprintf(".from-row-%d", first)
	}
	seg.csv = a.names.unique("data/"+a.sys.dir, wish, ".csv")
	a.seg = seg
	a.sys.segs = append(a.sys.segs, seg)
	if err := a.template("table_head", a.tableView(a.sys, c, t, seg)); err != nil {
		return err
	}
	if _, err := a.json.Write(a.jsonTable(c, t, first)); err != nil {
		return err
	}
	a.inTables++
	var err error
	if a.csv, err = a.create(ctx, streamData, seg.csv, zip.Deflate); err != nil {
		return err
	}
	_, err = a.csv.Write(csvHead(t.schema))
	return err
}

func (a *archive) endSegment() error {
	seg := a.seg
	a.seg = nil
	if err := a.template("table_tail", a.tableTail(seg)); err != nil {
		return err
	}
	if _, err := a.json.Write(fmt.Appendf(nil, "\n],\"row_count\":%d}", seg.rows)); err != nil {
		return err
	}
	err := a.csv.close()
	a.csv = nil
	return err
}

// row writes one record to all three.
func (a *archive) row(ctx context.Context, cells []connectors.Cell) error {
	a.csvRow, a.jsonRow, a.pageRow = a.csvRow[:0], a.jsonRow[:0], a.pageRow[:0]
	for i, c := range cells {
		if i > 0 {
			a.csvRow = append(a.csvRow, ',')
			a.jsonRow = append(a.jsonRow, ',')
		}
		a.csvRow = appendCSV(a.csvRow, c)
		a.jsonRow = appendJSON(a.jsonRow, c)
	}
	if a.seg.showsMore(a.r.rows) {
		a.pageRow = a.seg.appendPageRow(a.pageRow, cells)
	}
	if len(cells) == 1 && len(a.csvRow) == 0 {
		a.csvRow = append(a.csvRow, `""`...) // an empty line is no record
	}
	a.csvRow = append(a.csvRow, '\r', '\n')
	// A new part repeats the table's head; it is part of what must fit.
	if err := a.room(ctx, int64(len(a.csvRow)+len(a.jsonRow)+len(a.pageRow)+4)); err != nil {
		return err
	}
	seg := a.seg
	if len(a.pageRow) == 0 && seg.showsMore(a.r.rows) {
		a.pageRow = seg.appendPageRow(a.pageRow, cells) // the first of a new part
	}
	sep := ",\n["
	if seg.rows == 0 {
		sep = "\n["
	}
	a.jsonRow = append(a.jsonRow, ']')
	if _, err := a.json.Write([]byte(sep)); err != nil {
		return err
	}
	if _, err := a.json.Write(a.jsonRow); err != nil {
		return err
	}
	if _, err := a.csv.Write(a.csvRow); err != nil {
		return err
	}
	seg.rows++
	a.cur.fresh = false
	if len(a.pageRow) == 0 {
		return nil
	}
	seg.shown++
	seg.pageBytes += len(a.pageRow)
	_, err := a.page.Write(a.pageRow)
	return err
}

func (s *segment) showsMore(limit int64) bool {
	return s.shown < limit && s.shown == s.rows && s.pageBytes < maxPageTable
}
