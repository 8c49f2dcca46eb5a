package dataset

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"privacydesk/connectors"
)

// Condition confines a reference to the rows whose field holds one of the
// values: of a polymorphic reference, those of one type.
type Condition struct {
	Field  *Field
	Values []connectors.Value
}

// Holds reports whether a stored value is one of the condition's, exactly.
func (c Condition) Holds(v connectors.Value) bool { return slices.Contains(c.Values, v) }

// condition is a Condition as the map spells it.
type condition struct {
	field  string
	values []connectors.Value
}

// takeWhere reads `privacydesk: {where: {notable_type: Customer}}` of a
// reference.
func (ref *reference) takeWhere(o *object) {
	ours := o.sub("privacydesk")
	if ours == nil {
		return
	}
	if w := ours.sub("where"); w != nil {
		for _, field := range w.order {
			c := condition{field: field}
			n := w.get(field)
			switch {
			case n != nil && n.Kind == yaml.SequenceNode && len(n.Content) > 0:
				for _, item := range n.Content {
					c.take(w, item)
				}
			default:
				c.take(w, n)
			}
			ref.conditions = append(ref.conditions, c)
		}
	}
	ours.strict()
	if len(ref.conditions) == 0 {
		o.r.fail(ours.line, o.where, "the reference says under privacydesk no condition", "say `privacydesk: {where: {field: value}}`")
	}
}

// take reads one value: a text, or a whole number.
func (c *condition) take(o *object, n *yaml.Node) {
	n = deref(n)
	if n != nil && n.Kind == yaml.ScalarNode && n.ShortTag() == "!!int" {
		if i, err := strconv.ParseInt(n.Value, 10, 64); err == nil {
			c.values = append(c.values, connectors.Int(i))
			return
		}
	}
	if n != nil && n.Kind == yaml.ScalarNode && n.ShortTag() == "!!str" && strings.TrimSpace(n.Value) != "" {
		c.values = append(c.values, connectors.Text(n.Value))
		return
	}
	o.r.fail(o.lineOf(c.field), o.where, "a condition's value is a text or a whole number, or a list of them", "say `where: {"+c.field+": VALUE}`, a text in quotes if it looks like a number")
}

// where resolves a reference's conditions. ok is false if one can't be met,
// which is said.
func (s *resolver) where(c *Collection, f *Field, ref reference) (out []Condition, ok bool) {
	ok = true
	for _, cond := range ref.conditions {
		at := c.fields[cond.field]
		switch {
		case at == nil || at.Container || at == f || strings.Contains(at.Path, keySeparator) || strings.Contains(f.Path, keySeparator):
			ok = false
			s.fail(c, ref.line, ref.where, fmt.Sprintf("the reference's condition is on %q, which is no other field of the collection", cond.field), "name a field of "+c.Key)
		default:
			out = append(out, Condition{at, cond.values})
		}
	}
	slices.SortFunc(out, func(a, b Condition) int { return cmp.Compare(a.Field.Path, b.Field.Path) })
	return out, ok
}

// spelled is a link's conditions as one text, or "".
func (l *Link) spelled() string {
	var out []string
	for _, c := range l.Where {
		for _, v := range c.Values {
			out = append(out, c.Field.Path+"="+v.Raw())
		}
	}
	slices.Sort(out)
	return strings.Join(out, "\x00")
}

// Reached are the keys by which the edge leads from a row: the row's own
// values with what each condition asks of the rows that are reached. Join makes
// one of several.
func (e Edge) Reached(own []connectors.Value) [][]connectors.Value {
	out := [][]connectors.Value{own}
	for _, c := range e.Where {
		var next [][]connectors.Value
		for _, parts := range out {
			for _, v := range c.Values {
				next = append(next, append(slices.Clone(parts), v))
			}
		}
		out = next
	}
	return out
}
