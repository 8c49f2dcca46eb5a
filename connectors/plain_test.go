package connectors_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"privacydesk/connectors"
)

// TestPlainPutsFailuresIntoWords: what a ticket and a log say of a failure
// names its cause, and never a type that says nothing or the text of a
// stranger's error.
func TestPlainPutsFailuresIntoWords(t *testing.T) {
	const secret = "ann@example.com"
	dial := func(errno syscall.Errno) error {
		return &net.OpError{Op: "dial", Net: "tcp", Err: fmt.Errorf("connect: %w", errno)}
	}
	for want, err := range map[string]error{
		"nothing listens there":             dial(syscall.ECONNREFUSED),
		"there is no way to the host":       dial(syscall.EHOSTUNREACH),
		"no host has that name":             &net.OpError{Op: "dial", Err: &net.DNSError{Name: secret, IsNotFound: true}},
		"could not be looked up":            &net.DNSError{Name: secret, Err: secret},
		"no space left on the disk: free":   fmt.Errorf("write %s: %w", secret, &fs.PathError{Op: "write", Path: "/" + secret, Err: syscall.ENOSPC}),
		"permission denied":                 &fs.PathError{Op: "open", Path: "/" + secret, Err: syscall.EACCES},
		"no such file":                      fmt.Errorf("%s: %w", secret, fs.ErrNotExist),
		"mounted read-only":                 syscall.EROFS,
		"too many files are open":           syscall.EMFILE,
		"numerical argument out of domain":  syscall.EDOM,
		"ended before it was done":          fmt.Errorf("%s: %w", secret, context.Canceled),
		"no answer came in time":            context.DeadlineExceeded,
		"connection was closed":             net.ErrClosed,
		"signed by nobody whom":             &tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}},
		"for another host name":             x509.HostnameError{Host: secret, Certificate: &x509.Certificate{}},
		"has expired":                       x509.CertificateInvalidError{Reason: x509.Expired, Detail: secret},
		"does not speak TLS there":          tls.RecordHeaderError{Msg: secret},
		"broke the TLS handshake off":       tls.AlertError(42),
		"deletes are paused":                fmt.Errorf("%s: %w", secret, connectors.ErrPaused),
		"spool: write t1: no space left":    connectors.Sayf(&fs.PathError{Path: secret, Err: syscall.ENOSPC}, "spool: write %s", "t1"),
		"locate: it broke (no space left":   connectors.NewError(connectors.Broken, "locate", "it broke", syscall.ENOSPC),
		"it may name a person":              errors.New(secret),
		"person (*strconv.NumError)":        fmt.Errorf("x: %w", &strconv.NumError{Num: secret, Err: errors.New(secret)}),
		"read: a failure whose text is not": connectors.Sayf(errors.New(secret), "read"),
		"locate: it broke; mend it":         connectors.NewError(connectors.Broken, "locate", "it broke", errors.New(secret)).WithMend("mend it"),
	} {
		got := connectors.Plain(err)
		if !strings.Contains(got, want) || strings.Contains(got, secret) || strings.Contains(got, "errorString") || strings.Contains(got, "Errno") {
			t.Errorf("%T: %q, want %q", err, got, want)
		}
	}
}

// TestPlainKnowsEachWayToFail: several failures have the same words.
func TestPlainKnowsEachWayToFail(t *testing.T) {
	for _, c := range []struct {
		want string
		errs []error
	}{
		{"no answer came in time", []error{syscall.ETIMEDOUT, os.ErrDeadlineExceeded, &net.OpError{Op: "read", Err: timeOut{}}}},
		{"permission denied: it must belong to the user", []error{syscall.EPERM, syscall.EACCES, fmt.Errorf("x: %w", fs.ErrPermission)}},
		{"certificate is not valid", []error{x509.CertificateInvalidError{Reason: x509.NotAuthorizedToSign}, &tls.CertificateVerificationError{Err: errors.New("x")}}},
		{"broke the connection off", []error{syscall.ECONNRESET, syscall.EPIPE}},
		{"there is no way to the host", []error{syscall.ENETUNREACH}},
		{"no space left on the disk", []error{syscall.EDQUOT}},
		{"too many files are open", []error{syscall.ENFILE}},
		{"there is no such file or folder", []error{syscall.ENOENT}},
		{"the disk failed", []error{syscall.EIO}},
		{"the network failed", []error{&net.OpError{Op: "read", Err: errors.New("x")}}},
		{"it exists already", []error{fs.ErrExist}},
		{"it ended too early", []error{io.EOF, io.ErrUnexpectedEOF}},
		{"it could not be written whole", []error{io.ErrShortWrite}},
	} {
		for _, err := range c.errs {
			if got := connectors.Plain(err); !strings.Contains(got, c.want) {
				t.Errorf("%T: %q, want %q", err, got, c.want)
			}
		}
	}
}

type timeOut struct{}

func (timeOut) Error() string   { return "i/o timeout" }
func (timeOut) Timeout() bool   { return true }
func (timeOut) Temporary() bool { return true }

// TestSayfKeepsItsCause for errors.Is.
func TestSayfKeepsItsCause(t *testing.T) {
	err := connectors.Sayf(connectors.Sayf(syscall.ENOSPC, "inner"), "outer")
	if !errors.Is(err, syscall.ENOSPC) || !strings.HasPrefix(err.Error(), "outer: inner: no space") {
		t.Errorf("%v", err)
	}
}
