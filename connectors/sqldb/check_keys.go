package sqldb

import (
	"slices"
	"strings"

	"privacydesk/connectors"
	"privacydesk/connectors/dataset"
)

// linksOf are the map's references that a foreign key stands for: those of
// which every column is one of its own. Of a key over tenant and id, the part
// beside the tenant is what the map names.
func (v *visit) linksOf(k *foreignKey) []*dataset.Link {
	var out []*dataset.Link
	for _, l := range v.m.Links {
		if l.Child.Skip || l.Parent.Skip || v.live.find(l.Child.Name) != k.from || v.live.find(l.Parent.Name) != k.to {
			continue
		}
		outside := func(p dataset.Pair) bool {
			i := slices.Index(k.columns, p.Child.Path)
			return i < 0 || k.references[i] != p.Parent.Path
		}
		if !slices.ContainsFunc(l.Pairs(), outside) && (!l.Live || v.m.Goes(l)) {
			out = append(out, l)
		}
	}
	return out
}

// refused tells why the server would refuse to delete rows of p, or would
// change others by itself: because rows stay that refer to them over the key.
func (v *visit) refused(found *findings, p place, k *foreignKey) {
	links := v.linksOf(k)
	key := "the foreign key " + k.name + " of " + k.from.key() + " (" + strings.Join(k.columns, ", ") + ")"
	does := "the database would refuse the delete"
	if k.acts() {
		does = "the database would change them by itself (ON DELETE " + k.onDelete + ")"
	}
	switch {
	case slices.ContainsFunc(links, v.m.Goes):
	case len(links) == 0:
		found.add(connectors.SeverityDeletes, p.Key, "rows of "+k.from.key()+" refer to it by "+key+", which the map does not know: "+does,
			"map "+k.from.key()+" with "+v.referenceOver(k)+": `direction: from` if such a row is the person's own, `direction: to` and on_delete: set_null if it is somebody else's and only names the person")
	case k.acts() || v.m.OwnsRows(p.Collection):
		what, mend := v.stays(links[0])
		found.add(connectors.SeverityDeletes, p.Key, what+" stay and refer to it by "+key+": "+does, mend)
	}
}

// stays names the rows that stay though they refer over the link to rows that
// go, and what can be done about them.
func (v *visit) stays(l *dataset.Link) (what, mend string) {
	cleared := l.ChildField
	if f := l.Clearing(); f != nil {
		cleared = f
	}
	field := l.Child.Key + "." + cleared.Path
	mend = "say `privacydesk: {on_delete: set_null}` of " + field
	if t := v.live.find(l.Child.Name); t != nil {
		if c := t.column(cleared.Path); c != nil && !c.nullable {
			mend = "let the column " + field + " be NULL, and " + mend
		}
	}
	switch {
	case !l.Keyed:
		return "rows of " + l.Child.Key + ", which are reached as shared,", "map all columns of the key in both collections, and say `direction: from` if such a row is the person's own"
	case !l.Down:
		return "rows of others", mend + "; if such rows are the person's own, give their reference `direction: from` (from here to there)"
	case l.Child.Action == connectors.ActionDelete && v.m.MeetsOthers(l.Child):
		return "rows of others, which name somebody else,", mend + "; if the identities in " + l.Child.Key + " don't tell whose a row is, don't mark them as such"
	default:
		return "rows of " + l.Child.Key + ", which the map keeps,", mend + ", or de-identify the rows that they refer to"
	}
}

// strangeKeys tells of foreign keys for which rows stay that refer to p's, and
// of those that the map does not know: their rows may be the subject's too.
func (v *visit) strangeKeys(found *findings, p place) {
	for _, k := range p.t.incoming {
		switch {
		case p.Action == connectors.ActionDelete:
			if !k.acts() { // else it is told among the side effects
				v.refused(found, p, k)
			}
		case len(v.linksOf(k)) == 0:
			found.add(connectors.SeverityNote, p.Key, "rows of "+k.from.key()+" refer to it by the foreign key "+k.name+", which the map does not know",
				"map "+k.from.key()+" with "+v.referenceOver(k)+", `direction: from` if such a row is the person's own")
		}
	}
	for _, k := range p.t.outgoing {
		if len(v.linksOf(k)) == 0 {
			mend := "map " + k.to.key() + " if it holds personal data"
			if v.maps(k.to) {
				mend = "say " + v.referenceOver(k) + ": `direction: from` if such a row is the person's own, else `direction: to`"
			}
			found.add(connectors.SeverityNote, p.Key+"."+strings.Join(k.columns, ", "), "it refers to "+k.to.key()+" by the foreign key "+k.name+", which the map does not know", mend)
		}
	}
}

// maps is true if a collection of the map is the table.
func (v *visit) maps(t *table) bool {
	return slices.ContainsFunc(v.m.All(), func(c *dataset.Collection) bool { return !c.Skip && v.live.find(c.Name) == t })
}

// referenceOver says how a map spells a reference over the key's columns.
func (v *visit) referenceOver(k *foreignKey) string {
	if len(k.columns) == 1 {
		return "a reference over " + k.columns[0]
	}
	pairs := make([]string, len(k.columns))
	for i, c := range k.columns {
		pairs[i] = c + ": " + k.references[i]
	}
	return "`privacydesk: {references: [{to: " + k.to.name + ", fields: {" + strings.Join(pairs, ", ") + "}, direction: …}]}`"
}
