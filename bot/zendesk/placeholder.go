package zendesk

import (
	"regexp"
	"strconv"
	"strings"
)

// zeroWidth separates what would be read as a placeholder together.
const zeroWidth = '\u200b'

// references matches characters that are written as references. HTML ends a
// number where its digits end; the semicolon may be missing.
const references = `(?i)&(?:#([0-9]+)|#x([0-9a-f]+)|(lbrace|lcub)|(rbrace|rcub)|(percnt));?`

// inert makes sure that Zendesk finds no placeholder ({{…}}) and no Liquid
// tag ({%…%}) in a text: it expands those of the API too, and text from
// outside could pull another ticket's data into a comment. Braces and percent
// signs that are written as references are made plain first: they may be
// decoded before placeholders are looked for.
func inert(html string) string {
	re := regexp.MustCompile(references)
	html = re.ReplaceAllStringFunc(html, func(ref string) string {
		m := re.FindStringSubmatch(ref)
		switch {
		case m[3] != "" || numbered(m, '{'):
			return "{"
		case m[4] != "" || numbered(m, '}'):
			return "}"
		case m[5] != "" || numbered(m, '%'):
			return "%"
		}
		return ref
	})
	var out strings.Builder
	var last rune
	for _, r := range html {
		opens := last == '{' && (r == '{' || r == '%')
		closes := r == '}' && (last == '}' || last == '%')
		if opens || closes {
			out.WriteRune(zeroWidth)
		}
		out.WriteRune(r)
		last = r
	}
	return out.String()
}

// numbered is true for a reference to the rune by its number.
func numbered(m []string, r rune) bool {
	for digits, base := range map[string]int{m[1]: 10, m[2]: 16} {
		if n, err := strconv.ParseInt(digits, base, 32); err == nil && rune(n) == r {
			return true
		}
	}
	return false
}
