package zendesk

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"syscall"

	zd "github.com/nukosuke/go-zendesk/zendesk"
)

// hindrance is a failure that waiting does not mend: a bound of ours, an answer
// that is not understood, or a file that can't be read. A person has to know of it. Its text is free of
// personal data.
type hindrance string

const (
	errTooManyPages  hindrance = "there is more than can be read"
	errAnswerTooLong hindrance = "the answer is longer than can be held"
	errShape         hindrance = "Zendesk's answer has another shape than expected"
	errFile          hindrance = "the attachment's file can't be read, or is not as long as it was said to be"
)

func (h hindrance) Error() string { return string(h) }

// Clean is the text itself: it may be logged and shown to agents.
func (h hindrance) Clean() string { return string(h) }

func hindered(err error) bool {
	var h hindrance
	return errors.As(err, &h)
}

// failed turns what the library or the transport returned into an error that
// may be logged. Status 0 means that no answer came.
func failed(op string, err error) error {
	var answer zd.Error
	if errors.As(err, &answer) {
		body, readErr := io.ReadAll(answer.Body())
		if readErr != nil {
			body = nil
		}
		return apiError(op, answer.Status(), body)
	}
	return fmt.Errorf("%s: %w", op, &quiet{err})
}

// quiet keeps an error for those who ask what it is, and shows no more of it
// than is known to quote nothing: net/http's errors quote URLs, which hold
// cursors and upload tokens, and, of an answer that is no HTTP, the answer.
type quiet struct{ error }

func (q *quiet) Unwrap() error { return q.error }

// Clean is the text, which quotes nothing.
func (q *quiet) Clean() string { return q.Error() }

func (q *quiet) Error() string {
	err := q.error
	var at *url.Error
	if errors.As(err, &at) {
		err = at.Err
	}
	var (
		code   syscall.Errno
		lookup *net.DNSError
		cert   *tls.CertificateVerificationError
		late   net.Error
	)
	switch {
	case errors.Is(err, errUnsent), errors.Is(err, ErrRedirected), hindered(err):
		return err.Error() // made here
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return "it took too long, or was called off"
	case errors.As(err, &lookup):
		return lookup.Error()
	case errors.As(err, &cert):
		return cert.Error()
	case errors.As(err, &code):
		return "the connection failed: " + code.Error()
	case errors.As(err, &late) && late.Timeout():
		return "the connection timed out"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "the connection was cut"
	}
	return "the connection failed, or brought what is no HTTP"
}
