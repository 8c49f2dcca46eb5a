// Package dataset reads data maps: which collections a system holds, which of
// their fields are personal, how rows link to each other, how each collection
// is scoped to a tenant, and what a delete does to it.
//
// A data map is a fideslang dataset (https://ethyca.github.io/fideslang), as
// people wrote it for Fides, plus our keys under `privacydesk:`. The package
// does no I/O and knows no technology.
//
// Our keys, all optional for reading the file; what a system can't do without
// them, Map.Problems says:
//
//	privacydesk:                       # of a dataset
//	  tenant: {field: account_id}      # for every collection that has the field; or {place: acme}, none
//	privacydesk:                       # of a collection
//	  tenant: {field: account_id}      # or {via: orders}, {via: orders, by: order_id}, {place: acme}, none
//	  on_delete: delete                # or deidentify, aggregate, {retain: {exception: …, reason: …}}
//	  owned: true                      # delete rows reached as shared once nobody else refers to them
//	  gather: true                     # show rows reached as shared
//	  references: [{to: line, fields: {order_no: order_no, line_no: line_no}, direction: from}]  # over several columns
//	  label, source, purpose, retention: text
//	  third_parties: [text]
//	  left_out: reason                 # neither read nor erased; reports and certificates say so
//	privacydesk:                       # of a reference
//	  where: {notable_type: Customer}  # only rows that hold this refer
//	privacydesk:                       # of a field
//	  on_delete: set_null              # of a reference: cleared in rows that stay when the row it refers to goes
//	  on_delete: {strategy: null}      # or fixed (value), hash, hmac, random (suffix, length, unique), keep (reason)
//	  never_disclose: reason           # false: known to be a recording, not a voiceprint
//	  vendor_assigned: true            # values may lead into collections without a tenant
//	  yields: true                     # values of owned rows are identities for other systems
//	  gather: true                     # show the value in rows that name somebody else, too
//	  normalise: none                  # or email; the identity type decides otherwise
//	  label: text
package dataset

import (
	"strings"

	"privacydesk/connectors"
)

// Map is one system's data map: all its datasets, with references resolved.
// It is immutable once parsed and safe for concurrent use.
type Map struct {
	Datasets []*Dataset // in the order of the files
	// Links are the references between collections of this map, resolved;
	// sorted and without duplicates.
	Links []*Link
	// Edges are the ways that a walk may take, as far as the map allows.
	Edges []Edge

	problems []connectors.Problem
	notes    []Note
	declared []string // data categories beside fideslang's
	digest   string
	index    map[string]*Collection
}

// Dataset is one `dataset` of a file.
type Dataset struct {
	Key         string // fides_key
	Name        string
	Description string
	Collections []*Collection // in the order of the file
	File        string
	Line        int

	categories []string
	tenant     *tenantSpec
}

// Collection is a table, a kind of document, a resource: one set of records.
type Collection struct {
	Dataset     string // the dataset's fides_key
	Name        string // as the system spells it
	Key         string // "dataset.collection": how all else names it
	Description string
	Label       string // for people; the name if the map gives none
	Source      string // where the data came from (Civ. Code 1798.110(a)(2))
	Purpose     string // why it is held (1798.110(a)(3))
	Retention   string
	// ThirdParties are the kinds of recipients (1798.110(a)(4)).
	ThirdParties []string
	// Fields are all mapped fields, nested ones by their dotted path, in the
	// order of the file. Containers of nested fields are among them.
	Fields []*Field
	Line   int

	// Action is what a delete does. ActionNone makes deletes refuse.
	Action connectors.Action
	// Exception and Reason say why ActionRetain keeps the rows.
	Exception string
	Reason    string
	// Owned lets a delete reach rows that were found against the direction
	// of a reference, if nobody else refers to them.
	Owned bool
	// GatherShared lets an access report show rows that were found against
	// the direction of a reference.
	GatherShared bool
	// Skip is Fides' skip_processing: neither read nor erased.
	Skip bool
	// LeftOut is why it is skipped, for reports and certificates. It implies
	// Skip.
	LeftOut string
	// EraseAfter names collections ("dataset.collection") that are erased
	// before this one, beyond what the links ask.
	EraseAfter []string

	// Scope is how rows are confined to one tenant.
	Scope Scope

	tenant         *tenantSpec
	wide           []wideReference
	fields         map[string]*Field
	file           string
	eraseAfterLine int
}

// Field is one mapped field of a collection.
type Field struct {
	Path        string // dotted for nested fields; the name otherwise
	Description string
	Label       string   // for people; the path if the map gives none
	Categories  []string // fideslang data categories, the collection's and dataset's included; sorted
	// Identity is the identity type by which the field recognises the
	// subject, or "".
	Identity connectors.IdentityType
	// PrimaryKey is true for each part of the collection's primary key.
	PrimaryKey bool
	// DataType is fideslang's: string, integer, float, boolean, object_id,
	// object, or one of them with "[]". Empty if the map does not say.
	DataType string
	Length   int  // most characters; 0 if the map does not say
	ReadOnly bool // is never changed
	// Container is true if the field only holds nested fields.
	Container bool
	// NeverDisclose is why the value is never shown in a report (Regs
	// §7024(d)), or "".
	NeverDisclose string
	// VendorAssigned is true if the vendor generates the values, so that a
	// value found in a tenant's row can be trusted in unscoped collections.
	VendorAssigned bool
	// Yields is true if a found row's value is an identity for other systems.
	Yields bool
	// GatherShared lets a report show the value in a row that names somebody
	// else, where personal fields are left out otherwise.
	GatherShared bool
	// Normalise is how two values are compared as identities.
	Normalise Normal
	// SetNull lets a delete clear the field, a reference, in rows that stay
	// when the row that it refers to goes.
	SetNull bool
	// Mask replaces the value when the collection is de-identified or
	// aggregated; nil leaves it.
	Mask *Mask
	// Needs are qualified identity types ("crm.customer.id") of fields in
	// other maps whose values lead to this field.
	Needs []connectors.IdentityType
	// LeadsTo are qualified identity types of fields in other maps to which
	// this field's values lead.
	LeadsTo []connectors.IdentityType
	// YieldsAs are the identity types under which an owned row's value is
	// told to other systems.
	YieldsAs []connectors.IdentityType
	Line     int

	setNullLine int

	kept       string // why a personal field of a masked collection stays
	unusable   string // why Fides' masking of the field can't be done here
	references []reference
}

// Link is a resolved reference between two collections of one map. The child
// holds the value that refers; the parent holds the value referred to.
type Link struct {
	Child, Parent           *Collection
	ChildField, ParentField *Field
	// More are the further columns of a key of several: all of them are
	// compared.
	More []Pair
	// Where confines the child's rows that refer over the link.
	Where []Condition
	// Live is true for a foreign key of the database that the map does not
	// name: it gives order and holds rows, and no walk takes it.
	Live bool
	// Keyed is true if ParentField, with More, is the parent's primary key
	// (beside its tenant field): only then does a child row belong to the parent's
	// owner. Rows reached over other links are shared.
	Keyed bool
	// Down allows going from a parent's row to its children, Up from a child
	// to its parent.
	Down, Up bool
}

// Pair is one column of a reference: what Child holds is what Parent holds.
type Pair struct{ Child, Parent *Field }

// Edge leads from the rows of one collection to those of another: a row of To
// is reached if its ToField equals FromField of a row already reached.
type Edge struct {
	From, To           *Collection
	FromField, ToField *Field
	// FromMore and ToMore are the further columns of a key of several, in
	// one order.
	FromMore, ToMore []*Field
	// Where are what rows of To have to hold besides, and If what those of
	// From have to.
	Where, If []Condition
	// Shared is true if what is reached is not owned by the owner of From.
	Shared bool
	// Keyed is true if the edge is a reference to a primary key.
	Keyed bool
}

// Self is true for a reference within one collection.
func (l *Link) Self() bool { return l.Child == l.Parent }

// ScopeKind says how a collection is confined to a tenant.
type ScopeKind byte

// Kinds of scope.
const (
	// ScopeMissing: the map does not say. Nothing may be read.
	ScopeMissing ScopeKind = iota
	// ScopeField: a field, here or along Hops, holds the tenant.
	ScopeField
	// ScopeNone: the map says that no tenant is recorded. Only values that
	// the vendor assigned may lead here.
	ScopeNone
	// ScopePlace: all rows are one tenant's, because the whole database,
	// account or bucket is. A request of another tenant finds nothing here.
	ScopePlace
)

// Scope is how a collection's rows are confined to one tenant.
type Scope struct {
	Kind ScopeKind
	// Hops lead from the collection to the one that holds Field; empty if
	// the collection holds it itself.
	Hops []Hop
	// Field of the last hop's collection (or of the collection) that holds
	// the tenant as the system spells it.
	Field string
	// Place is the tenant, as the system spells it, for ScopePlace.
	Place string
}

// Elsewhere is true if the place is another tenant's: none of its rows is this
// tenant's.
func (s Scope) Elsewhere(tenant string) bool { return s.Kind == ScopePlace && s.Place != tenant }

// Hop is one step towards the tenant: rows of the collection at hand belong
// to those rows of Collection whose ToField equals the row's Field.
type Hop struct {
	Field      string
	Collection *Collection
	ToField    string
}

// Note is something that the map says and that has no effect here, or not
// the one its author may expect. Where it must be a slip, it stops what the
// word was for.
type Note struct {
	File     string
	Line     int
	Where    string
	What     string
	Mend     string
	Severity connectors.Severity
}

// Collection returns the collection "dataset.collection", or nil.
func (m *Map) Collection(key string) *Collection { return m.index[key] }

// All returns every collection in the order of the files.
func (m *Map) All() []*Collection {
	var out []*Collection
	for _, d := range m.Datasets {
		out = append(out, d.Collections...)
	}
	return out
}

// Field returns the field of a dotted path, or nil.
func (c *Collection) Field(path string) *Field { return c.fields[path] }

// PrimaryKey returns the parts of the primary key in the order of the file.
func (c *Collection) PrimaryKey() []*Field {
	var out []*Field
	for _, f := range c.Fields {
		if f.PrimaryKey {
			out = append(out, f)
		}
	}
	return out
}

// KeyField returns the one field that identifies a row within its tenant: the
// primary key's only part beside the tenant field. Nil if there is none.
func (c *Collection) KeyField() *Field {
	var key *Field
	for _, f := range c.PrimaryKey() {
		if c.Scope.Kind == ScopeField && len(c.Scope.Hops) == 0 && f.Path == c.Scope.Field {
			continue
		}
		if key != nil {
			return nil
		}
		key = f
	}
	return key
}

// Gathered are the fields that an access report shows: those with a data
// category, primary keys and identities, without what is never disclosed. A
// field that the map does not name never leaves the system.
func (c *Collection) Gathered() []*Field {
	return c.where(func(f *Field) bool { return f.held() && f.NeverDisclose == "" })
}

// Withheld are the fields that are held and never disclosed.
func (c *Collection) Withheld() []*Field {
	return c.where(func(f *Field) bool { return f.held() && f.NeverDisclose != "" })
}

// Masked are the fields that a delete replaces, if the action is to
// de-identify or to aggregate.
func (c *Collection) Masked() []*Field {
	if c.Action != connectors.ActionMask && c.Action != connectors.ActionAggregate {
		return nil
	}
	return c.where(func(f *Field) bool { return f.Mask != nil })
}

func (c *Collection) where(keep func(*Field) bool) []*Field {
	var out []*Field
	for _, f := range c.Fields {
		if keep(f) {
			out = append(out, f)
		}
	}
	return out
}

// held: an object without mapped parts is one value; with parts, the parts
// are what is gathered.
func (f *Field) held() bool {
	return !f.Container && (len(f.Categories) > 0 || f.PrimaryKey || f.Identity != "")
}

// Personal is true if one of the field's categories is about a user.
func (f *Field) Personal() bool {
	for _, c := range f.Categories {
		if c == "user" || strings.HasPrefix(c, "user.") {
			return true
		}
	}
	return f.Identity != ""
}

// Qualified is the field's name as an identity type between systems.
func (c *Collection) Qualified(f *Field) connectors.IdentityType {
	return connectors.IdentityType(c.Key + "." + f.Path)
}

// Schema describes the collection's table in a report, in Gathered's order.
func (c *Collection) Schema() connectors.Schema {
	s := connectors.Schema{Collection: c.Key}
	for _, f := range c.Gathered() {
		s.Columns = append(s.Columns, connectors.Column{Name: f.Path, Label: f.Label, Categories: f.Categories})
	}
	for _, f := range c.Withheld() {
		s.Withheld = append(s.Withheld, connectors.Column{Name: f.Path, Label: f.Label, Categories: f.Categories, Reason: f.NeverDisclose, Rule: f.withheldBy()})
	}
	return s
}
