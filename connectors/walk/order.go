package walk

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"privacydesk/connectors"
	"privacydesk/connectors/dataset"
)

// constraint says that before is erased ahead of after. link is the reference
// behind it, or nil if the map says so itself.
type constraint struct {
	before, after *node
	link          *dataset.Link
}

// arrange orders the collections, children first. A circle of references is
// cut where a reference can be set to NULL in rows that are deleted anyway;
// if it can't, deletes are refused, and the reason is returned.
func (p *Plan) arrange() string {
	constraints := p.constraints()
	left := make([]*node, 0, len(p.nodes))
	for _, n := range p.nodes {
		left = append(left, n)
	}
	slices.SortFunc(left, func(a, b *node) int { return cmp.Compare(a.c.Key, b.c.Key) })
	why := ""
	for len(left) > 0 {
		i := slices.IndexFunc(left, func(n *node) bool { return free(n, left, constraints) })
		if i >= 0 {
			p.order = append(p.order, left[i])
			left = slices.Delete(left, i, i+1)
			continue
		}
		c := chooseCut(p.m, left, constraints)
		if c < 0 {
			why = "the references go round in a circle that can't be broken: " + names(left)
			p.order = append(p.order, left...)
			break
		}
		constraints[c].before.cut(constraints[c].link.Clearing())
		constraints = slices.Delete(constraints, c, c+1)
	}
	return why
}

func (n *node) cut(f *dataset.Field) {
	if !slices.Contains(n.nulls, f.Path) {
		n.nulls = append(n.nulls, f.Path)
		slices.Sort(n.nulls)
	}
}

// constraints of the map. A row goes before what it refers to; a reference
// within one collection is nulled first where that is possible, for rows are
// deleted in batches.
func (p *Plan) constraints() []constraint {
	var out []constraint
	for _, l := range p.m.Links {
		child, parent := p.nodes[l.Child.Key], p.nodes[l.Parent.Key]
		switch {
		case child == nil || parent == nil:
		case child == parent:
			if l.Keyed && nullable(l) {
				child.cut(l.Clearing())
			}
		case l.Keyed && (l.Parent.Action == connectors.ActionDelete || l.Parent.Owned):
			out = append(out, constraint{child, parent, l})
		case !l.Keyed && l.Parent.Owned && !l.Child.Owned:
			out = append(out, constraint{child, parent, l})
		case !l.Keyed && l.Child.Owned && !l.Parent.Owned:
			out = append(out, constraint{parent, child, nil})
		}
	}
	for _, n := range p.nodes {
		for _, key := range n.c.EraseAfter {
			if first := p.nodes[key]; first != nil {
				out = append(out, constraint{first, n, nil})
			}
		}
	}
	slices.SortStableFunc(out, func(a, b constraint) int { return cmp.Compare(constraintKey(a), constraintKey(b)) })
	return out
}

func constraintKey(c constraint) string {
	s := c.before.c.Key + "\x00" + c.after.c.Key
	if c.link != nil {
		s += "\x00" + c.link.ChildField.Path
	}
	return s
}

// free is true if nothing that is left has to go before n.
func free(n *node, left []*node, constraints []constraint) bool {
	return !slices.ContainsFunc(constraints, func(c constraint) bool {
		return c.after == n && slices.Contains(left, c.before)
	})
}

// chooseCut picks the constraint of a circle to break: one that is not used
// to find rows, if there is such a one.
func chooseCut(m *dataset.Map, left []*node, constraints []constraint) int {
	best := -1
	for i, c := range constraints {
		if c.link == nil || !nullable(c.link) || !leads(c.after, c.before, left, constraints) {
			continue
		}
		if !m.LeadsIn(c.link.Child, c.link.Clearing()) {
			return i
		}
		if best < 0 {
			best = i
		}
	}
	return best
}

// nullable is true if the child's rows are the subject's to change and can do
// without the reference until they are deleted.
func nullable(l *dataset.Link) bool {
	return l.Keyed && l.Child.Action == connectors.ActionDelete && l.Clearing() != nil
}

// leads is true if constraints among left lead from one node to another.
func leads(from, to *node, left []*node, constraints []constraint) bool {
	if !slices.Contains(left, from) || !slices.Contains(left, to) {
		return false
	}
	seen := map[*node]bool{from: true}
	for queue := []*node{from}; len(queue) > 0; queue = queue[1:] {
		if queue[0] == to {
			return true
		}
		for _, c := range constraints {
			if c.before == queue[0] && !seen[c.after] && slices.Contains(left, c.after) {
				seen[c.after] = true
				queue = append(queue, c.after)
			}
		}
	}
	return false
}

func names(nodes []*node) string {
	var out []string
	for _, n := range nodes {
		out = append(out, n.c.Key)
	}
	if len(out) > 6 {
		out = append(out[:6], fmt.Sprintf("and %d more", len(out)-6))
	}
	return strings.Join(out, ", ")
}
