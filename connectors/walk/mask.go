package walk

import (
	"privacydesk/connectors"
	"privacydesk/connectors/dataset"
)

// ColumnKind is what a column holds, as far as masks care.
type ColumnKind byte

// Kinds of columns.
const (
	ColumnText ColumnKind = iota + 1
	ColumnInt
	ColumnDecimal
	ColumnBool
	ColumnDate     // masks are text "2006-01-02"
	ColumnDateTime // masks are text "2006-01-02T15:04:05Z"
	ColumnUUID
	ColumnBytes
	ColumnOther // JSON, arrays, ranges: only null and fixed
)

// Column is what a mask has to respect.
type Column struct {
	Collection string // "dataset.collection"
	Field      string
	Kind       ColumnKind
	Nullable   bool
	Unique     bool
	MaxLength  int // characters of text or bytes; 0: no limit
	Bits       int // width of an integer: 8, 16, 32 or 64; 0 means 32
	Digits     int // digits of a decimal before its point; 0 means 9
}

// MaskValue is the value that replaces original. It depends on the request's
// key, the collection, the row and the field, and on original only by its
// length and by whether it is NULL: a repeated call writes the same. The zero
// Value stands for NULL. NULL stays NULL.
//
// It fails if the strategy can't keep the column's type, length or uniqueness.
func MaskValue(mask *dataset.Mask, col Column, row string, original connectors.Value, m connectors.Masker) (connectors.Value, error) {
	return connectors.Value{}, errNotBuilt
}

// IsMasked reports whether a value is what MaskValue would write.
func IsMasked(mask *dataset.Mask, col Column, row string, value connectors.Value, m connectors.Masker) bool {
	return false
}
