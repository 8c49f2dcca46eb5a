package sqldb

import (
	"slices"

	"privacydesk/connectors"
	"privacydesk/connectors/walk"
)

// keyColumns are the columns of a key, of one field or several.
func (v *visit) keyColumns(p place, name string) ([]*column, error) {
	fields := p.KeyFields(name)
	if fields == nil {
		c, err := v.column(p, name)
		return []*column{c}, err
	}
	return v.columns(p, names(fields))
}

// holds compiles "the columns hold one of the values", exactly; of a key of
// several, one of those that walk.Join made. It is "" if none can be held.
func (v *visit) holds(b *builder, alias string, columns []*column, values []connectors.Value) string {
	if len(columns) == 1 {
		return v.d.exact(b, alias, columns[0], solid(values))
	}
	var keys []address
	for _, value := range values {
		if parts, ok := walk.Split(value); ok && len(parts) == len(columns) {
			keys = append(keys, address{key: parts})
		}
	}
	if len(keys) == 0 {
		return ""
	}
	return addressing{columns: columns}.among(v.d, b, nil, alias, keys)
}

// own compiles "the row is the subject's own". It returns "" if none can be.
func (v *visit) own(b *builder, p place, alias string, own walk.Own) (string, error) {
	links, err := v.reached(b, p, alias, own.Owned)
	if err != nil {
		return "", err
	}
	if links != "" && own.Bears != nil {
		others, err := v.namesNobodyElse(b, p, alias, own.Bears)
		if err != nil {
			return "", err
		}
		links = "(" + all(links, others) + ")"
	}
	pinned, err := v.reached(b, p, alias, own.Pinned)
	if err != nil {
		return "", err
	}
	return either(without(links, pinned)), nil
}

// without leaves out the conditions that are none.
func without(conditions ...string) []string {
	return slices.DeleteFunc(conditions, func(cond string) bool { return cond == "" })
}

// namesNobodyElse compiles that a row's identities are all blank, or that one
// of them is the subject's.
func (v *visit) namesNobodyElse(b *builder, p place, alias string, bears []connectors.Link) (string, error) {
	var blank, ours []string
	for _, l := range bears {
		c, err := v.column(p, l.Field)
		if err != nil {
			return "", err
		}
		blank = append(blank, v.d.blank(alias, c))
		if cond := v.d.exact(b, alias, c, solid(l.Values)); cond != "" {
			ours = append(ours, cond)
		}
	}
	return either(append(ours, "("+all(blank...)+")")), nil
}
