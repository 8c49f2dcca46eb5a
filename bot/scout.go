package bot

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"privacydesk/bot/reading"
)

// The scout's bounds: how many newcomers it holds in mind, and how many calls
// one sweep spends on first looks. What it does not get to waits for the next.
const (
	scoutHolds   = 50_000
	scoutGlances = 50
)

// FirstLooks is how tickets without a record come to be read.
type FirstLooks struct {
	AtOnce       int           // most that are read at once
	PerRequester int           // of them, most of one requester
	Pace         time.Duration // between two of a requester who has many in line; 0 for none
}

// scout stands before the door: it takes a first look at tickets without a
// record, drops those that are surely none of ours, a hundred in one call and
// otherwise unread, and calls the others in, in turn: an organization after
// the other, and in each a requester after the other. What it holds in mind is
// lost with its process; the store still has the hints.
type scout struct {
	mu   sync.Mutex
	seen map[string]*caller
	// served is when somebody was called in last, as a count.
	served map[int64]int64
	calls  int64
	paces  map[int64]pace // of requesters
}

// pace is how often a requester was called in since they have somebody in
// line.
type pace struct {
	calls int
	last  time.Time
}

// caller is a newcomer at whom the scout has looked.
type caller struct {
	id     string
	hint   int64
	of     int64 // the organization; the requester turned negative if there is none
	by     int64 // the requester
	called time.Time
}

// quickCalls is after how many a requester who files many at once is called in
// more slowly: the account's calls are for the work of all others, too.
const quickCalls = 5

func (p pace) ready(now time.Time, between time.Duration) bool {
	return p.calls < quickCalls || now.Sub(p.last) >= between
}

func (p pace) after(now time.Time) pace { return pace{p.calls + 1, now} }

// callIn looks at newcomers and calls in as many as are read at once.
func (e *Engine) callIn(ctx context.Context, now time.Time) error {
	if err := e.AtHome(ctx); err != nil {
		return err
	}
	if err := e.goesByNewest(ctx); errors.Is(err, errOlderRules) {
		return nil // a newer replica calls them in
	} else if err != nil {
		return err
	}
	e.scout.mu.Lock()
	defer e.scout.mu.Unlock()
	list, err := e.Store.Newcomers(ctx, scoutHolds)
	if err != nil {
		return fmt.Errorf("newcomers: %w", err)
	}
	e.scout.keep(list)
	// A desk that does not answer keeps nobody out at whom it was looked before.
	lookErr := e.glance(ctx, list)
	for _, c := range e.scout.next(now, e.Settings.FirstLooks, e.Settings.StepLease) {
		if err := e.Queue.First(ctx, c.id, fmt.Sprintf("first-%d-%d", c.hint, now.UnixMilli())); err != nil {
			return errors.Join(lookErr, fmt.Errorf("newcomers: %w", err))
		}
		e.scout.call(c, now)
	}
	return lookErr
}

// keep forgets who has a record by now, was dropped or put off.
func (s *scout) keep(list []Newcomer) {
	kept := make(map[string]*caller, len(list))
	served, paces := map[int64]int64{}, map[int64]pace{}
	for _, n := range list {
		c := s.seen[n.ID]
		if c == nil {
			continue
		}
		c.hint = n.Hint
		kept[n.ID] = c
		paces[c.by] = s.paces[c.by]
		for _, who := range []int64{c.of, c.by} {
			served[who] = s.served[who]
		}
	}
	s.seen, s.served, s.paces = kept, served, paces
}

// glance looks at those at whom nobody looked yet.
func (e *Engine) glance(ctx context.Context, list []Newcomer) error {
	fresh := slices.DeleteFunc(slices.Clone(list), func(n Newcomer) bool { return e.scout.seen[n.ID] != nil })
	calls := 0
	for some := range slices.Chunk(fresh, GlanceMost) {
		if calls++; calls > scoutGlances {
			break
		}
		if err := e.glanceAt(ctx, some); err != nil {
			return fmt.Errorf("first look: %w", err)
		}
	}
	return nil
}

func (e *Engine) glanceAt(ctx context.Context, some []Newcomer) error {
	var ids []int64
	for _, n := range some {
		if ticket := TicketOfID(n.ID); ticket != 0 {
			ids = append(ids, ticket)
		}
	}
	found, err := e.Desk.Glance(ctx, ids)
	if err != nil {
		return err
	}
	byID := map[string]Glimpse{}
	for _, g := range found {
		byID[IDOfTicket(g.ID)] = g
	}
	left, err := e.leftBehind(ctx, unlikely(some, byID, e.maybeOurs))
	if err != nil {
		return err
	}
	for _, n := range some {
		g, there := byID[n.ID]
		if (!there || !e.maybeOurs(g)) && !left[n.ID] { // else it is read: what was left behind has to go
			if err := e.Store.Drop(ctx, n.ID, n.Hint); err != nil {
				return err
			}
			continue
		}
		c := &caller{id: n.ID, hint: n.Hint, of: g.Organization, by: g.Requester}
		if c.of == 0 {
			c.of = -c.by
		}
		e.scout.seen[n.ID] = c
	}
	return nil
}

// unlikely are those of which a look showed that they are none of ours, or gone.
func unlikely(some []Newcomer, found map[string]Glimpse, ours func(Glimpse) bool) []string {
	var out []string
	for _, n := range some {
		if g, there := found[n.ID]; !there || !ours(g) {
			out = append(out, n.ID)
		}
	}
	return out
}

// maybeOurs is false for a ticket that is surely out of scope. A tag may be a
// customer's own: only the whole ticket tells.
func (e *Engine) maybeOurs(g Glimpse) bool {
	return reading.InScope(e.Settings.Reading, reading.Ticket{FormID: g.FormID, AgentTags: g.Tags})
}

// next are those to call in now, in turn, so that as many are under way as may
// be. Whoever was called longer than patience ago is called again: the queue
// lost it.
func (s *scout) next(now time.Time, looks FirstLooks, patience time.Duration) []*caller {
	most, under, paces := looks.AtOnce, map[int64]int{}, maps.Clone(s.paces)
	var waiting []*caller
	for _, c := range s.seen {
		if !c.called.IsZero() && now.Sub(c.called) < patience {
			under[c.by]++
			most--
		} else {
			waiting = append(waiting, c)
		}
	}
	slices.SortFunc(waiting, func(a, b *caller) int { return cmp.Or(cmp.Compare(a.hint, b.hint), cmp.Compare(a.id, b.id)) })
	line := newLine(waiting, s.served)
	var out []*caller
	for len(out) < most {
		c := line.take(func(c *caller) bool { return under[c.by] < looks.PerRequester && paces[c.by].ready(now, looks.Pace) })
		if c == nil {
			break
		}
		under[c.by]++
		paces[c.by] = paces[c.by].after(now)
		out = append(out, c)
	}
	return out
}

func (s *scout) call(c *caller, now time.Time) {
	c.called = now
	s.calls++
	s.paces[c.by] = s.paces[c.by].after(now)
	s.served[c.of], s.served[c.by] = s.calls, s.calls
}

// line is who waits, by organization and in it by requester.
type line struct {
	served map[int64]int64
	turn   int64
	orgs   map[int64]map[int64][]*caller
}

func newLine(waiting []*caller, served map[int64]int64) *line {
	l := &line{served: map[int64]int64{}, orgs: map[int64]map[int64][]*caller{}}
	for who, at := range served {
		l.served[who] = at
		l.turn = max(l.turn, at)
	}
	for _, c := range waiting {
		if l.orgs[c.of] == nil {
			l.orgs[c.of] = map[int64][]*caller{}
		}
		l.orgs[c.of][c.by] = append(l.orgs[c.of][c.by], c)
	}
	return l
}

// take is the first of the requester who was served longest ago, of the
// organization that was served longest ago, among those who may; nil if nobody
// may.
func (l *line) take(may func(*caller) bool) *caller {
	var best *caller
	before := func(a, b *caller) bool {
		return cmp.Or(
			cmp.Compare(l.served[a.of], l.served[b.of]), cmp.Compare(l.served[a.by], l.served[b.by]),
			cmp.Compare(a.hint, b.hint), cmp.Compare(a.id, b.id),
		) < 0
	}
	for _, requesters := range l.orgs {
		for _, callers := range requesters {
			if first := callers[0]; may(first) && (best == nil || before(first, best)) {
				best = first
			}
		}
	}
	if best == nil {
		return nil
	}
	l.turn++
	l.served[best.of], l.served[best.by] = l.turn, l.turn
	rest := l.orgs[best.of][best.by][1:]
	if l.orgs[best.of][best.by] = rest; len(rest) == 0 {
		delete(l.orgs[best.of], best.by)
	}
	return best
}
