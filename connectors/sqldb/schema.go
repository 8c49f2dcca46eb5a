package sqldb

import (
	"slices"
)

// class is how a column's text is to be read, compared and bound.
type class byte

const (
	classOther   class = iota // compared as the text that the server prints
	classText                 // char, varchar, text
	classInt                  // whole numbers of any width
	classDecimal              // exact decimals
	classFloat
	classBool
	classUUID
	classBytes
	classTime
	classJSON
)

// schema is what the server says that it holds. Every identifier in a
// statement comes from here and never from a configuration or a row.
type schema struct {
	tables map[string]*table // by "schema.table"
	home   string            // the schema that unqualified collections lie in
	packet int64             // the bytes that a statement may have; 0 is no bound
	// unencoded: PostgreSQL's SQL_ASCII, texts of any bytes.
	unencoded bool
	// largeObjects: PostgreSQL's, which lie beside all tables.
	largeObjects bool
}

// find returns the table of a collection: its name in the home schema, or a
// name that carries its schema.
func (s *schema) find(collection string) *table {
	if t := s.tables[s.home+"."+collection]; t != nil {
		return t
	}
	return s.tables[collection]
}

// table is one relation of the server.
type table struct {
	schema, name string
	// plain is false for what rows can't simply be deleted from: views,
	// foreign tables. kind says what it is then, in the server's words.
	plain bool
	kind  string
	// engine is what keeps the rows where a server has several, and
	// transactional whether a batch that is given up is undone there.
	engine        string
	transactional bool
	// history: the server keeps what rows were before a change or a delete.
	history  bool
	columns  []*column
	primary  []string
	indexes  []index
	triggers []trigger     // on delete or update; rewrite rules too
	incoming []*foreignKey // keys of other tables (or of this one) that point here
	outgoing []*foreignKey
	copyOf   []*table // of a materialized view: what it was made of
	heir     bool     // PostgreSQL: a partition of another table, or a table that inherits from one
	rowless  bool     // SQLite: the table has no rowid
	deferred bool     // SQLite: a foreign key of it may be looked at in the COMMIT alone
	blind    []blindness
	refused  []refusal
	checks   []check
	computed []check // MySQL and MariaDB: generated columns, and what they are made of
	// notAlike are the columns that a unique index names in any way: also in an
	// expression, or for some rows alone.
	notAlike map[string]bool
}

// keepApart notes a column that a unique index names.
func (t *table) keepApart(column string) {
	if t.notAlike == nil {
		t.notAlike = map[string]bool{}
	}
	t.notAlike[column] = true
}

// refusal is what keeps the server from changing a table at all.
type refusal struct {
	onDelete, onUpdate bool
	what, mend         string
}

// keeps reports whether the relation holds rows of its own: a plain table, or
// a copy that the server makes of others' rows.
func (t *table) keeps() bool { return t.plain || t.kind == materialized || t.kind == foreign }

// Relations that hold rows and are no plain tables.
const (
	materialized = "materialized view"
	foreign      = "foreign table"
)

// blindness is what the server may hide from us of a table, and how to mend
// that.
type blindness struct{ what, mend string }

func (t *table) key() string { return t.schema + "." + t.name }

func (t *table) column(name string) *column {
	for _, c := range t.columns {
		if c.name == name {
			return c
		}
	}
	return nil
}

// unique reports whether the server keeps the column's values apart, alone
// or together with others.
func (t *table) unique(name string) bool {
	return slices.Contains(t.primary, name) ||
		slices.ContainsFunc(t.indexes, func(i index) bool { return i.unique && slices.Contains(i.columns, name) })
}

// singular reports whether the column alone tells rows apart.
func (t *table) singular(name string) bool {
	alone := func(set []string) bool { return len(set) == 1 && set[0] == name }
	return alone(t.primary) || slices.ContainsFunc(t.indexes, func(i index) bool { return i.unique && alone(i.columns) })
}

// together reports whether two columns together tell rows apart.
func (t *table) together(a, b string) bool {
	both := func(set []string) bool { return len(set) == 2 && slices.Contains(set, a) && slices.Contains(set, b) }
	return both(t.primary) || slices.ContainsFunc(t.indexes, func(i index) bool { return i.unique && both(i.columns) })
}

// apart reports whether some or all of the columns tell rows apart.
func (t *table) apart(columns []string) bool {
	within := func(set []string) bool {
		return len(set) > 0 && !slices.ContainsFunc(set, func(c string) bool { return !slices.Contains(columns, c) })
	}
	return within(t.primary) || slices.ContainsFunc(t.indexes, func(i index) bool { return i.unique && within(i.columns) })
}

// indexed reports whether an index begins with the column.
func (t *table) indexed(name string) bool {
	return len(t.primary) > 0 && t.primary[0] == name ||
		slices.ContainsFunc(t.indexes, func(i index) bool { return i.columns[0] == name })
}

// index is one index; a column that is an expression is "".
type index struct {
	name    string
	columns []string
	unique  bool
}

// addIndex takes one column of an index; those of one index follow each other.
func (t *table) addIndex(name, column string, unique bool) {
	if n := len(t.indexes); n > 0 && t.indexes[n-1].name == name {
		t.indexes[n-1].columns = append(t.indexes[n-1].columns, column)
		return
	}
	t.indexes = append(t.indexes, index{name: name, columns: []string{column}, unique: unique})
}

// column is one column of a table.
type column struct {
	name      string
	kind      string // as the server names the type: "character varying", "int unsigned"
	class     class
	length    int64 // in characters or bytes; 0 is none
	precision int64 // of decimals
	scale     int64
	bits      int // width of an integer; 0 is unknown
	unsigned  bool
	nullable  bool
	generated bool
	shape     bool     // MySQL and MariaDB: geometry, read and written as WKT
	digits    bool     // texts that spell whole numbers are read as numbers
	bytewise  bool     // texts are equal to the server if their bytes are
	full      string   // PostgreSQL: the type as it was declared, domain and all
	list      []string // MySQL and MariaDB: the values of an enum or a set
	several   bool     // MySQL and MariaDB: a set, which holds some of the list, in its order
	charset   string   // MySQL and MariaDB, as collation
	collation string
}

type trigger struct {
	name     string
	on       string // the table that it stands on: the table itself or an heir
	onDelete bool
	onUpdate bool
}

// foreignKey is a constraint from columns of one table to those of another.
type foreignKey struct {
	id         string
	name       string
	from, to   *table
	columns    []string
	references []string
	onDelete   string // upper case: "NO ACTION", "CASCADE" …
	onUpdate   string
}

// acts reports whether the server itself changes the referring rows when the
// referenced one goes.
func (k *foreignKey) acts() bool {
	return k.onDelete == "CASCADE" || k.onDelete == "SET NULL" || k.onDelete == "SET DEFAULT"
}

// refersTo is true if a foreign key leads from the column to the other table's.
func (t *table) refersTo(c *column, to *table, key *column) bool {
	return slices.ContainsFunc(t.outgoing, func(k *foreignKey) bool {
		i := slices.Index(k.columns, c.name)
		return k.to == to && i >= 0 && k.references[i] == key.name
	})
}
