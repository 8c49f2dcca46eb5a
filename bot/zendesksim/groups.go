package zendesksim

import "encoding/json"

func groupRoutes() []route {
	return []route{
		{"GET", "/api/v2/groups", agents, listGroups},
		{"POST", "/api/v2/groups", admins, createGroup},
		{"GET", "/api/v2/groups/assignable", agents, listGroups},
		{"GET", "/api/v2/groups/:id", agents, showGroup},
		{"GET", "/api/v2/group_memberships", agents, listGroupMembers},
		{"POST", "/api/v2/group_memberships", admins, createGroupMember},
		{"GET", "/api/v2/group_memberships/assignable", agents, listGroupMembers},
		{"GET", "/api/v2/groups/:group/memberships", agents, listGroupMembers},
		{"GET", "/api/v2/users/:user/group_memberships", agents, listGroupMembers},
	}
}

func (c *call) groupView(g *Group) object {
	return object{
		"id": g.ID, "url": c.url("groups/%d", g.ID), "name": g.Name, "description": "", "default": g.Default, "deleted": false,
		"is_public": true, "created_at": stamp(g.CreatedAt), "updated_at": stamp(g.CreatedAt),
	}
}

func listGroups(c *call) (answer, error) {
	return paginate(c, "groups", c.groups.all(), func(g *Group) int64 { return g.ID }, c.groupView)
}

func createGroup(c *call) (answer, error) {
	var in struct {
		Group struct {
			Name string `json:"name"`
		} `json:"group"`
	}
	if err := c.decode(&in); err != nil {
		return answer{}, err
	}
	if in.Group.Name == "" {
		return answer{}, recordInvalid("name", "Name: cannot be blank")
	}
	g := &Group{ID: c.newID(), Name: in.Group.Name, CreatedAt: c.now()}
	c.groups.add(g.ID, g)
	return created(object{"group": c.groupView(g)}), nil
}

func showGroup(c *call) (answer, error) {
	g := c.groups.get(c.id("id"))
	if g == nil {
		return answer{}, notFound()
	}
	return ok(object{"group": c.groupView(g)}), nil
}

func (c *call) groupMemberView(m *groupMembership) object {
	return object{
		"id": m.ID, "url": c.url("group_memberships/%d", m.ID), "user_id": m.UserID, "group_id": m.GroupID, "default": m.Default,
		"created_at": stamp(m.CreatedAt), "updated_at": stamp(m.CreatedAt),
	}
}

func listGroupMembers(c *call) (answer, error) {
	user, group := c.id("user"), c.id("group")
	if (user != 0 && c.users.get(user) == nil) || (group != 0 && c.groups.get(group) == nil) {
		return answer{}, notFound()
	}
	rows := c.groupMember.where(func(m *groupMembership) bool {
		u := c.users.get(m.UserID)
		return (user == 0 || m.UserID == user) && (group == 0 || m.GroupID == group) && !u.Deleted && !u.Suspended
	})
	return paginate(c, "group_memberships", rows, func(m *groupMembership) int64 { return m.ID }, c.groupMemberView)
}

func createGroupMember(c *call) (answer, error) {
	var in struct {
		Membership struct {
			UserID  json.Number `json:"user_id"`
			GroupID json.Number `json:"group_id"`
		} `json:"group_membership"`
	}
	if err := c.decode(&in); err != nil {
		return answer{}, err
	}
	user, _ := in.Membership.UserID.Int64()
	group, _ := in.Membership.GroupID.Int64()
	u := c.users.get(user)
	switch {
	case u == nil || u.Role == EndUser:
		return answer{}, recordInvalid("user", "User: is not an agent")
	case c.groups.get(group) == nil:
		return answer{}, recordInvalid("group", "Group: is invalid")
	case c.isMember(user, group):
		return answer{}, recordInvalid("user_id", "User: has already been taken")
	}
	return created(object{"group_membership": c.groupMemberView(c.addGroupMember(user, group, false))}), nil
}
