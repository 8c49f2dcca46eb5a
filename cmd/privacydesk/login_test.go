package main

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// browser follows the link that a command shows.
func (n *newcomer) browser(out *safeBuffer) {
	in := &installation{T: n.T}
	link := regexp.MustCompile(`http\S+/oauth/authorizations/new\S+`)
	back := regexp.MustCompile(`redirect URLs have to hold (\S+)`)
	in.until("the link", func() bool { return back.MatchString(out.String()) })
	n.desk.Sim.AddRedirect("person", back.FindStringSubmatch(out.String())[1])
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Get(link.FindString(out.String()))
	n.must(err)
	n.must(resp.Body.Close())
	if resp.StatusCode != http.StatusOK {
		n.Fatalf("the browser ends at %d", resp.StatusCode)
	}
}

// TestLoginThenServe: a public client acts for a person; set up with the
// sign-in itself, and the daemon goes on with what it left.
func TestLoginThenServe(t *testing.T) {
	n := newNewcomer(t, "{client_id: person}")
	out, ended := &safeBuffer{}, make(chan error, 1)
	go func() {
		ended <- run(t.Context(), []string{"zendesk", "setup", "--custom-status", "--login", "--listen", "127.0.0.1:0", "--config", n.config},
			surroundings{env: os.LookupEnv, stdout: out, stderr: out})
	}()
	n.browser(out)
	if err := <-ended; err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	token := strings.TrimSpace(n.read(filepath.Join("secrets", "zendesk-refresh-token")))
	if token == "" || strings.Contains(out.String(), token) || !strings.Contains(n.read(n.config), `refresh_token: "${file:secrets/zendesk-refresh-token}"`) {
		t.Errorf("got %s\n%s", out, n.read(n.config))
	}
	cfg, err := loadConfig(n.config, &surroundings{env: os.LookupEnv})
	n.must(err)
	// check and setup share the daemon's tokens: none ends the others'.
	if said := n.says(0, "check"); !strings.HasPrefix(said, "ok:") {
		t.Errorf("check: %s", said)
	}
	if r := n.result(0, "--custom-status"); !r.OK || len(r.Written) != 0 {
		t.Errorf("setup: %+v", r)
	}
	n.serveAndFile(cfg)
	if raw := n.read(filepath.Join("secrets", "zendesk-refresh-token")); strings.TrimSpace(raw) != token {
		t.Error("the file of the sign-in was changed")
	}
}

func TestLoginAlone(t *testing.T) {
	n := newNewcomer(t, "{client_id: person}")
	n.desk.Sim.AddRedirect("person", "http://127.0.0.1:1/elsewhere")
	out, ended := &safeBuffer{}, make(chan error, 1)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		ended <- run(ctx, []string{"zendesk", "login", "--listen", "127.0.0.1:0", "--config", n.config}, surroundings{env: os.LookupEnv, stdout: out, stderr: out})
	}()
	n.browser(out)
	if err := <-ended; err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	cancel()
	if len(n.read("secrets/zendesk-refresh-token")) < 20 {
		t.Error("no refresh token was kept")
	}
	n.says(2, "zendesk", "login", "--listen", "0.0.0.0:8091")
}

// TestSetupDryWithLogin: the sign-in is for the run alone.
func TestSetupDryWithLogin(t *testing.T) {
	n := newNewcomer(t, "{client_id: person}")
	before := n.read(n.config)
	out, ended := &safeBuffer{}, make(chan error, 1)
	go func() {
		ended <- run(t.Context(), []string{"zendesk", "setup", "--dry-run", "--login", "--listen", "127.0.0.1:0", "--config", n.config},
			surroundings{env: os.LookupEnv, stdout: out, stderr: out})
	}()
	n.browser(out)
	if err := <-ended; err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if _, err := os.Stat("secrets"); err == nil || n.read(n.config) != before {
		t.Error("a dry run left something behind")
	}
}
