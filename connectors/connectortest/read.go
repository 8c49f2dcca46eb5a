package connectortest

import (
	"slices"
	"strings"

	"privacydesk/connectors"
)

func checkSound(b *bench) {
	c := b.open(5)
	problems, err := c.Check(b.Context())
	b.ok(err)
	for _, p := range problems {
		if p.Severity != connectors.SeverityNote {
			b.Errorf("%s %s: %s (%s)", p.Severity, p.Where, p.What, p.Mend)
		}
	}
	if why := c.Profile().RefusesErase; why != "" {
		b.Errorf("refuses to erase: %s", why)
	}
}

func checkPlanted(b *bench) {
	b.build()
	for i, plant := range b.sys.Planted {
		b.Run(plant.Name, func(t *testingT) {
			each := &bench{T: t, h: b.h, specs: fixture()}
			each.build()
			c := each.connect(5)
			j := each.located(c, "run")
			plant = each.sys.Planted[i]
			plant.Do(t)
			problems, err := c.Check(t.Context())
			each.ok(err)
			if !slices.ContainsFunc(problems, func(p connectors.Problem) bool {
				return strings.HasPrefix(p.Where, plant.Where) && strings.Contains(p.What, plant.What) &&
					p.Severity == plant.Severity && (p.Mend != "" || p.Severity == connectors.SeverityNote)
			}) {
				t.Errorf("not among the problems: %+v", problems)
			}
			if !plant.StopsErase {
				return
			}
			before := each.dump()
			if err := c.Erase(t.Context(), []*connectors.Job{j}); err != nil || connectors.KindOf(j.Err()) != connectors.Misfit {
				t.Errorf("Erase: call %v, job %v; want that the job is a misfit", err, j.Err())
			}
			each.unchanged(before, each.dump())
		})
	}
}

func locateCounts(b *bench) {
	c := b.open(5)
	j := b.located(c, "run")
	for _, s := range b.specs {
		set := j.Finding.Set("shop." + s.table.Name)
		var got connectors.Counts
		if set != nil {
			got = set.Counts
		}
		if got != s.expected() {
			b.Errorf("%s: counts %+v, want %+v", s.table.Name, got, s.expected())
		}
	}
	// To locate is to read.
	untouched := map[string][]string{}
	for _, s := range b.specs {
		lines := []string{}
		for _, r := range s.table.Rows {
			lines = append(lines, line(r))
		}
		slices.Sort(lines)
		untouched[s.table.Name] = lines
	}
	b.unchanged(untouched, b.dump())
}

func locateAbsent(b *bench) {
	c := b.open(5)
	for _, j := range []*connectors.Job{
		job("a", Tenant, "nobody@example.com"),
		job("b", "initech", Email),
		{ID: "c", Subject: connectors.Subject{Tenant: Tenant}},
		job("d", Tenant, " "),
		job("e", Tenant, "%"),
		job("f", Tenant, "' OR 1=1 --"),
	} {
		b.ok(c.Locate(b.Context(), []*connectors.Job{j}), j)
		if n := j.Finding.Total().Found(); n != 0 || j.Finding.Keys() != 0 {
			b.Errorf("job %s found %d rows", j.ID, n)
		}
	}
	none := job("g", "", Email)
	if err := c.Locate(b.Context(), []*connectors.Job{none}); err == nil && none.Err() == nil {
		b.Error("a subject without a tenant was searched")
	}
}

func locateMany(b *bench) {
	c := b.open(5)
	alone := b.located(c, "run")
	jobs := []*connectors.Job{
		job("run", Tenant, Email), job("bob", Tenant, "bob@example.com"),
		job("others", OtherTenant, Email), job("nobody", Tenant, "nobody@example.com"), job("none", "", Email),
	}
	b.ok(c.Locate(b.Context(), jobs), jobs[:4]...)
	if jobs[4].Err() == nil {
		b.Error("a subject without a tenant was searched")
	}
	for _, s := range alone.Finding.Sets {
		if got := jobs[0].Finding.Set(s.Collection); got == nil || got.Counts != s.Counts {
			b.Errorf("%s: together %+v, alone %+v", s.Collection, got, s.Counts)
		}
	}
	if !jobs[0].Finding.Covers(alone.Finding) || !alone.Finding.Covers(jobs[0].Finding) {
		b.Error("together and alone, other keys were found")
	}
	// Of each collection one row, the address shared with others.
	for i, want := range map[int]int64{1: 8, 2: 8, 3: 0} {
		if got := jobs[i].Finding.Total().Found(); got != want {
			b.Errorf("job %s found %d rows, want %d", jobs[i].ID, got, want)
		}
	}
}

func locateGrows(b *bench) {
	c := b.open(2)
	j := b.located(c, "run")
	first := j.Finding.Clone()
	b.ok(c.Erase(b.Context(), []*connectors.Job{j}), j)
	j = again(j)
	b.ok(c.Locate(b.Context(), []*connectors.Job{j}), j)
	if !j.Finding.Covers(first) {
		b.Error("after an erase the finding reaches less than before")
	}
	b.verified(j)
}

// verified compares the counts after a delete with what should be left.
func (b *bench) verified(j *connectors.Job) {
	b.Helper()
	for _, s := range b.specs {
		want := s.expected()
		want.Rows = 0
		for _, f := range s.fates {
			if f == masked {
				want.Masked++
			}
		}
		var got connectors.Counts
		if set := j.Finding.Set("shop." + s.table.Name); set != nil {
			got = set.Counts
		}
		if got != want {
			b.Errorf("%s: after the delete %+v, want %+v", s.table.Name, got, want)
		}
	}
}

func gatherStable(b *bench) {
	c := b.open(5)
	j := b.located(c, "run")
	var runs []*Recorder
	for range 2 {
		j = again(j)
		b.ok(c.Gather(b.Context(), []*connectors.Job{j}), j)
		r, ok := j.Sink.(*Recorder)
		if !ok {
			b.Fatal("the sink was replaced")
		}
		runs = append(runs, r)
	}
	for _, s := range b.specs {
		name := "shop." + s.table.Name
		got := runs[0].Tables[name]
		if got == nil || !got.Closed {
			b.Errorf("%s was not gathered", name)
			continue
		}
		if n := s.expected().Found(); int64(len(got.Rows)) != n {
			b.Errorf("%s: %d rows gathered, want %d: %v", name, len(got.Rows), n, got.Rows)
		}
		if !slices.EqualFunc(got.Rows, runs[1].Tables[name].Rows, slices.Equal) {
			b.Errorf("%s: two runs differ", name)
		}
		b.onlyOurs(s, got)
	}
	if !slices.Equal(runs[0].Order, runs[1].Order) {
		b.Errorf("the tables come in the order %v and then %v", runs[0].Order, runs[1].Order)
	}
}

// onlyOurs compares what was gathered with the fixture, cell by cell.
func (b *bench) onlyOurs(s *spec, got *Recorded) {
	b.Helper()
	for _, withheld := range got.Schema.Withheld {
		if withheld.Name == "passport" && withheld.Reason == "" {
			b.Error("a withheld field has no reason")
		}
	}
	var want []string
	for i, r := range s.table.Rows {
		if s.fates[i] == foreign {
			continue
		}
		var cells []string
		for _, column := range got.Schema.Columns {
			if column.Name == "passport" {
				b.Error("the passport was disclosed")
			}
			cells = append(cells, cellOf(r[column.Name]))
		}
		want = append(want, strings.Join(cells, "|"))
	}
	var have []string
	for _, r := range got.Rows {
		have = append(have, strings.Join(r, "|"))
	}
	slices.Sort(want)
	slices.Sort(have)
	if !slices.Equal(want, have) {
		b.Errorf("%s: gathered\n%s\nwant\n%s", s.table.Name, strings.Join(have, "\n"), strings.Join(want, "\n"))
	}
}

func gatherAbsent(b *bench) {
	c := b.open(5)
	j := job("run", Tenant, "nobody@example.com")
	b.ok(c.Locate(b.Context(), []*connectors.Job{j}), j)
	b.ok(c.Gather(b.Context(), []*connectors.Job{j}), j)
	r, ok := j.Sink.(*Recorder)
	if !ok {
		b.Fatal("the sink was replaced")
	}
	for name, t := range r.Tables {
		if len(t.Rows) > 0 {
			b.Errorf("%s: %d rows of nobody", name, len(t.Rows))
		}
	}
}
