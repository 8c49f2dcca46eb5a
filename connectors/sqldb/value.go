package sqldb

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"strconv"
	"strings"
	"unicode/utf8"

	"privacydesk/connectors"
)

// value is the cell as a key or identity, with its real type.
func (c cell) value() connectors.Value {
	if c.null {
		return connectors.Value{}
	}
	switch c.class {
	case classInt, classDecimal, classFloat:
		if v, err := connectors.Decimal(string(c.text)); err == nil {
			return v
		}
	case classUUID:
		if v, err := connectors.ParseUUID(string(c.text)); err == nil {
			return v
		}
	case classBytes:
		return connectors.Bytes(bytes.Clone(c.text))
	case classText:
		if v, ok := asNumber(string(c.text)); ok && c.digits {
			return v
		}
	case classBool, classTime, classJSON, classOther:
	}
	return connectors.Text(string(c.text))
}

// forSink is the cell as a report shows it. Its text may be that of c.
func (c cell) forSink() connectors.Cell {
	if c.null {
		return connectors.Cell{Kind: connectors.CellNull}
	}
	kind, text := connectors.CellString, c.text
	switch c.class {
	case classInt, classDecimal, classFloat:
		if isNumber(c.text) {
			kind = connectors.CellNumber
		}
	case classBool:
		kind, text = connectors.CellBool, boolText(c.text)
	case classBytes:
		kind = connectors.CellBytes
	case classTime:
		kind, text = connectors.CellTime, timeText(c.text)
	case classJSON:
		if json.Valid(c.text) {
			kind = connectors.CellJSON
		}
	case classUUID, classText, classOther:
	}
	if kind != connectors.CellBytes && kind != connectors.CellJSON && !utf8.Valid(text) {
		kind = connectors.CellString
		if c.class == classOther {
			kind = connectors.CellBytes
		}
	}
	return connectors.Cell{Kind: kind, Text: text}
}

// isNumber accepts what JSON calls a number; NaN and infinities are text.
func isNumber(text []byte) bool {
	digits := bytes.TrimPrefix(text, []byte("-"))
	if len(digits) == 0 || len(digits) > 1 && digits[0] == '0' && digits[1] >= '0' && digits[1] <= '9' {
		return false
	}
	for _, d := range digits {
		if d < '0' || d > '9' {
			return json.Valid(text)
		}
	}
	return true
}

// latin1 reads each byte as one character.
func latin1(text []byte) []byte {
	out := make([]byte, 0, 2*len(text))
	for _, b := range text {
		out = utf8.AppendRune(out, rune(b))
	}
	return out
}

func boolText(text []byte) []byte {
	switch string(text) {
	case "t", "1", "true", "\x01":
		return []byte("true")
	default:
		return []byte("false")
	}
}

// timeText spells an ISO date with a time of day as RFC 3339 does; sessions
// run in UTC, and a time without a zone stays without one. Other spellings
// (infinity, years before our era, dates of zeros) stay as they are.
func timeText(text []byte) []byte {
	const dateTime = len("2006-01-02 15:04:05")
	if len(text) < dateTime || text[10] != ' ' || text[4] != '-' || text[13] != ':' || bytes.HasSuffix(text, []byte("BC")) {
		return text
	}
	out := bytes.Clone(text)
	out[10] = 'T'
	for _, utc := range []string{"+00", "+00:00"} {
		if bytes.HasSuffix(out, []byte(utc)) && len(out) >= dateTime+len(utc) {
			return append(out[:len(out)-len(utc)], 'Z')
		}
	}
	return out
}

// fitting returns the texts of those values that a column of the class can
// hold: a number is never compared with a text, so that no server gets to
// coerce one into the other. KindInt values go to decimal columns too.
func fitting(c *column, values []connectors.Value) []string {
	out := make([]string, 0, len(values))
	for _, v := range values {
		if fits(c, v) {
			out = append(out, v.Raw())
		}
	}
	return out
}

func fits(c *column, v connectors.Value) bool {
	switch c.class {
	case classInt:
		return fitsInt(c, v)
	case classDecimal, classFloat:
		return v.Kind() == connectors.KindInt || v.Kind() == connectors.KindDecimal
	case classUUID:
		return v.Kind() == connectors.KindUUID
	case classBytes:
		return v.Kind() == connectors.KindBytes
	case classText, classTime, classBool, classJSON, classOther:
		return c.digits && v.Kind() == connectors.KindInt || v.Kind() == connectors.KindText && !strings.Contains(v.Raw(), "\x00")
	default:
		return false
	}
}

// kindFits reports whether values of the kind occur in columns of the class.
func kindFits(c *column, v connectors.Value) bool {
	switch c.class {
	case classInt, classDecimal, classFloat:
		return v.Kind() == connectors.KindInt || v.Kind() == connectors.KindDecimal
	case classUUID:
		return v.Kind() == connectors.KindUUID
	case classBytes:
		return v.Kind() == connectors.KindBytes
	case classText, classOther:
		return c.digits && v.Kind() == connectors.KindInt || v.Kind() == connectors.KindText && !strings.HasSuffix(c.kind, "[]")
	case classTime, classBool, classJSON:
	}
	return false
}

func fitsInt(c *column, v connectors.Value) bool {
	if v.Kind() != connectors.KindInt {
		return false
	}
	if c.unsigned {
		_, err := strconv.ParseUint(v.Raw(), 10, 64)
		return err == nil
	}
	_, ok := v.Int64()
	return ok
}

// numeric columns compare by number, whatever their width.
func numeric(c *column) bool { return c.class == classInt || c.class == classDecimal }

// typed reads a text (a tenant's spelling, an identity that a person wrote)
// as a value of the column's type.
func typed(c *column, text string) (connectors.Value, bool) {
	var v connectors.Value
	var err error
	switch c.class {
	case classInt, classDecimal, classFloat:
		v, err = connectors.Decimal(strings.TrimSpace(text))
	case classUUID:
		v, err = connectors.ParseUUID(strings.TrimSpace(text))
	case classBytes:
		v = connectors.Bytes([]byte(text))
	case classText, classTime, classBool, classJSON, classOther:
		v = connectors.Text(text)
	}
	return v, err == nil && !v.IsEmpty() && fits(c, v)
}

// pattern makes of a folded text a LIKE pattern in which each run of
// characters beyond ASCII, and of characters that such ones decompose to or
// fold to, may be anything: servers disagree on case and normal forms there,
// and Go decides in the end. The escape character is '!'.
func pattern(folded string) (like string, ascii bool) {
	var b strings.Builder
	open := false
	ascii = true
	for _, r := range folded {
		if r > 127 {
			ascii = false
			if !open {
				b.WriteByte('%')
			}
			open = true
			continue
		}
		open = false
		if r == '%' || r == '_' || r == '!' {
			b.WriteByte('!')
		}
		b.WriteRune(r)
	}
	return b.String(), ascii
}

// lowerASCII folds what every server folds alike.
func lowerASCII(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' {
			return r + ('a' - 'A')
		}
		return r
	}, s)
}

func unhex(text []byte) ([]byte, error) {
	out := make([]byte, hex.DecodedLen(len(text)))
	_, err := hex.Decode(out, text)
	return out, err
}
