package zendesk

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// accountLife is how long facts of the account are believed. Who can read a
// ticket is none of them.
const accountLife = 10 * time.Minute

// account holds facts that hardly change.
type account struct {
	d *Desk

	me       cached[wireUser]
	resolved cached[int64]
	fields   cached[map[int64]wireFieldKind]

	mu    sync.Mutex
	forms map[int64]*cached[[]int64]
}

func newAccount(d *Desk) *account {
	return &account{d: d, forms: map[int64]*cached[[]int64]{}}
}

// cached is a value that is loaded again when its life is over. Two who find
// it old at once both load it.
type cached[T any] struct {
	mu    sync.Mutex
	value T
	until time.Time
}

func (c *cached[T]) get(now time.Time, life time.Duration, load func() (T, error)) (T, error) {
	c.mu.Lock()
	value, until := c.value, c.until
	c.mu.Unlock()
	if now.Before(until) {
		return value, nil
	}
	value, err := load()
	if err != nil {
		return value, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.value, c.until = value, now.Add(life)
	return value, nil
}

// self is the user whom the credentials act as. It lasts as long as they do,
// but its role may change.
func (a *account) self(ctx context.Context) (wireUser, error) {
	return a.me.get(a.d.clock(), accountLife, func() (wireUser, error) {
		var answer struct {
			User wireUser `json:"user"`
		}
		err := a.d.get(ctx, "read the bot's own user", "/users/me.json", &answer)
		if err == nil && (answer.User.ID <= 0 || answer.User.Role == "end-user") {
			// Zendesk answers a call without valid credentials as an anonymous end user.
			err = errors.New("read the bot's own user: Zendesk doesn't know the credentials as an agent's; check zendesk.oauth")
		}
		return answer.User, err
	})
}

type wireStatus struct {
	ID       int64  `json:"id"`
	Category string `json:"status_category"`
	Agent    text   `json:"agent_label"`
	EndUser  text   `json:"end_user_label"`
	Active   bool   `json:"active"`
}

// resolvedStatus is the id of the custom status that finished tickets get; 0
// when the account has none.
func (a *account) resolvedStatus(ctx context.Context) (int64, error) {
	return a.resolved.get(a.d.clock(), accountLife, func() (int64, error) {
		var answer struct {
			Statuses []wireStatus `json:"custom_statuses"`
		}
		err := a.d.get(ctx, "read the custom statuses", "/custom_statuses.json?status_categories=solved&active=true", &answer)
		if s := status(err); s == http.StatusNotFound || s == http.StatusForbidden {
			return 0, nil // the plan has no custom statuses
		}
		if err != nil {
			return 0, err
		}
		return pickStatus(answer.Statuses, a.d.o.ResolvedStatus), nil
	})
}

// pickStatus finds the status by id or label; what agents read goes first.
func pickStatus(all []wireStatus, want string) int64 {
	id, isID := int64(0), false
	if n, err := strconv.ParseInt(want, 10, 64); err == nil {
		id, isID = n, true
	}
	for _, label := range []func(wireStatus) text{
		func(s wireStatus) text { return s.Agent },
		func(s wireStatus) text { return s.EndUser },
	} {
		for _, s := range all {
			if !s.Active || s.Category != "solved" {
				continue
			}
			if isID && s.ID == id || !isID && strings.EqualFold(strings.TrimSpace(string(label(s))), want) {
				return s.ID
			}
		}
	}
	return 0
}
