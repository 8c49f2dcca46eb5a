package zendesksim

import (
	"regexp"
	"slices"
)

func fieldRoutes() []route {
	return []route{
		{"GET", "/api/v2/ticket_fields", agents, listFields},
		{"POST", "/api/v2/ticket_fields", admins, createField},
		{"GET", "/api/v2/ticket_fields/:id", agents, showField},
		{"PUT", "/api/v2/ticket_fields/:id", admins, updateField},
		{"GET", "/api/v2/ticket_forms", agents, listForms},
		{"POST", "/api/v2/ticket_forms", admins, createForm},
		{"GET", "/api/v2/ticket_forms/:id", agents, showForm},
		{"PUT", "/api/v2/ticket_forms/:id", admins, updateForm},
		{"GET", "/api/v2/custom_statuses", agents, listStatuses},
		{"POST", "/api/v2/custom_statuses", admins, createStatus},
		{"GET", "/api/v2/custom_statuses/:id", agents, showStatus},
	}
}

func (c *call) fieldView(f *TicketField) object {
	v := object{
		"id": f.ID, "url": c.url("ticket_fields/%d", f.ID), "type": f.Type, "title": f.Title, "raw_title": f.Title,
		"description": "", "raw_description": "", "position": slices.Index(c.fields.order, f.ID), "active": !f.Inactive,
		"required": f.RequiredToSolve, "collapsed_for_agents": false, "regexp_for_validation": text(f.Pattern),
		"title_in_portal": f.Title, "raw_title_in_portal": f.Title, "visible_in_portal": f.VisibleInPortal,
		"editable_in_portal": f.EditableInPortal, "required_in_portal": f.RequiredInPortal, "tag": text(f.Tag),
		"created_at": stamp(f.CreatedAt), "updated_at": stamp(f.UpdatedAt), "removable": !f.System, "agent_can_edit": true,
	}
	if f.Type == "tagger" || f.Type == "multiselect" {
		options := []object{}
		for i, o := range f.Options {
			options = append(options, object{
				"id": f.ID*1000 + int64(i), "name": o.Name, "raw_name": o.Name, "value": o.Value, "position": i,
			})
		}
		v["custom_field_options"] = options
	}
	return v
}

func listFields(c *call) (answer, error) {
	return paginate(c, "ticket_fields", c.fields.all(), func(f *TicketField) int64 { return f.ID }, c.fieldView)
}

type fieldInput struct {
	Field struct {
		Type             *string `json:"type"`
		Title            *string `json:"title"`
		Tag              *string `json:"tag"`
		Pattern          *string `json:"regexp_for_validation"`
		Required         *bool   `json:"required"`
		RequiredInPortal *bool   `json:"required_in_portal"`
		VisibleInPortal  *bool   `json:"visible_in_portal"`
		EditableInPortal *bool   `json:"editable_in_portal"`
		Active           *bool   `json:"active"`
		Options          []struct {
			Name  string `json:"name"`
			Value string `json:"value"`
		} `json:"custom_field_options"`
	} `json:"ticket_field"`
}

func (in fieldInput) apply(f *TicketField) error {
	p := in.Field
	put(&f.Type, p.Type)
	put(&f.Title, p.Title)
	put(&f.Tag, p.Tag)
	put(&f.Pattern, p.Pattern)
	put(&f.RequiredToSolve, p.Required)
	put(&f.RequiredInPortal, p.RequiredInPortal)
	put(&f.VisibleInPortal, p.VisibleInPortal)
	put(&f.EditableInPortal, p.EditableInPortal)
	if p.Active != nil {
		f.Inactive = !*p.Active
	}
	if p.Options != nil {
		f.Options = nil
	}
	for _, o := range p.Options {
		f.Options = append(f.Options, FieldOption{o.Name, o.Value})
	}
	bad := invalid{}
	if f.Title == "" {
		bad.add("title", "Title: cannot be blank")
	}
	types := []string{"text", "textarea", "tagger", "multiselect", "checkbox", "date", "integer", "decimal", "regexp"}
	if !f.System && !slices.Contains(types, f.Type) {
		bad.add("type", "Type: is invalid; the simulator knows text, textarea, tagger, multiselect, checkbox, date, integer, decimal, regexp")
	}
	if _, err := regexp.Compile(f.Pattern); err != nil {
		bad.add("regexp_for_validation", "Regexp: is invalid")
	}
	return bad.refusal()
}

func createField(c *call) (answer, error) {
	var in fieldInput
	if err := c.decode(&in); err != nil {
		return answer{}, err
	}
	var f TicketField
	if err := in.apply(&f); err != nil {
		return answer{}, err
	}
	return created(object{"ticket_field": c.fieldView(c.addTicketField(f))}), nil
}

func showField(c *call) (answer, error) {
	f := c.fields.get(c.id("id"))
	if f == nil {
		return answer{}, notFound()
	}
	return ok(object{"ticket_field": c.fieldView(f)}), nil
}

func updateField(c *call) (answer, error) {
	f := c.fields.get(c.id("id"))
	if f == nil {
		return answer{}, notFound()
	}
	var in fieldInput
	if err := c.decode(&in); err != nil {
		return answer{}, err
	}
	next := *f
	if err := in.apply(&next); err != nil {
		return answer{}, err
	}
	next.Type, next.UpdatedAt = f.Type, c.now() // a field's type can't change
	*f = next
	return ok(object{"ticket_field": c.fieldView(f)}), nil
}

func (c *call) formView(f *TicketForm) object {
	return object{
		"id": f.ID, "url": c.url("ticket_forms/%d", f.ID), "name": f.Name, "raw_name": f.Name, "display_name": f.Name,
		"raw_display_name": f.Name, "end_user_visible": f.EndUserVisible, "position": slices.Index(c.forms.order, f.ID) + 1,
		"ticket_field_ids": list(f.FieldIDs), "active": !f.Inactive, "default": f.Default, "created_at": stamp(f.CreatedAt),
		"updated_at": stamp(f.UpdatedAt), "in_all_brands": true, "restricted_brand_ids": []int64{},
		"end_user_conditions": []object{}, "agent_conditions": []object{},
	}
}

func listForms(c *call) (answer, error) {
	rows := c.forms.where(func(f *TicketForm) bool {
		active := c.query("active")
		return active == "" || (active == "true") == !f.Inactive
	})
	return paginate(c, "ticket_forms", rows, func(f *TicketForm) int64 { return f.ID }, c.formView)
}

type formInput struct {
	Form struct {
		Name     *string  `json:"name"`
		FieldIDs *[]int64 `json:"ticket_field_ids"`
		Visible  *bool    `json:"end_user_visible"`
		Active   *bool    `json:"active"`
	} `json:"ticket_form"`
}

func (c *call) applyForm(in formInput, f *TicketForm) error {
	put(&f.Name, in.Form.Name)
	put(&f.FieldIDs, in.Form.FieldIDs)
	put(&f.EndUserVisible, in.Form.Visible)
	if in.Form.Active != nil {
		f.Inactive = !*in.Form.Active
	}
	bad := invalid{}
	if f.Name == "" {
		bad.add("name", "Name: cannot be blank")
	}
	for _, id := range f.FieldIDs {
		if c.fields.get(id) == nil {
			bad.add("ticket_field_ids", "Ticket fields: one is invalid")
		}
	}
	return bad.refusal()
}

func createForm(c *call) (answer, error) {
	var in formInput
	if err := c.decode(&in); err != nil {
		return answer{}, err
	}
	var f TicketForm
	if err := c.applyForm(in, &f); err != nil {
		return answer{}, err
	}
	return created(object{"ticket_form": c.formView(c.addTicketForm(f))}), nil
}

func showForm(c *call) (answer, error) {
	f := c.forms.get(c.id("id"))
	if f == nil {
		return answer{}, notFound()
	}
	return ok(object{"ticket_form": c.formView(f)}), nil
}

func updateForm(c *call) (answer, error) {
	f := c.forms.get(c.id("id"))
	if f == nil {
		return answer{}, notFound()
	}
	var in formInput
	if err := c.decode(&in); err != nil {
		return answer{}, err
	}
	next := *f
	if err := c.applyForm(in, &next); err != nil {
		return answer{}, err
	}
	next.UpdatedAt = c.now()
	*f = next
	return ok(object{"ticket_form": c.formView(f)}), nil
}

func (c *call) statusView(s *CustomStatus) object {
	return object{
		"id": s.ID, "status_category": s.Category, "agent_label": s.AgentLabel, "raw_agent_label": s.AgentLabel,
		"end_user_label": s.EndUserLabel, "raw_end_user_label": s.EndUserLabel, "description": "", "raw_description": "",
		"end_user_description": "", "raw_end_user_description": "", "active": !s.Inactive, "default": s.Default,
		"created_at": stamp(s.CreatedAt), "updated_at": stamp(s.UpdatedAt),
	}
}

// listStatuses honours status_categories, active and default; it has no pages.
func listStatuses(c *call) (answer, error) {
	is := func(name string, v bool) bool { q := c.query(name); return q == "" || (q == "true") == v }
	rows := c.statuses.where(func(s *CustomStatus) bool {
		return is("active", !s.Inactive) && is("default", s.Default) && inList(c.query("status_categories"), s.Category)
	})
	return ok(object{"custom_statuses": views(rows, c.statusView)}), nil
}

func createStatus(c *call) (answer, error) {
	var in struct {
		Status struct {
			Category string `json:"status_category"`
			Agent    string `json:"agent_label"`
			EndUser  string `json:"end_user_label"`
		} `json:"custom_status"`
	}
	if err := c.decode(&in); err != nil {
		return answer{}, err
	}
	bad := invalid{}
	if !slices.Contains([]string{"new", "open", "pending", "hold", "solved"}, in.Status.Category) {
		bad.add("status_category", "Status category: is invalid")
	}
	if in.Status.Agent == "" {
		bad.add("agent_label", "Agent label: cannot be blank")
	}
	if err := bad.refusal(); err != nil {
		return answer{}, err
	}
	s := c.addCustomStatus(CustomStatus{Category: in.Status.Category, AgentLabel: in.Status.Agent, EndUserLabel: in.Status.EndUser})
	return created(object{"custom_status": c.statusView(s)}), nil
}

func showStatus(c *call) (answer, error) {
	s := c.statuses.get(c.id("id"))
	if s == nil {
		return answer{}, notFound()
	}
	return ok(object{"custom_status": c.statusView(s)}), nil
}
