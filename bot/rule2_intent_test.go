package bot_test

import (
	"testing"
	"time"

	"privacydesk/bot"
	"privacydesk/bot/bottest/world"
	"privacydesk/connectors"
)

// TestRule2_AnIntentIsNoErasing: a process that dies between the last gate and
// the commit that begins the erasing has begun nothing. The request can be
// cancelled, and if it goes on it passes the gates again.
func TestRule2_AnIntentIsNoErasing(t *testing.T) {
	killed := func(t *testing.T) (*world.World, int64) {
		w := populated(t)
		w.Failpoint = func(name string) {
			if name == "before-begin" {
				w.Failpoint = nil
				w.Kill()
			}
		}
		id := w.File(world.Alex(), "delete", janeBody)
		w.Serve(time.Minute, func() bool { return w.Failpoint == nil })
		return w, id
	}
	t.Run("it is cancelled", func(t *testing.T) {
		w, id := killed(t)
		w.Start()
		w.Clock.Advance(2 * w.Settings.StepLease)
		operate(t, w.Engine.Cancel, id, "ops")
		w.Settle()
		w.Expect(id, "cancelled", bot.ReasonByOperator)
		expectNothingErased(t, w)
	})
	t.Run("it passes the gates again", func(t *testing.T) {
		w, id := killed(t)
		w.Settings.Deletes.CapRowsPerSystem = 2
		w.Systems["events"].Add(world.Row{ID: 90, Tenant: "acme", Key: connectors.Int(42), Text: "grown"})
		w.Systems["crm"].Add(world.Row{ID: 91, Tenant: "acme", Key: connectors.Text("jane@x.example"), Text: "grown", Gives: 42},
			world.Row{ID: 92, Tenant: "acme", Key: connectors.Text("jane@x.example"), Text: "grown", Gives: 42})
		w.Start()
		w.Pass(time.Hour)
		w.Expect(id, "held", bot.ReasonCapRows)
	})
}

// TestRule2_NoBatchBeforeTheMark: a run whose record says that erasing began
// erases nothing while the spool does not say so.
func TestRule2_NoBatchBeforeTheMark(t *testing.T) {
	w, ticket := heldMidErase(t)
	id := bot.IDOfTicket(ticket)
	if err := w.Spool.Remove(t.Context(), id, "erase-started"); err != nil {
		t.Fatal(err)
	}
	rec, err := w.Store.Load(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	rec.Case.Wait = nil
	rec.Case.Systems["events"].Run = bot.Run{Stage: bot.StageErase, State: bot.RunQueued}
	if err := w.Store.Commit(t.Context(), bot.Change{Case: rec.Case, Hint: rec.Hint, Now: w.Clock.Now()}); err != nil {
		t.Fatal(err)
	}
	before := w.Systems["events"].Allowed
	if err := w.Engine.Run(t.Context(), id, "events"); err != nil {
		t.Fatal(err)
	}
	if run := w.Case(ticket).Systems["events"].Run; run.State != bot.RunFailed || w.Systems["events"].Allowed != before {
		t.Errorf("the run is %s, %d batches ran", run.State, w.Systems["events"].Allowed-before)
	}
}
