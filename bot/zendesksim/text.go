package zendesksim

import (
	"html"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	nethtml "golang.org/x/net/html"
)

// cut shortens to at most n bytes, at a rune's end, and says nothing: so does
// Zendesk with long comments.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

var (
	placeholderRE = regexp.MustCompile(`\{\{([^{}]*)\}\}`)
	liquidRE      = regexp.MustCompile(`\{%[^%]*%\}`)
	blanksRE      = regexp.MustCompile(`[ \t\f\v]+`)
	linesRE       = regexp.MustCompile(`\n{3,}`)
)

// expand replaces placeholders as Zendesk does in what agents and the API
// write: known ones by the ticket's data, unknown ones and Liquid tags by
// nothing. Expanded text is not expanded again.
func (s *Sim) expand(t Ticket, body string, isHTML bool) string {
	body = liquidRE.ReplaceAllString(body, "")
	return placeholderRE.ReplaceAllStringFunc(body, func(m string) string {
		value := s.placeholder(t, strings.TrimSpace(m[2:len(m)-2]))
		if isHTML {
			return html.EscapeString(value)
		}
		return value
	})
}

func (s *Sim) placeholder(t Ticket, name string) string {
	switch name {
	case "ticket.id":
		return strconv.FormatInt(t.ID, 10)
	case "ticket.title":
		return t.Subject
	case "ticket.description":
		return t.Description
	case "ticket.status":
		return t.Status
	}
	if requester := s.users.get(t.RequesterID); requester != nil {
		switch name {
		case "ticket.requester.name":
			return requester.Name
		case "ticket.requester.email":
			return requester.Email
		}
	}
	return ""
}

// renderComment gives both spellings of a comment from the one that was
// written; html wins. The plain one collapses white space.
func renderComment(body, htmlBody string) (plain, rich string) {
	if htmlBody == "" {
		plain = collapse(body)
		lines := strings.ReplaceAll(html.EscapeString(plain), "\n", "<br>")
		return plain, `<div class="zd-comment" dir="auto">` + lines + `</div>`
	}
	rich = sanitize(htmlBody)
	if !strings.HasPrefix(rich, `<div class="zd-comment"`) {
		rich = `<div class="zd-comment" dir="auto">` + rich + `</div>`
	}
	return plainOf(rich), rich
}

func collapse(s string) string {
	lines := strings.Split(strings.ReplaceAll(s, "\r\n", "\n"), "\n")
	for i, l := range lines {
		lines[i] = strings.TrimSpace(blanksRE.ReplaceAllString(l, " "))
	}
	return strings.TrimSpace(linesRE.ReplaceAllString(strings.Join(lines, "\n"), "\n\n"))
}

// sanitize drops what Zendesk drops from a comment: comments, scripts,
// styles, and attributes that are not harmless. A marker can't hide there.
func sanitize(s string) string {
	var out strings.Builder
	z := nethtml.NewTokenizer(strings.NewReader(s))
	skipping := ""
	for {
		switch z.Next() {
		case nethtml.ErrorToken:
			return out.String()
		case nethtml.TextToken:
			if skipping == "" {
				out.WriteString(html.EscapeString(string(z.Text())))
			}
		case nethtml.StartTagToken, nethtml.SelfClosingTagToken:
			t := z.Token()
			if dropped(t.Data) {
				skipping = t.Data
			}
			if skipping == "" && t.Data != "redact" {
				t.Attr = slices.DeleteFunc(t.Attr, func(a nethtml.Attribute) bool { return !harmless(a) })
				out.WriteString(t.String())
			}
		case nethtml.EndTagToken:
			t := z.Token()
			if skipping == "" && t.Data != "redact" {
				out.WriteString(t.String())
			}
			if t.Data == skipping {
				skipping = ""
			}
		default: // comments and doctypes are dropped
		}
	}
}

func dropped(tag string) bool {
	return slices.Contains([]string{"script", "style", "iframe", "object", "noscript"}, tag)
}

func harmless(a nethtml.Attribute) bool {
	if a.Key == "href" || a.Key == "src" {
		v := strings.ToLower(strings.TrimSpace(a.Val))
		return strings.HasPrefix(v, "https:") || strings.HasPrefix(v, "http:") || strings.HasPrefix(v, "mailto:")
	}
	return slices.Contains([]string{
		"class", "dir", "alt", "title", "colspan", "rowspan", "style", "hidden", "aria-hidden", "bgcolor", "color", "size", "width", "height",
	}, a.Key)
}

// plainOf is the text of an HTML comment, blocks on lines of their own.
func plainOf(rich string) string {
	var out strings.Builder
	z := nethtml.NewTokenizer(strings.NewReader(rich))
	for {
		switch z.Next() {
		case nethtml.ErrorToken:
			return collapse(out.String())
		case nethtml.TextToken:
			out.WriteString(html.UnescapeString(strings.ReplaceAll(string(z.Raw()), "\n", " ")))
		case nethtml.StartTagToken, nethtml.SelfClosingTagToken, nethtml.EndTagToken:
			name, _ := z.TagName()
			switch string(name) {
			case "br", "p", "div", "li", "tr", "ul", "ol", "table", "h1", "h2", "h3", "h4", "pre", "blockquote":
				out.WriteByte('\n')
			}
		default: // comments and doctypes have no text
		}
	}
}
