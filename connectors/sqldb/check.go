package sqldb

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"

	"privacydesk/connectors"
	"privacydesk/connectors/dataset"
	"privacydesk/connectors/walk"
)

// Check compares the data map with what the server's catalogue says, asks
// the server what the account may do, and looks for the canary.
func (c *connector) Check(ctx context.Context) ([]connectors.Problem, error) {
	found := &findings{problems: c.m.Problems()}
	if c.unplanned != nil {
		if !found.any(connectors.SeverityBlocks) {
			found.add(connectors.SeverityBlocks, "data map of "+c.env.System, c.unplanned.Error(), "correct the data map")
		}
		return found.sorted(), nil
	}
	c.ofMap(found, c.m, c.plan)
	err := c.visit(ctx, "check", c.o.StatementTimeout, func(v *visit) error {
		c.ofMap(found, v.m, v.plan)
		for _, coll := range c.m.All() {
			if coll.Skip {
				continue
			}
			if err := v.examine(ctx, found, coll); err != nil {
				return v.fail(ctx, v.at(coll), err)
			}
		}
		v.links(found)
		v.unmapped(found)
		v.unsaid(found)
		v.packets(found)
		v.database(found)
		return v.canary(ctx, found)
	})
	return found.sorted(), err
}

// ofMap is what the map and its plan lack; a visit's are completed by the keys
// of the database.
func (c *connector) ofMap(found *findings, m *dataset.Map, p *walk.Plan) {
	found.problems = m.Problems()
	if why := p.RefusesErase(); why != "" && !found.any(connectors.SeverityDeletes) {
		found.add(connectors.SeverityDeletes, "data map of "+c.env.System, why, "correct the data map")
	}
	c.weaknesses(found)
}

// findings collects problems.
type findings struct{ problems []connectors.Problem }

func (f *findings) add(s connectors.Severity, where, what, mend string) {
	f.problems = append(f.problems, connectors.Problem{Severity: s, Where: where, What: what, Mend: mend})
}

func (f *findings) any(s connectors.Severity) bool {
	return slices.ContainsFunc(f.problems, func(p connectors.Problem) bool { return p.Severity == s })
}

func (f *findings) sorted() []connectors.Problem {
	rank := map[connectors.Severity]int{connectors.SeverityBlocks: 0, connectors.SeverityDeletes: 1, connectors.SeverityNote: 2}
	slices.SortStableFunc(f.problems, func(a, b connectors.Problem) int { return rank[a.Severity] - rank[b.Severity] })
	return slices.Compact(f.problems)
}

// examine looks at one collection. What it can't do for lack of a table or a
// column is said once; the rest of the map is looked at all the same.
func (v *visit) examine(ctx context.Context, found *findings, c *dataset.Collection) error {
	if v.live.find(c.Name) == nil {
		found.add(connectors.SeverityBlocks, c.Key, "the database has no such table, or hides it from the account", "correct the data map, or grant SELECT")
		return nil
	}
	p, err := v.place(c)
	if err != nil {
		return err
	}
	if !v.fields(found, p) {
		return nil
	}
	v.scoped(found, p)
	v.keyed(found, p)
	v.uncovered(found, p)
	v.masksFit(found, p)
	if err := v.masksHold(ctx, found, p); err != nil {
		return err
	}
	v.strangeKeys(found, p)
	v.kept(found, p)
	found.problems = append(found.problems, v.sideEffects(p)...)
	before := len(found.problems)
	if err := v.allowed(ctx, found, p); err != nil || len(found.problems) > before {
		return err
	}
	return v.tenantsAlike(ctx, found, p)
}

// fields looks for each field's column.
func (v *visit) fields(found *findings, p place) bool {
	whole := true
	for _, f := range p.Fields {
		where := p.Key + "." + f.Path
		switch {
		case f.Container:
		case p.t.column(f.Path) != nil:
			continue
		case strings.Contains(f.Path, "."):
			found.add(connectors.SeverityBlocks, where, "fields within a column can't be read here", "map the column itself, as one field")
			whole = false
			continue
		default:
			found.add(connectors.SeverityBlocks, where, "the table has no such column, or hides it from the account", "correct the data map, or grant SELECT")
			whole = false
		}
	}
	return whole
}

// scoped: the way to the tenant has to lead to one row.
func (v *visit) scoped(found *findings, p place) {
	if p.Scope.Kind != dataset.ScopeField {
		return
	}
	_, last, _, err := v.hops(p, "t", p.Scope)
	if err == nil {
		_, err = v.column(last, p.Scope.Field)
	}
	if err != nil {
		found.add(connectors.SeverityBlocks, p.Key, "its tenant can't be told: "+problemText(err), "scope the collection by a field of its own, or by a unique key")
	}
}

// keyed: what the map calls the primary key has to tell rows apart, for a
// row that refers to it is taken for its owner's.
func (v *visit) keyed(found *findings, p place) {
	k := p.KeyField()
	if k == nil || p.t.singular(k.Path) || !p.t.plain {
		return
	}
	if p.Scope.Kind == dataset.ScopeField && len(p.Scope.Hops) == 0 && p.t.together(p.Scope.Field, k.Path) {
		return
	}
	found.add(connectors.SeverityBlocks, p.Key+"."+k.Path, "the map calls it the primary key, and the database does not keep it unique",
		"correct the data map, or make it unique")
}

// links: values of different types never match, and a missing index makes
// each search read the whole table.
func (v *visit) links(found *findings) {
	for _, l := range v.m.Links {
		child, parent := v.live.find(l.Child.Name), v.live.find(l.Parent.Name)
		if l.Child.Skip || l.Parent.Skip || child == nil || parent == nil {
			continue
		}
		for _, p := range l.Pairs() {
			a, b := child.column(p.Child.Path), parent.column(p.Parent.Path)
			if a != nil && b != nil && !matchable(a, b) {
				found.add(connectors.SeverityDeletes, l.Child.Key+"."+p.Child.Path,
					"it is of the type "+a.kind+" and refers to "+l.Parent.Key+"."+p.Parent.Path+" of the type "+b.kind+": values of two types are not compared, so the reference is not followed, and reports leave out what it leads to",
					unlike(a, b))
			}
		}
		v.keptApart(found, l, parent)
		v.confined(found, l, child)
	}
	for _, e := range v.m.Edges {
		if e.ToMore == nil || !slices.ContainsFunc(e.ToFields(), func(f *dataset.Field) bool { return v.indexes(e.To, f) }) {
			v.indexed(found, e.To, e.ToField)
		}
	}
	for _, c := range v.m.All() {
		for _, s := range c.Seeds() {
			v.recognises(found, c, s)
			v.indexed(found, c, s.Field)
		}
	}
}

// keptApart: a key of several that the map calls the primary key has to tell
// rows apart, beside the tenant.
func (v *visit) keptApart(found *findings, l *dataset.Link, parent *table) {
	if l.More == nil || !l.Keyed || !parent.plain {
		return
	}
	var key []string
	for _, p := range l.Pairs() {
		key = append(key, p.Parent.Path)
	}
	if l.Parent.Scope.Kind == dataset.ScopeField && len(l.Parent.Scope.Hops) == 0 {
		key = append(key, l.Parent.Scope.Field)
	}
	if !parent.apart(key) {
		found.add(connectors.SeverityBlocks, l.Parent.Key, "the map calls "+strings.Join(key, ", ")+" the primary key, and the database does not keep them unique",
			"correct the data map, or make them unique")
	}
}

// indexes is true if an index begins with the field.
func (v *visit) indexes(c *dataset.Collection, f *dataset.Field) bool {
	t := v.live.find(c.Name)
	return t != nil && t.indexed(f.Path)
}

// unlike is how to mend a reference between columns of two types.
func unlike(a, b *column) string {
	if a.class == classText && numeric(b) || b.class == classText && numeric(a) {
		return "say `data_type: integer` of the text in the data map, if it holds the numbers as they are"
	}
	return "map a column of the same type"
}

func matchable(a, b *column) bool {
	return a.class == b.class || numeric(a) && numeric(b) || converted(a, b)
}

// recognises: an address in a column of another type is never recognised.
func (v *visit) recognises(found *findings, c *dataset.Collection, s dataset.Seed) {
	t := v.live.find(c.Name)
	if t == nil || c.Skip {
		return
	}
	k := t.column(s.Field.Path)
	if k != nil && s.Normal == dataset.NormalEmail && !v.d.holds(k, connectors.Text("x")) {
		found.add(connectors.SeverityBlocks, c.Key+"."+s.Field.Path, "it is of the type "+k.kind+", which can't hold the identity "+string(s.Type)+" as one text: nobody would be found by it",
			"map a column of text, or skip the collection")
	}
}

func (v *visit) indexed(found *findings, c *dataset.Collection, f *dataset.Field) {
	t := v.live.find(c.Name)
	if t == nil || c.Skip || !t.plain || t.column(f.Path) == nil || t.indexed(f.Path) {
		return
	}
	if c.Scope.Kind == dataset.ScopeField && len(c.Scope.Hops) == 0 && t.indexed(c.Scope.Field) {
		return
	}
	found.add(connectors.SeverityNote, c.Key+"."+f.Path, "rows are searched by it, and no index begins with it: each search reads the whole table", "add an index")
}

// masksFit tries each mask on the column's real type.
func (v *visit) masksFit(found *findings, p place) {
	if !masks(p.Action) {
		return
	}
	s := selected{p, walk.Selection{Collection: p.Collection, Masks: p.Masked(), Action: p.Action}}
	if _, err := v.masking(s); err != nil {
		found.add(connectors.SeverityDeletes, p.Key, problemText(err), "delete the rows, or map the table otherwise")
		return
	}
	for _, f := range s.Masks {
		c := p.t.column(f.Path)
		where := p.Key + "." + f.Path
		if c.generated {
			found.add(connectors.SeverityDeletes, where, "the server computes the column, so it can't be de-identified", "de-identify what it is computed from")
			continue
		}
		if _, err := walk.MaskValue(f.Mask, maskLimits(s, c), "sample", sampleOf(c), sampleMasker(0)); err != nil {
			found.add(connectors.SeverityDeletes, where, "it can't be de-identified as the map says: "+err.Error(), "choose another strategy")
		}
	}
}

// sampleOf is some value that the column may hold.
func sampleOf(c *column) connectors.Value {
	switch c.class {
	case classInt, classDecimal, classFloat:
		return connectors.Int(1)
	case classUUID:
		return connectors.UUID([16]byte{1})
	case classBytes:
		return connectors.Bytes([]byte{1})
	default:
		return connectors.Text("x")
	}
}

// sampleMasker draws the same byte each time.
type sampleMasker byte

func (m sampleMasker) Bytes(_, _, _ string, n int) []byte { return bytes.Repeat([]byte{byte(m)}, n) }

// database tells of the database as a whole. Without an encoding a text is no
// more than its bytes; large objects lie beside all tables.
func (v *visit) database(found *findings) {
	if v.live.unencoded {
		found.add(connectors.SeverityNote, v.env.System, "the database has no encoding (SQL_ASCII): persons are found by addresses in UTF-8 alone, and other texts are shown as if they were Latin-1",
			"move it to a database with the encoding UTF8")
	}
	if v.live.largeObjects {
		found.add(connectors.SeverityNote, v.env.System, "the database holds large objects (pg_largeobject), which no map reaches: what of a person they hold is neither reported nor erased",
			"see which column of the type oid or lo names them, and keep what is a person's in a column of bytes (bytea)")
	}
}

// mendText is what an error says to do about it.
func mendText(err error) string {
	var ours *connectors.Error
	if errors.As(err, &ours) {
		return ours.Mend
	}
	return ""
}

// problemText is what an error says, without its operation.
func problemText(err error) string {
	if what, ok := whatOf(err); ok {
		return what
	}
	return "it failed in an unknown way"
}
