package sample

import (
	"fmt"

	"privacydesk/bot/zendesksim"
)

// Tenants of the sample.
const (
	Acme   = "acme"
	Globex = "globex"
)

// User is somebody who files tickets, as the product's directory knows them.
type User struct {
	Email, Name, Tenant string
	Admin               bool
}

// Users of the product. Carla is none of them: she is a consumer.
func Users() []User {
	return []User{
		{"alex@acme.example", "Alex Admin", Acme, true},
		{"uli@acme.example", "Uli User", Acme, false},
		{"gina@globex.example", "Gina Global", Globex, true},
	}
}

// account says in words whose user somebody is.
func (u User) account() string {
	switch {
	case u.Tenant == "":
		return "none: a consumer"
	case u.Admin:
		return u.Tenant + ", whose admin they are"
	}
	return u.Tenant + ", without being an admin"
}

// Consumer files a request that is not hers to file here.
func Consumer() User { return User{Email: "carla@mail.example", Name: "Carla Consumer"} }

// Agent is who answers tickets at the desk.
func Agent() User { return User{Email: "agnes@vendor.example", Name: "Agnes Agent"} }

// APIToken signs in as any of the desk's people.
const APIToken = "demo-api-token" //nolint:gosec // of the simulated account alone, and printed

// Desk is a simulated Zendesk account with what privacydesk needs in it.
type Desk struct {
	Sim                    *zendesksim.Sim
	Form                   int64
	Kind, Tenant, Due      int64 // ticket fields
	Bot                    int64
	ClientID, ClientSecret string
	users                  map[string]int64
}

// KindValues are the values of the form's kind field.
func KindValues() map[string]string {
	return map[string]string{"privacy_access": "access", "privacy_delete": "delete", "privacy_opt_out": "opt_out", "privacy_direct": "direct"}
}

// NewDesk furnishes a simulator.
func NewDesk(sim *zendesksim.Sim) *Desk {
	d := &Desk{Sim: sim}
	kinds := []zendesksim.FieldOption{
		{Name: "Access", Value: "privacy_access"},
		{Name: "Delete", Value: "privacy_delete"},
		{Name: "Opt-out", Value: "privacy_opt_out"},
		{Name: "My own data", Value: "privacy_direct"},
	}
	d.Kind = sim.AddTicketField(zendesksim.TicketField{Title: "Privacy request", Type: "tagger", Options: kinds, VisibleInPortal: true, EditableInPortal: true})
	d.Tenant = sim.AddTicketField(zendesksim.TicketField{Title: "Account", Type: "text", VisibleInPortal: true, EditableInPortal: true})
	d.Due = sim.AddTicketField(zendesksim.TicketField{Title: "Privacy due date", Type: "date"})
	d.Form = sim.AddTicketForm(zendesksim.TicketForm{Name: "Data & Privacy", EndUserVisible: true, FieldIDs: []int64{d.Kind, d.Tenant, d.Due}})
	sim.AddCustomStatus("solved", "Resolved")
	d.populate()
	return d
}

// EmptyDesk is an account with people and an OAuth client, in which nobody has
// set anything up. Who follows a link to it is signed in as the bot.
func EmptyDesk(sim *zendesksim.Sim) *Desk {
	d := &Desk{Sim: sim}
	d.populate()
	sim.SignInBrowser(d.Bot)
	return d
}

func (d *Desk) populate() {
	d.ClientID, d.ClientSecret, d.users = "privacydesk", "demo-client-secret", map[string]int64{}
	d.Bot = d.Sim.AddUser(zendesksim.User{Name: "privacydesk", Email: "privacydesk@vendor.example", Role: zendesksim.Admin, Verified: true, Note: "the bot's own user"})
	d.Sim.AddGroup("Privacy", d.Bot)
	d.Sim.AddOAuthClient(d.ClientID, d.ClientSecret, d.Bot, "read write")
	for _, u := range append(Users(), Consumer()) {
		d.users[u.Email] = d.Sim.AddUser(zendesksim.User{Name: u.Name, Email: u.Email, Verified: true, Note: u.account()})
	}
	agent := d.Sim.AddUser(zendesksim.User{Name: Agent().Name, Email: Agent().Email, Role: zendesksim.Agent, Verified: true, Note: "the vendor's agent"})
	d.users[Agent().Email] = agent
	d.Sim.AddAPIToken("", APIToken)
}

// User is the desk's number of somebody who files.
func (d *Desk) User(email string) int64 {
	id, ok := d.users[email]
	if !ok {
		panic("sample: nobody files as " + email)
	}
	return id
}

// File files a ticket through the form. kind is access, delete, opt_out or
// direct; tenant names the account in the form and may be empty.
func (d *Desk) File(email, kind, tenant, subject, body string) int64 {
	fields := map[int64]any{}
	for value, means := range KindValues() {
		if means == kind {
			fields[d.Kind] = value
		}
	}
	if tenant != "" {
		fields[d.Tenant] = tenant
	}
	return d.Sim.FileTicket(zendesksim.NewTicket{
		RequesterID: d.User(email), Subject: subject, Body: body, FormID: d.Form, CustomFields: fields,
	})
}

// Body is what an admin writes about one person.
func Body(kind string, addresses ...string) string {
	verb := "Please send us everything you hold about"
	if kind == "delete" {
		verb = "Please delete all data of"
	}
	out := verb + " this person:\n"
	for _, a := range addresses {
		out += "\n" + a
	}
	return fmt.Sprintf("%s\n\nThank you", out)
}
