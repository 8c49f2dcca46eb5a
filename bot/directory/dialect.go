package directory

import (
	"context"
	"database/sql"
	"errors"
	"net/url"
	"strconv"
	"strings"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	sqlite "modernc.org/sqlite"

	"privacydesk/connectors"
)

// dialect is what differs between databases.
type dialect struct {
	numbered bool // placeholders are $1 instead of ?
	open     func(dsn string) (*sql.DB, error)
	// code is the database's own code of an error, or "".
	code func(err error) string
	// kinds of codes by their beginning; anything else is Transient.
	kinds map[string]connectors.ErrorKind
}

func dialects() map[string]dialect {
	return map[string]dialect{
		"postgres": {numbered: true, open: openPostgres, code: postgresCode, kinds: map[string]connectors.ErrorKind{
			"28": connectors.Credentials, "42501": connectors.Credentials, "3D": connectors.Credentials,
			"42": connectors.Misfit, "22": connectors.Misfit, "25006": connectors.Misfit,
		}},
		"mysql": {open: openMySQL, code: mysqlCode, kinds: map[string]connectors.ErrorKind{
			"1044": connectors.Credentials, "1045": connectors.Credentials, "1142": connectors.Credentials, "1143": connectors.Credentials,
			"1049": connectors.Misfit, "1054": connectors.Misfit, "1064": connectors.Misfit, "1146": connectors.Misfit, "1792": connectors.Misfit,
		}},
		"sqlite": {open: openSQLite, code: sqliteCode, kinds: map[string]connectors.ErrorKind{
			"1": connectors.Misfit, "8": connectors.Misfit, "14": connectors.Misfit, "26": connectors.Misfit,
		}},
	}
}

// fail turns an error of a driver into one of ours. The driver's text may
// quote values and the DSN: nothing of it is kept but its code.
func (d dialect) fail(ctx context.Context, err error) error {
	var ours *connectors.Error
	if errors.As(err, &ours) {
		return err
	}
	if ctx.Err() != nil {
		return connectors.NewError(connectors.Transient, op, "the look-up was ended before it was done", ctx.Err())
	}
	code := d.code(err)
	kind, best := connectors.Transient, 0
	for prefix, k := range d.kinds {
		if strings.HasPrefix(code, prefix) && len(prefix) > best && (len(prefix) > 1 || code == prefix) {
			kind, best = k, len(prefix)
		}
	}
	switch kind {
	case connectors.Credentials:
		return connectors.NewError(kind, op, "the database refused the account", nil).WithCode(code).WithMend("see dsn and the account's grants")
	case connectors.Misfit:
		return connectors.NewError(kind, op, "the database refused the query", nil).WithCode(code).WithMend("see query and dsn")
	default:
	}
	if code == "" { // the network's words, which name nobody
		return connectors.NewError(kind, op, "the database could not be asked: "+connectors.Plain(err), nil).WithMend("see dsn, and whether the server runs")
	}
	return connectors.NewError(kind, op, "the database could not be asked", nil).WithCode(code)
}

func badDSN() error {
	return connectors.NewError(connectors.Misfit, op, "the DSN can't be read", nil).WithMend("see dsn")
}

func openPostgres(dsn string) (*sql.DB, error) {
	cfg, err := pgx.ParseConfig(dsn)
	if err != nil {
		return nil, badDSN()
	}
	// The pool's own parameters are no settings of the server's.
	for name := range cfg.RuntimeParams {
		if strings.HasPrefix(name, "pool_") {
			delete(cfg.RuntimeParams, name)
		}
	}
	// Statements are not kept: a users table that changes its shape must not
	// break the next look-up.
	cfg.DefaultQueryExecMode = pgx.QueryExecModeExec
	return stdlib.OpenDB(*cfg), nil
}

func postgresCode(err error) string {
	var e *pgconn.PgError
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

// mysqlConfig reads a DSN. The driver writes no values into the text of a
// statement: its quoting does not hold in every character set (gbk).
func mysqlConfig(dsn string) (*mysql.Config, error) {
	cfg, err := mysql.ParseDSN(dsn)
	if err != nil {
		return nil, badDSN()
	}
	if (cfg.AllowCleartextPasswords || cfg.AllowOldPasswords) && cfg.Net != "unix" && cfg.TLSConfig != "true" {
		return nil, connectors.NewError(connectors.Misfit, op, "allowCleartextPasswords and allowOldPasswords give the password to whoever listens", nil).
			WithMend("take them out of dsn, or add tls=true")
	}
	cfg.InterpolateParams, cfg.MultiStatements, cfg.AllowAllFiles = false, false, false
	cfg.Logger = &mysql.NopLogger{}
	return cfg, nil
}

func openMySQL(dsn string) (*sql.DB, error) {
	cfg, err := mysqlConfig(dsn)
	if err != nil {
		return nil, err
	}
	connector, err := mysql.NewConnector(cfg)
	if err != nil {
		return nil, badDSN()
	}
	return sql.OpenDB(connector), nil
}

func mysqlCode(err error) string {
	var e *mysql.MySQLError
	if errors.As(err, &e) {
		return strconv.Itoa(int(e.Number))
	}
	return ""
}

// openSQLite opens an existing file for reading alone.
func openSQLite(file string) (*sql.DB, error) {
	if strings.HasPrefix(file, "file:") || strings.ContainsRune(file, '?') {
		return nil, badDSN()
	}
	dsn := (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: file}).EscapedPath(), RawQuery: url.Values{
		"mode": {"ro"}, "_pragma": {"query_only(1)", "busy_timeout(5000)"},
	}.Encode()}).String()
	db, err := sql.Open("sqlite", dsn)
	if err != nil {
		return nil, badDSN()
	}
	return db, nil
}

func sqliteCode(err error) string {
	var e *sqlite.Error
	if errors.As(err, &e) {
		return strconv.Itoa(e.Code() & 0xff) // the primary one
	}
	return ""
}
