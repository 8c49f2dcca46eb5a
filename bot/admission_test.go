package bot_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"privacydesk/bot"
	"privacydesk/bot/bottest/world"
	"privacydesk/connectors"
)

// said is all that stands on a ticket by our hand.
func said(t *testing.T, w *world.World, id int64) string {
	t.Helper()
	ticket, err := w.Desk.Ticket(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, c := range ticket.Comments {
		if c.Ours {
			fmt.Fprintln(&b, c.Text)
		}
	}
	return b.String()
}

// TestAnswersBearTheirReasonCode, and nobody is looked up where the answer does
// not depend on it.
func TestAnswersBearTheirReasonCode(t *testing.T) {
	file := func(by bot.Person, kind string, edit func(*bot.Ticket)) func(*world.World) int64 {
		return func(w *world.World) int64 {
			id := w.Desk.File(bot.Ticket{Requester: by, FormID: world.Form, Fields: map[int64]string{world.KindField: kind}}, janeBody)
			w.Desk.Edit(id, edit)
			w.Hint(id)
			return id
		}
	}
	nothing := func(*bot.Ticket) {}
	for _, tc := range []struct {
		file  func(*world.World) int64
		why   bot.Reason
		asked []string
	}{
		{file(world.Uli(), "access", nothing), bot.ReasonNotAdmin, []string{"uli@acme.example"}},
		{file(world.Carla(), "delete", nothing), bot.ReasonUnknown, []string{"carla@mail.example"}},
		{file(world.Gina(), "delete", func(t *bot.Ticket) { t.Fields[world.TenantField] = "acme" }), bot.ReasonOtherTenant, []string{"gina@globex.example"}},
		{file(world.Alex(), "delete", func(t *bot.Ticket) { t.Fields[world.TenantField] = "ACME" }), bot.ReasonOtherTenant, []string{"alex@acme.example"}},
		{file(world.Alex(), "delete", func(t *bot.Ticket) { t.Comments[0].Flags = []int{0} }), bot.ReasonSenderDoubt, nil},
		{file(world.Alex(), "access", func(t *bot.Ticket) { t.Submitter = world.Carla() }), bot.ReasonSenderDoubt, nil},
		{file(world.Alex(), "access", func(t *bot.Ticket) { t.Requester.Verified = false }), bot.ReasonUnverified, nil},
		{file(world.Alex(), "access", func(t *bot.Ticket) { t.Requester.Active = false }), bot.ReasonSuspended, nil},
		{file(world.Alex(), "opt_out", nothing), bot.ReasonOptOut, nil},
		{file(world.Carla(), "direct", nothing), bot.ReasonDirect, nil},
	} {
		t.Run(string(tc.why), func(t *testing.T) {
			w := populated(t)
			id := tc.file(w)
			w.Settle()
			w.Expect(id, "rejected", tc.why)
			if text := said(t, w, id); !strings.Contains(text, "<code>"+string(tc.why)+"</code>") || strings.Contains(text, "jane@") {
				t.Errorf("the answer is\n%s", text)
			}
			if !slices.Equal(w.Directory.Asked, tc.asked) {
				t.Errorf("looked up %v, want %v", w.Directory.Asked, tc.asked)
			}
			expectNothingErased(t, w)
		})
	}
}

// TestRule1_FollowUpsAreConfirmed: a follow-up inherits the fields of a ticket
// that is closed; it executes nothing by itself.
func TestRule1_FollowUpsAreConfirmed(t *testing.T) {
	w := populated(t)
	id := w.Desk.File(bot.Ticket{
		Requester: world.Alex(), FormID: world.Form, Fields: map[int64]string{world.KindField: "delete"}, FollowupOf: 7,
	}, janeBody)
	w.Hint(id)
	w.Pass(time.Hour)
	w.Expect(id, "held", bot.ReasonFollowUp)
	expectNothingErased(t, w)
	w.Desk.Edit(id, func(t *bot.Ticket) { t.Comments[0].Text = "jose@x.example" })
	operate(t, w.Release, id, "ops")
	w.Pass(time.Hour)
	w.Expect(id, "held", bot.ReasonFollowUp) // what was confirmed named another person
	operate(t, w.Release, id, "ops")
	w.Pass(time.Hour)
	w.Expect(id, "resolved", bot.ReasonErased)
}

// TestRule6_WhichTenantIsNeverGuessed: an admin of several names one.
func TestRule6_WhichTenantIsNeverGuessed(t *testing.T) {
	admin := func(tenant string) bot.TenantRight { return bot.TenantRight{Tenant: tenant, Admin: true} }
	for name, tc := range map[string]struct {
		rights []bot.TenantRight
		answer string
		tenant string // empty: asked again
	}{
		"exactly":                {[]bot.TenantRight{admin("acme"), admin("globex")}, "globex", "globex"},
		"another case":           {[]bot.TenantRight{admin("acme"), admin("globex")}, " Globex.", "globex"},
		"above a signature":      {[]bot.TenantRight{admin("acme"), admin("globex")}, "acme\n\n-- \nAlex, globex\n", "acme"},
		"above a quote":          {[]bot.TenantRight{admin("acme"), admin("globex")}, "acme\n\nOn Monday, Desk wrote:\n> globex?", "acme"},
		"cases tell them apart":  {[]bot.TenantRight{admin("Acme"), admin("acme")}, "acme", "acme"},
		"cases do not":           {[]bot.TenantRight{admin("Acme"), admin("acme")}, "ACME", ""},
		"both":                   {[]bot.TenantRight{admin("acme"), admin("globex")}, "acme or globex", ""},
		"one without the right":  {[]bot.TenantRight{admin("acme"), admin("initech"), {Tenant: "globex"}}, "globex", ""},
		"one that nobody has":    {[]bot.TenantRight{admin("acme"), admin("globex")}, "initech", ""},
		"a part of a name":       {[]bot.TenantRight{admin("acme"), admin("globex")}, "acm", ""},
		"a look-alike of a name": {[]bot.TenantRight{admin("acme"), admin("globex")}, "аcme", ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := populated(t)
			w.Directory.Set(world.Alex().Email, tc.rights...)
			id := w.File(world.Alex(), "access", janeBody)
			w.Settle()
			w.Expect(id, "needs_info", bot.ReasonWhichTenant)
			w.Desk.Reply(id, world.Carla(), "acme") // a copied stranger does not choose
			w.Hint(id)
			w.Settle()
			w.Expect(id, "needs_info", bot.ReasonWhichTenant)
			w.Desk.Reply(id, world.Alex(), tc.answer)
			w.Hint(id)
			w.Settle()
			if tc.tenant == "" {
				w.Expect(id, "needs_info", bot.ReasonWhichTenant)
				return
			}
			if c := w.Expect(id, "resolved", w.Case(id).Why()); c.Tenant != tc.tenant {
				t.Errorf("it is %s's, want %s's", c.Tenant, tc.tenant)
			}
		})
	}
}

// TestRule6_AnotherTenantsUserIsNotRecognised: that a subject is a user, or an
// admin, of another tenant makes no difference.
func TestRule6_AnotherTenantsUserIsNotRecognised(t *testing.T) {
	told := map[bool]string{}
	for _, known := range []bool{false, true} {
		w := populated(t)
		if known {
			w.Directory.Set("jane@x.example", bot.TenantRight{Tenant: "globex", Admin: true})
		}
		id := w.File(world.Alex(), "access", janeBody)
		w.Pass(time.Hour)
		w.Expect(id, "resolved", bot.ReasonDelivered)
		told[known] = said(t, w, id) + string(w.Desk.Files[id]["report.zip"])
	}
	if told[false] != told[true] {
		t.Errorf("it is told\n%s\nand of another tenant's user\n%s", told[false], told[true])
	}
}

// TestRule1_SolvedBehindAQuestion: somebody solved the ticket while a question
// was open; that a field became clear afterwards executes nothing.
func TestRule1_SolvedBehindAQuestion(t *testing.T) {
	w := populated(t)
	id := w.File(world.Alex(), "access", "somebody")
	w.Settle()
	w.Expect(id, "needs_info", bot.ReasonNoSubject)
	w.Desk.Edit(id, func(t *bot.Ticket) { t.Status = bot.StatusSolved })
	w.Hint(id)
	w.Settle()
	w.Expect(id, "needs_info", bot.ReasonNoSubject)
	if status := w.Desk.Status(id); status != bot.StatusPending {
		t.Errorf("it is %s after it was solved once", status)
	}
	w.Desk.Edit(id, func(t *bot.Ticket) { t.Status, t.Comments[0].Text = bot.StatusSolved, "jane@x.example" })
	w.Hint(id)
	w.Pass(time.Hour)
	w.Expect(id, "held", bot.ReasonSolvedByHand)
	if len(w.Desk.Files[id]) != 0 {
		t.Error("a report was attached")
	}
	w.Desk.Edit(id, func(t *bot.Ticket) { t.Status = bot.StatusOpen })
	operate(t, w.Engine.Retry, id, "ops")
	w.Pass(time.Hour)
	w.Expect(id, "resolved", bot.ReasonDelivered)
}

// TestOnlyTheRequesterAnswers: neither a copied colleague, nor an agent, nor a
// remark that is not public names the person.
func TestOnlyTheRequesterAnswers(t *testing.T) {
	agent := bot.Person{ID: 90, Email: "agent@vendor.example", Role: "agent", Verified: true, Active: true}
	colleague := world.Uli()
	w := populated(t)
	id := w.File(world.Alex(), "delete", "jane@x.example and jose@x.example")
	w.Settle()
	w.Desk.Reply(id, colleague, "jose@x.example")
	w.Desk.Reply(id, agent, "jose@x.example")
	w.Desk.Reply(id, world.Alex(), "jose@x.example")
	w.Desk.Edit(id, func(t *bot.Ticket) { t.Comments[len(t.Comments)-1].Public = false })
	w.Hint(id)
	w.Pass(time.Hour)
	w.Expect(id, "needs_info", bot.ReasonManySubjects)
	expectNothingErased(t, w)
}

// TestRule11_DirectoryAwayIsTold once, and goes on by itself.
func TestRule11_DirectoryAwayIsTold(t *testing.T) {
	w := populated(t)
	w.Directory.Err = errors.New("down")
	id := w.File(world.Alex(), "delete", janeBody)
	w.Pass(24 * time.Hour)
	w.Expect(id, "waiting", bot.ReasonDirectory)
	if text := said(t, w, id); strings.Count(text, "directory_unavailable") != 1 {
		t.Errorf("the ticket says\n%s", text)
	}
	w.Directory.Err = nil
	w.Pass(24 * time.Hour)
	w.Expect(id, "resolved", bot.ReasonErased)
}

// TestRule13_ADirectoryThatMisfitsIsNoOutage: it is told at once, by words of
// its own, and the request goes on when the query was mended.
func TestRule13_ADirectoryThatMisfitsIsNoOutage(t *testing.T) {
	w := populated(t)
	w.Directory.Err = connectors.NewError(connectors.Misfit, "directory", "the column is_admin is not a truth value", nil)
	id := w.File(world.Alex(), "delete", janeBody)
	w.Pass(time.Minute)
	w.Expect(id, "held", bot.ReasonDirectoryMisfit)
	w.Pass(24 * time.Hour)
	if text := said(t, w, id); strings.Count(text, "directory_misfit") != 1 || strings.Contains(text, "directory_unavailable") {
		t.Errorf("the ticket says\n%s", text)
	}
	w.Directory.Err = nil
	w.Pass(24 * time.Hour)
	w.Expect(id, "resolved", bot.ReasonErased)
}

// TestRule11_WhyASystemWasNotErased stands on the ticket in plain words.
func TestRule11_WhyASystemWasNotErased(t *testing.T) {
	w := populated(t)
	w.Systems["events"].Meanwhile = func(*world.System) {
		w.Directory.Set(world.Alex().Email, bot.TenantRight{Tenant: "acme"})
	}
	id := w.File(world.Alex(), "delete", janeBody)
	w.Pass(time.Hour)
	w.Expect(id, "held", bot.ReasonSystemFailed)
	if text := said(t, w, id); !strings.Contains(text, "no longer an administrator of the account") {
		t.Errorf("the ticket says\n%s", text)
	}
}

// TestRule11_WorkersThatDieAgainAndAgain: a run that takes its worker down each
// time is not tried for ever.
func TestRule11_WorkersThatDieAgainAndAgain(t *testing.T) {
	w := populated(t)
	deaths := 0
	w.Systems["warehouse"].Fail = func(op string) error {
		if op == "gather" {
			deaths++
			w.Kill()
		}
		return nil
	}
	id := w.File(world.Alex(), "access", janeBody)
	w.Pass(6 * time.Hour)
	w.Expect(id, "held", bot.ReasonSystemFailed)
	if most := w.Settings.MaxAttempts * 3; deaths == 0 || deaths > most {
		t.Errorf("%d workers died, want at most %d", deaths, most)
	}
}

// TestRule11_IdentityThatTurnsUpWhileVerifying is searched by, too.
func TestRule11_IdentityThatTurnsUpWhileVerifying(t *testing.T) {
	w := world.New(t)
	w.Systems["crm"].Action = connectors.ActionRetain
	w.Populate()
	crm, events := w.Systems["crm"], w.Systems["events"]
	grown, refusals := false, 0
	events.Meanwhile = func(s *world.System) {
		if !grown {
			crm.Add(world.Row{ID: 500, Tenant: "acme", Key: connectors.Text("jane@x.example"), Text: "again", Gives: 99})
			s.Add(world.Row{ID: 501, Tenant: "acme", Key: connectors.Int(99), Text: "click under another number"})
		}
		grown = true
	}
	crm.Fail = func(op string) error { // so that events is verified before crm tells the number
		if op == "locate" && grown && refusals == 0 {
			refusals++
			return connectors.NewError(connectors.Transient, op, "no answer", nil)
		}
		return nil
	}
	id := w.File(world.Alex(), "delete", janeBody)
	w.Pass(3 * time.Hour)
	w.Expect(id, "resolved", bot.ReasonErased)
	for _, r := range events.Rows() {
		if r.ID == 501 {
			t.Error("a row was left, and the answer says that nothing was found any more")
		}
	}
}
