package bot_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"privacydesk/bot"
	"privacydesk/bot/bottest/world"
	"privacydesk/bot/ledger"
	"privacydesk/bot/policy"
)

const janeBody = "Please handle this person:\n\njane@x.example\n"

func TestAccessFromTicketToResolved(t *testing.T) {
	w := populated(t)
	id := w.File(world.Alex(), "access", janeBody)
	w.Settle()
	c := w.Expect(id, "resolved", bot.ReasonDelivered)
	if got := w.Desk.Ours(id); !slices.Equal(got, []string{"receipt", "final"}) {
		t.Errorf("said %v, want receipt and final", got)
	}
	if w.Desk.Status(id) != bot.StatusSolved {
		t.Errorf("the ticket is %s", w.Desk.Status(id))
	}
	report := string(w.Desk.Files[id]["report.zip"])
	for _, want := range []string{"Jane of acme", "click one", "click two", "features of Jane"} {
		if !strings.Contains(report, want) {
			t.Errorf("the report lacks %q", want)
		}
	}
	for _, other := range []string{"globex", "José", "planted", "no number"} {
		if strings.Contains(report, other) {
			t.Errorf("the report shows %q, which is another's", other)
		}
	}
	verifyLedger(t, w, c)
}

func TestDeleteFromTicketToResolved(t *testing.T) {
	w := populated(t)
	id := w.File(world.Alex(), "delete", janeBody)
	w.Settle()
	c := w.Expect(id, "resolved", bot.ReasonErased)
	expectJaneGone(t, w)
	if got := w.Desk.Ours(id); !slices.Equal(got, []string{"receipt", "final"}) {
		t.Errorf("said %v, want receipt and final", got)
	}
	if got := c.Systems["events"].Totals(); got.Deleted != 2 {
		t.Errorf("events: %+v, want 2 deleted", got)
	}
	if got := c.Systems["warehouse"].Totals(); got.Deidentified != 1 || got.Deleted != 0 {
		t.Errorf("warehouse: %+v, want 1 de-identified", got)
	}
	if c.Systems["events"].Rank >= c.Systems["crm"].Rank {
		t.Error("events needs the number that crm yields: it must be erased first")
	}
	verifyLedger(t, w, c)
}

// populated is a world with the people that these tests are about.
func populated(t *testing.T) *world.World {
	t.Helper()
	w := world.New(t)
	w.Populate()
	return w
}

// operate does what an operator may do with a request.
func operate(t *testing.T, do func(ctx context.Context, id, by string) error, ticket int64, by string) {
	t.Helper()
	if err := do(t.Context(), bot.IDOfTicket(ticket), by); err != nil {
		t.Fatal(err)
	}
}

// expectJaneGone: acme's Jane is gone from everywhere, all others are whole.
func expectJaneGone(t *testing.T, w *world.World) {
	t.Helper()
	var left []string
	for _, name := range []string{"crm", "events", "warehouse"} {
		for _, r := range w.Systems[name].Rows() {
			left = append(left, r.Text)
		}
	}
	want := []string{
		"Jane of globex", "José", "Jose", "click globex", "number planted in another tenant", "the text 42 is no number",
		"click José", "", "features of globex's Jane",
	}
	if !slices.Equal(left, want) {
		t.Errorf("left is\n%q, want\n%q", left, want)
	}
}

func verifyLedger(t *testing.T, w *world.World, c bot.Case) {
	t.Helper()
	events, err := w.Store.Events(context.Background(), c.ID)
	if err != nil {
		t.Fatal(err)
	}
	if err := ledger.Verify(c.ID, events, c.Head); err != nil {
		t.Error(err)
	}
}

func TestNothingFoundIsAnAnswer(t *testing.T) {
	w := populated(t)
	access := w.File(world.Alex(), "access", "nobody@x.example")
	del := w.File(world.Alex(), "delete", "nobody@x.example")
	w.Pass(10 * time.Minute)
	w.Expect(access, "resolved", bot.ReasonNothingFound)
	w.Expect(del, "resolved", bot.ReasonNothingFound)
}

func TestQuestionIsAnsweredByReply(t *testing.T) {
	w := populated(t)
	id := w.File(world.Alex(), "access", "jane@x.example and jose@x.example")
	w.Settle()
	w.Expect(id, "needs_info", bot.ReasonManySubjects)
	if w.Desk.Status(id) != bot.StatusPending {
		t.Errorf("the ticket is %s, want pending", w.Desk.Status(id))
	}
	w.Hint(id) // nothing new: nothing is said again
	w.Settle()
	if got := len(w.Desk.Ours(id)); got != 1 {
		t.Fatalf("said %d things, want one question", got)
	}
	w.Desk.Reply(id, world.Alex(), "jane@x.example")
	w.Hint(id)
	w.Settle()
	w.Expect(id, "resolved", bot.ReasonDelivered)
}

func TestRefusalsAreAnsweredAndNothingIsLookedUp(t *testing.T) {
	for _, tc := range []struct {
		name string
		by   bot.Person
		kind string
		body string
		why  bot.Reason
		edit func(*bot.Ticket)
	}{
		{name: "not an admin", by: world.Uli(), kind: "access", body: janeBody, why: bot.ReasonNotAdmin},
		{name: "another tenant's", by: world.Gina(), kind: "delete", body: janeBody, why: bot.ReasonOtherTenant, edit: func(t *bot.Ticket) { t.Fields[world.TenantField] = "acme" }},
		{name: "flagged sender", by: world.Alex(), kind: "delete", body: janeBody, why: bot.ReasonSenderDoubt, edit: func(t *bot.Ticket) { t.Comments[0].Flags = []int{14} }},
		{name: "unverified", by: world.Alex(), kind: "delete", body: janeBody, why: bot.ReasonUnverified, edit: func(t *bot.Ticket) { t.Requester.Verified = false }},
		{name: "suspended", by: world.Alex(), kind: "access", body: janeBody, why: bot.ReasonSuspended, edit: func(t *bot.Ticket) { t.Requester.Suspended = true }},
		{name: "opt-out", by: world.Alex(), kind: "opt_out", body: "We want to opt out.", why: bot.ReasonOptOut},
		{name: "a consumer's own", by: world.Carla(), kind: "direct", body: "Delete my data", why: bot.ReasonDirect},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := populated(t)
			looked := 0
			for _, s := range w.Systems {
				s.Fail = func(string) error { looked++; return nil }
			}
			id := w.Desk.File(bot.Ticket{Requester: tc.by, FormID: world.Form, Fields: map[int64]string{world.KindField: tc.kind}}, tc.body)
			if tc.edit != nil {
				w.Desk.Edit(id, tc.edit)
			}
			w.Hint(id)
			w.Settle()
			w.Expect(id, "rejected", tc.why)
			if looked != 0 {
				t.Errorf("systems were asked %d times", looked)
			}
			if got := w.Desk.Ours(id); len(got) != 1 {
				t.Errorf("said %v, want one answer", got)
			}
			if w.Desk.Status(id) != bot.StatusSolved {
				t.Errorf("the ticket is %s", w.Desk.Status(id))
			}
		})
	}
}

func TestShadowModeLocatesAndHolds(t *testing.T) {
	w := populated(t)
	w.Settings.Deletes.Mode = policy.ModeShadow
	w.Start()
	before := len(w.Systems["crm"].Rows())
	id := w.File(world.Alex(), "delete", janeBody)
	w.Pass(time.Hour)
	w.Expect(id, "held", bot.ReasonShadow)
	if len(w.Systems["crm"].Rows()) != before || w.Systems["crm"].Allowed != 0 {
		t.Error("shadow mode erased something")
	}
	w.Settings.Deletes.Mode = policy.ModeLive
	w.Start()
	if err := w.Engine.Retry(context.Background(), bot.IDOfTicket(id), "dpo"); err != nil {
		t.Fatal(err)
	}
	w.Settle()
	w.Expect(id, "resolved", bot.ReasonErased)
	expectJaneGone(t, w)
}

func TestWaitingPeriodAndSelfCancel(t *testing.T) {
	w := populated(t)
	w.Settings.Deletes.WaitingPeriod = 72 * time.Hour
	w.Start()
	id := w.File(world.Alex(), "delete", janeBody)
	w.Settle()
	w.Expect(id, "waiting", bot.ReasonWaitingPeriod)
	w.Clock.Advance(71 * time.Hour)
	w.Settle()
	w.Expect(id, "waiting", bot.ReasonWaitingPeriod)
	w.Clock.Advance(2 * time.Hour)
	w.Settle()
	w.Expect(id, "resolved", bot.ReasonErased)

	other := w.File(world.Alex(), "delete", "jose@x.example")
	w.Settle()
	w.Desk.Reply(other, world.Alex(), "cancel")
	w.Hint(other)
	w.Settle()
	w.Expect(other, "cancelled", bot.ReasonByRequester)
}

func TestAccessGoesBeforeDelete(t *testing.T) {
	w := populated(t)
	w.Settings.Deletes.WaitingPeriod = time.Hour
	w.Start()
	del := w.File(world.Alex(), "delete", janeBody)
	w.Settle()
	w.Systems["warehouse"].Fail = func(op string) error { // the access can't finish yet
		if op == "gather" {
			return bot.ErrUnavailable
		}
		return nil
	}
	access := w.File(world.Alex(), "access", janeBody)
	w.Settle()
	w.Clock.Advance(61 * time.Minute)
	w.Settle()
	w.Expect(del, "waiting", bot.ReasonOtherRequest)
	w.Systems["warehouse"].Fail = nil
	w.Pass(2 * time.Hour)
	w.Expect(access, "resolved", bot.ReasonDelivered)
	w.Expect(del, "resolved", bot.ReasonErased)
	if !strings.Contains(string(w.Desk.Files[access]["report.zip"]), "Jane of acme") {
		t.Error("the access request lost to the delete")
	}
}

func TestAccessDuringErasingWaitsAndFindsNothing(t *testing.T) {
	w := populated(t)
	stuck := true
	w.Systems["events"].Fail = func(op string) error {
		if op == "erase" && stuck {
			return bot.ErrUnavailable
		}
		return nil
	}
	del := w.File(world.Alex(), "delete", janeBody)
	w.Settle()
	if w.Case(del).Begun.IsZero() {
		t.Fatal("erasing has not begun")
	}
	access := w.File(world.Alex(), "access", janeBody)
	w.Settle()
	w.Expect(access, "waiting", bot.ReasonOtherRequest)
	stuck = false
	w.Pass(2 * time.Hour)
	w.Expect(del, "resolved", bot.ReasonErased)
	c := w.Expect(access, "resolved", bot.ReasonDelivered)
	if found := c.Systems["crm"].Totals().Found + c.Systems["events"].Totals().Found; found != 0 {
		t.Errorf("found %d rows after the delete", found)
	}
}

func TestPauseStopsDeletesAndNotAccess(t *testing.T) {
	w := populated(t)
	ctx := context.Background()
	if err := w.Store.PauseDeletes(ctx, "ops", w.Clock.Now()); err != nil {
		t.Fatal(err)
	}
	del := w.File(world.Alex(), "delete", janeBody)
	access := w.File(world.Alex(), "access", "jose@x.example")
	w.Pass(10 * time.Minute)
	w.Expect(access, "resolved", bot.ReasonDelivered)
	if n := w.Systems["crm"].Allowed + w.Systems["events"].Allowed; n != 0 {
		t.Errorf("%d batches ran while deletes were paused", n)
	}
	if err := w.Store.ResumeDeletes(ctx); err != nil {
		t.Fatal(err)
	}
	w.Pass(10 * time.Minute)
	w.Expect(del, "resolved", bot.ReasonErased)
}

// TestAPauseIsSaidOnce: however long it lasts, the ledger does not grow by it.
func TestAPauseIsSaidOnce(t *testing.T) {
	w := populated(t)
	if err := w.Store.PauseDeletes(t.Context(), "ops", w.Clock.Now()); err != nil {
		t.Fatal(err)
	}
	id := w.File(world.Alex(), "delete", janeBody)
	w.Pass(6 * time.Hour)
	events, err := w.Store.Events(t.Context(), bot.IDOfTicket(id))
	if err != nil {
		t.Fatal(err)
	}
	said := map[string]int{}
	for _, e := range events {
		if e.Type == "run_failed" {
			said[e.Data["system"]]++
		}
	}
	if len(said) == 0 {
		t.Error("the ledger does not tell of the pause")
	}
	for system, n := range said {
		if n != 1 {
			t.Errorf("the ledger tells %d times that %s waits", n, system)
		}
	}
	if err := w.Store.ResumeDeletes(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.Pass(10 * time.Minute)
	w.Expect(id, "resolved", bot.ReasonErased)
}

// overtaken is a store in which somebody else was quicker, some times.
type overtaken struct {
	bot.Store
	times int
}

func (o *overtaken) Commit(ctx context.Context, c bot.Change) error {
	if o.times--; o.times >= 0 {
		return bot.ErrConflict
	}
	return o.Store.Commit(ctx, c)
}

// TestOperatorsAreOvertaken: a run that commits at the same moment costs an
// operator's word nothing; where it goes on and on, the operator is told.
func TestOperatorsAreOvertaken(t *testing.T) {
	w := populated(t)
	w.Settings.Deletes.WaitingPeriod = time.Hour
	w.Start()
	id := w.File(world.Alex(), "delete", janeBody)
	w.Settle()
	whole := w.Engine.Store
	w.Engine.Store = &overtaken{whole, 3}
	operate(t, w.Engine.Hold, id, "ops")
	w.Expect(id, "held", bot.ReasonOperatorHold)
	w.Engine.Store = &overtaken{whole, 1000}
	if err := w.Engine.Retry(t.Context(), bot.IDOfTicket(id), "ops"); !errors.Is(err, bot.ErrBusy) {
		t.Errorf("overtaken without end, the operator is told: %v", err)
	}
	w.Engine.Store = whole
	operate(t, w.Engine.Retry, id, "ops")
	w.Pass(2 * time.Hour)
	w.Expect(id, "resolved", bot.ReasonErased)
}

func TestForgettingDestroysKeyAndSpool(t *testing.T) {
	w := populated(t)
	ctx := context.Background()
	id := w.File(world.Alex(), "access", janeBody)
	w.Settle()
	w.Clock.Advance(14*24*time.Hour + time.Minute)
	w.Settle()
	c := w.Case(id)
	if c.Phase != bot.PhaseForgotten {
		t.Fatalf("phase %s", c.Phase)
	}
	if files, _ := w.Spool.List(ctx, c.ID); len(files) != 0 {
		t.Errorf("left in the spool: %v", files)
	}
	if keys, _ := w.Keys.Requests(ctx); len(keys) != 0 {
		t.Errorf("left on the key shelf: %v", keys)
	}
	rec, err := w.Store.Load(ctx, c.ID)
	if err != nil || len(rec.Sealed) != 0 {
		t.Errorf("the sealed half is still there: %d bytes, %v", len(rec.Sealed), err)
	}
	w.Hint(id)
	w.Settle()
	if got := w.Case(id).Phase; got != bot.PhaseForgotten {
		t.Errorf("a hint moved a forgotten request to %s", got)
	}
}

func TestRecordsAreRemovedInTheirTime(t *testing.T) {
	w := populated(t)
	id := w.File(world.Alex(), "delete", janeBody)
	w.Settle()
	w.Clock.Advance(15 * 24 * time.Hour)
	w.Settle()
	w.Clock.Advance(700 * 24 * time.Hour)
	w.Settle()
	if w.Case(id).Phase != bot.PhaseForgotten {
		t.Fatal("the record went too early")
	}
	w.Clock.Advance(40 * 24 * time.Hour)
	w.Settle()
	if _, err := w.Store.Load(t.Context(), bot.IDOfTicket(id)); !errors.Is(err, bot.ErrNotFound) {
		t.Errorf("the record is still there: %v", err)
	}
	if cases, _, err := w.Store.List(t.Context(), bot.Filter{}, "", 10); err != nil || len(cases) != 0 {
		t.Errorf("listed: %d, %v", len(cases), err)
	}
	if dump := w.DumpRedis(); strings.Contains(dump, bot.IDOfTicket(id)+" ") || strings.Contains(dump, "request/") {
		t.Errorf("Redis still holds something of it:\n%s", dump)
	}
	w.Hint(id) // its ticket bears our mark; that is no lost state now
	w.Settle()
	if _, err := w.Store.Load(t.Context(), bot.IDOfTicket(id)); !errors.Is(err, bot.ErrNotFound) {
		t.Errorf("a purged request came back: %v", err)
	}
}
