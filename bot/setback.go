package bot

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// What the ticket tells of a record that was lost or set back. Every update of
// ours leaves a mark, signed for this ticket under a key of this installation,
// in an audit of our own user. A mark whose step is neither in the record's
// ledger nor in its outbox was left by a life that the record does not know of:
// the store was set back behind it. If the final answer was given, the request
// is taken back as ended; else a person decides. Nothing is executed again.

// endMark precedes, in the mark of a final answer, how the request ended: a
// request of which the store knows nothing any more is known to be over.
const endMark = "="

// endOf is what the mark of a final answer says of the end.
func endOf(c *Case) string {
	return endMark + string(c.Resolution) + "." + string(c.Reason) + "." + string(c.Kind)
}

// end is how the request of the mark ended, as far as it tells: earlier versions
// did not write it.
func (m Mark) end() (res Resolution, reason Reason, kind Kind) {
	for part := range strings.SplitSeq(m.Step, stepsJoin) {
		fields := strings.Split(part, ".")
		if said, is := strings.CutPrefix(fields[0], endMark); is && len(fields) == 3 {
			return Resolution(said), Reason(fields[1]), Kind(fields[2])
		}
	}
	return Resolved, ReasonTakenBack, ""
}

// generationOf is the generation of which the mark is the final answer; 0 if it
// is none.
func (m Mark) generationOf() int {
	for _, step := range m.Steps() {
		if step == stepFinal {
			return 1
		}
		if n, is := strings.CutPrefix(step, stepFinal+".g"); is {
			if g, err := strconv.Atoi(n); err == nil && g > 1 {
				return g
			}
		}
	}
	return 0
}

// afterwardsOnly are the messages of a request that is over, up to the dot in a
// step's name: any other one means that a further generation had begun.
func afterwardsOnly(step string) bool {
	message, _, _ := strings.Cut(step, ".")
	return slices.Contains([]string{
		"note_thanks", "note_opened", "note_merged", "note_documents", "note_unclean", "note_remains", "note_late", "note_status", "note_command",
		"note_operator", "update",
	}, message)
}

// believed are the ticket's marks of this request that our own key signed, the
// oldest first.
func (e *Engine) believed(ticket *Ticket, id string) []Mark {
	return slices.DeleteFunc(slices.Clone(ticket.Marks), func(m Mark) bool { return m.Request != id || !e.Keys.MarkValid(m) })
}

// answeredBy is the mark of the last final answer, nil if there is none or if
// something came after it that belongs to no request that is over.
func answeredBy(marks []Mark) *Mark {
	for i, m := range slices.Backward(marks) {
		if m.generationOf() > 0 {
			return &marks[i]
		}
		if !slices.ContainsFunc(m.Steps(), afterwardsOnly) || slices.ContainsFunc(m.Steps(), func(s string) bool { return !afterwardsOnly(s) }) {
			return nil
		}
	}
	return nil
}

func stepsOf(marks []Mark) []string {
	var out []string
	for _, m := range marks {
		out = append(out, m.Steps()...)
	}
	return out
}

// setBackError says that the store was set back behind what the ticket or the
// spool tells.
type setBackError struct {
	reason Reason // for which it is held, unless it is over
	marks  []Mark // all that are believed
	ticket *Ticket
}

func (e *setBackError) Error() string {
	return "the record was set back: the ticket tells of more than it knows; the next step deals with it"
}

// Clean lets it into logs.
func (e *setBackError) Clean() string { return e.Error() }

// compareMarks returns a *setBackError if the ticket bears a mark that the
// record knows nothing of.
func (e *Engine) compareMarks(ctx context.Context, t *turn, ticket *Ticket) error {
	if t.stored.Case.Version == 0 || len(ticket.Marks) == 0 {
		return nil
	}
	marks := e.believed(ticket, t.c.ID)
	unsure := slices.DeleteFunc(stepsOf(marks), func(s string) bool { return owes(t.c, s) })
	if len(unsure) == 0 {
		return nil
	}
	// The record as it is after the ticket was read: a run's may be older. Its
	// ledger comes after it: what left the outbox meanwhile stands there.
	fresh, err := e.Store.Load(ctx, t.c.ID)
	if err != nil {
		return fmt.Errorf("marks of %s: %w", t.c.ID, err)
	}
	known, err := e.knownSteps(ctx, t.c.ID)
	if err != nil {
		return err
	}
	for _, step := range unsure {
		if !known[step] && !owes(&fresh.Case, step) {
			return &setBackError{reason: ReasonSetBack, marks: marks, ticket: ticket}
		}
	}
	return nil
}

func owes(c *Case, step string) bool {
	return slices.ContainsFunc(c.Owed, func(s Say) bool { return s.Step == step })
}

// knownSteps are those of which the ledger tells that they were said, or left
// the outbox in another way.
func (e *Engine) knownSteps(ctx context.Context, id string) (map[string]bool, error) {
	events, err := e.Store.Events(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("ledger: %w", err)
	}
	known := map[string]bool{}
	for _, ev := range events {
		switch ev.Type {
		case "said", "unsaid", "withdrawn", "taken_back", "set_back":
			known[ev.Data["step"]] = true
			for step := range strings.SplitSeq(ev.Data["steps"], stepsJoin) {
				known[step] = true
			}
		}
	}
	return known, nil
}

// withdrawn notes in the ledger which messages leave the outbox unsaid: an
// update that was on its way may land all the same.
func (t *turn) withdrawn() {
	said := map[string]bool{}
	for _, ev := range t.change.Events {
		said[ev.Data["step"]] = said[ev.Data["step"]] || ev.Type == "said" || ev.Type == "unsaid"
	}
	var gone []string
	for _, s := range t.stored.Case.Owed {
		if !said[s.Step] && !owes(t.c, s.Step) {
			gone = append(gone, s.Step)
		}
	}
	if len(gone) > 0 {
		t.event("withdrawn", map[string]string{"steps": strings.Join(gone, stepsJoin)})
	}
}

// catchUp brings a record that was set back to what the ticket says: it is over,
// or a person decides.
func (e *Engine) catchUp(ctx context.Context, id, token string, behind *setBackError) (bool, error) {
	t, err := e.load(ctx, id, token)
	if err != nil {
		return false, err
	}
	steps := strings.Join(stepsOf(behind.marks), stepsJoin)
	if last := answeredBy(behind.marks); last != nil && behind.reason == ReasonSetBack {
		if !t.c.ended() || last.generationOf() > len(t.c.Past)+1 {
			t.readUntil(behind.ticket, last.At)
			return true, e.takeBack(ctx, t, last, behind.marks)
		}
		t.event("set_back", map[string]string{"steps": steps}) // only words about a request that is over
		return true, t.commit(ctx)
	}
	e.log(id).WithField("event", "set_back").Warn("the record was set back: its ticket or spool tells of more than it knows")
	t.event("set_back", map[string]string{"steps": steps})
	reason := behind.reason
	if t.c.ended() { // and a further generation had begun
		t.c.Phase, t.c.Resolution, reason = PhaseReading, "", ReasonStateLost
	}
	if t.c.Acked.IsZero() && len(behind.marks) > 0 {
		t.c.Acked = t.now
	}
	t.hold(reason)
	t.note("note_held", map[string]string{"reason": string(reason)})
	return true, t.commit(ctx)
}

// takeBack lets a request be over, without a word, because its ticket bears its
// final answer. What was written since is looked at next.
func (e *Engine) takeBack(ctx context.Context, t *turn, last *Mark, marks []Mark) error {
	c := t.c
	for len(c.Past) < last.generationOf()-1 {
		c.Past = append(slices.Clone(c.Past), Ended{Kind: c.Kind, Tenant: c.Tenant, Pseudonym: c.Pseudonym, Resolution: Resolved, Reason: ReasonTakenBack, Finished: last.At})
	}
	res, reason, kind := last.end()
	c.Resolution, c.Reason, c.Owed, c.Attempts = res, reason, nil, 0
	if kind != "" {
		c.Kind = kind
	}
	if c.Acked.IsZero() {
		c.Acked = last.At
	}
	t.event("taken_back", map[string]string{"resolution": string(res), "reason": string(reason), "steps": strings.Join(stepsOf(marks), stepsJoin)})
	t.end()
	c.Finished = last.At
	t.did(c.once("inspect")) // it was told what stays, or a later look tells
	for _, step := range stepsOf(marks) {
		if message, _, _ := strings.Cut(step, "."); message == "note_thanks" || message == "note_opened" {
			t.did(c.once(strings.TrimPrefix(message, "note_")))
		}
	}
	if _, err := e.Keys.Derive(ctx, c.ID, "digest"); errors.Is(err, ErrKeyGone) { // it was forgotten
		c.Phase, c.SecretSum, t.change.Forget = PhaseForgotten, "", true
		t.secret, t.dirty = nil, false
	} else if err != nil {
		return fmt.Errorf("take back: %w", err)
	}
	return t.commit(ctx)
}

// readUntil takes for read what was written on a ticket until a moment, and
// nothing else.
func (t *turn) readUntil(ticket *Ticket, since time.Time) {
	for _, said := range ticket.Comments {
		if !said.At.After(since) {
			t.c.Seen.Comment, t.c.Seen.Command = max(t.c.Seen.Comment, said.ID), max(t.c.Seen.Command, said.ID)
		}
	}
}
