// Package plan knows which systems can't be searched with what is known, and
// in which order systems are erased. It is pure and knows systems only by
// their profiles.
package plan

import (
	"maps"
	"slices"

	"privacydesk/connectors"
)

// Unreachable lists, in order, the systems that can't be searched with what
// is known: none of it leads there.
func Unreachable(systems map[string]connectors.Profile, known []connectors.Identity) []string {
	return names(systems, func(_ string, p connectors.Profile) bool { return !slices.ContainsFunc(known, p.Admits) })
}

// Orphaned lists, in order, the systems that can never be searched: they know
// people by identities alone that no other system yields, and requests name
// none but an address.
func Orphaned(systems map[string]connectors.Profile) []string {
	return names(systems, func(name string, p connectors.Profile) bool {
		return !p.Leads(connectors.Email, false) && len(names(systems, func(other string, q connectors.Profile) bool {
			return other != name && slices.ContainsFunc(p.Ways(), func(n connectors.Need) bool { return yields(q, n) })
		})) == 0
	})
}

// yields is true if a system's records may reveal what leads in.
func yields(p connectors.Profile, n connectors.Need) bool {
	return slices.ContainsFunc(p.Yields, func(t connectors.IdentityType) bool {
		return n.Leads(t, slices.Contains(p.VendorYields, t))
	})
}

func names(systems map[string]connectors.Profile, keep func(string, connectors.Profile) bool) []string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(systems)) {
		if keep(name, systems[name]) {
			out = append(out, name)
		}
	}
	return out
}

// Ranks gives each system its place in the order of erasing: lower first,
// equal side by side. A system that needs an identity is erased before the
// one that yields it, so that what leads to it still stands while it is at
// work. Systems that need each other share a rank. The address that requests
// name is always known: needing it depends on nobody.
func Ranks(systems map[string]connectors.Profile) map[string]int {
	g := graph(systems)
	ranks := make(map[string]int, len(systems))
	for _, group := range g.components() {
		rank := 0
		for _, name := range group {
			for _, needer := range g[name] {
				if r, ok := ranks[needer]; ok {
					rank = max(rank, r+1)
				}
			}
		}
		for _, name := range group {
			ranks[name] = rank
		}
	}
	return ranks
}

// needers maps each system to those that need what it yields: they go first.
type needers map[string][]string

func graph(systems map[string]connectors.Profile) needers {
	g := needers{}
	for name, p := range systems {
		g[name] = names(systems, func(other string, q connectors.Profile) bool {
			return other != name && slices.ContainsFunc(q.Ways(), func(n connectors.Need) bool {
				return n.Type != connectors.Email && slices.Contains(p.Yields, n.Type)
			})
		})
	}
	return g
}

// components are the strongly connected groups, each after all groups that
// its members point to (Tarjan's order).
func (g needers) components() [][]string {
	t := tarjan{g: g, index: map[string]int{}, low: map[string]int{}, on: map[string]bool{}}
	for _, name := range slices.Sorted(maps.Keys(g)) {
		if _, seen := t.index[name]; !seen {
			t.visit(name)
		}
	}
	return t.out
}

type tarjan struct {
	g     needers
	index map[string]int
	low   map[string]int
	on    map[string]bool
	stack []string
	out   [][]string
}

func (t *tarjan) visit(v string) {
	t.index[v] = len(t.index)
	t.low[v] = t.index[v]
	t.stack, t.on[v] = append(t.stack, v), true
	for _, w := range t.g[v] {
		if _, seen := t.index[w]; !seen {
			t.visit(w)
			t.low[v] = min(t.low[v], t.low[w])
		} else if t.on[w] {
			t.low[v] = min(t.low[v], t.index[w])
		}
	}
	if t.low[v] != t.index[v] {
		return
	}
	i := slices.Index(t.stack, v)
	group := slices.Clone(t.stack[i:])
	t.stack = t.stack[:i]
	for _, w := range group {
		t.on[w] = false
	}
	slices.Sort(group)
	t.out = append(t.out, group)
}
