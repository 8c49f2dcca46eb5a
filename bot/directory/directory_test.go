package directory_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"privacydesk/bot"
	"privacydesk/bot/directory"
	"privacydesk/bot/reading"
	"privacydesk/connectors/connectortest/servers"
)

func TestMain(m *testing.M) { os.Exit(servers.Main(m)) }

func env() directory.Env { return directory.Env{Normalise: reading.Normalise} }

func person(email string) bot.Person {
	return bot.Person{ID: 1, Email: email, Role: "end-user", Verified: true, Active: true}
}

func open(t testing.TB, kind string, options any) directory.Directory {
	t.Helper()
	d, err := directory.Open(kind, env(), options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

// say is a standing in short: "acme+ globex" for an admin of acme who is also
// a user of globex, "?" for somebody unknown.
func say(t testing.TB, d bot.Directory, p bot.Person) string {
	t.Helper()
	s, err := d.Standing(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	return short(s)
}

func short(s bot.Standing) string {
	if !s.Known {
		if len(s.Tenants) > 0 {
			return "unknown with tenants"
		}
		return "?"
	}
	var out []string
	for _, r := range s.Tenants {
		name := r.Tenant
		if r.Admin {
			name += "+"
		}
		out = append(out, name)
	}
	return strings.Join(out, " ")
}

func TestStatic(t *testing.T) {
	o := &directory.StaticOptions{Users: []directory.StaticUser{
		{Email: "Alex@Acme.example", Tenant: "acme", Admin: true},
		{Email: "alex@acme.example", Tenant: "globex"},
		{Email: "uli@acme.example", Tenant: "acme"},
		{Email: "two@acme.example", Tenant: "acme", Admin: true},
		{Email: "TWO@acme.example", Tenant: "acme"},
	}}
	d := open(t, "static", o)
	for email, want := range map[string]string{
		"alex@acme.example": "acme+ globex", "ALEX@ACME.EXAMPLE": "acme+ globex", "uli@acme.example": "acme", "nobody@acme.example": "?", "": "?",
		"two@acme.example": "acme", // said twice, and not the same
	} {
		if got := say(t, d, person(email)); got != want {
			t.Errorf("%s: %q, want %q", email, got, want)
		}
	}
	s, _ := d.Standing(t.Context(), person("alex@acme.example"))
	s.Tenants[1].Admin = true
	if got := say(t, d, person("alex@acme.example")); got != "acme+ globex" {
		t.Errorf("a caller changed the directory: %s", got)
	}
}

// Somebody of whom the desk is not sure is nobody, in every kind.
func TestUnprovenPeopleHaveNoStanding(t *testing.T) {
	for _, d := range []directory.Directory{
		open(t, "static", &directory.StaticOptions{Users: []directory.StaticUser{{Email: "alex@acme.example", Tenant: "acme", Admin: true}}}),
		open(t, "zendesk", &directory.ZendeskOptions{TenantField: "tenant", RoleField: "role", AdminRoles: []string{"admin"}, AcceptAgentEditable: true}),
		sqlite(t, alexAlone),
	} {
		p := person("alex@acme.example")
		p.Fields = map[string]string{"tenant": "acme", "role": "admin"}
		if got := say(t, d, p); got != "acme+" {
			t.Fatalf("%T does not know the admin: %q", d, got)
		}
		for name, change := range map[string]func(*bot.Person){
			"unverified": func(p *bot.Person) { p.Verified = false },
			"suspended":  func(p *bot.Person) { p.Suspended = true },
			"deleted":    func(p *bot.Person) { p.Active = false },
			"nameless":   func(p *bot.Person) { p.Email = "" },
			"no address": func(p *bot.Person) { p.Email = "alex" },
		} {
			q := p
			change(&q)
			if got := say(t, d, q); got != "?" {
				t.Errorf("%T: %s is %q", d, name, got)
			}
		}
		if err := d.Check(t.Context()); err != nil {
			t.Errorf("%T: %v", d, err)
		}
	}
}

// Membership, roles at the desk and display names give nobody a right.
func TestZendeskNeedsBothFields(t *testing.T) {
	d := open(t, "zendesk", &directory.ZendeskOptions{TenantField: "tenant", RoleField: "role", AdminRoles: []string{"admin", "owner"}, AcceptAgentEditable: true})
	for name, c := range map[string]struct {
		change func(*bot.Person)
		want   string
	}{
		"both":           {func(p *bot.Person) { p.Fields = map[string]string{"tenant": "acme", "role": "owner"} }, "acme+"},
		"another role":   {func(p *bot.Person) { p.Fields = map[string]string{"tenant": "acme", "role": "Admin"} }, "acme"},
		"no role":        {func(p *bot.Person) { p.Fields = map[string]string{"tenant": "acme"} }, "acme"},
		"no tenant":      {func(p *bot.Person) { p.Fields = map[string]string{"role": "admin"} }, "?"},
		"blank tenant":   {func(p *bot.Person) { p.Fields = map[string]string{"tenant": " ", "role": "admin"} }, "?"},
		"organizations":  {func(p *bot.Person) { p.Organizations = []int64{1, 2} }, "?"},
		"staff":          {func(p *bot.Person) { p.Role = "admin" }, "?"},
		"a display name": {func(p *bot.Person) { p.Name = "Admin of acme" }, "?"},
	} {
		p := person("jo@acme.example")
		c.change(&p)
		if got := say(t, d, p); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestOpenRefusesBadOptions(t *testing.T) {
	good := func() *directory.SQLOptions {
		return &directory.SQLOptions{Driver: "sqlite", DSN: "x.db", Query: "SELECT email, tenant, is_admin FROM users WHERE email = :email", Timeout: 1, MaxRows: 1}
	}
	with := func(change func(*directory.SQLOptions)) *directory.SQLOptions {
		o := good()
		change(o)
		return o
	}
	for name, c := range map[string]struct {
		kind    string
		options any
		want    string
	}{
		"no kind":            {"ldap", nil, "sql, static, zendesk"},
		"another's options":  {"sql", &directory.StaticOptions{}, "StaticOptions"},
		"not accepted":       {"zendesk", &directory.ZendeskOptions{TenantField: "t", RoleField: "r", AdminRoles: []string{"a"}}, "accept_agent_editable"},
		"one field for both": {"zendesk", &directory.ZendeskOptions{TenantField: "t", RoleField: "t", AdminRoles: []string{"a"}, AcceptAgentEditable: true}, "role_field"},
		"no roles":           {"zendesk", &directory.ZendeskOptions{TenantField: "t", RoleField: "r", AcceptAgentEditable: true}, "admin_roles"},
		"an empty role":      {"zendesk", &directory.ZendeskOptions{TenantField: "t", RoleField: "r", AdminRoles: []string{""}, AcceptAgentEditable: true}, "admin_roles"},
		"no address":         {"static", &directory.StaticOptions{Users: []directory.StaticUser{{Email: "Secret Name", Tenant: "acme"}}}, "users[0].email"},
		"no tenant":          {"static", &directory.StaticOptions{Users: []directory.StaticUser{{Email: "secret@acme.example"}}}, "users[0].tenant"},
		"driver":             {"sql", with(func(o *directory.SQLOptions) { o.Driver = "oracle" }), "driver"},
		"dsn":                {"sql", with(func(o *directory.SQLOptions) { o.DSN = " " }), "dsn"},
		"bad sqlite dsn":     {"sql", with(func(o *directory.SQLOptions) { o.DSN = "file:secret?mode=rw" }), "dsn"},
		"bad postgres dsn":   {"sql", with(func(o *directory.SQLOptions) { o.Driver, o.DSN = "postgres", "postgres://secret:secret@h:port/" }), "dsn"},
		"bad mysql dsn":      {"sql", with(func(o *directory.SQLOptions) { o.Driver, o.DSN = "mysql", "secret" }), "dsn"},
		"no placeholder":     {"sql", with(func(o *directory.SQLOptions) { o.Query = "SELECT email, tenant, is_admin FROM users" }), ":email"},
		"timeout":            {"sql", with(func(o *directory.SQLOptions) { o.Timeout = 0 }), "timeout"},
		"max rows":           {"sql", with(func(o *directory.SQLOptions) { o.MaxRows = 0 }), "max_rows"},
	} {
		d, err := directory.Open(c.kind, env(), c.options)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
		if err != nil && strings.Contains(strings.ToLower(err.Error()), "secret") {
			t.Errorf("%s: the error quotes what it must not: %v", name, err)
		}
		if err != nil && d != nil {
			t.Errorf("%s: an error and a directory", name)
		}
	}
	if _, err := directory.Open("static", directory.Env{}, &directory.StaticOptions{}); err == nil {
		t.Error("without a way to normalise")
	}
}

// A kind's options are usable as its Options returns them, but for what only
// the operator can know.
func TestKindsDeclareTheirOptions(t *testing.T) {
	var names []string
	for _, k := range directory.Kinds() {
		names = append(names, k.Name)
		if _, ok := k.Options().(interface{ Validate() error }); !ok || k.Summary == "" {
			t.Errorf("%s is not declared in full", k.Name)
		}
	}
	if !slices.Equal(names, []string{"sql", "static", "zendesk"}) {
		t.Errorf("%v", names)
	}
}
