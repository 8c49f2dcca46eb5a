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
	} {
		if kind, _, _ := (postgres{}).explain(fmt.Errorf("wrapped: %w", &pgconn.PgError{Code: code})); kind != want {
			t.Errorf("SQLSTATE %s is %q, want %q", code, kind, want)
		}
	}
	for number, want := range map[uint16]connectors.ErrorKind{
		1213: connectors.Transient, 1205: connectors.Transient, 1969: connectors.Transient, 3024: connectors.Transient, 1927: connectors.Transient,
		1045: connectors.Credentials, 1142: connectors.Credentials, 1451: connectors.Misfit, 1146: connectors.Misfit,
	} {
		if kind, _, _ := (mysqlDialect{}).explain(fmt.Errorf("wrapped: %w", &mysql.MySQLError{Number: number})); kind != want {
			t.Errorf("error %d is %q, want %q", number, kind, want)
		}
	}
}
