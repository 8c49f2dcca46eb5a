package report

import (
	"bytes"
	"context"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"privacydesk/bot"
	"privacydesk/connectors"
)

// evil is what strangers put into names and notes.
func evil() []string {
	return []string{
		`<script>document.title='pwned';alert(1)</script>`,
		`</td></table></script><img src=x onerror="document.title='pwned';alert(2)">`,
		`"><svg onload=document.title='pwned'>`,
		`<iframe src="http://evil.example/x"></iframe><link rel=stylesheet href=http://evil.example/y>`,
		`<style>body{display:none}</style><base href="http://evil.example/">`,
		`{{.Subject}}<!-- `,
		`javascript:alert(3)`,
		"\x00\x01\x1b[31m\x7f\u0085",
		"\u202egnp.exe\u2066",
		"bad\xffutf8\xc3",
		`=HYPERLINK("http://evil.example","x")`,
		strings.Repeat("W", 100_000),
	}
}

// hostile puts them everywhere that a report shows.
func hostile(p *place) bot.ReportInput {
	d := data{schema: connectors.Schema{Collection: `crm.<script>alert(4)</script>`}}
	var row []connectors.Cell
	for i, text := range evil() {
		label := text
		if len(label) > 100 {
			label = "long"
		}
		d.schema.Columns = append(d.schema.Columns, connectors.Column{Name: label + string(rune('a'+i)), Label: label})
		d.schema.Withheld = append(d.schema.Withheld, connectors.Column{Name: label, Label: label, Reason: label})
		row = append(row, str(text))
	}
	d.rows = [][]connectors.Cell{row, row}
	files := map[string]string{`../../<img src=x onerror=alert(5)>.html`: "<script>alert(6)</script>"}
	sys := p.gather("crm", []data{d}, files)
	sys.Label = evil()[0]
	sys.State.Notes = evil()[:8]
	sys.Profile.Collections = []connectors.Collection{{
		Name: d.schema.Collection, Label: evil()[1], Source: evil()[2], Purpose: evil()[3], Retention: evil()[4],
		Categories: []string{evil()[1]}, ThirdParties: evil()[:3],
	}}
	in := input(sys)
	in.Subject, in.Reference, in.Case.Tenant = evil()[0], evil()[1], evil()[8]
	return in
}

// watcher notes what a page must not do.
type watcher struct {
	mu   sync.Mutex
	seen []string
}

func (w *watcher) note(ev any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch e := ev.(type) {
	case *page.EventJavascriptDialogOpening:
		w.seen = append(w.seen, "dialog "+e.Message)
	case page.EventJavascriptDialogOpening:
		w.seen = append(w.seen, "dialog "+e.Message)
	case *network.EventRequestWillBeSent:
		w.request(e.Request.URL)
	case network.EventRequestWillBeSent:
		w.request(e.Request.URL)
	}
}

func (w *watcher) request(u string) {
	if !strings.HasPrefix(u, "file:") {
		w.seen = append(w.seen, "request "+u)
	}
}

func (w *watcher) take() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	seen := w.seen
	w.seen = nil
	return seen
}

// browser opens pages in headless Chromium.
func browser(t *testing.T) (context.Context, *watcher) {
	t.Helper()
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"} {
		if p, err := exec.LookPath(name); err == nil {
			path = p
			break
		}
	}
	if path == "" {
		t.Fatal("no Chromium in PATH; install chromium, the pages are tested in it")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.NoSandbox, chromedp.ExecPath(path), chromedp.WindowSize(1200, 1000))
	alloc, stop := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(stop)
	ctx, end := chromedp.NewContext(alloc)
	t.Cleanup(end)
	w := &watcher{}
	if err := chromedp.Listen(ctx, w.note); err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Call(ctx, network.Enable, network.EnableParams{}); err != nil {
		t.Fatal(err)
	}
	return ctx, w
}

func fileURL(path string) string { return (&url.URL{Scheme: "file", Path: path}).String() }

func visit(ctx context.Context, t *testing.T, path, script string) string {
	t.Helper()
	if err := chromedp.Do(ctx, chromedp.Navigate(fileURL(path))); err != nil {
		t.Fatal(err)
	}
	got, err := chromedp.Run(ctx, chromedp.Evaluate[string](script))
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// extract unpacks an archive as the receiver would.
func extract(t *testing.T, entries map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, body := range entries {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if !strings.HasPrefix(path, dir+string(filepath.Separator)) {
			t.Fatalf("%q leaves the folder", name)
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(body), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// TestHostileValuesInABrowser opens every page of a report full of attacks.
func TestHostileValuesInABrowser(t *testing.T) {
	p := openPlace(t, Options{})
	dir := extract(t, p.unpack(p.access(hostile(p), 1<<24, 1)[0]))
	_, certificate := p.certify(erased(func(in *bot.ReportInput) {
		in.Case.Tenant, in.Systems[0].Label, in.Systems[0].State.Notes = evil()[0], evil()[1], evil()[:8]
	}))
	if err := os.WriteFile(filepath.Join(dir, "certificate.html"), certificate, 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, watch := browser(t)
	for _, name := range []string{"index.html", "systems/crm.html", "certificate.html"} {
		text := visit(ctx, t, filepath.Join(dir, name), `document.body.innerText`)
		if !strings.Contains(text, `<script>document.title='pwned';alert(1)</script>`) {
			t.Errorf("%s does not show an attack as the text that it is", name)
		}
		got := visit(ctx, t, filepath.Join(dir, name), `[document.title.indexOf('pwned')==0, document.scripts.length, document.images.length,
			document.querySelectorAll('iframe,svg,base,object,link').length, getComputedStyle(document.body).maxWidth, getComputedStyle(document.body).display].join()`)
		if got != "false,0,0,0,1248px,block" {
			t.Errorf("%s: %s", name, got)
		}
		if seen := watch.take(); len(seen) > 0 {
			t.Errorf("%s did %v", name, seen)
		}
	}
	if href := visit(ctx, t, filepath.Join(dir, "systems/crm.html"), `[...document.links].map(a => a.getAttribute('href')).join(' ')`); strings.Contains(href, "javascript:") ||
		!strings.Contains(href, ".bin") {
		t.Errorf("links %s", href)
	}
	// The watcher would have seen it: a page that is not ours, and does it.
	bad := filepath.Join(dir, "bad.html")
	if err := os.WriteFile(bad, []byte(`<img src="http://127.0.0.1:9/x"><script>document.title='pwned'</script>`), 0o600); err != nil {
		t.Fatal(err)
	}
	if title := visit(ctx, t, bad, `document.title`); title != "pwned" || len(watch.take()) == 0 {
		t.Error("the watcher sees nothing")
	}
}

// TestReportInABrowser looks at an everyday report, and keeps a picture of it.
func TestReportInABrowser(t *testing.T) {
	p := openPlace(t, Options{Vendor: "Example Corp"})
	dir := extract(t, p.unpack(p.access(small(p), 1<<24, 1)[0]))
	ctx, _ := browser(t)
	index := filepath.Join(dir, "index.html")
	text := visit(ctx, t, index, `document.body.innerText`)
	for _, want := range []string{subject, "acme", "This report is not complete", "Customer management", "Searched, nothing found", "Old archive", "Social security number", "one recording was cut short"} {
		if !strings.Contains(text, want) {
			t.Errorf("the index does not show %q", want)
		}
	}
	picture, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.HasPrefix(picture, []byte("\x89PNG")) || len(picture) < 10_000 {
		t.Errorf("a picture of %d bytes", len(picture))
	}
	broken := visit(ctx, t, index, `[...document.links].map(a => a.href).join(' ')`)
	for link := range strings.FieldsSeq(broken) {
		u, err := url.Parse(link)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(u.Path); err != nil {
			t.Errorf("link %s leads nowhere", u.Path)
		}
	}
	table := visit(ctx, t, filepath.Join(dir, "systems", "crm.html"), `document.body.innerText`)
	for _, want := range []string{"E-mail address", "-3.50", "=cmd()", "typed in by the customer", "Mailer Inc.", "E-mail address (A)", "A: Identifiers", "Id", "Call-1.wav"} {
		if !strings.Contains(table, want) {
			t.Errorf("the system's page does not show %q", want)
		}
	}
}
