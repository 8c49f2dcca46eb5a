package zendesksim

import (
	"slices"
	"time"
)

func metricRoutes() []route {
	return []route{
		{"GET", "/api/v2/tickets/:id/metrics", agents, showTicketMetrics},
		{"GET", "/api/v2/ticket_metrics", agents, listTicketMetrics},
		{"GET", "/api/v2/tickets/count", agents, func(c *call) (answer, error) {
			return ok(object{"count": object{"value": len(c.liveTickets()), "refreshed_at": stamp(c.now())}}), nil
		}},
		{"GET", "/api/v2/tickets/recent", agents, recentTickets},
	}
}

// metrics are what a ticket's audits tell of its times.
type metrics struct {
	assigned, solved, status, requester, commented *time.Time
	replied                                        *time.Time // by staff, first
	replies, reopens, assignees, groups            int
}

func (s *Sim) metricsOf(row *ticketRow) metrics {
	var m metrics
	for _, a := range row.audits {
		at := &a.CreatedAt
		for _, e := range a.Events {
			switch {
			case e.Type == "Comment":
				m.take(s.comments.get(e.CommentID), s.users.get(a.AuthorID), at)
			case e.FieldName == "status":
				m.status = at
				if e.Value == "solved" {
					m.solved = at
				} else if e.Previous == "solved" {
					m.reopens++
				}
			case e.FieldName == "assignee_id" && e.Value != nil:
				m.assigned = at
				m.assignees++
			case e.FieldName == "group_id" && e.Value != nil:
				m.groups++
			}
		}
	}
	return m
}

func (m *metrics) take(k *Comment, by *User, at *time.Time) {
	m.commented = at
	switch {
	case by == nil || by.Role == EndUser:
		m.requester = at
	case k.Public:
		m.replies++
		if m.replied == nil {
			m.replied = at
		}
	}
}

func stampAt(t *time.Time) any {
	if t == nil {
		return nil
	}
	return stamp(*t)
}

// between is a time in whole units, as calendar and business hours have it:
// the account is open at all hours.
func between(from time.Time, to *time.Time, unit time.Duration) object {
	if to == nil {
		return object{"calendar": nil, "business": nil}
	}
	n := int64(to.Sub(from) / unit)
	return object{"calendar": n, "business": n}
}

func (c *call) metricsView(row *ticketRow) object {
	m := c.metricsOf(row)
	waited := c.now()
	if m.solved != nil {
		waited = *m.solved
	}
	return object{
		"id": row.ID, "url": c.url("ticket_metrics/%d", row.ID), "ticket_id": row.ID, "created_at": stamp(row.CreatedAt), "updated_at": stamp(row.UpdatedAt),
		"group_stations": m.groups, "assignee_stations": m.assignees, "reopens": m.reopens, "replies": m.replies,
		"assignee_updated_at": stampAt(m.assigned), "requester_updated_at": stampAt(m.requester), "status_updated_at": stampAt(m.status),
		"initially_assigned_at": stampAt(m.assigned), "assigned_at": stampAt(m.assigned), "solved_at": stampAt(m.solved),
		"latest_comment_added_at": stampAt(m.commented), "custom_status_updated_at": stampAt(m.status),
		"reply_time_in_minutes": between(row.CreatedAt, m.replied, time.Minute), "reply_time_in_seconds": between(row.CreatedAt, m.replied, time.Second),
		"first_resolution_time_in_minutes": between(row.CreatedAt, m.solved, time.Minute),
		"full_resolution_time_in_minutes":  between(row.CreatedAt, m.solved, time.Minute),
		"agent_wait_time_in_minutes":       object{"calendar": 0, "business": 0},
		"requester_wait_time_in_minutes":   between(row.CreatedAt, &waited, time.Minute),
		"on_hold_time_in_minutes":          object{"calendar": 0, "business": 0},
	}
}

func showTicketMetrics(c *call) (answer, error) {
	row, err := c.ticket(c.id("id"))
	if err != nil {
		return answer{}, err
	}
	return ok(object{"ticket_metric": c.metricsView(row)}), nil
}

func listTicketMetrics(c *call) (answer, error) {
	return paginate(c, "ticket_metrics", c.liveTickets(), ticketID, c.metricsView)
}

// recentTickets are those that the caller updated, the last first.
func recentTickets(c *call) (answer, error) {
	rows := slices.DeleteFunc(c.liveTickets(), func(r *ticketRow) bool {
		return !slices.ContainsFunc(r.audits, func(a *Audit) bool { return a.AuthorID == c.user.ID })
	})
	slices.SortStableFunc(rows, func(a, b *ticketRow) int { return b.UpdatedAt.Compare(a.UpdatedAt) })
	return paginate(c, "tickets", rows, ticketID, c.ticketView)
}
