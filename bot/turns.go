package bot

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// A tenant has so many places for requests that are worked at; a request holds
// one while it works and gives it up while it waits for somebody. The claims
// are the places: they are taken atomically.
const turnClaim = "turn/"

// holdsTurn is true if the request has a place.
func (c *Case) holdsTurn() bool {
	return slices.ContainsFunc(c.Claims, func(s string) bool { return strings.HasPrefix(s, turnClaim) })
}

// needsTurn is true before a request's work begins or goes on. One that has
// begun to erase never waits for others.
func (e *Engine) needsTurn(c *Case) bool {
	works := c.Phase == PhaseLocating || c.Phase == PhaseWorking
	return e.Settings.AtOncePerTenant > 0 && works && c.Begun.IsZero() && !c.holdsTurn()
}

// takeTurn takes a free place of the tenant's, or lets the request wait for
// one. It commits.
func (e *Engine) takeTurn(ctx context.Context, t *turn) (bool, error) {
	for i := range e.Settings.AtOncePerTenant {
		claim := fmt.Sprintf("%s%s/%d", turnClaim, t.c.Tenant, i)
		holder, err := e.Store.Claimed(ctx, claim)
		if err != nil {
			return false, fmt.Errorf("turn: %w", err)
		}
		if holder != "" && holder != t.c.ID {
			continue
		}
		t.change.Claim, t.c.Wait = append(t.change.Claim, claim), nil
		if err = t.commit(ctx); errors.Is(err, ErrClaimed) {
			err = ErrConflict // somebody was faster: look again
		}
		return true, err
	}
	t.wait(OnRequest, ReasonTurn, time.Time{})
	t.c.Wait.Until = t.now.Add(e.turnPause(t.now.Sub(t.c.Wait.Since)))
	return false, t.rest(ctx, t.c.Wait.Until)
}

// turnPause is when to look for a place again: the longer it was waited for,
// the more others wait, and the less often each has to look.
func (e *Engine) turnPause(waited time.Duration) time.Duration {
	return min(max(waited/4, e.Settings.Backoff), e.Settings.MaxBackoff)
}

// yieldTurn gives the place up when the request begins to wait for somebody.
func (t *turn) yieldTurn(on WaitOn) {
	if on == OnSystem || on == OnVendor || !t.c.Begun.IsZero() {
		return
	}
	for _, claim := range t.c.Claims {
		if strings.HasPrefix(claim, turnClaim) {
			t.change.Release = append(t.change.Release, claim)
		}
	}
}

// queueing owes the requester a word when a request has waited for its turn
// for an hour.
func (e *Engine) queueing(c *Case, _ time.Time) []duty {
	if !c.open() || c.Wait == nil || c.Wait.Reason != ReasonTurn {
		return nil
	}
	return []duty{{name: c.once("turn"), at: c.Wait.Since.Add(time.Hour), do: func(_ context.Context, t *turn) error {
		t.owe(Say{Message: "queued", Public: true})
		return nil
	}}}
}

// mayAnswer counts a public answer before it is given, and holds a request
// whose requester was given as many as one may get in an hour: two programs
// that answer each other would go on for ever. The requester is told nothing of
// it.
func (e *Engine) mayAnswer(ctx context.Context, t *turn, say Say, ticket *Ticket) (held bool, err error) {
	most := e.Settings.AnswersPerHour
	if !say.Public || most <= 0 || t.c.Answering == say.Step || t.cleared(ReasonAnswers) {
		return false, nil
	}
	t.c.Answering = say.Step
	t.change.Caps = append(t.change.Caps, Cap{
		Key:   fmt.Sprintf("answers/%d/%d", ticket.Requester.ID, t.now.Unix()/int64(time.Hour.Seconds())),
		Limit: int64(most), Keep: 2 * time.Hour,
	})
	if err := t.commit(ctx); !errors.Is(err, ErrCapped) {
		return true, err
	}
	fresh, err := e.load(ctx, t.c.ID, t.step)
	if err != nil {
		return true, err
	}
	fresh.hold(ReasonAnswers)
	fresh.note("note_held", map[string]string{"reason": string(ReasonAnswers)})
	return true, fresh.commit(ctx)
}
