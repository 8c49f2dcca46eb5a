package main

import (
	"context"
	"os"
	"strings"
	"testing"
)

// TestAPITokenIsWarnedOf: set-up, check and every start name the day on which
// Zendesk stops API tokens.
func TestAPITokenIsWarnedOf(t *testing.T) {
	n := newNewcomer(t, "")
	n.desk.Sim.AddAPIToken("privacydesk@vendor.example", "legacy-token")
	old := n.read(n.config)
	at := strings.Index(old, "  oauth: ")
	rest := old[at:]
	writeFile(t, n.config, old[:at]+"  api_token: {email: privacydesk@vendor.example, token: legacy-token}\n"+rest[strings.Index(rest, "\n")+1:])
	const ends = "2027-04-30"
	if said := n.says(0, "zendesk", "setup"); !strings.Contains(said, ends) {
		t.Errorf("setup: %s", said)
	}
	if said := n.says(0, "check"); strings.Count(said, ends) != 1 || !strings.Contains(said, "zendesk.oauth") {
		t.Errorf("check names it %d times: %s", strings.Count(said, ends), said)
	}
	ctx, stop := context.WithCancel(t.Context())
	out, ended := &safeBuffer{}, make(chan error, 1)
	go func() {
		ended <- run(ctx, []string{"serve", "--config", n.config}, surroundings{env: os.LookupEnv, stdout: out, stderr: out})
	}()
	(&installation{T: t}).until("the daemon's start", func() bool { return strings.Contains(out.String(), "privacydesk serves") })
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if said := out.String(); !strings.Contains(said, ends) || strings.Contains(said, "legacy-token") {
		t.Errorf("serve: %s", said)
	}
}
