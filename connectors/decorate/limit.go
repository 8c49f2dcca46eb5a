package decorate

import (
	"context"

	"privacydesk/connectors"
)

// Limit lets at most n calls reach the system at a time, in this process; the
// others wait for their turn or for the end of their context. n below 1
// means no limit.
func Limit(c connectors.Connector, n int) connectors.Connector {
	if n < 1 {
		return c
	}
	return &limited{Connector: c, turns: make(chan struct{}, n)}
}

type limited struct {
	connectors.Connector
	turns chan struct{}
}

func (l *limited) Check(ctx context.Context) (problems []connectors.Problem, err error) {
	err = l.turn(ctx, "check", func() error {
		problems, err = l.Connector.Check(ctx)
		return err
	})
	return problems, err
}

func (l *limited) Locate(ctx context.Context, jobs []*connectors.Job) error {
	return l.turn(ctx, "locate", func() error { return l.Connector.Locate(ctx, jobs) })
}

func (l *limited) Gather(ctx context.Context, jobs []*connectors.Job) error {
	return l.turn(ctx, "gather", func() error { return l.Connector.Gather(ctx, jobs) })
}

func (l *limited) Erase(ctx context.Context, jobs []*connectors.Job) error {
	return l.turn(ctx, "erase", func() error { return l.Connector.Erase(ctx, jobs) })
}

func (l *limited) Rehearse(ctx context.Context, jobs []*connectors.Job) error {
	return l.turn(ctx, "rehearse", func() error { return l.Connector.Rehearse(ctx, jobs) })
}

func (l *limited) turn(ctx context.Context, op string, call func() error) error {
	select {
	case l.turns <- struct{}{}:
	case <-ctx.Done():
		return connectors.NewError(connectors.Transient, op, "the call ended while it waited for its turn", ctx.Err())
	}
	defer func() { <-l.turns }()
	return call()
}
