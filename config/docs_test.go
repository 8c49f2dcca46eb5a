package config

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"go.yaml.in/yaml/v4"

	"privacydesk/connectors"
	"privacydesk/connectors/all"
)

// realKinds are those that the binary has.
func realKinds(t testing.TB) connectors.Kinds {
	t.Helper()
	kinds, err := all.Kinds()
	if err != nil {
		t.Fatal(err)
	}
	return kinds
}

// The pages in docs/ are those that the declarations make; UPDATE_DOCS=1
// writes them.
func TestDocsAreUpToDate(t *testing.T) {
	kinds := realKinds(t)
	for name, want := range map[string][]byte{
		"config.md": Reference(kinds), "connectors.md": ConnectorReference(kinds), "config.schema.json": Schema(kinds),
	} {
		path := filepath.Join("..", "docs", name)
		if os.Getenv("UPDATE_DOCS") == "1" {
			if err := os.WriteFile(path, want, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		got, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("docs/%s differs from the declarations; run: UPDATE_DOCS=1 go test ./config", name)
		}
	}
}

// A declaration that Load can't keep is found here, not at a customer's: an
// undocumented key, a default or a bound that its own type refuses, a kind's
// key that every system has already.
func TestDeclarationsAreSound(t *testing.T) {
	sections := map[string]reflect.Value{"": reflect.ValueOf(&Config{}).Elem()}
	shared := map[string]bool{}
	for _, f := range fieldsOf(reflect.TypeFor[Base]()) {
		shared[f.name] = true
	}
	for name, kind := range realKinds(t) {
		v := reflect.ValueOf(kind.Options()).Elem()
		sections["systems."+name] = v
		for _, f := range fieldsOf(v.Type()) {
			if shared[f.name] {
				t.Errorf("kind %s: its key %s hides the key of every system", name, f.name)
			}
		}
	}
	for name, options := range directoryKinds() {
		sections["directory."+name] = reflect.ValueOf(options()).Elem()
	}
	for section, v := range sections {
		seen := map[string]bool{}
		for _, r := range rowsOf(section, v) {
			if seen[r.path] {
				t.Errorf("%s is declared twice", r.path)
			}
			seen[r.path] = true
			if r.f.doc == "" {
				t.Errorf("%s has no doc", r.path)
			}
			if r.f.secret && r.f.hasDef {
				t.Errorf("%s is a secret with a default", r.path)
			}
			for _, text := range []string{r.f.def, r.f.min, r.f.max} {
				inner, _ := innermost(r.f.typ)
				if text == "" || inner != r.f.typ {
					continue
				}
				if err := (&decoder{}).setText(reflect.New(inner).Elem(), r.f, text); err != nil {
					t.Errorf("%s: its declaration %q: %v", r.path, text, err)
				}
			}
		}
		(&decoder{}).setDefaults(v)
	}
}

func schemaOf(t *testing.T, kinds connectors.Kinds) *openapi3.Schema {
	t.Helper()
	var s openapi3.Schema
	if err := json.Unmarshal(Schema(kinds), &s); err != nil {
		t.Fatal(err)
	}
	return &s
}

func asJSON(t *testing.T, text string) any {
	t.Helper()
	var fromYAML, out any
	if err := yaml.Load([]byte(text), &fromYAML); err != nil {
		t.Fatal(err)
	}
	body, err := json.Marshal(fromYAML)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(body, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestSchemaTellsGoodFromBad(t *testing.T) {
	whole, box := schemaOf(t, realKinds(t)), schemaOf(t, testKinds(t))
	if err := whole.VisitJSON(asJSON(t, Sample()), openapi3.EnableJSONSchema2020()); err != nil {
		t.Errorf("the sample: %v", err)
	}
	good := minimal + "web: {metrics: '${env:M}'}\nrequests: {part_size: 50 MB, due_days: '${env:D}', lease: 1h30m}\nredis:\n"
	if err := box.VisitJSON(asJSON(t, good), openapi3.EnableJSONSchema2020()); err != nil {
		t.Errorf("a good file: %v", err)
	}
	for _, bad := range []string{
		minimal + "lgo: {}\n", minimal + "log: {level: loud}\n", minimal + "requests: {due_days: many}\n", minimal + "requests: {lease: 60}\n",
		strings.Replace(minimal, "kind: box", "kind: boks", 1), strings.Replace(minimal, "dsn:", "dns:", 1),
		strings.Replace(minimal, "tenants: same", "tenants: any", 1), strings.Replace(minimal, "since:", "from:", 1),
	} {
		if err := box.VisitJSON(asJSON(t, bad), openapi3.EnableJSONSchema2020()); err == nil {
			t.Errorf("the schema takes\n%s", bad)
		}
	}
}
