package config

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

func (e *editor) text() string { return strings.Join(e.lines, e.end) + e.end }

// done is the text after a change; nothing when it failed.
func (e *editor) done(err error) (string, error) {
	if err != nil {
		return "", err
	}
	return e.text(), nil
}

func (e *editor) insertLines(at int, lines []string) { e.lines = slices.Insert(e.lines, at, lines...) }

// splice puts text in the place of n characters of a line; all count from 1,
// as YAML's positions do.
func (e *editor) splice(line, column, n int, text string) error {
	if line < 1 || line > len(e.lines) {
		return errNotEditable
	}
	runes := []rune(e.lines[line-1])
	if column < 1 || column-1+n > len(runes) {
		return errNotEditable
	}
	e.lines[line-1] = string(runes[:column-1]) + text + string(runes[column-1+n:])
	return nil
}

// replace writes a value in the place of a scalar.
func (e *editor) replace(key, old *yaml.Node, value string) error {
	if isNull(old) && old.Value == "" {
		if at := e.afterColon(key); at > 0 {
			return e.splice(key.Line, at, 0, " "+value)
		}
		return errNotEditable
	}
	n := e.length(old)
	if n == 0 {
		return errNotEditable
	}
	return e.splice(old.Line, old.Column, n, value)
}

// afterColon is the column behind a key's colon; 0 when it is not found.
func (e *editor) afterColon(key *yaml.Node) int {
	n := e.length(key)
	runes := []rune(e.lines[key.Line-1])
	for at := key.Column - 1 + n; n > 0 && at < len(runes); at++ {
		switch runes[at] {
		case ':':
			return at + 2
		case ' ':
		default:
			return 0
		}
	}
	return 0
}

// length is how many characters a scalar takes in its line; 0 where it goes
// over lines, or bears a tag or an anchor.
func (e *editor) length(n *yaml.Node) int {
	if n.Line < 1 || n.Line > len(e.lines) || n.Anchor != "" {
		return 0
	}
	runes := []rune(e.lines[n.Line-1])
	if n.Column < 1 || n.Column > len(runes) {
		return 0
	}
	rest := runes[n.Column-1:]
	switch rest[0] {
	case '"', '\'':
		return quoted(rest)
	}
	if value := []rune(n.Value); len(value) <= len(rest) && string(rest[:len(value)]) == n.Value {
		return len(value)
	}
	return 0
}

// quoted is the length of the quoted text at the beginning; 0 if it does not
// end in this line.
func quoted(text []rune) int {
	quote := text[0]
	for i := 1; i < len(text); i++ {
		switch {
		case quote == '"' && text[i] == '\\':
			i++
		case text[i] != quote:
		case quote == '\'' && i+1 < len(text) && text[i+1] == '\'':
			i++
		default:
			return i + 1
		}
	}
	return 0
}

// add writes a key that a mapping does not have.
func (e *editor) add(m *yaml.Node, keys []string, value string) error {
	if m.Style&yaml.FlowStyle != 0 {
		text := flowed(keys, value)
		if len(m.Content) > 0 {
			text += ", "
		}
		return e.splice(m.Line, m.Column+1, 0, text)
	}
	if len(m.Content) == 0 {
		return errNotEditable
	}
	first := m.Content[0]
	e.insertLines(e.endOf(first), nested(keys, value, first.Column-1))
	return nil
}

// endOf is behind the last line of the block that begins with a key: the line
// after which everything is indented less, or nothing follows.
func (e *editor) endOf(first *yaml.Node) int {
	last := first.Line
	for i := first.Line; i < len(e.lines); i++ {
		text := strings.TrimLeft(e.lines[i], " ")
		inside := len(e.lines[i])-len(text) >= first.Column-1
		switch {
		case strings.TrimSpace(text) == "":
		case inside:
			last = i + 1
		case text[0] != '#':
			return last
		}
	}
	return last
}

// below writes keys below one that has no value yet.
func (e *editor) below(key *yaml.Node, keys []string, value string) error {
	if e.afterColon(key) == 0 {
		return errNotEditable
	}
	e.insertLines(key.Line, nested(keys, value, key.Column+1))
	return nil
}
