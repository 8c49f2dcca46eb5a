package talk_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"privacydesk/bot"
	"privacydesk/bot/bottest/talk"
	"privacydesk/bot/bottest/world"
	"privacydesk/bot/zendesksim"
	"privacydesk/connectors"
)

const (
	soakAdmins  = 40
	soakTenants = 10
)

// soakKind is one of ten kinds of ticket, and how it must end.
type soakKind struct {
	kind, text string // %s is the person's address
	plain      bool   // filed by who is no admin
	elsewhere  bool   // not by the form
	known      bool   // the systems hold the person
	reply      string // written once the question is asked
	state      bot.State
	why        bot.Reason
	status     string
	public     int // comments
}

func soakKinds() []soakKind {
	access := soakKind{kind: "access", text: "Everything on %s, please.", known: true, state: "resolved", why: bot.ReasonDelivered, status: "solved", public: 2}
	del := soakKind{kind: "delete", text: "Please delete %s.", known: true, state: "resolved", why: bot.ReasonErased, status: "solved", public: 2}
	return []soakKind{
		access, access, del, del, del,
		{kind: "access", text: "Everything on %s, please.", state: "resolved", why: bot.ReasonNothingFound, status: "solved", public: 2},
		{kind: "delete", text: "Please delete %s.", known: true, plain: true, state: "rejected", why: bot.ReasonNotAdmin, status: "solved", public: 1},
		{kind: "delete", text: "Please delete our customer.", known: true, reply: "%s", state: "resolved", why: bot.ReasonErased, status: "solved", public: 3},
		{kind: "delete", text: "Please delete %s and joe@x.example.", known: true, state: "needs_info", why: bot.ReasonManySubjects, status: "pending", public: 1},
		{text: "The printer is jammed. %s knows.", elsewhere: true, status: "new"},
	}
}

func soakPerson(i int) string { return fmt.Sprintf("soak%d@x.example", i) }

func soakTenant(i int) string { return fmt.Sprintf("t%d", i%soakAdmins%soakTenants) }

// faulty lets one in twenty calls go wrong, in every way that Zendesk has.
func faulty(sim *zendesksim.Sim) {
	const each = 0.05 / 6
	for _, f := range []zendesksim.Fault{
		{Kind: zendesksim.LandsLate, Method: http.MethodPut, Path: "/api/v2/tickets/*", Rate: each * 2},
		{Kind: zendesksim.LandsButAnswerLost, Method: http.MethodPut, Path: "/api/v2/tickets/*", Rate: each * 2},
		{Kind: zendesksim.Conflict409, Method: http.MethodPut, Path: "/api/v2/tickets/*", Rate: each * 2},
		{Kind: zendesksim.Status429, Rate: each, RetryAfter: 7 * time.Second},
		{Kind: zendesksim.Status500, Rate: each},
		{Kind: zendesksim.Status503, Rate: each, RetryAfter: 3 * time.Second},
		{Kind: zendesksim.Slow, Rate: each, Delay: 9 * time.Second},
		{Kind: zendesksim.Cut, Rate: each},
		{Kind: zendesksim.NeverLands, Rate: each},
	} {
		f.Times = -1
		sim.Fault(f)
	}
}

// soak is the test while it runs.
type soak struct {
	*talk.Talk
	ids     []int64
	admins  []talk.Person
	kinds   []soakKind
	replied map[int64]bool
	open    map[int64]int // tickets that are not where they must end, and which they are
}

// TestSoak: 2,000 tickets of mixed kinds, one call in twenty gone wrong; in the
// end each is where it must be, every comment stands there once, what was to be
// erased is gone and nothing else, and no limit of Zendesk's was met.
func TestSoak(t *testing.T) {
	t.Parallel()
	s := &soak{
		Talk: talk.Open(t, talk.Scenario{
			Alone: true, // the shared purse has tests of its own
			Set: func(o *bot.Settings) {
				usual(o)
				o.AnswersPerHour = 60
			},
			Sim: func(o *zendesksim.Options) {
				limited(o)
				o.KeepRequests = 1_000_000
			},
		}),
		kinds: soakKinds(), replied: map[int64]bool{}, open: map[int64]int{},
	}
	s.file()
	faulty(s.Sim)
	began, turn := s.Clock.Now(), 0
	s.Serve(24*time.Hour, func() bool {
		turn++
		if turn%20 == 0 {
			s.Sim.LandLate()
		}
		return turn%50 == 0 && s.settled()
	})
	s.Sim.LandLate()
	s.Sim.ClearFaults()
	s.check()
	calls := s.Sim.Counts()
	t.Logf("%d calls in %s by the clock", calls.Reads+calls.Writes, s.Clock.Now().Sub(began).Round(time.Minute))
}

func (s *soak) file() {
	s.T.Helper()
	for i := range soakAdmins {
		s.admins = append(s.admins, s.Meet(fmt.Sprintf("Admin %d", i), fmt.Sprintf("admin%d@admins.example", i), soakTenant(i)))
	}
	plain := make([]talk.Person, soakAdmins)
	for i := range plain {
		plain[i] = s.Meet(fmt.Sprintf("User %d", i), fmt.Sprintf("user%d@users.example", i), "-"+soakTenant(i))
	}
	hints := make([]string, soakTickets)
	for i := range soakTickets {
		kind := s.kinds[i%len(s.kinds)]
		n := zendesksim.NewTicket{RequesterID: s.admins[i%soakAdmins].ID, Subject: "Data & Privacy", Body: strings.ReplaceAll(kind.text, "%s", soakPerson(i))}
		if kind.plain {
			n.RequesterID = plain[i/len(s.kinds)%soakAdmins].ID
		}
		if !kind.elsewhere {
			n.FormID, n.CustomFields = s.Form, map[int64]any{s.KindField: kind.kind}
		}
		if kind.known {
			s.Systems["crm"].Add(world.Row{ID: int64(10_000 + i), Tenant: soakTenant(i), Key: connectors.Text(soakPerson(i)), Text: "row of " + soakPerson(i), Gives: int64(50_000 + i)})
		}
		id := s.Sim.FileTicket(n)
		s.ids, hints[i], s.open[id] = append(s.ids, id), bot.IDOfTicket(id), i
	}
	if _, err := s.Store.Hint(s.T.Context(), hints, "", 0); err != nil {
		s.T.Fatal(err)
	}
}

// settled answers questions, and tells whether every ticket has come to rest.
func (s *soak) settled() bool {
	for id, i := range s.open {
		kind := s.kinds[i%len(s.kinds)]
		ticket, _ := s.Sim.Ticket(id)
		if kind.reply != "" && !s.replied[id] && ticket.Status == "pending" {
			s.replied[id] = true
			if _, _, err := s.Sim.Reply(id, s.admins[i%soakAdmins].ID, strings.ReplaceAll(kind.reply, "%s", soakPerson(i)), zendesksim.ReplyOptions{Public: true}); err != nil {
				s.T.Fatal(err)
			}
			s.Hint(id)
		}
		if ticket.Status == kind.status {
			delete(s.open, id)
		}
	}
	if len(s.open) > 0 {
		return false
	}
	fresh, err := s.Store.Newcomers(s.T.Context(), 1)
	if err != nil {
		s.T.Fatal(err)
	}
	due, err := s.Store.Due(s.T.Context(), s.Clock.Now(), 1)
	if err != nil {
		s.T.Fatal(err)
	}
	return len(fresh)+len(due)+len(s.Queue.Waiting()) == 0
}

func (s *soak) check() {
	s.T.Helper()
	for i, id := range s.ids {
		kind := s.kinds[i%len(s.kinds)]
		t := s.At(id)
		t.Stands(kind.status)
		if kind.elsewhere {
			t.IsNothing()
		} else {
			t.Is(kind.state, kind.why)
		}
		n := t.Comments(true)
		for _, c := range s.Sim.Comments(id) {
			if c.Public && strings.Contains(c.Body, "waits for its turn") {
				n-- // told after an hour, whom that befell
			}
		}
		if n != kind.public {
			s.T.Errorf("ticket %d (kind %d) bears %d public comments, want %d", id, i%len(s.kinds), n, kind.public)
		}
		said := map[string]bool{}
		for _, c := range s.Sim.Comments(id) {
			if said[c.Body] {
				s.T.Errorf("ticket %d bears a comment twice", id)
			}
			said[c.Body] = true
		}
	}
	left := map[int64]bool{}
	for _, row := range s.Systems["crm"].Rows() {
		left[row.ID] = true
	}
	for i := range s.ids {
		kind := s.kinds[i%len(s.kinds)]
		if want := kind.known && kind.why != bot.ReasonErased; left[int64(10_000+i)] != want {
			s.T.Errorf("the row of person %d (kind %d) is there: %t", i, i%len(s.kinds), !want)
		}
	}
	struck := 0
	for _, r := range s.Sim.Requests() {
		if r.Fault != "" {
			struck++
		} else if r.Status == http.StatusTooManyRequests {
			s.T.Errorf("%s %s met a limit", r.Method, r.Path)
		}
	}
	if all := len(s.Sim.Requests()); struck < all*4/100 {
		s.T.Errorf("only %d of %d calls went wrong", struck, all)
	}
}
