package connectors

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
	"slices"
	"strings"
	"syscall"
)

// Said is an error whose text is free of personal data by its making: logs
// and tickets may show it. Sentinels of ours are of this type.
type Said string

func (s Said) Error() string { return string(s) }

// Clean is the text.
func (s Said) Clean() string { return string(s) }

// Sayf makes an error whose text is free of personal data: that of format and
// args, which the caller vouches for, and what Plain says of the cause.
func Sayf(cause error, format string, args ...any) error {
	return &sayError{fmt.Sprintf(format, args...), cause}
}

type sayError struct {
	text  string
	cause error
}

func (e *sayError) Error() string {
	if e.cause == nil {
		return e.text
	}
	return e.text + ": " + Plain(e.cause)
}

func (e *sayError) Clean() string { return e.Error() }

func (e *sayError) Unwrap() error { return e.cause }

// Plain is what may be said of an error where people read it. What is ours
// says its own text; failures of the system, the network and TLS are put into
// words; of anything else, whose text may name a person, only the types are
// told.
func Plain(err error) string {
	if words, ok := plain(err); ok {
		return words
	}
	var types []string
	collectTypes(err, &types)
	if len(types) == 0 {
		return "a failure whose text is not shown, because it may name a person"
	}
	return "a failure whose text is not shown, because it may name a person (" + strings.Join(types, ", ") + ")"
}

func plain(err error) (string, bool) {
	var ours *Error
	if errors.As(err, &ours) {
		return ours.Error(), true
	}
	var clean interface {
		error
		Clean() string
	}
	if errors.As(err, &clean) {
		return clean.Clean(), true
	}
	for _, words := range []func(error) string{certificateWords, errnoWords, networkWords, otherWords} {
		if text := words(err); text != "" {
			return text, true
		}
	}
	return "", false
}

// collectTypes lists the types of a chain that say more than that they are
// errors.
func collectTypes(err error, out *[]string) {
	if err == nil {
		return
	}
	name := fmt.Sprintf("%T", err)
	if !strings.HasPrefix(name, "*errors.") && !strings.HasPrefix(name, "*fmt.") && !slices.Contains(*out, name) {
		*out = append(*out, name)
	}
	switch e := err.(type) { //nolint:errorlint // it walks the chain itself
	case interface{ Unwrap() error }:
		collectTypes(e.Unwrap(), out)
	case interface{ Unwrap() []error }:
		for _, inner := range e.Unwrap() {
			collectTypes(inner, out)
		}
	}
}

const denied = "permission denied: it must belong to the user that runs privacydesk"

func certificateWords(err error) string {
	var unknown x509.UnknownAuthorityError
	var host x509.HostnameError
	var invalid x509.CertificateInvalidError
	var verify *tls.CertificateVerificationError
	var header tls.RecordHeaderError
	var alert tls.AlertError
	switch {
	case errors.As(err, &unknown):
		return "the server's certificate is signed by nobody whom this machine trusts"
	case errors.As(err, &host):
		return "the server's certificate is for another host name"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "the server's certificate has expired or is not valid yet, or a clock is off"
	case errors.As(err, &invalid), errors.As(err, &verify):
		return "the server's certificate is not valid"
	case errors.As(err, &header):
		return "the server does not speak TLS there"
	case errors.As(err, &alert):
		return "the server broke the TLS handshake off: " + alert.Error()
	default:
		return ""
	}
}

// errnoWords: the system's own words name no person; some are said more
// plainly, and with what helps.
func errnoWords(err error) string {
	var errno syscall.Errno
	if !errors.As(err, &errno) {
		return ""
	}
	switch errno {
	case syscall.ECONNREFUSED:
		return "connection refused: nothing listens there"
	case syscall.ECONNRESET, syscall.EPIPE:
		return "the other side broke the connection off"
	case syscall.EHOSTUNREACH, syscall.ENETUNREACH:
		return "there is no way to the host"
	case syscall.ETIMEDOUT:
		return "no answer came in time"
	case syscall.ENOENT:
		return "there is no such file or folder"
	case syscall.EACCES, syscall.EPERM:
		return denied
	case syscall.ENOSPC, syscall.EDQUOT:
		return "no space left on the disk: free some space, or use a larger one"
	case syscall.EROFS:
		return "the disk is mounted read-only"
	case syscall.EMFILE, syscall.ENFILE:
		return "too many files are open; raise the limit (ulimit -n)"
	case syscall.EIO:
		return "the disk failed (input/output error)"
	default:
		return errno.Error()
	}
}

func networkWords(err error) string {
	var name *net.DNSError
	var network net.Error
	switch {
	case errors.As(err, &name) && name.IsNotFound:
		return "no host has that name"
	case errors.As(err, &name):
		return "the host's name could not be looked up"
	case errors.Is(err, net.ErrClosed):
		return "the connection was closed"
	case errors.Is(err, context.Canceled):
		return "it was ended before it was done"
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded), errors.As(err, &network) && network.Timeout():
		return "no answer came in time"
	case errors.As(err, &network):
		return "the network failed"
	default:
		return ""
	}
}

func otherWords(err error) string {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "there is no such file or folder"
	case errors.Is(err, fs.ErrPermission):
		return denied
	case errors.Is(err, fs.ErrExist):
		return "it exists already"
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return "it ended too early"
	case errors.Is(err, io.ErrShortWrite):
		return "it could not be written whole"
	default:
		return ""
	}
}
