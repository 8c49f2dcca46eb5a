package reading_test

import (
	"net/url"
	"strings"
	"testing"

	"privacydesk/bot/reading"
)

func safelink(target string) string {
	return "https://eur01.safelinks.protection.outlook.com/?url=" + url.QueryEscape(target) + "&data=05%7C02%7Cadmin%40acme.example%7C9f&reserved=0"
}

// TestLinkBesideItsAddress: what a mail program writes beside an address says
// the same once more, whatever the sentence round it.
func TestLinkBesideItsAddress(t *testing.T) {
	const jane = "jane@corp.example"
	for name, as := range map[string]string{
		"Outlook":                       jane + "<mailto:" + jane + ">",
		"Outlook, in upper case":        jane + "<MAILTO:Jane@Corp.example>",
		"with a blank":                  jane + " <mailto:" + jane + ">",
		"wrapped":                       jane + "\n<mailto:" + jane + ">",
		"in brackets":                   jane + " (mailto:" + jane + ")",
		"Markdown":                      "[" + jane + "](mailto:" + jane + ")",
		"square brackets":               jane + " [mailto:" + jane + "]",
		"with a subject":                jane + "<mailto:" + jane + "?subject=Hi>",
		"a safe link":                   jane + "<" + safelink("mailto:"+jane) + ">",
		"a safe link with a subject":    jane + "<" + safelink("mailto:"+jane+"?subject=Hi") + ">",
		"a safe link to a safe link":    jane + "<" + safelink(safelink("mailto:"+jane)) + ">",
		"a safe link, as Markdown":      "[" + jane + "](" + safelink("mailto:"+jane) + ")",
		"a link to a page of theirs":    jane + " (https://corp.example/people/jane)",
		"said twice, linked once":       jane + " (" + jane + "<mailto:" + jane + ">)",
		"said twice, both times linked": jane + "<mailto:" + jane + "> " + jane + "<mailto:" + jane + ">",
	} {
		for _, sentence := range []string{"Please send us all data of X", "Please send us all data of X.", "X", "It is X, please.", "We want all data of\nX\nsent to us."} {
			text := strings.ReplaceAll(sentence, "X", as)
			got := reading.Read(rules(), ticket(map[int64]string{kindField: "gdpr_access"}, text))
			if got.Subject != jane || got.Question != "" {
				t.Errorf("%s: %q: %+v", name, text, got)
			}
		}
	}
	for _, field := range []string{jane + "<mailto:" + jane + ">", "[" + jane + "](mailto:" + jane + ")", jane + " (mailto:" + jane + ")"} {
		got := reading.Read(rules(), ticket(map[int64]string{kindField: "gdpr_access", subjectField: field}, ""))
		if got.Subject != jane || got.Question != "" {
			t.Errorf("the field %q: %+v", field, got)
		}
	}
}

// TestLinkToSomebodyElse: where the link leads to another address than it
// shows, nobody knows which is meant.
func TestLinkToSomebodyElse(t *testing.T) {
	const jane, bob = "jane@corp.example", "bob@corp.example"
	for name, text := range map[string]string{
		"Outlook":                     jane + "<mailto:" + bob + ">",
		"in brackets":                 jane + " (mailto:" + bob + ")",
		"Markdown":                    "[" + jane + "](mailto:" + bob + ")",
		"a safe link":                 jane + "<" + safelink("mailto:"+bob) + ">",
		"a safe link to a safe link":  jane + "<" + safelink(safelink("mailto:"+bob)) + ">",
		"encoded":                     jane + "<mailto:bob%40corp.example>",
		"with a copy":                 jane + "<mailto:" + jane + "?cc=" + bob + ">",
		"a safe link with a copy":     jane + "<" + safelink("mailto:"+jane+"?cc="+bob) + ">",
		"an accent apart":             "josé@corp.example<mailto:jose@corp.example>",
		"another one after the right": jane + "<mailto:" + jane + "><mailto:" + bob + ">",
		"no address":                  jane + "<" + safelink("mailto:nobody") + ">",
		"the requester's own":         jane + "<mailto:admin@acme.example>",
		"the desk's own":              jane + "<mailto:support@vendor.example>",
	} {
		for _, sentence := range []string{"Please send us all data of X", "X"} {
			got := reading.Read(rules(), ticket(map[int64]string{kindField: "gdpr_access"}, strings.ReplaceAll(sentence, "X", text)))
			if got.Subject != "" || got.Question == "" {
				t.Errorf("%s: %+v", name, got)
			}
		}
		got := reading.Read(rules(), ticket(map[int64]string{kindField: "gdpr_access", subjectField: text}, ""))
		if got.Subject != "" || got.Question == "" {
			t.Errorf("the field, %s: %+v", name, got)
		}
	}
}

// TestLinkAloneIsNoSubjectOfARecipient: who is written to by a link is still
// somebody to whom something is sent.
func TestLinkAloneIsNoSubjectOfARecipient(t *testing.T) {
	got := reading.Read(rules(), ticket(map[int64]string{kindField: "gdpr_access"}, "Please send her data to [Bob](mailto:bob@corp.example)"))
	if got.Subject != "" || got.Question != reading.AskSubject {
		t.Errorf("%+v", got)
	}
}
