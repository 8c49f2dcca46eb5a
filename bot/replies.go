package bot

import (
	"slices"

	"privacydesk/bot/reading"
)

// newerByAsker lists what who asks themselves wrote after a comment. Absence
// notes and bounces are nobody's words.
func newerByAsker(c *Case, ticket *Ticket, after int64) []Comment {
	who := asker(c, ticket).ID
	return newerBy(ticket, after, func(p Person) bool { return p.ID == who })
}

// newerBy lists the public comments that people wrote after one.
func newerBy(ticket *Ticket, after int64, who func(Person) bool) []Comment {
	var out []Comment
	for _, c := range ticket.Comments {
		if c.ID > after && !c.Ours && !c.Merged && c.Public && who(c.Author) && !reading.IsAutomatic("", c.Text) {
			out = append(out, c)
		}
	}
	return out
}

// objections are what customers wrote after a comment that a person must read
// before the request goes on: any word of the requester's but thanks, and of
// somebody copied, who may know better.
func objections(ticket *Ticket, after int64) []Comment {
	return slices.DeleteFunc(
		newerBy(ticket, after, func(p Person) bool { return !p.Staff() }),
		func(c Comment) bool { return reading.IsThanks(c.Text) },
	)
}

// quiet is true if something was written after a comment and none of it asks
// for anything: thanks, absence notes, bounces.
func quiet(ticket *Ticket, after int64) bool {
	wrote := slices.ContainsFunc(ticket.Comments, func(c Comment) bool {
		return c.ID > after && !c.Ours && !c.Merged && c.Public && !c.Author.Staff()
	})
	return wrote && len(objections(ticket, after)) == 0
}
