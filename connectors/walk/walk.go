// Package walk plans how one subject is found and erased in one system: what
// to read and to erase, in which order, by which keys. It does no I/O: a
// connector compiles its steps into whatever its technology speaks, feeds the
// rows back, and the walk compares each of them in Go before it believes
// anything.
//
// A typical connector does:
//
//	plan, err := walk.New(m)
//	w, err := plan.Start(job.Subject, job.Finding, walk.Limits{Keys: env.MaxKeys})
//	for {
//		steps, err := w.Next()
//		if err != nil || len(steps) == 0 { break }
//		for _, s := range steps {
//			// SELECT DISTINCT s.Fetch … WHERE s.Scope AND (any of s.Links)
//			w.Feed(s, row)
//		}
//	}
//	job.Finding = w.Finding()
//	// then counts, per plan.Reads(job.Finding)
package walk

import (
	"privacydesk/connectors"
	"privacydesk/connectors/dataset"
)

// Plan is what a data map means for walking. It is immutable and safe for
// concurrent use.
type Plan struct {
	m     *dataset.Map
	nodes map[string]*node
	order []*node // children first: the order of erasing
	// refuses is why deletes can't run, or "".
	refuses string
}

// Limits bound a walk.
type Limits struct {
	// Keys bounds the link values held at once; 0 means DefaultKeys.
	Keys int
	// Rounds bounds how often Next may find something new; 0 means
	// DefaultRounds.
	Rounds int
}

// Default limits.
const (
	DefaultKeys   = 1_000_000
	DefaultRounds = 64
)

// Scope confines a step to one tenant. The connector restates it in every
// query, reads and writes alike.
type Scope struct {
	dataset.Scope
	// Tenant as the system spells it. The connector binds it by the real
	// type of Scope.Field. It is not used for dataset.ScopeNone; for
	// dataset.ScopePlace no row is reached unless it is Scope.Place.
	Tenant string
}

// Step asks the connector to read rows of one collection: those that lie in
// Scope and that any of Links reaches.
type Step struct {
	Collection *dataset.Collection
	Scope      Scope
	Links      []Search
	// Fetch are the fields whose values Feed needs, the links' own fields
	// first. Rows that agree in all of them (and in the tenant) may be fed
	// once: SELECT DISTINCT is enough.
	Fetch []string
}

// Search is one way to reach rows: Field holds one of Values.
type Search struct {
	// Field is the field's name. Of a key of several it is the key's name, and
	// the values are those that Join makes; see dataset.KeyName.
	Field string
	// Identity is the identity type if Values are identities, which are
	// compared under Normal; "" if they are keys, which are compared exactly.
	Identity connectors.IdentityType
	Normal   dataset.Normal
	// Shared is true if rows reached this way are not the subject's own.
	Shared bool
	Values []connectors.Value // sorted, unique, none empty

	mark mark // of the link in a finding

	fold   Fold
	folded map[connectors.Value]bool // Values, folded
	vague  bool                      // one of Values can't be folded
}

// Fold brings a key into the form in which a system compares it: what has one
// form is equal to it. It is false for a key of which that is not known.
type Fold func(connectors.Value) (connectors.Value, bool)

// Row is one row that a step found.
type Row struct {
	// Tenant is the value of Scope.Field, read along Scope.Hops. It is not
	// looked at for other scopes than dataset.ScopeField.
	Tenant connectors.Value
	// Cells are the values of the step's Fetch, in its order; the zero Value
	// stands for NULL or an absent field.
	Cells []connectors.Value
}

// Own is how the subject's own rows of a collection are told from all others.
// Values are exact stored values: they are compared byte by byte, without
// collation or padding.
type Own struct {
	// Owned reach rows by an identity, or by a reference to a row that is the
	// subject's own.
	Owned []connectors.Link
	// Bears are the collection's identity fields, each with the stored values
	// that name the subject, where rows may be reached that name somebody
	// else: of those that Owned reach, the subject's are the ones in which no
	// identity is given, or one of these. Nil where all that is reached is
	// the subject's.
	Bears []connectors.Link
	// Pinned reach rows by their key that were the subject's own before a
	// delete replaced the identity in them.
	Pinned []connectors.Link
}

// Selection is all of one collection that a finding reaches.
type Selection struct {
	Collection *dataset.Collection
	Scope      Scope
	Own
	// Shared reach rows that others may share; so is what Owned reach and is
	// not the subject's own. A row that both reach is owned. What names
	// somebody else is never changed.
	Shared []connectors.Link
	// Guards are the fields through which others may refer to a shared row.
	Guards []Guard
	// Clears are the references to these rows that a delete clears in rows
	// that stay, in the batch that takes the rows.
	Clears []Clear
	// Masks are the fields that a delete replaces; for counting masked rows.
	Masks []*dataset.Field
	// Action is what a delete does to Owned and, where the collection is
	// owned and no guard objects, to Shared.
	Action connectors.Action
}

// Guard is a field that refers to a shared row: no row of Collection, of
// whichever tenant, may hold the shared row's Key in Field; of a key of
// several, no row may hold all of them.
type Guard struct {
	Collection *dataset.Collection
	Field      string
	Key        string
	// More are the further columns of a key of several.
	More []dataset.Pair
	// Ours reach those rows of Collection, in Scope, that the same delete
	// removes before it comes to the shared row. A count before the delete
	// leaves them out; the delete itself needs no exception.
	Ours  Own
	Scope Scope
}

// Clear is a reference of rows that stay: rows of Collection, in Scope, refer
// over Pairs to a row that a delete removes, and Field is set to NULL in them.
type Clear struct {
	Collection *dataset.Collection
	Scope      Scope
	Field      string
	Pairs      []dataset.Pair
	// Goes reach those rows of Collection that the same delete removes before:
	// they are not counted.
	Goes Own
}

// Op is what an erase step does.
type Op byte

// Operations.
const (
	// OpNull sets Fields to NULL in the subject's own rows, so that a cycle
	// of references can be deleted.
	OpNull Op = iota + 1
	// OpDelete deletes the rows.
	OpDelete
	// OpMask replaces Masks in the rows.
	OpMask
)

// EraseStep is one piece of an erase. Steps are run in their order.
type EraseStep struct {
	Op Op
	Selection
	Fields []string // for OpNull
}
