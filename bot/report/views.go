package report

import (
	"bytes"
	"cmp"
	"fmt"
	"html/template"
	"slices"
	"strings"
	"time"

	"privacydesk/bot"
	"privacydesk/connectors"
)

// head is what every page begins with.
type head struct {
	Title  string
	Style  template.CSS
	Policy string
}

func (r *Reporter) head(title string) head { return head{title, r.style, r.policy} }

// when shows a time to people.
func when(t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	return t.UTC().Format("2 January 2006, 15:04 UTC")
}

// moment shows a time that a certificate spells for programs.
func moment(stamp string) string {
	t, err := time.Parse(time.RFC3339, stamp)
	if err != nil {
		return stamp
	}
	return when(t)
}

type systemView struct {
	head
	Subject, Label, Outcome, Reason string
	Notes                           []string
	Again                           bool
}

func (a *archive) systemView(s *systemData, again bool) systemView {
	return systemView{
		head: a.r.head(s.title() + " – personal data report"), Subject: strings.Join(a.in.Addresses(), ", "),
		Label: s.title(), Outcome: outcomeText(s.Outcome), Reason: reasonOf(s.ReportSystem), Notes: s.notes(), Again: again,
	}
}

// notes are the connector's, what the map leaves out, and what its records show.
func (s *systemData) notes() []string {
	out := slices.Clone(s.State.Notes)
	for _, l := range leftOut(s.Profile) {
		out = append(out, "not part of this report: "+l)
	}
	return append(out, s.inv.broken()...)
}

func (s *systemData) title() string { return cmp.Or(s.Label, s.Name) }

type tableView struct {
	Label, Source, Purpose, Retention string
	Categories, CCPA, Recipients      []string
	Columns                           []string
	Withheld                          []withheldView
	Empty, Wide                       bool
}

type withheldView struct{ System, Collection, Label, Reason string }

func (a *archive) tableView(s *systemData, c connectors.Collection, t *tableInfo, seg *segment) tableView {
	list := categories(c.Categories)
	v := tableView{
		Label: collectionLabel(c), Source: c.Source, Purpose: c.Purpose, Retention: c.Retention, CCPA: letterNames(list),
		Recipients: c.ThirdParties, Withheld: withheld(s, t, a.in.Case.Law), Empty: seg == nil, Wide: seg != nil && seg.wide(),
	}
	for _, k := range list {
		v.Categories = append(v.Categories, k.text())
	}
	if seg != nil {
		for _, col := range t.schema.Columns {
			v.Columns = append(v.Columns, columnLabel(col))
		}
	}
	return v
}

// withheld lists fields that are held: of a table without rows none is.
func withheld(s *systemData, t *tableInfo, law bot.Law) []withheldView {
	var out []withheldView
	if t.rows == 0 {
		return nil
	}
	for _, c := range t.schema.Withheld {
		out = append(out, withheldView{
			System: s.title(), Collection: collectionLabel(s.collection(t.schema.Collection)), Label: columnLabel(c),
			Reason: withheldText(c, law),
		})
	}
	return out
}

// withheldText is why a value is not shown. What California forbids to disclose,
// others do not: there it is held back to be safe, and a person may give it.
func withheldText(c connectors.Column, law bot.Law) string {
	what := cmp.Or(c.Reason, "a value of a kind that is not disclosed")
	switch {
	case c.Rule == "" && c.Reason != "":
		return c.Reason // the data map's own
	case law.Californian():
		return what + " (" + connectors.Rule7024d + ")"
	}
	return what + "; held back to be safe, though the law of this request does not forbid it: reply on the ticket if the person is to have it, and a person decides"
}

type tableTail struct {
	First, Last, Shown, Total int64
	CSV                       string
	Cut, Further, Wide        bool
}

func (a *archive) tableTail(seg *segment) tableTail {
	last := seg.first + seg.rows - 1
	return tableTail{
		First: seg.first, Last: last, Shown: seg.shown, Total: seg.table.rows, CSV: "../" + seg.csv,
		Cut: seg.shown < seg.rows, Further: last < seg.table.rows || seg.first > 1, Wide: seg.wide(),
	}
}

type tailView struct {
	Media []mediaView
	More  bool
}

type mediaView struct{ Href, File, Label, Size string }

func (a *archive) tailView(more bool) tailView {
	v := tailView{More: more}
	for _, m := range a.media {
		v.Media = append(v.Media, mediaView{
			Href: "../" + m.File, File: m.File, Label: cmp.Or(m.Label, m.Name), Size: sizeText(m.Size),
		})
	}
	return v
}

type indexView struct {
	head
	// Own is true where the vendor is the controller itself; else it holds the
	// data for the tenant, whose answer to the person this is not.
	Own                                                                bool
	Statement                                                          []statementLine
	Glance                                                             []glance
	Vendor, Subject, Tenant, Request, Reference, Asked, Made, Software string
	Ticket                                                             int64
	Part, Parts                                                        int
	Systems                                                            []indexSystem
	Nothing                                                            []string
	Missing                                                            []missingView
	Withheld                                                           []withheldView
	Notes                                                              []missingView
	RowsPerPage                                                        int64
	Any, Files                                                         bool // something was found; files are among it
}

type missingView struct{ Label, Outcome, Reason string }

type indexSystem struct {
	Label, Page, Outcome, Where string
	Found, Gathered             int64
	Files                       int
	Tables                      []indexTable
}

type indexTable struct {
	Label, Where string
	Rows         int64
	CSV          []string
}

// index renders a part's index.html.
func (a *archive) index(p *part) ([]byte, error) {
	var out bytes.Buffer
	err := a.r.pages.ExecuteTemplate(&out, "index", a.indexView(p.number, len(a.parts)))
	return out.Bytes(), err
}

func (a *archive) indexView(number, parts int) indexView {
	c := a.in.Case
	v := indexView{
		head: a.r.head("Personal data report"), Own: c.Controller, Statement: a.r.statement(c), Vendor: a.r.vendor, Subject: strings.Join(a.in.Addresses(), ", "), Tenant: c.Tenant,
		Request: c.ID, Ticket: c.Ticket, Reference: a.in.Reference, Asked: when(c.Arrived), Made: when(a.in.At),
		Software: a.in.Version, Part: number, Parts: parts, RowsPerPage: a.r.rows,
	}
	for _, s := range a.systems {
		v.add(s, number, c.Law)
	}
	return v
}

func (v *indexView) add(s *systemData, part int, law bot.Law) {
	t := s.State.Totals()
	sys := indexSystem{
		Label: s.title(), Page: s.pages[part], Outcome: outcomeText(s.Outcome),
		Found: t.Found, Gathered: t.Gathered, Files: s.files, Where: where(s.pages),
	}
	v.Any, v.Files = v.Any || s.files > 0, v.Files || s.files > 0
	for i := range s.inv.tables {
		info := &s.inv.tables[i]
		if !info.closed {
			continue
		}
		if info.rows > 0 {
			v.Withheld = append(v.Withheld, withheld(s, info, law)...)
			v.Any = true
			sys.Tables = append(sys.Tables, s.indexTable(info, part))
		}
	}
	v.Systems = append(v.Systems, sys)
	if g, found := s.glance(); found {
		v.Glance = append(v.Glance, g)
	}
	switch {
	case !searched(s.Outcome):
		v.Missing = append(v.Missing, missingView{s.title(), outcomeText(s.Outcome), reasonOf(s.ReportSystem)})
	case s.State.Gather == "" && t.Found > 0:
		v.Missing = append(v.Missing, missingView{s.title(), "Found, not delivered", fmt.Sprintf("%d records", t.Found)})
	case len(s.inv.broken()) > 0:
		v.Missing = append(v.Missing, missingView{s.title(), "Included in part", strings.Join(s.inv.broken(), "; ")})
	case t.Gathered < t.Found:
		v.Notes = append(v.Notes, missingView{Label: s.title(), Reason: fmt.Sprintf(
			"%d records were counted when it was searched, %d when they were gathered", t.Found, t.Gathered)})
	case s.Outcome == bot.OutcomeNothing:
		v.Nothing = append(v.Nothing, s.title())
	}
	for _, n := range s.notes() {
		v.Notes = append(v.Notes, missingView{Label: s.title(), Reason: n})
	}
}

func (s *systemData) indexTable(info *tableInfo, part int) indexTable {
	c := s.collection(info.schema.Collection)
	t := indexTable{Label: collectionLabel(c), Rows: info.rows}
	in := map[int]string{}
	for _, seg := range s.segs {
		if seg.table != info {
			continue
		}
		in[seg.part] = seg.csv
		if seg.part == part {
			t.CSV = append(t.CSV, seg.csv)
		}
	}
	t.Where = where(in)
	return t
}

// where names the parts that hold something: "2" or "2 to 5".
func where(parts map[int]string) string {
	var list []int
	for n := range parts {
		list = append(list, n)
	}
	slices.Sort(list)
	switch len(list) {
	case 0:
		return ""
	case 1:
		return fmt.Sprint(list[0])
	}
	return fmt.Sprintf("%d to %d", list[0], list[len(list)-1])
}

// indexBound is more than index, manifest frame and what closes the open files
// of a part take. The index grows by no more than a link for each collection
// and system once their places are known.
func (a *archive) indexBound() (int64, error) {
	var out bytes.Buffer
	if err := a.r.pages.ExecuteTemplate(&out, "index", a.indexView(1, 1000)); err != nil {
		return 0, err
	}
	n := int64(out.Len()) + 16<<10
	for _, s := range a.systems {
		n += 2048 + 4*int64(len(s.dir))
		for _, t := range s.inv.tables {
			n += 512 + 8*int64(len(t.schema.Collection))
		}
	}
	// Compressed it is a fraction of that; a third is more than enough.
	return n/3 + 8<<10, nil
}
