package policy_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"privacydesk/bot/policy"
)

// declared holds the defaults in code against those in the tags, which are
// what the reference shows.
func declared(t *testing.T, r policy.Rules) {
	t.Helper()
	v := reflect.ValueOf(r)
	for i := range v.NumField() {
		f := v.Type().Field(i)
		got := fmt.Sprint(v.Field(i).Interface())
		want := f.Tag.Get("default")
		if d, is := v.Field(i).Interface().(time.Duration); is {
			got = strings.TrimSuffix(d.String(), "0m0s")
		}
		if got != want || f.Tag.Get("doc") == "" || f.Tag.Get("yaml") == "" {
			t.Errorf("%s is %s, its tags say %q", f.Name, got, f.Tag)
		}
	}
}
