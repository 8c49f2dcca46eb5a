package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"privacydesk/connectors"
)

type checkCmd struct {
	configFlag
	JSON bool `help:"Print one JSON object."`
}

// Help carries the example.
func (checkCmd) Help() string { return "Example:\n  privacydesk check --config privacydesk.yml" }

// Run asks every part. It fails if anything blocks, with the exit code of a
// wrong configuration if it is that alone.
func (c checkCmd) Run(ctx context.Context, s *surroundings) error {
	cfg, err := loadConfig(c.Config, s)
	if err != nil {
		return err
	}
	e := &examination{app: newApp(cfg, openOptions{log: s.stderr}), at: s.at}
	e.run(ctx)
	s.at("")
	if err := e.app.close(ctx); err != nil {
		return err
	}
	if err := e.print(s, c.JSON); err != nil {
		return err
	}
	switch {
	case !e.blocked():
		return nil
	case e.misconfigured:
		return &usageError{errQuiet}
	default:
		return errQuiet
	}
}

// examination asks one part after the other and goes on where one is broken:
// whoever mends an installation wants to know all of it.
type examination struct {
	app           *app
	problems      []problem
	at            func(part string)
	misconfigured bool // a part said that its configuration is wrong
}

// opened reports what could not be opened; the error's words say how to mend
// it.
func (e *examination) opened(where string, err error) bool {
	if err == nil {
		return true
	}
	var usage *usageError
	e.misconfigured = e.misconfigured || errors.As(err, &usage)
	e.problems = append(e.problems, failedAt(where, err, "")...)
	return false
}

func (e *examination) blocked() bool {
	return slices.ContainsFunc(e.problems, func(p problem) bool { return p.Severity != connectors.SeverityNote })
}

func (e *examination) print(s *surroundings, asJSON bool) error {
	if asJSON {
		return printJSON(s.stdout, map[string]any{"ok": !e.blocked(), "problems": append([]problem{}, e.problems...)})
	}
	for _, p := range e.problems {
		_, _ = fmt.Fprintf(s.stdout, "%-15s %s: %s\n", p.Severity, p.Where, p.What)
		if p.Mend != "" {
			_, _ = fmt.Fprintf(s.stdout, "%-15s   mend: %s\n", "", p.Mend)
		}
	}
	if !e.blocked() {
		_, _ = fmt.Fprintf(s.stdout, "ok: %d systems, Redis, directory and Zendesk answer and fit\n", len(e.app.systems))
	}
	return nil
}

// run opens and probes what is on the one list, in its order.
func (e *examination) run(ctx context.Context) {
	sound := map[string]bool{}
	for _, p := range e.app.preconditions() {
		if slices.ContainsFunc(p.needs, func(name string) bool { return !sound[name] }) {
			continue // what it rests on is told
		}
		e.at("checking " + p.name)
		if p.open != nil && !e.opened(p.name, p.open(ctx, openOptions{attach: true, looks: true})) {
			continue
		}
		sound[p.name] = true
		switch {
		case p.thorough != nil:
			e.problems = append(e.problems, p.thorough(ctx)...)
		case p.probe != nil:
			e.problems = append(e.problems, p.probe(ctx)...)
		}
	}
}
