package connectors

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// ErrorKind says what an error means for the run.
type ErrorKind string

// The kinds of a connector's errors.
const (
	// Transient: the same call may succeed later (connection, time-out, 503).
	Transient ErrorKind = "transient"
	// Credentials: the system refused us. An operator has to act.
	Credentials ErrorKind = "credentials"
	// Misfit: the data map and the system don't agree, or the map forbids
	// what was asked. An operator has to act.
	Misfit ErrorKind = "misfit"
	// TooMuch: a configured bound was reached. Nothing was cut short.
	TooMuch ErrorKind = "too_much"
	// Broken: the system answered what it must not.
	Broken ErrorKind = "broken"
)

// Guard errors.
var (
	// ErrFenced: another worker holds the run now; change nothing more.
	ErrFenced error = Said("the run's token is no longer valid")
	// ErrPaused: an operator paused deletes.
	ErrPaused error = Said("deletes are paused")
)

// Error is what connectors return. Its text is made of names that a person
// configured and of codes, so that no personal datum reaches a log: the cause
// is kept for errors.Is and As, and told in the words of Plain where it has any.
type Error struct {
	Kind  ErrorKind
	Op    string // "locate", "erase crm.customer"
	What  string // what is wrong, free of data
	Mend  string // what to do about it
	Code  string // the technology's own code, such as an SQLSTATE
	After time.Duration
	cause error
}

// NewError makes an Error. cause may be nil.
func NewError(kind ErrorKind, op, what string, cause error) *Error {
	return &Error{Kind: kind, Op: op, What: what, cause: cause}
}

// WithMend adds what to do about it.
func (e *Error) WithMend(mend string) *Error { e.Mend = mend; return e }

// WithCode adds the technology's own code.
func (e *Error) WithCode(code string) *Error { e.Code = code; return e }

// Error never contains the text of a cause that Plain has no words for.
func (e *Error) Error() string {
	s := fmt.Sprintf("%s: %s", e.Op, e.What)
	if words, ok := plain(e.cause); ok && !strings.Contains(s, words) {
		s += " (" + words + ")"
	}
	if e.Code != "" {
		s += " (" + e.Code + ")"
	}
	if e.Mend != "" {
		s += "; " + e.Mend
	}
	return s
}

// Unwrap gives errors.Is and errors.As the cause.
func (e *Error) Unwrap() error { return e.cause }

// KindOf is the kind of the first Error in err's chain, or "" if there is
// none. A missing kind must be treated as an unknown failure whose text may
// hold personal data.
func KindOf(err error) ErrorKind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return ""
}
