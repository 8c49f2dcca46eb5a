package sqldb

import (
	"context"
	"slices"
	"strings"

	"privacydesk/connectors"
	"privacydesk/connectors/dataset"
)

// Check compares the data map with what the server's catalogue says.
func (c *connector) Check(ctx context.Context) ([]connectors.Problem, error) {
	out := slices.Clone(c.m.Problems())
	if c.unplanned != nil {
		return append(out, connectors.Problem{
			Severity: connectors.SeverityBlocks, Where: "data map of " + c.env.System, What: c.unplanned.Error(), Mend: "correct the data map",
		}), nil
	}
	err := c.visit(ctx, "check", c.o.StatementTimeout, func(v *visit) error {
		for _, coll := range c.m.All() {
			if !coll.Skip {
				out = append(out, v.examine(coll)...)
			}
		}
		return nil
	})
	return out, err
}

func (v *visit) examine(c *dataset.Collection) []connectors.Problem {
	p, err := v.place(c)
	if err != nil {
		return []connectors.Problem{{Severity: connectors.SeverityBlocks, Where: c.Key, What: "the database has no such table, or hides it", Mend: "correct the data map, or grant SELECT"}}
	}
	return v.sideEffects(p)
}

// sideEffects are what the server would do on its own when rows of a table
// are deleted or changed, and nobody declared.
func (v *visit) sideEffects(p place) []connectors.Problem {
	var out []connectors.Problem
	blocks := func(what, mend string) {
		out = append(out, connectors.Problem{Severity: connectors.SeverityDeletes, Where: p.Key, What: what, Mend: mend})
	}
	changes := p.Action == connectors.ActionDelete || masks(p.Action)
	if !changes {
		return nil
	}
	if !p.t.plain {
		blocks("it is a view or a foreign table, whose rows are not its own", "map the tables behind it")
	}
	if p.t.blind != "" {
		blocks(p.t.blind, "grant TRIGGER on the table, by which alone the server shows them")
	}
	for _, t := range p.t.triggers {
		fires := t.onDelete && p.Action == connectors.ActionDelete || t.onUpdate
		name := p.t.name + "." + t.name
		if fires && !slices.Contains(v.o.AcceptTriggers, name) {
			blocks("the trigger or rule "+t.name+" fires when rows go or change", "see what it does, then add "+name+" to accept_triggers")
		}
	}
	if p.Action != connectors.ActionDelete {
		return out
	}
	for _, k := range p.t.incoming {
		if k.acts() && !v.declared(k) {
			blocks("the foreign key "+k.name+" of "+k.from.key()+" says ON DELETE "+k.onDelete+", and the map does not know it",
				"map "+k.from.key()+" with a reference over "+strings.Join(k.columns, ", ")+" and on_delete: delete, or take the key's action away")
		}
	}
	return out
}

// declared reports whether the map knows the reference that a key stands for
// and lets a delete take the referring rows too, so that the key's own action
// meets none of them.
func (v *visit) declared(k *foreignKey) bool {
	if len(k.columns) != 1 {
		return v.declaredComposite(k)
	}
	return v.knows(k, k.columns[0], k.references[0])
}

// declaredComposite: of a key over tenant and id, the part beside the tenant
// is what the map names.
func (v *visit) declaredComposite(k *foreignKey) bool {
	for i, c := range k.columns {
		if v.knows(k, c, k.references[i]) {
			return true
		}
	}
	return false
}

func (v *visit) knows(k *foreignKey, from, to string) bool {
	return slices.ContainsFunc(v.m.Links, func(l *dataset.Link) bool {
		return v.live.find(l.Child.Name) == k.from && v.live.find(l.Parent.Name) == k.to &&
			l.ChildField.Path == from && l.ParentField.Path == to && l.Down &&
			l.Child.Action == connectors.ActionDelete
	})
}
