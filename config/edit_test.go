package config

import (
	"strings"
	"testing"
)

func TestEdit(t *testing.T) {
	for _, c := range []struct {
		name, text string
		set        []Setting
		want       string // "" for an error
	}{
		{
			"replaces, keeps comments", "# head\nzendesk: # the account\n  form: 5   # ours\n  # last\nweb: {}\n",
			[]Setting{{"zendesk.form", "42"}},
			"# head\nzendesk: # the account\n  form: 42   # ours\n  # last\nweb: {}\n",
		},
		{
			"appends to a section", "zendesk:\n  subdomain: example\n  oauth:\n    client_id: a\n\n# the directory\ndirectory: {kind: static}\n",
			[]Setting{{"zendesk.form", "42"}, {"zendesk.oauth.scope", `"read"`}},
			"zendesk:\n  subdomain: example\n  oauth:\n    client_id: a\n    scope: \"read\"\n  form: 42\n\n# the directory\ndirectory: {kind: static}\n",
		},
		{
			"makes sections", "a: 1\n",
			[]Setting{{"intake.since", "2026-11-01T00:00:00Z"}, {"zendesk.webhook.id", `"01H"`}, {"zendesk.webhook.trigger", "7"}},
			"a: 1\nintake:\n  since: 2026-11-01T00:00:00Z\nzendesk:\n  webhook:\n    id: \"01H\"\n    trigger: 7\n",
		},
		{
			"flow", "zendesk: {form: 5, webhook: {}}\n",
			[]Setting{{"zendesk.form", "42"}, {"zendesk.webhook.id", `"x"`}, {"zendesk.kind_field", "9"}, {"zendesk.oauth.scope", "read"}},
			"zendesk: {oauth: {scope: read}, kind_field: 9, form: 42, webhook: {id: \"x\"}}\n",
		},
		{"quoted", "a: {b: 'it''s', c: \"q\\\"q\"}\n", []Setting{{"a.b", "1"}, {"a.c", "2"}}, "a: {b: 1, c: 2}\n"},
		{
			"empty values", "zendesk:\n  form:\n  webhook:\nintake:\n",
			[]Setting{{"zendesk.form", "42"}, {"zendesk.webhook.id", "x"}, {"intake.since", "2026-11-01"}},
			"zendesk:\n  form: 42\n  webhook:\n    id: x\nintake:\n  since: 2026-11-01\n",
		},
		{"null", "zendesk: {form: null, tag: ~}\n", []Setting{{"zendesk.form", "42"}, {"zendesk.tag", "x"}}, "zendesk: {form: 42, tag: x}\n"},
		{"a mapping where none was", "zendesk:\n  form: 1\n", []Setting{{"zendesk.kind_values", "{a: access, b: delete}"}}, "zendesk:\n  form: 1\n  kind_values: {a: access, b: delete}\n"},
		{"block texts are no end", "a:\n  b: |\n    # no comment\n\n    c: d\n  e: >-\n    x\nz: 1\n", []Setting{{"a.f", "2"}}, "a:\n  b: |\n    # no comment\n\n    c: d\n  e: >-\n    x\n  f: 2\nz: 1\n"},
		{"lists at the key's own column", "a:\n  b:\n  - x\n  - y\nz: 1\n", []Setting{{"a.c", "2"}}, "a:\n  b:\n  - x\n  - y\n  c: 2\nz: 1\n"},
		{"line ends of Windows", "a:\r\n  b: 1\r\n", []Setting{{"a.c", "2"}}, "a:\r\n  b: 1\r\n  c: 2\r\n"},
		{"no line end at the end", "a:\n  b: 1", []Setting{{"a.c", "2"}}, "a:\n  b: 1\n  c: 2\n"},
		{"beyond ASCII", "a: {ü: \"ß\", b: 1}\n", []Setting{{"a.b", "2"}}, "a: {ü: \"ß\", b: 2}\n"},
		{"aliases reach further", "x: &x {b: 1}\na: *x\n", []Setting{{"a.b", "2"}}, ""},
		{"anchors", "a: {b: &b 1, c: *b}\n", []Setting{{"a.b", "2"}}, ""},
		{"a list in its place", "a: [1]\n", []Setting{{"a.b", "2"}}, ""},
		{"a mapping in its place", "a: {b: {c: 1}}\n", []Setting{{"a.b", "2"}}, ""},
		{"over lines", "a:\n  b: \"x\n    y\"\n", []Setting{{"a.b", "2"}}, ""},
		{"a text that says more", "a:\n  b: 1\n", []Setting{{"a.b", "2\n  c: 3"}}, ""},
		{"no YAML", "a: [\n", []Setting{{"a.b", "2"}}, ""},
		{"the end of a document", "a: 1\n...\n", []Setting{{"b", "2"}}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := Edit([]byte(c.text), c.set)
			if string(got) != c.want || (err == nil) != (c.want != "") {
				t.Errorf("got %v\n%s\nwant\n%s", err, got, c.want)
			}
		})
	}
}

func TestLines(t *testing.T) {
	got := Lines([]Setting{{"intake.since", "2026-11-01"}, {"zendesk.form", "1"}, {"zendesk.webhook.id", "x"}, {"zendesk.webhook.trigger", "2"}})
	if want := "intake:\n  since: 2026-11-01\nzendesk:\n  form: 1\n  webhook:\n    id: x\n    trigger: 2\n"; got != want {
		t.Errorf("got %s", got)
	}
}

// TestEditOfTheSample: all that a set-up writes fits into the sample.
func TestEditOfTheSample(t *testing.T) {
	text := Sample()
	got, err := Edit([]byte(text), []Setting{
		{"intake.since", "2026-12-01T10:00:00Z"}, {"zendesk.form", "1"}, {"zendesk.kind_field", "2"}, {"zendesk.due_field", "3"}, {"zendesk.webhook.id", `"01H"`},
	})
	if err != nil {
		t.Fatal(err)
	}
	var kept []string
	for line := range strings.Lines(string(got)) {
		if strings.Contains(text, line) {
			kept = append(kept, line)
		}
	}
	if want := strings.Count(text, "\n") - 3; len(kept) != want {
		t.Errorf("%d of %d lines are as they were:\n%s", len(kept), want, got)
	}
	for _, comment := range []string{"since: 2026-12-01T10:00:00Z # older tickets", "form: 1       # tickets of this form"} {
		if !strings.Contains(string(got), comment) {
			t.Errorf("no %q in\n%s", comment, got)
		}
	}
}

// FuzzEdit: whatever the file, an edit that succeeds changes the one key alone.
func FuzzEdit(f *testing.F) {
	f.Add(minimal, "zendesk.form")
	f.Add(Sample(), "zendesk.webhook.id")
	f.Add("a:\n  - b\n  -\n   c: d\n", "a.x")
	f.Add("a: {b: 'x', \"c\": |\n", "a.b")
	f.Fuzz(func(t *testing.T, text, path string) {
		if path == "" || strings.ContainsAny(path, "\x00\n:#'\"[]{} ,&*!|>%@`?-~") || strings.Contains("."+path+".", "..") {
			return
		}
		got, err := Edit([]byte(text), []Setting{{path, "42"}})
		if err != nil {
			return
		}
		before, err1 := meaning(text)
		after, err2 := meaning(string(got))
		if err1 != nil || err2 != nil {
			t.Fatalf("an edit was made of what is no YAML: %v, %v", err1, err2)
		}
		key := "\x00" + strings.ReplaceAll(path, ".", "\x00")
		for k, v := range before {
			if k != key && !strings.HasPrefix(key, k) && !strings.HasPrefix(k, key+"\x00") && after[k] != v {
				t.Errorf("%q was %q and is %q", k, v, after[k])
			}
		}
		if after[key] != "!!int 42" {
			t.Errorf("%q is %q", key, after[key])
		}
	})
}
