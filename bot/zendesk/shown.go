package zendesk

import (
	"slices"
	"strings"

	nethtml "golang.org/x/net/html"
)

// maxShown bounds how deep elements may lie in each other: nobody reads what
// lies deeper.
const maxShown = 200

// shown is the text of a comment's HTML as a person reads it: blocks on lines
// of their own, quotes behind a mark, and nothing that styles or attributes
// hide. Where it is not clear whether something shows, it does not: whoever
// compares the result with the text then asks.
func shown(body string) string {
	doc, err := nethtml.Parse(strings.NewReader(body))
	if err != nil {
		return ""
	}
	s := shower{rules: hidingRules(doc)}
	s.walk(doc, look{color: dark(), back: light(), size: 16}, 0)
	return strings.TrimSpace(strings.Join(s.lines(), "\n"))
}

// shower collects what shows.
type shower struct {
	rules []hiding
	out   strings.Builder
	quote int
}

// lines are what was collected, with the blanks that a browser would show.
func (s *shower) lines() []string {
	var out []string
	for line := range strings.SplitSeq(s.out.String(), "\n") {
		line = strings.Join(strings.Fields(line), " ")
		if line != "" || len(out) > 0 && out[len(out)-1] != "" {
			out = append(out, line)
		}
	}
	return out
}

func (s *shower) newLine() {
	s.out.WriteString("\n" + strings.Repeat("> ", min(s.quote, 1)))
}

// walk adds what shows of a node and of all in it.
func (s *shower) walk(n *nethtml.Node, l look, depth int) {
	if n.Type == nethtml.TextNode {
		if l.legible() {
			text := n.Data
			if !l.pre {
				text = strings.NewReplacer("\n", " ", "\r", " ").Replace(text)
			}
			s.out.WriteString(strings.ReplaceAll(text, "\n", "\n"+strings.Repeat("> ", min(s.quote, 1))))
		}
		return
	}
	if n.Type == nethtml.CommentNode || n.Type == nethtml.DoctypeNode || depth > maxShown {
		return
	}
	if n.Type == nethtml.ElementNode {
		if unshown(n) || slices.ContainsFunc(s.rules, func(h hiding) bool { return h.matches(n) }) || !l.take(n) {
			return
		}
		switch {
		case n.Data == "br":
			s.newLine()
			return
		case n.Data == "blockquote":
			s.quote++
			defer func() { s.quote--; s.newLine() }()
			s.newLine()
		case isBlock(n.Data):
			s.newLine()
			defer s.newLine()
		case n.Data == "td" || n.Data == "th":
			s.out.WriteString(" ")
		}
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		s.walk(c, l, depth+1)
	}
}

func isBlock(tag string) bool {
	return slices.Contains([]string{
		"p", "div", "li", "ul", "ol", "dl", "dt", "dd", "table", "tr", "h1", "h2", "h3", "h4", "h5", "h6", "pre", "hr", "section", "article",
		"header", "footer", "main", "nav", "aside", "address", "figure", "figcaption", "form", "fieldset", "center", "summary",
	}, tag)
}

// unshown is true for an element whose content no page shows as text, and for
// one that its attributes hide.
func unshown(n *nethtml.Node) bool {
	if slices.Contains([]string{
		"head", "title", "style", "script", "template", "noscript", "noembed", "noframes", "iframe", "object", "embed", "svg", "math", "audio", "video", "canvas",
		"select", "option", "datalist", "textarea", "input", "button", "map", "area", "progress", "meter", "rp", "marquee", "frameset", "plaintext", "xmp",
	}, n.Data) {
		return true
	}
	has := func(key string) (string, bool) {
		for _, a := range n.Attr {
			if a.Key == key {
				return strings.ToLower(strings.TrimSpace(a.Val)), true
			}
		}
		return "", false
	}
	if _, hidden := has("hidden"); hidden {
		return true
	}
	if v, _ := has("aria-hidden"); v == "true" {
		return true
	}
	if _, open := has("open"); !open && (n.Data == "dialog" || n.Data == "details") {
		return true
	}
	_, popover := has("popover")
	return popover
}

// text is a comment's, quotes and signatures still in it.
func (w wireComment) text() string {
	if w.Body != "" {
		return w.Body
	}
	return w.Plain
}

// differently is what a comment's HTML shows, where that is not its text;
// nil where it is, or where there is no HTML.
func (w wireComment) differently() *string {
	if strings.TrimSpace(w.HTML) == "" {
		return nil
	}
	text := shown(w.HTML)
	if slices.Equal(strings.Fields(text), strings.Fields(w.text())) {
		return nil
	}
	return &text
}

func (w wireComment) seenSize() int {
	if w.seen == nil {
		return 0
	}
	return len(*w.seen)
}
