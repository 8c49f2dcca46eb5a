package sqldb

import (
	"context"
	"slices"
	"strings"
	"unicode/utf8"

	"privacydesk/connectors"
	"privacydesk/connectors/dataset"
	"privacydesk/connectors/walk"
)

// Gather streams one table after the other, ordered by primary key, row by
// row from the server to the sink.
func (c *connector) Gather(ctx context.Context, jobs []*connectors.Job) error {
	return c.visit(ctx, "gather", c.o.GatherTimeout, func(v *visit) error {
		return connectors.Each(ctx, jobs, func(ctx context.Context, j *connectors.Job) error {
			v.notTheirs(j)
			v.notFollowed(j)
			selections, err := v.plan.Reads(j.Subject.Tenant, j.Finding)
			if err != nil {
				return err
			}
			for _, sel := range selections {
				if err := v.gather(ctx, j, sel); err != nil {
					return v.fail(ctx, v.at(sel.Collection), err)
				}
			}
			return nil
		})
	})
}

func (v *visit) gather(ctx context.Context, j *connectors.Job, sel walk.Selection) error {
	s, err := v.selected(sel)
	if err != nil {
		return err
	}
	b := &builder{}
	where, err := v.where(b, s, "t", partGathered)
	if err != nil || where == "" {
		return err
	}
	fields := names(sel.Collection.Gathered())
	columns, err := v.columns(s.place, fields)
	if err != nil {
		return err
	}
	expressions := make([]string, len(columns))
	order := v.ordered(s.t, columns)
	for i, c := range columns {
		expressions[i], columns[i] = v.d.shown("t", c)
	}
	withheld, err := v.ofOthers(b, s)
	if err != nil {
		return err
	}
	if withheld != nil {
		expressions, columns = append(expressions, withheld.names), append(columns, &column{class: classInt})
	}
	q := query{args: b.args, cols: columns}
	q.sql = "SELECT " + strings.Join(expressions, ", ") + " FROM " + qualified(v.d, s.t) + " AS t WHERE " + where +
		" ORDER BY " + order
	return v.stream(ctx, j, s, q, withheld)
}

// ofOthers is what a report leaves out in rows that name somebody else.
type ofOthers struct {
	names  string // the expression that is 1 in such a row, and 0 elsewhere
	fields []bool // which of the gathered ones are left out
}

// ofOthers is nil where no such row is shown.
func (v *visit) ofOthers(b *builder, s selected) (*ofOthers, error) {
	if !s.GatherShared || s.Bears == nil {
		return nil, nil
	}
	own, err := v.own(b, s.place, "t", walk.Own{Pinned: s.Pinned})
	if err != nil {
		return nil, err
	}
	nobody, err := v.namesNobodyElse(b, s.place, "t", s.Bears)
	if err != nil {
		return nil, err
	}
	out := &ofOthers{names: "CASE WHEN " + either(without(own, nobody)) + " THEN 0 ELSE 1 END"}
	for _, f := range s.Gathered() {
		out.fields = append(out.fields, f.Personal() && !f.GatherShared)
	}
	return out, nil
}

// note says once that something was left out.
func (o *ofOthers) note(j *connectors.Job, s selected) {
	noteOnce(j, s.Label+": rows that name another person are shown without that person's fields")
}

func noteOnce(j *connectors.Job, note string) {
	if !slices.Contains(j.Outcome.Notes, note) {
		j.Outcome.Notes = append(j.Outcome.Notes, note)
	}
}

func (v *visit) stream(ctx context.Context, j *connectors.Job, s selected, q query, others *ofOthers) error {
	op := v.at(s.place.Collection)
	unwritten := func(err error) error {
		return connectors.NewError(connectors.Transient, op, "what was gathered could not be written down", err)
	}
	table, err := j.Sink.Table(ctx, s.Schema())
	if err != nil {
		return unwritten(err)
	}
	out := make([]connectors.Cell, len(s.Gathered()))
	err = v.s.query(ctx, q, func(cells []cell) error {
		another := others != nil && string(cells[len(out)].text) != "0"
		if another {
			others.note(j, s)
		}
		for i := range out {
			out[i] = cells[i].forSink()
			if guessed := out[i].Kind == connectors.CellString && !utf8.Valid(out[i].Text); guessed {
				out[i].Text = latin1(out[i].Text)
				noteOnce(j, s.Label+": texts that are no UTF-8 are shown as if they were Latin-1")
			}
			if another && others.fields[i] {
				out[i] = connectors.Cell{Kind: connectors.CellNull}
			}
		}
		if err := table.Row(out); err != nil {
			return unwritten(err)
		}
		return nil
	})
	if err != nil {
		return err // the table stays open, and so out of the report
	}
	if err := table.Close(); err != nil {
		return unwritten(err)
	}
	return nil
}

// ordered sorts by primary key, or without one by all that is read: rows that
// agree in it are the same to the reader.
func (v *visit) ordered(t *table, columns []*column) string {
	sorted := columns
	if len(t.primary) > 0 {
		sorted = sorted[:0:0]
		for _, name := range t.primary {
			if c := t.column(name); c != nil {
				sorted = append(sorted, c)
			}
		}
	}
	out := make([]string, len(sorted))
	for i, c := range sorted {
		out[i] = v.d.order("t", c)
	}
	return strings.Join(out, ", ")
}

func names(fields []*dataset.Field) []string {
	out := make([]string, len(fields))
	for i, f := range fields {
		out[i] = f.Path
	}
	return out
}
