package bot

import (
	"cmp"
	"context"
	"time"
)

// A rule of the desk's that takes back what we set, so often within an hour,
// is not argued with.
const (
	fightRounds = 3
	fightWithin = time.Hour
)

// fought holds a request whose ticket a rule fights over, and names the rule
// to the agents. One that solved the ticket again after that was undone is
// known sooner.
func (e *Engine) fought(ctx context.Context, t *turn, ticket *Ticket) (bool, error) {
	if !t.c.open() || t.c.Wait.lost() {
		return false, nil
	}
	rounds, rule := 0, ""
	for _, u := range ticket.Undone {
		if t.now.Sub(u.At) <= fightWithin {
			rounds++
			rule = cmp.Or(u.Rule, rule)
		}
	}
	_, argued := t.c.Did[t.c.once("undone")]
	if rounds < fightRounds && (rounds < fightRounds-1 || !argued || !e.solvedTooEarly(t, ticket)) {
		return false, nil
	}
	if w := t.c.Wait; w != nil && w.Reason == ReasonTriggerFight || !t.hold(ReasonTriggerFight) || t.c.Wait.Reason != ReasonTriggerFight {
		return false, nil
	}
	t.took = true
	t.note("note_fight", map[string]string{"reason": string(ReasonTriggerFight), "rule": rule})
	return true, t.commit(ctx)
}
