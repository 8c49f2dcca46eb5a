package config

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
)

// Whatever the file says, it is loaded or refused with places that exist in
// it, and what came from outside is in no message.
func FuzzLoad(f *testing.F) {
	const outside = "hunter2-S3CRET"
	f.Add(minimal)
	f.Add(Sample())
	f.Add(strings.Replace(minimal, "box://crm", "${env:S}", 1))
	f.Add(minimal + "web: {tls: {cert: a, key: '${env:S}'}, metrics: '${env:S}'}\nlog: &l {level: warn}\n")
	f.Add("systems: {a: {kind: box, canary: {age: -1}, tenants: {a: 1}}}\nkeys: {master: [{id: a}]}\n")
	f.Add("a: &a [*a]\n<<: *a\n? {}\n: !!binary x")
	kinds := testKinds(f)
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, text string) {
		if strings.Contains(text, "file:") {
			t.Log("reads no files of this machine")
			return
		}
		c, err := parse(dir+"/c.yml", []byte(text), testEnv(map[string]string{"S": outside}), kinds)
		if err == nil {
			if _, err := json.Marshal(c); err != nil || c.Intake.Since.IsZero() || len(c.Systems) == 0 || len(c.Keys.Master) == 0 {
				t.Fatalf("accepted without what is required: %v", err)
			}
			return
		}
		var invalid *InvalidError
		if !errors.As(err, &invalid) || len(invalid.Problems) == 0 {
			t.Fatalf("an error without a place: %v", err)
		}
		lines := strings.Count(text, "\n") + strings.Count(text, "\r") + strings.Count(text, "\u2028") + strings.Count(text, "\u2029") + strings.Count(text, "\u0085") + 2
		for _, p := range invalid.Problems {
			if p.What == "" || p.Line > lines {
				t.Fatalf("problem %+v in a text of %d lines", p, lines)
			}
		}
		if strings.Contains(err.Error(), outside) && !strings.Contains(text, outside) {
			t.Fatalf("the error repeats what came from outside: %v", err)
		}
	})
}
