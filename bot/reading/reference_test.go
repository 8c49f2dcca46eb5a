package reading_test

import (
	"strings"
	"testing"

	"privacydesk/bot/reading"
)

func TestReference(t *testing.T) {
	for in, want := range map[string]string{
		"":                                  "",
		" DSR-2026/17 ":                     "DSR-2026/17",
		"DSR\r\n17\t\x00b":                  "DSR 17 b",
		"DSR\u200b-\u202e17":                "DSR-17",
		"jane@x.example":                    "j•••@x•••.example",
		"case of <Jane@X.example>, please":  "case of j•••@x•••.example please",
		"DSR-17/jane@x.example":             "d•••@x•••.example",
		"jane@x.example;joe@y.example":      "•••",
		"jane @ x.example":                  "•••",
		"jane%40x.example":                  "•••",
		"jane＠x.example":                    "•••",
		strings.Repeat("ü", 80):             strings.Repeat("ü", 59) + "…",
		"\xff\xfeDSR":                       "DSR",
		strings.Repeat("x", 2000) + "@a.de": strings.Repeat("x", 59) + "…",
		"file 17, ask jane@x":               "•••",
	} {
		if got := reading.Reference(in); got != want {
			t.Errorf("%.40q: %q, want %q", in, got, want)
		}
	}
}
