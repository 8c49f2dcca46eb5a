package zendesksim

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// ruleChannel is how an update came about that a trigger made.
const ruleChannel = "rule"

// Mail is a notification that a trigger sent to somebody.
type Mail struct {
	TicketID int64
	UserID   int64
	Trigger  string // its title
	Subject  string
}

// Mails are the notifications that triggers sent, the oldest first.
func (s *Sim) Mails() []Mail {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.mails)
}

// checkAction refuses what the simulator's triggers can't do.
func checkAction(a object) error {
	field, _ := a["field"].(string)
	if _, isEdit := edits()[field]; isEdit || field == "notification_user" || strings.HasPrefix(field, "custom_fields_") {
		return nil
	}
	if field != "notification_webhook" {
		return fmt.Errorf("the simulator's triggers can't do %q", field)
	}
	_, body, err := webhookAction(a)
	if err == nil && len(body) > maxTriggerBody {
		err = fmt.Errorf("the JSON body is longer than 16,000 characters")
	}
	return err
}

// edits are the actions that change the ticket, by field.
func edits() map[string]func(t *Ticket, value string) {
	return map[string]func(*Ticket, string){
		"status": func(t *Ticket, v string) { t.Status = v },
		"custom_status_id": func(t *Ticket, v string) {
			t.CustomStatusID = idOf(v)
		},
		"priority":       func(t *Ticket, v string) { t.Priority = v },
		"assignee_id":    func(t *Ticket, v string) { t.AssigneeID = idOf(v) },
		"group_id":       func(t *Ticket, v string) { t.GroupID = idOf(v) },
		"ticket_form_id": func(t *Ticket, v string) { t.FormID = idOf(v) },
		"set_tags":       func(t *Ticket, v string) { t.Tags = strings.Fields(v) },
		"current_tags":   func(t *Ticket, v string) { t.Tags = append(slices.Clone(t.Tags), strings.Fields(v)...) },
		"remove_tags": func(t *Ticket, v string) {
			gone := strings.Fields(v)
			t.Tags = slices.DeleteFunc(slices.Clone(t.Tags), func(tag string) bool { return slices.Contains(gone, tag) })
		},
	}
}

// idOf is an id in an action's value; what is none is an id that nothing has.
func idOf(v string) int64 {
	n, err := strconv.ParseInt(v, 10, 64)
	if err != nil {
		return -1
	}
	return n
}

// valueText is an action's value as one text, whether it came as text, as a
// number or as a list.
func valueText(v any) string {
	if list := textList(v); list != nil {
		return strings.Join(list, " ")
	}
	return fmt.Sprint(v)
}

// runTriggers lets the account's triggers follow an update, in their order.
// One that changes the ticket lets those before it look again; each fires at
// most once for an update. Unlike Zendesk, which puts a trigger's changes into
// the update's own audit, each trigger's lie in an audit of their own.
func (s *Sim) runTriggers(row *ticketRow, fresh bool) {
	fired := map[int64]bool{}
	for again := true; again; {
		again = false
		for _, t := range s.triggers.all() {
			if fired[t.ID] || !t.fires(row.Ticket, fresh) {
				continue
			}
			fired[t.ID] = true
			if s.perform(t, row) {
				again = true
				break
			}
		}
	}
}

// perform does a trigger's actions and tells whether the ticket changed.
func (s *Sim) perform(t *trigger, row *ticketRow) bool {
	next := row.clone()
	for _, a := range t.Actions {
		field, _ := a["field"].(string)
		switch edit := edits()[field]; {
		case edit != nil:
			edit(&next, valueText(a["value"]))
		case field == "notification_webhook":
			s.callWebhook(a, row)
		case field == "notification_user":
			s.notify(t, a, row)
		case strings.HasPrefix(field, "custom_fields_"):
			next.CustomFields[idOf(strings.TrimPrefix(field, "custom_fields_"))] = valueText(a["value"])
		}
	}
	audit, err := s.commit(row, next, change{actor: &User{ID: -1, Name: "Zendesk", Role: Admin}, via: Via{Channel: ruleChannel, Rel: "trigger"}})
	return err == nil && audit.ID != 0 // Zendesk passes over what a trigger may not do
}

func (s *Sim) callWebhook(a object, row *ticketRow) {
	id, body, err := webhookAction(a)
	if w := s.webhook(id); err == nil && w != nil && w.Active {
		s.enqueue(w, row.ID, []byte(s.expand(row.Ticket, body, false)))
	}
}

// notify sends a mail to whom [recipient, subject, body] names.
func (s *Sim) notify(t *trigger, a object, row *ticketRow) {
	value := textList(a["value"])
	if len(value) < 2 {
		return
	}
	to := map[string][]int64{
		"requester_id": {row.RequesterID}, "assignee_id": {row.AssigneeID},
		"requester_and_ccs": append([]int64{row.RequesterID}, row.EmailCCIDs...),
	}[value[0]]
	for _, user := range to {
		if user != 0 {
			s.mails = append(s.mails, Mail{TicketID: row.ID, UserID: user, Trigger: t.Title, Subject: s.expand(row.Ticket, value[1], false)})
		}
	}
}
