package bot_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"privacydesk/bot"
	"privacydesk/bot/bottest/world"
)

// TestRule2_FindingsAndMarkAreDurableBeforeTheFirstDelete looks into the
// spool at the moment of the first batch.
func TestRule2_FindingsAndMarkAreDurableBeforeTheFirstDelete(t *testing.T) {
	w := world.New(t)
	w.Populate()
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
	w := world.New(t)
	w.Populate()
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
	w := world.New(t)
	w.Populate()
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
