package sqldb

import "context"

// Weaknesses is what check notes of a DSN.
func Weaknesses(kind, dsn string) []string {
	var out []string
	for _, w := range map[string]dialect{"postgres": postgres{}, "mysql": mysqlDialect{}, "sqlite": sqlite{}}[kind].weaknesses(dsn) {
		out = append(out, string(w.severity)+": "+w.what+"; "+w.mend)
	}
	return out
}

// SentAfterAFailure is how many statements a rehearsal sends whose first one
// fails.
func SentAfterAFailure(ctx context.Context) int {
	s := &failing{}
	r := &rehearsal{session: s, settle: func(ctx context.Context) error { _, err := s.exec(ctx, query{}); return err }}
	for range 2 {
		_, _ = r.exec(ctx, query{})
		_ = r.query(ctx, query{}, nil)
		_ = r.commit(ctx)
	}
	return s.sent
}

// failing is a session of which each statement fails.
type failing struct {
	session
	sent int
}

func (s *failing) exec(context.Context, query) (int64, error) {
	s.sent++
	return 0, errNotCommitted
}

func (s *failing) query(context.Context, query, func([]cell) error) error {
	s.sent++
	return errNotCommitted
}
