package main

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
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
