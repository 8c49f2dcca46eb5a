package zendesk

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"privacydesk/bot"
)

type wireSuspended struct {
	ID        int64     `json:"id"`
	Created   time.Time `json:"created_at"`
	Recipient text      `json:"recipient"`
	Subject   text      `json:"subject"`
	Content   text      `json:"content"`
	Message   text      `json:"message_id"`
	Ticket    int64     `json:"ticket_id"`
}

// Suspended reads the suspended mail. A reply to a ticket that lies there is
// none: it would become no ticket of its own.
func (d *Desk) Suspended(ctx context.Context) ([]bot.Suspended, error) {
	var out []bot.Suspended
	err := d.pages(ctx, "read the suspended mail", "/suspended_tickets.json", rowBound(), func(p page) error {
		for _, s := range p.Suspended {
			if s.ID <= 0 {
				return fmt.Errorf("read the suspended mail: %w", errShape)
			}
			if s.Ticket != 0 {
				continue
			}
			out = append(out, bot.Suspended{
				ID: s.ID, At: s.Created, Recipient: string(s.Recipient), Subject: string(s.Subject), Text: string(s.Content),
				Message: messageDigest(string(s.Message)),
			})
		}
		return nil
	})
	return out, forSide(err)
}

// messageDigest names a mail by its Message-ID, which holds its sender's
// domain. Suspended mail has it as it stands, audits with brackets round it.
func messageDigest(id string) string {
	if id = strings.Trim(strings.TrimSpace(id), "<>"); id == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(id))
	return hex.EncodeToString(sum[:16])
}

// message is the mail that the ticket began with.
func (r *reader) message() string {
	if len(r.audits) == 0 || string(r.audits[0].Via.Channel) != "email" {
		return ""
	}
	return messageDigest(string(r.audits[0].Metadata.System.Message))
}
