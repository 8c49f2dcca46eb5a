package walk

import (
	"slices"
	"strconv"
	"strings"

	"privacydesk/connectors"
	"privacydesk/connectors/dataset"
)

// Join makes one value of the parts of a key of several. It is the zero Value
// if a part is NULL, since such a row refers to nothing, or if all are blank.
func Join(parts []connectors.Value) connectors.Value {
	if len(parts) == 1 {
		return parts[0]
	}
	null := func(v connectors.Value) bool { return v.Kind() == connectors.KindNone }
	if slices.ContainsFunc(parts, null) || !slices.ContainsFunc(parts, func(v connectors.Value) bool { return !v.IsEmpty() }) {
		return connectors.Value{}
	}
	return connectors.Text(RowKey(parts...))
}

// Split are the parts of which Join made a value. It fails if the value is
// none of its.
func Split(v connectors.Value) ([]connectors.Value, bool) {
	var out []connectors.Value
	for rest := v.Raw(); rest != ""; {
		digits, after, found := strings.Cut(rest, ":")
		n, err := strconv.Atoi(digits)
		if !found || err != nil || n < 0 || n >= len(after) || after[n] != ',' {
			return nil, false
		}
		var part connectors.Value
		if err := part.UnmarshalText([]byte(after[:n])); err != nil {
			return nil, false
		}
		out, rest = append(out, part), after[n+1:]
	}
	return out, len(out) > 1
}

// keyOf is the value of a key in a row.
func keyOf(fields []*dataset.Field, fetch []string, cells []connectors.Value) connectors.Value {
	parts := make([]connectors.Value, len(fields))
	for i, f := range fields {
		parts[i] = cells[slices.Index(fetch, f.Path)]
	}
	return Join(parts)
}

// WithFold is the search of keys in a system that calls different ones equal.
func (s Search) WithFold(fold Fold) Search {
	s.fold, s.folded = fold, map[connectors.Value]bool{}
	for _, v := range s.Values {
		if f, known := fold(v); known {
			s.folded[f] = true
		} else {
			s.vague = true
		}
	}
	return s
}

// Folds reports whether the system calls different keys equal.
func (s Search) Folds() bool { return s.fold != nil }

// Doubts reports whether the system may call the stored key equal to one that
// was searched although Matches does not.
func (s Search) Doubts(v connectors.Value) bool {
	if s.fold == nil || v.IsEmpty() || s.Matches(v) {
		return false
	}
	_, known := s.fold(v)
	return !known || s.vague
}

// Key is the value of the step's link at i in a row.
func (s Step) Key(i int, row Row) connectors.Value {
	return keyOf(s.Collection.KeyFields(s.Links[i].Field), s.Fetch, row.Cells)
}
