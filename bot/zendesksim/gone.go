package zendesksim

import "slices"

func goneRoutes() []route {
	return []route{
		{"DELETE", "/api/v2/ticket_fields/:id", admins, deleteField},
		{"DELETE", "/api/v2/ticket_forms/:id", admins, deleteForm},
	}
}

// deleteField takes a field, and what tickets hold in it, away for good; their
// tags and audits stay.
func deleteField(c *call) (answer, error) {
	id := c.id("id")
	f := c.fields.get(id)
	switch {
	case f == nil:
		return answer{}, notFound()
	case f.System:
		return answer{}, recordInvalid("base", "A system field can't be deleted")
	}
	c.fields.remove(id)
	for _, form := range c.forms.all() {
		form.FieldIDs = slices.DeleteFunc(slices.Clone(form.FieldIDs), func(o int64) bool { return o == id })
	}
	for _, row := range c.tickets.all() {
		delete(row.CustomFields, id)
	}
	return noContent(), nil
}

// deleteForm leaves its tickets with the default form.
func deleteForm(c *call) (answer, error) {
	id := c.id("id")
	if c.forms.get(id) == nil {
		return answer{}, notFound()
	}
	c.forms.remove(id)
	for _, row := range c.tickets.all() {
		if row.FormID == id {
			row.FormID = 0
		}
	}
	return noContent(), nil
}
