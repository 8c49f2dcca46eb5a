package main

import (
	"context"
	"fmt"

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

// Run asks every part. It fails if anything blocks.
func (c checkCmd) Run(ctx context.Context, s *surroundings) error {
	return withApp(ctx, s, c.Config, func(a *app) error {
		problems := a.examine(ctx)
		blocked := false
		for _, p := range problems {
			blocked = blocked || p.Severity != connectors.SeverityNote
		}
		if c.JSON {
			if problems == nil {
				problems = []problem{}
			}
			if err := printJSON(s.stdout, map[string]any{"ok": !blocked, "problems": problems}); err != nil {
				return err
			}
		} else {
			for _, p := range problems {
				_, _ = fmt.Fprintf(s.stdout, "%-15s %s: %s\n", p.Severity, p.Where, p.What)
				if p.Mend != "" {
					_, _ = fmt.Fprintf(s.stdout, "%-15s   mend: %s\n", "", p.Mend)
				}
			}
			if !blocked {
				_, _ = fmt.Fprintf(s.stdout, "ok: %d systems, Redis, directory and Zendesk answer and fit\n", len(a.systems))
			}
		}
		if blocked {
			return errQuiet
		}
		return nil
	})
}

// examine asks Redis, the directory, Zendesk and every system.
func (a *app) examine(ctx context.Context) []problem {
	var out []problem
	add := func(sev connectors.Severity, where, what, mend string) {
		out = append(out, problem{sev, where, what, mend})
	}
	for _, w := range a.cfg.Warnings() {
		add(connectors.SeverityNote, "configuration", w, "")
	}
	if a.redisKind != "embedded" {
		found, err := a.store.CheckServer(ctx)
		if err != nil {
			add(connectors.SeverityBlocks, "redis", err.Error(), "check redis.url")
		}
		for _, p := range found {
			sev := connectors.SeverityNote
			if p.Fatal {
				sev = connectors.SeverityBlocks
			}
			add(sev, "redis", p.What, p.Mend)
		}
	}
	if err := a.directory.Check(ctx); err != nil {
		add(connectors.SeverityBlocks, "directory", err.Error(), "")
	}
	a.examineDesk(ctx, add)
	a.examineSystems(ctx, add)
	return out
}

func (a *app) examineDesk(ctx context.Context, add func(connectors.Severity, string, string, string)) {
	z := a.cfg.Zendesk
	values := map[string]string{}
	for value, kind := range z.KindValues {
		values[value] = string(kind)
	}
	found, err := a.desk.Check(ctx, zendesk.Uses{Form: z.FormID, Fields: map[string]int64{
		"zendesk.kind_field": z.KindField, "zendesk.subject_field": z.SubjectField, "zendesk.tenant_field": z.TenantField,
	}, KindValues: values, Tag: z.Tag})
	if err != nil {
		add(connectors.SeverityBlocks, "zendesk", err.Error(), "check zendesk.subdomain and zendesk.oauth")
	}
	for _, p := range found {
		sev := connectors.SeverityNote
		if p.Severity == zendesk.Blocks {
			sev = connectors.SeverityBlocks
		}
		add(sev, p.Where, p.What, p.Mend)
	}
}

func (a *app) examineSystems(ctx context.Context, add func(connectors.Severity, string, string, string)) {
	for _, name := range sortedKeys(a.systems) {
		conn := a.systems[name].Connector
		found, err := conn.Check(ctx)
		if err != nil {
			add(connectors.SeverityBlocks, "systems."+name, err.Error(), "")
		}
		for _, p := range found {
			add(p.Severity, "systems."+name+": "+p.Where, p.What, p.Mend)
		}
		if why := conn.Profile().RefusesErase; why != "" {
			add(connectors.SeverityDeletes, "systems."+name, why, "give every collection an on_delete in its data map")
		}
	}
}
