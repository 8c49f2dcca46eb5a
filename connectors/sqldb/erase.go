package sqldb

import (
	"context"
	"slices"
	"strings"

	"privacydesk/connectors"
	"privacydesk/connectors/walk"
)

// ahead is how many batches of addresses are read at a time: few enough to
// hold in memory, and many enough that looking for them costs little beside
// deleting.
const ahead = 20

// Erase works step by step, children first. Of each step it reads the
// addresses of the rows that are to go, some batches at a time, and changes
// each batch in a transaction of its own, which restates all that the rows
// have to be: tenant, keys, and that nobody else refers to them.
func (c *connector) Erase(ctx context.Context, jobs []*connectors.Job) error {
	return c.visit(ctx, "erase", c.o.StatementTimeout, func(v *visit) error {
		err := connectors.Each(ctx, jobs, v.erase)
		v.remains(ctx, jobs)
		return err
	})
}

func (v *visit) erase(ctx context.Context, j *connectors.Job) error {
	if j.Guard == nil {
		return noGuard(v.op)
	}
	v.notTheirs(j)
	steps, err := v.plan.Erases(j.Subject.Tenant, j.Finding)
	if err != nil {
		return v.fail(ctx, v.op, err)
	}
	if err := v.unhindered(ctx, steps); err != nil {
		return err
	}
	return v.eraseSteps(ctx, j, steps)
}

func noGuard(op string) error {
	return connectors.NewError(connectors.Misfit, op, "the run has no guard", nil)
}

// unhindered refuses what is known to go wrong, before anything is changed.
func (v *visit) unhindered(ctx context.Context, steps []walk.EraseStep) error {
	if err := v.harmless(steps); err != nil {
		return err
	}
	return v.held(ctx, steps)
}

func (v *visit) eraseSteps(ctx context.Context, j *connectors.Job, steps []walk.EraseStep) error {
	for _, step := range steps {
		if err := v.eraseStep(ctx, j, step); err != nil {
			return v.fail(ctx, v.at(step.Collection), err)
		}
	}
	return nil
}

// harmless refuses, before anything is changed, what the server would do on
// its own when the rows go: see Check.
func (v *visit) harmless(steps []walk.EraseStep) error {
	for _, step := range steps {
		p, err := v.place(step.Collection)
		if err != nil {
			return err
		}
		if found := v.sideEffects(p); len(found) > 0 {
			return connectors.NewError(connectors.Misfit, v.at(step.Collection), found[0].What, nil).WithMend(found[0].Mend)
		}
		if step.Op != walk.OpMask {
			continue
		}
		if _, err := v.masking(selected{p, step.Selection}); err != nil {
			return err
		}
	}
	return nil
}

// eraseStep does one step, some thousand keys at a time: a row goes if any of
// them reaches it, so it makes no difference by which it is met first.
func (v *visit) eraseStep(ctx context.Context, j *connectors.Job, step walk.EraseStep) error {
	for _, sel := range v.portions(step.Selection) {
		step.Selection = sel
		if err := v.erasePortion(ctx, j, step); err != nil {
			return err
		}
	}
	return nil
}

func (v *visit) erasePortion(ctx context.Context, j *connectors.Job, step walk.EraseStep) error {
	s, err := v.selected(step.Selection)
	if err != nil {
		return err
	}
	switch step.Op {
	case walk.OpNull:
		return v.drain(ctx, j, s, nulling{step.Fields})
	case walk.OpDelete:
		return v.drain(ctx, j, s, deleting{})
	case walk.OpMask:
		return v.mask(ctx, j, s)
	default:
		return connectors.NewError(connectors.Broken, v.at(step.Collection), "the plan asks for what this connector can't do", nil)
	}
}

// change is what a drain does to the rows that it takes.
type change interface {
	// part is which rows, and pending the further condition that they have
	// not been changed yet.
	part() part
	pending(v *visit, b *builder, s selected, alias string) (string, error)
	// statement compiles the change of the rows that meet where.
	statement(v *visit, s selected, where func(alias string) (string, error)) (string, error)
}

type deleting struct{}

func (deleting) part() part { return partErasable }

func (deleting) pending(v *visit, b *builder, s selected, alias string) (string, error) {
	return v.clearedFirst(b, s, alias)
}

func (deleting) statement(v *visit, s selected, where func(string) (string, error)) (string, error) {
	head, alias := v.d.deleteFrom(s.t)
	cond, err := where(alias)
	return head + " WHERE " + all(cond, v.unreferred(s.t, alias)), err
}

// nulling cuts a circle of references, so that its rows can be deleted.
type nulling struct{ fields []string }

func (nulling) part() part { return partOwned }

func (n nulling) pending(v *visit, _ *builder, s selected, alias string) (string, error) {
	columns, err := v.columns(s.place, n.fields)
	var out []string
	for _, c := range columns {
		out = append(out, col(v.d, alias, c)+" IS NOT NULL")
	}
	return either(out), err
}

func (n nulling) statement(v *visit, s selected, where func(string) (string, error)) (string, error) {
	columns, err := v.columns(s.place, n.fields)
	if err != nil {
		return "", err
	}
	head, alias := v.d.update(s.t)
	var set []string
	for _, c := range columns {
		set = append(set, v.d.quote(c.name)+" = NULL")
	}
	cond, err := where(alias)
	return head + " SET " + strings.Join(set, ", ") + " WHERE " + cond, err
}

// drain changes rows until none is left that is to be changed: sweep after
// sweep through the table, until one meets nothing.
func (v *visit) drain(ctx context.Context, j *connectors.Job, s selected, c change) error {
	if v.d.sweeps() && c.part() == partErasable && s.t.plain && len(s.Clears) == 0 && v.unreferred(s.t, "t") == "" {
		return v.sweep(ctx, j, s, c)
	}
	a, err := v.addressing(s)
	if err != nil {
		return err
	}
	var after *address
	progress := false
	for {
		rows, err := v.candidates(ctx, s, c, a, after)
		switch {
		case err != nil:
			return err
		case len(rows) == 0 && after == nil:
			return v.leftovers(ctx, s, c)
		case len(rows) == 0 && !progress:
			// Others may have changed them meanwhile; if they stand and still
			// can't be changed, looking again won't help.
			return connectors.NewError(connectors.Transient, v.at(s.place.Collection), "rows that were to be erased are being changed by others", nil)
		case len(rows) == 0:
			after, progress = nil, false
			continue
		}
		for batch := range slices.Chunk(rows, v.batchSize()) {
			n, err := v.batch(ctx, j, s, c, a, batch)
			if err != nil {
				return err
			}
			progress = progress || n > 0
		}
		after = &rows[len(rows)-1]
	}
}

// leftovers tells of rows that are to be deleted but to which rows of others
// refer, which the server would delete or change with them.
func (v *visit) leftovers(ctx context.Context, s selected, c change) error {
	if c.part() != partErasable || v.unreferred(s.t, "t") == "" {
		return nil
	}
	n, err := v.countPart(ctx, s, partErasable)
	if err != nil || n == 0 {
		return err
	}
	return connectors.NewError(connectors.Misfit, v.at(s.place.Collection),
		"rows remain, because rows that are not the subject's refer to them and the database would change those too", nil).
		WithMend("look for rows of another tenant that refer to this one's")
}

// candidates reads addresses of rows that are to be changed, those that come
// after the last sweep's end first.
func (v *visit) candidates(ctx context.Context, s selected, c change, a addressing, after *address) ([]address, error) {
	var out []address
	b := &builder{}
	where, err := v.where(b, s, "t", c.part())
	if err != nil || where == "" {
		return out, err
	}
	pending, err := c.pending(v, b, s, "t")
	if err != nil {
		return out, err
	}
	beyond := ""
	if after != nil {
		beyond = a.beyond(v.d, b, s.t, "t", *after)
	}
	q := query{args: b.args, cols: a.columns}
	q.sql = "SELECT " + a.list(v.d, s.t, "t") + " FROM " + qualified(v.d, s.t) + " AS t WHERE " + all(where, pending, beyond) +
		a.inOrder(v.d, "t") + " LIMIT " + limit(ahead*v.batchSize())
	q.args = b.args
	err = v.s.query(ctx, q, func(cells []cell) error {
		out = append(out, a.take(cells))
		return nil
	})
	a.arrange(out)
	return out, err
}

// batch changes rows in one transaction: bounded by the server, under the
// run's lock, with the guard's leave.
func (v *visit) batch(ctx context.Context, j *connectors.Job, s selected, c change, a addressing, rows []address) (n int64, err error) {
	err = v.inTransaction(ctx, j, s, func() (gone int64, err error) {
		n, err = v.changeRows(ctx, s, c, a, rows)
		if c.part() == partErasable {
			gone = n
		}
		return gone, err
	})
	return n, err
}

// inTransaction asks the guard twice: before anything is done, so that a run
// that may not go on takes no locks, and right before COMMIT, because the
// statements may have waited for others' locks while somebody said stop. f
// returns how many rows go for good.
func (v *visit) inTransaction(ctx context.Context, j *connectors.Job, s selected, f func() (gone int64, err error)) error {
	defer v.s.rollback(ctx)
	if err := v.s.begin(ctx, j.ID); err != nil {
		return err
	}
	if err := v.granted(ctx, j, v.at(s.place.Collection)); err != nil {
		return err
	}
	gone, err := f()
	if err != nil {
		return err
	}
	if err := v.granted(ctx, j, v.at(s.place.Collection)); err != nil {
		return err
	}
	if err := v.s.commit(ctx); err != nil {
		return err
	}
	j.Outcome.Changed += gone
	return nil
}

func (v *visit) granted(ctx context.Context, j *connectors.Job, at string) error {
	if err := j.Guard.Allow(ctx); err != nil {
		return connectors.NewError(connectors.Transient, at, "the run may not go on", err)
	}
	return nil
}

func (v *visit) changeRows(ctx context.Context, s selected, c change, a addressing, rows []address) (int64, error) {
	clears := c.part() == partErasable && len(s.Clears) > 0
	if clears || v.unreferred(s.t, "t") != "" {
		if err := v.lockRows(ctx, s, a, rows); err != nil {
			return 0, err
		}
	}
	if clears {
		if err := v.clear(ctx, s, a, rows); err != nil {
			return 0, err
		}
	}
	b := &builder{}
	sql, err := c.statement(v, s, func(alias string) (string, error) {
		where, err := v.where(b, s, alias, c.part())
		if err != nil {
			return "", err
		}
		pending, err := c.pending(v, b, s, alias)
		if err != nil {
			return "", err
		}
		return all(a.among(v.d, b, s.t, alias, rows), orNothing(where), pending), nil
	})
	if err != nil {
		return 0, err
	}
	return v.s.exec(ctx, query{sql: sql, args: b.args})
}

// lockRows keeps others from letting new rows refer to these while the
// statement that follows looks whether any does.
func (v *visit) lockRows(ctx context.Context, s selected, a addressing, rows []address) error {
	if v.d.forUpdate() == "" {
		return nil
	}
	b := &builder{}
	q := query{sql: "SELECT 1 FROM " + qualified(v.d, s.t) + " AS t WHERE " + a.among(v.d, b, s.t, "t", rows) + v.d.forUpdate()}
	q.args = b.args
	return v.s.query(ctx, q, func([]cell) error { return nil })
}
