package bot

import "context"

// Directory knows who is an admin of which tenant. It is asked at
// acceptance, before each system is erased, and before delivery; nothing is
// cached.
type Directory interface {
	// Standing looks a person of the desk up. Somebody unknown is no error.
	// An error means that the directory could not be asked: then nobody has
	// a right.
	Standing(ctx context.Context, p Person) (Standing, error)
}

// Integrations is a Directory that also knows what syncs into a tenant's data
// from outside.
type Integrations interface {
	// Integrations are the names of the tenant's, and of no other's.
	Integrations(ctx context.Context, tenant string) ([]string, error)
}

// Standing is what a person may.
type Standing struct {
	Known   bool
	Tenants []TenantRight // each tenant once
	// Tenant is known also for addresses of plain users of the product: a
	// subject who is one needs a person's look.
}

// TenantRight is a person's place in one tenant.
type TenantRight struct {
	Tenant string
	Admin  bool
}

// AdminOf lists the tenants of which the person is an admin.
func (s Standing) AdminOf() []string {
	var out []string
	for _, t := range s.Tenants {
		if t.Admin {
			out = append(out, t.Tenant)
		}
	}
	return out
}
