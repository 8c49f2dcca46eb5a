package zendesksim

import (
	"fmt"
	"slices"
	"time"
)

// view is a list of tickets that agents look at.
type view struct {
	ID          int64
	Title       string
	Description string
	Active      bool
	All, Any    []condition
	Columns     []string
	CreatedAt   time.Time
	UpdatedAt   time.Time
}

func viewRoutes() []route {
	return []route{
		{"GET", "/api/v2/views", agents, listViews},
		{"POST", "/api/v2/views", admins, createView},
		{"GET", "/api/v2/views/:id", agents, showView},
		{"PUT", "/api/v2/views/:id", admins, updateView},
		{"DELETE", "/api/v2/views/:id", admins, deleteView},
		{"GET", "/api/v2/views/:id/tickets", agents, viewTickets},
	}
}

func (c *call) viewView(v *view) object {
	columns := []object{}
	for _, name := range v.Columns {
		columns = append(columns, object{"id": name, "title": name})
	}
	return object{
		"id": v.ID, "url": c.url("views/%d", v.ID), "title": v.Title, "raw_title": v.Title, "description": v.Description, "active": v.Active,
		"position": slices.Index(c.views.order, v.ID) + 1, "default": false, "restriction": nil,
		"conditions": object{"all": list(v.All), "any": list(v.Any)},
		"execution":  object{"columns": columns, "fields": columns, "custom_fields": []object{}, "group": nil, "sort": nil},
		"created_at": stamp(v.CreatedAt), "updated_at": stamp(v.UpdatedAt),
	}
}

func listViews(c *call) (answer, error) {
	rows := c.views.where(func(v *view) bool { return c.query("active") == "" || (c.query("active") == "true") == v.Active })
	return paginate(c, "views", rows, func(v *view) int64 { return v.ID }, c.viewView)
}

// viewInput has its conditions at the top, where the answer has them below
// "conditions".
type viewInput struct {
	View struct {
		Title       *string      `json:"title"`
		Description *string      `json:"description"`
		Active      *bool        `json:"active"`
		All         *[]condition `json:"all"`
		Any         *[]condition `json:"any"`
		Output      *struct {
			Columns []any `json:"columns"` // names, and ids of ticket fields
		} `json:"output"`
	} `json:"view"`
}

func (in viewInput) apply(v *view) error {
	put(&v.Title, in.View.Title)
	put(&v.Description, in.View.Description)
	put(&v.Active, in.View.Active)
	put(&v.All, in.View.All)
	put(&v.Any, in.View.Any)
	if in.View.Output != nil {
		v.Columns = nil
		for _, column := range in.View.Output.Columns {
			v.Columns = append(v.Columns, fmt.Sprint(column))
		}
	}
	bad := invalid{}
	if v.Title == "" {
		bad.add("title", "Title: cannot be blank")
	}
	needed := []string{"status", "type", "group_id", "assignee_id", "requester_id"}
	if !slices.ContainsFunc(v.All, func(k condition) bool { return slices.Contains(needed, k.Field) }) {
		bad.add("conditions", "Conditions: the view must test status, type, group_id, assignee_id or requester_id in all")
	}
	for _, k := range slices.Concat(v.All, v.Any) {
		if _, err := k.holds(Ticket{Status: "new"}, false); err != nil {
			bad.add("conditions", err.Error())
		}
	}
	if len(v.Columns) > 10 {
		bad.add("output", "Output: at most 10 columns")
	}
	return bad.refusal()
}

func createView(c *call) (answer, error) {
	var in viewInput
	if err := c.decode(&in); err != nil {
		return answer{}, err
	}
	v := view{Active: true}
	if err := in.apply(&v); err != nil {
		return answer{}, err
	}
	v.ID, v.CreatedAt, v.UpdatedAt = c.newID(), c.now(), c.now()
	return ok(object{"view": c.viewView(c.views.add(v.ID, &v))}), nil // 200, as Zendesk's file has it
}

func showView(c *call) (answer, error) {
	v := c.views.get(c.id("id"))
	if v == nil {
		return answer{}, notFound()
	}
	return ok(object{"view": c.viewView(v)}), nil
}

func updateView(c *call) (answer, error) {
	v := c.views.get(c.id("id"))
	if v == nil {
		return answer{}, notFound()
	}
	var in viewInput
	if err := c.decode(&in); err != nil {
		return answer{}, err
	}
	next := *v
	if err := in.apply(&next); err != nil {
		return answer{}, err
	}
	next.UpdatedAt = c.now()
	*v = next
	return ok(object{"view": c.viewView(v)}), nil
}

func deleteView(c *call) (answer, error) {
	if c.views.get(c.id("id")) == nil {
		return answer{}, notFound()
	}
	c.views.remove(c.id("id"))
	return noContent(), nil
}

func viewTickets(c *call) (answer, error) {
	v := c.views.get(c.id("id"))
	if v == nil {
		return answer{}, notFound()
	}
	rule := trigger{Active: true, All: v.All, Any: v.Any}
	rows := c.tickets.where(func(r *ticketRow) bool { return !r.Deleted && rule.fires(r.Ticket, false) })
	return paginate(c, "tickets", rows, func(r *ticketRow) int64 { return r.ID }, c.ticketView)
}
