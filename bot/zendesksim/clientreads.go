package zendesksim

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// clientReads are what an account has beside what privacydesk uses: common
// clients ask for it before they do anything else.
func clientReads() []route {
	return []route{
		{"GET", "/api/v2/brands", agents, listBrands},
		{"GET", "/api/v2/brands/:id", agents, showBrand},
		{"GET", "/api/v2/locales", signed, listLocales},
		{"GET", "/api/v2/locales/agent", signed, listLocales},
		{"GET", "/api/v2/locales/public", signed, listLocales},
		{"GET", "/api/v2/locales/current", signed, showLocale},
		{"GET", "/api/v2/locales/:id", signed, showLocale},
		{"GET", "/api/v2/tags", agents, listTags},
		{"GET", "/api/v2/macros", agents, listMacros},
		{"GET", "/api/v2/macros/active", agents, listMacros},
		{"GET", "/api/v2/user_fields", agents, func(c *call) (answer, error) {
			return c.listRecordFields("user_fields", c.heldBy(func(s *Sim) []map[string]any {
				return mapsOf(s.users.all(), func(u *User) map[string]any { return u.UserFields })
			}))
		}},
		{"GET", "/api/v2/organization_fields", agents, func(c *call) (answer, error) {
			return c.listRecordFields("organization_fields", c.heldBy(func(s *Sim) []map[string]any {
				return mapsOf(s.orgs.all(), func(o *Organization) map[string]any { return o.Fields })
			}))
		}},
		{"GET", "/api/v2/slas/policies", agents, notInThePlan},
		{"GET", "/api/v2/satisfaction_ratings", agents, notInThePlan},
		{"GET", "/api/v2/channels/voice/phone_numbers", agents, notInThePlan},
	}
}

// notInThePlan answers for what the simulated account has not bought.
func notInThePlan(*call) (answer, error) {
	return answer{}, &refusal{answer{status: http.StatusForbidden, body: object{"error": object{
		"title": "Forbidden", "message": "Access to this resource is restricted. Please contact the account administrator for assistance.",
	}}}}
}

func (c *call) brandView() object {
	at := stamp(c.groups.all()[0].CreatedAt) // when the account began
	forms := []int64{}
	for _, f := range c.forms.all() {
		forms = append(forms, f.ID)
	}
	return object{
		"id": brandID, "url": c.url("brands/%d", brandID), "name": c.opt.Subdomain, "brand_url": c.base, "subdomain": c.opt.Subdomain,
		"host_mapping": nil, "has_help_center": true, "help_center_state": "enabled", "active": true, "default": true, "is_deleted": false,
		"logo": nil, "ticket_form_ids": forms, "signature_template": "{{agent.signature}}", "created_at": at, "updated_at": at,
	}
}

func listBrands(c *call) (answer, error) {
	id := func(*object) int64 { return brandID }
	brand := c.brandView()
	return paginate(c, "brands", []*object{&brand}, id, func(o *object) object { return *o })
}

func showBrand(c *call) (answer, error) {
	if c.id("id") != brandID {
		return answer{}, notFound()
	}
	return ok(object{"brand": c.brandView()}), nil
}

// localeID is of English, the account's only language.
const localeID = 1

func (c *call) localeView() object {
	at := stamp(c.groups.all()[0].CreatedAt)
	return object{"id": localeID, "url": c.url("locales/%d", localeID), "locale": "en-US", "name": "English", "created_at": at, "updated_at": at}
}

func listLocales(c *call) (answer, error) {
	return ok(object{"locales": []object{c.localeView()}, "count": 1, "next_page": nil, "previous_page": nil}), nil
}

func showLocale(c *call) (answer, error) {
	if id, named := c.params["id"]; named && id != fmt.Sprint(localeID) {
		return answer{}, notFound()
	}
	return ok(object{"locale": c.localeView()}), nil
}

type tagLine struct {
	at    int64
	name  string
	count int
}

func listTags(c *call) (answer, error) {
	counts := map[string]int{}
	for _, row := range c.liveTickets() {
		for _, tag := range row.Tags {
			counts[tag]++
		}
	}
	var rows []*tagLine
	for i, name := range slices.Sorted(maps.Keys(counts)) {
		rows = append(rows, &tagLine{int64(i + 1), name, counts[name]})
	}
	return paginate(c, "tags", rows, func(t *tagLine) int64 { return t.at }, func(t *tagLine) object { return object{"name": t.name, "count": t.count} })
}

// listMacros has none: agents type here.
func listMacros(c *call) (answer, error) {
	return paginate(c, "macros", []*object{}, func(*object) int64 { return 0 }, func(o *object) object { return *o })
}

type recordField struct {
	id   int64
	key  string
	held any // a value of it
}

func mapsOf[T any](rows []*T, of func(*T) map[string]any) []map[string]any {
	var out []map[string]any
	for _, r := range rows {
		out = append(out, of(r))
	}
	return out
}

// heldBy are the custom fields of users or organizations, which the simulator
// takes from what they hold.
func (c *call) heldBy(records func(*Sim) []map[string]any) []*recordField {
	held := map[string]any{}
	for _, fields := range records(c.Sim) {
		for key, v := range fields {
			if held[key] == nil {
				held[key] = v
			}
		}
	}
	var out []*recordField
	for i, key := range slices.Sorted(maps.Keys(held)) {
		out = append(out, &recordField{int64(i + 1), key, held[key]})
	}
	return out
}

func (c *call) listRecordFields(kind string, rows []*recordField) (answer, error) {
	at := stamp(c.groups.all()[0].CreatedAt)
	return paginate(c, kind, rows, func(f *recordField) int64 { return f.id }, func(f *recordField) object {
		return object{
			"id": f.id, "url": c.url("%s/%d", kind, f.id), "key": f.key, "type": f.fieldType(), "title": f.key, "raw_title": f.key, "description": "",
			"raw_description": "", "position": f.id, "active": true, "system": false, "regexp_for_validation": nil, "tag": nil, "created_at": at, "updated_at": at,
		}
	})
}

func (f *recordField) fieldType() string {
	switch v := f.held.(type) {
	case bool:
		return "checkbox"
	case float64, int, int64, fmt.Stringer: // json.Number
		if strings.Contains(fmt.Sprint(v), ".") {
			return "decimal"
		}
		return "integer"
	}
	return "text"
}
