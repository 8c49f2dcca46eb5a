package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"privacydesk/bot/plan"
	"privacydesk/bot/zendesk"
	"privacydesk/connectors"
)

type checkCmd struct {
	configFlag
	JSON bool `help:"Print one JSON object."`
}

// Help carries the example.
func (checkCmd) Help() string { return "Example:\n  privacydesk check --config privacydesk.yml" }

// problem is one thing that check found wrong.
type problem struct {
	Severity connectors.Severity `json:"severity"`
	Where    string              `json:"where"`
	What     string              `json:"what"`
	Mend     string              `json:"mend,omitempty"`
}

// Run asks every part. It fails if anything blocks, with the exit code of a
// wrong configuration if it is that alone.
func (c checkCmd) Run(ctx context.Context, s *surroundings) error {
	cfg, err := loadConfig(c.Config, s)
	if err != nil {
		return err
	}
	e := &examination{app: newApp(cfg, openOptions{log: s.stderr, attach: true})}
	e.run(ctx)
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
	misconfigured bool // a part said that its configuration is wrong
}

func (e *examination) add(sev connectors.Severity, where, what, mend string) {
	e.problems = append(e.problems, problem{sev, where, what, mend})
}

// opened reports what could not be opened; the error's words say how to mend
// it.
func (e *examination) opened(where string, err error) bool {
	if err == nil {
		return true
	}
	var usage *usageError
	e.misconfigured = e.misconfigured || errors.As(err, &usage)
	e.add(connectors.SeverityBlocks, where, strings.TrimPrefix(err.Error(), where+": "), "")
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

// run asks the data folder, Redis, the directory, Zendesk and every system.
func (e *examination) run(ctx context.Context) {
	a, o := e.app, openOptions{attach: true}
	e.opened("data_dir", a.openKeys(ctx, o))
	if e.opened("redis", a.openRedis(ctx, o)) {
		e.redis(ctx)
	}
	if e.opened("directory", a.openDirectory(ctx, o)) {
		if err := a.directory.Check(ctx); err != nil {
			e.add(connectors.SeverityBlocks, "directory", err.Error(), "")
		}
	}
	_, err := a.catalog()
	e.opened("messages", err)
	if e.opened("zendesk", a.openDesk(ctx, o)) {
		e.desk(ctx)
	}
	for _, name := range sortedKeys(a.cfg.Systems) {
		if e.opened("systems."+name, a.openSystem(ctx, name)) {
			e.system(ctx, name)
		}
	}
	e.reach()
}

// reach names systems that nothing could lead to.
func (e *examination) reach() {
	profiles := map[string]connectors.Profile{}
	for name, s := range e.app.systems {
		if !s.Controller {
			profiles[name] = s.Connector.Profile()
		}
	}
	if len(e.app.systems) < len(e.app.cfg.Systems) {
		return // what leads there may be a part that is broken
	}
	for _, name := range plan.Orphaned(profiles) {
		e.add(connectors.SeverityBlocks, "systems."+name, "it knows people neither by an address nor by anything that another system yields: it can't be searched for anybody",
			"give a field the identity email, or let another system's map refer to it")
	}
}

func (e *examination) redis(ctx context.Context) {
	found, err := e.app.store.CheckServer(ctx)
	if err != nil {
		e.add(connectors.SeverityBlocks, "redis", err.Error(), "check redis.url")
	}
	for _, p := range found {
		sev := connectors.SeverityNote
		if p.Fatal {
			sev = connectors.SeverityBlocks
		}
		e.add(sev, "redis", p.What, p.Mend)
	}
}

func (e *examination) desk(ctx context.Context) {
	z := e.app.cfg.Zendesk
	values := map[string]string{}
	for value, kind := range z.KindValues {
		values[value] = string(kind)
	}
	found, err := e.app.desk.Check(ctx, zendesk.Uses{Form: z.FormID, Fields: map[string]int64{
		"zendesk.kind_field": z.KindField, "zendesk.subject_field": z.SubjectField, "zendesk.tenant_field": z.TenantField,
	}, KindValues: values, Tag: z.Tag})
	if err != nil {
		e.add(connectors.SeverityBlocks, "zendesk", err.Error(), "check zendesk.subdomain and zendesk.oauth")
	}
	for _, p := range found {
		sev := connectors.SeverityNote
		if p.Severity == zendesk.Blocks {
			sev = connectors.SeverityBlocks
		}
		e.add(sev, p.Where, p.What, p.Mend)
	}
}

func (e *examination) system(ctx context.Context, name string) {
	conn := e.app.systems[name].Connector
	found, err := conn.Check(ctx)
	if err != nil {
		e.add(connectors.SeverityBlocks, "systems."+name, err.Error(), "")
	}
	for _, p := range found {
		e.add(p.Severity, "systems."+name+": "+p.Where, p.What, p.Mend)
	}
	if why := conn.Profile().RefusesErase; why != "" {
		e.add(connectors.SeverityDeletes, "systems."+name, why, "give every collection an on_delete in its data map")
	}
}
