package bot

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"privacydesk/bot/reading"
	"privacydesk/connectors"
)

// documentsAfter is how long a picture or PDF that somebody attached stays on
// a ticket at most, unless Zendesk can't be reached: within 24 hours it has to
// be gone, and an agent shall have the time to see it.
const documentsAfter = 12 * time.Hour

// maxCopies bounds how many tickets a chain of merges is followed into.
const maxCopies = 10

// cleaning owes a ticket that what is personal goes from it: identity
// documents soon, everything that people wrote and that was attached once the
// time for downloads is over. The request's key is destroyed afterwards: its
// secret half says what to look for.
func (e *Engine) cleaning(c *Case, _ time.Time) []duty {
	if !e.Settings.CleanTicket {
		return nil
	}
	var out []duty
	if !c.Document.IsZero() {
		at := c.Document.Add(documentsAfter)
		out = append(out, e.redacting(c, documentsDuty(c.Document), at, e.tellOfDocuments))
		if _, told := c.Did[documentsDuty(c.Document)]; told {
			out = append(out, e.redacting(c, removalDuty(c.Document), at, e.removeDocuments))
		}
	}
	if c.Phase != PhaseDone {
		return out
	}
	inspect := e.chore(c, c.once("inspect"), c.Finished, e.inspect)
	clean := e.redacting(c, c.once("clean"), c.Finished.Add(e.Settings.ForgetAfter), e.clean)
	inspect.keeps, clean.keeps = true, true
	return append(out, inspect, clean)
}

// noteMerges keeps into which tickets this one was merged: the note that says
// so goes with the rest.
func (e *Engine) noteMerges(ctx context.Context, t *turn) error {
	got, err := e.Patient.Redact(ctx, Redaction{Ticket: t.c.Ticket, Look: true})
	if err != nil {
		return err
	}
	t.c.MergedInto = got.MergedInto
	t.did(t.c.once("merges"))
	return errPutOff // until that is committed
}

// The duties about a file are named by when it was attached.
func documentsDuty(at time.Time) string { return fmt.Sprintf("documents.%d", at.Unix()) }

func removalDuty(at time.Time) string { return fmt.Sprintf("remove.%d", at.Unix()) }

// lookForDocuments asks for another look at a ticket on which something
// happened after the end.
func (t *turn) lookForDocuments(at time.Time) {
	_, removed := t.c.Did[removalDuty(t.c.Document)]
	if t.c.Document.IsZero() || removed {
		t.c.Document = at
	}
}

// documents notes when the oldest file was attached that may be an identity
// document and was not dealt with.
func (t *turn) documents(ticket *Ticket) {
	for _, c := range ticket.Comments {
		for _, f := range c.Files {
			if _, done := t.c.Did[removalDuty(f.At)]; isDocument(f) && !done {
				t.lookForDocuments(f.At)
			}
		}
	}
}

// isDocument is true for what a copy of a passport looks like: a picture or a
// PDF that was not attached by us.
func isDocument(f File) bool {
	if f.Ours {
		return false
	}
	kind, name := strings.ToLower(f.ContentType), strings.ToLower(f.Name)
	if strings.HasPrefix(kind, "image/") || strings.HasPrefix(kind, "application/pdf") {
		return true
	}
	return slices.ContainsFunc([]string{".pdf", ".png", ".jpg", ".jpeg", ".heic", ".gif", ".tif", ".tiff", ".webp", ".bmp"}, func(end string) bool {
		return strings.HasSuffix(name, end)
	})
}

// tellOfDocuments counts, and owes the note before anything is removed: a
// crash in between then can't swallow it.
func (e *Engine) tellOfDocuments(ctx context.Context, t *turn) error {
	got, err := e.Patient.Redact(ctx, Redaction{Ticket: t.c.Ticket, Files: isDocument, Look: true})
	if err != nil {
		return err
	}
	n := got.Left[PlaceFile]
	if n == 0 {
		t.c.Document = time.Time{}
		return nil
	}
	t.event("documents", map[string]string{"files": strconv.Itoa(n)})
	t.owe(Say{Message: "note_documents", Vars: map[string]string{"files": strconv.Itoa(n)}})
	return nil
}

func (e *Engine) removeDocuments(ctx context.Context, t *turn) error {
	e.Failpoint("before-documents")
	got, err := e.Patient.Redact(ctx, Redaction{Ticket: t.c.Ticket, Files: isDocument})
	e.Failpoint("after-documents")
	if err != nil {
		return furtherThan(got, err)
	}
	t.c.Document = time.Time{}
	return nil
}

// furtherThan marks an error that came after something was done.
func furtherThan(got Redacted, err error) error {
	if got.Comments > 0 {
		return fmt.Errorf("%w: %w", errProgress, err)
	}
	return err
}

// finder finds in texts of the ticket whom the request is about, and the
// customer's own reference of it, which our messages repeat.
func (e *Engine) finder(ctx context.Context, t *turn, ticket *Ticket) func(string) [][2]int {
	find := e.subjectFinder(ctx, t, ticket)
	if s, err := t.open(ctx); err == nil {
		return reading.Together(find, reading.TracesOfWords(s.Reference))
	}
	return find
}

// subjectFinder finds the subject in texts of the ticket; where nobody knows the
// subject, it finds every address that is not of the people on the ticket.
func (e *Engine) subjectFinder(ctx context.Context, t *turn, ticket *Ticket) func(string) [][2]int {
	var addresses []string
	if s, err := t.open(ctx); err == nil {
		addresses = append(slices.Clone(s.Former), s.Subject)
		for _, id := range s.Identities {
			if id.Type == connectors.Email {
				addresses = append(addresses, id.Value.Raw())
			}
		}
	}
	if slices.ContainsFunc(addresses, func(a string) bool { return a != "" }) {
		return reading.Traces(addresses...)
	}
	people := append([]string{ticket.Requester.Email, ticket.Submitter.Email}, e.Settings.Reading.OwnAddresses...)
	for _, c := range ticket.Comments {
		people = append(people, c.Author.Email)
	}
	for _, p := range slices.Concat(ticket.Readers.CCs, ticket.Readers.Followers) {
		people = append(people, p.Email)
	}
	return reading.TracesOfOthers(people...)
}

// tidy lets the update that ends a request clear our fields, and fields, tags
// and a subject line that hold the address: later, on a closed ticket, nothing
// can.
func (e *Engine) tidy(ctx context.Context, t *turn, ticket *Ticket, u *Update) {
	fields := map[string]string{"reference": "", "due": "", "progress": ""}
	maps.Copy(fields, u.Fields)
	u.Fields = fields
	find := e.finder(ctx, t, ticket)
	for _, id := range sortedIDs(ticket.Fields) {
		if id == e.Settings.Reading.KindField || id == e.Settings.TenantField {
			continue
		}
		if id == e.Settings.Reading.SubjectField || id == e.Settings.ReferenceField || len(find(ticket.Fields[id])) > 0 {
			u.Clear = append(u.Clear, id)
		}
	}
	for _, tag := range ticket.Tags {
		if len(find(tag)) > 0 {
			u.RemoveTags = append(slices.Clone(u.RemoveTags), tag)
		}
	}
	if len(find(ticket.Subject)) > 0 {
		u.Subject = "Privacy request " + t.c.ID
	}
}

func sortedIDs(m map[int64]string) []int64 { return slices.Sorted(maps.Keys(m)) }

// inspect tells the agents, while the ticket still takes notes, what its
// history keeps for ever.
func (e *Engine) inspect(ctx context.Context, t *turn) error {
	ticket, err := e.Patient.Ticket(ctx, t.c.Ticket)
	if err != nil {
		return err
	}
	got, err := e.Patient.Redact(ctx, Redaction{Ticket: t.c.Ticket, Find: e.finder(ctx, t, ticket), Look: true})
	if err != nil {
		return err
	}
	delete(got.Left, PlaceComment) // cleaning takes them later
	delete(got.Left, PlaceFile)
	t.remains(got.Left)
	return nil
}

// clean takes all out of the ticket that people wrote or attached, and our
// report; also out of the tickets that it was merged into. Of a ticket that
// was opened again only what is older than the request's end goes; the rest is
// tried again later.
func (e *Engine) clean(ctx context.Context, t *turn) error {
	if _, noted := t.c.Did[t.c.once("merges")]; !noted {
		return e.noteMerges(ctx, t)
	}
	ticket, err := e.Patient.Ticket(ctx, t.c.Ticket)
	if err != nil {
		return err
	}
	r := Redaction{Ticket: t.c.Ticket, Texts: true, Files: isPersonal, Find: e.finder(ctx, t, ticket)}
	open := ticket.Status != StatusSolved && ticket.Status != StatusClosed
	if open {
		r.Until = t.c.Finished
	}
	e.Failpoint("before-clean")
	got, err := e.redactWithCopies(ctx, r, t.c.MergedInto)
	e.Failpoint("after-clean")
	switch {
	case err != nil:
		if !errors.Is(err, ErrUnavailable) && !errors.Is(err, ErrUnknown) {
			t.c.Remains = got.Left
		}
		return furtherThan(got, err)
	case open:
		t.c.Remains = got.Left
		return errStillOpen
	}
	t.event("cleaned", map[string]string{"comments": strconv.Itoa(got.Comments), "files": strconv.Itoa(got.Files)})
	t.remains(got.Left)
	return nil
}

// errStillOpen: somebody works on the ticket.
var errStillOpen error = stillOpenError{}

type stillOpenError struct{}

func (stillOpenError) Error() string {
	return "the ticket is open again; what was written since was not removed"
}

func (s stillOpenError) Clean() string { return s.Error() }

// isPersonal is true for all files but our certificate, which names nobody.
func isPersonal(f File) bool { return !f.Ours || !strings.HasPrefix(f.Name, "certificate.") }

// redactWithCopies follows merges, those that are known and those that it finds. What a further merge carried on can't be
// told from that ticket's own comments: there only what Find finds goes.
func (e *Engine) redactWithCopies(ctx context.Context, r Redaction, known []int64) (Redacted, error) {
	sum, err := e.Patient.Redact(ctx, r)
	if sum.Left == nil {
		sum.Left = map[Place]int{}
	}
	type copied struct{ from, in int64 }
	var todo []copied
	queue := func(from int64, into []int64) {
		for _, id := range into {
			todo = append(todo, copied{from, id})
		}
	}
	queue(r.Ticket, append(slices.Clone(known), sum.MergedInto...))
	seen := map[int64]bool{r.Ticket: true}
	for len(todo) > 0 && len(seen) <= maxCopies && !errors.Is(err, ErrUnavailable) && !errors.Is(err, ErrUnknown) {
		at := todo[0]
		todo = todo[1:]
		if seen[at.in] {
			continue
		}
		seen[at.in] = true
		next := Redaction{Ticket: at.in, CopyOf: at.from, Texts: at.from == r.Ticket, Find: r.Find}
		if next.Texts {
			next.Files = isPersonal
		}
		got, cerr := e.Patient.Redact(ctx, next)
		if cerr != nil && !errors.Is(cerr, ErrNotFound) {
			err = errors.Join(err, cerr)
		}
		sum.Comments, sum.Files = sum.Comments+got.Comments, sum.Files+got.Files
		if n := got.Left[PlaceComment] + got.Left[PlaceFile]; n > 0 {
			sum.Left[PlaceCopy] += n
		}
		queue(at.in, got.MergedInto)
	}
	return sum, err
}

// remains records what nothing removes, and names it to the agents unless
// they were told the same before.
func (t *turn) remains(left map[Place]int) {
	if maps.Equal(left, t.c.Remains) {
		return
	}
	t.c.Remains = left
	if len(left) == 0 {
		return
	}
	data, lines := map[string]string{}, []string{"place\tcount"}
	for _, p := range slices.Sorted(maps.Keys(left)) {
		data[string(p)] = strconv.Itoa(left[p])
		lines = append(lines, fmt.Sprintf("%s\t%d", p, left[p]))
	}
	t.event("remains", data)
	t.e.log(t.c.ID).WithField("event", "remains").Warn("the desk keeps what can't be redacted")
	t.owe(Say{Message: "note_remains", Vars: map[string]string{"counts": strings.Join(lines, "\n")}})
}

// removing owes the deletion of the ticket of a forgotten request for good, where that is
// configured, unless somebody works on it again.
func (e *Engine) removing(c *Case, _ time.Time) []duty {
	if !e.Settings.DeleteTicket || c.Phase != PhaseForgotten {
		return nil
	}
	return []duty{e.redacting(c, "delete_ticket", c.Finished, func(ctx context.Context, t *turn) error {
		ticket, err := e.Patient.Ticket(ctx, t.c.Ticket)
		if err != nil {
			return err
		}
		if ticket.Status != StatusSolved && ticket.Status != StatusClosed {
			return errStillOpen
		}
		e.Failpoint("before-delete-ticket")
		err = e.Patient.Remove(ctx, t.c.Ticket)
		e.Failpoint("after-delete-ticket")
		if err == nil {
			t.event("ticket_deleted", nil)
		}
		return err
	})}
}
