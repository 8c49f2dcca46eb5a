package connectors

import "slices"

// Need is a way into a system's records: the identity type by which they are
// searched, and whose word its values are.
type Need struct {
	Type IdentityType
	// Vendor is true where only values that the vendor assigned lead in,
	// because the records bear no tenant and anybody could write another
	// value into a row of their own.
	Vendor bool
}

// Leads reports whether an identity of a type leads in, assigned by the vendor
// or not. Walks, profiles and checks all go by it.
func (n Need) Leads(t IdentityType, vendor bool) bool { return n.Type == t && (vendor || !n.Vendor) }

// Admits reports whether the identity leads in.
func (n Need) Admits(id Identity) bool { return !id.Value.IsEmpty() && n.Leads(id.Type, id.Vendor) }

// Ways are all ways into the system.
func (p Profile) Ways() []Need {
	out := make([]Need, 0, len(p.Needs)+len(p.VendorNeeds))
	for _, t := range p.Needs {
		out = append(out, Need{Type: t})
	}
	for _, t := range p.VendorNeeds {
		out = append(out, Need{Type: t, Vendor: true})
	}
	return out
}

// Leads reports whether an identity of a type leads into the system.
func (p Profile) Leads(t IdentityType, vendor bool) bool {
	return slices.ContainsFunc(p.Ways(), func(n Need) bool { return n.Leads(t, vendor) })
}

// Admits reports whether the identity leads into the system.
func (p Profile) Admits(id Identity) bool {
	return slices.ContainsFunc(p.Ways(), func(n Need) bool { return n.Admits(id) })
}
