package main

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"privacydesk/connectors"
)

// mapped is an installation of which only directory and systems are opened,
// each system a SQLite file with a data map of its own.
type mapped struct {
	*testing.T
	dir, systems string
}

func newMapped(t *testing.T) *mapped { return &mapped{T: t, dir: t.TempDir()} }

// system adds one: its map, its further keys, and the statements that make it.
func (m *mapped) system(name, keys, dataMap string, statements ...string) {
	m.Helper()
	file := filepath.Join(m.dir, name+".db")
	db, err := sql.Open("sqlite", file)
	if err != nil {
		m.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	for _, s := range statements {
		if _, err := db.Exec(s); err != nil {
			m.Fatalf("%s: %v", s, err)
		}
	}
	m.write(name+".yml", dataMap)
	m.systems += fmt.Sprintf("  %s: {kind: sqlite, dsn: %q, dataset: [%s.yml], %s}\n", name, file, name, keys)
}

func (m *mapped) write(name, text string) {
	m.Helper()
	if err := os.WriteFile(filepath.Join(m.dir, name), []byte(text), 0o600); err != nil {
		m.Fatal(err)
	}
}

// look opens what there is and returns what check says of systems and reach.
func (m *mapped) look() []problem {
	m.Helper()
	m.write("privacydesk.yml", fmt.Sprintf(`intake: {since: %s}
zendesk: {url: "http://127.0.0.1:1", oauth: {client_id: a, client_secret: b}, tag: privacy}
directory:
  kind: static
  users:
    - {email: alex@acme.example, tenant: acme, admin: true}
    - {email: gina@globex.example, tenant: globex, admin: true}
    - {email: uli@initech.example, tenant: initech}
data_dir: %q
keys: {master: [{id: one, key: %q}]}
systems:
%s`, time.Now().UTC().Format(time.RFC3339), m.dir, strings.Repeat("0123456789abcdef", 4), m.systems))
	cfg, err := loadConfig(filepath.Join(m.dir, "privacydesk.yml"), &surroundings{env: os.LookupEnv, stderr: m.Output()})
	if err != nil {
		m.Fatal(err)
	}
	a := newApp(cfg, openOptions{log: m.Output()})
	m.Cleanup(func() { _ = a.close(m.Context()) })
	if err := a.openDirectory(m.Context(), openOptions{}); err != nil {
		m.Fatal(err)
	}
	var out []problem
	for _, name := range sortedKeys(cfg.Systems) {
		if err := a.openSystem(m.Context(), name); err != nil {
			m.Fatal(err)
		}
		out = append(out, a.probeSystem(m.Context(), name)...)
	}
	return append(out, a.probeReach(m.Context())...)
}

// says reports whether one of the problems has the severity and all the words.
func says(problems []problem, s connectors.Severity, words ...string) bool {
	for _, p := range problems {
		all := p.Severity == s
		for _, w := range words {
			all = all && strings.Contains(p.String(), w)
		}
		if all {
			return true
		}
	}
	return false
}

const personTable = `CREATE TABLE person (id INTEGER PRIMARY KEY, tenant TEXT, email TEXT NOT NULL, tax TEXT)`

// personMap has the tenant scope that is asked for, and further collections.
func personMap(tenant string, more ...string) string {
	return `dataset:
  - fides_key: crm
    privacydesk: {tenant: ` + tenant + `}
    collections:
      - name: person
        privacydesk: {on_delete: delete}
        fields:
          - {name: id, data_categories: [user.unique_id], fides_meta: {primary_key: true}, privacydesk: {vendor_assigned: true}}
          - {name: tenant}
          - {name: email, data_categories: [user.contact.email], fides_meta: {identity: email}}
` + strings.Join(more, "")
}

// TestCheckBlocksWhereAnAddressLeadsNowhere: rows without a tenant are not
// searched by an address, and check doesn't call that well.
func TestCheckBlocksWhereAnAddressLeadsNowhere(t *testing.T) {
	for tenant, want := range map[string]bool{"none": true, "{place: acme}": false, "{field: tenant}": false} {
		m := newMapped(t)
		m.system("crm", "tenants: same", personMap(tenant), personTable)
		got := m.look()
		if says(got, connectors.SeverityBlocks, "systems.crm", "can't be searched for anybody") != want {
			t.Errorf("tenant %s: check says %v", tenant, got)
		}
		if want && !says(got, connectors.SeverityDeletes, "crm.person", "not searched", "place") {
			t.Errorf("tenant %s: the way to mend it is not said: %v", tenant, got)
		}
	}
}

// TestCheckNamesPlacesThatAreNobodys: a place whose tenant no system spells so
// would be searched for nobody.
func TestCheckNamesPlacesThatAreNobodys(t *testing.T) {
	for _, c := range []struct {
		place, tenants string
		want           []string
	}{
		{"acmee", "same", []string{"place: acmee", "did you mean acme?"}},
		{"acme", "same", nil},
		{"acme", "{acme: A-1, globex: G-1}", []string{"place: acme", "tenants spell it"}},
		{"A-1", "{acme: A-1, globex: G-1}", nil},
		{"A1", "{acme: A-1, globex: G-1}", []string{"did you mean A-1?"}},
	} {
		m := newMapped(t)
		m.system("crm", "tenants: "+c.tenants, personMap("{place: "+c.place+"}"), personTable)
		got := m.look()
		if says(got, connectors.SeverityBlocks, "systems.crm", "nobody's requests") != (c.want != nil) || c.want != nil && !says(got, connectors.SeverityBlocks, c.want...) {
			t.Errorf("place %s, tenants %s: check says %v", c.place, c.tenants, got)
		}
	}
}

// TestCheckNamesTenantsThatASystemDoesNotKnow: their requests would be held.
// Who is no admin files none.
func TestCheckNamesTenantsThatASystemDoesNotKnow(t *testing.T) {
	for tenants, want := range map[string]bool{"same": false, "{acme: A-1}": true, "{acme: A-1, globex: G-1}": false} {
		m := newMapped(t)
		m.system("crm", "tenants: "+tenants, personMap("{field: tenant}"), personTable)
		got := m.look()
		if says(got, connectors.SeverityBlocks, "systems.crm.tenants", "globex", "would be held") != want || says(got, connectors.SeverityBlocks, "initech") {
			t.Errorf("tenants %s: check says %v", tenants, got)
		}
	}
}

// TestCheckNamesNeedsThatNothingYields: check knows all systems, and so says
// which reference leads to nobody, where it stands, and what was meant.
func TestCheckNamesNeedsThatNothingYields(t *testing.T) {
	orders := func(to string) string {
		return `dataset:
  - fides_key: shop
    privacydesk: {tenant: {field: tenant}}
    collections:
      - name: orders
        privacydesk: {on_delete: delete}
        fields:
          - {name: tenant}
          - {name: id, data_categories: [user.unique_id], fides_meta: {primary_key: true}}
          - {name: email, data_categories: [user.contact.email], fides_meta: {identity: email}}
          - {name: person, data_categories: [user.unique_id], fides_meta: {references: [{dataset: ` + to + `, direction: from}]}}
`
	}
	for _, c := range []struct {
		to, yields string
		severity   connectors.Severity // "" for sound
		want       []string
	}{
		{"crm, field: person.id", "yields: true, ", "", nil},
		{"crm, field: person.id", "", connectors.SeverityBlocks, []string{"yields: true", "crm.person.id"}},
		{"crmm, field: person.id", "yields: true, ", connectors.SeverityBlocks, []string{"crmm.person.id", "did you mean crm.person.id?"}},
		{"billing, field: account.no", "yields: true, ", connectors.SeverityNote, []string{"billing.account.no", "no system yields"}},
	} {
		m := newMapped(t)
		m.system("crm", "tenants: same", strings.Replace(personMap("{field: tenant}"), "{vendor_assigned: true}", "{"+c.yields+"vendor_assigned: true}", 1), personTable)
		m.system("shop", "tenants: same", orders(c.to), `CREATE TABLE orders (tenant TEXT, id INTEGER PRIMARY KEY, email TEXT, person INTEGER)`)
		got := m.look()
		if c.severity == "" && says(got, connectors.SeverityBlocks) || says(got, connectors.SeverityBlocks, "no system yields") != (c.severity == connectors.SeverityBlocks) {
			t.Errorf("%s: check says %v", c.to, got)
		}
		if c.severity != "" && !says(got, c.severity, append(c.want, "systems.shop: shop.yml:11: shop.orders.person")...) {
			t.Errorf("%s: check says %v", c.to, got)
		}
	}
}

// TestWhatRefusesDeletesIsSaidOnce: what check says of a map with its own mend
// does not come again with another's.
func TestWhatRefusesDeletesIsSaidOnce(t *testing.T) {
	m := newMapped(t)
	m.system("crm", "tenants: same", strings.Replace(personMap("{field: tenant}"), "user.contact.email", "user.contact.emial", 1), personTable)
	n := 0
	problems := m.look()
	for _, p := range problems {
		if strings.Contains(p.What, "user.contact.emial") {
			n++
		}
	}
	if n != 1 {
		t.Errorf("said %d times: %+v", n, problems)
	}
}
