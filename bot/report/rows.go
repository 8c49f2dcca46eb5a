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

// rowLabels are the labels of a wide table's fields, as HTML; nil of others.
func rowLabels(s connectors.Schema) []string {
	if len(s.Columns) <= maxAcross {
		return nil
	}
	labels := make([]string, len(s.Columns))
	for i, c := range s.Columns {
		labels[i] = template.HTMLEscapeString(visible(columnLabel(c)))
	}
	return labels
}

// appendPageRow adds the next record of a segment to a page.
func (s *segment) appendPageRow(dst []byte, cells []connectors.Cell) []byte {
	if s.labels == nil {
		dst = append(dst, "<tr>"...)
		for _, c := range cells {
			dst = append(dst, `<td dir="auto">`...)
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
