package zendesksim

// rule is a trigger of the account's own that changes tickets.
type rule struct {
	id    int64
	title string
	do    func(*Ticket)
}

// AddRule adds a trigger that changes the ticket within every update that
// somebody makes, as triggers do: what it changes stands in the same audit,
// with the rule as where it came from.
func (s *Sim) AddRule(title string, do func(*Ticket)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rules = append(s.rules, rule{s.newID(), title, do})
}

// RemoveRules takes all of them away.
func (s *Sim) RemoveRules() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rules = nil
}

// fireRules lets each rule change the ticket once, in the name of who updates.
func (s *Sim) fireRules(row *ticketRow, audit *Audit, actor *User) {
	for _, r := range s.rules {
		next := row.clone()
		r.do(&next)
		if s.settle(row.Ticket, &next, change{actor: actor, lenient: true}) != nil {
			continue
		}
		via := &Via{Channel: "rule", Rel: "trigger", FromID: r.id, FromTitle: r.title}
		for _, e := range s.diff(row.Ticket, next, false) {
			e.Via = via
			audit.Events = append(audit.Events, e)
		}
		row.Ticket = next
	}
}
