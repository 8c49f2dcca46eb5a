package zendesk

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"time"

	"privacydesk/bot"
)

// The headers of a webhook [docs, webhooks].
const (
	headerSignature  = "X-Zendesk-Webhook-Signature"
	headerTimestamp  = "X-Zendesk-Webhook-Signature-Timestamp"
	headerInvocation = "X-Zendesk-Webhook-Invocation-Id"
	headerAccount    = "X-Zendesk-Account-Id"
)

const (
	maxWebhook   = 256 << 10 // Zendesk sends no more [docs, webhooks]
	maxBodies    = 32        // that are read at once: 8 MiB in all
	bodyTime     = 5 * time.Second
	intakeTime   = 8 * time.Second // Zendesk gives up after 12 s
	retrySeconds = "10"            // below 60, or Zendesk does not try again
)

// WebhookOptions set up the receiver.
type WebhookOptions struct {
	Secrets  []string      // of the webhook; several while one is rotated
	Skew     time.Duration // how far a signature's time may be from ours, either way; 5 minutes when 0
	Accounts []string      // whose webhooks are taken; all that know a secret when empty
	Clock    func() time.Time
	// Observe is told of each invocation's end ("accepted", "replayed",
	// "ignored", or why it was refused), for metrics; nothing when nil.
	Observe func(result string)
	// Skewed is told of each webhook that was refused because its time is off, and
	// by how much this machine is ahead of it; nothing when nil.
	Skewed func(ahead time.Duration)
	// Unfit is told of each webhook that has all that ours have, and whose
	// signature fits none of the secrets; nothing when nil.
	Unfit func()
}

// Intake makes hints durable before it returns. It reports false if it saw
// the invocation before; invocations are to be remembered for keep.
type Intake func(ctx context.Context, ids []string, invocation string, keep time.Duration) (fresh bool, err error)

type webhook struct {
	WebhookOptions
	intake     Intake
	invocation *regexp.Regexp
	bodies     chan struct{} // a place for each body that is being read
}

// NewWebhook makes the handler of POSTs from Zendesk. Nobody fills memory without
// a valid signature: headers that are missing, malformed or out of time are
// refused before a body is read, and so many bodies are read at once. It believes nothing but
// the ticket's id, and that only of a body that was signed with a secret
// within the skew; nothing is parsed before. It answers 200 once intake has
// made the hint durable, 503 with Retry-After when it could not, and never
// repeats anything that it was sent.
func NewWebhook(o WebhookOptions, intake Intake) (http.Handler, error) {
	o.Secrets = slices.DeleteFunc(slices.Clone(o.Secrets), func(s string) bool { return s == "" })
	switch {
	case len(o.Secrets) == 0:
		return nil, errors.New("zendesk.webhook.secret is missing: webhooks without a signature can't be told from forged ones")
	case o.Clock == nil || intake == nil:
		return nil, errors.New("zendesk: the webhook needs a clock and an intake")
	case o.Skew < 0:
		return nil, errors.New("zendesk.webhook.skew can't be negative")
	}
	orDefault(&o.Skew, DefaultOptions().Webhook.Skew)
	if o.Observe == nil {
		o.Observe = func(string) {}
	}
	if o.Skewed == nil {
		o.Skewed = func(time.Duration) {}
	}
	if o.Unfit == nil {
		o.Unfit = func() {}
	}
	return &webhook{o, intake, regexp.MustCompile(`^[A-Za-z0-9_.:-]{1,100}$`), make(chan struct{}, maxBodies)}, nil
}

// refusal is an answer that says no in words of ours.
type refusal struct {
	status int
	why    string
}

func (h *webhook) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	result, no := h.receive(w, r)
	if no != nil {
		result = no.why
		switch no.status {
		case http.StatusMethodNotAllowed:
			w.Header().Set("Allow", http.MethodPost)
		case http.StatusServiceUnavailable:
			w.Header().Set("Retry-After", retrySeconds)
		}
		http.Error(w, no.why, no.status)
	} else {
		w.WriteHeader(http.StatusOK)
	}
	h.Observe(result)
}

func (h *webhook) receive(w http.ResponseWriter, r *http.Request) (string, *refusal) {
	if r.Method != http.MethodPost {
		return "", &refusal{http.StatusMethodNotAllowed, "only POST"}
	}
	c, no := h.headers(r)
	if no != nil {
		return "", no
	}
	body, no := h.body(w, r)
	if no != nil {
		return "", no
	}
	if !h.signed(c.sum, c.timestamp, body) {
		h.Unfit()
		return "", &refusal{http.StatusUnauthorized, "bad signature"}
	}
	p, err := parsePayload(body)
	if err != nil {
		return "", &refusal{http.StatusBadRequest, "no ticket id"}
	}
	if p.account != 0 && len(h.Accounts) > 0 && !slices.Contains(h.Accounts, strconv.FormatInt(p.account, 10)) {
		return "", &refusal{http.StatusForbidden, "another account"}
	}
	if p.ticket == 0 {
		return "ignored", nil
	}
	return h.take(r.Context(), p.ticket, c.invocation)
}

// claims are what a webhook's headers say; of them only what the signature
// covers is believed, later.
type claims struct {
	sum                   []byte
	timestamp, invocation string
}

// headers refuses what no signature could make valid.
func (h *webhook) headers(r *http.Request) (c claims, no *refusal) {
	signature, has := one(r.Header, headerSignature)
	timestamp, hasTime := one(r.Header, headerTimestamp)
	if !has || !hasTime {
		return c, &refusal{http.StatusUnauthorized, "not signed"}
	}
	sum, err := base64.StdEncoding.DecodeString(signature)
	if err != nil || len(sum) != sha256.Size {
		return c, &refusal{http.StatusUnauthorized, "bad signature"}
	}
	at, err := time.Parse(time.RFC3339, timestamp)
	if err != nil {
		return c, &refusal{http.StatusUnauthorized, "bad time"}
	}
	if ahead := h.Clock().Sub(at); ahead.Abs() > h.Skew {
		h.Skewed(ahead)
		return c, &refusal{http.StatusUnauthorized, "out of time"}
	}
	invocation, ok := one(r.Header, headerInvocation)
	if !ok || !h.invocation.MatchString(invocation) {
		return c, &refusal{http.StatusBadRequest, "no invocation id"}
	}
	if id, ok := one(r.Header, headerAccount); len(h.Accounts) > 0 && (!ok || !slices.Contains(h.Accounts, id)) {
		return c, &refusal{http.StatusForbidden, "another account"}
	}
	if r.ContentLength > maxWebhook {
		return c, &refusal{http.StatusRequestEntityTooLarge, "too large"}
	}
	return claims{sum, timestamp, invocation}, nil
}

// body reads it if there is a place, within a time: who sends it slowly holds
// the place no longer.
func (h *webhook) body(w http.ResponseWriter, r *http.Request) ([]byte, *refusal) {
	select {
	case h.bodies <- struct{}{}:
		defer func() { <-h.bodies }()
	default:
		return nil, &refusal{http.StatusServiceUnavailable, "busy"}
	}
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(bodyTime)) // where it can't be set, the server's own holds
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxWebhook))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return nil, &refusal{http.StatusRequestEntityTooLarge, "too large"}
	case err != nil:
		return nil, &refusal{http.StatusBadRequest, "body cut"}
	}
	return body, nil
}

// take hands the hint in. Its answer stands for the hint being durable.
func (h *webhook) take(ctx context.Context, ticket int64, invocation string) (string, *refusal) {
	ctx, cancel := context.WithTimeout(ctx, intakeTime)
	defer cancel()
	fresh, err := h.intake(ctx, []string{bot.IDOfTicket(ticket)}, "zendesk/"+invocation, h.keep())
	switch {
	case err != nil:
		return "", &refusal{http.StatusServiceUnavailable, "try again"}
	case !fresh:
		return "replayed", nil
	}
	return "accepted", nil
}

// keep outlasts the time in which a signature is believed.
func (h *webhook) keep() time.Duration { return max(time.Hour, 3*h.Skew) }

// one is the header's value, if it is there once.
func one(h http.Header, name string) (string, bool) {
	v := h.Values(name)
	if len(v) != 1 || v[0] == "" {
		return "", false
	}
	return v[0], true
}

// signed tries every secret, so that the time taken tells nothing.
func (h *webhook) signed(sum []byte, timestamp string, body []byte) bool {
	good := false
	for _, secret := range h.Secrets {
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write([]byte(timestamp))
		mac.Write(body)
		if hmac.Equal(mac.Sum(nil), sum) {
			good = true
		}
	}
	return good
}
