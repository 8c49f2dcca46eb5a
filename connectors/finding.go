package connectors

import (
	"cmp"
	"slices"
)

// Finding is how to reach what was found in one system: selectors, not leaf
// keys. It is written once a round and only grows, so that after half an
// erase the union still reaches what is left.
//
// A finding holds personal data: it lives in the spool alone.
type Finding struct {
	Sets []Set `json:"sets"`
	// Yields are identities that the found records revealed.
	Yields []Identity `json:"yields,omitempty"`
}

// Set is the part of a finding that concerns one collection.
type Set struct {
	Collection string `json:"collection"`
	// Links reach the rows: a row belongs to the set if any link's field has
	// one of the link's values and the row lies in the tenant.
	Links []Link `json:"links,omitempty"`
	// Counts as this Locate saw them.
	Counts
}

// Link is a field and the values by which it reaches rows.
type Link struct {
	Field  string  `json:"field"`
	Values []Value `json:"values"` // sorted, unique
}

// Counts of a set. Rows are disjoint: each row is counted in one of them.
type Counts struct {
	Rows     int64 `json:"rows"`               // carry personal data on which a delete would act
	Masked   int64 `json:"masked,omitempty"`   // bear this request's masks already
	Retained int64 `json:"retained,omitempty"` // kept under an exception by the map
	Shared   int64 `json:"shared,omitempty"`   // reachable, not owned: gathered, never deleted
	// Cleared are no rows but references: in rows that stay, to rows that a
	// delete removes. It sets them to NULL.
	Cleared int64 `json:"cleared,omitempty"`
}

// Found is the number of rows that an access report would show.
func (c Counts) Found() int64 { return c.Rows + c.Masked + c.Retained + c.Shared }

// Set returns the collection's set, or nil.
func (f *Finding) Set(collection string) *Set {
	if f == nil {
		return nil
	}
	for i := range f.Sets {
		if f.Sets[i].Collection == collection {
			return &f.Sets[i]
		}
	}
	return nil
}

// Total sums the counts of all sets.
func (f *Finding) Total() Counts {
	var t Counts
	if f == nil {
		return t
	}
	for _, s := range f.Sets {
		t.Rows += s.Rows
		t.Masked += s.Masked
		t.Retained += s.Retained
		t.Shared += s.Shared
		t.Cleared += s.Cleared
	}
	return t
}

// Open returns the collection's set, and makes it if there is none.
func (f *Finding) Open(collection string) *Set {
	if f.Set(collection) == nil {
		f.Sets = append(f.Sets, Set{Collection: collection})
		slices.SortFunc(f.Sets, func(a, b Set) int { return cmp.Compare(a.Collection, b.Collection) })
	}
	return f.Set(collection)
}

// Add merges values into the link of a collection's field and reports
// whether anything was new. Empty values are dropped.
func (f *Finding) Add(collection, field string, values ...Value) bool {
	values = slices.DeleteFunc(slices.Clone(values), Value.IsEmpty)
	if len(values) == 0 {
		return false
	}
	s := f.Open(collection)
	i, ok := slices.BinarySearchFunc(s.Links, field, func(l Link, f string) int { return cmp.Compare(l.Field, f) })
	if !ok {
		s.Links = slices.Insert(s.Links, i, Link{Field: field})
	}
	l := &s.Links[i]
	before := len(l.Values)
	l.Values = append(l.Values, values...)
	slices.SortFunc(l.Values, Value.Compare)
	l.Values = slices.Compact(l.Values)
	return len(l.Values) > before
}

// Keys counts the link values of all sets: what a finding costs in memory.
func (f *Finding) Keys() int {
	n := 0
	if f != nil {
		for _, s := range f.Sets {
			for _, l := range s.Links {
				n += len(l.Values)
			}
		}
	}
	return n
}

// Covers reports whether f reaches everything that g reaches: every link and
// value, and every yield. Counts are not compared.
func (f *Finding) Covers(g *Finding) bool {
	if g == nil {
		return true
	}
	have := f.Clone()
	for _, s := range g.Sets {
		for _, l := range s.Links {
			if have.Add(s.Collection, l.Field, l.Values...) {
				return false
			}
		}
	}
	return len(MergeIdentities(have.Yields, g.Yields)) == len(MergeIdentities(have.Yields))
}

// Clone returns a deep copy; of nil, an empty finding.
func (f *Finding) Clone() *Finding {
	out := &Finding{}
	if f == nil {
		return out
	}
	out.Yields = slices.Clone(f.Yields)
	out.Sets = slices.Clone(f.Sets)
	for i := range out.Sets {
		out.Sets[i].Links = slices.Clone(out.Sets[i].Links)
		for j := range out.Sets[i].Links {
			out.Sets[i].Links[j].Values = slices.Clone(out.Sets[i].Links[j].Values)
		}
	}
	return out
}
