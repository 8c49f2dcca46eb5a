package directory_test

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"privacydesk/bot"
	"privacydesk/bot/directory"
	"privacydesk/connectors"
	"privacydesk/connectors/connectortest/servers"
)

const users = "CREATE TABLE users (id integer primary key, email varchar(200), tenant varchar(50), is_admin boolean)"

const alexAlone = "INSERT INTO users VALUES (1, 'Alex@acme.example', 'acme', true)"

const loose = "SELECT email, tenant, is_admin FROM users WHERE lower(email) = :email"

func execute(t testing.TB, driver, dsn string, statements ...string) {
	t.Helper()
	db, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	for _, s := range statements {
		if _, err := db.ExecContext(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
}

func sqlOptions(driver, dsn, query string) *directory.SQLOptions {
	return &directory.SQLOptions{Driver: driver, DSN: dsn, Query: query, Timeout: 30 * time.Second, MaxRows: 100}
}

// sqliteFile makes a database whose name would break an unescaped DSN.
func sqliteFile(t testing.TB, statements ...string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "users #1 50%.db")
	execute(t, "sqlite", file, append([]string{users}, statements...)...)
	return file
}

func sqlite(t testing.TB, statements ...string) directory.Directory {
	t.Helper()
	return open(t, "sql", sqlOptions("sqlite", sqliteFile(t, statements...), loose))
}

// lookAlikes are distinct people whose addresses loose collations and eyes
// take for one, each an admin of a tenant of their own.
func lookAlikes() map[string]string {
	return map[string]string{
		"jose@acme.example": "plain", "josé@acme.example": "accent", "j.ose@acme.example": "dot", "jose+x@acme.example": "plus",
		"jos\u0435@acme.example": "cyrillic", "jos\u212f@acme.example": "script", "jose@acme.example.org": "longer", "jose@\u0430cme.example": "domain",
		"ｊose@acme.example": "wide",
	}
}

func insertLookAlikes() string {
	var values []string
	for email, tenant := range lookAlikes() {
		values = append(values, "('"+email+"', '"+tenant+"', true)")
	}
	return "INSERT INTO users (email, tenant, is_admin) VALUES " + strings.Join(values, ", ")
}

func scenario(t *testing.T, driver, dsn string) {
	t.Helper()
	d := open(t, "sql", sqlOptions(driver, dsn, loose))
	if err := d.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	for email, want := range map[string]string{
		"alex@acme.example": "acme+ globex", "ALEX@Acme.Example": "acme+ globex", "uli@acme.example": "acme", "nobody@acme.example": "?",
		"%@acme.example": "?", "_lex@acme.example": "?", "free@acme.example": "", "twice@acme.example": "acme",
		"'or'1'='1@acme.example": "?",
	} {
		if got := say(t, d, person(email)); got != want {
			t.Errorf("%s: %q, want %q", email, got, want)
		}
	}
	// Whatever the database's collation takes for equal: each look-alike is
	// only who they are.
	everybody := open(t, "sql", sqlOptions(driver, dsn, "SELECT is_admin, email, tenant FROM users WHERE email IS NOT NULL OR email = :email"))
	for _, d := range []directory.Directory{d, everybody} {
		for email, tenant := range lookAlikes() {
			s, err := d.Standing(t.Context(), person(email))
			if err != nil {
				t.Fatal(err)
			}
			for _, right := range s.Tenants {
				if right.Tenant != tenant {
					t.Errorf("%+q is taken for the admin of %s", email, right.Tenant)
				}
			}
			if d == everybody && !s.Known && !strings.Contains(email, "\u212f") {
				t.Errorf("%+q is not found among all rows", email)
			}
		}
	}
}

func data() []string {
	return []string{
		"INSERT INTO users (email, tenant, is_admin) VALUES ('Alex@Acme.example', 'acme', true), ('alex@acme.example', 'globex', false), " +
			"('uli@acme.example', 'acme', false), ('free@acme.example', NULL, true), (NULL, 'acme', true), ('', 'acme', true), ('no address', 'acme', true), " +
			"('twice@acme.example', 'acme', true), ('twice@acme.example', 'acme', NULL)",
		insertLookAlikes(),
	}
}

func TestRule7_SQLiteNarrowsAndGoCompares(t *testing.T) {
	scenario(t, "sqlite", sqliteFile(t, data()...))
}

func TestRule7_PostgreSQLNarrowsAndGoCompares(t *testing.T) {
	server := servers.Postgres(t)
	dsn := server.CreateDatabase(t)
	execute(t, "pgx", dsn, append([]string{strings.Replace(users, "id integer primary key", "id serial primary key", 1)}, data()...)...)
	scenario(t, "postgres", dsn)
}

// The default collation of MariaDB takes josé for jose.
func TestRule7_MariaDBNarrowsAndGoCompares(t *testing.T) {
	server := servers.MariaDB(t)
	dsn := server.CreateDatabase(t)
	execute(t, "mysql", dsn, append([]string{strings.Replace(users, "id integer primary key", "id integer auto_increment primary key", 1) + " CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci"}, data()...)...)
	scenario(t, "mysql", dsn)
}

// A query that ignores the address must not make everybody an admin.
func TestAQueryThatIgnoresTheAddressGivesNoRight(t *testing.T) {
	file := sqliteFile(t, data()...)
	d := open(t, "sql", sqlOptions("sqlite", file, "SELECT email, tenant, is_admin FROM users WHERE 1 = 1 OR email = :email"))
	if got := say(t, d, person("stranger@evil.example")); got != "?" {
		t.Errorf("a stranger is %q", got)
	}
	// One that returns the address itself lies; nothing can be done but to
	// show that the row's own tenant and flag are all that it gives.
	d = open(t, "sql", sqlOptions("sqlite", file, "SELECT :email AS email, 'acme' AS tenant, NULL AS is_admin"))
	if got := say(t, d, person("stranger@evil.example")); got != "acme" {
		t.Errorf("NULL is_admin: %q", got)
	}
}

func TestSQLCannotWrite(t *testing.T) {
	server := servers.Postgres(t)
	dsn := server.CreateDatabase(t)
	execute(t, "pgx", dsn, users, alexAlone)
	d := open(t, "sql", sqlOptions("postgres", dsn, "WITH gone AS (DELETE FROM users RETURNING email, tenant, is_admin) SELECT * FROM gone WHERE email = :email"))
	s, err := d.Standing(t.Context(), person("alex@acme.example"))
	if err == nil || s.Known || connectors.KindOf(err) != connectors.Misfit {
		t.Errorf("%v, %v", s, err)
	}
	again := open(t, "sql", sqlOptions("postgres", dsn, loose))
	if got := say(t, again, person("alex@acme.example")); got != "acme+" {
		t.Errorf("the row is gone: %q", got)
	}
}

// An error means that nobody has a right, and it tells nothing about anybody.
func TestSQLErrorsGiveNoRightAndNoData(t *testing.T) {
	file := sqliteFile(t, data()...)
	missing := filepath.Join(t.TempDir(), "secret-place.db")
	server := servers.Postgres(t)
	pg := server.CreateDatabase(t)
	execute(t, "pgx", pg, users, alexAlone)
	cases := map[string]struct {
		o    *directory.SQLOptions
		kind connectors.ErrorKind
	}{
		"no such table":    {sqlOptions("sqlite", file, "SELECT email, tenant, is_admin FROM people WHERE email = :email"), connectors.Misfit},
		"no such file":     {sqlOptions("sqlite", missing, loose), connectors.Misfit},
		"columns":          {sqlOptions("sqlite", file, "SELECT email, tenant FROM users WHERE email = :email"), connectors.Misfit},
		"further columns":  {sqlOptions("sqlite", file, "SELECT id, email, tenant, is_admin FROM users WHERE lower(email) = :email"), connectors.Misfit},
		"a column twice":   {sqlOptions("sqlite", file, "SELECT email, email, is_admin FROM users WHERE lower(email) = :email"), connectors.Misfit},
		"a role as truth":  {sqlOptions("sqlite", file, "SELECT email, tenant, 'admin' AS is_admin FROM users WHERE lower(email) = :email"), connectors.Misfit},
		"two as truth":     {sqlOptions("sqlite", file, "SELECT email, tenant, 2 AS is_admin FROM users WHERE lower(email) = :email"), connectors.Misfit},
		"a number of rows": {&directory.SQLOptions{Driver: "sqlite", DSN: file, Query: "SELECT email, tenant, is_admin FROM users WHERE 1=1 OR email = :email", Timeout: time.Minute, MaxRows: 3}, connectors.TooMuch},
		"a cast that quotes its value": {
			sqlOptions("postgres", pg, "SELECT email, tenant, is_admin FROM users WHERE CAST(:email AS integer) = 1"), connectors.Misfit,
		},
		"a password":     {sqlOptions("postgres", "postgres://secret-user:secret-word@"+server.Addr()+"/secretdb", loose), ""},
		"nobody listens": {sqlOptions("mysql", "secret:secret@tcp(127.0.0.1:1)/secret", loose), connectors.Transient},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			d := open(t, "sql", c.o)
			s, err := d.Standing(t.Context(), person("alex@acme.example"))
			if err == nil || s.Known || len(s.Tenants) > 0 {
				t.Fatalf("%+v, %v", s, err)
			}
			if kind := connectors.KindOf(err); kind == "" || c.kind != "" && kind != c.kind {
				t.Errorf("%s: %v", kind, err)
			}
			for _, leak := range []string{"alex", "acme", "secret", "example"} {
				for e := err; e != nil; e = unwrap(e) {
					if strings.Contains(strings.ToLower(e.Error()), leak) {
						t.Errorf("%q in %v", leak, e)
					}
				}
			}
			if checked := d.Check(t.Context()); checked == nil && (name == "no such table" || name == "no such file" || name == "columns" || name == "nobody listens") {
				t.Error("check finds nothing wrong")
			}
		})
	}
}

func unwrap(err error) error {
	u, ok := err.(interface{ Unwrap() error })
	if !ok {
		return nil
	}
	return u.Unwrap()
}

// What was right a moment ago is not remembered.
func TestRule9_NothingIsCached(t *testing.T) {
	file := sqliteFile(t, alexAlone)
	d := open(t, "sql", sqlOptions("sqlite", file, loose))
	if got := say(t, d, person("alex@acme.example")); got != "acme+" {
		t.Fatal(got)
	}
	execute(t, "sqlite", file, "UPDATE users SET is_admin = false")
	if got := say(t, d, person("alex@acme.example")); got != "acme" {
		t.Errorf("after the demotion: %q", got)
	}
}

func TestSQLEndsWithItsContext(t *testing.T) {
	d := sqlite(t, alexAlone)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s, err := d.Standing(ctx, person("alex@acme.example"))
	if err == nil || s.Known || connectors.KindOf(err) != connectors.Transient {
		t.Errorf("%+v, %v", s, err)
	}
}

func TestSQLLeavesNothingBehind(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	d, err := directory.Open("sql", env(), sqlOptions("sqlite", sqliteFile(t, alexAlone), loose))
	if err != nil {
		t.Fatal(err)
	}
	_ = say(t, d, person("alex@acme.example"))
	if err := d.Close(); err != nil {
		t.Error(err)
	}
}

// TestRule13_IsAdminOfAnotherTypeIsSeenWithoutRows: Check knows the result's
// columns from the database, and refuses a text before a row shows whether it
// is true or Y. What is a truth value, or compares to one, passes.
func TestRule13_IsAdminOfAnotherTypeIsSeenWithoutRows(t *testing.T) {
	const table = "CREATE TABLE users (email varchar(200), tenant varchar(50), is_admin boolean, y char(1), role varchar(20))"
	pg, maria, lite := servers.Postgres(t).CreateDatabase(t), servers.MariaDB(t).CreateDatabase(t), filepath.Join(t.TempDir(), "u.db")
	execute(t, "pgx", pg, table)
	execute(t, "mysql", maria, table)
	execute(t, "sqlite", lite, table)
	for driver, dsn := range map[string]string{"postgres": pg, "mysql": maria, "sqlite": lite} {
		for column, fits := range map[string]bool{
			"is_admin": true, "role = 'admin' as is_admin": true, "case when y = 'Y' then 1 else 0 end as is_admin": true,
			"y as is_admin": false, "role as is_admin": false,
		} {
			err := open(t, "sql", sqlOptions(driver, dsn, "SELECT email, tenant, "+column+" FROM users WHERE lower(email) = :email")).Check(t.Context())
			var ours *connectors.Error
			if !fits && (!errors.As(err, &ours) || ours.Kind != connectors.Misfit || !strings.Contains(err.Error(), "is_admin")) || fits && err != nil {
				t.Errorf("%s: %s: %v", driver, column, err)
			}
		}
	}
}

// TestIntegrationsAreTheTenants: on every database, whatever its collation
// calls equal, and none of another's.
func TestIntegrationsAreTheTenants(t *testing.T) {
	setUp := []string{
		"CREATE TABLE syncs (tenant varchar(50), name varchar(50))",
		"INSERT INTO syncs VALUES ('acme', 'Salesforce'), ('acme', 'HubSpot'), ('acme', 'HubSpot'), ('ACME', 'Marketo'), ('globex', 'Pipedrive'), ('acme', ' '), ('acme', NULL)",
	}
	const query = "SELECT name, tenant FROM syncs WHERE lower(tenant) = lower(:tenant)"
	file := sqliteFile(t, setUp...)
	pg, my := servers.Postgres(t).CreateDatabase(t), servers.MariaDB(t).CreateDatabase(t)
	for driver, dsn := range map[string]string{"sqlite": file, "postgres": pg, "mysql": my} {
		t.Run(driver, func(t *testing.T) {
			if driver != "sqlite" {
				execute(t, map[string]string{"postgres": "pgx", "mysql": "mysql"}[driver], dsn, append([]string{users}, setUp...)...)
			}
			o := sqlOptions(driver, dsn, loose)
			o.Integrations = query
			d := open(t, "sql", o)
			if err := d.Check(t.Context()); err != nil {
				t.Fatal(err)
			}
			for tenant, want := range map[string]string{"acme": "HubSpot Salesforce", "globex": "Pipedrive", "umbrella": ""} {
				got, err := d.(bot.Integrations).Integrations(t.Context(), tenant)
				if err != nil || strings.Join(got, " ") != want {
					t.Errorf("%s: %v, %v", tenant, got, err)
				}
			}
		})
	}
}

// TestAQueryOfIntegrationsIsChecked: its columns, its table and its parameter.
func TestAQueryOfIntegrationsIsChecked(t *testing.T) {
	for query, want := range map[string]string{
		"SELECT email AS name FROM users WHERE tenant = :tenant":                   "columns tenant and name",
		"SELECT tenant, email AS name, id FROM users WHERE tenant = :tenant":       "columns tenant and name",
		"SELECT tenant, name FROM nowhere WHERE tenant = :tenant":                  "refused the query",
		"SELECT tenant, email AS name FROM users":                                  "integrations: must hold the placeholder :tenant",
		"SELECT tenant, email AS name FROM users WHERE :tenant = :email":           "no placeholder :email",
		"DELETE FROM users WHERE tenant = :tenant RETURNING tenant, email AS name": "must begin with SELECT",
	} {
		o := sqlOptions("sqlite", sqliteFile(t), loose)
		o.Integrations = query
		d, err := directory.Open("sql", env(), o)
		if err == nil {
			err = d.Check(t.Context())
			_ = d.Close()
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", query, err)
		}
	}
}
