package zendesksim

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

func searchRoutes() []route {
	return []route{
		{"GET", "/api/v2/search", agents, search},
		{"GET", "/api/v2/search/count", agents, countSearch},
	}
}

// term is one condition of a query: key, operator, value; key "" is a word.
type term struct{ key, op, value string }

var termRE = regexp.MustCompile(`(-?)(?:([a-z_]+)(:|>=|<=|>|<))?("[^"]*"|\S+)`)

// search knows tickets and users, and for tickets the keys that simple
// queries use; an unknown key is refused, since ignoring it would find more.
func search(c *call) (answer, error) {
	rows, err := c.searchFor(c.query("query"))
	if err != nil {
		return answer{}, err
	}
	return paginate(c, "results", rows, func(r *result) int64 { return r.id }, func(r *result) object { return r.view })
}

func countSearch(c *call) (answer, error) {
	rows, err := c.searchFor(c.query("query"))
	if err != nil {
		return answer{}, err
	}
	return ok(object{"count": len(rows)}), nil
}

type result struct {
	id   int64
	view object
}

func (c *call) searchFor(query string) ([]*result, error) {
	var terms []term
	kind := ""
	for _, m := range termRE.FindAllStringSubmatch(query, -1) {
		t := term{key: m[2], op: m[1] + m[3], value: strings.Trim(m[4], `"`)}
		if t.key == "type" {
			kind = t.value
			continue
		}
		terms = append(terms, t)
	}
	var out []*result
	switch kind {
	case "ticket":
		return c.searchTickets(terms)
	case "user":
		for _, u := range c.users.where(func(u *User) bool { return !u.Deleted }) {
			if !slices.ContainsFunc(terms, func(t term) bool { return !c.userMatches(u, t.value) }) {
				v := c.userView(u)
				v["result_type"] = "user"
				out = append(out, &result{u.ID, v})
			}
		}
		return out, nil
	}
	return nil, badRequest("The simulator searches with type:ticket or type:user only")
}

func (c *call) searchTickets(terms []term) ([]*result, error) {
	var out []*result
	for _, row := range c.liveTickets() {
		hit := true
		for _, t := range terms {
			fits, err := c.fits(row, t)
			if err != nil {
				return nil, err
			}
			hit = hit && fits
		}
		if hit {
			v := c.ticketView(row)
			v["result_type"] = "ticket"
			out = append(out, &result{row.ID, v})
		}
	}
	return out, nil
}

func (c *call) fits(row *ticketRow, t term) (bool, error) {
	var hit bool
	switch key, _ := strings.CutPrefix(t.key, "ticket_"); key {
	case "":
		hit = c.mentionsText(row, t.value)
	case "status":
		return compareRank(statusRank(row.Status), statusRank(t.value), t.op)
	case "tags":
		hit = inAll(row.Tags, t.value)
	case "form", "form_id":
		hit = strconv.FormatInt(row.FormID, 10) == t.value
	case "created":
		return compareTime(row.CreatedAt, t)
	case "updated":
		return compareTime(row.UpdatedAt, t)
	case "requester":
		u := c.userByEmail(t.value)
		hit = (u != nil && u.ID == row.RequesterID) || strconv.FormatInt(row.RequesterID, 10) == t.value
	case "organization":
		hit = strconv.FormatInt(row.OrganizationID, 10) == t.value
	case "subject":
		hit = strings.Contains(strings.ToLower(row.Subject), strings.ToLower(t.value))
	case "external_id":
		hit = row.ExternalID == t.value
	default:
		return false, badRequest("The simulator cannot search tickets by " + strconv.Quote(t.key))
	}
	return hit != strings.HasPrefix(t.op, "-"), nil
}

func inAll(have []string, want string) bool {
	return !slices.ContainsFunc(strings.Split(want, ","), func(w string) bool { return !slices.Contains(have, w) })
}

// inList tells whether v is in a comma separated list; "" means any.
func inList(wanted, v string) bool {
	return wanted == "" || slices.Contains(strings.Split(wanted, ","), v)
}

func (c *call) mentionsText(row *ticketRow, word string) bool {
	word = strings.ToLower(word)
	if strings.Contains(strings.ToLower(row.Subject), word) {
		return true
	}
	return slices.ContainsFunc(c.commentsOf(row.ID), func(k *Comment) bool { return strings.Contains(strings.ToLower(k.Body), word) })
}

func statusRank(status string) int {
	return slices.Index([]string{"new", "open", "pending", "hold", "solved", "closed"}, status)
}

func compareRank(have, want int, op string) (bool, error) {
	if want < 0 {
		return false, badRequest("Unknown status in the query")
	}
	return holds(have-want, op), nil
}

func holds(order int, op string) bool {
	var hit bool
	switch strings.TrimPrefix(op, "-") {
	case ">":
		hit = order > 0
	case ">=":
		hit = order >= 0
	case "<":
		hit = order < 0
	case "<=":
		hit = order <= 0
	default:
		hit = order == 0
	}
	return hit != strings.HasPrefix(op, "-")
}

func compareTime(have time.Time, t term) (bool, error) {
	if at, err := time.Parse(time.RFC3339, t.value); err == nil {
		return holds(have.Compare(at), t.op), nil
	}
	day, err := time.Parse(time.DateOnly, t.value)
	if err != nil {
		return false, badRequest("A date in the query is neither YYYY-MM-DD nor a time")
	}
	return holds(have.Truncate(24*time.Hour).Compare(day), t.op), nil
}
