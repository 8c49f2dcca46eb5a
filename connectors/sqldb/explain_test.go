package sqldb

import (
	"fmt"
	"testing"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5/pgconn"

	"privacydesk/connectors"
)

// TestWhatPassesIsTriedAgain: deadlocks, serialization failures and time-outs
// pass; what an operator has to mend does not.
func TestWhatPassesIsTriedAgain(t *testing.T) {
	for code, want := range map[string]connectors.ErrorKind{
		"40P01": connectors.Transient, "40001": connectors.Transient, "55P03": connectors.Transient, "57014": connectors.Transient,
		"57P01": connectors.Transient, "53300": connectors.Transient, "08006": connectors.Transient, "25P03": connectors.Transient,
		"42501": connectors.Credentials, "28P01": connectors.Credentials, "3D000": connectors.Misfit, "23503": connectors.Misfit, "42P01": connectors.Misfit,
		// A class holds both kinds.
		"55000": connectors.Misfit, "55006": connectors.Transient, "55P02": connectors.Misfit, "55P04": connectors.Misfit,
		"57P03": connectors.Transient, "57P04": connectors.Misfit, "40002": connectors.Misfit, "53400": connectors.Misfit, "53100": connectors.Transient,
		"25006": connectors.Credentials, "25P02": connectors.Transient, "58030": connectors.Transient, "58P01": connectors.Broken,
		"HV00N": connectors.Transient, "HV000": connectors.Misfit, "XX001": connectors.Broken, "XX000": connectors.Broken, "P0001": connectors.Misfit,
		"42P10": connectors.Misfit, "0A000": connectors.Misfit, "28000": connectors.Credentials, "08P01": connectors.Transient,
	} {
		if m := (postgres{}).explain(fmt.Errorf("wrapped: %w", &pgconn.PgError{Code: code})); m.kind != want || m.code != code || m.what == "" {
			t.Errorf("SQLSTATE %s is %q, want %q", code, m.kind, want)
		}
	}
	for number, want := range map[uint16]connectors.ErrorKind{
		1213: connectors.Transient, 1205: connectors.Transient, 1969: connectors.Transient, 3024: connectors.Transient, 1927: connectors.Transient,
		1045: connectors.Credentials, 1142: connectors.Credentials, 1451: connectors.Misfit, 1146: connectors.Misfit,
		1153: connectors.Misfit, 1040: connectors.Transient, 1203: connectors.Transient, 1226: connectors.Transient, 1129: connectors.Credentials, 1130: connectors.Credentials,
		1290: connectors.Credentials, 1836: connectors.Credentials, 3159: connectors.Credentials, 1193: connectors.Misfit, 1194: connectors.Broken, 1785: connectors.Misfit,
		1047: connectors.Transient, 1114: connectors.Transient, 1461: connectors.Transient, 4025: connectors.Misfit, 3819: connectors.Misfit, 1062: connectors.Misfit,
	} {
		if m := (mysqlDialect{}).explain(fmt.Errorf("wrapped: %w", &mysql.MySQLError{Number: number})); m.kind != want || m.what == "" {
			t.Errorf("error %d is %q, want %q", number, m.kind, want)
		}
	}
}
