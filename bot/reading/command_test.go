package reading_test

import (
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
