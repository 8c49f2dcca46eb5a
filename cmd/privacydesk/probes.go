package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
	"strings"
	"time"

	"privacydesk/bot/directory"
	"privacydesk/bot/plan"
	"privacydesk/bot/worker"
	"privacydesk/bot/zendesk"
	"privacydesk/connectors"
	"privacydesk/connectors/sqldb"
)

// How often serve looks at what lies with others.
const (
	signInEvery    = time.Minute // one call, so that an outage is seen where nobody else calls
	deskEvery      = 5 * time.Minute
	directoryEvery = time.Minute
	systemEvery    = 10 * time.Minute
	replicasEvery  = 30 * time.Second
	clockEvery     = time.Minute
	rulesEvery     = time.Minute
)

// probeFolders: spool and key shelf are still there, the same, and take what is
// written.
func (a *app) probeFolders(context.Context) []problem {
	var out []problem
	for _, f := range []interface {
		Check() error
		Try() error
	}{a.spool, a.keys} {
		err := f.Check()
		if err == nil {
			err = f.Try()
		}
		out = append(out, failedAt("data_dir", err, "")...)
	}
	return out
}

// probeRedis: it keeps what it acknowledges. The demo's own, which keeps
// nothing and says so, only has to answer.
func (a *app) probeRedis(ctx context.Context) []problem {
	if a.embedded != nil && !a.embedded.Keeps() {
		return failedAt("redis", a.redis.Ping(ctx).Err(), "")
	}
	found, err := a.store.CheckServer(ctx)
	if err == nil {
		err = a.store.Try(ctx)
	}
	out := append(failedAt("redis", err, "see redis.url"), a.plainRedis()...)
	for _, p := range found {
		sev := connectors.SeverityNote
		if p.Fatal {
			sev = connectors.SeverityBlocks
		}
		out = append(out, problem{Severity: sev, Where: "redis", What: p.What, Mend: p.Mend, usage: p.Fatal})
	}
	return out
}

// plainRedis notes a connection that anybody between here and there can read.
func (a *app) plainRedis() []problem {
	at := a.redis.Options()
	host, _, err := net.SplitHostPort(at.Addr)
	if ip := net.ParseIP(host); at.Network == "unix" || at.TLSConfig != nil || err != nil || host == "localhost" || ip != nil && ip.IsLoopback() {
		return nil
	}
	return []problem{{
		Severity: connectors.SeverityNote, Where: "redis.url", What: "the connection to another machine is not encrypted: the password and records cross the network in clear",
		Mend: "let Redis speak TLS, and write rediss://; see docs/operations.md",
	}}
}

var errOtherFolder = &usageError{errors.New("data_dir: this folder's spool or key shelf is not the one that the other replicas of this Redis use; mount the same one, or use a Redis of its own")}

// probeReplicas proves that all replicas of this Redis have one spool and one
// key shelf: the first names their identities, the others compare, and all show
// each other that what one writes another reads.
func (a *app) probeReplicas(ctx context.Context) []problem {
	ours := a.identities()
	agreed, err := a.store.Agree(ctx, sharedFolder, ours)
	switch {
	case err == nil && agreed != ours:
		err = errOtherFolder
	case err == nil:
		err = a.share(ctx)
	}
	return failedAt("data_dir", err, "")
}

// compareReplicas is probeReplicas without naming anything: check may run
// where serve will not.
func (a *app) compareReplicas(ctx context.Context) []problem {
	agreed, err := a.store.Cursor(ctx, sharedFolder)
	switch {
	case err == nil && agreed != "" && agreed != a.identities():
		err = errOtherFolder
	case err == nil && a.redisKind == "url":
		err = newExchange(a).prove(ctx)
	}
	return failedAt("data_dir", err, "")
}

// sharedFolder is what the replicas' identities are called in Redis.
const sharedFolder = "spool/identity"

func (a *app) identities() string { return a.spool.Identity() + "/" + a.keys.Identity() }

// probeQueue: the account may use the queue's keys, which don't begin with the
// installation's prefix.
func (a *app) probeQueue(ctx context.Context) []problem {
	mend := "let the account have these: " + a.store.Patterns()
	var refused *worker.RefusedError
	err := a.queue.Try(ctx)
	if err != nil && (!errors.As(err, &refused) || refused.Code != "NOPERM") {
		mend = ""
	}
	out := failedAt("queue", err, mend)
	if err := a.queue.Hears(ctx); errors.As(err, &refused) && refused.Code == "NOPERM" {
		out = append(out, problem{
			Severity: connectors.SeverityNote, Where: "queue", What: "the account may not subscribe to the channel asynq:cancel; all works without it",
			Mend: "let the account have &asynq:cancel",
		})
	}
	return out
}

// clockNoted is from where on a clock that is off is told.
const clockNoted = 30 * time.Second

// probeClock compares this machine's clock with Redis's, where replicas meet,
// and with what Zendesk's last answer said. Beyond what webhooks may be off
// they are refused, leases are taken from others, and times in the ledger run
// backwards.
func (a *app) probeClock(ctx context.Context) []problem {
	out := a.probeRedisClock(ctx)
	if ahead, known := a.desk.Ahead(); known && len(out) == 0 {
		out = a.judgeClock("Zendesk's", ahead)
	}
	return out
}

// probeRedisClock leaves Zendesk's to checkDesk.
func (a *app) probeRedisClock(ctx context.Context) []problem {
	ahead, err := a.store.Ahead(ctx, time.Now)
	if err != nil {
		return nil // that Redis fails is told by name
	}
	return a.judgeClock("Redis's", ahead)
}

func (a *app) judgeClock(whose string, ahead time.Duration) []problem {
	if ahead.Abs() <= clockNoted {
		return nil
	}
	way := "ahead of"
	if ahead < 0 {
		way = "behind"
	}
	p := problem{
		Severity: connectors.SeverityNote, Where: "this machine's clock", What: fmt.Sprintf("it is %s %s %s", ahead.Abs().Round(10*time.Second), way, whose),
		Mend: "synchronise both (NTP)",
	}
	if ahead.Abs() > a.cfg.Zendesk.Webhook.Skew {
		p.Severity = connectors.SeverityBlocks
		p.What += ": webhooks are refused, leases are taken from other replicas, and times in the ledger are wrong"
	}
	return []problem{p}
}

// probeDesk: the credentials let us in.
func (a *app) probeDesk(ctx context.Context) []problem {
	found, err := a.desk.Enter(ctx)
	return a.deskProblems(found, err)
}

// probeIntake: form and fields are there.
func (a *app) probeIntake(ctx context.Context) []problem {
	found, err := a.desk.Intake(ctx, a.uses())
	return a.deskProblems(found, err)
}

// checkDesk looks at all that the bot rests on in the account.
func (a *app) checkDesk(ctx context.Context) []problem {
	found, err := a.desk.Check(ctx, a.uses())
	return a.deskProblems(found, err)
}

func (a *app) deskProblems(found []zendesk.Problem, err error) []problem {
	out := make([]problem, 0, len(found))
	for _, p := range found {
		sev := connectors.SeverityNote
		if p.Severity == zendesk.Blocks {
			sev = connectors.SeverityBlocks
		}
		out = append(out, problem{Severity: sev, Where: p.Where, What: p.What, Mend: p.Mend})
	}
	if err != nil {
		err = fmt.Errorf("%s: %w", a.desk.Base(), err)
	}
	return append(out, failedAt("zendesk", err, "see zendesk.subdomain and zendesk.oauth")...)
}

// probeRules tells where this configuration admits nothing, because another
// replica has newer rules of intake.
func (a *app) probeRules(ctx context.Context) []problem {
	older, err := a.engine.OlderRules(ctx)
	if err != nil || !older {
		return failedAt("redis", err, "")
	}
	return []problem{{
		Severity: connectors.SeverityNote, Where: "intake.rules", remind: true,
		What: "another replica has newer rules of intake (form, tag, kinds, intake.since): this one admits no tickets",
		Mend: "give all replicas the same configuration; where the newer one is stopped, the older is in force again after ten minutes",
	}}
}

// uses is what the configuration refers to in the account.
func (a *app) uses() zendesk.Uses {
	z := a.cfg.Zendesk
	values := map[string]string{}
	for value, kind := range z.KindValues {
		values[value] = string(kind)
	}
	return zendesk.Uses{Form: z.FormID, Fields: map[string]int64{
		"zendesk.kind_field": z.KindField, "zendesk.subject_field": z.SubjectField, "zendesk.tenant_field": z.TenantField,
	}, KindValues: values, Tag: z.Tag}
}

func (a *app) probeDirectory(ctx context.Context) []problem {
	return append(failedAt("directory", a.directory.Check(ctx), ""), a.plainDirectory()...)
}

// plainDirectory notes a way to the directory's database that others can read.
func (a *app) plainDirectory() []problem {
	o, ok := a.cfg.Directory.Options.(*directory.SQLOptions)
	if !ok {
		return nil
	}
	var out []problem
	for _, w := range sqldb.DSNProblems(o.Driver, o.DSN) {
		out = append(out, problem{Severity: w.Severity, Where: "directory.dsn", What: w.What, Mend: w.Mend})
	}
	return out
}

// probeSystem asks a system's connector whether it can work.
func (a *app) probeSystem(ctx context.Context, name string) []problem {
	conn := a.systems[name].Connector
	found, err := conn.Check(ctx)
	out := failedAt("systems."+name, err, "")
	for _, p := range found {
		out = append(out, problem{Severity: p.Severity, Where: "systems." + name + ": " + p.Where, What: p.What, Mend: p.Mend})
	}
	said := slices.ContainsFunc(found, func(p connectors.Problem) bool { return p.Severity != connectors.SeverityNote })
	if why := conn.Profile().RefusesErase; why != "" && !said {
		out = append(out, problem{Severity: connectors.SeverityDeletes, Where: "systems." + name, What: why, Mend: "give every collection an on_delete in its data map"})
	}
	return out
}

// probeReach names what no request would search: systems that nothing could
// lead to, tenants that a system doesn't know.
func (a *app) probeReach(context.Context) []problem {
	profiles := map[string]connectors.Profile{}
	for name, s := range a.systems {
		if !s.Controller {
			profiles[name] = s.Connector.Profile()
		}
	}
	var out []problem
	for _, name := range plan.Orphaned(profiles) {
		out = append(out, problem{
			Severity: connectors.SeverityBlocks, Where: "systems." + name,
			What: "neither an address nor anything that another system yields leads there: it can't be searched for anybody",
			Mend: "give a field the identity email, in a collection that is confined to a tenant, or let it refer to another system's map",
		})
	}
	for _, name := range sortedKeys(profiles) {
		out = append(out, unstated(name, profiles[name])...)
	}
	return append(append(out, unmet(profiles)...), a.tenantProblems()...)
}

// unmet names what data maps search by and no system yields, where it is asked
// for. Where it must be a slip, or is there and kept back, rows would stay
// behind.
func unmet(profiles map[string]connectors.Profile) []problem {
	yielded, collections := []string{string(connectors.Email)}, []string{}
	for _, p := range profiles {
		for _, t := range p.Yields {
			yielded = append(yielded, string(t))
		}
		for _, c := range p.Collections {
			collections = append(collections, c.Name)
		}
	}
	var out []problem
	for _, name := range sortedKeys(profiles) {
		p := profiles[name]
		for _, t := range slices.Sorted(maps.Keys(p.Origins)) {
			if slices.Contains(yielded, string(t)) {
				continue
			}
			n := problem{
				Severity: connectors.SeverityNote, Where: "systems." + name + ": " + p.Origins[t],
				What: "rows are searched by " + string(t) + ", which no system yields: nobody is found by it", Mend: "correct the name, or add the system that has it",
			}
			if mend := meant(string(t), yielded, collections); mend != "" {
				n.Severity, n.Mend = connectors.SeverityBlocks, mend
			}
			out = append(out, n)
		}
	}
	return out
}

// meant is how to mend a need that no system yields, if it can be told.
func meant(need string, yielded, collections []string) string {
	collection, field := "", need
	if i := strings.LastIndexByte(need, '.'); i >= 0 {
		collection, field = need[:i], need[i+1:]
	}
	if collection != "" && slices.Contains(collections, collection) {
		return "say `privacydesk: {yields: true}` of " + need + ", or correct the name"
	}
	if near := connectors.Misspelt(collection, collections); collection != "" && near != "" {
		return "did you mean " + near + "." + field + "?"
	}
	if near := connectors.Misspelt(need, yielded); near != "" {
		return "did you mean " + near + "?"
	}
	return ""
}
