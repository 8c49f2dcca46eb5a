package sqldb

import (
	"context"
	"strconv"
	"strings"

	"privacydesk/connectors"
)

// sweep changes rows in batches that the server picks by itself, in physical
// order, each going on where the last one ended, so that each page is read
// once whatever the number of batches, and no address travels. Once fewer are
// met than the finding counted (somebody moved a row meanwhile, or an index
// gave them in another order) it begins anew, until a whole sweep meets none.
func (v *visit) sweep(ctx context.Context, j *connectors.Job, s selected, c change) error {
	expected := int64(0)
	if set := j.Finding.Set(s.Key); set != nil {
		expected = set.Rows
	}
	after, changed := "", int64(0)
	for {
		var n int64
		var last string
		err := v.inTransaction(ctx, j, s, func() (int64, error) {
			var err error
			n, last, err = v.sweepBatch(ctx, s, c, after)
			return n, err
		})
		changed += n
		switch {
		case err != nil:
			return err
		case n > 0:
			after = last
		case after == "" || expected > 0 && changed >= expected:
			return nil
		default:
			after = ""
		}
	}
}

// sweepBatch changes the next batch of rows, and returns how many they were
// and the address of the last. The conditions stand twice: the inner ones
// pick rows, the outer ones are judged anew for a row that somebody changed
// between the two.
func (v *visit) sweepBatch(ctx context.Context, s selected, c change, after string) (n int64, last string, err error) {
	b := &builder{}
	inner, err := v.sweepWhere(b, s, c, "i")
	if err != nil || inner == "" {
		return 0, "", err
	}
	if after != "" {
		inner = all(inner, v.d.afterRowID(b, s.t, "i", after))
	}
	picked := "SELECT " + v.d.rowID(s.t, "i") + " FROM " + qualified(v.d, s.t) + " AS i WHERE " + inner + " LIMIT " + limit(v.batchSize())
	statement, err := c.statement(v, s, func(alias string) (string, error) {
		outer, err := v.sweepWhere(b, s, c, alias)
		return all(v.d.rowID(s.t, alias)+" = ANY (ARRAY("+picked+"))", outer), err
	})
	if err != nil {
		return 0, "", err
	}
	q := query{args: b.args}
	q.sql = "WITH changed AS (" + statement + " RETURNING " + v.d.rowID(s.t, "t") + " AS place) SELECT count(*), max(place)::text FROM changed"
	err = v.s.query(ctx, q, func(cells []cell) error {
		n, err = strconv.ParseInt(strings.TrimSpace(string(cells[0].text)), 10, 64)
		last = string(cells[1].text)
		return err
	})
	return n, last, err
}

func (v *visit) sweepWhere(b *builder, s selected, c change, alias string) (string, error) {
	where, err := v.where(b, s, alias, c.part())
	if err != nil || where == "" {
		return "", err
	}
	pending, err := c.pending(v, b, s, alias)
	return all(where, pending), err
}
