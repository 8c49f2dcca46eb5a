package bot_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"privacydesk/bot"
	"privacydesk/bot/bottest/world"
	"privacydesk/connectors"
)

// TestRule2_FindingsAndMarkAreDurableBeforeTheFirstDelete looks into the
// spool at the moment of the first batch.
func TestRule2_FindingsAndMarkAreDurableBeforeTheFirstDelete(t *testing.T) {
	w := populated(t)
	checked := 0
	id := w.File(world.Alex(), "delete", janeBody)
	for _, s := range w.Systems {
		s.Fail = func(op string) error {
			if op != "batch" {
				return nil
			}
			checked++
			var names []string
			files, err := w.Spool.List(context.Background(), bot.IDOfTicket(id))
			if err != nil {
				t.Error(err)
			}
			for _, f := range files {
				names = append(names, f.Name)
			}
			if !slices.Contains(names, "erase-started") {
				t.Error("a batch ran before erase-started was in the spool")
			}
			for _, system := range []string{"crm", "events", "warehouse"} {
				if !slices.ContainsFunc(names, func(n string) bool { return len(n) > 9+len(system) && n[:9+len(system)] == "finding/"+system+"/" }) {
					t.Errorf("a batch ran before the finding of %s was in the spool", system)
				}
			}
			return nil
		}
	}
	w.Settle()
	w.Expect(id, "resolved", bot.ReasonErased)
	if checked == 0 {
		t.Fatal("no batch ran")
	}
}

// TestRule2_RedisSetBack sets Redis back to what it was at each failpoint in
// turn, at the end of the work: the request must end as if nothing had
// happened, or be held, and never erase anybody else's.
func TestRule2_RedisSetBack(t *testing.T) {
	for _, kind := range []string{"access", "delete"} {
		total := countFailpoints(t, kind)
		for n := range total {
			t.Run(fmt.Sprintf("%s set back to failpoint %d", kind, n), func(t *testing.T) { setBackTo(t, kind, n) })
		}
	}
}

func setBackTo(t *testing.T, kind string, n int) {
	t.Parallel()
	w := populated(t)
	seen := 0
	var setBack func()
	w.Failpoint = func(string) {
		if seen == n {
			setBack = w.SnapshotRedis()
		}
		seen++
	}
	id := w.File(world.Alex(), kind, janeBody)
	w.Settle()
	w.Failpoint = nil
	setBack()
	w.Queue.Flush()
	w.Hint(id)
	w.Clock.Advance(3 * time.Minute)
	w.Pass(20 * time.Minute)
	c := w.Case(id)
	if c.State() != "resolved" && c.Why() != bot.ReasonStateLost {
		t.Errorf("it is %s (%s)", c.State(), c.Why())
	}
	expectSaidOnce(t, w, id)
	if kind == "delete" {
		expectJaneGone(t, w)
	}
}

func countFailpoints(t *testing.T, kind string) int {
	t.Helper()
	w := populated(t)
	n := 0
	w.Failpoint = func(string) { n++ }
	id := w.File(world.Alex(), kind, janeBody)
	w.Settle()
	if got := w.Case(id).State(); got != "resolved" {
		t.Fatalf("%s is %s", kind, got)
	}
	if n < 10 {
		t.Fatalf("only %d failpoints", n)
	}
	return n
}

func expectSaidOnce(t *testing.T, w *world.World, ticket int64) {
	t.Helper()
	said := map[string]int{}
	for _, step := range w.Desk.Ours(ticket) {
		said[step]++
	}
	for step, n := range said {
		if n > 1 {
			t.Errorf("%s was said %d times", step, n)
		}
	}
	if said["receipt"] != 1 || said["final"] != 1 {
		t.Errorf("said %v, want receipt and final once each", said)
	}
}

// TestRule2_SetBackBehindACancel: the ticket says cancelled, the record does
// not remember: nothing is erased.
func TestRule2_SetBackBehindACancel(t *testing.T) {
	w := populated(t)
	w.Settings.Deletes.WaitingPeriod = time.Hour
	w.Start()
	id := w.File(world.Alex(), "delete", janeBody)
	w.Settle()
	setBack := w.SnapshotRedis()
	operate(t, w.Engine.Cancel, id, "ops")
	w.Settle()
	w.Expect(id, "cancelled", bot.ReasonByOperator)
	setBack()
	before := len(w.Desk.Ours(id))
	w.Pass(3 * time.Hour)
	w.Expect(id, "cancelled", bot.ReasonByOperator)
	expectNothingErased(t, w)
	if n := len(w.Desk.Ours(id)); n != before {
		t.Errorf("something was said: %q", w.Desk.Ours(id)[before:])
	}
}

// TestRule2_SetBackBehindAnAnswer: set back to the question, the answer now
// names another person: nothing that was found of the first is used.
func TestRule2_SetBackBehindAnAnswer(t *testing.T) {
	w := populated(t)
	id := w.File(world.Alex(), "access", "jane@x.example and jose@x.example")
	w.Settle()
	setBack := w.SnapshotRedis()
	away := true
	w.Systems["crm"].Fail = func(op string) error {
		if op == "gather" && away {
			return bot.ErrUnavailable
		}
		return nil
	}
	w.Desk.Reply(id, world.Alex(), "jane@x.example")
	w.Hint(id)
	w.Settle()
	setBack()
	w.Queue.Flush()
	away = false
	w.Desk.Edit(id, func(t *bot.Ticket) { t.Comments[len(t.Comments)-1].Ours = true }) // the reply is gone
	w.Desk.Reply(id, world.Alex(), "jose@x.example")
	w.Hint(id)
	w.Clock.Advance(5 * time.Minute)
	w.Pass(time.Hour)
	if report := string(w.Desk.Files[id]["report.zip"]); strings.Contains(report, "Jane") {
		t.Errorf("the report shows the first person:\n%s", report)
	}
}

// TestRule2_NoEraseBeforeItsBeginning: a run that says erase, in a record that
// does not say that erasing began, erases nothing.
func TestRule2_NoEraseBeforeItsBeginning(t *testing.T) {
	w := populated(t)
	w.Settings.Deletes.Approval = "always"
	w.Start()
	ticket := w.File(world.Alex(), "delete", janeBody)
	w.Settle()
	w.Expect(ticket, "awaiting_approval", bot.ReasonApproval)
	id := bot.IDOfTicket(ticket)
	rec, err := w.Store.Load(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	rec.Case.Wait = nil
	rec.Case.Systems["crm"].Run = bot.Run{Stage: bot.StageErase, State: bot.RunQueued}
	if err := w.Store.Commit(t.Context(), bot.Change{Case: rec.Case, Hint: rec.Hint, Now: w.Clock.Now()}); err != nil {
		t.Fatal(err)
	}
	if err := w.Engine.Run(t.Context(), id, "crm"); err != nil {
		t.Fatal(err)
	}
	if run := w.Case(ticket).Systems["crm"].Run; run.State != bot.RunFailed {
		t.Errorf("the run is %s", run.State)
	}
	expectNothingErased(t, w)
}

// TestRule2_BegunErasingIsNotBegunAnew: neither Redis nor the ticket knows of
// it, but the spool says that erasing began: a person must look.
func TestRule2_BegunErasingIsNotBegunAnew(t *testing.T) {
	w := populated(t)
	ticket := w.File(world.Alex(), "delete", janeBody)
	id := bot.IDOfTicket(ticket)
	if err := w.Keys.Create(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	mark, err := w.Spool.Create(t.Context(), id, "erase-started")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := mark.Commit(); err != nil {
		t.Fatal(err)
	}
	w.Pass(time.Hour)
	w.Expect(ticket, "held", bot.ReasonStateLost)
	expectNothingErased(t, w)
}

// TestRule2_FindingsOnlyGrow: a connector that forgets keys which it knew is
// broken, and nothing is erased by what it says.
func TestRule2_FindingsOnlyGrow(t *testing.T) {
	w := populated(t)
	o := w.Engine.Options
	crm := o.Systems["crm"]
	crm.Connector = &forgetful{Connector: crm.Connector}
	o.Systems["crm"] = crm
	var err error
	if w.Engine, err = bot.NewEngine(o); err != nil {
		t.Fatal(err)
	}
	ticket := w.File(world.Alex(), "delete", janeBody)
	w.Pass(time.Hour)
	w.Expect(ticket, "held", bot.ReasonSystemFailed)
	expectNothingErased(t, w)
}

// forgetful locates once, and then loses what it is given.
type forgetful struct {
	connectors.Connector
	located bool
}

func (f *forgetful) Locate(ctx context.Context, jobs []*connectors.Job) error {
	if !f.located {
		f.located = true
		return f.Connector.Locate(ctx, jobs)
	}
	for _, j := range jobs {
		j.Finding = &connectors.Finding{}
	}
	return nil
}
