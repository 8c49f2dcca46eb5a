package zendesk

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
)

// payload is all that is taken from a webhook's body.
type payload struct {
	ticket  int64 // 0: an event about something else
	account int64 // 0: the body doesn't say
}

var errPayload = errors.New("the body names no ticket")

// The two shapes: what our trigger sends, and Zendesk's events.
const (
	ticketSubject = "zen:ticket:"
	ticketEvents  = "zen:event-type:ticket."
)

// parsePayload reads a trigger's {"ticket_id": 35} or an event whose subject
// is zen:ticket:35. A body that says both is neither.
func parsePayload(body []byte) (payload, error) {
	var in struct {
		TicketID json.RawMessage `json:"ticket_id"`
		Type     string          `json:"type"`
		Subject  string          `json:"subject"`
		Account  json.Number     `json:"account_id"`
	}
	dec := json.NewDecoder(bytes.NewReader(body))
	if err := dec.Decode(&in); err != nil || dec.More() {
		return payload{}, errPayload
	}
	var p payload
	if in.Account != "" {
		var err error
		if p.account, err = strconv.ParseInt(in.Account.String(), 10, 64); err != nil || p.account <= 0 {
			return payload{}, errPayload
		}
	}
	var err error
	switch {
	case in.TicketID != nil && in.Type != "":
		err = errPayload
	case in.TicketID != nil:
		p.ticket, err = ticketNumber(in.TicketID)
	case strings.HasPrefix(in.Type, ticketEvents):
		number, ours := strings.CutPrefix(in.Subject, ticketSubject)
		if !ours {
			err = errPayload
			break
		}
		p.ticket, err = positive(number)
	case in.Type == "":
		err = errPayload
	}
	return p, err
}

func ticketNumber(raw json.RawMessage) (int64, error) {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return positive(strings.TrimSpace(s))
	}
	return positive(string(raw))
}

// positive reads digits and nothing else.
func positive(s string) (int64, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n <= 0 || s[0] == '+' {
		return 0, errPayload
	}
	return n, nil
}
