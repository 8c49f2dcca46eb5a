package web

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/sirupsen/logrus"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const address = "jo.doe@example.com"

// clock is moved by hand.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// logTo makes a logger that hides nothing: what must not get out must not
// even reach it.
func logTo(out io.Writer) *logrus.Logger {
	log := logrus.New()
	log.SetOutput(out)
	log.SetLevel(logrus.DebugLevel)
	return log
}

func newServer(t *testing.T, out io.Writer, o Options) *Server {
	t.Helper()
	o.Log = logTo(out)
	if o.Clock == nil {
		o.Clock = newClock().Now
	}
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func get(h http.Handler, method, target string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(method, target, strings.NewReader("body of "+address)))
	return w
}

func TestRoutes(t *testing.T) {
	s := newServer(t, io.Discard, Options{
		Metrics: prometheus.NewRegistry(),
		Mounts:  map[string]http.Handler{"POST /webhooks/zendesk": http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusAccepted) })},
	})
	for _, tc := range []struct {
		method, path string
		want         int
	}{
		{"GET", "/healthz", 200},
		{"HEAD", "/healthz", 200},
		{"POST", "/healthz", 405},
		{"GET", "/readyz", 200},
		{"GET", "/metrics", 200},
		{"POST", "/webhooks/zendesk", 202},
		{"GET", "/webhooks/zendesk", 405},
		{"GET", "/", 404},
	} {
		w := get(s, tc.method, tc.path)
		if w.Code != tc.want {
			t.Errorf("%s %s: %d, want %d", tc.method, tc.path, w.Code, tc.want)
		}
		for header, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Frame-Options": "DENY",
			"Server": "", "X-Powered-By": "", "Strict-Transport-Security": "",
		} {
			if got := w.Header().Get(header); got != want {
				t.Errorf("%s %s: header %s is %q, want %q", tc.method, tc.path, header, got, want)
			}
		}
		if !strings.Contains(w.Header().Get("Content-Security-Policy"), "default-src 'none'") {
			t.Errorf("%s %s: no content security policy", tc.method, tc.path)
		}
	}
	if w := get(newServer(t, io.Discard, Options{}), "GET", "/metrics"); w.Code != 404 {
		t.Errorf("metrics that are switched off answer %d", w.Code)
	}
}

func TestWrongAndTakenPatternsAreErrors(t *testing.T) {
	for _, pattern := range []string{"GET /healthz", "nonsense", "POST /{", ""} {
		_, err := New(Options{Log: logTo(io.Discard), Clock: newClock().Now, Mounts: map[string]http.Handler{pattern: http.NotFoundHandler()}})
		if err == nil {
			t.Errorf("the pattern %q was taken", pattern)
		}
	}
	if _, err := New(Options{}); err == nil {
		t.Error("a server without log and clock was made")
	}
}

func TestReadyzNamesWhatFailsInWords(t *testing.T) {
	now := newClock()
	asked, why := 0, "it is full"
	s := newServer(t, io.Discard, Options{Clock: now.Now, Ready: func(ctx context.Context) []Dependency {
		if _, bounded := ctx.Deadline(); !bounded {
			t.Error("the examination is not bounded")
		}
		asked++
		return []Dependency{{Name: "redis", Why: why}, {Name: "zendesk", Note: "it is slow"}}
	}})
	w := get(s, "GET", "/readyz")
	if want := `{"ready":false,"checks":[{"name":"redis","ok":false,"why":"it is full"},{"name":"zendesk","ok":true,"note":"it is slow"}]}`; w.Code != 503 || strings.TrimSpace(w.Body.String()) != want {
		t.Errorf("%d %s, want 503 %s", w.Code, w.Body, want)
	}
	get(s, "GET", "/readyz")
	if asked != 1 {
		t.Errorf("asked %d times within two seconds, want once", asked)
	}
	why = ""
	now.Add(readyFor)
	if w := get(s, "GET", "/readyz"); w.Code != 200 || !strings.HasPrefix(w.Body.String(), `{"ready":true`) || asked != 2 {
		t.Errorf("recovered: %d %s, asked %d times", w.Code, w.Body, asked)
	}
}

// What a request carries, and what a handler panics with, is in no answer and
// no line of the log.
func TestRule10_AccessLogAndPanicsShowNoPersonalData(t *testing.T) {
	var out bytes.Buffer
	s := newServer(t, &out, Options{Mounts: map[string]http.Handler{
		"GET /reports/{id}": http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello") }),
		"GET /panics":       http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(errors.New("row of " + address)) }),
		"GET /text":         http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("row of " + address) }),
	}})
	var answers strings.Builder
	for _, target := range []string{"/reports/" + address + "?q=" + address, "/panics?q=" + address, "/text", "/" + address} {
		w := get(s, "GET", target)
		answers.WriteString(w.Body.String())
		if strings.HasPrefix(target, "/panics") && (w.Code != 500 || w.Body.String() != "internal error\n") {
			t.Errorf("a panic answers %d %q", w.Code, w.Body)
		}
	}
	get(s, strings.ToUpper("jodoe"), "/healthz")
	for where, text := range map[string]string{"log": out.String(), "answer": answers.String()} {
		if strings.Contains(strings.ToLower(text), "doe") || strings.Contains(text, "192.0.2.1") {
			t.Errorf("the %s shows personal data: %s", where, text)
		}
	}
	for _, want := range []string{"/reports/{id}", "status=200", "bytes=5", "unmatched", "status=404", "a handler panicked", "errors.errorString", "method=other", "TestRule10_"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the log lacks %q: %s", want, out.String())
		}
	}
}

func start(t *testing.T, s *Server) string {
	t.Helper()
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s.Addr().String()
}

func request(t *testing.T, url string) (*http.Response, error) {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	return client.Do(req)
}

func TestShutdownLetsOpenRequestsFinish(t *testing.T) {
	entered, release := make(chan struct{}), make(chan struct{})
	s := newServer(t, io.Discard, Options{Listen: "127.0.0.1:0", Mounts: map[string]http.Handler{
		"GET /slow": http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			close(entered)
			<-release
			_, _ = io.WriteString(w, "whole")
		}),
	}})
	url := "http://" + start(t, s)
	body := make(chan string, 1)
	go func() {
		res, err := request(t, url+"/slow")
		if err != nil {
			body <- err.Error()
			return
		}
		defer res.Body.Close()
		b, err := io.ReadAll(res.Body)
		body <- string(b) + errText(err)
	}()
	<-entered
	ended := make(chan error, 1)
	go func() { ended <- s.Shutdown(context.Background()) }()
	if err := <-s.Done(); err != nil { // it listens no more, the request still runs
		t.Fatal(err)
	}
	if res, err := request(t, url+"/healthz"); err == nil {
		res.Body.Close()
		t.Error("a new connection was taken after Shutdown")
	}
	close(release)
	if got := <-body; got != "whole" {
		t.Errorf("the open request got %q", got)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestShutdownCutsWhatDoesNotFinish(t *testing.T) {
	entered := make(chan struct{})
	s := newServer(t, io.Discard, Options{Listen: "127.0.0.1:0", Mounts: map[string]http.Handler{
		"GET /stuck": http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			close(entered)
			<-r.Context().Done()
		}),
	}})
	url := "http://" + start(t, s)
	failed := make(chan error, 1)
	go func() {
		res, err := request(t, url+"/stuck")
		if err == nil {
			res.Body.Close()
		}
		failed <- err
	}()
	<-entered
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := s.Shutdown(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want that it was cut", err)
	}
	if err := <-failed; err == nil {
		t.Error("the stuck request was answered")
	}
}

// A panic in mid-answer cuts the connection: half an answer must not look
// whole.
func TestAPanicInMidAnswerCutsTheConnection(t *testing.T) {
	s := newServer(t, io.Discard, Options{Listen: "127.0.0.1:0", Mounts: map[string]http.Handler{
		"GET /half": http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, "half")
			_ = http.NewResponseController(w).Flush()
			panic("too late")
		}),
	}})
	res, err := request(t, "http://"+start(t, s)+"/half")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if body, err := io.ReadAll(res.Body); err == nil {
		t.Errorf("half an answer looks whole: %q", body)
	}
	if err := s.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestHeadersAndBodiesAreBounded(t *testing.T) {
	var read error
	s := newServer(t, io.Discard, Options{Listen: "127.0.0.1:0", Mounts: map[string]http.Handler{
		"POST /in": http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { _, read = io.Copy(io.Discard, r.Body) }),
	}})
	addr := start(t, s)
	var d net.Dialer
	conn, err := d.DialContext(t.Context(), "tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	go func() {
		_, _ = io.WriteString(conn, "GET /healthz HTTP/1.1\r\nHost: x\r\nX: "+strings.Repeat("a", 2*maxHeaderBytes)+"\r\n\r\n")
	}()
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("huge headers: %d", res.StatusCode)
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/in", io.LimitReader(zeros{}, maxBodyBytes+1)))
	if tooBig := new(http.MaxBytesError); !errors.As(read, &tooBig) {
		t.Errorf("a huge body was read: %v", read)
	}
	if s.http.ReadHeaderTimeout != 5*time.Second || s.http.ReadTimeout != 15*time.Second || s.http.WriteTimeout != 30*time.Second || s.http.IdleTimeout != 60*time.Second {
		t.Error("a time-out is not set")
	}
	if err := s.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func TestAPortThatIsTakenIsAnErrorThatSaysSo(t *testing.T) {
	first := newServer(t, io.Discard, Options{Listen: "127.0.0.1:0"})
	second := newServer(t, io.Discard, Options{Listen: start(t, first)})
	if err := second.Start(t.Context()); err == nil || !strings.Contains(err.Error(), "web.listen") {
		t.Errorf("got %v", err)
	}
	if err := first.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
}

func errText(err error) string {
	if err == nil {
		return ""
	}
	return " " + err.Error()
}
