package zendesk

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"privacydesk/bot"
)

// exportAge is how old an export's start must at least be: Zendesk asks for
// more than a minute, and clocks differ.
const exportAge = 2 * time.Minute

// exportPage is how many tickets one page has at most; Zendesk allows 1,000.
const exportPage = 500

// Changes reads one page of the cursor-based incremental export. Deleted
// tickets are in it, because a deletion is something to notice; the last
// minute is not. Returns ErrCursor when Zendesk refuses the cursor.
func (d *Desk) Changes(ctx context.Context, cursor string, since time.Time) (bot.ChangePage, error) {
	const op = "read the changed tickets"
	query := url.Values{"per_page": {strconv.Itoa(exportPage)}}
	if cursor != "" {
		query.Set("cursor", cursor)
	} else {
		start := since
		if latest := d.clock().Add(-exportAge); start.After(latest) {
			start = latest
		}
		query.Set("start_time", strconv.FormatInt(max(0, start.Unix()), 10))
	}
	var answer struct {
		Tickets []struct {
			ID     int64      `json:"id"`
			Status bot.Status `json:"status"`
		} `json:"tickets"`
		After text `json:"after_cursor"`
		End   bool `json:"end_of_stream"`
	}
	err := d.get(ctx, op, "/incremental/tickets/cursor.json?"+query.Encode(), &answer)
	if s := status(err); cursor != "" && (s == http.StatusBadRequest || s == http.StatusNotFound || s == http.StatusGone || s == http.StatusUnprocessableEntity) {
		return bot.ChangePage{}, fmt.Errorf("%w: %w", ErrCursor, err)
	}
	if err != nil {
		return bot.ChangePage{}, forSide(err)
	}
	page := bot.ChangePage{Next: string(answer.After), End: answer.End}
	if page.Next == "" {
		page.Next = cursor // an empty account's export has nothing to go on from
	}
	if !page.End && page.Next == cursor {
		return bot.ChangePage{}, fmt.Errorf("%s: %w", op, because(bot.ErrUnavailable, errShape))
	}
	for _, t := range answer.Tickets {
		if t.ID <= 0 {
			return bot.ChangePage{}, fmt.Errorf("%s: %w", op, because(bot.ErrUnavailable, errShape))
		}
		page.Tickets = append(page.Tickets, t.ID)
		if t.Status != bot.StatusSolved && t.Status != bot.StatusClosed {
			page.Open = append(page.Open, t.ID)
		}
	}
	return page, nil
}
