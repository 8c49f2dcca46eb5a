package sqldb

import (
	"context"
	"strings"

	"privacydesk/connectors"
	"privacydesk/connectors/dataset"
	"privacydesk/connectors/walk"
)

// allowed asks the server, for each statement that will be made on a table,
// whether the account may make it. The statements are explained or meet no
// row: nothing is changed, and no trigger fires.
func (v *visit) allowed(ctx context.Context, found *findings, p place) error {
	for _, try := range v.tries(p) {
		err := try.run(ctx)
		if err == nil {
			continue
		}
		err = v.fail(ctx, v.at(p.Collection), err)
		if connectors.KindOf(err) == connectors.Misfit && strings.HasPrefix(try.right, "UPDATE (") {
			found.add(try.severity, p.Key+"."+strings.Trim(try.right[len("UPDATE "):], "()"), "what the map says can't be written there: "+problemText(err), "choose another value or strategy")
			continue
		}
		switch what := problemText(err); {
		case connectors.KindOf(err) == connectors.Misfit:
			found.add(try.severity, p.Key, "the server refuses "+try.right+": "+what, mendText(err))
		case connectors.KindOf(err) != connectors.Credentials:
			return err
		case what == errReadOnly.Error():
			found.add(try.severity, p.Key, what, mendText(err))
		default:
			found.add(try.severity, p.Key, "the account may not "+try.right+": "+what, "grant "+try.right)
		}
	}
	return nil
}

type try struct {
	right    string
	severity connectors.Severity
	run      func(context.Context) error
}

func (v *visit) tries(p place) []try {
	name := qualified(v.d, p.t)
	statement := func(sql string) func(context.Context) error {
		return func(ctx context.Context) error {
			return v.s.query(ctx, query{sql: sql}, func([]cell) error { return nil })
		}
	}
	var columns []string
	for _, f := range p.Fields {
		if !f.Container {
			columns = append(columns, v.d.quote(f.Path))
		}
	}
	out := []try{{"SELECT", connectors.SeverityBlocks, statement("SELECT " + strings.Join(columns, ", ") + " FROM " + name + " WHERE " + nothing)}}
	if !p.t.plain || len(p.t.refused) > 0 {
		return out // said among the side effects
	}
	before := len(out)
	for _, f := range p.Fields {
		if f.SetNull && !masks(p.Action) {
			out = append(out, try{"UPDATE (" + f.Path + ")", connectors.SeverityDeletes, statement("EXPLAIN UPDATE " + name + " SET " + v.d.quote(f.Path) + " = NULL WHERE " + nothing)})
		}
	}
	switch {
	case p.Action == connectors.ActionDelete:
		out = append(out, try{"DELETE", connectors.SeverityDeletes, statement("EXPLAIN DELETE FROM " + name + " WHERE " + nothing)})
		for _, f := range v.plan.Nulls(p.Collection) {
			out = append(out, try{"UPDATE (" + f + ")", connectors.SeverityDeletes, statement("EXPLAIN UPDATE " + name + " SET " + v.d.quote(f) + " = NULL WHERE " + nothing)})
		}
		if (v.unreferred(p.t, "t") != "" || len(v.m.Clears(p.Collection)) > 0) && v.d.forUpdate() != "" {
			out = append(out, try{"UPDATE (to lock rows)", connectors.SeverityDeletes, statement("EXPLAIN SELECT 1 FROM " + name + " WHERE " + nothing + v.d.forUpdate())})
		}
	case masks(p.Action):
		for _, f := range p.Masked() {
			out = append(out, try{"UPDATE (" + f.Path + ")", connectors.SeverityDeletes, v.updatable(p, f)})
		}
	case len(out) == before:
		return out
	}
	return append(out, try{"write to the database", connectors.SeverityDeletes, v.writable})
}

// updatable explains the change of a field: to the map's own value, if that is
// one, which the server then reads as the column's type.
func (v *visit) updatable(p place, f *dataset.Field) func(context.Context) error {
	return func(ctx context.Context) error {
		b := &builder{}
		c := p.t.column(f.Path)
		value, fixed := v.d.quote(f.Path), connectors.Value{}
		if f.Mask.Strategy == dataset.StrategyFixed {
			var err error
			if fixed, err = walk.MaskValue(f.Mask, maskLimits(selected{place: p}, c), "sample", sampleOf(c), sampleMasker(0)); err == nil {
				value = v.d.assign(b, c, fixed)
			}
		}
		q := query{sql: "EXPLAIN UPDATE " + qualified(v.d, p.t) + " SET " + v.d.quote(f.Path) + " = " + value + " WHERE " + nothing}
		q.args = b.args
		if err := v.s.query(ctx, q, func([]cell) error { return nil }); err != nil || isNull(fixed) {
			return err
		}
		return v.spells(ctx, p, c, fixed)
	}
}

// spells: a value that reads back otherwise than it was written would never
// be known for a mask.
func (v *visit) spells(ctx context.Context, p place, c *column, fixed connectors.Value) error {
	b := &builder{}
	spelled := v.d.spelled(b, c, fixed.Raw())
	if spelled == "" {
		return nil
	}
	return v.s.query(ctx, query{sql: "SELECT " + spelled, args: b.args}, func(cells []cell) error {
		if string(cells[0].text) == fixed.Raw() {
			return nil
		}
		return connectors.NewError(connectors.Misfit, v.at(p.Collection), "the server spells the value otherwise than the map", nil)
	})
}

// writable opens a transaction as an erase does, and leaves it.
func (v *visit) writable(ctx context.Context) error {
	defer v.s.rollback(ctx)
	return v.s.begin(ctx, "privacydesk check")
}
