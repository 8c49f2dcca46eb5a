package zendesksim

import (
	"fmt"
	"slices"
)

// File is an attachment of a ticket or reply that the simulator seeds.
type File struct {
	Name        string
	ContentType string
	Content     []byte
}

// NewTicket is what a person files, by form, mail or otherwise.
type NewTicket struct {
	RequesterID  int64
	SubmitterID  int64 // RequesterID when 0
	Subject      string
	Body         string
	HTMLBody     string // wins over Body
	FormID       int64  // the default form when 0
	CustomFields map[int64]any
	Tags         []string
	CCs          []int64
	Followers    []int64
	AssigneeID   int64
	Channel      string // "web" when empty; "email" fills in the addresses
	Recipient    string // the support address written to
	Flags        []int
	Files        []File
	FollowsUp    int64 // the closed ticket that this one continues
	SharedWith   []int64
	Private      bool   // the first comment is an internal note
	MessageID    string // of the mail that it comes by
}

// ReplyOptions say how a reply came in. The zero value is an internal note
// through the web.
type ReplyOptions struct {
	Public   bool
	HTMLBody string
	Channel  string
	Flags    []int
	Files    []File
	CCs      []int64 // who are added
	Solve    bool    // and the ticket is solved
}

// FileTicket files a ticket as its submitter would and gives its id. It
// panics when the requester does not exist: the seed itself is wrong.
func (s *Sim) FileTicket(n NewTicket) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.fileTicket(n).ID
}

func (s *Sim) fileTicket(n NewTicket) *ticketRow {
	if n.SubmitterID == 0 {
		n.SubmitterID = n.RequesterID
	}
	requester, submitter := s.users.get(n.RequesterID), s.users.get(n.SubmitterID)
	if requester == nil || submitter == nil {
		panic(fmt.Sprintf("zendesksim: FileTicket: there is no user %d or no user %d; add them first", n.RequesterID, n.SubmitterID))
	}
	if n.Channel == "" {
		n.Channel = "web"
	}
	t := s.blankTicket(requester, submitter)
	t.Subject, t.Tags, t.EmailCCIDs, t.FollowerIDs = n.Subject, slices.Clone(n.Tags), slices.Clone(n.CCs), slices.Clone(n.Followers)
	t.SharingAgreementIDs, t.FollowupSourceID, t.Recipient = slices.Clone(n.SharedWith), n.FollowsUp, n.Recipient
	t.AssigneeID = n.AssigneeID
	if n.FormID != 0 {
		t.FormID = n.FormID
	}
	for id, v := range n.CustomFields {
		t.CustomFields[id] = plainNumber(v)
	}
	t.Via = s.viaOf(n.Channel, submitter, n.Recipient)
	row := &ticketRow{}
	_, err := s.commit(row, t, change{
		actor: submitter, via: t.Via, flags: n.Flags, lenient: true, messageID: n.MessageID,
		comment: &draft{authorID: submitter.ID, body: n.Body, htmlBody: n.HTMLBody, public: !n.Private, files: s.keep(n.Files, submitter.ID)},
	})
	if err != nil {
		panic(fmt.Errorf("zendesksim: FileTicket: %w", err))
	}
	if src := s.tickets.get(n.FollowsUp); src != nil {
		src.FollowupIDs = append(src.FollowupIDs, row.ID)
	}
	return row
}

func (s *Sim) blankTicket(requester, submitter *User) Ticket {
	t := Ticket{
		Status: "new", RequesterID: requester.ID, SubmitterID: submitter.ID, Tags: []string{}, CustomFields: map[int64]any{},
	}
	if len(requester.OrganizationIDs) > 0 {
		t.OrganizationID = requester.OrganizationIDs[0]
	}
	if form := s.forms.first(func(f *TicketForm) bool { return f.Default }); form != nil {
		t.FormID = form.ID
	}
	return t
}

func (s *Sim) viaOf(channel string, from *User, to string) Via {
	v := Via{Channel: channel}
	if channel == "email" {
		v.FromAddress, v.FromName = from.Email, from.Name
		v.ToAddress, v.ToName = to, s.opt.Subdomain
	}
	return v
}

// keep stores files that wait for their comment.
func (s *Sim) keep(files []File, by int64) []*Attachment {
	var out []*Attachment
	for _, f := range files {
		out = append(out, s.addAttachment(f, by))
	}
	return out
}

// Reply adds a comment as its author would. An end user's public reply opens
// a ticket that waited or was solved, and makes a follow-up of a closed one.
// It gives the ticket and the comment that it became.
func (s *Sim) Reply(ticketID, authorID int64, body string, o ReplyOptions) (ticket, comment int64, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.reply(ticketID, authorID, body, o)
}

func (s *Sim) reply(ticketID, authorID int64, body string, o ReplyOptions) (ticket, comment int64, err error) {
	row, author := s.tickets.get(ticketID), s.users.get(authorID)
	if row == nil || row.Deleted || author == nil {
		return 0, 0, fmt.Errorf("zendesksim: Reply: there is no ticket %d or no user %d", ticketID, authorID)
	}
	if o.Channel == "" {
		o.Channel = "web"
	}
	if row.Status == "closed" {
		if author.Role != EndUser {
			return 0, 0, recordInvalid("status", "Status: closed prevents ticket update")
		}
		next := s.fileTicket(NewTicket{
			RequesterID: authorID, Subject: "Re: " + row.Subject, Body: body, HTMLBody: o.HTMLBody, FormID: row.FormID,
			Channel: o.Channel, Flags: o.Flags, Files: o.Files, FollowsUp: row.ID,
		})
		return next.ID, next.commentIDs[0], nil
	}
	next := row.clone()
	if o.Public && opensAgain(author, row) {
		next.Status = "open"
	}
	if o.Solve {
		next.Status = "solved"
	}
	for _, id := range o.CCs {
		if id != row.RequesterID && !slices.Contains(next.EmailCCIDs, id) {
			next.EmailCCIDs = append(next.EmailCCIDs, id)
		}
	}
	ch := change{actor: author, via: s.viaOf(o.Channel, author, row.Recipient), flags: o.Flags}
	if body != "" || o.HTMLBody != "" || len(o.Files) > 0 {
		ch.comment = &draft{authorID: authorID, body: body, htmlBody: o.HTMLBody, public: o.Public, files: s.keep(o.Files, authorID)}
	} else if !o.Solve {
		next.Status = row.Status // a CC alone opens nothing
	}
	_, err = s.commit(row, next, ch)
	if err != nil {
		return 0, 0, fmt.Errorf("zendesksim: Reply: %w", err)
	}
	return row.ID, row.commentIDs[len(row.commentIDs)-1], nil // the newest, where only a CC was added
}

// opensAgain tells whether an end user's comment opens what waited or was
// solved.
func opensAgain(author *User, row *ticketRow) bool {
	return author.Role == EndUser && slices.Contains([]string{"pending", "hold", "solved"}, row.Status)
}

// UpdateAs edits a ticket as an agent would in the workspace, under the rules
// that hold for the API. Text of the edit's refusal is Zendesk's.
func (s *Sim) UpdateAs(userID, ticketID int64, edit func(*Ticket)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.updateAs(userID, ticketID, edit, false)
}

func (s *Sim) updateAs(userID, ticketID int64, edit func(*Ticket), lenient bool) error {
	row, user := s.tickets.get(ticketID), s.users.get(userID)
	if row == nil || user == nil {
		return fmt.Errorf("zendesksim: update: there is no ticket %d or no user %d", ticketID, userID)
	}
	next := row.clone()
	edit(&next)
	for id, v := range next.CustomFields {
		next.CustomFields[id] = plainNumber(v)
	}
	next.ID, next.Description, next.CreatedAt, next.Public = row.ID, row.Description, row.CreatedAt, row.Public
	_, err := s.commit(row, next, change{actor: user, via: Via{Channel: "web"}, lenient: lenient})
	return err
}

// CloseTicket closes a ticket, as Zendesk's automation does days after it was
// solved.
func (s *Sim) CloseTicket(ticketID int64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	row := s.tickets.get(ticketID)
	if row == nil {
		return fmt.Errorf("zendesksim: CloseTicket: there is no ticket %d", ticketID)
	}
	next := row.clone()
	next.Status = "closed"
	_, err := s.commit(row, next, change{actor: s.system(), via: Via{Channel: "rule", Rel: "automation"}, lenient: true})
	return err
}

// system is who rules and automations act as; Zendesk writes -1.
func (s *Sim) system() *User { return &User{ID: -1, Name: "System", Role: Admin} }

// DeleteTicket deletes a ticket: it answers 404 then, and the export has it
// with the status deleted.
func (s *Sim) DeleteTicket(ticketID int64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.deleteTicket(s.system(), ticketID)
}

func (s *Sim) deleteTicket(actor *User, ticketID int64) error {
	row := s.tickets.get(ticketID)
	if row == nil || row.Deleted {
		return notFound()
	}
	next := row.clone()
	next.Deleted = true
	_, err := s.commit(row, next, change{actor: actor, via: Via{Channel: "api"}, lenient: true})
	return err
}

// MergeTickets merges source into target: the comments and their files are
// copied to the target, and the source is closed. A later redaction of the
// source leaves the copies.
func (s *Sim) MergeTickets(source, target int64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.mergeTickets(s.system(), source, target, nil, nil)
}

func (s *Sim) mergeTickets(actor *User, source, target int64, sourceNote, targetNote *draft) error {
	from, to := s.tickets.get(source), s.tickets.get(target)
	if from == nil || to == nil || from.Deleted || to.Deleted || source == target {
		return notFound()
	}
	if from.Status == "closed" || to.Status == "closed" {
		return recordInvalid("status", "Status: closed prevents ticket update")
	}
	via := Via{Channel: "web", Rel: "merge", FromTicket: source}
	for _, id := range from.commentIDs {
		c := s.comments.get(id)
		d := &draft{authorID: c.AuthorID, htmlBody: c.HTMLBody, public: c.Public, files: s.copyFiles(c)}
		if _, err := s.commit(to, to.clone(), change{actor: actor, via: via, comment: d}); err != nil {
			return err
		}
	}
	if targetNote != nil {
		if _, err := s.commit(to, to.clone(), change{actor: actor, via: via, comment: targetNote}); err != nil {
			return err
		}
	}
	if sourceNote == nil {
		// Zendesk's own words; they are all that names the target.
		sourceNote = &draft{authorID: actor.ID, body: fmt.Sprintf("This request was closed and merged into request #%d %q.", target, to.Subject)}
	}
	next := from.clone()
	next.Status = "closed"
	next.Tags = append(next.Tags, "closed_by_merge")
	_, err := s.commit(from, next, change{actor: actor, via: Via{Channel: "web", Rel: "merge"}, comment: sourceNote, lenient: true})
	return err
}

func (s *Sim) copyFiles(c *Comment) []*Attachment {
	var out []*Attachment
	for _, id := range c.AttachmentIDs {
		a := s.attachments.get(id)
		out = append(out, s.addAttachment(File{a.FileName, a.ContentType, a.Content}, a.UploadedBy))
	}
	return out
}

// plainNumber makes every number a float64, as JSON has them.
func plainNumber(v any) any {
	switch n := v.(type) {
	case int:
		return float64(n)
	case int64:
		return float64(n)
	}
	return v
}
