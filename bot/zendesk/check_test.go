package zendesk_test

import (
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"privacydesk/bot"
	"privacydesk/bot/zendesk"
	"privacydesk/bot/zendesksim"
)

func TestCheck(t *testing.T) {
	for _, c := range []struct {
		name  string
		set   func(*world)
		uses  zendesk.Uses
		where string // of the one problem; "" for none
		level zendesk.Severity
	}{
		{"all well", func(*world) {}, zendesk.Uses{}, "", ""},
		{"wrong secret", func(w *world) { w.options.OAuth.ClientSecret = "x" }, zendesk.Uses{}, "zendesk", zendesk.Blocks},
		{"no such client", func(w *world) { w.options.OAuth.ClientID = "x" }, zendesk.Uses{}, "zendesk", zendesk.Blocks},
		{"an API token", func(w *world) {
			w.sim.AddAPIToken(botMail, "bot-token")
			w.options.OAuth, w.options.APIToken = zendesk.OAuth{}, zendesk.APIToken{Email: botMail, Token: "bot-token"}
		}, zendesk.Uses{}, "zendesk.api_token", zendesk.Warns},
		{"public attachments", func(w *world) { w.sim.SetPrivateAttachments(false) }, zendesk.Uses{}, "Admin Center", zendesk.Blocks},
		{"no form", func(*world) {}, zendesk.Uses{Form: 5}, "zendesk.form", zendesk.Blocks},
		{"no field", func(*world) {}, zendesk.Uses{Fields: map[string]int64{"zendesk.kind_field": 5}}, "zendesk.kind_field", zendesk.Blocks},
		{"field of another type", func(w *world) { w.options.ReferenceField = w.due }, zendesk.Uses{}, "zendesk.reference_field", zendesk.Blocks},
		{"progress in a drop-down", func(w *world) {
			w.options.ProgressField = w.sim.AddTicketField(zendesksim.TicketField{Title: "P", Type: "tagger"})
		}, zendesk.Uses{}, "zendesk.progress_field", zendesk.Blocks},
		{"no such status", func(w *world) { w.options.ResolvedStatus = "Gone" }, zendesk.Uses{}, "zendesk.resolved_status", zendesk.Warns},
		{"assignee is a customer", func(w *world) { w.options.AssigneeID = w.ann }, zendesk.Uses{}, "zendesk.assignee_id", zendesk.Blocks},
		{"assignee outside of the group", func(w *world) { w.options.GroupID = w.sim.AddGroup("Other") }, zendesk.Uses{}, "zendesk.group_id", zendesk.Blocks},
		{"a small plan", func(w *world) {
			w.transport = plan(w.transport, "200")
		}, zendesk.Uses{}, "the account's plan", zendesk.Warns},
		{"too high a budget", func(w *world) { w.options.RequestsPerMinute = 5000 }, zendesk.Uses{}, "zendesk.requests_per_minute", zendesk.Warns},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, zendesksim.Options{RequestsPerMinute: 700}, c.set)
			w.clock.add(time.Hour)
			problems, err := w.desk.Check(t.Context(), c.uses)
			if err != nil {
				t.Fatal(err)
			}
			if c.where == "" {
				if len(problems) != 0 {
					t.Errorf("got %+v", problems)
				}
				return
			}
			if len(problems) != 1 || !strings.HasPrefix(problems[0].Where, c.where) || problems[0].Severity != c.level || problems[0].What == "" || problems[0].Mend == "" {
				t.Errorf("got %+v, want one at %s that %s", problems, c.where, c.level)
			}
			if n := w.sim.Counts().Writes; n > 2 {
				t.Errorf("the check wrote: %d", n)
			}
		})
	}
}

// plan makes the account's answers tell of another plan's calls a minute.
func plan(base http.RoundTripper, calls string) http.RoundTripper {
	return roundTrip(func(r *http.Request) (*http.Response, error) {
		resp, err := base.RoundTrip(r)
		if err == nil {
			resp.Header.Set("X-Rate-Limit", calls)
		}
		return resp, err
	})
}

func TestCheckOfAnAgent(t *testing.T) {
	w := newWorld(t, zendesksim.Options{}, func(w *world) {
		w.options.OAuth, w.options.APIToken = zendesk.OAuth{}, zendesk.APIToken{Email: agentMail, Token: "agent-token"}
	})
	problems, err := w.desk.Check(t.Context(), zendesk.Uses{})
	if got := fmt.Sprint(problems); err != nil || !strings.Contains(got, "not an admin") || !strings.Contains(got, "incremental export") {
		t.Errorf("got %v, %v", problems, err)
	}
}

func TestCheckOfClocksAndOutages(t *testing.T) {
	w := newWorld(t, zendesksim.Options{})
	base := w.transport
	w.transport = roundTrip(func(r *http.Request) (*http.Response, error) {
		resp, err := base.RoundTrip(r)
		if err == nil {
			resp.Header.Set("Date", w.clock.now().Add(-2*time.Minute).UTC().Format(http.TimeFormat))
		}
		return resp, err
	})
	problems, err := w.open().Check(t.Context(), zendesk.Uses{})
	if err != nil || len(problems) != 1 || problems[0].Where != "this machine's clock" {
		t.Errorf("got %v, %v", problems, err)
	}
	w.server.Close()
	if _, err := w.open().Check(t.Context(), zendesk.Uses{}); !errors.Is(err, bot.ErrUnavailable) {
		t.Errorf("got %v", err)
	}
}

func TestOptions(t *testing.T) {
	oauth := zendesk.OAuth{ClientID: "a", ClientSecret: "b"}
	for _, c := range []struct {
		name string
		o    zendesk.Options
		want string // "" for good
	}{
		{"good", zendesk.Options{Subdomain: "shop-1", OAuth: oauth}, ""},
		{"simulator", zendesk.Options{URL: "http://localhost:8090/", OAuth: oauth}, ""},
		{"no account", zendesk.Options{OAuth: oauth}, "zendesk.subdomain"},
		{"an URL for a subdomain", zendesk.Options{Subdomain: "shop.zendesk.com/x", OAuth: oauth}, "zendesk.subdomain"},
		{"plain http", zendesk.Options{URL: "http://desk.example", OAuth: oauth}, "https"},
		{"a path", zendesk.Options{URL: "https://desk.example/api/v2", OAuth: oauth}, "zendesk.url"},
		{"a password", zendesk.Options{URL: "https://a:b@desk.example", OAuth: oauth}, "zendesk.url"},
		{"no credentials", zendesk.Options{Subdomain: "shop"}, "zendesk.oauth"},
		{"half", zendesk.Options{Subdomain: "shop", OAuth: zendesk.OAuth{ClientID: "a"}}, "together"},
		{"half a token", zendesk.Options{Subdomain: "shop", APIToken: zendesk.APIToken{Token: "a"}}, "together"},
		{"both", zendesk.Options{Subdomain: "shop", OAuth: oauth, APIToken: zendesk.APIToken{Email: "a", Token: "b"}}, "both"},
		{"negative", zendesk.Options{Subdomain: "shop", OAuth: oauth, DueField: -1}, "due_field"},
	} {
		err := c.o.Check()
		if (err == nil) != (c.want == "") || (err != nil && !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: got %v", c.name, err)
		}
	}
	if w := (zendesk.Options{APIToken: zendesk.APIToken{Token: "x"}}).Warnings(); len(w) != 1 || !strings.Contains(w[0], "2027-04-30") {
		t.Errorf("got %v", w)
	}
}

// The tags are what documentation and schema are made of: they must say what
// the code does.
func TestDefaultsAreThoseOfTheTags(t *testing.T) {
	var walk func(v reflect.Value)
	walk = func(v reflect.Value) {
		for i := range v.NumField() {
			f, value := v.Type().Field(i), v.Field(i)
			if f.Tag.Get("yaml") == "" || f.Tag.Get("doc") == "" {
				t.Errorf("%s has no name or no documentation", f.Name)
			}
			if value.Kind() == reflect.Struct {
				walk(value)
				continue
			}
			if want := f.Tag.Get("default"); want != "" && !sameDefault(want, value.Interface()) || want == "" && !value.IsZero() {
				t.Errorf("%s: the tag says %q, the code %v", f.Name, want, value.Interface())
			}
		}
	}
	walk(reflect.ValueOf(zendesk.DefaultOptions()))
}

func sameDefault(tag string, value any) bool {
	if d, ok := value.(time.Duration); ok {
		want, err := time.ParseDuration(tag)
		return err == nil && want == d
	}
	return tag == fmt.Sprint(value)
}
