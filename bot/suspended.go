package bot

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"privacydesk/bot/reading"
	"privacydesk/connectors"
)

// The desk keeps suspended mail for 14 days, outside of tickets. One of them
// may have been a request whose time runs: agents are told, once. Nothing is
// recovered by us: why it was suspended is theirs to judge.
const (
	cursorSuspended = "desk/suspended"
	// cursorTold keeps on which ticket the agents were told last.
	cursorTold    = "desk/suspended-told"
	suspendedLife = 14 * 24 * time.Hour
	// recoveredWithin is how long after that a ticket is still known for the
	// mail that it was.
	recoveredWithin = 2 * suspendedLife
)

// Lost is a suspended mail that reads like a request. It holds no personal
// data.
type Lost struct {
	ID      int64     `json:"id"` // of the suspended ticket
	At      time.Time `json:"arrived"`
	Until   time.Time `json:"kept_until"` // the desk deletes it then
	Message string    `json:"message,omitempty"`
	// Gone is set once the desk keeps it no more: somebody recovered or deleted
	// it.
	Gone bool `json:"gone,omitempty"`
	// Told is set once a ticket tells the agents.
	Told bool `json:"told,omitempty"`
}

// Suspended looks for requests among suspended mail and tells the agents, the
// log and the metrics of those that are new. What was found is kept before it is
// told, because the clock counts from it; what could not be told is told by the
// next look.
func (e *Engine) Suspended(ctx context.Context) error {
	mails, err := e.Patient.Suspended(ctx)
	if err != nil {
		return connectors.Sayf(err, "suspended mail")
	}
	known, err := e.LostMail(ctx)
	if err != nil {
		return err
	}
	now := e.Clock()
	next := slices.DeleteFunc(slices.Clone(known), func(l Lost) bool { return now.Sub(l.At) > recoveredWithin })
	for i := range next {
		next[i].Gone = !slices.ContainsFunc(mails, func(m Suspended) bool { return m.ID == next[i].ID })
	}
	for _, m := range mails {
		if !e.readsLikeARequest(m) || slices.ContainsFunc(known, func(l Lost) bool { return l.ID == m.ID }) {
			continue
		}
		next = append(next, Lost{ID: m.ID, At: m.At, Until: m.At.Add(suspendedLife), Message: m.Message})
		e.Log.WithField("event", "suspended").WithField("suspended_ticket", m.ID).WithField("arrived", m.At.UTC().Format(time.RFC3339)).
			Warn("a suspended mail reads like a privacy request, and its time runs: look at it among the suspended tickets, and recover it if it is one")
		e.Observe(Observation{Event: "suspended"})
	}
	if err := e.keepLost(ctx, known, next); err != nil {
		return err
	}
	told, err := e.tellLost(ctx, next)
	if err != nil {
		return connectors.Sayf(err, "suspended mail")
	}
	return e.keepLost(ctx, next, told)
}

func (e *Engine) keepLost(ctx context.Context, known, next []Lost) error {
	if slices.Equal(next, known) {
		return nil
	}
	text, err := json.Marshal(next)
	if err != nil {
		return connectors.Said("suspended mail: the list does not encode")
	}
	if err := e.Store.SetCursor(ctx, cursorSuspended, string(text)); err != nil {
		return connectors.Sayf(err, "suspended mail")
	}
	return nil
}

// tellLost tells the agents of all that they were not told of yet, in one word,
// and returns the list as it is then.
func (e *Engine) tellLost(ctx context.Context, all []Lost) ([]Lost, error) {
	next, lines := slices.Clone(all), []string(nil)
	for i, l := range next {
		if l.Told || l.Gone {
			continue
		}
		next[i].Told = true
		lines = append(lines, fmt.Sprintf("%d: %s – %s", l.ID, l.At.UTC().Format(time.RFC3339), l.Until.UTC().Format(time.DateOnly)))
	}
	if len(lines) == 0 {
		return all, nil
	}
	html, err := e.Messages.Render(e.Settings.AgentLocale, "note_suspended", map[string]string{"mails": strings.Join(lines, "\n")})
	if err != nil {
		return nil, err
	}
	return next, e.alert(ctx, cursorTold, "privacydesk: suspended mail that reads like a privacy request", html)
}

// LostMail lists the suspended mail that reads like requests, as it was found
// last.
func (e *Engine) LostMail(ctx context.Context) ([]Lost, error) {
	text, err := e.Store.Cursor(ctx, cursorSuspended)
	if err != nil {
		return nil, connectors.Sayf(err, "suspended mail")
	}
	var out []Lost
	if text != "" && json.Unmarshal([]byte(text), &out) != nil {
		return nil, connectors.Said("suspended mail: the list in the store does not decode")
	}
	return out, nil
}

// readsLikeARequest is true for mail to one of our addresses, and for what
// reads like a request wherever it was sent.
func (e *Engine) readsLikeARequest(m Suspended) bool {
	rules := e.Settings.Reading
	if slices.ContainsFunc(rules.OwnAddresses, func(own string) bool { return strings.EqualFold(own, m.Recipient) }) {
		return true
	}
	read := reading.Read(rules, reading.Ticket{
		Subject: m.Subject, Channel: "email", Messages: []reading.Message{{FromRequester: true, Public: true, Text: m.Text}},
	})
	return read.Kind != reading.Unclear
}

// arrival is when a ticket's request came: for one that was recovered from
// suspended mail, when the mail did.
func (e *Engine) arrival(ctx context.Context, ticket *Ticket) (time.Time, error) {
	if ticket.Message == "" {
		return ticket.Created, nil
	}
	lost, err := e.LostMail(ctx)
	if err != nil {
		return time.Time{}, err
	}
	for _, l := range lost {
		if l.Message == ticket.Message && l.At.Before(ticket.Created) {
			return l.At, nil
		}
	}
	return ticket.Created, nil
}
