package zendesk

import (
	"html"
	"strings"
	"unicode"

	nethtml "golang.org/x/net/html"
)

// blot is what Zendesk puts in the place of each redacted character [docs,
// comment redactions].
const blot = '▇'

// markHTML marks what find finds in a comment's HTML for redaction: texts by
// <redact>, and elements that carry a find, or a whole text, in their
// attributes by the attribute redact. The text is searched as it reads, so
// that an address which elements split is found all the same; what is found is
// marked fragment by fragment. found is false when nothing has to go, also because it
// went before.
func markHTML(body string, find func(string) [][2]int) (marked string, found bool) {
	fragments := piecesOf(body)
	spans := find(readable(fragments))
	var out strings.Builder
	at := 0 // in the readable text
	for _, p := range fragments {
		if !p.isText {
			raw := p.raw
			if p.carries(find) {
				raw, found = withRedact(raw), true
			}
			out.WriteString(raw)
			continue
		}
		m, hit := p.mark(spans, at)
		out.WriteString(m)
		found = found || hit
		at += len(p.text)
	}
	return out.String(), found
}

// fragment is a text or a tag of a comment, as it came.
type fragment struct {
	raw    string
	text   string // decoded; of texts alone
	isText bool
	token  nethtml.Token // of tags
}

func piecesOf(body string) []fragment {
	var out []fragment
	z := nethtml.NewTokenizer(strings.NewReader(body))
	for {
		switch kind := z.Next(); kind {
		case nethtml.ErrorToken:
			return out
		case nethtml.TextToken:
			raw := string(z.Raw())
			out = append(out, fragment{raw: raw, text: html.UnescapeString(raw), isText: true})
		default:
			raw := string(z.Raw())
			out = append(out, fragment{raw: raw, token: z.Token()})
		}
	}
}

func readable(fragments []fragment) string {
	var out strings.Builder
	for _, p := range fragments {
		out.WriteString(p.text)
	}
	return out.String()
}

// mark puts <redact> round the parts of a text that lie in the spans. at is
// where the text begins. Blank and blotted parts are left as they are.
func (p fragment) mark(spans [][2]int, at int) (string, bool) {
	var out strings.Builder
	done, hit := 0, false
	for _, s := range spans {
		from, to := max(s[0]-at, 0), min(s[1]-at, len(p.text))
		if from >= to || !hasText(p.text[from:to]) {
			continue
		}
		if from == 0 && to == len(p.text) {
			return "<redact>" + p.raw + "</redact>", true
		}
		out.WriteString(html.EscapeString(p.text[done:from]))
		out.WriteString("<redact>" + html.EscapeString(p.text[from:to]) + "</redact>")
		done, hit = to, true
	}
	if !hit {
		return p.raw, false
	}
	out.WriteString(html.EscapeString(p.text[done:]))
	return out.String(), true
}

func hasText(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsSpace(r) && r != blot })
}

// carries is true for an element whose attributes say something that has to
// go: a link, an image, a title. Redaction of the text inside leaves them.
func (p fragment) carries(find func(string) [][2]int) bool {
	if p.token.Type != nethtml.StartTagToken && p.token.Type != nethtml.SelfClosingTagToken {
		return false
	}
	for _, a := range p.token.Attr {
		switch a.Key {
		case "class", "dir", "colspan", "rowspan":
			continue
		}
		if hasText(a.Val) && len(find(a.Val)) > 0 {
			return true
		}
	}
	return false
}

// withRedact adds the attribute to a start tag.
func withRedact(tag string) string {
	end := strings.LastIndexByte(tag, '>')
	if end < 0 {
		return tag
	}
	if strings.HasSuffix(tag[:end], "/") {
		end--
	}
	return strings.TrimRight(tag[:end], " ") + " redact" + tag[end:]
}
