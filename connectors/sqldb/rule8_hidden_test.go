package sqldb_test

import (
	"strings"
	"testing"

	"privacydesk/connectors"
	"privacydesk/connectors/sqldb"
)

// refuses fails the test unless Check names what is wrong and Erase leaves all
// as it was.
func (w *world) refuses(t *testing.T, dataMap, what string, tables ...string) {
	t.Helper()
	c := w.open(t, dataMap, nil)
	problems, err := c.Check(t.Context())
	if err != nil || !hasProblem(problems, connectors.SeverityDeletes, "db.", what) {
		t.Errorf("Check: %v %+v", err, problems)
	}
	var before, after []string
	for _, table := range tables {
		before = append(before, w.left(t, table, "id"))
	}
	j := locate(t, c, subject("ann@example.com"))
	if err := c.Erase(t.Context(), []*connectors.Job{j}); err != nil || connectors.KindOf(j.Err()) != connectors.Misfit {
		t.Errorf("Erase: call %v, job %v; want that the job is a misfit", err, j.Err())
	}
	for _, table := range tables {
		after = append(after, w.left(t, table, "id"))
	}
	if strings.Join(before, ";") != strings.Join(after, ";") {
		t.Errorf("changed: %v, before %v", after, before)
	}
}

// TestRule8_SQLiteNamesIgnoreCase: a key and a trigger name their table as
// somebody typed it, and SQLite takes Person for person.
func TestRule8_SQLiteNamesIgnoreCase(t *testing.T) {
	t.Run("a cascade", func(t *testing.T) {
		w := only(t, "sqlite")
		w.person(t)
		w.exec(t, `CREATE TABLE extra (id INTEGER PRIMARY KEY, ref INTEGER REFERENCES PERSON (ID) ON DELETE CASCADE)`)
		w.exec(t, `INSERT INTO extra VALUES (1, 1)`)
		w.refuses(t, personMap(), "CASCADE", "person", "extra")
	})
	t.Run("a trigger", func(t *testing.T) {
		w := only(t, "sqlite")
		w.person(t)
		w.exec(t, `CREATE TABLE extra (id INTEGER PRIMARY KEY)`)
		w.exec(t, `INSERT INTO extra VALUES (1)`)
		w.exec(t, `CREATE TRIGGER watch /* INSERT */ AFTER DELETE ON PERSON BEGIN DELETE FROM extra; END`)
		w.refuses(t, personMap(), "watch", "person", "extra")
	})
}

// TestRule8_WhatPartitionsBring: a trigger of one partition, or a key that
// leads to one, acts on a delete that names the parent.
func TestRule8_WhatPartitionsBring(t *testing.T) {
	parts := func(t *testing.T) *world {
		t.Helper()
		w := only(t, "postgres")
		w.exec(t, `CREATE TABLE person (id bigint, tenant text NOT NULL, email text NOT NULL, PRIMARY KEY (tenant, id)) PARTITION BY LIST (tenant)`)
		w.exec(t, `CREATE TABLE person_acme PARTITION OF person FOR VALUES IN ('acme')`)
		w.exec(t, `CREATE TABLE person_globex PARTITION OF person FOR VALUES IN ('globex')`)
		w.exec(t, `INSERT INTO person VALUES (1, 'acme', 'ann@example.com'), (2, 'globex', 'ann@example.com')`)
		w.exec(t, `CREATE TABLE extra (id bigint PRIMARY KEY)`)
		w.exec(t, `INSERT INTO extra VALUES (1)`)
		return w
	}
	t.Run("a trigger", func(t *testing.T) {
		w := parts(t)
		w.exec(t, `CREATE FUNCTION also() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN DELETE FROM public.extra; RETURN OLD; END'`)
		w.exec(t, `CREATE TRIGGER watch AFTER DELETE ON person_acme FOR EACH ROW EXECUTE FUNCTION also()`)
		w.refuses(t, personMap(), "watch", "person", "extra")
	})
	t.Run("a cascade", func(t *testing.T) {
		w := parts(t)
		w.exec(t, `DROP TABLE extra`)
		w.exec(t, `CREATE TABLE extra (id bigint PRIMARY KEY, tenant text, ref bigint, FOREIGN KEY (tenant, ref) REFERENCES person_acme (tenant, id) ON DELETE CASCADE)`)
		w.exec(t, `INSERT INTO extra VALUES (1, 'acme', 1)`)
		w.refuses(t, personMap(), "CASCADE", "person", "extra")
	})
	t.Run("inheritance", func(t *testing.T) {
		w := only(t, "postgres")
		w.person(t)
		w.exec(t, `CREATE TABLE vip (PRIMARY KEY (id)) INHERITS (person)`)
		w.exec(t, `INSERT INTO vip VALUES (9, 'acme', 'ann@example.com')`)
		w.exec(t, `CREATE TABLE extra (id bigint PRIMARY KEY, ref bigint REFERENCES vip (id) ON DELETE CASCADE)`)
		w.exec(t, `INSERT INTO extra VALUES (1, 9)`)
		w.refuses(t, personMap(), "CASCADE", "person", "extra")
	})
	t.Run("nothing but rows", func(t *testing.T) {
		w := parts(t)
		w.exec(t, `INSERT INTO person SELECT n, 'acme', 'ann@example.com' FROM generate_series(10, 30) AS n`)
		w.exec(t, `INSERT INTO person SELECT n, 'acme', 'bob@example.com' FROM generate_series(40, 60) AS n`)
		c := w.open(t, personMap(), batchOf(4))
		erase(t, c, locate(t, c, subject("ann@example.com")))
		if got := w.query(t, `SELECT count(*) AS n FROM person`)[0]["n"]; got != int64(22) {
			t.Errorf("%v rows left, want 22", got)
		}
	})
}

// TestRule8_HiddenKeysAreRefused: MySQL and MariaDB show foreign keys only to
// who has a right on the referring table, and act on them for anybody.
func TestRule8_HiddenKeysAreRefused(t *testing.T) {
	w := only(t, "mysql")
	w.person(t)
	w.exec(t, `CREATE TABLE extra (id BIGINT PRIMARY KEY, ref BIGINT, FOREIGN KEY (ref) REFERENCES person (id) ON DELETE CASCADE)`)
	w.exec(t, `INSERT INTO extra VALUES (1, 1)`)
	w.exec(t, `CREATE USER narrow`)
	defer w.exec(t, `DROP USER narrow`)
	w.exec(t, `GRANT SELECT, DELETE, TRIGGER ON person TO narrow`)
	all := w.dsn
	w.dsn = strings.Replace(w.dsn, "root@", "narrow@", 1)
	w.refuses(t, personMap(), "foreign keys", "person", "extra")
	w.exec(t, `GRANT PROCESS ON *.* TO narrow`)
	w.refuses(t, personMap(), "foreign key", "person", "extra")
	w.dsn = all
	w.refuses(t, personMap(), "CASCADE", "person", "extra")
}

// TestRule8_KeysThatCollationsMatch: the server takes a key for a reference
// by its own idea of what is equal.
func TestRule8_KeysThatCollationsMatch(t *testing.T) {
	dataMap := mapOf(
		collection("person", "on_delete: delete", "name: code, data_categories: [user.unique_id], fides_meta: {primary_key: true}", fieldTenant, fieldEmail),
		collection("note", "on_delete: delete", fieldID, fieldTenant, fieldRef("code", "person.code")),
	)
	for name, c := range map[string]struct{ kind, parent, child string }{
		"citext":  {"postgres", "citext", "citext"},
		"nocase":  {"sqlite", "TEXT COLLATE NOCASE", "TEXT"},
		"general": {"mysql", "VARCHAR(50) COLLATE utf8mb4_general_ci", "VARCHAR(50) COLLATE utf8mb4_general_ci"},
	} {
		t.Run(name, func(t *testing.T) {
			w := only(t, c.kind)
			if c.parent == "citext" {
				w.exec(t, `CREATE EXTENSION citext`)
			}
			w.exec(t, "CREATE TABLE person (code "+c.parent+" PRIMARY KEY, tenant "+w.text+" NOT NULL, email "+w.text+" NOT NULL)")
			w.exec(t, "CREATE TABLE note (id "+w.number+" PRIMARY KEY, tenant "+w.text+" NOT NULL, code "+c.child+" NOT NULL, FOREIGN KEY (code) REFERENCES person (code) ON DELETE CASCADE)")
			w.exec(t, `INSERT INTO person VALUES ('ann', 'acme', 'ann@example.com')`)
			w.exec(t, `INSERT INTO note VALUES (1, 'acme', 'ann'), (2, 'globex', 'ANN')`)
			conn := w.open(t, dataMap, nil)
			j := locate(t, conn, subject("ann@example.com"))
			if err := conn.Erase(t.Context(), []*connectors.Job{j}); err != nil || connectors.KindOf(j.Err()) != connectors.Misfit {
				t.Errorf("call %v, job %v; want that the job is a misfit", err, j.Err())
			}
			if got := w.left(t, "note", "id"); got != "1,2" {
				t.Errorf("notes left: %s", got)
			}
		})
	}
}

// TestRule8_MasksThatSpread: a masked column to which others refer takes
// their rows with it, or is refused half-way.
func TestRule8_MasksThatSpread(t *testing.T) {
	dataMap := mapOf(collection("person", "on_delete: deidentify", fieldID+", privacydesk: {on_delete: {strategy: keep, reason: a number}}", fieldTenant, fieldEmail+", privacydesk: {on_delete: {strategy: random, suffix: '@x.invalid', unique: true}}"))
	each(t, func(t *testing.T, e engine) {
		w := e.world(t)
		w.make(t, `CREATE TABLE person (id NUMBER PRIMARY KEY, tenant TEXT NOT NULL, email TEXT NOT NULL UNIQUE)`,
			`CREATE TABLE extra (id NUMBER PRIMARY KEY, email TEXT, FOREIGN KEY (email) REFERENCES person (email) ON UPDATE CASCADE)`,
			`INSERT INTO person VALUES (1, 'acme', 'ann@example.com')`, `INSERT INTO extra VALUES (1, 'ann@example.com')`)
		w.refuses(t, dataMap, "refer", "person")
		if got := w.left(t, "extra", "email"); got != "ann@example.com" {
			t.Errorf("changed: %s", got)
		}
	})
}

// TestRule8_MasksThatReferToNothing: a masked column has to name a row that
// there is.
func TestRule8_MasksThatReferToNothing(t *testing.T) {
	dataMap := mapOf(collection("person", "on_delete: deidentify", fieldID+", privacydesk: {on_delete: {strategy: keep, reason: a number}}", fieldTenant, fieldEmail+", privacydesk: {on_delete: {strategy: random, suffix: '@x.invalid', unique: true}}"))
	each(t, func(t *testing.T, e engine) {
		w := e.world(t)
		w.make(t, `CREATE TABLE known (email TEXT PRIMARY KEY)`,
			`CREATE TABLE person (id NUMBER PRIMARY KEY, tenant TEXT NOT NULL, email TEXT, FOREIGN KEY (email) REFERENCES known (email))`,
			`INSERT INTO known VALUES ('ann@example.com')`, `INSERT INTO person VALUES (1, 'acme', 'ann@example.com')`)
		w.refuses(t, dataMap, "nothing else can be written there", "person")
	})
}

// TestRule8_SharedRowsAndKeysOfOtherWidths: who refers by a whole number to a
// decimal refers all the same.
func TestRule8_SharedRowsAndKeysOfOtherWidths(t *testing.T) {
	wide := map[string]string{"postgres": "numeric(20,2)", "mysql": "DECIMAL(20,2)", "sqlite": "REAL"}
	dataMap := mapOf(
		collection("person", "on_delete: delete", fieldID, fieldTenant, fieldEmail,
			"name: home, data_categories: [user], fides_meta: {references: [{dataset: db, field: address.id, direction: to}]}"),
		collection("address", "on_delete: delete, owned: true, gather: true", fieldID, fieldTenant),
	)
	each(t, func(t *testing.T, e engine) {
		w := e.world(t)
		w.make(t, `CREATE TABLE address (id `+wide[w.kind]+` PRIMARY KEY, tenant TEXT NOT NULL)`,
			`CREATE TABLE person (id NUMBER PRIMARY KEY, tenant TEXT NOT NULL, email TEXT NOT NULL, home NUMBER)`,
			`INSERT INTO address VALUES (7, 'acme'), (8, 'acme')`,
			`INSERT INTO person VALUES (1, 'acme', 'ann@example.com', 7), (2, 'acme', 'bob@example.com', 7), (3, 'acme', 'ann@example.com', 8)`)
		c := w.open(t, dataMap, func(*sqldb.Options) {})
		erase(t, c, locate(t, c, subject("ann@example.com")))
		if got := len(w.dump(t, "address")); got != 1 {
			t.Errorf("%d addresses left, want the one where Bob lives: %v", got, w.dump(t, "address"))
		}
	})
}

// TestRule8_OthersPrivilegesShowNothing: who may read all sees everybody's
// privileges listed, and has none of them.
func TestRule8_OthersPrivilegesShowNothing(t *testing.T) {
	w := only(t, "mysql")
	w.person(t)
	w.trigger(t, "person", "DELETE")
	w.exec(t, `CREATE USER narrow`)
	defer w.exec(t, `DROP USER narrow`)
	w.exec(t, `GRANT SELECT, DELETE ON *.* TO narrow`)
	w.dsn = strings.Replace(w.dsn, "root@", "narrow@", 1)
	w.refuses(t, personMap(), "hidden", "person")
	w.exec(t, `GRANT TRIGGER ON *.* TO narrow`)
	w.refuses(t, personMap(), "watch", "person")
	w.exec(t, `DROP TRIGGER watch`)
	c := w.open(t, personMap(), nil)
	erase(t, c, locate(t, c, subject("ann@example.com")))
}
