package dataset

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// File is one file of a data map.
type File struct {
	Name string // for messages
	Data []byte
}

// Parse reads a data map of one file. Notes say what has no effect; the error
// joins everything that is wrong, each an *Error with its line. What a
// well-formed map lacks (scopes, actions) is no error here: see Map.Problems.
func Parse(name string, data []byte) (*Map, []Note, error) {
	return ParseFiles(File{name, data})
}

// ParseFiles reads one system's data map from several files.
func ParseFiles(files ...File) (*Map, []Note, error) {
	m := &Map{index: map[string]*Collection{}}
	var notes []Note
	var errs []error
	var categories []category
	for _, f := range files {
		r := &reader{file: f.Name}
		r.read(m, f.Data)
		errs = append(errs, r.errs...)
		notes = append(notes, r.notes...)
		categories = append(categories, r.categories...)
	}
	if len(errs) == 0 && len(m.Datasets) == 0 {
		errs = append(errs, &Error{File: fileNames(files), What: "no dataset is described", Mend: "add `dataset:` with collections"})
	}
	if len(errs) > 0 {
		return nil, notes, errors.Join(errs...)
	}
	s := &resolver{m: m}
	s.resolve()
	notes = append(notes, s.notes...)
	if len(s.errs) > 0 {
		return nil, notes, errors.Join(s.errs...)
	}
	notes = append(append(notes, m.unknownCategories(categories)...), m.misspeltIdentities()...)
	m.notes = notes
	m.problems = findProblems(m)
	var err error
	if m.digest, err = m.makeDigest(); err != nil {
		return nil, notes, err
	}
	return m, notes, nil
}

func fileNames(files []File) string {
	var names []string
	for _, f := range files {
		names = append(names, f.Name)
	}
	return strings.Join(names, ", ")
}

// read takes every document of one file.
func (r *reader) read(m *Map, data []byte) {
	dec := yaml.NewDecoder(bytes.NewReader(data))
	for {
		var doc yaml.Node
		err := dec.Decode(&doc)
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			// The library's message may quote the file, which is a person's
			// configuration and no one's data.
			r.fail(0, "", "not YAML: "+strings.TrimPrefix(err.Error(), "yaml: "), "")
			return
		}
		if doc.Kind == yaml.DocumentNode && len(doc.Content) == 1 {
			r.document(m, doc.Content[0])
		}
	}
}

func (r *reader) document(m *Map, n *yaml.Node) {
	o := r.object(n, "")
	if o == nil {
		return
	}
	if o.has("fides_key") { // a dataset by itself
		r.dataset(m, n)
		return
	}
	list := o.get("dataset")
	switch {
	case list == nil:
	case list.Kind == yaml.SequenceNode:
		for _, d := range list.Content {
			r.dataset(m, d)
		}
	default:
		r.dataset(m, list)
	}
	r.declared(m, o)
	o.done()
}

func (r *reader) dataset(m *Map, n *yaml.Node) {
	o := r.object(n, "dataset")
	if o == nil {
		return
	}
	d := &Dataset{Key: o.str("fides_key"), File: r.file, Line: o.line}
	if d.Key == "" {
		r.fail(o.line, "dataset", "no fides_key", "give the dataset a fides_key")
		return
	}
	if !validKey(d.Key) {
		r.fail(o.lineOf("fides_key"), "dataset", "a fides_key is made of letters, digits and ._-<>", "")
		return
	}
	if slices.ContainsFunc(m.Datasets, func(e *Dataset) bool { return e.Key == d.Key }) {
		r.fail(o.line, d.Key, "the dataset is described twice", "merge the two")
		return
	}
	o.where = d.Key
	d.Name, d.Description = o.str("name"), o.str("description")
	d.categories = o.categories(false)
	o.ignore("organization_fides_key", "tags", "meta", "data_qualifier", "data_uses", "data_purposes", "data_subjects",
		"third_country_transfers", "joint_controller", "retention")
	if meta := o.meta(); meta != nil {
		meta.ignore("resource_id", "after", "namespace")
		meta.noteRedact()
		meta.done()
	}
	if ours := o.sub("privacydesk"); ours != nil {
		d.tenant = ours.tenant()
		ours.strict()
	}
	m.Datasets = append(m.Datasets, d)
	items := o.items("collections")
	if len(items) == 0 {
		r.note(o.line, d.Key, "the dataset has no collections")
	}
	for _, c := range items {
		r.collection(m, d, c)
	}
	o.done()
}

// meta is fides_meta, or fidesops_meta where that is absent.
func (o *object) meta() *object {
	old := o.sub("fidesops_meta")
	if cur := o.sub("fides_meta"); cur != nil && (len(cur.order) > 0 || old == nil) {
		if old != nil {
			o.r.note(o.lineOf("fidesops_meta"), o.where, "fidesops_meta gives way to fides_meta")
		}
		return cur
	}
	return old
}

func (o *object) noteRedact() {
	if o.get("redact") != nil {
		o.r.note(o.lineOf("redact"), o.where, "redact has no effect: reports show labels, see privacydesk.label")
	}
}

func (r *reader) collection(m *Map, d *Dataset, n *yaml.Node) {
	o := r.object(n, d.Key+" collection")
	if o == nil {
		return
	}
	c := &Collection{Dataset: d.Key, Name: o.str("name"), Line: o.line, fields: map[string]*Field{}, file: r.file}
	if c.Name == "" {
		r.fail(o.line, d.Key, "a collection has no name", "")
		return
	}
	c.Key = d.Key + "." + c.Name
	if m.index[c.Key] != nil {
		r.fail(o.line, c.Key, "the collection is described twice", "merge the two")
		return
	}
	o.where = c.Key
	c.Description, c.Label = o.str("description"), c.Name
	o.ignore("data_qualifier", "data_uses", "data_purposes", "data_subjects")
	meta := o.meta()
	if meta != nil {
		c.takeMeta(meta)
	}
	if ours := o.sub("privacydesk"); ours != nil {
		c.takeOurs(ours)
	}
	categories := slices.Concat(d.categories, o.categories(c.Skip))
	d.Collections = append(d.Collections, c)
	m.index[c.Key] = c
	for _, f := range o.items("fields") {
		r.field(c, f, "", categories, 0)
	}
	if len(c.Fields) == 0 && !c.Skip {
		r.note(o.line, c.Key, "the collection has no fields: nothing of it is read")
	}
	o.done()
}

func (c *Collection) takeMeta(o *object) {
	c.Skip = o.flag("skip_processing")
	if c.Skip {
		o.r.note(o.lineOf("skip_processing"), c.Key, "skip_processing: the collection is neither read nor erased")
	}
	c.EraseAfter, c.eraseAfterLine = o.strs("erase_after"), o.lineOf("erase_after")
	o.ignore("after")
	if o.get("partitioning") != nil {
		o.r.note(o.lineOf("partitioning"), c.Key, "partitioning has no effect: the whole collection is searched")
	}
	if s := o.sub("masking_strategy_override"); s != nil {
		if name := s.str("strategy"); name == "delete" {
			c.Action = "delete"
		} else {
			o.r.note(s.line, c.Key, fmt.Sprintf("a collection's masking_strategy_override %q has no effect: only delete has", name))
		}
		s.ignore("configuration")
		s.done()
	}
	o.noteRedact()
	o.done()
}

// validKey is fideslang's rule for keys.
func validKey(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("._-<>", r)
	})
}
