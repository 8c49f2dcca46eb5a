package zendesksim

import "slices"

func organizationRoutes() []route {
	return []route{
		{"GET", "/api/v2/organizations", agents, listOrganizations},
		{"POST", "/api/v2/organizations", agents, createOrganization},
		{"GET", "/api/v2/organizations/show_many", agents, showManyOrganizations},
		{"GET", "/api/v2/organizations/:id", agents, showOrganization},
		{"GET", "/api/v2/organizations/:id/users", agents, organizationUsers},
		{"GET", "/api/v2/users/:id/organizations", agents, userOrganizations},
		{"GET", "/api/v2/organization_memberships", agents, listOrgMembers},
		{"GET", "/api/v2/users/:user/organization_memberships", agents, listOrgMembers},
		{"GET", "/api/v2/organizations/:org/organization_memberships", agents, listOrgMembers},
	}
}

func orgID(o *Organization) int64 { return o.ID }

func (c *call) orgView(o *Organization) object {
	fields := o.Fields
	if fields == nil {
		fields = object{}
	}
	return object{
		"id": o.ID, "url": c.url("organizations/%d", o.ID), "name": o.Name, "shared_tickets": o.SharedTickets,
		"shared_comments": o.SharedComments, "external_id": text(o.ExternalID), "created_at": stamp(o.CreatedAt),
		"updated_at": stamp(o.UpdatedAt), "domain_names": list(o.DomainNames), "details": nil, "notes": nil, "group_id": nil,
		"tags": list(o.Tags), "organization_fields": fields,
	}
}

func listOrganizations(c *call) (answer, error) {
	return paginate(c, "organizations", c.orgs.all(), orgID, c.orgView)
}

func createOrganization(c *call) (answer, error) {
	var in struct {
		Organization struct {
			Name          string   `json:"name"`
			ExternalID    string   `json:"external_id"`
			DomainNames   []string `json:"domain_names"`
			Tags          []string `json:"tags"`
			SharedTickets bool     `json:"shared_tickets"`
		} `json:"organization"`
	}
	if err := c.decode(&in); err != nil {
		return answer{}, err
	}
	o := in.Organization
	if o.Name == "" {
		return answer{}, recordInvalid("name", "Name: cannot be blank")
	}
	if c.orgs.first(func(have *Organization) bool { return have.Name == o.Name }) != nil {
		return answer{}, recordInvalid("name", "Name: has already been taken")
	}
	row := c.addOrganization(Organization{
		Name: o.Name, ExternalID: o.ExternalID, DomainNames: o.DomainNames, Tags: o.Tags, SharedTickets: o.SharedTickets,
	})
	return created(object{"organization": c.orgView(row)}), nil
}

func showManyOrganizations(c *call) (answer, error) {
	ids := c.ids()
	rows := c.orgs.where(func(o *Organization) bool { return slices.Contains(ids, o.ID) })
	return paginate(c, "organizations", rows, orgID, c.orgView)
}

func showOrganization(c *call) (answer, error) {
	o := c.orgs.get(c.id("id"))
	if o == nil {
		return answer{}, notFound()
	}
	return ok(object{"organization": c.orgView(o)}), nil
}

func organizationUsers(c *call) (answer, error) {
	org := c.id("id")
	if c.orgs.get(org) == nil {
		return answer{}, notFound()
	}
	rows := c.users.where(func(u *User) bool { return !u.Deleted && slices.Contains(u.OrganizationIDs, org) })
	return paginate(c, "users", rows, userID, c.userView)
}

func userOrganizations(c *call) (answer, error) {
	u, err := c.activeUser(c.id("id"))
	if err != nil {
		return answer{}, err
	}
	rows := c.orgs.where(func(o *Organization) bool { return slices.Contains(u.OrganizationIDs, o.ID) })
	return paginate(c, "organizations", rows, orgID, c.orgView)
}

// listOrgMembers serves all memberships, a user's and an organization's.
func listOrgMembers(c *call) (answer, error) {
	user, org := c.id("user"), c.id("org")
	if (user != 0 && c.users.get(user) == nil) || (org != 0 && c.orgs.get(org) == nil) {
		return answer{}, notFound()
	}
	rows := c.orgMembers.where(func(m *orgMembership) bool {
		return (user == 0 || m.UserID == user) && (org == 0 || m.OrganizationID == org)
	})
	return paginate(c, "organization_memberships", rows, func(m *orgMembership) int64 { return m.ID }, c.orgMemberView)
}

func (c *call) orgMemberView(m *orgMembership) object {
	name := ""
	if o := c.orgs.get(m.OrganizationID); o != nil {
		name = o.Name
	}
	u := c.users.get(m.UserID)
	return object{
		"id": m.ID, "url": c.url("organization_memberships/%d", m.ID), "user_id": m.UserID, "organization_id": m.OrganizationID,
		"default": len(u.OrganizationIDs) > 0 && u.OrganizationIDs[0] == m.OrganizationID, "organization_name": name,
		"created_at": stamp(m.CreatedAt), "updated_at": stamp(m.CreatedAt), "view_tickets": slices.Contains(u.ViewTicketsOf, m.OrganizationID),
	}
}
