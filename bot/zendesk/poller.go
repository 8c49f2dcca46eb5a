package zendesk

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"privacydesk/bot"
)

// pollCursor names the stored cursor.
const pollCursor = "zendesk/changes"

// pollOverlap is how far back polling begins again when a cursor was refused.
// The end of the stream is not the present: the export may be an hour behind
// when Zendesk is busy. A hint too many does no harm.
const pollOverlap = 2 * time.Hour

// pollLost is how much further it begins before the place that was kept beside
// the keys: the store that lost its own lost hints, too, at tickets that waited
// for their first look.
const pollLost = 7 * 24 * time.Hour

// PollStore is what polling needs of a bot.Store.
type PollStore interface {
	Hint(ctx context.Context, ids []string, once string, keep time.Duration) (bool, error)
	Known(ctx context.Context, ids []string) (map[string]bool, error)
	Cursor(ctx context.Context, name string) (string, error)
	SetCursor(ctx context.Context, name, value string) error
}

// Poller turns changed tickets into hints. It repairs what webhooks lose, and
// does all the work where there is none. One at a time is enough; two do no
// harm.
type Poller struct {
	Desk  bot.Desk
	Store PollStore
	Clock func() time.Time
	Since time.Time // tickets that did not change since are not looked at
	// Stable also keeps the place, so that a store that lost it, or was set back,
	// makes nobody begin at Since; nil for nowhere.
	Stable bot.Stable
	// Generation is the newest one of the rules of intake, and whether this
	// process goes by it; for Again.
	Generation func(context.Context) (generation int64, newest bool, err error)
	// AtHome fails while the store may not be this installation's: nothing is
	// polled then. nil: it always is.
	AtHome func(context.Context) error
}

// The note of the place on stable storage.
const (
	pollGroup = "cursors"
	pollNote  = "zendesk.changes"
)

// place is where the last poll ended: as the store has it, else as it was kept
// beside the keys.
func (p Poller) place(ctx context.Context) (string, error) {
	if p.AtHome != nil {
		if err := p.AtHome(ctx); err != nil {
			return "", err
		}
	}
	stored, err := p.Store.Cursor(ctx, pollCursor)
	if err != nil || stored != "" || p.Stable == nil {
		return stored, err
	}
	kept, err := p.Stable.Note(ctx, pollGroup, pollNote)
	if err != nil || kept == nil {
		return "", err
	}
	_, whole := splitCursor(string(kept))
	if whole.IsZero() {
		return "", nil
	}
	return whole.Add(-pollLost).UTC().Format(time.RFC3339) + " ", nil
}

// Poll reads on from where the last poll ended, and returns the number of
// tickets that it hinted. The cursor moves only after its page's hints are
// durable, so an interrupted poll repeats a page and loses none.
func (p Poller) Poll(ctx context.Context) (int, error) {
	stored, err := p.place(ctx)
	if err != nil {
		return 0, fmt.Errorf("poll: %w", err)
	}
	cursor, last := splitCursor(stored)
	hinted := 0
	restarted := false
	for {
		started := p.Clock()
		page, err := p.Desk.Changes(ctx, cursor, p.from(last))
		if errors.Is(err, ErrCursor) && !restarted {
			cursor, restarted = "", true
			continue
		}
		if err != nil {
			return hinted, fmt.Errorf("poll: %w", err)
		}
		if err := p.keep(ctx, page, started); err != nil {
			return hinted, err
		}
		hinted += len(page.Tickets)
		if page.End {
			return hinted, nil
		}
		cursor = page.Next
	}
}

func (p Poller) keep(ctx context.Context, page bot.ChangePage, started time.Time) error {
	ids := make([]string, len(page.Tickets))
	for i, id := range page.Tickets {
		ids[i] = bot.IDOfTicket(id)
	}
	if len(ids) > 0 {
		if _, err := p.Store.Hint(ctx, ids, "", 0); err != nil {
			return fmt.Errorf("poll: %w", err)
		}
	}
	if !page.End {
		started = time.Time{} // in the middle of a stream, the time of the last whole one still counts
	}
	return p.move(ctx, page.Next, started)
}

// move stores the cursor; with it the time up to which all was read, by which
// polling goes on if the cursor is refused.
func (p Poller) move(ctx context.Context, cursor string, whole time.Time) error {
	if whole.IsZero() {
		stored, err := p.place(ctx)
		if err != nil {
			return fmt.Errorf("poll: %w", err)
		}
		_, whole = splitCursor(stored)
	}
	text := cursor
	if !whole.IsZero() {
		text = whole.UTC().Format(time.RFC3339) + " " + cursor
	}
	if err := p.Store.SetCursor(ctx, pollCursor, text); err != nil {
		return fmt.Errorf("poll: %w", err)
	}
	if p.Stable != nil { // after the page's hints, and never ahead of the store
		if err := p.Stable.Keep(ctx, pollGroup, pollNote, []byte(text)); err != nil {
			return fmt.Errorf("poll: %w", err)
		}
	}
	return nil
}

func splitCursor(stored string) (cursor string, whole time.Time) {
	at, rest, found := strings.Cut(stored, " ")
	if t, err := time.Parse(time.RFC3339, at); found && err == nil {
		return rest, t
	}
	return stored, time.Time{}
}

func (p Poller) from(last time.Time) time.Time {
	if from := last.Add(-pollOverlap); !last.IsZero() && from.After(p.Since) {
		return from
	}
	return p.Since
}
