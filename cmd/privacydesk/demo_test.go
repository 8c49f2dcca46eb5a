package main

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"privacydesk/cmd/privacydesk/sample"
)

// command runs one command line as main does.
func command(ctx context.Context, stdout io.Writer, args ...string) (code int, stderr string) {
	var errs bytes.Buffer
	err := run(ctx, args, surroundings{env: os.LookupEnv, stdout: stdout, stderr: &errs})
	return exitCode(err, &errs), errs.String()
}

// trigger passes a text on and calls do once, when the text has shown the
// words: what a test does at a known moment of a command.
type trigger struct {
	bytes.Buffer
	words string
	do    func(soFar string)
}

func (w *trigger) Write(p []byte) (int, error) {
	n, err := w.Buffer.Write(p)
	if do := w.do; do != nil && strings.Contains(w.String(), w.words) {
		w.do = nil
		do(w.String())
	}
	return n, err
}

// endOf is how a ticket of the demo ends, and with how many comments of ours.
type endOf struct {
	kind, state, status, reason string
	comments                    int
	systems                     []demoSystem
	file                        string // what is attached; empty for nothing
}

func gatheredAll() []demoSystem {
	return []demoSystem{
		{Name: "crm", Outcome: "gathered", Found: 5, Gathered: 5},
		{Name: "events", Outcome: "gathered", Found: 5, Gathered: 5},
		{Name: "voice", Outcome: "gathered", Found: 1, Gathered: 1},
		{Name: "warehouse", Outcome: "gathered", Found: 1, Gathered: 1},
	}
}

// ends are the eight tickets. The deleted person's CRM rows are herself and
// two orders; the invoice is retained, and the address is Kim's too.
func ends() []endOf {
	return []endOf{
		{"access", "resolved", "solved", "delivered", 2, gatheredAll(), "1-privacy-report-t1.zip"},
		{"delete", "resolved", "solved", "erased", 2, []demoSystem{
			{Name: "crm", Outcome: "deleted", Found: 5, Deleted: 3, Retained: 1},
			{Name: "events", Outcome: "deleted", Found: 5, Deleted: 5},
			{Name: "voice", Outcome: "deleted", Found: 1, Deleted: 1},
			{Name: "warehouse", Outcome: "deidentified", Found: 1, Deidentified: 1},
		}, "2-certificate.json"},
		{"access", "resolved", "solved", "delivered", 2, gatheredAll(), "3-privacy-report-t3.zip"},
		{"delete", "rejected", "solved", "not_admin", 1, nil, ""},
		{"delete", "rejected", "solved", "other_tenant", 1, nil, ""},
		{"delete", "needs_info", "pending", "subject_several", 1, nil, ""},
		{"opt_out", "rejected", "solved", "opt_out", 1, nil, ""},
		{"direct", "rejected", "solved", "direct_request", 1, nil, ""},
	}
}

func TestDemoJSON(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "it's ${a} #1?&%41")
	var out bytes.Buffer
	if code, stderr := command(t.Context(), &out, "demo", "--json", "--dir", dir); code != 0 || stderr != "" {
		t.Fatalf("exit %d, standard error %q\n%s", code, stderr, out.String())
	}
	text := out.String()
	onlyKeys(t, text)
	var got demoResult
	if err := json.Unmarshal([]byte(text), &got); err != nil {
		t.Fatal(err)
	}
	if !got.OK || got.Leaks != 0 || got.Redis != "child" {
		t.Errorf("ok %v, leaks %d, redis %q; want true, 0, child", got.OK, got.Leaks, got.Redis)
	}
	if len(got.Requests) != len(ends()) {
		t.Fatalf("%d requests, want %d", len(got.Requests), len(ends()))
	}
	for i, want := range ends() {
		sameEnd(t, dir, got.Requests[i], want)
	}
	onlyTheSubjectIsGone(t, dir)
	t.Run("a folder that was used is refused", func(t *testing.T) {
		var out bytes.Buffer
		code, stderr := command(t.Context(), &out, "demo", "--json", "--dir", dir)
		if code != 2 || object(t, out.String())["ok"] != false || !strings.Contains(stderr, "--dir") || !strings.Contains(stderr, "not an empty folder") {
			t.Errorf("exit %d, output %q, standard error %q; want 2, not ok, and a word on --dir", code, out.String(), stderr)
		}
	})
}

// onlyKeys checks that the output is one object with exactly the keys that
// are promised, and nothing after it.
func onlyKeys(t *testing.T, text string) {
	t.Helper()
	dec := json.NewDecoder(strings.NewReader(text))
	var object map[string]any
	if err := dec.Decode(&object); err != nil {
		t.Fatal(err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		t.Errorf("something follows the object: %v", err)
	}
	keys := func(where string, v any, want string) {
		m, _ := v.(map[string]any)
		if got := strings.Join(slices.Sorted(maps.Keys(m)), " "); got != want {
			t.Errorf("%s has the keys %q, want %q", where, got, want)
		}
	}
	keys("the object", object, "leaks ok redis requests")
	requests, _ := object["requests"].([]any)
	for _, r := range requests {
		keys("a request", r, "comments kind reason report state systems ticket zendesk_status")
		systems, ok := r.(map[string]any)["systems"].([]any)
		if !ok {
			t.Error("systems is no list")
		}
		for _, s := range systems {
			keys("a system", s, "aggregated deidentified deleted found gathered name outcome retained")
		}
	}
}

func sameEnd(t *testing.T, dir string, got demoRequest, want endOf) {
	t.Helper()
	if string(got.Kind) != want.kind || string(got.State) != want.state || got.ZendeskStatus != want.status || string(got.Reason) != want.reason {
		t.Errorf("ticket %d: %s %s %s %s; want %s %s %s %s", got.Ticket,
			got.Kind, got.State, got.ZendeskStatus, got.Reason, want.kind, want.state, want.status, want.reason)
	}
	if got.Comments != want.comments {
		t.Errorf("ticket %d bears %d comments of ours, want %d", got.Ticket, got.Comments, want.comments)
	}
	if !slices.Equal(got.Systems, want.systems) {
		t.Errorf("ticket %d: systems %+v, want %+v", got.Ticket, got.Systems, want.systems)
	}
	if want.file == "" {
		if got.Report != "" {
			t.Errorf("ticket %d has the file %s, want none", got.Ticket, got.Report)
		}
		return
	}
	if file := filepath.Join(dir, "reports", want.file); got.Report != file {
		t.Errorf("ticket %d: report %q, want %q", got.Ticket, got.Report, file)
	}
	var out bytes.Buffer
	if code, stderr := command(t.Context(), &out, "verify", got.Report); code != 0 || !strings.Contains(out.String(), "unchanged since it was signed") {
		t.Errorf("verify: exit %d\n%s%s", code, out.String(), stderr)
	}
}

// onlyTheSubjectIsGone asks the sample systems themselves, by other means
// than the demo's judge: the subject's rows of her tenant are gone but for the
// invoice, and the other tenant's rows on the same address are all there.
func onlyTheSubjectIsGone(t *testing.T, dir string) {
	t.Helper()
	jane := demoJane().Email
	for _, c := range []struct {
		system, query string
		acme, globex  int
	}{
		{"crm", "SELECT count(*) FROM customer WHERE email = ? AND tenant = ?", 0, 1},
		{"crm", "SELECT count(*) FROM invoice WHERE billing_email = ? AND tenant = ?", 1, 1},
		{"crm", "SELECT count(*) FROM sales_order WHERE customer_id IN (103, 201) AND ? != '' AND tenant = ?", 0, 2},
		{"crm", "SELECT count(*) FROM address WHERE id IN (2, 9) AND ? != '' AND tenant = ?", 1, 1},
		{"events", "SELECT count(*) FROM event WHERE customer_id IN (103, 201) AND ? != '' AND tenant = ?", 0, 5},
		{"voice", "SELECT count(*) FROM recording WHERE caller_email = ? AND tenant = ?", 0, 1},
		{"warehouse", "SELECT count(*) FROM lead_feature WHERE email = ? AND tenant = ?", 0, 1},
	} {
		db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: filepath.Join(dir, "systems", c.system+".db")}).EscapedPath())
		if err != nil {
			t.Fatal(err)
		}
		for tenant, want := range map[string]int{sample.Acme: c.acme, sample.Globex: c.globex} {
			got := -1
			if err := db.QueryRowContext(t.Context(), c.query, jane, tenant).Scan(&got); err != nil || got != want {
				t.Errorf("%s of %s: %q: %d rows (%v), want %d", c.system, tenant, c.query, got, err, want)
			}
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestDemoWithoutRedisServer has nothing in PATH. It does not run beside other
// tests, for it changes the environment.
func TestDemoWithoutRedisServer(t *testing.T) {
	t.Setenv("PATH", "")
	dir := t.TempDir()
	var out bytes.Buffer
	if code, stderr := command(t.Context(), &out, "demo", "--dir", dir); code != 0 || stderr != "" {
		t.Fatalf("exit %d, standard error %q\n%s", code, stderr, out.String())
	}
	for _, want := range []string{
		"KEEPS NOTHING", "reports and certificates: " + filepath.Join(dir, "reports"),
		filepath.Join(dir, "reports", "1-privacy-report-t1.zip"), filepath.Join(dir, "reports", "2-certificate.json"),
		"Approval is switched off, the waiting period three seconds", "0 places left", "every ticket ended as it should",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the output does not say %q:\n%s", want, out.String())
		}
	}
	t.Run("as JSON", func(t *testing.T) {
		var out bytes.Buffer
		code, stderr := command(t.Context(), &out, "demo", "--json", "--dir", t.TempDir())
		var got demoResult
		if err := json.Unmarshal(out.Bytes(), &got); err != nil || code != 0 || got.Redis != "embedded" {
			t.Errorf("exit %d, redis %q, %v; want 0 and embedded\n%s", code, got.Redis, err, stderr)
		}
	})
}

// TestRule10_DemoFailsOverALeak plants the deleted person's address where no
// personal data may be while the demo runs.
func TestRule10_DemoFailsOverALeak(t *testing.T) {
	t.Parallel()
	t.Run("while it runs", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		plant := &trigger{words: "eight tickets filed", do: func(string) {
			if err := os.WriteFile(filepath.Join(dir, "data", "dead-letter"), []byte("to: "+demoJane().Email), 0o600); err != nil {
				t.Error(err)
			}
		}}
		code, stderr := command(t.Context(), plant, "demo", "--dir", dir)
		if code != 1 || stderr != "" {
			t.Errorf("exit %d, standard error %q; want 1 and nothing", code, stderr)
		}
		said := plant.String()
		if !strings.Contains(said, ": 1 places left") || !strings.Contains(said, "LEFT in file "+filepath.Join(dir, "data", "dead-letter")) ||
			strings.Contains(said, "every ticket ended as it should") {
			t.Errorf("the output does not name the place:\n%s", said)
		}
		if strings.Contains(said, demoJane().Email) {
			t.Error("the output repeats what was leaked")
		}
	})
}
