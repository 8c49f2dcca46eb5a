package zendesksim

import (
	"slices"
	"strings"
)

// furnish puts in what every account has.
func (s *Sim) furnish() {
	now := s.now()
	group := &Group{ID: s.newID(), Name: "Support", Default: true, CreatedAt: now}
	s.groups.add(group.ID, group)
	var ids []int64
	for _, kind := range []string{"subject", "description", "status", "priority", "group", "assignee"} {
		title := strings.ToUpper(kind[:1]) + kind[1:]
		f := &TicketField{
			ID: s.newID(), Title: title, Type: kind, System: true, VisibleInPortal: true, CreatedAt: now, UpdatedAt: now,
		}
		ids = append(ids, f.ID)
		s.fields.add(f.ID, f)
	}
	form := &TicketForm{
		ID: s.newID(), Name: "Default Ticket Form", FieldIDs: ids, Default: true, EndUserVisible: true,
		CreatedAt: now, UpdatedAt: now,
	}
	s.forms.add(form.ID, form)
	for _, st := range [][3]string{
		{"new", "New", "Open"},
		{"open", "Open", "Open"},
		{"pending", "Pending", "Awaiting your reply"},
		{"hold", "On-hold", "Open"},
		{"solved", "Solved", "Solved"},
	} {
		c := &CustomStatus{
			ID: s.newID(), Category: st[0], AgentLabel: st[1], EndUserLabel: st[2], Default: true, CreatedAt: now, UpdatedAt: now,
		}
		s.statuses.add(c.ID, c)
	}
}

// AddOrganization adds an organization and gives its id.
func (s *Sim) AddOrganization(o Organization) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.addOrganization(o).ID
}

func (s *Sim) addOrganization(o Organization) *Organization {
	o.ID, o.CreatedAt, o.UpdatedAt = s.newID(), s.now(), s.now()
	return s.orgs.add(o.ID, &o)
}

// AddUser adds a user and gives the id. Agents and admins become members of
// the group Support. Its e-mail becomes the primary identity.
func (s *Sim) AddUser(u User) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.addUser(u).ID
}

func (s *Sim) addUser(u User) *User {
	u = u.clone()
	u.ID, u.CreatedAt, u.UpdatedAt = s.newID(), s.now(), s.now()
	if u.Role == "" {
		u.Role = EndUser
	}
	row := s.users.add(u.ID, &u)
	if u.Email != "" {
		s.addIdentity(Identity{UserID: u.ID, Type: "email", Value: u.Email, Verified: u.Verified, Primary: true})
	}
	for _, org := range u.OrganizationIDs {
		s.addOrgMember(u.ID, org)
	}
	if u.Role != EndUser {
		support := s.groups.first(func(g *Group) bool { return g.Default })
		s.addGroupMember(u.ID, support.ID, true)
	}
	return row
}

// UpdateUser edits a user as an admin would in the agent's workspace; a new
// e-mail changes the primary identity.
func (s *Sim) UpdateUser(id int64, edit func(*User)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.users.get(id)
	if u == nil {
		return
	}
	next := u.clone()
	edit(&next)
	next.ID, next.UpdatedAt = id, s.now()
	s.storeUser(u, next)
}

func (s *Sim) storeUser(u *User, next User) {
	if primary := s.primaryEmail(u.ID); next.Email != u.Email && next.Email != "" {
		if primary == nil {
			primary = s.addIdentity(Identity{UserID: u.ID, Type: "email", Primary: true})
		}
		primary.Value, primary.Verified, primary.UpdatedAt = next.Email, next.Verified, s.now()
	}
	for _, m := range s.orgMembers.where(func(m *orgMembership) bool { return m.UserID == u.ID }) {
		if !slices.Contains(next.OrganizationIDs, m.OrganizationID) {
			s.orgMembers.remove(m.ID)
		}
	}
	for _, org := range next.OrganizationIDs {
		if !slices.Contains(u.OrganizationIDs, org) {
			s.addOrgMember(u.ID, org)
		}
	}
	*u = next
}

func (s *Sim) primaryEmail(userID int64) *Identity {
	return s.identities.first(func(i *Identity) bool { return i.UserID == userID && i.Type == "email" && i.Primary })
}

// AddIdentity adds another identity to a user and gives its id.
func (s *Sim) AddIdentity(i Identity) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.addIdentity(i).ID
}

func (s *Sim) addIdentity(i Identity) *Identity {
	i.ID, i.CreatedAt, i.UpdatedAt = s.newID(), s.now(), s.now()
	if i.Type == "" {
		i.Type = "email"
	}
	return s.identities.add(i.ID, &i)
}

func (s *Sim) addOrgMember(user, org int64) {
	m := &orgMembership{ID: s.newID(), UserID: user, OrganizationID: org, CreatedAt: s.now()}
	s.orgMembers.add(m.ID, m)
}

func (s *Sim) addGroupMember(user, group int64, isDefault bool) *groupMembership {
	m := &groupMembership{ID: s.newID(), UserID: user, GroupID: group, Default: isDefault, CreatedAt: s.now()}
	return s.groupMember.add(m.ID, m)
}

func (s *Sim) isMember(user, group int64) bool {
	return s.groupMember.first(func(m *groupMembership) bool { return m.UserID == user && m.GroupID == group }) != nil
}

func (s *Sim) defaultGroup(user int64) int64 {
	m := s.groupMember.first(func(m *groupMembership) bool { return m.UserID == user && m.Default })
	if m == nil {
		return 0
	}
	return m.GroupID
}

// AddGroup adds a group with the given agents in it.
func (s *Sim) AddGroup(name string, agents ...int64) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	g := &Group{ID: s.newID(), Name: name, CreatedAt: s.now()}
	s.groups.add(g.ID, g)
	for _, a := range agents {
		s.addGroupMember(a, g.ID, false)
	}
	return g.ID
}

// AddTicketField adds a custom field and gives its id.
func (s *Sim) AddTicketField(f TicketField) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.addTicketField(f).ID
}

func (s *Sim) addTicketField(f TicketField) *TicketField {
	f.Options = slices.Clone(f.Options)
	f.ID, f.System, f.CreatedAt, f.UpdatedAt = s.newID(), false, s.now(), s.now()
	if f.Type == "" {
		f.Type = "text"
	}
	return s.fields.add(f.ID, &f)
}

// AddTicketForm adds a form and gives its id.
func (s *Sim) AddTicketForm(f TicketForm) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.addTicketForm(f).ID
}

func (s *Sim) addTicketForm(f TicketForm) *TicketForm {
	f.FieldIDs = slices.Clone(f.FieldIDs)
	f.ID, f.CreatedAt, f.UpdatedAt = s.newID(), s.now(), s.now()
	return s.forms.add(f.ID, &f)
}

// RequireBeside makes fields required for solving by a condition of the form,
// which the fields themselves do not tell.
func (s *Sim) RequireBeside(fields ...int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.conditions = append(s.conditions, fields...)
}

// EditTicketForm changes a form by an admin's hand.
func (s *Sim) EditTicketForm(id int64, edit func(*TicketForm)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	edit(s.forms.get(id))
}

// AddCustomStatus adds a status of a category and gives its id.
func (s *Sim) AddCustomStatus(category, agentLabel string) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.addCustomStatus(CustomStatus{Category: category, AgentLabel: agentLabel}).ID
}

func (s *Sim) addCustomStatus(c CustomStatus) *CustomStatus {
	c.ID, c.CreatedAt, c.UpdatedAt = s.newID(), s.now(), s.now()
	if c.EndUserLabel == "" {
		c.EndUserLabel = c.AgentLabel
	}
	return s.statuses.add(c.ID, &c)
}

// AddSuspended puts mail into the suspended queue.
func (s *Sim) AddSuspended(t SuspendedTicket) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	t.ID, t.CreatedAt = s.newID(), s.now()
	return s.suspended.add(t.ID, &t).ID
}

// SetPrivateAttachments switches the account's setting.
func (s *Sim) SetPrivateAttachments(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.privateFiles = on
}

func (s *Sim) userByEmail(email string) *User {
	id := s.identities.first(func(i *Identity) bool { return i.Type == "email" && strings.EqualFold(i.Value, email) })
	if id == nil {
		return nil
	}
	return s.users.get(id.UserID)
}
