package dataset

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v4"

	"privacydesk/connectors"
)

// tenantSpec is what the map says about a tenant scope, unresolved.
type tenantSpec struct {
	none  bool
	field string
	via   string
	place string // the tenant whose alone all rows are
	by    string // the field that leads there, if several do
	line  int
}

// tenant reads `tenant: none`, `tenant: {field: …}`,
// `tenant: {via: …, by: …}` or `tenant: {place: …}`.
func (o *object) tenant() *tenantSpec {
	n := o.get("tenant")
	if n == nil {
		return nil
	}
	t := &tenantSpec{line: o.lineOf("tenant")}
	if n.Kind == yaml.ScalarNode {
		if n.Value != "none" {
			o.r.fail(t.line, o.where, "tenant is none or a mapping", "say `tenant: {field: …}`, `tenant: {via: other_collection}`, `tenant: {place: NAME}` or `tenant: none`")
			return nil
		}
		t.none = true
		return t
	}
	e := o.r.object(n, o.where+" tenant")
	if e == nil {
		return nil
	}
	t.field, t.via, t.place, t.by = e.str("field"), e.str("via"), e.str("place"), e.str("by")
	e.strict()
	given := 0
	for _, word := range []string{t.field, t.via, t.place} {
		if word != "" {
			given++
		}
	}
	if given != 1 || t.by != "" && t.via == "" {
		o.r.fail(t.line, o.where, "tenant has one of field, via and place", "say `tenant: {field: …}`, `tenant: {via: other_collection}` or `tenant: {place: NAME}`")
		return nil
	}
	return t
}

// takeOurs reads a collection's own keys.
func (c *Collection) takeOurs(o *object) {
	c.tenant = o.tenant()
	c.Owned = o.flag("owned")
	c.GatherShared = o.flag("gather")
	if s := o.str("label"); s != "" {
		c.Label = s
	}
	c.Source, c.Purpose, c.Retention = o.str("source"), o.str("purpose"), o.str("retention")
	c.ThirdParties = o.strs("third_parties")
	if c.LeftOut = o.str("left_out"); c.LeftOut != "" {
		c.Skip = true
	} else if o.get("left_out") != nil {
		o.r.fail(o.lineOf("left_out"), o.where, "left_out is the reason why the collection is neither read nor erased", "give the reason as text")
	}
	if n := o.get("on_delete"); n != nil {
		c.takeAction(o, n)
	}
	for _, n := range o.items("references") {
		c.takeWide(o, n)
	}
	o.strict()
}

func (c *Collection) takeAction(o *object, n *yaml.Node) {
	line := o.lineOf("on_delete")
	if n.Kind == yaml.ScalarNode {
		c.Action = connectors.Action(n.Value)
		switch c.Action {
		case connectors.ActionDelete, connectors.ActionMask, connectors.ActionAggregate:
		case connectors.ActionRetain:
			o.r.fail(line, o.where, "retain needs its exception and reason", "say `on_delete: {retain: {exception: …, reason: …}}`")
		default:
			o.r.fail(line, o.where, fmt.Sprintf("on_delete is not %q", n.Value), "one of delete, deidentify, aggregate, or {retain: {exception, reason}}")
		}
		return
	}
	e := o.r.object(n, o.where+" on_delete")
	if e == nil {
		return
	}
	if keep := e.sub("retain"); keep != nil {
		c.Action = connectors.ActionRetain
		c.Exception, c.Reason = keep.str("exception"), keep.str("reason")
		keep.strict()
		if _, ok := connectors.Exceptions()[c.Exception]; !ok || c.Reason == "" {
			o.r.fail(line, o.where, "retain needs an exception and a reason", "exception is one of "+strings.Join(connectors.ExceptionNames(), ", ")+"; reason is free text")
		}
	} else {
		o.r.fail(line, o.where, "on_delete is a word or a mapping with retain", "say `on_delete: delete` or `on_delete: {retain: {exception: …, reason: …}}`")
	}
	e.strict()
}

// setNull is SQL's word for what becomes of a reference whose row goes.
const setNull = "set_null"

// takeOurs reads a field's own keys.
func (f *Field) takeOurs(o *object) {
	if s := o.str("label"); s != "" {
		f.Label = s
	}
	f.VendorAssigned = o.flag("vendor_assigned")
	f.Yields = o.flag("yields")
	if f.GatherShared = o.flag("gather"); f.GatherShared && f.Identity != "" {
		o.r.fail(o.lineOf("gather"), o.where, "an identity of somebody else is never shown", "remove gather from the field; on the collection it shows the row without it")
	}
	switch n := Normal(o.str("normalise")); n {
	case "":
	case NormalNone, NormalEmail:
		f.Normalise = n
	default:
		o.r.fail(o.lineOf("normalise"), o.where, fmt.Sprintf("normalise is email or none, not %q", string(n)), "")
	}
	f.takeDisclosure(o)
	if n := o.get("on_delete"); n != nil && n.Kind == yaml.ScalarNode && n.Value == setNull {
		f.SetNull, f.setNullLine = true, o.lineOf("on_delete")
	} else if s := o.sub("on_delete"); s != nil {
		f.takeMask(s)
	}
	o.strict()
}

// takeDisclosure reads never_disclose: a reason, or false where a category
// that is withheld to be safe is known to hold something else.
func (f *Field) takeDisclosure(o *object) {
	n := o.get("never_disclose")
	if n == nil {
		return
	}
	line := o.lineOf("never_disclose")
	switch {
	case n.Kind == yaml.ScalarNode && n.ShortTag() == "!!bool" && strings.EqualFold(n.Value, "false"):
		if f.NeverDisclose == "" || mayDisclose(f.Categories) {
			f.NeverDisclose = ""
			return
		}
		o.r.fail(line, o.where, "the field's categories are never disclosed: "+f.NeverDisclose, "remove never_disclose: false, or correct data_categories")
	case n.Kind == yaml.ScalarNode && n.ShortTag() == "!!str" && strings.TrimSpace(n.Value) != "":
		f.NeverDisclose = n.Value
	default:
		o.r.fail(line, o.where, "never_disclose is the reason why the value is never shown", "give the reason as text")
	}
}
