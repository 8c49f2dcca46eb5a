package bot_test

import (
	"errors"
	"testing"
	"time"

	"privacydesk/bot"
	"privacydesk/bot/bottest/world"
	"privacydesk/connectors"
)

// TestRule9_DemotedBeforeErasing: the right is lost between filing and
// erasing.
func TestRule9_DemotedBeforeErasing(t *testing.T) {
	w := world.New(t)
	w.Populate()
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
	if err := w.Engine.Release(t.Context(), bot.IDOfTicket(id), "ops"); !errors.Is(err, bot.ErrRefused) {
		t.Errorf("a lost right was waved through: %v", err)
	}
}

// TestRule9_DemotedBetweenSystems: the right is lost after the first system.
func TestRule9_DemotedBetweenSystems(t *testing.T) {
	w := world.New(t)
	w.Populate()
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
	if err := w.Engine.Retry(t.Context(), bot.IDOfTicket(id), "ops"); err != nil {
		t.Fatal(err)
	}
	w.Pass(time.Hour)
	w.Expect(id, "resolved", bot.ReasonErased)
}

// TestRule9_DemotedBeforeDelivery: nothing is disclosed.
func TestRule9_DemotedBeforeDelivery(t *testing.T) {
	w := world.New(t)
	w.Populate()
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
			w := world.New(t)
			w.Populate()
			id := w.File(world.Alex(), "access", janeBody)
			w.Desk.Edit(id, func(t *bot.Ticket) { t.Readers = readers })
			w.Pass(time.Hour)
			w.Expect(id, "held", bot.ReasonReaders)
			if len(w.Desk.Files[id]) != 0 {
				t.Error("a report was attached")
			}
			w.Desk.Edit(id, func(t *bot.Ticket) { t.Readers = bot.Readers{} })
			if err := w.Engine.Retry(t.Context(), bot.IDOfTicket(id), "ops"); err != nil {
				t.Fatal(err)
			}
			w.Pass(time.Hour)
			w.Expect(id, "resolved", bot.ReasonDelivered)
		})
	}
}

// TestRule9_ApprovalBindsWhatWasFound: rows added after the approval are
// approved again; the requester can't approve.
func TestRule9_ApprovalBindsWhatWasFound(t *testing.T) {
	w := world.New(t)
	w.Populate()
	w.Settings.Deletes.Approval = "always"
	w.Start()
	id := w.File(world.Alex(), "delete", janeBody)
	w.Settle()
	w.Expect(id, "awaiting_approval", bot.ReasonApproval)
	ctx, request := t.Context(), bot.IDOfTicket(id)
	if err := w.Engine.Approve(ctx, request, "ALEX@acme.example"); !errors.Is(err, bot.ErrRefused) {
		t.Errorf("the requester approved: %v", err)
	}
	w.Systems["events"].Add(world.Row{ID: 50, Tenant: "acme", Key: connectors.Int(42), Text: "click three"})
	if err := w.Engine.Approve(ctx, request, "dpo"); err != nil {
		t.Fatal(err)
	}
	w.Settle()
	w.Expect(id, "awaiting_approval", bot.ReasonGrown)
	if w.Systems["events"].Allowed != 0 {
		t.Error("more was erased than was approved")
	}
	if err := w.Engine.Approve(ctx, request, "dpo"); err != nil {
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
			w := world.New(t)
			w.Populate()
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
			for _, s := range w.Systems {
				if s.Allowed != 0 {
					t.Errorf("%s was erased", s.Name)
				}
			}
		})
	}
}

// TestRule9_DirectoryDown: who can't be asked has no right.
func TestRule9_DirectoryDown(t *testing.T) {
	w := world.New(t)
	w.Populate()
	w.Directory.Err = errors.New("down")
	id := w.File(world.Alex(), "delete", janeBody)
	w.Pass(10 * time.Minute)
	w.Expect(id, "waiting", bot.ReasonDirectory)
	w.Directory.Err = nil
	w.Pass(time.Hour)
	w.Expect(id, "resolved", bot.ReasonErased)
}
