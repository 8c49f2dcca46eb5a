package world

import (
	"context"
	"sync"

	"privacydesk/bot"
)

// Directory is a bot.Directory that tests change.
type Directory struct {
	mu     sync.Mutex
	rights map[string][]bot.TenantRight
	// Err, when set, is what every question gets.
	Err error
	// Asked lists the addresses that were looked up.
	Asked []string
}

// Set gives an address its rights.
func (d *Directory) Set(email string, rights ...bot.TenantRight) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.rights == nil {
		d.rights = map[string][]bot.TenantRight{}
	}
	d.rights[email] = rights
}

// Standing looks somebody up.
func (d *Directory) Standing(_ context.Context, p bot.Person) (bot.Standing, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.Asked = append(d.Asked, p.Email)
	if d.Err != nil {
		return bot.Standing{}, d.Err
	}
	rights, ok := d.rights[p.Email]
	return bot.Standing{Known: ok, Tenants: rights}, nil
}

// Alex is an admin of acme, Gina of globex, Uli a user of acme, Carla nobody's.
func Alex() bot.Person { return person(11, "alex@acme.example") }

// Gina is an admin of globex.
func Gina() bot.Person { return person(12, "gina@globex.example") }

// Uli is a plain user of acme.
func Uli() bot.Person { return person(13, "uli@acme.example") }

// Carla is a consumer.
func Carla() bot.Person { return person(14, "carla@mail.example") }

func person(id int64, email string) bot.Person {
	return bot.Person{ID: id, Name: "Person", Email: email, Role: "end-user", Verified: true, Active: true, Locale: "en"}
}
