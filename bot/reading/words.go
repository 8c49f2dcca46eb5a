package reading

import (
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// fold makes words comparable: lower case, no accents, no invisible
// characters. It serves to recognise words, never addresses.
func fold(s string) string {
	s = strings.ReplaceAll(strings.ToLower(s), "ß", "ss")
	return strings.Map(func(r rune) rune {
		if unicode.In(r, unicode.Mn, unicode.Cf) {
			return -1
		}
		return r
	}, norm.NFKD.String(s))
}

// words splits a text into folded words. Apostrophes stay, "don't"; a French
// article or negation that is tied to its word is one of its own: "l' acces".
func words(s string) []string {
	s = strings.ReplaceAll(fold(s), "’", "'")
	var out []string
	for _, w := range strings.FieldsFunc(s, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '\''
	}) {
		if i := strings.IndexByte(w, '\''); i > 0 && i+1 < len(w) && slices.Contains([]string{"l", "d", "n", "s", "c", "j", "m", "t", "qu"}, w[:i]) {
			out, w = append(out, w[:i+1]), w[i+1:]
		}
		out = append(out, w)
	}
	return out
}

// phrases are folded words to look for. A star stands for any ending, or
// beginning, of a word.
type phrases []string

// in reports whether any of the phrases occurs among the words.
func (p phrases) in(ws []string) bool {
	return slices.ContainsFunc(p, func(phrase string) bool { return find(ws, strings.Fields(phrase)) >= 0 })
}

// cut removes every occurrence of the phrases.
func (p phrases) cut(ws []string) (rest []string, found bool) {
	rest = slices.Clone(ws)
	for _, phrase := range p {
		parts := strings.Fields(phrase)
		for i := find(rest, parts); i >= 0; i = find(rest, parts) {
			rest, found = slices.Delete(rest, i, i+len(parts)), true
		}
	}
	return rest, found
}

func find(ws, parts []string) int {
	for i := 0; i+len(parts) <= len(ws); i++ {
		if slices.EqualFunc(ws[i:i+len(parts)], parts, matches) {
			return i
		}
	}
	return -1
}

func matches(word, pattern string) bool {
	if stem, ok := strings.CutSuffix(pattern, "*"); ok {
		return strings.HasPrefix(word, stem)
	}
	if tail, ok := strings.CutPrefix(pattern, "*"); ok {
		return strings.HasSuffix(word, tail)
	}
	return word == pattern
}

// The words of each kind, in English, German, French and Spanish. They are
// broad on purpose: two kinds at once are a question, never a guess.
func accessWords() phrases {
	return phrases{
		"access", "export", "exports", "exporting", "copy", "portability", "dsar", "sar", "disclosure", "disclose", "download",
		"full report", "data report", "send me", "send us", "give me", "give us", "provide me", "provide us", "provide a",
		"schicken sie mir", "schicken sie uns", "senden sie mir", "senden sie uns", "envoyez moi", "envoyez nous", "envieme", "envienos", "enviadme", "enviadnos", "auskunft*", "datenauskunft*", "einsicht*", "zugriff*", "zugang*", "datenkopie*", "kopie", "herausgabe",
		"exportier*", "datenexport*", "acces", "acceder", "exporter", "copie", "portabilite", "acceso", "exportar", "exportacion", "copia", "portabilidad", "informe",
	}
}

func deleteWords() phrases {
	return phrases{
		"delet*", "eras*", "purg*", "remove*", "removal", "removing", "forget", "forgotten", "wipe", "wiped", "destroy*", "anonymi*",
		"losch*", "loesch*", "gelosch*", "geloesch*", "datenlosch*", "datenloesch*", "entfern*", "vernicht*", "vergessen*", "tilg*",
		"supprim*", "suppression", "effac*", "oubli", "detruire", "destruction", "elimin*", "borr*", "suprim*", "supresion", "olvido", "destruir",
	}
}

func optOutWords() phrases {
	return phrases{
		"opt out", "optout", "opting out", "do not sell", "don't sell", "dont sell", "stop selling", "nicht verkaufen", "nicht verkauft",
		"ne pas vendre", "ne vendez pas", "no vender", "no vendan", "no vendais",
	}
}

// correctionWords ask to have data put right (Art. 16 GDPR, Civ. Code
// 1798.106): never what a slip of the pen is put right with.
func correctionWords() phrases {
	return append(changeWords(),
		"rectif*", "right to correct", "correct her", "correct his", "correct their", "correct the data", "correct the record*", "correct the name", "correct the address", "correct the spelling",
		"correct this person*", "correct my data", "correct our data", "correct inaccurate*", "correction of", "to be corrected",
		"berichtig*", "richtigstell*", "korrigieren sie", "korrektur der", "korrektur von", "korrektur ihrer", "korrektur seiner",
		"rectifi*", "corriger ses", "corriger son", "corriger sa", "corriger les", "corrigez", "rectific*", "corregir", "corrijan", "corrija",
	)
}

// changeWords name what is to be changed: who says "so that we can update her"
// asks for nothing of the kind.
func changeWords() (out phrases) {
	for _, verb := range []string{"update", "amend", "change"} {
		for _, whose := range []string{"her", "his", "their"} {
			for _, what := range []string{"name*", "surname", "first name", "last name", "address*", "email*", "e mail*", "phone*", "number*", "birth*", "date of", "record*", "data", "details", "information"} {
				out = append(out, verb+" "+whose+" "+what)
			}
		}
	}
	return out
}

// objectionWords object to the use of data, or ask to restrict it (Art. 18 and
// 21 GDPR).
func objectionWords() phrases {
	return phrases{
		"object to", "objects to", "objecting to", "objection to", "right to object", "restrict the processing", "restrict processing", "restriction of processing", "stop processing", "limit the use",
		"widerspruch*", "widerspr*", "einschrankung der verarbeitung", "verarbeitung einschranken", "verarbeitung einzuschranken", "verarbeitung ein",
		"s' oppos*", "m' oppos*", "oppose au", "oppose a", "droit d' opposition", "limitation du traitement", "oponer*", "me opongo", "se opone", "derecho de oposicion", "limitacion del tratamiento",
	}
}

// negations turn a sentence's meaning round, in a way that is not read here.
func negations() phrases {
	return append(plainNo(),
		"except", "excluding", "apart from", "other than", "rather than", "but for",
		"ausser", "statt", "anstatt", "ausgenommen", "sondern",
		"sauf", "excepte", "hormis", "plutot que", "lieu de",
		"excepto", "salvo", "menos", "lugar de", "sino",
	)
}

// plainNo are the negations that say no to what is asked for, rather than
// leave somebody out of it.
func plainNo() phrases {
	return phrases{"no", "not", "*n't", "cannot", "dont", "doesnt", "never", "nicht", "kein*", "niemals", "ne", "n'", "pas", "nunca"}
}

// tellings make a sentence speak of something that happened, of a condition,
// or of a mailing list, rather than of something to be done.
func tellings() phrases {
	return phrases{
		"was", "were", "has been", "have been", "had been", "got deleted", "already", "why", "did", "restor*", "undelete*", "recover*", "if", "unless", "unsubscribe*", "mailing list", "newsletter",
		"wurde*", "bereits", "warum", "weshalb", "wiederherstell*", "falls", "a ete", "ont ete", "deja", "pourquoi", "restaur*",
		"fue", "fueron", "ya", "por que", "recuper*",
	}
}

// harmless phrases contain a word of the lists above and change nothing.
func harmless() phrases {
	return phrases{
		"if possible", "no longer", "no later", "not later than",
		"send me a confirmation", "send us a confirmation", "send me confirmation", "send us confirmation", "give me a confirmation", "give us a confirmation",
	}
}

// secondThoughts cast doubt on all that was said in a message.
func secondThoughts() phrases {
	return phrases{
		"disregard", "ignore this", "ignore that", "ignore my", "correction", "typo", "on second thought", "wait", "never mind", "nevermind",
		"doch nicht", "korrektur", "moment mal", "vergessen sie", "tippfehler", "ignorieren sie", "ignorez", "correctif", "oubliez", "ignore el", "correcci*", "olvide",
	}
}

// replyWords: an address in such a sentence may be where an answer is wanted,
// or the writer's own, rather than the subject.
func replyWords() phrases {
	return phrases{
		"cc", "cc'd", "cced", "bcc", "in copy", "contact me", "contact us", "reach me", "reach us", "reply to", "respond to", "write to", "write me",
		"my email", "my e mail", "my address", "my mail", "i am", "i'm", "on behalf",
		"in kopie", "antworten sie an", "antwort an", "erreichen sie mich", "meine e mail*", "meine mail*", "meine adresse", "ich bin", "im namen",
		"en copie", "repondre a", "repondez a", "mon adresse", "mon mail", "mon e mail", "je suis", "au nom",
		"en copia", "responder a", "respondan a", "mi correo", "mi direccion", "mi email", "soy", "en nombre",
	}
}

// sendWords, with a preposition right before the address, make it a recipient.
func sendWords() phrases {
	return phrases{
		"send*", "sent", "forward*", "deliver*", "email it", "mail it", "e mail it", "return*", "upload*",
		"schick*", "weiterleit*", "liefer*", "zusend*", "ubermitt*", "envoy*", "transmett*", "transmis*", "envi*", "remit*", "mand*",
	}
}

// cancelWords take a request back.
func cancelWords() phrases {
	return phrases{
		"cancel*", "stop", "withdraw*", "abort", "revoke", "halt", "stopp", "stoppen", "stornier*", "abbrech*", "abbruch", "zuruckzieh*", "zuruckgezogen",
		"annul*", "arret*", "retir*", "anul*", "deten*", "parar", "alto",
	}
}

// sentences splits at full stops, question and exclamation marks that end a
// word, and at blank lines; a single line break does not end a sentence.
func sentences(text string) []span {
	var out []span
	start := 0
	for i := 0; i < len(text); i++ {
		stop := strings.IndexByte(".!?", text[i]) >= 0 && (i+1 == len(text) || unicode.IsSpace(rune(text[i+1])))
		if stop || strings.HasPrefix(text[i:], "\n\n") {
			out = append(out, span{start, i + 1})
			start = i + 1
		}
	}
	return append(out, span{start, len(text)})
}

type span struct{ start, end int }
