package talk_test

import (
	"fmt"
	"strings"
	"testing"

	"privacydesk/bot"
	"privacydesk/bot/bottest/talk"
	"privacydesk/bot/bottest/world"
	"privacydesk/bot/zendesksim"
	"privacydesk/connectors"
)

// mixKind is one of ten kinds of ticket, and how it must end.
type mixKind struct {
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

func mixKinds() []mixKind {
	access := mixKind{kind: "access", text: "Everything on %s, please.", known: true, state: "resolved", why: bot.ReasonDelivered, status: "solved", public: 2}
	del := mixKind{kind: "delete", text: "Please delete %s.", known: true, state: "resolved", why: bot.ReasonErased, status: "solved", public: 2}
	return []mixKind{
		access, access, del, del, del,
		{kind: "access", text: "Everything on %s, please.", state: "resolved", why: bot.ReasonNothingFound, status: "solved", public: 2},
		{kind: "delete", text: "Please delete %s.", known: true, plain: true, state: "rejected", why: bot.ReasonNotAdmin, status: "solved", public: 1},
		{kind: "delete", text: "Please delete our customer.", known: true, reply: "%s", state: "resolved", why: bot.ReasonErased, status: "solved", public: 3},
		{kind: "delete", text: "Please delete %s and joe@x.example.", known: true, state: "needs_info", why: bot.ReasonManySubjects, status: "pending", public: 1},
		{text: "The printer is jammed. %s knows.", elsewhere: true, status: "new"},
	}
}

// mostlyAccess are the same kinds with fewer deletes among them, each of which
// costs twice the calls of an access request.
func mostlyAccess() []mixKind {
	kinds := mixKinds()
	kinds[3], kinds[4] = kinds[0], kinds[5]
	return kinds
}

// mix is many tickets of all kinds, by admins and plain users of many tenants,
// each of whom files some of every kind.
type mix struct {
	*talk.Talk
	kinds         []mixKind
	admins, plain []talk.Person
	tenants       int
	ids           []int64
	replied       map[int64]bool
	open          map[int64]int // tickets that are not where they must end, and which they are
}

func newMix(k *talk.Talk, kinds []mixKind, admins, tenants int) *mix {
	m := &mix{Talk: k, kinds: kinds, tenants: tenants, replied: map[int64]bool{}, open: map[int64]int{}}
	for i := range admins {
		tenant := fmt.Sprintf("t%d", i%tenants)
		m.admins = append(m.admins, k.Meet(fmt.Sprintf("Admin %d", i), fmt.Sprintf("admin%d@admins.example", i), tenant))
		m.plain = append(m.plain, k.Meet(fmt.Sprintf("User %d", i), fmt.Sprintf("user%d@users.example", i), "-"+tenant))
	}
	return m
}

func (m *mix) kind(i int) mixKind { return m.kinds[i%len(m.kinds)] }
func (m *mix) filer(i int) int    { return i / len(m.kinds) % len(m.admins) }
func (m *mix) tenant(i int) string {
	return fmt.Sprintf("t%d", m.filer(i)%m.tenants)
}

func person(i int) string { return fmt.Sprintf("person%d@x.example", i) }

// row is the number of the i-th person's row in the crm.
func row(i int) int64 { return int64(100_000 + i) }

// file files tickets until so many are in scope, and hints at all at once.
func (m *mix) file(inScope int) {
	m.T.Helper()
	var hints []string
	var rows []world.Row
	for i := 0; inScope > 0; i++ {
		kind := m.kind(i)
		n := zendesksim.NewTicket{RequesterID: m.admins[m.filer(i)].ID, Subject: "Data & Privacy", Body: strings.ReplaceAll(kind.text, "%s", person(i))}
		if kind.plain {
			n.RequesterID = m.plain[m.filer(i)].ID
		}
		if !kind.elsewhere {
			n.FormID, n.CustomFields = m.Form, map[int64]any{m.KindField: kind.kind}
			inScope--
		}
		if kind.known {
			rows = append(rows, world.Row{ID: row(i), Tenant: m.tenant(i), Key: connectors.Text(person(i)), Text: "row of " + person(i), Gives: int64(1_000_000 + i)})
		}
		id := m.Sim.FileTicket(n)
		m.ids, hints = append(m.ids, id), append(hints, bot.IDOfTicket(id))
		m.open[id] = i
	}
	m.Systems["crm"].Add(rows...)
	if _, err := m.Store.Hint(m.T.Context(), hints, "", 0); err != nil {
		m.T.Fatal(err)
	}
}

// settled answers questions, and tells whether every ticket has come to rest.
func (m *mix) settled() bool {
	for id, i := range m.open {
		kind := m.kind(i)
		ticket, _ := m.Sim.Ticket(id)
		if kind.reply != "" && !m.replied[id] && ticket.Status == "pending" {
			m.replied[id] = true
			if _, _, err := m.Sim.Reply(id, m.admins[m.filer(i)].ID, strings.ReplaceAll(kind.reply, "%s", person(i)), zendesksim.ReplyOptions{Public: true}); err != nil {
				m.T.Fatal(err)
			}
			m.Hint(id)
		}
		if ticket.Status == kind.status {
			delete(m.open, id)
		}
	}
	if len(m.open) > 0 {
		return false
	}
	fresh, err := m.Store.Newcomers(m.T.Context(), 1)
	if err != nil {
		m.T.Fatal(err)
	}
	due, err := m.Store.Due(m.T.Context(), m.Clock.Now(), 1)
	if err != nil {
		m.T.Fatal(err)
	}
	return len(fresh)+len(due)+len(m.Queue.Waiting()) == 0
}

// ended fails unless every ticket is where it must be, bears each comment
// once, and what was to be erased is gone and nothing else.
func (m *mix) ended() {
	m.T.Helper()
	for i, id := range m.ids {
		kind, t := m.kind(i), m.At(id)
		t.Stands(kind.status)
		if kind.elsewhere {
			t.IsNothing()
		} else {
			t.Is(kind.state, kind.why)
		}
		m.saidOnce(i, id)
	}
	left := map[int64]bool{}
	for _, r := range m.Systems["crm"].Rows() {
		left[r.ID] = true
	}
	for i := range m.ids {
		kind := m.kind(i)
		if want := kind.known && kind.why != bot.ReasonErased; left[row(i)] != want {
			m.T.Errorf("the row of person %d (kind %d) is there: %t", i, i%len(m.kinds), !want)
		}
	}
}

func (m *mix) saidOnce(i int, id int64) {
	m.T.Helper()
	n, said := m.At(id).Comments(true), map[string]bool{}
	for _, c := range m.Sim.Comments(id) {
		if c.Public && strings.Contains(c.Body, "waits for its turn") {
			n-- // told after an hour, whom that befell
		}
		if said[c.Body] {
			m.T.Errorf("ticket %d bears a comment twice", id)
		}
		said[c.Body] = true
	}
	if want := m.kind(i).public; n != want {
		m.T.Errorf("ticket %d (kind %d) bears %d public comments, want %d", id, i%len(m.kinds), n, want)
	}
}

// limits are an account's, by its plan.
type limits struct{ calls, updates int } // a minute

// limited is an account with Zendesk's own limits, which keeps all of its log.
func limited(of limits) func(o *zendesksim.Options) {
	return func(o *zendesksim.Options) {
		o.RequestsPerMinute, o.TicketUpdatesPer10Min, o.AccountUpdatesPerMinute, o.ExportsPerMinute = of.calls, 30, of.updates, 10
		o.KeepRequests = 10_000_000
	}
}

// usual are the bounds that are configured by default, but for the answers that
// one admin gets: here they get as many as they ask for.
func usual(s *bot.Settings) { s.FirstLooks.AtOnce, s.AtOncePerTenant = 16, 8 }

// open makes a house of two replicas at an account with such limits. set
// changes the settings further; nil for none.
func open(t *testing.T, of limits, set func(*bot.Settings)) *talk.Talk {
	t.Helper()
	k := talk.Open(t, talk.Scenario{Sim: limited(of), Set: func(o *bot.Settings) {
		usual(o)
		if set != nil {
			set(o)
		}
	}})
	k.Join()
	return k
}
