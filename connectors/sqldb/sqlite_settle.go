package sqldb

import (
	"context"
	"strconv"

	"privacydesk/connectors"
)

// dangling counts the rows of a table that refer to nothing, by the table that
// they refer to.
func dangling(ctx context.Context, s session, t *table) (map[string]int64, error) {
	out := map[string]int64{}
	q := query{sql: "SELECT parent, count(*) FROM pragma_foreign_key_check(?) GROUP BY 1", args: []any{t.name}}
	err := s.query(ctx, q, func(cells []cell) (err error) {
		out[string(cells[0].text)], err = strconv.ParseInt(string(cells[1].text), 10, 64)
		return err
	})
	return out, err
}

// settling: SQLite counts, in a transaction, rows whose deferred keys refer to
// nothing, and shows the count to nobody. So they are counted before and after.
// Keys that are not deferred were looked at with the statement.
func (sqlite) settling(ctx context.Context, s session, tables []*table) (func(context.Context) error, error) {
	before := map[*table]map[string]int64{}
	for _, t := range tables {
		waiting := []*table{t}
		for _, k := range t.incoming {
			waiting = append(waiting, k.from)
		}
		for _, w := range waiting {
			if !w.deferred || before[w] != nil {
				continue
			}
			var err error
			if before[w], err = dangling(ctx, s, w); err != nil {
				return nil, err
			}
		}
	}
	return func(ctx context.Context) error {
		for t, had := range before {
			has, err := dangling(ctx, s, t)
			if err != nil {
				return err
			}
			for parent, n := range has {
				if n > had[parent] {
					return connectors.NewError(connectors.Misfit, "rehearse "+t.key(),
						"rows of "+t.key()+" would refer to rows of "+parent+" that are gone, which its deferred foreign key forbids when the transaction ends", nil).
						WithMend("map them with a reference and on_delete: delete, or with on_delete: {strategy: null} on the reference")
				}
			}
		}
		return nil
	}, nil
}
