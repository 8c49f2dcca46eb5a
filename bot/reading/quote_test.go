package reading_test

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"privacydesk/bot/reading"
)

const victim = "victim@other.example"

// containers are ways in which mail carries what its sender did not write, or
// did not write about the matter. %s is where the victim's address goes.
func containers() map[string]string {
	return map[string]string{
		"prefix":             "> please delete %s",
		"nested prefix":      ">> > delete %s now",
		"initials":           "JD> please delete %s",
		"wrapped prefix":     "> please delete the\n%s\n> as said",
		"wrote":              "On Mon, 3 Nov 2026 at 10:00, Jane <%s> wrote:\n> hello",
		"wrote, bare":        "On Mon, 3 Nov 2026, Jane wrote:\n\nplease delete %s",
		"wrote, wrapped":     "On Mon, 3 Nov 2026 at 10:00, Jane Doe\n<%s>\nwrote:\n\nhello",
		"schrieb":            "Am Mo., 3. Nov. 2026 um 10:00 Uhr schrieb Jane <%s>:\n> hallo",
		"a écrit":            "Le lun. 3 nov. 2026 à 10:00, Jane <x@y.example> a écrit\u00a0:\n\nsupprimez %s",
		"escribió":           "El lun, 3 nov 2026, Jane (<%s>) escribió:\n> hola",
		"dated":              "2026-11-03 10:00 GMT+01:00 Jane <%s>:\n> hello",
		"original message":   "-----Original Message-----\nFrom: Jane\n\n%s",
		"ursprüngliche":      "-----Ursprüngliche Nachricht-----\n%s",
		"message d'origine":  "-----Message d'origine-----\n%s",
		"mensaje original":   "-----Mensaje original-----\n%s",
		"forwarded":          "---------- Forwarded message ---------\nFrom: Jane <%s>\nDate: today",
		"apple forwarded":    "Begin forwarded message:\n\n%s",
		"outlook":            "From: Jane <%s>\nSent: Monday\nTo: Desk\nSubject: x\n\nplease delete me",
		"outlook, body":      "From: Jane\nSent: Monday\nTo: Desk\nSubject: x\n\nplease delete %s",
		"outlook, bold":      "*From:* Jane\n*Sent:* Monday\n\n%s",
		"Outlook in German":  "Von: Jane <%s>\nGesendet: Montag\nAn: Desk\nBetreff: x\n\nbitte",
		"Outlook in French":  "De : Jane\nEnvoyé : lundi\nÀ : Desk\nObjet : x\n\n%s",
		"Outlook in Spanish": "De: Jane\nEnviado: lunes\nPara: Desk\nAsunto: x\n\n%s",
		"underscores":        "________________________________\nJane\n%s",
		"signature":          "-- \nJane Doe\n%s",
		"bare signature":     "--\n%s",
		"regards":            "Best regards,\nJane\n%s",
		"regards, named":     "Kind regards, Jane Doe\n%s",
		"Grüße":              "Mit freundlichen Grüßen\nJane\n%s",
		"cordialement":       "Cordialement,\nJane\n%s",
		"saludos":            "Un saludo,\nJane\n%s",
		"phone":              "Sent from my phone\n%s",
		"copy":               "CC: %s",
		"copies":             "Cc: Bob <b@other.example>,\n  Jane <%s>",
		"Kopie":              "Kopie: %s",
		"reply-to":           "Reply-To: %s",
		"contact paragraph":  "Jane Doe\nTel: +49 30 1234567\n%s",
		"company paragraph":  "Acme GmbH, Berlin\n%s",
		"thanks in advance":  "Thanks in advance,\nJane Doe\n%s",
		"thank you so much":  "Thank you very much!\nJane\n%s",
		"all the best":       "All the best,\nJane\n%s",
		"groet":              "Met vriendelijke groet,\nJane\n%s",
		"saluti":             "Cordiali saluti,\nJane\n%s",
		"a lone From":        "From: %s",
		"a lone To":          "To: Jane <%s>\nplease delete me",
		"delimiter line":     "##- Please type your reply above this line -##\n%s",
	}
}

// What is quoted, forwarded, copied or a signature never names the subject,
// whatever stands above it. A signature without any mark is doubted where
// something other than its announcement stands above it.
func TestQuotedAddressIsNeverTheSubject(t *testing.T) {
	own := []string{
		"Please delete.", "Hello,\n\nplease delete Jane.", "Bitte löschen:", "delete\nthis person", "Hi\r\n\r\nPlease delete jane@corp.example",
	}
	for name, c := range containers() {
		t.Run(name, func(t *testing.T) {
			for _, text := range own {
				for _, eol := range []string{"\n", "\r\n"} {
					body := text + "\n\n" + strings.ReplaceAll(c, "%s", victim)
					got := reading.Read(rules(), ticket(map[int64]string{kindField: "gdpr_delete"}, strings.ReplaceAll(body, "\n", eol)))
					if got.Subject != "" && got.Subject != "jane@corp.example" {
						t.Errorf("after %q the subject is %s", text, got.Subject)
					}
				}
			}
		})
	}
}

// A name with an address below it may be a signature that nothing marks: it is
// asked about, unless what stands above announces it or nothing does.
func TestUnmarkedSignatureIsDoubted(t *testing.T) {
	del := map[int64]string{kindField: "gdpr_delete"}
	for text, want := range map[string]string{
		"Please delete our customer.\n\nJane Doe\n%s":                "",
		"Please delete our customer.\n\nJane Doe\nHead of Sales\n%s": "",
		"Please delete our customer.\nJane\n%s":                      "",
		"Please delete our customer.\n\nJane Doe\n\nE-mail: %s":      "",
		"Please delete this person:\n\nJane Doe\n%s":                 victim,
		"Jane Doe\n%s": victim,
		"Please delete our customer.\n\n%s\nJane Doe":                    victim,
		"Please delete our customer %s.\n\nJane Doe\nHead of Operations": victim,
	} {
		got := reading.Read(rules(), ticket(del, strings.ReplaceAll(text, "%s", victim)))
		if got.Subject != want || (want == "") != (got.Question == reading.AskSubject) {
			t.Errorf("%q: subject %q, question %q", text, got.Subject, got.Question)
		}
	}
	answered := reading.Read(rules(), ticket(del, "Please delete our customer.\n\nJane Doe\n"+victim, "jane@corp.example"))
	if answered.Subject != "jane@corp.example" {
		t.Errorf("the answer is not taken: %+v", answered)
	}
}

// The same with arbitrary texts above, several containers, and as a reply.
func TestQuotedAddressIsNeverTheSubjectOfAnyText(t *testing.T) {
	all := containers()
	var names []string
	for name := range all {
		names = append(names, name)
	}
	rapid.Check(t, func(t *rapid.T) {
		above := rapid.StringMatching(`([a-zA-Z ,.!?:@<>'"()-]{0,30}\n){0,4}`).Draw(t, "above")
		body := "Please delete.\n" + above
		for range rapid.IntRange(1, 3).Draw(t, "containers") {
			body += "\n\n" + strings.ReplaceAll(all[rapid.SampledFrom(names).Draw(t, "container")], "%s", victim)
		}
		if rapid.Bool().Draw(t, "prefixed") {
			body = "hello\n> " + strings.ReplaceAll(body, "\n", "\n> ")
		}
		texts := []string{body}
		if rapid.Bool().Draw(t, "reply") {
			texts = []string{"hello", body}
		}
		got := reading.Read(rules(), ticket(map[int64]string{kindField: "gdpr_delete"}, texts...))
		if got.Subject == victim {
			t.Fatalf("the subject comes from a quote in %q", body)
		}
	})
}

// However a text is split into messages, several addresses never make one
// subject without the requester's last word.
func TestSeveralAddressesNeverMakeASubject(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		addr := rapid.StringMatching(`[a-z]{1,8}([.+'-][a-z]{1,4})?@[a-z]{1,8}\.example`)
		a, b := addr.Draw(t, "a"), addr.Draw(t, "b")
		glue := rapid.SampledFrom([]string{" ", ", ", ";", "\n", " and ", ",", " / ", "\n\n", "<mailto:x> ", " | "}).Draw(t, "glue")
		got := reading.Read(rules(), ticket(map[int64]string{kindField: "gdpr_delete"}, a+glue+b))
		if a != b && got.Subject != "" {
			t.Fatalf("%q and %q gave %q", a, b, got.Subject)
		}
		if a == b && glue != "<mailto:x> " && got.Subject != a {
			t.Fatalf("%q twice gave %q, question %q", a, got.Subject, got.Question)
		}
	})
}

func FuzzRead(f *testing.F) {
	f.Add("delete jane@corp.example", "", "jane@corp.example")
	f.Add("delete jane@corp.example aka jr@corp.example (alias j@x.example)", "jr@corp.example", "jane@corp.example auch bekannt als jr@corp.example")
	f.Add("all data of jane@corp.example<mailto:jane@corp.example>", "[jo@x.example](mailto:jo%40x.example?cc=a@b.example)", "jane@corp.example <https://a.example/?url=mailto%253Ajane%2540corp.example&x>")
	for _, c := range containers() {
		f.Add("delete\n\n"+strings.ReplaceAll(c, "%s", victim), "reply: a@b.example", "")
	}
	f.Fuzz(func(t *testing.T, description, reply, field string) {
		tk := ticket(map[int64]string{subjectField: field}, description, reply)
		got := reading.Read(rules(), tk)
		if got != reading.Read(rules(), tk) {
			t.Fatal("reading twice gives two results")
		}
		for _, addr := range got.Addresses() {
			if again, err := reading.Normalise(addr); err != nil || again != addr {
				t.Fatalf("the address %q is not normalised", addr)
			}
		}
		if all := got.Addresses(); len(all) != len(slices.Compact(slices.Sorted(slices.Values(all)))) {
			t.Fatalf("one address twice: %q", all)
		}
		if got.Subject != "" {
			if got.Candidates == 0 {
				t.Fatal("a subject without a candidate")
			}
		}
		if (got.Kind == reading.Access || got.Kind == reading.Delete) && got.Subject == "" && got.Question == "" {
			t.Fatalf("unclear, and nothing is asked: %+v", got)
		}
		if quoted := "> " + strings.ReplaceAll(newlines.Replace(description), "\n", "\n> "); field == "" && strings.TrimSpace(reply) == "" {
			if got := reading.Read(rules(), ticket(nil, quoted)); got.Subject != "" || got.Kind != "" {
				t.Fatalf("a quote was read: %+v", got)
			}
		}
	})
}

var newlines = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\u2028", "\n", "\u2029", "\n", "\v", "\n", "\f", "\n", "\u0085", "\n")
