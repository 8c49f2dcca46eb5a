package walk

import (
	"fmt"
	"slices"

	"privacydesk/connectors"
	"privacydesk/connectors/dataset"
)

// node is what a plan knows of one collection.
type node struct {
	c     *dataset.Collection
	seeds []dataset.Seed
	out   []dataset.Edge
	// pin is the key by which the subject's own rows are remembered, because
	// an erase changes the fields by which they were found; else nil.
	pin     *dataset.Field
	pinMark mark
	yields  []*dataset.Field
	// meets is true if rows may be reached that name somebody else.
	meets bool
	// nulls are the fields that are set to NULL before anything is deleted.
	nulls []string
	fetch []string // fields that Feed needs beside the links' own
}

// New makes a plan of a data map. It fails with Misfit if the map forbids
// reading (a collection that is not scoped to a tenant).
func New(m *dataset.Map) (*Plan, error) {
	if why := m.Blocked(); why != "" {
		return nil, connectors.NewError(connectors.Misfit, "plan", why, nil).WithMend("mend the data map")
	}
	p := &Plan{m: m, nodes: map[string]*node{}, refuses: m.RefusesErase()}
	for _, c := range m.All() {
		if !c.Skip {
			p.nodes[c.Key] = &node{c: c, seeds: c.Seeds(), meets: m.MeetsOthers(c)}
		}
	}
	for _, e := range m.Edges {
		from := p.nodes[e.From.Key]
		from.out = append(from.out, e)
	}
	if why := p.arrange(); why != "" && p.refuses == "" {
		p.refuses = why
	}
	for _, n := range p.order {
		if why := p.prepare(n); why != "" && p.refuses == "" {
			p.refuses = why
		}
	}
	return p, nil
}

// Map is the plan's data map.
func (p *Plan) Map() *dataset.Map { return p.m }

// RefusesErase is why Erases would fail, or "". It is never less strict than
// the map's own word.
func (p *Plan) RefusesErase() string { return p.refuses }

// Nulls are the fields that are set to NULL in a collection's rows before any
// is deleted, because their references go round in a circle.
func (p *Plan) Nulls(c *dataset.Collection) []string {
	if n := p.nodes[c.Key]; n != nil {
		return slices.Clone(n.nulls)
	}
	return nil
}

// Elsewhere are the collections that are not searched for a tenant, because
// they are another one's place.
func (p *Plan) Elsewhere(tenant string) []*dataset.Collection {
	var out []*dataset.Collection
	for _, c := range p.m.All() {
		if !c.Skip && c.Scope.Elsewhere(tenant) {
			out = append(out, c)
		}
	}
	return out
}

// Profile is the map's, with what only the plan knows about erasing.
func (p *Plan) Profile() connectors.Profile {
	out := p.m.Profile()
	out.RefusesErase = p.refuses
	return out
}

// Problems are the map's, and what only the plan knows about erasing.
func (p *Plan) Problems() []connectors.Problem {
	out := p.m.Problems()
	if p.refuses != "" && p.m.RefusesErase() == "" {
		out = append([]connectors.Problem{{Severity: connectors.SeverityDeletes, What: p.refuses, Mend: "let one of the references be changed, or mark a primary key of one field"}}, out...)
	}
	return out
}

// prepare settles what has to be fetched of a collection's rows.
func (p *Plan) prepare(n *node) string {
	for _, f := range n.c.Fields {
		if len(f.YieldsAs) > 0 && !f.Container {
			n.yields = append(n.yields, f)
		}
	}
	lost := p.lostField(n)
	if lost != "" {
		n.pin = n.c.KeyField()
	}
	if n.meets && slices.ContainsFunc(n.c.Masked(), func(f *dataset.Field) bool { return f.Identity != "" }) {
		n.pinMark = markPinned
	}
	fields := map[string]bool{}
	for _, e := range n.out {
		for _, f := range e.FromFields() {
			fields[f.Path] = true
		}
		for _, c := range e.If {
			fields[c.Field.Path] = true
		}
	}
	for _, f := range n.yields {
		fields[f.Path] = true
	}
	if n.pin != nil {
		fields[n.pin.Path] = true
	}
	if n.meets {
		for _, f := range n.c.Identities() {
			fields[f.Path] = true
		}
	}
	for f := range fields {
		n.fetch = append(n.fetch, f)
	}
	slices.Sort(n.fetch)
	if lost != "" && n.pin == nil {
		return fmt.Sprintf("%s.%s: rows are found by this field, a delete changes it first, and no key of one field could find them again", n.c.Key, lost)
	}
	return ""
}

// lostField is a field by which rows are found and that an erase changes
// while the rows stay, for a while or for good.
func (p *Plan) lostField(n *node) string {
	for _, f := range n.c.Masked() {
		if p.m.LeadsIn(n.c, f) {
			return f.Path
		}
	}
	for _, f := range n.c.Fields {
		if f.SetNull && n.c.Action == connectors.ActionRetain && p.m.LeadsIn(n.c, f) {
			return f.Path
		}
	}
	for _, path := range n.nulls {
		if p.m.LeadsIn(n.c, n.c.Field(path)) {
			return path
		}
	}
	return ""
}

// scope is how a collection is confined to the subject's tenant.
func scopeOf(c *dataset.Collection, tenant string) Scope {
	return Scope{Scope: c.Scope, Tenant: tenant}
}

// TenantIs reports whether a stored value is the tenant, exactly: by its
// bytes, its digits or its UUID.
func TenantIs(v connectors.Value, tenant string) bool {
	if v.IsEmpty() || tenant == "" {
		return false
	}
	switch v.Kind() {
	case connectors.KindText, connectors.KindInt, connectors.KindDecimal:
		return v.Raw() == tenant
	case connectors.KindUUID:
		u, err := connectors.ParseUUID(tenant)
		return err == nil && u == v
	default:
		return false
	}
}
