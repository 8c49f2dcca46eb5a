package dataset_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"privacydesk/connectors"
	"privacydesk/connectors/dataset"
)

func load(t *testing.T, names ...string) (*dataset.Map, []dataset.Note) {
	t.Helper()
	var files []dataset.File
	for _, n := range names {
		data, err := os.ReadFile(filepath.Join("testdata", n))
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, dataset.File{Name: n, Data: data})
	}
	m, notes, err := dataset.ParseFiles(files...)
	if err != nil {
		t.Fatalf("parse: %v", err)
	}
	return m, notes
}

func paths(fields []*dataset.Field) []string {
	out := []string{}
	for _, f := range fields {
		out = append(out, f.Path)
	}
	return out
}

func TestShopLoadsWholly(t *testing.T) {
	m, notes := load(t, "shop.yml")
	if len(notes) != 0 {
		t.Errorf("notes: %v", notes)
	}
	for _, p := range m.Problems() {
		t.Errorf("problem: %+v", p)
	}
	c := m.Collection("shop.customer")
	if c.Action != connectors.ActionDelete || c.Label != "Customers" || c.KeyField().Path != "id" {
		t.Errorf("customer: action %q label %q", c.Action, c.Label)
	}
	want := []string{"account_id", "id", "email", "phone", "address_id"}
	if diff := cmp.Diff(want, paths(c.Gathered())); diff != "" {
		t.Errorf("gathered (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"passport", "password_hash"}, paths(c.Withheld())); diff != "" {
		t.Errorf("withheld (-want +got):\n%s", diff)
	}
	if got := paths(m.Collection("shop.address").Gathered()); slices.Contains(got, "account_id") {
		t.Errorf("a field without category is gathered: %v", got)
	}
	inv := m.Collection("shop.invoice")
	if inv.Action != connectors.ActionRetain || inv.Exception != "legal_obligation" {
		t.Errorf("invoice: %q %q", inv.Action, inv.Exception)
	}
	mask := m.Collection("shop.review").Field("author_email").Mask
	if diff := cmp.Diff(&dataset.Mask{Strategy: dataset.StrategyRandom, Length: 20, Suffix: "@deleted.invalid"}, mask); diff != "" {
		t.Errorf("mask (-want +got):\n%s", diff)
	}
	if got := m.Collection("shop.review").Field("author_name").Mask; got == nil || got.Strategy != dataset.StrategyNull {
		t.Errorf("unquoted null strategy: %+v", got)
	}
}

func TestScopes(t *testing.T) {
	m, _ := load(t, "shop.yml")
	own := m.Collection("shop.orders").Scope
	if own.Kind != dataset.ScopeField || own.Field != "account_id" || len(own.Hops) != 0 {
		t.Errorf("orders: %+v", own)
	}
	via := m.Collection("shop.order_item").Scope
	if via.Kind != dataset.ScopeField || via.Field != "account_id" || len(via.Hops) != 1 {
		t.Fatalf("order_item: %+v", via)
	}
	if h := via.Hops[0]; h.Field != "order_id" || h.Collection.Key != "shop.orders" || h.ToField != "id" {
		t.Errorf("hop: %+v", h)
	}
}

func TestRule8_LinksTellOwnedFromShared(t *testing.T) {
	m, _ := load(t, "shop.yml")
	got := map[string]bool{}
	for _, e := range m.Edges {
		got[e.From.Name+"."+e.FromField.Path+" > "+e.To.Name+"."+e.ToField.Path] = e.Shared
	}
	want := map[string]bool{
		"customer.id > orders.customer_id":        false,
		"orders.id > order_item.order_id":         false,
		"orders.id > invoice.order_id":            false,
		"customer.address_id > address.id":        true,
		"orders.shipping_address_id > address.id": true,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("edges (-want +got):\n%s", diff)
	}
}

func TestRule8_NoPrimaryKeyNoOwnership(t *testing.T) {
	m, notes := load(t, "plain_fides.yml")
	if l := m.Links[0]; l.Keyed || !l.Down || l.Up {
		t.Errorf("link: keyed %v down %v up %v", l.Keyed, l.Down, l.Up)
	}
	if len(m.Edges) != 0 {
		t.Errorf("shared rows are followed though the map has no use for them")
	}
	if !slices.ContainsFunc(notes, func(n dataset.Note) bool { return strings.Contains(n.What, "primary key") && n.Line > 0 }) {
		t.Errorf("no note: %v", notes)
	}
}

func TestPlainFidesRefusesToAct(t *testing.T) {
	m, _ := load(t, "plain_fides.yml")
	if m.Collection("warehouse.users").Action != connectors.ActionDelete {
		t.Error("a collection's masking_strategy_override delete is an action")
	}
	if m.Blocked() == "" {
		t.Error("an unscoped map may not be read")
	}
	if p := m.Profile(); p.RefusesErase == "" || !strings.Contains(p.RefusesErase, "warehouse.comments") {
		t.Errorf("refuses: %q", p.RefusesErase)
	}
	if p := m.Problems(); p[0].Severity != connectors.SeverityBlocks || p[len(p)-1].Severity == connectors.SeverityBlocks {
		t.Errorf("the worst does not come first: %+v", p)
	}
}

func TestNestedAndCrossDataset(t *testing.T) {
	m, notes := load(t, "nested.yml")
	c := m.Collection("profiles.details")
	want := []string{"_id", "customer_id", "workplace.position", "emergency_contacts.name", "emergency_contacts.phone"}
	if diff := cmp.Diff(want, paths(c.Gathered())); diff != "" {
		t.Errorf("gathered (-want +got):\n%s", diff)
	}
	if got := c.Field("customer_id").Needs; !slices.Equal(got, []connectors.IdentityType{"shop.customer.id"}) {
		t.Errorf("needs: %v", got)
	}
	if got := c.Field("legacy").LeadsTo; !slices.Equal(got, []connectors.IdentityType{"crm.contact.details.id"}) {
		t.Errorf("leads to: %v", got)
	}
	p := m.Profile()
	if diff := cmp.Diff([]connectors.IdentityType{"email", "shop.customer.id"}, p.Needs); diff != "" {
		t.Errorf("needs (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]connectors.IdentityType{"crm.contact.details.id"}, p.Yields); diff != "" {
		t.Errorf("yields (-want +got):\n%s", diff)
	}
	var said []string
	for _, n := range notes {
		if n.Line == 0 {
			t.Errorf("a note without a line: %v", n)
		}
		said = append(said, n.String())
	}
	all := strings.Join(said, "\n")
	for _, want := range []string{`"shoe_size"`, `"data_categories"`, "custom_request_field", `"elsewhere.things"`, "neither the field nor"} {
		if !strings.Contains(all, want) {
			t.Errorf("no note on %s in:\n%s", want, all)
		}
	}
	if !slices.Equal(c.EraseAfter, []string{"profiles.feedback"}) {
		t.Errorf("erase_after: %v", c.EraseAfter)
	}
}

func TestYields(t *testing.T) {
	m, _ := load(t, "shop.yml")
	want := []connectors.IdentityType{"phone_number", "shop.customer.id", "shop.customer.phone"}
	if diff := cmp.Diff(want, m.Profile().Yields); diff != "" {
		t.Errorf("yields (-want +got):\n%s", diff)
	}
	if got := m.Collection("shop.customer").Field("email").YieldsAs; len(got) != 0 {
		t.Errorf("an address found in a row is passed on unasked: %v", got)
	}
	people := []connectors.IdentityType{"shop.customer.id"}
	if diff := cmp.Diff(people, m.Profile().People); diff != "" {
		t.Errorf("people (-want +got):\n%s", diff)
	}
	needs := []connectors.IdentityType{"email", "phone_number", "shop.address.id"}
	if diff := cmp.Diff(needs, m.Profile().Needs); diff != "" {
		t.Errorf("needs (-want +got):\n%s", diff)
	}
}

func TestAliasesMergesAndDocuments(t *testing.T) {
	m, _ := load(t, "aliases.yml")
	n := m.Collection("a.notes")
	if n.Action != connectors.ActionDelete || n.Label != "Notes" || !n.Field("id").PrimaryKey {
		t.Errorf("merge: action %q label %q", n.Action, n.Label)
	}
	if len(m.Datasets) != 2 || m.Datasets[1].Key != "b" {
		t.Errorf("the second document is lost")
	}
}

func TestSeveralFilesLinkToEachOther(t *testing.T) {
	m, _ := load(t, "shop.yml", "nested.yml")
	i := slices.IndexFunc(m.Links, func(l *dataset.Link) bool {
		return l.Child.Key == "profiles.details" && l.Parent.Key == "shop.customer"
	})
	if i < 0 || !m.Links[i].Keyed || !m.Links[i].Down {
		t.Fatalf("the two datasets of one map are not linked")
	}
	if got := m.Collection("profiles.details").Field("customer_id").Needs; len(got) != 0 {
		t.Errorf("a link within the map is no need: %v", got)
	}
}

// bad are files with one fault each: the line and a part of the message.
var bad = []struct {
	name, file string
	line       int
	want       string
}{
	{"not yaml", "dataset: [", 0, "not YAML"},
	{"nothing", "system: []", 0, "no dataset"},
	{"no key", "dataset:\n  - name: x\n", 2, "no fides_key"},
	{"list for text", "dataset:\n  - fides_key: [x]\n", 2, "expected text, found a list"},
	{"text for list", "dataset:\n  fides_key: a\n  collections: x\n", 3, "expected a list"},
	{"twice", "dataset:\n  fides_key: a\n  name: x\n  name: y\n", 4, "occurs twice"},
	{"unknown own key", "dataset:\n  fides_key: a\n  privacydesk:\n    tennant: none\n", 4, `"tennant" is not known`},
	{"bad flag", field("fides_meta: {primary_key: perhaps}"), 7, "expected true or false"},
	{"bad length", field("fides_meta: {length: -1}"), 7, "positive whole number"},
	{"bad type", field("fides_meta: {data_type: varchar}"), 7, "data_type"},
	{"bad direction", field("fides_meta: {references: [{dataset: a, field: c.g, direction: up}]}"), 7, "from or to"},
	{"unnamed target", field("fides_meta: {references: [{dataset: a, field: g}]}"), 7, "collection.field"},
	{"no such collection", field("fides_meta: {references: [{dataset: a, field: d.g}]}"), 7, "no such collection"},
	{"no such field", field("fides_meta: {references: [{dataset: a, field: c.h}]}"), 7, "no such field"},
	{"to itself", field("fides_meta: {references: [{dataset: a, field: c.f}]}"), 7, "refers to itself"},
	{"all elements of one", field("fides_meta: {return_all_elements: true}"), 7, "needs a list"},
	{"masked key", field("fides_meta: {primary_key: true}\n          privacydesk: {on_delete: {strategy: hash}}"), 8, "primary key"},
	{"fixed of nothing", field("privacydesk: {on_delete: {strategy: fixed}}"), 7, "needs a value"},
	{"keep without reason", field("privacydesk: {on_delete: {strategy: keep}}"), 7, "reason"},
	{"too long", field("fides_meta: {length: 3}\n          privacydesk: {on_delete: {strategy: fixed, value: gone}}"), 8, "longer"},
	{"boolean at random", field("fides_meta: {data_type: boolean}\n          privacydesk: {on_delete: {strategy: random}}"), 8, "null or fixed"},
	{"disclosed password", field("data_categories: [user.authorization.password]\n          privacydesk: {never_disclose: false}"), 8, "never disclosed"},
	{"no reason", field("privacydesk: {never_disclose: true}"), 7, "reason"},
	{"bad normal form", field("privacydesk: {normalise: phone}"), 7, "email or none"},
	{"parts of a text", field("fides_meta: {data_type: string}\n          fields: [{name: x}]"), 6, "object"},
	{"bad action", coll("on_delete: purge"), 6, "delete, deidentify"},
	{"retain, why", coll("on_delete: retain"), 6, "exception and reason"},
	{"retain, no ground", coll("on_delete: {retain: {exception: because, reason: x}}"), 6, "legal_obligation"},
	{"tenant both", coll("tenant: {field: f, via: c}"), 6, "one of field, via and place"},
	{"tenant via nothing", coll("tenant: {via: x}"), 6, "no such other collection"},
	{"tenant word", coll("tenant: all"), 6, "none or a mapping"},
}

func field(lines string) string {
	return "dataset:\n  fides_key: a\n  collections:\n    - name: c\n      fields:\n        - name: f\n          " + lines + "\n        - name: g\n"
}

func coll(line string) string {
	return "dataset:\n  fides_key: a\n  collections:\n    - name: c\n      privacydesk:\n        " + line + "\n      fields: [{name: f}]\n"
}

func TestBadFilesNamePlaceAndMend(t *testing.T) {
	for _, tt := range bad {
		t.Run(tt.name, func(t *testing.T) {
			m, _, err := dataset.Parse("map.yml", []byte(tt.file))
			if err == nil || m != nil {
				t.Fatalf("accepted")
			}
			var e *dataset.Error
			if !errors.As(err, &e) {
				t.Fatalf("not an *Error: %v", err)
			}
			if e.File != "map.yml" || e.Line != tt.line {
				t.Errorf("blames %s:%d, want line %d: %v", e.File, e.Line, tt.line, err)
			}
			if !strings.Contains(err.Error(), tt.want) {
				t.Errorf("does not say %q: %v", tt.want, err)
			}
		})
	}
}

func TestAllErrorsAtOnce(t *testing.T) {
	_, _, err := dataset.Parse("map.yml", []byte("dataset:\n  fides_key: a\n  collections:\n    - name: c\n      fields:\n        - {name: f, fides_meta: {length: x}}\n        - {name: f}\n        - {}\n"))
	if err == nil {
		t.Fatal("accepted")
	}
	for _, line := range []string{"map.yml:6", "map.yml:7", "map.yml:8"} {
		if !strings.Contains(err.Error(), line) {
			t.Errorf("%s is not blamed in:\n%v", line, err)
		}
	}
}

func TestAliasBombIsRefused(t *testing.T) {
	var b strings.Builder
	b.WriteString("x00: &x00 {name: f}\n")
	for i := 1; i < 30; i++ {
		n := i - 1
		b.WriteString("x" + itoa(i) + ": &x" + itoa(i) + " {name: f, fields: [*x" + itoa(n) + ", {name: g, fields: [*x" + itoa(n) + "]}]}\n")
	}
	b.WriteString("dataset: {fides_key: a, collections: [{name: c, fields: [*x29]}]}\n")
	_, _, err := dataset.Parse("bomb.yml", []byte(b.String()))
	if err == nil {
		t.Fatal("a file of exponential size was read")
	}
}

func itoa(i int) string { return string(rune('0'+i/10)) + string(rune('0'+i%10)) }
