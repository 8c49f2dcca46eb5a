package directory

import (
	"context"
	"errors"
	"slices"
	"strings"

	"privacydesk/bot"
)

// ZendeskOptions are a directory in the desk's own user fields.
type ZendeskOptions struct {
	TenantField         string   `yaml:"tenant_field" required:"true" doc:"key of the user field that names the user's tenant, in our own spelling"`
	RoleField           string   `yaml:"role_field" required:"true" doc:"key of the user field that names the user's role in the tenant"`
	AdminRoles          []string `yaml:"admin_roles" default:"admin" doc:"values of role_field that make an admin"`
	AcceptAgentEditable bool     `yaml:"accept_agent_editable" default:"false" doc:"must be true: whoever can edit users at the desk can make anybody an admin of any tenant, and so have data disclosed or deleted. A subject who is also a user of the product is not recognised by this kind"`
}

func defaultZendesk() *ZendeskOptions { return &ZendeskOptions{AdminRoles: []string{"admin"}} }

// Validate refuses the kind unless its weakness was accepted by name.
func (o *ZendeskOptions) Validate() error {
	var errs []error
	if !o.AcceptAgentEditable {
		errs = append(errs, errors.New("accept_agent_editable: agents can edit user fields and so make anybody an admin of any tenant; set it to true to accept that, or use the kind sql"))
	}
	if o.TenantField == "" {
		errs = append(errs, errors.New("tenant_field: is missing"))
	}
	if o.RoleField == "" || o.RoleField == o.TenantField {
		errs = append(errs, errors.New("role_field: must name a field of its own; to be in an organization or a tenant makes nobody an admin"))
	}
	if len(o.AdminRoles) == 0 || slices.ContainsFunc(o.AdminRoles, func(r string) bool { return strings.TrimSpace(r) == "" }) {
		errs = append(errs, errors.New("admin_roles: must list at least one role, and none that is empty"))
	}
	return errors.Join(errs...)
}

type zendesk struct {
	env Env
	o   ZendeskOptions
}

func openZendesk(env Env, o *ZendeskOptions) (Directory, error) {
	return &zendesk{env, ZendeskOptions{o.TenantField, o.RoleField, slices.Clone(o.AdminRoles), o.AcceptAgentEditable}}, nil
}

// Standing reads the person's own fields. Organizations give no right:
// agents and rules on e-mail domains put people into them.
func (d *zendesk) Standing(_ context.Context, p bot.Person) (bot.Standing, error) {
	if _, ok := d.env.proven(p); !ok {
		return bot.Standing{}, nil
	}
	var s standing
	if tenant := p.Fields[d.o.TenantField]; strings.TrimSpace(tenant) != "" {
		s.add(tenant, slices.Contains(d.o.AdminRoles, p.Fields[d.o.RoleField]))
	}
	return s.Standing, nil
}

// Check finds nothing to examine: the fields come with each ticket.
func (d *zendesk) Check(context.Context) error { return nil }

func (d *zendesk) Close() error { return nil }
