package config

import (
	"errors"
	"fmt"
	"maps"
	"strings"

	"go.yaml.in/yaml/v4"
)

// Setting is one key of a configuration file and its value as YAML, on one
// line: 42, 2026-11-01T00:00:00Z, "a text", {a: b}.
type Setting struct {
	Path  string `json:"path"`
	Value string `json:"value"`
}

// errNotEditable: the file is written in a way that Edit leaves to a person.
var errNotEditable = errors.New("the file can't be changed without touching more than that")

// Edit sets keys in the text of a configuration file. All other text, with
// comments, order and spacing, stays as it is, and so does the meaning of all
// other keys: what can't be done so is an error, and nothing is changed.
func Edit(text []byte, settings []Setting) ([]byte, error) {
	want, err := meaning(string(text))
	if err != nil {
		return nil, err
	}
	out := string(text)
	for _, s := range settings {
		if out, err = set(out, s); err != nil {
			return nil, fmt.Errorf("%s: %w", s.Path, err)
		}
		if err := want.set(s); err != nil {
			return nil, fmt.Errorf("%s: %w", s.Path, err)
		}
	}
	got, err := meaning(out)
	if err != nil || !maps.Equal(got, want) {
		return nil, errNotEditable
	}
	return []byte(out), nil
}

// Lines are settings as they would stand in a file of their own, to be pasted
// by hand.
func Lines(settings []Setting) string {
	text := ""
	for _, s := range settings {
		if next, err := set(text, s); err == nil {
			text = next
		}
	}
	return text
}

// facts are what a file says: each scalar by its path, and each empty list and
// mapping.
type facts map[string]string

func meaning(text string) (facts, error) {
	f := facts{}
	if strings.TrimSpace(text) == "" {
		return f, nil
	}
	root, problem := document([]byte(text))
	if problem != nil {
		return nil, errors.New(problem.String())
	}
	f.add("", root)
	return f, nil
}

func (f facts) add(path string, n *yaml.Node) {
	n = target(n)
	switch {
	case n.Kind == yaml.MappingNode && len(n.Content) > 0:
		for i := 0; i+1 < len(n.Content); i += 2 {
			f.add(path+"\x00"+n.Content[i].Value, n.Content[i+1])
		}
	case n.Kind == yaml.SequenceNode && len(n.Content) > 0:
		for i, c := range n.Content {
			f.add(fmt.Sprintf("%s\x00[%d]", path, i), c)
		}
	default:
		f[path] = n.ShortTag() + " " + n.Value
	}
}

// set is what a setting means: it takes the place of what stood there, and of
// nothing above it.
func (f facts) set(s Setting) error {
	root, problem := document([]byte("x: " + s.Value))
	if problem != nil || len(root.Content) != 2 {
		return errNotEditable
	}
	path := "\x00" + strings.ReplaceAll(s.Path, ".", "\x00")
	for at := path; at != ""; at = at[:strings.LastIndex(at, "\x00")] {
		delete(f, at) // a mapping that was empty is not any more
	}
	maps.DeleteFunc(f, func(k, _ string) bool { return strings.HasPrefix(k, path+"\x00") })
	f.add(path, root.Content[1])
	return nil
}

// set puts one setting into a text.
func set(text string, s Setting) (string, error) {
	keys := strings.Split(s.Path, ".")
	e := newEditor(text)
	if strings.TrimSpace(text) == "" {
		e.insertLines(0, nested(keys, s.Value, 0))
		return e.text(), nil
	}
	m, problem := document([]byte(text))
	if problem != nil {
		return "", errNotEditable
	}
	for i, key := range keys {
		k, v := pairOf(m, key)
		last := i == len(keys)-1
		switch {
		case k == nil:
			return e.done(e.add(m, keys[i:], s.Value))
		case last && v.Kind == yaml.ScalarNode:
			return e.done(e.replace(k, v, s.Value))
		case last:
			return "", errNotEditable
		case isNull(v) && v.Value == "":
			return e.done(e.below(k, keys[i+1:], s.Value))
		case v.Kind != yaml.MappingNode:
			return "", errNotEditable // an alias: the change would reach further
		}
		m = v
	}
	return "", errNotEditable
}

func pairOf(m *yaml.Node, key string) (k, v *yaml.Node) {
	for i := 0; i+1 < len(m.Content); i += 2 {
		if m.Content[i].Value == key {
			return m.Content[i], m.Content[i+1]
		}
	}
	return nil, nil
}

// nested are the lines of a key below keys, at an indentation.
func nested(keys []string, value string, indent int) []string {
	var out []string
	for i, key := range keys {
		line := strings.Repeat(" ", indent+2*i) + key + ":"
		if i == len(keys)-1 {
			line += " " + value
		}
		out = append(out, line)
	}
	return out
}

// flowed is the same on one line.
func flowed(keys []string, value string) string {
	return strings.Join(keys, ": {") + ": " + value + strings.Repeat("}", len(keys)-1)
}

// editor is a text by lines.
type editor struct {
	lines []string
	end   string // of each line
}

func newEditor(text string) *editor {
	e := &editor{end: "\n"}
	if strings.Contains(text, "\r\n") {
		e.end = "\r\n"
	}
	if text != "" {
		e.lines = strings.Split(strings.TrimSuffix(text, e.end), e.end)
	}
	return e
}
