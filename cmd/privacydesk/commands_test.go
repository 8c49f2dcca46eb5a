package main

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"privacydesk/bot/zendesksim"
	"privacydesk/cmd/privacydesk/sample"
)

// elsewhere are the documented lines that TestDocumentedCommands does not run,
// each with what stands for it, and the file that it needs.
func elsewhere() map[string][2]string {
	return map[string][2]string{
		"go run ./cmd/privacydesk demo":                                      {"TestPages runs it", "cmd/privacydesk/demo.go"},
		"go run ./cmd/privacydesk demo --serve":                              {"TestPages runs it", "cmd/privacydesk/demo.go"},
		"go run ./cmd/privacydesk demo --json --dir /tmp/privacydesk-demo":   {"TestDemoJSON runs it", "cmd/privacydesk/demo.go"},
		"privacydesk zendesk setup --config privacydesk.yml --dry-run":       {"TestFromAnEmptyAccountToResolved runs it", "cmd/privacydesk/setup_test.go"},
		"privacydesk zendesk setup --config privacydesk.yml --custom-status": {"TestFromAnEmptyAccountToResolved runs it", "cmd/privacydesk/setup_test.go"},
		"privacydesk zendesk login --config privacydesk.yml":                 {"TestLoginAlone runs it", "cmd/privacydesk/login_test.go"},
		"privacydesk zendesk simulate --empty --listen 127.0.0.1:8090":       {"TestSimulateEmpty runs it", "cmd/privacydesk/setup_test.go"},
		"make test":                        {"would run this test in itself", "Makefile"},
		"make build":                       {"the test of deploy builds the program", "Makefile"},
		"docker build --tag privacydesk .": {"needs Docker's daemon", "Dockerfile"},
		"docker compose --file deploy/docker-compose.yml up --build":                             {"needs Docker's daemon", "deploy/docker-compose.yml"},
		"install bin/privacydesk /usr/local/bin/privacydesk":                                     {"changes the machine", "Makefile"},
		"useradd --system --home-dir /var/lib/privacydesk --shell /usr/sbin/nologin privacydesk": {"changes the machine", "deploy/privacydesk.service"},
		"install --mode 644 deploy/privacydesk.service /etc/systemd/system/privacydesk.service":  {"changes the machine", "deploy/privacydesk.service"},
		"systemctl enable --now privacydesk":                                                     {"needs systemd", "deploy/privacydesk.service"},
	}
}

// installation is a privacydesk as README.md tells to make one, beside a
// simulated Zendesk. Its folder is the working folder of the test.
type installation struct {
	*testing.T
	desk    *sample.Desk
	hook    string // id of the simulator's webhook
	env     map[string]string
	models  *sql.DB
	address string   // of the daemon
	left    []string // documented lines that were not run yet
}

// install reads the documents, changes into an empty folder, and makes there
// what README.md names.
func install(t *testing.T) *installation {
	t.Helper()
	in := &installation{T: t, desk: sample.NewDesk(zendesksim.New(zendesksim.Options{RequestsPerMinute: 2500})), left: documentedLines(t)}
	configuration := readmeConfiguration(t)
	payload := regexp.MustCompile("`(\\{\"ticket_id\".*\\})`").FindStringSubmatch(document(t, "docs/zendesk.md"))
	if payload == nil {
		t.Fatal("docs/zendesk.md does not say what the trigger sends")
	}
	t.Chdir(t.TempDir())
	ctx, stop := context.WithCancel(context.Background())
	server, address, err := serveSim(ctx, in.desk.Sim, "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(); _ = server.Close() })
	hook, secret := in.desk.Sim.AddWebhook("http://127.0.0.1:1/")
	in.desk.Sim.AddWebhookTrigger(hook, payload[1])
	go in.desk.Sim.AutoDeliver(ctx)
	in.hook = hook
	in.env = map[string]string{"ZENDESK_CLIENT_SECRET": in.desk.ClientSecret, "ZENDESK_WEBHOOK_SECRET": secret}
	if err := os.Mkdir("maps", 0o700); err != nil {
		t.Fatal(err)
	}
	in.system(0)
	in.models = in.system(3)
	in.configure(configuration, address)
	return in
}

// documentedLines are the lines of all sh blocks, once each.
func documentedLines(t *testing.T) []string {
	t.Helper()
	var out []string
	for _, page := range pages() {
		for _, b := range blocks(t, page, "sh") {
			for line := range strings.Lines(b) {
				if line = strings.TrimSpace(line); !slices.Contains(out, line) {
					out = append(out, line)
				}
			}
		}
	}
	return out
}

func (in *installation) system(i int) *sql.DB {
	sys := sample.Systems()[i]
	db, err := sql.Open("sqlite", "file:"+sys.Name+".db?_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)")
	if err != nil {
		in.Fatal(err)
	}
	in.Cleanup(func() { _ = db.Close() })
	if err := sys.Create(in.Context(), db, sample.SQLite(), demoPeople()); err != nil {
		in.Fatal(err)
	}
	writeFile(in.T, filepath.Join("maps", sys.Name+".yml"), string(sys.Map()))
	return db
}

// configure writes README.md's configuration with this account's address and
// ids, deletes live, a second system, and patience for a test.
func (in *installation) configure(text, address string) {
	for old, replacement := range map[string]string{
		"subdomain: example": "url: http://" + address, "360000000001": fmt.Sprint(in.desk.Form), "360000000002": fmt.Sprint(in.desk.Kind),
		"2026-11-01T00:00:00Z": time.Now().Add(-time.Hour).UTC().Format(time.RFC3339),
		`poll: "@every 5m"`:    "poll: \"@every 5m\"\n  sweep: \"@every 1s\"",
		"mode: shadow":         "mode: live", "waiting_period: 72h": "waiting_period: 0s",
		`acme: "1"`: "acme: acme", `globex: "2"`: "globex: globex",
	} {
		if strings.Count(text, old) != 1 {
			in.Fatalf("README.md's configuration has no %q", old)
		}
		text = strings.Replace(text, old, replacement, 1)
	}
	text += "  warehouse:\n    kind: sqlite\n    label: Warehouse\n    dsn: warehouse.db\n    dataset: [maps/warehouse.yml]\n    tenants: same\n" +
		"data_dir: data\nweb: {listen: \"127.0.0.1:0\"}\nrequests: {max_attempts: 2, backoff: 1s}\n"
	writeFile(in.T, "privacydesk.yml", text)
}

// take marks a documented line as run.
func (in *installation) take(line string) {
	in.Helper()
	i := slices.Index(in.left, line)
	if i < 0 {
		in.Fatalf("no document shows the line %q, or the test runs it twice", line)
	}
	in.left = slices.Delete(in.left, i, i+1)
}

// shell runs a line that is not ours.
func (in *installation) shell(line string) {
	in.Helper()
	in.take(line)
	if out, err := exec.CommandContext(in.Context(), "sh", "-ec", line).CombinedOutput(); err != nil {
		in.Fatalf("%s: %v\n%s", line, err, out)
	}
}

// does runs a documented line, with this test's ticket and address in place of
// the document's, and returns what it printed.
func (in *installation) does(line string, ticket int64) string {
	in.Helper()
	in.take(line)
	if line == "privacydesk health" {
		line += " --url http://127.0.0.1:8080/healthz" // which is the default
	}
	out := &safeBuffer{}
	if err := in.start(in.Context(), strings.ReplaceAll(line, "t35436", fmt.Sprintf("t%d", ticket)), out); err != nil {
		in.Fatalf("%s: %v\n%s", line, err, out)
	}
	return out.String()
}

func (in *installation) start(ctx context.Context, line string, out *safeBuffer) error {
	line = strings.ReplaceAll(strings.ReplaceAll(line, "127.0.0.1:8080", in.address), "127.0.0.1:8090", "127.0.0.1:0")
	var args []string
	for _, word := range regexp.MustCompile(`'[^']*'|\S+`).FindAllString(line, -1) {
		args = append(args, strings.Trim(word, "'"))
	}
	if args[0] != "privacydesk" {
		return fmt.Errorf("%s is not our program", args[0])
	}
	env := func(name string) (string, bool) { v, ok := in.env[name]; return v, ok }
	return run(ctx, args[1:], surroundings{env: env, stdout: out, stderr: out})
}

// safeBuffer is what a command that runs beside the test writes into.
type safeBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *safeBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *safeBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// serves runs a documented line that goes on until it is stopped. It returns
// when the output shows the words, with what they captured.
func (in *installation) serves(line, words string) (captured string, stop func()) {
	in.Helper()
	in.take(line)
	ctx, cancel := context.WithCancel(context.Background())
	in.Cleanup(cancel)
	out, ended := &safeBuffer{}, make(chan error, 1)
	go func() { ended <- in.start(ctx, line, out) }()
	var found []string
	in.until(line, func() bool {
		select {
		case err := <-ended:
			in.Fatalf("%s ended: %v\n%s", line, err, out)
		default:
		}
		found = regexp.MustCompile(words).FindStringSubmatch(out.String())
		return found != nil
	})
	return found[1], func() {
		in.Helper()
		cancel()
		if err := <-ended; err != nil {
			in.Errorf("%s: %v\n%s", line, err, out)
		}
	}
}

// until waits for something to come true.
func (in *installation) until(what string, cond func() bool) {
	in.Helper()
	ctx, cancel := context.WithTimeout(in.Context(), patience)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !cond() {
		select {
		case <-ctx.Done():
			in.Fatalf("%s did not come true", what)
		case <-tick.C:
		}
	}
}

// file files a ticket and waits until the daemon has said all that it can:
// so many comments.
func (in *installation) file(kind, subject string, comments int) int64 {
	in.Helper()
	ticket := in.desk.File(sample.Users()[0].Email, kind, "", kind, sample.Body(kind, subject))
	in.said(ticket, comments)
	return ticket
}

func (in *installation) said(ticket int64, comments int) {
	in.Helper()
	in.until(fmt.Sprintf("comment %d of ticket %d", comments, ticket), func() bool {
		n := 0
		for _, c := range in.desk.Sim.Comments(ticket) {
			if c.AuthorID == in.desk.Bot {
				n++
			}
		}
		return n >= comments
	})
}

// stands waits until a ticket has the status.
func (in *installation) stands(ticket int64, status string) {
	in.Helper()
	in.until(fmt.Sprintf("ticket %d is %s", ticket, status), func() bool {
		now, _ := in.desk.Sim.Ticket(ticket)
		return now.Status == status
	})
}

// keep stores what is attached to a ticket in the working folder.
func (in *installation) keep(ticket int64) {
	for _, a := range in.desk.Sim.Attachments(ticket) {
		if err := os.WriteFile(filepath.Base(a.FileName), a.Content, 0o600); err != nil {
			in.Fatal(err)
		}
	}
}

func (in *installation) shows(what, want string) {
	in.Helper()
	if !strings.Contains(what, want) {
		in.Errorf("the output does not show %q:\n%s", want, what)
	}
}

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
	in.does("privacydesk requests approve --config privacydesk.yml t35436 --by dpo@vendor.example", approved)
	in.stands(approved, "solved")
	in.does("privacydesk requests cancel --config privacydesk.yml t35436", cancelled)
	in.stands(cancelled, "solved")
	in.does("privacydesk requests hold --config privacydesk.yml t35436", held)
	in.does("privacydesk requests retry --config privacydesk.yml t35436", held)
	in.said(held, 3)
	in.does("privacydesk requests release --config privacydesk.yml t35436", released)
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
