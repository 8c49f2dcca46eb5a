package bot_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"privacydesk/bot"
	"privacydesk/bot/bottest/world"
)

// TestRule9_ReadersChangeDuringTheUpload: an upload takes its time, and what
// lets others read an attachment may change meanwhile, without a trace on the
// ticket. Nothing is attached then, and the note names what it was.
func TestRule9_ReadersChangeDuringTheUpload(t *testing.T) {
	at := time.Time{}
	agent := bot.Person{ID: 77, Name: "Ann Agent", Role: "agent"}
	for name, c := range map[string]struct {
		change func(*world.World, *bot.Ticket)
		why    bot.Reason
		named  []string
	}{
		"private attachments": {func(_ *world.World, t *bot.Ticket) { t.Readers.PublicAttachments = true }, bot.ReasonReaders, []string{"setting: private attachments are off"}},
		"colleagues":          {func(_ *world.World, t *bot.Ticket) { t.Readers.SharedOrganization = true }, bot.ReasonReaders, []string{"setting: colleagues read each other"}},
		"another account": {func(_ *world.World, t *bot.Ticket) {
			t.Readers.SharingAgreements = true
			t.Edits = []bot.Edit{{At: at, What: bot.EditSharing, By: agent}}
		}, bot.ReasonReaders, []string{"sharing with another account", "Agent #77"}},
		"a copy": {func(_ *world.World, t *bot.Ticket) {
			t.Readers.CCs = []bot.Person{world.Carla()}
			t.Edits = []bot.Edit{{At: at, What: bot.EditCopies, By: world.Alex()}}
		}, bot.ReasonReaders, []string{"people in copy", "requester"}},
		"the right": {func(w *world.World, _ *bot.Ticket) {
			w.Directory.Set(world.Alex().Email, bot.TenantRight{Tenant: "acme"})
		}, bot.ReasonRightLost, nil},
	} {
		t.Run(name, func(t *testing.T) {
			w := populated(t)
			at = w.Clock.Now().Add(time.Minute)
			id, uploads := int64(0), 0
			w.Failpoint = func(point string) {
				if point == "before-upload" {
					if uploads++; uploads == 1 {
						w.Desk.Beside(id, func(t *bot.Ticket) { c.change(w, t) })
					}
				}
			}
			id = w.File(world.Alex(), "access", janeBody)
			w.Pass(time.Hour)
			w.Expect(id, "held", c.why)
			if uploads == 0 || len(w.Desk.Files[id]) != 0 {
				t.Errorf("%d uploads, %d files were attached", uploads, len(w.Desk.Files[id]))
			}
			for _, want := range c.named {
				if notes := notesOf(t, w, id); !strings.Contains(notes, want) {
					t.Errorf("no note names %q:\n%s", want, notes)
				}
			}
			if notes := notesOf(t, w, id); strings.Contains(notes, "Ann") || strings.Contains(notes, world.Carla().Email) {
				t.Errorf("a note names a person:\n%s", notes)
			}
			w.Desk.Beside(id, func(t *bot.Ticket) { t.Readers = bot.Readers{} })
			w.Directory.Set(world.Alex().Email, bot.TenantRight{Tenant: "acme", Admin: true})
			operate(t, w.Engine.Retry, id, "ops")
			w.Pass(time.Hour)
			w.Expect(id, "resolved", bot.ReasonDelivered)
		})
	}
}

// TestRule9_WordsDuringTheUpload: so does what is written meanwhile.
func TestRule9_WordsDuringTheUpload(t *testing.T) {
	w := populated(t)
	id, uploads := int64(0), 0
	w.Failpoint = func(point string) {
		if point == "before-upload" {
			if uploads++; uploads == 1 {
				w.Desk.Reply(id, world.Alex(), "Please cancel.")
			}
		}
	}
	id = w.File(world.Alex(), "access", janeBody)
	w.Pass(time.Hour)
	w.Expect(id, "cancelled", bot.ReasonByRequester)
	if len(w.Desk.Files[id]) != 0 {
		t.Error("a report was attached")
	}
}

// notesOf are the internal notes of ours on a ticket.
func notesOf(t *testing.T, w *world.World, id int64) string {
	t.Helper()
	ticket, err := w.Desk.Ticket(context.Background(), id)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, c := range ticket.Comments {
		if c.Ours && !c.Public {
			out = append(out, c.Text)
		}
	}
	return strings.Join(out, "\n")
}

// TestHoldNamesWhatItIsAbout: field, editor and time, as far as the desk tells.
func TestHoldNamesWhatItIsAbout(t *testing.T) {
	agent := bot.Person{ID: 77, Name: "Ann Agent", Role: "agent"}
	for name, c := range map[string]struct {
		change func(*bot.Ticket)
		why    bot.Reason
		named  []string
	}{
		"a field": {func(t *bot.Ticket) {
			t.Fields = map[int64]string{world.KindField: "access"}
			t.Edits = []bot.Edit{{At: t.Updated, What: bot.EditField, Field: world.KindField, Name: "Privacy request (field 901)", By: agent}}
		}, bot.ReasonEdited, []string{"Privacy request (field 901)", "Agent #77", "2026-"}},
		"the requester": {func(t *bot.Ticket) {
			t.Requester = world.Gina()
			t.Edits = []bot.Edit{{At: t.Updated, What: bot.EditRequester, By: agent}}
		}, bot.ReasonRequester, []string{"requester</td><td>Agent #77"}},
		"the form": {func(t *bot.Ticket) {
			t.FormID = 1
			t.Edits = []bot.Edit{{At: t.Updated, What: bot.EditForm, Rule: "Sort  by form"}}
		}, bot.ReasonOutOfScope, []string{"form", "&#34;Sort by form&#34;"}},
		"a reply": {func(t *bot.Ticket) {
			t.Comments = append(t.Comments, bot.Comment{ID: t.Comments[0].ID + 50, Author: world.Uli(), Public: true, At: t.Updated, Text: "Is that right?"})
		}, bot.ReasonReply, []string{"a reply", "another user"}},
		"a rule": {func(t *bot.Ticket) {
			for range 3 {
				t.Undone = append(t.Undone, bot.Undoing{At: t.Updated, Rule: "Set it back", What: bot.EditStatus})
			}
		}, bot.ReasonTriggerFight, []string{"status", "&#34;Set it back&#34;"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := populated(t)
			w.Settings.Deletes.WaitingPeriod = 48 * time.Hour
			w.Start()
			id := w.File(world.Alex(), "delete", janeBody)
			w.Settle()
			w.Clock.Advance(2 * time.Second)
			w.Desk.Edit(id, func(*bot.Ticket) {})
			w.Desk.Edit(id, c.change)
			w.Hint(id)
			w.Settle()
			w.Expect(id, "held", c.why)
			notes := notesOf(t, w, id)
			for _, want := range c.named {
				if !strings.Contains(notes, want) {
					t.Errorf("no note names %q:\n%s", want, notes)
				}
			}
			if strings.Contains(notes, "Ann") || strings.Contains(notes, world.Uli().Name) {
				t.Errorf("a note names a person:\n%s", notes)
			}
			if dump := w.DumpRedis(); strings.Contains(dump, "Ann Agent") {
				t.Error("Redis names a person")
			}
		})
	}
}
