package main

import (
	"archive/zip"
	"bytes"
	"context"
	"image"
	"image/color"
	"image/png"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// images is where the pictures of README.md lie. UPDATE_IMAGES=1 in the
// environment takes them anew.
const images = "../../docs/images"

// mostImage bounds a picture, so that a clone stays small.
const mostImage = 200_000

// TestPages opens, after a demo, what admins, agents and operators look at.
func TestPages(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	address, said := serveDemo(t, dir)
	sameShape(t, said)
	reports := filepath.Join(dir, "reports")
	report := unzipped(t, filepath.Join(reports, "1-privacy-report-t1.zip"))
	b := openBrowser(t)
	b.signIn(t, "http://"+address+"/agent/tickets", "Agnes Agent")
	for _, p := range []struct {
		name, url string
		has       []string
		hasNot    []string
	}{
		{
			"ticket-access", "http://" + address + "/agent/tickets/1",
			[]string{
				"#1 Access request", "Alex Admin", "Resolved", "ada.lovell@customers.example", "We received your request for a report",
				"CRM", "Product analytics", "Voice recordings", "Data-science warehouse", "privacy-report-t1.zip",
			},
			[]string{"{{", "<no value>", "TAX-"},
		},
		{
			"ticket-delete", "http://" + address + "/agent/tickets/2",
			[]string{
				"#2 Delete request", "Resolved", "We received your request to delete", "Deletion is permanent", "CRM: deleted",
				"Data-science warehouse: de", "certificate.json", "certificate.html",
			},
			[]string{"{{", "<no value>", "TAX-"},
		},
		{
			"report", fileURL(filepath.Join(report, "index.html")),
			[]string{"ada.lovell@customers.example", "acme", "CRM", "Product analytics", "Voice recordings", "Data-science warehouse"},
			[]string{"{{", "<no value>", "TAX-", "globex", "Globex"},
		},
		{
			"report-system", fileURL(filepath.Join(report, "systems", "crm.html")),
			[]string{"Ada Lovell", "ada.lovell@customers.example", "Annual licence", "Harbour Street", "Customer number", "Tax number"},
			[]string{"{{", "<no value>", "TAX-", "Jane Roe", "Ben Okafor", "globex"},
		},
		{
			"certificate", fileURL(filepath.Join(reports, "2-certificate.html")),
			[]string{"acme", "CRM", "Invoices", "invoices are kept for ten years by tax law", "t2"},
			[]string{"{{", "<no value>", "jane.roe", "Jane Roe", "globex"},
		},
	} {
		t.Run(p.name, func(t *testing.T) {
			text := b.visit(t, p.url)
			for _, want := range p.has {
				if !strings.Contains(text, want) {
					t.Errorf("the page does not show %q", want)
				}
			}
			for _, not := range p.hasNot {
				if strings.Contains(text, not) {
					t.Errorf("the page shows %q", not)
				}
			}
			if wide := b.eval(t, `String(document.documentElement.scrollWidth > document.documentElement.clientWidth)`); wide != "false" {
				t.Error("the page is wider than its window")
			}
			picture := b.picture(t)
			if seen := b.take("http://"+address+"/", "file://"+dir+"/", "file://"+report+"/", "data:image/"); len(seen) > 0 { // the browser's own icon of a date
				t.Errorf("the page did what it must not: %v", seen)
			}
			keepImage(t, p.name, picture)
		})
	}
	t.Run("a bad page is noticed", func(t *testing.T) {
		for what, body := range map[string]string{
			"a request outside": `<img src="http://127.0.0.1:9/x">`,
			"a console error":   `<script>console.error("x")</script>`,
			"an exception":      `<script>nothing.there()</script>`,
			"a CSP violation":   `<meta http-equiv="Content-Security-Policy" content="style-src 'none'"><p style="color:red">x</p>`,
		} {
			bad := filepath.Join(report, "bad.html")
			if err := os.WriteFile(bad, []byte("<!doctype html>"+body), 0o600); err != nil {
				t.Fatal(err)
			}
			b.visit(t, fileURL(bad))
			if len(b.take("file://"+report+"/")) == 0 {
				t.Errorf("%s goes unseen", what)
			}
		}
	})
}

// serveDemo runs `demo --serve` until the test ends, and returns where its
// simulated Zendesk is, and what it said until it served.
func serveDemo(t *testing.T, dir string) (address, said string) {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	serving, ended := make(chan string, 1), make(chan int, 1)
	out := &trigger{words: "serving until you press Ctrl-C", do: func(soFar string) { serving <- soFar }}
	go func() {
		code, stderr := command(ctx, out, "demo", "--serve", "--dir", dir)
		if stderr != "" {
			t.Errorf("standard error: %s", stderr)
		}
		ended <- code
	}()
	t.Cleanup(func() {
		stop()
		if code, open := <-ended; open && code != 0 {
			t.Errorf("demo --serve: exit %d after Ctrl-C, want 0", code)
		}
	})
	select {
	case said = <-serving:
	case code := <-ended:
		close(ended)
		t.Fatalf("the demo ended with %d before it served", code)
	}
	found := regexp.MustCompile(`http://(\S+)/agent/tickets`).FindStringSubmatch(said)
	if found == nil {
		t.Fatal("the demo does not say where the tickets are")
	}
	return found[1], said
}

// unzipped unpacks a report as its receiver would.
func unzipped(t *testing.T, file string) string {
	t.Helper()
	r, err := zip.OpenReader(file)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	dir := t.TempDir()
	for _, f := range r.File {
		if !filepath.IsLocal(f.Name) {
			t.Fatalf("%q leaves the folder", f.Name)
		}
		in, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(in)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, filepath.FromSlash(f.Name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func fileURL(path string) string { return (&url.URL{Scheme: "file", Path: path}).String() }

// tab is a page of headless Chromium, and what pages did in it.
type tab struct {
	ctx      context.Context
	mu       sync.Mutex
	requests []string
	troubles []string
}

func openBrowser(t *testing.T) *tab {
	t.Helper()
	program := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			program = path
			break
		}
	}
	if program == "" {
		t.Fatal("there is no Chromium in PATH, in which the pages are looked at; make servers installs it")
	}
	options := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]),
		chromedp.NoSandbox, chromedp.ExecPath(program), chromedp.WindowSize(1100, 900))
	alloc, stop := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(stop)
	ctx, end := chromedp.NewContext(alloc)
	t.Cleanup(end)
	b := &tab{ctx: ctx}
	if err := chromedp.Listen(ctx, b.note); err != nil {
		t.Fatal(err)
	}
	_, err := chromedp.Call(ctx, network.Enable, network.EnableParams{})
	if err == nil {
		_, err = chromedp.Call(ctx, log.Enable, struct{}{})
	}
	if err == nil {
		_, err = chromedp.Call(ctx, runtime.Enable, struct{}{})
	}
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// note takes the events in. It runs in the browser's own loop.
func (b *tab) note(ev any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := ev.(type) {
	case *network.EventRequestWillBeSent:
		b.requests = append(b.requests, e.Request.URL)
	case *log.EventEntryAdded:
		if strings.HasSuffix(e.Entry.URL, "/favicon.ico") {
			return // the browser's own wish, not the page's
		}
		b.troubles = append(b.troubles, string(e.Entry.Level)+": "+e.Entry.Text)
	case *runtime.EventConsoleAPICalled:
		b.troubles = append(b.troubles, "console "+string(e.Type))
	case *runtime.EventExceptionThrown:
		b.troubles = append(b.troubles, "exception "+e.ExceptionDetails.Text)
	case *page.EventJavascriptDialogOpening:
		b.troubles = append(b.troubles, "dialog "+e.Message)
	}
}

// take returns what pages did beside asking for what lies below the prefixes.
func (b *tab) take(allowed ...string) []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := b.troubles
	for _, r := range b.requests {
		if !slices.ContainsFunc(allowed, func(prefix string) bool { return strings.HasPrefix(r, prefix) }) {
			out = append(out, "request "+r)
		}
	}
	b.requests, b.troubles = nil, nil
	return out
}

// visit opens a page and returns its visible text.
func (b *tab) visit(t *testing.T, address string) string {
	t.Helper()
	if err := chromedp.Do(b.ctx, chromedp.Navigate(address)); err != nil {
		t.Fatal(err)
	}
	// Two frames later all that the first drawing does has happened.
	b.await(t, `new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(""))))`)
	return b.eval(t, `document.body.innerText`)
}

func (b *tab) eval(t *testing.T, script string) string {
	t.Helper()
	got, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](script))
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func (b *tab) await(t *testing.T, promise string) {
	t.Helper()
	wait := true
	if _, err := chromedp.Call(b.ctx, runtime.Evaluate, runtime.EvaluateParams{Expression: promise, AwaitPromise: &wait}); err != nil {
		t.Fatal(err)
	}
}

// picture is the whole page as PNG, in as many colours as fit into a palette:
// pages of text and tables have few, and the file is a third of its size.
func (b *tab) picture(t *testing.T) []byte {
	t.Helper()
	shot, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
	if err != nil {
		t.Fatal(err)
	}
	full, err := png.Decode(bytes.NewReader(shot))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&out, fewColours(full)); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// fewColours drops as many low bits of each colour as it takes until there
// are 256 colours at most.
func fewColours(full image.Image) image.Image {
	for drop := range 8 {
		coarse := func(x, y int) color.RGBA {
			c, keep := color.RGBAModel.Convert(full.At(x, y)).(color.RGBA), byte(0xff)<<drop
			// White stays white, black stays black.
			spread := func(v byte) byte { return byte(int(v&keep) * 255 / int(keep)) }
			return color.RGBA{spread(c.R), spread(c.G), spread(c.B), 255}
		}
		index, palette := map[color.RGBA]uint8{}, color.Palette{}
		small := image.NewPaletted(full.Bounds(), nil)
		for y := full.Bounds().Min.Y; y < full.Bounds().Max.Y && len(palette) <= 256; y++ {
			for x := full.Bounds().Min.X; x < full.Bounds().Max.X && len(palette) <= 256; x++ {
				c := coarse(x, y)
				i, known := index[c]
				if !known {
					i, index[c], palette = uint8(len(palette)), uint8(len(palette)), append(palette, c)
				}
				small.SetColorIndex(x, y, i)
			}
		}
		if len(palette) <= 256 {
			small.Palette = palette
			return small
		}
	}
	return full
}

// keepImage stores the picture when asked to; otherwise the one that README.md
// shows has to be there.
func keepImage(t *testing.T, name string, picture []byte) {
	t.Helper()
	path := filepath.Join(images, name+".png")
	if os.Getenv("UPDATE_IMAGES") == "1" {
		if err := os.WriteFile(path, picture, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	kept, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v; UPDATE_IMAGES=1 go test -run TestPages ./cmd/privacydesk takes it", err)
	}
	for what, content := range map[string][]byte{"the page's picture": picture, path: kept} {
		if _, err := png.DecodeConfig(bytes.NewReader(content)); err != nil || len(content) < 5_000 || len(content) > mostImage {
			t.Errorf("%s is no PNG of 5 to %d kB: %d bytes, %v", what, mostImage/1000, len(content), err)
		}
	}
}
