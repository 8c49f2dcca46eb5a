package zendesksim

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// Zendesk's rules of delivery [docs, webhooks].
const (
	webhookTimeout  = 12 * time.Second
	timeoutRetries  = 5
	conflictRetries = 3
	longestRetry    = 60 * time.Second // of Retry-After with 429 and 503
	accountID       = 10_000
)

// delivery is one invocation of a webhook until it is done or given up.
type delivery struct {
	webhookID  string
	invocation string
	ticketID   int64
	body       []byte
	notBefore  time.Time
	timeouts   int
	conflicts  int
}

// Manner is how a pump delivers; the zero value is in order, once, honest.
type Manner struct {
	Twice    bool          // each is sent twice with the same invocation id
	Reversed bool          // the newest first
	Forged   bool          // signed with another secret
	Late     time.Duration // the signature's timestamp is that much in the past
	Lost     bool          // dropped without a try
}

// Delivered tells what one pump did.
type Delivered struct {
	Sent     int // answered with 2xx
	Retrying int // put back, to be tried again later
	GivenUp  int // refused for good, or lost
	Statuses []int
}

// announce queues what an update tells the world.
func (s *Sim) announce(row *ticketRow, audit *Audit, fresh bool) {
	if audit.Via.Channel != ruleChannel { // triggers see each update once; theirs belong to it
		s.runTriggers(row, fresh)
	}
	for _, kind := range eventKinds(audit, fresh) {
		for _, w := range s.webhooks {
			if w.Active && slices.Contains(w.Subscriptions, "zen:event-type:"+kind) {
				s.enqueue(w, row.ID, s.eventPayload(row, audit, kind))
			}
		}
	}
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

func (s *Sim) enqueue(w *webhook, ticketID int64, body []byte) {
	s.queue = append(s.queue, &delivery{
		webhookID: w.ID, invocation: "01" + s.newToken(24), ticketID: ticketID, body: body, notBefore: s.opt.Clock(),
	})
}

// eventKinds names the events that an audit makes.
func eventKinds(a *Audit, fresh bool) []string {
	if fresh {
		return []string{"ticket.created"}
	}
	var kinds []string
	add := func(k string) {
		if !slices.Contains(kinds, k) {
			kinds = append(kinds, k)
		}
	}
	for _, e := range a.Events {
		switch e.Type {
		case "Comment":
			add("ticket.comment_added")
		case "CommentRedactionEvent":
			add("ticket.comment_redacted")
		case "AttachmentRedactionEvent":
			add("ticket.attachment_redacted_from_comment")
		case "CommentPrivacyChange":
			add("ticket.comment_made_private")
		case "EmailCcChange":
			add("ticket.email_ccs_changed")
		case "FollowerChange":
			add("ticket.followers_changed")
		default:
			add(changeKind(e.FieldName))
		}
	}
	return kinds
}

func changeKind(field string) string {
	switch field {
	case "assignee_id":
		return "ticket.agent_assignment_changed"
	case "group_id":
		return "ticket.group_assignment_changed"
	case "requester_id":
		return "ticket.requester_changed"
	case "organization_id":
		return "ticket.organization_changed"
	case "ticket_form_id":
		return "ticket.form_changed"
	case "custom_status_id":
		return "ticket.custom_status_changed"
	case "deleted":
		return "ticket.soft_deleted"
	case "subject", "status", "priority", "type", "external_id", "tags":
		return "ticket." + field + "_changed"
	}
	return "ticket.custom_field_changed"
}

// eventPayload is the event mode's body; ids inside detail are strings.
func (s *Sim) eventPayload(row *ticketRow, audit *Audit, kind string) []byte {
	t := row.Ticket
	event := object{"meta": object{"sequence": object{"id": strconv.FormatInt(audit.ID, 10), "position": 1, "total": 1}}}
	body, err := json.Marshal(object{
		"type": "zen:event-type:" + kind, "account_id": accountID, "id": "evt-" + strconv.FormatInt(audit.ID, 10) + "-" + kind,
		"time": stamp(audit.CreatedAt), "zendesk_event_version": "2022-11-06", "subject": fmt.Sprintf("zen:ticket:%d", t.ID),
		"detail": object{
			"id": strconv.FormatInt(t.ID, 10), "actor_id": strconv.FormatInt(audit.AuthorID, 10), "subject": t.Subject,
			"description": t.Description, "status": t.Status, "tags": list(t.Tags), "requester_id": idText(t.RequesterID),
			"submitter_id": idText(t.SubmitterID), "assignee_id": idText(t.AssigneeID), "group_id": idText(t.GroupID),
			"organization_id": idText(t.OrganizationID), "form_id": idText(t.FormID), "custom_status": idText(t.CustomStatusID),
			"created_at": stamp(t.CreatedAt), "updated_at": stamp(t.UpdatedAt), "is_public": t.Public, "via": object{"channel": audit.Via.Channel},
		},
		"event": event,
	})
	if err != nil {
		panic(fmt.Errorf("zendesksim: encode an event: %w", err))
	}
	return body
}

// PendingDeliveries counts what waits, due or not.
func (s *Sim) PendingDeliveries() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.queue)
}

// DeliverWebhooks sends what is due by the clock, once each, in order. What
// fails in a way that Zendesk retries is put back and due later.
func (s *Sim) DeliverWebhooks(ctx context.Context) Delivered { return s.DeliverLike(ctx, Manner{}) }

// DeliverLike delivers what is due in an unpleasant manner.
func (s *Sim) DeliverLike(ctx context.Context, m Manner) Delivered {
	due := s.takeDue()
	if m.Reversed {
		slices.Reverse(due)
	}
	var out Delivered
	for i, d := range due {
		if ctx.Err() != nil {
			s.putBack(due[i:]...)
			out.Retrying += len(due) - i
			return out
		}
		if m.Lost {
			out.GivenUp++
			continue
		}
		again := s.deliver(ctx, d, m, &out)
		if m.Twice {
			again = s.deliver(ctx, d, m, &out)
		}
		if again { // only now: a pump beside this one may take it at once
			s.putBack(d)
			out.Retrying++
		}
	}
	return out
}

func (s *Sim) takeDue() []*delivery {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.opt.Clock()
	var due, rest []*delivery
	for _, d := range s.queue {
		if d.notBefore.After(now) {
			rest = append(rest, d)
		} else {
			due = append(due, d)
		}
	}
	s.queue = rest
	return due
}

func (s *Sim) putBack(ds ...*delivery) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.queue = append(s.queue, ds...)
}

// deliver sends once and tells whether it is to be tried again.
func (s *Sim) deliver(ctx context.Context, d *delivery, m Manner, out *Delivered) bool {
	s.mu.Lock()
	w := s.webhook(d.webhookID)
	var target webhook
	if w != nil {
		target = *w
	}
	s.mu.Unlock()
	if w == nil || !target.Active {
		out.GivenUp++
		return false
	}
	status, retryAfter, err := s.post(ctx, target, d, m)
	out.Statuses = append(out.Statuses, status)
	switch again, wait := d.verdict(status, retryAfter, err); {
	case err == nil && status/100 == 2:
		out.Sent++
	case again:
		d.notBefore = s.opt.Clock().Add(wait)
		return true
	default:
		out.GivenUp++
	}
	return false
}

// verdict tells whether Zendesk tries again, and after how long. Any other
// network error counts as none of these and is not tried again.
func (d *delivery) verdict(status int, retryAfter time.Duration, err error) (again bool, wait time.Duration) {
	var timeout net.Error
	switch {
	case err != nil && (errors.Is(err, context.DeadlineExceeded) || (errors.As(err, &timeout) && timeout.Timeout())):
		d.timeouts++
		return d.timeouts <= timeoutRetries, 0
	case err != nil:
		return false, 0
	case status == http.StatusConflict:
		d.conflicts++
		return d.conflicts <= conflictRetries, 0
	case status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable:
		return retryAfter > 0 && retryAfter < longestRetry, retryAfter
	}
	return false, 0
}

// Sign gives a webhook's signature: base64 of HMAC-SHA256 over timestamp and
// body, without a separator, keyed with the secret's text as it stands.
func Sign(secret, timestamp string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(timestamp))
	mac.Write(body)
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

func (s *Sim) post(ctx context.Context, w webhook, d *delivery, m Manner) (status int, retryAfter time.Duration, err error) {
	req, err := http.NewRequestWithContext(ctx, w.Method, w.Endpoint, bytes.NewReader(d.body))
	if err != nil {
		return 0, 0, fmt.Errorf("zendesksim: webhook endpoint: %w", err)
	}
	at := s.opt.Clock().UTC().Add(-m.Late).Format(time.RFC3339)
	secret := w.Secret
	if m.Forged {
		secret = "not " + secret
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "Zendesk Webhook")
	req.Header.Set("X-Zendesk-Account-Id", strconv.Itoa(accountID))
	req.Header.Set("X-Zendesk-Webhook-Id", w.ID)
	req.Header.Set("X-Zendesk-Webhook-Invocation-Id", d.invocation)
	req.Header.Set("X-Zendesk-Webhook-Signature-Timestamp", at)
	req.Header.Set("X-Zendesk-Webhook-Signature", Sign(secret, at, d.body))
	resp, err := s.opt.WebhookHTTP.Do(req)
	if err != nil {
		return 0, 0, fmt.Errorf("zendesksim: webhook: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 1<<16))
	if n, err := strconv.Atoi(resp.Header.Get("Retry-After")); err == nil {
		retryAfter = time.Duration(n) * time.Second
	}
	return resp.StatusCode, retryAfter, nil
}

// AutoDeliver delivers as updates happen until ctx ends, and looks once a
// second for retries that became due.
func (s *Sim) AutoDeliver(ctx context.Context) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.wake:
		case <-tick.C:
		}
		s.DeliverWebhooks(ctx)
	}
}
