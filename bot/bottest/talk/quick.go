package talk

import (
	"time"

	"privacydesk/bot/zendesksim"
)

// Quietly plays what the transcript need not show in full, and says it in a
// sentence.
func (k *Talk) Quietly(says string, play func()) {
	k.T.Helper()
	lines := k.lines
	play()
	k.show()
	k.lines = lines
	k.Note("%s", says)
}

// NotesQuickly lets an agent write internal notes, one each so often. The
// daemon hears of each, and works in between.
func (t Ticket) NotesQuickly(by Person, each time.Duration, texts ...string) Ticket {
	t.k.T.Helper()
	for _, text := range texts {
		if _, _, err := t.k.Sim.Reply(t.ID, by.ID, text, zendesksim.ReplyOptions{}); err != nil {
			t.k.T.Fatal(err)
		}
		t.k.heading(by.Name, "writes an internal note", text)
		t.k.Hint(t.ID)
		end := t.k.Clock.Now().Add(each)
		t.k.Serve(each, func() bool { return !t.k.Clock.Now().Before(end) })
	}
	return t
}

// Steps are those that the bot's updates of the ticket bear the marks of, by
// update, the oldest first.
func (t Ticket) Steps() [][]string {
	var out [][]string
	for _, a := range t.k.Sim.Audits(t.ID) {
		if steps := t.k.stepsOf(a); t.k.people[a.AuthorID] == "privacydesk" && len(steps) > 0 {
			out = append(out, steps)
		}
	}
	return out
}

// Busiest is how many updates of the ticket the bot made in the ten minutes in
// which it made most.
func (t Ticket) Busiest() int {
	var at []time.Time
	most := 0
	for _, a := range t.k.Sim.Audits(t.ID) {
		if t.k.people[a.AuthorID] != "privacydesk" {
			continue
		}
		at = append(at, a.CreatedAt)
		for at[len(at)-1].Sub(at[0]) >= 10*time.Minute {
			at = at[1:]
		}
		most = max(most, len(at))
	}
	return most
}
