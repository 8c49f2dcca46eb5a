package config

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"privacydesk/connectors"
)

// decoder fills structs from YAML nodes and collects every mistake on its
// way.
type decoder struct {
	expander
	kinds    connectors.Kinds
	problems []Problem
	// places remembers where each path stands, for checks that come later.
	places map[string]*yaml.Node
	// outside are the values that came from references: never printed.
	outside []string
}

// custom decodes itself.
type custom interface {
	decode(d *decoder, n *yaml.Node, path string)
}

// fail reports a mistake. Texts that others wrote say the mend behind a
// semicolon.
func (d *decoder) fail(n *yaml.Node, path, what, mend string) {
	if mend == "" {
		what, mend, _ = strings.Cut(what, "; ")
	}
	d.problems = append(d.problems, Problem{Line: n.Line, Column: n.Column, Path: path, What: what, Mend: mend})
}

// failAt reports a mistake at the place that a path has, or else at the
// nearest place above it.
func (d *decoder) failAt(path, what, mend string) {
	for at := path; ; at = parent(at) {
		if n, ok := d.places[at]; ok {
			d.fail(n, path, what, mend)
			return
		}
	}
}

// target follows an alias to what it stands for.
func target(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}

func isNull(n *yaml.Node) bool {
	n = target(n)
	return n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null"
}

// shape is a node's form in words.
func shape(n *yaml.Node) string {
	if n.Kind == yaml.MappingNode {
		return "a mapping"
	}
	if n.Kind == yaml.SequenceNode {
		return "a list"
	}
	return map[string]string{
		"!!str": "a text", "!!int": "a whole number", "!!float": "a number", "!!bool": "true or false",
		"!!null": "no value", "!!timestamp": "a date",
	}[n.ShortTag()]
}

// value decodes one node into v.
func (d *decoder) value(n *yaml.Node, v reflect.Value, f field, path string) {
	d.places[path] = n
	if c, ok := v.Addr().Interface().(custom); ok {
		c.decode(d, n, path)
		return
	}
	switch {
	case v.Kind() == reflect.Pointer:
		if isNull(n) {
			return
		}
		fresh := reflect.New(v.Type().Elem())
		d.setDefaults(fresh.Elem())
		f.typ = v.Type().Elem()
		d.value(n, fresh.Elem(), f, path)
		v.Set(fresh)
	case isSection(v.Type()):
		d.section(n, path, v)
	case v.Kind() == reflect.Map:
		d.mapping(n, v, f, path)
	case v.Kind() == reflect.Slice:
		d.list(n, v, f, path)
	default:
		d.scalar(n, v, f, path)
	}
}

// pair is a key and its value in a mapping.
type pair struct{ key, value *yaml.Node }

// pairs reads a mapping's pairs and reports duplicates. A node without a
// value is an empty mapping.
func (d *decoder) pairs(n *yaml.Node, path string) []pair {
	at := n
	n = target(n)
	if isNull(n) {
		return nil
	}
	if n.Kind != yaml.MappingNode {
		d.fail(at, path, "is "+shape(n)+" and must be a mapping", "write its keys on indented lines below it")
		return nil
	}
	var out []pair
	first := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		switch line, seen := first[key.Value]; {
		case key.ShortTag() == "!!merge":
			d.fail(key, path, "merge keys (<<) are not supported", "write the keys out")
		case key.Kind != yaml.ScalarNode:
			d.fail(key, path, "a key is not a plain word", "write one word before the colon")
		case seen:
			d.fail(key, join(path, key.Value), fmt.Sprintf("stands here a second time; the first is in line %d", line), "remove one of the two")
		default:
			first[key.Value] = key.Line
			out = append(out, pair{key, n.Content[i+1]})
		}
	}
	return out
}

// section decodes a mapping into one or more structs that share its keys.
func (d *decoder) section(n *yaml.Node, path string, into ...reflect.Value) {
	d.keys(n, path, false, into...)
}

// keys is section; open lets unknown keys pass.
func (d *decoder) keys(n *yaml.Node, path string, open bool, into ...reflect.Value) {
	if t := target(n); t.Kind != yaml.MappingNode && !isNull(n) {
		d.pairs(n, path) // reports it
		return
	}
	type slot struct {
		field
		value reflect.Value
	}
	slots, known := map[string]slot{}, []string(nil)
	for _, v := range into {
		for _, f := range fieldsOf(v.Type()) {
			slots[f.name] = slot{f, v.FieldByIndex(f.index)}
			known = append(known, f.name)
		}
	}
	given := map[string]bool{}
	for _, p := range d.pairs(n, path) {
		s, ok := slots[p.key.Value]
		if !ok {
			if !open {
				d.unknown(p.key, path, known)
			}
			continue
		}
		given[p.key.Value] = true
		d.value(p.value, s.value, s.field, join(path, p.key.Value))
	}
	for _, name := range known {
		if s := slots[name]; !given[name] {
			d.absent(n, s.value, s.field, join(path, name))
		}
	}
}

func (d *decoder) unknown(key *yaml.Node, path string, known []string) {
	if !keyLike(key.Value) {
		d.fail(key, path, "a key is not known", suggestion("", known))
		return
	}
	d.fail(key, join(path, key.Value), "this key is not known", suggestion(key.Value, known))
}

// absent looks for what a key that is not there would have had to say.
func (d *decoder) absent(n *yaml.Node, v reflect.Value, f field, path string) {
	if isSection(v.Type()) && !implements[custom](v.Type()) {
		d.section(&yaml.Node{Kind: yaml.MappingNode, Line: n.Line, Column: n.Column}, path, v)
		return
	}
	if f.required {
		mend := "add " + f.name + ": …"
		if f.doc != "" {
			mend += " (" + f.doc + ")"
		}
		d.fail(n, path, "is missing", mend)
	}
}

// mapping decodes a map whose keys are the operator's own words.
func (d *decoder) mapping(n *yaml.Node, v reflect.Value, f field, path string) {
	pairs := d.pairs(n, path)
	if f.required && len(pairs) == 0 {
		d.fail(n, path, "is empty", "add at least one entry")
	}
	v.Set(reflect.MakeMapWithSize(v.Type(), len(pairs)))
	for _, p := range pairs {
		if p.key.Value == "" || p.key.ShortTag() == "!!null" {
			d.fail(p.key, path, "a name is empty", "give it a name")
			continue
		}
		element := reflect.New(v.Type().Elem()).Elem()
		d.setDefaults(element)
		d.value(p.value, element, f.element(), join(path, p.key.Value))
		v.SetMapIndex(reflect.ValueOf(p.key.Value).Convert(v.Type().Key()), element)
	}
}

func (d *decoder) list(n *yaml.Node, v reflect.Value, f field, path string) {
	at := n
	n = target(n)
	switch {
	case isNull(n):
	case n.Kind != yaml.SequenceNode:
		d.fail(at, path, "is "+shape(n)+" and must be a list", "write [one, two], or a line with a dash for each")
		return
	}
	if f.required && len(n.Content) == 0 {
		d.fail(at, path, "is empty", "add at least one entry")
	}
	out := reflect.MakeSlice(v.Type(), len(n.Content), len(n.Content))
	for i, c := range n.Content {
		d.setDefaults(out.Index(i))
		d.value(c, out.Index(i), f.element(), fmt.Sprintf("%s[%d]", path, i))
	}
	v.Set(out)
}

// setDefaults fills what is zero from the default tags, in nested structs
// too. A default that its own field refuses is a mistake in the program; the
// tests walk all of them.
func (d *decoder) setDefaults(v reflect.Value) {
	if !isSection(v.Type()) {
		return
	}
	for _, f := range fieldsOf(v.Type()) {
		fv := v.FieldByIndex(f.index)
		if isSection(fv.Type()) {
			d.setDefaults(fv)
			continue
		}
		if !f.hasDef || !fv.IsZero() {
			continue
		}
		if err := d.setDefault(fv, f); err != nil {
			panic(fmt.Sprintf("default of key %q in %s: %v", f.name, v.Type(), err))
		}
	}
}

func (d *decoder) setDefault(v reflect.Value, f field) error {
	if v.Kind() != reflect.Slice {
		return d.setText(v, f, f.def)
	}
	words := slices.DeleteFunc(splitList(f.def), func(s string) bool { return s == "" })
	v.Set(reflect.MakeSlice(v.Type(), len(words), len(words)))
	for i, w := range words {
		if err := d.setText(v.Index(i), f.element(), w); err != nil {
			return err
		}
	}
	return nil
}
