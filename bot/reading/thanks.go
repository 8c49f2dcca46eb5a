package reading

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// IsThanks reports whether a reply only says thank you, or that all is well: it
// changes nothing. Each clause has to be one that people end a conversation
// with; what is not known here, a question mark, a digit or an address makes it
// a reply that somebody reads. To take a wish for thanks is worse than to ask.
func IsThanks(text string) bool {
	if len(text) > maxReply || strings.ContainsAny(text, "¿") || unhappy(text) {
		return false
	}
	lines := ownLines(text, func(line string, _ bool) bool { return endMark.MatchString(line) })
	thanked, signed := false, false
	for i, line := range lines {
		switch {
		case postscript.MatchString(line):
			return false
		case line == "":
		case signed:
			if !signatureLine(lines, i) {
				return false
			}
		default:
			thanks, ok := thankful(line, i > 0 || thanked)
			signed = !thanks && signOff.MatchString(line)
			if !ok && !signed {
				return false
			}
			thanked = thanked || thanks
		}
	}
	return thanked
}

// thankful tells whether a line consists of clauses that thank, greet or wish
// well, and whether one of them thanks. A name may follow a first word.
func thankful(line string, later bool) (thanks, ok bool) {
	if strings.ContainsAny(line, "?？؟‽@0123456789:/") {
		line = smileys.ReplaceAllString(line, " ")
		if strings.ContainsAny(line, "?？؟‽@0123456789:/") {
			return false, false
		}
	}
	thanks = strings.ContainsFunc(line, happy)
	for clause := range strings.FieldsFuncSeq(line, func(r rune) bool { return strings.ContainsRune(".!;…", r) }) {
		said, ok := clauseThanks(clause)
		if ok {
			thanks, later = thanks || said, later || said
			continue
		}
		for part := range strings.SplitSeq(clause, ",") { // a name stands beside a comma
			said, ok := clauseThanks(part)
			if ws := words(part); !ok && (!later || len(ws) == 0 || !name(part, ws) || commands(ws)) {
				return false, false
			}
			thanks, later = thanks || said, true
		}
	}
	return thanks, true
}

// clauseThanks is true for words that are phrases of thanks and good wishes
// from the first to the last.
func clauseThanks(clause string) (thanks, ok bool) {
	said := strings.Join(words(clause), " ")
	if said == "" {
		return false, true
	}
	for said != "" {
		found := ""
		for i, re := range politePhrases() {
			if m := re.FindString(said); len(m) > len(found) {
				found, thanks = m, thanks || i == 0
			}
		}
		if found == "" {
			return false, false
		}
		said = strings.TrimSpace(said[len(found):])
	}
	return thanks, true
}

// politePhrases are, at the beginning of folded words, first what thanks or
// says that all is well, then what greets, wishes well or takes leave.
func politePhrases() []*regexp.Regexp { return []*regexp.Regexp{thanking, wishing} }

var (
	thanking = regexp.MustCompile(`^(?:` + strings.Join([]string{
		// English
		`(?:(?:so )?many |best |big |a big |a million |1000 |and )?(?:thank(?:s| you)|thankyou|thx|thnx|thanx|tnx|cheers)(?: (?:so much|very much|a lot|a million|a bunch|again|indeed|all|everyone|everybody|team|guys|folks|both))*` + forEnglish,
		`(?:i |we )?(?:really |much |very much |greatly )?appreciate(?:d)?(?: (?:it|that|this|your (?:help|support|work|efforts?)|the (?:help|quick (?:reply|response|help))))?`,
		`(?:and )?(?:that|this|it)(?:'s| is| was| looks| sounds) (?:(?:very|really|so|super|all|just|pretty) )*(?:quick|fast|great|perfect|good|excellent|wonderful|amazing|helpful|nice|impressive|awesome|brilliant|kind of you|fine)`,
		`(?:all |very |really |absolutely |just |simply )?(?:great|perfect|excellent|wonderful|awesome|brilliant|super|fantastic|lovely|nice|amazing|splendid|good)(?: (?:job|work|service|news|stuff|support))?`,
		`well done|all good|good to know|great to hear|sounds good|looks good|works for me|much obliged|no problem|no worries|you rock|you are great|you're great|wow`,
		// German
		`(?:vielen |herzlichen |besten |tausend |lieben |ganz herzlichen |recht herzlichen |und )?(?:dank|danke|dankeschon|danke schon|dankesehr|danke sehr|danke vielmals|ich danke|wir danken|merci vielmal)(?: (?:ihnen|euch|dir|sehr|nochmals|nochmal|noch einmal|vielmals|schon|im voraus|vorab|allen|team|auch|alle))*` + forGerman,
		`(?:das |es )?(?:war|ist|ging|geht) (?:(?:ja|echt|wirklich|sehr|super|aber|richtig) )*(?:schnell|super|toll|prima|perfekt|klasse|gut|nett|hilfreich|spitze|fix|flott)`,
		`(?:sehr |alles |ganz |einfach )?(?:super|perfekt|toll|prima|klasse|wunderbar|ausgezeichnet|hervorragend|spitze|bestens|gut)(?: (?:gemacht|gelaufen))?|alles (?:klar|gut|bestens|in ordnung)|freut (?:mich|uns)|gern geschehen|gerne`,
		// French
		`(?:un grand |grand |mille |et |encore )?(?:merci|mercis)(?: (?:beaucoup|bien|infiniment|encore|d' avance|a vous|a tous|a toute l' equipe|mille fois|vraiment))*` + forFrench,
		`(?:je vous|nous vous|je te) remerci(?:e|ons)(?: (?:beaucoup|encore|vivement|infiniment|sincerement|d' avance))*` + forFrench,
		`(?:c' (?:est|etait) )?(?:(?:tout|vraiment|tres|bien|si) )*(?:parfait|super|genial|excellent|impeccable|nickel|top|rapide|efficace|rapide et efficace|gentil|bien|note|recu|entendu)|bravo|quelle (?:rapidite|reactivite|efficacite)`,
		// Spanish
		`(?:muchas |muchisimas |mil |y |de nuevo )?(?:gracias)(?: (?:de nuevo|a todos|a todas|de antemano|otra vez|de verdad|de corazon|equipo|a vosotros|a ustedes|a usted))*` + forSpanish,
		`(?:se|os|te) lo agradezco(?: mucho)?|(?:le|les|te|os) agradezco(?: mucho)?(?: la ayuda| su ayuda| la rapidez)?|(?:muy|estoy muy|estamos muy) agradecid[oa]s?|muy amables?`,
		`(?:todo |muy |ha sido |fue |es |esta )*(?:perfecto|genial|excelente|estupendo|fantastico|bien|rapido|rapida|fenomenal|buen trabajo)|que rapid(?:o|os|a|ez)`,
	}, `|`) + `)(?: |$)`)
	wishing = regexp.MustCompile(`^(?:` + strings.Join([]string{
		`(?:hi|hello|hey|dear|good (?:morning|afternoon|evening))(?: (?:all|team|there|everyone|everybody|support|support team|privacy team|colleagues|sir|madam|both|guys|folks))*`,
		`(?:and )?(?:i |we )?(?:have|wish you|enjoy) (?:a|an) (?:very )?(?:nice|great|good|lovely|wonderful|pleasant) (?:day|weekend|evening|week|one|afternoon|rest of the day|rest of your day)(?: too)?`,
		`ok|okay|okey|got it|noted|understood|received|you too|same to you|happy (?:holidays|new year|easter)|merry christmas|take care|all the best|(?:(?:best|kind|kindest|warm) )?(?:regards|wishes)|bye|goodbye|see you`,
		`(?:hallo|guten (?:tag|morgen|abend)|moin|servus|liebes|sehr geehrtes|sehr geehrte damen und herren)(?: (?:team|zusammen|support|miteinander|datenschutz team))*`,
		`(?:und )?(?:(?:ich )?wunsche (?:ihnen |euch |dir )?(?:noch )?)?(?:einen |ein |noch einen |noch ein )?(?:schon(?:en|es)|gut(?:en|e)|angenehmen) (?:tag|abend|feierabend|wochenende|woche|start in die woche)(?: (?:noch|auch))?`,
		`(?:schone|frohe) (?:woche|weihnachten|feiertage|ostern)|in ordnung|passt(?: so)?|verstanden|erhalten|alles gute|bis bald|tschuss|ebenso|ihnen auch|guten rutsch|(?:viele|liebe|beste|schone|herzliche|freundliche)? ?gruss?e?`,
		`(?:bonjour|bonsoir|salut|cher|chere|chers)(?: (?:madame|monsieur|a tous|l' equipe|equipe))*`,
		`(?:je vous souhaite |et )?(?:une |un )?(?:tres )?(?:bonne|belle|excellente|bon) (?:journee|fin de journee|soiree|week end|weekend|continuation|semaine|fetes|annee)(?: a vous)?|bonnes fetes|d' accord|a bientot|au revoir|cordialement|bien a vous|a vous aussi`,
		`(?:hola|buenos dias|buenas tardes|buenas noches|buenas|estimad[oa]s?)(?: (?:equipo|a todos|todos|senores))*`,
		`(?:y )?(?:que teng(?:a|as|an|ais) )?(?:un )?(?:buen|feliz|bonito) (?:dia|fin de semana|finde|tarde)|vale|de acuerdo|entendido|recibido|que pase (?:un )?(?:buen|feliz) dia|feliz navidad|(?:un )?saludos?(?: cordial(?:es)?)?|hasta (?:luego|pronto)|igualmente`,
	}, `|`) + `)(?: |$)`)
	postscript = regexp.MustCompile(`(?i)^\s*(p\.?\s*){1,2}\.?\s*s\b|^\s*(nb|n\.b\.|ps|pd|p\.d\.)\b`)
	smileys    = regexp.MustCompile(`(^|\s)[:;=8]-?[)DPp*]+`)
	sad        = regexp.MustCompile(`(^|\s)[:;=]['’]?-?[(\[/|\\]`)
	disclaims  = regexp.MustCompile(`(?i)confidential|intended (recipient|only|solely)|disclaimer|vertraulich|confidentiel|confidencial`)
)

// What people thank for.
const (
	forEnglish = `(?: for (?:(?:all|the|your|this|that|these|such|a|an|so|very|really|quick|fast|swift|prompt|rapid|speedy|great|excellent|kind|good|friendly|immediate|super|detailed|timely|and|of) )*` +
		`(?:help|reply|response|answer|report|support|information|info|message|work|efforts?|service|assistance|confirmation|turnaround|update|feedback|email|mail|everything|it|this|handling|processing|time|patience|cooperation|certificate|letting (?:me|us) know|getting back to (?:me|us)|taking care of (?:this|it|that)))*`
	forGerman = `(?: fur (?:(?:die|ihre|eure|deine|den|das|ihren|euren|der|diese|und|alle|so|sehr|super|schnelle|rasche|zugige|prompte|tolle|gute|nette|freundliche|umgehende|ausfuhrliche|schnellen) )*` +
		`(?:hilfe|antwort|ruckmeldung|bearbeitung|unterstutzung|muhe|info|infos|informationen|nachricht|auskunft|bericht|erledigung|bestatigung|arbeit|service|mail|e mail|zusendung|ubersendung|alles|geduld|zertifikat))*`
	forFrench = `(?: pour (?:(?:votre|vos|la|le|les|l'|ce|cette|tout|toute|ton|ta|si|tres|rapide|prompte|excellente|precieuse|bonne|et) )*` +
		`(?:aide|reponses?|retour|rapidite|reactivite|message|rapport|travail|confirmation|efficacite|tout|soutien|information|informations|certificat|mail|patience|service|traitement)(?: (?:si |tres )?rapide| et (?:votre|la) (?:aide|rapidite|reactivite|efficacite))*)*`
	forSpanish = `(?: por (?:(?:su|sus|tu|vuestra|la|el|las|los|esta|este|toda|tan|muy|rapida|pronta|gran|excelente|y) )*` +
		`(?:ayuda|respuesta|atencion|rapidez|informe|gestion|confirmacion|todo|informacion|mensaje|apoyo|trabajo|servicio|colaboracion|certificado|paciencia|contestar)(?: tan rapid[oa])?)*`
)

// signatureLine is true for a line below a sign-off that asks for nothing: the
// block that follows at once, ways to reach somebody, and what companies
// disclaim.
func signatureLine(lines []string, i int) bool {
	line := lines[i]
	if strings.ContainsAny(line, "?？؟‽") {
		return false
	}
	if disclaims.MatchString(strings.Join(lines[i:], " ")) && !slices.ContainsFunc(lines[i:], func(l string) bool { return Protests(l) && !disclaims.MatchString(l) }) {
		return true
	}
	ws := words(line)
	return contact.MatchString(line) || strings.ContainsRune(line, '@') && len(ws) < 8 || len(ws) <= 6 && !commands(ws)
}

// commands is true for words that ask, forbid or speak of what is done here.
func commands(ws []string) bool {
	return accessWords().in(ws) || deleteWords().in(ws) || cancelWords().in(ws) || negations().in(ws) || tellings().in(ws) || secondThoughts().in(ws) || phrases{
		"please", "bitte", "svp", "s'il", "plait", "por favor", "but", "aber", "mais", "pero", "also", "auch", "aussi", "tambien", "can", "could", "would", "should", "must", "need", "want",
		"konnen", "konnten", "wollen", "mochte*", "muss*", "pouvez", "puede*", "quiero", "veux", "still", "noch", "encore", "todavia", "aun", "only", "nur", "first", "erst",
	}.in(ws)
}

// happy is true for what people send in place of thanks.
func happy(r rune) bool {
	return strings.ContainsRune("👍🙏😊🙂😀😃😄😁👏💯🎉❤♥🥳✅✔🤝🙌💐👌🌹☺😍🤗😉💪🌟⭐✨💚💙🧡💛💜🤩😎🥰🌞☀🌸🍀", r) && r != '\uFE0F'
}

// unhappy is true for a text with any other picture in it, or a sad face.
func unhappy(text string) bool {
	return sad.MatchString(text) || strings.ContainsFunc(text, func(r rune) bool { return unicode.Is(unicode.So, r) && !happy(r) })
}
