package web

import (
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"slices"
	"strings"

	"github.com/sirupsen/logrus"
)

// guard stands before every handler: security headers, panics, access log.
func guard(mux http.Handler, o Options) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		started := o.Clock()
		rec := &recorder{ResponseWriter: w}
		secure(w.Header(), o.TLS != nil)
		aborted := protect(mux, rec, r, o.Log)
		entry := o.Log.WithFields(logrus.Fields{
			"event": "http", "method": method(r.Method), "path": template(r), "status": rec.code(),
			"bytes": rec.bytes, "took": o.Clock().Sub(started).String(),
		})
		if chatter(r) {
			entry.Debug("answered")
		} else {
			entry.Info("answered")
		}
		if aborted {
			panic(http.ErrAbortHandler) // the connection is cut: half an answer must not look whole
		}
	})
}

// secure sets what every answer bears; a handler of pages may widen it.
func secure(h http.Header, overTLS bool) {
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	if overTLS {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
}

// protect turns a panic into a 500 without detail. The panic's value may hold
// personal data: its type and place are logged, never itself. It reports
// whether the answer had begun and must be cut.
func protect(h http.Handler, w *recorder, r *http.Request, log logrus.FieldLogger) (abort bool) {
	defer func() {
		reason := recover()
		if reason == nil {
			return
		}
		if err, ok := reason.(error); !ok || !errors.Is(err, http.ErrAbortHandler) {
			log.WithFields(logrus.Fields{"event": "panic", "path": template(r), "kind": fmt.Sprintf("%T", reason), "where": panicPlace()}).
				Error("a handler panicked")
		}
		if w.status != 0 {
			abort = true
			return
		}
		http.Error(w, "internal error", http.StatusInternalServerError)
	}()
	h.ServeHTTP(w, r)
	return false
}

// panicPlace is the function and line that panicked.
func panicPlace() string {
	pcs := make([]uintptr, 32)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(3, pcs)])
	for {
		f, more := frames.Next()
		if !strings.HasPrefix(f.Function, "runtime.") {
			return fmt.Sprintf("%s:%d", f.Function, f.Line)
		}
		if !more {
			return ""
		}
	}
}

// template is the pattern that a request matched; the path itself may hold
// anything.
func template(r *http.Request) string {
	if r.Pattern == "" {
		return "unmatched"
	}
	_, path, ok := strings.Cut(r.Pattern, " ")
	if !ok {
		return r.Pattern
	}
	return path
}

func method(m string) string {
	known := []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions}
	if slices.Contains(known, m) {
		return m
	}
	return "other"
}

// chatter is what probes ask every few seconds.
func chatter(r *http.Request) bool {
	return slices.Contains([]string{"/healthz", "/readyz", "/metrics"}, template(r))
}

// recorder remembers what was answered.
type recorder struct {
	http.ResponseWriter
	status int
	bytes  int64
}

func (r *recorder) WriteHeader(code int) {
	if r.status == 0 && code >= 200 {
		r.status = code
	}
	r.ResponseWriter.WriteHeader(code)
}

func (r *recorder) Write(p []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	n, err := r.ResponseWriter.Write(p)
	r.bytes += int64(n)
	return n, err
}

// Unwrap lets http.ResponseController reach the connection.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

func (r *recorder) code() int {
	if r.status == 0 {
		return http.StatusOK
	}
	return r.status
}
