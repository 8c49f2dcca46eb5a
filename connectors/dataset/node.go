package dataset

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"privacydesk/connectors"
)

// Limits of a file, so that aliases can't make a small file huge.
const (
	maxNodes = 500_000
	maxDepth = 64
)

// Error is one thing that is wrong with a data map.
type Error struct {
	File  string
	Line  int    // 0 if no line is to blame
	Where string // "crm.customer.email", as far as it is known
	What  string
	Mend  string
}

// Error names the place, what is wrong and how to mend it.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.File)
	if e.Line > 0 {
		fmt.Fprintf(&b, ":%d", e.Line)
	}
	if e.Where != "" {
		b.WriteString(": " + e.Where)
	}
	b.WriteString(": " + e.What)
	if e.Mend != "" {
		b.WriteString("; " + e.Mend)
	}
	return b.String()
}

// String is the note as one line.
func (n Note) String() string {
	return (&Error{File: n.File, Line: n.Line, Where: n.Where, What: n.What, Mend: n.Mend}).Error()
}

// reader walks a file's nodes and collects what is wrong and what is noted.
type reader struct {
	file  string
	errs  []error
	notes []Note
	nodes int
	// categories are all that the file names.
	categories []category
}

func (r *reader) fail(line int, where, what, mend string) {
	r.errs = append(r.errs, &Error{File: r.file, Line: line, Where: where, What: what, Mend: mend})
}

func (r *reader) note(line int, where, what string) {
	r.notes = append(r.notes, Note{File: r.file, Line: line, Where: where, What: what, Severity: connectors.SeverityNote})
}

// object is a mapping whose keys are taken one by one; what is left over is
// unknown.
type object struct {
	r      *reader
	where  string
	line   int
	order  []string
	values map[string]*yaml.Node
	lines  map[string]int
	taken  map[string]bool
	passed map[string]bool // taken, and without effect here
}

// deref follows an alias. Null counts as absent.
func deref(n *yaml.Node) *yaml.Node {
	for i := 0; n != nil && n.Kind == yaml.AliasNode && i < maxDepth; i++ {
		n = n.Alias
	}
	return n
}

func isNull(n *yaml.Node) bool {
	n = deref(n)
	return n == nil || n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null"
}

// object reads n as a mapping. It returns nil, having said why, if n is
// something else; nil in silence if n is null.
func (r *reader) object(n *yaml.Node, where string) *object {
	n = deref(n)
	if isNull(n) {
		return nil
	}
	if n.Kind != yaml.MappingNode {
		r.fail(n.Line, where, "expected a mapping, found "+kindName(n), "")
		return nil
	}
	o := &object{r: r, where: where, line: n.Line, values: map[string]*yaml.Node{}, lines: map[string]int{}, taken: map[string]bool{}, passed: map[string]bool{}}
	o.fill(n, 0)
	return o
}

// fill takes a mapping's pairs, then those it merges ("<<"), which give way.
func (o *object) fill(n *yaml.Node, depth int) {
	if o.r.nodes += 1 + len(n.Content)/2; o.r.nodes > maxNodes || depth > maxDepth {
		if o.r.nodes < 2*maxNodes { // say it once
			o.r.nodes = 2 * maxNodes
			o.r.fail(n.Line, o.where, "the file is too large once its aliases are followed", "use fewer aliases, or several files")
		}
		return
	}
	own := map[string]bool{}
	var merged []*yaml.Node
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := deref(n.Content[i]), n.Content[i+1]
		if k == nil || k.Kind != yaml.ScalarNode {
			o.r.fail(n.Line, o.where, "a key is not plain text", "")
			continue
		}
		if k.ShortTag() == "!!merge" || k.Value == "<<" {
			merged = append(merged, v)
			continue
		}
		if own[k.Value] {
			o.r.fail(k.Line, o.where, fmt.Sprintf("the key %q occurs twice", k.Value), "keep one of them")
			continue
		}
		own[k.Value] = true
		o.put(k, v)
	}
	for _, v := range merged {
		o.merge(v, depth)
	}
}

func (o *object) put(k, v *yaml.Node) {
	if _, ok := o.values[k.Value]; ok {
		return
	}
	o.order = append(o.order, k.Value)
	o.values[k.Value] = v
	o.lines[k.Value] = k.Line
}

func (o *object) merge(v *yaml.Node, depth int) {
	v = deref(v)
	switch {
	case v != nil && v.Kind == yaml.MappingNode:
		o.fill(v, depth+1)
	case v != nil && v.Kind == yaml.SequenceNode && depth < maxDepth:
		for _, item := range v.Content {
			o.merge(item, depth+1)
		}
	default:
		o.r.fail(o.line, o.where, "what is merged by << is not a mapping", "")
	}
}

// get takes a key's value; nil if it is absent or null.
func (o *object) get(key string) *yaml.Node {
	o.taken[key] = true
	if n := o.values[key]; !isNull(n) {
		return deref(n)
	}
	return nil
}

// has reports whether the key is there, be it null.
func (o *object) has(key string) bool { return o.values[key] != nil }

// lineOf is the line of a key, or the object's.
func (o *object) lineOf(key string) int {
	if l := o.lines[key]; l > 0 {
		return l
	}
	return o.line
}

// ignore takes keys that are known and mean nothing here.
func (o *object) ignore(keys ...string) {
	for _, k := range keys {
		o.taken[k], o.passed[k] = true, true
	}
}

// done notes the keys that nobody took.
func (o *object) done() {
	for _, k := range o.order {
		if !o.taken[k] {
			o.stray(k)
		}
	}
}

// strict makes the keys that nobody took errors: for our own keys, where a
// typing error may cost data.
func (o *object) strict() {
	for _, k := range o.order {
		if !o.taken[k] {
			known := make([]string, 0, len(o.taken))
			for t := range o.taken {
				known = append(known, t)
			}
			slices.Sort(known)
			o.r.fail(o.lines[k], o.where, fmt.Sprintf("the key %q is not known here", k), "known keys: "+strings.Join(known, ", "))
		}
	}
}

func (o *object) str(key string) string {
	n := o.get(key)
	if n == nil {
		return ""
	}
	return o.r.scalar(n, o.where+" "+key)
}

// scalar is a text; numbers and the like are taken as they are spelled.
func (r *reader) scalar(n *yaml.Node, where string) string {
	n = deref(n)
	if n.Kind != yaml.ScalarNode {
		r.fail(n.Line, where, "expected text, found "+kindName(n), "")
		return ""
	}
	return n.Value
}

// flag reads a boolean; yes, no, on and off count, quoted or not, as they do
// for Fides.
func (o *object) flag(key string) bool {
	n := o.get(key)
	if n == nil {
		return false
	}
	if n.Kind == yaml.ScalarNode {
		switch strings.ToLower(n.Value) {
		case "true", "yes", "on", "t", "y", "1":
			return true
		case "false", "no", "off", "f", "n", "0":
			return false
		}
	}
	o.r.fail(n.Line, o.where, fmt.Sprintf("%s: expected true or false, found %s", key, kindName(n)), "")
	return false
}

// count reads a positive integer; 0 if absent.
func (o *object) count(key string) int {
	n := o.get(key)
	if n == nil {
		return 0
	}
	i, err := strconv.Atoi(n.Value)
	if n.Kind != yaml.ScalarNode || err != nil || i <= 0 {
		o.r.fail(n.Line, o.where, fmt.Sprintf("%s: expected a positive whole number, found %s", key, kindName(n)), "")
		return 0
	}
	return i
}

// items are the nodes of a list; a null list is empty.
func (o *object) items(key string) []*yaml.Node {
	n := o.get(key)
	if n == nil {
		return nil
	}
	if n.Kind != yaml.SequenceNode {
		o.r.fail(n.Line, o.where, fmt.Sprintf("%s: expected a list, found %s", key, kindName(n)), "")
		return nil
	}
	o.r.nodes += len(n.Content)
	return n.Content
}

// strs reads a list of texts; one text counts as a list of one.
func (o *object) strs(key string) []string {
	if n := o.get(key); n != nil && n.Kind == yaml.ScalarNode {
		return []string{n.Value}
	}
	var out []string
	for _, n := range o.items(key) {
		if isNull(n) {
			continue
		}
		if s := o.r.scalar(n, o.where+" "+key); s != "" {
			out = append(out, s)
		}
	}
	return out
}

func (o *object) sub(key string) *object { return o.r.object(o.get(key), o.where+" "+key) }

func kindName(n *yaml.Node) string {
	if n.Kind == yaml.MappingNode {
		return "a mapping"
	}
	if n.Kind == yaml.SequenceNode {
		return "a list"
	}
	switch n.ShortTag() {
	case "!!int", "!!float":
		return "a number"
	case "!!bool":
		return "true or false"
	case "!!null":
		return "nothing"
	}
	return "text"
}
