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

func legalHold(t *testing.T, w *world.World, tenant, email string) {
	t.Helper()
	if _, err := w.Engine.AddLegalHold(t.Context(), tenant, email, "suit", "legal_hold", "legal"); err != nil {
		t.Fatal(err)
	}
}

func lift(t *testing.T, w *world.World, tenant, email string) {
	t.Helper()
	if err := w.Engine.RemoveLegalHold(t.Context(), tenant, email, "suit", "legal"); err != nil {
		t.Fatal(err)
	}
}

// TestRule9_LegalHoldWhileErasing stops a delete before its next batch, tells
// of it, and lets it go on to the end once it is lifted, wherever it comes.
func TestRule9_LegalHoldWhileErasing(t *testing.T) {
	for _, at := range []string{"before-erase-mark", "after-erase-mark", "before-erase", "before-erase-batch", "after-run-commit-erase"} {
		for name, email := range map[string]string{"person": "jane@x.example", "tenant": ""} {
			t.Run(at+" "+name, func(t *testing.T) {
				w := populated(t)
				placed := 0
				w.Failpoint = func(point string) {
					if point != at || placed > 0 {
						return
					}
					for _, s := range w.Systems {
						placed += s.Allowed
					}
					placed++
					legalHold(t, w, "acme", email)
				}
				id := w.File(world.Alex(), "delete", janeBody)
				w.Pass(30 * time.Minute)
				w.Expect(id, "held", bot.ReasonLegalHold)
				allowed := 0
				for _, s := range w.Systems {
					allowed += s.Allowed
				}
				if placed == 0 || allowed != placed-1 {
					t.Errorf("%d batches, %d of them before the hold", allowed, placed-1)
				}
				if n := strings.Count(said(t, w, id), "retained under an exception</b>"); n != 1 {
					t.Errorf("the requester was told %d times", n)
				}
				if err := w.Engine.Cancel(t.Context(), bot.IDOfTicket(id), "ops"); !errors.Is(err, bot.ErrRefused) {
					t.Errorf("a begun delete was cancelled: %v", err)
				}
				lift(t, w, "acme", email)
				w.Pass(30 * time.Minute)
				c := w.Expect(id, "resolved", bot.ReasonErased)
				expectJaneGone(t, w)
				verifyLedger(t, w, c)
			})
		}
	}
}

// TestRule9_LegalHoldBeforeErasingAgain: what came back is not erased under a
// hold, and is once it is lifted.
func TestRule9_LegalHoldBeforeErasingAgain(t *testing.T) {
	w := populated(t)
	once := false
	w.Systems["crm"].Meanwhile = func(s *world.System) {
		if !once {
			once = true
			s.Add(world.Row{ID: 900, Tenant: "acme", Key: connectors.Text("jane@x.example"), Text: "back", Gives: 42})
		}
	}
	w.Failpoint = func(point string) {
		if point == "after-run-commit-verify" {
			legalHold(t, w, "acme", "jane@x.example")
		}
	}
	id := w.File(world.Alex(), "delete", janeBody)
	w.Pass(time.Hour)
	w.Expect(id, "held", bot.ReasonLegalHold)
	back := func() bool {
		for _, r := range w.Systems["crm"].Rows() {
			if r.ID == 900 {
				return true
			}
		}
		return false
	}
	if !back() {
		t.Error("it was erased under a hold")
	}
	w.Failpoint = nil
	w.Start()
	lift(t, w, "acme", "jane@x.example")
	w.Pass(time.Hour)
	w.Expect(id, "resolved", bot.ReasonErased)
	if back() {
		t.Error("what came back is still there")
	}
}

// TestRule9_LegalHoldOfAnotherTenantStopsNothing, nor one on another person.
func TestRule9_LegalHoldOfAnotherTenantStopsNothing(t *testing.T) {
	w := populated(t)
	legalHold(t, w, "globex", "jane@x.example")
	legalHold(t, w, "globex", "")
	legalHold(t, w, "acme", "jose@x.example")
	id := w.File(world.Alex(), "delete", janeBody)
	w.Settle()
	w.Expect(id, "resolved", bot.ReasonErased)
}

// TestRule9_LegalHoldWhileRightsAreReadAnew: a hold that comes after a system's
// run began keeps its erase from being called at all.
func TestRule9_LegalHoldWhileRightsAreReadAnew(t *testing.T) {
	w := populated(t)
	called, placed := 0, false
	for _, s := range w.Systems {
		s.Fail = func(op string) error {
			if op == "erase" {
				called++
			}
			return nil
		}
	}
	w.Desk.Fail = func(op string, ticket int64) error {
		rec, err := w.Store.Load(t.Context(), bot.IDOfTicket(ticket))
		if op != "ticket" || err != nil || placed || rec.Case.Stage != bot.StageErase {
			return nil //nolint:nilerr // the first look comes before there is a record
		}
		for _, s := range rec.Case.Systems {
			if s.Run.State == bot.RunRunning && !placed {
				placed = true
				legalHold(t, w, "acme", "jane@x.example")
			}
		}
		return nil
	}
	id := w.File(world.Alex(), "delete", janeBody)
	w.Pass(30 * time.Minute)
	w.Expect(id, "held", bot.ReasonLegalHold)
	if !placed || called != 0 {
		t.Errorf("erase was called %d times; the hold was placed: %t", called, placed)
	}
}

// TestRule9_LegalHoldOnAnotherAddress of the same person stops the delete, at
// its gates and in the middle of it.
func TestRule9_LegalHoldOnAnotherAddress(t *testing.T) {
	for _, at := range []string{"", "before-erase-batch"} {
		t.Run(at, func(t *testing.T) {
			w := populated(t)
			w.Systems["crm"].Add(world.Row{ID: 5, Tenant: "acme", Key: connectors.Text("jane@x.example"), Text: "Jane, again", Gives: 42, Alias: "J.Doe@x.example"})
			if at == "" {
				legalHold(t, w, "acme", "j.doe@X.example")
			}
			batches := 0
			w.Failpoint = func(point string) {
				if point == at && batches == 0 {
					legalHold(t, w, "acme", "j.doe@X.example")
					batches++
				}
			}
			id := w.File(world.Alex(), "delete", janeBody)
			w.Pass(30 * time.Minute)
			w.Expect(id, "held", bot.ReasonLegalHold)
			expectNothingErased(t, w)
			lift(t, w, "acme", "j.doe@x.example")
			w.Failpoint = nil
			w.Pass(30 * time.Minute)
			w.Expect(id, "resolved", bot.ReasonErased)
		})
	}
}

// TestLegalHoldsAreChecked refuses what would name nobody, everybody or say too
// much.
func TestLegalHoldsAreChecked(t *testing.T) {
	w := world.New(t)
	for name, h := range map[string][5]string{
		"no tenant":            {"", "jane@x.example", "suit", "legal_hold", "legal"},
		"no address":           {"acme", "jane at x", "suit", "legal_hold", "legal"},
		"no name":              {"acme", "jane@x.example", " ", "legal_hold", "legal"},
		"an address as a name": {"acme", "", "suit of jane@x.example", "legal_hold", "legal"},
		"a name over lines":    {"acme", "", "suit\n17", "legal_hold", "legal"},
		"no such exception":    {"acme", "", "suit", "because", "legal"},
		"nobody":               {"acme", "", "suit", "legal_hold", " "},
	} {
		if _, err := w.Engine.AddLegalHold(t.Context(), h[0], h[1], h[2], h[3], h[4]); !errors.Is(err, bot.ErrRefused) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := w.Engine.RemoveLegalHold(t.Context(), "acme", "", "suit", "legal"); !errors.Is(err, bot.ErrNotFound) {
		t.Errorf("a hold that is not there was lifted: %v", err)
	}
	if holds, err := w.Store.AllLegalHolds(t.Context()); err != nil || len(holds) != 0 {
		t.Errorf("%v, %v", holds, err)
	}
}

// TestLegalHoldsKeepTheirKey: the key that a hold's pseudonym was made with
// stays as long as the hold.
func TestLegalHoldsKeepTheirKey(t *testing.T) {
	w := populated(t)
	legalHold(t, w, "acme", "jane@x.example")
	for range 3 {
		w.Clock.Advance(w.Settings.KeepRecords - time.Hour)
		if err := w.Engine.RenewLegalHolds(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Keys.Retire(t.Context(), w.Clock.Now().Add(-w.Settings.KeepRecords)); err != nil {
			t.Fatal(err)
		}
	}
	id := w.File(world.Alex(), "delete", janeBody)
	w.Settle()
	w.Expect(id, "held", bot.ReasonLegalHold)
}

// TestLiftedHoldLetsGoAtOnce: what it stopped does not wait for the next look.
func TestLiftedHoldLetsGoAtOnce(t *testing.T) {
	w := populated(t)
	legalHold(t, w, "acme", "")
	id := w.File(world.Alex(), "delete", janeBody)
	w.Settle()
	w.Expect(id, "held", bot.ReasonLegalHold)
	lift(t, w, "acme", "")
	w.Settle()
	w.Expect(id, "resolved", bot.ReasonErased)
}
