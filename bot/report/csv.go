package report

import (
	"encoding/base64"
	"unicode/utf8"

	"privacydesk/connectors"
)

// csvHead is the first record of a CSV file, after a byte order mark: without
// one, spreadsheets read the file in the local code page and garble names.
func csvHead(s connectors.Schema) []byte {
	out := []byte("\ufeff")
	for i, c := range s.Columns {
		if i > 0 {
			out = append(out, ',')
		}
		out = appendCSVText(out, []byte(c.Name))
	}
	return append(out, '\r', '\n')
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
	return append(appendQuoted(dst, s), '"')
}

// appendQuoted adds what stands between quotes. Where a spreadsheet splits
// lines at semicolons or tabs, as in most of Europe, a quote within a line is
// an ordinary character: what follows a separator or an end of line begins a
// cell there, and gets an apostrophe if it would be a formula.
func appendQuoted(dst, s []byte) []byte {
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		size := 1
		switch {
		case c == ';' || c == '\n' || c == '\r' || c == '\t':
			i++
			if startsSign(s[i:]) {
				dst = append(append(dst, s[start:i]...), '\'')
				start = i
			}
			continue
		case c >= ' ' && c < 0x7f && c != '"':
			i++
			continue
		case c >= utf8.RuneSelf:
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
	return append(dst, s[start:]...)
}

// startsFormula is true for what spreadsheets evaluate, full-width signs and
// leading white space and controls included.
func startsFormula(s []byte) bool {
	s = skipBlank(s, false)
	return len(s) > 0 && s[0] < ' ' || startsSign(s)
}

// startsSign is true for what begins with a sign of formulas, behind quotes
// and what is not seen.
func startsSign(s []byte) bool {
	s = skipBlank(s, true)
	if len(s) == 0 {
		return false
	}
	if s[0] < utf8.RuneSelf {
		return s[0] == '=' || s[0] == '+' || s[0] == '-' || s[0] == '@'
	}
	switch r, _ := utf8.DecodeRune(s); r {
	case '＝', '＋', '－', '＠':
		return true
	}
	return false
}

// skipBlank leaves out leading spaces, what is invisible and, if asked to,
// quotes.
func skipBlank(s []byte, quotes bool) []byte {
	for len(s) > 0 {
		if s[0] < utf8.RuneSelf {
			if s[0] != ' ' && (!quotes || s[0] != '"') {
				break
			}
			s = s[1:]
			continue
		}
		r, size := utf8.DecodeRune(s)
		if r != 0xa0 && r != 0x3000 && !isInvisible(r) {
			break
		}
		s = s[size:]
	}
	return s
}
