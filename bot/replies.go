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
		if c.ID > after && !c.Ours && !c.Merged && c.Public && who(c.Author) && !automatic(c) {
			out = append(out, c)
		}
	}
	return out
}

// automatic is true for an absence note or a bounce. What somebody wrote on the
// page is neither, whatever it says.
func automatic(c Comment) bool {
	return c.Channel != "web" && c.Channel != "mobile" && c.says(func(text string) bool { return reading.IsAutomatic("", text) })
}

// protested is true if a mail since a comment that reads as automatic also
// speaks of stopping: somebody who was away may have written it, so that a
// person reads it before anything is erased.
func protested(ticket *Ticket, after int64) bool {
	return slices.ContainsFunc(ticket.Comments, func(c Comment) bool {
		return c.ID > after && !c.Ours && !c.Merged && c.Public && !c.Author.Staff() && automatic(c) && reading.Protests(c.Text)
	})
}

// objectsEarly is true if somebody wrote after a comment, before the request
// was accepted, that something is wrong or has to stop. What names a person or
// a kind is an answer instead.
func objectsEarly(ticket *Ticket, after int64) bool {
	return slices.ContainsFunc(ticket.Comments, func(c Comment) bool {
		return c.ID > after && !c.Ours && !c.Merged && c.Public && !c.Author.Staff() && reading.Objects(c.Text)
	})
}

// objections are what customers wrote after a comment that a person must read
// before the request goes on: any word of the requester's but thanks, and of
// somebody copied, who may know better.
func objections(ticket *Ticket, after int64) []Comment {
	return slices.DeleteFunc(
		newerBy(ticket, after, func(p Person) bool { return !p.Staff() }),
		func(c Comment) bool { return c.says(reading.IsThanks) },
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
