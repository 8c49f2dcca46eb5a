package zendesk

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"privacydesk/bot"
)

// Errors beside those of bot.
var (
	// ErrCursor: Zendesk does not take the cursor any more. Begin again at a
	// time.
	ErrCursor = errors.New("the export's cursor is not valid any more")
	// ErrTooLong: the text exceeds what Zendesk keeps of a comment. Zendesk
	// would cut it and say nothing.
	ErrTooLong error = hindrance("the comment is longer than Zendesk keeps")
	// ErrRedirected: Zendesk's address answered with a redirection, which is
	// not followed, because the credentials would go along.
	ErrRedirected = errors.New("the answer is a redirection; check zendesk.subdomain and zendesk.url")
)

// APIError is an answer that refuses a call. It holds nothing of the answer's
// texts: they quote addresses and names.
type APIError struct {
	Op     string // "read ticket 35"
	Status int
	Code   string   // Zendesk's error code, such as RecordInvalid
	Fields []string // the fields that a 422 complains of: names, or ids of ticket fields
	closed bool
}

func (e *APIError) Error() string {
	s := fmt.Sprintf("%s: Zendesk answered %d", e.Op, e.Status)
	if e.Code != "" {
		s += " " + e.Code
	}
	if len(e.Fields) > 0 {
		s += " about " + strings.Join(e.Fields, ", ")
	}
	switch e.Status {
	case http.StatusUnauthorized:
		s += "; check the credentials"
	case http.StatusForbidden:
		s += "; the bot's user needs the role admin, and the OAuth client the scopes read and write"
	case http.StatusUnprocessableEntity:
		s += unprocessable(e.Fields)
	}
	return s
}

// unprocessable says what a 422 about the fields means.
func unprocessable(fields []string) string {
	switch {
	case slices.ContainsFunc(fields, func(f string) bool { return strings.TrimSuffix(f, "_id") == "requester" }):
		return "; its requester is suspended or deleted: restore them, or give the ticket another one"
	case slices.ContainsFunc(fields, func(f string) bool { return strings.HasPrefix(f, fieldOfTicket) }):
		return "; on solving, that are fields which the form requires"
	}
	return ""
}

// fieldOfTicket begins the name of a ticket field in APIError.Fields.
const fieldOfTicket = "ticket field "

// plain allows what is a name and nothing else.
func plain(s string) bool {
	odd := strings.Trim(strings.ToLower(s), "abcdefghijklmnopqrstuvwxyz0123456789_.")
	return s != "" && len(s) <= 60 && odd == ""
}

// apiError takes out of an answer what is free of personal data.
func apiError(op string, status int, body []byte) *APIError {
	e := &APIError{Op: op, Status: status}
	var answer struct {
		Error   json.RawMessage            `json:"error"`
		Details map[string]json.RawMessage `json:"details"`
	}
	if json.Unmarshal(body, &answer) != nil {
		return e
	}
	var code string
	if json.Unmarshal(answer.Error, &code) == nil && plain(code) {
		e.Code = code
	}
	for key, raw := range answer.Details {
		var details []struct {
			Description string `json:"description"`
			Field       int64  `json:"ticket_field_id"`
		}
		_ = json.Unmarshal(raw, &details) // another shape has nothing that may be shown
		for _, d := range details {
			if d.Field != 0 {
				e.Fields = append(e.Fields, fieldOfTicket+strconv.FormatInt(d.Field, 10))
			}
			e.closed = e.closed || key == "status" && strings.Contains(strings.ToLower(d.Description), "closed")
		}
		if plain(key) && key != "base" {
			e.Fields = append(e.Fields, key)
		}
	}
	slices.Sort(e.Fields)
	e.Fields = slices.Compact(e.Fields)
	return e
}

// outage is a kind of bot's with its cause. Where people read it, both are told,
// as far as the cause is known to quote nothing.
type outage struct{ kind, cause error }

func because(kind, cause error) error { return &outage{kind, cause} }

func (o *outage) Error() string { return o.kind.Error() + ": " + o.cause.Error() }

// Clean leaves out a cause that may quote something.
func (o *outage) Clean() string {
	var clean interface {
		error
		Clean() string
	}
	if errors.As(o.cause, &clean) {
		return o.kind.Error() + ": " + clean.Clean()
	}
	return o.kind.Error()
}

func (o *outage) Unwrap() []error { return []error{o.kind, o.cause} }

// status of the answer behind err; 0 when there was none.
func status(err error) int {
	var e *APIError
	if errors.As(err, &e) {
		return e.Status
	}
	return 0
}

// codeNotFound is what Zendesk answers for a record that is not there. A 404
// without it is no word about the ticket: a renamed account, a proxy.
const codeNotFound = "RecordNotFound"

// codeCollision is the 409 after which Zendesk asks to try again; any other
// 409 is about the stamp.
const codeCollision = "DatabaseConflict"

// hasCode is true if the answer behind err has that status and code.
func hasCode(err error, status int, code string) bool {
	var e *APIError
	return errors.As(err, &e) && e.Status == status && e.Code == code
}

// forRead classifies the failure of a call that changes nothing.
func forRead(err error) error {
	switch s := status(err); {
	case err == nil:
		return nil
	case hindered(err):
		return err
	case unsent(err):
		return because(bot.ErrUnavailable, err)
	case hasCode(err, http.StatusNotFound, codeNotFound):
		return because(bot.ErrNotFound, err)
	case s == 0, s == http.StatusTooManyRequests, s == http.StatusRequestTimeout, s >= http.StatusInternalServerError, s == http.StatusConflict:
		return because(bot.ErrUnavailable, err)
	}
	return err
}

// forSide classifies the failure of a read beside the ticket's own. A record
// that is missing there says nothing about the ticket.
func forSide(err error) error {
	if hasCode(err, http.StatusNotFound, codeNotFound) {
		return because(bot.ErrUnavailable, err)
	}
	return forRead(err)
}

// forWrite classifies the failure of a ticket's update. Only what surely
// changed nothing is ErrUnavailable.
func forWrite(err error) error {
	var e *APIError
	switch s := status(err); {
	case err == nil:
		return nil
	case unsent(err), s == http.StatusTooManyRequests, hasCode(err, http.StatusConflict, codeCollision):
		return because(bot.ErrUnavailable, err)
	case hasCode(err, http.StatusNotFound, codeNotFound):
		return because(bot.ErrNotFound, err)
	case s == http.StatusConflict:
		return because(bot.ErrStale, err)
	case s < http.StatusBadRequest, s == http.StatusRequestTimeout, s >= http.StatusInternalServerError:
		return because(bot.ErrUnknown, err) // no answer, or one that is neither yes nor no
	case errors.As(err, &e) && e.closed:
		return because(bot.ErrClosed, err)
	}
	return err
}

// ofTicket are the fields of a ticket by which it hangs together with others.
// A 422 about one of them is no form that somebody has to fill in.
func ofTicket() []string {
	return []string{"requester", "submitter", "assignee", "group", "organization", "brand", "custom_status", "ticket_form"}
}

// forOneTicket tells a refusal of this one ticket apart, whatever is written on
// it: somebody whom it names is suspended or gone, or our user may not touch it.
func forOneTicket(err error) error {
	var e *APIError
	if !errors.As(err, &e) || errors.Is(err, bot.ErrClosed) {
		return err
	}
	var about []string
	for _, name := range e.Fields {
		if name = strings.TrimSuffix(name, "_id"); slices.Contains(ofTicket(), name) {
			about = append(about, name)
		}
	}
	if e.Status == http.StatusForbidden || e.Status == http.StatusUnprocessableEntity && len(about) > 0 {
		return fmt.Errorf("%w: %w", &bot.DeclinedError{About: about}, err)
	}
	return err
}

// errUnsent marks calls that ended before they were sent, or that Zendesk
// refused for their credentials.
var errUnsent = errors.New("nothing was sent")

// unsent is true if the call surely did nothing.
func unsent(err error) bool {
	var dial *net.OpError
	var dns *net.DNSError
	return errors.Is(err, errUnsent) || (errors.As(err, &dial) && dial.Op == "dial") || errors.As(err, &dns)
}

// Clean is the error's text, which holds no text of any ticket: it may be
// logged and shown to agents.
func (e *APIError) Clean() string { return e.Error() }
