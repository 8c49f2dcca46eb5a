package dataset

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"privacydesk/connectors"
)

// resolver turns names into pointers once every file is read.
type resolver struct {
	m     *Map
	errs  []error
	notes []Note
	via   map[*Collection]bool // scopes being resolved, to find circles
}

func (s *resolver) fail(c *Collection, line int, where, what, mend string) {
	s.errs = append(s.errs, &Error{File: c.file, Line: line, Where: where, What: what, Mend: mend})
}

func (s *resolver) note(c *Collection, line int, where, what string) {
	s.notes = append(s.notes, Note{File: c.file, Line: line, Where: where, What: what, Severity: connectors.SeverityNote})
}

func (s *resolver) resolve() {
	s.via = map[*Collection]bool{}
	all := s.m.All()
	for _, c := range all {
		s.ownScope(c)
		s.implyAction(c)
		s.eraseAfter(c)
	}
	for _, c := range all {
		for _, f := range c.Fields {
			for _, ref := range f.references {
				s.reference(c, f, ref)
			}
		}
		for _, ref := range c.wide {
			s.wideLink(c, ref)
		}
	}
	s.tidyLinks()
	for _, c := range all {
		s.setNulls(c)
	}
	for _, c := range all {
		s.viaScope(c)
	}
	s.edges()
	for _, c := range all {
		for _, f := range c.Fields {
			s.yields(c, f)
		}
	}
}

// ownScope takes a scope that needs no other collection.
func (s *resolver) ownScope(c *Collection) {
	if c.tenant == nil {
		c.tenant = s.defaultTenant(c)
	}
	switch t := c.tenant; {
	case t == nil:
	case t.none:
		c.Scope = Scope{Kind: ScopeNone}
	case t.place != "":
		c.Scope = Scope{Kind: ScopePlace, Place: t.place}
	case t.field != "":
		if f := c.fields[t.field]; f != nil && f.Container {
			s.fail(c, t.line, c.Key, "the tenant field has parts", "name one of the parts")
			return
		}
		c.Scope = Scope{Kind: ScopeField, Field: t.field}
	}
}

// defaultTenant is the dataset's word, if the collection has such a field.
func (s *resolver) defaultTenant(c *Collection) *tenantSpec {
	i := slices.IndexFunc(s.m.Datasets, func(d *Dataset) bool { return d.Key == c.Dataset })
	t := s.m.Datasets[i].tenant
	if t != nil && t.field != "" && c.fields[t.field] == nil {
		return nil
	}
	return t
}

// implyAction: a map that masks fields and says no more means to de-identify.
func (s *resolver) implyAction(c *Collection) {
	if c.Action == connectors.ActionNone && slices.ContainsFunc(c.Fields, func(f *Field) bool { return f.Mask != nil || f.unusable != "" }) {
		c.Action = connectors.ActionMask
	}
	if c.Action == connectors.ActionDelete || c.Action == connectors.ActionRetain {
		for _, f := range c.Fields {
			if f.Mask != nil {
				s.note(c, f.Line, c.Key+"."+f.Path, fmt.Sprintf("the field's masking has no effect: the collection's on_delete is %s", c.Action))
			}
		}
	}
}

// setNulls: only a reference to a row of this map can be cleared with it. In a
// row that is de-identified it has nothing else to become.
func (s *resolver) setNulls(c *Collection) {
	for _, f := range c.Fields {
		if !f.SetNull {
			continue
		}
		refers := slices.ContainsFunc(s.m.Links, func(l *Link) bool { return l.Child == c && l.Keyed && l.Clearing() == f })
		confined := slices.ContainsFunc(s.m.Links, func(l *Link) bool { return l.Child == c && l.Where != nil && l.Clearing() == f })
		switch {
		case confined:
			s.fail(c, f.setNullLine, c.Key+"."+f.Path, "on_delete is set_null, and the field's reference has a condition: rows that refer to something else would lose it", "remove on_delete from the field")
		case !refers:
			s.fail(c, f.setNullLine, c.Key+"."+f.Path, "on_delete is set_null, and the field refers to no primary key of this map", "give the field its reference, or remove on_delete")
		case f.PrimaryKey || f.ReadOnly:
			s.fail(c, f.setNullLine, c.Key+"."+f.Path, "on_delete is set_null, and the field is a primary key or read_only", "remove on_delete, and delete the rows that refer")
		case f.Mask == nil && (c.Action == connectors.ActionMask || c.Action == connectors.ActionAggregate):
			f.Mask = &Mask{Strategy: StrategyNull}
		}
	}
}

func (s *resolver) eraseAfter(c *Collection) {
	c.EraseAfter = slices.DeleteFunc(c.EraseAfter, func(key string) bool {
		if s.m.index[key] != nil && key != c.Key {
			return false
		}
		s.note(c, c.eraseAfterLine, c.Key, fmt.Sprintf("erase_after %q has no effect: it is no other collection of this map", key))
		if near := connectors.Misspelt(key, slices.Sorted(maps.Keys(s.m.index))); near != "" && near != c.Key {
			n := &s.notes[len(s.notes)-1]
			n.Severity, n.Mend = weight("erase_after"), "did you mean "+near+"?"
		}
		return true
	})
}

// reference makes a link within the map, or a need or lead to other maps.
func (s *resolver) reference(c *Collection, f *Field, ref reference) {
	if !slices.ContainsFunc(s.m.Datasets, func(d *Dataset) bool { return d.Key == ref.dataset }) {
		t := connectors.IdentityType(ref.dataset + "." + ref.field)
		if ref.conditions != nil {
			s.fail(c, ref.line, ref.where, "the reference has a condition and leads to another map: conditions are kept within one", "put both collections into one system's map, or remove the reference")
		}
		if ref.down {
			f.Needs = append(f.Needs, t)
		}
		if ref.up {
			f.LeadsTo = append(f.LeadsTo, t)
		}
		return
	}
	tc, tf := s.target(ref)
	switch {
	case tc == nil:
		s.fail(c, ref.line, ref.where, fmt.Sprintf("the reference leads to %s.%s, and %s has no such collection", ref.dataset, ref.field, ref.dataset), "correct the name, or add the collection")
	case tf == nil:
		s.fail(c, ref.line, ref.where, fmt.Sprintf("the reference leads to %s.%s, and %s has no such field", ref.dataset, ref.field, tc.Key), "correct the name, or add the field")
	case tf == f:
		s.fail(c, ref.line, ref.where, "the field refers to itself", "name the field that it refers to")
	case tf.Container:
		s.fail(c, ref.line, ref.where, fmt.Sprintf("the reference leads to %s.%s, which has parts", ref.dataset, ref.field), "name one of the parts")
	case c.scopedBy(f) || tc.scopedBy(tf):
		s.note(c, ref.line, ref.where, "a reference over the tenant's field leads to no one in particular and is not followed")
	default:
		s.link(c, f, tc, tf, ref)
	}
}

// scopedBy is true if the field holds the collection's own tenant.
func (c *Collection) scopedBy(f *Field) bool {
	return c.Scope.Kind == ScopeField && len(c.Scope.Hops) == 0 && c.Scope.Field == f.Path
}

// target finds "collection.field" in a dataset; both may contain dots.
func (s *resolver) target(ref reference) (*Collection, *Field) {
	var found *Collection
	for i := range ref.field {
		if ref.field[i] != '.' {
			continue
		}
		if c := s.m.index[ref.dataset+"."+ref.field[:i]]; c != nil {
			if f := c.fields[ref.field[i+1:]]; f != nil {
				return c, f
			}
			found = c
		}
	}
	return found, nil
}

// link decides who refers to whom. The end that is a primary key is the
// parent; fideslang's direction only says which way to go.
func (s *resolver) link(c *Collection, f *Field, tc *Collection, tf *Field, ref reference) {
	l := &Link{Child: c, ChildField: f, Parent: tc, ParentField: tf, Down: ref.down, Up: ref.up}
	var ok bool
	if l.Where, ok = s.where(c, f, ref); !ok {
		return
	}
	switch {
	case tc.KeyField() == tf:
		l.Keyed = true
	case l.Where != nil:
		s.fail(c, ref.line, ref.where, fmt.Sprintf("the reference has a condition, and %s.%s is no primary key", tc.Key, tf.Path), "refer to the primary key, or mark it")
		return
	case c.KeyField() == f:
		l = &Link{Child: tc, ChildField: tf, Parent: c, ParentField: f, Down: ref.up, Up: ref.down, Keyed: true}
	default:
		s.note(c, ref.line, ref.where, fmt.Sprintf("neither the field nor %s.%s alone is a primary key: rows reached this way count as shared, not as the subject's own, unless the database has a foreign key over it", tc.Key, tf.Path))
	}
	if l.Self() && l.Down && l.Up {
		// Who answers to the subject, or replied, is someone else: it takes
		// an explicit "from" to call their rows the subject's.
		l.Down = false
		s.note(c, ref.line, ref.where, "a collection's reference to itself without a direction is only followed upwards")
	}
	s.m.Links = append(s.m.Links, l)
}

// tidyLinks sorts, merges what both ends said, and drops the mirror image of
// a link between two primary keys.
func (s *resolver) tidyLinks() {
	id := func(l *Link) string {
		out := l.Child.Key + "\x00" + l.Parent.Key
		for _, p := range l.Pairs() {
			out += "\x00" + p.Child.Path + "\x00" + p.Parent.Path
		}
		if l.Where != nil {
			out += "\x00\x00" + l.spelled()
		}
		return out
	}
	slices.SortStableFunc(s.m.Links, func(a, b *Link) int { return cmp.Compare(id(a), id(b)) })
	byID := map[string]*Link{}
	var out []*Link
	for _, l := range s.m.Links {
		if same := byID[id(l)]; same != nil {
			same.Down, same.Up = same.Down || l.Down, same.Up || l.Up
			continue
		}
		byID[id(l)] = l
		out = append(out, l)
	}
	s.m.Links = slices.DeleteFunc(out, func(l *Link) bool {
		if l.More != nil || l.Where != nil {
			return false
		}
		mirror := byID[id(&Link{Child: l.Parent, ChildField: l.ParentField, Parent: l.Child, ParentField: l.ChildField})]
		return mirror != nil && mirror != l && mirror.Down && !l.Down
	})
}

// viaScope follows `tenant: {via: …}` until a field is found.
func (s *resolver) viaScope(c *Collection) {
	t := c.tenant
	if t == nil || t.via == "" || c.Scope.Kind != ScopeMissing {
		return
	}
	if s.via[c] {
		s.fail(c, t.line, c.Key, "the tenant scopes lead round in a circle", "scope one of the collections by a field")
		return
	}
	s.via[c] = true
	parent := s.m.index[c.Dataset+"."+t.via]
	if parent == nil {
		parent = s.m.index[t.via]
	}
	if parent == nil || parent == c {
		s.fail(c, t.line, c.Key, fmt.Sprintf("tenant via %q: there is no such other collection", t.via), "name a collection of this map")
		return
	}
	hop, ok := s.hop(c, parent, t)
	if !ok {
		return
	}
	s.viaScope(parent)
	switch parent.Scope.Kind {
	case ScopeField:
		c.Scope = Scope{Kind: ScopeField, Field: parent.Scope.Field, Hops: append([]Hop{hop}, parent.Scope.Hops...)}
	case ScopePlace:
		c.Scope = parent.Scope
	case ScopeNone:
		s.fail(c, t.line, c.Key, fmt.Sprintf("tenant via %s, which records no tenant", parent.Key), "scope it by a field, or say `tenant: none` here too")
	case ScopeMissing: // said of the parent
	}
}

// hop picks the link over which a scope is taken. A child has one parent, so
// its scope is the parent's. The other way round, from the row that is
// referred to, only a value that the vendor assigned proves anything: a
// tenant may write any other number into its own row.
func (s *resolver) hop(c, to *Collection, t *tenantSpec) (Hop, bool) {
	var hops, back, refused []Hop
	for _, l := range s.m.Links {
		switch {
		case !l.Keyed || l.Self() || l.More != nil || l.Where != nil:
		case l.Child == c && l.Parent == to && (t.by == "" || t.by == l.ChildField.Path):
			hops = append(hops, Hop{l.ChildField.Path, to, l.ParentField.Path})
		case l.Parent == c && l.Child == to && (t.by == "" || t.by == l.ParentField.Path):
			h := Hop{l.ParentField.Path, to, l.ChildField.Path}
			if l.ChildField.VendorAssigned {
				back = append(back, h)
			} else {
				refused = append(refused, h)
			}
		}
	}
	if len(hops) == 0 {
		hops = back
	}
	switch {
	case len(hops) == 1:
		return hops[0], true
	case len(hops) > 1:
		var fields []string
		for _, h := range hops {
			fields = append(fields, h.Field)
		}
		s.fail(c, t.line, c.Key, fmt.Sprintf("tenant via %s: several references lead there (%s)", to.Key, strings.Join(fields, ", ")), "say which with `by: field`")
	case len(refused) > 0:
		s.fail(c, t.line, c.Key, fmt.Sprintf("tenant via %s: a tenant could write any value into %s.%s", to.Key, to.Key, refused[0].ToField), "mark that field `privacydesk: {vendor_assigned: true}` if the vendor assigns it; otherwise scope this collection by a field")
	default:
		s.fail(c, t.line, c.Key, fmt.Sprintf("tenant via %s: no reference to its primary key leads there", to.Key), "add the reference, or mark the primary key")
	}
	return Hop{}, false
}
