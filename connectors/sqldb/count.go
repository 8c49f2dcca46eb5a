package sqldb

import (
	"context"
	"strconv"
	"strings"

	"privacydesk/connectors"
	"privacydesk/connectors/walk"
)

// selected is a selection with its table, and the parts of the conditions
// that the statements on it are made of.
type selected struct {
	place
	walk.Selection
}

func (v *visit) selected(sel walk.Selection) (selected, error) {
	p, err := v.place(sel.Collection)
	return selected{p, sel}, err
}

// part says which of a selection's rows a statement is about.
type part byte

const (
	partOwned      part = iota + 1 // the subject's own
	partShared                     // reached, not owned
	partErasable                   // owned; and shared ones that are erased because they name nobody else and nobody else refers to them
	partLoneShared                 // shared ones that name nobody else and to which nobody refers but rows that the same delete removes
	partGathered                   // what a report shows
)

// where compiles the condition of one part, tenant included. It returns ""
// when the selection has no such rows.
func (v *visit) where(b *builder, s selected, alias string, which part) (string, error) {
	rows, err := v.rows(b, s, alias, which)
	if err != nil || rows == "" {
		return "", err
	}
	scope, err := v.inScope(b, s.place, alias, s.Scope.Scope, []string{s.Scope.Tenant})
	if err != nil {
		return "", err
	}
	return all(scope, rows), v.bounded(s.place, b)
}

func (v *visit) rows(b *builder, s selected, alias string, which part) (string, error) {
	if which == partShared || which == partLoneShared {
		return v.sharedRows(b, s, alias, which == partLoneShared)
	}
	owned, err := v.own(b, s.place, alias, s.Own)
	if err != nil {
		return "", err
	}
	more := ""
	switch {
	case which == partGathered && s.GatherShared:
		more, err = v.anyReached(b, s, alias)
	case which == partErasable && s.place.Owned:
		more, err = v.lone(b, s, alias, false)
	}
	if err != nil {
		return "", err
	}
	return either(without(owned, more)), nil
}

// anyReached compiles "the row is reached, be it the subject's own or not".
// Rows that name somebody else are only looked at where the map shows them.
func (v *visit) anyReached(b *builder, s selected, alias string) (string, error) {
	shared, err := v.reached(b, s.place, alias, s.Shared)
	if err != nil || s.Bears == nil || !s.GatherShared {
		return shared, err
	}
	another, err := v.reached(b, s.place, alias, s.Own.Owned)
	return either(without(shared, another)), err
}

// lone compiles "the row is reached as shared, names nobody else, and nobody
// refers to it"; with ours, nobody but rows that the same delete removes.
func (v *visit) lone(b *builder, s selected, alias string, ours bool) (string, error) {
	shared, err := v.reached(b, s.place, alias, s.Shared)
	if err != nil || shared == "" {
		return "", err
	}
	names := ""
	if s.Bears != nil {
		if names, err = v.namesNobodyElse(b, s.place, alias, s.Bears); err != nil {
			return "", err
		}
	}
	free, err := v.guarded(b, s.place, alias, s.Guards, ours)
	return "(" + all(shared, names, free) + ")", err
}

func (v *visit) sharedRows(b *builder, s selected, alias string, lone bool) (string, error) {
	var shared string
	var err error
	if lone {
		shared, err = v.lone(b, s, alias, true)
	} else {
		shared, err = v.anyReached(b, s, alias)
	}
	if err != nil || shared == "" {
		return "", err
	}
	owned, err := v.own(b, s.place, alias, s.Own)
	if err != nil {
		return "", err
	}
	if owned != "" {
		owned = "NOT coalesce(" + owned + ", " + nothing + ")"
	}
	return all(shared, owned), nil
}

// count counts a selection's rows, each in one place.
func (v *visit) count(ctx context.Context, j *connectors.Job, sel walk.Selection) (connectors.Counts, error) {
	var out connectors.Counts
	s, err := v.selected(sel)
	if err != nil {
		return out, err
	}
	shared, err := v.countPart(ctx, s, partShared)
	if err != nil {
		return out, err
	}
	var own connectors.Counts
	erases := sel.Action == connectors.ActionDelete || masks(sel.Action)
	lone := int64(0)
	if shared > 0 && s.place.Owned && erases {
		if own, err = v.tally(ctx, j, s, partLoneShared); err != nil {
			return out, err
		}
		lone = own.Rows + own.Masked
	}
	more, err := v.tally(ctx, j, s, partOwned)
	if err != nil {
		return out, err
	}
	out.Rows, out.Masked = own.Rows+more.Rows, own.Masked+more.Masked
	out.Shared = shared - lone
	if sel.Action == connectors.ActionRetain {
		out.Retained, out.Rows = out.Rows, 0
	}
	return out, nil
}

func masks(a connectors.Action) bool {
	return a == connectors.ActionMask || a == connectors.ActionAggregate
}

// tally counts the rows of a part, and how many of them bear this request's
// masks in every field that a delete replaces.
func (v *visit) tally(ctx context.Context, j *connectors.Job, s selected, which part) (connectors.Counts, error) {
	if j.Mask == nil || !masks(s.Action) || len(s.Masks) == 0 {
		n, err := v.countPart(ctx, s, which)
		return connectors.Counts{Rows: n}, err
	}
	var out connectors.Counts
	b := &builder{}
	where, err := v.where(b, s, "t", which)
	if err != nil || where == "" {
		return out, err
	}
	m, err := v.masking(s)
	if err != nil {
		return out, err
	}
	q := query{args: b.args, cols: m.reads}
	q.sql = "SELECT " + m.list(v.d, "t") + " FROM " + qualified(v.d, s.t) + " AS t WHERE " + where
	err = v.s.query(ctx, q, func(cells []cell) error {
		if m.done(cells, j.Mask) {
			out.Masked++
		} else {
			out.Rows++
		}
		return nil
	})
	return out, err
}

func (v *visit) countPart(ctx context.Context, s selected, which part) (int64, error) {
	b := &builder{}
	where, err := v.where(b, s, "t", which)
	if err != nil || where == "" {
		return 0, err
	}
	return v.number(ctx, query{sql: "SELECT count(*) FROM " + qualified(v.d, s.t) + " AS t WHERE " + where, args: b.args})
}

// number reads the one number that a query answers.
func (v *visit) number(ctx context.Context, q query) (n int64, err error) {
	err = v.s.query(ctx, q, func(cells []cell) error {
		n, err = strconv.ParseInt(strings.TrimSpace(string(cells[0].text)), 10, 64)
		return err
	})
	return n, err
}
