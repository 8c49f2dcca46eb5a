package main

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
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
		"go run ./cmd/privacydesk demo":                                                                                    {"TestPages runs it", "cmd/privacydesk/demo.go"},
		"go run ./cmd/privacydesk demo --serve":                                                                            {"TestPages runs it", "cmd/privacydesk/demo.go"},
		"go run ./cmd/privacydesk demo --json --dir /tmp/privacydesk-demo":                                                 {"TestDemoJSON runs it", "cmd/privacydesk/demo.go"},
		"privacydesk zendesk setup --config privacydesk.yml --dry-run":                                                     {"TestFromAnEmptyAccountToResolved runs it", "cmd/privacydesk/setup_test.go"},
		"privacydesk zendesk setup --config privacydesk.yml --custom-status":                                               {"TestFromAnEmptyAccountToResolved runs it", "cmd/privacydesk/setup_test.go"},
		"privacydesk zendesk login --config privacydesk.yml":                                                               {"TestLoginAlone runs it", "cmd/privacydesk/login_test.go"},
		"privacydesk zendesk simulate --empty --listen 127.0.0.1:8090":                                                     {"TestRehearsal runs it", "cmd/privacydesk/rehearsal_test.go"},
		"privacydesk requests end --config privacydesk.yml t35436 --reason cancelled_by_requester --by dpo@vendor.example": {"needs a delete that stands still in mid-erase; TestADeleteIsEndedInMidErase makes one", "bot/ways_test.go"},
		"privacydesk recover --config privacydesk.yml --by ops@vendor.example":                                             {"TestRule16_AnEmptyRedisIsSeenAtOnce runs it", "cmd/privacydesk/installation_test.go"},
		"make test":                        {"would run this test in itself", "Makefile"},
		"make build":                       {"the test of deploy builds the program", "Makefile"},
		"docker build --tag privacydesk .": {"needs Docker's daemon", "Dockerfile"},
		"docker compose --file deploy/docker-compose.yml up --build":                                                                                                               {"needs Docker's daemon", "deploy/docker-compose.yml"},
		"docker compose --file deploy/docker-compose.yml run --rm privacydesk check --config /etc/privacydesk/privacydesk.yml":                                                     {"needs Docker's daemon; the command is run without", "deploy/docker-compose.yml"},
		"docker compose --file deploy/docker-compose.yml exec privacydesk /usr/local/bin/privacydesk requests list --config /etc/privacydesk/privacydesk.yml":                      {"needs Docker's daemon; the command is run without", "deploy/docker-compose.yml"},
		"kubectl exec deploy/privacydesk -- /usr/local/bin/privacydesk check --config /etc/privacydesk/privacydesk.yml":                                                            {"needs a cluster; the command is run without", "deploy/kubernetes.yml"},
		"kubectl exec deploy/privacydesk -- /usr/local/bin/privacydesk requests approve --config /etc/privacydesk/privacydesk.yml t35436 --code 7K3M-Q9TX --by dpo@vendor.example": {"needs a cluster; the command is run without", "deploy/kubernetes.yml"},
		"install bin/privacydesk /usr/local/bin/privacydesk":                                                                                                                       {"changes the machine", "Makefile"},
		"useradd --system --home-dir /var/lib/privacydesk --shell /usr/sbin/nologin privacydesk":                                                                                   {"changes the machine", "deploy/privacydesk.service"},
		"install --mode 644 deploy/privacydesk.service /etc/systemd/system/privacydesk.service":                                                                                    {"changes the machine", "deploy/privacydesk.service"},
		"systemctl enable --now privacydesk": {"needs systemd", "deploy/privacydesk.service"},
	}
}

// installation is a privacydesk as README.md tells to make one, beside a
// simulated Zendesk. Its folder is the working folder of the test.
type installation struct {
	*testing.T
	desk    *sample.Desk
	hook    string // id of the simulator's webhook
	secret  string // that its webhooks are signed with
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
	in.hook, in.secret = hook, secret
	in.env = map[string]string{"ZENDESK_CLIENT_SECRET": in.desk.ClientSecret}
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
		`poll: "@every 1m"`:    "poll: \"@every 5m\"\n  sweep: \"@every 1s\"",
		"  own_addresses":      "  webhook: {secret: \"${file:secrets/zendesk-webhook-secret}\"}\n  own_addresses",
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

// does runs a documented line, with this test's ticket, its newest note's code
// and the test's address in place of the document's, and returns what it printed.
func (in *installation) does(line string, ticket int64) string {
	in.Helper()
	in.take(line)
	if line == "privacydesk health" {
		line += " --url http://127.0.0.1:8080/healthz" // which is the default
	}
	line = strings.ReplaceAll(line, "t35436", fmt.Sprintf("t%d", ticket))
	if coded := codeInNote.FindString(line); coded != "" {
		line = strings.ReplaceAll(line, coded, "--code "+newestCode(in.T, in.desk.Sim, ticket))
	}
	out := &safeBuffer{}
	if err := in.start(in.Context(), line, out); err != nil {
		in.Fatalf("%s: %v\n%s", line, err, out)
	}
	return out.String()
}

var codeInNote = regexp.MustCompile(`--code ([0-9A-Z]{4}-[0-9A-Z]{4})`)

// newestCode is the code in the newest note on a ticket that bears one.
func newestCode(t testing.TB, sim *zendesksim.Sim, ticket int64) string {
	t.Helper()
	code := ""
	for _, c := range sim.Comments(ticket) {
		if all := codeInNote.FindAllStringSubmatch(c.HTMLBody+c.Body, -1); !c.Public && len(all) > 0 {
			code = all[len(all)-1][1]
		}
	}
	if code == "" {
		t.Fatalf("no note on ticket %d bears a code", ticket)
	}
	return code
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
