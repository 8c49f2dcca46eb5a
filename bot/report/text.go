package report

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"privacydesk/connectors"
)

// All values come from strangers. In a CSV they must not become formulas, in a
// page not markup, in JSON not syntax. Neither in a page nor in JSON may they
// hide or turn around what stands beside them; a CSV has them as they are, for
// it knows no way to write them otherwise.

// isNumber is true for a JSON number, RFC 8259, section 6.
func isNumber(b []byte) bool {
	i, n := 0, len(b)
	digits := func() bool {
		start := i
		for i < n && b[i] >= '0' && b[i] <= '9' {
			i++
		}
		return i > start
	}
	if i < n && b[i] == '-' {
		i++
	}
	if i < n && b[i] == '0' {
		i++
	} else if !digits() {
		return false
	}
	if i < n && b[i] == '.' {
		i++
		if !digits() {
			return false
		}
	}
	if i < n && (b[i] == 'e' || b[i] == 'E') {
		i++
		if i < n && (b[i] == '+' || b[i] == '-') {
			i++
		}
		if !digits() {
			return false
		}
	}
	return i == n
}

func isBool(b []byte) bool { return string(b) == "true" || string(b) == "false" }

// appendJSON adds a cell as a JSON value.
func appendJSON(dst []byte, c connectors.Cell) []byte {
	switch c.Kind {
	case connectors.CellNull:
		return append(dst, "null"...)
	case connectors.CellNumber:
		if isNumber(c.Text) {
			return append(dst, c.Text...)
		}
	case connectors.CellBool:
		if isBool(c.Text) {
			return append(dst, c.Text...)
		}
	case connectors.CellJSON:
		if utf8.Valid(c.Text) && json.Valid(c.Text) {
			return appendVisibleJSON(dst, c.Text)
		}
	case connectors.CellBytes:
		dst = append(dst, '"')
		dst = base64.StdEncoding.AppendEncode(dst, c.Text)
		return append(dst, '"')
	case connectors.CellString, connectors.CellTime:
	}
	return appendJSONString(dst, c.Text)
}

const hexDigits = "0123456789abcdef"

func appendJSONString(dst, s []byte) []byte {
	dst = append(dst, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= ' ' && c < utf8.RuneSelf && c != '"' && c != '\\' && c != '<' && c != '>' && c != '&' {
			i++
			continue
		}
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeRune(s[i:])
			if (r != utf8.RuneError || size > 1) && !isInvisible(r) {
				i += size
				continue
			}
			dst = appendEscape(append(dst, s[start:i]...), r)
			i += size
			start = i
			continue
		}
		dst = append(dst, s[start:i]...)
		switch c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\n':
			dst = append(dst, '\\', 'n')
		case '\r':
			dst = append(dst, '\\', 'r')
		case '\t':
			dst = append(dst, '\\', 't')
		default:
			dst = append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		}
		i++
		start = i
	}
	return append(append(dst, s[start:]...), '"')
}

// appendEscape adds a character as JSON spells one in ASCII.
func appendEscape(dst []byte, r rune) []byte {
	for _, unit := range utf16.AppendRune(nil, r) {
		dst = fmt.Appendf(dst, `\u%04x`, unit)
	}
	return dst
}

// appendVisibleJSON adds valid JSON. What is invisible can only stand in its
// strings, where it may be escaped.
func appendVisibleJSON(dst, s []byte) []byte {
	start := 0
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRune(s[i:])
		if isInvisible(r) {
			dst = appendEscape(append(dst, s[start:i]...), r)
			start = i + size
		}
		i += size
	}
	return append(dst, s[start:]...)
}

// maxCell is how many bytes of a value a page shows.
const maxCell = 2000

// appendHTML adds a cell as text of a page. Controls and marks that turn the
// direction of text become visible.
func appendHTML(dst []byte, c connectors.Cell) []byte {
	s := c.Text
	if c.Kind == connectors.CellNull {
		return append(dst, `<span class="none">–</span>`...)
	}
	if c.Kind == connectors.CellBytes {
		dst = fmt.Appendf(dst, `<span class="none">%d bytes: </span>`, len(s))
		s = []byte(base64.StdEncoding.EncodeToString(s[:min(len(s), maxCell/2)]))
		return append(append(dst, s...), ellipsis(len(c.Text) > maxCell/2)...)
	}
	cut := len(s) > maxCell
	if cut {
		s = s[:maxCell]
		for i := 0; i < 3 && len(s) > 0 && !utf8.RuneStart(s[len(s)-1]); i++ {
			s = s[:len(s)-1]
		}
		if r, size := utf8.DecodeLastRune(s); r == utf8.RuneError && size == 1 {
			s = s[:len(s)-1]
		}
	}
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRune(s[i:])
		i += size
		if r == '\r' && i < len(s) && s[i] == '\n' {
			continue // a line's end as Windows writes it
		}
		dst = appendHTMLRune(dst, r)
	}
	if cut {
		dst = fmt.Appendf(dst, `<span class="none"> … (the first %d of %d bytes; all of it is in the CSV file)</span>`, len(s), len(c.Text))
	}
	return dst
}

func ellipsis(cut bool) string {
	if cut {
		return "…"
	}
	return ""
}

func appendHTMLRune(dst []byte, r rune) []byte {
	switch {
	case r == '<':
		return append(dst, "&lt;"...)
	case r == '>':
		return append(dst, "&gt;"...)
	case r == '&':
		return append(dst, "&amp;"...)
	case r == '"':
		return append(dst, "&#34;"...)
	case r == '\'':
		return append(dst, "&#39;"...)
	case r == '\n' || r == '\t':
		return append(dst, byte(r))
	case r < ' ':
		return utf8.AppendRune(dst, 0x2400+r) // control pictures
	case r == 0x7f:
		return utf8.AppendRune(dst, 0x2421)
	case r < 0xa0 && r > 0x7f:
		return utf8.AppendRune(dst, utf8.RuneError)
	case isInvisible(r):
		return fmt.Appendf(dst, `[U+%04X]`, r)
	}
	return utf8.AppendRune(dst, r)
}

// isInvisible is true for marks that reorder, join, fill or hide text and show
// nothing themselves. The joiners U+200C and U+200D and the first variation
// selectors are none: scripts and emoji are written with them.
func isInvisible(r rune) bool {
	switch {
	case r < 0xad:
		return false
	case r >= 0x2028 && r <= 0x202e, r >= 0x2060 && r <= 0x206f, r >= 0xfff0 && r <= 0xfffb,
		r >= 0x1d173 && r <= 0x1d17a, r >= 0xe0000 && r <= 0xe0fff:
		return true
	}
	switch r {
	case 0xad, 0x34f, 0x61c, 0x115f, 0x1160, 0x17b4, 0x17b5, 0x180e, 0x200b, 0x200e, 0x200f, 0x2800, 0x3164, 0xfeff, 0xffa0:
		return true
	}
	return false
}

// visible cleans short text from outside for a template, which escapes it.
func visible(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == '\n' || r == '\t':
			b.WriteRune(r)
		case r < ' ':
			b.WriteRune(0x2400 + r)
		case r >= 0x7f && r < 0xa0:
			b.WriteRune(utf8.RuneError)
		case isInvisible(r):
			fmt.Fprintf(&b, "[U+%04X]", r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}
