package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"privacydesk/cmd/privacydesk/sample"
)

// TestEveryCommandShowsAnExample: --help of each command, and of each group of
// them, shows a line that can be typed.
func TestEveryCommandShowsAnExample(t *testing.T) {
	t.Parallel()
	seen := 0
	var walk func(n *kong.Node, path []string)
	walk = func(n *kong.Node, path []string) {
		for _, child := range n.Children {
			at := append(append([]string{}, path...), child.Name)
			walk(child, at)
			seen++
			var out bytes.Buffer
			code, stderr := command(t.Context(), &out, append(at, "--help")...)
			_, example, ok := strings.Cut(out.String(), "Example")
			if code != 0 || stderr != "" || !ok || !strings.Contains(example, "privacydesk "+strings.Join(at, " ")) {
				t.Errorf("%s --help: exit %d, no example in\n%s%s", strings.Join(at, " "), code, out.String(), stderr)
			}
		}
	}
	walk(model(t).Model.Node, nil)
	if seen < 20 {
		t.Errorf("only %d commands were seen", seen)
	}
}

// object is the one object that a command printed, and nothing after it.
func object(t *testing.T, text string) map[string]any {
	t.Helper()
	dec := json.NewDecoder(strings.NewReader(text))
	var out map[string]any
	if err := dec.Decode(&out); err != nil {
		t.Fatalf("no object: %v in %q", err, text)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		t.Errorf("something follows the object in %q", text)
	}
	return out
}

// TestJSONIsOneObjectWhenACommandFails: a script that reads standard output
// finds an object there also when there is nothing else to tell.
func TestJSONIsOneObjectWhenACommandFails(t *testing.T) {
	t.Parallel()
	none := filepath.Join(t.TempDir(), "none")
	for line, want := range map[string]int{
		"check --json --config " + none:                                               2,
		"plan --json --tenant a --email a@b.example --kind access --config " + none:   2,
		"requests list --json --config " + none:                                       2,
		"requests show t1 --json --config " + none:                                    2,
		"requests approve t1 --code 7K3M-Q9TX --json --config " + none:                2,
		"pause --deletes --json --config " + none:                                     2,
		"resume --json --config " + none:                                              2,
		"keys show --json --config " + none:                                           2,
		"keys rotate --json --config " + none:                                         2,
		"verify --json " + none:                                                       1,
		"demo --json --dir /dev/null/x":                                               2,
		"demo --json --nonsense":                                                      2,
		"requests list --json --phase nowhere --config " + none:                       2,
		"requests show 35436 --json --config " + none:                                 2,
		"requests approve t1 --json --config " + none:                                 2,
		"requests end t1 --json --config " + none:                                     2,
		"requests skip t0 crm --json --config " + none:                                2,
		"requests list --json --limit -1 --config " + none:                            2,
		"requests list --json --kind erasure --wait-on nobody --config " + none:       2,
		"plan --json --tenant a --email a@b.example --kind forget --config " + none:   2,
		"check --json --config " + filepath.Dir(none) + " --no-such-flag and more":    2,
		"plan --json --tenant a --email a@b.example --kind delete --config /dev/null": 2,
	} {
		var out bytes.Buffer
		code, stderr := command(t.Context(), &out, strings.Fields(line)...)
		got := object(t, out.String())
		if code != want || got["ok"] != false || got["error"] == "" || !strings.HasPrefix(stderr, "privacydesk: ") {
			t.Errorf("%s: exit %d, %v, %q; want exit %d and the error in both", line, code, got, stderr, want)
		}
	}
}

// broken is an installation in which only the directory is sound.
func broken(t *testing.T, redis string) string {
	t.Helper()
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "voice.yml"), string(sample.Systems()[2].Map()))
	file := filepath.Join(dir, "privacydesk.yml")
	writeFile(t, file, fmt.Sprintf(`intake: {since: 2026-11-01}
zendesk: {url: "http://127.0.0.1:1", oauth: {client_id: a, client_secret: b}, tries: 1}
directory: {kind: static, users: [{email: alex@acme.example, tenant: acme, admin: true}]}
keys: {master: [{id: a, key: %064x}]}
data_dir: data
%s
systems:
  crm: {kind: sqlite, dsn: %s/none.db, dataset: [none.yml], tenants: same, attempts: 1}
  voice: {kind: sqlite, dsn: %s/none.db, dataset: [voice.yml], tenants: same, attempts: 1}
`, 7, redis, dir, dir))
	return file
}

// TestCheckGoesOnWhereAPartIsBroken: whoever mends an installation hears all
// that is wrong with it, not the first part.
func TestCheckGoesOnWhereAPartIsBroken(t *testing.T) {
	t.Parallel()
	file := broken(t, `redis: {url: "redis://user:hunter2@127.0.0.1:1/0?max_retries=-1"}
messages: {agents: tlh}`)
	var out bytes.Buffer
	code, stderr := command(t.Context(), &out, "check", "--json", "--config", file)
	if code != 2 || strings.Contains(out.String()+stderr, "hunter2") {
		t.Errorf("exit %d, want 2 for the map that is missing; %s", code, stderr)
	}
	said := map[string]bool{}
	for _, p := range object(t, out.String())["problems"].([]any) {
		where, _, _ := strings.Cut(p.(map[string]any)["where"].(string), ":")
		said[where] = true
	}
	for _, want := range []string{"redis", "zendesk", "messages", "systems.crm", "systems.voice"} {
		if !said[want] {
			t.Errorf("check does not mention %s:\n%s", want, out.String())
		}
	}
	if said["directory"] || said["data_dir"] {
		t.Errorf("check blames what is sound:\n%s", out.String())
	}
	out.Reset()
	if code, _ := command(t.Context(), &out, "check", "--config", file); code != 2 || !strings.Contains(out.String(), "systems.voice") {
		t.Errorf("as text: exit %d\n%s", code, out.String())
	}
}

// TestPlanFailsWhereASystemCouldNotBeSearched, however it is printed.
func TestPlanFailsWhereASystemCouldNotBeSearched(t *testing.T) {
	t.Parallel()
	file := broken(t, "")
	writeFile(t, filepath.Join(filepath.Dir(file), "none.yml"), string(sample.Systems()[0].Map()))
	line := []string{"plan", "--config", file, "--tenant", "acme", "--email", "jane.roe@customers.example", "--kind", "access"}
	for _, more := range [][]string{nil, {"--json"}} {
		var out bytes.Buffer
		code, stderr := command(t.Context(), &out, append(line, more...)...)
		if code != 1 || !strings.Contains(out.String(), "crm") || strings.Contains(out.String()+stderr, "jane.roe") {
			t.Errorf("%v: exit %d, want 1\n%s%s", more, code, out.String(), stderr)
		}
		if more != nil {
			object(t, out.String())
		}
	}
}
