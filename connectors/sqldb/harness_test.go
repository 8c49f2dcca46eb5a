package sqldb_test

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	_ "github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5"
	"github.com/sirupsen/logrus"

	"privacydesk/connectors"
	"privacydesk/connectors/connectortest"
	"privacydesk/connectors/connectortest/servers"
	"privacydesk/connectors/sqldb"
)

func TestMain(m *testing.M) { os.Exit(servers.Main(m)) }

// engine is one of the servers as the tests speak to it.
type engine struct {
	kind string
	// create makes an empty database and returns its DSN.
	create func(tb testing.TB) string
	// connect returns functions that run a statement and read rows.
	connect func(tb testing.TB, dsn string) database
	number  string // column types of the fixture
	text    string
	quote   string
}

type database struct {
	exec  func(tb testing.TB, statement string, args ...any)
	query func(tb testing.TB, statement string) []connectortest.Row
}

func engines() []engine {
	return []engine{
		{kind: "sqlite", create: createSQLite, connect: connectSQL("sqlite"), number: "INTEGER", text: "TEXT", quote: `"`},
		{kind: "postgres", create: func(tb testing.TB) string { return servers.Postgres(tb).CreateDatabase(tb) }, connect: connectPostgres, number: "bigint", text: "text", quote: `"`},
		{kind: "mysql", create: func(tb testing.TB) string { return servers.MariaDB(tb).CreateDatabase(tb) }, connect: connectSQL("mysql"), number: "BIGINT", text: "VARCHAR(200)", quote: "`"},
	}
}

// each runs a test on every engine.
func each(t *testing.T, run func(t *testing.T, e engine)) {
	t.Helper()
	for _, e := range engines() {
		t.Run(e.kind, func(t *testing.T) { run(t, e) })
	}
}

func createSQLite(tb testing.TB) string {
	return filepath.Join(tb.TempDir(), "data.db")
}

func connectSQL(driver string) func(testing.TB, string) database {
	return func(tb testing.TB, dsn string) database {
		tb.Helper()
		db, err := sql.Open(driver, dsn)
		if err != nil {
			tb.Fatal(err)
		}
		db.SetMaxOpenConns(2)
		tb.Cleanup(func() { _ = db.Close() })
		if driver == "sqlite" {
			db.SetMaxOpenConns(1)
			for _, pragma := range []string{"PRAGMA foreign_keys = ON", "PRAGMA busy_timeout = 5000", "PRAGMA synchronous = OFF"} {
				if _, err := db.Exec(pragma); err != nil {
					tb.Fatal(err)
				}
			}
		}
		return database{
			exec: func(tb testing.TB, statement string, args ...any) {
				tb.Helper()
				if _, err := db.Exec(statement, args...); err != nil {
					tb.Fatalf("%s: %v", statement, err)
				}
			},
			query: func(tb testing.TB, statement string) []connectortest.Row {
				tb.Helper()
				rows, err := db.Query(statement)
				if err != nil {
					tb.Fatalf("%s: %v", statement, err)
				}
				defer func() { _ = rows.Close() }()
				return scan(tb, rows)
			},
		}
	}
}

func scan(tb testing.TB, rows *sql.Rows) []connectortest.Row {
	tb.Helper()
	names, err := rows.Columns()
	if err != nil {
		tb.Fatal(err)
	}
	var out []connectortest.Row
	for rows.Next() {
		values, targets := make([]any, len(names)), make([]any, len(names))
		for i := range values {
			targets[i] = &values[i]
		}
		if err := rows.Scan(targets...); err != nil {
			tb.Fatal(err)
		}
		r := connectortest.Row{}
		for i, name := range names {
			r[name] = values[i]
			if b, ok := values[i].([]byte); ok {
				r[name] = string(b)
			}
		}
		out = append(out, r)
	}
	if err := rows.Err(); err != nil {
		tb.Fatal(err)
	}
	return out
}

// oneConnection speaks over one connection of database/sql alone.
func oneConnection(tb testing.TB, dsn string) database {
	tb.Helper()
	db, err := sql.Open("mysql", dsn)
	if err != nil {
		tb.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	tb.Cleanup(func() { _ = db.Close() })
	return database{exec: func(tb testing.TB, statement string, args ...any) {
		tb.Helper()
		if _, err := db.Exec(statement, args...); err != nil {
			tb.Fatalf("%s: %v", statement, err)
		}
	}}
}

func connectPostgres(tb testing.TB, dsn string) database {
	tb.Helper()
	conn, err := pgx.Connect(tb.Context(), dsn)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = conn.Close(context.WithoutCancel(tb.Context())) })
	return database{
		exec: func(tb testing.TB, statement string, args ...any) {
			tb.Helper()
			if _, err := conn.Exec(tb.Context(), statement, args...); err != nil {
				tb.Fatalf("%s: %v", statement, err)
			}
		},
		query: func(tb testing.TB, statement string) []connectortest.Row {
			tb.Helper()
			rows, err := conn.Query(tb.Context(), statement)
			if err != nil {
				tb.Fatalf("%s: %v", statement, err)
			}
			out, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (connectortest.Row, error) {
				values, err := row.Values()
				r := connectortest.Row{}
				for i, f := range row.FieldDescriptions() {
					r[f.Name] = values[i]
				}
				return r, err
			})
			if err != nil {
				tb.Fatalf("%s: %v", statement, err)
			}
			return out
		},
	}
}

// world is one database of an engine, open to the test.
type world struct {
	engine
	database
	dsn string
}

func (e engine) world(tb testing.TB) *world {
	tb.Helper()
	w := &world{engine: e, dsn: e.create(tb)}
	w.database = e.connect(tb, w.dsn)
	return w
}

func (w *world) q(name string) string { return w.quote + name + w.quote }

// create makes a fixture's table and fills it.
func (w *world) table(tb testing.TB, t connectortest.Table) {
	tb.Helper()
	var defs, keys []string
	for _, c := range t.Columns {
		def := w.q(c.Name) + " " + w.text
		if c.Number {
			def = w.q(c.Name) + " " + w.number
		}
		if !c.Nullable {
			def += " NOT NULL"
		}
		if c.Key {
			def += " PRIMARY KEY"
		}
		defs = append(defs, def)
		if c.References != "" {
			keys = append(keys, fmt.Sprintf("FOREIGN KEY (%s) REFERENCES %s (%s)", w.q(c.Name), w.q(c.References), w.q("id")))
		}
	}
	var indexes []string
	for _, c := range t.Columns {
		if c.Key {
			continue
		}
		if w.kind == "mysql" { // where each further statement rebuilds the table
			keys = append(keys, "INDEX "+w.q(t.Name+"_"+c.Name)+" ("+w.q(c.Name)+")")
			continue
		}
		indexes = append(indexes, "CREATE INDEX "+w.q(t.Name+"_"+c.Name)+" ON "+w.q(t.Name)+" ("+w.q(c.Name)+")")
	}
	w.exec(tb, "CREATE TABLE "+w.q(t.Name)+" ("+strings.Join(append(defs, keys...), ", ")+")")
	for _, index := range indexes {
		w.exec(tb, index)
	}
	w.insert(tb, t.Name, t.Rows...)
}

// insert adds rows, some hundred a statement.
func (w *world) insert(tb testing.TB, table string, rows ...connectortest.Row) {
	tb.Helper()
	const most = 500
	for len(rows) > 0 {
		n := min(most, len(rows))
		var names, tuples []string
		for name := range rows[0] {
			names = append(names, name)
		}
		var args []any
		for _, r := range rows[:n] {
			places := make([]string, len(names))
			for i, name := range names {
				args = append(args, r[name])
				places[i] = "?"
				if w.kind == "postgres" {
					places[i] = fmt.Sprintf("$%d", len(args))
				}
			}
			tuples = append(tuples, "("+strings.Join(places, ", ")+")")
		}
		quoted := make([]string, len(names))
		for i, name := range names {
			quoted[i] = w.q(name)
		}
		w.exec(tb, "INSERT INTO "+w.q(table)+" ("+strings.Join(quoted, ", ")+") VALUES "+strings.Join(tuples, ", "), args...)
		rows = rows[n:]
	}
}

func (w *world) dump(tb testing.TB, table string) []connectortest.Row {
	tb.Helper()
	return w.query(tb, "SELECT * FROM "+w.q(table))
}

// open makes a connector of a data map's text.
func (w *world) open(tb testing.TB, dataMap string, change func(*sqldb.Options)) connectors.Connector {
	tb.Helper()
	return openKind(tb, w.kind, w.dsn, dataMap, change)
}

func openKind(tb testing.TB, kind, dsn, dataMap string, change func(*sqldb.Options)) connectors.Connector {
	tb.Helper()
	return openIn(tb, kind, dsn, dataMap, change, false)
}

// readOnly is open where deletes run in shadow mode.
func (w *world) readOnly(tb testing.TB, dataMap string, change func(*sqldb.Options)) connectors.Connector {
	tb.Helper()
	return openIn(tb, w.kind, w.dsn, dataMap, change, true)
}

func openIn(tb testing.TB, kind, dsn, dataMap string, change func(*sqldb.Options), readOnly bool) connectors.Connector {
	tb.Helper()
	kinds, err := connectors.NewKinds(sqldb.Kinds()...)
	if err != nil {
		tb.Fatal(err)
	}
	options, ok := kinds[kind].Options().(*sqldb.Options)
	if !ok {
		tb.Fatal("the options are not ours")
	}
	options.DSN, options.Dataset = dsn, []string{"map.yml"}
	if change != nil {
		change(options)
	}
	log := logrus.New()
	log.SetOutput(io.Discard)
	env := connectors.Env{
		System: "shopdb", Clock: time.Now, Log: log, MaxKeys: 100_000, ReadOnly: readOnly,
		ReadFile: func(string) ([]byte, error) { return []byte(dataMap), nil },
	}
	c, err := kinds[kind].Open(tb.Context(), env, options)
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

func batchOf(n int) func(*sqldb.Options) { return func(o *sqldb.Options) { o.Batch = n } }

// asUser is the DSN for another account of the test's PostgreSQL.
func asUser(dsn, user string) string { return strings.Replace(dsn, "postgres@", user+"@", 1) }

// serverDir is a folder that the account of a database server reaches.
func serverDir(tb testing.TB) string {
	tb.Helper()
	dir, err := os.MkdirTemp("", "sqldb-") // TempDir's parents are closed to others
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}
