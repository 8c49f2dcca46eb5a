package bot

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"

	"privacydesk/bot/reading"
	"privacydesk/connectors"
)

// deliver tells the ticket what is owed next: at most one update, under the
// stamp of the same read that looked for the marks of what it says.
func (e *Engine) deliver(ctx context.Context, t *turn, next batch) (bool, error) {
	next, wait := e.room(ctx, t, next)
	if wait > 0 { // what is owed by then goes along
		t.c.Wake = t.now.Add(wait)
		return false, t.write(ctx)
	}
	ticket, err := e.readPlain(ctx, t)
	if errors.Is(err, ErrNotFound) {
		return true, t.unsaid(ctx, next[0], ReasonTicketGone)
	}
	if err != nil {
		return false, err
	}
	if there := e.landed(ticket, t); len(there) > 0 {
		return true, t.said(ctx, there)
	}
	if ticket.Status == StatusClosed {
		return e.undeliverable(ctx, t, next[0])
	}
	if ticket.Full {
		if held, err := t.mute(ctx, next); err != nil || held {
			return held, err
		}
	}
	say := next.comment()
	if say.Discloses || say.Link {
		if _, err := e.readTicket(ctx, t); err != nil {
			return false, err
		}
		if held, err := e.mayDisclose(ctx, t, ticket); err != nil || held {
			return held, err
		}
	}
	if counted, err := e.mayAnswer(ctx, t, say, ticket); err != nil || counted {
		return counted, err
	}
	return e.tell(ctx, t, next, ticket)
}

// tell writes one update.
func (e *Engine) tell(ctx context.Context, t *turn, next batch, ticket *Ticket) (bool, error) {
	update, next, err := e.compose(ctx, t, next, ticket)
	if err != nil {
		return false, err
	}
	message := next.comment().Message
	var incomplete *IncompleteError
	var declined *DeclinedError
	var reasons []Reason
	if len(update.Attachments) > 0 {
		update.Confirm = e.confirm(t, ticket.Stamp, &reasons)
	}
	e.Failpoint("before-update-" + message)
	err = e.deskFor(t).Update(ctx, update)
	e.Failpoint("after-update-" + message)
	switch {
	case errors.Is(err, errWithheld):
		return true, e.withhold(ctx, t, t.ticket, reasons)
	case errors.Is(err, ErrClosed):
		return e.undeliverable(ctx, t, next[0])
	case errors.As(err, &incomplete):
		t.hold(ReasonRequired)
		t.note("note_held", map[string]string{"reason": string(ReasonRequired), "systems": strings.Join(incomplete.Fields, "\n")})
		return true, t.commit(ctx)
	case errors.As(err, &declined) && update.Status == StatusSolved:
		return true, t.cantSolve(ctx, declined)
	case err != nil:
		// After ErrUnknown the write may still land: the next attempt comes
		// in a later second, under a later stamp, and looks for the mark.
		return false, err
	}
	return true, t.said(ctx, next)
}

// mute deals with a ticket that takes no more comments. What the requester has
// to get holds the request. Notes to agents, and what ends a request by a
// person's word, go without their text: tags, fields and status still tell.
func (t *turn) mute(ctx context.Context, b batch) (held bool, err error) {
	for i, o := range b {
		if o.Message == "" {
			continue
		}
		needed := o.Public && (o.Discloses || t.c.Resolution == "")
		if needed && t.hold(ReasonFullTicket) && t.c.Wait.Reason == ReasonFullTicket {
			t.note("note_held", map[string]string{"reason": string(ReasonFullTicket)})
			return true, t.commit(ctx)
		}
		t.event("unsaid", map[string]string{"step": o.Step, "why": string(ReasonFullTicket)})
		b[i].Message, b[i].Attach = "", nil
	}
	return false, nil
}

// mayDisclose holds the request if whoever would read the message may not. What
// was written since the last look counts as it does before an answer is decided.
func (e *Engine) mayDisclose(ctx context.Context, t *turn, ticket *Ticket) (held bool, err error) {
	if e.commands(t, ticket) {
		return true, t.commit(ctx)
	}
	if taken, err := e.takenBack(ctx, t, ticket); err != nil || taken {
		return taken, err
	}
	reasons, err := e.whyNot(ctx, t, ticket)
	if err != nil || t.first(reasons) == "" {
		return false, err
	}
	return true, e.withhold(ctx, t, ticket, reasons)
}

// whyNot lists all reasons not to put anything of the subject's on a ticket
// that was just read.
func (e *Engine) whyNot(ctx context.Context, t *turn, ticket *Ticket) ([]Reason, error) {
	reasons, err := e.review(ctx, t, ticket)
	if err != nil {
		return nil, err
	}
	readers, err := e.readersOf(ctx, t, ticket)
	if err != nil {
		return nil, err
	}
	reasons = append(reasons, readers...)
	if strange, err := e.linkAstray(ctx, t, ticket); err != nil {
		return nil, err
	} else if strange {
		reasons = append(reasons, ReasonRequester)
	}
	return reasons, nil
}

// withhold holds what was about to be disclosed.
func (e *Engine) withhold(ctx context.Context, t *turn, ticket *Ticket, reasons []Reason) error {
	reason := t.first(reasons)
	t.hold(reason)
	e.pass(t, ticket, reasons)
	t.c.Owed = withoutLinks(t.c.Owed) // it is made anew when the request goes on
	t.note(heldNote(t.c, reason), map[string]string{"reason": string(reason)})
	return t.commit(ctx)
}

// errWithheld refuses an update whose ticket, or what lets people read it,
// changed while its files were uploaded.
var errWithheld = errors.New("what is on the way may not be disclosed any more")

// confirm lets the desk ask once more, between the upload of files and the
// update that attaches them: an upload takes its time, and a setting that
// opens attachments to others leaves no trace on the ticket. Why it may not go
// any more is added to reasons.
func (e *Engine) confirm(t *turn, stamp string, reasons *[]Reason) func(context.Context) error {
	return func(ctx context.Context) error {
		fresh, err := e.deskFor(t).Ticket(ctx, t.c.Ticket)
		if err != nil {
			return err
		}
		if fresh.Stamp != stamp {
			return ErrStale
		}
		t.ticket = fresh
		if *reasons, err = e.whyNot(ctx, t, fresh); err != nil {
			return err
		}
		if t.first(*reasons) != "" {
			return errWithheld
		}
		return nil
	}
}

// said takes messages out of the outbox. The last message of a request that
// was resolved ends it.
func (t *turn) said(ctx context.Context, b batch) error {
	for _, o := range b {
		if o.Public && t.c.Acked.IsZero() {
			t.c.Acked = t.now
		}
		t.event("said", map[string]string{"step": o.Step})
	}
	var left []Say
	for at, s := range t.c.Owed {
		if !slices.ContainsFunc(b, func(o owed) bool { return o.at == at }) {
			left = append(left, s)
		}
	}
	t.c.Owed, t.c.Attempts, t.c.Told = left, 0, t.now
	t.writesAgain()
	if len(t.c.Owed) == 0 && t.c.Resolution != "" && !t.c.ended() {
		t.end()
	}
	return t.commit(ctx)
}

// unsaid takes a message out of the outbox that can't be said any more.
func (t *turn) unsaid(ctx context.Context, o owed, why Reason) error {
	t.event("unsaid", map[string]string{"step": o.Step, "why": string(why)})
	return t.said(ctx, batch{o})
}

// undeliverable deals with a ticket that is closed for good: notes are
// dropped, a result is held for a person.
func (e *Engine) undeliverable(ctx context.Context, t *turn, o owed) (bool, error) {
	if o.Discloses && t.hold(ReasonClosedTicket) {
		return true, t.commit(ctx)
	}
	return true, t.unsaid(ctx, o, ReasonClosedTicket)
}

// landed is what the ticket bears the marks of already, of all that may be said
// now: an update whose answer was lost may have said more than goes next.
func (e *Engine) landed(ticket *Ticket, t *turn) batch {
	var out batch
	for at, s := range t.c.Owed {
		if t.sayable(s) && e.marked(ticket, t.c.ID, s.Step) {
			out = append(out, owed{Say: s, at: at})
		}
	}
	return out
}

// marked looks for our own, valid mark of the step.
func (e *Engine) marked(ticket *Ticket, id, step string) bool {
	return slices.ContainsFunc(ticket.Marks, func(m Mark) bool {
		return m.Request == id && slices.Contains(m.Steps(), step) && e.Keys.MarkValid(m)
	})
}

// compose renders messages into one update and names its attachments. It
// returns those of them that the update says.
func (e *Engine) compose(ctx context.Context, t *turn, next batch, ticket *Ticket) (Update, batch, error) {
	u := Update{Ticket: t.c.Ticket, Stamp: ticket.Stamp, AddTags: []string{TagInScope}}
	next, err := e.put(ctx, t, next, &u)
	if err != nil {
		return Update{}, nil, err
	}
	if e.Settings.ShowsProgress && !t.c.Accepted.IsZero() {
		t.c.Shown = e.progressOf(t.c)
		if final := t.c.once(stepFinal); t.c.Resolution != "" && (next.comment().Step == final || e.marked(ticket, t.c.ID, final)) {
			t.c.Shown = strings.ReplaceAll(string(t.c.Resolution), "_", " ")
		}
		u.take(Say{Fields: map[string]string{"progress": t.c.Shown}})
	}
	say := next.comment()
	if say.Step == t.c.once(stepFinal) && e.Settings.CleanTicket {
		held, err := e.preserved(ctx, t.c.ID)
		if err != nil {
			return Update{}, nil, err
		}
		if !held {
			e.tidy(ctx, t, ticket, &u)
		}
	}
	for _, name := range say.Attach {
		a, err := e.attachment(ctx, t.c.ID, name)
		if err != nil {
			return Update{}, nil, err
		}
		u.Attachments = append(u.Attachments, a)
	}
	return u, next, nil
}

// commonVars are what every message may mention. The subject appears masked,
// nowhere in full.
func (e *Engine) commonVars(ctx context.Context, t *turn, vars map[string]string) {
	vars["request"] = t.c.ID
	e.dateVars(t.c, t.now, vars)
	vars["subject"] = ""
	s, err := t.open(ctx)
	if err != nil {
		return
	}
	vars["reference"], vars["why"] = s.Reference, s.Extension
	if s.Subject != "" {
		vars["subject"] = maskAll(append([]string{s.Subject}, s.Also...))
	}
}

// maskAll shows addresses to people who know them already.
func maskAll(addresses []string) string {
	var out []string
	for _, a := range addresses {
		out = append(out, reading.Mask(a))
	}
	return strings.Join(out, ", ")
}

// attachment finds the spool file's size and how to open it.
func (e *Engine) attachment(ctx context.Context, id, name string) (Attachment, error) {
	files, err := e.Spool.List(ctx, id)
	if err != nil {
		return Attachment{}, connectors.Sayf(err, "spool")
	}
	i := slices.IndexFunc(files, func(f SpoolFile) bool { return f.Name == name })
	if i < 0 {
		return Attachment{}, connectors.Sayf(ErrNotFound, "spool file %s", name)
	}
	base := name[strings.LastIndexByte(name, '/')+1:]
	return Attachment{
		Name: base, ContentType: contentType(base), Size: files[i].Size,
		Open: func() (io.ReadCloser, error) {
			e.Failpoint("before-upload")
			return e.Spool.Open(ctx, id, name)
		},
	}, nil
}

func contentType(name string) string {
	switch {
	case strings.HasSuffix(name, ".zip"):
		return "application/zip"
	case strings.HasSuffix(name, ".json"):
		return "application/json"
	case strings.HasSuffix(name, ".html"):
		return "text/html"
	}
	return "application/octet-stream"
}

// The steps that happen once in a generation of a request.
const (
	stepReceipt = "receipt"
	stepFinal   = "final"
)
