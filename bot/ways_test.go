package bot_test

import (
	"errors"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"privacydesk/bot"
	"privacydesk/bot/bottest/world"
	"privacydesk/connectors"
)

// TestADeleteIsEndedInMidErase: what was done is certified, what was not begun
// is named as left out, the requester is told both, and nothing more is erased.
func TestADeleteIsEndedInMidErase(t *testing.T) {
	w, ticket := heldMidErase(t)
	id := bot.IDOfTicket(ticket)
	if err := w.Engine.Cancel(t.Context(), id, "ops"); !errors.Is(err, bot.ErrRefused) || !strings.Contains(err.Error(), "retry, skip, end") {
		t.Errorf("cancel in mid-erase: %v; want that it says what would work", err)
	}
	if err := w.Engine.End(t.Context(), id, "ops", "no_such_reason"); !errors.Is(err, bot.ErrRefused) {
		t.Errorf("an unknown reason: %v", err)
	}
	left := map[string]int{}
	for name, s := range w.Systems {
		left[name] = len(s.Rows())
	}
	if err := w.Engine.End(t.Context(), id, "ops", bot.ReasonByRequester); err != nil {
		t.Fatal(err)
	}
	w.Settle()
	c := w.Expect(ticket, "partly_executed", bot.ReasonByRequester)
	for name, s := range w.Systems {
		if len(s.Rows()) != left[name] {
			t.Errorf("%s: something was erased after the end", name)
		}
	}
	if got := c.Systems["crm"]; got.Skip == "" || got.Outcome(c.Kind) != bot.OutcomeSkipped {
		t.Errorf("crm, which was not begun: %+v", got)
	}
	if got := c.Systems["events"].Totals(); got.Deleted != 1 || got.Left != 1 {
		t.Errorf("events: %+v, want 1 deleted and 1 left", got)
	}
	told := said(t, w, ticket)
	for _, want := range []string{"stopped before it was done", "events: 1 erased, 1 left", "<p>In these systems nothing was erased:</p><ul><li>crm</li>"} {
		if !strings.Contains(told, want) {
			t.Errorf("the requester is not told %q:\n%s", want, told)
		}
	}
	verifyLedger(t, w, c)
}

// TestRule5_AnEndedRunErasesNothing: a run that sleeps in its batch while the
// request is ended wakes to change nothing, though its lease lives.
func TestRule5_AnEndedRunErasesNothing(t *testing.T) {
	w := populated(t)
	ticket := w.File(world.Alex(), "delete", janeBody)
	id, busy := bot.IDOfTicket(ticket), false
	w.Systems["events"].Fail = func(op string) error {
		if op == "batch" && !busy {
			busy = true
			operate(t, w.Engine.Hold, ticket, "ops")
			if err := w.Engine.End(t.Context(), id, "ops", bot.ReasonOther); !errors.Is(err, bot.ErrBusy) {
				t.Errorf("ended beside a run: %v", err)
			}
			rec, err := w.Store.Load(t.Context(), id)
			if err != nil {
				t.Error(err)
			}
			w.Clock.Advance(2 * w.Settings.Lease)
			if err := w.Engine.End(t.Context(), id, "ops", bot.ReasonOther); err != nil {
				t.Error(err)
			}
			now := w.Clock.Now() // and its lease lives again
			if err := w.Store.Acquire(t.Context(), id, "events", rec.Leases["events"].Token, now, now.Add(w.Settings.Lease)); err != nil {
				t.Error(err)
			}
		}
		return nil
	}
	before := len(w.Systems["events"].Rows())
	w.Settle()
	w.Expect(ticket, "partly_executed", bot.ReasonOther)
	if got := len(w.Systems["events"].Rows()); !busy || got != before {
		t.Errorf("%d rows of %d are left", got, before)
	}
}

// TestHoldsInMidEraseHaveAWayOut, whatever they are for.
func TestHoldsInMidEraseHaveAWayOut(t *testing.T) {
	w, ticket := heldMidErase(t)
	for reason := range documented(t) {
		c := w.Case(ticket)
		c.Wait = &bot.Wait{On: bot.OnAgent, Reason: reason}
		want := []bot.Verb{bot.VerbEnd}
		if reason == bot.ReasonStateLost || reason == bot.ReasonDamaged {
			want = []bot.Verb{bot.VerbCancel}
		}
		for _, v := range want {
			if !slices.Contains(w.Engine.Ways(&c), v) {
				t.Errorf("%s in mid-erase: %v, without %s", reason, w.Engine.Ways(&c), v)
			}
		}
	}
}

// TestDocsSayWhatWorks: of each reason, docs/operations.md names the commands
// that `requests show` names, and no other.
func TestDocsSayWhatWorks(t *testing.T) {
	w := world.New(t)
	for reason, do := range documented(t) {
		c := bot.Case{ID: "t1", Kind: bot.KindDelete, Phase: bot.PhaseLocating, Wait: &bot.Wait{On: waitsOn(reason), Reason: reason}}
		c.Systems = map[string]*bot.System{"crm": {}}
		if reason == bot.ReasonSystemFailed || reason == bot.ReasonNotSearched {
			c.Systems["crm"].Run.State = bot.RunFailed
		}
		ways := w.Engine.Ways(&c)
		for _, v := range []bot.Verb{bot.VerbApprove, bot.VerbRetry, bot.VerbRelease, bot.VerbSkip, bot.VerbCancel, bot.VerbReject} {
			named, works := regexp.MustCompile(`\b`+string(v)+`\b`).MatchString(do), slices.Contains(ways, v)
			if named && !works && !strings.Contains(do, "can't be "+string(v)) {
				t.Errorf("%s: the page names %s, and %v work", reason, v, ways)
			}
			if works && !named && v == bot.VerbRelease {
				t.Errorf("%s: the page does not name release", reason)
			}
		}
	}
}

// TestWaysOfEachState: what operators may do, and nothing else.
func TestWaysOfEachState(t *testing.T) {
	w := world.New(t)
	w.AddSystem(&world.System{Name: "crm", Need: connectors.Email})
	w.Start()
	on := func(on bot.WaitOn, reason bot.Reason) func(*bot.Case) {
		return func(c *bot.Case) { c.Wait = &bot.Wait{On: on, Reason: reason} }
	}
	edited, hold := on(bot.OnAgent, bot.ReasonEdited), on(bot.OnAgent, bot.ReasonOperatorHold)
	failed := func(c *bot.Case) { c.Systems["crm"].Run.State = bot.RunFailed }
	begun := func(c *bot.Case) { c.Phase, c.Begun = bot.PhaseWorking, w.Clock.Now() }
	answered := func(c *bot.Case) { c.Phase, c.Resolution = bot.PhaseClosing, bot.Resolved }
	for name, s := range map[string]struct {
		is   []func(*bot.Case)
		want string
	}{
		"it goes on":                      {nil, "cancel"},
		"it waits for approval":           {[]func(*bot.Case){on(bot.OnApprover, bot.ReasonApproval)}, "approve cancel reject"},
		"it waits for the requester":      {[]func(*bot.Case){on(bot.OnRequester, bot.ReasonReopened)}, "cancel reject"},
		"it waits its time":               {[]func(*bot.Case){on(bot.OnTime, bot.ReasonWaitingPeriod)}, "cancel reject"},
		"what a person can judge":         {[]func(*bot.Case){edited}, "retry release cancel reject"},
		"what nobody can wave through":    {[]func(*bot.Case){hold}, "retry cancel reject"},
		"a system failed":                 {[]func(*bot.Case){on(bot.OnAgent, bot.ReasonSystemFailed), failed}, "retry skip cancel reject"},
		"a failed system is left out":     {[]func(*bot.Case){hold, failed, func(c *bot.Case) { c.Systems["crm"].Skip = bot.ReasonByOperator }}, "retry cancel reject"},
		"its record is lost":              {[]func(*bot.Case){on(bot.OnAgent, bot.ReasonStateLost)}, "cancel"},
		"its record is damaged":           {[]func(*bot.Case){on(bot.OnAgent, bot.ReasonDamaged)}, "cancel"},
		"it erases":                       {[]func(*bot.Case){begun}, ""},
		"it is held in mid-erase":         {[]func(*bot.Case){begun, hold}, "retry end"},
		"a system fails in mid-erase":     {[]func(*bot.Case){begun, on(bot.OnAgent, bot.ReasonSystemFailed), failed}, "retry skip end"},
		"it waits in mid-erase":           {[]func(*bot.Case){begun, on(bot.OnTime, bot.ReasonDirectory)}, ""},
		"its record is lost in mid-erase": {[]func(*bot.Case){begun, on(bot.OnAgent, bot.ReasonStateLost)}, "cancel"},
		"it is being ended":               {[]func(*bot.Case){begun, hold, func(c *bot.Case) { c.Stopped = bot.ReasonOther }}, "retry"},
		"its answer can't be given":       {[]func(*bot.Case){begun, answered, hold, failed}, "retry cancel"},
		"it is done":                      {[]func(*bot.Case){answered, func(c *bot.Case) { c.Phase = bot.PhaseDone }}, ""},
		"it is forgotten":                 {[]func(*bot.Case){answered, func(c *bot.Case) { c.Phase = bot.PhaseForgotten }}, ""},
	} {
		c := bot.Case{ID: "t1", Kind: bot.KindDelete, Phase: bot.PhaseLocating, Systems: map[string]*bot.System{"crm": {}}}
		for _, is := range s.is {
			is(&c)
		}
		var ways []string
		for _, v := range w.Engine.Ways(&c) {
			ways = append(ways, string(v))
		}
		if got := strings.Join(ways, " "); got != s.want {
			t.Errorf("%s: %q, want %q", name, got, s.want)
		}
	}
}

func waitsOn(r bot.Reason) bot.WaitOn {
	switch r {
	case bot.ReasonApproval, bot.ReasonGrown, bot.ReasonExpired:
		return bot.OnApprover
	default:
		return bot.OnAgent
	}
}

// documented are the reasons of the page, and what it says to do.
func documented(t *testing.T) map[bot.Reason]string {
	t.Helper()
	page, err := os.ReadFile("../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	out := map[bot.Reason]string{}
	_, holds, _ := strings.Cut(string(page), "| reason | why it stopped | what to do |")
	holds, _, _ = strings.Cut(holds, "\n\n")
	for line := range strings.Lines(holds) {
		cells := strings.Split(line, " | ")
		if len(cells) != 3 {
			continue
		}
		for _, name := range regexp.MustCompile("`([a-z_]+)`").FindAllStringSubmatch(cells[0], -1) {
			out[bot.Reason(name[1])] = cells[2]
		}
	}
	if len(out) < 40 {
		t.Fatalf("only %d reasons are read", len(out))
	}
	return out
}
