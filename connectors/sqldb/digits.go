package sqldb

import (
	"slices"

	"privacydesk/connectors"
)

// A text column may hold the whole numbers of another (Django's generic
// relations, imports, event tables). Where the map declares that, by
// `data_type: integer`, and a reference ties it to a column of numbers, its
// texts are read as numbers: exactly those that a number is spelled by, so that
// '02' stays a text and is nobody's number.

// declareDigits marks the columns that are read so: those of a reference
// between a declared text and a number, and whatever texts they are tied to in
// turn, or the two would no longer be compared as one.
func (v *visit) declareDigits() {
	for changed := true; changed; {
		changed = false
		for _, l := range v.m.Links {
			child, parent := v.live.find(l.Child.Name), v.live.find(l.Parent.Name)
			if child == nil || parent == nil {
				continue
			}
			for _, p := range l.Pairs() {
				a, b := child.column(p.Child.Path), parent.column(p.Parent.Path)
				if a == nil || b == nil {
					continue
				}
				changed = a.tie(b, p.Child.DataType == "integer") || changed
				changed = b.tie(a, p.Parent.DataType == "integer") || changed
			}
		}
	}
}

// notFollowed says, for people outside, what is not searched by a reference
// whose columns are not compared.
func (v *visit) notFollowed(j *connectors.Job) {
	for _, l := range v.m.Links {
		child, parent := v.live.find(l.Child.Name), v.live.find(l.Parent.Name)
		if child == nil || parent == nil || l.Live || !l.Down && !l.Up {
			continue
		}
		for _, p := range l.Pairs() {
			a, b := child.column(p.Child.Path), parent.column(p.Parent.Path)
			note := l.Child.Label + ": not searched by what refers to " + l.Parent.Label + ", because its values are of another type"
			if a != nil && b != nil && !matchable(a, b) && !slices.Contains(j.Outcome.Notes, note) {
				j.Outcome.Notes = append(j.Outcome.Notes, note)
			}
		}
	}
}

// tie marks the column if what it is tied to is read as numbers. It reports
// whether that is new.
func (c *column) tie(other *column, declared bool) bool {
	if c.digits || c.class != classText {
		return false
	}
	c.digits = other.digits || declared && numeric(other)
	return c.digits
}

// asNumber is the whole number that a text spells, as a server would spell it.
func asNumber(text string) (connectors.Value, bool) {
	v, err := connectors.Decimal(text)
	return v, err == nil && v.Kind() == connectors.KindInt && v.Raw() == text
}

// converted is true for a declared text beside a number.
func converted(a, b *column) bool { return a.digits && numeric(b) || b.digits && numeric(a) }
