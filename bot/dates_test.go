package bot_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"privacydesk/bot"
	"privacydesk/bot/bottest/world"
)

// TestNobodyConfirmed: where the desk refuses every word to the requester, the
// agents are told while a person can still confirm in time.
func TestNobodyConfirmed(t *testing.T) {
	w := populated(t)
	w.Desk.Refuse = func(u bot.Update) error {
		if u.Public {
			return errors.New("a rule of the desk's forbids it")
		}
		return nil
	}
	id := w.File(world.Alex(), "access", janeBody) // on a Monday
	w.Pass(9 * 24 * time.Hour)
	w.Expect(id, "held", bot.ReasonStepFailed)
	if strings.Contains(said(t, w, id), "Nobody has told") {
		t.Error("agents were told too early")
	}
	w.Pass(24 * time.Hour)
	if n := strings.Count(said(t, w, id), "Nobody has told the requester"); n != 1 || !strings.Contains(said(t, w, id), "by 2026-12-07") {
		t.Errorf("agents were told %d times:\n%s", n, said(t, w, id))
	}
}

// TestAnEarlierAnswerIsForgottenWithItsRecord, and is known until then.
func TestAnEarlierAnswerIsForgottenWithItsRecord(t *testing.T) {
	w := populated(t)
	w.Settings.RepeatDays, w.Settings.KeepRecords = 10_000, 60*24*time.Hour
	w.Start()
	mentions := func(after time.Duration) bool {
		w.Pass(after)
		id := w.File(world.Alex(), "access", janeBody)
		w.Pass(time.Hour)
		w.Expect(id, "resolved", bot.ReasonDelivered)
		return strings.Contains(said(t, w, id), "was last asked")
	}
	if mentions(0) || !mentions(50*24*time.Hour) {
		t.Error("an earlier answer is mentioned where there is none, or is not where there is one")
	}
	if mentions(61 * 24 * time.Hour) {
		t.Error("an answer is mentioned whose record is gone")
	}
}

// TestWaitsForTheRequesterAddUp over several questions, and over the clock of
// an open one.
func TestWaitsForTheRequesterAddUp(t *testing.T) {
	w := populated(t)
	w.Settings.Deletes.Approval = "deletes"
	w.Start()
	id := w.File(world.Alex(), "delete", "Please delete somebody.")
	w.Pass(24 * time.Hour)
	if d := w.Case(id); d.WaitedFor(w.Clock.Now()) < 24*time.Hour || d.Waited != 0 {
		t.Errorf("%v of an open wait", d.WaitedFor(w.Clock.Now()))
	}
	w.Desk.Reply(id, world.Alex(), "jane@x.example and jose@x.example")
	w.Hint(id)
	w.Pass(24 * time.Hour)
	w.Desk.Reply(id, world.Alex(), "jane@x.example")
	w.Hint(id)
	w.Pass(48 * time.Hour)
	c := w.Expect(id, "awaiting_approval", bot.ReasonApproval)
	if d := c.WaitedFor(w.Clock.Now()); d != c.Waited || d < 48*time.Hour || d > 49*time.Hour {
		t.Errorf("%v, want two days", d)
	}
}
