package web

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
)

var (
	errMissing = errors.New("missing")
	errTaken   = errors.New("busy")
)

// confirming serves one valid link, "t1.good", and counts who followed it.
func confirming(t *testing.T, out *bytes.Buffer) (*Server, *int) {
	followed := 0
	s := newServer(t, out, Options{Mounts: map[string]http.Handler{ConfirmPattern: NewConfirm(ConfirmOptions{
		Page: func(_ context.Context, token string) (string, error) {
			if token != "t1.good" {
				return "", errMissing
			}
			return `<form method="post"><button type="submit">Yes</button></form>`, nil
		},
		Follow: func(_ context.Context, token string) (string, error) {
			switch token {
			case "t1.good":
				followed++
				return "<p>Thank you</p>", nil
			case "t1.busy":
				return "", errTaken
			case "t1.broken":
				return "", errors.New("the address " + address + " made it fail")
			}
			return "", errMissing
		},
		NoLink:  func() (string, error) { return "<p>No such link</p>", nil },
		Missing: func(err error) bool { return errors.Is(err, errMissing) },
		Busy:    func(err error) bool { return errors.Is(err, errTaken) },
		Log:     logTo(out),
	})}})
	return s, &followed
}

// TestConfirm: to open a link, in whatever way, confirms nothing; the button
// does.
func TestConfirm(t *testing.T) {
	var out bytes.Buffer
	s, followed := confirming(t, &out)
	for _, method := range []string{"GET", "HEAD", "PUT", "DELETE", "OPTIONS"} {
		get(s, method, "/confirm/t1.good")
	}
	if *followed != 0 {
		t.Fatal("a link was followed by opening it")
	}
	page := get(s, "GET", "/confirm/t1.good")
	if page.Code != 200 || !strings.Contains(page.Body.String(), "<button") {
		t.Errorf("%d: %s", page.Code, page.Body)
	}
	for name, want := range map[string]string{
		"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
		"Referrer-Policy":         "no-referrer", "Cache-Control": "no-store", "X-Frame-Options": "DENY",
	} {
		if got := page.Header().Get(name); got != want {
			t.Errorf("%s: %q", name, got)
		}
	}
	if done := get(s, "POST", "/confirm/t1.good"); done.Code != 200 || *followed != 1 || !strings.Contains(done.Body.String(), "Thank you") {
		t.Errorf("%d, followed %d times: %s", done.Code, *followed, done.Body)
	}
}

// TestRule10_ConfirmTellsNothing: what is not valid looks alike, and neither
// tokens nor failures get into log or answer.
func TestRule10_ConfirmTellsNothing(t *testing.T) {
	var out bytes.Buffer
	s, _ := confirming(t, &out)
	for path, code := range map[string]int{
		"/confirm/t1.bad": 404, "/confirm/" + strings.Repeat("x", 500): 404, "/confirm/": 404, "/confirm/t1.busy": 503, "/confirm/t1.broken": 503,
	} {
		w := get(s, "POST", path)
		if w.Code != code || strings.Contains(w.Body.String(), address) {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
	get(s, "GET", "/confirm/t1.good")
	if log := out.String(); strings.Contains(log, "t1.") || strings.Contains(log, address) || !strings.Contains(log, "/confirm/{token}") {
		t.Errorf("the log says\n%s", log)
	}
}
