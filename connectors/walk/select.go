package walk

import (
	"slices"
	"strings"

	"privacydesk/connectors"
	"privacydesk/connectors/dataset"
)

// Reads lists what a finding reaches, parents first, for gathering and for
// counting. Collections that nothing reaches are left out.
func (p *Plan) Reads(tenant string, f *connectors.Finding) ([]Selection, error) {
	out, err := p.selections("gather", tenant, f)
	slices.Reverse(out)
	return out, err
}

// Erases lists what a delete does to what a finding reaches, children first.
// It fails with Misfit if the map forbids deletes.
func (p *Plan) Erases(tenant string, f *connectors.Finding) ([]EraseStep, error) {
	if p.refuses != "" {
		return nil, connectors.NewError(connectors.Misfit, "erase", p.refuses, nil).WithMend("mend the data map")
	}
	selections, err := p.selections("erase", tenant, f)
	if err != nil {
		return nil, err
	}
	var nulls, rest []EraseStep
	for _, s := range selections {
		if !s.Collection.Owned {
			s.Shared, s.Guards = nil, nil
		}
		if len(s.Owned)+len(s.Pinned)+len(s.Shared) == 0 {
			continue
		}
		switch s.Action {
		case connectors.ActionDelete:
			if fields := p.nodes[s.Collection.Key].nulls; len(fields) > 0 && len(s.Owned)+len(s.Pinned) > 0 {
				own := s
				own.Shared, own.Guards = nil, nil
				nulls = append(nulls, EraseStep{Op: OpNull, Selection: own, Fields: slices.Clone(fields)})
			}
			rest = append(rest, EraseStep{Op: OpDelete, Selection: s})
		case connectors.ActionMask, connectors.ActionAggregate:
			rest = append(rest, EraseStep{Op: OpMask, Selection: s})
		case connectors.ActionRetain:
		case connectors.ActionNone: // refused above
		}
	}
	return append(nulls, rest...), nil
}

// selections, children first.
func (p *Plan) selections(op, tenant string, f *connectors.Finding) ([]Selection, error) {
	if strings.TrimSpace(tenant) == "" {
		return nil, connectors.NewError(connectors.Misfit, op, "the request's tenant is empty", nil)
	}
	if err := p.checkFinding(op, f); err != nil {
		return nil, err
	}
	var out []Selection
	for _, n := range p.order {
		own, shared := n.own(f.Set(n.c.Key))
		if len(own.Owned)+len(own.Pinned)+len(shared) == 0 {
			continue
		}
		s := Selection{
			Collection: n.c, Scope: scopeOf(n.c, tenant), Own: own, Shared: shared,
			Masks: n.c.Masked(), Action: n.c.Action,
		}
		if n.c.Owned {
			s.Guards = p.guards(n, tenant, shared, f)
		}
		if n.c.Action == connectors.ActionDelete {
			s.Clears = p.clears(n, tenant, f)
		}
		out = append(out, s)
	}
	return out, nil
}

// checkFinding refuses a finding that doesn't fit the map, and an empty value
// before it could compile into anything.
func (p *Plan) checkFinding(op string, f *connectors.Finding) error {
	if f == nil {
		return nil
	}
	for _, s := range f.Sets {
		n := p.nodes[s.Collection]
		if n == nil {
			return strange(s.Collection)
		}
		for _, l := range s.Links {
			if _, field := splitName(l.Field); n.c.KeyFields(field) == nil {
				return strange(s.Collection + "." + l.Field)
			}
			if slices.ContainsFunc(l.Values, connectors.Value.IsEmpty) {
				return connectors.NewError(connectors.Broken, op, "the finding holds an empty value for "+s.Collection+"."+l.Field, nil)
			}
		}
	}
	return nil
}

// clears are the references to a collection's rows that go with them.
func (p *Plan) clears(n *node, tenant string, f *connectors.Finding) []Clear {
	var out []Clear
	for _, l := range p.m.Clears(n.c) {
		c := Clear{Collection: l.Child, Scope: scopeOf(l.Child, tenant), Field: l.Clearing().Path, Pairs: l.Pairs()}
		if letsGo(l.Child, l.Clearing()) {
			c.Goes, _ = p.nodes[l.Child.Key].own(f.Set(l.Child.Key))
		}
		out = append(out, c)
	}
	return out
}

// guards are all who may hold on to the shared rows that a delete would take:
// whoever refers to them by whichever field.
func (p *Plan) guards(n *node, tenant string, shared []connectors.Link, f *connectors.Finding) []Guard {
	if len(shared) == 0 {
		return nil
	}
	var out []Guard
	guard := func(from *dataset.Collection, field, key *dataset.Field, more []dataset.Pair) {
		g := Guard{Collection: from, Field: field.Path, Key: key.Path, More: more, Scope: scopeOf(from, tenant)}
		if n := p.nodes[from.Key]; n != nil && letsGo(from, append([]*dataset.Field{field}, childFields(more)...)...) {
			g.Ours, _ = n.own(f.Set(from.Key))
		}
		out = append(out, g)
	}
	for _, key := range n.c.Fields {
		reached := slices.ContainsFunc(shared, func(l connectors.Link) bool { return l.Field == key.Path })
		for _, r := range p.m.Referrers(n.c, key) {
			if r.Keyed || reached {
				guard(r.Collection, r.Field, key, nil)
			}
		}
	}
	for _, l := range p.m.Links {
		if l.Parent == n.c && l.More != nil {
			guard(l.Child, l.ChildField, l.ParentField, l.More)
		}
	}
	return out
}

func childFields(pairs []dataset.Pair) []*dataset.Field {
	out := make([]*dataset.Field, len(pairs))
	for i, p := range pairs {
		out[i] = p.Child
	}
	return out
}

// letsGo is true if a delete makes the subject's own rows stop referring by
// these fields.
func letsGo(c *dataset.Collection, fields ...*dataset.Field) bool {
	switch c.Action {
	case connectors.ActionDelete:
		return true
	case connectors.ActionMask, connectors.ActionAggregate:
		return slices.ContainsFunc(fields, func(f *dataset.Field) bool { return f.Mask != nil && f.Mask.Strategy == dataset.StrategyNull })
	default:
		return false
	}
}
