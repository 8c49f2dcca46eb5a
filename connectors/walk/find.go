package walk

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"privacydesk/connectors"
	"privacydesk/connectors/dataset"
)

// Walk is one subject's way through a system. It is not safe for concurrent
// use.
type Walk struct {
	plan    *Plan
	subject connectors.Subject
	limits  Limits
	parts   map[*node]*part
	yields  map[connectors.Identity]bool
	known   []connectors.Identity
	keys    int
	rounds  int
}

// part is what a walk holds of one collection.
type part struct {
	searched bool
	links    map[string]*link
	seeds    []Search // identities, searched once
}

// link is a set of values by which rows are reached.
type link struct {
	field   string
	mark    mark
	values  map[connectors.Value]bool
	pending []connectors.Value
}

// Start begins a walk for a subject. known is what earlier walks found, or
// nil: its links are read again, so that the union never shrinks.
func (p *Plan) Start(subject connectors.Subject, known *connectors.Finding, limits Limits) (*Walk, error) {
	if strings.TrimSpace(subject.Tenant) == "" {
		return nil, connectors.NewError(connectors.Misfit, "locate", "the request's tenant is empty", nil)
	}
	if limits.Keys <= 0 {
		limits.Keys = DefaultKeys
	}
	if limits.Rounds <= 0 {
		limits.Rounds = DefaultRounds
	}
	w := &Walk{plan: p, subject: subject, limits: limits, parts: map[*node]*part{}, yields: map[connectors.Identity]bool{}}
	for _, n := range p.order {
		w.parts[n] = &part{links: map[string]*link{}, seeds: seedSearches(n, subject)}
	}
	if known != nil {
		if err := w.resume(known); err != nil {
			return nil, err
		}
	}
	return w, nil
}

// seedSearches are the identities by which a collection can be searched. One
// that is another tenant's is not searched.
func seedSearches(n *node, subject connectors.Subject) []Search {
	if n.c.Scope.Elsewhere(subject.Tenant) {
		return nil
	}
	var out []Search
	for _, s := range n.seeds {
		var values []connectors.Value
		for _, id := range subject.Identities {
			if s.Admits(id) {
				values = append(values, id.Value)
			}
		}
		if len(values) > 0 {
			out = append(out, Search{
				Field: s.Field.Path, Identity: s.Type, Normal: s.Normal, Shared: s.Shared,
				Values: sortedValues(values), mark: marked(s.Shared),
			})
		}
	}
	return out
}

// resume takes up what is known: its links are searched again.
func (w *Walk) resume(known *connectors.Finding) error {
	for _, s := range known.Sets {
		n := w.plan.nodes[s.Collection]
		if n == nil {
			return strange(s.Collection)
		}
		w.parts[n].searched = true
		for _, l := range s.Links {
			mark, field := splitName(l.Field)
			if n.c.KeyFields(field) == nil {
				return strange(s.Collection + "." + field)
			}
			for _, v := range l.Values {
				if err := w.reach(n, field, mark, v, mark != markBears); err != nil {
					return err
				}
			}
		}
	}
	w.known = connectors.MergeIdentities(known.Yields)
	return w.bound()
}

func strange(where string) error {
	return connectors.NewError(connectors.Misfit, "locate", "the finding names "+where+", which the data map no longer has", nil).
		WithMend("restore the data map under which the request was located")
}

// reach adds a link value, to be searched unless its rows are at hand.
func (w *Walk) reach(n *node, field string, m mark, v connectors.Value, search bool) error {
	if v.IsEmpty() || n.c.Scope.Elsewhere(w.subject.Tenant) {
		return nil
	}
	part := w.parts[n]
	name := m.name(field)
	l := part.links[name]
	if l == nil {
		l = &link{field: field, mark: m, values: map[connectors.Value]bool{}}
		part.links[name] = l
	}
	if l.values[v] {
		return nil
	}
	l.values[v] = true
	w.keys++
	if search {
		l.pending = append(l.pending, v)
	}
	return w.bound()
}

func (w *Walk) bound() error {
	if w.keys+len(w.yields)+len(w.known) > w.limits.Keys {
		return connectors.NewError(connectors.TooMuch, "locate", fmt.Sprintf("more than %d keys lead to the subject's rows", w.limits.Keys), nil).
			WithMend("raise the bound, or scope the data map so that fewer keys are needed")
	}
	return nil
}

// Next returns the steps of the next round, ordered by collection; none when
// nothing new turned up. It fails with TooMuch when a limit is reached.
func (w *Walk) Next() ([]Step, error) {
	var steps []Step
	for _, n := range w.plan.order {
		if links := w.parts[n].take(); len(links) > 0 {
			steps = append(steps, Step{Collection: n.c, Scope: scopeOf(n.c, w.subject.Tenant), Links: links, Fetch: fetchOf(n, links)})
			w.parts[n].searched = true
		}
	}
	if len(steps) == 0 {
		return nil, nil
	}
	if w.rounds++; w.rounds > w.limits.Rounds {
		return nil, connectors.NewError(connectors.TooMuch, "locate", fmt.Sprintf("still finding more after %d rounds", w.limits.Rounds), nil).
			WithMend("look for a reference that leads from row to row without end, and give it the direction `to`")
	}
	slices.SortFunc(steps, func(a, b Step) int { return cmp.Compare(a.Collection.Key, b.Collection.Key) })
	return steps, nil
}

// take empties what is still to be searched.
func (p *part) take() []Search {
	out := p.seeds
	p.seeds = nil
	for _, l := range p.links {
		if len(l.pending) > 0 {
			out = append(out, Search{Field: l.field, Normal: dataset.NormalNone, Shared: l.mark == markShared, Values: sortedValues(l.pending), mark: l.mark})
			l.pending = nil
		}
	}
	slices.SortStableFunc(out, func(a, b Search) int {
		return cmp.Or(cmp.Compare(a.mark.name(a.Field), b.mark.name(b.Field)), cmp.Compare(a.Identity, b.Identity))
	})
	return out
}

func fetchOf(n *node, links []Search) []string {
	var out []string
	for _, l := range links {
		for _, f := range n.c.KeyFields(l.Field) {
			if !slices.Contains(out, f.Path) {
				out = append(out, f.Path)
			}
		}
	}
	for _, f := range n.fetch {
		if !slices.Contains(out, f) {
			out = append(out, f)
		}
	}
	return out
}

// Feed hands over a row. It reports whether the row is a finding: whether its
// own tenant and content carry what was searched. Rows that are not are
// ignored, so that one query may serve many walks.
func (w *Walk) Feed(step Step, row Row) (bool, error) {
	if len(row.Cells) != len(step.Fetch) {
		return false, connectors.NewError(connectors.Broken, "locate "+step.Collection.Key, "a row does not have the fields that were asked for", nil)
	}
	if step.Scope.Kind == dataset.ScopeField && !TenantIs(row.Tenant, w.subject.Tenant) || step.Scope.Elsewhere(w.subject.Tenant) {
		return false, nil
	}
	n := w.plan.nodes[step.Collection.Key]
	owned, shared, pinned := false, false, false
	for _, s := range step.Links {
		v := keyOf(n.c.KeyFields(s.Field), step.Fetch, row.Cells)
		if !s.Matches(v) {
			continue
		}
		owned, shared, pinned = owned || !s.Shared, shared || s.Shared, pinned || s.mark == markPinned
		// What is stored, not what was searched, is what reaches the row
		// byte by byte.
		if err := w.reach(n, s.Field, s.mark, v, false); err != nil {
			return false, err
		}
	}
	switch {
	case !owned && !shared:
		return false, nil
	case n.meets && !pinned:
		named, err := w.names(n, step.Fetch, row.Cells)
		if err != nil || named == somebodyElse {
			return true, err
		}
	}
	return true, w.expand(n, step.Fetch, row.Cells, owned)
}

// Matches reports whether a stored value is one that was searched.
func (s Search) Matches(v connectors.Value) bool {
	if v.IsEmpty() {
		return false
	}
	if s.Normal == dataset.NormalNone {
		if _, ok := slices.BinarySearchFunc(s.Values, v, connectors.Value.Compare); ok || s.fold == nil {
			return ok
		}
		folded, known := s.fold(v)
		return known && s.folded[folded]
	}
	return slices.ContainsFunc(s.Values, func(want connectors.Value) bool { return s.Normal.Match(want, v) })
}

// expand goes on from a found row. From a shared row a walk only follows its
// own references: whoever else points to it is someone else.
func (w *Walk) expand(n *node, fetch []string, cells []connectors.Value, owned bool) error {
	cell := func(field string) connectors.Value { return cells[slices.Index(fetch, field)] }
	for _, e := range n.out {
		upwards := e.Shared && e.Keyed
		if !owned && !upwards {
			continue
		}
		if slices.ContainsFunc(e.If, func(c dataset.Condition) bool { return !c.Holds(cell(c.Field.Path)) }) {
			continue
		}
		if err := w.follow(e, fetch, cells); err != nil {
			return err
		}
	}
	if !owned {
		return nil
	}
	if n.pin != nil {
		if err := w.reach(n, n.pin.Path, n.pinMark, cell(n.pin.Path), false); err != nil {
			return err
		}
	}
	for _, f := range n.yields {
		v := cell(f.Path)
		if v.IsEmpty() {
			continue
		}
		for _, t := range f.YieldsAs {
			w.yields[connectors.Identity{Type: t, Value: v, Vendor: f.VendorAssigned}] = true
		}
	}
	return w.bound()
}

// follow takes an edge from a row, once for each value that its conditions
// allow. A row that refers to nothing leads nowhere, whatever they say.
func (w *Walk) follow(e dataset.Edge, fetch []string, cells []connectors.Value) error {
	if keyOf(e.FromFields(), fetch, cells).IsEmpty() {
		return nil
	}
	var own []connectors.Value
	for _, f := range e.FromFields() {
		own = append(own, cells[slices.Index(fetch, f.Path)])
	}
	for _, parts := range e.Reached(own) {
		if err := w.reach(w.plan.nodes[e.To.Key], dataset.KeyName(e.ToFields()...), marked(e.Shared), Join(parts), true); err != nil {
			return err
		}
	}
	return nil
}

// Finding is what is known so far: the union with what the walk began with.
// Counts are zero. A collection that was searched and holds nothing has a set
// without links.
func (w *Walk) Finding() *connectors.Finding {
	out := &connectors.Finding{}
	for n, p := range w.parts {
		if !p.searched {
			continue
		}
		set := connectors.Set{Collection: n.c.Key}
		for name, l := range p.links {
			values := make([]connectors.Value, 0, len(l.values))
			for v := range l.values {
				values = append(values, v)
			}
			set.Links = append(set.Links, connectors.Link{Field: name, Values: sortedValues(values)})
		}
		slices.SortFunc(set.Links, func(a, b connectors.Link) int { return cmp.Compare(a.Field, b.Field) })
		out.Sets = append(out.Sets, set)
	}
	slices.SortFunc(out.Sets, func(a, b connectors.Set) int { return cmp.Compare(a.Collection, b.Collection) })
	yields := make([]connectors.Identity, 0, len(w.yields))
	for id := range w.yields {
		yields = append(yields, id)
	}
	out.Yields = connectors.MergeIdentities(w.known, yields)
	return out
}

func sortedValues(values []connectors.Value) []connectors.Value {
	out := slices.Clone(values)
	slices.SortFunc(out, connectors.Value.Compare)
	return slices.Compact(out)
}
