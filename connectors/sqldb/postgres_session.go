package sqldb

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// postgresSession speaks the extended protocol in text throughout: the server
// reads and writes each value in the form that its type has.
type postgresSession struct {
	conn *pgconn.PgConn
	o    *Options
	open bool
}

func (s *postgresSession) query(ctx context.Context, q query, row func([]cell) error) error {
	args, err := postgresArgs(q.args)
	if err != nil {
		return err
	}
	// The reader is closed in a way that drains it: a row function that gives
	// up half-way cancels the statement instead of reading on to its end.
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	result := s.conn.ExecParams(ctx, q.sql, args, nil, nil, nil)
	var cells []cell
	for result.NextRow() {
		values := result.Values()
		if cells == nil {
			cells = make([]cell, len(values))
			for i := range cells {
				cells[i].class = classText
				if q.cols != nil {
					cells[i].class, cells[i].digits = q.cols[i].class, q.cols[i].digits
				}
			}
		}
		err := fill(cells, values)
		if err == nil {
			err = row(cells)
		}
		if err != nil {
			cancel()
			_, _ = result.Close()
			return err
		}
	}
	_, err = result.Close()
	return err
}

func fill(cells []cell, values [][]byte) error {
	for i, v := range values {
		cells[i].null, cells[i].text = v == nil, v
		if cells[i].class != classBytes || v == nil {
			continue
		}
		raw, err := unhex([]byte(strings.TrimPrefix(string(v), `\x`)))
		if err != nil {
			return errors.New("a bytea value is not in hex")
		}
		cells[i].text = raw
	}
	return nil
}

func (s *postgresSession) exec(ctx context.Context, q query) (int64, error) {
	args, err := postgresArgs(q.args)
	if err != nil {
		return 0, err
	}
	tag, err := s.conn.ExecParams(ctx, q.sql, args, nil, nil, nil).Close()
	return tag.RowsAffected(), err
}

// begin bounds the transaction on the server's side: a worker that dies or
// sleeps holds nothing for longer than the time-outs.
func (s *postgresSession) begin(ctx context.Context, lock string) error {
	s.open = true
	setup := "BEGIN; SET LOCAL statement_timeout TO " + millis(s.o.StatementTimeout) +
		"; SET LOCAL idle_in_transaction_session_timeout TO " + millis(s.o.StatementTimeout) +
		"; SET LOCAL lock_timeout TO " + millis(s.o.LockTimeout) +
		"; SELECT pg_advisory_xact_lock(" + strconv.FormatInt(lockNumber(lock), 10) + ")" +
		"; SELECT current_setting('transaction_read_only')"
	results, err := s.conn.Exec(ctx, setup).ReadAll()
	if err != nil {
		return err
	}
	if last := results[len(results)-1]; len(last.Rows) == 1 && string(last.Rows[0][0]) == "on" {
		return errReadOnly
	}
	return nil
}

// lockNumber names an advisory lock.
func lockNumber(name string) int64 {
	sum := sha256.Sum256([]byte("privacydesk " + name))
	return int64(binary.BigEndian.Uint64(sum[:8])) // #nosec G115 -- any 64 bits will do
}

// settling: constraints that are deferred are looked at, and deferred again,
// as they are once more in the batch that follows.
func (postgres) settling(_ context.Context, s session, _ []*table) (func(context.Context) error, error) {
	return func(ctx context.Context) error {
		for _, sql := range []string{"SET CONSTRAINTS ALL IMMEDIATE", "SET CONSTRAINTS ALL DEFERRED"} {
			if _, err := s.exec(ctx, query{sql: sql}); err != nil {
				return err
			}
		}
		return nil
	}, nil
}

func (s *postgresSession) commit(ctx context.Context) error {
	results, err := s.conn.Exec(ctx, "COMMIT").ReadAll()
	if err != nil {
		return err
	}
	s.open = false
	// A transaction that failed answers COMMIT with ROLLBACK and no error.
	if len(results) != 1 || results[0].CommandTag.String() != "COMMIT" {
		return errNotCommitted
	}
	return nil
}

func (s *postgresSession) rollback(ctx context.Context) {
	if !s.open {
		return
	}
	s.open = false
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if _, err := s.conn.Exec(ctx, "ROLLBACK").ReadAll(); err != nil {
		s.end(ctx) // the server rolls back when the connection ends
	}
}

func (s *postgresSession) close() { s.end(context.Background()) }

func (s *postgresSession) end(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	_ = s.conn.Close(ctx)
}

func millis(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }

func postgresArgs(args []any) ([][]byte, error) {
	out := make([][]byte, len(args))
	for i, a := range args {
		switch a := a.(type) {
		case nil:
		case string:
			out[i] = []byte(a)
		case int64:
			out[i] = strconv.AppendInt(nil, a, 10)
		case list:
			out[i] = arrayLiteral(a)
		default:
			return nil, errors.New("a bound value has a type that the driver does not know")
		}
	}
	return out, nil
}

// arrayLiteral is PostgreSQL's text form of a one-dimensional array.
func arrayLiteral(elements []string) []byte {
	out := []byte{'{'}
	for i, e := range elements {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(out, '"')
		for j := range len(e) {
			if e[j] == '"' || e[j] == '\\' {
				out = append(out, '\\')
			}
			out = append(out, e[j])
		}
		out = append(out, '"')
	}
	return append(out, '}')
}
