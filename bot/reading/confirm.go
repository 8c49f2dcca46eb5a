package reading

import (
	"slices"
	"strings"
)

// Confirms reports whether a reply plainly says yes, and nothing else: what is
// asked for and the person's address may be repeated. A word that is not known
// here makes it a reply that confirms nothing.
func Confirms(text string) bool {
	if len(text) > maxReply {
		return false
	}
	text = purpose(text)
	if strings.Contains(text, "?") || slices.ContainsFunc(extract(text), func(m mention) bool { return m.addr == "" }) {
		return false
	}
	ws := wordsBeside(text)
	for len(ws) > 0 && (phrases{"hi", "hello", "dear", "team", "hallo", "bonjour", "hola"}).in(ws[:1]) {
		ws = ws[1:]
	}
	if len(ws) == 0 || len(ws) > maxConfirm || !agrees(ws) {
		return false
	}
	known := slices.Concat(yesWords(), besideYes(), accessWords(), deleteWords())
	return !slices.ContainsFunc(ws, func(w string) bool { return !known.in([]string{w}) })
}

// Attests reports whether a reply says that the person's request was verified,
// and nothing else: "verified", "we have verified it".
func Attests(text string) bool {
	if len(text) > maxReply {
		return false
	}
	text = purpose(text)
	ws := words(text)
	if strings.Contains(text, "?") || len(ws) == 0 || len(ws) > maxConfirm || !attestWords().in(ws) || asksToVerify().in(ws) {
		return false
	}
	known := slices.Concat(attestWords(), besideAttest(), yesWords(), besideYes())
	return !slices.ContainsFunc(ws, func(w string) bool { return !known.in([]string{w}) })
}

func attestWords() phrases {
	return phrases{"verified", "gepruft", "geprueft", "verifiziert", "verifie", "verifiee", "verificado", "verificada", "verificamos"}
}

// asksToVerify are words that ask whether it was verified, let us do it, or
// speak of doing it now: "have it verified", "is it verified".
func asksToVerify() phrases {
	return phrases{
		"have it", "have this", "have that", "have the", "have her", "have his", "have their", "have them", "have you", "have our", "has it", "has this", "has that", "has the", "has our",
		"is it", "is this", "is that", "is the", "is her", "is his", "is their", "is our", "by you",
		"ist es", "ist das", "ist die", "ist der", "ist diese", "ist dieser", "hat die", "hat der", "hat das", "hat es", "wurde es", "wurde das", "wurde die", "wurde der", "wurde diese", "wurde dieser",
		"je verifie", "est l'", "est la", "ha sido la", "esta la",
	}
}

// besideAttest are words that change nothing about it.
func besideAttest() phrases {
	return phrases{
		"have", "has", "been", "was", "i've", "we've", "j'", "ai", "person's", "person", "identity", "right", "and", "our", "by", "us", "hello", "hi", "dear", "team",
		"haben", "wurde", "hat", "person", "identitat", "betroffenen", "wir", "und", "hallo",
		"avons", "a", "ete", "l'", "identite", "personne", "et", "bonjour", "hemos", "ha", "sido", "la", "identidad", "persona", "y", "hola",
	}
}

// maxConfirm is how many words a confirmation has at most, addresses aside.
const maxConfirm = 14

// agrees is true for words that begin with a yes: "confirm that you got it" and
// "please confirm" are said to us, and no yes.
func agrees(ws []string) bool {
	if (phrases{"i", "we", "ich", "wir", "je", "nous", "hiermit", "hereby", "d'"}).in(ws[:1]) {
		ws = ws[1:]
	}
	if len(ws) > 1 && ws[0] == "si" {
		return ws[1] == "confirmo" // the French and Spanish if
	}
	return len(ws) > 0 && yesWords().in(ws[:1])
}

func yesWords() phrases {
	return phrases{
		"yes", "confirm", "confirmed", "approve", "approved", "agreed", "agree", "ja", "bestatige", "bestatigen", "bestatigt", "bestaetige", "bestaetigt",
		"genehmigt", "genehmige", "einverstanden", "oui", "confirme", "confirmons", "accord", "si", "confirmo", "confirmamos", "confirmado",
	}
}

// besideYes are words that change nothing about a yes.
func besideYes() phrases {
	return phrases{
		"i", "we", "hereby", "this", "that", "the", "it", "request", "please", "do", "go", "ahead", "all", "data", "personal", "of", "for", "about", "on", "is", "correct", "right", "her", "his", "their", "them", "thanks", "thank", "you",
		"ich", "wir", "hiermit", "das", "die", "der", "den", "diese", "dieser", "anfrage", "bitte", "alle", "daten", "von", "uber", "zu", "ist", "richtig", "so", "es", "danke",
		"je", "nous", "la", "le", "les", "cette", "demande", "svp", "toutes", "donnees", "de", "d'", "c'", "est", "exact", "l'", "merci",
		"esta", "este", "solicitud", "por", "favor", "todos", "los", "datos", "el", "es", "correcto", "gracias",
	}
}

// wordsBeside are the words of a text without its addresses.
func wordsBeside(text string) []string {
	var out []string
	at := 0
	for _, m := range extract(text) {
		out = append(out, words(text[at:max(m.start, at)])...)
		at = max(m.end, at)
	}
	return append(out, words(text[at:])...)
}
