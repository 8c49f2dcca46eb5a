package zendesksim

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
)

func listAudits(c *call) (answer, error) {
	row, err := c.ticket(c.id("id"))
	if err != nil {
		return answer{}, err
	}
	return paginate(c, "audits", slices.Clone(row.audits), func(a *Audit) int64 { return a.ID }, c.auditView)
}

func showAudit(c *call) (answer, error) {
	row, err := c.ticket(c.id("id"))
	if err != nil {
		return answer{}, err
	}
	for _, a := range row.audits {
		if a.ID == c.id("audit") {
			return ok(object{"audit": c.auditView(a)}), nil
		}
	}
	return answer{}, notFound()
}

func listTicketTags(c *call) (answer, error) {
	row, err := c.ticket(c.id("id"))
	if err != nil {
		return answer{}, err
	}
	return ok(object{"tags": list(row.Tags)}), nil
}

// editTicketTags: POST sets, PUT adds, DELETE removes; the body may carry
// safe_update and updated_stamp.
func editTicketTags(c *call) (answer, error) {
	row, err := c.ticket(c.id("id"))
	if err != nil {
		return answer{}, err
	}
	if err := c.spendUpdate(row.ID); err != nil {
		return answer{}, err
	}
	var in ticketInput
	if err := json.NewDecoder(bytes.NewReader(c.body)).Decode(&in); err != nil {
		return answer{}, badRequest("Parameter tags is required")
	}
	if err := checkStamp(in, row); err != nil {
		return answer{}, err
	}
	var v any
	if _, err := in.read("tags", &v); err != nil {
		return answer{}, err
	}
	next, tags := row.clone(), normalTags(textList(v))
	status := ok
	switch c.req.Method {
	case http.MethodPost:
		next.Tags, status = tags, created
	case http.MethodPut:
		next.Tags = append(next.Tags, tags...)
	default:
		next.Tags = slices.DeleteFunc(next.Tags, func(t string) bool { return slices.Contains(tags, t) })
	}
	if _, err := c.commit(row, next, change{actor: c.user, via: Via{Channel: "api"}}); err != nil {
		return answer{}, err
	}
	return status(object{"tags": list(row.Tags)}), nil
}

func listCollaborators(c *call) (answer, error) {
	row, err := c.ticket(c.id("id"))
	if err != nil {
		return answer{}, err
	}
	ids := row.collaborators()
	switch path := strings.TrimSuffix(c.req.URL.Path, ".json"); {
	case strings.HasSuffix(path, "/email_ccs"):
		ids = row.EmailCCIDs
	case strings.HasSuffix(path, "/followers"):
		ids = row.FollowerIDs
	}
	var users []*User
	for _, id := range ids {
		if u := c.users.get(id); u != nil {
			users = append(users, u)
		}
	}
	return paginate(c, "users", users, userID, c.userView)
}

func requestedTickets(c *call) (answer, error) {
	who := c.id("id")
	if c.users.get(who) == nil {
		return answer{}, notFound()
	}
	mine := slices.DeleteFunc(c.liveTickets(), func(r *ticketRow) bool { return r.RequesterID != who })
	return paginate(c, "tickets", mine, ticketID, c.ticketView)
}

func listDeletedTickets(c *call) (answer, error) {
	gone := c.tickets.where(func(r *ticketRow) bool { return r.Deleted })
	return paginate(c, "deleted_tickets", gone, ticketID, func(r *ticketRow) object {
		last := r.audits[len(r.audits)-1]
		name := ""
		if u := c.users.get(last.AuthorID); u != nil {
			name = u.Name
		}
		return object{
			"id": r.ID, "subject": r.Subject, "actor": object{"id": last.AuthorID, "name": name},
			"deleted_at": stamp(r.UpdatedAt), "previous_state": r.Status,
		}
	})
}
