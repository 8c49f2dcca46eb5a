package zendesksim

import (
	"encoding/json"
	"errors"
	"slices"
	"strconv"
)

// maxMany is the most records of one bulk call [docs, limits].
const maxMany = 100

// keptJobs bounds the jobs that are remembered; Zendesk forgets them after an
// hour.
const keptJobs = 100

// job is what Zendesk does in the background. Here it is done when the call
// returns.
type job struct {
	ID, Kind string
	Results  []object
}

func bulkRoutes() []route {
	return []route{
		{"POST", "/api/v2/tickets/create_many", agents, createManyTickets},
		{"PUT", "/api/v2/tickets/update_many", agents, updateManyTickets},
		{"POST", "/api/v2/users/create_many", agents, createManyUsers},
		{"POST", "/api/v2/users/create_or_update", agents, createOrUpdateUser},
		{"GET", "/api/v2/users/:id/groups", agents, userGroups},
		{"GET", "/api/v2/job_statuses", agents, listJobs},
		{"GET", "/api/v2/job_statuses/show_many", agents, showManyJobs},
		{"GET", "/api/v2/job_statuses/*job", agents, showJob},
	}
}

func (c *call) jobView(j *job) object {
	return object{
		"id": j.ID, "url": c.url("job_statuses/%s", j.ID), "job_type": j.Kind, "status": "completed", "message": "Completed at " + c.now().Format("2006-01-02 15:04:05 -0700"),
		"total": len(j.Results), "progress": len(j.Results), "results": j.Results,
	}
}

// finished remembers a job, and answers with it.
func (c *call) finished(kind string, results []object) (answer, error) {
	j := &job{ID: c.newToken(16), Kind: kind, Results: results}
	if len(c.jobs) >= keptJobs {
		c.jobs = slices.Delete(c.jobs, 0, 1)
	}
	c.jobs = append(c.jobs, j)
	return ok(object{"job_status": c.jobView(j)}), nil
}

func listJobs(c *call) (answer, error) {
	return paginate(c, "job_statuses", slices.Clone(c.jobs), c.jobNumber, c.jobView)
}

// jobNumber stands for a job in a cursor.
func (c *call) jobNumber(j *job) int64 { return int64(slices.Index(c.jobs, j) + 1) }

func showManyJobs(c *call) (answer, error) {
	rows := slices.DeleteFunc(slices.Clone(c.jobs), func(j *job) bool { return !inList(c.query("ids"), j.ID) })
	return paginate(c, "job_statuses", rows, c.jobNumber, c.jobView)
}

func showJob(c *call) (answer, error) {
	for _, j := range c.jobs {
		if j.ID == c.params["job"] {
			return ok(object{"job_status": c.jobView(j)}), nil
		}
	}
	return answer{}, notFound()
}

// many reads a list of records, each as a call for one alone would have it.
func (c *call) many(key string) ([]json.RawMessage, error) {
	var in map[string]json.RawMessage
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	var list []json.RawMessage
	if err := json.Unmarshal(in[key], &list); err != nil || len(list) == 0 {
		return nil, badRequest("Parameter " + key + " is required, a list")
	}
	if len(list) > maxMany {
		return nil, badRequest("At most 100 " + key + " at once")
	}
	return list, nil
}

// alone is the call as one record's own: the same caller, and a body of it.
func (c *call) alone(key string, record json.RawMessage, params map[string]string) *call {
	one := *c
	one.params = params
	body, err := json.Marshal(map[string]json.RawMessage{key: record})
	if err != nil { // it was decoded from JSON
		panic(err)
	}
	one.body = body
	return &one
}

// failed is a record's line in a job, where it was refused.
func failed(action string, id int64, err error) object {
	var r *refusal
	if !errors.As(err, &r) {
		panic(err)
	}
	body, _ := r.body.(object)
	name, _ := body["error"].(string)
	line := object{"action": action, "error": name, "success": false, "details": r.Error(), "id": id}
	if lines := r.lines(); len(lines) > 0 {
		line["details"] = lines[0]
	}
	return line
}

func createManyTickets(c *call) (answer, error) {
	return c.createMany("tickets", "ticket", (*call).createTicket)
}

func createManyUsers(c *call) (answer, error) { return c.createMany("users", "user", createUser) }

func (c *call) createMany(key, single string, create func(*call) (answer, error)) (answer, error) {
	list, err := c.many(key)
	if err != nil {
		return answer{}, err
	}
	results := []object{}
	for i, record := range list {
		a, err := create(c.alone(single, record, nil))
		if err != nil {
			results = append(results, failed("create", 0, err))
			continue
		}
		body, _ := a.body.(object)
		made, _ := body[single].(object)
		results = append(results, object{"id": made["id"], "index": i})
	}
	return c.finished("Bulk Create "+single, results)
}

// updateManyTickets makes one change to the tickets of ids, or to each of a
// list its own.
func updateManyTickets(c *call) (answer, error) {
	var changes []json.RawMessage
	var ids []int64
	if c.query("ids") == "" {
		list, err := c.many("tickets")
		if err != nil {
			return answer{}, err
		}
		for _, record := range list {
			var in ticketInput
			var id int64
			if err := json.Unmarshal(record, &in); err != nil {
				return answer{}, badRequest("Parameter tickets must be a list of objects")
			}
			if err := in.id("id", &id); err != nil {
				return answer{}, err
			}
			changes, ids = append(changes, record), append(ids, id)
		}
	} else {
		in, err := c.ticketInput()
		if err != nil {
			return answer{}, err
		}
		same, err := json.Marshal(in)
		if err != nil {
			return answer{}, badRequest("Parameter ticket is required")
		}
		for _, id := range c.ids() {
			changes, ids = append(changes, same), append(ids, id)
		}
	}
	results := []object{}
	for i, record := range changes {
		if _, err := updateTicket(c.alone("ticket", record, map[string]string{"id": strconv.FormatInt(ids[i], 10)})); err != nil {
			results = append(results, failed("update", ids[i], err))
			continue
		}
		results = append(results, object{"id": ids[i], "action": "update", "success": true, "status": "Updated"})
	}
	return c.finished("Bulk Update Ticket", results)
}

// createOrUpdateUser finds a user by external id or address, and makes one
// otherwise: 200 for one that was there, 201 for a new one.
func createOrUpdateUser(c *call) (answer, error) {
	in, err := c.userInput()
	if err != nil {
		return answer{}, err
	}
	var found *User
	if in.ExternalID != nil && *in.ExternalID != "" {
		found = c.users.first(func(u *User) bool { return !u.Deleted && u.ExternalID == *in.ExternalID })
	}
	if found == nil && in.Email != nil {
		found = c.userByEmail(*in.Email)
	}
	if found == nil {
		return createUser(c)
	}
	one := *c
	one.params = map[string]string{"id": strconv.FormatInt(found.ID, 10)}
	return updateUser(&one)
}

func userGroups(c *call) (answer, error) {
	u, err := c.activeUser(c.id("id"))
	if err != nil {
		return answer{}, err
	}
	rows := c.groups.where(func(g *Group) bool { return c.isMember(u.ID, g.ID) })
	return paginate(c, "groups", rows, func(g *Group) int64 { return g.ID }, c.groupView)
}
