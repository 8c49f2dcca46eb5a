package sqldb

import (
	"slices"
	"strconv"
	"strings"

	"privacydesk/connectors"
)

// addressing is how single rows of a table are named between two statements:
// by physical address, or by primary key.
type addressing struct {
	physical bool
	columns  []*column
}

// address is one row's address.
type address struct {
	place   string             // physical
	ordinal [2]int64           // physical: for sorting
	key     []connectors.Value // otherwise
}

func (v *visit) addressing(s selected) (addressing, error) {
	if v.d.rowID(s.t, "t") != "" {
		return addressing{physical: true}, nil
	}
	a := addressing{}
	for _, name := range s.t.primary {
		a.columns = append(a.columns, s.t.column(name))
	}
	if len(a.columns) == 0 {
		return a, connectors.NewError(connectors.Misfit, v.at(s.place.Collection), "the table has no primary key, by which rows would be deleted in batches", nil).
			WithMend("give the table a primary key")
	}
	return a, nil
}

// arrange puts physical addresses into their order, so that a batch touches
// neighbouring pages.
func (a addressing) arrange(rows []address) {
	if a.physical {
		slices.SortFunc(rows, func(x, y address) int { return slices.Compare(x.ordinal[:], y.ordinal[:]) })
	}
}

// ordinal reads "(block,offset)" or a row number.
func ordinal(place string) [2]int64 {
	var out [2]int64
	for i, part := range strings.SplitN(strings.Trim(place, "()"), ",", 2) {
		if n, err := strconv.ParseInt(part, 10, 64); err == nil {
			out[i] = n
		}
	}
	return out
}

func (a addressing) list(d dialect, t *table, alias string) string {
	if a.physical {
		return d.rowID(t, alias)
	}
	out := make([]string, len(a.columns))
	for i, c := range a.columns {
		out[i] = d.read(alias, c)
	}
	return strings.Join(out, ", ")
}

func (a addressing) take(cells []cell) address {
	if a.physical {
		place := string(cells[0].text)
		return address{place: place, ordinal: ordinal(place)}
	}
	out := address{key: make([]connectors.Value, len(cells))}
	for i, c := range cells {
		out.key[i] = c.value()
	}
	return out
}

// inOrder sorts by key, so that the next sweep can go on from the last row.
func (a addressing) inOrder(d dialect, alias string) string {
	if a.physical {
		return "" // a scan comes in physical order by itself, or arrange mends it
	}
	out := make([]string, len(a.columns))
	for i, c := range a.columns {
		out[i] = d.order(alias, c)
	}
	return " ORDER BY " + strings.Join(out, ", ")
}

// beyond compiles "the row comes after this one".
func (a addressing) beyond(d dialect, b *builder, t *table, alias string, last address) string {
	if a.physical {
		return d.afterRowID(b, t, alias, last.place)
	}
	return afterKey(d, b, alias, a.columns, last.key)
}

// among compiles "the row is one of these".
func (a addressing) among(d dialect, b *builder, t *table, alias string, rows []address) string {
	if a.physical {
		places := make([]string, len(rows))
		for i, r := range rows {
			places[i] = r.place
		}
		return d.byRowID(b, t, alias, places)
	}
	if len(a.columns) == 1 {
		values := make([]connectors.Value, len(rows))
		for i, r := range rows {
			values[i] = r.key[0]
		}
		return partIs(d, b, alias, a.columns[0], values)
	}
	return a.amongComposite(d, b, alias, rows)
}

// amongComposite groups rows that share all parts of their key but the last.
func (a addressing) amongComposite(d dialect, b *builder, alias string, rows []address) string {
	type head struct {
		parts []connectors.Value
		last  []connectors.Value
	}
	var order []*head
	heads := map[string]*head{}
	n := len(a.columns) - 1
	for _, r := range rows {
		name := ""
		for _, part := range r.key[:n] {
			name += strconv.Itoa(len(part.Raw())) + ":" + string(rune(part.Kind())) + part.Raw()
		}
		h := heads[name]
		if h == nil {
			h = &head{parts: r.key[:n]}
			heads[name], order = h, append(order, h)
		}
		h.last = append(h.last, r.key[n])
	}
	var out []string
	for _, h := range order {
		var conds []string
		for i, part := range h.parts {
			conds = append(conds, partIs(d, b, alias, a.columns[i], []connectors.Value{part}))
		}
		conds = append(conds, partIs(d, b, alias, a.columns[n], h.last))
		out = append(out, "("+all(conds...)+")")
	}
	return orNothing(either(out))
}

// partIs compiles "the part of the key is one of these". In SQLite NULL may
// be one.
func partIs(d dialect, b *builder, alias string, c *column, values []connectors.Value) string {
	var out []string
	if cond := d.exact(b, alias, c, values); cond != "" {
		out = append(out, cond)
	}
	if slices.ContainsFunc(values, isNull) {
		out = append(out, col(d, alias, c)+" IS NULL")
	}
	return orNothing(either(out))
}

func isNull(v connectors.Value) bool { return v.Kind() == connectors.KindNone }

func orNothing(cond string) string {
	if cond == "" {
		return nothing
	}
	return cond
}

func limit(n int) string { return strconv.Itoa(n) }

// afterKey compiles that a key comes after another one, part by part, in the
// order of the dialect.
func afterKey(d dialect, b *builder, alias string, key []*column, last []connectors.Value) string {
	var out []string
	for i := range key {
		var conds []string
		for k := range i {
			if isNull(last[k]) {
				conds = append(conds, col(d, alias, key[k])+" IS NULL")
				continue
			}
			conds = append(conds, d.order(alias, key[k])+" = "+d.assign(b, key[k], last[k]))
		}
		if isNull(last[i]) { // SQLite sorts it first
			conds = append(conds, col(d, alias, key[i])+" IS NOT NULL")
		} else {
			conds = append(conds, d.order(alias, key[i])+" > "+d.assign(b, key[i], last[i]))
		}
		out = append(out, "("+all(conds...)+")")
	}
	return either(out)
}
