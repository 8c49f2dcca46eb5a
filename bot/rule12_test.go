package bot_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"privacydesk/bot"
	"privacydesk/bot/bottest/world"
	"privacydesk/connectors"
)

// TestRule12_OneUpdateHoldsSoMuch: what one mark can't name, or one comment
// can't hold, goes in the next.
func TestRule12_OneUpdateHoldsSoMuch(t *testing.T) {
	t.Run("steps", func(t *testing.T) {
		n := newNarrow(t)
		const asked = 60
		for range asked {
			n.agent("/privacy status")
		}
		longest := 0
		n.Desk.Refuse = func(u bot.Update) error {
			longest = max(longest, len(u.Mark.Step))
			return nil
		}
		n.room = 1
		n.Pass(20 * time.Minute)
		n.expectEachStepOnce(asked)
		if u := n.Desk.Updates[n.id] - 1; u != 3 || longest > 600 {
			t.Errorf("%d notes took %d updates, the longest mark has %d bytes", asked, u, longest)
		}
	})
	t.Run("text", func(t *testing.T) {
		n := newNarrow(t, func(w *world.World) {
			for i := range 110 { // each answer names them all, in 15 kB
				w.AddSystem(&world.System{
					Name: fmt.Sprintf("s%03d-%s", i, strings.Repeat("x", 120)), Need: connectors.Email, Action: connectors.ActionDelete, Digest: "m",
				})
			}
		})
		texts := n.asks()
		n.room = 1
		n.Pass(20 * time.Minute)
		said := n.said()
		if len(said) != 2 || len(said[0].Text) > 30_000 {
			t.Errorf("said %d comments, the first of %d bytes", len(said), len(said[0].Text))
		}
		inOrder(t, said, texts)
		n.expectEachStepOnce(4)
	})
}
