package main

import (
	"testing"
	"time"

	"privacydesk/bot"
)

// TestListSaysWhoseKeyIsGone beside the reason, and since when.
func TestListSaysWhoseKeyIsGone(t *testing.T) {
	now := time.Date(2026, 7, 24, 9, 0, 0, 0, time.UTC)
	c := bot.Case{ID: "t7", Phase: bot.PhaseDone, Reason: bot.ReasonDelivered, Finished: now.Add(-time.Hour), KeyGone: now}
	if got, want := viewOf(&c, now).why(), "delivered (its key is gone: stuck since 2026-07-24)"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	c.KeyGone = time.Time{}
	if got := viewOf(&c, now).why(); got != "delivered" {
		t.Errorf("%q", got)
	}
}
