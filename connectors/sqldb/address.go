package sqldb

import (
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
	place string             // physical
	key   []connectors.Value // otherwise
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
		return address{place: string(cells[0].text)}
	}
	out := address{key: make([]connectors.Value, len(cells))}
	for i, c := range cells {
		out.key[i] = c.value()
	}
	return out
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
		return orNothing(d.exact(b, alias, a.columns[0], values))
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
			conds = append(conds, orNothing(d.exact(b, alias, a.columns[i], []connectors.Value{part})))
		}
		conds = append(conds, orNothing(d.exact(b, alias, a.columns[n], h.last)))
		out = append(out, "("+all(conds...)+")")
	}
	return orNothing(either(out))
}

func orNothing(cond string) string {
	if cond == "" {
		return nothing
	}
	return cond
}

func limit(n int) string { return strconv.Itoa(n) }
