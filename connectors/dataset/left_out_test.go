package dataset_test

import (
	"strings"
	"testing"

	"privacydesk/connectors"
	"privacydesk/connectors/dataset"
)

// TestWhatIsLeftOutKnowinglyIsListed with its reason, and is neither planned
// with nor checked.
func TestWhatIsLeftOutKnowinglyIsListed(t *testing.T) {
	parse := func(ours string) (*dataset.Map, error) {
		m, _, err := dataset.ParseFiles(dataset.File{Name: "map.yml", Data: []byte(`dataset:
  - fides_key: db
    collections:
      - name: customer_search
        ` + ours + `
        fields: [{name: email, data_categories: [user.contact.email]}]
`)})
		return m, err
	}
	for ours, reason := range map[string]string{
		"privacydesk: {label: search view, left_out: refreshed each night}":                                              "refreshed each night",
		"fides_meta: {skip_processing: true}\n        privacydesk: {label: search view, left_out: refreshed each night}": "refreshed each night",
		"fides_meta: {skip_processing: true}\n        privacydesk: {label: search view}":                                 "",
	} {
		m, err := parse(strings.ReplaceAll(ours, `\n`, "\n"))
		if err != nil {
			t.Fatal(err)
		}
		p := m.Profile()
		if want := (connectors.LeftOut{Name: "db.customer_search", Label: "search view", Reason: reason}); len(p.LeftOut) != 1 || p.LeftOut[0] != want || len(p.Collections) != 0 {
			t.Errorf("%s: %+v", ours, p)
		}
		if got := m.Problems(); m.RefusesErase() != "" {
			t.Errorf("%s: %+v", ours, got)
		}
	}
	if _, err := parse("privacydesk: {left_out: ''}"); err == nil || !strings.Contains(err.Error(), "left_out") {
		t.Errorf("an empty reason: %v", err)
	}
}
