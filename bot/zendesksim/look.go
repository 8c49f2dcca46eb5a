package zendesksim

import (
	"maps"
	"slices"
	"time"
)

// Ticket gives a copy of a ticket; deleted ones are found too.
func (s *Sim) Ticket(id int64) (Ticket, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	row := s.tickets.get(id)
	if row == nil {
		return Ticket{}, false
	}
	return row.clone(), true
}

// Tickets gives copies of all tickets, deleted ones too, by id.
func (s *Sim) Tickets() []Ticket {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Ticket
	for _, row := range s.tickets.all() {
		out = append(out, row.clone())
	}
	return out
}

// Comments gives copies of a ticket's comments, oldest first.
func (s *Sim) Comments(ticketID int64) []Comment {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Comment
	for _, c := range s.commentsOf(ticketID) {
		cp := *c
		cp.AttachmentIDs, cp.Flags = slices.Clone(c.AttachmentIDs), slices.Clone(c.Flags)
		out = append(out, cp)
	}
	return out
}

func (s *Sim) commentsOf(ticketID int64) []*Comment {
	row := s.tickets.get(ticketID)
	if row == nil {
		return nil
	}
	out := make([]*Comment, len(row.commentIDs))
	for i, id := range row.commentIDs {
		out[i] = s.comments.get(id)
	}
	return out
}

// Audits gives copies of a ticket's audits, oldest first.
func (s *Sim) Audits(ticketID int64) []Audit {
	s.mu.Lock()
	defer s.mu.Unlock()
	row := s.tickets.get(ticketID)
	if row == nil {
		return nil
	}
	var out []Audit
	for _, a := range row.audits {
		cp := *a
		cp.Custom, cp.Flags, cp.Events = maps.Clone(a.Custom), slices.Clone(a.Flags), slices.Clone(a.Events)
		out = append(out, cp)
	}
	return out
}

// Attachments gives the files on a ticket's comments, with their content.
func (s *Sim) Attachments(ticketID int64) []Attachment {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Attachment
	for _, a := range s.attachments.where(func(a *Attachment) bool { return a.TicketID == ticketID }) {
		cp := *a
		cp.Content = slices.Clone(a.Content)
		out = append(out, cp)
	}
	return out
}

// Uploads gives the uploads that are not attached, expired ones too.
func (s *Sim) Uploads() []Upload {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Upload
	for _, token := range slices.Sorted(maps.Keys(s.uploads)) {
		cp := *s.uploads[token]
		cp.AttachmentIDs = slices.Clone(cp.AttachmentIDs)
		out = append(out, cp)
	}
	return out
}

// User gives a copy of a user.
func (s *Sim) User(id int64) (User, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.users.get(id)
	if u == nil {
		return User{}, false
	}
	return u.clone(), true
}

// Users gives copies of the users, deleted ones left out.
func (s *Sim) Users() []User {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []User
	for _, u := range s.users.where(func(u *User) bool { return !u.Deleted }) {
		out = append(out, u.clone())
	}
	return out
}

// AnyText tells whether a needle stands anywhere in the account's tickets,
// comments, audits or files. A test of a leak or of a redaction looks here.
func (s *Sim) AnyText(needle string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, row := range s.tickets.all() {
		if mentions(needle, row.Ticket) || mentionsAny(needle, row.audits) {
			return true
		}
	}
	return mentionsAny(needle, s.comments.all()) || mentionsAny(needle, s.attachments.all())
}

func stamp(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UTC().Format(time.RFC3339)
}

func nullID(id int64) any {
	if id == 0 {
		return nil
	}
	return id
}

func list[T any](in []T) []T {
	if in == nil {
		return []T{}
	}
	return in
}

// Endpoints lists what the simulator serves as "METHOD /path", where ":name"
// stands for a number and "*name" for any text.
func (s *Sim) Endpoints() []string {
	var out []string
	for _, r := range s.routes {
		out = append(out, r.method+" "+r.path)
	}
	return out
}
