package sqldb

import (
	"slices"
	"strings"

	"privacydesk/connectors"
	"privacydesk/connectors/walk"
)

// touch is what an erase does to a table: it deletes rows, or writes columns.
type touch struct {
	t       *table
	deletes bool
	columns []string
}

// reach is what the steps' statements do, and what the database does with
// them by itself over foreign keys.
func (v *visit) reach(steps []walk.EraseStep) ([]touch, error) {
	var out []touch
	for _, step := range steps {
		s, err := v.selected(step.Selection)
		if err != nil {
			return nil, err
		}
		switch step.Op {
		case walk.OpDelete:
			out = spread(out, touch{t: s.t, deletes: true})
		case walk.OpNull:
			out = spread(out, touch{t: s.t, columns: step.Fields})
		case walk.OpMask:
			var columns []string
			for _, f := range step.Masks {
				columns = append(columns, f.Path)
			}
			out = spread(out, touch{t: s.t, columns: columns})
		}
		for _, c := range s.Clears {
			p, err := v.place(c.Collection)
			if err != nil {
				return nil, err
			}
			out = spread(out, touch{t: p.t, columns: []string{c.Field}})
		}
	}
	return out, nil
}

// spread adds a touch, and those that foreign keys make of it.
func spread(out []touch, next touch) []touch {
	same := func(o touch) bool {
		return o.t == next.t && o.deletes == next.deletes && slices.Equal(o.columns, next.columns)
	}
	if slices.ContainsFunc(out, same) {
		return out
	}
	out = append(out, next)
	for _, k := range next.t.incoming {
		rule := k.onUpdate
		if next.deletes {
			rule = k.onDelete
		} else if !slices.ContainsFunc(k.references, func(c string) bool { return slices.Contains(next.columns, c) }) {
			continue
		}
		switch {
		case rule == "CASCADE" && next.deletes:
			out = spread(out, touch{t: k.from, deletes: true})
		case rule == "CASCADE", rule == "SET NULL", rule == "SET DEFAULT":
			out = spread(out, touch{t: k.from, columns: k.columns})
		}
	}
	return out
}

func tablesOf(touched []touch) []*table {
	var out []*table
	for _, o := range touched {
		if !slices.Contains(out, o.t) {
			out = append(out, o.t)
		}
	}
	return out
}

// irreversible names the tables in reach that a rollback would not bring back
// as they were, or of which nobody knows that.
func (v *visit) irreversible(steps []walk.EraseStep) ([]connectors.Problem, error) {
	touched, err := v.reach(steps)
	if err != nil {
		return nil, err
	}
	var out []connectors.Problem
	for _, t := range tablesOf(touched) {
		if why, mend := v.unsafe(t); why != "" {
			out = append(out, connectors.Problem{
				Severity: connectors.SeverityNote, Where: v.keyOf(t),
				What: "no delete that reaches it is rehearsed: " + why, Mend: mend,
			})
		}
	}
	return out, nil
}

// unsafe is why a rollback is not trusted with a table, or "".
func (v *visit) unsafe(t *table) (why, mend string) {
	switch {
	case t.kind == foreign:
		return "it is a foreign table" + ofEngine(t) + ", whose rows lie on another server", "make that server a system of its own"
	case !t.plain && t.kind == "":
		return "a partition of it is a foreign table, whose rows lie on another server", "make that server a system of its own"
	case !t.plain:
		return "it is a " + t.kind + ", whose rows are not its own", "map the tables behind it"
	case !t.transactional:
		return "its engine " + t.engine + " keeps no transactions", "ALTER TABLE … ENGINE=InnoDB"
	case len(t.blind) > 0:
		return t.blind[0].what, t.blind[0].mend
	}
	for _, g := range t.triggers {
		if name := g.on + "." + g.name; !slices.Contains(v.o.AcceptTriggers, name) {
			return "the trigger or rule " + g.name + " fires there, and nobody has accepted what it does", "see what it does, then add " + name + " to accept_triggers"
		}
	}
	return "", ""
}

// keyOf names a table as the map does, or as the database.
func (v *visit) keyOf(t *table) string {
	for _, c := range v.m.All() {
		if v.live.find(c.Name) == t {
			return c.Key
		}
	}
	return strings.TrimPrefix(t.key(), v.live.home+".")
}
