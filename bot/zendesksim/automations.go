package zendesksim

import "slices"

func automationRoutes() []route {
	return ruleKind{
		name: "automation", path: "/api/v2/automations", list: listAutomations, view: (*call).automationView,
		rows: func(s *Sim) *table[trigger] { return &s.automations }, store: (*Sim).addAutomation,
		read: func(c *call, into *trigger) error {
			var in automationInput
			if err := c.decode(&in); err != nil {
				return err
			}
			return in.apply(into)
		},
	}.routes()
}

func (s *Sim) addAutomation(t trigger) *trigger {
	t.ID, t.CreatedAt, t.UpdatedAt = s.newID(), s.now(), s.now()
	return s.automations.add(t.ID, &t)
}

func (c *call) automationView(t *trigger) object {
	return object{
		"id": t.ID, "url": c.url("automations/%d", t.ID), "title": t.Title, "raw_title": t.Title, "active": t.Active,
		"position": slices.Index(c.automations.order, t.ID) + 1, "default": false,
		"conditions": object{"all": list(t.All), "any": list(t.Any)}, "actions": list(t.Actions),
		"created_at": stamp(t.CreatedAt), "updated_at": stamp(t.UpdatedAt),
	}
}

func listAutomations(c *call) (answer, error) {
	rows := c.automations.where(func(t *trigger) bool { return c.query("active") == "" || (c.query("active") == "true") == t.Active })
	return paginate(c, "automations", rows, func(t *trigger) int64 { return t.ID }, c.automationView)
}

// automationInput differs from a trigger's in its name, in having its
// conditions beside the actions, and in wanting one about time.
type automationInput struct {
	Automation struct {
		Title   *string      `json:"title"`
		Active  *bool        `json:"active"`
		All     *[]condition `json:"all"`
		Any     *[]condition `json:"any"`
		Actions *[]object    `json:"actions"`
	} `json:"automation"`
}

func (in automationInput) apply(t *trigger) error {
	put(&t.Title, in.Automation.Title)
	put(&t.Active, in.Automation.Active)
	put(&t.All, in.Automation.All)
	put(&t.Any, in.Automation.Any)
	put(&t.Actions, in.Automation.Actions)
	bad := invalid{}
	if t.Title == "" {
		bad.add("title", "Title: cannot be blank")
	}
	if len(t.Actions) == 0 {
		bad.add("actions", "Actions: cannot be blank")
	}
	hours := []string{"NEW", "OPEN", "PENDING", "HOLD", "SOLVED", "CLOSED", "assigned_at", "updated_at", "requester_updated_at", "assignee_updated_at", "due_date", "until_due_date"}
	if !slices.ContainsFunc(t.All, func(k condition) bool { return slices.Contains(hours, k.Field) }) {
		bad.add("conditions", "Conditions: one about hours is needed")
	}
	return bad.refusal()
}
