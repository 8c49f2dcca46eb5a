package bot_test

import (
	"errors"
	"testing"
	"time"

	"privacydesk/bot"
	"privacydesk/bot/bottest/world"
)

// TestRule16_NewerRecordsAreLeftAlone: an older replica meets a record that a
// newer version wrote. Whatever it is asked to do, it changes nothing, and says so.
func TestRule16_NewerRecordsAreLeftAlone(t *testing.T) {
	w := populated(t)
	w.Settings.Deletes.WaitingPeriod = time.Hour
	w.Start()
	ticket := w.File(world.Alex(), "delete", janeBody)
	w.Settle()
	if newest, err := w.Store.Format(t.Context()); err != nil || newest != bot.RecordFormat {
		t.Errorf("the newest record is of format %d: %v", newest, err)
	}
	w.Newer(ticket)
	id, before, updates := bot.IDOfTicket(ticket), w.DumpRedis(), w.Desk.Updates[ticket]
	w.Clock.Advance(100 * time.Hour)
	if err := errors.Join(w.Engine.Step(t.Context(), id), w.Engine.Run(t.Context(), id, "crm"), w.Engine.Orphans(t.Context())); err != nil {
		t.Error(err)
	}
	for what, do := range map[string]func() error{
		"hold":   func() error { return w.Engine.Hold(t.Context(), id, "ops") },
		"cancel": func() error { return w.Engine.Cancel(t.Context(), id, "ops") },
		"read":   func() error { _, err := w.Store.Load(t.Context(), id); return err },
		"commit": func() error {
			return w.Store.Commit(t.Context(), bot.Change{Case: bot.Case{ID: id, Version: 1}, Now: w.Clock.Now()})
		},
	} {
		if err := do(); !errors.Is(err, bot.ErrNewer) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if after := w.DumpRedis(); after != before {
		t.Errorf("Redis was\n%s\nand is\n%s", before, after)
	}
	if n := w.Desk.Updates[ticket]; n != updates {
		t.Errorf("the ticket was written %d times", n-updates)
	}
	if keys, err := w.Keys.Requests(t.Context()); err != nil || len(keys) != 1 {
		t.Errorf("keys: %v, %v", keys, err)
	}
	if newest, err := w.Store.Format(t.Context()); err != nil || newest != bot.RecordFormat+1 {
		t.Errorf("the newest record is of format %d: %v", newest, err)
	}
	expectNothingErased(t, w)
}
