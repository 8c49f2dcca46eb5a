package reading

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxReply is how many bytes of a reply the functions below look at: what is
// longer is neither a thank-you nor a cancellation.
const maxReply = 4000

// Cancels reports whether a reply takes the request back. Only a short, plain
// one counts; anything else is a reply that a person reads.
func Cancels(text string) bool {
	if len(text) > maxReply {
		return false
	}
	text = purpose(text)
	ws := words(text)
	return len(ws) > 0 && len(ws) <= 8 && !strings.ContainsAny(text, "\n?") &&
		cancelWords().in(ws) && !negations().in(ws)
}

// Protests reports whether a text speaks of stopping or of a mistake, in
// whatever sense: far more texts than Cancels takes for a cancellation.
func Protests(text string) bool {
	ws := words(purpose(text[:min(len(text), maxInput)]))
	return cancelWords().in(ws) || phrases{
		"don't delete", "dont delete", "not delete", "not erase", "wrong", "mistake*", "nicht loschen", "falsch*", "irrtum*", "versehen*", "ne pas supprimer", "erreur",
		"no borr*", "no elimin*", "error",
	}.in(ws)
}

// Objects reports whether a text protests and says nothing else that could be
// read: neither an address nor, clearly, a kind.
func Objects(text string) bool {
	said := kindOf(purpose(text[:min(len(text), maxReply)]))
	return Protests(text) && (said.kind == Unclear || said.doubt) && len(extract(text)) == 0
}

// Choice finds which of the names a reply consists of, quotes and signature
// aside. Upper and lower case are told apart where it takes that. said is true
// for a reply that fits a name; which one stays open if it fits several.
func Choice(text string, names []string) (name string, said bool) {
	if len(text) > maxReply {
		return "", false
	}
	var alike []string
	for _, answer := range []string{strings.TrimSpace(text), strings.Trim(purpose(text), " \n.!\"'“”„«»")} {
		if slices.Contains(names, answer) {
			return answer, true
		}
		for _, n := range names {
			if strings.EqualFold(answer, n) && !slices.Contains(alike, n) {
				alike = append(alike, n)
			}
		}
	}
	if len(alike) == 1 {
		return alike[0], true
	}
	return "", len(alike) > 0
}

// name is true for a line that may be how a mail is signed.
func name(line string, ws []string) bool {
	if len(ws) > 3 || accessWords().in(ws) || deleteWords().in(ws) || cancelWords().in(ws) || negations().in(ws) {
		return false
	}
	return !slices.ContainsFunc(strings.Fields(line), func(w string) bool {
		first, _ := utf8.DecodeRuneInString(w)
		return !unicode.IsUpper(first)
	})
}
