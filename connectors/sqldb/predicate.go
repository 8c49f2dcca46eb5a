package sqldb

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"privacydesk/connectors"
	"privacydesk/connectors/dataset"
	"privacydesk/connectors/walk"
)

// nothing is the condition that no row meets: what a finding without a value
// compiles to, never a query without a filter.
const nothing = "1 = 0"

// everything is the condition that every row meets.
const everything = "1 = 1"

func all(conditions ...string) string {
	kept := make([]string, 0, len(conditions))
	for _, c := range conditions {
		if c != "" {
			kept = append(kept, c)
		}
	}
	return strings.Join(kept, " AND ")
}

// inScope compiles "the row lies in one of the tenants", through EXISTS where
// the tenant is recorded on another table.
func (v *visit) inScope(b *builder, p place, alias string, scope dataset.Scope, tenants []string) (string, error) {
	switch scope.Kind {
	case dataset.ScopeNone:
		return "", nil
	case dataset.ScopePlace:
		return placed(scope, tenants), nil
	case dataset.ScopeField:
	case dataset.ScopeMissing:
		return "", connectors.NewError(connectors.Misfit, v.at(p.Collection), "the data map does not say how its rows belong to a tenant", nil)
	}
	hops, last, lastAlias, err := v.hops(p, alias, scope)
	if err != nil {
		return "", err
	}
	own, err := v.tenantIs(b, last, lastAlias, scope.Field, tenants)
	if err != nil || len(hops) == 0 {
		return own, err
	}
	var from, on []string
	for _, h := range hops {
		from, on = append(from, h.from), append(on, h.on)
	}
	return "EXISTS (SELECT 1 FROM " + strings.Join(from, ", ") + " WHERE " + all(append(on, own)...) + ")", nil
}

// placed compiles that the whole place is one of the tenants'.
func placed(scope dataset.Scope, tenants []string) string {
	if slices.ContainsFunc(tenants, func(t string) bool { return !scope.Elsewhere(t) }) {
		return ""
	}
	return nothing
}

// hop is one table on the way to the tenant, and how it joins the one before.
type hop struct{ from, on string }

// hops resolves the way to the table that records the tenant. Each step has
// to lead to one row at most: a key that two tenants may share says nothing
// about whose the row is.
func (v *visit) hops(p place, alias string, scope dataset.Scope) (hops []hop, last place, lastAlias string, err error) {
	last, lastAlias = p, alias
	for i, h := range scope.Hops {
		next, err := v.place(h.Collection)
		if err != nil {
			return nil, last, "", err
		}
		from, err := v.column(last, h.Field)
		if err != nil {
			return nil, last, "", err
		}
		to, err := v.column(next, h.ToField)
		if err != nil {
			return nil, last, "", err
		}
		if !next.t.singular(h.ToField) {
			return nil, last, "", connectors.NewError(connectors.Misfit, v.at(p.Collection),
				"its tenant is found over "+h.Collection.Key+"."+h.ToField+", which the database does not keep unique", nil).
				WithMend("scope the collection by a field of its own, or make that column unique")
		}
		nextAlias := "s" + strconv.Itoa(i+1)
		hops = append(hops, hop{qualified(v.d, next.t) + " AS " + nextAlias, v.equal(last.t, lastAlias, from, next.t, nextAlias, to)})
		last, lastAlias = next, nextAlias
	}
	return hops, last, lastAlias, nil
}

// equal compiles that two columns hold the same: by their bytes, or by what a
// foreign key between them goes by, which may call other texts equal.
func (v *visit) equal(t *table, alias string, c *column, u *table, other string, d *column) string {
	first, _ := v.folding(t, c)
	second, _ := v.folding(u, d)
	switch {
	case first == nil && second == nil:
	case t.refersTo(c, u, d):
		return v.d.refers(alias, c, other, d)
	case u.refersTo(d, t, c):
		return v.d.refers(other, d, alias, c)
	}
	return v.d.same(alias, c, other, d)
}

func (v *visit) tenantIs(b *builder, p place, alias, field string, tenants []string) (string, error) {
	c, err := v.column(p, field)
	if err != nil {
		return "", err
	}
	values := make([]connectors.Value, 0, len(tenants))
	for _, t := range tenants {
		spelled := v.d.tenant(c, t)
		if len(spelled) == 0 {
			return "", connectors.NewError(connectors.Misfit, v.at(p.Collection)+"."+field,
				"the tenant's name can't be a value of this column ("+c.kind+")", nil).
				WithMend("see how system " + v.env.System + " spells its tenants")
		}
		values = append(values, spelled...)
	}
	if cond := v.d.exact(b, alias, c, values); cond != "" {
		return cond, nil
	}
	return nothing, nil
}

// oneSpelling reads the tenant's name as the column's type.
func oneSpelling(c *column, tenant string) []connectors.Value {
	if v, ok := typed(c, tenant); ok {
		return []connectors.Value{v}
	}
	return nil
}

// reached compiles "one of the links holds one of its values", exactly. It
// returns "" if no link can hold any.
func (v *visit) reached(b *builder, p place, alias string, links []connectors.Link) (string, error) {
	var out []string
	for _, l := range links {
		columns, err := v.keyColumns(p, l.Field)
		if err != nil {
			return "", err
		}
		if cond := v.holds(b, alias, columns, l.Values); cond != "" {
			out = append(out, cond)
		}
	}
	return either(out), nil
}

// solid leaves out what must never be searched: an empty or blank value.
func solid(values []connectors.Value) []connectors.Value {
	if !slices.ContainsFunc(values, connectors.Value.IsEmpty) {
		return values
	}
	return slices.DeleteFunc(slices.Clone(values), connectors.Value.IsEmpty)
}

// searched compiles a step's searches: identities widely, since Go compares
// every row, and keys exactly.
func (v *visit) searched(b *builder, p place, alias string, searches []walk.Search) (string, error) {
	var out []string
	for _, s := range searches {
		columns, err := v.keyColumns(p, s.Field)
		if err != nil {
			return "", err
		}
		var cond string
		if s.Normal == dataset.NormalEmail && s.Identity != "" {
			cond = v.alike(b, alias, columns[0], s)
		} else if s.Folds() {
			cond = v.holdsAlike(b, p, alias, columns, s.Values)
		} else {
			cond = v.holds(b, alias, columns, s.Values)
		}
		if cond != "" {
			out = append(out, cond)
		}
	}
	return either(out), nil
}

func (v *visit) alike(b *builder, alias string, c *column, s walk.Search) string {
	var forms []string
	for _, value := range s.Values {
		forms = append(forms, s.Normal.SearchForms(value)...)
	}
	if len(forms) == 0 {
		return ""
	}
	return v.d.alike(b, alias, c, forms)
}

// guarded compiles, for shared rows, that nobody refers to them. With ours,
// rows that the same delete removes before don't count.
func (v *visit) guarded(b *builder, p place, alias string, guards []walk.Guard, ours bool) (string, error) {
	var out []string
	for i, g := range guards {
		other, err := v.place(g.Collection)
		if err != nil {
			return "", err
		}
		field, err := v.column(other, g.Field)
		if err != nil {
			return "", err
		}
		key, err := v.column(p, g.Key)
		if err != nil {
			return "", err
		}
		name := "g" + strconv.Itoa(i+1)
		cond := v.equal(other.t, name, field, p.t, alias, key)
		for _, pair := range g.More {
			if field, err = v.column(other, pair.Child.Path); err != nil {
				return "", err
			}
			if key, err = v.column(p, pair.Parent.Path); err != nil {
				return "", err
			}
			cond = all(cond, v.equal(other.t, name, field, p.t, alias, key))
		}
		if ours {
			except, err := v.ours(b, other, name, g)
			if err != nil {
				return "", err
			}
			cond = all(cond, except)
		}
		out = append(out, "NOT EXISTS (SELECT 1 FROM "+qualified(v.d, other.t)+" AS "+name+" WHERE "+cond+")")
	}
	return all(out...), nil
}

func (v *visit) ours(b *builder, p place, alias string, g walk.Guard) (string, error) {
	links, err := v.own(b, p, alias, g.Ours)
	if err != nil || links == "" {
		return "", err
	}
	scope, err := v.inScope(b, p, alias, g.Scope.Scope, []string{g.Scope.Tenant})
	if err != nil {
		return "", err
	}
	// A comparison with NULL is neither true nor false, and must not make a
	// row ours.
	return "NOT coalesce(" + all(scope, links) + ", " + nothing + ")", nil
}

// unreferred compiles that no row refers to this one over a key of which the
// server itself would delete or change the referring rows. What is the
// subject's went before; what remains is somebody else's.
func (v *visit) unreferred(t *table, alias string) string {
	var out []string
	for i, k := range t.incoming {
		if k.acts() {
			out = append(out, v.nobodyRefers(k, t, alias, "k"+strconv.Itoa(i+1), ""))
		}
	}
	return all(out...)
}

// clearedFirst is unreferred, but for references that are cleared in the batch
// that deletes the row.
func (v *visit) clearedFirst(b *builder, s selected, alias string) (string, error) {
	var out []string
	for i, k := range s.t.incoming {
		if !k.acts() {
			continue
		}
		name, except := "k"+strconv.Itoa(i+1), ""
		for _, c := range s.Clears {
			p, err := v.place(c.Collection)
			if err != nil {
				return "", err
			}
			if p.t != k.from || !slices.Contains(k.columns, c.Field) {
				continue
			}
			scope, err := v.inScope(b, p, name, c.Scope.Scope, []string{c.Scope.Tenant})
			if err != nil {
				return "", err
			}
			except = all(except, "NOT coalesce("+cmp.Or(scope, everything)+", "+nothing+")")
		}
		out = append(out, v.nobodyRefers(k, s.t, alias, name, except))
	}
	return all(out...), nil
}

func (v *visit) nobodyRefers(k *foreignKey, t *table, alias, name, except string) string {
	on := v.refersBy(k, name, t, alias)
	if on == "" {
		return nothing
	}
	return "NOT EXISTS (SELECT 1 FROM " + qualified(v.d, k.from) + " AS " + name + " WHERE " + all(on, except) + ")"
}

// refersBy compiles "the child's row refers to the parent's over the key"; ""
// if the account sees not all of its columns.
func (v *visit) refersBy(k *foreignKey, child string, t *table, parent string) string {
	var on []string
	for j, c := range k.columns {
		from, to := k.from.column(c), t.column(k.references[j])
		if from == nil || to == nil {
			return ""
		}
		on = append(on, v.d.refers(child, from, parent, to))
	}
	return all(on...)
}
