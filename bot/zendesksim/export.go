package zendesksim

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The export's bounds [docs, incremental export].
const (
	exportLag     = time.Minute // the last minute is left out
	maxExportPage = 1_000
)

func exportRoutes() []route {
	return []route{
		{"GET", "/api/v2/incremental/tickets/cursor", admins, exportTickets},
	}
}

// exportPoint is where an export goes on: after this ticket of this second.
type exportPoint struct{ unix, id int64 }

func (p exportPoint) cursor() string {
	return base64.URLEncoding.EncodeToString(fmt.Appendf(nil, "%d.0||%d|", p.unix, p.id))
}

func parseExportCursor(cursor string) (exportPoint, error) {
	var p exportPoint
	raw, err := base64.URLEncoding.DecodeString(cursor)
	if err != nil {
		return p, badRequest("The cursor is invalid")
	}
	if _, err := fmt.Sscanf(string(raw), "%d.0||%d|", &p.unix, &p.id); err != nil {
		return p, badRequest("The cursor is invalid")
	}
	return p, nil
}

func (c *call) exportStart() (exportPoint, error) {
	if cursor := c.query("cursor"); cursor != "" {
		return parseExportCursor(cursor)
	}
	start, err := c.startTime()
	if err != nil {
		return exportPoint{}, err
	}
	if c.opt.Clock().Sub(time.Unix(start, 0)) <= exportLag {
		return exportPoint{}, refuse(http.StatusUnprocessableEntity, "StartTimeTooRecent",
			"Too recent start_time. Use a start_time older than 60 seconds")
	}
	return exportPoint{unix: start, id: -1}, nil
}

// exportTickets gives the tickets by the time of their last change, deleted
// ones too. A ticket changed between two pages comes again.
func exportTickets(c *call) (answer, error) {
	if err := c.spendExport(); err != nil {
		return answer{}, err
	}
	at, err := c.exportStart()
	if err != nil {
		return answer{}, err
	}
	size := maxExportPage
	if v := c.query("per_page"); v != "" {
		if size, err = strconv.Atoi(v); err != nil || size < 1 || size > maxExportPage {
			return answer{}, badRequest("Parameter per_page must be between 1 and 1000")
		}
	}
	rows := c.exportable(at)
	more := len(rows) > size
	rows = rows[:min(size, len(rows))]
	if len(rows) > 0 {
		last := rows[len(rows)-1]
		at = exportPoint{last.UpdatedAt.Unix(), last.ID}
	}
	q := url.Values{"cursor": {at.cursor()}}
	for _, keep := range []string{"per_page", "exclude_deleted", "include"} {
		if v := c.query(keep); v != "" {
			q.Set(keep, v)
		}
	}
	view := c.ticketView
	if strings.Contains(c.query("include"), "metric_sets") {
		view = func(row *ticketRow) object {
			v := c.ticketView(row)
			v["metric_set"] = c.metricsView(row)
			return v
		}
	}
	return ok(object{
		"tickets": views(rows, view), "after_cursor": at.cursor(), "end_of_stream": !more,
		"after_url": c.base + c.req.URL.Path + "?" + q.Encode(), "before_cursor": nil, "before_url": nil,
	}), nil
}

func (c *call) exportable(at exportPoint) []*ticketRow {
	until := c.opt.Clock().Add(-cmp.Or(c.opt.ExportLag, exportLag))
	withoutDeleted := c.query("exclude_deleted") == "true"
	rows := c.tickets.where(func(r *ticketRow) bool {
		unix := r.UpdatedAt.Unix()
		after := unix > at.unix || (unix == at.unix && r.ID > at.id)
		return after && r.UpdatedAt.Before(until) && (!withoutDeleted || !r.Deleted)
	})
	slices.SortStableFunc(rows, func(a, b *ticketRow) int {
		if n := a.UpdatedAt.Compare(b.UpdatedAt); n != 0 {
			return n
		}
		return int(a.ID - b.ID)
	})
	return rows
}
