package bot_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"privacydesk/bot"
	"privacydesk/bot/bottest/world"
)

// TestTheDailyCapOfATenant holds what is above it until tomorrow, leaves other
// tenants alone, and leaves no sign that erasing began.
func TestTheDailyCapOfATenant(t *testing.T) {
	w := populated(t)
	w.Settings.Deletes.CapPerTenantDay = 1
	w.Start()
	first := w.File(world.Alex(), "delete", "josé@x.example")
	w.Settle()
	w.Expect(first, "resolved", bot.ReasonErased)
	second, third := w.File(world.Alex(), "delete", janeBody), w.File(world.Alex(), "delete", "jose@x.example")
	other := w.File(world.Gina(), "delete", "jane@x.example")
	w.Settle()
	w.Expect(second, "held", bot.ReasonCapTenant)
	w.Expect(third, "held", bot.ReasonCapTenant)
	w.Expect(other, "resolved", bot.ReasonErased)
	if err := w.Release(t.Context(), bot.IDOfTicket(second), "ops"); !errors.Is(err, bot.ErrRefused) {
		t.Errorf("the cap was waved through: %v", err)
	}
	operate(t, w.Engine.Retry, second, "ops")
	w.Pass(10 * time.Minute)
	w.Expect(second, "held", bot.ReasonCapTenant)
	files, err := w.Spool.List(t.Context(), bot.IDOfTicket(second))
	if err != nil || slices.ContainsFunc(files, func(f bot.SpoolFile) bool { return f.Name == "erase-started" }) {
		t.Errorf("the spool says that erasing began: %v, %v", files, err)
	}
	if err := w.Engine.Cancel(t.Context(), bot.IDOfTicket(third), "ops"); err != nil {
		t.Errorf("what has not begun can't be cancelled: %v", err)
	}
	w.Clock.Advance(15 * time.Hour) // it is tomorrow
	w.Pass(time.Hour)
	w.Expect(second, "resolved", bot.ReasonErased)
	w.Expect(third, "cancelled", bot.ReasonByOperator)
}

// TestTheCapOfRows holds a delete that would act on more; a release covers what
// was counted then, and no more.
func TestTheCapOfRows(t *testing.T) {
	w := populated(t)
	w.Settings.Deletes.CapRowsPerSystem, w.Settings.Deletes.WaitingPeriod = 1, time.Hour
	w.Start()
	id := w.File(world.Alex(), "delete", janeBody)
	w.Settle()
	w.Expect(id, "held", bot.ReasonCapRows)
	release := func() {
		t.Helper()
		operate(t, w.Release, id, "ops")
	}
	release()
	w.Settle()
	w.Expect(id, "waiting", bot.ReasonWaitingPeriod)
	w.Systems["crm"].Add(world.Row{ID: 900, Tenant: "acme", Key: w.Systems["crm"].Rows()[0].Key, Text: "one more", Gives: 42})
	w.Pass(3 * time.Hour)
	w.Expect(id, "held", bot.ReasonCapRows)
	expectNothingErased(t, w)
	release()
	w.Pass(3 * time.Hour)
	w.Expect(id, "resolved", bot.ReasonErased)
	expectJaneGone(t, w)
}

// TestApprovalOverSoManyRows is asked for above the number alone.
func TestApprovalOverSoManyRows(t *testing.T) {
	for rule, want := range map[string]bot.State{"over_rows 3": "awaiting_approval", "over_rows 4": "resolved", "often": "awaiting_approval"} {
		t.Run(rule, func(t *testing.T) {
			w := populated(t)
			w.Settings.Deletes.Approval = rule
			w.Start()
			id := w.File(world.Alex(), "delete", janeBody)
			w.Settle()
			if c := w.Case(id); c.State() != want {
				t.Errorf("it is %s (%s), want %s", c.State(), c.Why(), want)
			}
		})
	}
}

// TestRule9_TheFirstApprovalOfATenantBinds what was approved, though it makes
// the tenant known.
func TestRule9_TheFirstApprovalOfATenantBinds(t *testing.T) {
	w := populated(t)
	w.Settings.Deletes.Approval, w.Settings.Deletes.WaitingPeriod = "first_of_tenant", time.Hour
	w.Start()
	id := w.File(world.Alex(), "delete", janeBody)
	w.Settle()
	w.Expect(id, "awaiting_approval", bot.ReasonApproval)
	operate(t, w.Approve, id, "dpo")
	w.Systems["crm"].Add(world.Row{ID: 900, Tenant: "acme", Key: w.Systems["crm"].Rows()[0].Key, Text: "one more", Gives: 42})
	w.Pass(3 * time.Hour)
	w.Expect(id, "awaiting_approval", bot.ReasonGrown)
	expectNothingErased(t, w)
}
