package sqldb

import (
	"context"
	"slices"
	"strings"

	"privacydesk/connectors"
	"privacydesk/connectors/walk"
)

// clearing is a reference of rows that stay, with its tables and columns.
type clearing struct {
	walk.Clear
	p     place
	null  *column   // is set to NULL
	child []*column // refer to key
	key   []*column
}

func (v *visit) clearings(s selected) ([]clearing, error) {
	var out []clearing
	for _, c := range s.Clears {
		p, err := v.place(c.Collection)
		if err != nil {
			return nil, err
		}
		one := clearing{Clear: c, p: p}
		if one.null, err = v.column(p, c.Field); err != nil {
			return nil, err
		}
		for _, pair := range c.Pairs {
			child, err := v.column(p, pair.Child.Path)
			if err != nil {
				return nil, err
			}
			key, err := v.column(s.place, pair.Parent.Path)
			if err != nil {
				return nil, err
			}
			one.child, one.key = append(one.child, child), append(one.key, key)
		}
		out = append(out, one)
	}
	return out, nil
}

// clear takes away, within the transaction that deletes rows, what rows of
// others refer to them by. The server says which spellings refer; those are
// changed that hold one of them, in the tenant alone.
func (v *visit) clear(ctx context.Context, s selected, a addressing, rows []address) error {
	clearings, err := v.clearings(s)
	if err != nil {
		return err
	}
	for _, c := range clearings {
		spellings, err := v.referring(ctx, s, c, a, rows)
		if err != nil {
			return v.fail(ctx, v.at(c.Collection), err)
		}
		for values := range slices.Chunk(spellings, many) {
			if err := v.setNull(ctx, c, values); err != nil {
				return v.fail(ctx, v.at(c.Collection)+"."+c.Field, err)
			}
		}
	}
	return nil
}

// referring reads the values by which rows of others refer to these rows.
func (v *visit) referring(ctx context.Context, s selected, c clearing, a addressing, rows []address) ([]connectors.Value, error) {
	b := &builder{}
	where, err := v.where(b, s, "t", partErasable)
	if err != nil {
		return nil, err
	}
	scope, err := v.inScope(b, c.p, "r", c.Scope.Scope, []string{c.Scope.Tenant})
	if err != nil {
		return nil, err
	}
	var out []connectors.Value
	q := query{cols: c.child}
	spelled := make([]string, len(c.child))
	for i, k := range c.child {
		spelled[i] = v.d.distinct("r", k)
	}
	q.sql = "SELECT DISTINCT " + strings.Join(spelled, ", ") + " FROM " + qualified(v.d, s.t) + " AS t JOIN " + qualified(v.d, c.p.t) + " AS r ON " +
		v.joins(c, "r", "t") + " WHERE " + all(a.among(v.d, b, s.t, "t", rows), orNothing(where), scope)
	q.args = b.args
	err = v.s.query(ctx, q, func(cells []cell) error {
		parts := make([]connectors.Value, len(cells))
		for i, c := range cells {
			parts[i] = c.value()
		}
		out = append(out, walk.Join(parts))
		return nil
	})
	return out, err
}

func (v *visit) joins(c clearing, child, parent string) string {
	on := make([]string, len(c.child))
	for i := range c.child {
		on[i] = v.d.refers(child, c.child[i], parent, c.key[i])
		if a, b := c.child[i], c.key[i]; a.class != b.class && (!numeric(a) || !numeric(b)) {
			on[i] = v.d.same(child, c.child[i], parent, c.key[i]) // no server's idea of what a text is as a number
		}
	}
	return all(on...)
}

func (v *visit) setNull(ctx context.Context, c clearing, values []connectors.Value) error {
	b := &builder{}
	head, alias := v.d.update(c.p.t)
	scope, err := v.inScope(b, c.p, alias, c.Scope.Scope, []string{c.Scope.Tenant})
	if err != nil {
		return err
	}
	holds := orNothing(v.holds(b, alias, c.child, values))
	_, err = v.s.exec(ctx, query{sql: head + " SET " + v.d.quote(c.null.name) + " = NULL WHERE " + all(holds, scope), args: b.args})
	return err
}

// countCleared adds to a finding how many references a delete would clear, in
// the set of the collection that holds them.
func (v *visit) countCleared(ctx context.Context, f *connectors.Finding, sel walk.Selection) error {
	s, err := v.selected(sel)
	if err != nil {
		return err
	}
	clearings, err := v.clearings(s)
	if err != nil {
		return err
	}
	for _, c := range clearings {
		n, err := v.countClearing(ctx, s, c)
		if err != nil {
			return v.fail(ctx, v.at(c.Collection), err)
		}
		if n > 0 {
			f.Open(c.Collection.Key).Cleared += n
		}
	}
	return nil
}

func (v *visit) countClearing(ctx context.Context, s selected, c clearing) (int64, error) {
	b := &builder{}
	where, err := v.where(b, s, "t", partErasable)
	if err != nil || where == "" {
		return 0, err
	}
	scope, err := v.inScope(b, c.p, "r", c.Scope.Scope, []string{c.Scope.Tenant})
	if err != nil {
		return 0, err
	}
	goes, err := v.own(b, c.p, "r", c.Goes)
	if err != nil {
		return 0, err
	}
	if goes != "" {
		goes = "NOT coalesce(" + goes + ", " + nothing + ")"
	}
	return v.number(ctx, query{
		sql: "SELECT count(*) FROM " + qualified(v.d, s.t) + " AS t JOIN " + qualified(v.d, c.p.t) + " AS r ON " +
			v.joins(c, "r", "t") + " WHERE " + all(where, scope, goes),
		args: b.args,
	})
}

// clearable tells what keeps a delete of a collection's rows from clearing
// what refers to them.
func (v *visit) clearable(found *findings, p place) {
	for _, l := range v.m.Clears(p.Collection) {
		t, field := v.live.find(l.Child.Name), l.Clearing()
		if t == nil || t.column(field.Path) == nil {
			continue // said of the collection itself
		}
		where := l.Child.Key + "." + field.Path
		if c := t.column(field.Path); !c.nullable || c.generated {
			found.add(connectors.SeverityDeletes, where, "a delete is to set it to NULL, and the column can't be NULL", "let the column be NULL, or delete the rows that refer")
		}
		if !t.plain {
			found.add(connectors.SeverityDeletes, where, "a delete is to set it to NULL, and it is a column of a view or a foreign table", "map the table behind it")
		}
		for _, b := range t.blind {
			found.add(connectors.SeverityDeletes, l.Child.Key, b.what, b.mend)
		}
		for _, g := range t.triggers {
			if name := g.on + "." + g.name; g.onUpdate && !slices.Contains(v.o.AcceptTriggers, name) {
				found.add(connectors.SeverityDeletes, l.Child.Key, "the trigger or rule "+g.name+" fires when references in its rows are set to NULL", "see what it does, then add "+name+" to accept_triggers")
			}
		}
	}
}
