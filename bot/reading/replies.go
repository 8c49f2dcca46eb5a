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

// IsThanks reports whether a reply only says thank you: it changes nothing.
func IsThanks(text string) bool {
	if len(text) > maxReply {
		return false
	}
	text = purpose(text)
	if strings.ContainsAny(text, "?@0123456789") {
		return false
	}
	thanked := false
	for i, line := range strings.FieldsFunc(text, func(r rune) bool { return r == '\n' || r == '.' || r == '!' || r == ',' }) {
		ws := words(line)
		switch {
		case len(ws) == 0:
		case polite(ws):
			thanked = thanked || (phrases{"thank*", "thx", "dank*", "merci", "gracias", "cheers"}).in(ws)
		case i > 0 && name(line, ws):
		default:
			return false
		}
	}
	return thanked
}

// polite is true if all words are those of a thank-you.
func polite(ws []string) bool {
	known := phrases{
		"thank", "thanks", "thx", "you", "very", "much", "so", "a", "lot", "many", "great", "perfect", "ok", "okay", "for", "the", "your", "quick", "fast",
		"help", "reply", "update", "response", "answer", "in", "advance", "again", "all", "good", "cheers", "best", "kind", "regards", "appreciated", "dear", "team", "hi", "hello",
		"danke", "dank", "vielen", "schon", "sehr", "fur", "die", "ihre", "schnelle", "hilfe", "antwort", "ruckmeldung", "im", "voraus", "super", "alles", "klar", "hallo",
		"merci", "beaucoup", "bien", "pour", "votre", "aide", "repons*", "d'", "avance", "bonjour", "muchas", "gracias", "mil", "por", "su", "ayuda", "respuesta", "hola",
	}
	return !slices.ContainsFunc(ws, func(w string) bool { return !known.in([]string{w}) })
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

// IsAutomatic reports whether a message was written by a machine: an absence
// note, a bounce. It looks at the title and at how the text begins.
func IsAutomatic(subject, text string) bool {
	titles := phrases{
		"automatic reply", "auto reply", "autoreply", "automated reply", "out of office", "out of the office", "undeliverable", "undelivered mail", "delivery status notification",
		"mail delivery", "abwesenheit*", "abwesend", "automatische antwort", "unzustellbar*", "repons* automatique", "absence du bureau", "absent du bureau",
		"respuesta automatica", "fuera de la oficina", "no entregado",
	}
	texts := phrases{
		"out of office", "out of the office", "automatic reply", "automated reply", "automated response", "automatic response", "automated message", "automatically generated",
		"nicht im buro", "ausser haus", "automatische antwort", "automatisch generiert*", "bin abwesend", "bin derzeit abwesend", "derzeit nicht erreichbar",
		"repons* automatique", "message automatique", "absent du bureau", "absente du bureau", "actuellement absent*", "je suis absent*",
		"respuesta automatica", "mensaje automatic*", "fuera de la oficina",
		"delivery status notification", "undelivered mail returned", "mail delivery failed", "mail delivery system", "mail delivery subsystem",
	}
	if len(text) > 2*maxReply {
		text = text[:2*maxReply] // a cut rune at the end is no word
	}
	ws := words(purpose(text))
	return titles.in(words(subject)) || texts.in(ws[:min(len(ws), 60)])
}
