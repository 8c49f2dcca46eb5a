package reading

import (
	"net/url"
	"regexp"
	"strings"
)

// Mail programs write the link that they make of an address beside it, as
// plain text: `jo@x.de<mailto:jo@x.de>`, `jo@x.de (mailto:jo@x.de)`,
// `[jo@x.de](mailto:jo@x.de)`, or wrapped by a filter,
// `jo@x.de<https://….safelinks.protection.outlook.com/?url=mailto%3Ajo%40x.de…>`.
// Both are one mention. A link to somebody else is none: which of the two is
// meant?

const mailto = "mailto:"

// besideIt is a link right after an address.
var besideIt = regexp.MustCompile(`^\]?[ \t]?\n?[<(\[]((?:https?://|(?i:mailto:))[^\s<>()\[\]]*)`)

// unlinked joins addresses with the links beside them.
func unlinked(text string, mentions []mention) []mention {
	var out []mention
	linked := 0
	for _, m := range mentions {
		if m.start < linked {
			continue // a part of a link
		}
		if link := besideIt.FindStringSubmatchIndex(text[m.end:]); link != nil {
			if target, is := mailtoIn(text[m.end+link[2] : m.end+link[3]]); is {
				m = m.with(text, target, m.end+link[3])
				linked = m.end
			}
		}
		out = append(out, m)
	}
	return out
}

// with is the mention together with the link that follows it, and the bracket
// that closes it. One to somebody else is no address.
func (m mention) with(text, target string, end int) mention {
	if target != m.addr {
		m.addr = ""
	}
	m.end = end
	if end < len(text) && strings.IndexByte(">)]", text[end]) >= 0 {
		m.end++
	}
	return m
}

// mailtoIn is the address to which a web link leads in the end, empty where
// it is none. is false for a link that leads to no mail.
func mailtoIn(link string) (addr string, is bool) {
	for range 3 { // a filter may wrap what another one wrapped
		at := strings.Index(strings.ToLower(link), mailto)
		if at >= 0 {
			target, _, _ := strings.Cut(link[at+len(mailto):], "&")
			target, err := url.PathUnescape(target)
			if err != nil {
				return "", true
			}
			target, query, _ := strings.Cut(target, "?")
			addr, err := Normalise(target)
			if err != nil || strings.ContainsRune(query, '@') {
				return "", true
			}
			return addr, true
		}
		plain, err := url.PathUnescape(link)
		if err != nil {
			plain = strings.ReplaceAll(strings.ReplaceAll(link, "%3A", ":"), "%3a", ":")
		}
		link = plain
	}
	return "", false
}
