package config

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

// TestEveryMistakeNamesPlaceCauseAndMend: what people get wrong in a
// configuration, one by one, is said with the line, the key, what is wrong with
// it, and what to do, and nothing else is said.
func TestEveryMistakeNamesPlaceCauseAndMend(t *testing.T) {
	swap := func(old, with string) string {
		if strings.Count(minimal, old) != 1 {
			t.Fatalf("the configuration has no one %q", old)
		}
		return strings.Replace(minimal, old, with, 1)
	}
	for name, c := range map[string]struct{ text, path, what, mend string }{
		"a date that is none":           {swap("2026-11-01", "yesterday"), "intake.since", "is not a date", "write it as 2026-11-01T00:00:00Z, "},
		"no date":                       {swap("  since: 2026-11-01\n", "  poll: '@every 1m'\n"), "intake.since", "is missing", "add since: … (tickets created befo"},
		"a schedule that is none":       {swap("  since:", "  poll: often\n  since:"), "intake.poll", "is not a schedule", "write @every 5m, or the five field"},
		"a misspelt section":            {swap("zendesk:", "zendsk:"), "zendsk", "this key is not known", "did you mean zendesk?"},
		"a misspelt key":                {swap("subdomain:", "subdomian:"), "zendesk.subdomian", "this key is not known", "did you mean subdomain?"},
		"a whole address as subdomain":  {swap("subdomain: example", "subdomain: https://example.zendesk.com"), "zendesk", "is not a subdomain", "give the part before .zendesk.com:"},
		"a key twice":                   {swap("  subdomain: example\n", "  subdomain: example\n  subdomain: other\n"), "zendesk.subdomain", "stands here a second time; the fir", "remove one of the two"},
		"no client secret":              {swap(", client_secret: hush", ""), "zendesk", "client_id and client_secret are ne", "a public client needs refresh_toke"},
		"a variable that is not set":    {swap("hush", "'${env:NOBODY_SET_THIS}'"), "zendesk.oauth.client_secret", "the environment variable NOBODY_SE", "set it, or use ${file:PATH}"},
		"a file that is not there":      {swap("hush", "'${file:nowhere}'"), "zendesk.oauth.client_secret", "the file nowhere does not exist", "create it, or mend the path (relat"},
		"an id that is no number":       {swap("  subdomain:", "  form: privacy\n  subdomain:"), "zendesk.form", "is a text and must be a whole numb", "write digits, without quotes"},
		"a kind that nobody knows":      {swap("  subdomain:", "  kind_field: 7\n  kind_values: {a: erase}\n  subdomain:"), "zendesk", "is no kind of request", "write access, delete, opt_out or d"},
		"a field without its values":    {swap("  subdomain:", "  kind_field: 7\n  subdomain:"), "zendesk", "is missing, so that no value of ki", "list them"},
		"no directory":                  {swap("directory: {kind: static, users: [{email: alex@acme.example, tenant: acme, admin: true}]}\n", ""), "directory", "is missing", "add directory: … (who is an admin "},
		"a directory of no kind":        {swap("kind: static", "kind: ldap"), "directory.kind", "is no kind that there is", "known: sql, static, zendesk"},
		"a person without an account":   {swap("tenant: acme, ", ""), "directory.users[0].tenant", "is missing", "add tenant: … (the tenant, in our "},
		"yes, spelt out":                {swap("admin: true", "admin: jawohl"), "directory.users[0].admin", "is a text and must be true or fals", "write true or false, without quote"},
		"a short master key":            {swap(goodKey, "secret"), "keys.master[0]", "master key \"1\": it must be 32 rand", "make one with: openssl rand -hex 3"},
		"no master key":                 {swap("    - {id: \"1\", key: "+goodKey+"}\n", ""), "keys.master", "is empty", "add at least one entry"},
		"a list that is a word":         {swap("dataset: [maps/crm.yml]", "dataset: maps/crm.yml"), "systems.crm.dataset", "is a text and must be a list", "write [one, two], or a line with a"},
		"a system of no kind":           {swap("kind: box", "kind: oracle"), "systems.crm.kind", "is no kind that there is", "known: box"},
		"a system without an address":   {swap("    dsn: box://crm\n", ""), "systems.crm.dsn", "is missing", "add dsn: … (where it is)"},
		"a system without its accounts": {swap("    tenants: same\n", ""), "systems.crm", "says of no tenant how the system s", "add tenants: with our: theirs for "},
		"accounts that are a word":      {swap("tenants: same", "tenants: all"), "systems.crm.tenants", "is a text and must be a mapping or", "write our: theirs for each tenant"},
		"no systems":                    {minimal[:strings.Index(minimal, "systems:")] + "systems: {}\n", "systems", "is empty", "add at least one entry"},
		"a mode that is none":           {minimal + "deletes: {mode: on}\n", "deletes.mode", "\"on\" is no mode", "write shadow, or live"},
		"an approval that is none":      {minimal + "deletes: {approval: sometimes}\n", "deletes.approval", "\"sometimes\" is no rule of approval", "write always, deletes, access, 'ov"},
		"a duration without a unit":     {minimal + "deletes: {waiting_period: 72}\n", "deletes.waiting_period", "is a number without a unit", "write it as 90s, 15m, 72h or 14d"},
		"a number beyond its bound":     {minimal + "requests: {due_days: 400}\n", "requests.due_days", "is above 45", "write 45 or less"},
		"days out of order":             {minimal + "requests: {reminders: [7, 3]}\n", "requests.reminders", "has a day that is not later than t", "write the days in their order"},
		"a law that nobody knows":       {minimal + "requests: {laws: [dsgvo]}\n", "requests.laws[0]", "is none of ccpa, gdpr, lgpd, uk, u", "known: ccpa, gdpr, lgpd, uk, us, u"},
		"no law":                        {minimal + "requests: {laws: []}\n", "requests.laws", "is empty", "name at least one law, such as [cc"},
		"a time zone that is none":      {minimal + "requests: {location: Berlin}\n", "requests.location", "is not the name of a time zone", "write it as UTC or Europe/Berlin"},
		"a port without a colon":        {minimal + "web: {listen: '8080'}\n", "web.listen", "is not an address and a port", "write :8080, or 127.0.0.1:8080"},
		"a size without a unit's name":  {minimal + "requests: {part_size: 50 megabytes}\n", "requests.part_size", "is not a size", "write it as 50 MB, 64 KiB or a num"},
		"a level that is none":          {minimal + "log: {level: verbose}\n", "log.level", "is none of debug, info, warn, erro", "known: debug, info, warn, error"},
		"a Redis that is a host":        {minimal + "redis: {url: 'redis.example:6379'}\n", "redis", "is not the address of a Redis", "write redis://user:password@host:6"},
		"a mapping that is a list":      {minimal + "requests: [due_days]\n", "requests", "is a list and must be a mapping", "write its keys on indented lines b"},
		"tabs":                          {swap("  subdomain:", "\tsubdomain:"), "", "is not YAML: found character that ", "mind the indentation; quote a text"},
		"attestation, in other words":   {minimal + "requests: {attestation: yes}\n", "requests.attestation", "is none of optional, required", "known: optional, required"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := load(t, c.text, nil, nil)
			var bad *InvalidError
			if !errors.As(err, &bad) {
				t.Fatalf("it loads, or fails otherwise: %v", err)
			}
			for _, p := range bad.Problems {
				t.Logf("%d:%d | %s | %s | %s", p.Line, p.Column, p.Path, p.What, p.Mend)
				if p.Line == 0 || p.What == "" || p.Mend == "" {
					t.Errorf("lacks place, cause or mend: %+v", p)
				}
			}
			if !slices.ContainsFunc(bad.Problems, func(p Problem) bool {
				return strings.HasPrefix(p.Path, c.path) && strings.Contains(p.What, c.what) && strings.Contains(p.Mend, c.mend)
			}) {
				t.Errorf("want %q, and %q, at %s", c.what, c.mend, c.path)
			}
		})
	}
}
