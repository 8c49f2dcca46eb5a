package walk

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

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

// Errors of MaskValue. Its error wraps one of them and names the field.
var (
	// ErrMaskType: the strategy can't write the column's type.
	ErrMaskType = errors.New("the strategy can't write this type of column")
	// ErrMaskNull: the column must not be NULL.
	ErrMaskNull = errors.New("the column can't be NULL")
	// ErrMaskUnique: the values would not be unique.
	ErrMaskUnique = errors.New("the values would not be unique")
	// ErrMaskLength: what would be written is longer than the column.
	ErrMaskLength = errors.New("the value is longer than the column")
)

// uniqueLength is how many letters and digits make a text unique: 95 bits.
const uniqueLength = 16

// shortestUnique is how few characters a column may have and still be asked
// to be unique: 47 bits, so that a million rows collide once in 200 times;
// the database refuses that, and nothing is lost.
const shortestUnique = 8

// MaskValue is the value that replaces original. It depends on the request's
// key, the collection, the row and the field, and on original only by its
// length and by whether there is one: a repeated call, and a call with the
// replacement itself, gives the same. The zero Value stands for NULL. NULL and
// blank text hold nothing and stay, unless the strategy is null.
//
// It fails if the strategy can't keep the column's type, length or uniqueness.
func MaskValue(mask *dataset.Mask, col Column, row string, original connectors.Value, m connectors.Masker) (connectors.Value, error) {
	v, err := maskValue(mask, col, row, original, m)
	if err != nil {
		return connectors.Value{}, fmt.Errorf("%s.%s: %s: %w", col.Collection, col.Field, mask.Strategy, err)
	}
	return v, nil
}

// IsMasked reports whether a value is what MaskValue would write.
func IsMasked(mask *dataset.Mask, col Column, row string, value connectors.Value, m connectors.Masker) bool {
	if value.Kind() == connectors.KindNone {
		return true
	}
	v, err := maskValue(mask, col, row, value, m)
	return err == nil && v == value
}

// RowKey is a row's primary key in its canonical text: what a Masker is asked
// with. No two different keys have the same.
func RowKey(key ...connectors.Value) string {
	var b strings.Builder
	for _, v := range key {
		text, err := v.MarshalText()
		if err != nil { // it has no failing path
			panic(err)
		}
		fmt.Fprintf(&b, "%d:%s,", len(text), text)
	}
	return b.String()
}

func maskValue(mask *dataset.Mask, col Column, row string, original connectors.Value, m connectors.Masker) (connectors.Value, error) {
	unique := mask.Unique || col.Unique
	switch {
	case mask.Strategy == dataset.StrategyNull && !col.Nullable:
		return connectors.Value{}, ErrMaskNull
	case mask.Strategy == dataset.StrategyNull:
		return connectors.Value{}, nil
	case original.IsEmpty():
		return original, nil
	case mask.Strategy == dataset.StrategyFixed && unique:
		return connectors.Value{}, ErrMaskUnique
	case mask.Strategy == dataset.StrategyFixed:
		return fixedValue(mask.Value, col)
	}
	d := draw{mask: mask, col: col, row: row, m: m, unique: unique}
	switch col.Kind {
	case ColumnText:
		return d.text(original)
	case ColumnInt:
		return d.integer()
	case ColumnDecimal:
		return d.decimal()
	case ColumnDate, ColumnDateTime:
		return d.date()
	case ColumnUUID:
		b := [16]byte(d.bytes(16))
		b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80 // version 4, RFC 9562
		return connectors.UUID(b), nil
	case ColumnBytes:
		return d.raw(original)
	case ColumnBool, ColumnOther:
	}
	return connectors.Value{}, ErrMaskType
}

// fixedValue is the map's own value as the column's type.
func fixedValue(s string, col Column) (connectors.Value, error) {
	if n := utf8.RuneCountInString(s); col.MaxLength > 0 && n > col.MaxLength && (col.Kind == ColumnText || col.Kind == ColumnBytes) {
		return connectors.Value{}, ErrMaskLength
	}
	switch col.Kind {
	case ColumnInt, ColumnDecimal:
		v, err := connectors.Decimal(s)
		if err != nil || col.Kind == ColumnInt && v.Kind() != connectors.KindInt {
			return connectors.Value{}, ErrMaskType
		}
		return v, nil
	case ColumnUUID:
		v, err := connectors.ParseUUID(s)
		if err != nil {
			return connectors.Value{}, ErrMaskType
		}
		return v, nil
	case ColumnDate, ColumnDateTime:
		if _, err := time.Parse(layout(col.Kind), s); err != nil {
			return connectors.Value{}, ErrMaskType
		}
	case ColumnBool:
		if s != "true" && s != "false" {
			return connectors.Value{}, ErrMaskType
		}
	case ColumnBytes:
		return connectors.Bytes([]byte(s)), nil
	case ColumnText, ColumnOther:
	}
	return connectors.Text(s), nil
}

func layout(k ColumnKind) string {
	if k == ColumnDate {
		return time.DateOnly
	}
	return "2006-01-02T15:04:05Z"
}

// draw makes a value of the masker's bytes.
type draw struct {
	mask   *dataset.Mask
	col    Column
	row    string
	m      connectors.Masker
	unique bool
}

func (d draw) bytes(n int) []byte { return d.m.Bytes(d.col.Collection, d.row, d.col.Field, n) }

// number is below limit.
func (d draw) number(limit uint64) uint64 { return binary.BigEndian.Uint64(d.bytes(8)) % limit }

// text keeps the length, as far as strategy, uniqueness and column allow.
func (d draw) text(original connectors.Value) (connectors.Value, error) {
	suffix := utf8.RuneCountInString(d.mask.Suffix)
	least := 1
	if d.unique {
		least = uniqueLength
	}
	size := max(utf8.RuneCountInString(original.Raw()), least+suffix)
	if d.mask.Strategy != dataset.StrategyRandom {
		size = 64 + suffix
	}
	if d.mask.Length > 0 {
		size = d.mask.Length + suffix
	}
	if d.col.MaxLength > 0 {
		size = min(size, d.col.MaxLength)
	}
	body := size - suffix
	switch {
	case body < 1:
		return connectors.Value{}, ErrMaskLength
	case d.unique && body < shortestUnique:
		return connectors.Value{}, ErrMaskUnique
	case d.mask.Strategy == dataset.StrategyRandom:
		return connectors.Text(letters(d.bytes(2*body)) + d.mask.Suffix), nil
	}
	return connectors.Text(hex.EncodeToString(d.bytes(body/2 + 1))[:body] + d.mask.Suffix), nil
}

// letters makes one letter or digit of each two bytes; what the remainder
// favours, it favours by less than a thousandth.
func letters(b []byte) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	out := make([]byte, len(b)/2)
	for i := range out {
		out[i] = alphabet[int(binary.BigEndian.Uint16(b[2*i:]))%len(alphabet)]
	}
	return string(out)
}

func (d draw) integer() (connectors.Value, error) {
	bits := d.col.Bits
	if bits == 0 {
		bits = 32
	}
	if bits < 8 || bits > 64 {
		return connectors.Value{}, ErrMaskType
	}
	if d.unique && bits < 32 {
		return connectors.Value{}, ErrMaskUnique
	}
	return connectors.Uint(1 + d.number(uint64(1)<<(bits-1)-1)), nil
}

func (d draw) decimal() (connectors.Value, error) {
	digits := d.col.Digits
	if digits == 0 {
		digits = 9
	}
	digits = min(digits, 18)
	if digits < 1 {
		return connectors.Value{}, ErrMaskType
	}
	if d.unique && digits < 9 {
		return connectors.Value{}, ErrMaskUnique
	}
	limit := uint64(1)
	for range digits {
		limit *= 10
	}
	return connectors.Uint(d.number(limit)), nil
}

// date is a day of the years 1970 to 1999.
func (d draw) date() (connectors.Value, error) {
	if d.unique {
		return connectors.Value{}, ErrMaskUnique
	}
	const days = 10957
	day := time.Unix(0, 0).UTC().AddDate(0, 0, int(d.number(days))) // #nosec G115 -- below days
	return connectors.Text(day.Format(layout(d.col.Kind))), nil
}

func (d draw) raw(original connectors.Value) (connectors.Value, error) {
	size := len(original.Raw())
	if d.mask.Strategy != dataset.StrategyRandom {
		size = 32
	}
	if d.mask.Length > 0 {
		size = d.mask.Length
	}
	if d.unique {
		size = max(size, uniqueLength)
	}
	if d.col.MaxLength > 0 {
		size = min(size, d.col.MaxLength)
	}
	if d.unique && size < shortestUnique {
		return connectors.Value{}, ErrMaskUnique
	}
	return connectors.Bytes(d.bytes(size)), nil
}
