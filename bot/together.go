package bot

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// A desk takes a bounded number of updates of one ticket in a time. Where they
// run short, what can wait stays in the outbox, and what has gathered there
// goes in one update: several notes as one, a change without words with
// whatever goes. A public comment joins no note: an update has one comment.

// Bounds of an update of several: what people still read as one note, in
// bytes, and a mark that stays short beside whatever else the desk keeps of an
// update.
const (
	mostTogether = 30_000
	mostMark     = 600
)

// aloneAfter is after how many failures in a row each note goes alone: one that
// the desk refuses must not keep others from being said.
const aloneAfter = 2

// notesApart stands between the notes of one comment.
const notesApart = "\n<hr>\n"

// batch is what goes in one update: messages with their places in the outbox,
// in order.
type batch []owed

type owed struct {
	Say
	at    int
	alone bool // it has words that stand beside no others
}

// comment is the message that has the update's words, or the first of several;
// the first of all if none has, or had.
func (b batch) comment() Say {
	for _, o := range b {
		if o.Message != "" || o.alone {
			return o.Say
		}
	}
	return b[0].Say
}

// alone is true for words that stand beside no others: what customers read,
// what discloses or bears files, the last answer.
func (t *turn) alone(s Say) bool {
	return s.Message != "" && (s.Public || s.Discloses || s.Link || len(s.Attach) > 0 || s.Step == t.c.once(stepFinal))
}

// nextBatch is the first message that may be said now, and all that may go in
// the same update; nil while nothing may be said. It ends where the order would
// suffer.
func (t *turn) nextBatch() batch {
	var out batch
	spoken, alone, mark := false, false, 0
	for at, s := range t.c.Owed {
		if !t.sayable(s) {
			continue
		}
		o := owed{s, at, t.alone(s)}
		fits := s.Message == "" || !spoken || !alone && !o.alone
		if mark += len(s.Step) + len(stepsJoin); len(out) > 0 && (!fits || mark > mostMark) {
			break
		}
		out, spoken, alone = append(out, o), spoken || s.Message != "", alone || o.alone
		if s.Status == StatusSolved { // the desk may refuse that for reasons of its own
			break
		}
	}
	return out
}

// room keeps of a batch what goes now: all notes where the ticket takes fewer
// updates than there are notes, the first alone otherwise. wait is how long the
// ticket takes none; what somebody waits for goes all the same.
func (e *Engine) room(ctx context.Context, t *turn, b batch) (now batch, wait time.Duration) {
	notes, second := 0, len(b)
	for i, o := range b {
		switch {
		case o.alone:
			return b, 0
		case o.Message == "":
		case notes == 1:
			second = i
			fallthrough
		default:
			notes++
		}
	}
	desk := e.deskFor(t)
	if desk.Room(ctx, t.c.Ticket, max(notes, 1)) <= 0 {
		return b[:second], 0
	}
	if t.c.Attempts >= aloneAfter {
		b = b[:second]
	}
	return b, desk.Room(ctx, t.c.Ticket, 1)
}

// put renders the messages into one update, as many as it can hold, and tells
// which they are.
func (e *Engine) put(ctx context.Context, t *turn, b batch, u *Update) (batch, error) {
	var texts []string
	size := 0
	for i, o := range b {
		html, err := e.render(ctx, t, o.Say)
		if err != nil && i > 0 {
			b = b[:i] // it fails alone, in its turn
			break
		}
		if err != nil {
			return nil, err
		}
		if html == "" || slices.Contains(texts, html) { // what stands there need not be said again
			u.take(o.Say)
			continue
		}
		if size += len(html) + len(notesApart); len(texts) > 0 && size > mostTogether {
			b = b[:i]
			break
		}
		texts = append(texts, html)
		u.take(o.Say)
	}
	u.HTML = strings.Join(texts, notesApart)
	u.Mark = e.markOf(t.c, b)
	return b, nil
}

// take lets a message's changes follow on those that the update has already.
func (u *Update) take(s Say) {
	u.Public = u.Public || s.Public
	u.Status = cmp.Or(s.Status, u.Status)
	for _, tag := range s.AddTags {
		u.AddTags, u.RemoveTags = with(u.AddTags, tag), without(u.RemoveTags, tag)
	}
	for _, tag := range s.DelTags {
		u.AddTags, u.RemoveTags = without(u.AddTags, tag), with(u.RemoveTags, tag)
	}
	if len(s.Fields) > 0 {
		u.Fields = maps.Clone(u.Fields)
		if u.Fields == nil {
			u.Fields = map[string]string{}
		}
		maps.Copy(u.Fields, s.Fields)
	}
}

func with(tags []string, tag string) []string {
	if slices.Contains(tags, tag) {
		return tags
	}
	return append(tags, tag)
}

func without(tags []string, tag string) []string {
	return slices.DeleteFunc(slices.Clone(tags), func(s string) bool { return s == tag })
}

// markOf is the mark of an update that says these messages.
func (e *Engine) markOf(c *Case, b batch) Mark {
	var steps []string
	for _, o := range b {
		steps = append(steps, o.Step)
		if o.Step == c.once(stepFinal) && c.Resolution != "" {
			steps = append(steps, endOf(c))
		}
	}
	step := strings.Join(steps, stepsJoin)
	return Mark{Request: c.ID, Step: step, MAC: e.Keys.Mark(c.ID, step)}
}

// render is a message's text; empty for one without.
func (e *Engine) render(ctx context.Context, t *turn, say Say) (string, error) {
	if say.Message == "" {
		return "", nil
	}
	vars := maps.Clone(say.Vars)
	if vars == nil {
		vars = map[string]string{}
	}
	e.commonVars(ctx, t, vars)
	if say.Public {
		e.promiseNoPast(t, say, vars)
	}
	switch {
	case !t.c.erasingNow():
	case t.c.anyBegun():
		vars["sofar"] = e.outcomesSoFar(t.c)
	default:
		vars["unbegun"] = "yes"
	}
	if say.Link {
		link, err := e.link(ctx, t.c)
		if err != nil {
			return "", err
		}
		vars["link"] = link
	}
	locale := e.Settings.AgentLocale
	if say.Public {
		locale = t.c.Locale
	}
	html, err := e.Messages.Render(locale, say.Message, vars)
	if err != nil {
		return "", fmt.Errorf("message %s: %w", say.Message, err)
	}
	return html, nil
}
