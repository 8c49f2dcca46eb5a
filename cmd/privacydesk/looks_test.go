package main

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"privacydesk/cmd/privacydesk/sample"
)

// tree is all that is in a folder.
func tree(t *testing.T, dir string) []string {
	t.Helper()
	var out []string
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err == nil {
			out = append(out, path+" "+e.Type().String())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestWhatOnlyLooksMakesNothing: no folder, no key, no file of Redis's, whether
// the data folder is missing or empty.
func TestWhatOnlyLooksMakesNothing(t *testing.T) {
	t.Parallel()
	for name, made := range map[string]bool{"no data folder": false, "empty folders, as of a mounted volume": true} {
		file := broken(t, "")
		dir := filepath.Dir(file)
		writeFile(t, filepath.Join(dir, "none.yml"), string(sample.Systems()[0].Map()))
		if made {
			for _, part := range []string{"keys", "spool", "redis"} {
				if err := os.MkdirAll(filepath.Join(dir, "data", part), 0o700); err != nil {
					t.Fatal(err)
				}
			}
		}
		before := tree(t, dir)
		for line, want := range map[string]string{
			"check": "systems.crm", "plan --tenant acme --email jane.roe@customers.example --kind delete": "crm", "zendesk setup --dry-run": "",
			"keys show": "there are no keys yet", "keys rotate": "there are no keys yet", "keys renew --signing": "there are no keys yet",
		} {
			var out bytes.Buffer
			code, stderr := command(t.Context(), &out, append(strings.Fields(line), "--config", file)...)
			if said := out.String() + stderr; code == 0 || !strings.Contains(said, want) || strings.Contains(said, "data_dir:") {
				t.Errorf("%s, %s: exit %d\n%s", name, line, code, said)
			}
			if after := tree(t, dir); !slices.Equal(after, before) {
				t.Errorf("%s, %s leaves\n%s\nof\n%s", name, line, strings.Join(after, "\n"), strings.Join(before, "\n"))
			}
		}
	}
}

// TestASignInIsKeptByCheck: a person's token works once, so that what it brings
// is not thrown away with the place of a command that only looks.
func TestASignInIsKeptByCheck(t *testing.T) {
	t.Parallel()
	file := broken(t, "")
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, file, strings.Replace(string(raw), "client_secret: b}", "client_secret: b, refresh_token: c}", 1))
	cfg, err := loadConfig(file, &surroundings{env: os.LookupEnv})
	if err != nil {
		t.Fatal(err)
	}
	a := newApp(cfg, openOptions{log: os.Stderr})
	if dir, err := a.folder(cfg.KeysDir(), openOptions{looks: true}); err != nil || dir != cfg.KeysDir() {
		t.Errorf("%s, %v; want %s", dir, err, cfg.KeysDir())
	}
	cfg.Zendesk.OAuth.RefreshToken = ""
	dir, err := a.folder(cfg.KeysDir(), openOptions{looks: true})
	if err != nil || dir == cfg.KeysDir() {
		t.Errorf("without a sign-in: %s, %v", dir, err)
	}
	if err := a.close(t.Context()); err != nil || exists(filepath.Dir(dir)) {
		t.Errorf("%s is left: %v", dir, err)
	}
}
