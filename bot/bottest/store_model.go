package bottest

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"pgregory.net/rapid"

	"privacydesk/bot"
	"privacydesk/connectors"
)

// model drives the store with random operations beside a model of plain maps, and compares after each.
func model(d *desk) {
	rounds := 0
	rapid.Check(d.T, func(t *rapid.T) {
		rounds++
		m := &machine{
			d: &desk{T: d.T, ctx: d.ctx, store: d.store}, prefix: fmt.Sprintf("r%d-", rounds), now: noon(),
			records: map[string]*modelRecord{}, claims: map[string]string{}, caps: map[string]int64{},
		}
		t.Repeat(map[string]func(*rapid.T){
			"commit": m.commit, "hint": m.hint, "drop": m.drop, "acquire": m.acquire, "renew": m.renew,
			"release": m.release, "holds": m.holds, "wait": m.wait, "": m.check,
		})
	})
}

// machine is the model: what the store should hold for the ids of this round.
type machine struct {
	d       *desk
	prefix  string
	now     time.Time
	records map[string]*modelRecord
	claims  map[string]string
	caps    map[string]int64
}

type modelRecord struct {
	c      *bot.Case // nil: none
	hint   int64
	open   bool // a hint that nobody took in
	leases map[string]bot.Lease
}

func (m *machine) record(id string) *modelRecord {
	if m.records[id] == nil {
		m.records[id] = &modelRecord{leases: map[string]bot.Lease{}}
	}
	return m.records[id]
}

func (m *machine) id(t *rapid.T) string {
	return m.prefix + rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "id")
}

func (m *machine) part(t *rapid.T) string {
	return rapid.SampledFrom([]string{"", "shop"}).Draw(t, "part")
}

func (m *machine) token(t *rapid.T) string {
	return rapid.SampledFrom([]string{"x", "y"}).Draw(t, "token")
}

func (m *machine) names(t *rapid.T, label string) []string {
	names := rapid.SliceOfN(rapid.SampledFrom([]string{"p", "q", "r"}), 0, 2).Draw(t, label)
	for i := range names {
		names[i] = m.prefix + names[i]
	}
	return names
}

func (m *machine) wait(t *rapid.T) {
	m.now = m.now.Add(time.Duration(rapid.IntRange(1, 90).Draw(t, "seconds")) * time.Second)
}

func (r *modelRecord) holds(part, token string, now time.Time) bool {
	l := r.leases[part]
	return l.Token == token && l.Until.After(now)
}

func (m *machine) commit(t *rapid.T) {
	id := m.id(t)
	r := m.record(id)
	c := bot.Case{ID: id, Phase: bot.PhaseReading, Arrived: noon()}
	if r.c != nil {
		c = *r.c
	}
	if rapid.IntRange(0, 5).Draw(t, "stale") == 0 {
		c.Version++
	}
	c.Attempts = rapid.IntRange(0, 9).Draw(t, "attempts")
	c.Wake = m.now.Add(time.Duration(rapid.IntRange(-60, 60).Draw(t, "wake")) * time.Second)
	ch := withEvent(bot.Change{Case: c, Now: m.now, Hint: r.hint}, "moved")
	ch.Hint -= int64(rapid.IntRange(0, 1).Draw(t, "hint missed"))
	ch.Claim, ch.Release, ch.Absent = m.names(t, "claim"), m.names(t, "release"), m.names(t, "absent")
	if part, token := m.part(t), m.token(t); rapid.Bool().Draw(t, "with token") {
		if part == "" {
			ch.Step = token
		} else {
			ch.Runs = map[string]string{part: token}
		}
	}
	if rapid.IntRange(0, 3).Draw(t, "capped") == 0 {
		ch.Caps = []bot.Cap{{Key: m.prefix + "day", Limit: 2, Keep: time.Hour}}
	}
	want := m.refusal(r, ch)
	got := m.d.store.Commit(m.d.ctx, ch)
	if !errors.Is(got, want) {
		t.Fatalf("Commit says %v, the model %v", got, want)
	}
	if want == nil {
		m.apply(r, ch)
	}
}

// refusal is the error that the model gives to a change; the store's checks come in the same order.
func (m *machine) refusal(r *modelRecord, ch bot.Change) error {
	version := int64(0)
	if r.c != nil {
		version = r.c.Version
	}
	if ch.Case.Version != version {
		return bot.ErrConflict
	}
	if ch.Step != "" && !r.holds("", ch.Step, ch.Now) {
		return bot.ErrConflict
	}
	for part, token := range ch.Runs {
		if !r.holds(part, token, ch.Now) {
			return bot.ErrConflict
		}
	}
	for _, name := range slices.Concat(ch.Claim, ch.Absent) {
		if holder := m.claims[name]; holder != "" && holder != ch.Case.ID {
			return bot.ErrClaimed
		}
	}
	for _, c := range ch.Caps {
		if m.caps[c.Key]+1 > c.Limit {
			return bot.ErrCapped
		}
	}
	return nil
}

func (m *machine) apply(r *modelRecord, ch bot.Change) {
	c := ch.Case
	c.Version++
	r.c = &c
	r.open = ch.Hint != r.hint // a hint that was not taken in keeps it due
	for _, name := range ch.Release {
		if m.claims[name] == c.ID {
			delete(m.claims, name)
		}
	}
	for _, name := range ch.Claim {
		m.claims[name] = c.ID
	}
	for _, cp := range ch.Caps {
		m.caps[cp.Key]++
	}
}

func (m *machine) hint(t *rapid.T) {
	id := m.id(t)
	m.d.hint(id)
	number := m.d.hintOf(id)
	r := m.record(id)
	if number == r.hint || number == 0 {
		t.Fatalf("the hint's number is %d, and was %d", number, r.hint)
	}
	r.hint, r.open = number, true
}

func (m *machine) drop(t *rapid.T) {
	id := m.id(t)
	r := m.record(id)
	hint := r.hint - int64(rapid.IntRange(0, 1).Draw(t, "late"))
	m.d.must(m.d.store.Drop(m.d.ctx, id, hint))
	if r.c == nil && hint == r.hint {
		r.hint, r.open = 0, false
	}
}

func (m *machine) acquire(t *rapid.T) {
	id, part, token := m.id(t), m.part(t), m.token(t)
	r := m.record(id)
	until := m.now.Add(time.Minute)
	l := r.leases[part]
	free := l.Token == "" || l.Token == token || !l.Until.After(m.now)
	m.expectLease(t, m.d.store.Acquire(m.d.ctx, id, part, token, m.now, until), free)
	if free {
		r.leases[part] = bot.Lease{Token: token, Until: until}
	}
}

func (m *machine) renew(t *rapid.T) {
	id, part, token := m.id(t), m.part(t), m.token(t)
	r := m.record(id)
	until := m.now.Add(time.Minute)
	held := r.holds(part, token, m.now)
	m.expectLease(t, m.d.store.Renew(m.d.ctx, id, part, token, m.now, until), held)
	if held {
		r.leases[part] = bot.Lease{Token: token, Until: until}
	}
}

func (m *machine) expectLease(t *rapid.T, err error, ok bool) {
	if ok && err != nil || !ok && !errors.Is(err, bot.ErrConflict) {
		t.Fatalf("the store says %v, the model that it is free: %v", err, ok)
	}
}

func (m *machine) release(t *rapid.T) {
	id, part, token := m.id(t), m.part(t), m.token(t)
	if err := m.d.store.Release(m.d.ctx, id, part, token); err != nil && !errors.Is(err, bot.ErrConflict) {
		t.Fatal(err)
	}
	r := m.record(id)
	if r.leases[part].Token == token {
		delete(r.leases, part)
	}
}

// check compares all that can be asked for.
func (m *machine) check(t *rapid.T) {
	for _, name := range []string{"p", "q", "r"} {
		if got, want := m.d.holder(m.prefix+name), m.claims[m.prefix+name]; got != want {
			t.Fatalf("claim %s is held by %q, not %q", name, got, want)
		}
	}
	var due []string
	for _, id := range slices.Sorted(maps.Keys(m.records)) {
		r := m.records[id]
		m.checkRecord(t, id, r)
		if r.open || r.c != nil && !r.c.Wake.After(m.now) {
			due = append(due, id)
		}
	}
	got := slices.DeleteFunc(m.d.due(m.now), func(id string) bool { return !strings.HasPrefix(id, m.prefix) })
	if slices.Sort(got); !slices.Equal(got, due) {
		t.Fatalf("due are %v, not %v", got, due)
	}
}

func (m *machine) checkRecord(t *rapid.T, id string, r *modelRecord) {
	got, err := m.d.store.Load(m.d.ctx, id)
	if got.Hint != r.hint {
		t.Fatalf("the hint of %s is %d, not %d", id, got.Hint, r.hint)
	}
	if r.c == nil {
		if !errors.Is(err, bot.ErrNotFound) {
			t.Fatalf("a record that doesn't exist: %v", err)
		}
		return
	}
	if err != nil || got.Case.Version != r.c.Version || got.Case.Attempts != r.c.Attempts || got.Case.Head != r.c.Head {
		t.Fatalf("%s is at version %d, not %d (%v)", id, got.Case.Version, r.c.Version, err)
	}
}

func (m *machine) holds(t *rapid.T) {
	id, part, token := m.id(t), m.part(t), m.token(t)
	err := m.d.store.Holds(m.d.ctx, id, part, token, m.now)
	if held := m.record(id).holds(part, token, m.now); held != (err == nil) || !held && !errors.Is(err, connectors.ErrFenced) {
		t.Fatalf("token %s on %q: the store says %v, the model that it is held: %v", token, part, err, held)
	}
}
