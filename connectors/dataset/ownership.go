package dataset

import (
	"fmt"
	"slices"
	"strings"

	"privacydesk/connectors"
)

// edges lists the ways that a walk may take. A child row belongs to the owner
// of the row that it refers to; everything else that is reached is shared,
// and is only read where the map has a use for it.
func (s *resolver) edges() {
	for _, l := range s.m.Links {
		if l.Child.Skip || l.Parent.Skip {
			continue
		}
		var child, parent []*Field
		for _, p := range l.More {
			child, parent = append(child, p.Child), append(parent, p.Parent)
		}
		if l.Down {
			s.edge(Edge{l.Parent, l.Child, l.ParentField, l.ChildField, parent, child, l.Where, nil, !l.Keyed, l.Keyed})
		}
		if l.Up {
			s.edge(Edge{l.Child, l.Parent, l.ChildField, l.ParentField, child, parent, nil, l.Where, true, l.Keyed})
		}
	}
}

// FromFields are the columns that the edge starts from.
func (e Edge) FromFields() []*Field { return append([]*Field{e.FromField}, e.FromMore...) }

// ToFields are the columns that the edge leads to, those of its conditions
// last.
func (e Edge) ToFields() []*Field {
	out := append([]*Field{e.ToField}, e.ToMore...)
	for _, c := range e.Where {
		out = append(out, c.Field)
	}
	return out
}

func (s *resolver) edge(e Edge) {
	if e.Shared && !e.To.GatherShared && !e.To.Owned {
		return
	}
	if e.To.Scope.Kind == ScopeNone && !e.FromField.VendorAssigned {
		s.note(e.From, e.FromField.Line, e.From.Key+"."+e.FromField.Path, fmt.Sprintf(
			"is not followed to %s, which records no tenant: mark the field vendor_assigned if the vendor assigns its values", e.To.Key))
		return
	}
	s.m.Edges = append(s.m.Edges, e)
}

// yields decides under which names a field's values are told to other
// systems: what it leads to, what the map says, and the key of a collection of people
// that is followed within the map anyway. An identity such as an e-mail address found in a row
// is not passed on unless the map says so: it may be someone else's.
func (s *resolver) yields(c *Collection, f *Field) {
	f.Needs, f.LeadsTo = sortedTypes(f.Needs), sortedTypes(f.LeadsTo)
	out := slices.Clone(f.LeadsTo)
	person := slices.ContainsFunc(c.Fields, func(g *Field) bool { return g.Identity != "" })
	followed := person && c.KeyField() == f && slices.ContainsFunc(s.m.Edges, func(e Edge) bool {
		return e.From == c && e.FromField == f && e.FromMore == nil && e.Keyed && !e.Shared
	})
	if f.Yields || followed {
		out = append(out, c.Qualified(f))
	}
	if f.Yields && f.Identity != "" {
		out = append(out, f.Identity)
	}
	f.YieldsAs = sortedTypes(out)
}

// Seed is a way into a collection from the subject's identities.
type Seed struct {
	connectors.Need
	Field  *Field
	Normal Normal
	Shared bool // what is reached is not the subject's own
}

// Seeds are the ways into the collection, in a stable order. A key of this
// collection that another system leads to is a reference from there: what it
// reaches is shared, as it would be within one system.
func (c *Collection) Seeds() []Seed {
	if c.Skip {
		return nil
	}
	var out []Seed
	need := func(t connectors.IdentityType) connectors.Need {
		return connectors.Need{Type: t, Vendor: c.Scope.Kind == ScopeNone}
	}
	for _, f := range c.Fields {
		if f.Identity != "" {
			out = append(out, Seed{need(f.Identity), f, f.Normalise, false})
		}
		for _, t := range f.Needs {
			out = append(out, Seed{need(t), f, NormalNone, false})
		}
		if c.KeyField() == f && (c.GatherShared || c.Owned) {
			out = append(out, Seed{need(c.Qualified(f)), f, NormalNone, true})
		}
	}
	return out
}

// followed is false for a way in that nothing can take: an address comes from
// requests, and anybody may have written it.
func (s Seed) followed() bool {
	return s.Type != connectors.Email || s.Leads(connectors.Email, false)
}

// Referrers are the fields, of whichever collection, that refer to a field of
// c over a link: those who may also hold on to its rows. Whatever the link's
// direction and whether or not it is followed.
func (m *Map) Referrers(c *Collection, f *Field) []Referrer {
	var out []Referrer
	for _, l := range m.Links {
		switch {
		case l.More != nil: // it refers to no one field
		case l.Parent == c && l.ParentField == f:
			out = append(out, Referrer{l.Child, l.ChildField, l.Keyed})
		case !l.Keyed && l.Child == c && l.ChildField == f:
			out = append(out, Referrer{l.Parent, l.ParentField, false})
		}
	}
	return out
}

// Referrer is a field that refers to another collection's.
type Referrer struct {
	Collection *Collection
	Field      *Field
	Keyed      bool // the reference is to a primary key
}

func sortedTypes(list []connectors.IdentityType) []connectors.IdentityType {
	out := slices.Clone(list)
	slices.Sort(out)
	return slices.Compact(out)
}

// Identities are the fields by which the collection's rows name a person.
func (c *Collection) Identities() []*Field {
	return c.where(func(f *Field) bool { return f.Identity != "" })
}

// MeetsOthers is true if the collection's rows name a person and may be
// reached by something else: a reference, or a key that another system tells.
// Such a row may name somebody who is not the subject.
func (m *Map) MeetsOthers(c *Collection) bool {
	return len(c.Identities()) > 0 && len(m.waysBeside(c)) > 0
}

// waysBeside are the fields by which rows are reached other than by an
// identity of their own.
func (m *Map) waysBeside(c *Collection) []string {
	var out []string
	for _, s := range c.Seeds() {
		if s.Type != s.Field.Identity {
			out = append(out, s.Field.Path)
		}
	}
	for _, e := range m.Edges {
		if e.To == c {
			out = append(out, strings.ReplaceAll(KeyName(e.ToFields()...), keySeparator, " with "))
		}
	}
	return sortedSet(out)
}

// Clears are the references to the collection's rows that a delete of such a
// row clears in rows that stay.
func (m *Map) Clears(c *Collection) []*Link {
	var out []*Link
	for _, l := range m.Links {
		if f := l.Clearing(); l.Parent == c && l.Keyed && f != nil && f.SetNull && !l.Child.Skip {
			out = append(out, l)
		}
	}
	return out
}

// Goes is true if no row that refers over the link stays when the row that it
// refers to is deleted as the subject's: the map deletes it too, or clears the
// reference. Rows that name somebody else stay.
func (m *Map) Goes(l *Link) bool {
	f := l.Clearing()
	switch {
	case l.Child.Skip || !l.Keyed || l.Where != nil:
		return false
	case f != nil && f.SetNull:
		return true
	case l.Live:
		return m.covered(l)
	case !l.Down || m.MeetsOthers(l.Child):
		return false
	case l.Child.Action == connectors.ActionMask || l.Child.Action == connectors.ActionAggregate:
		return slices.ContainsFunc(l.Pairs(), func(p Pair) bool { return p.Child.Mask != nil && p.Child.Mask.Strategy == StrategyNull })
	default:
		return l.Child.Action == connectors.ActionDelete
	}
}

// OwnsRows is true if rows of the collection may be the subject's own.
func (m *Map) OwnsRows(c *Collection) bool {
	return slices.ContainsFunc(c.Seeds(), func(s Seed) bool { return !s.Shared }) ||
		slices.ContainsFunc(m.Edges, func(e Edge) bool { return e.To == c && !e.Shared })
}

// covered is true if whatever refers over a live key to a row that is the
// subject's own is theirs too, by what the map says of both: each way that
// leads to the parent leads to the child, from the same rows, over a column of
// the key.
func (m *Map) covered(l *Link) bool {
	if l.Child.Action != connectors.ActionDelete || m.MeetsOthers(l.Child) || slices.ContainsFunc(l.Parent.Seeds(), func(s Seed) bool { return !s.Shared }) {
		return false
	}
	both := func(e Edge) bool {
		return slices.ContainsFunc(m.Edges, func(d Edge) bool {
			return !d.Shared && d.To == l.Child && d.From == e.From && d.FromField == e.FromField && d.FromMore == nil && d.Where == nil &&
				slices.Contains(l.Pairs(), Pair{d.ToField, e.ToField})
		})
	}
	ways := 0
	for _, e := range m.Edges {
		if e.To != l.Parent || e.Shared {
			continue
		}
		if ways++; e.FromMore != nil || !both(e) {
			return false
		}
	}
	return ways > 0
}
