package sqldb

import (
	"errors"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"privacydesk/connectors"
)

// explain reads an SQLSTATE
// (https://www.postgresql.org/docs/current/errcodes-appendix.html). Only what
// passes by itself is transient: a class holds both kinds.
func (postgres) explain(err error) meaning {
	var e *pgconn.PgError
	if !errors.As(err, &e) {
		return postgresUnspoken(err)
	}
	m := postgresCode(e)
	if m.kind == "" {
		m = postgresClassOf(e)
	}
	m.code = e.Code
	return m
}

// postgresUnspoken: no answer of the server came.
func postgresUnspoken(err error) meaning {
	var connect *pgconn.ConnectError
	if words := connectors.Plain(err); errors.As(err, &connect) && strings.Contains(words, "certificate") {
		return meaning{connectors.Credentials, "", words, "give its authority (sslrootcert) or its name (host) in the option dsn"}
	}
	switch {
	case err != nil && strings.Contains(err.Error(), "server refused TLS connection"):
		return meaning{connectors.Credentials, "", "the server speaks no TLS, which the dsn demands", "turn TLS on at the server (ssl = on)"}
	case errors.As(err, &connect), pgconn.SafeToRetry(err), pgconn.Timeout(err):
		return meaning{connectors.Transient, "", "the server can't be reached: " + connectors.Plain(err), "see host and port in the option dsn, and whether the server runs"}
	case strings.Contains(err.Error(), "closed"):
		return meaning{connectors.Transient, "", "the connection was lost", ""}
	default:
		return meaning{}
	}
}

func postgresCode(e *pgconn.PgError) meaning {
	of, by := inTable(e.SchemaName, e.TableName), named(e.ConstraintName)
	switch e.Code {
	case "42501":
		return meaning{connectors.Credentials, "", "the account may not do this, or a row-level policy would hide rows from it", ""}
	case "25006":
		return meaning{connectors.Credentials, "", errReadOnly.Error(), "name the primary server in the option dsn"}
	case "3D000", "57P04":
		return meaning{connectors.Misfit, "", "there is no such database", "see the database's name in the option dsn"}
	case "42704", "22023", "55P02":
		return meaning{connectors.Misfit, "", "the server does not know a name or a value that it was given", ""}
	case "42P01", "3F000", "42703":
		return meaning{connectors.Misfit, "", "the server has no such table or column", "see whether the schema is being changed"}
	case "23503":
		return meaning{connectors.Misfit, "", "rows" + of + " refer to it by the foreign key" + by, "map them with a reference and on_delete: delete, or with on_delete: {strategy: null} on the reference"}
	case "23502":
		return meaning{connectors.Misfit, "", "the column" + named(e.ColumnName) + of + " can't be NULL", "choose another strategy for it"}
	case "23505", "23P01":
		return meaning{connectors.Misfit, "", "the constraint or index" + by + of + " forbids equal values", "choose a strategy whose values are unique"}
	case "23514", "23000", "44000":
		return meaning{connectors.Misfit, "", "the constraint" + by + of + " forbids the new value", "choose a value or a strategy that it allows"}
	case "22001", "22003", "22P02", "22007", "22008":
		return meaning{connectors.Misfit, "", "the new value does not fit into its column", "choose another value or strategy"}
	case "22021", "22P05":
		return meaning{connectors.Misfit, "", "the database holds bytes that are no UTF-8", "see what check says of the database's encoding"}
	case "P0001", "27000", "09000":
		return meaning{connectors.Misfit, "", "a trigger or a function of the database refused it", "see which triggers stand on the table"}
	case "55000":
		return meaning{connectors.Misfit, "", "the table is in a state in which the server does not do this", "a published table needs a primary key or REPLICA IDENTITY FULL to be deleted from"}
	case "42P10":
		return meaning{connectors.Misfit, "", "a publication of the table filters rows or columns by what is no part of its replica identity", "ALTER TABLE … REPLICA IDENTITY FULL, or another publication"}
	case "53300":
		return meaning{connectors.Transient, "", "the server has too many connections", "raise max_connections, or give the account fewer users"}
	case "53100":
		return meaning{connectors.Transient, "", "the server's disk is full", "free some space on it"}
	case "53200":
		return meaning{connectors.Transient, "", "the server has no memory left", ""}
	case "53400":
		return meaning{connectors.Misfit, "", "a limit that the server is configured with was reached", "raise it, such as temp_file_limit"}
	case "57014":
		return meaning{connectors.Transient, "", wordsSlow, "raise statement_timeout or gather_timeout, or add the index that check names"}
	case "55P03":
		return meaning{connectors.Transient, "", wordsLocked, ""}
	case "57P03":
		return meaning{connectors.Transient, "", "the server is starting or stopping", ""}
	}
	return meaning{}
}

// postgresClassOf is what remains of a class once the codes above are taken
// out.
func postgresClassOf(e *pgconn.PgError) meaning {
	if len(e.Code) < 2 {
		return meaning{connectors.Broken, "", "the server refused the statement without a code", ""}
	}
	switch e.Code[:2] {
	case "28":
		return meaning{connectors.Credentials, "", "the server refused the account", "see user and password in the option dsn, and the server's pg_hba.conf"}
	case "08", "53", "57", "72":
		return meaning{connectors.Transient, "", "the server could not do it now", ""}
	case "40":
		if e.Code == "40002" {
			return meaning{connectors.Misfit, "", "a constraint that is looked at when the transaction ends forbids it", ""}
		}
		return meaning{connectors.Transient, "", wordsMet, ""}
	case "55":
		if e.Code == "55006" {
			return meaning{connectors.Transient, "", "others use it", ""}
		}
		return meaning{connectors.Misfit, "", "the table is in a state in which the server does not do this", ""}
	case "25":
		return meaning{connectors.Transient, "", "the transaction was ended by the server", ""}
	case "58":
		if e.Code == "58P01" || e.Code == "58P02" {
			return meaning{connectors.Broken, "", "a file of the server's is missing or doubled", ""}
		}
		return meaning{connectors.Transient, "", "the server's system failed", ""}
	case "HV":
		if e.Code == "HV00N" {
			return meaning{connectors.Transient, "", "the server behind a foreign table can't be reached", ""}
		}
		return meaning{connectors.Misfit, "", "the server behind a foreign table refused it", ""}
	case "XX", "F0":
		return meaning{connectors.Broken, "", "the server found its own data or settings damaged", ""}
	default:
		return meaning{connectors.Misfit, "", "the server refused the statement", ""}
	}
}

// named is a name of the schema in a sentence, or nothing.
func named(name string) string {
	if name == "" {
		return ""
	}
	return " " + name
}

func inTable(schema, table string) string {
	switch {
	case table == "":
		return ""
	case schema == "":
		return " of " + table
	default:
		return " of " + schema + "." + table
	}
}
