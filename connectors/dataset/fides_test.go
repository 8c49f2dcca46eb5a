package dataset_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"privacydesk/connectors"
	"privacydesk/connectors/dataset"
)

// TestAFileOfManyYearsLoadsUnchanged: everything that Fides reads is read
// here, and what can't be done here is said and never fatal.
func TestAFileOfManyYearsLoadsUnchanged(t *testing.T) {
	m, notes := load(t, "library.yml")
	reader := m.Collection("library_postgres.reader")
	if k := reader.KeyField(); k == nil || k.Path != "reader_id" {
		t.Errorf("a quoted True, in fidesops_meta, is no primary key: %+v", k)
	}
	if f := reader.Field("card_no"); f.Identity != "library_card" || f.Length != 12 {
		t.Errorf("fidesops_meta beside an empty fides_meta: %+v", f)
	}
	if diff := cmp.Diff(&dataset.Mask{Strategy: dataset.StrategyRandom, Length: 10, Suffix: "@masked.example"}, reader.Field("contact_mail").Mask); diff != "" {
		t.Errorf("mask (-want +got):\n%s", diff)
	}
	ref := reader.Field("account_ref")
	if !slices.Equal(ref.Needs, []connectors.IdentityType{"old_catalogue.patrons.alias"}) ||
		!slices.Equal(ref.LeadsTo, []connectors.IdentityType{"old_catalogue.patrons.alias", "old_catalogue.patrons.person.number"}) {
		t.Errorf("references to a dataset that is not loaded: needs %v, leads to %v", ref.Needs, ref.LeadsTo)
	}
	if l := slices.IndexFunc(m.Links, func(l *dataset.Link) bool { return l.Child == reader && l.Parent.Key == "accounts_mysql.account" }); l < 0 || !m.Links[l].Keyed || !m.Links[l].Down || m.Links[l].Up {
		t.Error("the reference to the other dataset of the file is lost")
	}
	if f := reader.Field("home"); f.Identity != "" || !f.Container || reader.Field("home.geo.lat") == nil {
		t.Errorf("a nested field: %+v", f)
	}
	if got := paths(m.Collection("library_postgres.loan").PrimaryKey()); !slices.Equal(got, []string{"branch", "loan_no"}) {
		t.Errorf("a composite key: %v", got)
	}
	if got := m.Collection("accounts_mysql.account").Action; got != connectors.ActionDelete {
		t.Errorf("account: %q", got)
	}
	var said []string
	for _, n := range notes {
		said = append(said, n.String())
	}
	all := strings.Join(said, "\n")
	for _, want := range []string{
		`"something_new"`, `"a_newer_key"`, `"system"`, `"masking_strategy_override"`, "partitioning", "redact", "custom_request_field",
		"aes_encrypt", "longer than the field", "random_string_rewrite", "no fields", "one of the parts",
	} {
		if !strings.Contains(all, want) {
			t.Errorf("no note on %s in:\n%s", want, all)
		}
	}
}

// TestMasksOfFidesThatCantBeDoneRefuseDeletes: and only those; one of ours
// mends it.
func TestMasksOfFidesThatCantBeDoneRefuseDeletes(t *testing.T) {
	const file = `dataset:
  fides_key: a
  collections:
    - name: c
      privacydesk: {tenant: {field: org}}
      fields:
        - {name: id, fides_meta: {primary_key: true}}
        - {name: email, data_categories: [user.contact.email], fides_meta: {identity: email, masking_strategy_override: {strategy: null_rewrite}}}
        - {name: x, fides_meta: {masking_strategy_override: {strategy: STRATEGY}}, privacydesk: OURS}
`
	for _, tt := range []struct{ strategy, ours, want string }{
		{"null_rewrite", "null", ""},
		{"aes_encrypt", "null", "whoever holds the key"},
		{"blur", "null", `"blur" is not known`},
		{"string_rewrite", "null", "rewrite_value"},
		{"aes_encrypt", "{on_delete: {strategy: null}}", ""},
		{"aes_encrypt", "{on_delete: {strategy: keep, reason: a colour}}", ""},
	} {
		m, _, err := dataset.Parse("m.yml", []byte(strings.NewReplacer("STRATEGY", tt.strategy, "OURS", tt.ours).Replace(file)))
		if err != nil {
			t.Errorf("%s: %v", tt.strategy, err)
			continue
		}
		if got := m.RefusesErase(); (got == "") != (tt.want == "") || !strings.Contains(got, tt.want) {
			t.Errorf("%s, %s: refuses %q, want %q", tt.strategy, tt.ours, got, tt.want)
		}
	}
}
