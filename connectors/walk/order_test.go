package walk_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"privacydesk/connectors"
	"privacydesk/connectors/dataset"
	"privacydesk/connectors/walk"
)

// everything is a finding that reaches each collection by its key.
func everything(m *dataset.Map) *connectors.Finding {
	f := &connectors.Finding{}
	for _, c := range m.All() {
		if !c.Skip {
			f.Add(c.Key, "id", num(1))
		}
	}
	return f
}

func opsOf(t *testing.T, p *walk.Plan) []string {
	t.Helper()
	steps, err := p.Erases("t", everything(p.Map()))
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, s := range steps {
		op := map[walk.Op]string{walk.OpDelete: "delete ", walk.OpNull: "null ", walk.OpMask: "mask "}[s.Op] + s.Collection.Name
		if len(s.Fields) > 0 {
			op += "." + strings.Join(s.Fields, ",")
		}
		out = append(out, op)
	}
	return out
}

func TestErasesChildrenFirst(t *testing.T) {
	want := []string{"delete order_item", "delete orders", "delete customer", "delete address", "mask review"}
	m := shop(t)
	f := &connectors.Finding{}
	for _, c := range m.Map().All() {
		key := "id"
		if c.Name == "order_item" {
			key = "order_id"
		}
		f.Add(c.Key, key, num(1))
	}
	steps, err := m.Erases("acme", f)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, s := range steps {
		got = append(got, map[walk.Op]string{walk.OpDelete: "delete ", walk.OpMask: "mask "}[s.Op]+s.Collection.Name)
	}
	before := func(a, b string) bool {
		return slices.Index(got, a) >= 0 && slices.Index(got, a) < slices.Index(got, b)
	}
	if !before(want[0], want[1]) || !before(want[1], want[2]) || !before(want[2], want[3]) || !before(want[1], want[3]) {
		t.Errorf("order: %v", got)
	}
	if len(got) != len(want) {
		t.Errorf("steps: %v, want %v in some order", got, want)
	}
	reads, err := m.Reads("acme", f)
	if err != nil {
		t.Fatal(err)
	}
	if len(reads) != 6 || reads[0].Collection.Name == "order_item" {
		t.Errorf("reads do not begin with parents")
	}
}

const circle = `dataset:
  fides_key: a
  privacydesk: {tenant: {field: org}}
  collections:
    - name: person
      privacydesk: {on_delete: delete}
      fields:
        - {name: org}
        - {name: id, fides_meta: {primary_key: true}}
        - {name: email, fides_meta: {identity: email}}
        - {name: main_address, fides_meta: {references: [{dataset: a, field: address.id, direction: to}]}}
    - name: address
      privacydesk: {on_delete: delete}
      fields:
        - {name: org}
        - {name: id, fides_meta: {primary_key: true}}
        - {name: person_id, fides_meta: {ROfides_x: x, references: [{dataset: a, field: person.id, direction: from}]}}
`

func TestACircleIsCutWhereItCostsNothing(t *testing.T) {
	p := parse(t, strings.ReplaceAll(circle, "ROfides_x: x, ", ""))
	want := []string{"null person.main_address", "delete address", "delete person"}
	if diff := cmp.Diff(want, opsOf(t, p)); diff != "" {
		t.Errorf("steps (-want +got):\n%s", diff)
	}
}

func TestACircleThatCannotBeCutRefuses(t *testing.T) {
	file := strings.ReplaceAll(circle, "ROfides_x: x, ", "read_only: true, ")
	file = strings.ReplaceAll(file, "main_address, fides_meta: {", "main_address, fides_meta: {read_only: true, ")
	p := parse(t, file)
	if _, err := p.Erases("t", everything(p.Map())); connectors.KindOf(err) != connectors.Misfit || !strings.Contains(err.Error(), "a.address, a.person") {
		t.Errorf("erased: %v", err)
	}
	if p.RefusesErase() == "" {
		t.Error("the plan does not say that it refuses")
	}
	if ps := p.Problems(); p.Profile().RefusesErase == "" || len(ps) == 0 || ps[0].Severity != connectors.SeverityDeletes {
		t.Error("neither the profile nor a problem says that it refuses")
	}
	if _, err := p.Reads("t", everything(p.Map())); err != nil {
		t.Errorf("access has to work: %v", err)
	}
}

func TestSelfReferencesAreNulledAndRemembered(t *testing.T) {
	p := parse(t, `dataset:
  fides_key: a
  privacydesk: {tenant: {field: org}}
  collections:
    - name: comment
      privacydesk: {on_delete: delete}
      fields:
        - {name: org}
        - {name: id, fides_meta: {primary_key: true}}
        - {name: email, fides_meta: {identity: email}}
        - {name: parent_id, fides_meta: {references: [{dataset: a, field: comment.id, direction: from}]}}
`)
	if diff := cmp.Diff([]string{"null comment.parent_id", "delete comment"}, opsOf(t, p)); diff != "" {
		t.Errorf("steps (-want +got):\n%s", diff)
	}
	org := text("t")
	m := memory{"a.comment": {
		{"org": org, "id": num(1), "email": text("a@x.y")},
		{"org": org, "id": num(2), "parent_id": num(1)},
		{"org": org, "id": num(3), "parent_id": num(2)},
		{"org": org, "id": num(4), "email": text("b@x.y")},
	}}
	f := locate(t, p, m, someone("t", "a@x.y"), nil)
	// Cut short after the references are gone: the rows are still known.
	if _, err := m.erase(p, "t", f, 1); err != nil {
		t.Fatal(err)
	}
	if _, err := m.erase(p, "t", f, -1); err != nil {
		t.Fatal(err)
	}
	if got := ids(m["a.comment"]); !slices.Equal(got, []int64{4}) {
		t.Errorf("left: %v", got)
	}
}

func TestEraseAfterIsKept(t *testing.T) {
	p := parse(t, `dataset:
  fides_key: a
  privacydesk: {tenant: {field: org}}
  collections:
    - name: alpha
      fides_meta: {erase_after: [a.omega]}
      privacydesk: {on_delete: delete}
      fields: [{name: org}, {name: id, fides_meta: {primary_key: true}}, {name: email, fides_meta: {identity: email}}]
    - name: omega
      privacydesk: {on_delete: delete}
      fields: [{name: org}, {name: id, fides_meta: {primary_key: true}}, {name: email, fides_meta: {identity: email}}]
`)
	if diff := cmp.Diff([]string{"delete omega", "delete alpha"}, opsOf(t, p)); diff != "" {
		t.Errorf("steps (-want +got):\n%s", diff)
	}
}

func TestNoEraseWithoutAWord(t *testing.T) {
	p := parse(t, `dataset:
  fides_key: a
  privacydesk: {tenant: {field: org}}
  collections:
    - name: person
      fields: [{name: org}, {name: id, fides_meta: {primary_key: true}}, {name: email, fides_meta: {identity: email}}]
`)
	if _, err := p.Erases("t", everything(p.Map())); connectors.KindOf(err) != connectors.Misfit {
		t.Errorf("erased: %v", err)
	}
	if _, err := p.Reads("t", everything(p.Map())); err != nil {
		t.Errorf("access has to work: %v", err)
	}
}

func TestRule6_UnscopedMapsAreRefused(t *testing.T) {
	m, _, err := dataset.Parse("m.yml", []byte(`dataset:
  fides_key: a
  collections:
    - name: person
      privacydesk: {on_delete: delete}
      fields: [{name: id, fides_meta: {primary_key: true}}, {name: email, fides_meta: {identity: email}}]
`))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := walk.New(m); connectors.KindOf(err) != connectors.Misfit || !strings.Contains(err.Error(), "a.person") {
		t.Errorf("planned: %v", err)
	}
}
