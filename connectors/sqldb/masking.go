package sqldb

import (
	"context"
	"slices"
	"strings"

	"privacydesk/connectors"
)

// mask replaces values row by row, in the order of the primary key: each
// batch is read again under locks within its transaction, so that what is
// replaced is what stands there.
func (v *visit) mask(ctx context.Context, j *connectors.Job, s selected) error {
	if j.Mask == nil {
		return connectors.NewError(connectors.Misfit, v.at(s.place.Collection), "the run has no masks", nil)
	}
	if len(s.Masks) == 0 {
		return nil
	}
	m, err := v.masking(s)
	if err != nil {
		return err
	}
	var after []connectors.Value
	for {
		rows, err := v.page(ctx, s, m, after)
		if err != nil || len(rows) == 0 {
			return err
		}
		for batch := range slices.Chunk(rows, v.batchSize()) {
			err := v.inTransaction(ctx, j, s, func() (int64, error) { return v.maskRows(ctx, j, s, m, batch) })
			if err != nil {
				return err
			}
		}
		after = rows[len(rows)-1].key
	}
}

// page reads the primary keys that follow after.
func (v *visit) page(ctx context.Context, s selected, m *masking, after []connectors.Value) ([]address, error) {
	b := &builder{}
	where, err := v.where(b, s, "t", partErasable)
	if err != nil || where == "" {
		return nil, err
	}
	keys, orders := make([]string, len(m.key)), make([]string, len(m.key))
	for i, c := range m.key {
		keys[i], orders[i] = v.d.read("t", c), v.d.order("t", c)
	}
	beyond := ""
	if after != nil {
		beyond = afterKey(v.d, b, "t", m.key, after)
	}
	q := query{args: nil, cols: m.key}
	q.sql = "SELECT " + strings.Join(keys, ", ") + " FROM " + qualified(v.d, s.t) + " AS t WHERE " + all(where, beyond) +
		" ORDER BY " + strings.Join(orders, ", ") + " LIMIT " + limit(ahead*v.batchSize())
	q.args = b.args
	byKey := addressing{columns: m.key}
	var out []address
	err = v.s.query(ctx, q, func(cells []cell) error {
		out = append(out, byKey.take(cells))
		return nil
	})
	return out, err
}

// maskRows writes the masks of one batch; rows that get the same values are
// written together.
func (v *visit) maskRows(ctx context.Context, j *connectors.Job, s selected, m *masking, batch []address) (n int64, err error) {
	b := &builder{}
	byKey := addressing{columns: m.key}
	where, err := v.where(b, s, "t", partErasable)
	if err != nil || where == "" {
		return 0, err
	}
	q := query{cols: m.reads}
	q.sql = "SELECT " + m.list(v.d, "t") + " FROM " + qualified(v.d, s.t) + " AS t WHERE " +
		all(byKey.among(v.d, b, s.t, "t", batch), where) + v.d.forUpdate()
	q.args = b.args
	groups, err := v.newValues(ctx, j, m, q)
	if err != nil {
		return 0, err
	}
	for _, g := range groups {
		if err := v.write(ctx, s, m, g); err != nil {
			return 0, err
		}
		n += int64(len(g.rows))
	}
	return n, nil
}

// rewrite is a set of rows that get the same values.
type rewrite struct {
	values []connectors.Value
	rows   []address
}

func (v *visit) newValues(ctx context.Context, j *connectors.Job, m *masking, q query) ([]*rewrite, error) {
	byKey := addressing{columns: m.key}
	var order []*rewrite
	same := map[string]*rewrite{}
	err := v.s.query(ctx, q, func(cells []cell) error {
		if m.done(cells, j.Mask) {
			return nil
		}
		values, err := m.values(cells, j.Mask)
		if err != nil {
			return connectors.NewError(connectors.Misfit, v.op+" "+m.collection, "a field can't be de-identified as the map says", err)
		}
		name := ""
		for _, value := range values {
			text, err := value.MarshalText()
			if err != nil {
				return err
			}
			name += string(text) + "\x00"
		}
		if same[name] == nil {
			same[name] = &rewrite{values: values}
			order = append(order, same[name])
		}
		same[name].rows = append(same[name].rows, byKey.take(cells[:len(m.key)]))
		return nil
	})
	return order, err
}

func (v *visit) write(ctx context.Context, s selected, m *masking, g *rewrite) error {
	b := &builder{}
	head, alias := v.d.update(s.t)
	set := make([]string, len(m.columns))
	for i, c := range m.columns {
		set[i] = v.d.quote(c.name) + " = " + v.d.assign(b, c, g.values[i])
	}
	where := addressing{columns: m.key}.among(v.d, b, s.t, alias, g.rows)
	_, err := v.s.exec(ctx, query{sql: head + " SET " + strings.Join(set, ", ") + " WHERE " + where, args: b.args})
	return err
}
