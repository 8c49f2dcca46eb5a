package report

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"

	"privacydesk/connectors"
)

// All values come from strangers. In a CSV they must not become formulas, in a
// page not markup, in JSON not syntax; nowhere may they hide or turn around
// what stands beside them.

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
			return append(dst, c.Text...)
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
			if r != utf8.RuneError || size > 1 {
				i += size
				continue
			}
			dst = append(append(dst, s[start:i]...), `\ufffd`...)
			i++
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

// appendCSV adds a cell as one field of RFC 4180. What a spreadsheet would take
// for a formula gets an apostrophe in front; the exact value is in report.json.
func appendCSV(dst []byte, c connectors.Cell) []byte {
	switch c.Kind {
	case connectors.CellNull:
		return dst
	case connectors.CellNumber:
		if isNumber(c.Text) {
			return append(dst, c.Text...)
		}
	case connectors.CellBytes:
		start := len(dst)
		dst = base64.StdEncoding.AppendEncode(dst, c.Text)
		if len(dst) > start && dst[start] == '+' {
			dst = append(dst, 0)
			copy(dst[start+1:], dst[start:])
			dst[start] = '\''
		}
		return dst
	case connectors.CellString, connectors.CellBool, connectors.CellTime, connectors.CellJSON:
	}
	return appendCSVText(dst, c.Text)
}

func appendCSVText(dst, s []byte) []byte {
	// White space at the ends is quoted: some readers trim it.
	plain := len(s) == 0 || s[0] != ' ' && s[len(s)-1] != ' '
	for _, c := range s {
		if c < ' ' || c == '"' || c == ',' || c == ';' || c >= 0x7f {
			plain = false
			break
		}
	}
	formula := startsFormula(s)
	if plain {
		if formula {
			dst = append(dst, '\'')
		}
		return append(dst, s...)
	}
	dst = append(dst, '"')
	if formula {
		dst = append(dst, '\'')
	}
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= ' ' && c < 0x7f && c != '"' || c == '\n' || c == '\r' || c == '\t' {
			i++
			continue
		}
		size := 1
		if c >= utf8.RuneSelf {
			var r rune
			if r, size = utf8.DecodeRune(s[i:]); r != utf8.RuneError || size > 1 {
				i += size
				continue
			}
		}
		dst = append(dst, s[start:i]...)
		if c == '"' {
			dst = append(dst, '"', '"')
		} else {
			dst = utf8.AppendRune(dst, utf8.RuneError)
		}
		i += size
		start = i
	}
	dst = append(dst, s[start:]...)
	return append(dst, '"')
}

// startsFormula is true for what spreadsheets evaluate, full-width signs and
// leading white space and controls included.
func startsFormula(s []byte) bool {
	for len(s) > 0 {
		switch c := s[0]; {
		case c == '=' || c == '+' || c == '-' || c == '@' || c == '\t' || c == '\r' || c == '\n':
			return true
		case c < ' ':
			return true
		case c == ' ':
			s = s[1:]
			continue
		case c < utf8.RuneSelf:
			return false
		}
		r, size := utf8.DecodeRune(s)
		switch r {
		case '＝', '＋', '－', '＠':
			return true
		case 0xfeff, 0x200b, 0xa0, 0x3000: // invisible: look behind it
			s = s[size:]
			continue
		}
		return false
	}
	return false
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
		dst = appendHTMLRune(dst, r)
		i += size
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

// isInvisible is true for marks that reorder or hide text.
func isInvisible(r rune) bool {
	return r == 0x61c || r == 0x200b || r == 0x200e || r == 0x200f ||
		r >= 0x202a && r <= 0x202e || r >= 0x2060 && r <= 0x2069 || r == 0xfeff ||
		r >= 0xfff0 && r <= 0xfffb || r >= 0xe0000 && r <= 0xe007f
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
