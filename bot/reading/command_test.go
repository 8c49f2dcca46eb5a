package reading_test

import (
	"strings"
	"testing"

	"privacydesk/bot/reading"
)

func TestCommand(t *testing.T) {
	for text, want := range map[string]string{
		"/privacy status":                  "status",
		"  /privacy\u00a0hold  \nbecause":  "hold",
		"/PRIVACY Status":                  "status",
		"/privacy":                         "help",
		"/privacy approve":                 "approve",
		"\r\n/privacy hold\r\n":            "hold",
		"/privacy hold it":                 "",
		"please /privacy hold":             "",
		"> /privacy hold":                  "",
		"/privacydesk hold":                "",
		"/privacy hold; drop":              "",
		"/privacy st\u0430tus":             "",
		"":                                 "",
		"we used /privacy status\nearlier": "",
	} {
		verb, ok := reading.Command(text)
		if verb != want || ok != (want != "") {
			t.Errorf("%q: %q, %t; want %q", text, verb, ok, want)
		}
	}
}

// What an agent writes is a command only if its first line is one, and a verb
// is a short word: it goes into the ledger.
func FuzzCommand(f *testing.F) {
	for _, text := range []string{"/privacy status", "/privacy", "\u00a0/privacy\thold\r\nwhy", "/privacy HOLD\u2028x", "/PRIVACY \u017ftatus", "> /privacy hold"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		verb, ok := reading.Command(text)
		if again, same := reading.Command(text); again != verb || same != ok {
			t.Fatal("twice, and two results")
		}
		if !ok {
			if verb != "" {
				t.Fatalf("no command, and the verb %q", verb)
			}
			return
		}
		if len(verb) == 0 || len(verb) > 20 || strings.Trim(verb, "abcdefghijklmnopqrstuvwxyz_") != "" {
			t.Fatalf("verb %q", verb)
		}
		if !strings.HasPrefix(strings.ToLower(strings.TrimSpace(text)), "/privacy") {
			t.Fatalf("%q is taken for a command", text)
		}
		if quoted, is := reading.Command("> " + text); is {
			t.Fatalf("a quote is taken for the command %q", quoted)
		}
	})
}
