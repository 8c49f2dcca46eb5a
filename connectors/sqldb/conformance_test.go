package sqldb_test

import (
	"os"
	"strings"
	"testing"

	"privacydesk/connectors"
	"privacydesk/connectors/connectortest"
	"privacydesk/connectors/sqldb"
)

const password = "hunter2-hunter2"

func TestConformance(t *testing.T) {
	each(t, func(t *testing.T, e engine) {
		connectortest.Run(t, connectortest.Harness{Build: func(tb testing.TB, f connectortest.Fixture) connectortest.System {
			tb.Helper()
			w := e.world(tb)
			for _, table := range f.Tables {
				w.table(tb, table)
			}
			return connectortest.System{
				Open: func(tb testing.TB, batch int) connectors.Connector {
					tb.Helper()
					return w.open(tb, f.Map, batchOf(batch))
				},
				Dump: w.dump, Insert: w.insert, Secrets: []string{password},
				Broken: w.broken(f.Map), Planted: w.planted(),
			}
		}})
	})
}

// broken are ways in which the database, or the way to it, is broken.
func (w *world) broken(dataMap string) []connectortest.Breakage {
	elsewhere := func(dsn string) func(testing.TB) connectors.Connector {
		return func(tb testing.TB) connectors.Connector {
			tb.Helper()
			return openKind(tb, w.kind, dsn, dataMap, nil)
		}
	}
	out := []connectortest.Breakage{
		{Name: "a table is missing", Kind: connectors.Misfit, Break: func(tb testing.TB) connectors.Connector {
			tb.Helper()
			w.exec(tb, "DROP TABLE "+w.q("event"))
			return w.open(tb, dataMap, nil)
		}},
		{Name: "a column is missing", Kind: connectors.Misfit, Break: func(tb testing.TB) connectors.Connector {
			tb.Helper()
			w.dropColumn(tb, "event", "member_code")
			return w.open(tb, dataMap, nil)
		}},
		{Name: "a tenant that is no number", Kind: connectors.Misfit, Break: func(tb testing.TB) connectors.Connector {
			tb.Helper()
			w.dropColumn(tb, "event", "tenant")
			w.exec(tb, "ALTER TABLE "+w.q("event")+" ADD COLUMN "+w.q("tenant")+" "+w.number)
			return w.open(tb, dataMap, nil)
		}},
	}
	out = append(out, connectortest.Breakage{Name: "the server quotes a row", Kind: connectors.Misfit, Break: func(tb testing.TB) connectors.Connector {
		tb.Helper()
		w.quoting(tb)
		return w.open(tb, dataMap, func(o *sqldb.Options) { o.AcceptTriggers = []string{"person.tell"} })
	}})
	switch w.kind {
	case "postgres":
		bad := strings.Replace(w.dsn, "postgres@", "stranger:"+password+"@", 1)
		out = append(out, connectortest.Breakage{Name: "bad credentials", Kind: connectors.Credentials, Break: elsewhere(bad)},
			connectortest.Breakage{Name: "nobody listens", Kind: connectors.Transient, Break: elsewhere("postgres://ann:" + password + "@127.0.0.1:1/x")},
			connectortest.Breakage{Name: "no such database", Kind: connectors.Misfit, Break: elsewhere(strings.Replace(w.dsn, "?", "_none?", 1))},
			connectortest.Breakage{Name: "a DSN that is none", Kind: connectors.Misfit, Break: elsewhere("postgres://ann:" + password + "@[/x")})
	case "mysql":
		bad := strings.Replace(w.dsn, "root@", "stranger:"+password+"@", 1)
		out = append(out, connectortest.Breakage{Name: "bad credentials", Kind: connectors.Credentials, Break: elsewhere(bad)},
			connectortest.Breakage{Name: "nobody listens", Kind: connectors.Transient, Break: elsewhere("ann:" + password + "@tcp(127.0.0.1:1)/x")},
			connectortest.Breakage{Name: "no such database", Kind: connectors.Misfit, Break: elsewhere(strings.Replace(w.dsn, "/test", "/none", 1))},
			connectortest.Breakage{Name: "a DSN that is none", Kind: connectors.Misfit, Break: elsewhere("ann:" + password)})
	case "sqlite":
		out = append(out, connectortest.Breakage{Name: "no such folder", Kind: connectors.Credentials, Break: elsewhere(w.dsn + "/" + password)},
			connectortest.Breakage{Name: "no such file", Kind: connectors.Credentials, Break: elsewhere(w.dsn + password)},
			connectortest.Breakage{Name: "no database at all", Kind: connectors.Broken, Break: func(tb testing.TB) connectors.Connector {
				tb.Helper()
				file := w.dsn + ".other"
				if err := os.WriteFile(file, []byte(strings.Repeat("ann@example.com ", 300)), 0o600); err != nil {
					tb.Fatal(err)
				}
				return openKind(tb, "sqlite", file, dataMap, nil)
			}})
	}
	return out
}

// quoting makes the server answer a delete with an error that tells the row.
func (w *world) quoting(tb testing.TB) {
	tb.Helper()
	switch w.kind {
	case "postgres":
		w.exec(tb, "CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no: % %', OLD.email, OLD.name USING DETAIL = OLD.email, HINT = OLD.name; END $$")
		w.exec(tb, "CREATE TRIGGER tell BEFORE DELETE ON person FOR EACH ROW EXECUTE FUNCTION tell()")
	case "mysql":
		w.exec(tb, "CREATE TRIGGER tell BEFORE DELETE ON person FOR EACH ROW SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = OLD.email")
	default:
		w.exec(tb, "CREATE TRIGGER tell BEFORE DELETE ON person BEGIN SELECT RAISE(ABORT, '"+connectortest.Email+"'); END")
	}
}

func (w *world) dropColumn(tb testing.TB, table, column string) {
	tb.Helper()
	if w.kind == "sqlite" {
		w.exec(tb, "DROP INDEX "+w.q(table+"_"+column))
	}
	w.exec(tb, "ALTER TABLE "+w.q(table)+" DROP COLUMN "+w.q(column))
}

// child makes a table that the map does not know and that refers to another.
func (w *world) child(tb testing.TB, parent, rule string) {
	tb.Helper()
	w.exec(tb, "CREATE TABLE "+w.q("extra")+" ("+w.q("id")+" "+w.number+" PRIMARY KEY, "+w.q("ref")+" "+w.number+
		", FOREIGN KEY ("+w.q("ref")+") REFERENCES "+w.q(parent)+" ("+w.q("id")+") "+rule+")")
}

// trigger makes one that would do something for each row.
func (w *world) trigger(tb testing.TB, table, event string) {
	tb.Helper()
	switch w.kind {
	case "postgres":
		w.exec(tb, "CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN OLD; END'")
		w.exec(tb, "CREATE TRIGGER watch AFTER "+event+" ON "+w.q(table)+" FOR EACH ROW EXECUTE FUNCTION nothing()")
	case "mysql":
		w.exec(tb, "CREATE TRIGGER watch AFTER "+event+" ON "+w.q(table)+" FOR EACH ROW SET @x = 1")
	default:
		w.exec(tb, "CREATE TRIGGER watch AFTER "+event+" ON "+w.q(table)+" BEGIN SELECT 1; END")
	}
}

func (w *world) planted() []connectortest.Plant {
	run := func(f func(testing.TB, string, string), a, b string) func(testing.TB) {
		return func(tb testing.TB) { tb.Helper(); f(tb, a, b) }
	}
	add := func(table, column string) func(testing.TB) {
		return func(tb testing.TB) {
			tb.Helper()
			w.exec(tb, "ALTER TABLE "+w.q(table)+" ADD COLUMN "+w.q(column)+" "+w.text)
		}
	}
	return []connectortest.Plant{
		{Name: "ON DELETE CASCADE", Do: run(w.child, "person", "ON DELETE CASCADE"), Where: "shop.person", What: "CASCADE", Severity: connectors.SeverityDeletes, StopsErase: true},
		{Name: "ON DELETE SET NULL", Do: run(w.child, "orders", "ON DELETE SET NULL"), Where: "shop.orders", What: "SET NULL", Severity: connectors.SeverityDeletes, StopsErase: true},
		{Name: "a trigger on delete", Do: run(w.trigger, "event", "DELETE"), Where: "shop.event", What: "watch", Severity: connectors.SeverityDeletes, StopsErase: true},
		{Name: "a trigger on update", Do: run(w.trigger, "ticket", "UPDATE"), Where: "shop.ticket", What: "watch", Severity: connectors.SeverityDeletes, StopsErase: true},
		{Name: "an unknown foreign key", Do: run(w.child, "person", ""), Where: "shop.person", What: "does not know", Severity: connectors.SeverityDeletes},
		{Name: "a missing column", Do: run(w.dropColumn, "event", "payload"), Where: "shop.event.payload", What: "no such column", Severity: connectors.SeverityBlocks},
		{Name: "an unmapped column in masked rows", Do: add("ticket", "phone_number"), Where: "shop.ticket.phone_number", What: "would stay", Severity: connectors.SeverityDeletes},
		{Name: "an unmapped column", Do: add("event", "ipAddress"), Where: "shop.event.ipAddress", What: "leave it out", Severity: connectors.SeverityNote},
		{Name: "a missing index", Do: func(tb testing.TB) {
			tb.Helper()
			for _, column := range []string{"member_code", "tenant"} {
				drop := "DROP INDEX " + w.q("event_"+column)
				if w.kind == "mysql" {
					drop += " ON " + w.q("event")
				}
				w.exec(tb, drop)
			}
		}, Where: "shop.event.member_code", What: "no index", Severity: connectors.SeverityNote},
	}
}
