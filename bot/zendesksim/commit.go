package zendesksim

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Bounds of a ticket [docs, limits].
const (
	maxCommentBytes = 64 << 10
	maxComments     = 5_000
)

// draft is a comment that is about to be written.
type draft struct {
	authorID int64
	body     string
	htmlBody string
	public   bool
	files    []*Attachment
}

// change is what goes with a ticket's new state in one update.
type change struct {
	actor   *User // who updates
	via     Via
	comment *draft
	custom  map[string]any // metadata.custom
	flags   []int
	// messageID is that of the mail by which it came.
	messageID string
	// formID is the form whose required fields count; rules hold for agents
	// and the API, not for what the simulator seeds itself.
	lenient bool
}

// commit makes one update: rules, diff, comment, audit, webhooks. Nothing is
// changed when it returns an error. An update that changes nothing and says
// nothing leaves no audit and no stamp; its audit has no id.
func (s *Sim) commit(row *ticketRow, next Ticket, ch change) (*Audit, error) {
	fresh := row.ID == 0
	prev := row.Ticket
	if !fresh && prev.Status == "closed" && !ch.lenient {
		return nil, recordInvalid("status", "Status: closed prevents ticket update")
	}
	if err := s.settle(prev, &next, ch); err != nil {
		return nil, err
	}
	if most := cmp.Or(s.opt.MaxComments, maxComments); ch.comment != nil && len(row.commentIDs) >= most {
		return nil, recordInvalid("base", fmt.Sprintf("Ticket has too many comments: %d is the limit", most))
	}
	now := s.now()
	audit := &Audit{
		AuthorID: ch.actor.ID, Via: ch.via, Custom: ch.custom, MessageID: ch.messageID, Flags: slices.Clone(ch.flags), CreatedAt: now,
	}
	if len(ch.flags) > 0 {
		audit.FlagUser = ch.actor.Name
	}
	if fresh {
		s.lastTicket++
		next.ID, next.CreatedAt = s.lastTicket, now
	}
	audit.Events = s.diff(prev, next, fresh)
	if len(audit.Events) == 0 && ch.comment == nil {
		return audit, nil
	}
	audit.ID, audit.TicketID = s.newID(), next.ID
	next.UpdatedAt = now
	row.Ticket = next
	if fresh {
		s.tickets.add(next.ID, row)
	}
	if ch.comment != nil {
		s.addComment(row, audit, ch)
	}
	s.fireRules(row, audit, ch.actor)
	row.audits = append(row.audits, audit)
	s.announce(row, audit, fresh)
	return audit, nil
}

// settle applies Zendesk's own rules to the new state and checks it.
func (s *Sim) settle(prev Ticket, next *Ticket, ch change) error {
	bad := invalid{}
	s.settleStatus(prev, next, bad)
	s.settleAssignee(prev, next, ch, bad)
	s.settleFieldTags(prev, next)
	next.Tags = normalTags(next.Tags)
	if done := next.Status == "solved" || next.Status == "closed"; done && !ch.lenient && next.Status != prev.Status {
		s.checkSolvable(*next, bad)
	}
	return bad.refusal()
}

// settleStatus keeps status and custom status in step.
func (s *Sim) settleStatus(prev Ticket, next *Ticket, bad invalid) {
	if next.CustomStatusID != prev.CustomStatusID {
		custom := s.statuses.get(next.CustomStatusID)
		switch {
		case custom == nil || custom.Inactive:
			bad.add("custom_status_id", "Custom status is invalid")
		case next.Status == prev.Status || next.Status == custom.Category:
			next.Status = custom.Category
		default:
			bad.add("custom_status_id", "Custom status does not belong to the status category")
		}
		return
	}
	if !slices.Contains([]string{"new", "open", "pending", "hold", "solved", "closed"}, next.Status) {
		bad.add("status", "Status: "+strconv.Quote(next.Status)+" is not a valid status")
		return
	}
	if next.Status == prev.Status && next.CustomStatusID != 0 {
		return
	}
	category := next.Status
	if category == "closed" {
		category = "solved"
	}
	if custom := s.statuses.get(next.CustomStatusID); custom != nil && custom.Category == category {
		return
	}
	if def := s.statuses.first(func(c *CustomStatus) bool { return c.Default && c.Category == category }); def != nil {
		next.CustomStatusID = def.ID
	}
}

func (s *Sim) settleAssignee(prev Ticket, next *Ticket, ch change, bad invalid) {
	if next.Status == "solved" && next.AssigneeID == 0 && s.opt.AssignOnSolve && ch.actor.Role != EndUser {
		next.AssigneeID = ch.actor.ID
	}
	if next.GroupID != 0 && s.groups.get(next.GroupID) == nil {
		bad.add("group", "Group: is invalid")
		return
	}
	if next.AssigneeID == 0 {
		return
	}
	agent := s.users.get(next.AssigneeID)
	if agent == nil || agent.Role == EndUser || agent.Suspended || agent.Deleted {
		bad.add("assignee", "Assignee: is not an agent")
		return
	}
	if next.GroupID == 0 || (next.AssigneeID != prev.AssigneeID && next.GroupID == prev.GroupID && !s.isMember(agent.ID, next.GroupID)) {
		next.GroupID = s.defaultGroup(agent.ID)
	}
	if next.GroupID != 0 && !s.isMember(agent.ID, next.GroupID) {
		bad.add("assignee", "Assignee: is not a member of the group")
	}
	if next.Status == "new" {
		next.Status = "open"
		s.settleStatus(prev, next, bad)
	}
}

func (s *Sim) checkSolvable(t Ticket, bad invalid) {
	if t.AssigneeID == 0 {
		bad.add("assignee", "Assignee: is required when solving a ticket")
	} else if t.GroupID == 0 {
		bad.add("group", "Group: is required when solving a ticket")
	}
	form := s.forms.get(t.FormID)
	if form == nil {
		return
	}
	for _, id := range slices.Concat(form.FieldIDs, s.conditions) {
		f := s.fields.get(id)
		if f == nil || f.System || f.Inactive || !f.RequiredToSolve && !slices.Contains(s.conditions, id) {
			continue
		}
		if isBlank(t.CustomFields[id]) {
			bad["base"] = append(bad["base"], object{
				"description": f.Title + ": is required when solving a ticket", "error": "BlankValue", "ticket_field_id": id,
			})
		}
	}
}

func isBlank(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case string:
		return strings.TrimSpace(v) == ""
	case []string:
		return len(v) == 0
	case bool:
		return !v
	}
	return false
}

// settleFieldTags moves the tags of dropdowns and checkboxes along.
func (s *Sim) settleFieldTags(prev Ticket, next *Ticket) {
	for _, f := range s.fields.all() {
		before, after := f.tagsOf(prev.CustomFields[f.ID]), f.tagsOf(next.CustomFields[f.ID])
		next.Tags = slices.DeleteFunc(slices.Clone(next.Tags), func(t string) bool {
			return slices.Contains(before, t) && !slices.Contains(after, t)
		})
		for _, t := range after {
			if !slices.Contains(before, t) {
				next.Tags = append(next.Tags, t)
			}
		}
	}
}

func (f *TicketField) tagsOf(v any) []string {
	switch v := v.(type) {
	case string:
		if f.Type == "tagger" && v != "" {
			return []string{v}
		}
	case []string:
		if f.Type == "multiselect" {
			return v
		}
	case bool:
		if v && f.Type == "checkbox" && f.Tag != "" {
			return []string{f.Tag}
		}
	}
	return nil
}

// normalTags lowers, splits at blanks, sorts, and drops doubles: that is how
// Zendesk keeps tags.
func normalTags(tags []string) []string {
	out := []string{}
	for _, t := range tags {
		out = append(out, strings.Fields(strings.ToLower(strings.ReplaceAll(t, ",", " ")))...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// audited lists the fields whose change makes an event, ids as text.
func audited(t Ticket) []struct {
	name  string
	value any
} {
	return []struct {
		name  string
		value any
	}{
		{"subject", text(t.Subject)},
		{"status", text(t.Status)},
		{"custom_status_id", idText(t.CustomStatusID)},
		{"priority", text(t.Priority)},
		{"type", text(t.Type)},
		{"requester_id", idText(t.RequesterID)},
		{"assignee_id", idText(t.AssigneeID)},
		{"group_id", idText(t.GroupID)},
		{"organization_id", idText(t.OrganizationID)},
		{"ticket_form_id", idText(t.FormID)},
		{"external_id", text(t.ExternalID)},
		{"tags", slices.Clone(t.Tags)},
	}
}

func text(v string) any {
	if v == "" {
		return nil
	}
	return v
}

func idText(id int64) any {
	if id == 0 {
		return nil
	}
	return strconv.FormatInt(id, 10)
}

func (s *Sim) diff(prev, next Ticket, fresh bool) []Event {
	var events []Event
	add := func(kind, name string, value, previous any) {
		events = append(events, Event{ID: s.newID(), Type: kind, FieldName: name, Value: value, Previous: previous})
	}
	before, after := audited(prev), audited(next)
	for i, now := range after {
		list, isList := now.value.([]string)
		empty := now.value == nil || (isList && len(list) == 0)
		switch {
		case fresh && !empty:
			add("Create", now.name, now.value, nil)
		case !fresh && fmt.Sprint(before[i].value) != fmt.Sprint(now.value):
			add("Change", now.name, now.value, before[i].value)
		}
	}
	for _, f := range s.fields.all() {
		was, is := prev.CustomFields[f.ID], next.CustomFields[f.ID]
		switch {
		case fresh && !isBlank(is):
			add("Create", strconv.FormatInt(f.ID, 10), is, nil)
		case !fresh && (!isBlank(was) || !isBlank(is)) && !reflect.DeepEqual(was, is):
			add("Change", strconv.FormatInt(f.ID, 10), is, was)
		}
	}
	if !slices.Equal(prev.EmailCCIDs, next.EmailCCIDs) {
		add("EmailCcChange", "", s.addresses(next.EmailCCIDs), s.addresses(prev.EmailCCIDs))
	}
	if !slices.Equal(prev.FollowerIDs, next.FollowerIDs) {
		add("FollowerChange", "", s.addresses(next.FollowerIDs), s.addresses(prev.FollowerIDs))
	}
	if prev.Deleted != next.Deleted {
		add("Change", "deleted", next.Deleted, prev.Deleted)
	}
	return events
}

func (s *Sim) addresses(ids []int64) []string {
	out := []string{}
	for _, id := range ids {
		if u := s.users.get(id); u != nil {
			out = append(out, u.Email)
		}
	}
	return out
}

// addComment appends the update's comment, cut and expanded as Zendesk does.
func (s *Sim) addComment(row *ticketRow, audit *Audit, ch change) {
	d := ch.comment
	body, html := d.body, d.htmlBody
	if ch.actor.Role != EndUser {
		body, html = s.expand(row.Ticket, body, false), s.expand(row.Ticket, html, true)
	}
	body, html = renderComment(cut(body, maxCommentBytes), cut(html, maxCommentBytes))
	comment := &Comment{
		ID: s.newID(), TicketID: row.ID, AuditID: audit.ID, AuthorID: d.authorID, Body: body, HTMLBody: html,
		Public: d.public, Via: ch.via, Flags: slices.Clone(ch.flags), CreatedAt: audit.CreatedAt,
	}
	for _, file := range d.files {
		file.CommentID, file.TicketID = comment.ID, row.ID
		comment.AttachmentIDs = append(comment.AttachmentIDs, file.ID)
	}
	s.comments.add(comment.ID, comment)
	row.commentIDs = append(row.commentIDs, comment.ID)
	if len(row.commentIDs) == 1 {
		row.Description = body
		row.Public = d.public
	}
	row.Public = row.Public || d.public
	event := Event{ID: comment.ID, Type: "Comment", CommentID: comment.ID}
	audit.Events = slices.Insert(audit.Events, 0, event)
}

// stampOf reads an updated_stamp; Zendesk compares whole seconds.
func stampOf(v string) (time.Time, error) {
	t, err := time.Parse(time.RFC3339, v)
	return t.UTC().Truncate(time.Second), err
}
