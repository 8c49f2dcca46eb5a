package dataset

import (
	"fmt"
	"strings"
	"testing"
)

const ofKeys = `dataset:
  fides_key: a
  privacydesk: {tenant: {field: org}}
  collections:
    - name: person
      privacydesk: {on_delete: delete}
      fields: [{name: org}, {name: id, fides_meta: {primary_key: true}}, {name: email, fides_meta: {identity: email}}]
    - name: orders
      privacydesk: {on_delete: delete}
      fields:
        - {name: org}
        - {name: id, fides_meta: {primary_key: true}}
        - {name: person_id, fides_meta: {references: [{dataset: a, field: person.id, direction: from}]}}
        - {name: approved_by}
    - name: line
      privacydesk: {on_delete: delete}
      fields:
        - {name: org}
        - {name: order_id, fides_meta: {primary_key: true, references: [{dataset: a, field: orders.id, direction: from}]}}
        - {name: no, fides_meta: {primary_key: true}}
    - name: parcel
      privacydesk: {on_delete: delete}
      fields:
        - {name: org}
        - {name: id, fides_meta: {primary_key: true}}
        - {name: order_id, fides_meta: {references: [REFERENCE]}}
        - {name: line_no}
`

func key(m *Map, child, parent string, pairs ...string) ForeignKey {
	k := ForeignKey{Child: m.Collection("a." + child), Parent: m.Collection("a." + parent)}
	for _, p := range pairs {
		a, b, _ := strings.Cut(p, ">")
		k.Pairs = append(k.Pairs, Pair{k.Child.Field(a), k.Parent.Field(b)})
	}
	return k
}

func spell(m *Map) string {
	var out []string
	for _, l := range m.Links {
		text := l.Child.Name + ">" + l.Parent.Name
		for _, p := range l.Pairs() {
			text += " " + p.Child.Path + ">" + p.Parent.Path
		}
		out = append(out, fmt.Sprintf("%s keyed=%v down=%v up=%v live=%v", text, l.Keyed, l.Down, l.Up, l.Live))
	}
	return strings.Join(out, "\n")
}

// TestForeignKeysCompleteAMap: a reference over a part of one goes by all its
// columns, whichever side said it; a key without a reference leads nowhere.
func TestForeignKeysCompleteAMap(t *testing.T) {
	parse := func(reference string) *Map {
		m, _, err := Parse("m.yml", []byte(strings.Replace(ofKeys, "REFERENCE", reference, 1)))
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	whole := []string{"org>org", "order_id>order_id", "line_no>no"}
	for reference, want := range map[string]string{
		"{dataset: a, field: line.order_id, direction: from}": "parcel>line line_no>no order_id>order_id keyed=true down=true up=false live=false",
		"{dataset: a, field: line.order_id, direction: to}":   "parcel>line line_no>no order_id>order_id keyed=true down=false up=true live=false",
		"{dataset: a, field: orders.id, direction: from}":     "parcel>line line_no>no order_id>order_id keyed=true down=false up=false live=true",
	} {
		m := parse(reference)
		with := m.WithKeys([]ForeignKey{key(m, "parcel", "line", whole...)})
		if !strings.Contains(spell(with), want) || strings.Contains(spell(m), "line_no") {
			t.Errorf("%s:\n%s\nwant %s; and the map as it was:\n%s", reference, spell(with), want, spell(m))
		}
		if with.Digest() != m.Digest() {
			t.Error("the digest goes by the database")
		}
		for _, l := range with.Links {
			if l.Live && !with.Goes(l) {
				t.Errorf("%s: parcels refer to lines of the same order, and stay", reference)
			}
		}
	}
	m := parse("{dataset: a, field: orders.id, direction: from}")
	with := m.WithKeys([]ForeignKey{key(m, "orders", "person", "approved_by>id")})
	if len(with.Edges) != len(m.Edges) {
		t.Error("a key that the map does not name leads somewhere")
	}
	for _, l := range with.Links {
		if l.Live && with.Goes(l) {
			t.Error("what others approved is taken for the person's")
		}
	}
	if same := m.WithKeys([]ForeignKey{key(m, "orders", "person", "person_id>id"), key(m, "orders", "person", "org>org", "person_id>id")}); same != m {
		t.Error("keys that the map names change it")
	}
	// An address leads to lines, and their parcels may be of others; or
	// parcels name somebody else themselves, or are kept.
	for old, now := range map[string]string{
		"{name: no, fides_meta: {primary_key: true}}":            "{name: no, fides_meta: {primary_key: true}}\n        - {name: email, fides_meta: {identity: email}}",
		"- {name: line_no}":                                      "- {name: line_no}\n        - {name: email, fides_meta: {identity: email}}",
		"- name: parcel\n      privacydesk: {on_delete: delete}": "- name: parcel\n      privacydesk: {on_delete: {retain: {exception: security, reason: x}}}",
	} {
		text := strings.Replace(ofKeys, "REFERENCE", "{dataset: a, field: orders.id, direction: from}", 1)
		named, _, err := Parse("m.yml", []byte(strings.Replace(text, old, now, 1)))
		if err != nil || !strings.Contains(text, old) {
			t.Fatal(err)
		}
		for _, l := range named.WithKeys([]ForeignKey{key(named, "parcel", "line", whole...)}).Links {
			if l.Live && named.Goes(l) {
				t.Errorf("with %s parcels that refer may stay", now)
			}
		}
	}
}

// TestReferencesOverSeveralColumnsAreStrict.
func TestReferencesOverSeveralColumnsAreStrict(t *testing.T) {
	for ours, want := range map[string]string{
		"{to: line, fields: {order_id: order_id, line_no: no}}":                        "direction",
		"{to: none, fields: {order_id: order_id, line_no: no}, direction: from}":       "no such collection",
		"{to: line, fields: {order_id: order_id, line: no}, direction: from}":          `"line"`,
		"{to: line, fields: {order_id: order_id, line_no: nr}, direction: from}":       `"nr"`,
		"{to: line, fields: {order_id: order_id}, direction: from}":                    "primary key",
		"{to: line, direction: from}":                                                  "both sides",
		"{to: line, fields: {order_id: order_id, line_no: no}, direction: from, x: 1}": `"x"`,
	} {
		text := strings.Replace(ofKeys, "REFERENCE", "", 1)
		text = strings.Replace(text, "    - name: parcel\n      privacydesk: {on_delete: delete}", "    - name: parcel\n      privacydesk: {on_delete: delete, references: ["+ours+"]}", 1)
		if _, _, err := Parse("m.yml", []byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want it to say %s", ours, err, want)
		}
	}
	text := strings.Replace(ofKeys, "REFERENCE", "", 1)
	plain, _, err := Parse("m.yml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	text = strings.Replace(text, "    - name: parcel\n      privacydesk: {on_delete: delete}", "    - name: parcel\n      privacydesk: {on_delete: delete, references: [{to: line, fields: {org: org, order_id: order_id, line_no: no}, direction: from}]}", 1)
	m, _, err := Parse("m.yml", []byte(text))
	if err != nil || !strings.Contains(spell(m), "parcel>line line_no>no order_id>order_id keyed=true down=true") || m.Digest() == plain.Digest() {
		t.Errorf("%v\n%s", err, spell(m))
	}
}
