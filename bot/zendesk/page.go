package zendesk

import (
	"context"
	"fmt"
	"net/url"
	"strings"
)

// bound is how a list is read: so many rows a page, so many pages.
type bound struct{ size, pages int }

// A ticket has at most 5,000 comments [docs, limits], and an update makes one
// audit. Pages of these are smaller than Zendesk allows: a comment comes in
// three spellings of 64 kB, each up to nine times as long as JSON.
func commentBound() bound { return bound{40, 150} }
func auditBound() bound   { return bound{40, 400} }

// rowBound is for lists whose rows are small.
func rowBound() bound { return bound{maxIDs, 10} }

// maxIDs is how many ids one call may name, and the largest page [docs,
// pagination].
const maxIDs = 100

// page is one page of any list that is read by cursor.
type page struct {
	Comments    []wireComment    `json:"comments"`
	Audits      []wireAudit      `json:"audits"`
	Users       []wireUser       `json:"users"`
	Identities  []wireIdentity   `json:"identities"`
	Memberships []wireMembership `json:"organization_memberships"`
	Suspended   []wireSuspended  `json:"suspended_tickets"`
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
func (d *Desk) pages(ctx context.Context, op, path string, most bound, take func(page) error) error {
	cursor, sep := "", "?"
	if strings.Contains(path, "?") {
		sep = "&"
	}
	for range most.pages {
		query := url.Values{"page[size]": {fmt.Sprint(most.size)}}
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
			return fmt.Errorf("%s: %w", op, errShape)
		case p.Meta == nil, !p.Meta.HasMore:
			return nil
		}
		cursor = string(p.Meta.After)
	}
	return fmt.Errorf("%s: %w: its list has more than %d rows", op, errTooManyPages, most.pages*most.size)
}
