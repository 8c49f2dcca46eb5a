package messages

import (
	"bytes"
	"errors"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"strings"
	"text/template/parse"

	"go.yaml.in/yaml/v4"
)

// file is the shape of a locale's file.
type file struct {
	// Reasons are plain sentences by reason code.
	Reasons map[string]string `yaml:"reasons"`
	// Words translate cells of tables and the ends of lines of lists.
	Words map[string]string `yaml:"words"`
	// Messages are templates by key.
	Messages map[string]string `yaml:"messages"`
}

var fileName = regexp.MustCompile(`^([a-z]{2,3}(-[a-z0-9]{2,8})*)\.ya?ml$`)

func (c *Catalog) addAll(dir fs.FS) error {
	entries, err := fs.ReadDir(dir, ".")
	if err != nil {
		return err
	}
	var errs []error
	for _, entry := range entries {
		name := entry.Name()
		if entry.IsDir() || !strings.HasSuffix(name, ".yaml") && !strings.HasSuffix(name, ".yml") {
			continue
		}
		m := fileName.FindStringSubmatch(name)
		if m == nil {
			errs = append(errs, fmt.Errorf("%s: the name must be a language, as in en.yaml or de-at.yaml", name))
			continue
		}
		f, err := readFile(dir, name)
		if err == nil {
			err = c.add(m[1], name, f)
		}
		if err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

func readFile(dir fs.FS, name string) (file, error) {
	var f file
	raw, err := fs.ReadFile(dir, name)
	if err != nil {
		return f, err
	}
	dec := yaml.NewDecoder(bytes.NewReader(raw))
	dec.KnownFields(true)
	if err := dec.Decode(&f); err != nil && !errors.Is(err, io.EOF) {
		return f, fmt.Errorf("%s: %w", name, err)
	}
	return f, nil
}

// add lays the file's texts over those that are there.
func (c *Catalog) add(name, path string, f file) error {
	l := c.locales[name]
	if l == nil {
		l = &locale{templates: map[string]*template.Template{}, reasons: map[string]string{}, words: map[string]string{}}
		c.locales[name] = l
	}
	var errs []error
	for _, code := range slices.Sorted(maps.Keys(f.Reasons)) {
		if def := c.locales[DefaultLocale]; name != DefaultLocale && def != nil && len(def.reasons) > 0 && def.reasons[code] == "" {
			errs = append(errs, fmt.Errorf("%s: reasons.%s: there is no such reason", path, code))
		}
		if strings.TrimSpace(f.Reasons[code]) == "" {
			errs = append(errs, fmt.Errorf("%s: reasons.%s: is empty", path, code))
		}
		l.reasons[code] = strings.TrimSpace(f.Reasons[code])
	}
	maps.Copy(l.words, f.Words)
	for _, key := range slices.Sorted(maps.Keys(f.Messages)) {
		text := f.Messages[key]
		if slices.Contains(c.specs[key].may, "binding") && !strings.Contains(text, ".binding") {
			text += codeBelow
		}
		t, err := c.compile(key, text)
		if err == nil {
			err = l.try(c.specs[key], t)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: messages.%s: %w", path, key, err))
			continue
		}
		l.templates[key] = t
	}
	return errors.Join(errs...)
}

// codeBelow shows the code of what a note asks a person to let pass, below a
// team's own text that does not: without it nobody could.
const codeBelow = "{{with .binding}}<p><code>--code {{.}}</code></p>{{end}}"

// partials show lists and tables.
const partials = `{{define "list"}}{{with .Rows}}<ul>{{range .}}<li>{{.}}</li>{{end}}</ul>{{end}}{{with .More}}<p>{{.}}</p>{{end}}{{end}}` +
	`{{define "table"}}{{with .Rows}}<table border="1" cellpadding="4"><thead><tr>{{range $.Head}}<th>{{.}}</th>{{end}}</tr></thead>` +
	`<tbody>{{range .}}<tr>{{range .}}<td>{{.}}</td>{{end}}</tr>{{end}}</tbody></table>{{end}}{{with .More}}<p>{{.}}</p>{{end}}{{end}}`

// compile parses a message and checks every variable that it mentions.
func (c *Catalog) compile(key, text string) (*template.Template, error) {
	s, ok := c.specs[key]
	if !ok {
		return nil, errors.New("there is no such message")
	}
	if strings.TrimSpace(text) == "" {
		return nil, errors.New("is empty")
	}
	t, err := template.New(key).Option("missingkey=error").Parse(partials)
	if err == nil {
		t, err = t.Parse(text)
	}
	if err != nil {
		return nil, err
	}
	w := checker{allowed: s.all()}
	w.walk(t.Tree.Root)
	for _, other := range t.Templates() {
		if !slices.Contains([]string{key, "list", "table"}, other.Name()) {
			w.errs = append(w.errs, fmt.Errorf("must not define %q", other.Name()))
		}
	}
	return t, errors.Join(w.errs...)
}

// checker walks a template's tree.
type checker struct {
	allowed []string
	errs    []error
}

func (w *checker) walk(n parse.Node) {
	switch n := n.(type) {
	case *parse.ListNode:
		if n != nil {
			for _, child := range n.Nodes {
				w.walk(child)
			}
		}
	case *parse.ActionNode:
		w.walk(n.Pipe)
	case *parse.PipeNode:
		if n != nil {
			for _, cmd := range n.Cmds {
				for _, arg := range cmd.Args {
					w.walk(arg)
				}
			}
		}
	case *parse.IfNode:
		w.branch(&n.BranchNode)
	case *parse.WithNode:
		w.branch(&n.BranchNode)
	case *parse.RangeNode:
		w.branch(&n.BranchNode)
	case *parse.TemplateNode:
		if n.Name != "list" && n.Name != "table" {
			w.errs = append(w.errs, fmt.Errorf("there is no template %q; use list or table", n.Name))
		}
		w.walk(n.Pipe)
	case *parse.FieldNode:
		w.variable(n.Ident)
	case *parse.VariableNode:
		if n.Ident[0] == "$" {
			w.variable(n.Ident[1:])
		}
	case *parse.ChainNode:
		w.errs = append(w.errs, fmt.Errorf("%s: variables have no parts", n))
	}
}

func (w *checker) branch(n *parse.BranchNode) {
	w.walk(n.Pipe)
	w.walk(n.List)
	w.walk(n.ElseList)
}

func (w *checker) variable(ident []string) {
	if len(ident) != 1 || !slices.Contains(w.allowed, ident[0]) {
		w.errs = append(w.errs, fmt.Errorf("there is no variable %s here; there are %s", strings.Join(ident, "."), strings.Join(w.allowed, ", ")))
	}
}

// try renders the message with all its variables and with as few as may be.
func (l *locale) try(s spec, t *template.Template) error {
	full, bare := map[string]string{}, map[string]string{}
	for _, name := range s.all() {
		full[name] = sample(name)
	}
	for _, name := range s.required {
		bare[name] = sample(name)
	}
	for _, vars := range []map[string]string{full, bare} {
		if err := t.Execute(io.Discard, l.data(s, vars)); err != nil {
			return err
		}
	}
	return nil
}

func sample(name string) string {
	switch {
	case isTable(name):
		return "system\trows\na\t1"
	case name == "link":
		return "https://desk.example/x"
	}
	return name
}
