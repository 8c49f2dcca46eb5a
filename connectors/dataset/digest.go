package dataset

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"

	"privacydesk/connectors"
)

// Digest is the SHA-256, in hex, of the map's canonical form. It does not
// depend on the order of keys, on comments, descriptions or file names; it
// changes with everything that decides what is read, shown or erased.
func (m *Map) Digest() string { return m.digest }

// digestVersion changes when the canonical form does.
const digestVersion = 1

type (
	mapForm struct {
		Version     int
		Collections []collectionForm
		Links       []linkForm
	}
	collectionForm struct {
		Key, Label, Source, Purpose, Retention string
		Action                                 connectors.Action
		Exception, Reason                      string
		ThirdParties, EraseAfter               []string
		Owned, GatherShared, Skip              bool
		LeftOut                                string `json:",omitempty"`
		MeetsOthers                            bool   `json:",omitempty"` // since such rows are told apart
		Scope                                  []string
		Fields                                 []fieldForm
	}
	fieldForm struct {
		Path, Label, DataType, NeverDisclose, Kept      string
		Identity                                        connectors.IdentityType
		Normalise                                       Normal
		Categories                                      []string
		PrimaryKey, ReadOnly, Container, VendorAssigned bool
		GatherShared, SetNull                           bool `json:",omitempty"`
		Length                                          int
		Mask                                            *Mask
		Needs, YieldsAs                                 []connectors.IdentityType
	}
	linkForm struct {
		Child, Parent   connectors.IdentityType
		Keyed, Down, Up bool
		More            []string `json:",omitempty"`
		Where           string   `json:",omitempty"`
	}
)

func (m *Map) makeDigest() (string, error) {
	form := mapForm{Version: digestVersion}
	for _, c := range m.All() {
		f := c.form()
		f.MeetsOthers = !c.Skip && m.MeetsOthers(c)
		form.Collections = append(form.Collections, f)
	}
	slices.SortFunc(form.Collections, func(a, b collectionForm) int { return cmp.Compare(a.Key, b.Key) })
	for _, l := range m.Links {
		var more []string
		for _, p := range l.More {
			more = append(more, p.Child.Path, p.Parent.Path)
		}
		form.Links = append(form.Links, linkForm{
			More: more, Where: l.spelled(),
			Child: l.Child.Qualified(l.ChildField), Parent: l.Parent.Qualified(l.ParentField),
			Keyed: l.Keyed, Down: l.Down, Up: l.Up,
		})
	}
	text, err := json.Marshal(form)
	if err != nil {
		return "", fmt.Errorf("digest of the data map: %w", err)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), nil
}

func (c *Collection) form() collectionForm {
	out := collectionForm{
		Key: c.Key, Label: c.Label, Source: c.Source, Purpose: c.Purpose, Retention: c.Retention,
		Action: c.Action, Exception: c.Exception, Reason: c.Reason, ThirdParties: c.ThirdParties, EraseAfter: sortedSet(c.EraseAfter),
		Owned: c.Owned, GatherShared: c.GatherShared, Skip: c.Skip, LeftOut: c.LeftOut, Scope: c.Scope.form(),
	}
	for _, f := range c.Fields {
		out.Fields = append(out.Fields, f.form())
	}
	slices.SortFunc(out.Fields, func(a, b fieldForm) int { return cmp.Compare(a.Path, b.Path) })
	return out
}

func (f *Field) form() fieldForm {
	return fieldForm{
		Path: f.Path, Label: f.Label, DataType: f.DataType, NeverDisclose: f.NeverDisclose, Kept: f.kept,
		Identity: f.Identity, Normalise: f.Normalise, Categories: f.Categories,
		PrimaryKey: f.PrimaryKey, ReadOnly: f.ReadOnly, Container: f.Container, VendorAssigned: f.VendorAssigned,
		GatherShared: f.GatherShared, SetNull: f.SetNull,
		Length: f.Length, Mask: f.Mask, Needs: f.Needs, YieldsAs: f.YieldsAs,
	}
}

func (s Scope) form() []string {
	out := []string{fmt.Sprint(int(s.Kind)), s.Field}
	if s.Kind == ScopePlace {
		out = append(out, s.Place)
	}
	for _, h := range s.Hops {
		out = append(out, h.Field, h.Collection.Key, h.ToField)
	}
	return out
}
