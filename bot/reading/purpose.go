package reading

import (
	"regexp"
	"strings"
)

// purpose returns what the author of a message wrote on purpose: without
// quotes, forwarded mail, CC lines and the signature. Where it is unclear
// whether a part is the author's own, it is left out: then a question is
// asked instead of a stranger's address being taken.
func purpose(text string) string {
	return withoutContacts(ownLines(text, ends))
}

// ownLines are the lines up to where quotes, forwarded mail or what stops are
// reached, without quotes and CC lines in between.
func ownLines(text string, stops func(line string, first bool) bool) []string {
	lines := strings.Split(newlines().Replace(text), "\n")
	var kept []string
	for i := 0; i < len(lines); i++ {
		line := strings.TrimSpace(lines[i])
		switch {
		case quoted(line):
			i = skipWrapped(lines, i)
		case copied(line):
			i = skipFolded(lines, i)
		case stops(line, len(kept) == 0), headerBlock(lines[i:]):
			return kept
		case introduces(lines[i:]) > 0:
			i += introduces(lines[i:])
			if i >= len(lines) || !quoted(strings.TrimSpace(lines[i])) {
				return kept
			}
			i--
		case line != "" || len(kept) > 0:
			kept = append(kept, line)
		}
	}
	return kept
}

func newlines() *strings.Replacer {
	return strings.NewReplacer("\u00a0", " ", "\u202f", " ", "\r\n", "\n", "\r", "\n", "\u2028", "\n", "\u2029", "\n", "\v", "\n", "\f", "\n", "\u0085", "\n")
}

var quoteMark = regexp.MustCompile(`^[\p{L}\p{N}]{0,10}[>»＞]`)

func quoted(line string) bool { return quoteMark.MatchString(line) }

// skipWrapped returns the last line of the quote that starts at i. Lines that
// follow it with no blank between are the rest of lines that were wrapped.
func skipWrapped(lines []string, i int) int {
	for i+1 < len(lines) && strings.TrimSpace(lines[i+1]) != "" {
		i++
	}
	return i
}

var copyLine = regexp.MustCompile(`(?i)^[*\s]*(b?cc|reply-to|kopie|blindkopie|copie(\s+à)?|cci|cco|con\s+copia|copia)\s*:`)

func copied(line string) bool { return copyLine.MatchString(line) }

// skipFolded returns the last line of the header that starts at i.
func skipFolded(lines []string, i int) int {
	for i+1 < len(lines) {
		next, this := lines[i+1], strings.TrimSpace(lines[i])
		folded := strings.HasPrefix(next, " ") || strings.HasPrefix(next, "\t")
		open := strings.HasSuffix(this, ",") || strings.HasSuffix(this, ";") || strings.HasSuffix(this, ":")
		if strings.TrimSpace(next) == "" || !folded && !open {
			break
		}
		i++
	}
	return i
}

const wrote = `(wrote|writes|schrieb|schreibt|a écrit|escribió|ha scritto|schreef|escreveu)`

var (
	header = regexp.MustCompile(`(?i)^[*\s]*(from|von|de|expéditeur|absender|remitente|da|van|` +
		`sent|date|gesendet|datum|envoyé|enviado|fecha|inviato|verzonden|to|an|à|para|a|aan|` +
		`subject|betreff|objet|asunto|oggetto|onderwerp|assunto|cc|kopie)\s*:`)
	intro = regexp.MustCompile(`(?i)^((on|am|le|el|il|op|em)\s.*\s` + wrote + `(\P{L}.*)?:` +
		`|(on|am|le|el|il|op|em)\s.*\s` + wrote +
		`|.*\s` + wrote + `\s*:` +
		`|\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}.*:)$`)
	introStart = regexp.MustCompile(`(?i)^(on|am|le|el|il|op|em)\s`)
)

// headerBlock is true where two different mail headers follow each other: a
// mail was pasted or forwarded.
func headerBlock(lines []string) bool {
	first := header.FindStringSubmatch(lines[0])
	if first == nil {
		return false
	}
	for _, line := range lines[1:] {
		if strings.TrimSpace(line) == "" {
			continue
		}
		second := header.FindStringSubmatch(line)
		return second != nil && !strings.EqualFold(first[1], second[1])
	}
	return false
}

var person = regexp.MustCompile(`(?i)^[*\s]*(from|von|de|expéditeur|absender|remitente|da|van|to|an|à|para|a|aan)\s*:`)

// ofHeader is true where a line names the mention as who wrote a mail or got
// it: one header alone makes no pasted mail yet, but it leaves a doubt.
func ofHeader(text string, m mention) bool {
	return person.MatchString(text[strings.LastIndexByte(text[:m.start], '\n')+1 : m.start])
}

// signature returns from where on a text may be a signature that nothing
// marks: a line that could be a name, with an address somewhere below it and
// sentences above that do not announce it. It is the text's length if there
// is none. What stands there is not dropped, it may be meant; it is doubted.
func signature(text string) int {
	above, at := "", 0
	for line := range strings.Lines(text) {
		trimmed := strings.TrimSpace(line)
		ws := words(trimmed)
		if above != "" && !strings.HasSuffix(above, ":") && len(ws) > 0 && !strings.ContainsAny(trimmed, "@:?0123456789") && name(trimmed, ws) {
			return at
		}
		if trimmed != "" {
			above = trimmed
		}
		at += len(line)
	}
	return len(text)
}

// introduces returns how many lines announce a quote ("On … wrote:", wrapped
// over up to three lines), or 0.
func introduces(lines []string) int {
	joined := ""
	for n := range min(3, len(lines)) {
		line := strings.TrimSpace(lines[n])
		if line == "" {
			return 0
		}
		joined = strings.TrimSpace(joined + " " + line)
		if intro.MatchString(joined) {
			for n+1 < len(lines) && strings.TrimSpace(lines[n+1]) == "" {
				n++
			}
			return n + 1
		}
		if !introStart.MatchString(joined) {
			return 0
		}
	}
	return 0
}

var (
	endMark = regexp.MustCompile(`(?i)^(` +
		`--|—|––|__|` + // the signature's separator
		`[-_=*#]{5,}|` +
		`-{2,}.*(original|ursprüngliche|weitergeleitet|forwarded|transféré|réexpédié|origine|reenviado|mensaje|messaggio|bericht).*|` +
		`##-.*-##|` +
		`(begin forwarded message|anfang der weitergeleiteten|début du message|inicio del mensaje).*|` +
		`(sent from|sent via|get outlook|von meinem|gesendet von|envoyé de|envoyé depuis|enviado desde|obtener outlook).*` +
		`)$`)
	signOff = regexp.MustCompile(`(?i)^((with |my )?(best|kind|kindest|warm|warmest) (regards|wishes)|best|regards|sincerely|yours( sincerely| truly| faithfully)?|cheers|` +
		`mit (freundlichen|besten|lieben|herzlichen) grü(ß|ss)en|(viele|liebe|beste|freundliche|herzliche|schöne) grü(ß|ss)e|grü(ß|ss)e?|mfg|vg|lg|` +
		`(bien )?cordialement|(meilleures |sincères )?salutations|bien à vous|` +
		`(un |cordiales |muchos )?saludos?( cordial(es)?)?|atentamente|` +
		`all the best|best of luck|take care|many thanks and regards|respectfully|(cordiali|distinti) saluti|met (vriendelijke|hartelijke) groet(en)?|atenciosamente|com os melhores cumprimentos)` +
		`[\s,.!]*([\p{L}.'-]+\s*){0,3}[\s,.!]*$`)
	thanksOff = regexp.MustCompile(`(?i)^((many |best )?thanks|thank you|thx|danke|vielen dank|merci|gracias|muchas gracias)` +
		`( (in advance|very much|so much|a lot|again|im voraus|d'avance|de antemano))?[\s,.!]*([\p{L}.'-]+\s*){0,3}[\s,.!]*$`)
	contact = regexp.MustCompile(`(?i)(\b(tel|phone|telefon|mobile?|mobil|handy|fax|téléphone|teléfono|móvil)\b\.?\s*:?\s*[+(\d]|\bwww\.|https?://|\+\d[\d\s()/-]{6,}|\b(gmbh|inc\.?|llc|ltd\.?|s\.?a\.?r\.?l|amtsgericht|geschäftsführer)\b)`)
)

// ends is true for a line after which nothing is the author's own text any
// more. A thank-you ends a message, but not at its very beginning.
func ends(line string, first bool) bool {
	return endMark.MatchString(line) || signOff.MatchString(line) || !first && thanksOff.MatchString(line)
}

// withoutContacts drops last paragraphs that read like a signature without a
// separator: several lines, and a phone number, site or company among them.
func withoutContacts(lines []string) string {
	for {
		for len(lines) > 0 && lines[len(lines)-1] == "" {
			lines = lines[:len(lines)-1]
		}
		start := len(lines)
		for start > 0 && lines[start-1] != "" {
			start--
		}
		if start == 0 || len(lines)-start < 2 || !contact.MatchString(strings.Join(lines[start:], "\n")) {
			return strings.TrimSpace(strings.Join(lines, "\n"))
		}
		lines = lines[:start]
	}
}
