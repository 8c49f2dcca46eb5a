package walk_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"privacydesk/connectors"
	"privacydesk/connectors/walk"
)

// fixture: josé (1) of tenant acme and look-alikes; tenant other has rows
// that bear acme's numbers.
func fixture() memory {
	customer := func(id int64, tenant, email string, address int64) record {
		return record{"id": num(id), "account_id": text(tenant), "email": text(email), "address_id": num(address), "phone": text("555")}
	}
	order := func(id int64, tenant string, customer, address int64) record {
		return record{"id": num(id), "account_id": text(tenant), "customer_id": num(customer), "shipping_address_id": num(address)}
	}
	return memory{
		"shop.customer": {
			customer(1, "acme", "José@example.com ", 7),
			customer(2, "acme", "jose@example.com", 7),
			customer(3, "other", "josé@example.com", 9),
			customer(4, "acme", "josé+a@example.com", 8),
		},
		"shop.address": {
			{"id": num(7), "account_id": text("acme"), "street": text("shared by 1 and 2")},
			{"id": num(8), "account_id": text("acme"), "street": text("of 4")},
			{"id": num(9), "account_id": text("other"), "street": text("of 3")},
			{"id": num(10), "account_id": text("acme"), "street": text("where order 11 goes")},
		},
		"shop.orders": {
			order(11, "acme", 1, 10),
			order(12, "acme", 2, 7),
			order(13, "other", 1, 9), // the same number, another tenant's customer
			order(14, "acme", 1, 9),  // another tenant's address, planted
		},
		"shop.order_item": {
			{"id": num(21), "order_id": num(11), "line": num(1), "note": text("gift for mum")},
			{"id": num(22), "order_id": num(12), "line": num(1)},
			{"id": num(23), "order_id": num(13), "line": num(1)},
		},
		"shop.invoice": {
			{"id": num(31), "account_id": text("acme"), "order_id": num(11)},
		},
		"shop.review": {
			{"id": num(41), "account_id": text("acme"), "author_email": text("JOSÉ@EXAMPLE.COM"), "author_name": text("José"), "text": text("nice")},
			{"id": num(42), "account_id": text("acme"), "author_email": text("jose@example.com"), "author_name": text("Jose"), "text": text("bad")},
		},
	}
}

func locate(t *testing.T, p *walk.Plan, m memory, s connectors.Subject, known *connectors.Finding) *connectors.Finding {
	t.Helper()
	f, err := m.locate(p, s, known, walk.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestFindsThePersonAndWhatRefersToThem(t *testing.T) {
	f := locate(t, shop(t), fixture(), someone("acme", "josé@example.com"), nil)
	got := map[string][]string{}
	for _, s := range f.Sets {
		got[s.Collection] = []string{}
		for _, l := range s.Links {
			for _, v := range l.Values {
				raw, err := v.MarshalText()
				if err != nil {
					t.Fatal(err)
				}
				got[s.Collection] = append(got[s.Collection], l.Field+"="+string(raw))
			}
		}
	}
	want := map[string][]string{
		"shop.customer":   {"email=s:José@example.com "}, // as it is stored
		"shop.orders":     {"customer_id=i:1"},
		"shop.order_item": {"order_id=i:11", "order_id=i:14"},
		"shop.invoice":    {"order_id=i:11", "order_id=i:14"},
		"shop.address":    {"^id=i:7", "^id=i:9", "^id=i:10"},
		"shop.review":     {"author_email=s:JOSÉ@EXAMPLE.COM", "id=i:41"}, // the key, for the mask will hide the address
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("finding (-want +got):\n%s", diff)
	}
	want2 := []connectors.Identity{
		{Type: "phone_number", Value: text("555")},
		{Type: "shop.customer.id", Value: num(1), Vendor: true},
		{Type: "shop.customer.phone", Value: text("555")},
	}
	if !slices.Equal(f.Yields, want2) {
		t.Errorf("yields: %d", len(f.Yields))
	}
}

func TestRule6_PlantedNumbersReachNothing(t *testing.T) {
	p, m := shop(t), fixture()
	f := locate(t, p, m, someone("acme", "josé@example.com"), nil)
	reads, err := p.Reads("acme", f)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range reads {
		for _, r := range m[s.Collection.Key] {
			if m.hits(s, r, true) && slices.Contains(m.tenants(s.Scope, r), text("other")) {
				t.Errorf("a row of another tenant is read from %s", s.Collection.Key)
			}
		}
	}
	if _, err := m.erase(p, "acme", f, -1); err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string][]int64{
		"shop.customer":   {2, 3, 4},
		"shop.orders":     {12, 13},
		"shop.order_item": {22, 23},
		"shop.address":    {7, 8, 9}, // 7 has another resident, 9 is another tenant's
		"shop.invoice":    {31},
	} {
		if got := ids(m[key]); !slices.Equal(got, want) {
			t.Errorf("%s holds %v, want %v", key, got, want)
		}
	}
	if r := m["shop.review"][0]; r["author_name"].Kind() != connectors.KindNone || !strings.HasSuffix(r["author_email"].Raw(), "@deleted.invalid") {
		t.Error("the review still names its author")
	}
	if r := m["shop.review"][1]; r["author_email"] != text("jose@example.com") || r["author_name"] != text("Jose") {
		t.Error("a look-alike's review was changed")
	}
}

func TestRule6_ATenantsValueDoesNotSeedAnUnscopedSystem(t *testing.T) {
	p := parse(t, `dataset:
  fides_key: logs
  collections:
    - name: event
      privacydesk: {tenant: none, on_delete: delete}
      fields:
        - {name: id, fides_meta: {primary_key: true}}
        - {name: email, data_categories: [user.contact.email], fides_meta: {identity: email}}
        - {name: user_id, data_categories: [user.unique_id], fides_meta: {references: [{dataset: shop, field: customer.id, direction: from}]}}
`)
	m := memory{"logs.event": {{"id": num(1), "email": text("a@b.c"), "user_id": num(42)}}}
	for _, vendor := range []bool{false, true} {
		s := someone("acme", "a@b.c")
		s.Identities = append(s.Identities, connectors.Identity{Type: "shop.customer.id", Value: num(42), Vendor: vendor})
		f := locate(t, p, m, s, nil)
		if got := f.Keys() > 0; got != vendor {
			t.Errorf("vendor assigned %v: found %v", vendor, got)
		}
	}
}

// TestRule6_APlaceIsOneTenantsAlone: in a database of one tenant an address
// leads to rows that bear no tenant; a request of another tenant finds nothing
// there, whatever it knows, and nothing leads there from what it finds.
func TestRule6_APlaceIsOneTenantsAlone(t *testing.T) {
	p := parse(t, `dataset:
  fides_key: crm
  collections:
    - name: person
      privacydesk: {tenant: {place: acme}, on_delete: delete}
      fields:
        - {name: id, fides_meta: {primary_key: true}}
        - {name: email, data_categories: [user.contact.email], fides_meta: {identity: email}}
    - name: note
      privacydesk: {tenant: {via: person}, on_delete: delete}
      fields:
        - {name: id, fides_meta: {primary_key: true}}
        - {name: person_id, fides_meta: {references: [{dataset: crm, field: person.id, direction: from}]}}
        - {name: lead_id, fides_meta: {references: [{dataset: crm, field: lead.id, direction: from}]}}
    - name: lead
      privacydesk: {tenant: {field: org}, on_delete: delete}
      fields:
        - {name: id, fides_meta: {primary_key: true}}
        - {name: org}
        - {name: email, data_categories: [user.contact.email], fides_meta: {identity: email}}
`)
	m := memory{
		"crm.person": {{"id": num(1), "email": text("a@b.c")}, {"id": num(2), "email": text("d@b.c")}},
		"crm.note":   {{"id": num(11), "person_id": num(1)}, {"id": num(12), "person_id": num(2)}, {"id": num(13), "lead_id": num(21)}},
		"crm.lead":   {{"id": num(21), "org": text("other"), "email": text("a@b.c")}},
	}
	own, others := locate(t, p, m, someone("acme", "a@b.c"), nil), locate(t, p, m, someone("other", "a@b.c"), nil)
	if got := p.Elsewhere("acme"); len(got) != 0 {
		t.Errorf("elsewhere for its tenant: %v", got)
	}
	if got := p.Elsewhere("other"); len(got) != 2 || got[0].Key != "crm.person" {
		t.Errorf("elsewhere for another tenant: %v", got)
	}
	if others.Set("crm.person") != nil || others.Set("crm.note") != nil || others.Set("crm.lead") == nil {
		t.Errorf("another tenant finds %+v", others.Sets)
	}
	// A finding that was made up reaches nothing either.
	w, err := p.Start(someone("other", "a@b.c"), own, walk.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	steps, err := w.Next()
	if err != nil || len(steps) != 1 || steps[0].Collection.Key != "crm.lead" {
		t.Errorf("another tenant with the first one's finding asks %+v, %v", steps, err)
	}
	// Nor is a row believed that one query brought for both.
	theirs, err := p.Start(someone("acme", "a@b.c"), nil, walk.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	asked, err := theirs.Next()
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range asked {
		row := walk.Row{Tenant: text("acme")}
		for _, f := range step.Fetch {
			row.Cells = append(row.Cells, m["crm.person"][0][f])
		}
		if found, err := w.Feed(step, row); step.Collection.Key == "crm.person" && (found || err != nil) {
			t.Errorf("another tenant believes a row of the place: %v", err)
		}
	}
	if _, err := m.erase(p, "acme", own, -1); err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string][]int64{"crm.person": {2}, "crm.note": {12, 13}, "crm.lead": {21}} {
		if got := ids(m[key]); !slices.Equal(got, want) {
			t.Errorf("%s holds %v, want %v", key, got, want)
		}
	}
}

// TestRule6_ProfileAndWalkAgreeOnWhatLeadsIn: whatever confines a collection,
// a walk searches it by an identity if and only if the profile says that the
// identity leads in, and the map's check sees it the same way.
func TestRule6_ProfileAndWalkAgreeOnWhatLeadsIn(t *testing.T) {
	for _, tenant := range []string{"none", "{field: org}", "{place: acme}"} {
		p := parse(t, strings.ReplaceAll(`dataset:
  fides_key: crm
  collections:
    - name: person
      privacydesk: {tenant: TENANT, on_delete: delete}
      fields:
        - {name: id, fides_meta: {primary_key: true}}
        - {name: org}
        - {name: email, data_categories: [user.contact.email], fides_meta: {identity: email}}
        - {name: number, data_categories: [user.unique_id], fides_meta: {references: [{dataset: shop, field: customer.id, direction: from}]}}
`, "TENANT", tenant))
		for _, id := range []connectors.Identity{
			{Type: connectors.Email, Value: text("a@b.c")},
			{Type: "shop.customer.id", Value: num(1)},
			{Type: "shop.customer.id", Value: num(1), Vendor: true},
			{Type: "shop.customer.number", Value: num(1), Vendor: true},
			{Type: "shop.customer.id", Vendor: true},
		} {
			w, err := p.Start(connectors.Subject{Tenant: "acme", Identities: []connectors.Identity{id}}, nil, walk.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			steps, err := w.Next()
			if err != nil {
				t.Fatal(err)
			}
			if got := len(steps) > 0; got != p.Profile().Admits(id) {
				t.Errorf("tenant %s, %s (vendor %v): searched %v, profile %+v", tenant, id.Type, id.Vendor, got, p.Profile().Ways())
			}
		}
	}
}

// TestRule7_AConditionDecidesWhatRefers: of a polymorphic reference, rows of
// another type bear the same number and are somebody else's; in Go too, since
// memory answers with all that it has.
func TestRule7_AConditionDecidesWhatRefers(t *testing.T) {
	p := parse(t, `dataset:
  fides_key: poly
  privacydesk: {tenant: {field: org}}
  collections:
    - name: customer
      privacydesk: {on_delete: delete, gather: true}
      fields:
        - {name: org}
        - {name: id, fides_meta: {primary_key: true}}
        - {name: email, data_categories: [user.contact.email], fides_meta: {identity: email}}
    - name: company
      privacydesk: {on_delete: delete}
      fields:
        - {name: org}
        - {name: id, fides_meta: {primary_key: true}}
        - {name: contact, data_categories: [user.contact.email], fides_meta: {identity: email}}
    - name: note
      privacydesk: {on_delete: delete}
      fields:
        - {name: org}
        - {name: id, fides_meta: {primary_key: true}}
        - {name: kind}
        - {name: author, data_categories: [user.contact.email], fides_meta: {identity: email}}
        - name: notable
          fides_meta:
            references:
              - {dataset: poly, field: customer.id, privacydesk: {where: {kind: [Customer, Lead]}}}
              - {dataset: poly, field: company.id, direction: from, privacydesk: {where: {kind: Company}}}
`)
	note := func(id, to int64, kind string) record {
		return record{"org": text("acme"), "id": num(id), "kind": text(kind), "notable": num(to)}
	}
	m := memory{
		"poly.customer": {{"org": text("acme"), "id": num(1), "email": text("a@b.c")}, {"org": text("acme"), "id": num(2), "email": text("x@b.c")}},
		"poly.company":  {{"org": text("acme"), "id": num(1), "contact": text("d@b.c")}, {"org": text("acme"), "id": num(7), "contact": text("a@b.c")}},
		"poly.note": {
			note(11, 1, "Customer"), note(12, 1, "Company"), note(13, 7, "Company"), note(14, 7, "Customer"), note(15, 1, "Lead"), note(16, 1, "customer"),
			{"org": text("acme"), "id": num(17), "kind": text("Customer")},
		},
	}
	f := locate(t, p, m, someone("acme", "a@b.c"), nil)
	reads, err := p.Reads("acme", f)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range reads {
		if s.Collection.Key != "poly.note" {
			continue
		}
		for _, r := range m["poly.note"] {
			if got, want := m.hits(s, r, false), slices.Contains([]int64{11, 13, 15}, ids([]record{r})[0]); got != want {
				t.Errorf("note %v read: %v", r["id"], got)
			}
		}
	}
	// Upwards: whose note is not about a customer leads to none.
	m["poly.note"] = append(m["poly.note"], record{"org": text("acme"), "id": num(18), "kind": text("Company"), "notable": num(2), "author": text("a@b.c")})
	if got := locate(t, p, m, someone("acme", "a@b.c"), nil); strings.Contains(spelledLinks(got.Set("poly.customer")), "2") {
		t.Errorf("a note about company 2 leads to customer 2: %+v", got.Set("poly.customer"))
	}
	if _, err := m.erase(p, "acme", f, -1); err != nil {
		t.Fatal(err)
	}
	if got := ids(m["poly.note"]); !slices.Equal(got, []int64{12, 14, 16, 17, 18}) {
		t.Errorf("left: %v", got)
	}
}

func spelledLinks(s *connectors.Set) string {
	out := ""
	for _, l := range s.Links {
		if strings.TrimLeft(l.Field, "^") == "id" {
			for _, v := range l.Values {
				out += v.Raw() + " "
			}
		}
	}
	return out
}

func TestRule7_NothingEmptyIsSearched(t *testing.T) {
	p := shop(t)
	m := memory{"shop.customer": {{"id": num(1), "account_id": text("acme"), "email": text("")}, {"id": num(2), "account_id": text("acme")}}}
	for _, s := range []connectors.Subject{
		{Tenant: "acme"},
		someone("acme", ""),
		someone("acme", "  "),
		{Tenant: "acme", Identities: []connectors.Identity{{Type: connectors.Email}}},
	} {
		w, err := p.Start(s, nil, walk.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if steps, err := w.Next(); err != nil || len(steps) != 0 {
			t.Errorf("%d steps without an identity, %v", len(steps), err)
		}
		if f := locate(t, p, m, s, nil); f.Keys() != 0 {
			t.Errorf("%d keys without an identity", f.Keys())
		}
	}
	if _, err := p.Start(someone(" ", "a@b.c"), nil, walk.Limits{}); connectors.KindOf(err) != connectors.Misfit {
		t.Errorf("no tenant: %v", err)
	}
	if _, err := p.Reads("", &connectors.Finding{}); err == nil {
		t.Error("a read without a tenant")
	}
	empty := &connectors.Finding{Sets: []connectors.Set{{Collection: "shop.customer", Links: []connectors.Link{{Field: "email", Values: []connectors.Value{text(" ")}}}}}}
	if _, err := p.Erases("acme", empty); connectors.KindOf(err) != connectors.Broken {
		t.Errorf("an empty value compiled: %v", err)
	}
}

func TestRule7_KeysMatchByTheirRealType(t *testing.T) {
	m := fixture()
	m["shop.orders"] = append(m["shop.orders"],
		record{"id": num(15), "account_id": text("acme"), "customer_id": text("1")},
		record{"id": num(16), "account_id": text("acme"), "customer_id": connectors.Bytes([]byte("1"))})
	p := shop(t)
	f := locate(t, p, m, someone("acme", "josé@example.com"), nil)
	if _, err := m.erase(p, "acme", f, -1); err != nil {
		t.Fatal(err)
	}
	if got := ids(m["shop.orders"]); !slices.Equal(got, []int64{12, 13, 15, 16}) {
		t.Errorf("orders left: %v", got)
	}
}

func TestTenantIs(t *testing.T) {
	uuid, err := connectors.ParseUUID("0190c1d2-0000-7000-8000-00000000000a")
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		v      connectors.Value
		tenant string
		want   bool
	}{
		{text("acme"), "acme", true},
		{text("Acme"), "acme", false},
		{text("acme "), "acme", false},
		{num(7), "7", true},
		{num(7), "07", false},
		{uuid, "0190C1D2-0000-7000-8000-00000000000A", true},
		{uuid, "x", false},
		{connectors.Bytes([]byte("acme")), "acme", false},
		{connectors.Value{}, "", false},
		{text(""), "", false},
	}
	for _, tt := range tests {
		if got := walk.TenantIs(tt.v, tt.tenant); got != tt.want {
			t.Errorf("TenantIs(%c:%s, %q) = %v", tt.v.Kind(), tt.v.Raw(), tt.tenant, got)
		}
	}
}

func TestRule8_SharedRowsGoWhenNobodyElseRefers(t *testing.T) {
	p, m := shop(t), fixture()
	f := locate(t, p, m, someone("acme", "josé@example.com"), nil)
	reads, err := p.Reads("acme", f)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(reads, func(s walk.Selection) bool { return s.Collection.Name == "address" })
	rows := 0
	for _, r := range m["shop.address"] {
		if m.hits(reads[i], r, true) {
			rows++
		}
	}
	if rows != 1 { // 10: only the subject's own order refers to it
		t.Errorf("a count beforehand says that %d addresses will go, want 1", rows)
	}
	var fields []string
	for _, g := range reads[i].Guards {
		fields = append(fields, g.Collection.Name+"."+g.Field+">"+g.Key)
	}
	if diff := cmp.Diff([]string{"customer.address_id>id", "orders.shipping_address_id>id"}, fields); diff != "" {
		t.Errorf("guards (-want +got):\n%s", diff)
	}
	// Once the other resident has gone too, the address goes with the last.
	for _, who := range []string{"jose@example.com", "josé@example.com"} {
		f := locate(t, p, m, someone("acme", who), nil)
		if _, err := m.erase(p, "acme", f, -1); err != nil {
			t.Fatal(err)
		}
	}
	if got := ids(m["shop.address"]); !slices.Equal(got, []int64{8, 9}) {
		t.Errorf("addresses left: %v", got)
	}
}

func TestRule8_NobodyIsReachedThroughASharedRow(t *testing.T) {
	// The map lets one go from an address to whoever lives there, too.
	p := parse(t, `dataset:
  fides_key: a
  privacydesk: {tenant: {field: org}}
  collections:
    - name: person
      privacydesk: {on_delete: delete}
      fields:
        - {name: org}
        - {name: id, fides_meta: {primary_key: true}}
        - {name: email, fides_meta: {identity: email}}
        - {name: home, fides_meta: {references: [{dataset: a, field: address.id}]}}
    - name: address
      privacydesk: {on_delete: delete, gather: true, owned: true}
      fields:
        - {name: org}
        - {name: id, fides_meta: {primary_key: true}}
`)
	org := text("t")
	m := memory{
		"a.person":  {{"org": org, "id": num(1), "email": text("a@x.y"), "home": num(5)}, {"org": org, "id": num(2), "email": text("b@x.y"), "home": num(5)}},
		"a.address": {{"org": org, "id": num(5)}},
	}
	f := locate(t, p, m, someone("t", "a@x.y"), nil)
	if _, err := m.erase(p, "t", f, -1); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(ids(m["a.person"]), []int64{2}) || !slices.Equal(ids(m["a.address"]), []int64{5}) {
		t.Errorf("people left %v, addresses left %v", ids(m["a.person"]), ids(m["a.address"]))
	}
}

// TestRule8_WhatHangsBelowASharedRowIsNotReached: parcels name nobody, and who
// lives at an address does not own what others get there.
func TestRule8_WhatHangsBelowASharedRowIsNotReached(t *testing.T) {
	p := parse(t, `dataset:
  fides_key: a
  privacydesk: {tenant: {field: org}}
  collections:
    - name: person
      privacydesk: {on_delete: delete}
      fields:
        - {name: org}
        - {name: id, fides_meta: {primary_key: true}}
        - {name: email, fides_meta: {identity: email}}
        - {name: home, fides_meta: {references: [{dataset: a, field: address.id, direction: to}]}}
    - name: address
      privacydesk: {on_delete: delete, gather: true, owned: true}
      fields:
        - {name: org}
        - {name: id, fides_meta: {primary_key: true}}
    - name: parcel
      privacydesk: {on_delete: delete}
      fields:
        - {name: org}
        - {name: id, fides_meta: {primary_key: true}}
        - {name: address_id, fides_meta: {references: [{dataset: a, field: address.id, direction: from}]}}
`)
	org := text("t")
	m := memory{
		"a.person":  {{"org": org, "id": num(1), "email": text("a@x.y"), "home": num(5)}, {"org": org, "id": num(2), "email": text("b@x.y"), "home": num(5)}},
		"a.address": {{"org": org, "id": num(5)}},
		"a.parcel":  {{"org": org, "id": num(8), "address_id": num(5)}},
	}
	f := locate(t, p, m, someone("t", "a@x.y"), nil)
	if set := f.Set("a.parcel"); set != nil && len(set.Links) != 0 {
		t.Errorf("parcels are reached by %+v", set.Links)
	}
	if _, err := m.erase(p, "t", f, -1); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(ids(m["a.parcel"]), []int64{8}) || !slices.Equal(ids(m["a.address"]), []int64{5}) {
		t.Errorf("parcels left %v, addresses left %v", ids(m["a.parcel"]), ids(m["a.address"]))
	}
}

func TestEveryPartOfAnEraseCanBeResumed(t *testing.T) {
	p := shop(t)
	whole := fixture()
	first := locate(t, p, whole, someone("acme", "josé@example.com"), nil)
	total, err := whole.erase(p, "acme", first, -1)
	if err != nil {
		t.Fatal(err)
	}
	for n := range total + 1 {
		m := fixture()
		f := locate(t, p, m, someone("acme", "josé@example.com"), nil)
		if _, err := m.erase(p, "acme", f, n); err != nil {
			t.Fatal(err)
		}
		// After half an erase the address is gone; the old finding is not.
		again := locate(t, p, m, someone("acme", "josé@example.com"), f)
		if !again.Covers(f) {
			t.Fatalf("after %d steps the finding shrank", n)
		}
		if _, err := m.erase(p, "acme", again, -1); err != nil {
			t.Fatal(err)
		}
		for key := range whole {
			if !slices.Equal(ids(m[key]), ids(whole[key])) {
				t.Errorf("after %d steps %s ends with %v, want %v", n, key, ids(m[key]), ids(whole[key]))
			}
		}
		if a, b := m["shop.review"][0], whole["shop.review"][0]; a["author_email"] != b["author_email"] {
			t.Errorf("after %d steps the mask differs", n)
		}
	}
}

func TestALateRowIsReachedByTheOldFinding(t *testing.T) {
	p, m := shop(t), fixture()
	f := locate(t, p, m, someone("acme", "josé@example.com"), nil)
	if _, err := m.erase(p, "acme", f, -1); err != nil {
		t.Fatal(err)
	}
	m["shop.orders"] = append(m["shop.orders"], record{"id": num(19), "account_id": text("acme"), "customer_id": num(1)})
	m["shop.order_item"] = append(m["shop.order_item"], record{"id": num(29), "order_id": num(19), "line": num(1)})
	again := locate(t, p, m, someone("acme", "josé@example.com"), f)
	if _, err := m.erase(p, "acme", again, -1); err != nil {
		t.Fatal(err)
	}
	if got := ids(m["shop.order_item"]); slices.Contains(got, 29) {
		t.Errorf("a late item stays: %v", got)
	}
}

func TestLimits(t *testing.T) {
	p, m := shop(t), fixture()
	_, err := m.locate(p, someone("acme", "josé@example.com"), nil, walk.Limits{Keys: 5})
	if connectors.KindOf(err) != connectors.TooMuch {
		t.Errorf("keys: %v", err)
	}
	_, err = m.locate(p, someone("acme", "josé@example.com"), nil, walk.Limits{Rounds: 2})
	if connectors.KindOf(err) != connectors.TooMuch {
		t.Errorf("rounds: %v", err)
	}
	var e *connectors.Error
	if !errors.As(err, &e) || e.Mend == "" || strings.Contains(err.Error(), "example.com") {
		t.Errorf("the error: %v", err)
	}
}

func TestAFindingOfAnotherMapIsRefused(t *testing.T) {
	p := shop(t)
	for _, f := range []*connectors.Finding{
		{Sets: []connectors.Set{{Collection: "shop.gone"}}},
		{Sets: []connectors.Set{{Collection: "shop.orders", Links: []connectors.Link{{Field: "gone", Values: []connectors.Value{num(1)}}}}}},
	} {
		if _, err := p.Start(someone("acme", "a@b.c"), f, walk.Limits{}); connectors.KindOf(err) != connectors.Misfit {
			t.Errorf("start: %v", err)
		}
		if _, err := p.Erases("acme", f); connectors.KindOf(err) != connectors.Misfit {
			t.Errorf("erase: %v", err)
		}
	}
}

func TestFeedRefusesARowThatDoesNotFit(t *testing.T) {
	w, err := shop(t).Start(someone("acme", "a@b.c"), nil, walk.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	steps, err := w.Next()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Feed(steps[0], walk.Row{Tenant: text("acme")}); connectors.KindOf(err) != connectors.Broken {
		t.Errorf("a short row: %v", err)
	}
}
