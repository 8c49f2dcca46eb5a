package plan_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"privacydesk/bot/plan"
	"privacydesk/connectors"
)

type (
	types    = []connectors.IdentityType
	profiles = map[string]connectors.Profile
)

func profile(needs, yields types) connectors.Profile {
	return connectors.Profile{Needs: needs, Yields: yields}
}

// shop: the CRM finds the customer's number by e-mail, billing needs the
// number and yields the invoice's, the archive needs that; voice knows nobody
// by anything that turns up.
func shop() profiles {
	return profiles{
		"crm":     profile(types{"email"}, types{"crm.customer.id"}),
		"billing": profile(types{"crm.customer.id"}, types{"billing.invoice.id"}),
		"archive": profile(types{"billing.invoice.id", "email"}, nil),
		"voice":   profile(types{"phone"}, nil),
		"silent":  profile(nil, nil),
	}
}

func TestRule11_UnreachableSystemsAreNamed(t *testing.T) {
	if got := plan.Unreachable(shop(), known("email")); !slices.Equal(got, []string{"billing", "silent", "voice"}) {
		t.Errorf("%v", got)
	}
	if got := plan.Unreachable(shop(), known("email", "crm.customer.id", "phone")); !slices.Equal(got, []string{"silent"}) {
		t.Errorf("%v", got)
	}
}

func known(list ...connectors.IdentityType) []connectors.Identity {
	var out []connectors.Identity
	for _, t := range list {
		out = append(out, connectors.Identity{Type: t, Value: connectors.Text("x")})
	}
	return out
}

// TestRule6_WhatTheVendorDidNotAssignReachesNoUnscopedSystem: neither counts
// such a system as searched, nor as one that could be.
func TestRule6_WhatTheVendorDidNotAssignReachesNoUnscopedSystem(t *testing.T) {
	logs := connectors.Profile{VendorNeeds: types{"email", "crm.customer.id"}}
	crm := profile(types{"email"}, types{"crm.customer.id"})
	ids := known("email", "crm.customer.id")
	systems := profiles{"crm": crm, "logs": logs}
	if got := plan.Unreachable(systems, ids); !slices.Equal(got, []string{"logs"}) {
		t.Errorf("unreachable: %v", got)
	}
	if got := plan.Orphaned(systems); !slices.Equal(got, []string{"logs"}) {
		t.Errorf("orphaned: %v", got)
	}
	ids[1].Vendor, crm.VendorYields = true, types{"crm.customer.id"}
	systems["crm"] = crm
	if got := plan.Unreachable(systems, ids); len(got) != 0 {
		t.Errorf("unreachable: %v", got)
	}
	if got := plan.Orphaned(systems); len(got) != 0 {
		t.Errorf("orphaned: %v", got)
	}
	if got := plan.Ranks(systems); got["logs"] >= got["crm"] {
		t.Errorf("ranks: %v", got)
	}
}

func TestRanks(t *testing.T) {
	for name, c := range map[string]struct {
		systems profiles
		want    map[string]int
	}{
		"none": {nil, map[string]int{}},
		"a chain": {shop(), map[string]int{
			"archive": 0, "billing": 1, "crm": 2, "voice": 0, "silent": 0,
		}},
		"everybody yields addresses": {profiles{
			"a": profile(types{"email"}, types{"email"}), "b": profile(types{"email"}, types{"email"}),
		}, map[string]int{"a": 0, "b": 0}},
		"a cycle, and one behind it": {profiles{
			"a": profile(types{"y"}, types{"x"}), "b": profile(types{"x"}, types{"y"}),
			"c": profile(types{"x"}, nil), "d": profile(types{"email"}, types{"y"}),
		}, map[string]int{"a": 1, "b": 1, "c": 0, "d": 2}},
		"its own yield": {profiles{"a": profile(types{"x"}, types{"x"})}, map[string]int{"a": 0}},
	} {
		if got := plan.Ranks(c.systems); !maps.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

func drawSystems(t *rapid.T) profiles {
	kinds := rapid.SliceOfNDistinct(rapid.SampledFrom(types{"email", "a", "b", "c", "d", "e"}), 0, 3, rapid.ID)
	out := profiles{}
	for i := range rapid.IntRange(0, 7).Draw(t, "systems") {
		out[fmt.Sprintf("s%d", i)] = profile(kinds.Draw(t, "needs"), kinds.Draw(t, "yields"))
	}
	return out
}

// reaches tells whether from must be erased before to, directly or not.
func reaches(systems profiles, from, to string, seen map[string]bool) bool {
	for name, p := range systems {
		if seen[name] || name == from || !slices.ContainsFunc(systems[from].Needs, func(t connectors.IdentityType) bool {
			return t != connectors.Email && slices.Contains(p.Yields, t)
		}) {
			continue
		}
		seen[name] = true
		if name == to || reaches(systems, name, to, seen) {
			return true
		}
	}
	return false
}

// Who needs is erased before who yields, unless the two need each other: then
// side by side. Ranks have no gaps and don't depend on chance.
func TestRanksOrderNeedersBeforeYielders(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		systems := drawSystems(t)
		ranks := plan.Ranks(systems)
		if len(ranks) != len(systems) || !maps.Equal(ranks, plan.Ranks(systems)) {
			t.Fatalf("%v", ranks)
		}
		used := map[int]bool{}
		for a := range systems {
			used[ranks[a]] = true
			for b := range systems {
				if a == b {
					continue
				}
				ab, ba := reaches(systems, a, b, map[string]bool{}), reaches(systems, b, a, map[string]bool{})
				if ab && ba && ranks[a] != ranks[b] || ab && !ba && ranks[a] >= ranks[b] {
					t.Fatalf("%s has rank %d, %s has %d: %v", a, ranks[a], b, ranks[b], systems)
				}
			}
		}
		for r := range used {
			if r > 0 && !used[r-1] {
				t.Fatalf("there is no rank %d in %v", r-1, ranks)
			}
		}
	})
}

// A system is orphaned if nothing could ever lead to it, not if nothing does
// this time.
func TestOrphaned(t *testing.T) {
	got := plan.Orphaned(map[string]connectors.Profile{
		"crm":    {Needs: []connectors.IdentityType{connectors.Email}, Yields: []connectors.IdentityType{"crm.id"}},
		"events": {Needs: []connectors.IdentityType{"crm.id"}},
		"either": {Needs: []connectors.IdentityType{"shop.id", connectors.Email}},
		"lost":   {Needs: []connectors.IdentityType{"shop.id"}},
		"own":    {Needs: []connectors.IdentityType{"own.id"}, Yields: []connectors.IdentityType{"own.id"}},
		"void":   {},
	})
	if want := []string{"lost", "own", "void"}; !slices.Equal(got, want) {
		t.Errorf("orphaned: %q, want %q", got, want)
	}
}
