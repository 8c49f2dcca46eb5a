package zendesk

import (
	"regexp"
	"strings"

	nethtml "golang.org/x/net/html"
)

// hiding is a rule of a style sheet that hides, by the last part of its
// selector. Where it applies exactly is the browser's to say: whatever bears
// one of the names counts as hidden.
type hiding struct {
	tag     string
	names   []string // of classes and ids
	another bool     // it selects by something else: all may be meant
}

func (h hiding) matches(n *nethtml.Node) bool {
	if h.tag != "" && h.tag != "*" && h.tag != n.Data {
		return false
	}
	if h.another || h.tag != "" && len(h.names) == 0 {
		return true
	}
	for _, a := range n.Attr {
		if a.Key != "class" && a.Key != "id" {
			continue
		}
		for name := range strings.FieldsSeq(strings.ToLower(a.Val)) {
			for _, hidden := range h.names {
				if name == hidden {
					return true
				}
			}
		}
	}
	return false
}

var (
	sheetRule = regexp.MustCompile(`([^{}]*)\{([^{}]*)\}`)
	selector  = regexp.MustCompile(`^([a-z0-9*-]*)((?:[.#][a-z0-9_-]+)*)$`)
)

// hidingRules are those of a document's own style sheets.
func hidingRules(doc *nethtml.Node) []hiding {
	var out []hiding
	for n := range doc.Descendants() {
		if n.Type != nethtml.ElementNode || n.Data != "style" || n.FirstChild == nil {
			continue
		}
		css := cssComment.ReplaceAllString(strings.ToLower(n.FirstChild.Data), "")
		for _, rule := range sheetRule.FindAllStringSubmatch(css, -1) {
			l := look{color: dark(), back: light(), size: 16}
			if l.style(rule[2]) && l.legible() {
				continue
			}
			for one := range strings.SplitSeq(rule[1], ",") {
				out = append(out, hidingRule(one))
			}
		}
	}
	return out
}

func hidingRule(one string) hiding {
	parts := strings.FieldsFunc(one, func(r rune) bool { return strings.ContainsRune(" \t\n\r>+~", r) })
	if len(parts) == 0 {
		return hiding{another: true}
	}
	m := selector.FindStringSubmatch(parts[len(parts)-1])
	if m == nil {
		return hiding{another: true}
	}
	return hiding{tag: m[1], names: strings.FieldsFunc(m[2], func(r rune) bool { return r == '.' || r == '#' })}
}
