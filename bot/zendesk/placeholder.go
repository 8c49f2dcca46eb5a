package zendesk

import (
	"regexp"
	"strings"
)

// zeroWidth separates what would be read as a placeholder together.
const zeroWidth = '\u200b'

// braceEntity matches a brace or percent sign written as a character
// reference: it may be decoded before placeholders are looked for.
const braceEntity = `(?i)&(?:#0*123|#x0*7b|lbrace|lcub|(#0*125|#x0*7d|rbrace|rcub)|(#0*37|#x0*25|percnt))(?:;|\b)`

// inert makes sure that Zendesk finds no placeholder ({{…}}) and no Liquid
// tag ({%…%}) in a text: it expands those of the API too, and text from
// outside could pull another ticket's data into a comment.
func inert(html string) string {
	html = regexp.MustCompile(braceEntity).ReplaceAllStringFunc(html, func(ref string) string {
		switch v := strings.ToLower(ref); {
		case strings.Contains(v, "125"), strings.Contains(v, "7d"), strings.HasPrefix(v, "&r"):
			return "}"
		case strings.Contains(v, "37"), strings.Contains(v, "25"), strings.HasPrefix(v, "&p"):
			return "%"
		}
		return "{"
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
