package sqldb

import (
	"bytes"
	"strings"

	"privacydesk/connectors"
	"privacydesk/connectors/dataset"
	"privacydesk/connectors/walk"
)

// masking is how the rows of one table are de-identified: by primary key,
// from which each row's values are derived.
type masking struct {
	collection string
	key        []*column // the primary key
	columns    []*column // to be replaced
	fields     []*dataset.Field
	limits     []walk.Column
	reads      []*column // key, then columns
}

func (v *visit) masking(s selected) (*masking, error) {
	m := &masking{collection: s.Key, fields: s.Masks}
	misfit := func(field, what, mend string) error {
		return connectors.NewError(connectors.Misfit, v.at(s.place.Collection)+field, what, nil).WithMend(mend)
	}
	for _, name := range s.t.primary {
		m.key = append(m.key, s.t.column(name))
	}
	if len(m.key) == 0 {
		return nil, misfit("", "the table has no primary key, by which a row would be de-identified", "delete its rows, or give it one")
	}
	for _, f := range s.Masks {
		c, err := v.column(s.place, f.Path)
		if err != nil {
			return nil, err
		}
		for _, k := range m.key {
			if k.name == c.name {
				return nil, misfit("."+f.Path, "a part of the primary key can't be de-identified", "delete the rows")
			}
		}
		m.columns = append(m.columns, c)
		m.limits = append(m.limits, maskLimits(s, c))
	}
	m.reads = append(append([]*column{}, m.key...), m.columns...)
	return m, nil
}

func maskLimits(s selected, c *column) walk.Column {
	digits := int(c.precision - c.scale)
	if c.class == classFloat {
		digits = 6 // what four bytes hold exactly
	}
	return walk.Column{
		Collection: s.Key, Field: c.name, Kind: maskKind(c), Nullable: c.nullable, Unique: s.t.unique(c.name) || s.t.notAlike[c.name],
		MaxLength: int(c.length), Bits: c.bits, Digits: digits,
	}
}

func maskKind(c *column) walk.ColumnKind {
	switch c.class {
	case classText:
		return walk.ColumnText
	case classInt:
		return walk.ColumnInt
	case classDecimal, classFloat:
		return walk.ColumnDecimal
	case classBool:
		return walk.ColumnBool
	case classUUID:
		return walk.ColumnUUID
	case classBytes:
		return walk.ColumnBytes
	case classTime:
		switch {
		case c.kind == "date":
			return walk.ColumnDate
		case strings.HasPrefix(c.kind, "timestamp"), strings.HasPrefix(c.kind, "datetime"):
			return walk.ColumnDateTime
		}
	case classJSON, classOther:
	}
	return walk.ColumnOther
}

func (m *masking) list(d dialect, alias string) string {
	out := make([]string, len(m.reads))
	for i, c := range m.reads {
		out[i] = d.read(alias, c)
	}
	return strings.Join(out, ", ")
}

// row is the row's primary key in its canonical text.
func (m *masking) row(cells []cell) string {
	key := make([]connectors.Value, len(m.key))
	for i := range m.key {
		key[i] = cells[i].value()
	}
	return walk.RowKey(key...)
}

// done reports whether every field bears its mask already.
func (m *masking) done(cells []cell, by connectors.Masker) bool {
	row := m.row(cells)
	for i, f := range m.fields {
		c := cells[len(m.key)+i]
		if !walk.IsMasked(f.Mask, m.limit(i, c), row, c.maskable(), by) {
			return false
		}
	}
	return true
}

// values are the row's new values, in the order of the columns.
func (m *masking) values(cells []cell, by connectors.Masker) ([]connectors.Value, error) {
	row := m.row(cells)
	out := make([]connectors.Value, len(m.fields))
	for i, f := range m.fields {
		c := cells[len(m.key)+i]
		value, err := walk.MaskValue(f.Mask, m.limit(i, c), row, c.maskable(), by)
		if err != nil {
			return nil, err
		}
		out[i] = value
	}
	return out, nil
}

// limit follows the stored value where a column's type binds nothing.
func (m *masking) limit(i int, c cell) walk.Column {
	out := m.limits[i]
	if c.null || c.class == m.columns[i].class {
		return out
	}
	out.Kind = maskKind(&column{class: c.class, kind: m.columns[i].kind})
	return out
}

// maskable is the cell as masks are compared: times in the one spelling that
// masks have, whatever the server adds to it.
func (c cell) maskable() connectors.Value {
	switch {
	case c.null:
		return connectors.Value{}
	case c.class == classTime:
		text := timeText(c.text)
		const dateTime = len("2006-01-02T15:04:05")
		if len(text) >= dateTime && text[10] == 'T' {
			rest := bytes.Trim(text[dateTime:], ".0")
			if len(rest) == 0 || string(rest) == "Z" {
				return connectors.Text(string(text[:dateTime]) + "Z")
			}
		}
		return connectors.Text(string(text))
	case c.class == classBool:
		return connectors.Text(string(boolText(c.text)))
	default:
		return c.value()
	}
}
