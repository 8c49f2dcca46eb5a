package zendesk

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// Bounds of what is read of one ticket or organization, in pages of 100. A
// ticket has at most 5,000 comments [docs, limits].
const (
	pageSize        = 100
	maxCommentPages = 60
	maxAuditPages   = 150
	maxMemberPages  = 10
)

var errTooManyPages = errors.New("there is more than can be read")

// page is one page of any list that is read by cursor.
type page struct {
	Comments    []wireComment    `json:"comments"`
	Audits      []wireAudit      `json:"audits"`
	Users       []wireUser       `json:"users"`
	Identities  []wireIdentity   `json:"identities"`
	Memberships []wireMembership `json:"organization_memberships"`
	Fields      []wireFieldKind  `json:"ticket_fields"`
	NextPage    text             `json:"next_page"`
	Meta        *pageMeta        `json:"meta"`
}

type pageMeta struct {
	HasMore bool `json:"has_more"`
	After   text `json:"after_cursor"`
}

type wireIdentity struct {
	Type     string `json:"type"`
	Value    text   `json:"value"`
	Verified bool   `json:"verified"`
}

type wireMembership struct {
	User         int64 `json:"user_id"`
	Organization int64 `json:"organization_id"`
	ViewTickets  bool  `json:"view_tickets"`
}

// pages reads a list from its beginning to its end, or fails: half a list
// would be a wrong answer.
func (d *Desk) pages(ctx context.Context, op, path string, limit int, take func(page) error) error {
	cursor, sep := "", "?"
	if strings.Contains(path, "?") {
		sep = "&"
	}
	for range limit {
		query := url.Values{"page[size]": {fmt.Sprint(pageSize)}}
		if cursor != "" {
			query.Set("page[after]", cursor)
		}
		var p page
		if err := d.get(ctx, op, path+sep+query.Encode(), &p); err != nil {
			return err
		}
		if err := take(p); err != nil {
			return err
		}
		switch {
		case p.Meta == nil && p.NextPage != "", p.Meta != nil && p.Meta.HasMore && (p.Meta.After == "" || string(p.Meta.After) == cursor):
			return fmt.Errorf("%s: %w", op, errUnreadable)
		case p.Meta == nil, !p.Meta.HasMore:
			return nil
		}
		cursor = string(p.Meta.After)
	}
	return fmt.Errorf("%s: %w: its list has more than %d rows", op, errTooManyPages, limit*pageSize)
}
