package sqldb

import (
	"slices"
	"strings"

	"privacydesk/connectors"
	"privacydesk/connectors/dataset"
)

// namesake is a key by which rows of a collection are referred to, and the
// names that a column gets which refers to it.
type namesake struct {
	collection *dataset.Collection
	key        *column
	t          *table
	names      []string
}

// namesakes are those of collections whose rows may be a person's own: the
// table's name with its key's ("customer_id"), and whatever the map's own
// references to it are called, if that says as much.
func (v *visit) namesakes() []namesake {
	var out []namesake
	for _, c := range v.m.All() {
		t, key := v.live.find(c.Name), c.KeyField()
		if c.Skip || t == nil || key == nil || t.column(key.Path) == nil || !v.m.OwnsRows(c) {
			continue
		}
		n := namesake{collection: c, key: t.column(key.Path), t: t}
		for _, base := range []string{splitCase(t.name), singular(splitCase(t.name))} {
			name := splitCase(key.Path)
			if !strings.HasPrefix(name, base+"_") {
				name = base + "_" + name
			}
			n.names = append(n.names, name)
		}
		for _, l := range v.m.Links {
			if name := splitCase(l.ChildField.Path); l.Parent == c && l.ParentField == key && !l.Live && strings.Contains(name, "_") {
				n.names = append(n.names, name)
			}
		}
		out = append(out, n)
	}
	return out
}

// bare is a name without what parts its words: PostgreSQL makes personid of
// personId.
func bare(name string) string { return strings.ReplaceAll(name, "_", "") }

func singular(word string) string {
	for _, end := range [][2]string{{"people", "person"}, {"ies", "y"}, {"sses", "ss"}, {"xes", "x"}, {"ss", "ss"}, {"s", ""}} {
		if stem, ok := strings.CutSuffix(word, end[0]); ok {
			return stem + end[1]
		}
	}
	return word
}

// named reports whether a column of t looks like a reference to the key, and
// no foreign key says so.
func (n namesake) named(t *table, c *column) bool {
	called := func(name string) bool { return bare(name) == bare(splitCase(c.name)) }
	if !slices.ContainsFunc(n.names, called) || !matchable(c, n.key) || t == n.t && c == n.key {
		return false
	}
	return !slices.ContainsFunc(t.outgoing, func(k *foreignKey) bool { return k.to == n.t && slices.Contains(k.columns, c.name) })
}

// refersByName tells of tables whose columns are called like references to a
// person's rows, without a foreign key, and that the map does not have.
func (v *visit) refersByName(t *table, all []namesake) []string {
	var out []string
	for _, n := range all {
		for _, c := range t.columns {
			if n.named(t, c) {
				out = append(out, c.name+" to "+n.collection.Key)
			}
		}
	}
	return out
}

// unsaid tells of such columns in tables that the map has.
func (v *visit) unsaid(found *findings) {
	people := v.namesakes()
	for _, c := range v.m.All() {
		t := v.live.find(c.Name)
		if c.Skip || t == nil {
			continue
		}
		for _, n := range people {
			for _, k := range t.columns {
				f := c.Field(k.name)
				if !n.named(t, k) || c.Scope.Field == k.name || f != nil && (f.Identity != "" || len(f.Needs) > 0 || len(f.LeadsTo) > 0 || v.refersSomewhere(c, f)) {
					continue
				}
				found.add(connectors.SeverityNote, c.Key+"."+k.name, "its name looks like a reference to "+n.collection.Key+", and neither the map nor a foreign key says that it is one: nothing is found by it",
					"give the field its reference: `direction: from` if such a row is the person's own, else `direction: to`")
			}
		}
	}
}

// refersSomewhere is true if a reference of the map goes by the field, from
// either side.
func (v *visit) refersSomewhere(c *dataset.Collection, f *dataset.Field) bool {
	return slices.ContainsFunc(v.m.Links, func(l *dataset.Link) bool {
		return slices.ContainsFunc(l.Pairs(), func(pair dataset.Pair) bool {
			return l.Child == c && pair.Child == f || l.Parent == c && pair.Parent == f
		})
	})
}
