package zendesk

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"privacydesk/bot"
)

// settleTries bounds how often a ticket is read until its stamp can guard
// what is read after it.
const settleTries = 5

// ticketComments is how many comments Zendesk takes on one ticket; it refuses
// an update with one more, and takes one without [docs, limits].
const ticketComments = 5_000

// maxText bounds what the comments of one ticket hold together, in bytes.
const maxText = 64 << 20

// strangeClock is how far a ticket's stamp may be ahead of the Date of the
// answer that shows it. Beyond it, that Date is somebody else's, and our own
// clock counts.
const strangeClock = 5 * time.Second

// Ticket reads the ticket, then its comments, then its audits, then who they
// are and who reads along. The stamp comes first: what changes later makes
// the update under it refused.
//
// Stamps are whole seconds, so a change within the stamp's own second would
// go unseen. The ticket is therefore read once that second is surely over; if
// it keeps changing, Ticket returns ErrUnavailable.
func (d *Desk) Ticket(ctx context.Context, id int64) (*bot.Ticket, error) {
	r := &reader{Desk: d, op: fmt.Sprintf("read ticket %d", id), people: map[int64]bot.Person{}}
	me, err := d.account.self(ctx)
	if err != nil {
		return nil, forSide(err)
	}
	r.me = me.ID
	if err := r.settled(ctx, id); err != nil {
		return nil, err
	}
	for _, step := range []func(context.Context) error{r.readComments, r.readAudits, r.readPeople, r.readReaders} {
		if err := step(ctx); err != nil {
			return nil, forSide(err)
		}
	}
	r.edits = r.readEdits(ctx)
	return r.assemble(), nil
}

// reader is one ticket while it is read.
type reader struct {
	*Desk
	op       string
	whole    bool // keep what no decision rests on, too: it is searched
	me       int64
	ticket   wireTicket
	comments []wireComment
	audits   []wireAudit
	people   map[int64]bot.Person
	readers  bot.Readers
	edits    []bot.Edit
	answered time.Time // when Zendesk last answered, by its clock
}

func (r *reader) settled(ctx context.Context, id int64) error {
	for try := range settleTries {
		looked, err := r.readTicket(ctx, id)
		if err != nil {
			return err
		}
		over := r.ticket.Updated.Truncate(time.Second).Add(time.Second)
		if !looked.Before(over) {
			return nil
		}
		if early := over.Sub(r.answered); early > 0 && try+1 < settleTries {
			if err := r.sleep(ctx, early); err != nil {
				return fmt.Errorf("%s: %w", r.op, because(bot.ErrUnavailable, err))
			}
		}
	}
	return fmt.Errorf("%s: %w: it changed in this very second", r.op, bot.ErrUnavailable)
}

// readTicket tells when Zendesk looked at the ticket, at the earliest. That is
// not when it answered: between the two somebody may have changed it. It is
// after the answer before, and after we asked.
func (r *reader) readTicket(ctx context.Context, id int64) (looked time.Time, err error) {
	var answer struct {
		Ticket wireTicket `json:"ticket"`
		Users  []wireUser `json:"users"`
	}
	asked, before := r.clock(), r.answered
	head, err := r.fetch(ctx, r.op, fmt.Sprintf("/tickets/%d.json?include=users", id), &answer)
	if err != nil {
		return looked, forOneTicket(forRead(err))
	}
	r.ticket = answer.Ticket
	switch {
	case r.ticket.Status == "deleted":
		return looked, fmt.Errorf("%s: %w", r.op, bot.ErrNotFound)
	case r.ticket.ID != id || r.ticket.Updated.IsZero() || r.ticket.Requester == 0:
		return looked, fmt.Errorf("%s: %w", r.op, errShape)
	}
	r.meet(answer.Users)
	r.answered = r.serverTime(head)
	took := max(0, r.clock().Sub(asked)) // a clock may be set back
	if looked = r.answered.Add(-took); looked.Before(before) {
		looked = before
	}
	return looked, nil
}

// serverTime is Zendesk's time when it answered, at the earliest.
func (r *reader) serverTime(head http.Header) time.Time {
	at, err := http.ParseTime(head.Get("Date"))
	if err != nil || r.ticket.Updated.Sub(at) > strangeClock {
		return r.clock()
	}
	return at
}

func (r *reader) readComments(ctx context.Context) error {
	path := fmt.Sprintf("/tickets/%d/comments.json?include=users", r.ticket.ID)
	held := 0
	return r.pages(ctx, r.op+", its comments", path, commentBound(), func(p page) error {
		for _, c := range p.Comments {
			if strings.TrimSpace(c.Plain) != "" {
				c.Body = "" // one spelling is enough
			}
			if c.Author != r.me {
				c.seen = c.differently()
			}
			if !r.whole {
				c.HTML = ""
			}
			if held += len(c.Plain) + len(c.Body) + len(c.HTML) + c.seenSize(); held > r.textBound() {
				return fmt.Errorf("%s: %w: its comments hold more than %d bytes", r.op, errTooManyPages, r.maxText)
			}
			r.comments = append(r.comments, c)
		}
		r.meet(p.Users)
		return nil
	})
}

// textBound is how much text of a ticket is held at most: read whole, each
// comment has its HTML beside its text.
func (r *reader) textBound() int {
	if r.whole {
		return 4 * r.maxText
	}
	return r.maxText
}

// The fields whose history decides; of others' it is only kept that they
// changed.
const (
	tagsField   = "tags"
	statusField = "status"
)

func (r *reader) readAudits(ctx context.Context) error {
	path := fmt.Sprintf("/tickets/%d/audits.json", r.ticket.ID)
	err := r.pages(ctx, r.op+", its audits", path, auditBound(), func(p page) error {
		for _, a := range p.Audits {
			if !r.whole {
				a.Events = slices.DeleteFunc(a.Events, func(e wireEvent) bool { return e.Field != tagsField && e.Field != statusField && editedBy(e) == "" })
			}
			r.audits = append(r.audits, a)
		}
		return nil
	})
	slices.SortStableFunc(r.audits, func(a, b wireAudit) int {
		if n := a.Created.Compare(b.Created); n != 0 {
			return n
		}
		return int(min(1, max(-1, a.ID-b.ID)))
	})
	return err
}

func (r *reader) assemble() *bot.Ticket {
	w := r.ticket
	t := &bot.Ticket{
		ID: w.ID, Stamp: stamp{w.Updated, w.Assignee == 0, strings.Join(w.Tags, " ")}.String(), Created: w.Created, Updated: w.Updated,
		Status: w.Status, FormID: int64(w.Form), Tags: w.Tags, AgentTags: r.agentTags(), Subject: string(w.Subject),
		Fields: map[int64]string{}, Channel: string(w.Via.Channel), FollowupOf: w.followupOf(), Message: r.message(),
		Merged:    w.Status == bot.StatusClosed && slices.Contains(w.Tags, mergedTag),
		Requester: r.person(w.Requester), Submitter: r.person(w.Submitter), Comments: r.contributions(), Marks: r.marks(), Touched: r.touched(), Undone: r.undone(), Edits: r.edits,
		Full: len(r.comments) >= r.maxComments, Readers: r.readers, URL: fmt.Sprintf("%s/agent/tickets/%d", r.base, w.ID),
	}
	for _, f := range w.Fields {
		if f.Value != "" {
			t.Fields[f.ID] = string(f.Value)
		}
	}
	return t
}

// mergedTag is what Zendesk puts on a ticket that it closed because it was
// merged into another one.
const mergedTag = "closed_by_merge"

// onBehalf is Zendesk's flag for a comment that somebody wrote in another's
// name.
const onBehalf = 11

// contributions are the comments. Who updates the ticket may name any author:
// a comment counts as ours only if we updated, and one whose author is not
// the updater is flagged as written on behalf.
func (r *reader) contributions() []bot.Comment {
	updates := r.updates()
	out := make([]bot.Comment, 0, len(r.comments))
	for _, w := range r.comments {
		update, known := updates[int64(w.Audit)]
		own := known && update.Author == w.Author
		flags := slices.Concat(w.Metadata.Flags, update.Metadata.Flags)
		if !own {
			flags = append(flags, onBehalf)
		}
		slices.Sort(flags)
		out = append(out, bot.Comment{
			ID: w.ID, Author: r.person(w.Author), Public: w.Public, At: w.Created, Text: w.text(), Shown: w.seen,
			Channel: string(w.Via.Channel), Flags: slices.Compact(flags), Ours: own && w.Author == r.me,
			Merged: w.Via.Source.Rel == "merge" || known && update.Via.Source.Rel == "merge",
			Files:  w.files(own && w.Author == r.me),
		})
	}
	slices.SortStableFunc(out, func(a, b bot.Comment) int {
		if n := a.At.Compare(b.At); n != 0 {
			return n
		}
		return int(min(1, max(-1, a.ID-b.ID)))
	})
	return out
}

// updates are the audits by id.
func (r *reader) updates() map[int64]wireAudit {
	out := make(map[int64]wireAudit, len(r.audits))
	for _, a := range r.audits {
		out[a.ID] = a
	}
	return out
}

// files are the comment's attachments that were not removed already.
func (w wireComment) files(ours bool) []bot.File {
	var out []bot.File
	for _, f := range w.Files {
		if !f.gone() {
			out = append(out, bot.File{Name: string(f.Name), ContentType: string(f.ContentType), Ours: ours, At: w.Created})
		}
	}
	return out
}

// marks are those in updates that our own user made: anybody who may update
// tickets through the API can write metadata.
func (r *reader) marks() []bot.Mark {
	var out []bot.Mark
	for _, a := range r.audits {
		if m, ok := a.mark(); ok && a.Author == r.me {
			out = append(out, m)
		}
	}
	return out
}

// touched is true if our own user updated the ticket. That it made one, for
// somebody else's program or in somebody's name, is no update.
func (r *reader) touched() bool {
	return slices.ContainsFunc(r.audits[min(1, len(r.audits)):], func(a wireAudit) bool { return a.Author == r.me }) || len(r.marks()) > 0
}

// agentTags are the tags on the ticket that a person on the staff, and not
// us, put there by hand: not those from the customer's form or mail, and not
// those of triggers, automations, and programs that use the API.
func (r *reader) agentTags() []string {
	by := map[string]bool{}
	for _, a := range r.audits {
		for _, e := range a.Events {
			if e.Field != tagsField || (e.Type != "Create" && e.Type != "Change") {
				continue
			}
			trusted := a.Author != r.me && r.person(a.Author).Staff() && byHand(a.Via) && (e.Via == nil || byHand(*e.Via))
			before, after := tagList(e.Previous), tagList(e.Value)
			for _, t := range after {
				if !slices.Contains(before, t) {
					by[t] = trusted
				}
			}
			for _, t := range before {
				if !slices.Contains(after, t) {
					delete(by, t)
				}
			}
		}
	}
	var out []string
	for _, t := range r.ticket.Tags {
		if by[t] {
			out = append(out, t)
		}
	}
	return out
}

// byHand is true for the channels of the agents' own screens. Mail is not one
// of them: it can be forged.
func byHand(v via) bool { return v.Channel == "web" || v.Channel == "mobile" }
