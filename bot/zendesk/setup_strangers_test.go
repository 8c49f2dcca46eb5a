package zendesk_test

import (
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"privacydesk/bot/zendesk"
	"privacydesk/bot/zendesksim"
)

// TestSetUpLeavesStrangersAlone: what only looks like ours is named and not
// touched.
func TestSetUpLeavesStrangersAlone(t *testing.T) {
	w := bare(t)
	field := w.sim.AddTicketField(zendesksim.TicketField{Title: "Account", Type: "integer"})
	form := w.sim.AddTicketForm(zendesksim.TicketForm{Name: "data & privacy", FieldIDs: []int64{field}, Inactive: true})
	hook, _ := w.sim.AddWebhook("https://elsewhere.example/", "zen:event-type:ticket.created")
	status := w.sim.AddCustomStatus("solved", "erledigt")
	before := fmt.Sprint(w.read("ticket_fields", field), w.read("ticket_forms", form), w.read("webhooks", hook))
	done := w.setUp(zendesk.Wanted{CustomStatus: true})
	if after := fmt.Sprint(w.read("ticket_fields", field), w.read("ticket_forms", form), w.read("webhooks", hook)); after != before {
		t.Errorf("a stranger's was changed:\n%s\n%s", before, after)
	}
	for option, stranger := range map[string]int64{"tenant_field": field, "form": form} {
		if i := item(t, done, option); i.ID == fmt.Sprint(stranger) || !strings.Contains(fmt.Sprint(i.Notes), fmt.Sprint(stranger, " has this title and is not ours")) {
			t.Errorf("%s: %+v", option, i)
		}
	}
	if i := item(t, done, "resolved_status"); i.ID != fmt.Sprint(status) || i.State != zendesk.Exists {
		t.Errorf("the status: %+v", i)
	}
	if !done.Ready() {
		t.Errorf("not done: %+v", done)
	}
}

func (w *world) read(collection string, id any) map[string]any {
	w.Helper()
	var out map[string]any
	w.asAdmin(http.MethodGet, fmt.Sprintf("%s/%v", collection, id), nil, &out)
	return out
}

// TestSetUpBesideAnotherInstallation: its webhook keeps its address.
func TestSetUpBesideAnotherInstallation(t *testing.T) {
	w := bare(t)
	first := w.setUp(zendesk.Wanted{})
	w.options.Webhook.URL = "https://staging.shop.example/webhooks/zendesk"
	w.desk = w.open()
	second := w.setUp(zendesk.Wanted{})
	for _, option := range []string{"zendesk.webhook.id", "zendesk.webhook.trigger"} {
		if first.ID(option) == second.ID(option) || second.ID(option) == "" {
			t.Errorf("%s: %s and %s", option, first.ID(option), second.ID(option))
		}
	}
	if first.ID("zendesk.form") != second.ID("zendesk.form") {
		t.Error("the form was made twice")
	}
	if w.options.Webhook.URL = hookURL; !reflect.DeepEqual(idsOf(w.open1().setUp(zendesk.Wanted{})), idsOf(first)) {
		t.Error("the first installation finds other objects than it made")
	}
	// Named by its id, it is the admin's word, and moves.
	w.options.Webhook.ID, w.options.Webhook.URL = first.ID("zendesk.webhook.id"), "https://moved.shop.example/hook"
	if i := item(t, w.open1().setUp(zendesk.Wanted{}), "webhook.id"); i.State != zendesk.Repair || !i.Done {
		t.Errorf("the move: %+v", i)
	}
}

func (w *world) open1() *world { w.desk = w.open(); return w }

// TestSetUpThatIsBlocked: each obstacle is named, and the rest is done.
func TestSetUpThatIsBlocked(t *testing.T) {
	for _, c := range []struct {
		name   string
		set    func(*world) zendesk.Wanted
		option string
		note   string
	}{
		{"a taken tag", func(w *world) zendesk.Wanted {
			w.sim.AddTicketField(zendesksim.TicketField{Title: "By hand", Type: "tagger", Options: []zendesksim.FieldOption{{Name: "D", Value: "privacy_delete"}}})
			return zendesk.Wanted{}
		}, "kind_field", "write its id into zendesk.kind_field"},
		{"a field of another type", func(w *world) zendesk.Wanted {
			return zendesk.Wanted{TenantField: w.sim.AddTicketField(zendesksim.TicketField{Title: "Account", Type: "date"})}
		}, "tenant_field", "its type is date"},
		{"a webhook for events", func(w *world) zendesk.Wanted {
			w.options.Webhook.ID, _ = w.sim.AddWebhook(hookURL, "zen:event-type:ticket.created")
			w.desk = w.open()
			return zendesk.Wanted{}
		}, "webhook.id", "take its id out of zendesk.webhook.id"},
		{"no forms in the plan", func(w *world) zendesk.Wanted { w.sim.SetTicketForms(false); return zendesk.Wanted{} }, "form", "plan has no ticket forms"},
		{"as many forms as Zendesk allows", func(w *world) zendesk.Wanted {
			for i := range 299 {
				w.sim.AddTicketForm(zendesksim.TicketForm{Name: fmt.Sprint("f", i)})
			}
			return zendesk.Wanted{}
		}, "form", "Zendesk's limit"},
		{"an inactive status", func(w *world) zendesk.Wanted {
			id := w.sim.AddCustomStatus("solved", "Erledigt")
			w.asAdmin(http.MethodPut, fmt.Sprint("custom_statuses/", id), map[string]any{"custom_status": map[string]any{"active": false}}, nil)
			return zendesk.Wanted{}
		}, "resolved_status", "not active and not ours"},
		{"an id that leads nowhere", func(*world) zendesk.Wanted { return zendesk.Wanted{KindField: 5} }, "kind_field", "there is no ticket field 5 any more"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := bare(t)
			done := w.setUp(c.set(w))
			if i := item(t, done, c.option); !strings.Contains(fmt.Sprint(i.Notes), c.note) || (i.State != zendesk.Blocked) != (c.option == "kind_field" && c.note[0] == 't') {
				t.Errorf("got %+v", i)
			}
			if i := item(t, done, "due_field"); !i.Done {
				t.Errorf("the due field was not made: %+v", i)
			}
		})
	}
}

// TestSetUpWithoutRights: an agent's credentials are told what they lack, and
// no plan pretends.
func TestSetUpWithoutRights(t *testing.T) {
	w := bare(t, func(w *world) {
		w.options.OAuth, w.options.APIToken = zendesk.OAuth{}, zendesk.APIToken{Email: agentMail, Token: "agent-token"}
	})
	done := w.setUp(zendesk.Wanted{})
	if done.Ready() {
		t.Error("an agent set it up")
	}
	if got := fmt.Sprint(done.Lacks); !strings.Contains(got, "role admin") || !strings.Contains(got, "GET /webhooks") {
		t.Errorf("lacks: %s", got)
	}
	if i := item(t, done, "kind_field"); i.Done || !strings.Contains(i.Error, "403") {
		t.Errorf("got %+v", i)
	}
	if i := item(t, done, "webhook.id"); i.State != zendesk.Blocked {
		t.Errorf("got %+v", i)
	}
	narrow := bare(t, func(w *world) {
		w.sim.AddOAuthClient("narrow", "s", w.bot, "read")
		w.options.OAuth = zendesk.OAuth{ClientID: "narrow", ClientSecret: "s", Scope: "read"}
	})
	if got := fmt.Sprint(narrow.plan(zendesk.Wanted{}).Lacks); !strings.Contains(got, "scope write") || strings.Contains(got, "scope read") {
		t.Errorf("lacks: %s", got)
	}
	problems, err := narrow.desk.Check(t.Context(), zendesk.Uses{})
	if got := fmt.Sprint(problems); err != nil || !strings.Contains(got, "lacks the scope write") {
		t.Errorf("check: %v, %v", problems, err)
	}
}

// TestSetUpThatStopsInTheMiddle: what was made is found again.
func TestSetUpThatStopsInTheMiddle(t *testing.T) {
	w := bare(t)
	w.sim.Fault(zendesksim.Fault{Kind: zendesksim.Status500, Method: http.MethodPost, Path: "/api/v2/ticket_forms*", Times: -1})
	half := w.setUp(zendesk.Wanted{})
	if i := item(t, half, "form"); i.Error == "" || i.ID != "" || half.Ready() || half.ID("zendesk.form") != "" {
		t.Errorf("got %+v", i)
	}
	if i := item(t, half, "webhook.trigger"); i.State != zendesk.Blocked {
		t.Errorf("a trigger without its form: %+v", i)
	}
	w.sim.ClearFaults()
	whole := w.setUp(zendesk.Wanted{})
	if !whole.Ready() || whole.ID("zendesk.kind_field") != half.ID("zendesk.kind_field") || item(t, whole, "kind_field").State != zendesk.Exists {
		t.Errorf("got %+v", whole)
	}
}

// TestAPageAfterTheOther: marks are found on later pages too.
func TestAPageAfterTheOther(t *testing.T) {
	w := bare(t)
	for i := range 230 {
		w.sim.AddTicketField(zendesksim.TicketField{Title: fmt.Sprint("f", i), Type: "text"})
	}
	first := w.setUp(zendesk.Wanted{})
	if again := w.plan(zendesk.Wanted{}); !reflect.DeepEqual(idsOf(first), idsOf(again)) {
		t.Errorf("got %v and %v", idsOf(first), idsOf(again))
	}
	if strings.Contains(fmt.Sprint(first), "[privacydesk:") {
		t.Error("the plan shows marks")
	}
	if !slices.ContainsFunc(first.Items, func(i zendesk.Item) bool { return i.State == zendesk.Skipped }) {
		t.Error("no custom status was asked for, and none is skipped")
	}
}

// TestTheFormIsNotGuessed: without its id, a form is known by the field on it;
// where the field stands on several and no title tells, a person has to.
func TestTheFormIsNotGuessed(t *testing.T) {
	w := bare(t)
	first := w.setUp(zendesk.Wanted{})
	kind := w.idOf(first, "kind_field")
	put := func(body map[string]any) {
		w.asAdmin(http.MethodPut, "ticket_forms/"+first.ID("zendesk.form"), map[string]any{"ticket_form": body}, nil)
	}
	put(map[string]any{"name": "Renamed"})
	if got := w.plan(zendesk.Wanted{}); got.ID("zendesk.form") != first.ID("zendesk.form") {
		t.Errorf("the renamed form is not found: %+v", item(t, got, "form"))
	}
	general := w.sim.AddTicketForm(zendesksim.TicketForm{Name: "General", FieldIDs: []int64{kind}, EndUserVisible: true})
	if i := item(t, w.setUp(zendesk.Wanted{}), "form"); i.State != zendesk.Blocked || i.ID != "" || !strings.Contains(fmt.Sprint(i.Notes), "stands on 2 forms") {
		t.Errorf("guessed: %+v", i)
	}
	put(map[string]any{"name": "Data & Privacy"})
	if got := w.plan(zendesk.Wanted{}); got.ID("zendesk.form") != first.ID("zendesk.form") {
		t.Errorf("the title does not tell: %+v", item(t, got, "form"))
	}
	if got := w.plan(zendesk.Wanted{Form: general}); got.ID("zendesk.form") != fmt.Sprint(general) {
		t.Errorf("the id does not tell: %+v", item(t, got, "form"))
	}
}

// TestWhenItBegan: by the clock that is behind, lest a ticket that is filed
// right after counts as older.
func TestWhenItBegan(t *testing.T) {
	w := bare(t)
	if got := w.plan(zendesk.Wanted{}).At; !got.Equal(w.clock.now().Truncate(time.Second)) {
		t.Errorf("got %v", got)
	}
	ahead := w.clock.now().Add(-time.Hour).Truncate(time.Second)
	base := w.transport
	w.transport = roundTrip(func(r *http.Request) (*http.Response, error) {
		resp, err := base.RoundTrip(r)
		if err == nil {
			resp.Header.Set("Date", ahead.UTC().Format(http.TimeFormat))
		}
		return resp, err
	})
	if got := w.open1().plan(zendesk.Wanted{}).At; !got.Equal(ahead) {
		t.Errorf("got %v, Zendesk's clock says %v", got, ahead)
	}
}

func TestCheckOfThePlan(t *testing.T) {
	w := bare(t)
	want := w.take(w.setUp(zendesk.Wanted{}))
	w.sim.SetTicketForms(false)
	problems, err := w.desk.Check(t.Context(), uses(want))
	if err != nil || !slices.ContainsFunc(problems, func(p zendesk.Problem) bool { return p.Where == "the account's plan" && p.Severity == zendesk.Blocks }) {
		t.Errorf("got %v, %v", problems, err)
	}
}

func TestCheckOfTheWebhooksPath(t *testing.T) {
	w := bare(t, func(w *world) { w.options.Webhook.URL = "https://privacy.shop.example/elsewhere" })
	problems, err := w.desk.Check(t.Context(), zendesk.Uses{})
	if err != nil || !slices.ContainsFunc(problems, func(p zendesk.Problem) bool { return p.Where == "zendesk.webhook.url" && p.Severity == zendesk.Warns }) {
		t.Errorf("got %v, %v", problems, err)
	}
}
