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

// TestRule9_DemotedBeforeErasing: the right is lost between filing and
// erasing.
func TestRule9_DemotedBeforeErasing(t *testing.T) {
	w := populated(t)
	w.Settings.Deletes.WaitingPeriod = time.Hour
	w.Start()
	id := w.File(world.Alex(), "delete", janeBody)
	w.Settle()
	w.Directory.Set(world.Alex().Email, bot.TenantRight{Tenant: "acme"})
	w.Clock.Advance(2 * time.Hour)
	w.Pass(time.Hour)
	w.Expect(id, "held", bot.ReasonRightLost)
	for _, s := range w.Systems {
		if s.Allowed != 0 {
			t.Errorf("%s was erased for somebody without a right", s.Name)
		}
	}
	if err := w.Release(t.Context(), bot.IDOfTicket(id), "ops"); !errors.Is(err, bot.ErrRefused) {
		t.Errorf("a lost right was waved through: %v", err)
	}
}

// TestRule9_DemotedBetweenSystems: the right is lost after the first system.
func TestRule9_DemotedBetweenSystems(t *testing.T) {
	w := populated(t)
	w.Systems["events"].Meanwhile = func(*world.System) {
		w.Directory.Set(world.Alex().Email, bot.TenantRight{Tenant: "acme"})
	}
	id := w.File(world.Alex(), "delete", janeBody)
	w.Pass(time.Hour)
	w.Expect(id, "held", bot.ReasonSystemFailed)
	if w.Systems["events"].Allowed == 0 || w.Systems["crm"].Allowed != 0 {
		t.Errorf("events %d, crm %d batches: want the first alone", w.Systems["events"].Allowed, w.Systems["crm"].Allowed)
	}
	w.Directory.Set(world.Alex().Email, bot.TenantRight{Tenant: "acme", Admin: true})
	operate(t, w.Engine.Retry, id, "ops")
	w.Pass(time.Hour)
	w.Expect(id, "resolved", bot.ReasonErased)
}

// TestRule9_DemotedBeforeDelivery: nothing is disclosed.
func TestRule9_DemotedBeforeDelivery(t *testing.T) {
	w := populated(t)
	w.Failpoint = func(name string) {
		if name == "after-run-commit-gather" {
			w.Directory.Set(world.Alex().Email, bot.TenantRight{Tenant: "acme"})
		}
	}
	id := w.File(world.Alex(), "access", janeBody)
	w.Pass(time.Hour)
	w.Expect(id, "held", bot.ReasonRightLost)
	if len(w.Desk.Files[id]) != 0 {
		t.Error("a report was attached")
	}
}

// TestRule9_ReadersOfTheTicket: whoever else would read it holds it.
func TestRule9_ReadersOfTheTicket(t *testing.T) {
	for name, readers := range map[string]bot.Readers{
		"a stranger in CC":        {CCs: []bot.Person{world.Carla()}},
		"a plain user in CC":      {CCs: []bot.Person{world.Uli()}},
		"another tenant's admin":  {Followers: []bot.Person{world.Gina()}},
		"colleagues read tickets": {SharedOrganization: true},
		"another account reads":   {SharingAgreements: true},
		"public attachments":      {PublicAttachments: true},
	} {
		t.Run(name, func(t *testing.T) {
			w := populated(t)
			id := w.File(world.Alex(), "access", janeBody)
			w.Desk.Edit(id, func(t *bot.Ticket) { t.Readers = readers })
			w.Pass(time.Hour)
			w.Expect(id, "held", bot.ReasonReaders)
			if len(w.Desk.Files[id]) != 0 {
				t.Error("a report was attached")
			}
			w.Desk.Edit(id, func(t *bot.Ticket) { t.Readers = bot.Readers{} })
			operate(t, w.Engine.Retry, id, "ops")
			w.Pass(time.Hour)
			w.Expect(id, "resolved", bot.ReasonDelivered)
		})
	}
}

// TestRule9_ApprovalBindsWhatWasFound: rows added after the approval are
// approved again; the requester can't approve.
func TestRule9_ApprovalBindsWhatWasFound(t *testing.T) {
	w := populated(t)
	w.Settings.Deletes.Approval = "always"
	w.Start()
	id := w.File(world.Alex(), "delete", janeBody)
	w.Settle()
	w.Expect(id, "awaiting_approval", bot.ReasonApproval)
	ctx, request := t.Context(), bot.IDOfTicket(id)
	if err := w.Approve(ctx, request, "ALEX@acme.example"); !errors.Is(err, bot.ErrRefused) {
		t.Errorf("the requester approved: %v", err)
	}
	w.Systems["events"].Add(world.Row{ID: 50, Tenant: "acme", Key: connectors.Int(42), Text: "click three"})
	if err := w.Approve(ctx, request, "dpo"); err != nil {
		t.Fatal(err)
	}
	w.Settle()
	w.Expect(id, "awaiting_approval", bot.ReasonGrown)
	if w.Systems["events"].Allowed != 0 {
		t.Error("more was erased than was approved")
	}
	if err := w.Approve(ctx, request, "dpo"); err != nil {
		t.Fatal(err)
	}
	w.Settle()
	w.Expect(id, "resolved", bot.ReasonErased)
}

// TestRule9_EditsAfterAcceptanceHold: what was frozen stays.
func TestRule9_EditsAfterAcceptanceHold(t *testing.T) {
	for name, edit := range map[string]func(*bot.Ticket){
		"another requester": func(t *bot.Ticket) { t.Requester = world.Gina() },
		"another kind":      func(t *bot.Ticket) { t.Fields = map[int64]string{world.KindField: "access"} },
		"another subject":   func(t *bot.Ticket) { t.Comments[0].Text = "jose@x.example" },
	} {
		t.Run(name, func(t *testing.T) {
			w := populated(t)
			w.Settings.Deletes.WaitingPeriod = time.Hour
			w.Start()
			id := w.File(world.Alex(), "delete", janeBody)
			w.Settle()
			w.Desk.Edit(id, edit)
			w.Clock.Advance(2 * time.Hour) // no hint: the review before erasing sees it
			w.Pass(time.Hour)
			c := w.Case(id)
			if c.State() != "held" {
				t.Fatalf("it is %s (%s)", c.State(), c.Why())
			}
			expectNothingErased(t, w)
		})
	}
}

// TestRule9_DirectoryDown: who can't be asked has no right.
func TestRule9_DirectoryDown(t *testing.T) {
	w := populated(t)
	w.Directory.Err = errors.New("down")
	id := w.File(world.Alex(), "delete", janeBody)
	w.Pass(10 * time.Minute)
	w.Expect(id, "waiting", bot.ReasonDirectory)
	w.Directory.Err = nil
	w.Pass(time.Hour)
	w.Expect(id, "resolved", bot.ReasonErased)
}

// TestRule9_CancelledStaysCancelled: a hold in between and a retry do not
// bring a cancelled delete back.
func TestRule9_CancelledStaysCancelled(t *testing.T) {
	w := populated(t)
	w.Settings.Deletes.WaitingPeriod = time.Hour
	w.Start()
	id := w.File(world.Alex(), "delete", janeBody)
	w.Settle()
	request := bot.IDOfTicket(id)
	if err := w.Engine.Cancel(t.Context(), request, "ops"); err != nil {
		t.Fatal(err)
	}
	if err := w.Engine.Hold(t.Context(), request, "ops"); !errors.Is(err, bot.ErrRefused) {
		t.Errorf("a cancelled request was held: %v", err)
	}
	w.Desk.Refuse = func(bot.Update) error { return errors.New("a field is required") }
	w.Pass(3 * time.Hour)
	w.Desk.Refuse = nil
	if err := w.Engine.Retry(t.Context(), request, "ops"); err != nil {
		t.Fatal(err)
	}
	w.Pass(3 * time.Hour)
	w.Expect(id, "cancelled", bot.ReasonByOperator)
	expectNothingErased(t, w)
}

func expectNothingErased(t *testing.T, w *world.World) {
	t.Helper()
	for _, s := range w.Systems {
		if s.Allowed != 0 {
			t.Errorf("%s was erased: %d batches", s.Name, s.Allowed)
		}
	}
}

// TestRule9_ClearedReasonHidesNoOther: one thing that a person waved through
// does not hide another that they never saw.
func TestRule9_ClearedReasonHidesNoOther(t *testing.T) {
	for name, then := range map[string]func(*world.World, *bot.Ticket){
		"another requester": func(_ *world.World, t *bot.Ticket) { t.Requester, t.Submitter = world.Gina(), world.Gina() },
		"strangers in CC":   func(_ *world.World, t *bot.Ticket) { t.Readers.CCs = []bot.Person{world.Carla()} },
		"the right is lost": func(w *world.World, _ *bot.Ticket) {
			w.Directory.Set(world.Alex().Email, bot.TenantRight{Tenant: "acme"})
		},
		"another edit": func(_ *world.World, t *bot.Ticket) { t.Comments[0].Text = "gina@x.example" },
	} {
		t.Run(name, func(t *testing.T) {
			w := populated(t)
			away := true
			w.Systems["crm"].Fail = func(op string) error {
				if op == "gather" && away {
					return connectors.NewError(connectors.Transient, op, "no answer", nil)
				}
				return nil
			}
			id := w.File(world.Alex(), "access", janeBody)
			w.Settle()
			w.Desk.Edit(id, func(t *bot.Ticket) { t.Comments[0].Text = "jose@x.example" })
			w.Hint(id)
			w.Settle()
			w.Expect(id, "held", bot.ReasonEdited)
			operate(t, w.Release, id, "ops")
			w.Desk.Edit(id, func(t *bot.Ticket) { then(w, t) })
			away = false
			w.Pass(2 * time.Hour)
			if c := w.Case(id); c.State() != "held" || len(w.Desk.Files[id]) != 0 {
				t.Errorf("it is %s (%s), with %d files", c.State(), c.Why(), len(w.Desk.Files[id]))
			}
		})
	}
}

// TestRule9_ReleaseGoesOnWithWhatWasAccepted: a released edit neither hangs
// nor changes the subject.
func TestRule9_ReleaseGoesOnWithWhatWasAccepted(t *testing.T) {
	w := populated(t)
	w.Settings.Deletes.WaitingPeriod = time.Hour
	w.Start()
	id := w.File(world.Alex(), "delete", janeBody)
	w.Settle()
	w.Desk.Edit(id, func(t *bot.Ticket) { t.Comments[0].Text = "jose@x.example" })
	w.Hint(id)
	w.Settle()
	operate(t, w.Release, id, "ops")
	w.Pass(3 * time.Hour)
	w.Expect(id, "resolved", bot.ReasonErased)
	expectJaneGone(t, w)
}

// TestRule9_ReleaseBindsTheSubject: a hold over a subject who is a user of the
// product, waved through, is none over another one.
func TestRule9_ReleaseBindsTheSubject(t *testing.T) {
	w := populated(t)
	w.Directory.Set("jane@x.example", bot.TenantRight{Tenant: "acme"})
	w.Directory.Set("jose@x.example", bot.TenantRight{Tenant: "acme"})
	id := w.File(world.Alex(), "access", "jose@x.example")
	w.Settle()
	w.Expect(id, "held", bot.ReasonSubjectIsUser)
	w.Desk.Edit(id, func(t *bot.Ticket) { t.Comments[0].Text = "jane@x.example" })
	operate(t, w.Release, id, "ops")
	w.Pass(time.Hour)
	w.Expect(id, "held", bot.ReasonEdited)
	w.Desk.Edit(id, func(t *bot.Ticket) { t.Comments[0].Text = "jose@x.example" })
	operate(t, w.Engine.Retry, id, "ops")
	w.Pass(time.Hour)
	w.Expect(id, "resolved", bot.ReasonDelivered)
}

// TestRule9_TakenBackEarly: a word that takes the request back counts from
// the first look on, whatever the request waits for.
func TestRule9_TakenBackEarly(t *testing.T) {
	for name, before := range map[string]func(*world.World) func(){
		"before the first look": func(*world.World) func() { return func() {} },
		"while the directory is away": func(w *world.World) func() {
			w.Directory.Err = errors.New("down")
			return func() { w.Directory.Err = nil }
		},
		"while held": func(w *world.World) func() {
			w.Directory.Set("jane@x.example", bot.TenantRight{Tenant: "acme"})
			return func() {}
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := populated(t)
			after := before(w)
			id := w.File(world.Alex(), "delete", janeBody)
			if name != "before the first look" {
				w.Settle()
			}
			w.Desk.Reply(id, world.Alex(), "Please cancel")
			w.Hint(id)
			w.Settle()
			after()
			w.Pass(time.Hour)
			w.Expect(id, "cancelled", bot.ReasonByRequester)
			expectNothingErased(t, w)
		})
	}
}

// TestRule9_EditIntoAmbiguityHolds: what is no longer clear was changed.
func TestRule9_EditIntoAmbiguityHolds(t *testing.T) {
	for name, edit := range map[string]func(*bot.Ticket){
		"the kind is gone": func(t *bot.Ticket) {
			t.Fields = map[int64]string{world.KindField: "access"}
			t.Comments[0].Text = "Please delete jane@x.example"
		},
		"another account's name": func(t *bot.Ticket) {
			t.Fields = map[int64]string{world.KindField: "delete", world.TenantField: "globex"}
		},
		"two people": func(t *bot.Ticket) { t.Comments[0].Text = "jane@x.example jose@x.example" },
	} {
		t.Run(name, func(t *testing.T) {
			w := populated(t)
			w.Settings.Deletes.WaitingPeriod = time.Hour
			w.Start()
			id := w.File(world.Alex(), "delete", janeBody)
			w.Settle()
			w.Desk.Edit(id, edit)
			w.Pass(3 * time.Hour)
			if c := w.Case(id); c.State() != "held" {
				t.Errorf("it is %s (%s)", c.State(), c.Why())
			}
			expectNothingErased(t, w)
		})
	}
}

// TestRule9_ShadowModeStopsTheNextBatch, also of an erase that has begun.
func TestRule9_ShadowModeStopsTheNextBatch(t *testing.T) {
	w := populated(t)
	w.Systems["events"].Fail = func(op string) error {
		if op == "erase" {
			return connectors.NewError(connectors.Transient, op, "no answer", nil)
		}
		return nil
	}
	id := w.File(world.Alex(), "delete", janeBody)
	w.Settle()
	if w.Case(id).Begun.IsZero() {
		t.Fatal("erasing has not begun")
	}
	before := w.Systems["events"].Allowed
	w.Systems["events"].Fail = nil
	w.Settings.Deletes.Mode = "shadow"
	w.Start()
	w.Pass(time.Hour)
	if n := w.Systems["events"].Allowed - before; n != 0 {
		t.Errorf("%d batches ran in shadow mode", n)
	}
	w.Settings.Deletes.Mode = "live"
	w.Start()
	w.Pass(time.Hour)
	w.Expect(id, "resolved", bot.ReasonErased)
}

// TestRule9_AccessAtTheLastMoment: an access request is accepted between the
// last look and the beginning of the erase: it is served first.
func TestRule9_AccessAtTheLastMoment(t *testing.T) {
	w := populated(t)
	var access int64
	w.Failpoint = func(name string) {
		if name != "before-begin" || access != 0 {
			return
		}
		access = w.File(world.Alex(), "access", janeBody)
		if err := w.Engine.Step(t.Context(), bot.IDOfTicket(access)); err != nil {
			t.Error(err)
		}
	}
	erase := w.File(world.Alex(), "delete", janeBody)
	w.Pass(3 * time.Hour)
	w.Expect(access, "resolved", bot.ReasonDelivered)
	w.Expect(erase, "resolved", bot.ReasonErased)
	if report := string(w.Desk.Files[access]["report.zip"]); !strings.Contains(report, "Jane of acme") {
		t.Errorf("what was asked for was erased first; the report:\n%s", report)
	}
}

// TestRule9_HoldStopsTheNextBatch: what a person stops in the middle of an
// erase goes no batch further, and on when they let it.
func TestRule9_HoldStopsTheNextBatch(t *testing.T) {
	w := populated(t)
	ticket, batches := w.File(world.Alex(), "delete", janeBody), 0
	w.Systems["events"].Fail = func(op string) error {
		if op != "batch" {
			return nil
		}
		if batches++; batches == 2 {
			return w.Engine.Hold(t.Context(), bot.IDOfTicket(ticket), "ops")
		}
		return nil
	}
	w.Pass(time.Hour)
	w.Expect(ticket, "held", bot.ReasonOperatorHold)
	if n := w.Systems["events"].Allowed; n != 1 {
		t.Fatalf("%d batches ran, want the one before the hold", n)
	}
	operate(t, w.Engine.Retry, ticket, "ops")
	w.Pass(time.Hour)
	w.Expect(ticket, "resolved", bot.ReasonErased)
	expectJaneGone(t, w)
}

// TestRule9_ClosedWithoutAnAnswer: when all is erased and the answer can't be
// given, a person may close the request without one.
func TestRule9_ClosedWithoutAnAnswer(t *testing.T) {
	w := populated(t)
	w.Failpoint = func(name string) {
		if name == "after-run-commit-verify" {
			w.Directory.Set(world.Alex().Email, bot.TenantRight{Tenant: "acme"})
		}
	}
	id := w.File(world.Alex(), "delete", janeBody)
	w.Pass(time.Hour)
	w.Expect(id, "held", bot.ReasonRightLost)
	operate(t, w.Engine.Cancel, id, "ops")
	w.Settle()
	w.Expect(id, "partly_executed", bot.ReasonByOperator)
	expectJaneGone(t, w)
}

// TestRule9_ApprovalBindsEachCount: what an approver was shown of a set, and is
// another number now, is approved again.
func TestRule9_ApprovalBindsEachCount(t *testing.T) {
	for name, change := range map[string]func(*bot.Tally){
		"to erase":  func(s *bot.Tally) { s.Before.Rows++ },
		"shared":    func(s *bot.Tally) { s.Before.Shared++ },
		"retained":  func(s *bot.Tally) { s.Before.Retained++ },
		"cleared":   func(s *bot.Tally) { s.Before.Cleared++ },
		"came back": func(s *bot.Tally) { s.Late++ },
	} {
		t.Run(name, func(t *testing.T) {
			w, id := approving(t)
			w.Settings.Deletes.WaitingPeriod = time.Hour
			w.Start()
			operate(t, w.Approve, id, "dpo")
			w.Settle()
			w.Expect(id, "waiting", bot.ReasonWaitingPeriod)
			rec, err := w.Store.Load(t.Context(), bot.IDOfTicket(id))
			if err != nil {
				t.Fatal(err)
			}
			change(&rec.Case.Systems["crm"].Sets[0])
			if err := w.Store.Commit(t.Context(), bot.Change{Case: rec.Case, Hint: rec.Hint, Now: w.Clock.Now()}); err != nil {
				t.Fatal(err)
			}
			w.Pass(2 * time.Hour)
			w.Expect(id, "awaiting_approval", bot.ReasonGrown)
			expectNothingErased(t, w)
		})
	}
}

// TestRule9_GatesAreAskedAgainBeforeErasing: what changes while the last look
// before erasing runs stops the request, of which nothing has begun then.
func TestRule9_GatesAreAskedAgainBeforeErasing(t *testing.T) {
	for name, c := range map[string]struct {
		change func(t *testing.T, w *world.World)
		why    bot.Reason
	}{
		"a legal hold":                {func(t *testing.T, w *world.World) { t.Helper(); legalHold(t, w, "acme", "") }, bot.ReasonLegalHold},
		"deletes are no longer live":  {func(_ *testing.T, w *world.World) { w.Engine.Settings.Deletes.Mode = "shadow" }, bot.ReasonShadow},
		"a system erases nothing now": {func(_ *testing.T, w *world.World) { w.Systems["events"].Action = connectors.ActionNone }, bot.ReasonRefusesErase},
		"another person turns up": {func(_ *testing.T, w *world.World) {
			w.Systems["crm"].Add(world.Row{ID: 91, Tenant: "acme", Key: connectors.Text("jane@x.example"), Text: "a namesake", Gives: 43})
		}, bot.ReasonSeveralPeople},
		"more rows than may be erased":   {func(_ *testing.T, w *world.World) { w.Engine.Settings.Deletes.CapRowsPerSystem = 1 }, bot.ReasonCapRows},
		"deletes are now to be approved": {func(_ *testing.T, w *world.World) { w.Engine.Settings.Deletes.Approval = "always" }, bot.ReasonApproval},
	} {
		t.Run(name, func(t *testing.T) {
			w := populated(t)
			looks := 0
			w.Systems["crm"].Fail = func(op string) error {
				if op == "locate" {
					if looks++; looks == 2 {
						c.change(t, w)
					}
				}
				return nil
			}
			id := w.File(world.Alex(), "delete", janeBody)
			w.Settle()
			got := w.Case(id)
			if got.Wait == nil || got.Wait.Reason != c.why || !got.Begun.IsZero() || looks < 2 {
				t.Errorf("it is %s (%s) after %d looks, begun %v; want %s", got.State(), got.Why(), looks, got.Begun, c.why)
			}
			expectNothingErased(t, w)
		})
	}
}
