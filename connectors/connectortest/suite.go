package connectortest

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"privacydesk/connectors"
)

// Harness is how a connector joins the suite.
type Harness struct {
	// Build makes a fresh system of the fixture; it ends with the test.
	Build func(tb testing.TB, f Fixture) System
}

// System is one system under test.
type System struct {
	// Open makes a connector whose data map is the fixture's, and that
	// changes at most batch rows at a time.
	Open func(tb testing.TB, batch int) connectors.Connector
	// Dump returns all rows of a table, in any order.
	Dump func(tb testing.TB, table string) []Row
	// Insert adds rows, as somebody else would meanwhile.
	Insert func(tb testing.TB, table string, rows ...Row)
	// Broken are ways in which the system, or the way to it, may be broken.
	// Each is tried on a system of its own.
	Broken []Breakage
	// Planted are what Check has to find. Each is tried on a system of its
	// own.
	Planted []Plant
	// Secrets must not occur in any error, beside the fixture's own texts.
	Secrets []string
}

// Breakage breaks a system for good and returns a connector to it.
type Breakage struct {
	Name  string
	Break func(tb testing.TB) connectors.Connector
	Kind  connectors.ErrorKind // of the error that every call then gives; "" for any
}

// Plant makes a fault in a system.
type Plant struct {
	Name     string
	Do       func(tb testing.TB)
	Where    string // begins a problem's Where
	What     string // occurs in its What
	Severity connectors.Severity
	// StopsErase is true if Erase has to refuse by itself too.
	StopsErase bool
}

// Run runs the whole suite.
func Run(t *testing.T, h Harness) {
	cases := []struct {
		name string
		run  func(*bench)
	}{
		{"Check/finds nothing wrong", checkSound},
		{"Check/finds what was planted", checkPlanted},
		{"Locate/counts every collection", locateCounts},
		{"Locate/an absent subject", locateAbsent},
		{"Locate/many subjects in one call", locateMany},
		{"Locate/only grows", locateGrows},
		{"Gather/is complete and stable", gatherStable},
		{"Gather/an absent subject", gatherAbsent},
		{"Rehearse/changes nothing", rehearseNothing},
		{"Rehearse/a guard that says no", rehearseDenied},
		{"Erase/leaves exactly what it should", eraseExact},
		{"Erase/repeated", eraseRepeated},
		{"Erase/an absent subject", eraseAbsent},
		{"Erase/stopped anywhere and taken up again", eraseStopped},
		{"Erase/cancelled anywhere and taken up again", eraseCancelled},
		{"Erase/a guard that says no changes nothing", eraseDenied},
		{"Erase/the last who refers to a shared row", eraseLast},
		{"Erase/rows that come later", eraseLate},
		{"Erase/the other tenant's delete", eraseOther},
		{"TestRule10_no personal data in errors", errorsSilent},
		{"TestRule12_memory does not grow with the data", memoryFlat},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) { c.run(&bench{T: t, h: h, specs: fixture()}) })
	}
}

// bench is one case at work.
type bench struct {
	*testing.T
	h     Harness
	specs []*spec
	sys   System
}

func (b *bench) build() {
	b.Helper()
	f := Fixture{Map: DataMap}
	for _, s := range b.specs {
		f.Tables = append(f.Tables, s.table)
	}
	b.sys = b.h.Build(b.T, f)
}

// open builds a system and opens a connector that is closed with the test.
func (b *bench) open(batch int) connectors.Connector {
	b.Helper()
	b.build()
	return b.connect(batch)
}

func (b *bench) connect(batch int) connectors.Connector {
	b.Helper()
	c := b.sys.Open(b.T, batch)
	b.Cleanup(func() {
		if err := c.Close(); err != nil {
			b.Errorf("close: %v", err)
		}
	})
	return c
}

func job(id, tenant, email string) *connectors.Job {
	return &connectors.Job{
		ID: id,
		Subject: connectors.Subject{Tenant: tenant, Identities: []connectors.Identity{
			{Type: connectors.Email, Value: connectors.Text(email)},
		}},
		Guard: connectors.GuardFunc(func(context.Context) error { return nil }),
		Mask:  Masker("key of " + id), Progress: &Notes{}, Sink: NewRecorder(),
	}
}

// ok fails the test on an error of the call or of a job.
func (b *bench) ok(err error, jobs ...*connectors.Job) {
	b.Helper()
	if err != nil {
		b.Fatalf("the call failed: %v", err)
	}
	for _, j := range jobs {
		if j.Err() != nil {
			b.Fatalf("the job %s failed: %v", j.ID, j.Err())
		}
	}
}

// located is the subject's job after a Locate.
func (b *bench) located(c connectors.Connector, id string) *connectors.Job {
	b.Helper()
	j := job(id, Tenant, Email)
	b.ok(c.Locate(b.Context(), []*connectors.Job{j}), j)
	return j
}

// again is a further attempt of a job.
func again(j *connectors.Job) *connectors.Job {
	next := job(j.ID, j.Subject.Tenant, j.Subject.Identities[0].Value.Raw())
	next.Finding = j.Finding
	return next
}

// dump is all that the system holds, as sorted lines by table.
func (b *bench) dump() map[string][]string {
	b.Helper()
	out := map[string][]string{}
	for _, s := range b.specs {
		lines := []string{}
		for _, r := range b.sys.Dump(b.T, s.table.Name) {
			lines = append(lines, line(r))
		}
		slices.Sort(lines)
		out[s.table.Name] = lines
	}
	return out
}

func line(r Row) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(r)) {
		fmt.Fprintf(&b, "%s=%#v ", name, r[name])
	}
	return b.String()
}

// want is what the system should hold after the subject's delete: rows by
// table that stand unchanged, and those that stand with masks.
func (b *bench) want() (untouched, masks map[string][]Row) {
	untouched, masks = map[string][]Row{}, map[string][]Row{}
	for _, s := range b.specs {
		name := s.table.Name
		for i, r := range s.table.Rows {
			switch s.fates[i] {
			case foreign, retained, shared:
				untouched[name] = append(untouched[name], r)
			case masked:
				masks[name] = append(masks[name], r)
			case gone:
			}
		}
	}
	return untouched, masks
}

// erased compares all that the system holds with what a delete should leave.
func (b *bench) erased() {
	b.Helper()
	untouched, masks := b.want()
	for _, s := range b.specs {
		name := s.table.Name
		left := b.sys.Dump(b.T, name)
		for _, want := range untouched[name] {
			i := slices.IndexFunc(left, func(r Row) bool { return line(r) == line(want) })
			if i < 0 {
				b.Errorf("%s: a row that is not the subject's to delete was changed: %s", name, line(want))
				continue
			}
			left = slices.Delete(left, i, i+1)
		}
		b.masksHold(name, left, masks[name])
		for _, original := range masks[name] {
			left = b.takeMasked(name, left, original)
		}
		for _, r := range left {
			b.Errorf("%s: a row of the subject remains: %s", name, line(r))
		}
	}
}

// masksHold compares masked values with what the map asks for: one fixed
// text, nothing, and addresses of one form, each row's its own and the same
// in every attempt.
func (b *bench) masksHold(name string, left, masked []Row) {
	b.Helper()
	seen := map[any]bool{}
	for _, original := range masked {
		i := slices.IndexFunc(left, func(r Row) bool { return r["id"] == original["id"] })
		if i < 0 {
			continue // takeMasked says so
		}
		now := left[i]
		address, _ := now["requester"].(string)
		if local, ok := strings.CutSuffix(address, "@deleted.invalid"); !ok || len(local) != 16 || seen[address] {
			b.Errorf("%s: the masked address is not unique, or not as the map says: %s", name, line(now))
		}
		seen[address] = true
		if now["subject"] != "removed" || now["body"] != nil {
			b.Errorf("%s: not masked as the map says: %s", name, line(now))
		}
	}
}

func (b *bench) takeMasked(name string, left []Row, original Row) []Row {
	b.Helper()
	i := slices.IndexFunc(left, func(r Row) bool { return r["id"] == original["id"] })
	if i < 0 {
		b.Errorf("%s: a row that was to be de-identified is gone: %s", name, line(original))
		return left
	}
	for column, value := range original {
		now := left[i][column]
		if slices.Contains(maskedColumns(), column) {
			if value != nil && now == value {
				b.Errorf("%s: %s still stands in %s", name, column, line(left[i]))
			}
		} else if now != value {
			b.Errorf("%s: %s was changed in %s", name, column, line(left[i]))
		}
	}
	return slices.Delete(left, i, i+1)
}

// unchanged compares two dumps.
func (b *bench) unchanged(before, after map[string][]string) {
	b.Helper()
	for name, lines := range before {
		if !slices.Equal(lines, after[name]) {
			b.Errorf("%s changed:\nbefore %s\nafter  %s", name, strings.Join(lines, "\n       "), strings.Join(after[name], "\n       "))
		}
	}
}
