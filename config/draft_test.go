package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func draft(t *testing.T, text string) (*Draft, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "privacydesk.yml")
	if err := os.WriteFile(path, []byte(text), 0o640); err != nil {
		t.Fatal(err)
	}
	d, err := LoadDraft(path, testEnv(nil), testKinds(t))
	if err != nil {
		t.Fatal(err)
	}
	return d, path
}

// TestDraft: what is missing is told, what is there can be used.
func TestDraft(t *testing.T) {
	d, path := draft(t, "zendesk:\n  subdomain: example\n  form: 7\n  oauth: {client_id: a, client_secret: b}\n  webhook:\n    secret: ${file:secrets/hook}\n")
	var said []string
	for _, p := range d.Problems {
		said = append(said, p.Path)
	}
	for _, want := range []string{"intake.since", "directory", "systems", "zendesk.webhook.secret"} {
		if !strings.Contains(strings.Join(said, " "), want) {
			t.Errorf("%s is not told: %v", want, said)
		}
	}
	if d.Zendesk.Subdomain != "example" || d.Zendesk.FormID != 7 || d.Zendesk.Webhook.Path != "/webhooks/zendesk" {
		t.Errorf("got %+v", d.Zendesk.FormID)
	}
	if file, ok := d.SecretFile("zendesk.webhook.secret"); !ok || file != filepath.Join(filepath.Dir(path), "secrets", "hook") {
		t.Errorf("got %s, %v", file, ok)
	}
	for _, none := range []string{"zendesk.subdomain", "zendesk.webhook", "zendesk.webhook.id", "zendesk.form.x", "x"} {
		if _, ok := d.SecretFile(none); ok {
			t.Errorf("%s names a file", none)
		}
	}
	if !d.Has("zendesk.webhook.secret") || d.Has("zendesk.webhook.id") || d.Has("zendesk.form.x") || d.Has("intake.since") {
		t.Error("Has is wrong")
	}
	if _, err := LoadDraft(path+"x", testEnv(nil), testKinds(t)); err == nil {
		t.Error("a missing file was read")
	}
	bad, _ := draft(t, "zendesk: {subdomain: UP, oauth: {client_id: a}}\n")
	if got := (&InvalidError{Problems: bad.Problems}).Error(); !strings.Contains(got, "zendesk.subdomain") || !strings.Contains(got, "zendesk.oauth") {
		t.Errorf("got %s", got)
	}
}

func TestSave(t *testing.T) {
	const text = "zendesk:\n  subdomain: example # ours\n"
	d, path := draft(t, text)
	link := filepath.Join(filepath.Dir(path), "link.yml")
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	d.file = link
	backup, err := d.Save([]Setting{{"zendesk.form", "7"}})
	if err != nil {
		t.Fatal(err)
	}
	read := func(file string) string {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		return string(raw)
	}
	if got := read(path); got != text+"  form: 7\n" || read(backup) != text {
		t.Errorf("got %s", got)
	}
	if _, err := d.Save([]Setting{{"zendesk.tag", "x"}}); err != nil || read(path) != text+"  form: 7\n  tag: x\n" || !d.Has("zendesk.tag") {
		t.Errorf("the second time: %v, %s", err, read(path))
	}
	if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link was replaced: %v", err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("the file's mode is %v, %v", info.Mode(), err)
	}
	d, path = draft(t, text)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Save([]Setting{{"zendesk.form", "7"}}); err == nil {
		t.Error("a file that is gone was saved")
	}
	d, path = draft(t, text)
	if _, err := d.Save([]Setting{{"zendesk.subdomain.x", "7"}}); err == nil || read(path) != text {
		t.Errorf("got %v", err)
	}
}

func TestWriteSecret(t *testing.T) {
	file := filepath.Join(t.TempDir(), "secrets", "hook")
	for _, secret := range []string{"one", "two"} {
		if err := WriteSecret(file, secret); err != nil {
			t.Fatal(err)
		}
		raw, err := os.ReadFile(file)
		info, err2 := os.Stat(file)
		if err != nil || err2 != nil || string(raw) != secret+"\n" || info.Mode().Perm() != 0o600 {
			t.Errorf("got %q %v %v", raw, info.Mode(), err)
		}
	}
	if dir, err := os.Stat(filepath.Dir(file)); err != nil || dir.Mode().Perm() != 0o700 {
		t.Errorf("the folder: %v, %v", dir.Mode(), err)
	}
	if err := WriteSecret(filepath.Join(file, "x"), "s"); err == nil {
		t.Error("a file below a file")
	}
	if files, err := os.ReadDir(filepath.Dir(file)); err != nil || len(files) != 1 {
		t.Errorf("left behind: %v", files)
	}
}
