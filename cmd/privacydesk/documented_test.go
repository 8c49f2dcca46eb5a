package main

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"privacydesk/cmd/privacydesk/sample"
)

// TestDocumentedCommands runs every command line that README.md and the pages
// beside it show, on an installation that is made as they say.
func TestDocumentedCommands(t *testing.T) {
	for line, why := range elsewhere() {
		if _, err := os.Stat(filepath.Join(root, why[1])); err != nil {
			t.Errorf("%s needs %s: %v", line, why[1], err)
		}
	}
	metrics := documentedMetrics(t)
	in := install(t)
	for _, line := range slices.Sorted(maps.Keys(elsewhere())) {
		in.take(line)
	}
	in.setUp()
	address, stop := in.serves("privacydesk serve --config privacydesk.yml", `address="?([0-9.:]+)`)
	in.address = address
	in.desk.Sim.PointWebhook(in.hook, "http://"+address+"/webhooks/zendesk")
	in.operate(metrics)
	stop()
	in.renew()
	for _, line := range in.left {
		t.Errorf("no test runs the documented line %q", line)
	}
}

// setUp runs what comes before the daemon.
func (in *installation) setUp() {
	in.shell("mkdir -m 700 secrets")
	writeFile(in.T, filepath.Join("secrets", "zendesk-webhook-secret"), in.secret) // as zendesk setup does
	in.shell("openssl rand -hex 32 > secrets/master-2026-11.key")
	in.shell("chmod 600 secrets/master-2026-11.key")
	in.shows(in.does("privacydesk check --config privacydesk.yml", 0), "ok: 2 systems")
	for _, kind := range []string{"delete", "access"} {
		said := in.does("privacydesk plan --config privacydesk.yml --tenant acme --email jane.roe@customers.example --kind "+kind, 0)
		in.shows(said, "sales_order")
		in.shows(said, "nothing was changed")
	}
}

// operate runs what goes on beside the daemon.
func (in *installation) operate(metrics []string) {
	people := demoPeople()
	jane, ben, kim, lou, ada := people[2].Email, people[1].Email, people[3].Email, people[4].Email, people[0].Email
	delivered := in.file("access", ben, 2)
	approved, cancelled, held := in.file("delete", jane, 2), in.file("delete", kim, 2), in.file("delete", lou, 2)
	rejected := in.file("delete", ben, 2)
	released := in.file("access", sample.Users()[1].Email, 2) // who is a user of the product: a receipt, and the hold

	in.shows(in.does("privacydesk requests list --config privacydesk.yml", 0), fmt.Sprintf("t%d", delivered))
	in.shows(in.does("privacydesk requests list --config privacydesk.yml --wait-on approver", 0), fmt.Sprintf("t%d", approved))
	in.shows(in.does("privacydesk requests list --config privacydesk.yml --wait-on agent", 0), fmt.Sprintf("t%d", released))
	in.shows(in.does("privacydesk requests list --config privacydesk.yml --wait-on approver --json", 0), `"awaiting_approval"`)
	in.shows(in.does("privacydesk requests suspended --config privacydesk.yml", 0), "KEPT UNTIL")
	in.shows(in.does("privacydesk requests show --config privacydesk.yml t35436", approved), "LEDGER (whole)")

	in.holdAndExtend(approved)
	in.shows(in.does("privacydesk requests reject --config privacydesk.yml t35436 --reason insuf_verification --by dpo@vendor.example", rejected), "rejected")
	in.stands(rejected, "solved")

	in.does("privacydesk pause --deletes --config privacydesk.yml", 0)
	in.does("privacydesk resume --config privacydesk.yml", 0)
	in.does("privacydesk requests approve --config privacydesk.yml t35436 --code 7K3M-Q9TX --by dpo@vendor.example", approved)
	in.stands(approved, "solved")
	in.does("privacydesk requests cancel --config privacydesk.yml t35436", cancelled)
	in.stands(cancelled, "solved")
	in.does("privacydesk requests hold --config privacydesk.yml t35436", held)
	in.does("privacydesk requests retry --config privacydesk.yml t35436", held)
	in.said(held, 3)
	in.does("privacydesk requests release --config privacydesk.yml t35436 --code 7K3M-Q9TX", released)
	in.stands(released, "solved")

	if _, err := in.models.ExecContext(in.Context(), "ALTER TABLE lead_feature RENAME TO gone"); err != nil {
		in.Fatal(err)
	}
	for _, form := range []string{"", " --json"} {
		out := &safeBuffer{}
		line := "privacydesk plan --config privacydesk.yml --tenant acme --kind access --email " + ada + form
		if err := in.start(in.Context(), line, out); !errors.Is(err, errQuiet) || !strings.Contains(out.String(), "sales_order") {
			in.Errorf("%s misses a system: %v\n%s", line, err, out)
		}
	}
	skipped := in.file("access", ada, 2)
	in.does("privacydesk requests skip --config privacydesk.yml t35436 warehouse", skipped)
	in.stands(skipped, "solved")

	in.stands(delivered, "solved")
	in.keep(delivered)
	in.keep(approved)
	const named = " --config privacydesk.yml --request t35436 --name suit-2026-18"
	in.shows(in.does("privacydesk holds add"+named+" --exception legal_hold --by legal@vendor.example", delivered), "its key not destroyed")
	in.shows(in.does("privacydesk holds remove"+named+" --by legal@vendor.example", delivered), "lifted")
	in.shows(in.does("privacydesk verify privacy-report-t35436.zip", delivered), "unchanged since it was signed")
	in.shows(in.does("privacydesk verify certificate.json", 0), "unchanged since it was signed")

	in.shows(in.does("privacydesk health", 0), "ok")
	in.shows(in.does("privacydesk health --url http://127.0.0.1:8080/readyz", 0), `"ready":true`)
	in.sameMetrics(in.does("privacydesk health --url http://127.0.0.1:8080/metrics", 0), metrics)
}

// holdAndExtend moves the due date of a delete that waits for approval, and
// puts a legal hold on its person for a while.
func (in *installation) holdAndExtend(ticket int64) {
	in.Helper()
	in.does("privacydesk requests extend --config privacydesk.yml t35436 --days 20 --reason 'The archive is restored from tapes.' --by dpo@vendor.example", ticket)
	in.said(ticket, 4)
	const who = " --config privacydesk.yml --tenant acme --email jane.roe@customers.example --name suit-2026-17"
	in.shows(in.does("privacydesk holds add"+who+" --exception legal_hold --by legal@vendor.example", 0), "nothing of that person of acme is erased")
	listed := in.does("privacydesk holds list --config privacydesk.yml", 0)
	in.shows(listed, "suit-2026-17")
	if strings.Contains(listed, "jane") {
		in.Errorf("the list shows whom a hold is on:\n%s", listed)
	}
	in.shows(in.does("privacydesk holds remove"+who+" --by legal@vendor.example", 0), "lifted")
}

// renew renews the master key as docs/operations.md says, and starts replicas
// that know the new one alone.
func (in *installation) renew() {
	in.shell("openssl rand -hex 32 > secrets/master-2027-05.key")
	in.shell("chmod 600 secrets/master-2027-05.key")
	read := func() string {
		text, err := os.ReadFile("privacydesk.yml")
		if err != nil {
			in.Fatal(err)
		}
		return string(text)
	}
	older := "    - id: 2026-11\n      key: ${file:secrets/master-2026-11.key}\n"
	newer := strings.ReplaceAll(older, "2026-11", "2027-05")
	writeFile(in.T, "privacydesk.yml", strings.Replace(read(), older, newer+older, 1))
	in.shows(in.does("privacydesk keys rotate --config privacydesk.yml", 0), "2027-05")
	writeFile(in.T, "privacydesk.yml", strings.Replace(read(), older, "", 1))
	in.shows(in.does("privacydesk keys show --config privacydesk.yml", 0), "key id")
	in.shows(in.does("privacydesk keys renew --signing --config privacydesk.yml", 0), "until")
	for _, roles := range []string{"intake,web", "worker,clock"} {
		_, stop := in.serves("privacydesk serve --config privacydesk.yml --role "+roles, `(privacydesk serves)`)
		stop()
	}
	said, stop := in.serves("privacydesk zendesk simulate --listen 127.0.0.1:8090", `(?s)(zendesk:.*kind_values: \S.*\n)`)
	in.shows(said, "client_secret")
	stop()
}

func documentedMetrics(t *testing.T) []string {
	t.Helper()
	var out []string
	for _, word := range codeWords(t, "docs/operations.md") {
		if strings.HasPrefix(word, "privacydesk_") && word != "privacydesk_needs_person" && word != "privacydesk_overdue" {
			out = append(out, word)
		}
	}
	slices.Sort(out)
	return out
}

// sameMetrics compares the daemon's own metrics with those that are documented.
func (in *installation) sameMetrics(page string, documented []string) {
	in.Helper()
	var served []string
	for _, m := range regexp.MustCompile(`(?m)^# TYPE (privacydesk_\S+)`).FindAllStringSubmatch(page, -1) {
		served = append(served, m[1])
	}
	slices.Sort(served)
	if !slices.Equal(served, documented) {
		in.Errorf("the daemon serves %v\ndocs/operations.md lists %v", served, documented)
	}
}
