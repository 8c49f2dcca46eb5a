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
}

// given reads a text that went through purpose. The desk's own addresses are
// left out; the requester's own one is, if there is another.
func (p *reader) given(text string) given {
	g := given{addrs: map[string]bool{}}
	unsure, signed := secondThoughts().in(words(text)), signature(text)
	for _, m := range extract(text) {
		switch {
		case m.addr == "":
			g.bad = true
		case p.ofDesk(m.addr):
		default:
			g.addrs[m.addr] = g.addrs[m.addr] || unsure || m.start >= signed || ofHeader(text, m) || p.doubtful(text, m)
		}
	}
	if len(g.addrs) > 1 {
		delete(g.addrs, p.own)
	}
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
func (p *reader) subjectOfForm(title, description string) {
	text := p.given(purpose(p.clip(description)))
	field := strings.TrimSpace(p.ticket.Fields[p.rules.SubjectField])
	if p.rules.SubjectField == 0 || field == "" {
		p.hear(text, p.long(description))
	} else {
		p.hearField(field, text)
	}
	for addr := range p.given(title).addrs {
		p.note(addr)
		if addr != p.own && p.subject != "" && addr != p.subject {
			p.unclear(AskOneSubject)
		}
	}
}

// hearField takes the field's address, unless the description gives another.
func (p *reader) hearField(field string, text given) {
	addr, err := Normalise(field)
	switch found := p.given(field); {
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
	p.settle(addr)
	for other := range text.addrs {
		if other != addr && other != p.own {
			p.note(other)
			p.unclear(AskOneSubject)
		}
	}
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
	case p.subject != "" && addrs[0] != p.subject && !p.weak:
		p.unclear(AskOneSubject)
	case g.addrs[addrs[0]] || cut:
		p.unclear(AskSubject)
	default:
		p.settle(addrs[0])
		p.weak = addrs[0] == p.own
	}
}

// othersSeen is true once an address was given that is not the requester's.
func (p *reader) othersSeen() bool {
	return len(p.seen) > 1 || len(p.seen) == 1 && !p.seen[p.own]
}

func (p *reader) note(addr string) { p.seen[addr] = true }

func (p *reader) settle(addr string) {
	p.note(addr)
	p.subject, p.askSubject = addr, ""
}

func (p *reader) unclear(question string) { p.subject, p.askSubject = "", question }
