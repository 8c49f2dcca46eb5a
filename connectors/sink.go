package connectors

import (
	"context"
	"io"
)

// Sink takes what Gather streams. A sink belongs to one attempt and is
// discarded unless the engine commits it.
type Sink interface {
	// Table opens a collection's part. Tables are written one after the
	// other, each once; a second Table of the same collection is an error.
	Table(ctx context.Context, schema Schema) (Table, error)
	// Media stores one file (a voice recording). name is a wish: the sink
	// makes it safe and unique. An empty file is an error.
	Media(ctx context.Context, m Media, r io.Reader) error
}

// Table takes the rows of one collection.
type Table interface {
	// Row writes one record; cells are in the order of the schema's columns
	// and are not used after it returns.
	Row(cells []Cell) error
	// Close ends the part. A part that was not closed is not in the report.
	Close() error
}

// Schema says what a table's cells are.
type Schema struct {
	Collection string   `json:"collection"`
	Columns    []Column `json:"columns"`
	// Withheld names fields that are held but never disclosed (§7024(d)): the
	// report says that the kind is held, not its value.
	Withheld []Column `json:"withheld,omitempty"`
}

// Column is one field of a collection.
type Column struct {
	Name       string   `json:"name"`
	Label      string   `json:"label,omitempty"`
	Categories []string `json:"categories,omitempty"`
	Reason     string   `json:"reason,omitempty"` // for withheld ones
	// Rule is the law's rule by which a field is withheld: Rule7024d, or "" where
	// the data map gave a reason of its own.
	Rule string `json:"rule,omitempty"`
}

// Rule7024d forbids a business to disclose some values in answer to a request
// to know, though it says that it holds them (11 CCR §7024(d)). It is
// California's alone.
const Rule7024d = "11 CCR §7024(d)"

// Media describes a file.
type Media struct {
	Collection  string `json:"collection"`
	Name        string `json:"name"`
	ContentType string `json:"content_type"`
	Label       string `json:"label,omitempty"`
}

// Cell is one value in text form. Text is valid until Row returns.
type Cell struct {
	Kind CellKind
	Text []byte
}

// CellKind is how a cell's text is to be understood.
type CellKind byte

// Kinds of cells.
const (
	CellNull   CellKind = iota // Text is empty
	CellString                 // UTF-8; invalid bytes are replaced by the report
	CellNumber                 // a JSON number
	CellBool                   // true or false
	CellTime                   // RFC 3339, or a date or time of day as the system spells it
	CellJSON                   // one JSON value
	CellBytes                  // raw bytes; the report shows them in base64
)
