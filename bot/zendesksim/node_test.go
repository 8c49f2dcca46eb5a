package zendesksim_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"privacydesk/bot/zendesksim"
)

// nodeFolder is a folder with node-zendesk in it, as the lock file pins it.
// npm takes its registry from the environment.
func nodeFolder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"package.json", "package-lock.json", "drive.js"} {
		body, err := os.ReadFile(filepath.Join("testdata", "node", name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), body, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	run(t, dir, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
	return dir
}

// run runs a program and returns what it printed.
func run(t *testing.T, dir, name string, args ...string) []byte {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir = dir
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s: %v; .ci/servers installs nodejs and npm\n%s%s", name, err, said.String(), out.String())
	}
	return out.Bytes()
}

// TestNodeZendesk: a client that nobody here wrote finds what it expects of an
// account: tickets, comments, uploads, users, organizations, webhooks, the
// export, and the limit.
func TestNodeZendesk(t *testing.T) {
	t.Parallel()
	w := newWorld(t, zendesksim.Options{RequestsPerMinute: 100})
	old := w.file("of jo@shop.example")
	w.clock.add(2 * time.Minute)
	out := run(t, nodeFolder(t), "node", "drive.js", w.server.URL+"/api/v2", botMail, token, strconv.FormatInt(w.ann, 10))
	var saw struct {
		Ticket, User, Organization int64
		File, Webhook              string
		Exported                   []int64
		RetryAfter                 int
	}
	if err := json.Unmarshal(out, &saw); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if len(saw.Exported) != 1 || saw.Exported[0] != old {
		t.Errorf("the export gave %v, want %d alone", saw.Exported, old)
	}
	if saw.RetryAfter != 60 {
		t.Errorf("beyond the limit it was told to wait %d s", saw.RetryAfter)
	}
	ticket, found := w.sim.Ticket(saw.Ticket)
	if !found || ticket.Status != "open" || ticket.RequesterID != w.ann || len(w.sim.Comments(saw.Ticket)) != 3 {
		t.Errorf("the ticket is %+v (%t)", ticket, found)
	}
	files := w.sim.Attachments(saw.Ticket)
	if saw.File != "report.zip" || len(files) != 1 || string(files[0].Content) != "PK a report" {
		t.Errorf("the files are %+v, %q was told", files, saw.File)
	}
	if saw.User == 0 || saw.Organization == 0 || saw.Webhook == "" {
		t.Errorf("it made %+v", saw)
	}
}
