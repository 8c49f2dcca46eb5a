// Package talk plays conversations on privacy tickets: people who file and
// reply on a simulated Zendesk, the real Desk and engine at the other end, a
// clock that the scenario moves. What is said and what the ticket then shows
// is written down as the scenario runs, and becomes a page in docs/conversations.
package talk

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"privacydesk/bot"
	"privacydesk/bot/bottest/world"
	"privacydesk/bot/policy"
	"privacydesk/bot/reading"
	"privacydesk/bot/zendesk"
	"privacydesk/bot/zendesksim"
)

// Chapter is a group of scenarios on one subject.
type Chapter struct {
	Title     string
	Scenarios []Scenario
}

// Scenario is one conversation. Title says in a sentence what it is about;
// Play acts it out and checks it.
type Scenario struct {
	Title string
	// Set changes the settings before the house opens, Sim the account; nil for
	// the usual ones.
	Set  func(*bot.Settings)
	Sim  func(*zendesksim.Options)
	Play func(*Talk)
}

// Talk is one scenario while it runs. Its World is the house: real engine,
// store, spool and keys, systems in memory.
type Talk struct {
	*world.World
	Sim  *zendesksim.Sim
	Form int64
	// Fields of the form.
	KindField, TenantField, DueField, ProgressField, ReferenceField, AskedOnField, LawField, AttestedField int64
	Resolved                                                                                               int64 // the custom status
	// Options of the desk, as they were when the house opened.
	Options zendesk.Options

	// Meanwhile, when set, is called before Zendesk takes a call: what others do
	// between two of ours.
	Meanwhile func(*http.Request)

	lines  []string
	whys   []bot.Reason // that the scenario expected
	codes  []string     // of notes, in the order in which the transcript shows them
	seen   map[int64]*shown
	people map[int64]string // names by Zendesk's user id
	agent  int64
	most   int          // comments that a ticket takes; 0 for Zendesk's bound
	hook   http.Handler // of the webhook; nil before Hook
	secret string       // that signs them
}

// Person is somebody in a scenario.
type Person struct {
	Name string
	ID   int64
}

// Open makes the house and populates its systems: Jane is known to both
// tenants. Alex is an admin of acme, Gina of globex, Uli a plain user of acme,
// Carla a consumer.
func Open(t testing.TB, s Scenario) *Talk {
	t.Helper()
	k := &Talk{World: world.New(t), seen: map[int64]*shown{}, people: map[int64]string{}}
	hooks := &http.Client{Transport: webhookWay{k}}
	account := zendesksim.Options{WebhookHTTP: hooks, Clock: k.Clock.Now, Sleep: k.sleep, Seed: 1, AssignOnSolve: true}
	if s.Sim != nil {
		s.Sim(&account)
	}
	k.Sim, k.most = zendesksim.New(account), account.MaxComments
	bot := k.Sim.AddUser(zendesksim.User{Name: "Privacy Bot", Email: "bot@vendor.example", Role: zendesksim.Admin, Verified: true})
	k.people[bot] = "privacydesk"
	k.Sim.AddOAuthClient("privacydesk", "client-secret", bot, "read write")
	k.furnish()
	k.Settings.Reading = reading.Rules{
		FormID: k.Form, KindField: k.KindField, MaxText: 20000, Tag: "privacy_request", OwnAddresses: []string{"privacy@vendor.example"},
		KindValues: map[string]reading.Kind{"access": reading.Access, "delete": reading.Delete, "opt_out": reading.OptOut, "direct": reading.Direct},
	}
	k.Settings.TenantField, k.Settings.ShowsProgress = k.TenantField, true
	k.Settings.ReferenceField, k.Settings.AskedOnField, k.Settings.LawField = k.ReferenceField, k.AskedOnField, k.LawField
	k.Settings.AttestedField = k.AttestedField
	k.Settings.OptOut.Statement = "We neither sell personal data nor share it for advertising."
	if s.Set != nil {
		s.Set(&k.Settings)
	}
	k.Options = zendesk.Options{
		URL: "http://127.0.0.1", OAuth: zendesk.OAuth{ClientID: "privacydesk", ClientSecret: "client-secret"},
		DueField: k.DueField, ProgressField: k.ProgressField,
	}
	k.Reopen()
	k.Populate()
	return k
}

func (k *Talk) furnish() {
	option := func(v string) zendesksim.FieldOption { return zendesksim.FieldOption{Name: v, Value: v} }
	k.KindField = k.Sim.AddTicketField(zendesksim.TicketField{
		Title: "Privacy request", Type: "tagger", VisibleInPortal: true, EditableInPortal: true,
		Options: []zendesksim.FieldOption{option("access"), option("delete"), option("opt_out"), option("direct")},
	})
	k.TenantField = k.Sim.AddTicketField(zendesksim.TicketField{Title: "Account", Type: "text", VisibleInPortal: true, EditableInPortal: true})
	k.DueField = k.Sim.AddTicketField(zendesksim.TicketField{Title: "Due", Type: "date"})
	k.ProgressField = k.Sim.AddTicketField(zendesksim.TicketField{Title: "Progress", Type: "text"})
	k.ReferenceField = k.Sim.AddTicketField(zendesksim.TicketField{Title: "Your reference", Type: "text", VisibleInPortal: true, EditableInPortal: true})
	k.AskedOnField = k.Sim.AddTicketField(zendesksim.TicketField{Title: "Asked on", Type: "date", VisibleInPortal: true, EditableInPortal: true})
	laws := zendesksim.TicketField{Title: "Law", Type: "tagger", VisibleInPortal: true, EditableInPortal: true}
	for _, law := range policy.Laws() {
		laws.Options = append(laws.Options, zendesksim.FieldOption{Name: law.Name(), Value: "law_" + string(law)})
	}
	k.LawField = k.Sim.AddTicketField(laws)
	k.AttestedField = k.Sim.AddTicketField(zendesksim.TicketField{Title: "Verified", Type: "checkbox", VisibleInPortal: true, EditableInPortal: true})
	k.Form = k.Sim.AddTicketForm(zendesksim.TicketForm{
		Name: "Data & Privacy", FieldIDs: []int64{k.KindField, k.TenantField, k.DueField, k.ProgressField, k.ReferenceField, k.AskedOnField, k.LawField, k.AttestedField}, EndUserVisible: true,
	})
	k.Resolved = k.Sim.AddCustomStatus("solved", "Resolved")
}

// Reopen starts the daemon anew, on what is stored, with Settings and Options
// as they now are.
func (k *Talk) Reopen() {
	k.T.Helper()
	desk := k.desk(k.Store.Purse())
	k.Outside, k.Patient = desk, desk.Patient()
	k.Start()
}

// Join starts another replica of the daemon beside the one that runs.
func (k *Talk) Join() {
	k.T.Helper()
	desk := k.desk(k.Store.Purse())
	k.World.Join(desk, desk.Patient())
}

func (k *Talk) desk(purse zendesk.Purse) *zendesk.Desk {
	k.T.Helper()
	desk, err := zendesk.New(k.Options, zendesk.Env{
		Clock: k.Clock.Now, Sleep: k.sleep, HTTP: inProcess{k}, Jitter: func() float64 { return 0.5 }, Purse: purse, MaxComments: k.most,
	})
	if err != nil {
		k.T.Fatal(err)
	}
	return desk
}

// sleep moves the clock instead.
func (k *Talk) sleep(ctx context.Context, d time.Duration) error {
	k.Clock.Advance(d)
	return ctx.Err()
}

// inProcess lets the simulator answer without a network.
type inProcess struct{ k *Talk }

func (t inProcess) RoundTrip(r *http.Request) (res *http.Response, err error) {
	defer func() {
		if p := recover(); p != nil {
			if p != http.ErrAbortHandler { //nolint:errorlint // it is a panic's value
				panic(p)
			}
			err = fmt.Errorf("the connection was cut")
		}
	}()
	if r.Body == nil {
		r.Body = http.NoBody
	}
	defer r.Body.Close()
	if t.k.Meanwhile != nil {
		t.k.Meanwhile(r)
	}
	rec := httptest.NewRecorder()
	rec.Header().Set("Date", t.k.Clock.Now().UTC().Format(http.TimeFormat))
	served := r.Clone(r.Context())
	served.RequestURI = r.URL.RequestURI()
	t.k.Sim.ServeHTTP(rec, served)
	return rec.Result(), nil
}

// webhookWay is how a webhook reaches the daemon, without a network.
type webhookWay struct{ k *Talk }

func (w webhookWay) RoundTrip(r *http.Request) (*http.Response, error) {
	if w.k.hook == nil {
		return nil, errors.New("there is no webhook")
	}
	rec := httptest.NewRecorder()
	w.k.hook.ServeHTTP(rec, r)
	return rec.Result(), nil
}

// Meet adds somebody to Zendesk, and to the directory with the rights given
// ("acme" for an admin of acme, "-acme" for a plain user of it).
func (k *Talk) Meet(name, email string, rights ...string) Person {
	id := k.Sim.AddUser(zendesksim.User{Name: name, Email: email, Verified: true})
	k.people[id] = name
	k.Grant(email, rights...)
	return Person{name, id}
}

// Grant changes what the directory says of somebody; none: unknown.
func (k *Talk) Grant(email string, rights ...string) {
	var list []bot.TenantRight
	for _, r := range rights {
		tenant, plain := strings.CutPrefix(r, "-")
		list = append(list, bot.TenantRight{Tenant: tenant, Admin: !plain})
	}
	if len(list) > 0 {
		k.Directory.Set(email, list...)
	}
}

// Alex is an admin of acme.
func (k *Talk) Alex() Person { return k.known("Alex", "alex@acme.example", "acme") }

// Gina is an admin of globex.
func (k *Talk) Gina() Person { return k.known("Gina", "gina@globex.example", "globex") }

// Uli is a plain user of acme.
func (k *Talk) Uli() Person { return k.known("Uli", "uli@acme.example", "-acme") }

// Carla is a consumer.
func (k *Talk) Carla() Person { return k.known("Carla", "carla@mail.example") }

// Agent is one of the vendor's agents.
func (k *Talk) Agent() Person {
	if k.agent == 0 {
		k.agent = k.Sim.AddUser(zendesksim.User{Name: "Agnes", Email: "agnes@vendor.example", Role: zendesksim.Agent, Verified: true})
		k.people[k.agent] = "Agnes (agent)"
	}
	return Person{"Agnes (agent)", k.agent}
}

func (k *Talk) known(name, email string, rights ...string) Person {
	for id, n := range k.people {
		if n == name {
			return Person{name, id}
		}
	}
	return k.Meet(name, email, rights...)
}

// ids of all tickets that the transcript follows, in order.
func (k *Talk) tickets() []int64 {
	var out []int64
	for id := range k.seen {
		out = append(out, id)
	}
	slices.Sort(out)
	return out
}

// Alerts are the tickets that the bot filed for the agents; the transcript
// follows them.
func (k *Talk) Alerts() []Ticket {
	var out []Ticket
	for _, z := range k.Sim.Tickets() {
		if k.people[z.RequesterID] != "privacydesk" {
			continue
		}
		if k.seen[z.ID] == nil {
			k.seen[z.ID] = &shown{}
		}
		out = append(out, Ticket{k, z.ID})
	}
	k.show()
	return out
}
