package bot_test

import (
	"errors"
	"io/fs"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"privacydesk/bot"
	"privacydesk/bot/bottest/world"
	"privacydesk/connectors"
)

// TestRule11_FailedSystemIsNotSilent: the ticket is held, not resolved; a
// person may retry, or leave the system out, which every paper then says.
func TestRule11_FailedSystemIsNotSilent(t *testing.T) {
	w := populated(t)
	w.Systems["warehouse"].Fail = func(op string) error {
		if op == "gather" {
			return connectors.NewError(connectors.Credentials, "gather", "the password was refused", nil)
		}
		return nil
	}
	id := w.File(world.Alex(), "access", janeBody)
	w.Pass(time.Hour)
	w.Expect(id, "held", bot.ReasonSystemFailed)
	if w.Desk.Status(id) == bot.StatusSolved {
		t.Fatal("the ticket was resolved over a failed system")
	}
	notes := 0
	ticket, err := w.Desk.Ticket(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range ticket.Comments {
		if c.Ours && !c.Public && strings.Contains(c.Text, "warehouse") {
			notes++
		}
	}
	if notes != 1 {
		t.Errorf("%d internal notes name the system, want 1", notes)
	}
	if err := w.Engine.Skip(t.Context(), bot.IDOfTicket(id), "warehouse", "ops"); err != nil {
		t.Fatal(err)
	}
	w.Pass(time.Hour)
	w.Expect(id, "partly_executed", bot.ReasonDelivered)
	if report := string(w.Desk.Files[id]["report.zip"]); !strings.Contains(report, `"skipped"`) {
		t.Error("the report does not say that a system was left out")
	}
}

// TestRule11_TransientFailuresAreRetried and then told.
func TestRule11_TransientFailuresAreRetried(t *testing.T) {
	w := populated(t)
	fails := 0
	w.Systems["crm"].Fail = func(op string) error {
		if op == "locate" && fails < 3 {
			fails++
			return connectors.NewError(connectors.Transient, "locate", "no answer", errors.New("i/o timeout"))
		}
		return nil
	}
	id := w.File(world.Alex(), "access", janeBody)
	w.Pass(time.Hour)
	w.Expect(id, "resolved", bot.ReasonDelivered)
	if fails != 3 {
		t.Errorf("failed %d times", fails)
	}
}

// TestRule11_CanaryNotFound: a system that does not find its canary is not
// reported as empty.
func TestRule11_CanaryNotFound(t *testing.T) {
	w := populated(t)
	w.Systems["events"].Fail = func(op string) error {
		if op == "check" {
			return errors.New("the canary was not found")
		}
		return nil
	}
	id := w.File(world.Alex(), "access", janeBody)
	w.Pass(time.Hour)
	w.Expect(id, "held", bot.ReasonSystemFailed)
}

// TestRule11_LateRowsAreErasedAndCounted, and a stream of them stops at a
// person.
func TestRule11_LateRows(t *testing.T) {
	for name, tc := range map[string]struct {
		rows  int
		state bot.State
		why   bot.Reason
	}{
		"one late row":    {1, "resolved", bot.ReasonErased},
		"an endless sync": {100, "held", bot.ReasonLeft},
	} {
		t.Run(name, func(t *testing.T) {
			w := populated(t)
			left := tc.rows
			w.Systems["events"].Meanwhile = func(s *world.System) {
				if left > 0 {
					left--
					s.Add(world.Row{ID: int64(1000 + left), Tenant: "acme", Key: connectors.Int(42), Text: "late"})
				}
			}
			id := w.File(world.Alex(), "delete", janeBody)
			w.Pass(time.Hour)
			c := w.Expect(id, tc.state, tc.why)
			if late := c.Systems["events"].Totals().Late; late == 0 {
				t.Error("no late row was counted")
			}
		})
	}
}

// TestRule11_WhatTheEngineKeepsIsRecorded: the last word counts, and a look
// that says nothing of it takes nothing back.
func TestRule11_WhatTheEngineKeepsIsRecorded(t *testing.T) {
	for name, tc := range map[string]struct{ look, want []string }{
		"the look says nothing": {nil, []string{"erase"}},
		"the look says none":    {[]string{}, nil},
		"the look says more":    {[]string{"locate"}, []string{"locate"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := populated(t)
			w.Systems["events"].Keeps = func(op string) []string {
				if op == "locate" {
					return tc.look
				}
				return []string{op}
			}
			id := w.File(world.Alex(), "delete", janeBody)
			w.Pass(time.Hour)
			if c := w.Expect(id, "resolved", bot.ReasonErased); !slices.Equal(c.Systems["events"].Keeps, tc.want) || len(c.Systems["crm"].Keeps) != 0 {
				t.Errorf("recorded: %q, %q", c.Systems["events"].Keeps, c.Systems["crm"].Keeps)
			}
		})
	}
}

// TestRule11_NoActionRefuses: a collection without a word on deletes refuses
// them; access works.
func TestRule11_NoActionRefuses(t *testing.T) {
	w := world.New(t)
	w.Systems["crm"].Action = connectors.ActionNone
	w.Populate()
	del := w.File(world.Alex(), "delete", janeBody)
	access := w.File(world.Alex(), "access", "jose@x.example")
	w.Pass(time.Hour)
	w.Expect(del, "held", bot.ReasonRefusesErase)
	w.Expect(access, "resolved", bot.ReasonDelivered)
	expectNothingErased(t, w)
}

// TestRule11_UnreachedSystemIsNamed: a system that knows people by another
// system's numbers alone, and was never asked, says so.
func TestRule11_UnreachedSystemIsNamed(t *testing.T) {
	w := populated(t)
	id := w.File(world.Alex(), "access", "nobody@x.example")
	w.Pass(10 * time.Minute)
	c := w.Expect(id, "resolved", bot.ReasonNothingFound)
	if s := c.Systems["events"]; !strings.Contains(s.Unreached, "crm.customer.id") || s.Outcome(c.Kind) != bot.OutcomeSkipped {
		t.Errorf("events: %q, outcome %s", s.Unreached, s.Outcome(c.Kind))
	}
	if s := c.Systems["crm"]; s.Unreached != "" || s.Outcome(c.Kind) != bot.OutcomeNothing {
		t.Errorf("crm was searched: %q, outcome %s", s.Unreached, s.Outcome(c.Kind))
	}
}

// TestRule11_SystemThatNothingLeadsTo: a system that could not be searched for
// anybody holds a request until a person leaves it out.
func TestRule11_SystemThatNothingLeadsTo(t *testing.T) {
	w := populated(t)
	w.AddSystem(&world.System{Name: "shop", Need: "shop.id", Action: connectors.ActionDelete, Digest: "m4"})
	w.Start()
	for _, kind := range []string{"access", "delete"} {
		id := w.File(world.Alex(), kind, janeBody)
		w.Pass(10 * time.Minute)
		w.Expect(id, "held", bot.ReasonNotSearched)
		if err := w.Engine.Skip(t.Context(), bot.IDOfTicket(id), "crm", "ops"); !errors.Is(err, bot.ErrRefused) {
			t.Errorf("a system that was searched was left out: %v", err)
		}
		if err := w.Engine.Skip(t.Context(), bot.IDOfTicket(id), "shop", "ops"); err != nil {
			t.Fatal(err)
		}
		w.Pass(10 * time.Minute)
		if c := w.Case(id); c.State() != "partly_executed" {
			t.Errorf("%s is %s (%s), want partly_executed", kind, c.State(), c.Why())
		}
	}
}

// TestRule11_WhatTheAddressMayNotSearchIsNotSearched: a system whose records
// bear no tenant is not searched by an address, and nobody is told that it was.
func TestRule11_WhatTheAddressMayNotSearchIsNotSearched(t *testing.T) {
	w := populated(t)
	w.AddSystem(&world.System{Name: "logs", Need: connectors.Email, Unscoped: true, Action: connectors.ActionDelete, Digest: "m5"})
	w.Start()
	for _, kind := range []string{"access", "delete"} {
		id := w.File(world.Alex(), kind, "nobody@x.example")
		w.Pass(10 * time.Minute)
		w.Expect(id, "held", bot.ReasonNotSearched)
	}
	preview, err := w.Engine.Preview(t.Context(), "acme", "nobody@x.example", bot.KindDelete)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range preview.Systems {
		if (s.Error != "") != (s.Name == "logs") {
			t.Errorf("the plan says of %s: %q", s.Name, s.Error)
		}
	}
}

// TestRule11_FailingStepIsTold: a step that fails for a reason of its own is
// not retried in silence for ever.
func TestRule11_FailingStepIsTold(t *testing.T) {
	w := populated(t)
	failing := true
	w.Desk.Fail = func(op string, _ int64) error {
		if op == "update" && failing {
			return errors.New("a required field is missing")
		}
		return nil
	}
	id := w.File(world.Alex(), "access", janeBody)
	w.Pass(2 * time.Hour)
	w.Expect(id, "held", bot.ReasonStepFailed)
	failing = false
	operate(t, w.Engine.Retry, id, "ops")
	w.Pass(time.Hour)
	w.Expect(id, "resolved", bot.ReasonDelivered)
}

// TestRule11_RefusedNoteHidesNoHold: a note that the desk never takes does not
// stand before the one that tells of it.
func TestRule11_RefusedNoteHidesNoHold(t *testing.T) {
	w := world.New(t)
	w.Settings.Deletes.WaitingPeriod = 10 * 24 * time.Hour
	w.Start()
	w.Populate()
	id := w.File(world.Alex(), "delete", janeBody)
	w.Settle()
	w.Desk.Refuse = func(u bot.Update) error {
		if strings.Contains(u.HTML, "State: waiting") {
			return errors.New("the desk does not like it")
		}
		return nil
	}
	agentNotes(w, id, "/privacy status")
	w.Pass(3 * time.Hour)
	w.Expect(id, "held", bot.ReasonStepFailed)
	if said := said(t, w, id); !strings.Contains(said, "A step fails again and again") {
		t.Errorf("the agents are not told: %s", said)
	}
}

// TestRule11_PanickingStepIsTold: so is one that our own defect makes fail.
func TestRule11_PanickingStepIsTold(t *testing.T) {
	w := populated(t)
	w.Guarded = func(f func() error) (err error) {
		defer func() {
			if recover() != nil {
				err = bot.ErrPanicked
			}
		}()
		return f()
	}
	w.Start()
	w.Desk.Fail = func(op string, _ int64) error {
		if op == "update" {
			panic("someone@example.com")
		}
		return nil
	}
	id := w.File(world.Alex(), "access", janeBody)
	w.Pass(2 * time.Hour)
	w.Desk.Fail = nil
	w.Pass(time.Hour)
	w.Expect(id, "held", bot.ReasonStepFailed)
	if said := said(t, w, id); !strings.Contains(said, "a defect of privacydesk") || strings.Contains(said, "someone@") {
		t.Errorf("the agents are not told: %s", said)
	}
}

// TestRule11_RemovedSystemIsTold: a system that is no longer configured while
// a run of it is under way holds the request.
func TestRule11_RemovedSystemIsTold(t *testing.T) {
	w := populated(t)
	w.Systems["warehouse"].Fail = func(op string) error {
		if op == "gather" {
			return connectors.NewError(connectors.Transient, "gather", "no answer", nil)
		}
		return nil
	}
	id := w.File(world.Alex(), "access", janeBody)
	w.Settle()
	delete(w.Systems, "warehouse")
	w.Start()
	w.Pass(time.Hour)
	w.Expect(id, "held", bot.ReasonSystemFailed)
	if err := w.Engine.Skip(t.Context(), bot.IDOfTicket(id), "warehouse", "ops"); err != nil {
		t.Fatal(err)
	}
	w.Pass(time.Hour)
	w.Expect(id, "partly_executed", bot.ReasonDelivered)
}

// TestRule11_OneNoteForOneHold: hints about a hold that stands already, our
// own note's among them, cause no further note.
func TestRule11_OneNoteForOneHold(t *testing.T) {
	w := populated(t)
	w.Settings.Deletes.WaitingPeriod = time.Hour
	w.Start()
	id := w.File(world.Alex(), "delete", janeBody)
	w.Settle()
	w.Desk.Edit(id, func(t *bot.Ticket) { t.Comments[0].Text = "jose@x.example" })
	for range 6 {
		w.Hint(id)
		w.Settle()
	}
	w.Expect(id, "held", bot.ReasonEdited)
	if n := w.Desk.Updates[id]; n != 2 {
		t.Errorf("the ticket was written %d times, want receipt and one note", n)
	}
}

// TestRule11_RefusedAnswerIsTold: an answer that the desk refuses does not
// stand in the way of the note that tells of it.
func TestRule11_RefusedAnswerIsTold(t *testing.T) {
	w := populated(t)
	id := w.File(world.Uli(), "delete", janeBody)
	w.Desk.Refuse = func(u bot.Update) error {
		if u.Status == bot.StatusSolved {
			return errors.New("a field is required to solve")
		}
		return nil
	}
	w.Pass(3 * time.Hour)
	w.Expect(id, "held", bot.ReasonStepFailed)
	if n := w.Desk.Updates[id]; n != 1 {
		t.Errorf("%d notes tell of it, want 1", n)
	}
	w.Desk.Refuse = nil
	operate(t, w.Engine.Retry, id, "ops")
	w.Settle()
	w.Expect(id, "rejected", bot.ReasonNotAdmin)
}

// TestRule11_APlanNamesTheUnknownTenant and what to do about it.
func TestRule11_APlanNamesTheUnknownTenant(t *testing.T) {
	w := populated(t)
	crm := w.Engine.Systems["crm"]
	for name, spell := range map[string]func(string) (string, error){
		"an error": func(string) (string, error) { return "", errors.New("not listed") },
		"nothing":  func(string) (string, error) { return "", nil },
	} {
		crm.Tenant = spell
		w.Engine.Systems["crm"] = crm
		p, err := w.Engine.Preview(t.Context(), "acme", "jane@x.example", bot.KindDelete)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range p.Systems {
			if said := strings.Contains(s.Error, "no spelling") && strings.Contains(s.Error, "add it to the system's tenants"); said != (s.Name == "crm") {
				t.Errorf("%s: %s says %q", name, s.Name, s.Error)
			}
		}
	}
}

// TestRule11_FullDiskIsSaidOnTheTicket: the note names what is wrong and what
// helps, not the type of a failure.
func TestRule11_FullDiskIsSaidOnTheTicket(t *testing.T) {
	w := populated(t)
	w.Systems["crm"].Fail = func(op string) error {
		if op == "gather" {
			return connectors.NewError(connectors.Misfit, "gather", "what was gathered could not be written down", &fs.PathError{Op: "write", Path: "/x", Err: syscall.ENOSPC})
		}
		return nil
	}
	id := w.File(world.Alex(), "access", janeBody)
	w.Pass(time.Hour)
	c := w.Expect(id, "held", bot.ReasonSystemFailed)
	if what := c.Systems["crm"].Run.Fail.What; !strings.Contains(what, "no space left on the disk") {
		t.Errorf("recorded: %q", what)
	}
}

// TestRule11_HintSurvivesAFailedLook: the desk is away at the moment of an
// answer; the answer is read when it is back.
func TestRule11_HintSurvivesAFailedLook(t *testing.T) {
	w := populated(t)
	id := w.File(world.Alex(), "access", "jane@x.example and jose@x.example")
	w.Settle()
	w.Desk.Reply(id, world.Alex(), "jane@x.example")
	away := true
	w.Desk.Fail = func(string, int64) error {
		if away {
			return bot.ErrUnavailable
		}
		return nil
	}
	w.Hint(id)
	w.Settle()
	away = false
	w.Pass(time.Hour)
	w.Expect(id, "resolved", bot.ReasonDelivered)
}

// TestRule11_APlanSaysThatItWasCutShort: a dry run that stopped before
// nothing new turned up may have missed systems.
func TestRule11_APlanSaysThatItWasCutShort(t *testing.T) {
	w := populated(t)
	for rounds, want := range map[int]bool{1: true, 8: false} {
		w.Engine.Settings.MaxRounds = rounds
		p, err := w.Engine.Preview(t.Context(), "acme", "jane@x.example", bot.KindDelete)
		if err != nil || p.Unsettled != want {
			t.Errorf("%d rounds: unsettled %t after %d, %v", rounds, p.Unsettled, p.Rounds, err)
		}
	}
}

// TestRule11_EachSkippedSystemIsNamed, on a line of its own: the catalogue
// reads lists line by line.
func TestRule11_EachSkippedSystemIsNamed(t *testing.T) {
	w := populated(t)
	for _, name := range []string{"crm", "warehouse"} {
		w.Systems[name].Fail = func(string) error { return connectors.NewError(connectors.Credentials, "locate", "refused", nil) }
	}
	id := w.File(world.Alex(), "access", janeBody)
	w.Pass(time.Hour)
	for _, name := range []string{"crm", "warehouse"} {
		if err := w.Engine.Skip(t.Context(), bot.IDOfTicket(id), name, "ops"); err != nil {
			t.Fatal(err)
		}
		w.Pass(time.Hour)
	}
	ticket, err := w.Desk.Ticket(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	last := ticket.Comments[len(ticket.Comments)-1]
	if !last.Public || !strings.Contains(last.Text, "<li>CRM</li><li>Warehouse</li>") && !strings.Contains(last.Text, "<li>crm</li><li>warehouse</li>") {
		t.Errorf("the last word: %s", last.Text)
	}
}

// TestRule11_WhatIsKeptIsNotCalledDeleted: a delete that had to keep all it
// found does not tell the requester that the data was deleted.
func TestRule11_WhatIsKeptIsNotCalledDeleted(t *testing.T) {
	for name, deletes := range map[string]string{"all of it": "", "some of it": "events"} {
		t.Run(name, func(t *testing.T) {
			w := world.New(t)
			for system, s := range w.Systems {
				if system != deletes {
					s.Action, s.Exception = connectors.ActionRetain, "legal_obligation"
				}
			}
			w.Populate()
			id := w.File(world.Alex(), "delete", janeBody)
			w.Pass(6 * time.Hour)
			if deletes != "" {
				w.Expect(id, "resolved", bot.ReasonErased)
				return
			}
			w.Expect(id, "resolved", bot.ReasonRetainedByLaw)
			text := said(t, w, id)
			if !strings.Contains(text, "and nothing was deleted") || !strings.Contains(text, "to meet a legal obligation") || strings.Contains(text, "was deleted, de-identified") {
				t.Errorf("the answer reads\n%s", text)
			}
		})
	}
}
