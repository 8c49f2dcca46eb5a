package sqldb

import (
	"errors"
	"slices"
	"strings"

	"privacydesk/connectors"
	"privacydesk/connectors/dataset"
)

func whatOf(err error) (string, bool) {
	var ours *connectors.Error
	if errors.As(err, &ours) {
		return ours.What, true
	}
	return "", false
}

// sideEffects are what the server would do on its own when rows of a table
// are deleted or changed, and nobody declared. Erase refuses over them too.
func (v *visit) sideEffects(p place) []connectors.Problem {
	found := &findings{}
	blocks := func(what, mend string) { found.add(connectors.SeverityDeletes, p.Key, what, mend) }
	if p.Action != connectors.ActionDelete && !masks(p.Action) {
		return nil
	}
	v.notItsOwn(found, p)
	for _, r := range p.t.refused {
		if deletes := p.Action == connectors.ActionDelete; deletes && r.onDelete || !deletes && r.onUpdate {
			blocks(r.what, r.mend)
		}
	}
	for _, b := range p.t.blind {
		blocks(b.what, b.mend)
	}
	for _, t := range p.t.triggers {
		fires := t.onDelete && p.Action == connectors.ActionDelete || t.onUpdate
		name := t.on + "." + t.name
		if fires && !slices.Contains(v.o.AcceptTriggers, name) {
			blocks("the trigger or rule "+t.name+" fires when rows go or change", "see what it does, then add "+name+" to accept_triggers")
		}
	}
	if p.Action != connectors.ActionDelete {
		v.spreads(found, p)
		return found.problems
	}
	if p.t.plain && v.d.rowID(p.t, "t") == "" && len(p.t.primary) == 0 {
		blocks("the table has no primary key, by which rows would be deleted in batches", "give the table a primary key")
	}
	for _, f := range v.plan.Nulls(p.Collection) {
		if c := p.t.column(f); c != nil && (!c.nullable || c.generated) {
			blocks("its references go round in a circle, which "+f+" would be set to NULL to break, and the column can't be NULL", "let the column be NULL")
		}
	}
	for _, k := range p.t.incoming {
		if k.acts() {
			v.refused(found, p, k)
		}
	}
	v.clearable(found, p)
	return found.problems
}

// spreads: a masked value to which a foreign key leads is written into the
// referring rows too, or refused half-way; one that a foreign key has to find
// is found nowhere.
func (v *visit) spreads(found *findings, p place) {
	for _, f := range p.Masked() {
		for _, k := range p.t.incoming {
			if slices.Contains(k.references, f.Path) {
				found.add(connectors.SeverityDeletes, p.Key+"."+f.Path, "rows of "+k.from.key()+" refer to the column by the foreign key "+k.name+", so it can't be de-identified",
					"keep it, or delete the rows")
			}
		}
		for _, k := range p.t.outgoing {
			if f.Mask.Strategy != dataset.StrategyNull && slices.Contains(k.columns, f.Path) {
				found.add(connectors.SeverityDeletes, p.Key+"."+f.Path, "the column has to refer to a row of "+k.to.key()+" by the foreign key "+k.name+", so nothing else can be written there",
					"use the strategy null")
			}
		}
	}
}

// uncovered tells of columns whose name sounds like personal data and that no
// field covers.
func (v *visit) uncovered(found *findings, p place) {
	for _, c := range p.t.columns {
		if p.Field(c.name) != nil || !soundsPersonal(c.name) || c.class == classInt && !strings.Contains(c.name, "ssn") {
			continue
		}
		severity, what := connectors.SeverityNote, "its name sounds like personal data, and the map does not have it: reports leave it out"
		if masks(p.Action) {
			severity, what = connectors.SeverityDeletes, "its name sounds like personal data, and the map does not have it: it would stay in de-identified rows"
		}
		found.add(severity, p.Key+"."+c.name, what, "add the field, with its data category")
	}
}

// soundsPersonal goes by the words of a column's name.
func soundsPersonal(name string) bool {
	words := strings.FieldsFunc(splitCase(name), func(r rune) bool { return r == '_' || r == '-' || r == ' ' || r == '.' })
	personal := []string{
		"email", "mail", "phone", "mobile", "fax", "firstname", "lastname", "surname", "fullname", "givenname", "username",
		"address", "street", "zip", "postcode", "birth", "birthday", "birthdate", "dob", "gender", "ip", "ssn", "passport",
		"iban", "salary", "twitter", "linkedin", "skype", "avatar",
	}
	for i, w := range words {
		if slices.Contains(personal, w) {
			return true
		}
		// "name" alone, or after what people have; not "file_name".
		if w == "name" && (i == 0 || slices.Contains([]string{"first", "last", "full", "given", "family", "middle", "maiden", "user", "person", "contact", "customer"}, words[i-1])) {
			return true
		}
	}
	return false
}

// splitCase puts "_" before capitals and lowers all: "ipAddress" is
// "ip_address".
func splitCase(name string) string {
	var b strings.Builder
	lower := false
	for _, r := range name {
		upper := r >= 'A' && r <= 'Z'
		if upper && lower {
			b.WriteByte('_')
		}
		lower = !upper
		b.WriteRune(r)
	}
	return strings.ToLower(b.String())
}
