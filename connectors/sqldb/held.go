package sqldb

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"privacydesk/connectors"
	"privacydesk/connectors/dataset"
	"privacydesk/connectors/walk"
)

// held is why the server would refuse to delete what the steps are to delete:
// rows that stay refer to it. It is asked before anything is changed.
func (v *visit) held(ctx context.Context, steps []walk.EraseStep) error {
	for _, step := range steps {
		if step.Op != walk.OpDelete {
			continue
		}
		s, err := v.selected(step.Selection)
		if err != nil {
			return err
		}
		for _, k := range s.t.incoming {
			n, err := v.staying(ctx, steps, s, k)
			if err != nil {
				return v.fail(ctx, v.at(step.Collection), err)
			}
			if n > 0 {
				return connectors.NewError(connectors.Misfit, v.at(step.Collection),
					"rows of "+k.from.key()+" that stay refer to it by the foreign key "+k.name+", so nothing was deleted", nil).
					WithMend("see whose they are: rows of another tenant, or that name somebody else; say `on_delete: set_null` of " + strings.Join(k.columns, ", ") + " in the data map, or mend the rows")
			}
		}
	}
	return nil
}

// staying counts rows, up to one, that refer over a key to rows that a step
// deletes, and that the same delete neither removes nor makes refer to
// nothing.
func (v *visit) staying(ctx context.Context, steps []walk.EraseStep, s selected, k *foreignKey) (int64, error) {
	b := &builder{}
	where, err := v.where(b, s, "t", partErasable)
	if err != nil || where == "" {
		return 0, err
	}
	on := v.refersBy(k, "r", s.t, "t")
	if on == "" {
		return 0, nil // unreferred refuses it
	}
	conditions := []string{where}
	for _, other := range steps {
		gone, err := v.letsGoOf(b, other, k, "r")
		if err != nil {
			return 0, err
		}
		if gone != "" {
			conditions = append(conditions, "NOT coalesce("+gone+", "+nothing+")")
		}
	}
	for _, c := range s.Clears {
		p, err := v.place(c.Collection)
		if err != nil {
			return 0, err
		}
		if p.t != k.from || !slices.Contains(k.columns, c.Field) {
			continue
		}
		scope, err := v.inScope(b, p, "r", c.Scope.Scope, []string{c.Scope.Tenant})
		if err != nil {
			return 0, err
		}
		conditions = append(conditions, "NOT coalesce("+cmp.Or(scope, everything)+", "+nothing+")")
	}
	return v.number(ctx, query{
		sql: "SELECT count(*) FROM (SELECT 1 AS x FROM " + qualified(v.d, s.t) + " AS t JOIN " + qualified(v.d, k.from) + " AS r ON " + on +
			" WHERE " + all(conditions...) + " LIMIT 1) AS one",
		args: b.args,
	})
}

// letsGoOf compiles "the row is one that the step takes away from the key": it
// deletes the row, or sets a column of the key to NULL.
func (v *visit) letsGoOf(b *builder, step walk.EraseStep, k *foreignKey, alias string) (string, error) {
	s, err := v.selected(step.Selection)
	if err != nil || s.t != k.from {
		return "", err
	}
	nulls := step.Fields
	if step.Op == walk.OpMask {
		for _, f := range step.Masks {
			if f.Mask.Strategy == dataset.StrategyNull {
				nulls = append(nulls, f.Path)
			}
		}
	}
	if step.Op != walk.OpDelete && !slices.ContainsFunc(nulls, func(f string) bool { return slices.Contains(k.columns, f) }) {
		return "", nil
	}
	scope, err := v.inScope(b, s.place, alias, s.Scope.Scope, []string{s.Scope.Tenant})
	if err != nil {
		return "", err
	}
	own, err := v.own(b, s.place, alias, s.Own)
	if err != nil {
		return "", err
	}
	lone := ""
	if s.place.Owned && step.Op != walk.OpNull {
		if lone, err = v.lone(b, s, alias, true); err != nil {
			return "", err
		}
	}
	rows := either(without(own, lone))
	if rows == "" {
		return "", nil
	}
	return all(scope, rows), v.bounded(s.place, b)
}
