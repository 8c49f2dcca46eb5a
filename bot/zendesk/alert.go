package zendesk

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"

	"privacydesk/bot"
)

type wireAlert struct {
	Ticket alertBody `json:"ticket"`
}

type alertBody struct {
	Subject string      `json:"subject,omitempty"`
	Comment commentBody `json:"comment"`
	Tags    []string    `json:"tags,omitempty"`
}

// Alert puts an internal note on the ticket named, as long as that is unsolved
// and bears the tag that the agents' view goes by, else on a new one. Zendesk
// knows a creation that is repeated within two hours by its Idempotency-Key,
// which is a digest of the text.
func (d *Desk) Alert(ctx context.Context, a bot.Alert) (int64, error) {
	body := alertBody{Comment: commentBody{HTML: inert(a.HTML)}}
	waits, err := d.stillWaits(ctx, a.Ticket)
	switch {
	case err != nil:
		return 0, err
	case waits:
		op := fmt.Sprintf("tell agents on ticket %d", a.Ticket)
		if err := d.mayUpdate(ctx, a.Ticket); err != nil {
			return 0, fmt.Errorf("%s: %w", op, because(bot.ErrUnavailable, err))
		}
		return d.sendAlert(ctx, op, http.MethodPut, fmt.Sprintf("/tickets/%d.json", a.Ticket), body)
	}
	body.Subject, body.Tags = a.Subject, []string{bot.TagNeedsPerson}
	return d.sendAlert(ctx, "file a ticket for the agents", http.MethodPost, "/tickets.json", body)
}

// stillWaits is true for a ticket that agents have still to see to.
func (d *Desk) stillWaits(ctx context.Context, id int64) (bool, error) {
	if id == 0 {
		return false, nil
	}
	var answer struct {
		Ticket wireTicket `json:"ticket"`
	}
	err := forRead(d.get(ctx, fmt.Sprintf("read ticket %d", id), fmt.Sprintf("/tickets/%d.json", id), &answer))
	if errors.Is(err, bot.ErrNotFound) {
		return false, nil
	}
	over := slices.Contains([]bot.Status{bot.StatusSolved, bot.StatusClosed, "deleted"}, answer.Ticket.Status)
	return err == nil && !over && slices.Contains(answer.Ticket.Tags, bot.TagNeedsPerson), err
}

func (d *Desk) sendAlert(ctx context.Context, op, method, path string, body alertBody) (int64, error) {
	raw, err := json.Marshal(wireAlert{body})
	if err != nil {
		return 0, fmt.Errorf("%s: it does not encode", op)
	}
	_, answered, err := d.send(ctx, op, method, path, func(r *http.Request) {
		r.Header.Set("Content-Type", "application/json")
		if method == http.MethodPost {
			sum := sha256.Sum256(raw)
			r.Header.Set("Idempotency-Key", "privacydesk-"+hex.EncodeToString(sum[:16]))
		}
		r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(raw)), nil }
		r.Body, _ = r.GetBody() // it never fails
		r.ContentLength = int64(len(raw))
	})
	if err != nil {
		return 0, forWrite(err)
	}
	var answer struct {
		Ticket struct {
			ID int64 `json:"id"`
		} `json:"ticket"`
	}
	if json.Unmarshal(answered, &answer) != nil || answer.Ticket.ID <= 0 {
		return 0, fmt.Errorf("%s: %w", op, because(bot.ErrUnknown, errUnreadable))
	}
	return answer.Ticket.ID, nil
}
