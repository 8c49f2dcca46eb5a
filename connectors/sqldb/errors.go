package sqldb

import (
	"context"
	"crypto/sha256"
	"database/sql/driver"
	"encoding/hex"
	"errors"
	"io"
	"net"

	"github.com/go-sql-driver/mysql"

	"privacydesk/connectors"
)

var (
	errLockHeld     error = connectors.Said("another attempt of this run holds the lock")
	errReadOnly     error = connectors.Said("the database takes no changes: it is a replica, or read-only to the account")
	errNotCommitted error = connectors.Said("the transaction was rolled back")
)

// What passes once others are done, whichever server says so.
const (
	wordsLocked   = "others hold a lock on the rows or the table"
	wordsMet      = "it met with another transaction"
	wordsSlow     = "a statement took longer than its bound"
	wordsBusyFile = "another program keeps the file locked"
)

// meaning is what a driver's error means. Its zero value is an error that the
// dialect does not know.
type meaning struct {
	kind connectors.ErrorKind
	code string // the server's
	what string // may name tables, columns and constraints, which are schema
	mend string
}

// fail turns an error of a driver into one of ours. The driver's text may
// quote rows, values and the DSN, so nothing of it is kept, not even as the
// cause: what remains is its code, and the names of the schema that it bears.
func (c *connector) fail(ctx context.Context, op string, err error) error {
	var ours *connectors.Error
	var dsn *dsnError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &ours):
		return err
	case ctx.Err() != nil:
		return connectors.NewError(connectors.Transient, op, "the call was ended before it was done", ctx.Err())
	case errors.As(err, &dsn):
		return connectors.NewError(connectors.Misfit, op, dsn.what, nil).WithMend(dsn.mend + ": option dsn of system " + c.env.System)
	case errors.Is(err, errReadOnly):
		return connectors.NewError(connectors.Credentials, op, errReadOnly.Error(), nil).WithMend("name the primary server in the option dsn of system " + c.env.System)
	case errors.Is(err, errLockHeld):
		return connectors.NewError(connectors.Transient, op, errLockHeld.Error(), nil)
	case errors.Is(err, errNotCommitted):
		return connectors.NewError(connectors.Transient, op, errNotCommitted.Error(), nil)
	}
	m := c.d.explain(err)
	if m.kind == "" {
		m = unspoken(err)
	}
	switch {
	case m.mend != "":
	case m.kind == connectors.Credentials:
		m.mend = "see the account and its grants on system " + c.env.System
	case m.kind == connectors.Misfit, m.kind == connectors.Broken:
		m.mend = "the server's own log has the whole message"
	}
	return connectors.NewError(m.kind, op, m.what, nil).WithCode(m.code).WithMend(m.mend)
}

// unspoken: the server said nothing. Why it was not reached is told by the
// network; that is no text of a driver's.
func unspoken(err error) meaning {
	if !isConnection(err) {
		return meaning{kind: connectors.Broken, what: "the driver failed in a way that is not known: " + connectors.Plain(err)}
	}
	out := meaning{kind: connectors.Transient, what: "the server can't be reached: " + connectors.Plain(err), mend: "see host and port in the option dsn, and whether the server runs"}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, driver.ErrBadConn) || errors.Is(err, mysql.ErrInvalidConn) {
		out.what, out.mend = "the server broke the connection off", ""
	}
	return out
}

func isConnection(err error) bool {
	var network net.Error
	return errors.As(err, &network) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, driver.ErrBadConn) || errors.Is(err, mysql.ErrInvalidConn) || errors.Is(err, net.ErrClosed) ||
		errors.Is(err, context.DeadlineExceeded)
}

// shortDigest names a lock where names are bounded.
func shortDigest(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:16])
}
