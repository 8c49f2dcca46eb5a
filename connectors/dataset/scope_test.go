package dataset_test

import (
	"strings"
	"testing"

	"privacydesk/connectors"
	"privacydesk/connectors/dataset"
)

const crm = `dataset:
  fides_key: crm
  collections:
    - name: person
      privacydesk: {tenant: {field: org}, on_delete: delete}
      fields:
        - {name: org}
        - {name: id, fides_meta: {primary_key: true}}
        - {name: email, data_categories: [user.contact.email], fides_meta: {identity: email}}
        - name: address_id
          fides_meta: {references: [{dataset: crm, field: address.id, direction: to}]}
          privacydesk: {VENDOR}
    - name: address
      privacydesk: {tenant: TENANT, on_delete: ACTION, gather: true}
      fields:
        - {name: id, fides_meta: {primary_key: true}}
        - {name: street, data_categories: [user.contact.address.street]}
`

func crmMap(vendor, tenant, action string) string {
	return strings.NewReplacer("VENDOR", vendor, "TENANT", tenant, "ACTION", action).Replace(crm)
}

func TestRule6_AScopeTakenBackwardsNeedsTheVendorsWord(t *testing.T) {
	_, _, err := dataset.Parse("m.yml", []byte(crmMap("vendor_assigned: false", "{via: person}", "delete")))
	if err == nil || !strings.Contains(err.Error(), "vendor_assigned") {
		t.Errorf("a value that a tenant may write proves its tenant: %v", err)
	}
	m, _, err := dataset.Parse("m.yml", []byte(crmMap("vendor_assigned: true", "{via: person}", "delete")))
	if err != nil {
		t.Fatal(err)
	}
	if h := m.Collection("crm.address").Scope.Hops; len(h) != 1 || h[0].Field != "id" || h[0].ToField != "address_id" {
		t.Errorf("hops: %+v", h)
	}
}

func TestRule6_NothingLeadsIntoUnscopedRowsButTheVendorsValues(t *testing.T) {
	m, notes, err := dataset.Parse("m.yml", []byte(crmMap("vendor_assigned: false", "none", "delete")))
	if err != nil {
		t.Fatal(err)
	}
	if len(m.Edges) != 0 || len(notes) == 0 {
		t.Errorf("edges %d, notes %v", len(m.Edges), notes)
	}
	m, _, err = dataset.Parse("m.yml", []byte(crmMap("vendor_assigned: true", "none", "delete")))
	if err != nil {
		t.Fatal(err)
	}
	if len(m.Edges) != 1 {
		t.Errorf("edges: %d", len(m.Edges))
	}
}

func TestProblems(t *testing.T) {
	one := func(coll, fields string) string {
		return "dataset:\n  fides_key: a\n  collections:\n    - name: c\n      privacydesk: {" + coll + "}\n      fields:\n" + fields
	}
	const (
		key   = "        - {name: id, fides_meta: {primary_key: true}}\n"
		email = "        - {name: email, data_categories: [user.contact.email], fides_meta: {identity: email}}\n"
	)
	masked := func(s string) string {
		return "        - {name: email, data_categories: [user.contact.email], fides_meta: {identity: email}, privacydesk: {on_delete: {strategy: " + s + "}}}\n"
	}
	tests := []struct {
		name, file string
		severity   connectors.Severity
		where      string
	}{
		{"sound", one("tenant: {field: org}, on_delete: delete", key+email), "", ""},
		{"unscoped", one("on_delete: delete", key+email), connectors.SeverityBlocks, "a.c"},
		{"no action", one("tenant: {field: org}", key+email), connectors.SeverityDeletes, "a.c"},
		{"no mask", one("tenant: {field: org}, on_delete: deidentify", key+email), connectors.SeverityDeletes, "a.c"},
		{"masks", one("tenant: {field: org}, on_delete: deidentify", key+masked("random")), "", ""},
		{"personal field stays", one("tenant: {field: org}, on_delete: deidentify", key+masked("random")+"        - {name: n, data_categories: [user.name]}\n"), connectors.SeverityDeletes, "a.c.n"},
		{"no key to derive from", one("tenant: {field: org}, on_delete: deidentify", masked("random")), connectors.SeverityDeletes, "a.c.email"},
		{"masked and never found again", one("tenant: {field: org}, on_delete: deidentify", masked("null")), connectors.SeverityDeletes, "a.c.email"},
		{"aggregate tells apart", one("tenant: {field: org}, on_delete: aggregate", key+masked("hash")), connectors.SeverityDeletes, "a.c.email"},
		{"aggregate", one("tenant: {field: org}, on_delete: aggregate", key+masked("null")), "", ""},
		{"unreached", one("tenant: {field: org}, on_delete: delete", key+"        - {name: n, data_categories: [user.name]}\n"), connectors.SeverityDeletes, "a.c"},
		{"tenant masked", one("tenant: {field: org}, on_delete: deidentify", key+masked("null")+"        - {name: org, privacydesk: {on_delete: {strategy: fixed, value: x}}}\n"), connectors.SeverityDeletes, "a.c.org"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m, _, err := dataset.Parse("m.yml", []byte(tt.file))
			if err != nil {
				t.Fatal(err)
			}
			var got []connectors.Problem
			for _, p := range m.Problems() {
				if p.Severity != connectors.SeverityNote {
					got = append(got, p)
				}
			}
			if tt.severity == "" {
				if len(got) != 0 {
					t.Errorf("problems: %+v", got)
				}
				return
			}
			if len(got) == 0 || got[0].Severity != tt.severity || got[0].Where != tt.where || got[0].Mend == "" {
				t.Errorf("problems: %+v", got)
			}
			if m.RefusesErase() == "" {
				t.Error("deletes are not refused")
			}
		})
	}
}

func TestScopeMustOutliveTheRows(t *testing.T) {
	const file = `dataset:
  fides_key: a
  collections:
    - name: p
      privacydesk: {tenant: {field: org}, on_delete: delete}
      fields:
        - {name: id, fides_meta: {primary_key: true}}
        - {name: email, data_categories: [user.contact.email], fides_meta: {identity: email}}
    - name: c
      privacydesk: {tenant: {via: p}, on_delete: ACTION}
      fields:
        - {name: id, fides_meta: {primary_key: true}}
        - {name: p_id, fides_meta: {references: [{dataset: a, field: p.id, direction: from}]}}
        - {name: n, data_categories: [user.name], privacydesk: {on_delete: {strategy: null}}}
`
	for action, refuses := range map[string]bool{"delete": false, "deidentify": true} {
		m, _, err := dataset.Parse("m.yml", []byte(strings.ReplaceAll(file, "ACTION", action)))
		if err != nil {
			t.Fatal(err)
		}
		if got := m.RefusesErase() != ""; got != refuses {
			t.Errorf("%s: refuses %q", action, m.RefusesErase())
		}
	}
}

func TestSelfReferenceWithoutDirectionOnlyLeadsUp(t *testing.T) {
	const file = `dataset:
  fides_key: a
  collections:
    - name: employee
      privacydesk: {tenant: {field: org}, on_delete: delete, gather: true}
      fields:
        - {name: id, fides_meta: {primary_key: true}}
        - {name: email, fides_meta: {identity: email}}
        - {name: boss, fides_meta: {references: [{dataset: a, field: employee.id}]}}
`
	m, notes, err := dataset.Parse("m.yml", []byte(file))
	if err != nil {
		t.Fatal(err)
	}
	if len(m.Edges) != 1 || !m.Edges[0].Shared || m.Edges[0].FromField.Path != "boss" || len(notes) == 0 {
		t.Errorf("the subject's staff would be taken for the subject: %+v", m.Edges)
	}
}

func TestTenantFieldLeadsToNobody(t *testing.T) {
	const file = `dataset:
  fides_key: a
  privacydesk: {tenant: {field: org}}
  collections:
    - name: p
      privacydesk: {on_delete: delete, gather: true}
      fields:
        - {name: org, fides_meta: {primary_key: true}}
        - {name: id, fides_meta: {primary_key: true}}
        - {name: email, fides_meta: {identity: email}}
    - name: c
      privacydesk: {on_delete: delete}
      fields:
        - {name: id, fides_meta: {primary_key: true}}
        - {name: org, fides_meta: {references: [{dataset: a, field: p.org, direction: from}]}}
        - {name: p_id, fides_meta: {references: [{dataset: a, field: p.id, direction: from}]}}
`
	m, notes, err := dataset.Parse("m.yml", []byte(file))
	if err != nil {
		t.Fatal(err)
	}
	if len(m.Links) != 1 || !m.Links[0].Keyed || m.Links[0].ChildField.Path != "p_id" {
		t.Errorf("links: %d", len(m.Links))
	}
	if len(notes) != 1 || !strings.Contains(notes[0].What, "tenant") {
		t.Errorf("notes: %v", notes)
	}
}

func TestRule8_PartOfAKeyOwnsNothing(t *testing.T) {
	const file = `dataset:
  fides_key: a
  privacydesk: {tenant: {field: org}}
  collections:
    - name: member
      privacydesk: {on_delete: delete}
      fields:
        - {name: org}
        - {name: group_id, fides_meta: {primary_key: true}}
        - {name: email, fides_meta: {identity: email, primary_key: true}}
    - name: message
      privacydesk: {on_delete: delete}
      fields:
        - {name: org}
        - {name: id, fides_meta: {primary_key: true}}
        - {name: text, data_categories: [user.content]}
        - {name: group_id, fides_meta: {references: [{dataset: a, field: member.group_id, direction: from}]}}
`
	m, _, err := dataset.Parse("m.yml", []byte(file))
	if err != nil {
		t.Fatal(err)
	}
	if len(m.Edges) != 0 {
		t.Error("everything said in the subject's groups would be the subject's")
	}
}

func TestDigest(t *testing.T) {
	base := crmMap("vendor_assigned: true", "none", "delete")
	digest := func(s string) string {
		m, _, err := dataset.Parse("m.yml", []byte(s))
		if err != nil {
			t.Fatal(err)
		}
		return m.Digest()
	}
	same := digest(base)
	if len(same) != 64 || digest("# a comment\n"+strings.ReplaceAll(base, "{name: org}", "{description: x, name: org}")) != same {
		t.Error("the digest depends on what has no meaning")
	}
	for what, s := range map[string]string{
		"action":  crmMap("vendor_assigned: true", "none", "{retain: {exception: security, reason: x}}"),
		"scope":   crmMap("vendor_assigned: true", "{field: org}", "delete"),
		"vendor":  crmMap("vendor_assigned: false", "none", "delete"),
		"gather":  strings.ReplaceAll(base, "gather: true", "gather: false"),
		"edge":    strings.ReplaceAll(base, "direction: to", "direction: from"),
		"field":   strings.ReplaceAll(base, "name: street", "name: road"),
		"display": strings.ReplaceAll(base, "{name: street,", "{name: street, privacydesk: {never_disclose: x},"),
	} {
		if digest(s) == same {
			t.Errorf("the digest does not see the %s", what)
		}
	}
}

// TestRule6_WhatNothingLeadsToCountsNowhere: an address, which anybody may
// have written, leads to no rows without a tenant: profile, problems and what
// papers list as searched all say so.
func TestRule6_WhatNothingLeadsToCountsNowhere(t *testing.T) {
	file := func(tenant string) string {
		return `dataset:
  fides_key: a
  collections:
    - name: person
      privacydesk: {tenant: ` + tenant + `, on_delete: delete}
      fields:
        - {name: id, fides_meta: {primary_key: true}, privacydesk: {vendor_assigned: true, yields: true}}
        - {name: email, data_categories: [user.contact.email], fides_meta: {identity: email}}
`
	}
	m := mustParse(t, file("none"))
	p := m.Profile()
	if p.Leads(connectors.Email, false) || len(p.Collections) != 0 || len(p.Yields) != 0 {
		t.Errorf("profile: %+v", p)
	}
	if len(p.LeftOut) != 1 || p.LeftOut[0].Name != "a.person" || !strings.Contains(p.LeftOut[0].Reason, "not searched") {
		t.Errorf("left out: %+v", p.LeftOut)
	}
	said := m.Problems()
	if len(said) == 0 || said[0].Severity != connectors.SeverityDeletes || !strings.Contains(said[0].What, "is not searched") || !strings.Contains(said[0].Mend, "place") {
		t.Errorf("problems: %+v", said)
	}
	m = mustParse(t, file("{place: acme}"))
	p = m.Profile()
	if !p.Leads(connectors.Email, false) || len(p.Collections) != 1 || len(p.LeftOut) != 0 || m.RefusesErase() != "" {
		t.Errorf("a place: %+v, refuses %q", p, m.RefusesErase())
	}
	if len(p.Places) != 1 || p.Places[0] != "acme" {
		t.Errorf("places: %v", p.Places)
	}
	if m.Digest() == mustParse(t, file("{place: globex}")).Digest() {
		t.Error("whose the place is does not count for the digest")
	}
}

func mustParse(t *testing.T, file string) *dataset.Map {
	t.Helper()
	m, _, err := dataset.Parse("m.yml", []byte(file))
	if err != nil {
		t.Fatal(err)
	}
	return m
}
