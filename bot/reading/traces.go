package reading

import (
	"html"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
	"golang.org/x/text/unicode/norm"
)

// Traces finds where any of the addresses stands in a text, in whatever
// spelling: upper case, composed or not, the domain in letters or in
// punycode, URL-encoded once or more, with character references or invisible
// characters in it. It returns byte offsets, in order. Another address that
// merely ends or begins alike is no trace.
func Traces(addresses ...string) func(text string) [][2]int {
	var needles []string
	for _, a := range addresses {
		for _, spelling := range spellings(a) {
			if n := unfold(spelling); len(n.runes) > 0 && !slices.Contains(needles, string(n.runes)) {
				needles = append(needles, string(n.runes))
			}
		}
	}
	return func(text string) [][2]int {
		if len(needles) == 0 {
			return nil
		}
		plain := unfold(text)
		var out [][2]int
		for _, needle := range needles {
			out = append(out, plain.find([]rune(needle))...)
		}
		return merged(out)
	}
}

// shortestWords is how many characters a text of somebody's own needs, to be
// looked for: a shorter one stands everywhere.
const shortestWords = 3

// TracesOfWords is Traces for a text of somebody's own, such as a reference.
func TracesOfWords(own string) func(text string) [][2]int {
	needle := unfold(own).runes
	return func(text string) [][2]int {
		if len(needle) < shortestWords {
			return nil
		}
		return merged(unfold(text).find(needle))
	}
}

// Together finds what any of them does.
func Together(finds ...func(string) [][2]int) func(text string) [][2]int {
	return func(text string) [][2]int {
		var out [][2]int
		for _, find := range finds {
			out = append(out, find(text)...)
		}
		return merged(out)
	}
}

// TracesOfOthers finds every address in a text but those of the people who
// are named: what is to be told of a ticket whose subject nobody knows.
func TracesOfOthers(people ...string) func(text string) [][2]int {
	known := map[string]bool{}
	for _, p := range people {
		if n, err := Normalise(p); err == nil {
			known[n] = true
		}
	}
	return func(text string) [][2]int {
		plain := unfold(text)
		var out [][2]int
		for i, r := range plain.runes {
			if r != '@' {
				continue
			}
			from, to := i, i+1
			for from > 0 && inLocal(plain.runes[from-1]) {
				from--
			}
			for to < len(plain.runes) && inDomain(plain.runes[to]) {
				to++
			}
			for from < i && strings.ContainsRune(".-", plain.runes[from]) {
				from++
			}
			for to > i+1 && strings.ContainsRune(".-", plain.runes[to-1]) {
				to--
			}
			address, err := Normalise(string(plain.runes[from:to]))
			if err == nil && !known[address] {
				out = append(out, plain.span(from, to))
			}
		}
		return merged(out)
	}
}

// spellings of an address that no folding makes alike.
func spellings(address string) []string {
	n, err := Normalise(address)
	if err != nil {
		return nil
	}
	local, domain, _ := strings.Cut(n, "@")
	out := []string{n}
	if wide, err := idna.ToUnicode(domain); err == nil && wide != domain {
		out = append(out, local+"@"+wide)
	}
	return out
}

// unfolded is a text as it is compared, and where in the original each of its
// runes stands.
type unfolded struct {
	runes []rune
	at    []int // one more than runes: the last is the end
	ends  []int
}

// unfold decodes escapes, drops what is invisible, and folds case and width.
func unfold(text string) unfolded {
	var u unfolded
	for i := 0; i < len(text); {
		decoded, n := unescape(text[i:])
		for _, r := range norm.NFKD.String(decoded) {
			if r == '\u3002' || r == '\uff61' {
				r = '.'
			}
			if r == utf8.RuneError || unicode.In(r, unicode.Cf, unicode.Cc) && !unicode.IsSpace(r) {
				continue
			}
			u.runes = append(u.runes, unicode.ToLower(r))
			u.at, u.ends = append(u.at, i), append(u.ends, i+n)
		}
		i += n
	}
	return u
}

// unescape reads one character of a text, however it is written, and how many
// bytes it takes.
func unescape(s string) (string, int) {
	switch s[0] {
	case '%':
		if decoded, n := percent(s); n > 0 {
			return decoded, n
		}
	case '&':
		if end := strings.IndexByte(s[:min(len(s), 12)], ';'); end > 1 {
			if decoded := html.UnescapeString(s[:end+1]); decoded != s[:end+1] {
				return decoded, end + 1
			}
		}
	}
	_, n := utf8.DecodeRuneInString(s)
	return s[:n], n
}

// percent decodes a run of %XX to a whole rune, even where the percent sign
// is itself encoded (%2540).
func percent(s string) (string, int) {
	var raw []byte
	for i := 0; ; {
		b, n := percentByte(s[i:])
		if n == 0 {
			return "", 0
		}
		raw, i = append(raw, b), i+n
		if utf8.FullRune(raw) {
			return string(raw), i
		}
	}
}

func percentByte(s string) (byte, int) {
	if len(s) < 3 || s[0] != '%' {
		return 0, 0
	}
	i := 1
	for len(s) >= i+4 && s[i:i+2] == "25" && isHex(s[i+2:i+4]) {
		i += 2
	}
	v, err := strconv.ParseUint(s[i:i+2], 16, 8)
	if err != nil {
		return 0, 0
	}
	return byte(v), i + 2
}

func isHex(s string) bool {
	_, err := strconv.ParseUint(s, 16, 8)
	return err == nil
}

func (u unfolded) span(from, to int) [2]int { return [2]int{u.at[from], u.ends[to-1]} }

func (u unfolded) find(needle []rune) [][2]int {
	var out [][2]int
	for i := 0; i+len(needle) <= len(u.runes); i++ {
		end := i + len(needle)
		if !slices.Equal(u.runes[i:end], needle) || i > 0 && inLocal(u.runes[i-1]) || u.goesOn(end) {
			continue
		}
		out = append(out, u.span(i, end))
	}
	return out
}

// goesOn is true if the domain does not end where the needle does.
func (u unfolded) goesOn(end int) bool {
	if end < len(u.runes) && u.runes[end] == '.' {
		end++
		return end < len(u.runes) && inDomain(u.runes[end]) && u.runes[end] != '.'
	}
	return end < len(u.runes) && inDomain(u.runes[end])
}

// inLocal and inDomain say which runes carry an address on. An apostrophe or
// an equals sign before one is rather a quote or a parameter.
func inLocal(r rune) bool {
	return unicode.In(r, unicode.L, unicode.M, unicode.N) || strings.ContainsRune(".+-_", r)
}

func inDomain(r rune) bool {
	return unicode.In(r, unicode.L, unicode.M, unicode.N) || r == '.' || r == '-'
}

// merged puts spans in order and joins those that touch.
func merged(spans [][2]int) [][2]int {
	slices.SortFunc(spans, func(a, b [2]int) int { return a[0] - b[0] })
	var out [][2]int
	for _, s := range spans {
		if n := len(out); n > 0 && s[0] <= out[n-1][1] {
			out[n-1][1] = max(out[n-1][1], s[1])
			continue
		}
		out = append(out, s)
	}
	return out
}
