package sqldb

import (
	"context"
	"slices"
	"strings"

	"privacydesk/connectors"
)

// job looks for the made-up person as any other would be looked for.
func (k *Canary) job() *connectors.Job {
	t := k.Type
	if t == "" {
		t = connectors.Email
	}
	return &connectors.Job{ID: "canary", Subject: connectors.Subject{
		Tenant: k.Tenant, Identities: []connectors.Identity{{Type: t, Value: connectors.Text(k.Email), Vendor: true}},
	}}
}

// beside adds the canary's walk to those of jobs: what they ask of the same
// tables becomes the same statements, so that none of them finds nothing in a
// table in which the canary was not. Whose request is about the canary itself
// does not need it.
func (v *visit) beside(jobs []*connectors.Job) *walking {
	k := v.o.Canary
	if k == nil || slices.ContainsFunc(jobs, func(j *connectors.Job) bool { return k.is(j.Subject) }) {
		return nil
	}
	j := k.job()
	if walks := v.start([]*connectors.Job{j}); len(walks) == 1 {
		return walks[0]
	}
	return &walking{job: j}
}

func (k *Canary) is(s connectors.Subject) bool {
	id := k.job().Subject.Identities[0]
	return s.Tenant == k.Tenant && slices.ContainsFunc(s.Of(id.Type), func(value connectors.Value) bool {
		return strings.EqualFold(strings.TrimSpace(value.Raw()), strings.TrimSpace(k.Email))
	})
}

// missing says what was not found of the canary, or "". In the collections
// that the configuration names it must have rows, too: they are reached by
// reference alone, and an emptied one looks like one in which nobody has any.
func (v *visit) missing(ctx context.Context, w *walking) (string, error) {
	if w.job.Err() == nil {
		if err := v.conclude(ctx, w); err != nil {
			return "", err
		}
	}
	switch {
	case w.job.Err() != nil:
		return "looking for it failed: " + problemText(w.job.Err()), nil //nolint:nilerr // what is missing is the answer
	case w.job.Finding.Total().Found() == 0:
		return "it was not found", nil
	}
	for _, name := range v.o.Canary.Collections {
		key, ok := v.collectionKey(name)
		if !ok {
			return "the data map has no collection " + name, nil
		}
		if set := w.job.Finding.Set(key); set == nil || set.Found() == 0 {
			return "it was not found in " + name, nil
		}
	}
	return "", nil
}

func (v *visit) collectionKey(name string) (key string, ok bool) {
	for _, c := range v.m.All() {
		if c.Key == name || c.Name == name {
			return c.Key, true
		}
	}
	return "", false
}

const canaryMend = "see whether its record exists, and whether the account sees all rows"

// proven fails the jobs of a visit in which the canary was not found: that
// nobody was found then proves nothing.
func (v *visit) proven(ctx context.Context, canary *walking, jobs []*connectors.Job) error {
	if canary == nil {
		return nil
	}
	what, err := v.missing(ctx, canary)
	if err != nil || what == "" {
		return v.fail(ctx, v.op, err)
	}
	for _, j := range jobs {
		j.Fail(connectors.NewError(connectors.Misfit, v.op, "the canary is the proof that the search works, and "+what, nil).WithMend(canaryMend))
	}
	return nil
}

// canary looks for the made-up person alone, and rehearses its delete.
func (v *visit) canary(ctx context.Context, found *findings) error {
	w := v.beside(nil)
	if w == nil {
		return nil
	}
	err := v.explore(ctx, []*walking{w})
	if err != nil {
		return v.fail(ctx, v.op, err)
	}
	what, err := v.missing(ctx, w)
	if err != nil {
		return v.fail(ctx, v.op, err)
	}
	if what != "" {
		found.add(connectors.SeverityBlocks, "canary of "+v.env.System, what, canaryMend)
		return nil
	}
	return v.rehearseCanary(ctx, found, w.job)
}
