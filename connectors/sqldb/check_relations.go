package sqldb

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"privacydesk/connectors"
)

// notItsOwn: rows that can't be deleted where they are seen, or that stay
// behind when they are.
func (v *visit) notItsOwn(found *findings, p place) {
	blocks := func(what, mend string) { found.add(connectors.SeverityDeletes, p.Key, what, mend) }
	switch {
	case p.t.kind == foreign:
		blocks("it is a foreign table"+ofEngine(p.t)+", whose rows lie on another server", "make that server a system of its own")
	case p.t.kind == materialized:
		blocks("it is a materialized view, whose rows come back from the tables behind it", "map those tables, and refresh the view after deletes")
	case !p.t.plain && p.t.kind == "":
		blocks("a partition of it is a foreign table, whose rows lie on another server", "make that server a system of its own, and map the other partitions")
	case !p.t.plain:
		blocks("it is a "+p.t.kind+", whose rows are not its own", "map the tables behind it")
	case p.t.history:
		blocks("the table keeps what was changed or deleted in its history (WITH SYSTEM VERSIONING)",
			"drop the versioning (ALTER TABLE … DROP SYSTEM VERSIONING), or retain its rows and purge the history by hand (DELETE HISTORY FROM …)")
	}
}

func ofEngine(t *table) string {
	if t.engine == "" {
		return ""
	}
	return " (engine " + t.engine + ")"
}

// kept tells of what the server does not undo, and of what it keeps beside a
// table's rows.
func (v *visit) kept(found *findings, p place) {
	erases := p.Action == connectors.ActionDelete || masks(p.Action)
	if p.t.plain && !p.t.transactional && erases {
		found.add(connectors.SeverityNote, p.Key, "its engine "+p.t.engine+" keeps no transactions: a batch that is given up half-way is not undone",
			"ALTER TABLE … ENGINE=InnoDB")
	}
	if p.t.history && !erases {
		found.add(connectors.SeverityNote, p.Key, "the server keeps what its rows were before (WITH SYSTEM VERSIONING), which is neither reported nor erased",
			"see whether the history is needed")
	}
}

// unmapped tells of whole relations that hold what the map does not have: what
// is in them is neither reported nor erased. Copies of mapped tables are told
// wherever they lie, others by the names of their columns: in the schemas of
// the map one by one, elsewhere by schema.
func (v *visit) unmapped(found *findings) {
	mapped, schemas := map[*table]bool{}, map[string]bool{v.live.home: true}
	for _, c := range v.m.All() {
		if t := v.live.find(c.Name); t != nil {
			mapped[t], schemas[t.schema] = true, true
		}
	}
	elsewhere, people := map[string][]string{}, v.namesakes()
	for _, key := range slices.Sorted(maps.Keys(v.live.tables)) {
		t := v.live.tables[key]
		if mapped[t] || t.heir || !t.keeps() {
			continue
		}
		personal := t.personal()
		if refers := v.refersByName(t, people); len(refers) > 0 && schemas[t.schema] {
			found.add(connectors.SeverityNote, key, "the map does not have the "+t.noun()+", and names of its columns look like references ("+strings.Join(refers, ", ")+") that no foreign key keeps: its rows may be the person's, and are neither reported nor erased",
				"map it, or name it in the map with left_out")
		}
		switch {
		case v.copied(t, mapped) != "":
			found.add(connectors.SeverityNote, key, "it is a materialized view of "+v.copied(t, mapped)+", and the map does not have it: it keeps erased rows until it is refreshed",
				"refresh it after deletes, and name it in the map with left_out")
		case len(personal) == 0:
		case !schemas[t.schema]:
			elsewhere[t.schema] = append(elsewhere[t.schema], t.name)
		default:
			found.add(connectors.SeverityNote, key, "the map does not have the "+t.noun()+", and names of its columns sound like personal data ("+strings.Join(personal, ", ")+"): it is neither reported nor erased",
				"map it, or name it in the map with left_out")
		}
	}
	for _, s := range slices.Sorted(maps.Keys(elsewhere)) {
		found.add(connectors.SeverityNote, s, "the map has nothing of this schema, where names of columns sound like personal data ("+some(elsewhere[s])+"): it is neither reported nor erased",
			"map it here or in a system of its own")
	}
}

// some names at most a handful.
func some(names []string) string {
	const most = 5
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return strings.Join(names[:most], ", ") + " and " + strconv.Itoa(len(names)-most) + " more"
}

// copied is the mapped table of which t is a materialized view, or "".
func (v *visit) copied(t *table, mapped map[*table]bool) string {
	for _, of := range t.copyOf {
		if mapped[of] {
			return of.key()
		}
	}
	return ""
}

func (t *table) noun() string {
	switch {
	case t.history:
		return "table (WITH SYSTEM VERSIONING)"
	case t.kind != "":
		return t.kind
	default:
		return "table"
	}
}

// personal are the columns whose names sound like personal data.
func (t *table) personal() []string {
	var out []string
	for _, c := range t.columns {
		if soundsPersonal(c.name) && c.class != classInt {
			out = append(out, c.name)
		}
	}
	return out
}
