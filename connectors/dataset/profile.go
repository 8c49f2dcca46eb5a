package dataset

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"

	"privacydesk/connectors"
)

// Profile is what the engine plans with.
func (m *Map) Profile() connectors.Profile {
	p := connectors.Profile{MapDigest: m.Digest(), RefusesErase: m.RefusesErase()}
	for _, c := range m.All() {
		if c.Skip {
			continue
		}
		var categories []string
		for _, f := range c.Fields {
			categories = append(categories, f.Categories...)
			p.Yields = append(p.Yields, f.YieldsAs...)
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
	p.Needs, p.Yields = sortedTypes(p.Needs), sortedTypes(p.Yields)
	return p
}

// Digest is the SHA-256, in hex, of the map's canonical form. It does not
// depend on the order of keys, on comments, descriptions or file names; it
// changes with everything that decides what is read, shown or erased.
func (m *Map) Digest() string {
	type fieldForm struct {
		Path, Label, Identity, DataType, NeverDisclose, Normalise, Kept string
		Categories                                                      []string
		PrimaryKey, ReadOnly, Container, VendorAssigned                 bool
		Length                                                          int
		Mask                                                            *Mask
		Needs, YieldsAs                                                 []connectors.IdentityType
	}
	type collectionForm struct {
		Key, Label, Source, Purpose, Retention, Action, Exception, Reason string
		ThirdParties, EraseAfter                                          []string
		Owned, GatherShared, Skip                                         bool
		Scope                                                             []string
		Fields                                                            []fieldForm
	}
	type linkForm struct {
		Child, Parent   string
		Keyed, Down, Up bool
	}
	var form struct {
		Version     int
		Collections []collectionForm
		Links       []linkForm
	}
	form.Version = 1
	for _, c := range m.All() {
		cf := collectionForm{
			Key: c.Key, Label: c.Label, Source: c.Source, Purpose: c.Purpose, Retention: c.Retention,
			Action: string(c.Action), Exception: c.Exception, Reason: c.Reason, ThirdParties: c.ThirdParties, EraseAfter: sortedSet(c.EraseAfter),
			Owned: c.Owned, GatherShared: c.GatherShared, Skip: c.Skip, Scope: c.Scope.form(),
		}
		for _, f := range c.Fields {
			cf.Fields = append(cf.Fields, fieldForm{
				Path: f.Path, Label: f.Label, Identity: string(f.Identity), DataType: f.DataType, NeverDisclose: f.NeverDisclose,
				Normalise: string(f.Normalise), Kept: f.kept, Categories: f.Categories, PrimaryKey: f.PrimaryKey, ReadOnly: f.ReadOnly,
				Container: f.Container, VendorAssigned: f.VendorAssigned, Length: f.Length, Mask: f.Mask, Needs: f.Needs, YieldsAs: f.YieldsAs,
			})
		}
		slices.SortFunc(cf.Fields, func(a, b fieldForm) int { return cmp.Compare(a.Path, b.Path) })
		form.Collections = append(form.Collections, cf)
	}
	slices.SortFunc(form.Collections, func(a, b collectionForm) int { return cmp.Compare(a.Key, b.Key) })
	for _, l := range m.Links {
		form.Links = append(form.Links, linkForm{
			Child: string(l.Child.Qualified(l.ChildField)), Parent: string(l.Parent.Qualified(l.ParentField)),
			Keyed: l.Keyed, Down: l.Down, Up: l.Up,
		})
	}
	text, err := json.Marshal(form)
	if err != nil { // only strings, numbers and lists of them: can't happen
		panic(err)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

func (s Scope) form() []string {
	out := []string{string('0' + rune(s.Kind)), s.Field}
	for _, h := range s.Hops {
		out = append(out, h.Field, h.Collection.Key, h.ToField)
	}
	return out
}
