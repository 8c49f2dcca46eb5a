package zendesk_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"privacydesk/bot"
	"privacydesk/bot/zendesk"
	"privacydesk/bot/zendesksim"
)

// shelf is a store that may fail, and notes the order of what it is asked.
type shelf struct {
	cursors map[string]string
	hints   []string
	known   map[string]bool
	fail    string // "hint" or "cursor"
}

func (s *shelf) Hint(_ context.Context, ids []string, once string, _ time.Duration) (bool, error) {
	if s.fail == "hint" || once != "" {
		return false, errors.New("down")
	}
	s.hints = append(s.hints, ids...)
	return true, nil
}

func (s *shelf) Known(_ context.Context, ids []string) (map[string]bool, error) {
	out := map[string]bool{}
	for _, id := range ids {
		out[id] = s.known[id]
	}
	return out, nil
}

func (s *shelf) Cursor(_ context.Context, name string) (string, error) { return s.cursors[name], nil }

func (s *shelf) SetCursor(_ context.Context, name, value string) error {
	if s.fail == "cursor" {
		return errors.New("down")
	}
	if s.cursors == nil {
		s.cursors = map[string]string{}
	}
	s.cursors[name] = value
	return nil
}

func (s *shelf) take() []string {
	out := s.hints
	s.hints = nil
	return out
}

// script is a desk that only has changes: pages by cursor.
type script struct {
	bot.Desk
	pages map[string]bot.ChangePage
	since []time.Time
	bad   string // the cursor that is refused
}

func (d *script) Glance(context.Context, []int64) ([]bot.Glimpse, error) { return nil, nil }

func (d *script) Suspended(context.Context) ([]bot.Suspended, error) { return nil, nil }

func (d *script) Changes(_ context.Context, cursor string, since time.Time) (bot.ChangePage, error) {
	if cursor == "" {
		d.since = append(d.since, since)
	}
	if cursor == d.bad && cursor != "" {
		return bot.ChangePage{}, fmt.Errorf("%w: it is old", zendesk.ErrCursor)
	}
	return d.pages[cursor], nil
}

func poller(d bot.Desk, s *shelf, c *clock) zendesk.Poller {
	return zendesk.Poller{Desk: d, Store: s, Clock: c.now, Since: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
}

func TestRule3_CursorMovesAfterItsPageIsDurable(t *testing.T) {
	c := &clock{at: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)}
	d := &script{pages: map[string]bot.ChangePage{
		"":  {Tickets: []int64{1, 2}, Next: "a"},
		"a": {Tickets: []int64{3}, Next: "b", End: true},
		"b": {Next: "b", End: true},
	}}
	s := &shelf{fail: "hint"}
	if _, err := poller(d, s, c).Poll(t.Context()); err == nil || len(s.cursors) != 0 {
		t.Fatalf("hints are lost, and the cursor moved: %v, %v", err, s.cursors)
	}
	s.fail = "cursor"
	if _, err := poller(d, s, c).Poll(t.Context()); err == nil || !slices.Equal(s.take(), []string{"t1", "t2"}) {
		t.Fatalf("got %v", err)
	}
	s.fail = ""
	n, err := poller(d, s, c).Poll(t.Context())
	if got := s.take(); err != nil || n != 3 || !slices.Equal(got, []string{"t1", "t2", "t3"}) {
		t.Fatalf("a page was lost: %v, %d, %v", err, n, got)
	}
	if n, err = poller(d, s, c).Poll(t.Context()); err != nil || n != 0 {
		t.Fatalf("got %d, %v", n, err)
	}
}

func TestPollBeginsAgainWhereItStood(t *testing.T) {
	c := &clock{at: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)}
	d := &script{pages: map[string]bot.ChangePage{"": {Tickets: []int64{1}, Next: "a", End: true}, "a": {Next: "a", End: true}}}
	s := &shelf{}
	p := poller(d, s, c)
	for range 2 {
		if _, err := p.Poll(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	whole := c.now()
	c.add(40 * 24 * time.Hour)
	d.bad = "a"
	d.pages[""] = bot.ChangePage{Tickets: []int64{7}, Next: "c", End: true}
	if n, err := p.Poll(t.Context()); err != nil || n != 1 {
		t.Fatalf("got %d, %v", n, err)
	}
	if len(d.since) != 2 || !d.since[0].Equal(p.Since) || !d.since[1].Before(whole) || d.since[1].Before(whole.Add(-3*time.Hour)) {
		t.Errorf("began at %v; all was read up to %s", d.since, whole)
	}
	d.bad, s.cursors = "c", map[string]string{"zendesk/changes": "c"} // a cursor without a time
	d.pages[""] = bot.ChangePage{Next: "c", End: true}
	if _, err := p.Poll(t.Context()); err != nil || !d.since[2].Equal(p.Since) {
		t.Errorf("began at %v: %v", d.since, err)
	}
}

func TestPollingTheSimulator(t *testing.T) {
	w := newWorld(t, zendesksim.Options{ExportsPerMinute: 10})
	s := &shelf{}
	p := poller(w.desk, s, w.clock)
	first := w.file()
	w.clock.add(3 * time.Minute)
	w.sim.Fault(zendesksim.Fault{Kind: zendesksim.Status503, Method: http.MethodGet, Path: "/api/v2/incremental/tickets/cursor"})
	if _, err := p.Poll(t.Context()); err != nil || !slices.Equal(s.take(), []string{bot.IDOfTicket(first)}) {
		t.Fatalf("got %v", err)
	}
	second := w.file()
	w.clock.add(3 * time.Minute)
	if _, err := p.Poll(t.Context()); err != nil || !slices.Equal(s.take(), []string{bot.IDOfTicket(second)}) {
		t.Fatalf("got %v", err)
	}
	s.cursors["zendesk/changes"] = "nonsense"
	if _, err := p.Poll(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := s.take(); !slices.Contains(got, bot.IDOfTicket(first)) || !slices.Contains(got, bot.IDOfTicket(second)) {
		t.Errorf("after a cursor that is refused: got %v", got)
	}
}

func TestChangesStartIsNeverTooRecent(t *testing.T) {
	w := newWorld(t, zendesksim.Options{})
	for _, since := range []time.Time{w.clock.now(), w.clock.now().Add(time.Hour), {}} {
		if _, err := w.desk.Changes(t.Context(), "", since); err != nil {
			t.Errorf("since %s: %v", since, err)
		}
	}
	if _, err := w.desk.Changes(t.Context(), "nonsense", w.clock.now()); !errors.Is(err, zendesk.ErrCursor) {
		t.Errorf("got %v", err)
	}
}

// exports lets every export be answered so.
func (w *world) exports(code int, body string) *zendesk.Desk {
	base := w.transport
	w.transport = roundTrip(func(r *http.Request) (*http.Response, error) {
		if !strings.Contains(r.URL.Path, "/incremental/") {
			return base.RoundTrip(r)
		}
		return &http.Response{StatusCode: code, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
	})
	defer func() { w.transport = base }()
	return w.open()
}

func TestCursorsThatAreRefused(t *testing.T) {
	w := newWorld(t, zendesksim.Options{})
	for _, c := range []struct {
		code   int
		cursor string
		want   bool // the cursor is to blame
	}{
		{400, "c", true},
		{404, "c", true},
		{410, "c", true},
		{422, "c", true},
		{400, "", false},
		{422, "", false},
		{401, "c", false},
		{403, "c", false},
		{429, "c", false},
		{500, "c", false},
		{503, "c", false},
	} {
		_, err := w.exports(c.code, `{"error":"x"}`).Changes(t.Context(), c.cursor, w.clock.now())
		if err == nil || errors.Is(err, zendesk.ErrCursor) != c.want {
			t.Errorf("%d with cursor %q: got %v", c.code, c.cursor, err)
		}
	}
}

func TestExportsThatLeadNowhere(t *testing.T) {
	w := newWorld(t, zendesksim.Options{})
	for body, good := range map[string]bool{
		`{"tickets":[],"after_cursor":"c","end_of_stream":true}`:         true, // nothing new
		`{"tickets":[],"after_cursor":null,"end_of_stream":true}`:        true,
		`{"tickets":null,"after_cursor":"d","end_of_stream":false}`:      true,
		`{"tickets":[{"id":1}],"after_cursor":"c"}`:                      false, // for ever the same page
		`{"tickets":[{"id":1}],"after_cursor":null}`:                     false,
		`{"tickets":[{"id":0}],"after_cursor":"d","end_of_stream":true}`: false,
		`{"tickets":[{"id":"x"}],"after_cursor":"d"}`:                    false,
		`maintenance`: false,
	} {
		got, err := w.exports(200, body).Changes(t.Context(), "c", w.clock.now())
		if (err == nil) != good || (good && got.Next == "") {
			t.Errorf("%s: got %+v, %v", body, got, err)
		}
	}
}

// notes is stable storage that may be away.
type notes struct {
	bot.Stable
	kept map[string][]byte
}

func (n *notes) Keep(_ context.Context, group, name string, body []byte) error {
	n.kept[group+"/"+name] = body
	return nil
}

func (n *notes) Note(_ context.Context, group, name string) ([]byte, error) {
	return n.kept[group+"/"+name], nil
}

// TestRule16_PollingGoesOnBehindALostStore: it begins some days before the place
// that stands beside the keys, for what the lost store was yet to look at, and
// not at intake.since; and not at all while the store may be another's.
func TestRule16_PollingGoesOnBehindALostStore(t *testing.T) {
	c := &clock{at: time.Date(2026, 8, 2, 9, 0, 0, 0, time.UTC)}
	d := &script{pages: map[string]bot.ChangePage{"": {Tickets: []int64{1}, Next: "a", End: true}, "a": {Next: "a", End: true}}}
	s := &shelf{}
	p := poller(d, s, c)
	p.Stable = &notes{kept: map[string][]byte{}}
	if _, err := p.Poll(t.Context()); err != nil {
		t.Fatal(err)
	}
	whole := c.now()
	c.add(30 * 24 * time.Hour)
	s.cursors = nil
	away := errors.New("another Redis")
	p.AtHome = func(context.Context) error { return away }
	if _, err := p.Poll(t.Context()); !errors.Is(err, away) || len(d.since) != 1 || len(s.cursors) != 0 {
		t.Fatalf("it polled into another's store: %v, %v", err, s.cursors)
	}
	p.AtHome = nil
	for range 2 {
		if _, err := p.Poll(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if len(d.since) != 2 || d.since[1].After(whole.Add(-7*24*time.Hour)) || d.since[1].Before(whole.Add(-8*24*time.Hour)) {
		t.Errorf("began at %v; all was read up to %s", d.since, whole)
	}
}

// TestRule16_ANewGenerationLooksAgain at open tickets without a request, once,
// a few pages at a time; not when the rules are the first, nor where they are
// older.
func TestRule16_ANewGenerationLooksAgain(t *testing.T) {
	c := &clock{at: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)}
	d := &script{pages: map[string]bot.ChangePage{"": {Tickets: []int64{1, 2, 3}, Open: []int64{1, 2}, Next: "p1"}}}
	for i := range 8 {
		d.pages[fmt.Sprintf("p%d", i+1)] = bot.ChangePage{Tickets: []int64{int64(10 + i)}, Open: []int64{int64(10 + i)}, Next: fmt.Sprintf("p%d", i+2), End: i == 7}
	}
	s := &shelf{known: map[string]bool{"t2": true, "t10": true}}
	p := poller(d, s, c)
	generation, newest := int64(1), true
	p.Generation = func(context.Context) (int64, bool, error) { return generation, newest, nil }
	again := func() []string {
		t.Helper()
		if err := p.Again(t.Context()); err != nil {
			t.Fatal(err)
		}
		return s.take()
	}
	if got := again(); len(got) != 0 {
		t.Errorf("the first rules looked again at %v", got)
	}
	generation, newest = 2, false
	if got := again(); len(got) != 0 {
		t.Errorf("older rules looked again at %v", got)
	}
	newest = true
	if got := slices.Concat(again(), again()); !slices.Equal(got, []string{"t1", "t11", "t12", "t13", "t14", "t15", "t16", "t17"}) {
		t.Errorf("looked again at %v", got)
	}
	if got := again(); len(got) != 0 {
		t.Errorf("and once more at %v", got)
	}
}
