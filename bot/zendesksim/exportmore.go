package zendesksim

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"
)

func moreExportRoutes() []route {
	return []route{
		{"GET", "/api/v2/incremental/tickets", admins, func(c *call) (answer, error) {
			return exportSince(c, "tickets", c.tickets.all(), func(r *ticketRow) (time.Time, int64) { return r.UpdatedAt, r.ID }, c.ticketView)
		}},
		{"GET", "/api/v2/incremental/users", admins, func(c *call) (answer, error) {
			return exportSince(c, "users", c.users.all(), userPoint, c.userView)
		}},
		{"GET", "/api/v2/incremental/users/cursor", admins, exportUsers},
		{"GET", "/api/v2/incremental/organizations", admins, func(c *call) (answer, error) {
			return exportSince(c, "organizations", c.orgs.all(), func(o *Organization) (time.Time, int64) { return o.UpdatedAt, o.ID }, c.orgView)
		}},
		{"GET", "/api/v2/incremental/ticket_metric_events", admins, exportMetricEvents},
		{"GET", "/api/v2/search/export", agents, exportSearch},
	}
}

func userPoint(u *User) (time.Time, int64) { return u.UpdatedAt, u.ID }

// startTime reads a Unix time. Clients also send decimals and stamps, and get
// on with Zendesk.
func (c *call) startTime() (int64, error) {
	if at, err := time.Parse(time.RFC3339, c.query("start_time")); err == nil {
		return at.Unix(), nil
	}
	at, err := strconv.ParseFloat(c.query("start_time"), 64)
	if err != nil || !(at >= 0) || at > 1<<40 {
		return 0, badRequest("Parameter start_time must be a Unix time in seconds")
	}
	return int64(at), nil
}

// since are the rows from a time on, oldest change first; the last minute is
// left out.
func since[T any](c *call, rows []*T, point func(*T) (time.Time, int64), start int64) []*T {
	until := c.opt.Clock().Add(-cmp.Or(c.opt.ExportLag, exportLag))
	rows = slices.DeleteFunc(rows, func(r *T) bool {
		at, _ := point(r)
		return at.Unix() < start || !at.Before(until)
	})
	slices.SortStableFunc(rows, func(a, b *T) int {
		x, i := point(a)
		y, j := point(b)
		return cmp.Or(x.Compare(y), cmp.Compare(i, j))
	})
	return rows
}

// exportSince is the export by time: a page goes on at the second at which the
// one before ended, and rows of one second stay together.
func exportSince[T any](c *call, key string, rows []*T, point func(*T) (time.Time, int64), view func(*T) object) (answer, error) {
	if err := c.spendExport(); err != nil {
		return answer{}, err
	}
	start, err := c.startTime()
	if err != nil {
		return answer{}, err
	}
	rows = since(c, rows, point, start)
	size, end := len(rows), start
	for i := maxExportPage; i < len(rows); i++ {
		before, _ := point(rows[i-1])
		if at, _ := point(rows[i]); at.Unix() != before.Unix() {
			size = i
			break
		}
	}
	more := size < len(rows)
	next := any(nil)
	if size > 0 {
		last, _ := point(rows[size-1])
		end = last.Unix() + 1
		next = c.base + c.req.URL.Path + "?" + url.Values{"start_time": {strconv.FormatInt(end, 10)}}.Encode()
	}
	return ok(object{key: views(rows[:size], view), "count": size, "end_time": end, "end_of_stream": !more, "next_page": next}), nil
}

// exportUsers is by cursor, as the tickets' export is.
func exportUsers(c *call) (answer, error) {
	if err := c.spendExport(); err != nil {
		return answer{}, err
	}
	var at exportPoint
	var err error
	if cursor := c.query("cursor"); cursor != "" {
		at, err = parseExportCursor(cursor)
	} else {
		at.unix, err = c.startTime()
		at.id = -1
	}
	if err != nil {
		return answer{}, err
	}
	rows := slices.DeleteFunc(since(c, c.users.all(), userPoint, at.unix), func(u *User) bool { return u.UpdatedAt.Unix() == at.unix && u.ID <= at.id })
	more := len(rows) > maxExportPage
	rows = rows[:min(len(rows), maxExportPage)]
	if len(rows) > 0 {
		last := rows[len(rows)-1]
		at = exportPoint{last.UpdatedAt.Unix(), last.ID}
	}
	return ok(object{
		"users": views(rows, c.userView), "after_cursor": at.cursor(), "end_of_stream": !more, "before_cursor": nil, "before_url": nil,
		"after_url": c.base + c.req.URL.Path + "?" + url.Values{"cursor": {at.cursor()}}.Encode(),
	}), nil
}

type metricEvent struct {
	id, ticket int64
	kind       string
	at         time.Time
}

// exportMetricEvents tells when tickets began to wait for an answer, and when
// they were solved.
func exportMetricEvents(c *call) (answer, error) {
	var events []*metricEvent
	for _, row := range c.liveTickets() {
		for _, a := range row.audits {
			for _, e := range a.Events {
				switch {
				case e.Type == "Create" && e.FieldName == "status":
					events = append(events, &metricEvent{e.ID, row.ID, "activate", a.CreatedAt})
				case e.FieldName == "status" && e.Value == "solved":
					events = append(events, &metricEvent{e.ID, row.ID, "fulfill", a.CreatedAt})
				}
			}
		}
	}
	point := func(e *metricEvent) (time.Time, int64) { return e.at, e.id }
	a, err := exportSince(c, "ticket_metric_events", events, point, func(e *metricEvent) object {
		return object{"id": e.id, "ticket_id": e.ticket, "metric": "resolution_time", "instance_id": 1, "type": e.kind, "time": stamp(e.at), "deleted": false}
	})
	if body, isObject := a.body.(object); isObject && body["next_page"] == nil {
		body["next_page"] = c.base + c.req.URL.RequestURI() // Zendesk has it always
	}
	return a, err
}

// exportSearch is search by cursor, without the limit of its pages.
func exportSearch(c *call) (answer, error) {
	kind := c.query("filter[type]")
	if kind == "" {
		return answer{}, refuse(http.StatusUnprocessableEntity, "InvalidParameter", "filter[type] is required")
	}
	rows, err := c.searchFor("type:" + kind + " " + c.query("query"))
	if err != nil {
		return answer{}, err
	}
	q := c.req.URL.Query()
	a, err := cursorPage(c, q, "results", rows, func(r *result) int64 { return r.id }, func(r *result) object { return r.view })
	if body, isObject := a.body.(object); isObject {
		body["facets"] = nil
	}
	return a, err
}
