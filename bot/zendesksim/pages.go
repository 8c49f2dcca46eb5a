package zendesksim

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	nethtml "golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

//go:embed pages/*.html
var pageFiles embed.FS

// pagePolicy lets a page load nothing and run nothing, whatever a comment
// holds, and send its forms to the simulator alone.
const pagePolicy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// parsePages reads the templates, which are ours: they parse, or a test fails.
func parsePages() *template.Template {
	return template.Must(template.New("").Funcs(template.FuncMap{
		"day": func(t time.Time) string { return t.Format("2 Jan 2006 15:04") },
	}).ParseFS(pageFiles, "pages/*.html"))
}

// frame is what every page has.
type frame struct {
	Title    string
	Me       *User
	CSRF     string
	Problems []string // what a form that was just sent is refused for
}

func (c *call) frame(title string) frame {
	return frame{Title: title, Me: c.user, CSRF: c.session.csrf}
}

func (f frame) problems() []string { return f.Problems }

// render answers with a page, or with 422 where it shows problems.
func (c *call) render(pages *template.Template, name string, data interface{ problems() []string }) (answer, error) {
	var out bytes.Buffer
	if err := pages.ExecuteTemplate(&out, name, data); err != nil {
		return answer{}, fmt.Errorf("render the page %s: %w", name, err)
	}
	a := page(out.Bytes())
	if len(data.problems()) > 0 {
		a.status = http.StatusUnprocessableEntity
	}
	a.set("Content-Security-Policy", pagePolicy)
	a.set("X-Content-Type-Options", "nosniff")
	a.set("Referrer-Policy", "same-origin")
	a.set("Cache-Control", "no-store")
	return a, nil
}

// problemsOf puts a refusal into lines for a page.
func problemsOf(err error) []string {
	if joined, isJoined := err.(interface{ Unwrap() []error }); isJoined {
		var out []string
		for _, e := range joined.Unwrap() {
			out = append(out, problemsOf(e)...)
		}
		return out
	}
	var r *refusal
	if errors.As(err, &r) {
		return r.lines()
	}
	return []string{strings.TrimPrefix(err.Error(), "zendesksim: ")}
}

// lines are the descriptions in a refusal.
func (r *refusal) lines() []string {
	body, _ := r.body.(object)
	var out []string
	add := func(errs []object) {
		for _, e := range errs {
			out = append(out, fmt.Sprint(e["description"]))
		}
	}
	switch details := body["details"].(type) {
	case map[string][]object:
		for _, field := range slices.Sorted(maps.Keys(details)) {
			add(details[field])
		}
	case object:
		for _, field := range slices.Sorted(maps.Keys(details)) {
			errs, _ := details[field].([]object)
			add(errs)
		}
	}
	if len(out) == 0 {
		out = append(out, fmt.Sprint(body["description"]))
	}
	return out
}

type commentBlock struct {
	Author string
	Role   Role
	At     time.Time
	Public bool
	HTML   template.HTML
	Files  []fileLine
}

type fileLine struct {
	Name string
	Size int
	URL  string
}

// blocks shows comments; the internal ones to agents alone.
func (c *call) blocks(row *ticketRow, internal bool) []commentBlock {
	var out []commentBlock
	for _, k := range c.commentsOf(row.ID) {
		if !k.Public && !internal {
			continue
		}
		b := commentBlock{Author: c.name(k.AuthorID), At: k.CreatedAt, Public: k.Public, HTML: shown(k.HTMLBody)}
		if u := c.users.get(k.AuthorID); u != nil {
			b.Role = u.Role
		}
		for _, id := range k.AttachmentIDs {
			a := c.attachments.get(id)
			b.Files = append(b.Files, fileLine{a.FileName, len(a.Content), c.contentURL(a)})
		}
		out = append(out, b)
	}
	return out
}

// shown is a comment's HTML as a page may hold it: harmless tags, each closed
// where it was opened, so that none reaches beyond its comment.
func shown(comment string) template.HTML {
	body := &nethtml.Node{Type: nethtml.ElementNode, Data: "div", DataAtom: atom.Div}
	nodes, err := nethtml.ParseFragment(strings.NewReader(sanitize(comment)), body)
	if err != nil {
		return ""
	}
	var out bytes.Buffer
	for _, n := range nodes {
		inert(n)
		if err := nethtml.Render(&out, n); err != nil {
			return ""
		}
	}
	return template.HTML(out.String()) //nolint:gosec // of harmless tags and attributes, balanced
}

// inert turns what a page of ours acts by into plain boxes.
func inert(n *nethtml.Node) {
	switch n.DataAtom {
	case atom.Form, atom.Input, atom.Button, atom.Select, atom.Textarea, atom.Base, atom.Meta, atom.Link, atom.Embed, atom.Svg, atom.Math,
		atom.Xmp, atom.Plaintext, atom.Noembed, atom.Noframes:
		n.Data, n.DataAtom, n.Attr, n.Namespace = "span", atom.Span, nil, ""
	default: // shown as it is
	}
	for child := range n.ChildNodes() {
		inert(child)
	}
}
