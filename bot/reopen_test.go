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

// again lives through a done delete that is reopened, confirmed and done once
// more, for Jane, who came back meanwhile. begin is called when the first
// generation is done.
func again(t *testing.T, w *world.World, begin func()) int64 {
	t.Helper()
	id := w.File(world.Alex(), "delete", janeBody)
	w.Pass(10 * time.Minute)
	w.Expect(id, "resolved", bot.ReasonErased)
	w.Systems["crm"].Add(world.Row{ID: 60, Tenant: "acme", Key: connectors.Text("jane@x.example"), Text: "Jane is back", Gives: 42})
	w.Desk.Edit(id, func(t *bot.Ticket) { t.Status = bot.StatusOpen })
	begin()
	for _, text := range []string{"She is there again, please repeat it.", "jane@x.example"} {
		w.Desk.Reply(id, world.Alex(), text)
		w.Hint(id)
		w.Pass(10 * time.Minute)
	}
	if c := w.Case(id); c.State() == "held" && c.Why() == bot.ReasonReopened {
		for tries := 0; ; tries++ { // killed in mid-operation, the operator tries again
			err := release(w, id)
			if err == nil || tries > 2 {
				break
			}
			w.Pass(10 * time.Minute)
		}
	}
	w.Pass(30 * time.Minute)
	return id
}

func release(w *world.World, id int64) (err error) {
	defer func() {
		if recover() != nil {
			w.Start()
			err = fmt.Errorf("killed")
		}
	}()
	return w.Release(w.T.Context(), bot.IDOfTicket(id), "ops")
}

func countAgain(t *testing.T) int {
	w := populated(t)
	n := 0
	id := again(t, w, func() { w.Failpoint = func(string) { n++ } })
	c := w.Expect(id, "resolved", bot.ReasonErased)
	if len(c.Past) != 1 || c.Past[0].Reason != bot.ReasonErased {
		t.Fatalf("past: %+v", c.Past)
	}
	return n
}

// TestRule3_KillWhileReopened kills the process at each failpoint of a second
// generation: it ends as if nothing had happened, and nothing is said twice.
func TestRule3_KillWhileReopened(t *testing.T) {
	for n := range countAgain(t) {
		t.Run(fmt.Sprintf("failpoint %d", n), func(t *testing.T) {
			t.Parallel()
			w := populated(t)
			seen, at := 0, ""
			id := again(t, w, func() {
				w.Failpoint = func(name string) {
					if seen++; seen == n+1 {
						at = name
						w.Kill()
					}
				}
			})
			if c := w.Case(id); c.State() != "resolved" || len(c.Past) != 1 {
				t.Fatalf("killed at %s: %s (%s), %d generations before\n%s", at, c.State(), c.Why(), len(c.Past), w.Log)
			}
			expectSaidOnce(t, w, id)
			expectJaneGone(t, w)
		})
	}
}

// TestRule2_ReopenedAndSetBack sets Redis back to the end of the first
// generation at each failpoint of the second: it ends the same way or is held,
// and nobody else is erased.
func TestRule2_ReopenedAndSetBack(t *testing.T) {
	for n := range countAgain(t) {
		t.Run(fmt.Sprintf("failpoint %d", n), func(t *testing.T) {
			t.Parallel()
			w := populated(t)
			seen, at := 0, ""
			var setBack func()
			id := again(t, w, func() {
				setBack = w.SnapshotRedis()
				w.Failpoint = func(name string) {
					if seen++; seen == n+1 {
						at = name
						setBack()
						w.Kill()
					}
				}
			})
			w.Hint(id)
			w.Pass(30 * time.Minute)
			switch c := w.Case(id); {
			case c.State() == "resolved" && len(c.Past) == 1:
				expectJaneGone(t, w)
			case c.State() == "held" || c.State() == "needs_info":
			default:
				t.Errorf("set back at %s: %s (%s)\n%s", at, c.State(), c.Why(), w.Log)
			}
			expectSaidOnce(t, w, id)
			expectOthersUntouched(t, w)
		})
	}
}

func expectOthersUntouched(t *testing.T, w *world.World) {
	t.Helper()
	for name, s := range w.Systems {
		for _, r := range s.Rows() {
			if r.Tenant == "globex" && r.Masked {
				t.Errorf("%s: globex's row %d was masked", name, r.ID)
			}
		}
	}
	var kept []string
	for _, r := range w.Systems["crm"].Rows() {
		kept = append(kept, fmt.Sprint(r.ID))
	}
	if have := strings.Join(kept, " "); !strings.HasPrefix(have, "2 3 4") {
		t.Errorf("crm holds %s", have)
	}
}
