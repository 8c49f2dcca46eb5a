package talk

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"privacydesk/bot"
	"privacydesk/bot/zendesksim"
)

// Ticket is a ticket in a scenario.
type Ticket struct {
	k  *Talk
	ID int64
}

// Note writes a sentence into the transcript: what a reader has to know.
func (k *Talk) Note(format string, args ...any) {
	k.lines = append(k.lines, k.numbered(fmt.Sprintf("*"+format+"*", args...)), "")
}

// Files lets somebody file a request of a kind by the form.
func (k *Talk) Files(by Person, kind, text string, edits ...func(*zendesksim.NewTicket)) Ticket {
	n := zendesksim.NewTicket{
		RequesterID: by.ID, FormID: k.Form, Subject: "Data & Privacy", Body: text,
		CustomFields: map[int64]any{k.KindField: kind},
	}
	for _, edit := range edits {
		edit(&n)
	}
	id := k.Sim.FileTicket(n)
	k.seen[id] = &shown{}
	k.heading(by.Name, fmt.Sprintf("files %s", k.what(kind, n)), text)
	k.goesOn(id)
	return Ticket{k, id}
}

func (k *Talk) what(kind string, n zendesksim.NewTicket) string {
	out := "a request by the form"
	if kind != "" {
		out = "a request by the form: **" + kind + "**"
	}
	for _, f := range []struct {
		name string
		id   int64
	}{{"account", k.TenantField}, {"reference", k.ReferenceField}, {"asked on", k.AskedOnField}, {"law", k.LawField}, {"verified", k.AttestedField}} {
		if v, ok := n.CustomFields[f.id]; ok {
			out += fmt.Sprintf(", %s **%v**", f.name, v)
		}
	}
	if n.Channel == "email" {
		out = "a request by mail"
	}
	return out
}

// Replies lets somebody write a public comment.
func (t Ticket) Replies(by Person, text string, edits ...func(*zendesksim.ReplyOptions)) Ticket {
	return t.writes(by, text, "replies", zendesksim.ReplyOptions{Public: true}, edits...)
}

// Notes lets an agent write an internal note.
func (t Ticket) Notes(by Person, text string) Ticket {
	return t.writes(by, text, "writes an internal note", zendesksim.ReplyOptions{})
}

func (t Ticket) writes(by Person, text, how string, o zendesksim.ReplyOptions, edits ...func(*zendesksim.ReplyOptions)) Ticket {
	t.k.T.Helper()
	for _, edit := range edits {
		edit(&o)
	}
	if o.Channel == "email" {
		how += " by mail"
	}
	ticket, _, err := t.k.Sim.Reply(t.ID, by.ID, text, o)
	if err != nil {
		t.k.T.Fatal(err)
	}
	if ticket != t.ID {
		t.k.seen[ticket] = &shown{}
		how += fmt.Sprintf(", which becomes ticket #%d", ticket)
	}
	t.k.heading(by.Name, how, text)
	t.k.goesOn(ticket)
	return Ticket{t.k, ticket}
}

// Edits lets somebody change the ticket by hand; says is the transcript's
// sentence, such as "solves the ticket".
func (t Ticket) Edits(by Person, says string, edit func(*zendesksim.Ticket)) Ticket {
	t.k.T.Helper()
	if err := t.k.Sim.UpdateAs(by.ID, t.ID, edit); err != nil {
		t.k.T.Fatal(err)
	}
	t.k.heading(by.Name, says, "")
	t.k.goesOn(t.ID)
	return t
}

// Closes lets Zendesk close the ticket for good, as days after it was solved.
func (t Ticket) Closes() Ticket {
	t.k.T.Helper()
	if err := t.k.Sim.CloseTicket(t.ID); err != nil {
		t.k.T.Fatal(err)
	}
	t.k.Note("Zendesk closes ticket #%d for good.", t.ID)
	t.k.goesOn(t.ID)
	return t
}

// Operator does something by the command line: "approve", "retry" … as it is
// typed; f does it.
func (t Ticket) Operator(command string, f func(id string) error) Ticket {
	t.k.T.Helper()
	t.k.Note("An operator runs `privacydesk requests %s %s`.", command, bot.IDOfTicket(t.ID))
	if err := f(bot.IDOfTicket(t.ID)); err != nil {
		t.k.T.Fatalf("%s: %v", command, err)
	}
	t.k.goesOn()
	return t
}

// Approve approves what the newest note shows, by its code.
func (t Ticket) Approve(by string) Ticket {
	t.k.T.Helper()
	return t.Operator("approve --code "+t.k.Code(t.ID)+" --by "+by, func(id string) error { return t.k.Approve(t.k.T.Context(), id, by) })
}

// Release lets pass what the newest note shows, by its code.
func (t Ticket) Release(by string) Ticket {
	t.k.T.Helper()
	return t.Operator("release --code "+t.k.Code(t.ID)+" --by "+by, func(id string) error { return t.k.Release(t.k.T.Context(), id, by) })
}

// Runs lets an operator run another command, as it is typed; f does it.
func (k *Talk) Runs(command string, f func() error) {
	k.T.Helper()
	k.Note("An operator runs `privacydesk %s`.", command)
	if err := f(); err != nil {
		k.T.Fatalf("%s: %v", command, err)
	}
	k.goesOn()
}

// Merges lets an agent merge this ticket into another one.
func (t Ticket) Merges(into Ticket) {
	t.k.T.Helper()
	if err := t.k.Sim.MergeTickets(t.ID, into.ID); err != nil {
		t.k.T.Fatal(err)
	}
	t.k.Note("An agent merges ticket #%d into #%d.", t.ID, into.ID)
	t.k.goesOn(t.ID, into.ID)
}

// Link is what the bot's last link on the ticket ends in.
func (t Ticket) Link() string {
	t.k.T.Helper()
	token := ""
	for _, c := range t.k.Sim.Comments(t.ID) {
		if m := linkToken.FindStringSubmatch(c.HTMLBody); m != nil && t.k.people[c.AuthorID] == "privacydesk" {
			token = m[1]
		}
	}
	if token == "" {
		t.k.T.Fatalf("ticket #%d bears no link", t.ID)
	}
	return token
}

var linkToken = regexp.MustCompile(`href="https://[^"]*/confirm/([^"]*)"`)

// Confirms lets somebody press the button behind a link; err is what comes of
// it.
func (t Ticket) Confirms(by Person, token string) (err error) {
	t.k.T.Helper()
	_, err = t.k.Engine.FollowLink(t.k.T.Context(), token)
	what := "opens the link and presses the button"
	if err != nil {
		what += ", and reads that the link does not work"
	}
	t.k.heading(by.Name, what, "")
	t.k.goesOn()
	return err
}

// Later lets time go by and writes down what happens meanwhile.
func (k *Talk) Later(d time.Duration) {
	k.T.Helper()
	k.Note("%s later.", inWords(d))
	k.Pass(d)
	k.show()
}

func inWords(d time.Duration) string {
	count := func(n int, unit string) string {
		if n == 1 {
			return "1 " + unit
		}
		return fmt.Sprintf("%d %ss", n, unit)
	}
	switch {
	case d%(24*time.Hour) == 0:
		return count(int(d/(24*time.Hour)), "day")
	case d%time.Hour == 0:
		return count(int(d/time.Hour), "hour")
	case d%time.Minute == 0:
		return count(int(d/time.Minute), "minute")
	}
	return d.String()
}

// goesOn hints at what changed, as webhooks do, and lets the daemon work.
func (k *Talk) goesOn(changed ...int64) {
	k.T.Helper()
	k.Clock.Advance(2 * time.Second)
	for _, id := range changed {
		k.Hint(id)
	}
	k.Pass(time.Minute)
	k.show()
}

// Is fails unless the request is in the state for the reason.
func (t Ticket) Is(state bot.State, why bot.Reason) bot.Case {
	t.k.T.Helper()
	if why != "" && !slices.Contains(t.k.whys, why) {
		t.k.whys = append(t.k.whys, why)
	}
	return t.k.Expect(t.ID, state, why)
}

// IsNothing fails if the bot has a record of the ticket.
func (t Ticket) IsNothing() {
	t.k.T.Helper()
	if _, err := t.k.Store.Load(t.k.T.Context(), bot.IDOfTicket(t.ID)); err == nil {
		t.k.T.Errorf("ticket #%d has a record", t.ID)
	}
}

// Said fails unless the bot's last public comment on the ticket holds all the
// texts.
func (t Ticket) Said(texts ...string) { t.k.T.Helper(); t.last(true, texts) }

// Noted fails unless the bot's last internal note holds all the texts.
func (t Ticket) Noted(texts ...string) { t.k.T.Helper(); t.last(false, texts) }

func (t Ticket) last(public bool, texts []string) {
	t.k.T.Helper()
	said := ""
	for _, c := range t.k.Sim.Comments(t.ID) {
		if c.Public == public && t.k.people[c.AuthorID] == "privacydesk" {
			said = text(c)
		}
	}
	for _, text := range texts {
		if !strings.Contains(said, text) {
			t.k.T.Errorf("ticket #%d: the bot's last comment (public: %t) lacks %q:\n%s", t.ID, public, text, said)
		}
	}
}

// All is everything that the bot wrote on the ticket.
func (t Ticket) All() string {
	var all []string
	for _, c := range t.k.Sim.Comments(t.ID) {
		if t.k.people[c.AuthorID] == "privacydesk" {
			all = append(all, c.Body)
		}
	}
	return strings.Join(all, "\n")
}

// Request is the id of the ticket's request.
func (t Ticket) Request() string { return bot.IDOfTicket(t.ID) }

// Bears fails unless the ticket bears these tags of ours, beside the one that
// all requests bear; none: no other.
func (t Ticket) Bears(tags ...string) {
	t.k.T.Helper()
	now, _ := t.k.Sim.Ticket(t.ID)
	have := ours(now.Tags)
	for _, tag := range tags {
		if !slices.Contains(have, tag) {
			t.k.T.Errorf("ticket #%d bears %v, not %s", t.ID, have, tag)
		}
	}
	if len(tags) == 0 && len(have) > 1 {
		t.k.T.Errorf("ticket #%d still bears %v", t.ID, have)
	}
}

// Comments counts what the bot wrote on the ticket.
func (t Ticket) Comments(public bool) int {
	n := 0
	for _, c := range t.k.Sim.Comments(t.ID) {
		if c.Public == public && t.k.people[c.AuthorID] == "privacydesk" {
			n++
		}
	}
	return n
}

// Stands fails unless the ticket has the status.
func (t Ticket) Stands(status string) {
	t.k.T.Helper()
	if now, _ := t.k.Sim.Ticket(t.ID); now.Status != status {
		t.k.T.Errorf("ticket #%d is %s, want %s", t.ID, now.Status, status)
	}
}

// Progress fails unless the ticket's progress field begins with the text.
func (t Ticket) Progress(begins string) {
	t.k.T.Helper()
	now, _ := t.k.Sim.Ticket(t.ID)
	if have := fmt.Sprint(now.CustomFields[t.k.ProgressField]); !strings.HasPrefix(have, begins) {
		t.k.T.Errorf("ticket #%d shows progress %q, want %q", t.ID, have, begins)
	}
}

// Untouched fails if a row of any system is gone or masked.
func (k *Talk) Untouched() {
	k.T.Helper()
	for name, s := range k.Systems {
		if s.Allowed != 0 {
			k.T.Errorf("%s was erased", name)
		}
	}
}

// MergesInto lets an agent merge the ticket into another one.
func (t Ticket) MergesInto(target Ticket) Ticket {
	t.k.T.Helper()
	if err := t.k.Sim.MergeTickets(t.ID, target.ID); err != nil {
		t.k.T.Fatal(err)
	}
	t.k.Note("An agent merges ticket #%d into ticket #%d.", t.ID, target.ID)
	t.k.goesOn(t.ID, target.ID)
	return t
}

// Other files a ticket that is no privacy request.
func (k *Talk) Other(by Person, subject, text string) Ticket {
	id := k.Sim.FileTicket(zendesksim.NewTicket{RequesterID: by.ID, Subject: subject, Body: text})
	k.seen[id] = &shown{}
	k.heading(by.Name, "files a ticket that is no privacy request", text)
	k.goesOn(id)
	return Ticket{k, id}
}

// At is a ticket that somebody filed by the simulator's own hand.
func (k *Talk) At(id int64) Ticket { return Ticket{k, id} }
