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
)

// narrow is a ticket that takes room updates in a row and no more, with an
// accepted request that waits.
type narrow struct {
	*world.World
	id     int64
	room   int
	before int // comments
}

func newNarrow(t *testing.T, edits ...func(*world.World)) *narrow {
	t.Helper()
	n := &narrow{World: world.New(t)}
	n.Settings.Deletes.WaitingPeriod = 72 * time.Hour
	for _, edit := range edits {
		edit(n.World)
	}
	n.Start()
	n.Populate()
	n.id = n.File(world.Alex(), "delete", janeBody)
	n.Settle()
	n.Expect(n.id, "waiting", bot.ReasonWaitingPeriod)
	n.before = len(n.comments())
	n.Desk.Tight = func(_ int64, updates int) time.Duration {
		if updates > n.room {
			return time.Minute
		}
		return 0
	}
	return n
}

// agent writes an internal note, of which the bot hears.
func (n *narrow) agent(text string) {
	agentNotes(n.World, n.id, text)
	n.Settle()
}

// agentNotes writes an internal note.
func agentNotes(w *world.World, id int64, text string) {
	w.Desk.Edit(id, func(t *bot.Ticket) {
		last := t.Comments[len(t.Comments)-1].ID
		t.Comments = append(t.Comments, bot.Comment{
			ID: last + 1, Author: bot.Person{ID: 2, Role: "agent", Active: true, Verified: true}, At: w.Clock.Now(), Text: text,
		})
	})
	w.Hint(id)
}

// asks writes commands whose answers differ, and tells how the answers begin.
func (n *narrow) asks() []string {
	for _, text := range []string{"/privacy status", "/privacy erase", "/privacy hold", "/privacy status"} {
		n.agent(text)
	}
	return []string{"State: waiting", "can ask for these alone", "This request waits for a person", "State: held"}
}

func (n *narrow) comments() []bot.Comment {
	n.T.Helper()
	t, err := n.Desk.Ticket(n.T.Context(), n.id)
	if err != nil {
		n.T.Fatal(err)
	}
	return t.Comments
}

// said are the bot's comments since the ticket is narrow.
func (n *narrow) said() []bot.Comment {
	n.T.Helper()
	return slices.DeleteFunc(n.comments()[n.before:], func(c bot.Comment) bool { return !c.Ours })
}

// room lets so many updates through, and time go by.
func (n *narrow) widen(room int) {
	n.T.Helper()
	n.room = room
	n.Clock.Advance(time.Minute)
	n.Settle()
}

// inOrder fails unless each of the texts stands in all once, in their order.
func inOrder(t testing.TB, all []bot.Comment, texts []string) {
	t.Helper()
	var joined strings.Builder
	for _, c := range all {
		joined.WriteString(c.Text + "\n")
	}
	at := -1
	for _, text := range texts {
		i := strings.Index(joined.String(), text)
		if i <= at || strings.Count(joined.String(), text) != 1 {
			t.Errorf("%q does not stand once, and behind the one before, in:\n%s", text, joined.String())
		}
		at = i
	}
}

func (n *narrow) expectEachStepOnce(steps int) {
	n.T.Helper()
	all := n.Desk.Ours(n.id)
	if !slices.Equal(slices.Compact(slices.Sorted(slices.Values(all))), slices.Sorted(slices.Values(all))) || len(all) != steps+1 {
		n.T.Errorf("said %v, want the receipt and %d more, each once", all, steps)
	}
	if owed := n.Case(n.id).Owed; len(owed) != 0 {
		n.T.Errorf("still owed: %v", owed)
	}
}

// TestRule4_NotesGoTogetherWhereRoomIsShort: what can wait waits in the outbox,
// and goes in one update, each text once, in its order, with all their tags.
func TestRule4_NotesGoTogetherWhereRoomIsShort(t *testing.T) {
	n := newNarrow(t)
	texts := n.asks()
	if u := n.Desk.Updates[n.id]; u != 1 {
		t.Fatalf("%d updates, and there was room for none but the receipt", u)
	}
	n.widen(1)
	if u := n.Desk.Updates[n.id]; u != 2 {
		t.Errorf("%d updates, want one more for all notes", u)
	}
	said := n.said()
	if len(said) != 1 || said[0].Public {
		t.Fatalf("said %+v, want one internal note", said)
	}
	inOrder(t, said, texts)
	n.expectEachStepOnce(4)
	if ticket, _ := n.Desk.Ticket(t.Context(), n.id); !slices.Contains(ticket.Tags, bot.TagNeedsPerson) {
		t.Errorf("the tag of one of them is missing: %v", ticket.Tags)
	}
}

// TestNotesAreSaidOneByOneWhereThereIsRoom: an agent finds each answer below
// its question.
func TestNotesAreSaidOneByOneWhereThereIsRoom(t *testing.T) {
	n := newNarrow(t)
	n.room = 20
	texts := n.asks()
	if said := n.said(); len(said) != 4 {
		t.Errorf("%d notes, want each alone", len(said))
	}
	inOrder(t, n.said(), texts)
	n.expectEachStepOnce(4)
}

// TestRule4_NoNoteJoinsAPublicAnswer: what a customer reads stays alone, and in
// its place between the notes.
func TestRule4_NoNoteJoinsAPublicAnswer(t *testing.T) {
	n := newNarrow(t)
	texts := n.asks()
	if err := n.Engine.Extend(t.Context(), bot.IDOfTicket(n.id), "ops", 20, "An archive has to be restored first."); err != nil {
		t.Fatal(err)
	}
	n.Settle()
	n.agent("/privacy status")
	n.agent("/privacy no")
	n.widen(1)
	said := n.said()
	if len(said) != 3 || said[0].Public || !said[1].Public || said[2].Public {
		t.Fatalf("said %+v, want notes, the public answer, notes", said)
	}
	inOrder(t, said[:1], texts)
	inOrder(t, said[1:2], []string{"An archive has to be restored first."})
	inOrder(t, said[2:], []string{"State: held", "can ask for these alone"})
	n.expectEachStepOnce(8)
}

// TestRule4_ProgressRidesAlong: what has no words goes with what is said next,
// to agents or to customers, and only the newest value is sent.
func TestRule4_ProgressRidesAlong(t *testing.T) {
	for name, say := range map[string]func(n *narrow){
		"a note": func(n *narrow) { n.agent("/privacy status") },
		"a public answer": func(n *narrow) {
			rec, err := n.Store.Load(t.Context(), bot.IDOfTicket(n.id))
			if err != nil {
				t.Fatal(err)
			}
			rec.Case.Owed = append(rec.Case.Owed, bot.Say{Step: "word", Message: "held", Public: true})
			if err := n.Store.Commit(t.Context(), bot.Change{Case: rec.Case, Hint: rec.Hint, Now: n.Clock.Now()}); err != nil {
				t.Fatal(err)
			}
			n.Hint(n.id)
			n.Settle()
		},
	} {
		n := newNarrow(t, func(w *world.World) { w.Settings.ShowsProgress = true })
		n.Pass(20 * time.Minute)
		if owed := n.Case(n.id).Owed; len(owed) != 1 || owed[0].Message != "" {
			t.Fatalf("%s: owed %+v, want the progress alone", name, owed)
		}
		var got []bot.Update
		n.Desk.Refuse = func(u bot.Update) error {
			got = append(got, u)
			return nil
		}
		say(n)
		n.widen(1)
		if len(got) != 1 || len(got[0].Mark.Steps()) != 2 || got[0].Fields["progress"] != "waiting" || got[0].HTML == "" || got[0].Public != (name != "a note") {
			t.Errorf("%s: written %+v, want one update of both", name, got)
		}
		n.expectEachStepOnce(2)
	}
}

// TestRule4_SameTextsAreShownOnce in a note of several; each step is done.
func TestRule4_SameTextsAreShownOnce(t *testing.T) {
	n := newNarrow(t)
	for range 5 {
		n.agent("/privacy status")
	}
	n.widen(1)
	inOrder(t, n.said(), []string{"State: waiting"})
	n.expectEachStepOnce(5)
}

// TestRule3_KillAroundAnUpdateOfSeveral kills the process at each failpoint
// while notes are gathered and said together: each stands there once.
func TestRule3_KillAroundAnUpdateOfSeveral(t *testing.T) {
	run := func(t *testing.T, at int) int {
		n := newNarrow(t)
		seen := 0
		n.Failpoint = func(string) {
			if seen++; seen-1 == at {
				n.Kill()
			}
		}
		texts := n.asks()
		n.room = 1
		n.Pass(20 * time.Minute) // a dead one's lease ends
		inOrder(t, n.said(), texts)
		n.expectEachStepOnce(4)
		return seen
	}
	all := run(t, -1)
	if all < 10 {
		t.Fatalf("only %d failpoints", all)
	}
	for at := range all {
		t.Run(fmt.Sprint(at), func(t *testing.T) {
			t.Parallel()
			run(t, at)
		})
	}
}

// TestRule4_LostAnswerOfSeveral: the update of several notes lands and nobody
// learns of it; what is owed meanwhile is said with nothing of it.
func TestRule4_LostAnswerOfSeveral(t *testing.T) {
	n := newNarrow(t)
	texts := n.asks()
	lost := false
	n.Failpoint = func(name string) {
		if strings.HasPrefix(name, "after-update-") && !lost {
			lost = true
			n.Kill()
		}
	}
	n.widen(1)
	n.room = 0
	n.agent("/privacy what")
	n.Pass(10 * time.Minute)
	n.widen(1)
	said := n.said()
	if len(said) != 2 || !lost {
		t.Fatalf("said %+v (lost %v), want the four and one more", said, lost)
	}
	inOrder(t, said[:1], texts)
	inOrder(t, said[1:], []string{"can ask for these alone"})
	n.expectEachStepOnce(5)
}

// TestRule4_StaleUpdateOfSeveral: somebody writes between the look and the
// update; nothing of it is said twice or lost.
func TestRule4_StaleUpdateOfSeveral(t *testing.T) {
	n := newNarrow(t)
	texts := n.asks()
	disturbed := 0
	n.Failpoint = func(name string) {
		if strings.HasPrefix(name, "before-update-") && disturbed < 3 {
			disturbed++
			n.Desk.Edit(n.id, func(t *bot.Ticket) { t.Tags = append(t.Tags, "touched") })
		}
	}
	n.widen(1)
	inOrder(t, n.said(), texts)
	n.expectEachStepOnce(4)
	if disturbed != 3 || n.Desk.Updates[n.id] != 2 {
		t.Errorf("disturbed %d times, %d updates", disturbed, n.Desk.Updates[n.id])
	}
}

// TestRule11_WhatIsRefusedTogetherIsSaidAlone: one note that the desk takes
// not keeps no other from being said.
func TestRule11_WhatIsRefusedTogetherIsSaidAlone(t *testing.T) {
	n := newNarrow(t)
	n.agent("/privacy status")
	n.agent("/privacy who")
	n.Desk.Refuse = func(u bot.Update) error {
		if strings.Contains(u.HTML, "these alone") && strings.Contains(u.HTML, "State:") {
			return errors.New("it is refused for good")
		}
		return nil
	}
	n.room = 1
	n.Pass(20 * time.Minute)
	if said := n.said(); len(said) != 2 {
		t.Errorf("said %+v, want both, each alone", said)
	}
	n.expectEachStepOnce(2)
	n.Expect(n.id, "waiting", bot.ReasonWaitingPeriod)
}
