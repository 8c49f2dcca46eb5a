package bot_test

import (
	"fmt"
	"testing"
	"time"

	"privacydesk/bot"
	"privacydesk/bot/bottest/world"
	"privacydesk/connectors"
)

// TestTurnsOfATenant: so many requests of a tenant are worked at at once; the
// others wait, say so after an hour, and go on when a place is free. Another
// tenant does not wait.
func TestTurnsOfATenant(t *testing.T) {
	w := populated(t)
	w.Settings.AtOncePerTenant = 2
	w.Start()
	stuck := true
	w.Systems["crm"].Fail = func(op string) error {
		if op == "locate" && stuck {
			return connectors.NewError(connectors.Transient, op, "no answer", nil)
		}
		return nil
	}
	var ids []int64
	for i := range 4 {
		ids = append(ids, w.File(world.Alex(), "access", fmt.Sprintf("Everything on person%d@x.example, please.", i)))
	}
	w.Settle()
	for i, id := range ids {
		c := w.Case(id)
		if waits := c.Why() == bot.ReasonTurn; waits != (i >= 2) {
			t.Errorf("request %d is %s (%s)", i, c.State(), c.Why())
		}
	}
	other := w.File(world.Gina(), "access", janeBody)
	w.Settle()
	if c := w.Case(other); c.Why() == bot.ReasonTurn {
		t.Error("another tenant's request waits for a turn")
	}
	if n := len(w.Desk.Ours(ids[3])); n != 1 {
		t.Errorf("%d words at once, want the receipt", n)
	}
	stuck = false
	w.Pass(time.Hour)
	for _, id := range ids {
		w.Expect(id, "resolved", bot.ReasonNothingFound)
	}
}

// TestWhoWaitsForAPersonHoldsNoTurn: approval may take days, and others of the
// tenant's are worked at meanwhile.
func TestWhoWaitsForAPersonHoldsNoTurn(t *testing.T) {
	w := populated(t)
	w.Settings.AtOncePerTenant, w.Settings.Deletes.Approval = 1, "always"
	w.Start()
	del := w.File(world.Alex(), "delete", janeBody)
	w.Settle()
	w.Expect(del, "awaiting_approval", bot.ReasonApproval)
	other := w.File(world.Alex(), "access", "Everything on joe@x.example, please.")
	w.Settle()
	w.Expect(other, "resolved", bot.ReasonNothingFound)
	operate(t, w.Approve, del, "dpo")
	w.Settle()
	w.Expect(del, "resolved", bot.ReasonErased)
}

// TestATurnIsWaitedForAloud: who waits for a turn for an hour is told.
func TestATurnIsWaitedForAloud(t *testing.T) {
	w := populated(t)
	w.Settings.AtOncePerTenant, w.Settings.MaxAttempts = 1, 1000
	w.Start()
	stuck := true
	w.Systems["crm"].Fail = func(op string) error {
		if op == "locate" && stuck {
			return connectors.NewError(connectors.Transient, op, "no answer", nil)
		}
		return nil
	}
	first := w.File(world.Alex(), "access", janeBody)
	second := w.File(world.Alex(), "access", "Everything on joe@x.example, please.")
	w.Pass(3 * time.Hour)
	w.Expect(second, "waiting", bot.ReasonTurn)
	if said := w.Desk.Ours(second); len(said) != 2 {
		t.Errorf("said was %v, want a receipt and that it waits", said)
	}
	stuck = false
	w.Pass(2 * time.Hour)
	w.Expect(first, "resolved", bot.ReasonDelivered)
	w.Expect(second, "resolved", bot.ReasonNothingFound)
}

// TestAnswersOfARequesterAreBounded: beyond so many public answers in an hour
// requests are held, and their requester hears nothing.
func TestAnswersOfARequesterAreBounded(t *testing.T) {
	w := populated(t)
	w.Settings.AnswersPerHour = 3
	w.Start()
	var ids []int64
	for range 5 {
		ids = append(ids, w.File(world.Uli(), "access", janeBody)) // each is refused in one answer
	}
	w.Settle()
	count := func() (answered, held int) {
		for _, id := range ids {
			switch c := w.Case(id); {
			case c.Why() == bot.ReasonNotAdmin:
				answered++
			case c.Why() == bot.ReasonAnswers && c.State() == bot.StateHeld:
				held++
			}
		}
		return answered, held
	}
	if a, h := count(); a != 3 || h != 2 {
		t.Fatalf("%d were answered and %d held, want 3 and 2", a, h)
	}
	other := w.File(world.Gina(), "access", janeBody)
	w.Settle()
	w.Expect(other, "resolved", bot.ReasonDelivered)
	w.Pass(24 * time.Hour)
	if a, h := count(); a != 3 || h != 2 {
		t.Errorf("a day later %d were answered and %d held", a, h)
	}
	for _, id := range ids {
		if w.Case(id).Why() != bot.ReasonAnswers {
			continue
		}
		operate(t, w.Engine.Retry, id, "dpo")
	}
	w.Settle()
	if a, _ := count(); a != 5 {
		t.Errorf("%d were answered in the end", a)
	}
}
