package zendesksim

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"
	"time"
)

func userRoutes() []route {
	return []route{
		{"GET", "/api/v2/users", agents, listUsers},
		{"POST", "/api/v2/users", agents, createUser},
		{"GET", "/api/v2/users/me", signed, showMe},
		{"GET", "/api/v2/users/search", agents, searchUsers},
		{"GET", "/api/v2/users/show_many", agents, showManyUsers},
		{"GET", "/api/v2/users/:id", agents, showUser},
		{"PUT", "/api/v2/users/:id", agents, updateUser},
		{"DELETE", "/api/v2/users/:id", admins, deleteUser},
		{"GET", "/api/v2/deleted_users/:id", agents, showDeletedUser},
		{"DELETE", "/api/v2/deleted_users/:id", admins, purgeUser},
		{"GET", "/api/v2/users/:id/compliance_deletion_statuses", admins, complianceStatuses},
		{"GET", "/api/v2/users/:id/identities", agents, listIdentities},
		{"POST", "/api/v2/users/:id/identities", agents, createIdentity},
		{"GET", "/api/v2/users/:id/identities/:identity", agents, showIdentity},
	}
}

func userID(u *User) int64 { return u.ID }

func (c *call) userView(u *User) object {
	org := any(nil)
	if len(u.OrganizationIDs) > 0 {
		org = u.OrganizationIDs[0]
	}
	fields := u.UserFields
	if fields == nil {
		fields = object{}
	}
	return object{
		"id": u.ID, "url": c.url("users/%d", u.ID), "name": u.Name, "email": text(u.Email), "created_at": stamp(u.CreatedAt),
		"updated_at": stamp(u.UpdatedAt), "time_zone": "UTC", "iana_time_zone": "Etc/UTC", "phone": text(u.Phone),
		"shared_phone_number": nil, "photo": nil, "locale_id": 1, "locale": cmp.Or(u.Locale, "en-US"), "organization_id": org, "role": u.Role,
		"verified": u.Verified, "external_id": text(u.ExternalID), "tags": list(u.Tags), "alias": "", "active": !u.Deleted,
		"shared": false, "shared_agent": false, "last_login_at": stamp(u.UpdatedAt), "two_factor_auth_enabled": nil,
		"signature": "", "details": "", "notes": "", "role_type": nil, "custom_role_id": nil, "moderator": u.Role != EndUser,
		"ticket_restriction": c.restriction(u), "only_private_comments": false, "restricted_agent": u.TicketRestriction != "",
		"suspended": u.Suspended, "default_group_id": nullID(c.defaultGroup(u.ID)), "report_csv": false, "user_fields": fields,
	}
}

// restriction of an end user is always what they requested.
func (c *call) restriction(u *User) any {
	if u.Role == EndUser && u.TicketRestriction == "" {
		return "requested"
	}
	return text(u.TicketRestriction)
}

func (c *call) activeUser(id int64) (*User, error) {
	u := c.users.get(id)
	if u == nil || u.Purged {
		return nil, notFound()
	}
	return u, nil
}

func listUsers(c *call) (answer, error) {
	roles := c.req.URL.Query()["role[]"]
	if r := c.query("role"); r != "" {
		roles = append(roles, r)
	}
	rows := c.users.where(func(u *User) bool { return !u.Deleted && (len(roles) == 0 || slices.Contains(roles, string(u.Role))) })
	return paginate(c, "users", rows, userID, c.userView)
}

func showMe(c *call) (answer, error) { return ok(object{"user": c.userView(c.user)}), nil }

func showUser(c *call) (answer, error) {
	u, err := c.activeUser(c.id("id"))
	if err != nil {
		return answer{}, err
	}
	return ok(object{"user": c.userView(u)}), nil
}

func showManyUsers(c *call) (answer, error) {
	var rows []*User
	for _, id := range c.ids() {
		if u, err := c.activeUser(id); err == nil {
			rows = append(rows, u)
		}
	}
	return paginate(c, "users", rows, userID, c.userView)
}

// searchUsers narrows as Zendesk does: a query finds part of a name or of any
// address, in any case. Who needs one person compares the answers.
func searchUsers(c *call) (answer, error) {
	external, query := c.query("external_id"), c.query("query")
	if external == "" && query == "" {
		return answer{}, badRequest("Parameter query or external_id is required")
	}
	rows := c.users.where(func(u *User) bool {
		if u.Deleted {
			return false
		}
		if external != "" {
			return u.ExternalID == external
		}
		return c.userMatches(u, query)
	})
	return paginate(c, "users", rows, userID, c.userView)
}

func (s *Sim) userMatches(u *User, query string) bool {
	query = strings.ToLower(strings.Trim(strings.TrimPrefix(query, "email:"), `"`))
	if strings.Contains(strings.ToLower(u.Name), query) {
		return true
	}
	return s.identities.first(func(i *Identity) bool {
		return i.UserID == u.ID && strings.Contains(strings.ToLower(i.Value), query)
	}) != nil
}

type userInput struct {
	Name            *string        `json:"name"`
	Email           *string        `json:"email"`
	Role            *Role          `json:"role"`
	Phone           *string        `json:"phone"`
	ExternalID      *string        `json:"external_id"`
	Verified        *bool          `json:"verified"`
	Suspended       *bool          `json:"suspended"`
	Tags            *[]string      `json:"tags"`
	OrganizationID  *json.Number   `json:"organization_id"`
	OrganizationIDs *[]int64       `json:"organization_ids"`
	UserFields      map[string]any `json:"user_fields"`
}

func (c *call) userInput() (userInput, error) {
	var in struct {
		User *userInput `json:"user"`
	}
	if err := c.decode(&in); err != nil {
		return userInput{}, err
	}
	if in.User == nil {
		return userInput{}, badRequest("Parameter user is required")
	}
	return *in.User, nil
}

func put[T any](into, from *T) {
	if from != nil {
		*into = *from
	}
}

func (in userInput) apply(u *User) {
	put(&u.Name, in.Name)
	put(&u.Email, in.Email)
	put(&u.Role, in.Role)
	put(&u.Phone, in.Phone)
	put(&u.ExternalID, in.ExternalID)
	put(&u.Verified, in.Verified)
	put(&u.Suspended, in.Suspended)
	put(&u.Tags, in.Tags)
	put(&u.OrganizationIDs, in.OrganizationIDs)
	if in.OrganizationID != nil {
		id, err := in.OrganizationID.Int64()
		u.OrganizationIDs = nil
		if err == nil && id != 0 {
			u.OrganizationIDs = []int64{id}
		}
	}
	for k, v := range in.UserFields {
		if u.UserFields == nil {
			u.UserFields = map[string]any{}
		}
		u.UserFields[k] = v
	}
}

// checkUser refuses what Zendesk would, and roles that only an admin gives.
func (c *call) checkUser(u User) error {
	bad := invalid{}
	if strings.TrimSpace(u.Name) == "" {
		bad.add("name", "Name: is too short (minimum one character)")
	}
	if u.Email != "" && !strings.Contains(u.Email, "@") {
		bad.add("email", "Email: is not properly formatted")
	}
	if other := c.userByEmail(u.Email); other != nil && other.ID != u.ID {
		bad.add("email", "Email: is already being used by another user")
	}
	if !slices.Contains([]Role{"", EndUser, Agent, Admin}, u.Role) {
		bad.add("role", "Role: is invalid")
	}
	for _, org := range u.OrganizationIDs {
		if c.orgs.get(org) == nil {
			bad.add("organization", "Organization: is invalid")
		}
	}
	return bad.refusal()
}

func createUser(c *call) (answer, error) {
	in, err := c.userInput()
	if err != nil {
		return answer{}, err
	}
	var u User
	in.apply(&u)
	if err := c.checkUser(u); err != nil {
		return answer{}, err
	}
	if u.Role != "" && u.Role != EndUser && c.user.Role != Admin {
		return answer{}, forbidden()
	}
	return created(object{"user": c.userView(c.addUser(u))}), nil
}

func updateUser(c *call) (answer, error) {
	u, err := c.activeUser(c.id("id"))
	if err != nil {
		return answer{}, err
	}
	in, err := c.userInput()
	if err != nil {
		return answer{}, err
	}
	next := u.clone()
	in.apply(&next)
	if err := c.checkUser(next); err != nil {
		return answer{}, err
	}
	if (next.Role != u.Role || u.Role != EndUser) && c.user.Role != Admin && c.user.ID != u.ID {
		return answer{}, forbidden()
	}
	next.UpdatedAt = c.now()
	c.storeUser(u, next)
	return ok(object{"user": c.userView(u)}), nil
}

// deleteUser answers 200 with the user, where other deletes answer 204.
func deleteUser(c *call) (answer, error) {
	u, err := c.activeUser(c.id("id"))
	if err != nil {
		return answer{}, err
	}
	if u.ID == c.user.ID {
		return answer{}, recordInvalid("base", "You can't delete yourself")
	}
	u.Deleted, u.UpdatedAt = true, c.now()
	return ok(object{"user": c.userView(u)}), nil
}

func (c *call) deletedUser() (*User, error) {
	u := c.users.get(c.id("id"))
	if u == nil || !u.Deleted {
		return nil, notFound()
	}
	return u, nil
}

func (c *call) deletedUserView(u *User) object {
	v := c.userView(u)
	return object{"deleted_user": object{
		"id": u.ID, "url": c.url("deleted_users/%d", u.ID), "name": u.Name, "email": u.Email, "created_at": v["created_at"],
		"updated_at": v["updated_at"], "time_zone": "UTC", "phone": v["phone"], "shared_phone_number": nil, "photo": nil,
		"locale_id": 1, "locale": "en-US", "organization_id": v["organization_id"], "role": u.Role, "active": false,
	}}
}

func showDeletedUser(c *call) (answer, error) {
	u, err := c.deletedUser()
	if err != nil || u.Purged {
		return answer{}, notFound()
	}
	return ok(c.deletedUserView(u)), nil
}

func purgeUser(c *call) (answer, error) {
	u, err := c.deletedUser()
	if err != nil || u.Purged {
		return answer{}, notFound()
	}
	shown := c.deletedUserView(u)
	u.Purged, u.Name, u.Email, u.Phone, u.ExternalID, u.UserFields = true, "Permanently deleted user", "", "", "", nil
	u.UpdatedAt = c.now()
	for _, i := range c.identities.where(func(i *Identity) bool { return i.UserID == u.ID }) {
		c.identities.remove(i.ID)
	}
	return ok(shown), nil
}

// complianceStatuses tells a request to delete at once, and its completion a
// minute later, as other Zendesk products take their time.
func complianceStatuses(c *call) (answer, error) {
	u, err := c.deletedUser()
	if err != nil || !u.Purged {
		return answer{}, notFound()
	}
	entry := func(action string, at time.Time) object {
		return object{
			"action": action, "application": "support", "account_subdomain": c.opt.Subdomain, "created_at": stamp(at),
			"executer_id": nil, "user_id": u.ID,
		}
	}
	out := []object{entry("request_deletion", u.UpdatedAt)}
	if done := u.UpdatedAt.Add(time.Minute); !c.opt.Clock().Before(done) {
		out = append(out, entry("complete_deletion", done))
	}
	return ok(object{"compliance_deletion_statuses": out}), nil
}

func (c *call) identityView(i *Identity) object {
	v := object{
		"id": i.ID, "url": c.url("users/%d/identities/%d", i.UserID, i.ID), "user_id": i.UserID, "type": i.Type, "value": i.Value,
		"verified": i.Verified, "primary": i.Primary, "created_at": stamp(i.CreatedAt), "updated_at": stamp(i.UpdatedAt),
		"verified_at": nil, "verification_method": "none",
	}
	if i.Type == "email" {
		v["deliverable_state"], v["undeliverable_count"] = "deliverable", 0
	}
	if i.Verified {
		v["verified_at"], v["verification_method"] = stamp(i.UpdatedAt), "low"
	}
	return v
}

func (c *call) identitiesOf(user int64) []*Identity {
	return c.identities.where(func(i *Identity) bool { return i.UserID == user })
}

func listIdentities(c *call) (answer, error) {
	u, err := c.activeUser(c.id("id"))
	if err != nil {
		return answer{}, err
	}
	return paginate(c, "identities", c.identitiesOf(u.ID), func(i *Identity) int64 { return i.ID }, c.identityView)
}

func createIdentity(c *call) (answer, error) {
	u, err := c.activeUser(c.id("id"))
	if err != nil {
		return answer{}, err
	}
	var in struct {
		Identity struct {
			Type     string `json:"type"`
			Value    string `json:"value"`
			Verified bool   `json:"verified"`
		} `json:"identity"`
	}
	if err := c.decode(&in); err != nil {
		return answer{}, err
	}
	if in.Identity.Type == "email" && c.userByEmail(in.Identity.Value) != nil {
		return answer{}, recordInvalid("value", "Email: is already being used by another user")
	}
	i := c.addIdentity(Identity{UserID: u.ID, Type: in.Identity.Type, Value: in.Identity.Value, Verified: in.Identity.Verified})
	return created(object{"identity": c.identityView(i)}), nil
}

func showIdentity(c *call) (answer, error) {
	i := c.identities.get(c.id("identity"))
	if i == nil || i.UserID != c.id("id") {
		return answer{}, notFound()
	}
	return ok(object{"identity": c.identityView(i)}), nil
}
