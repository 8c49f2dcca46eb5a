package sqldb

import (
	"context"
	"database/sql"
	"time"
)

// sqlSession is a session on one pinned connection of database/sql. The
// transaction is spoken in SQL, because each server begins its own way.
type sqlSession struct {
	db   *sql.DB
	conn *sql.Conn
	open bool
	// start begins a transaction, takes the named lock and bounds both.
	start func(ctx context.Context, s *sqlSession, lock string) error
	// end gives back what start took beyond the transaction.
	end func(ctx context.Context, s *sqlSession)
	// rewrite, if not nil, brings a statement into the driver's form.
	rewrite func(query) query
	// read turns scanned values into cells.
	read func(q query, values []any, cells []cell)
}

func newSQLSession(ctx context.Context, db *sql.DB) (*sqlSession, error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		_ = db.Close()
		return nil, err
	}
	return &sqlSession{db: db, conn: conn}, nil
}

func (s *sqlSession) query(ctx context.Context, q query, row func([]cell) error) (err error) {
	q = s.spoken(q)
	rows, err := s.conn.QueryContext(ctx, q.sql, q.args...)
	if err != nil {
		return err
	}
	defer func() {
		if closed := rows.Close(); err == nil {
			err = closed
		}
	}()
	names, err := rows.Columns()
	if err != nil {
		return err
	}
	values, targets := make([]any, len(names)), make([]any, len(names))
	for i := range values {
		targets[i] = &values[i]
	}
	cells := make([]cell, len(names))
	for rows.Next() {
		if err := rows.Scan(targets...); err != nil {
			return err
		}
		s.read(q, values, cells)
		if err := row(cells); err != nil {
			return err
		}
	}
	return rows.Err()
}

func (s *sqlSession) exec(ctx context.Context, q query) (int64, error) {
	q = s.spoken(q)
	result, err := s.conn.ExecContext(ctx, q.sql, q.args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

func (s *sqlSession) spoken(q query) query {
	if s.rewrite == nil {
		return q
	}
	return s.rewrite(q)
}

func (s *sqlSession) begin(ctx context.Context, lock string) error {
	s.open = true
	return s.start(ctx, s, lock)
}

func (s *sqlSession) commit(ctx context.Context) error {
	if _, err := s.conn.ExecContext(ctx, "COMMIT"); err != nil {
		return err
	}
	s.open = false
	s.release(ctx)
	return nil
}

func (s *sqlSession) rollback(ctx context.Context) {
	if !s.open {
		return
	}
	s.open = false
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	// A connection that can't roll back is closed, and the server does it.
	if _, err := s.conn.ExecContext(ctx, "ROLLBACK"); err != nil {
		s.close()
		return
	}
	s.release(ctx)
}

func (s *sqlSession) release(ctx context.Context) {
	if s.end != nil {
		s.end(ctx, s)
	}
}

func (s *sqlSession) close() {
	_ = s.conn.Close()
	_ = s.db.Close()
}
