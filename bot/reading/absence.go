package reading

import (
	"regexp"
	"strings"
)

// IsAutomatic reports whether a message was written by a machine: an absence
// note, a bounce. It looks at the title and at how the text begins. Absence is
// what somebody says of themselves and of now: who writes that they were away
// is back, and who wants something deleted is at work.
func IsAutomatic(subject, text string) bool {
	titles := phrases{
		"automatic reply", "auto reply", "autoreply", "automated reply", "out of office", "out of the office", "undeliverable", "undelivered mail", "delivery status notification",
		"mail delivery", "abwesenheit*", "abwesend", "automatische antwort", "unzustellbar*", "repons* automatique", "absence du bureau", "absent du bureau",
		"respuesta automatica", "fuera de la oficina", "no entregado",
	}
	if titles.in(words(subject)) {
		return true
	}
	if len(text) > 2*maxReply {
		text = text[:2*maxReply] // a cut rune at the end is no word
	}
	ws := words(purpose(text))
	ws = ws[:min(len(ws), 60)]
	said := strings.Join(ws, " ")
	return byMachine.MatchString(said) || away.MatchString(said) && !deleteWords().in(ws)
}

var (
	// byMachine is what programs write, in folded words.
	byMachine = regexp.MustCompile(`^(?:(?:automatic|automated|auto) (?:reply|response)|autoreply|automatische antwort|abwesenheitsnotiz|reponse automatique|respuesta automatica)\b` +
		`|\b(?:this is|dies ist|das ist|ceci est|c' est|este es|esta es) (?:an?|eine?|une?|una) (?:automat(?:ic|ed)|automatically generated|automatische?|automatisch generierte|message automatique|reponse automatique|mensaje automatic[oa]|respuesta automatica)\b` +
		`|\bdelivery status notification\b|\bundelivered mail returned\b|\bmail delivery (?:failed|system|subsystem)\b|\bmessage could not be delivered to\b` +
		`|\byour (?:message|e ?mail|request) has been received and\b`)
	// away is what people let their mail programs say of them.
	away = regexp.MustCompile(`\b(?:i am|i'm|i will be|i'll be|we are) (?:(?:currently|now|still|presently|away|already) )*` +
		`(?:on (?:(?:annual|sick|parental|maternity|paternity|medical|compassionate|my|a) )*(?:leave|vacation|holidays?|pto)|out of (?:the )?office|ooo|away (?:until|from|on|for|this)|travell?ing|attending|closed for)\b` +
		`|^(?:currently|presently) (?:travell?ing|out of|away|on)\b|^out of (?:the )?office\b|\b(?:limited|no) access to (?:my )?(?:e ?)?mails?\b|\bi (?:no longer|do not) work (?:at|for|here)\b|\bi have left the company\b` +
		// German
		`|\b(?:ich bin|wir sind|ich befinde mich|ich werde) (?:[a-z0-9]+ ){0,6}?(?:nicht (?:im (?:haus|buro|dienst)|am platz|erreichbar)|im (?:urlaub|mutterschutz)|in (?:elternzeit|den ferien)|abwesend|ausser haus|krank|auf (?:dienst|geschafts)reise)\b` +
		`|\bbin ich (?:[a-z0-9]+ ){0,4}?nicht (?:erreichbar|im buro|im haus)\b|\bab (?:[a-z0-9]+ ){1,4}wieder (?:im buro|erreichbar)\b|\bkeinen zugriff auf (?:meine )?(?:e )?mails?\b|\bich arbeite nicht mehr (?:bei|fur)\b` +
		// French
		`|\b(?:je suis|nous sommes) (?:(?:actuellement|en ce moment|toujours) )*(?:absente?s?|en (?:conges?|vacances|deplacement|arret|formation))\b|\bje serai (?:de retour|absente?)\b|^absente? du bureau\b|\bacces limite a (?:ma|mes|mon)\b` +
		// Spanish
		`|\b(?:estoy|estare|me encuentro|estamos) (?:[a-z0-9]+ ){0,2}?(?:de vacaciones|fuera de la oficina|de baja|de viaje|ausente|de permiso|de vuelta el)\b|^fuera de la oficina\b|\bacceso limitado al correo\b`)
)
