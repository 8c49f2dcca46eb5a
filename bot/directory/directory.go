// Package directory answers who is an admin of which tenant. The ticket's
// text, a display name and the domain of an address give nobody a right:
// only what a directory says of a verified address does.
package directory

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"privacydesk/bot"
)

// Directory is a bot.Directory that can be examined and closed. It is safe
// for concurrent use and caches nothing.
type Directory interface {
	bot.Directory
	// Check proves that the directory answers in the shape that it should.
	// Its error says what is wrong and how to mend it.
	Check(ctx context.Context) error
	io.Closer
}

// Lister is a directory that knows all tenants, not only those of a person who
// is named.
type Lister interface{ Tenants() []string }

// Env is what a directory gets from its surroundings.
type Env struct {
	// Normalise brings an address into the form by which addresses are
	// compared. The wiring gives the same function by which tickets are read,
	// so that the two never disagree on who is who.
	Normalise func(address string) (string, error)
}

// Kind is a technology that a directory may be of.
type Kind struct {
	Name    string // as the configuration spells it
	Summary string // one line for the reference
	// Options returns a pointer to the kind's options with their defaults
	// set; the configuration decodes into it strictly. It has a method
	// Validate() error.
	Options func() any
	// Open makes a directory of options that Options returned. It does not
	// connect: Check does.
	Open func(env Env, options any) (Directory, error)
}

// Kinds is the one list of kinds, in the order of the reference.
func Kinds() []Kind {
	return []Kind{
		{"sql", "a query on the product's own users", func() any { return defaultSQL() }, opener(openSQL)},
		{"static", "a list in the configuration, for trials and small vendors", func() any { return &StaticOptions{} }, opener(openStatic)},
		{"zendesk", "user fields that agents fill in at the desk", func() any { return defaultZendesk() }, opener(openZendesk)},
	}
}

// Open makes a directory of the named kind. options is what that kind's
// Options returned. Bad options are an error that names each.
func Open(kind string, env Env, options any) (Directory, error) {
	var names []string
	for _, k := range Kinds() {
		if k.Name == kind {
			return k.Open(env, options)
		}
		names = append(names, k.Name)
	}
	return nil, fmt.Errorf("directory: %q is no kind of directory; there are %s", kind, strings.Join(names, ", "))
}

// opener checks what every kind needs before it opens.
func opener[O interface{ Validate() error }](open func(Env, O) (Directory, error)) func(Env, any) (Directory, error) {
	return func(env Env, options any) (Directory, error) {
		o, ok := options.(O)
		if !ok {
			return nil, fmt.Errorf("directory: options are %T instead of %T", options, o)
		}
		if env.Normalise == nil {
			return nil, errors.New("directory: Env.Normalise is not set")
		}
		if err := o.Validate(); err != nil {
			return nil, fmt.Errorf("directory: %w", err)
		}
		return open(env, o)
	}
}

// proven returns the normalised address of somebody of whom the desk is sure.
// Of anybody else nothing is looked up.
func (env Env) proven(p bot.Person) (string, bool) {
	if !p.Verified || !p.Active || p.Suspended {
		return "", false
	}
	address, err := env.Normalise(p.Email)
	return address, err == nil && address != ""
}

// same reports whether a text is the normalised address. One that can't be
// normalised is nobody's.
func (env Env) same(text, address string) bool {
	theirs, err := env.Normalise(text)
	return err == nil && theirs == address
}

// standing collects what is said of one person. A tenant that is said twice
// is there once, and the person its admin only if it was said each time.
type standing struct{ bot.Standing }

func (s *standing) add(tenant string, admin bool) {
	s.Known = true
	if strings.TrimSpace(tenant) == "" {
		return // a user of no tenant has a right in none
	}
	i, found := slices.BinarySearchFunc(s.Tenants, tenant, func(t bot.TenantRight, name string) int { return strings.Compare(t.Tenant, name) })
	if found {
		s.Tenants[i].Admin = s.Tenants[i].Admin && admin
		return
	}
	s.Tenants = slices.Insert(s.Tenants, i, bot.TenantRight{Tenant: tenant, Admin: admin})
}
