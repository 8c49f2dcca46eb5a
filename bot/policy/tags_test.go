package policy_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"
)

// declared holds the defaults in code against those in the tags, which are
// what the reference shows.
func declared(t *testing.T, rules any) {
	t.Helper()
	v := reflect.ValueOf(rules)
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if f.Tag.Get("doc") == "" || f.Tag.Get("yaml") == "" {
			t.Errorf("%s has no doc or no name", f.Name)
		}
		if f.Type.Kind() == reflect.Struct {
			declared(t, v.Field(i).Interface())
			continue
		}
		if got, want := asTag(v.Field(i).Interface()), f.Tag.Get("default"); got != want {
			t.Errorf("%s is %s, its tag says %s", f.Name, got, want)
		}
	}
}

func asTag(v any) string {
	switch v := v.(type) {
	case time.Duration:
		return strings.TrimSuffix(v.String(), "0m0s")
	case []time.Duration:
		var parts []string
		for _, d := range v {
			parts = append(parts, asTag(d))
		}
		return strings.Join(parts, ", ")
	}
	return fmt.Sprint(v)
}
