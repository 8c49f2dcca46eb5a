package sqldb_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"privacydesk/connectors"
	"privacydesk/connectors/connectortest"
	"privacydesk/connectors/sqldb"
)

// TestAPublishedTableWithoutIdentityBlocksDeletesAlone: the server reads from
// it, and would refuse each delete.
func TestAPublishedTableWithoutIdentityBlocksDeletesAlone(t *testing.T) {
	const plain = `CREATE TABLE person (id bigint, tenant text, email text)`
	const row = `INSERT INTO person VALUES (1, 'acme', 'ann@example.com')`
	parts := []string{
		`CREATE TABLE person (id bigint, tenant text, email text) PARTITION BY LIST (tenant)`,
		`CREATE TABLE person_acme PARTITION OF person FOR VALUES IN ('acme')`, row,
	}
	mapID := strings.Replace(personMap(), ", fides_meta: {primary_key: true}", "", 1)
	for name, c := range map[string]struct {
		make   []string
		blocks bool
	}{
		"a table":             {[]string{plain, row, `CREATE PUBLICATION p FOR TABLE person`}, true},
		"all tables":          {[]string{plain, row, `CREATE PUBLICATION p FOR ALL TABLES`}, true},
		"a partition":         {append(parts, `CREATE PUBLICATION p FOR TABLE person`), true},
		"by the root":         {append(parts, `CREATE PUBLICATION p FOR TABLE person WITH (publish_via_partition_root = true)`), true},
		"nothing of identity": {[]string{plain, row, `ALTER TABLE person REPLICA IDENTITY NOTHING`, `CREATE PUBLICATION p FOR TABLE person`}, true},
		"inserts alone":       {[]string{plain, row, `CREATE PUBLICATION p FOR TABLE person WITH (publish = 'insert')`}, false},
		"the whole row":       {[]string{plain, row, `ALTER TABLE person REPLICA IDENTITY FULL`, `CREATE PUBLICATION p FOR TABLE person`}, false},
		"a primary key":       {[]string{plain, row, `ALTER TABLE person ADD PRIMARY KEY (id)`, `CREATE PUBLICATION p FOR TABLE person`}, false},
		"an index": {[]string{
			plain, row, `ALTER TABLE person ALTER id SET NOT NULL`, `CREATE UNIQUE INDEX i ON person (id)`, `ALTER TABLE person REPLICA IDENTITY USING INDEX i`,
			`CREATE PUBLICATION p FOR TABLE person`,
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			w := only(t, "postgres")
			w.make(t, c.make...)
			conn := w.open(t, mapID, nil)
			problems, said := check(t, conn)
			if got := hasProblem(problems, connectors.SeverityDeletes, "db.person", "no replica identity"); got != c.blocks || c.blocks && !strings.Contains(said, "REPLICA IDENTITY FULL") ||
				hasProblem(problems, connectors.SeverityBlocks, "", "") {
				t.Errorf("Check says\n%s", said)
			}
			j := locate(t, conn, subject("ann@example.com"))
			mustJob(t, conn.Gather(t.Context(), []*connectors.Job{j}), j)
			if rows := j.Sink.(*connectortest.Recorder).Tables["db.person"].Rows; len(rows) != 1 {
				t.Errorf("gathered %v", rows)
			}
			if c.blocks {
				if err := conn.Erase(t.Context(), []*connectors.Job{j}); err != nil || connectors.KindOf(j.Err()) != connectors.Misfit {
					t.Errorf("Erase: call %v, job %v", err, j.Err())
				}
			} else {
				erase(t, conn, j)
			}
		})
	}
}

// TestWhatIsNotReachedIsNamed: each names the place, the cause and the mend,
// and nothing of it is a secret.
func TestWhatIsNotReachedIsNamed(t *testing.T) {
	const secret = "s3cret"
	dir := t.TempDir()
	noDatabase := filepath.Join(dir, "none.db")
	if err := os.WriteFile(noDatabase, []byte(strings.Repeat("this is no database. ", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	pg, my := only(t, "postgres").dsn, only(t, "mysql").dsn
	replace := func(dsn, from, to string) string {
		out := strings.Replace(dsn, from, to, 1)
		if out == dsn {
			t.Fatalf("%q is not in the DSN", from)
		}
		return out
	}
	with := func(dsn, parameter string) string {
		if strings.Contains(dsn, "?") {
			return dsn + "&" + parameter
		}
		return dsn + "?" + parameter
	}
	pgName, myName := pg[strings.LastIndex(strings.Split(pg, "?")[0], "/")+1:], my[strings.LastIndex(strings.Split(my, "?")[0], "/")+1:]
	for name, c := range map[string]struct {
		kind, dsn, what, mend string
		of                    connectors.ErrorKind
	}{
		"postgres: nobody listens":      {"postgres", "postgres://u:" + secret + "@127.0.0.1:1/db", "nothing listens there", "see host and port in the option dsn", connectors.Transient},
		"postgres: no such host":        {"postgres", "postgres://u:" + secret + "@nowhere.invalid/db", "name", "see host and port in the option dsn", connectors.Transient},
		"postgres: no such database":    {"postgres", replace(pg, pgName, "nothing"), "no such database", "option dsn", connectors.Misfit},
		"postgres: no such user":        {"postgres", replace(pg, "postgres@", "nobody:"+secret+"@"), "refused the account", "pg_hba.conf", connectors.Credentials},
		"postgres: no TLS":              {"postgres", with(replace(pg, "sslmode=disable", "x=1"), "sslmode=require"), "speaks no TLS", "turn TLS on", connectors.Credentials},
		"postgres: a TLS mode unknown":  {"postgres", "postgres://u:" + secret + "@h/db?sslmode=verify", "sslmode is not one of", "option dsn of system shopdb", connectors.Misfit},
		"postgres: no file of a CA":     {"postgres", "postgres://u:" + secret + "@h/db?sslmode=verify-full&sslrootcert=/nowhere/ca.pem", "there is no such file", "option dsn of system shopdb", connectors.Misfit},
		"postgres: a setting unknown":   {"postgres", with(pg, "no_such_setting=1"), "(no_such_setting)", "take it out", connectors.Misfit},
		"postgres: unreadable":          {"postgres", "postgres://u:" + secret + "@[::1/db", "can't be read", "write postgres://", connectors.Misfit},
		"mysql: nobody listens":         {"mysql", "u:" + secret + "@tcp(127.0.0.1:1)/db", "nothing listens there", "see host and port in the option dsn", connectors.Transient},
		"mysql: no such socket":         {"mysql", "u:" + secret + "@unix(/nowhere/s.sock)/db", "no such file", "see host and port in the option dsn", connectors.Transient},
		"mysql: no such database":       {"mysql", replace(my, myName, "nothing"), "no such database", "option dsn", connectors.Misfit},
		"mysql: no such user":           {"mysql", replace(my, "root@", "nobody:"+secret+"@"), "refused the account", "option dsn", connectors.Credentials},
		"mysql: a way of TLS unknown":   {"mysql", "u:" + secret + "@tcp(h:3306)/db?tls=skip_verify", "tls names no way of TLS", "tls=true", connectors.Misfit},
		"mysql: a setting unknown":      {"mysql", with(my, "no_such_setting=1"), "(no_such_setting)", "take it out", connectors.Misfit},
		"mysql: unreadable":             {"mysql", "u:" + secret + "@tcp(h:3306)", "can't be read", "user:password@tcp", connectors.Misfit},
		"mysql: a password in the open": {"mysql", "u:" + secret + "@tcp(h:3306)/db?allowCleartextPasswords=true", "give the password to whoever listens", "tls=true", connectors.Misfit},
		"sqlite: no such file":          {"sqlite", filepath.Join(dir, "missing.db"), "no such file", "option dsn", connectors.Credentials},
		"sqlite: no such folder":        {"sqlite", filepath.Join(dir, "missing", "x.db"), "no such file", "option dsn", connectors.Credentials},
		"sqlite: no database":           {"sqlite", noDatabase, "not an intact database", "option dsn", connectors.Broken},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := openKind(t, c.kind, c.dsn, personMap(), nil).Check(t.Context())
			if err == nil {
				t.Fatal("Check succeeded")
			}
			text := err.Error()
			if connectors.KindOf(err) != c.of || !strings.Contains(text, c.what) || !strings.Contains(text, c.mend) || strings.Contains(text, secret) || strings.Contains(text, "privacydesk check") {
				t.Errorf("%s: %q", connectors.KindOf(err), text)
			}
		})
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("a file was made: %v, %v", entries, err)
	}
}

// TestThePoolsParametersAreNotTheServers: pgxpool takes them out of a DSN, too.
func TestThePoolsParametersAreNotTheServers(t *testing.T) {
	w := only(t, "postgres")
	w.person(t)
	for _, p := range []string{"pool_max_conns=5", "pool_max_conn_lifetime=1h", "default_query_exec_mode=exec"} {
		dsn := w.dsn + "?" + p
		if strings.Contains(w.dsn, "?") {
			dsn = w.dsn + "&" + p
		}
		if problems, said := check(t, openKind(t, "postgres", dsn, personMap(), nil)); hasProblem(problems, connectors.SeverityBlocks, "", "") {
			t.Errorf("%s: Check says\n%s", p, said)
		}
	}
}

// TestSQLiteTakesNoParameterThatMisleads: neither is a file made, nor an older
// state searched.
func TestSQLiteTakesNoParameterThatMisleads(t *testing.T) {
	w := only(t, "sqlite")
	w.person(t)
	missing := filepath.Join(t.TempDir(), "missing.db")
	for query, refused := range map[string]bool{
		"immutable=1": true, "IMMUTABLE=1": true, "nolock=1": true, "vfs=unix-none": true, "mode=rwc": true, "mode=memory": true, "mod%65=rwc": true,
		"mode=rw&mode=rwc": true, "cache=shared": true, "%zz": true,
		"mode=ro": false, "mode=rw": false, "_pragma=cache_size(100)": false, "": false,
	} {
		_, err := openKind(t, "sqlite", "file:"+w.dsn+"?"+query, personMap(), nil).Check(t.Context())
		if refused != (connectors.KindOf(err) == connectors.Misfit) || !refused && err != nil {
			t.Errorf("%q: %v", query, err)
		}
		if _, err := openKind(t, "sqlite", "file:"+missing+"?"+query, personMap(), nil).Check(t.Context()); err == nil {
			t.Errorf("%q: a file that is not there was opened", query)
		}
		if _, err := os.Stat(missing); err == nil {
			t.Fatalf("%q: a file was made", query)
		}
	}
	for _, dsn := range []string{":memory:", "file::memory:", "file:?mode=rw"} {
		if _, err := openKind(t, "sqlite", dsn, personMap(), nil).Check(t.Context()); connectors.KindOf(err) != connectors.Misfit {
			t.Errorf("%q: %v", dsn, err)
		}
	}
}

// TestWhatADSNGivesAwayIsNoted: to a remote server alone.
func TestWhatADSNGivesAwayIsNoted(t *testing.T) {
	for dsn, want := range map[string]string{
		"postgres://u@db.example/x?sslmode=disable":                       "plain text",
		"postgres://u@db.example/x?sslmode=prefer":                        "plain text",
		"postgres://u@db.example/x":                                       "plain text",
		"postgres://u@127.0.0.1,db.example/x":                             "plain text",
		"postgres://u@db.example/x?sslmode=require":                       "does not verify",
		"postgres://u@db.example/x?sslmode=verify-full":                   "",
		"postgres://u@db.example/x?sslmode=verify-ca&sslrootcert=system":  "",
		"postgres://u@localhost/x":                                        "",
		"postgres:///x?host=/run/postgresql":                              "",
		"u@tcp(db.example:3306)/x":                                        "plain text",
		"u@tcp(db.example:3306)/x?tls=preferred":                          "plain text",
		"u@tcp(db.example:3306)/x?tls=true&allowFallbackToPlaintext=true": "plain text",
		"u@tcp(db.example:3306)/x?tls=skip-verify":                        "does not verify",
		"u@tcp(db.example:3306)/x?tls=true":                               "",
		"u@tcp([::1]:3306)/x":                                             "",
		"u@unix(/run/mysqld.sock)/x":                                      "",
	} {
		kind := "mysql"
		if strings.HasPrefix(dsn, "postgres") {
			kind = "postgres"
		}
		got := ""
		for _, w := range sqldb.Weaknesses(kind, dsn) {
			got += w
		}
		if (got == "") != (want == "") || !strings.Contains(got, want) {
			t.Errorf("%s: %q, want %q", dsn, got, want)
		}
	}
	problems, err := openKind(t, "mysql", "u@tcp(nowhere.invalid:1)/db", personMap(), nil).Check(t.Context())
	if err == nil || !hasProblem(problems, connectors.SeverityNote, "dsn of shopdb", "plain text") {
		t.Errorf("Check: %v %+v", err, problems)
	}
}
