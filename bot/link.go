package bot

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"privacydesk/bot/reading"
	"privacydesk/connectors"
)

// Link is how a consumer proves that an address is theirs. Its token is 256
// bits that only the request's key gives; the record holds a hash of them, bound
// to the request, its generation and the address.
type Link struct {
	Nonce   string    `json:"nonce"` // with the key: the token
	Hash    string    `json:"hash"`  // of the token; empty once it was followed
	Subject Pseudonym `json:"subject"`
	// Kind is what its page asks about; it confirms nothing else. Empty in
	// records of versions that did not note it.
	Kind  Kind      `json:"kind,omitempty"`
	Until time.Time `json:"until"`
	// Followed is when somebody confirmed by it.
	Followed time.Time `json:"followed,omitzero"`
}

// ErrNoLink says that a link does not exist, was followed, was replaced by
// another or has expired.
var ErrNoLink error = connectors.Said("the link is not valid")

// askByLink asks a consumer to prove their address. The link goes to the
// ticket's requester, whose address it is, and only if nobody else reads it.
func (e *Engine) askByLink(ctx context.Context, t *turn, ticket *Ticket, res reading.Result, tenant string) (bool, error) {
	c := t.c
	if readers, err := e.readersOf(ctx, t, ticket); err != nil {
		return false, err
	} else if len(readers) > 0 {
		return e.holdOver(ctx, t, ReasonReaders)
	}
	if c.Asked >= e.Settings.MaxAsked {
		return e.holdOver(ctx, t, ReasonConfirmLink)
	}
	p, err := e.Keys.Pseudonym(ctx, tenant, res.Subject)
	if err != nil {
		return false, fmt.Errorf("pseudonym: %w", err)
	}
	c.Kind = consumerKind(res)
	c.Link = &Link{Nonce: rand.Text(), Subject: p, Kind: c.Kind, Until: t.now.Add(e.Settings.Controller.LinkTTL)}
	token, err := e.linkToken(ctx, c)
	if err != nil {
		return false, err
	}
	c.Link.Hash = linkHash(c, token)
	c.Asked++
	c.Wait, c.Owed = nil, withoutLinks(c.Owed)
	t.wait(OnRequester, ReasonConfirmLink, time.Time{})
	t.owe(Say{Message: "question_" + string(ReasonConfirmLink), Public: true, Status: StatusPending, Link: true})
	day := t.now.In(e.Settings.Location).Format(time.DateOnly)
	t.change.Caps = append(t.change.Caps, Cap{Key: "links/" + p.MAC + "/" + day, Limit: e.Settings.Controller.PerDay, Keep: 72 * time.Hour})
	err = t.commit(ctx)
	if !errors.Is(err, ErrCapped) {
		return true, err
	}
	t.change.Caps, c.Link, c.Owed = nil, nil, withoutLinks(c.Owed)
	return e.holdOver(ctx, t, ReasonManyLinks)
}

// consumerKind is what a consumer wants of us.
func consumerKind(res reading.Result) Kind {
	if res.Kind == reading.Direct {
		return Kind(res.Wanted)
	}
	return Kind(res.Kind)
}

// confirmed is true once somebody followed the link to a page that asked about
// this kind: what was written meanwhile is asked about by another.
func (l *Link) confirmed(kind Kind) bool {
	return l != nil && !l.Followed.IsZero() && (l.Kind == "" || l.Kind == kind)
}

func withoutLinks(owed []Say) []Say {
	var out []Say
	for _, s := range owed {
		if !s.Link {
			out = append(out, s)
		}
	}
	return out
}

// linkToken is what the link ends in: the request and 256 bits.
func (e *Engine) linkToken(ctx context.Context, c *Case) (string, error) {
	bits, err := e.Keys.Derive(ctx, c.ID, "link/"+c.Link.Nonce)
	if err != nil {
		return "", fmt.Errorf("derive: %w", err)
	}
	return c.ID + "." + base64.RawURLEncoding.EncodeToString(bits), nil
}

func linkHash(c *Case, token string) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "link\n%s\n%s\n%d\n%s\n%s", c.ID, c.Epoch, len(c.Past), c.Link.Subject.MAC, token))
	return hex.EncodeToString(sum[:])
}

// link is the whole link.
func (e *Engine) link(ctx context.Context, c *Case) (string, error) {
	if c.Link == nil {
		return "", fmt.Errorf("request %s has no link", c.ID)
	}
	token, err := e.linkToken(ctx, c)
	return strings.TrimRight(e.Settings.Controller.BaseURL, "/") + "/confirm/" + token, err
}

// linkAstray is true if the address that a link is to prove is no longer the
// requester's.
func (e *Engine) linkAstray(ctx context.Context, t *turn, ticket *Ticket) (bool, error) {
	if t.c.Link == nil || t.c.Phase != PhaseReading {
		return false, nil
	}
	own, err := reading.Normalise(ticket.Requester.Email)
	if err != nil {
		return true, nil //nolint:nilerr // an address that is none is not theirs
	}
	p, err := e.Keys.Pseudonym(ctx, e.Settings.Controller.Tenant, own)
	if err != nil {
		return false, fmt.Errorf("pseudonym: %w", err)
	}
	return p != t.c.Link.Subject, nil
}

// linked finds the request that waits for a link to be followed. Returns
// ErrNoLink for any that is not valid, for whatever reason.
func (e *Engine) linked(ctx context.Context, token, step string) (*turn, error) {
	id, _, found := strings.Cut(token, ".")
	if !found || TicketOfID(id) == 0 || IDOfTicket(TicketOfID(id)) != id || e.Settings.Controller.Tenant == "" {
		return nil, ErrNoLink
	}
	t, err := e.load(ctx, id, step)
	if errors.Is(err, ErrNotFound) {
		return nil, ErrNoLink
	}
	if err != nil {
		return nil, err
	}
	c := t.c
	if c.Link == nil || c.Link.Hash == "" || c.Phase != PhaseReading || c.Wait == nil || c.Wait.Reason != ReasonConfirmLink || !t.now.Before(c.Link.Until) ||
		subtle.ConstantTimeCompare([]byte(linkHash(c, token)), []byte(c.Link.Hash)) != 1 {
		return nil, ErrNoLink
	}
	return t, nil
}

// LinkPage is what the person who opens a link reads: nothing is changed, since
// programs open links, too. Returns ErrNoLink.
func (e *Engine) LinkPage(ctx context.Context, token string) (string, error) {
	t, err := e.linked(ctx, token, "")
	if err != nil {
		return "", err
	}
	return e.Messages.Render(t.c.Locale, "page_confirm_"+string(t.c.Kind), map[string]string{"request": t.c.ID})
}

// FollowLink takes the word of the person who followed a link, once, and returns
// what they read then. Returns ErrNoLink, or ErrBusy: then it may be tried again.
func (e *Engine) FollowLink(ctx context.Context, token string) (string, error) {
	if _, err := e.linked(ctx, token, ""); err != nil { // nobody else takes the lease
		return "", err
	}
	id, _, _ := strings.Cut(token, ".")
	lease, now := newToken(), e.Clock()
	if err := e.Store.Acquire(ctx, id, "", lease, now, now.Add(e.Settings.StepLease)); err != nil {
		if errors.Is(err, ErrConflict) {
			return "", fmt.Errorf("request %s: %w", id, ErrBusy)
		}
		return "", fmt.Errorf("link of %s: %w", id, err)
	}
	defer e.release(ctx, id, "", lease)
	t, err := e.linked(ctx, token, lease)
	if err != nil {
		return "", err
	}
	followed := *t.c.Link
	followed.Hash, followed.Followed = "", t.now
	t.c.Link, t.c.Wait, t.c.Owed = &followed, nil, withoutLinks(t.c.Owed)
	t.event("link_followed", nil)
	if err := t.commit(ctx); err != nil {
		return "", fmt.Errorf("link of %s: %w", id, err)
	}
	page, err := e.Messages.Render(t.c.Locale, "page_confirmed", map[string]string{"request": id})
	return page, errors.Join(err, e.Queue.Step(ctx, id, "link-"+lease))
}

// NoLinkPage is what is read at a link that is not valid.
func (e *Engine) NoLinkPage() (string, error) {
	return e.Messages.Render("", "page_no_link", nil)
}
