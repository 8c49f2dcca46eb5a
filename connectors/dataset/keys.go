package dataset

import "slices"

// ForeignKey is a reference that a database keeps between two collections.
type ForeignKey struct {
	Child, Parent *Collection
	Pairs         []Pair
}

// WithKeys is the map as a database's foreign keys complete it. A reference
// over some columns of such a key goes by all of them, and leads to whose the
// row is; its direction stays the map's word. A key that no reference names
// leads nowhere: it gives order, and holds rows. Collections and digest are
// the map's own.
func (m *Map) WithKeys(keys []ForeignKey) *Map {
	out := *m
	out.Links, out.Edges = nil, nil
	for _, l := range m.Links {
		same := *l
		out.Links = append(out.Links, &same)
	}
	changed := false
	for _, k := range keys {
		if l := newLink(k.Child, k.Parent, k.Pairs); l != nil && !k.Child.Skip && !k.Parent.Skip {
			changed = out.complete(l) || changed
		}
	}
	if !changed {
		return m
	}
	s := &resolver{m: &out}
	s.tidyLinks()
	s.edges()
	out.problems = findProblems(&out)
	return &out
}

// complete takes a live key in. It reports whether that changed anything.
func (m *Map) complete(key *Link) bool {
	key.Keyed = true
	within := func(p Pair) bool { return slices.Contains(key.Pairs(), p) }
	known, changed := false, false
	for i, l := range m.Links {
		same := l.Child == key.Child && l.Parent == key.Parent
		back := l.Child == key.Parent && l.Parent == key.Child && !l.Keyed
		for _, p := range l.Pairs() {
			same = same && within(p)
			back = back && within(Pair{p.Parent, p.Child})
		}
		if !same && !back || l.Where != nil {
			continue
		}
		known = true
		if l.Keyed {
			continue
		}
		whole := *key
		whole.Down, whole.Up = l.Down, l.Up
		if !same {
			whole.Down, whole.Up = l.Up, l.Down
		}
		m.Links[i], changed = &whole, true
	}
	if !known {
		key.Live = true
		m.Links = append(m.Links, key)
	}
	return changed || !known
}
