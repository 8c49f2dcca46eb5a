package sqldb_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"privacydesk/connectors"
	"privacydesk/connectors/connectortest/servers"
	"privacydesk/connectors/sqldb"
)

// annIsCanary: what check rehearses are the rows on which requests are
// rehearsed in the same test.
func annIsCanary(o *sqldb.Options) {
	shortLocks(o)
	o.Canary = &sqldb.Canary{Tenant: "acme", Email: "ann@example.com"}
}

func accepting(triggers ...string) func(*sqldb.Options) {
	return func(o *sqldb.Options) {
		annIsCanary(o)
		o.AcceptTriggers = triggers
	}
}

// rehearse is a request's: it returns what it failed over.
func rehearse(t *testing.T, c connectors.Connector, j *connectors.Job) error {
	t.Helper()
	if err := c.Rehearse(t.Context(), []*connectors.Job{j}); err != nil {
		t.Fatalf("Rehearse: %v", err)
	}
	return j.Err()
}

// whole is all that the tables hold.
func (w *world) whole(tb testing.TB, tables ...string) []any {
	tb.Helper()
	var out []any
	for _, name := range tables {
		out = append(out, fmt.Sprint(w.query(tb, "SELECT * FROM "+w.q(name)+" ORDER BY 1")))
	}
	return out
}

func (w *world) same(t *testing.T, before []any, tables ...string) {
	t.Helper()
	if after := w.whole(t, tables...); !reflect.DeepEqual(before, after) {
		t.Errorf("before\n%v\nafter\n%v", before, after)
	}
}

const keepsOddly = "on_delete: deidentify"

// oddMap masks the address and one field beside it.
func oddMap(email, odd string) string {
	return mapOf(collection("person", keepsOddly, keptID, fieldTenant, fieldEmail+", privacydesk: {on_delete: {strategy: "+email+"}}",
		"name: odd, data_categories: [user], privacydesk: {on_delete: {strategy: "+odd+"}}"))
}

const oddRows = `INSERT INTO person (id, tenant, email, odd) VALUES (1, 'acme', 'ann@example.com', %s), (2, 'acme', 'bob@example.com', %s)`

// refusal is what no look at the catalogue tells: it depends on the rows.
type refusal struct {
	kinds   string
	make    []string
	dataMap string
	accept  []string
	tables  []string
	where   string
	says    []string
}

func refusals() map[string]refusal {
	person := []string{
		`CREATE TABLE person (id NUMBER PRIMARY KEY, tenant TEXT NOT NULL, email TEXT NOT NULL)`,
		`INSERT INTO person VALUES (1, 'acme', 'ann@example.com'), (3, 'acme', 'bob@example.com')`,
	}
	notes := personMap(collection("note", "on_delete: delete", fieldID, fieldTenant, fieldRef("person_id", "person.id")))
	odd := func(column, more, first, second string) []string {
		return []string{`CREATE TABLE person (id NUMBER PRIMARY KEY, tenant TEXT NOT NULL, email TEXT, odd ` + column + more + `)`, fmt.Sprintf(oddRows, first, second)}
	}
	late := `CREATE TABLE note (id NUMBER PRIMARY KEY, tenant TEXT NOT NULL, person_id NUMBER, CONSTRAINT note_person FOREIGN KEY (person_id) REFERENCES person (id) DEFERRABLE INITIALLY DEFERRED)`
	return map[string]refusal{
		"a check over a kept column": {
			"sqlite postgres mysql", odd("TEXT", ", CONSTRAINT paid CHECK (odd <> 'paid' OR email IS NOT NULL)", "'paid'", "'free'"),
			oddMap("null", "keep, reason: a state"), nil,
			[]string{"person"},
			"db.person",
			[]string{"constraint", "forbids the new value"},
		},
		"an accepted trigger that says no: sqlite": {
			"sqlite", append(person, `CREATE TRIGGER no BEFORE DELETE ON person BEGIN SELECT RAISE(ABORT, 'ann@example.com'); END`),
			personMap(),
			[]string{"person.no"},
			[]string{"person"},
			"db.person",
			[]string{"trigger"},
		},
		"an accepted trigger that says no: mysql": {
			"mysql", append(person, `CREATE TRIGGER no BEFORE DELETE ON person FOR EACH ROW SIGNAL SQLSTATE '45000' SET message_text = 'ann@example.com'`),
			personMap(),
			[]string{"person.no"},
			[]string{"person"},
			"db.person",
			[]string{"trigger"},
		},
		"an accepted trigger that says no: postgres": {
			"postgres", append(person, `CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'ann@example.com'; END $$`,
				`CREATE TRIGGER no BEFORE DELETE ON person FOR EACH ROW EXECUTE FUNCTION no()`),
			personMap(),
			[]string{"person.no"},
			[]string{"person"},
			"db.person",
			[]string{"trigger"},
		},
		"a trigger at the end of the transaction": {
			"postgres", append(person, `CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'ann@example.com'; END $$`,
				`CREATE CONSTRAINT TRIGGER no AFTER DELETE ON person DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION no()`),
			personMap(),
			[]string{"person.no"},
			[]string{"person"},
			"db.person",
			[]string{"trigger"},
		},
		"an exclusion": {
			"postgres", odd("bigint", ", CONSTRAINT apart EXCLUDE USING gist (int8range(0, odd) WITH &&)", "0", "7"),
			oddMap("null", "hash"), nil,
			[]string{"person"},
			"db.person",
			[]string{"apart", "public.person", "forbids equal values"},
		},
		"a domain": {
			"postgres", append([]string{`CREATE DOMAIN mail AS text CONSTRAINT has_at CHECK (value LIKE '%@%')`}, odd("mail", "", "'a@b'", "'c@d'")...),
			oddMap("null", "hash"), nil,
			[]string{"person"},
			"db.person",
			[]string{"has_at", "forbids the new value"},
		},
		"a unique expression": {
			"postgres sqlite", append(odd("TEXT", "", "'Ann'", "'Bob'"), `CREATE UNIQUE INDEX one ON person (coalesce(email, 'none'))`,
				`INSERT INTO person (id, tenant, email, odd) VALUES (3, 'acme', 'none', 'x')`),
			oddMap("null", "keep, reason: a state"), nil,
			[]string{"person"},
			"db.person",
			[]string{"one", "unique"},
		},
		"a deferred key: postgres": {
			"postgres", append(person, late, `CREATE FUNCTION add() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO public.note VALUES (9, 'acme', OLD.id); RETURN NULL; END $$`,
				`CREATE TRIGGER more AFTER DELETE ON person FOR EACH ROW EXECUTE FUNCTION add()`),
			notes,
			[]string{"person.more"},
			[]string{"person", "note"},
			"db.person",
			[]string{"note_person", "public.note"},
		},
		"a deferred key: sqlite": {
			"sqlite", append(person, late, `CREATE TRIGGER more AFTER DELETE ON person BEGIN INSERT INTO note VALUES (9, 'acme', OLD.id); END`),
			notes,
			[]string{"person.more"},
			[]string{"person", "note"},
			"main.note",
			[]string{"rows of main.note", "person", "deferred foreign key"},
		},
	}
}

// TestRule14_WhatNoCatalogueTellsIsRehearsed: check finds on the canary's rows,
// and a request on the subject's, what the database would refuse, by table and
// constraint; nothing is changed.
func TestRule14_WhatNoCatalogueTellsIsRehearsed(t *testing.T) {
	for name, r := range refusals() {
		for _, kind := range strings.Fields(r.kinds) {
			t.Run(name+" on "+kind, func(t *testing.T) {
				w := only(t, kind)
				w.make(t, r.make...)
				before := w.whole(t, r.tables...)
				c := w.open(t, r.dataMap, accepting(r.accept...))
				problems, said := check(t, c)
				if !hasProblem(problems, connectors.SeverityDeletes, r.where, "which was rolled back, was refused") {
					t.Errorf("Check says\n%s", said)
				}
				j := locate(t, c, subject("ann@example.com"))
				err := rehearse(t, c, j)
				if connectors.KindOf(err) != connectors.Misfit {
					t.Fatalf("rehearsed: %v", err)
				}
				for _, want := range r.says {
					if !strings.Contains(said, want) || !strings.Contains(err.Error(), want) {
						t.Errorf("Check says\n%s\nand the rehearsal %q; want %q", said, err, want)
					}
				}
				if strings.Contains(err.Error()+said, "example.com") || strings.Contains(said, "privacydesk check") || j.Outcome.Changed != 0 {
					t.Errorf("%d counted; said\n%s%s", j.Outcome.Changed, said, err)
				}
				w.same(t, before, r.tables...)
				if err := c.Erase(t.Context(), []*connectors.Job{j}); err != nil || j.Err() == nil {
					t.Errorf("the erase was not refused: %v, %v", err, j.Err())
				}
			})
		}
	}
}

// TestRule14_ARehearsalLeavesNothing: of what would succeed nothing is left, in
// steps of several batches, with references that are set to NULL.
func TestRule14_ARehearsalLeavesNothing(t *testing.T) {
	dataMap := personMap(
		collection("note", "on_delete: delete", fieldID, fieldTenant, fieldRef("person_id", "person.id")),
		collection("bill", "on_delete: deidentify", keptID, fieldTenant, strings.Replace(fieldRef("person_id", "person.id"), "}]}", "}]}, privacydesk: {on_delete: {strategy: keep, reason: a number}}", 1),
			"name: name, data_categories: [user.name], privacydesk: {on_delete: {strategy: hash}}"),
		collection("task", "on_delete: {retain: {exception: legal_obligation, reason: law}}", fieldID, fieldTenant,
			"name: done_by, data_categories: [user.unique_id], fides_meta: {references: [{dataset: db, field: person.id, direction: to}]}, privacydesk: {on_delete: set_null}"),
	)
	each(t, func(t *testing.T, e engine) {
		w := e.world(t)
		w.person(t)
		w.make(t, `CREATE TABLE note (id NUMBER PRIMARY KEY, tenant TEXT NOT NULL, person_id NUMBER, FOREIGN KEY (person_id) REFERENCES person (id))`,
			`CREATE TABLE bill (id NUMBER PRIMARY KEY, tenant TEXT NOT NULL, person_id NUMBER, name TEXT)`,
			`CREATE TABLE task (id NUMBER PRIMARY KEY, tenant TEXT NOT NULL, done_by NUMBER, FOREIGN KEY (done_by) REFERENCES person (id))`,
			`INSERT INTO note VALUES (1, 'acme', 1), (2, 'acme', 1), (3, 'acme', 1), (4, 'acme', 3)`,
			`INSERT INTO bill VALUES (1, 'acme', 1, 'Ann'), (2, 'acme', 1, 'Ann'), (3, 'acme', 3, 'Bob')`, `INSERT INTO task VALUES (1, 'acme', 1), (2, 'acme', 3)`)
		tables := []string{"person", "note", "bill", "task"}
		before := w.whole(t, tables...)
		c := w.open(t, dataMap, func(o *sqldb.Options) { annIsCanary(o); o.Batch = 1 })
		problems, said := check(t, c)
		if hasProblem(problems, connectors.SeverityDeletes, "", "") || strings.Contains(said, "rehears") {
			t.Errorf("Check says\n%s", said)
		}
		w.same(t, before, tables...)
		j := locate(t, c, subject("ann@example.com"))
		asked := 0
		j.Guard = connectors.GuardFunc(func(context.Context) error { asked++; return nil })
		if err := rehearse(t, c, j); err != nil || len(j.Outcome.Notes) > 0 || j.Outcome.Changed != 0 || asked < 9 {
			t.Errorf("%v, notes %v, %d counted, the guard was asked %d times", err, j.Outcome.Notes, j.Outcome.Changed, asked)
		}
		w.same(t, before, tables...)
		erase(t, c, j)
		if got := w.left(t, "note", "id") + " " + w.left(t, "person", "id"); got != "4 2,3" || j.Outcome.Changed != 6 {
			t.Errorf("erased: %s, %d counted", got, j.Outcome.Changed)
		}
	})
}

// TestRule14_WhatARollbackDoesNotUndoIsNotTouched: neither by check nor by a
// request, and it is named.
func TestRule14_WhatARollbackDoesNotUndoIsNotTouched(t *testing.T) {
	note := collection("note", "on_delete: delete", fieldID, fieldTenant, fieldRef("person_id", "person.id"))
	task := collection("note", "on_delete: {retain: {exception: legal_obligation, reason: law}}", fieldID, fieldTenant,
		"name: person_id, data_categories: [user.unique_id], fides_meta: {references: [{dataset: db, field: person.id, direction: to}]}, privacydesk: {on_delete: set_null}")
	const myISAM = `CREATE TABLE note (id NUMBER PRIMARY KEY, tenant TEXT NOT NULL, person_id NUMBER) ENGINE=MyISAM`
	const rows = `INSERT INTO note VALUES (1, 'acme', 1), (2, 'acme', 3)`
	for name, c := range map[string]struct {
		kind    string
		make    []string
		dataMap string
		says    string
		refused bool // and the request itself, before anything is changed
	}{
		"a child of MyISAM":          {"mysql", []string{myISAM, rows}, personMap(note), "its engine MyISAM keeps no transactions", false},
		"MyISAM that is set to NULL": {"mysql", []string{myISAM, rows}, personMap(task), "its engine MyISAM keeps no transactions", false},
		"a foreign table": {"postgres", []string{
			`CREATE EXTENSION file_fdw`, `CREATE SERVER files FOREIGN DATA WRAPPER file_fdw`,
			`CREATE FOREIGN TABLE note (id bigint, tenant text, person_id bigint) SERVER files OPTIONS (program 'echo 1,acme,1', format 'csv')`,
		}, personMap(note), "it is a foreign table", true},
		"a trigger: postgres": {"postgres", []string{
			`CREATE TABLE note (id NUMBER PRIMARY KEY, tenant TEXT NOT NULL, person_id NUMBER)`, rows, `CREATE SEQUENCE fired`,
			`CREATE FUNCTION fire() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM nextval('public.fired'); RETURN OLD; END $$`,
			`CREATE TRIGGER fire BEFORE DELETE ON note FOR EACH ROW EXECUTE FUNCTION fire()`,
		}, personMap(note), "the trigger or rule fire fires there", true},
		"a trigger: sqlite": {"sqlite", []string{
			`CREATE TABLE note (id NUMBER PRIMARY KEY, tenant TEXT NOT NULL, person_id NUMBER)`, rows,
			`CREATE TRIGGER fire BEFORE DELETE ON note BEGIN SELECT RAISE(ABORT, 'fired'); END`,
		}, personMap(note), "the trigger or rule fire fires there", true},
		"a trigger on what the database deletes by itself": {"sqlite", []string{
			`CREATE TABLE file (id NUMBER PRIMARY KEY, person_id NUMBER, FOREIGN KEY (person_id) REFERENCES person (id) ON DELETE CASCADE)`, `INSERT INTO file VALUES (1, 1), (3, 3)`,
			`CREATE TABLE note (id NUMBER PRIMARY KEY, tenant TEXT NOT NULL, file_id NUMBER, FOREIGN KEY (file_id) REFERENCES file (id) ON DELETE CASCADE)`, rows,
			`CREATE TRIGGER fire BEFORE DELETE ON note BEGIN SELECT RAISE(ABORT, 'fired'); END`,
		}, personMap(), "the trigger or rule fire fires there", true},
	} {
		t.Run(name, func(t *testing.T) {
			w := only(t, c.kind)
			w.person(t)
			w.make(t, c.make...)
			before := w.whole(t, "person", "note")
			conn := w.open(t, c.dataMap, annIsCanary)
			problems, said := check(t, conn)
			where := "db.note"
			if !strings.Contains(c.dataMap, "name: note") {
				where = "note" // as the database has it
			}
			if !hasProblem(problems, connectors.SeverityNote, where, "no delete that reaches it is rehearsed: "+c.says) || strings.Contains(said, "rolled back") {
				t.Errorf("Check says\n%s", said)
			}
			w.same(t, before, "person", "note")
			j := locate(t, conn, subject("ann@example.com"))
			err := rehearse(t, conn, j)
			if (err != nil) != c.refused || !c.refused && !strings.Contains(strings.Join(j.Outcome.Notes, " "), c.says) {
				t.Errorf("rehearsed: %v, notes %v", err, j.Outcome.Notes)
			}
			w.same(t, before, "person", "note")
		})
	}
}

// TestRule14_TheGuardsNoEndsARehearsal: at whichever time it is asked, and so
// does the end of the call. Nothing is changed, and nothing stays locked.
func TestRule14_TheGuardsNoEndsARehearsal(t *testing.T) {
	each(t, func(t *testing.T, e engine) {
		w := e.world(t)
		w.person(t)
		w.make(t, `CREATE TABLE note (id NUMBER PRIMARY KEY, tenant TEXT NOT NULL, person_id NUMBER)`, `INSERT INTO note VALUES (1, 'acme', 1), (2, 'acme', 1)`)
		before := w.whole(t, "person", "note")
		c := w.open(t, personMap(collection("note", "on_delete: delete", fieldID, fieldTenant, fieldRef("person_id", "person.id"))), func(o *sqldb.Options) { shortLocks(o); o.Batch = 1 })
		found := locate(t, c, subject("ann@example.com")).Finding
		for _, how := range []string{"says no", "is cancelled"} {
			for at := 1; ; at++ {
				ctx, cancel := context.WithCancel(t.Context())
				j := subject("ann@example.com")
				j.Finding = found
				asked := 0
				j.Guard = connectors.GuardFunc(func(context.Context) error {
					if asked++; asked != at {
						return nil
					}
					if how == "says no" {
						return connectors.ErrPaused
					}
					cancel()
					return nil
				})
				err := c.Rehearse(ctx, []*connectors.Job{j})
				cancel()
				if asked < at {
					if at < 7 {
						t.Errorf("the guard was asked %d times", asked)
					}
					break
				}
				switch {
				case how == "says no" && (err != nil || !errors.Is(j.Err(), connectors.ErrPaused) || asked != at):
					t.Errorf("asked %d times, no at %d: call %v, job %v", asked, at, err, j.Err())
				case how == "is cancelled" && err == nil && j.Err() == nil && len(j.Outcome.Notes) > 0:
					t.Errorf("cancelled at %d: noted as if it had been late: %v", at, j.Outcome.Notes)
				}
				w.same(t, before, "person", "note")
				w.exec(t, "UPDATE person SET tenant = tenant WHERE id = 1")
			}
		}
	})
}

// TestRule14_ALockedRowIsANote: what others hold is not known, and no fault.
func TestRule14_ALockedRowIsANote(t *testing.T) {
	each(t, func(t *testing.T, e engine) {
		w := e.world(t)
		w.person(t)
		before := w.whole(t, "person")
		c := w.open(t, personMap(), annIsCanary)
		j := locate(t, c, subject("ann@example.com"))
		other := w.holdsRow(t)
		if err := rehearse(t, c, j); err != nil || !strings.Contains(strings.Join(j.Outcome.Notes, " "), "not rehearsed to its end") {
			t.Errorf("%v, notes %v", err, j.Outcome.Notes)
		}
		if e.kind != "sqlite" { // of which check says that the file is locked
			problems, said := check(t, c)
			if !hasProblem(problems, connectors.SeverityNote, "shopdb", "not rehearsed to its end: others hold a lock") || hasProblem(problems, connectors.SeverityDeletes, "", "") {
				t.Errorf("Check says\n%s", said)
			}
		}
		other.exec(t, "ROLLBACK")
		w.same(t, before, "person")
	})
}

// TestRule14_ADeadServerHasRehearsedNothing: what its last batch had done is
// rolled back when it starts again.
func TestRule14_ADeadServerHasRehearsedNothing(t *testing.T) {
	start := map[string]func(dir string) (crashable, error){
		"postgres": func(dir string) (crashable, error) { return servers.StartPostgres(t.Context(), dir) },
		"mysql":    func(dir string) (crashable, error) { return servers.StartMariaDB(t.Context(), dir) },
	}
	for _, e := range engines() {
		if start[e.kind] == nil {
			continue
		}
		t.Run(e.kind, func(t *testing.T) {
			server, err := start[e.kind](serverDir(t))
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = server.Kill() }()
			e.create = server.CreateDatabase
			w := e.world(t)
			w.person(t)
			before := w.whole(t, "person")
			c := w.open(t, personMap(), nil)
			j := locate(t, c, subject("ann@example.com"))
			asked := 0
			j.Guard = connectors.GuardFunc(func(context.Context) error {
				if asked++; asked == 3 { // after the batch
					return server.Kill()
				}
				return nil
			})
			if err := rehearse(t, c, j); connectors.KindOf(err) != connectors.Transient {
				t.Errorf("rehearsed: %v", err)
			}
			if err := server.Restart(t.Context()); err != nil {
				t.Fatal(err)
			}
			w.database = e.connect(t, w.dsn)
			w.same(t, before, "person")
		})
	}
}

// TestRule14_NothingIsRehearsedInShadowMode: no statement that writes is sent.
func TestRule14_NothingIsRehearsedInShadowMode(t *testing.T) {
	each(t, func(t *testing.T, e engine) {
		w := e.world(t)
		r := refusals()["a check over a kept column"]
		w.make(t, r.make...)
		problems, said := check(t, w.readOnly(t, r.dataMap, annIsCanary))
		if hasProblem(problems, connectors.SeverityDeletes, "", "") || !hasProblem(problems, connectors.SeverityNote, "canary of shopdb", "shadow mode") {
			t.Errorf("Check says\n%s", said)
		}
	})
}

// TestRule14_OnlyWhoIsToldRehearsesRequests.
func TestRule14_OnlyWhoIsToldRehearsesRequests(t *testing.T) {
	for _, told := range []bool{false, true} {
		c := openKind(t, "sqlite", createSQLite(t), personMap(), func(o *sqldb.Options) { o.Rehearse = told })
		if got := c.Profile().Rehearses; got != told {
			t.Errorf("rehearse: %v, and the profile says %v", told, got)
		}
	}
}

// TestRule14_AfterAFailureNothingIsSent: the server may have ended the
// transaction, and a further statement would stand.
func TestRule14_AfterAFailureNothingIsSent(t *testing.T) {
	if got := sqldb.SentAfterAFailure(t.Context()); got != 1 {
		t.Errorf("%d statements were sent, want the one that failed", got)
	}
}
