package reading_test

import (
	"testing"

	"privacydesk/bot/reading"
)

// TestShownAndTextDisagree: an address that stands in a message's text alone,
// or alone in what a person sees of it, makes nobody the subject.
func TestShownAndTextDisagree(t *testing.T) {
	for name, c := range map[string]struct {
		text, shown, subject, ask string
		kind                      reading.Kind
	}{
		"hidden":                       {"Delete our customer. other@x.example", "Delete our customer.", "", reading.AskSubject, reading.Delete},
		"hidden, and nothing shows":    {"Delete other@x.example", "", "", reading.AskKind, ""},
		"shown alone":                  {"Delete our customer.", "Delete our customer. jane@x.example", "", reading.AskSubject, reading.Delete},
		"another one shows":            {"Delete other@x.example", "Delete jane@x.example", "", reading.AskOneSubject, reading.Delete},
		"one more is hidden":           {"Delete jane@x.example other@x.example", "Delete jane@x.example", "", reading.AskOneSubject, reading.Delete},
		"an alias is hidden":           {"Delete jane@x.example aka jd@x.example", "Delete jane@x.example", "", reading.AskSubject, reading.Delete},
		"a hidden no":                  {"Delete jane@x.example", "Do not delete jane@x.example", "", reading.AskKind, ""},
		"a hidden kind":                {"jane@x.example. Delete", "jane@x.example.", "jane@x.example", reading.AskKind, ""},
		"another kind shows":           {"Delete jane@x.example", "Export jane@x.example", "jane@x.example", reading.AskKind, ""},
		"the same, laid out apart":     {"Delete jane@x.example please", "Delete\njane@x.example\nplease", "jane@x.example", "", reading.Delete},
		"the same, quotes apart":       {"Delete jane@x.example\n> bob@x.example", "Delete jane@x.example\n\n> bob@x.example wrote", "jane@x.example", "", reading.Delete},
		"a quote, in the text no more": {"Delete\nbob@x.example", "Delete\n\n> bob@x.example", "", reading.AskSubject, reading.Delete},
		"a look-alike shows":           {"Delete josé@x.example", "Delete jose@x.example", "", reading.AskOneSubject, reading.Delete},
		"something that is no address": {"Delete jane@x.example", "Delete jane@x.example bob＠x.example", "", reading.AskOneSubject, reading.Delete},
	} {
		tk := ticket(nil, c.text)
		tk.Messages[0].Shown = &c.shown
		got := reading.Read(rules(), tk)
		if got.Question != c.ask || got.Kind != c.kind || c.ask == "" && got.Subject != c.subject || got.Question != reading.AskKind && got.Subject != c.subject {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// TestShownOfAReply: the same holds of an answer.
func TestShownOfAReply(t *testing.T) {
	shown := "It is the one you know."
	tk := ticket(map[int64]string{kindField: "gdpr_delete"}, "Please delete our customer.", "It is the one you know. other@x.example")
	tk.Messages[1].Shown = &shown
	if got := reading.Read(rules(), tk); got.Subject != "" || got.Question != reading.AskSubject {
		t.Errorf("%+v", got)
	}
	tk = ticket(map[int64]string{kindField: "gdpr_delete"}, "Please delete jane@x.example.", "Yes.")
	shown = "Yes, bob@x.example."
	tk.Messages[1].Shown = &shown
	if got := reading.Read(rules(), tk); got.Subject != "" || got.Question != reading.AskOneSubject {
		t.Errorf("%+v", got)
	}
}
