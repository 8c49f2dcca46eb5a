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
		{"PUT", "/api/v2/custom_statuses/:id", admins, updateStatus},
	}
}

func (c *call) fieldView(f *TicketField) object {
	v := object{
		"id": f.ID, "url": c.url("ticket_fields/%d", f.ID), "type": f.Type, "title": f.Title, "raw_title": f.Title,
		"description": f.Description, "raw_description": f.Description, "agent_description": f.AgentDescription,
		"position": slices.Index(c.fields.order, f.ID), "active": !f.Inactive,
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
	if f.Type == "lookup" {
		v["relationship_target_type"] = "zen:user" // the one kind of record that the simulator looks up
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
		Description      *string `json:"description"`
		AgentDescription *string `json:"agent_description"`
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
	put(&f.Description, p.Description)
	put(&f.AgentDescription, p.AgentDescription)
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
	types := []string{"text", "textarea", "tagger", "multiselect", "checkbox", "date", "integer", "decimal", "regexp", "lookup"}
	if !f.System && !slices.Contains(types, f.Type) {
		bad.add("type", "Type: is invalid; the simulator knows text, textarea, tagger, multiselect, checkbox, date, integer, decimal, regexp, lookup")
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
	if err := c.tagsFree(f); err != nil {
		return answer{}, err
	}
	return created(object{"ticket_field": c.fieldView(c.addTicketField(f))}), nil
}

// tagsFree holds that no other field has one of the tags: Zendesk wants each
// in one field alone.
func (c *call) tagsFree(f TicketField) error {
	tags := func(f TicketField) []string {
		var out []string
		if f.Tag != "" {
			out = append(out, f.Tag)
		}
		for _, o := range f.Options {
			out = append(out, o.Value)
		}
		return out
	}
	ours := tags(f)
	for _, other := range c.fields.all() {
		if other.ID == f.ID {
			continue
		}
		for _, tag := range tags(*other) {
			if slices.Contains(ours, tag) {
				return recordInvalid("custom_field_options", "Custom field options: tag "+tag+" has already been taken")
			}
		}
	}
	return nil
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
	if err := c.tagsFree(next); err != nil {
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
	if c.noForms {
		return answer{}, forbidden()
	}
	if len(c.forms.order) >= maxForms {
		return answer{}, recordInvalid("base", "Ticket forms: the account has as many as it may")
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
		"end_user_label": s.EndUserLabel, "raw_end_user_label": s.EndUserLabel, "description": s.Description, "raw_description": s.Description,
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

type statusInput struct {
	Status struct {
		Category    *string `json:"status_category"`
		Agent       *string `json:"agent_label"`
		EndUser     *string `json:"end_user_label"`
		Description *string `json:"description"`
		Active      *bool   `json:"active"`
	} `json:"custom_status"`
}

func (in statusInput) apply(s *CustomStatus) error {
	put(&s.Category, in.Status.Category)
	put(&s.AgentLabel, in.Status.Agent)
	put(&s.EndUserLabel, in.Status.EndUser)
	put(&s.Description, in.Status.Description)
	if in.Status.Active != nil {
		s.Inactive = !*in.Status.Active
	}
	bad := invalid{}
	if !slices.Contains([]string{"new", "open", "pending", "hold", "solved"}, s.Category) {
		bad.add("status_category", "Status category: is invalid")
	}
	if s.AgentLabel == "" {
		bad.add("agent_label", "Agent label: cannot be blank")
	}
	return bad.refusal()
}

func createStatus(c *call) (answer, error) {
	var in statusInput
	if err := c.decode(&in); err != nil {
		return answer{}, err
	}
	var s CustomStatus
	if err := in.apply(&s); err != nil {
		return answer{}, err
	}
	return created(object{"custom_status": c.statusView(c.addCustomStatus(s))}), nil
}

func updateStatus(c *call) (answer, error) {
	s := c.statuses.get(c.id("id"))
	if s == nil {
		return answer{}, notFound()
	}
	var in statusInput
	if err := c.decode(&in); err != nil {
		return answer{}, err
	}
	next := *s
	if err := in.apply(&next); err != nil {
		return answer{}, err
	}
	next.Category, next.UpdatedAt = s.Category, c.now() // a status stays in its category
	*s = next
	return ok(object{"custom_status": c.statusView(s)}), nil
}

func showStatus(c *call) (answer, error) {
	s := c.statuses.get(c.id("id"))
	if s == nil {
		return answer{}, notFound()
	}
	return ok(object{"custom_status": c.statusView(s)}), nil
}
