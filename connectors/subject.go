package connectors

import (
	"cmp"
	"slices"
)

// IdentityType is a name ("email") or a qualified field ("crm.customer.id").
// It is the only coupling between systems.
type IdentityType string

// Email is the identity that requests name.
const Email IdentityType = "email"

// Identity is one way to recognise the subject.
type Identity struct {
	Type  IdentityType `json:"type"`
	Value Value        `json:"value"`
	// Vendor is true for an identity that the vendor assigned (a generated
	// id), as opposed to one that a tenant's row merely claims. Only the
	// former may seed a system that is not scoped by tenant.
	Vendor bool `json:"vendor,omitempty"`
}

// Subject is the person whose data it is, as one system knows them.
type Subject struct {
	Tenant     string // as THIS system spells it; never empty
	Identities []Identity
}

// Of returns the subject's values of one identity type, in their order.
func (s Subject) Of(t IdentityType) []Value {
	var out []Value
	for _, id := range s.Identities {
		if id.Type == t {
			out = append(out, id.Value)
		}
	}
	return out
}

// MergeIdentities returns the sorted union. Two that differ in Vendor alone
// become one that is not the vendor's: trust is never gained by repetition.
func MergeIdentities(lists ...[]Identity) []Identity {
	type key struct {
		t IdentityType
		v Value
	}
	seen := map[key]bool{}
	for _, list := range lists {
		for _, id := range list {
			if id.Value.IsEmpty() {
				continue
			}
			k := key{id.Type, id.Value}
			vendor, ok := seen[k]
			seen[k] = id.Vendor && (vendor || !ok)
		}
	}
	out := make([]Identity, 0, len(seen))
	for k, vendor := range seen {
		out = append(out, Identity{Type: k.t, Value: k.v, Vendor: vendor})
	}
	slices.SortFunc(out, func(a, b Identity) int {
		return cmp.Or(cmp.Compare(a.Type, b.Type), a.Value.Compare(b.Value))
	})
	return out
}
