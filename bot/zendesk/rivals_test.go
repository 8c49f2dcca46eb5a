package zendesk_test

import (
	"fmt"
	"slices"
	"testing"

	"privacydesk/bot/zendesk"
	"privacydesk/bot/zendesksim"
)

type (
	tests   = []zendesksim.Test
	actions = []zendesksim.Action
)

// TestRivals: rules that could touch our tickets are named with what they do,
// and those that surely can't are not.
func TestRivals(t *testing.T) {
	w := bare(t)
	want := w.take(w.setUp(zendesk.Wanted{CustomStatus: true, Tag: "privacy_request"}))
	solve, mail := actions{{Field: "status", Value: "solved"}}, actions{{Field: "notification_user", Value: []any{"requester_id", "s", "b"}}}
	other, form := fmt.Sprint(w.sim.AddTicketForm(zendesksim.TicketForm{Name: "Other"})), fmt.Sprint(want.Form)
	status := fmt.Sprint(w.sim.AddCustomStatus("solved", "Finished"))
	kinds := "privacy_access privacy_delete privacy_opt_out privacy_direct"
	for _, c := range []struct {
		title string
		rule  zendesksim.Rule
		auto  bool
		want  string // what it does, a star before for tagged tickets alone; "" when it is not named
	}{
		{title: "solve all", rule: zendesksim.Rule{Actions: solve}, want: "[solves the ticket]"},
		{title: "solve old", auto: true, rule: zendesksim.Rule{All: tests{{Field: "PENDING", Operator: "greater_than", Value: "24"}}, Actions: solve}, want: "[solves the ticket]"},
		{title: "by custom status", rule: zendesksim.Rule{Actions: actions{{Field: "custom_status_id", Value: status}}}, want: "[solves the ticket]"},
		{title: "unknown custom status", rule: zendesksim.Rule{Actions: actions{{Field: "custom_status_id", Value: "5"}}}, want: "[solves the ticket]"},
		{title: "inactive", rule: zendesksim.Rule{Inactive: true, Actions: solve}},
		{title: "close what is solved", auto: true, rule: zendesksim.Rule{All: tests{{Field: "SOLVED", Operator: "greater_than", Value: "96"}}, Actions: actions{{Field: "status", Value: "closed"}}}},
		{title: "close what is not", auto: true, rule: zendesksim.Rule{All: tests{{Field: "OPEN", Operator: "greater_than", Value: "96"}}, Actions: actions{{Field: "status", Value: "closed"}}}, want: "[solves the ticket]"},
		{title: "open", rule: zendesksim.Rule{Actions: actions{{Field: "status", Value: "open"}, {Field: "priority", Value: "high"}}}},
		{title: "assign", rule: zendesksim.Rule{Actions: actions{{Field: "group_id", Value: "7"}, {Field: "assignee_id", Value: "current_user"}}}, want: "[reassigns the ticket]"},
		{title: "answer", rule: zendesksim.Rule{Actions: mail}, want: "[answers the requester]"},
		{title: "pass on", rule: zendesksim.Rule{All: tests{{Field: "comment_is_public", Operator: "is", Value: "true"}}, Actions: mail}},
		{title: "tell agents", rule: zendesksim.Rule{Actions: actions{{Field: "notification_group", Value: []any{"7", "s", "b"}}}}},
		{title: "another form", rule: zendesksim.Rule{All: tests{{Field: "ticket_form_id", Operator: "is", Value: other}}, Actions: solve}, want: "*[solves the ticket]"},
		{title: "not our form", rule: zendesksim.Rule{All: tests{{Field: "ticket_form_id", Operator: "is_not", Value: form}}, Actions: solve}, want: "*[solves the ticket]"},
		{title: "neither form nor tag", rule: zendesksim.Rule{All: tests{
			{Field: "ticket_form_id", Operator: "is_not", Value: form}, {Field: "current_tags", Operator: "not_includes", Value: "privacy_request vip"},
		}, Actions: solve}},
		{title: "some kinds", rule: zendesksim.Rule{All: tests{{Field: "current_tags", Operator: "not_includes", Value: "privacy_access privacy_delete"}}, Actions: solve}, want: "[solves the ticket]"},
		{title: "all kinds", rule: zendesksim.Rule{All: tests{{Field: "current_tags", Operator: "not_includes", Value: kinds}}, Actions: solve}, want: "*[solves the ticket]"},
		{title: "the bot's tag, at once", rule: zendesksim.Rule{All: tests{{Field: "current_tags", Operator: "not_includes", Value: "privacydesk"}}, Actions: solve}, want: "[solves the ticket]"},
		{title: "the bot's tag, later", auto: true, rule: zendesksim.Rule{All: tests{{Field: "current_tags", Operator: "not_includes", Value: "privacydesk privacy_request"}}, Actions: solve}},
		{title: "any of", rule: zendesksim.Rule{Any: tests{{Field: "ticket_form_id", Operator: "is", Value: other}, {Field: "brand_id", Operator: "is", Value: "1"}}, Actions: solve}, want: "[solves the ticket]"},
		{title: "any of others", rule: zendesksim.Rule{Any: tests{{Field: "ticket_form_id", Operator: "is", Value: other}}, All: tests{{Field: "current_tags", Operator: "not_includes", Value: "privacy_request"}}, Actions: solve}},
		{title: "more", rule: zendesksim.Rule{Actions: actions{
			{Field: "set_tags", Value: "a"},
			{Field: "cc", Value: "current_user"},
			{Field: "ticket_form_id", Value: other},
			{Field: "notification_webhook", Value: []any{"x", "{}"}},
			{Field: fmt.Sprint("custom_fields_", want.KindField), Value: "privacy_delete"},
			{Field: "comment_value", Value: []any{"channel:all", "hi"}},
		}}, want: "[takes our tags away lets others read the ticket changes the form sends the ticket elsewhere changes our fields answers the requester]"},
		{title: "less", rule: zendesksim.Rule{Actions: actions{
			{Field: "remove_tags", Value: "vip"}, {Field: "ticket_form_id", Value: form}, {Field: "custom_fields_5", Value: "x"},
		}}},
		{title: "our tag", rule: zendesksim.Rule{Actions: actions{{Field: "remove_tags", Value: "vip privacydesk"}}}, want: "[takes our tags away]"},
	} {
		t.Run(c.title, func(t *testing.T) {
			c.rule.Title = c.title
			if c.auto {
				w.sim.AddAutomation(c.rule)
			} else {
				w.sim.AddTrigger(c.rule)
			}
			got, kind := "", ""
			for _, r := range w.plan(want).Rivals {
				if r.Title == c.title {
					got, kind = fmt.Sprint(r.Does), r.Kind
					if r.TaggedOnly {
						got = "*" + got
					}
				}
			}
			if got != c.want || got != "" && (kind == "automation") != c.auto {
				t.Errorf("got %q (%s), want %q", got, kind, c.want)
			}
		})
	}
	problems, err := w.desk.Check(t.Context(), uses(want))
	if err != nil || !slices.ContainsFunc(problems, func(p zendesk.Problem) bool {
		return p.Severity == zendesk.Warns && p.Where[:17] == "Zendesk's trigger" && p.What == `"solve all" could fire on a privacy ticket: it solves the ticket`
	}) {
		t.Errorf("check: %v, %v", problems, err)
	}
}

// TestRivalsBeforeThereIsAForm: no rule can be about it yet.
func TestRivalsBeforeThereIsAForm(t *testing.T) {
	w := bare(t)
	w.sim.AddTrigger(zendesksim.Rule{Title: "theirs", All: tests{{Field: "ticket_form_id", Operator: "is", Value: "5"}}, Actions: actions{{Field: "status", Value: "solved"}}})
	w.sim.AddTrigger(zendesksim.Rule{Title: "all", All: tests{{Field: "ticket_form_id", Operator: "is_not", Value: "5"}}, Actions: actions{{Field: "status", Value: "solved"}}})
	if r := w.plan(zendesk.Wanted{}).Rivals; len(r) != 1 || r[0].Title != "all" {
		t.Errorf("got %+v", r)
	}
}

func TestCheckOfMailedAttachmentsAndTags(t *testing.T) {
	w := bare(t)
	w.sim.SetEmailAttachments(true)
	problems, err := w.desk.Check(t.Context(), zendesk.Uses{})
	if err != nil || !slices.ContainsFunc(problems, func(p zendesk.Problem) bool {
		return p.Severity == zendesk.Blocks && p.Where == "Admin Center, Objects and rules, Tickets, Settings"
	}) {
		t.Errorf("got %v, %v", problems, err)
	}
}
