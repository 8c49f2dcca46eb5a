package world

import (
	"cmp"
	"context"
	"slices"
	"sync"

	"privacydesk/connectors"
)

// Row is one record of a System.
type Row struct {
	ID     int64
	Tenant string
	Key    connectors.Value // what the system is searched by
	Text   string
	Gives  int64  // a number that other systems know the person by; 0 for none
	Alias  string // another address of the person
	Masked bool
}

// System is a connector in memory. It keeps the contract and counts what it
// is asked; tests put faults into it.
type System struct {
	Name string
	Need connectors.IdentityType
	// Unscoped is set where only what the vendor assigned leads in.
	Unscoped bool
	Yield    connectors.IdentityType // of Row.Gives
	Action   connectors.Action
	// Exception is why a retaining system keeps its rows.
	Exception string
	Digest    string
	// Controller is set for a system of the vendor's own data.
	Controller bool

	mu   sync.Mutex
	rows []Row
	// Fail, when set, may refuse a call; op is "check", "check deletes" (for
	// which alone it is unfit then), "locate", "gather", "erase", "rehearse" or
	// "batch" (before each row is erased).
	Fail func(op string) error
	// Keeps is what the engine keeps of erased rows: told by an erase, and by
	// the look after it.
	Keeps func(op string) []string
	// Meanwhile, when set, is called after an erase has emptied its set.
	Meanwhile func(*System)
	// Rehearses lets deletes be rehearsed; Notes are why that is passed over.
	Rehearses bool
	Notes     []string
	// Rehearsed counts the rehearsals that went through.
	Rehearsed int
	// Allowed counts the batches whose guard said yes.
	Allowed int
}

// Add puts rows in.
func (s *System) Add(rows ...Row) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rows = append(s.rows, rows...)
}

// Rows lists what is there, in order.
func (s *System) Rows() []Row {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := slices.Clone(s.rows)
	slices.SortFunc(out, func(a, b Row) int { return cmp.Compare(a.ID, b.ID) })
	return out
}

func (s *System) collection() string { return s.Name + ".thing" }

// Profile of the one collection.
func (s *System) Profile() connectors.Profile {
	p := connectors.Profile{
		MapDigest:   s.Digest,
		Rehearses:   s.Rehearses,
		Collections: []connectors.Collection{{Name: s.collection(), Label: s.Name, Action: s.Action, Exception: s.Exception, Categories: []string{"user.contact"}}},
	}
	if s.Unscoped {
		p.VendorNeeds = []connectors.IdentityType{s.Need}
	} else {
		p.Needs = []connectors.IdentityType{s.Need}
	}
	if s.Yield != "" {
		p.Yields = []connectors.IdentityType{s.Yield}
		p.VendorYields, p.People = p.Yields, p.Yields
	}
	if s.Action == connectors.ActionNone {
		p.RefusesErase = s.collection() + " has no on_delete"
	}
	return p
}

func (s *System) fail(op string) error {
	s.mu.Lock()
	f := s.Fail
	s.mu.Unlock()
	if f == nil {
		return nil
	}
	return f(op)
}

// Check finds what Fail says.
func (s *System) Check(context.Context) ([]connectors.Problem, error) {
	if err := s.fail("check"); err != nil {
		return []connectors.Problem{{Severity: connectors.SeverityBlocks, Where: "canary", What: err.Error()}}, nil //nolint:nilerr // that is what it found
	}
	if err := s.fail("check deletes"); err != nil {
		return []connectors.Problem{{Severity: connectors.SeverityDeletes, Where: s.collection(), What: err.Error()}}, nil //nolint:nilerr // the same
	}
	return nil, nil
}

// Locate finds rows by identity and by the finding's keys.
func (s *System) Locate(ctx context.Context, jobs []*connectors.Job) error {
	return connectors.Each(ctx, jobs, func(_ context.Context, j *connectors.Job) error {
		if err := s.fail("locate"); err != nil {
			return err
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		f := j.Finding.Clone()
		f.Add(s.collection(), "key", j.Subject.Of(s.Need)...)
		set := f.Set(s.collection())
		if set != nil {
			set.Counts = connectors.Counts{}
			for _, r := range s.rows {
				if !s.reaches(j, f, r) {
					continue
				}
				s.count(&set.Counts, r)
				if r.Alias != "" {
					f.Yields = connectors.MergeIdentities(f.Yields, []connectors.Identity{{Type: connectors.Email, Value: connectors.Text(r.Alias)}})
				}
				if r.Gives != 0 {
					f.Yields = connectors.MergeIdentities(f.Yields, []connectors.Identity{{Type: s.Yield, Value: connectors.Int(r.Gives), Vendor: true}})
				}
			}
		}
		*j.Finding = *f
		if j.After && s.Keeps != nil {
			j.Outcome.Keeps = s.Keeps("locate")
		}
		return nil
	})
}

func (s *System) count(c *connectors.Counts, r Row) {
	switch {
	case r.Masked:
		c.Masked++
	case s.Action == connectors.ActionRetain:
		c.Retained++
	default:
		c.Rows++
	}
}

func (s *System) reaches(j *connectors.Job, f *connectors.Finding, r Row) bool {
	set := f.Set(s.collection())
	if set == nil || r.Tenant != j.Subject.Tenant {
		return false
	}
	for _, l := range set.Links {
		if _, ok := slices.BinarySearchFunc(l.Values, r.Key, connectors.Value.Compare); ok {
			return true
		}
	}
	return false
}

// Gather streams the rows.
func (s *System) Gather(ctx context.Context, jobs []*connectors.Job) error {
	return connectors.Each(ctx, jobs, func(ctx context.Context, j *connectors.Job) error {
		if err := s.fail("gather"); err != nil {
			return err
		}
		table, err := j.Sink.Table(ctx, connectors.Schema{Collection: s.collection(), Columns: []connectors.Column{{Name: "id"}, {Name: "text"}}})
		if err != nil {
			return err
		}
		for _, r := range s.Rows() {
			if !s.reaches(j, j.Finding, r) {
				continue
			}
			cells := []connectors.Cell{
				{Kind: connectors.CellNumber, Text: []byte(connectors.Int(r.ID).Raw())},
				{Kind: connectors.CellString, Text: []byte(r.Text)},
			}
			if err := table.Row(cells); err != nil {
				return err
			}
		}
		return table.Close()
	})
}

// Erase removes or masks row by row, each behind the guard.
func (s *System) Erase(ctx context.Context, jobs []*connectors.Job) error {
	return connectors.Each(ctx, jobs, func(ctx context.Context, j *connectors.Job) error {
		if err := s.fail("erase"); err != nil {
			return err
		}
		for _, r := range s.Rows() {
			if r.Masked || s.Action == connectors.ActionRetain || !s.reaches(j, j.Finding, r) {
				continue
			}
			if err := s.fail("batch"); err != nil {
				return err
			}
			if err := j.Guard.Allow(ctx); err != nil {
				return err
			}
			s.remove(r.ID)
			j.Outcome.Changed++
		}
		if s.Meanwhile != nil {
			s.Meanwhile(s)
		}
		if s.Keeps != nil {
			j.Outcome.Keeps = s.Keeps("erase")
		}
		return nil
	})
}

// Rehearse asks the guard for each row that an erase would change, and changes
// none.
func (s *System) Rehearse(ctx context.Context, jobs []*connectors.Job) error {
	return connectors.Each(ctx, jobs, func(ctx context.Context, j *connectors.Job) error {
		for _, r := range s.Rows() {
			if r.Masked || s.Action == connectors.ActionRetain || !s.reaches(j, j.Finding, r) {
				continue
			}
			if err := j.Guard.Allow(ctx); err != nil {
				return err
			}
		}
		if err := s.fail("rehearse"); err != nil {
			return err
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.Rehearsed++
		j.Outcome.Notes = append(j.Outcome.Notes, s.Notes...)
		return nil
	})
}

func (s *System) remove(id int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.Allowed++
	if s.Action == connectors.ActionMask {
		i := slices.IndexFunc(s.rows, func(r Row) bool { return r.ID == id })
		s.rows[i].Text, s.rows[i].Masked = "", true
		return
	}
	s.rows = slices.DeleteFunc(s.rows, func(r Row) bool { return r.ID == id })
}

// Close does nothing.
func (s *System) Close() error { return nil }
