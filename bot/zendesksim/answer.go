package zendesksim

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
)

type object = map[string]any

// answer is what a handler has to say; it is written after the lock is free.
type answer struct {
	status      int
	header      http.Header
	body        any    // encoded as JSON
	raw         []byte // sent as it is, when contentType is set
	contentType string
}

func ok(body any) answer      { return answer{status: http.StatusOK, body: body} }
func created(body any) answer { return answer{status: http.StatusCreated, body: body} }
func noContent() answer       { return answer{status: http.StatusNoContent} }
func page(html []byte) answer {
	return answer{status: http.StatusOK, raw: html, contentType: "text/html; charset=utf-8"}
}

func (a *answer) set(key, value string) {
	if a.header == nil {
		a.header = http.Header{}
	}
	a.header.Set(key, value)
}

// bytes gives the answer's content and its type.
func (a *answer) bytes() ([]byte, string) {
	switch {
	case a.contentType != "":
		return a.raw, a.contentType
	case a.body == nil:
		return nil, ""
	}
	b, err := json.Marshal(a.body)
	if err != nil { // a body that our own code built
		panic(fmt.Errorf("zendesksim: encode an answer: %w", err))
	}
	return b, "application/json; charset=utf-8"
}

func (a *answer) write(w http.ResponseWriter) {
	content, contentType := a.bytes()
	a.writeHead(w, contentType, len(content))
	_, _ = w.Write(content) // the client may be gone; there is nobody to tell
}

func (a *answer) writeHead(w http.ResponseWriter, contentType string, length int) {
	h := w.Header()
	for k, v := range a.header {
		h[k] = v
	}
	if contentType != "" {
		h.Set("Content-Type", contentType)
	}
	if a.status != http.StatusNoContent {
		h.Set("Content-Length", strconv.Itoa(length))
	}
	w.WriteHeader(a.status)
}

// refusal is an error that answers the request as Zendesk words it.
type refusal struct{ answer }

func (r *refusal) Error() string {
	b, _ := r.bytes()
	return fmt.Sprintf("zendesksim: status %d: %s", r.status, b)
}

func refuse(status int, code, description string) *refusal {
	return &refusal{answer{status: status, body: object{"error": code, "description": description}}}
}

func notFound() *refusal { return refuse(http.StatusNotFound, "RecordNotFound", "Not found") }

func badRequest(description string) *refusal {
	return refuse(http.StatusBadRequest, "BadRequest", description)
}

func notAuthenticated() *refusal {
	return &refusal{answer{status: http.StatusUnauthorized, body: object{"error": "Couldn't authenticate you"}}}
}

func invalidToken() *refusal {
	return &refusal{answer{status: http.StatusUnauthorized, body: object{
		"error":             "invalid_token",
		"error_description": "The access token provided is expired, revoked, malformed or invalid for other reasons.",
	}}}
}

func forbidden() *refusal {
	return &refusal{answer{status: http.StatusForbidden, body: object{"error": object{
		"title":   "Forbidden",
		"message": "You do not have access to this page. Please contact the account owner of this help desk for further help.",
	}}}}
}

func tooMany(code, description string, retryAfter int) *refusal {
	r := refuse(http.StatusTooManyRequests, code, description)
	r.set("Retry-After", strconv.Itoa(retryAfter))
	return r
}

// invalid collects a record's errors by field, as 422 RecordInvalid has them.
type invalid map[string][]object

func (v invalid) add(field, description string) {
	v[field] = append(v[field], object{"description": description})
}

func (v invalid) refusal() error {
	if len(v) == 0 {
		return nil
	}
	return &refusal{answer{status: http.StatusUnprocessableEntity, body: object{
		"error": "RecordInvalid", "description": "Record validation errors", "details": map[string][]object(v),
	}}}
}

func recordInvalid(field, description string) error {
	v := invalid{}
	v.add(field, description)
	return v.refusal()
}
