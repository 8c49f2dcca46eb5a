package reading

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

// defaultMaxText is how much of a comment is read where the rules don't say.
const defaultMaxText = 20_000

// Validate names what in the rules can't be meant.
func (r Rules) Validate() error {
	var errs []error
	if r.FormID == 0 && r.Tag == "" {
		errs = append(errs, errors.New("form, tag: at least one must be set, or no ticket is ever in scope"))
	}
	if r.KindField != 0 && len(r.KindValues) == 0 {
		errs = append(errs, errors.New("kind_values: must say what the values of kind_field mean"))
	}
	for _, value := range slices.Sorted(maps.Keys(r.KindValues)) {
		if !slices.Contains([]Kind{Access, Delete, OptOut, Direct}, r.KindValues[value]) {
			errs = append(errs, fmt.Errorf("kind_values.%s: %q is not access, delete, opt_out or direct", value, string(r.KindValues[value])))
		}
	}
	for i, a := range r.OwnAddresses {
		if _, err := Normalise(a); err != nil {
			errs = append(errs, fmt.Errorf("own_addresses[%d]: %w", i, err))
		}
	}
	if r.MaxText < 0 {
		errs = append(errs, errors.New("max_text: must not be negative"))
	}
	return errors.Join(errs...)
}

// InScope reports whether the ticket is a privacy request: it came by the
// configured form, or an agent put the configured tag on it. Nothing else
// makes it one; other mail is not read.
func InScope(r Rules, t Ticket) bool {
	return r.FormID != 0 && t.FormID == r.FormID || r.Tag != "" && slices.Contains(t.AgentTags, r.Tag)
}

// Read finds kind and subject. What the form's fields say counts first; what
// is missing there is looked for in the description. A later reply of the
// requester resolves what is unclear, and makes unclear what it contradicts.
func Read(r Rules, t Ticket) Result {
	p := newReader(r, t)
	title := ""
	if !isReply(t.Subject) {
		title = p.clip(t.Subject)
	}
	var description Message
	if len(t.Messages) > 0 && heard(t.Messages[0]) {
		description = t.Messages[0]
	}
	said := p.listen(description, title)
	p.kindOfForm(said)
	p.subjectOfForm(title, said)
	for _, m := range t.Messages[min(1, len(t.Messages)):] {
		if heard(m) && !IsAutomatic("", m.Text) {
			p.reply(p.listen(m))
		}
	}
	return p.result()
}

// heard: only what the requester wrote to us themselves counts.
func heard(m Message) bool { return m.FromRequester && !m.FromStaff && m.Public && !m.Automatic }

// isReply is true for the title of an answer or a forwarded mail: its words
// are somebody else's.
func isReply(title string) bool {
	for _, prefix := range []string{"re", "fw", "fwd", "aw", "wg", "antw", "tr", "rv", "ref"} {
		if rest, ok := strings.CutPrefix(fold(strings.TrimSpace(title)), prefix); ok && strings.HasPrefix(strings.TrimSpace(rest), ":") {
			return true
		}
	}
	return false
}

// reader keeps what is known so far. An empty kind or subject is unclear, and
// askSubject says why.
type reader struct {
	rules      Rules
	ticket     Ticket
	own        string // the requester's address, normalised
	kind       Kind
	wanted     Kind // what the words ask for
	subject    string
	also       []string // further addresses of the subject
	weak       bool     // the subject is the requester's own address, by text alone
	askSubject string
	seen       map[string]bool // distinct addresses given on purpose
}

func newReader(r Rules, t Ticket) *reader {
	p := &reader{rules: r, ticket: t, askSubject: AskSubject, seen: map[string]bool{}}
	if p.rules.MaxText <= 0 {
		p.rules.MaxText = defaultMaxText
	}
	p.own, _ = Normalise(t.RequesterAddress) // without one, nothing is the requester's own
	return p
}

// clip bounds what is read. What was cut off is asked about, see long.
func (p *reader) clip(text string) string {
	if !p.long(text) {
		return text
	}
	return string([]rune(text)[:p.rules.MaxText])
}

func (p *reader) long(text string) bool { return utf8.RuneCountInString(text) > p.rules.MaxText }

func (p *reader) kindOfForm(heard spoken) {
	said := heard.kind
	if !said.doubt && !heard.cut && !heard.otherKind {
		p.wanted = said.kind
	}
	value := p.ticket.Fields[p.rules.KindField]
	if p.rules.KindField == 0 || value == "" {
		p.kind = p.wanted
		return
	}
	p.kind = p.rules.KindValues[value]
	if said.contradicts(p.kind) {
		p.kind = Unclear
	}
}

// telling is what texts say of the kind.
type telling struct {
	kind  Kind
	doubt bool // they name several, or one in a sentence that may mean its opposite
	not   bool // they name one together with a plain no
}

// contradicts is true if a text clearly asks for something else than the kind,
// or says no to something. An opt-out and what a consumer asks stand.
func (said telling) contradicts(have Kind) bool {
	if have == Unclear || have == OptOut || have == Direct {
		return false
	}
	return said.not || !said.doubt && said.kind != Unclear && said.kind != have
}

// kindOf finds the kind that the texts name.
func kindOf(texts ...string) (said telling) {
	var kinds []Kind
	for _, text := range texts {
		if secondThoughts().in(words(text)) {
			said.doubt = true
		}
		for _, s := range sentences(text) {
			ws, _ := harmless().cut(words(text[s.start:s.end]))
			ws, optOut := optOutWords().cut(ws)
			if optOut {
				kinds = append(kinds, OptOut)
			}
			before := len(kinds)
			if accessWords().in(ws) {
				kinds = append(kinds, Access)
			}
			if deleteWords().in(ws) {
				kinds = append(kinds, Delete)
			}
			if correctionWords().in(ws) {
				kinds = append(kinds, Correction)
			}
			if objectionWords().in(ws) {
				kinds = append(kinds, Objection)
			}
			if len(kinds) > before && (negations().in(ws) || tellings().in(ws)) {
				said.doubt = true
			}
			said.not = said.not || len(kinds) > before && plainNo().in(ws)
		}
	}
	slices.Sort(kinds)
	kinds = slices.Compact(kinds)
	if len(kinds) == 1 {
		said.kind = kinds[0]
	}
	said.doubt = said.doubt || len(kinds) > 1
	return said
}

// reply takes a later message of the requester in.
func (p *reader) reply(heard spoken) {
	said, sure := heard.kind, !heard.kind.doubt && !heard.cut && !heard.otherKind
	p.want(said, sure)
	switch {
	case p.kind == Unclear && said.kind != Unclear && sure:
		p.kind = said.kind
	case said.contradicts(p.kind):
		p.kind = Unclear
	}
	p.hear(heard.given, heard.cut || heard.otherPerson)
}

// want keeps what the words ask for. A later message answers where it was
// unclear, and makes unclear what it contradicts.
func (p *reader) want(said telling, sure bool) {
	switch {
	case (p.wanted == Unclear || p.wanted == OptOut) && said.kind != Unclear && sure:
		p.wanted = said.kind
	case said.contradicts(p.wanted):
		p.wanted = Unclear
	}
}

func (p *reader) result() Result {
	res := Result{Kind: p.kind, Subject: p.subject, Candidates: len(p.seen), also: strings.Join(p.also, " ")}
	if p.kind == Direct && (p.wanted == Access || p.wanted == Delete) {
		res.Wanted = p.wanted
	}
	switch {
	case p.kind == Unclear:
		res.Question = AskKind
	case p.kind != Access && p.kind != Delete:
	case p.subject == "":
		res.Question = p.askSubject
	}
	return res
}
