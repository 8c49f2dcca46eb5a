package walk_test

import (
	"crypto/sha256"
	"encoding/binary"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"privacydesk/connectors"
	"privacydesk/connectors/dataset"
	"privacydesk/connectors/walk"
)

type (
	record map[string]connectors.Value
	// memory is a system in memory, as careless as a system can be: it
	// answers every question with all it has. What is found rests on the walk.
	memory map[string][]record
)

// fataler is what *testing.T and *rapid.T share.
type fataler interface {
	Helper()
	Fatalf(format string, args ...any)
}

func parse(t fataler, text string) *walk.Plan {
	t.Helper()
	m, _, err := dataset.Parse("map.yml", []byte(text))
	if err != nil {
		t.Fatalf("parse: %v", err)
	}
	p, err := walk.New(m)
	if err != nil {
		t.Fatalf("plan: %v", err)
	}
	return p
}

func shop(t *testing.T) *walk.Plan {
	t.Helper()
	data, err := os.ReadFile("../dataset/testdata/shop.yml")
	if err != nil {
		t.Fatal(err)
	}
	return parse(t, string(data))
}

// tenants are all values of the scope's field that the record leads to.
func (m memory) tenants(s walk.Scope, r record) []connectors.Value {
	at := []record{r}
	for _, h := range s.Hops {
		var next []record
		for _, row := range at {
			for _, other := range m[h.Collection.Key] {
				if v := row[h.Field]; !v.IsEmpty() && other[h.ToField] == v {
					next = append(next, other)
				}
			}
		}
		at = next
	}
	var out []connectors.Value
	for _, row := range at {
		out = append(out, row[s.Field])
	}
	return out
}

// locate runs a walk to its end.
func (m memory) locate(p *walk.Plan, s connectors.Subject, known *connectors.Finding, limits walk.Limits) (*connectors.Finding, error) {
	w, err := p.Start(s, known, limits)
	if err != nil {
		return nil, err
	}
	for {
		steps, err := w.Next()
		if err != nil {
			return nil, err
		}
		if len(steps) == 0 {
			return w.Finding(), nil
		}
		for _, step := range steps {
			for _, r := range m[step.Collection.Key] {
				if err := m.feed(w, step, r); err != nil {
					return nil, err
				}
			}
		}
	}
}

func (m memory) feed(w *walk.Walk, step walk.Step, r record) error {
	row := walk.Row{}
	for _, f := range step.Fetch {
		row.Cells = append(row.Cells, r[f])
	}
	if step.Scope.Kind != dataset.ScopeField {
		_, err := w.Feed(step, row)
		return err
	}
	for _, t := range m.tenants(step.Scope, r) {
		row.Tenant = t
		if _, err := w.Feed(step, row); err != nil {
			return err
		}
	}
	return nil
}

// keyParts are the fields of a key; none of the tests' bears the separator.
func keyParts(name string) []string { return strings.Split(name, "^") }

func linked(links []connectors.Link, r record) bool {
	return slices.ContainsFunc(links, func(l connectors.Link) bool {
		var parts []connectors.Value
		for _, f := range keyParts(l.Field) {
			parts = append(parts, r[f])
		}
		return slices.Contains(l.Values, walk.Join(parts))
	})
}

// mine is true if the record names nobody, or the subject.
func mine(bears []connectors.Link, r record) bool {
	nobody := true
	for _, l := range bears {
		v := r[l.Field]
		if slices.Contains(l.Values, v) {
			return true
		}
		nobody = nobody && strings.TrimSpace(v.Raw()) == ""
	}
	return nobody
}

func owns(o walk.Own, r record) bool {
	return linked(o.Owned, r) && mine(o.Bears, r) || linked(o.Pinned, r)
}

func (m memory) scoped(s walk.Scope, r record) bool {
	return s.Kind == dataset.ScopeNone || s.Kind == dataset.ScopePlace && !s.Elsewhere(s.Tenant) ||
		slices.ContainsFunc(m.tenants(s, r), func(v connectors.Value) bool { return walk.TenantIs(v, s.Tenant) })
}

// free is true if no guard finds anyone else who refers to the record.
func (m memory) free(guards []walk.Guard, r record, counting bool) bool {
	for _, g := range guards {
		for _, other := range m[g.Collection.Key] {
			refers := !r[g.Key].IsEmpty() && other[g.Field] == r[g.Key]
			for _, p := range g.More {
				refers = refers && !r[p.Parent.Path].IsEmpty() && other[p.Child.Path] == r[p.Parent.Path]
			}
			if !refers {
				continue
			}
			if counting && owns(g.Ours, other) && m.scoped(g.Scope, other) {
				continue
			}
			return false
		}
	}
	return true
}

// hits is true if the selection reaches the record and may act on it.
func (m memory) hits(s walk.Selection, r record, counting bool) bool {
	if !m.scoped(s.Scope, r) {
		return false
	}
	return owns(s.Own, r) || linked(s.Shared, r) && mine(s.Bears, r) && m.free(s.Guards, r, counting)
}

// erase runs the first n steps; all of them if n is negative.
func (m memory) erase(p *walk.Plan, tenant string, f *connectors.Finding, n int) (int, error) {
	steps, err := p.Erases(tenant, f)
	if err != nil {
		return 0, err
	}
	if n < 0 || n > len(steps) {
		n = len(steps)
	}
	for _, s := range steps[:n] {
		key := s.Collection.Key
		switch s.Op {
		case walk.OpDelete:
			var doomed []int
			for i, r := range m[key] {
				if m.hits(s.Selection, r, false) {
					doomed = append(doomed, i)
				}
			}
			for _, i := range doomed {
				m.clear(s.Clears, m[key][i])
			}
			slices.Reverse(doomed)
			for _, i := range doomed {
				m[key] = slices.Delete(slices.Clone(m[key]), i, i+1)
			}
		case walk.OpNull:
			for _, r := range m[key] {
				if m.hits(s.Selection, r, false) {
					for _, f := range s.Fields {
						delete(r, f)
					}
				}
			}
		case walk.OpMask:
			if err := m.mask(s); err != nil {
				return 0, err
			}
		}
	}
	return len(steps), nil
}

// clear takes away what refers to a record that goes.
func (m memory) clear(clears []walk.Clear, r record) {
	for _, c := range clears {
		for _, other := range m[c.Collection.Key] {
			refers := m.scoped(c.Scope, other)
			for _, p := range c.Pairs {
				refers = refers && !r[p.Parent.Path].IsEmpty() && other[p.Child.Path] == r[p.Parent.Path]
			}
			if refers {
				delete(other, c.Field)
			}
		}
	}
}

func (m memory) mask(s walk.EraseStep) error {
	for _, r := range m[s.Collection.Key] {
		if !m.hits(s.Selection, r, false) {
			continue
		}
		var key []connectors.Value
		for _, f := range s.Collection.PrimaryKey() {
			key = append(key, r[f.Path])
		}
		for _, f := range s.Masks {
			col := walk.Column{Collection: s.Collection.Key, Field: f.Path, Kind: walk.ColumnText, Nullable: true}
			v, err := walk.MaskValue(f.Mask, col, walk.RowKey(key...), r[f.Path], hashMasker{})
			if err != nil {
				return err
			}
			r[f.Path] = v
		}
	}
	return nil
}

func (m memory) clone() memory {
	out := memory{}
	for k, rows := range m {
		for _, r := range rows {
			out[k] = append(out[k], maps.Clone(r))
		}
	}
	return out
}

// hashMasker derives bytes as a keyed function would.
type hashMasker struct{}

func (hashMasker) Bytes(collection, row, field string, n int) []byte {
	var out []byte
	for i := uint64(0); len(out) < n; i++ {
		sum := sha256.Sum256(binary.BigEndian.AppendUint64([]byte("key\x00"+collection+"\x00"+row+"\x00"+field+"\x00"), i))
		out = append(out, sum[:]...)
	}
	return out[:n]
}

func text(s string) connectors.Value { return connectors.Text(s) }
func num(i int64) connectors.Value   { return connectors.Int(i) }

func someone(tenant, email string) connectors.Subject {
	return connectors.Subject{Tenant: tenant, Identities: []connectors.Identity{{Type: connectors.Email, Value: text(email)}}}
}

func ids(rows []record) []int64 {
	out := []int64{}
	for _, r := range rows {
		i, _ := r["id"].Int64()
		out = append(out, i)
	}
	slices.Sort(out)
	return out
}
