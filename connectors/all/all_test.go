package all_test

import (
	"reflect"
	"testing"

	"privacydesk/connectors/all"
)

// TestKindsAreWhole: the reference and the configuration are made of what a
// kind declares.
func TestKindsAreWhole(t *testing.T) {
	kinds, err := all.Kinds()
	if err != nil {
		t.Fatal(err)
	}
	if len(kinds) == 0 {
		t.Fatal("no kinds")
	}
	for name, k := range kinds {
		if k.Name != name || k.Summary == "" || k.Open == nil || !k.Gathers && !k.Erases {
			t.Errorf("%s is not whole: %+v", name, k)
		}
		first, second := k.Options(), k.Options()
		if reflect.ValueOf(first).Kind() != reflect.Pointer || first == second {
			t.Errorf("%s: Options must return a pointer to fresh options", name)
		}
		if _, err := k.Open(t.Context(), connectorsEnv(), first); err == nil {
			t.Errorf("%s opens without being configured", name)
		}
	}
}
