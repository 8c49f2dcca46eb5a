package zendesksim

import "fmt"

// RecoverSuspended makes a ticket of suspended mail, as an agent does by hand:
// it is as new as that moment. requester is who wrote the mail; fields are
// what the agent fills in.
func (s *Sim) RecoverSuspended(id, requester int64, edit func(*NewTicket)) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	mail := s.suspended.get(id)
	if mail == nil {
		panic(fmt.Sprintf("zendesksim: RecoverSuspended: there is no suspended ticket %d", id))
	}
	s.suspended.remove(id)
	n := NewTicket{
		RequesterID: requester, Subject: mail.Subject, Body: mail.Content, Channel: "email", Recipient: mail.Recipient, MessageID: mail.MessageID,
	}
	if edit != nil {
		edit(&n)
	}
	return s.fileTicket(n).ID
}
