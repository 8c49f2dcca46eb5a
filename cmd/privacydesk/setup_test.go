package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"privacydesk/bot/zendesksim"
	"privacydesk/cmd/privacydesk/sample"
	"privacydesk/config"
)

// newcomer is somebody who has an empty Zendesk account, a system, and a
// configuration that knows of Zendesk no more than how to sign in.
type newcomer struct {
	*testing.T
	desk    *sample.Desk
	account *httptest.Server
	config  string
	address string // where serve will listen
}

const newcomersFile = `# ours
zendesk:
  url: %s # the simulator
  oauth: %s
  webhook:
    url: http://%s/webhooks/zendesk
  # the desk's own address
  own_addresses: [support@vendor.example]
directory:
  kind: static
  users: [{email: alex@acme.example, tenant: acme, admin: true}]
data_dir: data
keys: {master: [{id: one, key: "${file:master.key}"}]}
deletes: {mode: live, approval: never, waiting_period: 0s}
web: {listen: "%s"}
systems:
  crm: {kind: sqlite, label: CRM, dsn: crm.db, dataset: [crm.yml], tenants: same}
`

func newNewcomer(t *testing.T, oauth string) *newcomer {
	t.Helper()
	n := &newcomer{T: t, desk: sample.EmptyDesk(zendesksim.New(zendesksim.Options{RequestsPerMinute: 2500}))}
	n.account = httptest.NewServer(n.desk.Sim)
	t.Cleanup(n.account.Close)
	t.Chdir(t.TempDir())
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	n.must(err)
	n.address = listener.Addr().String()
	n.must(listener.Close())
	crm := sample.Systems()[0]
	db, err := sql.Open("sqlite", "file:crm.db?_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)")
	n.must(err)
	n.must(crm.Create(t.Context(), db, sample.SQLite(), demoPeople()))
	n.must(db.Close())
	writeFile(t, "crm.yml", string(crm.Map()))
	writeFile(t, "master.key", strings.Repeat("0123456789abcdef", 4))
	n.config = "privacydesk.yml"
	if oauth == "" {
		oauth = fmt.Sprintf("{client_id: %s, client_secret: %s}", n.desk.ClientID, n.desk.ClientSecret)
	}
	writeFile(t, n.config, fmt.Sprintf(newcomersFile, n.account.URL, oauth, n.address, n.address))
	return n
}

func (n *newcomer) must(err error) {
	n.Helper()
	if err != nil {
		n.Fatal(err)
	}
}

func (n *newcomer) read(file string) string {
	n.Helper()
	raw, err := os.ReadFile(file)
	n.must(err)
	return string(raw)
}

// says runs a command, which has to end with the code.
func (n *newcomer) says(code int, args ...string) string {
	n.Helper()
	out := &safeBuffer{}
	err := run(n.Context(), append(args, "--config", n.config), surroundings{env: os.LookupEnv, stdout: out, stderr: out})
	if got := exitCode(err, out); got != code {
		n.Fatalf("%v: exit code %d, want %d\n%s", args, got, code, out)
	}
	return out.String()
}

func (n *newcomer) result(code int, args ...string) setupResult {
	n.Helper()
	var r setupResult
	said := n.says(code, append([]string{"zendesk", "setup", "--json"}, args...)...)
	if err := json.Unmarshal([]byte(said), &r); err != nil {
		n.Fatalf("%v in %s", err, said)
	}
	return r
}

// TestFromAnEmptyAccountToResolved: setup, check, serve, a customer files with
// the form, the webhook tells of it, and the ticket is Resolved.
func TestFromAnEmptyAccountToResolved(t *testing.T) {
	n := newNewcomer(t, "")
	before := n.read(n.config)
	dry := n.says(0, "zendesk", "setup", "--dry-run", "--custom-status")
	if n.read(n.config) != before || n.desk.Sim.Counts().Writes > 1 || !strings.Contains(dry, "create   ticket form") || !strings.Contains(dry, "nothing was changed") {
		t.Fatalf("the dry run: %s", dry)
	}
	if _, err := os.Stat("secrets"); err == nil {
		t.Error("the dry run wrote a secret")
	}
	began := time.Now().Add(-time.Second)
	said := n.says(0, "zendesk", "setup", "--custom-status")
	secret := strings.TrimSpace(n.read(filepath.Join("secrets", "zendesk-webhook-secret")))
	text := n.read(n.config)
	if len(secret) < 20 || strings.Contains(said, secret) || strings.Contains(text, secret) {
		t.Errorf("the secret is shown: %s", said)
	}
	if info, err := os.Stat("secrets/zendesk-webhook-secret"); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the secret's file: %v, %v", info, err)
	}
	for line := range strings.Lines(before) {
		if !strings.Contains(text, line) {
			t.Errorf("the line %q is gone", line)
		}
	}
	if n.read(n.config+".bak") != before || !strings.Contains(said, "wrote    zendesk.form") {
		t.Errorf("no backup, or not told: %s", said)
	}
	cfg, err := loadConfig(n.config, &surroundings{env: os.LookupEnv})
	n.must(err)
	if cfg.Intake.Since.Before(began) || cfg.Zendesk.AttestedField == 0 || cfg.Zendesk.Webhook.Secret != secret || len(cfg.Zendesk.KindValues) != 4 {
		t.Errorf("got %+v", cfg.Zendesk.KindValues)
	}
	if again := n.result(0, "--custom-status"); !again.OK || len(again.Written) != 0 || again.SecretFile != "" || n.read(n.config) != text {
		t.Errorf("the second run wrote %+v", again)
	}
	if said := n.says(0, "check"); !strings.HasPrefix(said, "ok:") {
		t.Errorf("check: %s", said)
	}
	n.serveAndFile(cfg)
}

// serves runs the daemon until the test ends.
func (n *newcomer) serves() {
	n.Helper()
	ctx, stop := context.WithCancel(context.Background())
	out, ended := &safeBuffer{}, make(chan error, 1)
	go func() {
		ended <- run(ctx, []string{"serve", "--config", n.config}, surroundings{env: os.LookupEnv, stdout: out, stderr: out})
	}()
	n.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			n.Errorf("serve: %v\n%s", err, out)
		}
	})
	(&installation{T: n.T}).until("the daemon's start", func() bool { return strings.Contains(out.String(), "privacydesk serves") })
}

func (n *newcomer) serveAndFile(cfg *config.Config) {
	n.Helper()
	n.serves()
	in := &installation{T: n.T}
	z := cfg.Zendesk
	id, err := n.desk.Sim.SubmitForm(n.desk.User("alex@acme.example"), z.FormID, "Access", sample.Body("access", demoJane().Email), map[int64]any{
		z.KindField: "privacy_access", z.TenantField: "acme", z.CustomerReferenceField: "A-1", z.AttestedField: true,
	})
	n.must(err)
	if d := n.desk.Sim.DeliverWebhooks(n.Context()); d.Sent == 0 || d.GivenUp != 0 {
		n.Fatalf("webhooks: %+v", d)
	}
	in.until("Resolved", func() bool { return n.ticket(id).Status == "solved" })
	resolved := n.ticket(id)
	if label := n.statusLabel(resolved.CustomStatusID); label != "Resolved" || len(n.desk.Sim.Attachments(id)) != 1 {
		n.Errorf("the ticket reads %q, with %d files", label, len(n.desk.Sim.Attachments(id)))
	}
	// The due date was shown, and is cleared with the answer; the progress stays.
	if resolved.CustomFields[z.DueField] != nil || resolved.CustomFields[z.ProgressField] != "resolved" || !n.wasSet(id, z.DueField) {
		n.Errorf("the ticket's fields: %v", resolved.CustomFields)
	}
}

// wasSet is true if a field of the ticket ever held something.
func (n *newcomer) wasSet(ticket, field int64) bool {
	for _, a := range n.desk.Sim.Audits(ticket) {
		for _, e := range a.Events {
			if e.FieldName == strconv.FormatInt(field, 10) && e.Value != nil && e.Value != "" {
				return true
			}
		}
	}
	return false
}

func (n *newcomer) ticket(id int64) zendesksim.Ticket {
	for _, t := range n.desk.Sim.Tickets() {
		if t.ID == id {
			return t
		}
	}
	n.Fatalf("there is no ticket %d", id)
	return zendesksim.Ticket{}
}

func (n *newcomer) statusLabel(id int64) string {
	n.Helper()
	n.desk.Sim.AddAPIToken("privacydesk@vendor.example", "look")
	req, err := http.NewRequestWithContext(n.Context(), http.MethodGet, fmt.Sprintf("%s/api/v2/custom_statuses/%d", n.account.URL, id), http.NoBody)
	n.must(err)
	req.SetBasicAuth("privacydesk@vendor.example/token", "look")
	resp, err := http.DefaultClient.Do(req)
	n.must(err)
	defer resp.Body.Close()
	var answer struct {
		Status struct {
			Label string `json:"agent_label"`
		} `json:"custom_status"`
	}
	n.must(json.NewDecoder(resp.Body).Decode(&answer))
	return answer.Status.Label
}

// TestSetupThatCannotWrite: the lines to paste are shown, and work.
func TestSetupThatCannotWrite(t *testing.T) {
	n := newNewcomer(t, "")
	text := strings.Replace(n.read(n.config), "zendesk:\n", "defaults: &z {}\nzendesk: &account\n", 1)
	writeFile(t, n.config, strings.Replace(text, "defaults: &z {}\n", "", 1)+"intake: &late {poll: '@every 1m'}\n")
	writeFile(t, n.config, strings.Replace(n.read(n.config), "  webhook:\n    url: http://"+n.address+"/webhooks/zendesk\n", "  webhook: &hook {url: \"http://"+n.address+"/webhooks/zendesk\", skew: !!str 5m, id: &id x}\n", 1))
	before := n.read(n.config)
	said := n.says(0, "zendesk", "setup")
	if n.read(n.config) != before || !strings.Contains(said, "put these lines") || !strings.Contains(said, "\n  form: ") || !strings.Contains(said, "the configuration was not changed") {
		t.Errorf("got %s", said)
	}
}

// TestSetupOfOddSecrets: one that does not lie in a file is not replaced.
func TestSetupOfOddSecrets(t *testing.T) {
	n := newNewcomer(t, "")
	writeFile(t, n.config, strings.Replace(n.read(n.config), "  webhook:\n", "  webhook:\n    secret: ${env:NOBODY_SET_THIS}\n", 1))
	r := n.result(1)
	last := r.Plan.Items[len(r.Plan.Items)-1]
	if r.OK || last.Option != "zendesk.webhook.secret" || !strings.Contains(last.Error, "${file:secrets/zendesk-webhook-secret}") || r.SecretFile != "" {
		t.Errorf("got %+v", r)
	}
	// In a file of the operator's choice, it is written there.
	writeFile(t, n.config, strings.Replace(n.read(n.config), "${env:NOBODY_SET_THIS}", "${file:hook}", 1))
	if r := n.result(0); !r.OK || filepath.Base(r.SecretFile) != "hook" || len(n.read("hook")) < 20 {
		t.Errorf("got %+v", r)
	}
}

// TestSetupNamesASecretThatNobodyWrites: without an address there is no webhook,
// and no secret of one; the set-up is not called done until one of the two mends
// is made.
func TestSetupNamesASecretThatNobodyWrites(t *testing.T) {
	n := newNewcomer(t, "")
	whole := n.read(n.config)
	const hook = "  webhook:\n    url: http://"
	if !strings.Contains(whole, hook) {
		t.Fatalf("the configuration is another one:\n%s", whole)
	}
	line, _, _ := strings.Cut(whole[strings.Index(whole, hook):], "/webhooks/zendesk\n")
	without := strings.Replace(whole, line+"/webhooks/zendesk\n", "  webhook:\n    secret: ${file:secrets/zendesk-webhook-secret}\n", 1)
	writeFile(t, n.config, without)
	if said := n.says(1, "zendesk", "setup"); !strings.Contains(said, "no webhook is made that has one") || strings.Contains(said, "ok: Zendesk is set up") {
		t.Errorf("got %s", said)
	}
	writeFile(t, n.config, strings.Replace(n.read(n.config), "  webhook:\n    secret: ${file:secrets/zendesk-webhook-secret}\n", "", 1))
	if said := n.says(0, "zendesk", "setup"); !strings.Contains(said, "ok: Zendesk is set up") {
		t.Errorf("without a webhook: %s", said)
	}
	if said := n.says(0, "check"); !strings.Contains(said, "ok:") {
		t.Errorf("check: %s", said)
	}
}

// TestSetupKeepsSince: what stands there is moved by the first set-up alone.
func TestSetupKeepsSince(t *testing.T) {
	n := newNewcomer(t, "")
	writeFile(t, n.config, n.read(n.config)+"intake: {since: 2020-01-01}\n")
	if r := n.result(0); r.Written[0].Path != "intake.since" {
		t.Errorf("a form that is new has older tickets: %+v", r.Written)
	}
	writeFile(t, n.config, regexp.MustCompile(`since: \S+Z`).ReplaceAllString(n.read(n.config), "since: 2021-01-01"))
	if r := n.result(0); len(r.Written) != 0 {
		t.Errorf("written: %+v", r.Written)
	}
}

func TestSetupOfAWrongFile(t *testing.T) {
	n := newNewcomer(t, "{client_id: a}")
	if said := n.says(2, "zendesk", "setup"); !strings.Contains(said, "zendesk.oauth") {
		t.Errorf("got %s", said)
	}
	writeFile(t, n.config, "zendesk: {url: "+n.account.URL+", oauth: {client_id: "+n.desk.ClientID+", client_secret: "+n.desk.ClientSecret+"}}\n")
	said := n.says(0, "zendesk", "setup")
	for _, want := range []string{"before serve starts", "directory: is missing", "zendesk.webhook.url does not say", "skipped"} {
		if !strings.Contains(said, want) {
			t.Errorf("no %q in %s", want, said)
		}
	}
	if strings.Contains(said, "intake.since: is missing") {
		t.Errorf("what was written is told as missing: %s", said)
	}
}

// TestSimulateEmpty: the lines that it prints are enough to set it up.
func TestSimulateEmpty(t *testing.T) {
	n := newNewcomer(t, "")
	ctx, stop := context.WithCancel(t.Context())
	out, ended := &safeBuffer{}, make(chan error, 1)
	go func() {
		ended <- run(ctx, []string{"zendesk", "simulate", "--empty", "--listen", "127.0.0.1:0"}, surroundings{env: os.LookupEnv, stdout: out, stderr: out})
	}()
	lines := regexp.MustCompile(`(?s)zendesk:\n.*client_secret: \S+}\n`)
	(&installation{T: t}).until("the simulator's lines", func() bool { return lines.MatchString(out.String()) })
	writeFile(t, n.config, lines.FindString(out.String()))
	if r := n.result(0); !r.OK || !r.Plan.Made("zendesk.form") {
		t.Errorf("got %+v", r)
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
