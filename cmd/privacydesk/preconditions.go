package main

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"privacydesk/connectors"
)

// effect is what follows when a precondition does not hold.
type effect string

const (
	// refuses: nothing can be worked on. serve does not start, or is not ready.
	refuses effect = "refuses"
	// holds: what rests on it waits, all else goes on; never in /readyz.
	holds effect = "holds"
)

// precondition is one thing without which serve would refuse, stand still or
// find nothing (rule 13). app.preconditions is the one list of them; check, the
// start of serve and /readyz all go by it, so that check says no less than
// serve would.
//
// To add one, write a probe that returns problems in words of ours (no row's
// value, no address of a person; What is shown by /readyz to whoever reaches
// it), put it into app.preconditions behind what it needs, and break it once in
// the table of TestRule13_CheckSaysNoLessThanServe, which fails until you do.
type precondition struct {
	name   string // as /readyz and the metrics show it: redis, systems.crm
	effect effect
	// open opens the part, once. What it can't open ends serve and every
	// command, whatever the effect; check tells it and goes on. nil: there is
	// nothing to open.
	open func(context.Context, openOptions) error
	// probe looks whether it holds now. A problem that blocks means that it
	// doesn't; others are told. nil: to be opened is enough.
	probe func(context.Context) []problem
	// thorough is what check does in probe's place, where it can see more.
	thorough func(context.Context) []problem
	// needs are those before it in the list without which there is nothing to
	// look at.
	needs []string
	// every is how often serve looks at what lies with others (Zendesk, a
	// database of the customer's): in the background, from the start, which does
	// not wait for it; /readyz shows the last result. 0: it is near and quick;
	// the start ends when it fails, and /readyz looks for itself.
	every time.Duration
	// start makes the start of serve wait for it and end when it fails, though it
	// takes a while and is looked at in the background later.
	start bool
}

// problem is one thing that is not as it has to be.
type problem struct {
	Severity connectors.Severity `json:"severity"`
	Where    string              `json:"where"`
	What     string              `json:"what"`
	Mend     string              `json:"mend,omitempty"`

	usage  bool // the configuration, or how it is used, is wrong
	remind bool // it stops something, though nothing is refused: /readyz shows it, the log every hour
}

func (p problem) String() string {
	if p.Mend == "" {
		return p.Where + ": " + p.What
	}
	return p.Where + ": " + p.What + "; " + p.Mend
}

// blocking is the problem that keeps a precondition from holding, if any.
func blocking(found []problem) (problem, bool) {
	i := slices.IndexFunc(found, func(p problem) bool { return p.Severity == connectors.SeverityBlocks })
	if i < 0 {
		return problem{}, false
	}
	return found[i], true
}

// failedAt is the one problem of a probe that could not be made.
func failedAt(where string, err error, mend string) []problem {
	if err == nil {
		return nil
	}
	var usage *usageError
	return []problem{{Severity: connectors.SeverityBlocks, Where: where, What: strings.TrimPrefix(err.Error(), where+": "), Mend: mend, usage: errors.As(err, &usage)}}
}

// preconditions is the one list, in the order in which parts are opened.
func (a *app) preconditions() []precondition {
	list := []precondition{
		{name: "data_dir", effect: refuses, open: a.openKeys, probe: a.probeFolders},
		{name: "redis", effect: refuses, open: a.openRedis, probe: a.probeRedis},
		{name: "queue", effect: refuses, needs: []string{"redis"}, probe: a.probeQueue},
		{name: installationName, effect: refuses, needs: []string{"data_dir", "redis"}, probe: a.probeInstallation, thorough: a.compareInstallation},
		{name: "records", effect: refuses, needs: []string{"redis"}, probe: a.probeRecords},
		{name: "replicas", effect: refuses, needs: []string{"data_dir", "redis"}, probe: a.probeReplicas, thorough: a.compareReplicas, every: replicasEvery, start: true},
		{name: "web", effect: refuses, open: a.openTLS},
		{name: "messages", effect: refuses, open: func(context.Context, openOptions) error { _, err := a.catalog(); return err }},
		{name: "zendesk", effect: refuses, open: a.openDesk, probe: a.probeDesk, thorough: a.checkDesk, every: signInEvery},
		{name: "zendesk.form", effect: refuses, needs: []string{"zendesk"}, probe: a.probeIntake, thorough: toldBy("zendesk"), every: deskEvery},
		{name: "clock", effect: refuses, needs: []string{"redis", "zendesk"}, probe: a.probeClock, thorough: a.probeRedisClock, every: clockEvery},
		{name: "directory", effect: refuses, open: a.openDirectory, probe: a.probeDirectory, every: directoryEvery},
	}
	all := []string{"data_dir", "redis", "web", "messages", "zendesk", "directory"}
	for _, name := range sortedKeys(a.cfg.Systems) {
		part := "systems." + name
		list = append(list, precondition{
			name: part, effect: holds, every: systemEvery,
			open:  func(ctx context.Context, _ openOptions) error { return a.openSystem(ctx, name) },
			probe: func(ctx context.Context) []problem { return a.probeSystem(ctx, name) },
		})
		all = append(all, part)
	}
	return append(list,
		precondition{name: "reach", effect: holds, needs: all[6:], probe: a.probeReach, every: systemEvery},
		precondition{name: "engine", effect: refuses, needs: all, open: a.openEngine},
		precondition{name: "intake.rules", effect: refuses, needs: []string{"engine"}, probe: a.probeRules, every: rulesEvery},
	)
}

// toldBy is thorough for what check finds while it looks at another part.
func toldBy(string) func(context.Context) []problem {
	return func(context.Context) []problem { return nil }
}

// openAll opens every part. What can't be opened ends it.
func (a *app) openAll(ctx context.Context, o openOptions) error {
	for _, p := range a.preconditions() {
		if p.open == nil {
			continue
		}
		if o.at != nil {
			o.at("opening " + p.name)
		}
		if err := p.open(ctx, o); err != nil {
			if o.at != nil {
				o.at("")
			}
			return err
		}
	}
	return nil
}

// begin makes sure of what serve can't start without: whatever is near and
// refuses. What is less than it should be is logged.
func (a *app) begin(ctx context.Context) error {
	var errs []error
	usage := false
	for _, p := range a.preconditions() {
		if p.every != 0 && !p.start || p.probe == nil {
			continue
		}
		for _, found := range a.watch.look(ctx, p) {
			if p.effect == refuses && found.Severity == connectors.SeverityBlocks {
				errs = append(errs, errors.New(found.String()))
				usage = usage || found.usage
			}
		}
	}
	switch err := errors.Join(errs...); {
	case usage:
		return &usageError{err}
	case err != nil:
		return err
	}
	if err := a.vouch(ctx); err != nil {
		return err
	}
	return a.engine.MirrorStops(ctx)
}
