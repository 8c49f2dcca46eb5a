package main

import (
	"strings"
	"testing"

	"privacydesk/connectors"
)

// TestCheckNamesWhatReportsWillNotState: each collection whose map says nothing
// of source, purpose, recipients or retention, and which of them; it stops nothing.
func TestCheckNamesWhatReportsWillNotState(t *testing.T) {
	whole := connectors.Collection{Name: "crm.customer", Source: "s", Purpose: "p", ThirdParties: []string{"nobody"}, Retention: "r"}
	if got := unstated("crm", connectors.Profile{Collections: []connectors.Collection{whole}}); len(got) != 0 {
		t.Errorf("of a map that says all: %v", got)
	}
	call, note := whole, whole
	call.Name, call.ThirdParties, call.Retention = "crm.call", nil, ""
	note.Name, note.Source = "crm.note", ""
	got := unstated("crm", connectors.Profile{Collections: []connectors.Collection{whole, call, note}})
	if len(got) != 1 || got[0].Severity != connectors.SeverityNote || got[0].Where != "systems.crm.dataset" || got[0].Mend == "" {
		t.Fatalf("got %+v", got)
	}
	for _, want := range []string{"crm.call (third_parties, retention)", "crm.note (source)"} {
		if !strings.Contains(got[0].What, want) {
			t.Errorf("lacks %q: %s", want, got[0].What)
		}
	}
	if strings.Contains(got[0].What, "crm.customer") {
		t.Errorf("names what says all: %s", got[0].What)
	}
}
