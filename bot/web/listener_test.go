package web

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"testing"
)

// TestConnectionsAreBounded opens more than there are places, none of which
// sends a whole request: those beyond are answered 503 at once, and a place
// that was given back is taken again.
func TestConnectionsAreBounded(t *testing.T) {
	t.Parallel()
	s := newServer(t, io.Discard, Options{Listen: "127.0.0.1:0"})
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.http.Close() })
	dial := func() net.Conn {
		t.Helper()
		c, err := net.Dial("tcp", s.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		return c
	}
	var held []net.Conn
	for range maxConnections {
		c := dial()
		if _, err := io.WriteString(c, "GET /healthz HTTP/1.1\r\n"); err != nil {
			t.Fatal(err)
		}
		held = append(held, c)
	}
	for range 20 {
		answer, err := http.ReadResponse(bufio.NewReader(dial()), nil)
		if err != nil {
			t.Fatal(err)
		}
		if _ = answer.Body.Close(); answer.StatusCode != http.StatusServiceUnavailable || answer.Header.Get("Retry-After") == "" {
			t.Fatalf("one beyond the bound is answered %s", answer.Status)
		}
	}
	_, err := io.WriteString(held[0], "Host: x\r\nConnection: close\r\n\r\n")
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.ReadResponse(bufio.NewReader(held[0]), nil)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("one within the bound: %v, %v", answer, err)
	}
	if _, err := io.ReadAll(answer.Body); err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	for status := 0; status != http.StatusOK; { // its place is free once the server has closed it, too
		if t.Context().Err() != nil {
			t.Fatal("no place became free")
		}
		c := dial()
		if _, err := io.WriteString(c, "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"); err != nil {
			continue
		}
		answer, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			continue
		}
		status = answer.StatusCode
		_ = answer.Body.Close()
	}
}
