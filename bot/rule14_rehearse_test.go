package bot_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"privacydesk/bot"
	"privacydesk/bot/bottest/world"
	"privacydesk/connectors"
)

// rehearsed is populated, with systems that rehearse.
func rehearsed(t *testing.T, names ...string) *world.World {
	t.Helper()
	w := populated(t)
	for _, name := range names {
		w.Systems[name].Rehearses = true
	}
	return w
}

// ranRehearsal is what the ledger says of a system's last rehearsal, or "".
func ranRehearsal(t *testing.T, w *world.World, ticket int64, system string) string {
	t.Helper()
	events, err := w.Store.Events(t.Context(), bot.IDOfTicket(ticket))
	if err != nil {
		t.Fatal(err)
	}
	out := ""
	for _, e := range events {
		if e.Type == "ran" && e.Data["system"] == system && e.Data["stage"] == "rehearse" {
			out = e.Data["rehearsal"]
		}
	}
	return out
}

// TestRule14_WhatOneSystemWouldRefuseErasesNothingAnywhere: not in systems that
// go before it, nor in those that rehearse nothing. The hold names table and
// constraint, and a retry rehearses anew.
func TestRule14_WhatOneSystemWouldRefuseErasesNothingAnywhere(t *testing.T) {
	w := rehearsed(t, "crm", "warehouse")
	refuses := true
	w.Systems["crm"].Fail = func(op string) error {
		if op == "rehearse" && refuses {
			return connectors.NewError(connectors.Misfit, "rehearse crm.thing", "the constraint paid of public.thing forbids the new value", nil).WithMend("choose another strategy")
		}
		return nil
	}
	id := w.File(world.Alex(), "delete", janeBody)
	w.Settle()
	c := w.Expect(id, "held", bot.ReasonSystemFailed)
	expectNothingErased(t, w)
	if !c.Begun.IsZero() || c.Stage != bot.StageRehearse || w.Systems["warehouse"].Rehearsed != 1 {
		t.Errorf("begun %v, stage %s, warehouse rehearsed %d times", c.Begun, c.Stage, w.Systems["warehouse"].Rehearsed)
	}
	if told := said(t, w, id); !strings.Contains(told, "crm.thing") || !strings.Contains(told, "constraint paid of public.thing") || !strings.Contains(told, "choose another strategy") {
		t.Errorf("the agents are told\n%s", told)
	}
	refuses = false
	operate(t, w.Engine.Retry, id, "ops")
	w.Settle()
	c = w.Expect(id, "resolved", bot.ReasonErased)
	expectJaneGone(t, w)
	if got := ranRehearsal(t, w, id, "crm"); got != "nothing was refused" || w.Systems["crm"].Rehearsed != 1 || w.Systems["events"].Rehearsed != 0 {
		t.Errorf("the ledger says %q of crm; rehearsed: crm %d times, events, which does not, %d", got, w.Systems["crm"].Rehearsed, w.Systems["events"].Rehearsed)
	}
	if got := c.Systems["events"]; got.Changed != 2 || got.Totals().Deleted != 2 {
		t.Errorf("events: %d changed, %+v", got.Changed, got.Totals())
	}
	verifyLedger(t, w, c)
}

// TestRule14_WhatWouldBeRefusedCanBeLeftOut by a person.
func TestRule14_WhatWouldBeRefusedCanBeLeftOut(t *testing.T) {
	w := rehearsed(t, "crm")
	w.Systems["crm"].Fail = func(op string) error {
		if op == "rehearse" {
			return connectors.NewError(connectors.Misfit, "rehearse crm.thing", "refused", nil)
		}
		return nil
	}
	id := w.File(world.Alex(), "delete", janeBody)
	w.Settle()
	w.Expect(id, "held", bot.ReasonSystemFailed)
	if err := w.Engine.Skip(t.Context(), bot.IDOfTicket(id), "crm", "ops"); err != nil {
		t.Fatal(err)
	}
	w.Settle()
	if c := w.Case(id); c.Resolution != bot.PartlyExecuted || len(w.Systems["crm"].Rows()) != 4 || w.Systems["events"].Allowed != 2 {
		t.Errorf("%s; crm has %d rows, %d batches of events ran", c.Resolution, len(w.Systems["crm"].Rows()), w.Systems["events"].Allowed)
	}
}

// TestRule14_NothingIsRehearsedThatMayNotBeErased: in shadow mode, before the
// approval, while deletes are paused, under a legal hold, and while a person
// looks. Where it comes in the middle, the guard says so.
func TestRule14_NothingIsRehearsedThatMayNotBeErased(t *testing.T) {
	for name, c := range map[string]struct {
		before func(t *testing.T, w *world.World)
		during func(t *testing.T, w *world.World, id int64)
		state  bot.State
		goOn   func(t *testing.T, w *world.World, id int64)
	}{
		"shadow mode": {
			func(_ *testing.T, w *world.World) { w.Settings.Deletes.Mode = "shadow"; w.Start() }, nil, "held",
			func(t *testing.T, w *world.World, id int64) {
				w.Settings.Deletes.Mode = "live"
				w.Start()
				operate(t, w.Engine.Retry, id, "ops")
			},
		},
		"no approval": {
			func(_ *testing.T, w *world.World) { w.Settings.Deletes.Approval = "always"; w.Start() }, nil, "awaiting_approval",
			func(t *testing.T, w *world.World, id int64) { operate(t, w.Approve, id, "dpo") },
		},
		"deletes are paused": {
			func(t *testing.T, w *world.World) {
				if err := w.Engine.Store.PauseDeletes(t.Context(), "ops", w.Clock.Now()); err != nil {
					t.Fatal(err)
				}
			}, nil, "running",
			func(t *testing.T, w *world.World, _ int64) {
				if err := w.Engine.Store.ResumeDeletes(t.Context()); err != nil {
					t.Fatal(err)
				}
			},
		},
		"held meanwhile": {
			nil, func(t *testing.T, w *world.World, id int64) { operate(t, w.Engine.Hold, id, "ops") }, "held",
			func(t *testing.T, w *world.World, id int64) { operate(t, w.Engine.Retry, id, "ops") },
		},
		"shadow mode meanwhile": {
			nil, func(_ *testing.T, w *world.World, _ int64) { w.Settings.Deletes.Mode = "shadow"; w.Kill() }, "held",
			func(t *testing.T, w *world.World, id int64) {
				w.Settings.Deletes.Mode = "live"
				w.Start()
				operate(t, w.Engine.Retry, id, "ops")
			},
		},
		"an approval that ran out meanwhile": {
			func(_ *testing.T, w *world.World) {
				w.Settings.Deletes.Approval, w.Settings.Deletes.ApprovalExpires = "always", time.Hour
				w.Start()
			},
			func(_ *testing.T, w *world.World, _ int64) { w.Clock.Advance(2 * time.Hour); w.Kill() }, "awaiting_approval",
			func(t *testing.T, w *world.World, id int64) { operate(t, w.Approve, id, "dpo") },
		},
		"a legal hold meanwhile": {
			nil, func(t *testing.T, w *world.World, _ int64) { legalHold(t, w, "acme", "jane@x.example") }, "held",
			func(t *testing.T, w *world.World, _ int64) {
				lift(t, w, "acme", "jane@x.example")
				w.Pass(2 * time.Hour)
			},
		},
		"paused meanwhile": {
			nil, func(t *testing.T, w *world.World, _ int64) {
				if err := w.Engine.Store.PauseDeletes(t.Context(), "ops", w.Clock.Now()); err != nil {
					t.Fatal(err)
				}
			}, "running",
			func(t *testing.T, w *world.World, _ int64) {
				if err := w.Engine.Store.ResumeDeletes(t.Context()); err != nil {
					t.Fatal(err)
				}
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := rehearsed(t, "crm", "events", "warehouse")
			if c.before != nil {
				c.before(t, w)
			}
			id := int64(0)
			w.Failpoint = func(point string) {
				if c.during != nil && point == "before-rehearse" {
					w.Failpoint = nil
					c.during(t, w, id)
				}
			}
			id = w.File(world.Alex(), "delete", janeBody)
			w.Settle()
			if c.during != nil && w.Case(id).State() == "awaiting_approval" {
				operate(t, w.Approve, id, "dpo")
			}
			w.Pass(30 * time.Minute)
			if got := w.Case(id).State(); got != c.state {
				t.Errorf("it is %s", got)
			}
			expectNothingErased(t, w)
			for name, s := range w.Systems {
				if s.Rehearsed != 0 {
					t.Errorf("%s rehearsed %d times", name, s.Rehearsed)
				}
			}
			w.Failpoint = nil
			c.goOn(t, w, id)
			w.Pass(30 * time.Minute)
			w.Expect(id, "resolved", bot.ReasonErased)
			expectJaneGone(t, w)
			for name, s := range w.Systems {
				if s.Rehearsed != 1 {
					t.Errorf("%s rehearsed %d times", name, s.Rehearsed)
				}
			}
		})
	}
}

// TestRule14_ADeadWorkerRehearsesAgain, wherever it dies: nothing is erased
// before every system has rehearsed.
func TestRule14_ADeadWorkerRehearsesAgain(t *testing.T) {
	for _, point := range []string{"before-rehearse", "before-rehearse-batch", "after-rehearse", "before-run-commit-rehearse", "after-run-commit-rehearse", "before-begin"} {
		t.Run(point, func(t *testing.T) {
			w := rehearsed(t, "crm", "events")
			w.Failpoint = func(name string) {
				if name == "before-erase" && (w.Systems["crm"].Rehearsed == 0 || w.Systems["events"].Rehearsed == 0) {
					t.Error("an erase began before all had rehearsed")
				}
				if name == point {
					point = "" // once
					w.Kill()
				}
			}
			id := w.File(world.Alex(), "delete", janeBody)
			w.Settle()
			if point != "" {
				t.Fatal("nobody died there")
			}
			w.Clock.Advance(3 * time.Minute)
			w.Pass(20 * time.Minute)
			w.Expect(id, "resolved", bot.ReasonErased)
			expectJaneGone(t, w)
			expectSaidOnce(t, w, id)
		})
	}
}

// TestRule14_AfterARehearsalAllIsLookedAtAnew: what grew meanwhile is approved
// again, and rehearsed again.
func TestRule14_AfterARehearsalAllIsLookedAtAnew(t *testing.T) {
	w := rehearsed(t, "events")
	w.Settings.Deletes.Approval = "always"
	w.Start()
	id := w.File(world.Alex(), "delete", janeBody)
	w.Settle()
	w.Failpoint = func(name string) {
		if name == "after-rehearse" {
			w.Failpoint = nil
			w.Systems["events"].Add(world.Row{ID: 90, Tenant: "acme", Key: connectors.Int(42), Text: "grown"})
		}
	}
	operate(t, w.Approve, id, "dpo")
	w.Settle()
	w.Expect(id, "awaiting_approval", bot.ReasonGrown)
	expectRows(t, w.Systems["events"], 7)
	operate(t, w.Approve, id, "dpo")
	w.Settle()
	w.Expect(id, "resolved", bot.ReasonErased)
	expectJaneGone(t, w)
	if got := w.Systems["events"].Rehearsed; got != 2 {
		t.Errorf("rehearsed %d times, want what was approved first, and what had grown", got)
	}
}

func expectRows(t *testing.T, s *world.System, n int) {
	t.Helper()
	if got := len(s.Rows()); got != n {
		t.Errorf("%s has %d rows, want %d", s.Name, got, n)
	}
}

// TestRule14_WhatWasPassedOverIsNotCalledRehearsed, neither by the ledger nor
// by any paper; the delete goes on.
func TestRule14_WhatWasPassedOverIsNotCalledRehearsed(t *testing.T) {
	w := rehearsed(t, "crm")
	w.Systems["crm"].Notes = []string{"crm.thing: no delete that reaches it is rehearsed: its engine MyISAM keeps no transactions"}
	id := w.File(world.Alex(), "delete", janeBody)
	w.Settle()
	w.Expect(id, "resolved", bot.ReasonErased)
	if got := ranRehearsal(t, w, id, "crm"); got != w.Systems["crm"].Notes[0] {
		t.Errorf("the ledger says %q", got)
	}
	papers := said(t, w, id)
	for _, file := range w.Desk.Files[id] {
		papers += string(file)
	}
	if strings.Contains(papers, "nothing was refused") {
		t.Errorf("a paper calls it rehearsed:\n%s", papers)
	}
}

// TestRule14_ACancelledRequestRehearsesNoMore: its run is fenced.
func TestRule14_ACancelledRequestRehearsesNoMore(t *testing.T) {
	w := rehearsed(t, "crm")
	id := int64(0)
	w.Failpoint = func(name string) {
		if name == "before-rehearse" {
			w.Failpoint = nil
			operate(t, w.Engine.Cancel, id, "ops")
		}
	}
	id = w.File(world.Alex(), "delete", janeBody)
	w.Settle()
	w.Expect(id, "cancelled", bot.ReasonByOperator)
	expectNothingErased(t, w)
	if w.Systems["crm"].Rehearsed != 0 {
		t.Error("it was rehearsed after it had been cancelled")
	}
}

// TestRule14_ARehearsalGoesByMapAndCheck: what no longer fits is not touched.
func TestRule14_ARehearsalGoesByMapAndCheck(t *testing.T) {
	for name, spoil := range map[string]func(w *world.World){
		"the data map is another": func(w *world.World) { w.Systems["crm"].Digest = "m9" },
		"cascades": func(w *world.World) {
			w.Clock.Advance(w.Settings.CheckEvery)
			w.Systems["crm"].Fail = func(op string) error {
				if op == "check deletes" {
					return errors.New("cascades")
				}
				return nil
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := rehearsed(t, "crm")
			id := int64(0)
			w.Failpoint = func(point string) {
				if id != 0 && point == "after-commit-working" && w.Case(id).Stage == bot.StageRehearse {
					w.Failpoint = nil
					spoil(w)
				}
			}
			id = w.File(world.Alex(), "delete", janeBody)
			w.Pass(30 * time.Minute)
			w.Expect(id, "held", bot.ReasonSystemFailed)
			if told := said(t, w, id); !strings.Contains(told, name) || w.Systems["crm"].Rehearsed != 0 {
				t.Errorf("rehearsed %d times; the agents are told\n%s", w.Systems["crm"].Rehearsed, told)
			}
			expectNothingErased(t, w)
		})
	}
}

// TestRule14_WhatTurnsUpInAnotherSystemIsRehearsedByThatAlone: systems that have
// rehearsed don't make each other rehearse again, without end.
func TestRule14_WhatTurnsUpInAnotherSystemIsRehearsedByThatAlone(t *testing.T) {
	w := rehearsed(t, "events")
	late := &world.System{Name: "late", Need: connectors.Email, Action: connectors.ActionDelete, Digest: "m9", Rehearses: true}
	w.AddSystem(late)
	w.Settings.Deletes.Approval = "never"
	w.Start()
	w.Failpoint = func(name string) {
		switch {
		case name == "after-rehearse" && w.Systems["events"].Rehearsed == 1 && late.Rehearsed == 0:
			late.Add(world.Row{ID: 95, Tenant: "acme", Key: connectors.Text("jane@x.example"), Text: "came late"})
		case late.Rehearsed > 3:
			t.Fatal("they rehearse without end")
		}
	}
	id := w.File(world.Alex(), "delete", janeBody)
	w.Settle()
	w.Expect(id, "resolved", bot.ReasonErased)
	expectJaneGone(t, w)
	expectRows(t, late, 0)
	if w.Systems["events"].Rehearsed != 1 || late.Rehearsed != 1 {
		t.Errorf("events rehearsed %d times, the other %d", w.Systems["events"].Rehearsed, late.Rehearsed)
	}
}
