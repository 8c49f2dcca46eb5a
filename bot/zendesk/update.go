package zendesk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"privacydesk/bot"
)

// maxComment bounds a comment, in bytes. Zendesk keeps 64 kB of one, its own
// frame round the text included, and cuts longer ones silently [docs, limits].
const maxComment = 64_000

// The names by which bot calls our own ticket fields.
const (
	fieldReference = "reference"
	fieldDue       = "due"
	fieldProgress  = "progress"
)

type wireUpdate struct {
	Ticket updateBody `json:"ticket"`
}

type updateBody struct {
	Comment      *commentBody      `json:"comment,omitempty"`
	Status       bot.Status        `json:"status,omitempty"`
	CustomStatus int64             `json:"custom_status_id,omitempty"`
	Tags         *[]string         `json:"tags,omitempty"` // all of them
	Fields       []fieldBody       `json:"custom_fields,omitempty"`
	Subject      string            `json:"subject,omitempty"`
	Assignee     int64             `json:"assignee_id,omitempty"`
	Group        int64             `json:"group_id,omitempty"`
	SafeUpdate   bool              `json:"safe_update"`
	Stamp        string            `json:"updated_stamp"`
	Metadata     map[string]marker `json:"metadata"` // becomes the audit's metadata.custom
}

type commentBody struct {
	HTML    string   `json:"html_body"`
	Public  bool     `json:"public"`
	Uploads []string `json:"uploads,omitempty"`
}

type fieldBody struct {
	ID    int64 `json:"id"`
	Value any   `json:"value"` // null clears
}

// Update writes one step in one call, under the stamp of the read that looked
// for its mark. Attachments are uploaded right before; of an update that was
// surely refused they are taken back at once, else they expire after 60
// minutes, since a write that lands late still needs them.
//
// It returns ErrStale, ErrClosed, ErrUnknown, ErrUnavailable or ErrNotFound of
// bot as the contract says; an *IncompleteError; ErrTooLong; or an *APIError for anything else that
// Zendesk refuses. Nothing was written unless the error is ErrUnknown.
func (d *Desk) Update(ctx context.Context, u bot.Update) error {
	op := fmt.Sprintf("update ticket %d", u.Ticket)
	body, err := d.body(ctx, u)
	if err != nil {
		return fmt.Errorf("%s: %w", op, err)
	}
	if err := d.mayUpdate(ctx, u.Ticket); err != nil {
		return fmt.Errorf("%s: %w", op, because(bot.ErrUnavailable, err))
	}
	token, err := d.upload(ctx, op, u.Attachments)
	if err != nil {
		return err
	}
	if token != "" {
		body.Comment.Uploads = []string{token}
	}
	if u.Confirm != nil {
		err = u.Confirm(ctx)
	}
	if err == nil {
		err = d.put(ctx, op, u.Ticket, body)
		if u.Status == bot.StatusSolved {
			err = d.incomplete(ctx, err)
		}
	}
	if err != nil && token != "" && !errors.Is(err, bot.ErrUnknown) {
		d.takeBack(ctx, token)
	}
	return err
}

// Room looks at the bound of the ticket's updates; it makes no call.
func (d *Desk) Room(ctx context.Context, ticket int64, updates int) time.Duration {
	return d.budget.room(ctx, d.clock(), ticket, updates, d == d.later)
}

// mayUpdate waits until the ticket's and the account's bounds of updates allow
// one more. What can wait does so as soon as half of either is used up.
func (d *Desk) mayUpdate(ctx context.Context, ticket int64) error {
	waited := time.Duration(0)
	for {
		wait := d.budget.update(ctx, d.clock(), ticket, d == d.later)
		switch waited += wait; {
		case wait <= 0:
			return nil
		case waited > d.o.MaxWait:
			return fmt.Errorf("%w: updates are used up for %s", errUnsent, wait.Round(time.Second))
		}
		if err := d.sleep(ctx, wait); err != nil {
			return fmt.Errorf("%w: %w", errUnsent, err)
		}
	}
}

func (d *Desk) put(ctx context.Context, op string, ticket int64, body updateBody) error {
	raw, err := d.client.Put(ctx, fmt.Sprintf("/tickets/%d.json", ticket), wireUpdate{body})
	if err != nil {
		err = forWrite(failed(op, err))
		if status(err) == http.StatusUnprocessableEntity && !errors.Is(err, bot.ErrClosed) && d.isClosed(ctx, ticket) {
			err = because(bot.ErrClosed, err)
		}
		return forOneTicket(err)
	}
	var answer struct {
		Ticket struct {
			ID int64 `json:"id"`
		} `json:"ticket"`
	}
	if json.Unmarshal(raw, &answer) != nil || answer.Ticket.ID != ticket {
		return fmt.Errorf("%s: %w", op, because(bot.ErrUnknown, errUnreadable))
	}
	return nil
}

// isClosed asks the ticket itself: the words of a 422 are in the account's
// language.
func (d *Desk) isClosed(ctx context.Context, ticket int64) bool {
	var answer struct {
		Ticket wireTicket `json:"ticket"`
	}
	err := d.get(ctx, "read ticket", fmt.Sprintf("/tickets/%d.json", ticket), &answer)
	return err == nil && answer.Ticket.Status == bot.StatusClosed
}

// body says all of the step, so that one update does it.
func (d *Desk) body(ctx context.Context, u bot.Update) (updateBody, error) {
	at, err := parseStamp(u.Stamp)
	if err != nil {
		return updateBody{}, err
	}
	if u.Mark.Request == "" || u.Mark.Step == "" {
		return updateBody{}, errors.New("the update bears no mark: it could not be told apart from one that was lost")
	}
	b := updateBody{
		Status: u.Status, Tags: at.tagged(u.AddTags, u.RemoveTags), Subject: u.Subject,
		SafeUpdate: true, Stamp: at.at.Format(time.RFC3339),
		Metadata: map[string]marker{markerKey: {Request: u.Mark.Request, Step: u.Mark.Step, MAC: u.Mark.MAC}},
	}
	if b.Comment, err = comment(u); err != nil {
		return updateBody{}, err
	}
	if b.Fields, err = d.fields(u.Fields); err != nil {
		return updateBody{}, err
	}
	for _, id := range u.Clear {
		b.Fields = append(b.Fields, fieldBody{ID: id})
	}
	if u.Status == bot.StatusSolved {
		err = d.solve(ctx, u.Ticket, at, &b)
	}
	return b, err
}

func comment(u bot.Update) (*commentBody, error) {
	html := inert(u.HTML)
	switch {
	case strings.TrimSpace(html) == "" && len(u.Attachments) > 0:
		return nil, errors.New("attachments need a comment to be on, and there is none")
	case strings.TrimSpace(html) == "":
		return nil, nil //nolint:nilnil // no text is no comment
	case len(html) > maxComment:
		return nil, fmt.Errorf("%w: %d bytes of %d; shorten the message", ErrTooLong, len(html), maxComment)
	}
	return &commentBody{HTML: html, Public: u.Public}, nil
}

// fields maps our names to the configured ids. A field that the account does
// not show is left out.
func (d *Desk) fields(named map[string]string) ([]fieldBody, error) {
	ids := map[string]int64{fieldReference: d.o.ReferenceField, fieldDue: d.o.DueField, fieldProgress: d.o.ProgressField}
	var out []fieldBody
	for name, value := range named {
		id, known := ids[name]
		if !known {
			return nil, fmt.Errorf("there is no ticket field of ours named %q; reference, due and progress are", name)
		}
		if id == 0 {
			continue
		}
		f := fieldBody{ID: id}
		if value != "" {
			f.Value = value
		}
		out = append(out, f)
	}
	slices.SortFunc(out, func(a, b fieldBody) int { return int(min(1, max(-1, a.ID-b.ID))) })
	return out, nil
}
