package connectors

import (
	"cmp"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Value is a key or identity with its real type: the number 42 and the text
// "42" are two values. It is comparable, and its zero is the empty value,
// which never matches anything.
type Value struct {
	kind ValueKind
	text string
}

// ValueKind is the real type of a Value.
type ValueKind byte

// The kinds, as their letter in a Value's text form.
const (
	KindNone    ValueKind = 0
	KindText    ValueKind = 's'
	KindInt     ValueKind = 'i' // any integer, also beyond 64 bits
	KindDecimal ValueKind = 'd'
	KindBytes   ValueKind = 'b'
	KindUUID    ValueKind = 'u'
)

// rawText is the letter of a text that is no UTF-8, in base64.
const rawText = 't'

// Text makes a Value of a string.
func Text(s string) Value { return Value{KindText, s} }

// Int makes a Value of an integer.
func Int(i int64) Value { return Value{KindInt, strconv.FormatInt(i, 10)} }

// Uint makes a Value of an unsigned integer; it equals Int of the same number.
func Uint(i uint64) Value { return Value{KindInt, strconv.FormatUint(i, 10)} }

// Bytes makes a Value of raw bytes.
func Bytes(b []byte) Value { return Value{KindBytes, string(b)} }

// Decimal makes a Value of a decimal's text. "1.50" and "1.5" are one value;
// a whole number is the same as Int of it.
func Decimal(s string) (Value, error) {
	r, ok := new(big.Rat).SetString(s)
	if !ok || strings.ContainsAny(s, "/eExXpP_") || len(s) > 200 {
		return Value{}, fmt.Errorf("not a decimal number")
	}
	if r.IsInt() {
		return Value{KindInt, r.Num().String()}, nil
	}
	_, frac, _ := strings.Cut(s, ".")
	return Value{KindDecimal, strings.TrimRight(r.FloatString(len(frac)), "0")}, nil
}

// UUID makes a Value of 16 bytes.
func UUID(b [16]byte) Value {
	h := hex.EncodeToString(b[:])
	return Value{KindUUID, h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]}
}

// ParseUUID makes a Value of a UUID's text, whatever its case.
func ParseUUID(s string) (Value, error) {
	raw, err := hex.DecodeString(strings.ReplaceAll(s, "-", ""))
	if err != nil || len(raw) != 16 {
		return Value{}, fmt.Errorf("not a UUID")
	}
	return UUID([16]byte(raw)), nil
}

// Kind is the value's real type.
func (v Value) Kind() ValueKind { return v.kind }

// Raw is the value's content without its kind: digits, text, raw bytes.
func (v Value) Raw() string { return v.text }

// Int64 is the value as an int64, if it is an integer that fits.
func (v Value) Int64() (int64, bool) {
	if v.kind != KindInt {
		return 0, false
	}
	i, err := strconv.ParseInt(v.text, 10, 64)
	return i, err == nil
}

// IsEmpty is true for the zero Value and for empty or blank text and bytes:
// what must never compile into a query.
func (v Value) IsEmpty() bool {
	return v.kind == KindNone || v.kind != KindBytes && strings.TrimSpace(v.text) == "" || v.text == ""
}

// Compare orders values: by kind, integers by number, the rest by bytes.
func (v Value) Compare(w Value) int {
	if c := cmp.Compare(v.kind, w.kind); c != 0 || v.kind != KindInt {
		return cmp.Or(c, strings.Compare(v.text, w.text))
	}
	a, aok := v.Int64()
	b, bok := w.Int64()
	if aok && bok {
		return cmp.Compare(a, b)
	}
	x, _ := new(big.Int).SetString(v.text, 10)
	y, _ := new(big.Int).SetString(w.text, 10)
	return x.Cmp(y)
}

// String hides the content: values are personal data and must not reach a
// log by accident. Use Raw or MarshalText where the content is meant.
func (v Value) String() string {
	if v.kind == KindNone {
		return "value(none)"
	}
	return "value(" + string(rune(v.kind)) + ")"
}

// Format keeps every fmt verb from printing the content.
func (v Value) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(v.String())) }

// MarshalText writes "i:42", "s:text", "b:base64", and "t:base64" of a text
// that is no UTF-8.
func (v Value) MarshalText() ([]byte, error) {
	switch v.kind {
	case KindNone:
		return nil, nil
	case KindBytes:
		return []byte("b:" + base64.StdEncoding.EncodeToString([]byte(v.text))), nil
	case KindText:
		if !utf8.ValidString(v.text) { // JSON would make another of it
			return []byte("t:" + base64.StdEncoding.EncodeToString([]byte(v.text))), nil
		}
	case KindInt, KindDecimal, KindUUID:
	}
	return []byte(string(rune(v.kind)) + ":" + v.text), nil
}

// UnmarshalText reads what MarshalText wrote.
func (v *Value) UnmarshalText(b []byte) error {
	if len(b) == 0 {
		*v = Value{}
		return nil
	}
	if len(b) < 2 || b[1] != ':' {
		return fmt.Errorf("value: no kind")
	}
	text := string(b[2:])
	var err error
	switch ValueKind(b[0]) {
	case KindText:
		*v = Text(text)
	case KindInt, KindDecimal:
		*v, err = Decimal(text)
	case KindUUID:
		*v, err = ParseUUID(text)
	case KindBytes, rawText:
		var raw []byte
		raw, err = base64.StdEncoding.DecodeString(text)
		if *v = Bytes(raw); b[0] == rawText {
			*v = Text(string(raw))
		}
	default:
		return fmt.Errorf("value: unknown kind %q", b[0])
	}
	if err != nil {
		return fmt.Errorf("value: %w", err)
	}
	return nil
}
