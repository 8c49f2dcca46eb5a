package sqldb

import (
	"context"
	"fmt"
	"strings"
	"time"

	"privacydesk/connectors"
	"privacydesk/connectors/dataset"
	"privacydesk/connectors/walk"
)

type connector struct {
	o    Options
	d    dialect
	env  connectors.Env
	m    *dataset.Map
	plan *walk.Plan
	// unplanned is why the map allows nothing, told by Check and by all else.
	unplanned error
}

func open(_ context.Context, env connectors.Env, options any, d dialect) (connectors.Connector, error) {
	o, ok := options.(*Options)
	if !ok {
		return nil, fmt.Errorf("system %s: the options are %T, not *sqldb.Options", env.System, options)
	}
	if err := o.validate(); err != nil {
		return nil, fmt.Errorf("system %s: %w", env.System, err)
	}
	files := make([]dataset.File, len(o.Dataset))
	for i, name := range o.Dataset {
		data, err := env.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("system %s: data map: %w", env.System, err)
		}
		files[i] = dataset.File{Name: name, Data: data}
	}
	m, notes, err := dataset.ParseFiles(files...)
	if err != nil {
		return nil, fmt.Errorf("system %s: data map: %w", env.System, err)
	}
	if env.Log != nil {
		for _, n := range notes {
			env.Log.WithField("system", env.System).Debugf("data map %s, line %d: %s: %s", n.File, n.Line, n.Where, n.What)
		}
	}
	c := &connector{o: *o, d: d, env: env, m: m}
	c.plan, c.unplanned = walk.New(m)
	return c, nil
}

func (o *Options) validate() error {
	switch {
	case o.DSN == "":
		return fmt.Errorf("dsn is missing")
	case len(o.Dataset) == 0:
		return fmt.Errorf("dataset is missing: name at least one file of the data map")
	case o.Batch < 1 || o.Batch > 100_000:
		return fmt.Errorf("batch is %d: give a number of rows from 1 to 100000", o.Batch)
	case o.StatementTimeout < time.Second || o.LockTimeout < time.Second || o.GatherTimeout < time.Second:
		return fmt.Errorf("statement_timeout, gather_timeout and lock_timeout can't be below 1s")
	default:
		return nil
	}
}

func (c *connector) Profile() connectors.Profile {
	out := c.m.Profile()
	if c.plan != nil && out.RefusesErase == "" {
		out.RefusesErase = c.plan.RefusesErase()
	}
	out.Rehearses = c.o.Rehearse
	return out
}

func (c *connector) Close() error { return nil }

// visit is one call's connection and what the server's catalogue says now.
type visit struct {
	*connector
	s    session
	live *schema
	op   string
	// m and plan are the connector's, completed by the foreign keys that the
	// database has now.
	m    *dataset.Map
	plan *walk.Plan
}

// visit connects, reads the catalogue and runs f.
func (c *connector) visit(ctx context.Context, op string, bound time.Duration, f func(*visit) error) error {
	if c.unplanned != nil {
		return c.fail(ctx, op, c.unplanned)
	}
	s, err := c.d.open(ctx, &c.o, bound)
	if err != nil {
		return c.fail(ctx, op, err)
	}
	defer s.close()
	live, err := c.d.introspect(ctx, s, &c.o)
	if err != nil {
		return c.fail(ctx, op, err)
	}
	v := &visit{connector: c, s: s, live: live, op: op, m: c.m, plan: c.plan}
	if v.m = c.m.WithKeys(v.foreignKeys()); v.m != c.m {
		if v.plan, err = walk.New(v.m); err != nil {
			return c.fail(ctx, op, err)
		}
	}
	v.declareDigits()
	return f(v)
}

// foreignKeys are those of the database between collections of the map, all
// columns of which the map has.
func (v *visit) foreignKeys() []dataset.ForeignKey {
	of := map[*table][]*dataset.Collection{}
	for _, c := range v.m.All() {
		if t := v.live.find(c.Name); t != nil {
			of[t] = append(of[t], c)
		}
	}
	var out []dataset.ForeignKey
	for _, parent := range v.m.All() {
		t := v.live.find(parent.Name)
		if t == nil {
			continue
		}
		for _, k := range t.incoming {
			for _, child := range of[k.from] {
				if pairs := mapped(k, child, parent); pairs != nil {
					out = append(out, dataset.ForeignKey{Child: child, Parent: parent, Pairs: pairs})
				}
			}
		}
	}
	return out
}

// mapped are the columns of a key as fields; nil if one of them is no field.
func mapped(k *foreignKey, child, parent *dataset.Collection) []dataset.Pair {
	var out []dataset.Pair
	for i, name := range k.columns {
		a, b := child.Field(name), parent.Field(k.references[i])
		if a == nil || b == nil {
			return nil
		}
		out = append(out, dataset.Pair{Child: a, Parent: b})
	}
	return out
}

// at names an operation on a collection for errors.
func (v *visit) at(c *dataset.Collection) string { return v.op + " " + c.Key }

// notTheirs says, for people outside, what is not searched because it is
// another tenant's alone.
func (c *connector) notTheirs(j *connectors.Job) {
	var labels []string
	for _, coll := range c.plan.Elsewhere(j.Subject.Tenant) {
		labels = append(labels, coll.Label)
	}
	if len(labels) > 0 {
		j.Outcome.Notes = append(j.Outcome.Notes, strings.Join(labels, ", ")+": not searched, because nothing of this tenant is kept there")
	}
}

// place is a collection's table, and its columns by the map's field names.
type place struct {
	*dataset.Collection
	t *table
}

// place finds the table of a collection. It fails with Misfit.
func (v *visit) place(c *dataset.Collection) (place, error) {
	if t := v.live.find(c.Name); t != nil {
		return place{c, t}, nil
	}
	return place{}, connectors.NewError(connectors.Misfit, v.at(c), "the database has no such table, or hides it from the account", nil).
		WithMend("correct the data map, or grant SELECT")
}

// column finds the column of a field. It fails with Misfit.
func (v *visit) column(p place, field string) (*column, error) {
	if c := p.t.column(field); c != nil {
		return c, nil
	}
	return nil, connectors.NewError(connectors.Misfit, v.at(p.Collection)+"."+field, "the table has no such column", nil).
		WithMend("correct the data map")
}

func (v *visit) columns(p place, fields []string) ([]*column, error) {
	out := make([]*column, len(fields))
	for i, f := range fields {
		c, err := v.column(p, f)
		if err != nil {
			return nil, err
		}
		out[i] = c
	}
	return out, nil
}
