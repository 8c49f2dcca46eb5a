package sqldb

import (
	"errors"
	"maps"
	"net"
	"net/url"
	"slices"
	"strings"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5/pgconn"

	"privacydesk/connectors"
)

// dsnError is what is wrong with a DSN. It names parameters, and never a
// value, which may be a password.
type dsnError struct{ what, mend string }

func (e *dsnError) Error() string { return e.what }

// weakness is what a DSN gives away that could be kept.
type weakness struct {
	severity   connectors.Severity
	what, mend string
}

// weaknesses adds what is weak in the DSN. One that can't be read is told by
// the visit.
func (c *connector) weaknesses(found *findings) {
	for _, w := range c.d.weaknesses(c.o.DSN) {
		found.add(w.severity, "dsn of "+c.env.System, w.what, w.mend)
	}
}

// DSNProblems are what the DSN of a database that is no system of ours gives
// away: the directory's own, for one.
func DSNProblems(driver, dsn string) []connectors.Problem {
	of := map[string]interface{ weaknesses(string) []weakness }{"postgres": postgres{}, "mysql": mysqlDialect{}}[driver]
	if of == nil {
		return nil
	}
	var out []connectors.Problem
	for _, w := range of.weaknesses(dsn) {
		out = append(out, connectors.Problem{Severity: w.severity, Where: "dsn", What: w.what, Mend: w.mend})
	}
	return out
}

func note(what, mend string) weakness { return weakness{connectors.SeverityNote, what, mend} }

// local: what stays on this machine needs no TLS.
func local(host string) bool {
	if host == "" || strings.HasPrefix(host, "/") || strings.HasPrefix(host, "@") || strings.EqualFold(host, "localhost") {
		return true
	}
	ip := net.ParseIP(strings.Trim(host, "[]"))
	return ip != nil && ip.IsLoopback()
}

const (
	plaintext  = "what is read and the password may cross the network in plain text"
	unverified = "TLS does not verify the server, so anybody on the way may pose as it"
)

// postgresConfig reads the DSN as pgx and its pool do, whose own parameters are
// left out: the server would take them for settings of its own.
func postgresConfig(dsn string) (*pgconn.Config, error) {
	config, err := pgconn.ParseConfig(dsn)
	if err != nil {
		return nil, badPostgresDSN(err)
	}
	for name := range config.RuntimeParams {
		if strings.HasPrefix(name, "pool_") || slices.Contains([]string{"default_query_exec_mode", "statement_cache_capacity", "description_cache_capacity"}, name) {
			delete(config.RuntimeParams, name)
		}
	}
	return config, nil
}

// badPostgresDSN goes by words of the driver, whose text holds the DSN.
func badPostgresDSN(err error) error {
	text := err.Error()
	switch {
	case strings.Contains(text, "sslmode is invalid"):
		return &dsnError{"sslmode is not one of disable, allow, prefer, require, verify-ca and verify-full", "correct it"}
	case strings.Contains(text, "configure TLS"), strings.Contains(text, "CA file"), strings.Contains(text, "cert"):
		return &dsnError{"a file that sslrootcert, sslcert or sslkey names can't be read: " + connectors.Plain(err), "correct it"}
	case strings.Contains(text, "port"):
		return &dsnError{"the DSN's port is none", "give a number from 1 to 65535"}
	default:
		return &dsnError{"the DSN can't be read", "write postgres://user:password@host:5432/database, with special characters in %xx"}
	}
}

// unknownSetting names the settings of the DSN if the server did not take one
// of them.
func unknownSetting(err error, names []string) error {
	var p *pgconn.PgError
	var m *mysql.MySQLError
	refused := errors.As(err, &p) && slices.Contains([]string{"42704", "22023", "55P02"}, p.Code) ||
		errors.As(err, &m) && slices.Contains([]uint16{1193, 1231, 1232, 1238}, m.Number)
	if !refused || len(names) == 0 {
		return err
	}
	slices.Sort(names)
	return &dsnError{"the server does not take a setting that the DSN gives it (" + strings.Join(names, ", ") + ")", "take it out or correct it"}
}

func (postgres) weaknesses(dsn string) []weakness {
	config, err := postgresConfig(dsn)
	if err != nil {
		return nil
	}
	ways := []*pgconn.FallbackConfig{{Host: config.Host, TLSConfig: config.TLSConfig}}
	plain, blind := false, false
	for _, w := range append(ways, config.Fallbacks...) {
		if local(w.Host) {
			continue
		}
		plain = plain || w.TLSConfig == nil
		blind = blind || w.TLSConfig != nil && w.TLSConfig.InsecureSkipVerify && w.TLSConfig.VerifyPeerCertificate == nil && w.TLSConfig.VerifyConnection == nil
	}
	switch {
	case plain:
		return []weakness{note(plaintext, "add sslmode=verify-full to the option dsn, with sslrootcert where the authority is your own")}
	case blind:
		return []weakness{note(unverified, "say sslmode=verify-full in the option dsn, with sslrootcert where the authority is your own")}
	default:
		return nil
	}
}

// mysqlConfig reads the DSN. What the driver could do on its own (several
// statements, files, values written into the text) is off.
func mysqlConfig(dsn string) (*mysql.Config, error) {
	config, err := mysql.ParseDSN(dsn)
	switch {
	case err == nil:
	case strings.Contains(err.Error(), "unknown config name"):
		return nil, &dsnError{"tls names no way of TLS", "say tls=true"}
	case strings.Contains(err.Error(), "invalid bool value"), strings.Contains(err.Error(), "invalid duration"), strings.Contains(err.Error(), "invalid value"):
		return nil, &dsnError{"a parameter of the DSN has a value that it can't have", "correct it"}
	default:
		return nil, &dsnError{"the DSN can't be read", "write user:password@tcp(host:3306)/database"}
	}
	if (config.AllowCleartextPasswords || config.AllowOldPasswords) && !mysqlLocal(config) && config.TLSConfig != "true" {
		return nil, &dsnError{"allowCleartextPasswords and allowOldPasswords give the password to whoever listens", "take them out, or add tls=true"}
	}
	return config, nil
}

func mysqlLocal(config *mysql.Config) bool {
	host, _, err := net.SplitHostPort(config.Addr)
	return config.Net == "unix" || err == nil && local(host)
}

func (mysqlDialect) weaknesses(dsn string) []weakness {
	config, err := mysqlConfig(dsn)
	if err != nil || mysqlLocal(config) {
		return nil
	}
	switch {
	case config.TLSConfig == "" || config.TLSConfig == "false" || config.TLSConfig == "preferred" || config.AllowFallbackToPlaintext:
		return []weakness{note(plaintext, "say tls=true in the option dsn")}
	case config.TLSConfig == "skip-verify":
		return []weakness{note(unverified, "say tls=true in the option dsn")}
	default:
		return nil
	}
}

// sqliteURI opens what is there, as it is now: SQLite would make an empty file
// of a name that is mistyped, and, told so, read a file without its locks or
// its write-ahead file.
func sqliteURI(dsn string) (string, error) {
	name, given, isURI := dsn, "", strings.HasPrefix(dsn, "file:")
	if isURI {
		name, given, _ = strings.Cut(strings.TrimPrefix(dsn, "file:"), "?")
	}
	if name == "" || strings.Contains(strings.ToLower(name), ":memory:") {
		return "", &dsnError{"the DSN names no file", "give the name of a file that exists"}
	}
	if !isURI {
		return "file:" + (&url.URL{Path: dsn}).EscapedPath() + "?mode=rw", nil
	}
	given, _, _ = strings.Cut(given, "#")
	query, err := url.ParseQuery(given)
	if err != nil {
		return "", &dsnError{"the DSN's parameters can't be read", "give the name of the file alone"}
	}
	for _, key := range slices.Sorted(maps.Keys(query)) {
		switch low := strings.ToLower(key); {
		case slices.Contains([]string{"immutable", "nolock", "vfs", "_vfs"}, low):
			return "", &dsnError{"the DSN's parameter " + low + " would let rows be overlooked, or the file be damaged", "take it out"}
		case low == "mode" && slices.ContainsFunc(query[key], func(v string) bool { return v != "rw" && v != "ro" }):
			return "", &dsnError{"the DSN's parameter mode is neither rw nor ro: a mistyped name would become an empty database", "take it out"}
		case low == "cache" && slices.Contains(query[key], "shared"):
			return "", &dsnError{"the DSN's parameter cache is shared, under which locks hold within a process alone", "take it out"}
		}
	}
	if !query.Has("mode") {
		query.Set("mode", "rw")
	}
	return "file:" + name + "?" + query.Encode(), nil
}

func (sqlite) weaknesses(string) []weakness { return nil }
