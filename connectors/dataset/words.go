package dataset

import (
	"fmt"
	"slices"
	"strings"

	"privacydesk/connectors"
)

// weight is what it stops when a key of a map means nothing because of a slip:
// what finds rows, or keeps a value out of reports, stops all; what a delete
// goes by stops deletes.
func weight(key string) connectors.Severity {
	switch key {
	case "identity", "references", "primary_key", "data_categories", "skip_processing", "fields", "collections", "dataset",
		"fides_meta", "privacydesk", "tenant", "never_disclose", "left_out":
		return connectors.SeverityBlocks
	case "masking_strategy_override", "on_delete", "read_only", "owned", "yields", "vendor_assigned", "erase_after", "strategy", "length":
		return connectors.SeverityDeletes
	default:
		return connectors.SeverityNote
	}
}

// lower are the keys that belong one level below: under fides_meta or under
// privacydesk.
func lower(key string) string {
	switch key {
	case "identity", "primary_key", "data_type", "length", "read_only", "references", "masking_strategy_override", "erase_after", "skip_processing":
		return "fides_meta"
	case "tenant", "on_delete", "owned", "gather", "left_out", "never_disclose", "vendor_assigned", "yields", "normalise", "where":
		return "privacydesk"
	default:
		return ""
	}
}

// stray says of a key that nobody took what it may be.
func (o *object) stray(key string) {
	n := Note{File: o.r.file, Line: o.lines[key], Where: o.where, What: fmt.Sprintf("the key %q is not known here and has no effect", key), Severity: connectors.SeverityNote}
	var known []string
	for k := range o.taken {
		known = append(known, k)
	}
	slices.Sort(known)
	under := lower(key)
	switch near := connectors.Misspelt(key, known); {
	case under != "" && o.taken[under]:
		n.Severity, n.Mend = weight(key), "put it under "+under
	case near != "" && !o.passed[near] && !o.has(near):
		n.Severity, n.Mend = weight(near), "did you mean "+near+"?"
	case near != "":
		n.Mend = "did you mean " + near + "?"
	}
	o.r.notes = append(o.r.notes, n)
}

// category is a data category as a map spells it, in its place.
type category struct {
	file  string
	line  int
	where string
	key   string
	skip  bool // of a collection that is left out
}

// categories reads data_categories, to be looked up once all files are read.
func (o *object) categories(skip bool) []string {
	out := o.strs("data_categories")
	for _, c := range out {
		o.r.categories = append(o.r.categories, category{o.r.file, o.lineOf("data_categories"), o.where, c, skip})
	}
	return out
}

// declared reads what a file adds to fideslang's categories, as a file for
// Fides does: data_category with a fides_key each.
func (r *reader) declared(m *Map, o *object) {
	for _, n := range o.items("data_category") {
		d := r.object(n, "data_category")
		if d == nil {
			continue
		}
		key := d.str("fides_key")
		switch {
		case key == "" || !validKey(key):
			r.fail(d.line, "data_category", "no fides_key that is made of letters, digits and ._-<>", "give the category's key, such as user.loyalty")
		case connectors.KnownCategory(key):
			r.note(d.line, "data_category "+key, "fideslang has it: the declaration has no effect")
		default:
			m.declared = append(m.declared, key)
		}
	}
}

// knownCategory: fideslang's, in its present words or its first ones; and what
// the map declares, with all below it.
func (m *Map) knownCategory(key string) bool {
	if connectors.KnownCategory(key) {
		return true
	}
	for _, first := range []string{"user.provided.identifiable.", "user.provided.nonidentifiable.", "user.derived.identifiable.", "user.derived.nonidentifiable."} {
		if rest, ok := strings.CutPrefix(key, first); ok && connectors.KnownCategory("user."+rest) {
			return true
		}
	}
	for up := key; up != ""; up = connectors.ParentCategory(up) {
		if slices.Contains(m.declared, up) {
			return true
		}
	}
	return false
}

// unknownCategories: a category decides what is personal and what is never
// shown; one that nobody knows decides nothing, and so a slip would disclose.
func (m *Map) unknownCategories(list []category) []Note {
	var out []Note
	known := slices.Concat(connectors.Categories(), m.declared)
	for _, c := range list {
		if m.knownCategory(c.key) {
			continue
		}
		n := Note{
			File: c.file, Line: c.line, Where: c.where, Severity: connectors.SeverityBlocks,
			What: fmt.Sprintf("the data category %q is not fideslang's, and the map does not declare it", c.key),
			Mend: "correct it, or declare it in the map: data_category: [{fides_key: " + c.key + "}]",
		}
		if near := connectors.Nearest(c.key, known); near != "" {
			n.Mend = "did you mean " + near + "? Else declare it in the map: data_category: [{fides_key: " + c.key + "}]"
		}
		if c.skip {
			n.Severity = connectors.SeverityNote
		}
		out = append(out, n)
	}
	return out
}

// fidesIdentities are the identity types that Fides' requests name.
func fidesIdentities() []string {
	return []string{"email", "phone_number", "external_id", "fides_user_device_id", "ga_client_id", "ljt_readerID"}
}

// misspeltIdentities: a field that is to recognise people by a type that is a
// letter off recognises nobody. A type of somebody's own is one that a field
// yields.
func (m *Map) misspeltIdentities() []Note {
	var out []Note
	yielded := map[connectors.IdentityType]bool{}
	for _, c := range m.All() {
		for _, f := range c.Fields {
			for _, t := range f.YieldsAs {
				yielded[t] = true
			}
		}
	}
	for _, c := range m.All() {
		for _, f := range c.Fields {
			t := string(f.Identity)
			if c.Skip || t == "" || yielded[f.Identity] || slices.Contains(fidesIdentities(), t) {
				continue
			}
			if near := connectors.Misspelt(t, fidesIdentities()); near != "" {
				out = append(out, Note{
					File: c.file, Line: f.Line, Where: c.Key + "." + f.Path, Severity: connectors.SeverityBlocks,
					What: fmt.Sprintf("the identity type %q is not known, and no field yields it: nobody would be recognised by the field", t), Mend: "did you mean " + near + "?",
				})
			}
		}
	}
	return out
}

// Problem is the note as check shows it.
func (n Note) Problem() connectors.Problem {
	where := n.File
	if n.Line > 0 {
		where = fmt.Sprintf("%s:%d", n.File, n.Line)
	}
	if n.Where != "" {
		where += ": " + n.Where
	}
	return connectors.Problem{Severity: n.Severity, Where: where, What: n.What, Mend: n.Mend}
}
