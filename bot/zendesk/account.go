package zendesk

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// How long facts of the account are believed. What decides who can read a
// ticket is short.
const (
	readersLife  = time.Minute
	statusesLife = 10 * time.Minute
	maxKnown     = 1_000 // organizations
)

// account holds facts that hardly change.
type account struct {
	d *Desk

	me       cached[wireUser]
	private  cached[bool]
	resolved cached[int64]

	mu   sync.Mutex
	orgs map[int64]*cached[orgReaders]
}

func newAccount(d *Desk) *account { return &account{d: d, orgs: map[int64]*cached[orgReaders]{}} }

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
	return a.me.get(a.d.clock(), statusesLife, func() (wireUser, error) {
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

// privateAttachments is false also when Zendesk doesn't say.
func (a *account) privateAttachments(ctx context.Context) (bool, error) {
	return a.private.get(a.d.clock(), readersLife, func() (bool, error) {
		var answer struct {
			Settings struct {
				Tickets struct {
					Private bool `json:"private_attachments"`
				} `json:"tickets"`
			} `json:"settings"`
		}
		err := a.d.get(ctx, "read the account's settings", "/account/settings.json", &answer)
		return answer.Settings.Tickets.Private, err
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
	return a.resolved.get(a.d.clock(), statusesLife, func() (int64, error) {
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

// orgReaders says who of an organization reads its members' tickets.
type orgReaders struct {
	all      bool    // every colleague
	some     []int64 // these members
	tooLarge bool    // there are more members than can be looked at
}

// sharedWith is true if somebody of the organization other than the requester
// can read the requester's ticket.
func (r orgReaders) sharedWith(requester int64) bool {
	if r.all || r.tooLarge {
		return true
	}
	for _, id := range r.some {
		if id != requester {
			return true
		}
	}
	return false
}

// organization reads who can read an organization's tickets; nobody when
// there is no organization.
func (a *account) organization(ctx context.Context, id int64) (orgReaders, error) {
	if id == 0 {
		return orgReaders{}, nil
	}
	a.mu.Lock()
	if len(a.orgs) >= maxKnown {
		clear(a.orgs)
	}
	c := a.orgs[id]
	if c == nil {
		c = &cached[orgReaders]{}
		a.orgs[id] = c
	}
	a.mu.Unlock()
	return c.get(a.d.clock(), readersLife, func() (orgReaders, error) { return a.readOrganization(ctx, id) })
}

func (a *account) readOrganization(ctx context.Context, id int64) (orgReaders, error) {
	op := fmt.Sprintf("read organization %d", id)
	var answer struct {
		Organization struct {
			Shared bool `json:"shared_tickets"`
		} `json:"organization"`
	}
	err := a.d.get(ctx, op, fmt.Sprintf("/organizations/%d.json", id), &answer)
	if err != nil || answer.Organization.Shared {
		return orgReaders{all: true}, err
	}
	// A member may be allowed to read the organization's tickets alone.
	var r orgReaders
	members := map[int64]bool{}
	err = a.d.pages(ctx, op, fmt.Sprintf("/organizations/%d/users.json", id), maxMemberPages, func(p page) error {
		for _, u := range p.Users {
			members[u.ID] = u.Role == "end-user" && u.Active && !u.Suspended
			if members[u.ID] && u.Restriction == "organization" {
				r.some = append(r.some, u.ID)
			}
		}
		return nil
	})
	if err == nil {
		err = a.d.pages(ctx, op, fmt.Sprintf("/organizations/%d/organization_memberships.json", id), maxMemberPages, func(p page) error {
			for _, m := range p.Memberships {
				if m.ViewTickets && members[m.User] {
					r.some = append(r.some, m.User)
				}
			}
			return nil
		})
	}
	if errors.Is(err, errTooManyPages) {
		return orgReaders{tooLarge: true}, nil
	}
	return r, err
}
