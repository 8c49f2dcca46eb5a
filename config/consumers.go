package config

import (
	"net/url"
	"time"

	"privacydesk/bot"
)

// Consumers is the controller mode: where the vendor itself decides on data, a
// consumer may ask about their own.
type Consumers struct {
	Enabled     bool          `yaml:"enabled" default:"false" doc:"let consumers file directly, about their own address, which they prove by a link; such a request reaches the systems of role controller alone. Off: they are referred to the business that holds the relationship"`
	Tenant      string        `yaml:"tenant" default:"vendor" doc:"a tenant of its own for these requests; no customer's. Each system of role controller must spell it under its tenants. Whoever the directory calls its admin has no right by that"`
	BaseURL     string        `yaml:"base_url" doc:"where consumers reach the web server, such as https://privacy.vendor.example; links lead to /confirm/ below it. Keep that path out of the logs of a proxy in front"`
	LinkTTL     time.Duration `yaml:"link_ttl" default:"48h" min:"10m" max:"336h" doc:"how long a link works; it works once"`
	LinksPerDay int64         `yaml:"links_per_day" default:"3" min:"1" max:"20" doc:"links that one address gets in a day; what is above is held for a person"`
}

func (c Consumers) check(d *decoder, systems map[string]System) {
	if !c.Enabled {
		return
	}
	u, err := url.Parse(c.BaseURL)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		d.failAt("controller.base_url", "is not where consumers reach us", "write it as https://privacy.vendor.example")
	}
	if c.Tenant == "" {
		d.failAt("controller.tenant", "is empty", "name a tenant that is no customer's, such as vendor")
	}
	reached := false
	for name, s := range systems {
		if s.Role != Controller {
			if s.Tenants.Map[c.Tenant] != "" {
				d.failAt("controller.tenant", "is a customer's: the system "+name+" lists it", "name a tenant that is no customer's, such as vendor")
			}
			continue
		}
		reached = true
		if _, err := s.Tenants.Spell(c.Tenant); err != nil {
			d.failAt(join("systems", name)+".tenants", "does not say how the system spells "+c.Tenant+", the tenant of controller.tenant", "add it there")
		}
	}
	if !reached {
		d.failAt("controller.enabled", "is true, and no system has the role controller", "give the systems of the vendor's own data that role")
	}
}

func (c Consumers) settings() bot.ControllerSettings {
	if !c.Enabled {
		return bot.ControllerSettings{}
	}
	return bot.ControllerSettings{Tenant: c.Tenant, BaseURL: c.BaseURL, LinkTTL: c.LinkTTL, PerDay: c.LinksPerDay}
}
