package zendesk

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"privacydesk/bot"
)

// againCursor names the place of the look at what an earlier generation of the
// rules of intake may have passed over: "generation cursor", or "generation"
// once it is through.
const againCursor = "zendesk/again"

// againPages bounds how many pages one call reads: the export is shared with
// the poll.
const againPages = 5

// Again looks once more at all open tickets that changed since Since and have no
// request, when the rules of intake have a new generation: an earlier one, or a
// replica that still had it, may have dropped them. It goes on where it stood,
// a few pages at a time.
func (p Poller) Again(ctx context.Context) error {
	generation, newest, err := p.Generation(ctx)
	if err != nil || !newest {
		return err // a replica with the newest rules does it
	}
	stored, err := p.Store.Cursor(ctx, againCursor)
	if err != nil {
		return fmt.Errorf("look again: %w", err)
	}
	at, cursor, going := strings.Cut(stored, " ")
	switch done, _ := strconv.ParseInt(at, 10, 64); {
	case stored == "" && generation == 1: // nobody passed anything over
		return p.again(ctx, generation, "", false)
	case done != generation:
		cursor = ""
	case !going:
		return nil
	}
	for range againPages {
		page, err := p.Desk.Changes(ctx, cursor, p.Since)
		if errors.Is(err, ErrCursor) {
			return p.again(ctx, generation, "", true)
		}
		if err != nil {
			return fmt.Errorf("look again: %w", err)
		}
		if err := p.hintUnknown(ctx, page.Open); err != nil {
			return err
		}
		cursor = page.Next
		if err := p.again(ctx, generation, cursor, !page.End); err != nil || page.End {
			return err
		}
	}
	return nil
}

// again keeps the place.
func (p Poller) again(ctx context.Context, generation int64, cursor string, going bool) error {
	text := strconv.FormatInt(generation, 10)
	if going {
		text += " " + cursor
	}
	if err := p.Store.SetCursor(ctx, againCursor, text); err != nil {
		return fmt.Errorf("look again: %w", err)
	}
	return nil
}

func (p Poller) hintUnknown(ctx context.Context, tickets []int64) error {
	var ids []string
	for _, ticket := range tickets {
		ids = append(ids, bot.IDOfTicket(ticket))
	}
	known, err := p.Store.Known(ctx, ids)
	if err != nil {
		return fmt.Errorf("look again: %w", err)
	}
	var fresh []string
	for _, id := range ids {
		if !known[id] {
			fresh = append(fresh, id)
		}
	}
	if len(fresh) == 0 {
		return nil
	}
	if _, err := p.Store.Hint(ctx, fresh, "", 0); err != nil {
		return fmt.Errorf("look again: %w", err)
	}
	return nil
}
