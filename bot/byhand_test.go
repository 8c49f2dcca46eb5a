package bot_test

import (
	"testing"
	"time"

	"privacydesk/bot"
	"privacydesk/bot/bottest/world"
)

const attested = int64(907)

// attesting makes each customer of a world attest.
func attesting(t *testing.T, w *world.World) *world.World {
	t.Helper()
	w.Settings.AttestedField, w.Settings.MustAttest = attested, true
	w.Start()
	return w
}

// ticked files a request whose form attests.
func ticked(w *world.World, by bot.Person, kind, body string) int64 {
	id := w.Desk.File(bot.Ticket{
		Requester: by, FormID: world.Form, Channel: "web", Subject: "Data & Privacy", Fields: map[int64]string{world.KindField: kind, attested: "true"},
	}, body)
	w.Hint(id)
	w.Settle()
	return id
}

// TestAttestationIsOfOneRequest: the box of a form was ticked for whom the form
// named. Whoever is named once that is done is attested anew.
func TestAttestationIsOfOneRequest(t *testing.T) {
	w := attesting(t, populated(t))
	id := ticked(w, world.Alex(), "delete", janeBody)
	if c := w.Expect(id, "resolved", bot.ReasonErased); c.Attested != bot.AttestedByForm {
		t.Errorf("attested by %q", c.Attested)
	}
	w.Desk.Edit(id, func(t *bot.Ticket) { t.Status, t.Fields[attested] = bot.StatusOpen, "true" })
	for _, text := range []string{"One more, please.", "bob@x.example"} {
		w.Desk.Reply(id, world.Alex(), text)
		w.Hint(id)
		w.Pass(10 * time.Minute)
	}
	w.Expect(id, "needs_info", bot.ReasonAttestation)
	w.Desk.Reply(id, world.Alex(), "verified")
	w.Hint(id)
	w.Pass(10 * time.Minute)
	w.Expect(id, "held", bot.ReasonReopened)
}

// TestAttestationIsTheAskers: a box that somebody without a right ticked is no
// word of the admin who takes the request on.
func TestAttestationIsTheAskers(t *testing.T) {
	w := attesting(t, populated(t))
	id := ticked(w, world.Uli(), "delete", janeBody)
	w.Expect(id, "rejected", bot.ReasonNotAdmin)
	w.Desk.Reply(id, world.Alex(), "Yes, confirm.")
	w.Desk.Edit(id, func(t *bot.Ticket) { t.Status, t.Comments[len(t.Comments)-1].Channel = bot.StatusOpen, "web" })
	w.Hint(id)
	w.Pass(10 * time.Minute)
	w.Expect(id, "needs_info", bot.ReasonAttestation)
	expectNothingErased(t, w)
}

// TestConsumersAttestNothing: there is no customer who could have verified them.
func TestConsumersAttestNothing(t *testing.T) {
	for kind, file := range map[string]func(*world.World) int64{
		"direct":              func(w *world.World) int64 { return w.File(world.Carla(), "direct", "Please delete my data.") },
		"delete":              func(w *world.World) int64 { return w.File(world.Carla(), "delete", "carla@mail.example") },
		"ticked all the same": func(w *world.World) int64 { return ticked(w, world.Carla(), "direct", "Please delete my data.") },
	} {
		w, _ := directly(t)
		attesting(t, w)
		id := file(w)
		w.Settle()
		if _, err := w.Engine.FollowLink(t.Context(), tokenOn(t, w, id)); err != nil {
			t.Fatal(err)
		}
		w.Settle()
		if c := w.Expect(id, "resolved", bot.ReasonErased); c.Attested != "" {
			t.Errorf("%s: attested by %q", kind, c.Attested)
		}
	}
}

// TestByHandIsEndedByAPerson alone: a rule of the desk answers nobody, and what
// is written after a person solved the ticket is read.
func TestByHandIsEndedByAPerson(t *testing.T) {
	agent := bot.Person{ID: 77, Name: "Ann Agent", Role: "agent"}
	w := populated(t)
	solve := func(id int64, by bot.Person, rule string) {
		w.Clock.Advance(time.Minute)
		w.Desk.Edit(id, func(t *bot.Ticket) {
			t.Status = bot.StatusSolved
			t.Edits = append(t.Edits, bot.Edit{At: w.Clock.Now(), What: bot.EditStatus, By: by, Rule: rule})
		})
	}
	id := w.File(world.Alex(), "", "Please correct the name of jane@x.example: it is Jane Roe.")
	w.Settle()
	w.Expect(id, "held", bot.ReasonCorrection)
	solve(id, bot.Person{}, "Solve what is old")
	w.Hint(id)
	w.Settle()
	if c := w.Case(id); c.State() != "held" || w.Desk.Status(id) != bot.StatusOpen {
		t.Fatalf("a rule ended it: %s, the ticket is %s", c.State(), w.Desk.Status(id))
	}
	solve(id, agent, "")
	w.Clock.Advance(time.Minute)
	w.Desk.Reply(id, world.Alex(), "I meant: delete her.")
	w.Hint(id)
	w.Settle()
	c := w.Case(id)
	if len(c.Past) != 1 || c.Past[0].Reason != bot.ReasonCorrection || c.State() != "held" || c.Why() != bot.ReasonReplied {
		t.Errorf("what was written after the end: %s, %s, past %+v", c.State(), c.Why(), c.Past)
	}
	expectNothingErased(t, w)
}

// TestByHandEndsOnAClosedTicket, which takes no update any more.
func TestByHandEndsOnAClosedTicket(t *testing.T) {
	w := populated(t)
	id := w.File(world.Alex(), "", "Please correct the name of jane@x.example: it is Jane Roe.")
	w.Settle()
	w.Expect(id, "held", bot.ReasonCorrection)
	w.Clock.Advance(time.Hour)
	w.Desk.Edit(id, func(t *bot.Ticket) { t.Status = bot.StatusClosed })
	w.Hint(id)
	w.Pass(30 * time.Minute)
	w.Expect(id, "rejected", bot.ReasonCorrection)
}

// TestRule3_KillAroundWhatAPersonAnswers kills the process at each failpoint of
// a correction, until it is ended: it is told of once, and ends.
func TestRule3_KillAroundWhatAPersonAnswers(t *testing.T) {
	for n := 0; ; n++ {
		w := populated(t)
		seen, killed := 0, ""
		w.Failpoint = func(name string) {
			if seen++; seen == n+1 {
				killed = name
				w.Kill()
			}
		}
		id := w.File(world.Alex(), "", "Please correct the name of jane@x.example: it is Jane Roe.")
		w.Settle()
		w.Clock.Advance(3 * time.Minute)
		w.Pass(20 * time.Minute)
		w.Expect(id, "held", bot.ReasonCorrection)
		w.Desk.Edit(id, func(t *bot.Ticket) {
			t.Status = bot.StatusSolved
			t.Edits = append(t.Edits, bot.Edit{At: w.Clock.Now(), What: bot.EditStatus, By: bot.Person{ID: 77, Role: "agent"}})
		})
		w.Hint(id)
		w.Settle()
		w.Clock.Advance(3 * time.Minute)
		w.Pass(20 * time.Minute)
		if c := w.Case(id); c.State() != "rejected" || w.Desk.Status(id) != bot.StatusSolved {
			t.Errorf("killed at %q: %s (%s), the ticket is %s", killed, c.State(), c.Why(), w.Desk.Status(id))
		}
		if steps := w.Desk.Ours(id); len(steps) != 3 {
			t.Errorf("killed at %q: said %v; want what is told, the note and the end", killed, steps)
		}
		if killed == "" {
			return
		}
	}
}
