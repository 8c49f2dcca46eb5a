package sqldb

import (
	"strings"

	"privacydesk/connectors"
	"privacydesk/connectors/dataset"
)

// confined looks at a reference's conditions: a value that the column can't
// hold confines it to no row. Of a reference without any it asks whether a
// column beside it says to what it refers, for then rows that refer to
// something else bear the same numbers.
func (v *visit) confined(found *findings, l *dataset.Link, child *table) {
	where := l.Child.Key + "." + l.ChildField.Path
	for _, c := range l.Where {
		k := child.column(c.Field.Path)
		for _, value := range c.Values {
			if k != nil && !v.d.holds(k, value) {
				found.add(connectors.SeverityBlocks, l.Child.Key+"."+c.Field.Path,
					"it is of the type "+k.kind+", which can't hold what the condition of "+l.ChildField.Path+" asks for: no row would meet it",
					"write a whole number without quotes, and a text with them")
			}
		}
	}
	if sibling := v.kindBeside(l, child); sibling != "" && l.Where == nil && !l.Live {
		found.add(connectors.SeverityNote, where,
			"the column "+sibling+" beside it says to what it refers, and the reference has no condition: rows that refer to something else under the same number are taken for the person's",
			"say `privacydesk: {where: {"+sibling+": VALUE}}` of the reference")
	}
}

// kindBeside is the column that names the kind of what a reference refers to,
// as frameworks call it: notable_type beside notable_id, content_type_id beside
// object_id. "" if there is none, or a foreign key says what it refers to.
func (v *visit) kindBeside(l *dataset.Link, child *table) string {
	for _, k := range child.outgoing {
		if len(k.columns) == 1 && k.columns[0] == l.ChildField.Path {
			return ""
		}
	}
	name := l.ChildField.Path
	var candidates []string
	for _, end := range [][2]string{{"_id", "_type"}, {"Id", "Type"}, {"_pk", "_type"}} {
		if stem, ok := strings.CutSuffix(name, end[0]); ok {
			candidates = append(candidates, stem+end[1])
		}
	}
	if strings.HasPrefix(strings.ToLower(name), "object") {
		candidates = append(candidates, "content_type_id", "content_type")
	}
	for _, c := range candidates {
		if child.column(c) != nil {
			return c
		}
	}
	return ""
}
