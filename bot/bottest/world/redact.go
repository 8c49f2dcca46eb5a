package world

import (
	"context"
	"slices"
	"strings"
	"unicode"

	"privacydesk/bot"
)

// Redact blots comments and drops files; it counts what is left in comments
// and in the subject line.
func (d *Desk) Redact(_ context.Context, r bot.Redaction) (bot.Redacted, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	out := bot.Redacted{Left: map[bot.Place]int{}}
	if err := d.fail("redact", r.Ticket); err != nil {
		return out, err
	}
	t, ok := d.tickets[r.Ticket]
	if !ok {
		return out, bot.ErrNotFound
	}
	for i := range t.Comments {
		d.redact(&t.Comments[i], r, &out)
	}
	if r.Find != nil {
		if n := len(r.Find(t.Subject)); n > 0 {
			out.Left[bot.PlaceSubject] = n
		}
	}
	if out.Comments > 0 {
		d.touch(t)
	}
	return out, nil
}

func (d *Desk) redact(c *bot.Comment, r bot.Redaction, out *bot.Redacted) {
	if !r.Until.IsZero() && c.At.After(r.Until) {
		return
	}
	text := c.Text
	if r.Texts && !c.Ours {
		text = strings.Map(func(r rune) rune {
			if unicode.IsSpace(r) {
				return r
			}
			return '▇'
		}, text)
	} else if r.Find != nil {
		for _, s := range slices.Backward(r.Find(text)) {
			text = text[:s[0]] + "▇" + text[s[1]:]
		}
	}
	files := slices.DeleteFunc(slices.Clone(c.Files), func(f bot.File) bool { return r.Files != nil && r.Files(f) })
	switch {
	case text == c.Text && len(files) == len(c.Files):
	case r.Look:
		out.Left[bot.PlaceComment]++
	default:
		out.Comments++
		out.Files += len(c.Files) - len(files)
		c.Text, c.Files = text, files
	}
}

// Remove deletes a ticket for good.
func (d *Desk) Remove(_ context.Context, id int64) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.fail("remove", id); err != nil {
		return err
	}
	delete(d.tickets, id)
	return nil
}
