package zendesksim

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// maxTriggerBody bounds a webhook action's JSON [docs, webhooks].
const maxTriggerBody = 16_000

// condition is one test of a trigger.
type condition struct {
	Field    string `json:"field"`
	Operator string `json:"operator"`
	Value    any    `json:"value"`
}

type trigger struct {
	ID          int64
	Title       string
	Description string
	Active      bool
	All, Any    []condition
	Actions     []object
	CategoryID  string
	CreatedAt   time.Time
	UpdatedAt   time.Time
}

func triggerRoutes() []route {
	return ruleKind{
		name: "trigger", path: "/api/v2/triggers", list: listTriggers, view: (*call).triggerView,
		rows: func(s *Sim) *table[trigger] { return &s.triggers }, store: (*Sim).addTrigger,
		read: func(c *call, into *trigger) error {
			var in triggerInput
			if err := c.decode(&in); err != nil {
				return err
			}
			return in.apply(into)
		},
	}.routes()
}

// AddWebhookTrigger adds a trigger without conditions: each creation and each
// update calls the webhook with the body, placeholders expanded.
func (s *Sim) AddWebhookTrigger(webhookID, body string) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.addTrigger(trigger{
		Title: "Call " + webhookID, Active: true, Actions: []object{{"field": "notification_webhook", "value": []any{webhookID, body}}},
	}).ID
}

func (s *Sim) addTrigger(t trigger) *trigger {
	t.ID, t.CreatedAt, t.UpdatedAt = s.newID(), s.now(), s.now()
	return s.triggers.add(t.ID, &t)
}

func (c *call) triggerView(t *trigger) object {
	return object{
		"id": t.ID, "url": c.url("triggers/%d", t.ID), "title": t.Title, "raw_title": t.Title, "description": t.Description,
		"active": t.Active, "position": slices.Index(c.triggers.order, t.ID) + 1, "default": false, "category_id": t.CategoryID,
		"conditions": object{"all": list(t.All), "any": list(t.Any)}, "actions": list(t.Actions),
		"created_at": stamp(t.CreatedAt), "updated_at": stamp(t.UpdatedAt),
	}
}

func listTriggers(c *call) (answer, error) {
	return paginate(c, "triggers", c.triggers.all(), func(t *trigger) int64 { return t.ID }, c.triggerView)
}

type triggerInput struct {
	Trigger struct {
		Title       *string `json:"title"`
		Description *string `json:"description"`
		Active      *bool   `json:"active"`
		Category    *string `json:"category_id"`
		Conditions  *struct {
			All []condition `json:"all"`
			Any []condition `json:"any"`
		} `json:"conditions"`
		Actions *[]object `json:"actions"`
	} `json:"trigger"`
}

func (in triggerInput) apply(t *trigger) error {
	put(&t.Title, in.Trigger.Title)
	put(&t.Description, in.Trigger.Description)
	put(&t.Active, in.Trigger.Active)
	put(&t.CategoryID, in.Trigger.Category)
	put(&t.Actions, in.Trigger.Actions)
	if in.Trigger.Conditions != nil {
		t.All, t.Any = in.Trigger.Conditions.All, in.Trigger.Conditions.Any
	}
	bad := invalid{}
	if t.Title == "" {
		bad.add("title", "Title: cannot be blank")
	}
	if len(t.Actions) == 0 {
		bad.add("actions", "Actions: cannot be blank")
	}
	for _, k := range slices.Concat(t.All, t.Any) {
		if _, err := k.holds(Ticket{}, true); err != nil {
			bad.add("conditions", err.Error())
		}
	}
	for _, a := range t.Actions {
		if err := checkAction(a); err != nil {
			bad.add("actions", err.Error())
		}
	}
	return bad.refusal()
}

// webhookAction reads the action that calls a webhook.
func webhookAction(a object) (webhookID, body string, err error) {
	value := textList(a["value"])
	if a["field"] != "notification_webhook" || len(value) != 2 {
		return "", "", fmt.Errorf("notification_webhook takes [webhook id, body]")
	}
	return value[0], value[1], nil
}

func (t *trigger) fires(ticket Ticket, fresh bool) bool {
	hits := func(k condition) bool { hit, err := k.holds(ticket, fresh); return err == nil && hit }
	for _, k := range t.All {
		if !hits(k) {
			return false
		}
	}
	return t.Active && (len(t.Any) == 0 || slices.ContainsFunc(t.Any, hits))
}

// holds tests a condition; an error says that the simulator can't.
func (k condition) holds(t Ticket, fresh bool) (bool, error) {
	want := fmt.Sprint(k.Value)
	if n, isNumber := k.Value.(json.Number); isNumber {
		want = n.String()
	}
	var have string
	switch k.Field {
	case "update_type":
		have = "Change"
		if fresh {
			have = "Create"
		}
		return have == want, nil // its operator is always "is", often left out
	case "status":
		have = t.Status
	case "ticket_form_id":
		have = strconv.FormatInt(t.FormID, 10)
	case "custom_status_id":
		have = strconv.FormatInt(t.CustomStatusID, 10)
	case "current_tags":
		some := slices.ContainsFunc(strings.Fields(want), func(w string) bool { return slices.Contains(t.Tags, w) })
		switch k.Operator {
		case "includes":
			return some, nil
		case "not_includes":
			return !some, nil
		}
		return false, fmt.Errorf("operator %q is not known for current_tags", k.Operator)
	default:
		return false, fmt.Errorf("field %q is not known; the simulator's triggers test update_type, status, custom_status_id, ticket_form_id, current_tags", k.Field)
	}
	order := []string{"new", "open", "pending", "hold", "solved", "closed"}
	switch k.Operator {
	case "less_than", "greater_than":
		if k.Field != "status" {
			return false, fmt.Errorf("operator %q is not known for %s", k.Operator, k.Field)
		}
		less, greater := slices.Index(order, have) < slices.Index(order, want), slices.Index(order, have) > slices.Index(order, want)
		return k.Operator == "less_than" && less || k.Operator == "greater_than" && greater, nil
	case "is":
		return have == want, nil
	case "is_not":
		return have != want, nil
	}
	return false, fmt.Errorf("operator %q is not known for %s", k.Operator, k.Field)
}
