package reading

import (
	"slices"
	"strings"
)

// spoken is what a message says on purpose.
type spoken struct {
	kind  telling
	given given
	cut   bool // it goes on beyond what is read
	// otherPerson and otherKind: a person who reads it sees another one.
	otherPerson, otherKind bool
}

// listen reads a message, and for the first one the ticket's title. What a
// person sees of it is read, too: markup may hide an address from them, or
// show one that is not in the text.
func (p *reader) listen(m Message, title ...string) spoken {
	text := purpose(p.clip(m.Text))
	out := spoken{kind: kindOf(append(title, text)...), given: p.given(text), cut: p.long(m.Text)}
	if m.Shown == nil {
		return out
	}
	seen := purpose(p.clip(*m.Shown))
	shown, kind := p.given(seen), kindOf(append(title, seen)...)
	out.cut = out.cut || p.long(*m.Shown)
	out.otherKind = kind.kind != out.kind.kind
	out.kind.doubt, out.kind.not = out.kind.doubt || kind.doubt, out.kind.not || kind.not
	if out.otherPerson = !out.given.within(unquoted(*m.Shown)) || !shown.within(m.Text) || shown.bad && !out.given.bad; out.otherPerson {
		out.given.add(shown)
	}
	return out
}

// unquoted is a text without the lines that a reader sees as quoted: the text
// beside it may have lost their marks.
func unquoted(text string) string {
	return strings.Join(slices.DeleteFunc(strings.Split(text, "\n"), func(line string) bool { return quoted(strings.TrimSpace(line)) }), "\n")
}

// within is true if all the addresses stand in a text, wherever.
func (g given) within(text string) bool {
	there := map[string]bool{}
	for _, m := range extract(text) {
		there[m.addr] = true
	}
	for addr := range g.addrs {
		if !there[addr] {
			return false
		}
	}
	for _, addr := range g.also {
		if !there[addr] {
			return false
		}
	}
	return true
}

// add takes in what another spelling of the same message gives.
func (g *given) add(o given) {
	for addr, unsure := range o.addrs {
		g.addrs[addr] = g.addrs[addr] || unsure
	}
	g.bad = g.bad || o.bad
	g.also = append(g.also, o.also...)
}
