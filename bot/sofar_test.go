package bot_test

import (
	"strings"
	"testing"
	"time"

	"privacydesk/bot"
	"privacydesk/bot/bottest/world"
)

// TestRule11_HeldBeforeTheFirstSystem: erasing was decided, and a reply holds it
// before any system was begun. The note says so, and not that erasing had begun.
func TestRule11_HeldBeforeTheFirstSystem(t *testing.T) {
	w := populated(t)
	id := w.File(world.Alex(), "delete", janeBody)
	w.Failpoint = func(point string) {
		if point == "before-erase-mark" {
			w.Failpoint = nil
			w.Desk.Reply(id, world.Alex(), "Stop, that is the wrong person!")
			w.Hint(id)
		}
	}
	w.Pass(time.Hour)
	w.Expect(id, "held", bot.ReasonReply)
	text := said(t, w, id)
	if !strings.Contains(text, "Nothing is erased in any system") || strings.Contains(text, "had begun") {
		t.Errorf("the ticket says\n%s", text)
	}
}

// TestRule11_StoppedRunsSayWhy: a run that was stopped right before erasing, by
// a reply that no hint told of, names the reason in the log.
func TestRule11_StoppedRunsSayWhy(t *testing.T) {
	w := populated(t)
	id := w.File(world.Alex(), "delete", janeBody)
	w.Failpoint = func(point string) {
		if point == "before-erase-mark" {
			w.Failpoint = nil
			w.Desk.Reply(id, world.Alex(), "Stop, that is the wrong person!")
		}
	}
	w.Settle()
	if log := w.Log.String(); !strings.Contains(log, "stopped: "+string(bot.ReasonReply)) || strings.Contains(log, "text is not shown") {
		t.Errorf("the log says\n%s", log)
	}
}
