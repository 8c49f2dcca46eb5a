package dataset

import (
	"fmt"
	"slices"

	"privacydesk/connectors"
)

// ofPeople is true for a collection whose records are recognised by an address.
func (c *Collection) ofPeople() bool {
	return slices.ContainsFunc(c.Fields, func(f *Field) bool { return f.Identity == connectors.Email })
}

// Profile is what the engine plans with.
func (m *Map) Profile() connectors.Profile {
	p := connectors.Profile{MapDigest: m.digest, RefusesErase: m.RefusesErase(), Origins: map[connectors.IdentityType]string{}}
	reached := m.reachable()
	for _, c := range m.All() {
		if c.Skip {
			p.LeftOut = append(p.LeftOut, connectors.LeftOut{Name: c.Key, Label: c.Label, Reason: c.LeftOut})
			continue
		}
		if !reached[c] && slices.ContainsFunc(c.Fields, (*Field).Personal) {
			p.LeftOut = append(p.LeftOut, connectors.LeftOut{Name: c.Key, Label: c.Label, Reason: "not searched, because nothing leads there"})
			continue
		}
		var categories []string
		for _, f := range c.Fields {
			categories = append(categories, f.Categories...)
			p.Yields = append(p.Yields, f.YieldsAs...)
			if f.VendorAssigned {
				p.VendorYields = append(p.VendorYields, f.YieldsAs...)
			}
		}
		if key := c.KeyField(); c.ofPeople() && key != nil && key.VendorAssigned && slices.Contains(key.YieldsAs, c.Qualified(key)) {
			p.People = append(p.People, c.Qualified(key))
		}
		ways(&p, c)
		if c.Scope.Kind == ScopePlace {
			p.Places = append(p.Places, c.Scope.Place)
		}
		exception := c.Exception
		if exception != "" && c.Reason != "" {
			exception += ": " + c.Reason
		}
		p.Collections = append(p.Collections, connectors.Collection{
			Name: c.Key, Label: c.Label, Source: c.Source, Purpose: c.Purpose, Retention: c.Retention,
			Categories: sortedSet(categories), ThirdParties: slices.Clone(c.ThirdParties), Action: c.Action, Exception: exception,
		})
	}
	p.Needs, p.VendorNeeds, p.People = sortedTypes(p.Needs), sortedTypes(p.VendorNeeds), sortedTypes(p.People)
	p.Yields, p.VendorYields, p.Places = sortedTypes(p.Yields), sortedTypes(p.VendorYields), sortedSet(p.Places)
	return p
}

// ways adds those into a collection, each with its place in the map.
func ways(p *connectors.Profile, c *Collection) {
	for _, s := range c.Seeds() {
		if !s.Shared {
			p.Origins[s.Type] = fmt.Sprintf("%s:%d: %s.%s", c.file, s.Field.Line, c.Key, s.Field.Path)
		}
		if s.Vendor {
			p.VendorNeeds = append(p.VendorNeeds, s.Type)
		} else {
			p.Needs = append(p.Needs, s.Type)
		}
	}
}
