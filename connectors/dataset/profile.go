package dataset

import (
	"slices"

	"privacydesk/connectors"
)

// ofPeople is true for a collection whose records are recognised by an address.
func (c *Collection) ofPeople() bool {
	return slices.ContainsFunc(c.Fields, func(f *Field) bool { return f.Identity == connectors.Email })
}

// Profile is what the engine plans with.
func (m *Map) Profile() connectors.Profile {
	p := connectors.Profile{MapDigest: m.digest, RefusesErase: m.RefusesErase()}
	for _, c := range m.All() {
		if c.Skip {
			p.LeftOut = append(p.LeftOut, connectors.LeftOut{Name: c.Key, Label: c.Label, Reason: c.LeftOut})
			continue
		}
		var categories []string
		for _, f := range c.Fields {
			categories = append(categories, f.Categories...)
			p.Yields = append(p.Yields, f.YieldsAs...)
		}
		if key := c.KeyField(); c.ofPeople() && key != nil && key.VendorAssigned && slices.Contains(key.YieldsAs, c.Qualified(key)) {
			p.People = append(p.People, c.Qualified(key))
		}
		for _, s := range c.Seeds() {
			p.Needs = append(p.Needs, s.Type)
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
	p.Needs, p.Yields, p.People = sortedTypes(p.Needs), sortedTypes(p.Yields), sortedTypes(p.People)
	return p
}
