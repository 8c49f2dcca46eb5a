package bot

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"privacydesk/bot/reading"
)

// answeredFact is under what it is noted when a subject's request of a kind
// was last answered; knownFact, when a tenant's was first approved or answered.
func answeredFact(c *Case) string {
	return fmt.Sprintf("answered/%s/%s/%s/%s", c.Kind, c.Pseudonym.Key, c.Pseudonym.MAC, c.Tenant)
}

func knownFact(tenant string) string { return "known/" + tenant }

// noteAnswer notes what later requests are to know of one that was answered.
func (t *turn) noteAnswer() {
	if t.c.Tenant == "" || t.c.Resolution != Resolved && t.c.Resolution != PartlyExecuted || t.c.Reason == ReasonStateLost {
		return
	}
	t.change.Facts = append(t.change.Facts, Fact{Key: answeredFact(t.c), At: t.now}, Fact{Key: knownFact(t.c.Tenant), At: t.now})
}

// receiptVars are what the receipt tells of the work that begins: what is
// searched, what is not erased, and when the same was last answered.
func (e *Engine) receiptVars(ctx context.Context, c *Case, now time.Time) (map[string]string, error) {
	var err error
	if c.Integrations, err = e.integrations(ctx, c.Tenant); err != nil {
		return nil, err
	}
	vars := map[string]string{"systems": e.systemNames(c), "integrations": strings.Join(c.Integrations, "\n")}
	if wait := e.Settings.Deletes.WaitingPeriod; c.Kind == KindDelete && wait >= time.Minute {
		vars["until"] = now.Add(wait).In(e.Settings.Location).Format("2006-01-02 15:04 MST")
	}
	last, err := e.fact(ctx, answeredFact(c))
	if err != nil {
		return nil, err
	}
	if last.By != "" && now.Before(last.At.AddDate(0, 0, e.Settings.RepeatDays)) {
		vars["answered"] = last.At.In(e.Settings.Location).Format(time.DateOnly)
		vars["earlier"] = fmt.Sprint(TicketOfID(last.By))
	}
	return vars, nil
}

// integrations are the tenant's, and no other's.
func (e *Engine) integrations(ctx context.Context, tenant string) ([]string, error) {
	out := slices.Concat(e.Settings.Integrations, e.Settings.TenantIntegrations[tenant])
	if d, knows := e.Directory.(Integrations); knows {
		more, err := d.Integrations(ctx, tenant)
		if err != nil {
			return nil, fmt.Errorf("integrations: %w", err)
		}
		out = append(out, more...)
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

// reference is the customer's own, as the form has it.
func (e *Engine) reference(ticket *Ticket) string {
	return reading.Reference(ticket.Fields[e.Settings.ReferenceField])
}
