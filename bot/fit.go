package bot

import (
	"context"
	"sync"
	"time"

	"privacydesk/connectors"
)

// fitness remembers what the connectors' own checks said, for a while: a map
// that no longer fits, a cascade that nobody declared or a canary that is not
// found stop a run before it reports too little or destroys too much.
type fitness struct {
	mu    sync.Mutex
	known map[string]checked
}

type checked struct {
	at       time.Time
	problems []connectors.Problem
}

// fit returns an error if the system may not be used for the kind of work.
func (e *Engine) fit(ctx context.Context, system string, erases bool) error {
	problems, err := e.problems(ctx, system)
	if err != nil {
		return err
	}
	for _, p := range problems {
		if p.Severity == connectors.SeverityBlocks || erases && p.Severity == connectors.SeverityDeletes {
			return connectors.NewError(connectors.Misfit, "check "+p.Where, p.What, nil).WithMend(p.Mend)
		}
	}
	return nil
}

// problems asks the connector, or remembers a recent answer without fault. A
// fault is asked again each time, so that mending it helps at once.
func (e *Engine) problems(ctx context.Context, system string) ([]connectors.Problem, error) {
	e.fitness.mu.Lock()
	c, ok := e.fitness.known[system]
	e.fitness.mu.Unlock()
	if ok && e.Clock().Sub(c.at) < e.Settings.CheckEvery {
		return c.problems, nil
	}
	problems, err := e.Systems[system].Connector.Check(ctx)
	if err != nil {
		return nil, err
	}
	var notes []connectors.Problem
	for _, p := range problems {
		if p.Severity != connectors.SeverityNote {
			return problems, nil
		}
		notes = append(notes, p)
	}
	e.fitness.mu.Lock()
	defer e.fitness.mu.Unlock()
	if e.fitness.known == nil {
		e.fitness.known = map[string]checked{}
	}
	e.fitness.known[system] = checked{e.Clock(), notes}
	return problems, nil
}
