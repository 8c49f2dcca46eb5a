// Package connectortest is the conformance suite that every connector passes.
//
// A connector joins with a Harness: how to build a system of its kind from a
// neutral fixture, open the connector on it, look at all that the system
// holds, and add to it. See [Run].
package connectortest

import (
	_ "embed"
	"fmt"
	"maps"
	"slices"

	"privacydesk/connectors"
)

// The subject of the fixture, and the tenant whose subject she is. The other
// tenant knows a person of the same address.
const (
	Tenant      = "acme"
	OtherTenant = "globex"
	Email       = "ann@example.com"
)

// DataMap is the fixture's data map, dataset "shop".
//
//go:embed fixture.yml
var DataMap string

// Fixture is what a system is filled with.
type Fixture struct {
	Map    string // the data map
	Tables []Table
}

// Table is one collection of the fixture; parents come before children.
type Table struct {
	Name    string
	Columns []Column
	Rows    []Row
}

// Column is a column of whole numbers or of text.
type Column struct {
	Name       string
	Number     bool
	Nullable   bool
	Key        bool
	References string // "table" whose key the system itself should watch over, or ""
}

// Row is one record: int64, string or nil by column.
type Row map[string]any

// Fate is what a delete of the subject does to a row.
type fate byte

const (
	foreign  fate = iota // somebody else's, or nobody's: untouched
	gone                 // the subject's, deleted
	masked               // the subject's, de-identified
	retained             // the subject's, kept under an exception
	shared               // reached, and somebody else refers to it
)

type spec struct {
	table Table
	fates []fate
}

func columns(list ...Column) []Column { return list }

func number(name string) Column { return Column{Name: name, Number: true} }
func text(name string) Column   { return Column{Name: name} }
func key(c Column) Column       { c.Key = true; return c }
func null(c Column) Column      { c.Nullable = true; return c }
func ref(c Column, table string) Column {
	c.References = table
	return c
}

// row makes a Row of values in the order of the table's columns.
func (s *spec) row(f fate, values ...any) {
	r := Row{}
	for i, c := range s.table.Columns {
		r[c.Name] = values[i]
		if n, ok := values[i].(int); ok {
			r[c.Name] = int64(n)
		}
	}
	s.table.Rows = append(s.table.Rows, r)
	s.fates = append(s.fates, f)
}

// fixture has two tenants, the subject's own rows, rows that look like hers,
// and rows of one tenant that bear keys of the other.
func fixture() []*spec {
	return []*spec{addresses(), persons(), members(), orders(), lines(), events(), tickets(), invoices()}
}

func addresses() *spec {
	s := &spec{table: Table{Name: "address", Columns: columns(key(number("id")), text("tenant"), text("street"))}}
	s.row(gone, 11, Tenant, "1 Lone Lane")
	s.row(shared, 12, Tenant, "2 Common Court") // Bob lives there too
	s.row(foreign, 13, Tenant, "3 Other Oval")
	s.row(foreign, 31, OtherTenant, "4 Planted Path") // a row of acme points here
	return s
}

func persons() *spec {
	s := &spec{table: Table{Name: "person", Columns: columns(
		key(number("id")), text("tenant"), text("email"), text("name"), null(text("passport")), null(ref(number("address_id"), "address")),
	)}}
	s.row(gone, 1, Tenant, Email, "Ann Archer", "P-1111111", 11)
	s.row(gone, 2, Tenant, " Ann@EXAMPLE.com ", "Ann A. Archer", nil, 12) // case and white space do not matter
	s.row(gone, 3, Tenant, "ANN@example.com", "A. Archer", nil, 31)
	s.row(foreign, 4, Tenant, "bob@example.com", "Bob Baker", "P-2222222", 12)
	s.row(foreign, 5, Tenant, "ánn@example.com", "Ánn Accent", nil, 13) // accents do
	s.row(foreign, 6, Tenant, "ann@example.com.au", "Ann Longer", nil, nil)
	s.row(foreign, 7, Tenant, "annn@example.com", "Ann Likeness", nil, nil)
	s.row(foreign, 8, Tenant, "ann+1@example.com", "Ann Plus", nil, nil)
	s.row(foreign, 9, Tenant, "a_n@example.com", "Ann Wildcard", nil, nil)
	s.row(foreign, 10, Tenant, "", "Nobody", nil, nil)
	s.row(foreign, 21, OtherTenant, Email, "Ann of the others", "P-3333333", 31)
	return s
}

// members have keys that are texts.
func members() *spec {
	s := &spec{table: Table{Name: "member", Columns: columns(key(text("code")), text("tenant"), text("email"))}}
	s.row(gone, "1001", Tenant, Email)
	s.row(gone, "Kö-1", Tenant, Email)
	s.row(foreign, "2002", Tenant, "bob@example.com")
	s.row(foreign, "G-7", OtherTenant, Email)
	return s
}

func orders() *spec {
	s := &spec{table: Table{Name: "orders", Columns: columns(key(number("id")), text("tenant"), ref(number("person_id"), "person"), text("note"))}}
	s.row(gone, 100, Tenant, 1, "gift for a friend")
	s.row(gone, 101, Tenant, 1, "deliver at noon")
	s.row(gone, 102, Tenant, 2, "ring twice")
	s.row(foreign, 103, Tenant, 4, "for Bob")
	s.row(foreign, 104, OtherTenant, 21, "the others' order")
	return s
}

// lines are scoped to a tenant through their order.
func lines() *spec {
	s := &spec{table: Table{Name: "order_line", Columns: columns(key(number("id")), ref(number("order_id"), "orders"), text("item"))}}
	for i := range 6 {
		s.row(gone, 1000+i, 100+i%3, fmt.Sprintf("item %d", i))
	}
	s.row(foreign, 1010, 103, "Bob's item")
	s.row(foreign, 1011, 104, "the others' item")
	return s
}

// events refer to members by text, and nothing in the system watches over it.
func events() *spec {
	s := &spec{table: Table{Name: "event", Columns: columns(key(number("id")), text("tenant"), null(text("member_code")), text("payload"))}}
	for i := range 5 {
		s.row(gone, 500+i, Tenant, "1001", fmt.Sprintf("opened page %d", i))
	}
	s.row(gone, 510, Tenant, "Kö-1", "clicked")
	for i, alike := range []string{"1001 ", " 1001", "01001", "1001abc", "1001.0", "1e3", "kö-1", "KÖ-1", "Ko-1", "Kö-1 ", "0", ""} {
		s.row(foreign, 520+i, Tenant, alike, "only looks alike")
	}
	s.row(foreign, 540, Tenant, nil, "of nobody")
	s.row(foreign, 541, Tenant, "2002", "Bob's event")
	s.row(foreign, 542, Tenant, "G-7", "bears a key of the others")
	s.row(foreign, 543, OtherTenant, "1001", "the others bear a key of ours")
	s.row(foreign, 544, OtherTenant, "G-7", "the others' event")
	return s
}

// tickets are de-identified.
func tickets() *spec {
	s := &spec{table: Table{Name: "ticket", Columns: columns(key(number("id")), text("tenant"), text("requester"), text("subject"), null(text("body")))}}
	s.row(masked, 700, Tenant, Email, "Where is my parcel", "It was to come on Monday.")
	s.row(masked, 701, Tenant, "Ann@example.com", "Thanks", nil)
	s.row(masked, 702, Tenant, Email, "Refund", "Please.")
	s.row(foreign, 703, Tenant, "bob@example.com", "Hello", "I am Bob.")
	s.row(foreign, 704, OtherTenant, Email, "From the others", "Not ours.")
	return s
}

func invoices() *spec {
	s := &spec{table: Table{Name: "invoice", Columns: columns(key(number("id")), text("tenant"), text("email"), number("total"))}}
	s.row(retained, 800, Tenant, Email, 1999)
	s.row(retained, 801, Tenant, Email, 50)
	s.row(foreign, 802, Tenant, "bob@example.com", 7)
	s.row(foreign, 803, OtherTenant, Email, 9)
	return s
}

// expected are a collection's counts before a delete.
func (s *spec) expected() connectors.Counts {
	var out connectors.Counts
	for _, f := range s.fates {
		switch f {
		case gone, masked:
			out.Rows++
		case retained:
			out.Retained++
		case shared:
			out.Shared++
		case foreign:
		}
	}
	return out
}

// maskedColumns are the columns that a delete replaces.
func maskedColumns() []string { return []string{"requester", "subject", "body"} }

// secrets are the texts of the fixture that no error may contain. Short ones
// and codes that are no personal data are left out.
func secrets(tables []*spec) []string {
	set := map[string]bool{}
	for _, s := range tables {
		for _, r := range s.table.Rows {
			for name, v := range r {
				if word, ok := v.(string); ok && name != "tenant" && len(word) > 5 {
					set[word] = true
				}
			}
		}
	}
	return slices.Sorted(maps.Keys(set))
}
