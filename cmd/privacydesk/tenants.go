package main

import (
	"fmt"
	"slices"
	"strings"

	"privacydesk/bot/directory"
	"privacydesk/config"
	"privacydesk/connectors"
)

// tenantProblems compares the tenants that may file requests, as far as the
// directory lists them, with those that each system spells; and what data maps
// call a tenant's own place with both.
func (a *app) tenantProblems() []problem {
	var ours []string
	if l, ok := a.directory.(directory.Lister); ok {
		ours = l.Tenants()
	}
	var out []problem
	for _, name := range sortedKeys(a.systems) {
		cfg := a.cfg.Systems[name]
		if cfg.Role == config.Controller {
			continue
		}
		out = append(out, unspelled(name, cfg.Tenants, ours)...)
		out = append(out, misplaced(name, cfg.Tenants, ours, a.systems[name].Connector.Profile().Places)...)
	}
	return out
}

// unspelled names tenants of the directory that a system has no spelling for:
// each of their requests would be held there.
func unspelled(system string, t config.Tenants, ours []string) []problem {
	var missing []string
	for _, tenant := range ours {
		if _, err := t.Spell(tenant); err != nil {
			missing = append(missing, tenant)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return []problem{{
		Severity: connectors.SeverityBlocks, Where: "systems." + system + ".tenants",
		What: "the directory knows tenants that the system has no spelling for: " + enumerate(missing) + "; their requests would be held",
		Mend: "add them there, each with the name that the system knows it by, or say tenants: same",
	}}
}

// unstated names what data maps leave unsaid of the data's source, purpose,
// recipients and retention: reports then say "not stated".
func unstated(system string, p connectors.Profile) []problem {
	var silent []string
	for _, c := range p.Collections {
		var of []string
		for _, f := range []struct {
			key string
			set bool
		}{{"source", c.Source != ""}, {"purpose", c.Purpose != ""}, {"third_parties", len(c.ThirdParties) > 0}, {"retention", c.Retention != ""}} {
			if !f.set {
				of = append(of, f.key)
			}
		}
		if len(of) > 0 {
			silent = append(silent, c.Name+" ("+strings.Join(of, ", ")+")")
		}
	}
	if len(silent) == 0 {
		return nil
	}
	return []problem{{
		Severity: connectors.SeverityNote, Where: "systems." + system + ".dataset",
		What: "reports will say \"not stated\", because the data map does not say it: of " + enumerate(silent),
		Mend: "say it under privacydesk of each collection; third_parties: [nobody] where nobody receives the data",
	}}
}

// misplaced names places whose tenant nobody is: no request would search them.
func misplaced(system string, t config.Tenants, ours, places []string) []problem {
	known := t.Spellings()
	if t.Same {
		known = ours
	}
	var out []problem
	for _, place := range places {
		if len(known) == 0 || slices.Contains(known, place) {
			continue
		}
		mend := "write the tenant as the system's tenants spell it"
		if near := connectors.Nearest(place, known); near != "" {
			mend = "did you mean " + near + "?"
		}
		out = append(out, problem{
			Severity: connectors.SeverityBlocks, Where: "systems." + system,
			What: fmt.Sprintf("the data map says `tenant: {place: %s}`, and no tenant is spelled so: nobody's requests would search it", place), Mend: mend,
		})
	}
	return out
}

// enumerate lists some, and how many more.
func enumerate(list []string) string {
	const most = 5
	if len(list) > most {
		return strings.Join(list[:most], ", ") + fmt.Sprintf(" and %d more", len(list)-most)
	}
	return strings.Join(list, ", ")
}
