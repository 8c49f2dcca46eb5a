package bot_test

import (
	"strings"
	"testing"

	"privacydesk/bot"
	"privacydesk/bot/bottest/world"
	"privacydesk/connectors"
)

// TestRule5_WhatWasErasedBeforeAStopIsCountedAndTold: a hold or a failure in
// mid-erase leaves in the record, and tells, how much is gone.
func TestRule5_WhatWasErasedBeforeAStopIsCountedAndTold(t *testing.T) {
	t.Run("a hold", func(t *testing.T) {
		w, id := heldMidErase(t)
		w.Settle()
		c := w.Expect(id, "held", bot.ReasonOperatorHold)
		if got := c.Systems["events"].Changed; got != 1 {
			t.Errorf("%d rows are counted as erased, want 1", got)
		}
		if told := said(t, w, id); strings.Count(told, "events: 1</li>") != 1 {
			t.Errorf("the agents are not told once:\n%s", told)
		}
	})
	t.Run("a failure", func(t *testing.T) {
		w := populated(t)
		n := 0
		w.Systems["events"].Fail = func(op string) error {
			if op == "batch" {
				n++
			}
			if n > 1 {
				return connectors.NewError(connectors.Misfit, "erase events.thing", "refused", nil)
			}
			return nil
		}
		id := w.File(world.Alex(), "delete", janeBody)
		w.Settle()
		c := w.Expect(id, "held", bot.ReasonSystemFailed)
		if got := c.Systems["events"].Changed; got < 1 {
			t.Errorf("%d rows are counted as erased", got)
		}
		if told := said(t, w, id); !strings.Contains(told, "events: failed, at least 1 rows erased") {
			t.Errorf("the agents are not told:\n%s", told)
		}
	})
}

// heldMidErase is a delete that was held after the first of two rows of
// events, the first system that is erased.
func heldMidErase(t *testing.T) (w *world.World, ticket int64) {
	t.Helper()
	w = populated(t)
	ticket = w.File(world.Alex(), "delete", janeBody)
	n := 0
	w.Systems["events"].Fail = func(op string) error {
		if op == "batch" {
			if n++; n == 2 {
				operate(t, w.Engine.Hold, ticket, "ops")
			}
		}
		return nil
	}
	w.Settle()
	return w, ticket
}
