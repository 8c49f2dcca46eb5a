package dataset_test

import (
	"strings"
	"testing"

	"privacydesk/connectors"
	"privacydesk/connectors/dataset"
)

// slips is a sound map with one field or key to spoil; SPOT is on line 9.
const slips = `DECLARED
dataset:
  fides_key: a
  privacydesk: {tenant: {field: org}}
  collections:
    - name: c
      privacydesk: {on_delete: delete}
      fields:
        - SPOT
        - {name: id, fides_meta: {primary_key: true}}
        - {name: org}
        - {name: email, data_categories: [user.contact.email], fides_meta: {identity: email}}
    - name: d
      privacydesk: {on_delete: delete}
      fides_meta: {erase_after: [ERASE]}
      fields:
        - {name: org}
        - {name: email, fides_meta: {identity: email}}
`

func slip(t *testing.T, spot, declared string) *dataset.Map {
	t.Helper()
	return mustParse(t, strings.NewReplacer("SPOT", spot, "DECLARED", declared, "ERASE", "a.c").Replace(slips))
}

// TestSlipsInAMapAreNamed: what a map says and nobody understands is told with
// its line; where it must be a slip, it stops what the word was for.
func TestSlipsInAMapAreNamed(t *testing.T) {
	for _, tt := range []struct {
		name, spot, declared string
		severity             connectors.Severity // "" for sound
		want                 []string
	}{
		{"sound", "{name: tax, data_categories: [user.government_id]}", "", "", nil},
		{"a letter of a category", "{name: tax, data_categories: [user.goverment_id]}", "", connectors.SeverityBlocks, []string{"user.goverment_id", "did you mean user.government_id?"}},
		{"a category of nobody's", "{name: tax, data_categories: [loyalty.points]}", "", connectors.SeverityBlocks, []string{"loyalty.points", "declare it"}},
		{"a category below a known one", "{name: tax, data_categories: [user.government_id.tax]}", "", connectors.SeverityBlocks, []string{"user.government_id.tax"}},
		{"declared", "{name: tax, data_categories: [loyalty.points]}", "data_category: [{fides_key: loyalty.points}]", "", nil},
		{"declared above", "{name: tax, data_categories: [loyalty.points.spent]}", "data_category: [{fides_key: loyalty}]", "", nil},
		{"declared beside", "{name: tax, data_categories: [loyal.points]}", "data_category: [{fides_key: loyalty.points}]", connectors.SeverityBlocks, []string{"did you mean loyalty.points?"}},
		{"what is known opens nothing", "{name: tax, data_categories: [user.goverment_id]}", "data_category: [{fides_key: user}]", connectors.SeverityBlocks, []string{"did you mean user.government_id?"}},
		{"fideslang's first words", "{name: tax, data_categories: [user.provided.identifiable.government_id]}", "", "", nil},
		{"a letter of the first words", "{name: tax, data_categories: [user.provided.identifiable.goverment_id]}", "", connectors.SeverityBlocks, []string{"user.provided.identifiable.goverment_id"}},
		{"a key of fides_meta", "{name: alt, fides_meta: {identiy: email}}", "", connectors.SeverityBlocks, []string{"identiy", "did you mean identity?"}},
		{"a key of the field", "{name: tax, data_categoris: [user.government_id]}", "", connectors.SeverityBlocks, []string{"data_categoris", "did you mean data_categories?"}},
		{"an identity one level too high", "{name: alt, identity: email}", "", connectors.SeverityBlocks, []string{"identity", "put it under fides_meta"}},
		{"references one level too high", "{name: alt, references: [{dataset: a, field: c.id, direction: from}]}", "", connectors.SeverityBlocks, []string{"references", "put it under fides_meta"}},
		{"masking one level too high", "{name: alt, masking_strategy_override: {strategy: null_rewrite}}", "", connectors.SeverityDeletes, []string{"masking_strategy_override", "put it under fides_meta"}},
		{"ours one level too high", "{name: alt, never_disclose: a secret}", "", connectors.SeverityBlocks, []string{"never_disclose", "put it under privacydesk"}},
		{"an identity type", "{name: alt, fides_meta: {identity: emial}}", "", connectors.SeverityBlocks, []string{"emial", "did you mean email?"}},
		{"an identity type of one's own", "{name: alt, fides_meta: {identity: library_card}}", "", "", nil},
		{"a near one that is yielded", "{name: alt, fides_meta: {identity: emails}, privacydesk: {yields: true}}", "", "", nil},
		{"a newer key", "{name: alt, fides_meta: {something_new: 1}}", "", connectors.SeverityNote, []string{"something_new"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := slip(t, tt.spot, tt.declared)
			found := false
			for _, p := range m.Problems() {
				text := p.Where + ": " + p.What + "; " + p.Mend
				all := p.Severity == tt.severity && strings.HasPrefix(p.Where, "m.yml:9: ")
				for _, w := range tt.want {
					all = all && strings.Contains(text, w)
				}
				found = found || all
			}
			if tt.severity != "" && !found {
				t.Errorf("problems: %+v", m.Problems())
			}
			if blocks := m.Blocked() != ""; blocks != (tt.severity == connectors.SeverityBlocks) {
				t.Errorf("blocks %v: %+v", blocks, m.Problems())
			}
			if refuses := m.RefusesErase() != ""; refuses != (tt.severity == connectors.SeverityBlocks || tt.severity == connectors.SeverityDeletes) {
				t.Errorf("refuses deletes: %+v", m.Problems())
			}
		})
	}
}

// TestErasingAfterNothingIsNamed: with its line, and the collection that was
// meant.
func TestErasingAfterNothingIsNamed(t *testing.T) {
	for erase, want := range map[string]connectors.Severity{"a.c": "", "a.cc": connectors.SeverityDeletes, "other.thing": connectors.SeverityNote} {
		m := mustParse(t, strings.NewReplacer("SPOT", "{name: x}", "DECLARED", "", "ERASE", erase).Replace(slips))
		got := connectors.Severity("")
		for _, p := range m.Problems() {
			if strings.Contains(p.What, "erase_after") && strings.HasPrefix(p.Where, "m.yml:15: a.d") {
				got = p.Severity
			}
		}
		if got != want {
			t.Errorf("erase_after %s: %q, want %q in %+v", erase, got, want, m.Problems())
		}
	}
}

// TestSharedReferencesAreTold: that rows count as shared is no secret of the
// debug log.
func TestSharedReferencesAreTold(t *testing.T) {
	m := slip(t, "{name: alt, fides_meta: {references: [{dataset: a, field: d.email, direction: from}]}}", "")
	for _, p := range m.Problems() {
		if p.Severity == connectors.SeverityNote && strings.HasPrefix(p.Where, "m.yml:9") && strings.Contains(p.What, "count as shared") {
			return
		}
	}
	t.Errorf("problems: %+v", m.Problems())
}

// TestConditionsOfReferencesAreStrict: each slip would widen what is reached.
func TestConditionsOfReferencesAreStrict(t *testing.T) {
	const file = `dataset:
  fides_key: a
  privacydesk: {tenant: {field: org}}
  collections:
    - name: person
      privacydesk: {on_delete: delete}
      fields: [{name: org}, {name: id, fides_meta: {primary_key: true}}, {name: email, fides_meta: {identity: email}}]
    - name: note
      privacydesk: {on_delete: delete NOTE}
      fields:
        - {name: kind}
        - {name: org}
        - {name: about, fides_meta: {references: [{dataset: DATASET, direction: from, privacydesk: OURS}]}, privacydesk: FIELD}
`
	parse := func(dataSet, ours, field, note string) (*dataset.Map, error) {
		m, _, err := dataset.Parse("m.yml", []byte(strings.NewReplacer("DATASET", dataSet, "OURS", ours, "FIELD", field, "NOTE", note).Replace(file)))
		return m, err
	}
	for _, tt := range []struct{ dataset, ours, field, note, want string }{
		{"a, field: person.id", "{where: {kind: Person}}", "{}", "", ""},
		{"a, field: person.id", "{where: {knd: Person}}", "{}", "", "no other field"},
		{"a, field: person.id", "{where: {about: Person}}", "{}", "", "no other field"},
		{"a, field: person.id", "{where: {kind: true}}", "{}", "", "a text or a whole number"},
		{"a, field: person.id", "{where: {kind: null}}", "{}", "", "a text or a whole number"},
		{"a, field: person.id", "{where: {kind: [Person, {}]}}", "{}", "", "a text or a whole number"},
		{"a, field: person.id", "{where: {kind: []}}", "{}", "", "a text or a whole number"},
		{"a, field: person.id", "{where: {}}", "{}", "", "no condition"},
		{"a, field: person.id", "{were: {kind: Person}}", "{}", "", `"were"`},
		{"a, field: person.email", "{where: {kind: Person}}", "{}", "", "no primary key"},
		{"other, field: person.id", "{where: {kind: Person}}", "{}", "", "another map"},
		{"a, field: person.id", "{where: {kind: Person}}", "{on_delete: set_null}", "", "would lose it"},
		{"a, field: person.id", "{where: {kind: Person}}", "{}", ", tenant: {via: person}", "no reference"},
	} {
		_, err := parse(tt.dataset, tt.ours, tt.field, tt.note)
		if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%+v: %v", tt, err)
		}
	}
	one, err1 := parse("a, field: person.id", "{where: {kind: Person}}", "{}", "")
	other, err2 := parse("a, field: person.id", "{where: {kind: Company}}", "{}", "")
	if err1 != nil || err2 != nil || one.Digest() == other.Digest() {
		t.Errorf("the condition does not count for the digest: %v %v", err1, err2)
	}
}
