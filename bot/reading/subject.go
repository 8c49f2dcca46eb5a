package reading

import (
	"maps"
	"slices"
	"strings"
)

// given are the addresses that a text gives on purpose.
type given struct {
	addrs map[string]bool // address to whether its sentence leaves doubt what it is
	bad   bool            // something tries to be an address and is none
	also  []string        // what the one address is also known as, on purpose
}

// given reads a text that went through purpose. The desk's own addresses are
// left out; the requester's own one is, if there is another.
func (p *reader) given(text string) given {
	g := given{addrs: map[string]bool{}}
	unsure, signed := secondThoughts().in(words(text)), signature(text)
	mentions := extract(text)
	aliases := aliasesOf(text, mentions)
	for i, m := range mentions {
		who := i // whose alias it is, else itself
		for aliases[who] {
			who--
		}
		switch whom := mentions[who].addr; {
		case m.addr == "", who != i && (p.ofDesk(m.addr) || p.ofDesk(whom)):
			g.bad = true
		case p.ofDesk(m.addr):
		default:
			g.addrs[whom] = g.addrs[whom] || unsure || m.start >= signed || ofHeader(text, m) || p.doubtful(text, m)
			if who != i {
				g.also = append(g.also, m.addr)
			}
		}
	}
	for _, alias := range g.also {
		if len(g.addrs) > 1 {
			delete(g.addrs, alias) // the same person, mentioned once more
		}
	}
	if len(g.addrs) > 1 && len(g.also) == 0 {
		delete(g.addrs, p.own)
	}
	g.also = named(g.addrs, g.also)
	g.bad = g.bad || len(g.also) > maxAliases
	return g
}

// ofDesk is true for a support address, with or without the plus-tag by which
// a desk finds the ticket of a reply.
func (p *reader) ofDesk(addr string) bool {
	local, domain, _ := strings.Cut(addr, "@")
	base, _, _ := strings.Cut(local, "+")
	return slices.ContainsFunc(p.rules.OwnAddresses, func(own string) bool {
		own, err := Normalise(own)
		return err == nil && (own == addr || own == base+"@"+domain)
	})
}

// doubtful is true where the mention's sentence may mean that it is not the
// subject: a negation, a recipient, the writer.
func (p *reader) doubtful(text string, m mention) bool {
	for _, s := range sentences(text) {
		if m.start >= s.end || m.end <= s.start {
			continue
		}
		before := words(text[s.start:max(m.start, s.start)])
		around, _ := harmless().cut(append(slices.Clone(before), words(text[min(m.end, s.end):s.end])...))
		if negations().in(around) || m.addr != p.own && replyWords().in(around) || recipient(before) {
			return true
		}
	}
	return false
}

// recipient is true for the words before an address to which something is to
// be sent.
func recipient(before []string) bool {
	n := len(before)
	if n == 0 || !slices.Contains([]string{"to", "at", "an", "a", "unter", "via", "mailto"}, before[n-1]) {
		return false
	}
	if n > 1 && (phrases{"belong*", "relat*", "link*", "tied", "pertain*", "attached", "assigned", "respect", "regard", "connected"}).in(before[n-2:n-1]) {
		return false
	}
	return sendWords().in(before)
}

// subjectOfForm looks into the subject's field, and into the description.
// An address in the title never answers, but it may contradict.
func (p *reader) subjectOfForm(title string, said spoken) {
	text := said.given
	field := strings.TrimSpace(p.ticket.Fields[p.rules.SubjectField])
	if p.rules.SubjectField == 0 || field == "" {
		p.hear(text, said.cut || said.otherPerson)
	} else {
		p.hearField(field, text)
	}
	for addr := range p.given(title).addrs {
		p.note(addr)
		if addr != p.own && p.subject != "" && addr != p.subject && !slices.Contains(p.also, addr) {
			p.unclear(AskOneSubject)
		}
	}
}

// hearField takes the field's address, unless the description gives another.
func (p *reader) hearField(field string, text given) {
	addr, err := Normalise(field)
	found := p.given(field)
	if err != nil && len(found.addrs) == 1 && (len(found.also) > 0 || alone(field)) && !found.bad {
		addr, err = first(found.addrs), nil
	}
	switch {
	case err != nil && len(found.addrs) > 1:
		for addr := range found.addrs {
			p.note(addr)
		}
		p.unclear(AskOneSubject)
		return
	case err != nil:
		p.unclear(AskRealAddress)
		return
	case p.ofDesk(addr):
		p.unclear(AskSubject)
		return
	}
	also := found.also
	if _, same := text.addrs[addr]; same {
		also = append(also, text.also...)
	} else if len(text.also) > 0 {
		p.unclear(AskOneSubject)
		return
	}
	p.settle(addr, also)
	for other := range text.addrs {
		if other != addr && other != p.own && !slices.Contains(p.also, other) {
			p.note(other)
			p.unclear(AskOneSubject)
		}
	}
}

// alone is true for one address with the link that a mail program made of it.
func alone(field string) bool {
	m := extract(field)
	return len(m) == 1 && strings.Trim(field[:m[0].start], "[<( ") == "" && m[0].end == len(field)
}

// hear takes in what a text gives. It settles an unclear subject only by
// exactly one address, said without doubt; anything that does not fit a
// settled one makes it unclear again. cut says that the text went on.
func (p *reader) hear(g given, cut bool) {
	if _, own := g.addrs[p.own]; own && len(g.addrs) == 1 && p.othersSeen() {
		return // "I am admin@…" is no answer to the question which of two
	}
	addrs := slices.Sorted(maps.Keys(g.addrs))
	for _, addr := range addrs {
		p.note(addr)
	}
	switch {
	case len(addrs) == 0 && !g.bad:
		if cut && p.subject == "" {
			p.unclear(AskSubject)
		}
	case len(addrs) == 0:
		p.unclear(AskRealAddress)
	case len(addrs) > 1 || g.bad:
		p.unclear(AskOneSubject)
	case p.subject != "" && len(g.also) == 0 && !g.addrs[addrs[0]] && !cut && slices.Contains(p.also, addrs[0]):
		// the same person, by another of their addresses
	case p.subject != "" && addrs[0] != p.subject && !p.weak:
		p.unclear(AskOneSubject)
	case g.addrs[addrs[0]] || cut:
		p.unclear(AskSubject)
	case addrs[0] == p.subject:
		p.settle(addrs[0], append(p.also, g.also...))
	default:
		p.settle(addrs[0], g.also)
		p.weak = addrs[0] == p.own
	}
}

// othersSeen is true once an address was given that is not the requester's.
func (p *reader) othersSeen() bool {
	return len(p.seen) > 1 || len(p.seen) == 1 && !p.seen[p.own]
}

func (p *reader) note(addr string) { p.seen[addr] = true }

func (p *reader) settle(addr string, also []string) {
	p.note(addr)
	p.subject, p.askSubject = addr, ""
	p.also = named(map[string]bool{addr: false}, also)
}

func (p *reader) unclear(question string) { p.subject, p.askSubject, p.also = "", question, nil }
