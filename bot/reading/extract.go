package reading

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// mention is one thing in a text that is, or tries to be, an address.
type mention struct {
	addr  string // normalised; empty for something that is none
	start int    // in the text, in bytes
	end   int
}

// extract finds all mentions. It never shortens one to make an address of
// it: of "jean–luc@x.de" it does not take luc@x.de, that is somebody else.
func extract(text string) []mention {
	var out []mention
	if i := strings.IndexAny(text, "＠﹫"); i >= 0 { // wide and small forms of the sign: meant as an address, and none
		out = append(out, mention{start: i, end: i})
	}
	for i := 0; i < len(text); {
		at := strings.IndexByte(text[i:], '@')
		if at < 0 {
			break
		}
		at += i
		start, end := token(text, at)
		i = end
		if m, ok := judge(text, start, at, end); ok {
			out = append(out, m)
		}
	}
	return unlinked(text, out)
}

// delimits is true for what can't be part of an address and does separate
// one from its surroundings.
func delimits(r rune) bool {
	return unicode.IsSpace(r) || unicode.IsControl(r) || strings.ContainsRune("<>()[],;:\"“”„«»‹›‘‚", r)
}

// token is the longest run round the @ that nothing delimits.
func token(text string, at int) (start, end int) {
	start, end = at, at+1
	for start > 0 {
		r, n := utf8.DecodeLastRuneInString(text[:start])
		if delimits(r) {
			break
		}
		start -= n
	}
	for end < len(text) {
		r, n := utf8.DecodeRuneInString(text[end:])
		if delimits(r) {
			break
		}
		end += n
	}
	return start, end
}

// judge decides whether the token is an address, fails to be one, or is
// something else (a handle such as @jo, not ok).
func judge(text string, start, at, end int) (mention, bool) {
	m := mention{start: start, end: end}
	local := strings.TrimLeft(text[start:at], "*`•·→–—")
	domain, rest := cutDomain(text[at+1 : end])
	if local == "" && handle(text, at, domain) {
		return m, false
	}
	if strings.HasPrefix(local, "'") && strings.HasPrefix(rest, "'") {
		local = local[1:]
	}
	if strings.ContainsRune(rest, '@') || strings.ContainsFunc(local, oddInText) || broken(text, start) {
		return m, true
	}
	if addr, err := Normalise(local + "@" + domain); err == nil {
		m.addr = addr
	}
	return m, true
}

// cutDomain ends a domain at what may follow one in a text ("x.de's", "x.de!").
// Anything else that is no domain stays, and makes it fail.
func cutDomain(s string) (domain, rest string) {
	if i := strings.IndexAny(s, "'’!?*`/&|=#…"); i >= 0 {
		s, rest = s[:i], s[i:]
	}
	return strings.TrimRight(s, "."), rest
}

// handle is true for an @ that no local part could belong to.
func handle(text string, at int, domain string) bool {
	before, _ := utf8.DecodeLastRuneInString(text[:at])
	return domain != "" && !strings.ContainsRune(domain, '.') && (at == 0 || unicode.IsSpace(before) || before == '(')
}

// oddInText are characters that an address may have, but that in running text
// are more likely to be something else ("email=jo@x.de").
func oddInText(r rune) bool {
	return !unicode.In(r, unicode.L, unicode.M, unicode.N) && !strings.ContainsRune("._+-'~", r)
}

// broken is true where the token may be the second half of an address that a
// line break cut in two.
func broken(text string, start int) bool {
	before, found := strings.CutSuffix(text[:start], "\n")
	return found && before != "" && strings.ContainsRune("-_+", rune(before[len(before)-1]))
}
