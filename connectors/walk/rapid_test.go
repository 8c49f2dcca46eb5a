package walk_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"privacydesk/connectors"
	"privacydesk/connectors/dataset"
	"privacydesk/connectors/walk"
)

const tenantField = "org"

// drawMap draws a data map of a few collections that refer to each other at
// random, also to themselves and in circles.
func drawMap(t *rapid.T) string {
	n := rapid.IntRange(1, 5).Draw(t, "collections")
	var b strings.Builder
	b.WriteString("dataset:\n  fides_key: a\n  privacydesk: {tenant: {field: org}}\n  collections:\n")
	for i := range n {
		fmt.Fprintf(&b, "    - name: c%d\n      privacydesk: {on_delete: delete, gather: true, owned: %v}\n      fields:\n", i, rapid.Bool().Draw(t, "owned"))
		b.WriteString("        - {name: org}\n        - {name: id, fides_meta: {primary_key: true}}\n")
		if i == 0 || rapid.Bool().Draw(t, "identity") {
			b.WriteString("        - {name: email, fides_meta: {identity: email}}\n")
		}
		for r := range rapid.IntRange(0, 2).Draw(t, "references") {
			to := rapid.IntRange(0, n-1).Draw(t, "to")
			dir := rapid.SampledFrom([]string{"", ", direction: from", ", direction: to"}).Draw(t, "direction")
			ours := rapid.SampledFrom([]string{"", ", privacydesk: {on_delete: set_null}"}).Draw(t, "set_null")
			fmt.Fprintf(&b, "        - {name: r%d, fides_meta: {references: [{dataset: a, field: c%d.id%s}]}%s}\n", r, to, dir, ours)
		}
	}
	return b.String()
}

func drawRows(t *rapid.T, m *dataset.Map) memory {
	out := memory{}
	for _, c := range m.All() {
		for i := range rapid.IntRange(0, 6).Draw(t, "rows") {
			r := record{"id": num(int64(i)), tenantField: text(rapid.SampledFrom([]string{"mine", "other"}).Draw(t, "tenant"))}
			for _, f := range c.Fields {
				switch {
				case f.Identity != "":
					r[f.Path] = text(rapid.SampledFrom([]string{"jo@x.y", "Jo@X.y ", "jó@x.y", "jo+a@x.y", ""}).Draw(t, "email"))
				case strings.HasPrefix(f.Path, "r") && rapid.Bool().Draw(t, "refers"):
					r[f.Path] = num(int64(rapid.IntRange(0, 6).Draw(t, "value")))
				}
			}
			out[c.Key] = append(out[c.Key], r)
		}
	}
	return out
}

// name tells a record apart within its collection and tenant.
func name(key string, r record) string {
	id, _ := r["id"].Int64()
	return fmt.Sprintf("%s %s %d", key, r[tenantField].Raw(), id)
}

// owned is what the subject owns, by the definition and not by the walk: rows
// of the tenant that bear the address, and rows without any address that refer
// to a row that the subject owns.
func owned(m *dataset.Map, rows memory) map[string]bool {
	out := map[string]bool{}
	for changed := true; changed; {
		changed = false
		for _, c := range m.All() {
			for _, r := range rows[c.Key] {
				if r[tenantField] != text("mine") || out[name(c.Key, r)] {
					continue
				}
				e := r["email"].Raw()
				if namesJo(r) || e == "" && refersToOwned(m, rows, out, c, r) {
					out[name(c.Key, r)], changed = true, true
				}
			}
		}
	}
	return out
}

func namesJo(r record) bool { return slices.Contains([]string{"jo@x.y", "Jo@X.y "}, r["email"].Raw()) }

func refersToOwned(m *dataset.Map, rows memory, owned map[string]bool, c *dataset.Collection, r record) bool {
	for _, l := range m.Links {
		if l.Child != c || !l.Keyed || !l.Down {
			continue
		}
		for _, p := range rows[l.Parent.Key] {
			v := r[l.ChildField.Path]
			if !v.IsEmpty() && p[l.ParentField.Path] == v && owned[name(l.Parent.Key, p)] {
				return true
			}
		}
	}
	return false
}

func index(rows memory) map[string]record {
	out := map[string]record{}
	for key, list := range rows {
		for _, r := range list {
			out[name(key, r)] = r
		}
	}
	return out
}

func TestRule6And8_OnlyTheSubjectsRowsChange(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := parse(t, drawMap(t))
		rows := drawRows(t, p.Map())
		before, mine := index(rows.clone()), owned(p.Map(), rows)
		f, err := rows.locate(p, someone("mine", "jo@x.y"), nil, walk.Limits{})
		if err != nil {
			t.Fatalf("locate: %v", err)
		}
		if _, err := rows.erase(p, "mine", f, -1); err != nil {
			if p.RefusesErase() == "" {
				t.Fatalf("erase: %v", err)
			}
			return
		}
		after := index(rows)
		for n, r := range before {
			left, there := after[n]
			switch {
			case mine[n] && there:
				t.Fatalf("%s is the subject's and stays", n)
			case !mine[n] && !there:
				if r[tenantField] != text("mine") || !p.Map().Collection(strings.Fields(n)[0]).Owned {
					t.Fatalf("%s is not the subject's and is gone", n)
				}
				checkAlone(t, p.Map(), rows, n, r)
			case there && !maps.Equal(r, left):
				checkCleared(t, p.Map(), after, n, r, left)
			}
		}
	})
}

// checkCleared: a row that stays only loses references to rows that are gone,
// which the map lets go, and only in the subject's tenant.
func checkCleared(t *rapid.T, m *dataset.Map, after map[string]record, n string, was, is record) {
	c := m.Collection(strings.Fields(n)[0])
	if was[tenantField] != text("mine") {
		t.Fatalf("%s is another tenant's and was changed", n)
	}
	for field, v := range was {
		if is[field] == v {
			continue
		}
		dangling := slices.ContainsFunc(m.Links, func(l *dataset.Link) bool {
			_, stays := after[name(l.Parent.Key, record{"id": v, tenantField: text("mine")})]
			return l.Child == c && l.ChildField.Path == field && l.ChildField.SetNull && is[field].IsEmpty() && !stays
		})
		if !dangling {
			t.Fatalf("%s was changed in %s", n, field)
		}
	}
}

// checkAlone: a shared row only goes if nobody, of whichever tenant, refers
// to it any more.
func checkAlone(t *rapid.T, m *dataset.Map, rows memory, n string, r record) {
	c := m.Collection(strings.Fields(n)[0])
	for _, l := range m.Links {
		if l.Parent != c {
			continue
		}
		for _, other := range rows[l.Child.Key] {
			if other[l.ChildField.Path] == r[l.ParentField.Path] {
				t.Fatalf("%s is gone though %s refers to it", n, name(l.Child.Key, other))
			}
		}
	}
}

// TestRule8_WhoIsNamedIsNeverReached: a row that names somebody else is
// neither erased nor read as the subject's, and nothing is reached through it.
func TestRule8_WhoIsNamedIsNeverReached(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := parse(t, drawMap(t))
		rows := drawRows(t, p.Map())
		mine := owned(p.Map(), rows)
		f, err := rows.locate(p, someone("mine", "jo@x.y"), nil, walk.Limits{})
		if err != nil {
			t.Fatalf("locate: %v", err)
		}
		reads, err := p.Reads("mine", f)
		if err != nil {
			t.Fatalf("reads: %v", err)
		}
		for _, s := range reads {
			for _, r := range rows[s.Collection.Key] {
				named := r["email"].Raw() != "" && !namesJo(r)
				switch is := rows.scoped(s.Scope, r) && owns(s.Own, r); {
				case is && !mine[name(s.Collection.Key, r)]:
					t.Fatalf("%s is read as the subject's", name(s.Collection.Key, r))
				case named && rows.hits(s, r, true):
					t.Fatalf("%s names somebody else and would be erased", name(s.Collection.Key, r))
				}
			}
		}
	})
}

func TestTheUnionNeverShrinks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := parse(t, drawMap(t))
		rows := drawRows(t, p.Map())
		known, err := rows.locate(p, someone("mine", "jo@x.y"), nil, walk.Limits{})
		if err != nil {
			t.Fatalf("locate: %v", err)
		}
		for range 3 {
			if p.RefusesErase() == "" {
				if _, err := rows.erase(p, "mine", known, rapid.IntRange(0, 6).Draw(t, "steps")); err != nil {
					t.Fatalf("erase: %v", err)
				}
			}
			next, err := rows.locate(p, someone("mine", "jo@x.y"), known, walk.Limits{})
			if err != nil {
				t.Fatalf("locate again: %v", err)
			}
			if !next.Covers(known) {
				t.Fatalf("the finding lost keys")
			}
			known = next
		}
	})
}

func TestTheOrderIsChildrenFirst(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := parse(t, drawMap(t))
		if p.RefusesErase() != "" {
			return
		}
		steps, err := p.Erases("mine", everything(p.Map()))
		if err != nil {
			t.Fatalf("erase: %v", err)
		}
		at, nulled := map[string]int{}, map[string]bool{}
		for i, s := range steps {
			if s.Op == walk.OpNull {
				for _, f := range s.Fields {
					nulled[s.Collection.Key+"."+f] = true
				}
				continue
			}
			at[s.Collection.Key] = i
		}
		for _, l := range p.Map().Links {
			if !nulled[l.Child.Key+"."+l.ChildField.Path] && !l.Self() && at[l.Child.Key] > at[l.Parent.Key] {
				t.Fatalf("%s is deleted before its child %s", l.Parent.Key, l.Child.Key)
			}
		}
	})
}

func TestAWalkIsRepeatable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := parse(t, drawMap(t))
		rows := drawRows(t, p.Map())
		a, err := rows.locate(p, someone("mine", "jo@x.y"), nil, walk.Limits{})
		if err != nil {
			t.Fatalf("locate: %v", err)
		}
		b, err := rows.locate(p, someone("mine", "jo@x.y"), &connectors.Finding{}, walk.Limits{})
		if err != nil {
			t.Fatalf("locate: %v", err)
		}
		if !a.Covers(b) || !b.Covers(a) || len(a.Sets) != len(b.Sets) {
			t.Fatalf("two walks differ")
		}
	})
}
