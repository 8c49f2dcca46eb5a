package zendesk_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"privacydesk/bot"
	"privacydesk/bot/zendesk"
	"privacydesk/bot/zendesksim"
)

const anyTicket = "/api/v2/tickets/*"

func (w *world) writes() int {
	n := 0
	for _, r := range w.sim.Requests() {
		if r.Method == http.MethodPut {
			n++
		}
	}
	return n
}

func TestReadsAreRepeated(t *testing.T) {
	for _, kind := range []zendesksim.Kind{
		zendesksim.Status429, zendesksim.Status500, zendesksim.Status503, zendesksim.Cut, zendesksim.NeverLands, zendesksim.LandsButAnswerLost,
	} {
		t.Run(string(kind), func(t *testing.T) {
			w := newWorld(t, zendesksim.Options{})
			id := w.file()
			for _, path := range []string{anyTicket, "/api/v2/tickets/*/comments", "/api/v2/tickets/*/audits", "/api/v2/users/me"} {
				w.sim.Fault(zendesksim.Fault{Kind: kind, Method: http.MethodGet, Path: path, Times: 2})
			}
			if got := w.ticket(id); len(got.Comments) != 1 {
				t.Errorf("got %d comments", len(got.Comments))
			}
		})
	}
}

func TestReadsGiveUp(t *testing.T) {
	w := newWorld(t, zendesksim.Options{})
	id := w.file()
	w.sim.Fault(zendesksim.Fault{Kind: zendesksim.Status500, Times: -1, Path: anyTicket})
	before := len(w.sim.Requests())
	_, err := w.desk.Ticket(t.Context(), id)
	if !errors.Is(err, bot.ErrUnavailable) || errors.Is(err, bot.ErrNotFound) {
		t.Errorf("got %v", err)
	}
	// A token, our own user, and five tries.
	if n := len(w.sim.Requests()) - before; n != 7 {
		t.Errorf("%d requests", n)
	}
}

// Rule 3: what may have landed is not sent again by the transport.
func TestRule3_WritesAreNotRepeatedBlindly(t *testing.T) {
	for _, c := range []struct {
		kind  zendesksim.Kind
		want  error
		lands int // comments after it
	}{
		{zendesksim.Status500, bot.ErrUnknown, 1},
		{zendesksim.Status503, bot.ErrUnknown, 1},
		{zendesksim.NeverLands, bot.ErrUnknown, 1},
		{zendesksim.Cut, bot.ErrUnknown, 2},
		{zendesksim.LandsButAnswerLost, bot.ErrUnknown, 2},
		{zendesksim.LandsLate, bot.ErrUnknown, 1},
	} {
		t.Run(string(c.kind), func(t *testing.T) {
			w := newWorld(t, zendesksim.Options{})
			at := w.ticket(w.file())
			w.sim.Fault(zendesksim.Fault{Kind: c.kind, Method: http.MethodPut, Times: -1})
			if err := w.desk.Update(t.Context(), step(at, "<p>hi</p>")); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
			w.mu.Lock()
			last := w.calls[len(w.calls)-1]
			w.mu.Unlock()
			if last.Tries != 1 || last.Method != http.MethodPut || last.Endpoint != "tickets/:id" {
				t.Errorf("got call %+v", last)
			}
			if n := len(w.sim.Comments(at.ID)); n != c.lands {
				t.Errorf("%d comments, want %d", n, c.lands)
			}
		})
	}
}

// Rule 3: a write whose answer was lost lands after it was sent again.
func TestRule3_LateWriteLandsOnce(t *testing.T) {
	w := newWorld(t, zendesksim.Options{})
	id := w.file()
	at := w.ticket(id)
	w.sim.Fault(zendesksim.Fault{Kind: zendesksim.LandsLate, Method: http.MethodPut})
	if err := w.desk.Update(t.Context(), step(at, "<p>hi</p>")); !errors.Is(err, bot.ErrUnknown) {
		t.Fatalf("got %v", err)
	}
	at = w.ticket(id)
	if len(at.Marks) != 0 {
		t.Fatal("it has not landed yet")
	}
	w.must(w.desk.Update(t.Context(), step(at, "<p>hi</p>")))
	if n := w.sim.LandLate(); n != 1 {
		t.Fatalf("%d landed late", n)
	}
	if n := len(w.sim.Comments(id)); n != 2 {
		t.Errorf("%d comments, want the ticket's and ours once", n)
	}
}

func TestSureRefusalsAreRepeated(t *testing.T) {
	w := newWorld(t, zendesksim.Options{})
	at := w.ticket(w.file())
	w.sim.Fault(zendesksim.Fault{Kind: zendesksim.Status429, Method: http.MethodPut, RetryAfter: 17 * time.Second})
	w.sim.Fault(zendesksim.Fault{Kind: zendesksim.Conflict409, Method: http.MethodPut, Times: 2})
	before := w.clock.now()
	w.must(w.desk.Update(t.Context(), step(at, "<p>hi</p>")))
	// Retry-After, half of the first pause, then of the second and the third.
	if waited := w.clock.now().Sub(before); waited != 17*time.Second+(250+500+1000)*time.Millisecond {
		t.Errorf("waited %s; Retry-After was 17 s, and who was refused together must not come back together", waited)
	}
	if n := w.writes(); n != 4 {
		t.Errorf("%d writes", n)
	}
	if n := len(w.sim.Comments(at.ID)); n != 2 {
		t.Errorf("%d comments", n)
	}
}

// TestRepeatedUpdatesCount: Zendesk counts each try of an update, whatever
// becomes of it, and so does the budget. A try for which there is no room is
// left for later.
func TestRepeatedUpdatesCount(t *testing.T) {
	w := newWorld(t, zendesksim.Options{}, func(w *world) { w.options.UpdatesPerMinute = 4 }) // three of ours, one at once
	at := w.ticket(w.file())
	w.sim.Fault(zendesksim.Fault{Kind: zendesksim.Conflict409, Method: http.MethodPut, Times: 2})
	before := w.clock.now()
	for w.desk.Update(t.Context(), step(at, "<p>hi</p>")) != nil {
		if w.clock.now().Sub(before) > time.Hour {
			t.Fatal("it is never written")
		}
	}
	if waited, n := w.clock.now().Sub(before), w.writes(); n != 3 || waited < 39*time.Second {
		t.Errorf("%d tries within %s, at three a minute", n, waited)
	}
}

func TestCollisionsGiveUpAsUnavailable(t *testing.T) {
	w := newWorld(t, zendesksim.Options{})
	at := w.ticket(w.file())
	w.sim.Fault(zendesksim.Fault{Kind: zendesksim.Conflict409, Method: http.MethodPut, Times: -1})
	if err := w.desk.Update(t.Context(), step(at, "<p>hi</p>")); !errors.Is(err, bot.ErrUnavailable) || errors.Is(err, bot.ErrStale) {
		t.Errorf("got %v", err)
	}
}

func TestLongPatienceIsNotWaitedFor(t *testing.T) {
	w := newWorld(t, zendesksim.Options{})
	at := w.ticket(w.file())
	w.sim.Fault(zendesksim.Fault{Kind: zendesksim.Status429, Method: http.MethodPut, Times: -1, RetryAfter: 10 * time.Minute})
	before := w.clock.now()
	if err := w.desk.Update(t.Context(), step(at, "<p>hi</p>")); !errors.Is(err, bot.ErrUnavailable) {
		t.Errorf("got %v", err)
	}
	if waited := w.clock.now().Sub(before); waited > 0 {
		t.Errorf("waited %s for what is beyond max_wait", waited)
	}
}

func TestRefusedConnection(t *testing.T) {
	w := newWorld(t, zendesksim.Options{})
	at := w.ticket(w.file())
	w.server.Close()
	// A connection that was kept open would end with EOF: then nobody knows.
	w.transport.(*http.Transport).CloseIdleConnections()
	if err := w.desk.Update(t.Context(), step(at, "<p>hi</p>")); !errors.Is(err, bot.ErrUnavailable) || errors.Is(err, bot.ErrUnknown) {
		t.Errorf("got %v", err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if last := w.calls[len(w.calls)-1]; last.Tries != 5 || last.Status != 0 {
		t.Errorf("got call %+v", last)
	}
}

// silent never answers.
type silent struct{ sent int }

func (s *silent) RoundTrip(r *http.Request) (*http.Response, error) {
	s.sent++
	<-r.Context().Done()
	return nil, r.Context().Err()
}

func TestTimeOutOfAWriteIsUnknown(t *testing.T) {
	w := newWorld(t, zendesksim.Options{})
	at := w.ticket(w.file())
	quiet := &silent{}
	w.options.OAuth, w.options.APIToken = zendesk.OAuth{}, zendesk.APIToken{Email: botMail, Token: "x"}
	w.options.Timeout, w.transport = time.Millisecond, quiet
	if err := w.open().Update(t.Context(), step(at, "<p>hi</p>")); !errors.Is(err, bot.ErrUnknown) || quiet.sent != 1 {
		t.Errorf("got %v after %d tries", err, quiet.sent)
	}
}

func TestCancelledWhileItWaited(t *testing.T) {
	w := newWorld(t, zendesksim.Options{})
	at := w.ticket(w.file())
	w.sim.Fault(zendesksim.Fault{Kind: zendesksim.Status429, Method: http.MethodPut, Times: -1, RetryAfter: time.Second})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	d, err := zendesk.New(w.options, zendesk.Env{Clock: w.clock.now, HTTP: w.transport, Sleep: func(ctx context.Context, _ time.Duration) error {
		cancel()
		return ctx.Err()
	}})
	w.must(err)
	err = d.Update(ctx, step(at, "<p>hi</p>"))
	if !errors.Is(err, bot.ErrUnavailable) || !errors.Is(err, context.Canceled) || errors.Is(err, bot.ErrUnknown) {
		t.Errorf("got %v", err)
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestBudgetOfTheAccountIsKept(t *testing.T) {
	w := newWorld(t, zendesksim.Options{RequestsPerMinute: 60})
	id := w.file()
	for range 12 {
		w.ticket(id)
	}
	if n := w.sim.Counts().RateLimit; n != 0 {
		t.Errorf("%d calls met the limit", n)
	}
	if w.clock.slept == 0 {
		t.Error("nothing was spaced")
	}
	if left, limit, ok := w.desk.Budget(); !ok || limit != 60 || left < 1 || left >= 60 {
		t.Errorf("the budget is told as %d of %d, %v", left, limit, ok)
	}
}

func TestBudgetIsUnknownAtFirst(t *testing.T) {
	if _, _, ok := newWorld(t, zendesksim.Options{}).desk.Budget(); ok {
		t.Error("a budget is told before Zendesk said anything")
	}
}

func TestBudgetIsBounded(t *testing.T) {
	w := newWorld(t, zendesksim.Options{}, func(w *world) {
		w.options.RequestsPerMinute, w.options.MaxWait = 1, time.Second
	})
	_, err := w.desk.Ticket(t.Context(), w.file())
	if !errors.Is(err, bot.ErrUnavailable) {
		t.Errorf("got %v", err)
	}
}

func TestDialErrorsAreUnsentOnly(t *testing.T) {
	w := newWorld(t, zendesksim.Options{})
	at := w.ticket(w.file())
	w.options.OAuth, w.options.APIToken = zendesk.OAuth{}, zendesk.APIToken{Email: botMail, Token: "x"}
	for _, c := range []struct {
		op   string
		want error
	}{{"dial", bot.ErrUnavailable}, {"read", bot.ErrUnknown}, {"write", bot.ErrUnknown}} {
		w.transport = roundTrip(func(*http.Request) (*http.Response, error) {
			return nil, &net.OpError{Op: c.op, Net: "tcp", Err: errors.New("reset")}
		})
		if err := w.open().Update(t.Context(), step(at, "<p>hi</p>")); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", c.op, err, c.want)
		}
	}
}

// TestTicketOfSomebodySuspended: Zendesk refuses each update of it, a solving
// one too; that is no form to fill in.
func TestTicketOfSomebodySuspended(t *testing.T) {
	for name, set := range map[string]func(*zendesksim.User){
		"suspended": func(u *zendesksim.User) { u.Suspended = true },
		"deleted":   func(u *zendesksim.User) { u.Deleted = true },
	} {
		w := newWorld(t, zendesksim.Options{})
		at := w.ticket(w.file())
		w.sim.UpdateUser(w.ann, set)
		for _, status := range []bot.Status{"", bot.StatusSolved} {
			u := step(at, "<p>see</p>")
			u.Status = status
			err := w.desk.Update(t.Context(), u)
			var declined *bot.DeclinedError
			if !errors.As(err, &declined) || !slices.Equal(declined.About, []string{"requester"}) || errors.Is(err, bot.ErrIncomplete) {
				t.Errorf("%s, status %q: %v", name, status, err)
			}
			if strings.Contains(err.Error(), "fields which the form requires") || strings.Contains(err.Error(), "Ann") {
				t.Errorf("%s: it says %v", name, err)
			}
		}
	}
}

// TestTicketThatIsForbidden: our user may not read, or not write, this one
// ticket.
func TestTicketThatIsForbidden(t *testing.T) {
	w := newWorld(t, zendesksim.Options{})
	at := w.ticket(w.file())
	w.sim.Fault(zendesksim.Fault{Kind: zendesksim.Status403, Method: http.MethodPut, Path: anyTicket, Times: 1})
	if err := w.desk.Update(t.Context(), step(at, "<p>see</p>")); !errors.Is(err, bot.ErrDeclined) {
		t.Errorf("written: %v", err)
	}
	w.sim.Fault(zendesksim.Fault{Kind: zendesksim.Status403, Method: http.MethodGet, Path: anyTicket, Times: 1})
	if _, err := w.desk.Ticket(t.Context(), at.ID); !errors.Is(err, bot.ErrDeclined) {
		t.Errorf("read: %v", err)
	}
}

// TestSolvedByNobodyWhoMay: what Zendesk complains of on solving is no field of
// the form either.
func TestSolvedByNobodyWhoMay(t *testing.T) {
	gone := int64(0)
	w := newWorld(t, zendesksim.Options{}, func(w *world) {
		gone = w.sim.AddUser(zendesksim.User{Name: "Gone Agent", Email: "gone@desk.example", Role: zendesksim.Agent, Verified: true})
		w.sim.UpdateUser(gone, func(u *zendesksim.User) { u.Suspended = true })
		w.options.AssigneeID = gone
	})
	u := step(w.ticket(w.file()), "<p>see</p>")
	u.Status = bot.StatusSolved
	var declined *bot.DeclinedError
	if err := w.desk.Update(t.Context(), u); !errors.As(err, &declined) || !slices.Contains(declined.About, "assignee") {
		t.Errorf("got %v", err)
	}
}
