package report

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"privacydesk/bot"
)

// documentedSchema compiles one of docs/'s schemas, closed: there a reader may
// meet fields that were added since, here each must be documented.
func documentedSchema(t *testing.T, name string) *jsonschema.Schema {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("..", "..", "docs", name))
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	closeObjects(doc)
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource(name, doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile(name)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func closeObjects(v any) {
	switch v := v.(type) {
	case map[string]any:
		if _, ok := v["properties"].(map[string]any); ok {
			v["additionalProperties"] = false
		}
		for _, child := range v {
			closeObjects(child)
		}
	case []any:
		for _, child := range v {
			closeObjects(child)
		}
	}
}

func obeys(t *testing.T, s *jsonschema.Schema, name string, body []byte) {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Validate(doc); err != nil {
		t.Errorf("%s: %v", name, err)
	}
}

// TestFilesObeyTheirDocumentedSchemas: whoever reads our files by program
// reads docs/ first.
func TestFilesObeyTheirDocumentedSchemas(t *testing.T) {
	p := openPlace(t, Options{})
	reports, manifests, certificates := documentedSchema(t, "report.schema.json"), documentedSchema(t, "manifest.schema.json"), documentedSchema(t, "certificate.schema.json")
	for name, gather := range map[string]func(*place) bot.ReportInput{
		"small": small, "hostile": hostile, "nothing": func(*place) bot.ReportInput { return input() },
		"in parts": func(p *place) bot.ReportInput { return input(p.gather("big", []data{people(4000)}, nil)) },
	} {
		in := gather(p)
		size := int64(1 << 24)
		if name == "in parts" {
			size = 60_000
		}
		for _, file := range p.access(in, size, 50) {
			entries := p.unpack(file)
			obeys(t, reports, name+" report.json", []byte(entries["report.json"]))
			obeys(t, manifests, name+" manifest.json", []byte(entries["manifest.json"]))
		}
	}
	for name, change := range map[string]func(*bot.ReportInput){
		"done": nil, "skipped": func(in *bot.ReportInput) { in.Systems[0].State.Skip = bot.ReasonNotSearched },
		"backups": func(in *bot.ReportInput) { in.Systems[0].BackupsFor = 1 }, "left out and kept": leftOutAndKept, "empty": func(in *bot.ReportInput) { in.Systems = nil },
	} {
		body, _ := p.certify(erased(change))
		obeys(t, certificates, name, body)
	}
	// The schemas say no, too.
	body, _ := p.certify(erased(nil))
	for _, change := range [][2]string{{`"rescan": "clean"`, `"rescan": "fine"`}, {`"tenant":`, `"extra": 1, "tenant":`}, {`"vendor"`, `"seller"`}} {
		bad := strings.Replace(string(body), change[0], change[1], 1)
		var doc any
		if err := json.Unmarshal([]byte(bad), &doc); err != nil || bad == string(body) {
			t.Fatal("nothing was changed", err)
		}
		if certificates.Validate(doc) == nil {
			t.Errorf("%s is taken", change[1])
		}
	}
}
