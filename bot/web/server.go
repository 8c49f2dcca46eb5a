// Package web is the daemon's HTTP server: health, readiness, metrics, and
// what the wiring mounts. Nothing it answers or logs holds personal data: no
// addresses of clients, no query strings, no bodies, no details of failures.
package web

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/sirupsen/logrus"
)

// Bounds of one connection. A webhook is answered within seconds; reports are
// not served here.
const (
	readHeaderTimeout = 5 * time.Second
	readTimeout       = 15 * time.Second
	writeTimeout      = 30 * time.Second
	idleTimeout       = 60 * time.Second
	maxHeaderBytes    = 16 << 10
	maxBodyBytes      = 4 << 20 // of any mount; each may set a lower one
)

// Options of a Server.
type Options struct {
	Listen string // "host:port"; port 0 takes a free one
	// TLS, when not nil, is what the server speaks; behind a proxy that ends
	// TLS it is nil.
	TLS   *tls.Config
	Log   logrus.FieldLogger
	Clock func() time.Time
	// Ready examines what the daemon depends on. nil: the daemon is ready once
	// it listens.
	Ready func(context.Context) []Dependency
	// Metrics is served at /metrics; nil for no such page.
	Metrics prometheus.Gatherer
	// Mounts are handlers by the pattern of http.ServeMux, such as
	// "POST /webhooks/zendesk".
	Mounts map[string]http.Handler
}

// Server is the HTTP server.
type Server struct {
	http     *http.Server
	options  Options
	listener net.Listener
	done     chan error
}

// New builds the server; it does not listen yet. A mount whose pattern is
// wrong or taken is an error.
func New(o Options) (*Server, error) {
	if o.Log == nil || o.Clock == nil {
		return nil, errors.New("web: Log and Clock must be set")
	}
	mux := http.NewServeMux()
	mounts := map[string]http.Handler{
		"GET /healthz": http.HandlerFunc(alive),
		"GET /readyz":  &readiness{check: o.Ready, clock: o.Clock},
	}
	if o.Metrics != nil {
		mounts["GET /metrics"] = promhttp.HandlerFor(o.Metrics, promhttp.HandlerOpts{
			ErrorHandling: promhttp.ContinueOnError, MaxRequestsInFlight: 4, Timeout: 20 * time.Second,
		})
	}
	for _, list := range []map[string]http.Handler{mounts, o.Mounts} {
		for pattern, h := range list {
			if err := mount(mux, pattern, h); err != nil {
				return nil, err
			}
		}
	}
	s := &Server{options: o, done: make(chan error, 1)}
	s.http = &http.Server{
		Handler:           guard(mux, o),
		TLSConfig:         o.TLS,
		ReadHeaderTimeout: readHeaderTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout, IdleTimeout: idleTimeout,
		MaxHeaderBytes: maxHeaderBytes,
		// The library's own lines name clients' addresses.
		ErrorLog: log.New(quiet{o.Log}, "", 0),
	}
	return s, nil
}

// mount registers one handler; the mux panics over a pattern that is wrong or
// taken.
func mount(mux *http.ServeMux, pattern string, h http.Handler) (err error) {
	defer func() {
		if recover() != nil {
			err = fmt.Errorf("web: the pattern %q is wrong or taken; choose another path", pattern)
		}
	}()
	mux.Handle(pattern, http.MaxBytesHandler(h, maxBodyBytes))
	return nil
}

// quiet takes the HTTP library's complaints and drops their text.
type quiet struct{ log logrus.FieldLogger }

func (q quiet) Write(p []byte) (int, error) {
	q.log.WithField("event", "connection").Debug("a connection failed")
	return len(p), nil
}

// Listen takes the port. Whoever connects waits for Start. Close gives the port
// back if it never comes to that.
func (s *Server) Listen(ctx context.Context) error {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", s.options.Listen)
	if err != nil {
		return fmt.Errorf("web.listen: %w; choose another port or stop who holds it", err)
	}
	s.listener = l
	return nil
}

// Close gives the port back; after Shutdown it does nothing.
func (s *Server) Close() error {
	if err := s.listener.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
		return fmt.Errorf("web: %w", err)
	}
	return nil
}

// Start serves in the background; it listens first if nobody did.
func (s *Server) Start(ctx context.Context) error {
	if s.listener == nil {
		if err := s.Listen(ctx); err != nil {
			return err
		}
	}
	l := net.Listener(bound(s.listener, maxConnections, s.options.TLS == nil))
	go func() {
		serve := s.http.Serve
		if s.options.TLS != nil {
			serve = func(l net.Listener) error { return s.http.ServeTLS(l, "", "") }
		}
		err := serve(l)
		if errors.Is(err, http.ErrServerClosed) {
			err = nil
		}
		s.done <- err
		close(s.done)
	}()
	return nil
}

// Addr is where the server listens, once Listen or Start returned.
func (s *Server) Addr() net.Addr { return s.listener.Addr() }

// Done yields why serving ended, nil after a Shutdown, and is closed then.
func (s *Server) Done() <-chan error { return s.done }

// Shutdown takes no new connection, lets the open ones finish until ctx ends,
// and cuts what is left.
func (s *Server) Shutdown(ctx context.Context) error {
	if err := s.http.Shutdown(ctx); err != nil {
		return errors.Join(fmt.Errorf("web: requests were cut off: %w", err), s.http.Close())
	}
	return nil
}

// ServeHTTP answers one request as the listening server does.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.http.Handler.ServeHTTP(w, r) }

func alive(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = io.WriteString(w, "ok\n")
}
