package zendesk

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"privacydesk/bot"
)

// Glance reads up to 100 tickets in one call. Zendesk leaves out who is gone.
func (d *Desk) Glance(ctx context.Context, ids []int64) ([]bot.Glimpse, error) {
	const op = "look at new tickets"
	if len(ids) == 0 {
		return nil, nil
	}
	if len(ids) > bot.GlanceMost {
		return nil, fmt.Errorf("%s: %d at once, and %d are the most", op, len(ids), bot.GlanceMost)
	}
	list := make([]string, len(ids))
	for i, id := range ids {
		list[i] = strconv.FormatInt(id, 10)
	}
	var answer struct {
		Tickets []wireTicket `json:"tickets"`
	}
	if err := d.get(ctx, op, "/tickets/show_many.json?ids="+strings.Join(list, ","), &answer); err != nil {
		return nil, forSide(err)
	}
	var out []bot.Glimpse
	for _, t := range answer.Tickets {
		if t.Status == "deleted" {
			continue
		}
		if t.ID <= 0 || t.Requester == 0 {
			return nil, fmt.Errorf("%s: %w", op, errShape)
		}
		out = append(out, bot.Glimpse{
			ID: t.ID, Created: t.Created, Status: t.Status, FormID: int64(t.Form), Tags: t.Tags,
			Requester: t.Requester, Organization: int64(t.Organization), FollowupOf: t.followupOf(),
		})
	}
	return out, nil
}
