package sqldb

import (
	"context"
	"crypto/sha256"
	"database/sql/driver"
	"encoding/hex"
	"errors"
	"io"
	"net"
	"strconv"
	"strings"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5/pgconn"
	sqlitedriver "modernc.org/sqlite"

	"privacydesk/connectors"
)

var (
	errBadDSN       = errors.New("the DSN can't be read")
	errLockHeld     = errors.New("another attempt of this run holds the lock")
	errReadOnly     = errors.New("the database takes no changes: it is a replica, or read-only to the account")
	errNotCommitted = errors.New("the transaction was rolled back")
)

// fail turns an error of a driver into one of ours. The driver's text may
// quote rows, values and the DSN, so nothing of it is kept, not even as the
// cause: what remains is its code.
func (c *connector) fail(ctx context.Context, op string, err error) error {
	var ours *connectors.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &ours):
		return err
	case ctx.Err() != nil:
		return connectors.NewError(connectors.Transient, op, "the call was ended before it was done", ctx.Err())
	case errors.Is(err, errBadDSN):
		return connectors.NewError(connectors.Misfit, op, errBadDSN.Error(), nil).WithMend("see the option dsn of system " + c.env.System)
	case errors.Is(err, errReadOnly):
		return connectors.NewError(connectors.Credentials, op, errReadOnly.Error(), nil).WithMend("name the primary server in the option dsn of system " + c.env.System)
	case errors.Is(err, errLockHeld), errors.Is(err, errNotCommitted):
		return connectors.NewError(connectors.Transient, op, unwrapText(err), nil)
	}
	kind, code, what := c.d.explain(err)
	if kind == "" {
		kind, what = connectors.Transient, "the connection failed"
		if !isConnection(err) {
			kind, what = connectors.Broken, "the driver failed in a way that is not known"
		}
	}
	out := connectors.NewError(kind, op, what, nil).WithCode(code)
	switch kind {
	case connectors.Credentials:
		return out.WithMend("see the account and its grants on system " + c.env.System)
	case connectors.Misfit:
		return out.WithMend("run privacydesk check")
	default:
		return out
	}
}

func unwrapText(err error) string {
	for _, known := range []error{errLockHeld, errNotCommitted} {
		if errors.Is(err, known) {
			return known.Error()
		}
	}
	return ""
}

func isConnection(err error) bool {
	var network net.Error
	return errors.As(err, &network) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, driver.ErrBadConn) || errors.Is(err, mysql.ErrInvalidConn) || errors.Is(err, net.ErrClosed) ||
		errors.Is(err, context.DeadlineExceeded)
}

// explain reads an SQLSTATE
// (https://www.postgresql.org/docs/current/errcodes-appendix.html).
func (postgres) explain(err error) (connectors.ErrorKind, string, string) {
	var e *pgconn.PgError
	if !errors.As(err, &e) {
		var connect *pgconn.ConnectError
		if errors.As(err, &connect) || pgconn.SafeToRetry(err) || pgconn.Timeout(err) {
			return connectors.Transient, "", "the server can't be reached"
		}
		if strings.Contains(err.Error(), "closed") {
			return connectors.Transient, "", "the connection was lost"
		}
		return "", "", ""
	}
	switch {
	case e.Code == "42501":
		return connectors.Credentials, e.Code, "the account may not do this, or a row-level policy would hide rows from it"
	case e.Code[:2] == "28":
		return connectors.Credentials, e.Code, "the server refused the account"
	case e.Code == "3D000":
		return connectors.Misfit, e.Code, "there is no such database"
	case e.Code == "23503":
		return connectors.Misfit, e.Code, "rows that refer to it remain"
	case e.Code == "57014":
		return connectors.Transient, e.Code, "a statement took longer than its bound"
	}
	switch e.Code[:2] {
	case "08", "40", "53", "55", "57", "58":
		return connectors.Transient, e.Code, "the server could not do it now"
	case "25":
		return connectors.Transient, e.Code, "the transaction was ended by the server"
	default:
		return connectors.Misfit, e.Code, "the server refused the statement"
	}
}

// explain reads an error number
// (https://mariadb.com/kb/en/mariadb-error-code-reference/).
func (mysqlDialect) explain(err error) (connectors.ErrorKind, string, string) {
	var e *mysql.MySQLError
	if !errors.As(err, &e) {
		return "", "", ""
	}
	code := strconv.Itoa(int(e.Number))
	if state := strings.TrimRight(string(e.SQLState[:]), "\x00"); state != "" {
		code = state + "/" + code
	}
	switch e.Number {
	case 1044, 1045, 1142, 1143, 1227, 1370, 1698, 1820, 1862:
		return connectors.Credentials, code, "the server refused the account, or it may not do this"
	case 1049:
		return connectors.Misfit, code, "there is no such database"
	case 1451:
		return connectors.Misfit, code, "rows that refer to it remain"
	case 1969, 3024:
		return connectors.Transient, code, "a statement took longer than its bound"
	case 1020, 1040, 1053, 1080, 1152, 1158, 1159, 1160, 1161, 1180, 1203, 1205, 1213, 1290, 1317, 1614, 1836, 1927, 4031:
		return connectors.Transient, code, "the server could not do it now"
	default:
		return connectors.Misfit, code, "the server refused the statement"
	}
}

// explain reads a result code (https://sqlite.org/rescode.html).
func (sqlite) explain(err error) (connectors.ErrorKind, string, string) {
	var e *sqlitedriver.Error
	if !errors.As(err, &e) {
		return "", "", ""
	}
	code := "SQLITE/" + strconv.Itoa(e.Code())
	switch e.Code() & 0xff {
	case 5, 6, 9, 10, 13, 15:
		return connectors.Transient, code, "the file is locked, or the disk failed"
	case 14, 23, 3, 8:
		return connectors.Credentials, code, "the file can't be opened or written"
	case 11, 26:
		return connectors.Broken, code, "the file is not an intact database"
	case 19:
		return connectors.Misfit, code, "rows that refer to it remain, or a constraint forbids the new value"
	default:
		return connectors.Misfit, code, "the statement was refused"
	}
}

// shortDigest names a lock where names are bounded.
func shortDigest(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:16])
}
