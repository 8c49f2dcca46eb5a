package sqldb

import (
	"context"
	"time"

	"privacydesk/connectors"
)

// session is one connection to the server. It is used by one goroutine.
type session interface {
	// query calls row for each row of the result. The cells are valid until
	// row returns; an error of row ends the query and is returned as it is.
	query(ctx context.Context, q query, row func(cells []cell) error) error
	// exec runs one statement and returns the number of rows it touched.
	exec(ctx context.Context, q query) (int64, error)
	// begin opens a transaction that can't hold a lock for longer than the
	// bounds of the options, and waits for the lock that is named.
	begin(ctx context.Context, lock string) error
	commit(ctx context.Context) error
	// rollback undoes what is open; without a transaction it does nothing.
	rollback(ctx context.Context)
	close()
}

// query is a statement, the values bound to it, and how to read its columns.
type query struct {
	sql  string
	args []any     // string, int64, uint64, float64, []byte, or list
	cols []*column // of the result; nil reads text
}

// list is an array value; only PostgreSQL binds it.
type list []string

// cell is one value of a result, in the text that the server gave.
type cell struct {
	null   bool
	digits bool
	class  class
	text   []byte
}

// dialect is what PostgreSQL, MySQL (with MariaDB) and SQLite differ in.
type dialect interface {
	// open connects; no statement may run for longer than bound.
	open(ctx context.Context, o *Options, bound time.Duration) (session, error)
	// weaknesses are what a DSN gives away that could be kept.
	weaknesses(dsn string) []weakness
	introspect(ctx context.Context, s session, o *Options) (*schema, error)
	// keeps removes what can be removed of erased rows beside the tables, and
	// says what the server keeps of them, and for how long, as far as it tells.
	keeps(ctx context.Context, s session) ([]string, error)
	// settling returns a function that makes the server look, within the
	// transaction that s has open, at what it would look at in its COMMIT. The
	// tables are those that the transaction is to change.
	settling(ctx context.Context, s session, tables []*table) (func(context.Context) error, error)
	// explain says what a driver's error means, if it knows.
	explain(err error) meaning

	quote(name string) string
	// read is the expression under which a column is selected.
	read(alias string, c *column) string
	// shown is the expression under which reports select a column, and what
	// its cells are then: bits and shapes read as people write them.
	shown(alias string, c *column) (string, *column)
	// order is the expression by which a column sorts the same way each time.
	order(alias string, c *column) string
	// exact compiles "the column's stored value is, byte by byte, one of
	// values". Values that the column can't hold are left out; it returns ""
	// when none remains. A blank text is a value as good as any: who searches
	// leaves it out before.
	exact(b *builder, alias string, c *column, values []connectors.Value) string
	// alike compiles a condition that is true for every text that equals one
	// of texts when case and the white space around it are disregarded. It
	// may be true for more.
	alike(b *builder, alias string, c *column, texts []string) string
	// fold is how the server compares texts of the column as keys; nil if by
	// their bytes alone.
	fold(c *column) foldText
	// alikeKeys compiles "the server calls the column's text equal to one of
	// texts", by the rules of the column by.
	alikeKeys(b *builder, alias string, c, by *column, texts []string) string
	// blank compiles "the column holds nothing, or nothing but ASCII white
	// space"; it is never NULL.
	blank(alias string, c *column) string
	// same compiles the byte-wise equality of two columns.
	same(aliasA string, a *column, aliasB string, b *column) string

	// holds reports whether a column's type is one whose values can equal v.
	holds(c *column, v connectors.Value) bool
	// tenant are the values of a column that spell a tenant's name; none if
	// the column can hold no such value.
	tenant(c *column, name string) []connectors.Value
	// refers compiles that a child's column holds what its parent's does in
	// the eyes of a foreign key. It may be true for more.
	refers(child string, c *column, parent string, p *column) string

	// bind adds a value to the statement and returns its placeholder.
	bind(b *builder, v any) string
	// rowID names the physical address of a row, "" where there is none. It
	// may come to be another row's at any time: whoever uses it restates what
	// the row has to be.
	rowID(t *table, alias string) string
	// byRowID compiles "the row's address is one of ids", which are in
	// physical order.
	byRowID(b *builder, t *table, alias string, ids []string) string
	// sweeps reports whether a statement can pick its own rows by address, and
	// tell the last: see sweep.
	sweeps() bool
	// afterRowID compiles "the row's address comes after id".
	afterRowID(b *builder, t *table, alias string, id string) string
	// distinct is the expression under which a column's values differ if and
	// only if their bytes do.
	distinct(alias string, c *column) string
	// assign compiles the new value of a column; the zero Value is NULL.
	assign(b *builder, c *column, v connectors.Value) string
	// sampled is a value as the column would hold it, for a question that
	// touches no table.
	sampled(b *builder, c *column, v connectors.Value) string
	// spelled compiles how the server spells a text once it is a value of the
	// column's type; "" where it keeps the spelling, or can't be asked.
	spelled(b *builder, c *column, text string) string
	// deleteFrom and update are the heads of statements that change a table,
	// and the alias under which the rest of the statement knows it.
	deleteFrom(t *table) (head, alias string)
	update(t *table) (head, alias string)
	// forUpdate ends a SELECT whose rows are to be locked.
	forUpdate() string
	// maxArgs bounds the bound values of one statement; 0 is no bound.
	maxArgs() int
	// maxBatch bounds the rows that one statement names.
	maxBatch() int
}

// builder collects a statement's bound values.
type builder struct {
	args []any
}

func qualified(d dialect, t *table) string {
	if t.schema == "" {
		return d.quote(t.name)
	}
	return d.quote(t.schema) + "." + d.quote(t.name)
}

func col(d dialect, alias string, c *column) string {
	if alias == "" {
		return d.quote(c.name)
	}
	return alias + "." + d.quote(c.name)
}
