package dataset

import (
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// wideReference is a reference over several columns, unresolved: fideslang has
// none.
type wideReference struct {
	to       string
	fields   [][2]string // of this collection, of the other
	down, up bool
	line     int
}

// takeWide reads `{to: line, fields: {order_no: order_no, line_no: no},
// direction: from}`.
func (c *Collection) takeWide(o *object, n *yaml.Node) {
	e := o.r.object(n, o.where+" references")
	if e == nil {
		return
	}
	ref := wideReference{to: e.str("to"), line: e.line}
	switch dir := e.str("direction"); dir {
	case "from":
		ref.down = true
	case "to":
		ref.up = true
	default:
		o.r.fail(e.line, o.where, fmt.Sprintf("a reference over several columns has the direction from or to, not %q", dir), "say `direction: from` if a row belongs to whose row it refers to, else `direction: to`")
		return
	}
	if fields := e.sub("fields"); fields != nil {
		for _, name := range fields.order {
			ref.fields = append(ref.fields, [2]string{name, fields.str(name)})
		}
	}
	e.strict()
	if ref.to == "" || len(ref.fields) == 0 {
		o.r.fail(e.line, o.where, "a reference over several columns names a collection and the fields on both sides", "say `{to: line, fields: {order_no: order_no, line_no: line_no}, direction: from}`")
		return
	}
	c.wide = append(c.wide, ref)
}

// wideLink makes a link of a reference over several columns. The tenant's are
// left out: a row's tenant is compared anyway.
func (s *resolver) wideLink(c *Collection, ref wideReference) {
	to := s.m.index[c.Dataset+"."+ref.to]
	if to == nil {
		to = s.m.index[ref.to]
	}
	if to == nil {
		s.fail(c, ref.line, c.Key, fmt.Sprintf("the reference leads to %q, and there is no such collection", ref.to), "name a collection of this map")
		return
	}
	var pairs []Pair
	for _, f := range ref.fields {
		child, parent := c.fields[f[0]], to.fields[f[1]]
		switch {
		case child == nil || child.Container:
			s.fail(c, ref.line, c.Key, fmt.Sprintf("the reference goes by the field %q, which %s does not have", f[0], c.Key), "correct the name, or add the field")
			return
		case parent == nil || parent.Container:
			s.fail(c, ref.line, c.Key, fmt.Sprintf("the reference goes by the field %q, which %s does not have", f[1], to.Key), "correct the name, or add the field")
			return
		}
		pairs = append(pairs, Pair{child, parent})
	}
	l := newLink(c, to, pairs)
	if l == nil || !l.wholeKey() {
		s.fail(c, ref.line, c.Key, fmt.Sprintf("the fields of %s to which the reference leads are not its primary key", to.Key), "name each part of the primary key, and mark them primary_key")
		return
	}
	l.Keyed, l.Down, l.Up = true, ref.down, ref.up
	s.m.Links = append(s.m.Links, l)
}

// newLink makes a link over pairs of fields, in the order of the child's, and
// without the tenant's. It is nil where nothing else is left, or where no name
// for such a key can be made.
func newLink(child, parent *Collection, pairs []Pair) *Link {
	pairs = slices.DeleteFunc(slices.Clone(pairs), func(p Pair) bool { return child.scopedBy(p.Child) && parent.scopedBy(p.Parent) })
	if len(pairs) == 0 {
		return nil
	}
	slices.SortFunc(pairs, func(a, b Pair) int { return strings.Compare(a.Child.Path, b.Child.Path) })
	for _, p := range pairs {
		if len(pairs) > 1 && (strings.Contains(p.Child.Path, keySeparator) || strings.Contains(p.Parent.Path, keySeparator)) {
			return nil
		}
	}
	return &Link{Child: child, Parent: parent, ChildField: pairs[0].Child, ParentField: pairs[0].Parent, More: pairs[1:]}
}

// Pairs are all columns of the reference.
func (l *Link) Pairs() []Pair {
	return append([]Pair{{l.ChildField, l.ParentField}}, l.More...)
}

// wholeKey is true if the parent's fields are its primary key, beside its
// tenant field.
func (l *Link) wholeKey() bool {
	key := slices.DeleteFunc(l.Parent.PrimaryKey(), l.Parent.scopedBy)
	for _, p := range l.Pairs() {
		key = slices.DeleteFunc(key, func(f *Field) bool { return f == p.Parent })
	}
	return len(key) == 0 && len(slices.DeleteFunc(l.Parent.PrimaryKey(), l.Parent.scopedBy)) == len(l.Pairs())
}

// Clearing is the field that is set to NULL so that the reference refers to
// nothing; one column of a key of several is enough. Nil if there is none that
// may be.
func (l *Link) Clearing() *Field {
	var out *Field
	for _, p := range l.Pairs() {
		f := p.Child
		switch {
		case f.SetNull:
			return f
		case out == nil && !f.PrimaryKey && !f.ReadOnly && !l.Child.recognisedBy(f):
			out = f
		}
	}
	return out
}

// recognisedBy is true if a row's tenant is told by the field.
func (c *Collection) recognisedBy(f *Field) bool {
	if len(c.Scope.Hops) > 0 {
		return c.Scope.Hops[0].Field == f.Path
	}
	return c.Scope.Field == f.Path
}

// keySeparator stands between the fields of a key of several.
const keySeparator = "^"

// KeyName is the name of a key of one or several fields.
func KeyName(fields ...*Field) string {
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.Path
	}
	return strings.Join(names, keySeparator)
}

// KeyFields are the fields of a key of that name, or nil if a field is not there.
func (c *Collection) KeyFields(name string) []*Field {
	if f := c.fields[name]; f != nil {
		return []*Field{f}
	}
	var out []*Field
	for _, part := range strings.Split(name, keySeparator) {
		f := c.fields[part]
		if f == nil {
			return nil
		}
		out = append(out, f)
	}
	return out
}
