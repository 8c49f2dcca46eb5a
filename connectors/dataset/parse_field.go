package dataset

import (
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"privacydesk/connectors"
)

// reference is a field's own word on where its values lead, unresolved.
type reference struct {
	dataset, field string
	down, up       bool // from there to here; from here to there
	line           int
	where          string
	conditions     []condition
}

// dataTypes are fideslang's.
func dataTypes() []string {
	return []string{"string", "integer", "float", "boolean", "object_id", "object"}
}

func (r *reader) field(c *Collection, n *yaml.Node, prefix string, categories []string, depth int) {
	o := r.object(n, c.Key+" field")
	if o == nil {
		return
	}
	name := o.str("name")
	if name == "" {
		r.fail(o.line, c.Key, "a field has no name", "")
		return
	}
	f := &Field{Path: prefix + name, Line: o.line}
	f.Label = f.Path
	o.where = c.Key + "." + f.Path
	if c.fields[f.Path] != nil {
		r.fail(o.line, o.where, "the field is described twice", "merge the two")
		return
	}
	if strings.HasPrefix(name, "^") {
		r.fail(o.line, o.where, "a field's name can't begin with ^", "")
		return
	}
	if depth > maxDepth {
		r.fail(o.line, o.where, "fields are nested too deeply", "")
		return
	}
	f.Description = o.str("description")
	f.Categories = sortedSet(categories, o.categories(c.Skip))
	o.ignore("data_qualifier", "data_uses", "data_purposes", "data_subjects", "retention")
	meta := o.meta()
	if meta != nil {
		f.takeMeta(meta)
	}
	f.Normalise = NormalFor(f.Identity)
	f.NeverDisclose = withheldReason(f.Categories)
	if ours := o.sub("privacydesk"); ours != nil {
		f.takeOurs(ours)
	}
	nested := o.items("fields")
	f.Container = len(nested) > 0
	c.Fields = append(c.Fields, f)
	c.fields[f.Path] = f
	r.checkNested(f, o)
	for _, sub := range nested {
		r.field(c, sub, f.Path+".", f.Categories, depth+1)
	}
	o.done()
}

// checkNested holds the rules between a field's type, its parts and its role.
func (r *reader) checkNested(f *Field, o *object) {
	base := strings.TrimSuffix(f.DataType, "[]")
	if f.Container && base != "" && base != "object" {
		r.fail(f.Line, o.where, fmt.Sprintf("a field with parts is an object, not %q", f.DataType), "say `data_type: object`")
	}
	if !f.Container {
		return
	}
	if f.Identity != "" || f.PrimaryKey || len(f.references) > 0 {
		f.Identity, f.PrimaryKey, f.references = "", false, nil
		r.note(f.Line, o.where, "a field with parts is no identity, key or reference here: say it of one of the parts")
	}
	if f.Mask != nil {
		f.Mask, f.unusable = nil, "a field with parts can't be masked"
	}
}

func (f *Field) takeMeta(o *object) {
	f.Identity = connectors.IdentityType(o.str("identity"))
	f.PrimaryKey = o.flag("primary_key")
	f.DataType = o.str("data_type")
	f.Length = o.count("length")
	f.ReadOnly = o.flag("read_only")
	if f.DataType != "" && !slices.Contains(dataTypes(), strings.TrimSuffix(f.DataType, "[]")) {
		o.r.fail(o.lineOf("data_type"), o.where, fmt.Sprintf("the data_type %q is not known", f.DataType), "one of "+strings.Join(dataTypes(), ", ")+", or a list of it such as string[]")
	}
	if o.get("return_all_elements") != nil && !strings.HasSuffix(f.DataType, "[]") {
		o.r.fail(o.lineOf("return_all_elements"), o.where, "return_all_elements needs a list", "give a data_type such as string[], or remove it")
	}
	if o.get("custom_request_field") != nil {
		o.r.note(o.lineOf("custom_request_field"), o.where, "custom_request_field has no effect")
	}
	for _, n := range o.items("references") {
		f.takeReference(o, n)
	}
	if s := o.sub("masking_strategy_override"); s != nil {
		f.takeFidesMask(s)
	}
	o.noteRedact()
	o.done()
}

func (f *Field) takeReference(o *object, n *yaml.Node) {
	e := o.r.object(n, o.where+" reference")
	if e == nil {
		return
	}
	ref := reference{dataset: e.str("dataset"), field: e.str("field"), line: e.line, where: o.where}
	switch dir := e.str("direction"); dir {
	case "from":
		ref.down = true
	case "to":
		ref.up = true
	case "":
		ref.down, ref.up = true, true
	default:
		o.r.fail(e.lineOf("direction"), o.where, fmt.Sprintf("a reference's direction is from or to, not %q", dir), "")
		return
	}
	if ref.dataset == "" || !strings.Contains(strings.Trim(ref.field, "."), ".") {
		o.r.fail(e.line, o.where, "a reference names a dataset and a field as collection.field", "")
		return
	}
	ref.takeWhere(e)
	e.done()
	f.references = append(f.references, ref)
}

func sortedSet(lists ...[]string) []string {
	out := slices.Concat(lists...)
	slices.Sort(out)
	return slices.Compact(out)
}
