package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"privacydesk/bot"
	"privacydesk/connectors"
)

// A Redis knows whose it is by the key shelf's identity, and the shelf by a note
// that it once had a Redis. A Redis that knows nobody beside a shelf that was
// used came back empty, or is the wrong one: nothing is taken in or worked on
// until a person brings the right one, or accepts the loss.
const (
	installationName = "installation"
	enrolledNote     = "enrolled"
)

// errLost: its words are shown by check, at the start, by /readyz and the log.
var errLost = connectors.Said("this Redis knows no installation, and the key store was used before: Redis came back empty, or is another one")

const lostMend = "restore Redis, or let redis.url name the right one; if what it held is lost for good, run `privacydesk recover`"

// probeInstallation finds out whether this Redis is ours, and makes a new one
// ours if the key store is new as well.
func (a *app) probeInstallation(ctx context.Context) []problem {
	err := a.installed(ctx)
	if err == nil {
		err = a.enroll(ctx)
	}
	return a.installationFails(err)
}

// compareInstallation is the same without naming anything, for check.
func (a *app) compareInstallation(ctx context.Context) []problem {
	return a.installationFails(a.installed(ctx))
}

func (a *app) installationFails(err error) []problem {
	if errors.Is(err, errLost) {
		return []problem{{Severity: connectors.SeverityBlocks, Where: installationName, What: errLost.Error(), Mend: lostMend, usage: true}}
	}
	return failedAt(installationName, err, "")
}

// installed fails if this Redis is another's, or was ours and knows it no more.
func (a *app) installed(ctx context.Context) error {
	if a.embedded != nil && !a.embedded.Keeps() {
		return nil // the demo's own
	}
	name, err := a.store.Cursor(ctx, installationName)
	switch {
	case err != nil:
		return err
	case name == a.keys.Identity():
		return nil
	case name != "":
		return errOtherFolder
	}
	used, err := a.usedBefore(ctx)
	if err != nil || !used {
		return err
	}
	return errLost
}

// usedBefore is true for a key store that had a Redis before. One of a version
// that did not note that yet had one if there are keys, unless this Redis is
// still the one that such a version named.
func (a *app) usedBefore(ctx context.Context) (bool, error) {
	note, err := a.keys.Note(ctx, installationName, enrolledNote)
	if err != nil || note != nil {
		return note != nil, err
	}
	keys, err := a.keys.Requests(ctx)
	if err != nil || len(keys) == 0 {
		return false, err
	}
	named, err := a.store.Cursor(ctx, sharedFolder)
	if err != nil || named != "" {
		return false, err
	}
	// Noted now: others name the folder to the empty Redis meanwhile.
	return true, a.noteEnrolled(ctx)
}

func (a *app) noteEnrolled(ctx context.Context) error {
	return a.keys.Keep(ctx, installationName, enrolledNote, []byte(a.keys.Identity()))
}

// enroll makes this Redis ours, and notes that beside the keys first.
func (a *app) enroll(ctx context.Context) error {
	if a.embedded != nil && !a.embedded.Keeps() {
		return nil
	}
	name, err := a.store.Cursor(ctx, installationName)
	if err != nil || name == a.keys.Identity() {
		return err
	}
	if err := a.noteEnrolled(ctx); err != nil {
		return err
	}
	name, err = a.store.Agree(ctx, installationName, a.keys.Identity())
	if err == nil && name != a.keys.Identity() {
		err = errOtherFolder
	}
	return err
}

// atHome is asked before anything is taken in: whether this Redis still knows
// whose it is.
func (a *app) atHome(ctx context.Context) error {
	if a.embedded != nil && !a.embedded.Keeps() {
		return nil
	}
	name, err := a.store.Cursor(ctx, installationName)
	switch {
	case err != nil:
		return err
	case name == a.keys.Identity():
		return nil
	case name != "":
		return errOtherFolder
	}
	return errLost
}

// withRequests is withApp for what reads or changes requests: a Redis that lost
// them, or is another's, has none to show, and that is not the same as none.
func withRequests(ctx context.Context, s *surroundings, path string, f func(*app) error) error {
	return withApp(ctx, s, path, func(a *app) error {
		switch err := a.installed(ctx); {
		case errors.Is(err, errLost):
			return fmt.Errorf("%w; %s", err, lostMend)
		case err != nil:
			return err
		}
		return f(a)
	})
}

// probeRecords: none was written by a newer version. What this one does not
// understand it leaves alone, and the rest of the house should be updated.
func (a *app) probeRecords(ctx context.Context) []problem {
	newest, err := a.store.Format(ctx)
	if err != nil || newest <= bot.RecordFormat {
		return failedAt("records", err, "")
	}
	return []problem{{
		Severity: connectors.SeverityBlocks, Where: "records",
		What: fmt.Sprintf("a newer version of privacydesk wrote records of format %d, and this one understands %d: it leaves them alone", newest, bot.RecordFormat),
		Mend: "update this replica",
	}}
}

type recoverCmd struct {
	configFlag
	operatorFlag
	JSON bool `help:"Print one JSON object."`
}

// Help carries the example.
func (recoverCmd) Help() string {
	return "Only when Redis came back empty and what it held can't be restored. Requests that had ended are taken back as ended;\nthose that were open are held (state_lost), each with a note on its ticket.\n\nExample:\n  privacydesk recover --config privacydesk.yml --by ops@vendor.example"
}

// Run accepts that Redis lost everything, and makes the empty one ours.
func (c recoverCmd) Run(ctx context.Context, s *surroundings) error {
	return withApp(ctx, s, c.Config, func(a *app) error {
		switch err := a.installed(ctx); {
		case err == nil:
			return errors.New("nothing is lost: this Redis knows the installation, or both are new")
		case !errors.Is(err, errLost):
			return err
		}
		if c.name() == "" {
			return &usageError{errors.New("say who you are with --by")}
		}
		if err := a.enroll(ctx); err != nil {
			return err
		}
		if err := a.store.Settle(ctx); err != nil {
			return err
		}
		a.log.WithField("event", "recovered").Warn("the loss of Redis was accepted")
		return tell(s, c.JSON, map[string]any{"ok": true, "at": time.Now().UTC().Format(time.RFC3339)},
			"the loss is accepted; restart the replicas, whose queue was lost, too. What had ended stays ended, what was open is held")
	})
}
