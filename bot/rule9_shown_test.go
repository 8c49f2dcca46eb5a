package bot_test

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"privacydesk/bot"
	"privacydesk/bot/bottest/world"
	"privacydesk/connectors"
)

// grow adds so many rows of Jane's.
func grow(w *world.World, n int) {
	for i := range n {
		w.Systems["events"].Add(world.Row{ID: int64(500 + i), Tenant: "acme", Key: connectors.Int(42), Text: "late"})
	}
}

// refuses fails unless the operation is refused in these words.
func refuses(t *testing.T, what string, err error, words string) {
	t.Helper()
	if !errors.Is(err, bot.ErrRefused) || !strings.Contains(err.Error(), words) {
		t.Errorf("%s: %v, want that it is refused and says %q", what, err, words)
	}
}

// TestRule9_AnApprovalBindsWhatItsApproverWasShown is the trial: a note says
// few rows, the finding grows, a note says many; who acts on the first one
// approves nothing, and learns where to look.
func TestRule9_AnApprovalBindsWhatItsApproverWasShown(t *testing.T) {
	w, id := approving(t)
	ctx, request, few := t.Context(), bot.IDOfTicket(id), w.Code(id)
	if !regexp.MustCompile(`^[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}$`).MatchString(few) {
		t.Fatalf("the note bears the code %q", few)
	}
	operate(t, w.Approve, id, "dpo")
	grow(w, 3000)
	w.Settle()
	w.Expect(id, "awaiting_approval", bot.ReasonGrown)
	many := w.Code(id)
	if many == few || !strings.Contains(notesOf(t, w, id), "<td>3002</td>") {
		t.Fatalf("the second note bears the code %s, after %s", many, few)
	}
	before := w.Case(id).Version
	refuses(t, "the first note's code", w.Engine.Approve(ctx, request, few, "dpo"), "what was found has changed since")
	for _, code := range []string{"", "-", "AAAA-AAAA", many[:8], many + "0", request} {
		refuses(t, "the code "+code, w.Engine.Approve(ctx, request, code, "dpo"), "the newest note on the ticket")
	}
	if got := w.Case(id); got.Version != before || got.Wait.Reason != bot.ReasonGrown || w.Systems["events"].Allowed != 0 {
		t.Errorf("what was refused changed the record, or erased %d rows", w.Systems["events"].Allowed)
	}
	typed := strings.NewReplacer("0", "o", "1", "l", "-", " ").Replace(" " + strings.ToLower(many) + " ")
	if err := w.Engine.Approve(ctx, request, typed, "dpo"); err != nil {
		t.Fatalf("%q, as it was typed: %v", typed, err)
	}
	w.Settle()
	w.Expect(id, "resolved", bot.ReasonErased)
}

// TestRule9_ACodeStandsForOneThing: for a request, for what is asked and for
// what was found, by digests that nobody has who was not shown it; and for the
// same again, once that is there again.
func TestRule9_ACodeStandsForOneThing(t *testing.T) {
	w, id := approving(t)
	code := w.Code(id)
	other, same := approving(t)
	if same != id || other.Code(same) == code {
		t.Errorf("two installations ask for one code about requests of the same number: %s", code)
	}
	report := w.File(world.Alex(), "access", janeBody)
	w.Settings.Deletes.Approval = "always, access"
	w.Start()
	w.Settle()
	w.Expect(report, "awaiting_approval", bot.ReasonApproval)
	refuses(t, "another request's code", w.Engine.Approve(t.Context(), bot.IDOfTicket(report), code, "dpo"), "no code of what")

	w.Settings.Deletes.ApprovalExpires, w.Settings.Deletes.WaitingPeriod = 2*time.Hour, time.Hour
	w.Start()
	operate(t, w.Approve, report, "dpo")
	operate(t, w.Approve, id, "dpo")
	w.Settle()
	operate(t, w.Engine.Hold, id, "ops")
	w.Clock.Advance(3 * time.Hour)
	operate(t, w.Engine.Retry, id, "ops")
	w.Settle()
	w.Expect(id, "awaiting_approval", bot.ReasonExpired)
	if again := w.Code(id); again != code {
		t.Errorf("the same is asked by %s, and was by %s", again, code)
	}
}

// TestRule9_WhatNoNoteShowsIsNotApproved: where what is stored changes while it
// waits, no code of before works, and another note is owed, whose code does. So
// does a request of a version that wrote no codes.
func TestRule9_WhatNoNoteShowsIsNotApproved(t *testing.T) {
	for name, change := range map[string]func(*bot.Case){
		"what is stored": func(c *bot.Case) {
			grown := *c.Systems["events"]
			grown.Sets = []bot.Tally{{Collection: "events.thing", Action: connectors.ActionDelete, Before: connectors.Counts{Rows: 3000}}}
			c.Systems["events"] = &grown
		},
		"a system that was left out": func(c *bot.Case) {
			out := *c.Systems["warehouse"]
			out.Skip = bot.ReasonByOperator
			c.Systems["warehouse"] = &out
		},
		"the data map": func(c *bot.Case) {
			other := *c.Systems["crm"]
			other.Map = "another"
			c.Systems["crm"] = &other
		},
		"an old record": func(c *bot.Case) { c.Wait.Of = "" },
	} {
		t.Run(name, func(t *testing.T) {
			w, id := approving(t)
			request, before := bot.IDOfTicket(id), w.Code(id)
			rewrite(t, w, id, change)
			c := w.Case(id)
			if code, _ := w.Engine.Shown(&c); code != "" {
				t.Errorf("the code %s is shown beside counts for which it does not stand", code)
			}
			notes := strings.Count(notesOf(t, w, id), "needs a person")
			refuses(t, "the note's code", w.Engine.Approve(t.Context(), request, before, "dpo"), "something else than is stored now")
			if w.Case(id).Approval != nil {
				t.Fatal("it is approved")
			}
			w.Settle()
			if n := strings.Count(notesOf(t, w, id), "needs a person"); n != notes+1 {
				t.Fatalf("%d notes ask for approval, want %d", n, notes+1)
			}
			c = w.Case(id)
			code, counts := w.Engine.Shown(&c)
			if code != w.Code(id) || name != "an old record" && code == before || !strings.HasPrefix(counts, "system\tcollection\trows") {
				t.Errorf("the code is %s, the note's is %s, the former was %s; shown beside %q", code, w.Code(id), before, counts)
			}
			operate(t, w.Approve, id, "dpo")
		})
	}
}

// rewrite changes a request's record as a commit of ours would.
func rewrite(t *testing.T, w *world.World, ticket int64, change func(*bot.Case)) {
	t.Helper()
	rec, err := w.Store.Load(t.Context(), bot.IDOfTicket(ticket))
	if err != nil {
		t.Fatal(err)
	}
	change(&rec.Case)
	if err := w.Store.Commit(t.Context(), bot.Change{Case: rec.Case, Hint: rec.Hint, Now: w.Clock.Now()}); err != nil {
		t.Fatal(err)
	}
}

// TestRule9_AReleaseBindsWhatItsOperatorWasShown: a hold for its numbers is let
// pass with those that the operator read, and no other hold with it.
func TestRule9_AReleaseBindsWhatItsOperatorWasShown(t *testing.T) {
	w := populated(t)
	w.Settings.Deletes.Approval, w.Settings.Deletes.CapRowsPerSystem = "always", 1
	w.Directory.Set("jane@x.example", bot.TenantRight{Tenant: "acme"})
	w.Start()
	id := w.File(world.Alex(), "delete", janeBody)
	w.Settle()
	w.Expect(id, "held", bot.ReasonSubjectIsUser)
	ctx, request := t.Context(), bot.IDOfTicket(id)
	user := w.Code(id)
	operate(t, w.Release, id, "ops")
	w.Settle()
	w.Expect(id, "held", bot.ReasonCapRows)
	few := w.Code(id)
	refuses(t, "the code of the hold before", w.Engine.Release(ctx, request, user, "ops"), "no code of what")
	operate(t, w.Release, id, "ops")
	w.Settle()
	w.Expect(id, "awaiting_approval", bot.ReasonApproval)
	refuses(t, "the code of a hold", w.Engine.Approve(ctx, request, few, "dpo"), "no code of what")
	operate(t, w.Approve, id, "dpo")
	grow(w, 3000)
	w.Settle()
	w.Expect(id, "held", bot.ReasonSubjectIsUser)
	refuses(t, "the first note's code", w.Engine.Release(ctx, request, user, "ops"), "what was found has changed since")
	operate(t, w.Release, id, "ops")
	w.Settle()
	w.Expect(id, "held", bot.ReasonCapRows)
	refuses(t, "the first note's code", w.Engine.Release(ctx, request, few, "ops"), "what was found has changed since")
	refuses(t, "no code", w.Engine.Release(ctx, request, "", "ops"), "requests show")
	c := w.Case(id)
	if code, counts := w.Engine.Shown(&c); code != w.Code(id) || !strings.Contains(counts, "events.thing\t3002\tdelete") {
		t.Errorf("shown are %s, and the code %s", counts, code)
	}
	expectNothingErased(t, w)
	operate(t, w.Release, id, "ops")
	w.Settle()
	w.Expect(id, "awaiting_approval", bot.ReasonGrown)
}

// TestRule9_AReleaseBindsTheEditThatWasShown: another edit under a hold is
// another note, and the first one's code lets it not pass.
func TestRule9_AReleaseBindsTheEditThatWasShown(t *testing.T) {
	w := populated(t)
	w.Settings.Deletes.WaitingPeriod = time.Hour
	w.Start()
	id := w.File(world.Alex(), "delete", janeBody)
	w.Settle()
	codes := []string{}
	for n, text := range []string{"jose@x.example", "josé@x.example", "josé@x.example"} {
		w.Desk.Edit(id, func(t *bot.Ticket) { t.Comments[0].Text = text })
		w.Hint(id)
		w.Settle()
		w.Expect(id, "held", bot.ReasonEdited)
		codes = append(codes, w.Code(id))
		if notes := strings.Count(notesOf(t, w, id), "waits for a person"); notes != min(n+1, 2) {
			t.Fatalf("after edit %d, %d notes tell of it", n+1, notes)
		}
	}
	c := w.Case(id)
	if code, _ := w.Engine.Shown(&c); code != "" || codes[0] == codes[1] {
		t.Errorf("the codes are %v; %q is shown where the edit is not", codes, code)
	}
	err := w.Engine.Release(t.Context(), bot.IDOfTicket(id), codes[0], "ops")
	refuses(t, "the first note's code", err, "what this hold is about has changed since")
	if strings.Contains(fmt.Sprint(err), "requests show") {
		t.Errorf("it names a place where the code does not stand: %v", err)
	}
	operate(t, w.Engine.Retry, id, "ops") // has it written again
	w.Pass(2 * time.Hour)
	w.Expect(id, "held", bot.ReasonEdited)
	operate(t, w.Release, id, "ops")
	w.Pass(2 * time.Hour)
	w.Expect(id, "resolved", bot.ReasonErased)
}
