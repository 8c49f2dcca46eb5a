package directory

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"privacydesk/bot"
)

// StaticOptions are a directory that stands in the configuration.
type StaticOptions struct {
	Users []StaticUser `yaml:"users" required:"true" doc:"the users of the product that may turn up, admins and others; one entry for each tenant of a user"`
}

// StaticUser is one user's place in one tenant.
type StaticUser struct {
	Email  string `yaml:"email" required:"true" secret:"true" doc:"the user's e-mail address"`
	Tenant string `yaml:"tenant" required:"true" doc:"the tenant, in our own spelling"`
	Admin  bool   `yaml:"admin" default:"false" doc:"whether the user is an admin of the tenant, and may file requests for it"`
}

// Validate names what can't be meant, by place and never by address.
func (o *StaticOptions) Validate() error {
	var errs []error
	for i, u := range o.Users {
		if strings.TrimSpace(u.Email) == "" {
			errs = append(errs, fmt.Errorf("users[%d].email: is missing", i))
		}
		if strings.TrimSpace(u.Tenant) == "" {
			errs = append(errs, fmt.Errorf("users[%d].tenant: is missing", i))
		}
	}
	return errors.Join(errs...)
}

type static struct {
	env   Env
	users map[string]bot.Standing // by normalised address
}

func openStatic(env Env, o *StaticOptions) (Directory, error) {
	collected := map[string]*standing{}
	var errs []error
	for i, u := range o.Users {
		address, err := env.Normalise(u.Email)
		if err != nil {
			errs = append(errs, fmt.Errorf("directory: users[%d].email: is not an e-mail address", i))
			continue
		}
		if collected[address] == nil {
			collected[address] = &standing{}
		}
		collected[address].add(u.Tenant, u.Admin)
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	d := &static{env: env, users: map[string]bot.Standing{}}
	for address, s := range collected {
		d.users[address] = s.Standing
	}
	return d, nil
}

func (d *static) Standing(_ context.Context, p bot.Person) (bot.Standing, error) {
	address, ok := d.env.proven(p)
	if !ok {
		return bot.Standing{}, nil
	}
	s := d.users[address]
	s.Tenants = append([]bot.TenantRight(nil), s.Tenants...)
	return s, nil
}

// Tenants are those that have an admin, who may file requests, in order.
func (d *static) Tenants() []string {
	admins := map[string]bool{}
	for _, s := range d.users {
		for _, t := range s.AdminOf() {
			admins[t] = true
		}
	}
	return slices.Sorted(maps.Keys(admins))
}

// Check finds nothing to examine.
func (d *static) Check(context.Context) error { return nil }

func (d *static) Close() error { return nil }
