package dataset_test

import (
	"os"
	"path/filepath"
	"testing"

	"privacydesk/connectors"
	"privacydesk/connectors/dataset"
)

// FuzzParse: whatever the file, Parse answers; what it accepts keeps the
// promises that connectors build on.
func FuzzParse(f *testing.F) {
	names, err := filepath.Glob("testdata/*.yml")
	if err != nil || len(names) == 0 {
		f.Fatalf("no samples: %v", err)
	}
	for _, n := range names {
		data, err := os.ReadFile(n) // #nosec G304 -- our own samples
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	for _, tt := range bad {
		f.Add([]byte(tt.file))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		m, _, err := dataset.Parse("fuzz.yml", data)
		if err != nil {
			if m != nil || err.Error() == "" {
				t.Fatal("an error and a map")
			}
			return
		}
		if len(m.Digest()) != 64 {
			t.Fatal("no digest")
		}
		for _, e := range m.Edges {
			if e.Shared && !e.To.GatherShared && !e.To.Owned {
				t.Fatal("shared rows are followed without a use")
			}
			if e.To.Scope.Kind == dataset.ScopeNone && !e.FromField.VendorAssigned {
				t.Fatal("an untrusted value leads into unscoped rows")
			}
			if !e.Shared && !e.Keyed {
				t.Fatal("ownership without a key")
			}
		}
		erases := m.Profile().RefusesErase == ""
		for _, c := range m.All() {
			if !c.Skip && erases && (c.Action == connectors.ActionNone || c.Scope.Kind == dataset.ScopeMissing) {
				t.Fatal("deletes run where the map says nothing")
			}
			for _, g := range c.Gathered() {
				if g.NeverDisclose != "" || g.Container {
					t.Fatal("a field is gathered that must not be")
				}
			}
		}
	})
}
