package sqldb

import (
	"context"
	"errors"
	"slices"
	"strings"

	"privacydesk/connectors"
	"privacydesk/connectors/dataset"
	"privacydesk/connectors/walk"
)

// Locate walks for all jobs side by side: steps that ask the same of one
// collection become one query, and each row is offered to every walk that
// asked, which believes nothing but the row itself.
func (c *connector) Locate(ctx context.Context, jobs []*connectors.Job) error {
	return c.visit(ctx, "locate", c.o.StatementTimeout, func(v *visit) error {
		walks, canary := v.start(jobs), v.beside(jobs)
		all := walks
		if canary != nil && canary.job.Err() == nil {
			all = append(slices.Clone(walks), canary)
		}
		if err := v.explore(ctx, all); err != nil {
			return err
		}
		if err := v.proven(ctx, canary, jobs); err != nil {
			return err
		}
		for _, w := range walks {
			if w.job.Err() != nil {
				continue
			}
			v.notTheirs(w.job)
			v.notFollowed(w.job)
			if err := v.conclude(ctx, w); err != nil {
				return err
			}
		}
		v.remains(ctx, slices.DeleteFunc(slices.Clone(jobs), func(j *connectors.Job) bool { return !j.After }))
		return nil
	})
}

// walking is one job's walk and the steps of its present round.
type walking struct {
	job   *connectors.Job
	w     *walk.Walk
	steps []walk.Step
}

func (v *visit) start(jobs []*connectors.Job) []*walking {
	var out []*walking
	for _, j := range jobs {
		w, err := v.plan.Start(j.Subject, j.Finding, walk.Limits{Keys: v.env.MaxKeys})
		if err != nil {
			j.Fail(err)
			continue
		}
		out = append(out, &walking{job: j, w: w})
	}
	return out
}

// explore runs rounds until no walk has anything left to ask.
func (v *visit) explore(ctx context.Context, walks []*walking) error {
	for {
		open := false
		for _, w := range walks {
			w.steps = nil
			if w.job.Err() != nil {
				continue
			}
			steps, err := w.w.Next()
			if err != nil {
				w.job.Fail(err)
				continue
			}
			w.steps = steps
			open = open || len(steps) > 0
		}
		if !open {
			return nil
		}
		for _, g := range group(walks) {
			if err := v.ask(ctx, g); err != nil {
				return err
			}
		}
	}
}

// asked is one query for the steps of one or more walks.
type asked struct {
	collection *dataset.Collection
	scope      dataset.Scope
	fetch      []string
	tenants    []string
	searches   []walk.Search
	by         []asker
}

type asker struct {
	w    *walking
	step walk.Step
}

// group puts together who reads the same fields of one collection by the same
// links.
func group(walks []*walking) [][]asker {
	byShape := map[string]int{}
	var out [][]asker
	for _, w := range walks {
		for _, s := range w.steps {
			shape := shapeOf(s)
			i, ok := byShape[shape]
			if !ok {
				i = len(out)
				byShape[shape], out = i, append(out, nil)
			}
			out[i] = append(out[i], asker{w, s})
		}
	}
	return out
}

// merge makes one query of steps of one shape. Their values and tenants are
// put together, which finds more than each asked for.
func merge(by []asker) *asked {
	first := by[0].step
	a := &asked{collection: first.Collection, scope: first.Scope.Scope, fetch: first.Fetch, searches: slices.Clone(first.Links), by: by}
	for i := range a.searches {
		a.searches[i].Values = nil
	}
	for _, asker := range by {
		if t := asker.step.Scope.Tenant; !slices.Contains(a.tenants, t) {
			a.tenants = append(a.tenants, t)
		}
		for i, l := range asker.step.Links {
			a.searches[i].Values = append(a.searches[i].Values, l.Values...)
		}
	}
	return a
}

func shapeOf(s walk.Step) string {
	parts := append([]string{s.Collection.Key, ""}, s.Fetch...)
	for _, l := range s.Links {
		parts = append(parts, "", l.Field, string(l.Identity), string(l.Normal))
	}
	return strings.Join(parts, "\x00")
}

// ask reads for all who ask the same. What only one of them is to blame for
// (a tenant or an identity that the columns can't hold) is that job's
// failure; what is too much for one statement is asked by halves.
func (v *visit) ask(ctx context.Context, by []asker) error {
	by = slices.DeleteFunc(slices.Clone(by), func(a asker) bool {
		if a.w.job.Err() == nil {
			a.w.job.Fail(v.admits(a.step))
		}
		return a.w.job.Err() != nil
	})
	if len(by) == 0 {
		return nil
	}
	for i := range by {
		step, err := v.folded(by[i].step)
		if err != nil {
			return failAll(by, err)
		}
		by[i].step = step
	}
	a := merge(by)
	q, ok, err := v.reading(a)
	switch {
	case err != nil && connectors.KindOf(err) == connectors.TooMuch && len(by) > 1:
		half := len(by) / 2
		if err := v.ask(ctx, by[:half]); err != nil {
			return err
		}
		return v.ask(ctx, by[half:])
	case err != nil:
		return failAll(by, err)
	case !ok:
		return nil
	}
	return v.run(ctx, a, q)
}

// admits fails if a step's collection could never hold its tenant or one of
// its identities: nothing would be found, and nobody would know why.
func (v *visit) admits(step walk.Step) error {
	p, err := v.place(step.Collection)
	if err != nil {
		return err
	}
	if _, err := v.inScope(&builder{}, p, "t", step.Scope.Scope, []string{step.Scope.Tenant}); err != nil {
		return err
	}
	for _, s := range step.Links {
		columns, err := v.keyColumns(p, s.Field)
		if err != nil {
			return err
		}
		c := columns[0]
		if s.Identity != "" && !slices.ContainsFunc(s.Values, func(value connectors.Value) bool { return v.d.holds(c, value) }) {
			return connectors.NewError(connectors.Misfit, v.at(step.Collection)+"."+s.Field,
				"the identity "+string(s.Identity)+" is known in another type than the column's ("+c.kind+"), so that nobody would be found by it", nil).
				WithMend("map columns of one type to each other")
		}
	}
	return nil
}

func (v *visit) run(ctx context.Context, a *asked, q query) error {
	scoped := a.scope.Kind == dataset.ScopeField
	var doubts []doubt
	err := v.s.query(ctx, q, func(cells []cell) error {
		row := walk.Row{Cells: make([]connectors.Value, len(a.fetch))}
		if scoped {
			row.Tenant = cells[0].value()
			cells = cells[1:]
		}
		for i, c := range cells {
			row.Cells[i] = c.value()
		}
		for _, by := range a.by {
			if by.w.job.Err() != nil {
				continue
			}
			if _, err := by.w.w.Feed(by.step, row); err != nil {
				by.w.job.Fail(err)
			}
			doubts = doubted(doubts, by, row)
		}
		return nil
	})
	if err != nil {
		return v.fail(ctx, v.at(a.collection), err)
	}
	return v.settle(ctx, doubts, len(a.by) == 1)
}

// failAll tells every job that asked. What the map and the schema disagree
// on is the jobs' own failure; other jobs may not need that collection.
func failAll(by []asker, err error) error {
	var ours *connectors.Error
	if !errors.As(err, &ours) {
		return err
	}
	for _, asker := range by {
		asker.w.job.Fail(err)
	}
	return nil
}

// reading compiles SELECT DISTINCT tenant, fields. ok is false if nothing
// that was asked can occur in the columns.
func (v *visit) reading(a *asked) (q query, ok bool, err error) {
	p, err := v.place(a.collection)
	if err != nil {
		return q, false, err
	}
	b := &builder{}
	links, err := v.searched(b, p, "t", a.searches)
	if err != nil || links == "" {
		return q, false, err
	}
	from, tenant, scope, err := v.joined(b, p, a)
	if err != nil {
		return q, false, err
	}
	columns, err := v.columns(p, a.fetch)
	if err != nil {
		return q, false, err
	}
	var selected []string
	if tenant.column != nil {
		selected, q.cols = append(selected, v.d.distinct(tenant.alias, tenant.column)), append(q.cols, tenant.column)
	}
	for _, c := range columns {
		selected, q.cols = append(selected, v.d.distinct("t", c)), append(q.cols, c)
	}
	q.sql = "SELECT DISTINCT " + strings.Join(selected, ", ") + " FROM " + from + " WHERE " + all(links, scope)
	q.args = b.args
	return q, true, v.bounded(p, b)
}

// tenantColumn is where a row's tenant is read.
type tenantColumn struct {
	alias  string
	column *column
}

// joined compiles the table, joined with those on the way to the tenant, and
// the condition that the tenant is one of those asked for.
func (v *visit) joined(b *builder, p place, a *asked) (from string, tenant tenantColumn, scope string, err error) {
	from = qualified(v.d, p.t) + " AS t"
	switch a.scope.Kind {
	case dataset.ScopeNone:
		return from, tenant, "", nil
	case dataset.ScopePlace:
		return from, tenant, placed(a.scope, a.tenants), nil
	case dataset.ScopeMissing:
		return "", tenant, "", connectors.NewError(connectors.Misfit, v.at(a.collection), "the data map does not say how its rows belong to a tenant", nil)
	case dataset.ScopeField:
	}
	hops, last, alias, err := v.hops(p, "t", a.scope)
	if err != nil {
		return "", tenant, "", err
	}
	for _, h := range hops {
		from += " JOIN " + h.from + " ON " + h.on
	}
	tenant.alias = alias
	if tenant.column, err = v.column(last, a.scope.Field); err != nil {
		return "", tenant, "", err
	}
	scope, err = v.tenantIs(b, last, alias, a.scope.Field, a.tenants)
	return from, tenant, scope, err
}

// bounded refuses a statement with more values than the server takes.
func (v *visit) bounded(p place, b *builder) error {
	if most := v.d.maxArgs(); most > 0 && len(b.args) > most {
		return connectors.NewError(connectors.TooMuch, v.at(p.Collection), "more keys lead here than one statement can hold", nil)
	}
	return nil
}

// conclude takes over what the walk found and counts it.
func (v *visit) conclude(ctx context.Context, w *walking) error {
	finding := w.w.Finding()
	selections, err := v.plan.Reads(w.job.Subject.Tenant, finding)
	if err != nil {
		w.job.Fail(err)
		return nil
	}
	for _, sel := range selections {
		set := finding.Set(sel.Collection.Key)
		if set == nil {
			continue
		}
		set.Counts, err = v.count(ctx, w.job, sel)
		if err != nil {
			if err = v.fail(ctx, v.at(sel.Collection), err); jobOwn(err) {
				w.job.Fail(err)
				return nil
			}
			return err
		}
	}
	for _, sel := range selections {
		if err := v.countCleared(ctx, finding, sel); err != nil {
			if jobOwn(err) {
				w.job.Fail(err)
				return nil
			}
			return err
		}
	}
	w.job.Finding = finding
	return nil
}

// jobOwn: a misfit or a bound is met by this job's way through the map;
// anything else would meet the others too.
func jobOwn(err error) bool {
	kind := connectors.KindOf(err)
	return kind == connectors.Misfit || kind == connectors.TooMuch
}
