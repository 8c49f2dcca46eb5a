package dataset

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"privacydesk/connectors"
)

// Problems are what the map lacks, the worst first: a collection that is not
// scoped blocks everything, one without an action blocks deletes.
func (m *Map) Problems() []connectors.Problem { return slices.Clone(m.problems) }

type checker struct {
	m        *Map
	problems []connectors.Problem
}

func findProblems(m *Map) []connectors.Problem {
	k := &checker{m: m}
	for _, n := range m.notes {
		k.problems = append(k.problems, n.Problem())
	}
	reached := m.reachable()
	for _, c := range m.All() {
		if c.Skip {
			continue
		}
		k.scope(c)
		k.action(c)
		k.masks(c)
		k.scopeLasts(c)
		k.held(c)
		k.others(c)
		k.clears(c)
		k.owners(c)
		if !reached[c] {
			k.unreached(c, reached)
		}
	}
	rank := map[connectors.Severity]int{connectors.SeverityBlocks: 0, connectors.SeverityDeletes: 1, connectors.SeverityNote: 2}
	slices.SortStableFunc(k.problems, func(a, b connectors.Problem) int { return cmp.Compare(rank[a.Severity], rank[b.Severity]) })
	return k.problems
}

func (k *checker) add(s connectors.Severity, where, what, mend string) {
	k.problems = append(k.problems, connectors.Problem{Severity: s, Where: where, What: what, Mend: mend})
}

func (k *checker) scope(c *Collection) {
	if c.Scope.Kind == ScopeMissing {
		k.add(connectors.SeverityBlocks, c.Key, "nothing confines the collection to a tenant",
			"say `privacydesk: {tenant: {field: …}}`, `{tenant: {via: other_collection}}`, `{tenant: {place: NAME}}`, `{tenant: none}`, or skip_processing")
	}
	if c.Scope.Kind == ScopeNone {
		k.add(connectors.SeverityNote, c.Key, "the collection records no tenant: only values that the vendor assigned lead there", "")
	}
}

func (k *checker) action(c *Collection) {
	switch c.Action {
	case connectors.ActionNone:
		k.add(connectors.SeverityDeletes, c.Key, "the map does not say what a delete does to the collection",
			"say `privacydesk: {on_delete: delete}`, deidentify, aggregate, or {retain: {exception, reason}}")
	case connectors.ActionMask, connectors.ActionAggregate:
		if len(c.Masked()) == 0 {
			k.add(connectors.SeverityDeletes, c.Key, fmt.Sprintf("on_delete is %s, and no field says how", c.Action),
				"give its personal fields `privacydesk: {on_delete: {strategy: …}}`")
		}
	case connectors.ActionDelete, connectors.ActionRetain:
	}
}

// masks: whoever reads a de-identified row must not know whose it was.
func (k *checker) masks(c *Collection) {
	masking := c.Action == connectors.ActionMask || c.Action == connectors.ActionAggregate
	if !masking {
		return
	}
	for _, f := range c.Fields {
		where := c.Key + "." + f.Path
		switch {
		case f.unusable != "":
			k.add(connectors.SeverityDeletes, where, f.unusable, "say `privacydesk: {on_delete: {strategy: …}}`: one of null, fixed, hash, hmac, random, keep")
		case f.Container:
		case f.Mask == nil && f.Personal() && f.kept == "":
			k.add(connectors.SeverityDeletes, where, fmt.Sprintf("on_delete is %s, and this personal field would stay", c.Action),
				"give it a strategy, or `on_delete: {strategy: keep, reason: …}`")
		case f.Mask == nil:
		case c.Action == connectors.ActionAggregate && f.Mask.DiffersByRow():
			k.add(connectors.SeverityDeletes, where, "aggregate must not leave values that tell rows apart", "use null or fixed, or deidentify")
		case f.Mask.DiffersByRow() && len(c.PrimaryKey()) == 0:
			k.add(connectors.SeverityDeletes, where, fmt.Sprintf("%s is derived from the row's primary key, and the map names none", f.Mask.Strategy), "mark the primary key, or use null or fixed")
		case k.m.LeadsIn(c, f) && c.KeyField() == nil:
			k.add(connectors.SeverityDeletes, where, "rows are found by this field, and once it is masked nothing would find them again", "mark a primary key of one field (beside the tenant's)")
		}
	}
}

// LeadsIn is true if rows of the collection are found by the field.
func (m *Map) LeadsIn(c *Collection, f *Field) bool {
	return slices.ContainsFunc(c.Seeds(), func(s Seed) bool { return s.Field == f }) ||
		slices.ContainsFunc(m.Edges, func(e Edge) bool { return e.To == c && slices.Contains(e.ToFields(), f) })
}

// scopeLasts: what confines a row to its tenant must outlive the row, or half
// an erase could neither be finished nor be verified.
func (k *checker) scopeLasts(c *Collection) {
	if c.Scope.Kind != ScopeField || c.Action == connectors.ActionNone {
		return
	}
	own := c.Scope.Field
	if len(c.Scope.Hops) > 0 {
		own = c.Scope.Hops[0].Field
	}
	if f := c.fields[own]; f != nil && f.Mask != nil && len(c.Masked()) > 0 {
		k.add(connectors.SeverityDeletes, c.Key+"."+own, "the tenant is recognised by this field, so it can't be masked", "say `on_delete: {strategy: keep, reason: …}`")
	}
	for at, hop := c, 0; hop < len(c.Scope.Hops); hop++ {
		h := c.Scope.Hops[hop]
		goesFirst := h.Collection.Action == connectors.ActionDelete && (c.Action != connectors.ActionDelete || !k.refersTo(at, h))
		if goesFirst && k.ownsRows(c) {
			k.add(connectors.SeverityDeletes, c.Key, fmt.Sprintf("its tenant is recognised through %s, whose rows are deleted while these are still to be handled", h.Collection.Key),
				"scope the collection by a field of its own, or delete its rows too")
			return
		}
		at = h.Collection
	}
}

// others: a row that names somebody else is not the subject's, whatever it
// refers to.
func (k *checker) others(c *Collection) {
	if !k.m.MeetsOthers(c) {
		return
	}
	var named []string
	for _, f := range c.Identities() {
		named = append(named, f.Path)
	}
	what := fmt.Sprintf("its rows are reached by %s, and name a person by %s: one that names somebody else is ", strings.Join(k.m.waysBeside(c), ", "), strings.Join(named, ", "))
	if c.GatherShared {
		k.add(connectors.SeverityNote, c.Key, what+"shown without that person's fields, and not deleted", "")
		return
	}
	k.add(connectors.SeverityNote, c.Key, what+"neither shown nor deleted", "say `privacydesk: {gather: true}` to show such rows without that person's fields")
}

// clears: whose rows they are must be told before and after a reference in
// them is cleared.
func (k *checker) clears(c *Collection) {
	for _, f := range c.Fields {
		where := c.Key + "." + f.Path
		switch {
		case !f.SetNull:
		case c.Scope.Kind == ScopeField && c.recognisedBy(f):
			k.add(connectors.SeverityDeletes, where, "the tenant is recognised by this field, so a delete can't set it to NULL", "scope the collection by a field of its own")
		case c.Scope.Kind == ScopeNone && slices.ContainsFunc(k.m.Links, func(l *Link) bool { return l.ChildField == f && !l.ParentField.VendorAssigned }):
			k.add(connectors.SeverityDeletes, where, "the collection records no tenant, and another tenant's rows may hold this value too: a delete can't set it to NULL",
				"mark the primary key that it refers to `privacydesk: {vendor_assigned: true}` if the vendor assigns it")
		}
	}
}

// owners: a row that refers to two people is taken for each one's.
func (k *checker) owners(c *Collection) {
	var fields []string
	for _, l := range k.m.Links {
		if l.Child == c && l.Keyed && l.Down && len(l.Parent.Identities()) > 0 {
			fields = append(fields, l.ChildField.Path)
		}
	}
	if fields = sortedSet(fields); len(fields) > 1 {
		k.add(connectors.SeverityNote, c.Key, fmt.Sprintf("its rows belong to whom they refer to by each of %s: one that names two people is shown to and deleted for either", strings.Join(fields, ", ")),
			"give `direction: to` to a reference that names somebody whose row it is not")
	}
}

// held: what hangs below a shared row is not followed, for nobody can say
// whose it is, and so it holds the row.
func (k *checker) held(c *Collection) {
	for _, l := range k.m.Links {
		if c.Owned && l.Parent == c && !l.Self() && l.Down && !l.Up {
			k.add(connectors.SeverityNote, c.Key, fmt.Sprintf("rows that were reached as shared are not deleted while %s refers to them", l.Child.Qualified(l.ChildField)), "")
		}
	}
}

// refersTo is true if the hop goes from a child to its parent.
func (k *checker) refersTo(c *Collection, h Hop) bool {
	return slices.ContainsFunc(k.m.Links, func(l *Link) bool {
		return l.Keyed && l.Child == c && l.ChildField.Path == h.Field && l.Parent == h.Collection && l.ParentField.Path == h.ToField
	})
}

// ownsRows is true if a delete may act on rows of the collection.
func (k *checker) ownsRows(c *Collection) bool {
	return c.Owned || k.m.OwnsRows(c)
}

func (k *checker) unreached(c *Collection, reached map[*Collection]bool) {
	if !slices.ContainsFunc(c.Fields, (*Field).Personal) {
		return
	}
	shared := slices.ContainsFunc(k.m.Links, func(l *Link) bool {
		return l.Up && l.Parent == c && reached[l.Child] || !l.Keyed && l.Down && l.Child == c && reached[l.Parent]
	})
	switch {
	case slices.ContainsFunc(c.Seeds(), func(s Seed) bool { return !s.followed() }):
		k.add(connectors.SeverityDeletes, c.Key, "the collection records no tenant, and so an address, which anybody may have written into a row, does not lead there; nothing else does: it is not searched",
			"if the whole database is one tenant's, say `privacydesk: {tenant: {place: NAME}}`; else scope the collection by a field or a reference")
	case shared:
		k.add(connectors.SeverityNote, c.Key, "the collection holds personal data that others may share; it is neither shown nor erased",
			"say `privacydesk: {gather: true}` to show it, `{owned: true}` to erase it once nobody else refers to it")
	case c.Action == connectors.ActionRetain:
		k.add(connectors.SeverityNote, c.Key, "nothing leads to the collection, which holds personal data: reports leave it out", "mark an identity, or a reference from a collection that is found")
	default:
		k.add(connectors.SeverityDeletes, c.Key, "nothing leads to the collection, which holds personal data: a delete would leave it behind",
			"mark an identity, or a reference from a collection that is found")
	}
}

// reachable are the collections that some identity may lead to. Over shared
// rows a walk only goes further to shared ones.
func (m *Map) reachable() map[*Collection]bool {
	owned, reached := map[*Collection]bool{}, map[*Collection]bool{}
	for _, c := range m.All() {
		for _, s := range c.Seeds() {
			if s.followed() {
				reached[c] = true
				owned[c] = owned[c] || !s.Shared
			}
		}
	}
	for changed := true; changed; {
		changed = false
		for _, e := range m.Edges {
			if e.Shared && reached[e.From] && !reached[e.To] {
				reached[e.To], changed = true, true
			}
			if !e.Shared && owned[e.From] && !owned[e.To] {
				owned[e.To], reached[e.To], changed = true, true, true
			}
		}
	}
	return reached
}

// RefusesErase is why deletes can't run under this map, or "".
func (m *Map) RefusesErase() string {
	var out []string
	for _, p := range m.problems {
		if p.Severity != connectors.SeverityNote {
			out = append(out, p.Where+": "+p.What)
		}
	}
	if len(out) > 5 {
		out = append(out[:5], fmt.Sprintf("and %d more", len(out)-5))
	}
	return strings.Join(out, "; ")
}

// Blocked is why the system may not even be read under this map, or "".
func (m *Map) Blocked() string {
	for _, p := range m.problems {
		if p.Severity == connectors.SeverityBlocks {
			return p.Where + ": " + p.What
		}
	}
	return ""
}
