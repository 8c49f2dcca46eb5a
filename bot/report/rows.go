package report

import (
	"html/template"
	"strconv"

	"privacydesk/connectors"
)

// maxAcross is how many columns a page shows side by side. Wider records are
// shown one below the other, each field on a line of its own: nobody reads or
// prints a table of a hundred columns.
const maxAcross = 8

// rowLabels are the labels of a table's fields, as HTML.
func rowLabels(s connectors.Schema) []string {
	labels := make([]string, len(s.Columns))
	for i, c := range s.Columns {
		labels[i] = template.HTMLEscapeString(visible(columnLabel(c)))
	}
	return labels
}

func (s *segment) wide() bool { return len(s.labels) > maxAcross }

// appendPageRow adds the next record of a segment to a page. Each cell bears
// its column's label: on a narrow screen a row is shown as a card.
func (s *segment) appendPageRow(dst []byte, cells []connectors.Cell) []byte {
	if !s.wide() {
		dst = append(dst, "<tr>"...)
		for i, c := range cells {
			dst = append(dst, `<td dir="auto" data-label="`...)
			dst = append(dst, s.labels[i]...)
			dst = append(dst, `">`...)
			dst = appendHTML(dst, c)
			dst = append(dst, "</td>"...)
		}
		return append(dst, "</tr>\n"...)
	}
	dst = append(dst, "<h3>Record "...)
	dst = strconv.AppendInt(dst, s.first+s.rows, 10)
	dst = append(dst, "</h3>\n<dl class=\"record\">\n"...)
	for i, c := range cells {
		dst = append(dst, "<dt>"...)
		dst = append(dst, s.labels[i]...)
		dst = append(dst, `</dt><dd dir="auto">`...)
		dst = appendHTML(dst, c)
		dst = append(dst, "</dd>\n"...)
	}
	return append(dst, "</dl>\n"...)
}
