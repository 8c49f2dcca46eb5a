package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"privacydesk/cmd/privacydesk/sample"
)

// signIn is one click at the simulated Zendesk. It opens the address, which
// has to ask who comes, and lets the browser be that person there.
func (b *tab) signIn(t *testing.T, address, name string) {
	t.Helper()
	if text := b.visit(t, address); !strings.Contains(text, "Who are you?") {
		t.Fatalf("%s does not ask who comes:\n%s", address, text)
	}
	b.press(t, fmt.Sprintf(`[...document.querySelectorAll("tr")].find(row => row.innerText.includes(%q)).querySelector("button")`, name))
}

// press clicks a button and waits for the page that comes.
func (b *tab) press(t *testing.T, button string) string {
	t.Helper()
	before := b.eval(t, `String(performance.timeOrigin)`)
	b.eval(t, fmt.Sprintf(`(%s.click(), "")`, button))
	(&installation{T: t}).until("the next page", func() bool {
		now, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](`document.readyState == "complete" ? String(performance.timeOrigin) : ""`))
		return err == nil && now != "" && now != before
	})
	return b.eval(t, `document.body.innerText`)
}

// fill writes into the input that a label names, as a person would.
func (b *tab) fill(t *testing.T, label, value string) {
	t.Helper()
	done := b.eval(t, fmt.Sprintf(`(() => {
		const label = [...document.querySelectorAll("label")].find(l => l.innerText.trim().startsWith(%q));
		const input = label && (label.control || document.getElementById(label.htmlFor));
		if (!input) return "there is no input " + %q;
		if (input.type == "checkbox" || input.type == "radio") { input.checked = true; return ""; }
		if (input.tagName != "SELECT") { input.value = %q; return ""; }
		const option = [...input.options].find(o => o.text == %q);
		if (!option) return "no choice among " + [...input.options].map(o => o.text);
		input.value = option.value; return "";
	})()`, label, label, value, value))
	if done != "" {
		t.Fatal(done)
	}
}

// sends presses the page's own button, and wants the page that follows to
// show something.
func (b *tab) sends(t *testing.T, wants ...string) string {
	t.Helper()
	text := b.press(t, `document.getElementById("submit")`)
	for _, want := range wants {
		if !strings.Contains(text, want) {
			t.Errorf("the page does not show %q:\n%s", want, text)
		}
	}
	return text
}

// awaits loads a page again until it shows something.
func (b *tab) awaits(t *testing.T, address, want string) string {
	t.Helper()
	text := ""
	(&installation{T: t}).until(want+" at "+address, func() bool {
		text = b.visit(t, address)
		return strings.Contains(text, want)
	})
	return text
}

func (b *tab) where(t *testing.T) string {
	t.Helper()
	return b.eval(t, `location.href`)
}

// simulates runs `zendesk simulate` until the test ends, and returns what it
// says.
func simulates(t *testing.T, args ...string) string {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	out, ended := &safeBuffer{}, make(chan error, 1)
	go func() {
		ended <- run(ctx, append([]string{"zendesk", "simulate", "--listen", "127.0.0.1:0"}, args...), surroundings{env: os.LookupEnv, stdout: out, stderr: out})
	}()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	(&installation{T: t}).until("the simulator's lines", func() bool { return strings.Contains(out.String(), "client_secret") })
	return out.String()
}

// TestSimulateSaysWhoIsThere and where, and how to sign in; `/` leads on.
func TestSimulateSaysWhoIsThere(t *testing.T) {
	t.Parallel()
	said := simulates(t)
	for _, want := range []string{"alex@acme.example", "Agnes Agent", "end-user", "admin", "acme", "token:", "/hc/requests", "/agent/tickets", "/api/v2", "kind_field"} {
		if !strings.Contains(said, want) {
			t.Errorf("it does not say %q:\n%s", want, said)
		}
	}
	b := openBrowser(t)
	for _, link := range regexp.MustCompile(`http://\S+`).FindAllString(said, -1) {
		at, err := url.Parse(link)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(at.Path, "/api/") {
			continue // no page
		}
		if text := b.visit(t, link); !strings.Contains(text, "Who are you?") {
			t.Errorf("%s shows %s", link, text)
		}
		if seen := b.take("http://"+at.Host+"/", "data:"); len(seen) > 0 {
			t.Errorf("%s did what it must not: %v", link, seen)
		}
	}
}

func TestSimulateRefusesPublicAddresses(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"0.0.0.0:0", ":0", "[::]:0", "192.0.2.1:8090"} {
		out := &safeBuffer{}
		err := run(t.Context(), []string{"zendesk", "simulate", "--listen", address}, surroundings{env: os.LookupEnv, stdout: out, stderr: out})
		if code := exitCode(err, out); code != 2 || !strings.Contains(err.Error(), "--listen") || !strings.Contains(err.Error(), "127.0.0.1") {
			t.Errorf("%s: exit %d, %v", address, code, err)
		}
	}
}

// rehearsal is what README.md and docs/zendesk.md lead a newcomer through, with
// a browser for a customer's admin and one for an agent.
type rehearsal struct {
	*newcomer
	url             string // of the simulated account
	customer, agent *tab
}

func newRehearsal(t *testing.T) *rehearsal {
	t.Helper()
	r := &rehearsal{newcomer: newNewcomer(t, "")}
	said := simulates(t, "--empty")
	r.url = regexp.MustCompile(`(?m)^  url: (\S+)$`).FindStringSubmatch(said)[1]
	// The lines that it prints, in a configuration that asks for approval.
	text := strings.Replace(r.read(r.config), r.account.URL, r.url, 1)
	writeFile(t, r.config, strings.Replace(text, "approval: never", "approval: always", 1))
	r.says(0, "zendesk", "setup", "--custom-status")
	if said := r.says(0, "check"); !strings.HasPrefix(said, "ok:") {
		t.Fatalf("check: %s", said)
	}
	r.serves()
	r.customer, r.agent = openBrowser(t), openBrowser(t)
	r.customer.signIn(t, r.url, "Alex Admin")
	r.agent.signIn(t, r.url+"/agent/tickets", "Agnes Agent")
	return r
}

// files fills the form in as the customer, and returns the request's page.
func (r *rehearsal) files(subject, body string) string {
	r.Helper()
	b := r.customer
	b.visit(r.T, r.url+"/hc/requests/new")
	b.press(r.T, `[...document.querySelectorAll("a")].find(a => a.innerText == "Data & Privacy")`)
	b.fill(r.T, "Subject", subject)
	b.fill(r.T, "Description", body)
	b.fill(r.T, "Privacy request", "Delete: erase this person's data")
	b.fill(r.T, "Account", "acme")
	b.fill(r.T, "Your reference", "A-7")
	b.fill(r.T, "Date of the person's request", time.Now().UTC().Format(time.DateOnly))
	b.fill(r.T, "I have verified this person's request", "")
	b.sends(r.T, subject, body, "acme", "A-7")
	return b.where(r.T)
}

func (r *rehearsal) replies(page, body string) {
	r.Helper()
	r.customer.visit(r.T, page)
	r.customer.fill(r.T, "Reply", body)
	r.customer.sends(r.T, body)
}

// ticket is the agents' page of a request.
func (r *rehearsal) ticketOf(page string) string {
	return r.url + "/agent/tickets" + page[strings.LastIndex(page, "/"):]
}

// TestRehearsal: from an empty simulated account to a resolved delete, with a
// browser alone: set up, check, file by the form, approve by the code that the
// agents' note shows, Resolved; a question is answered, another is taken back.
func TestRehearsal(t *testing.T) {
	r := newRehearsal(t)
	page := r.files("Delete request", "Please delete "+demoJane().Email)
	if text := r.customer.awaits(t, page, "We received your request to delete"); !strings.Contains(text, "To take the request back") || strings.Contains(text, "requests approve") {
		t.Errorf("the receipt: %s", text)
	}
	note := r.agent.awaits(t, r.ticketOf(page), "requests approve")
	m := regexp.MustCompile(`requests approve --config FILE (\S+) --code (\S+?)\.?\s`).FindStringSubmatch(note)
	if m == nil {
		t.Fatalf("no code in %s", note)
	}
	r.says(0, "requests", "approve", m[1], "--code", m[2], "--by", "dpo@vendor.example")
	if text := r.customer.awaits(t, page, "Resolved"); !strings.Contains(text, "certificate.html") {
		t.Errorf("no certificate: %s", text)
	}

	asked := r.files("Another", "Please delete this person.")
	r.customer.awaits(t, asked, "We could not tell for certain whose data")
	r.replies(asked, demoPeople()[0].Email)
	r.customer.awaits(t, asked, "We received your request to delete")
	r.replies(asked, "cancel")
	r.customer.awaits(t, asked, "This request was cancelled")
	if seen := r.customer.take(r.url+"/", "data:"); len(seen) > 0 {
		t.Errorf("the pages did what they must not: %v", seen)
	}
}

// TestConfirmSignedIn: what an agent filed in a customer's name is confirmed at
// the help center, from a session; and an agent ends an ordinary ticket.
func TestConfirmSignedIn(t *testing.T) {
	r := newRehearsal(t)
	cfg, err := loadConfig(r.config, &surroundings{env: os.LookupEnv})
	r.must(err)
	z := cfg.Zendesk
	body, err := json.Marshal(map[string]any{"ticket": map[string]any{
		"subject": "By phone", "comment": map[string]any{"body": "Please delete " + demoJane().Email}, "ticket_form_id": z.FormID,
		"requester": map[string]any{"email": "alex@acme.example"}, "custom_fields": []map[string]any{
			{"id": z.KindField, "value": "privacy_delete"}, {"id": z.TenantField, "value": "acme"}, {"id": z.AttestedField, "value": true},
		},
	}})
	r.must(err)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.url+"/api/v2/tickets", bytes.NewReader(body))
	r.must(err)
	req.SetBasicAuth(sample.Agent().Email+"/token", sample.APIToken)
	resp, err := http.DefaultClient.Do(req)
	r.must(err)
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusCreated {
		t.Fatalf("status %d", resp.StatusCode)
	}
	page := r.url + "/hc/requests/1"
	r.customer.awaits(t, page, "reply with the word confirm")
	r.replies(page, "confirm")
	r.customer.awaits(t, page, "We received your request to delete")

	r.customer.visit(t, r.url+"/hc/requests/new")
	r.customer.press(t, `[...document.querySelectorAll("a")].find(a => a.innerText == "Default Ticket Form")`)
	r.customer.fill(t, "Subject", "Printer")
	r.customer.fill(t, "Description", `It burns. <script>document.title = "run"</script>`)
	r.customer.sends(t, "<script>")
	other := r.customer.where(t)
	r.agent.visit(t, r.ticketOf(other))
	r.agent.fill(t, "Comment", "It is out.")
	r.agent.fill(t, "The requester and CCs, too", "")
	r.agent.fill(t, "Tags", "fire")
	r.agent.fill(t, "Assignee", "Agnes Agent")
	r.agent.fill(t, "Status", "Solved")
	r.agent.sends(t, "It is out.", "fire", "Solved", "<script>")
	r.customer.awaits(t, other, "It is out.")
	if title := r.customer.eval(t, `document.title`); title != "Printer" {
		t.Errorf("the page's title is %q", title)
	}
}
