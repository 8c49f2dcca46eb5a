package dataset_test

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"privacydesk/connectors"
	"privacydesk/connectors/dataset"
)

func TestRule7_Match(t *testing.T) {
	tests := []struct {
		a, b string
		want bool
	}{
		{"jose@example.com", "jose@example.com", true},
		{"Jose@Example.COM", "jose@example.com", true},
		{" jose@example.com\t", "jose@example.com", true},
		{"jos\u00e9@example.com", "jose\u0301@example.com", true}, // NFC and NFD
		{"JOSÉ@example.com", "josé@example.com", true},
		{"jo@münchen.de", "jo@xn--mnchen-3ya.de", true},
		{"jo@MÜNCHEN.de", "jo@XN--MNCHEN-3YA.de", true},
		{"josé@example.com", "jose@example.com", false},
		{"jo.se@example.com", "jose@example.com", false},
		{"jose+a@example.com", "jose@example.com", false},
		{"jose@example.com", "jose@example.com.", false},
		{"jose@example.com", "jose@example.co", false},
		{"jose@example.com", "\u00a0jose@example.com", false},    // not ASCII white space
		{"kim@example.com", "\u212aim@example.com", false},       // Kelvin sign
		{"sam@example.com", "\u017fam@example.com", false},       // long s
		{"inge@example.com", "\u0130nge@example.com", false},     // dotted capital I
		{"jose@example.com", "jose@example.com\x00", false},      // NUL
		{"jose@example.com", "jose@examp\u200ble.com", false},    // zero width
		{"paypal@example.com", "p\u0430ypal@example.com", false}, // Cyrillic a
		{"strasse@example.com", "straße@example.com", false},     // no multi-letter folding
		{"a@straße.de", "a@strasse.de", false},                   // IDNA 2008 keeps ß
		{"jose@example.com", "<jose@example.com>", false},        // a header is no address
		{"jose@example.com", "jose@evil.com@example.com", false}, // cut at the last @
		{"", "", false},
		{"@", "@", false},
		{"x", "x", false},
	}
	for _, tt := range tests {
		a, b := connectors.Text(tt.a), connectors.Text(tt.b)
		if got := dataset.Match(connectors.Email, a, b); got != tt.want {
			t.Errorf("Match(%q, %q) = %v", tt.a, tt.b, got)
		}
		if dataset.Match(connectors.Email, a, b) != dataset.Match(connectors.Email, b, a) {
			t.Errorf("Match(%q, %q) is not symmetric", tt.a, tt.b)
		}
	}
	if dataset.Match(connectors.Email, connectors.Bytes([]byte("a@b.c")), connectors.Text("a@b.c")) {
		t.Error("bytes are not text")
	}
	if dataset.Match("crm.customer.id", connectors.Text("42"), connectors.Int(42)) {
		t.Error("the text 42 is not the number 42")
	}
	if !dataset.Match("crm.customer.id", connectors.Int(42), connectors.Int(42)) {
		t.Error("a key does not equal itself")
	}
	if dataset.Match("phone_number", connectors.Text("Abc"), connectors.Text("abc")) {
		t.Error("other identities are compared exactly")
	}
}

func TestNormalise(t *testing.T) {
	got, err := dataset.Normalise(connectors.Email, "  Jose.O@MÜNCHEN.de\n")
	if err != nil || got != "Jose.O@xn--mnchen-3ya.de" {
		t.Errorf("Normalise = %q, %v", got, err)
	}
	for _, s := range []string{"", "  ", "jose", "@example.com", "jose@", "jo se@example.com", "a@b\x00.com", "\xff@example.com"} {
		if got, err := dataset.Normalise(connectors.Email, s); err == nil {
			t.Errorf("Normalise(%q) = %q", s, got)
		} else if s != "" && len(s) > 3 && strings.Contains(err.Error(), strings.TrimSpace(s)) {
			t.Errorf("the error repeats the address: %v", err)
		}
	}
	if _, err := dataset.Normalise("phone_number", " "); err == nil {
		t.Error("a blank identity was accepted")
	}
}

func TestNormaliseKeepsTheMatch(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.StringMatching(`[ ]?[A-Za-zéÉß.+]{1,8}@[A-Za-zü]{1,6}\.(de|COM)[\t]?`).Draw(t, "address")
		n, err := dataset.Normalise(connectors.Email, s)
		if err != nil {
			t.Fatalf("%q: %v", s, err)
		}
		if !dataset.Match(connectors.Email, connectors.Text(s), connectors.Text(n)) {
			t.Fatalf("%q does not match its normal form %q", s, n)
		}
		again, err := dataset.Normalise(connectors.Email, n)
		if err != nil || again != n {
			t.Fatalf("normalising twice: %q, %q, %v", n, again, err)
		}
		forms := dataset.NormalEmail.SearchForms(connectors.Text(s))
		for _, f := range forms {
			if !dataset.Match(connectors.Email, connectors.Text(f), connectors.Text(s)) {
				t.Fatalf("the search form %q does not match %q", f, s)
			}
		}
	})
}

func TestSearchForms(t *testing.T) {
	got := dataset.NormalEmail.SearchForms(connectors.Text("José@MÜNCHEN.de"))
	for _, want := range []string{"josé@münchen.de", "josé@xn--mnchen-3ya.de", "jose\u0301@xn--mnchen-3ya.de"} {
		if !slices.Contains(got, want) {
			t.Errorf("%q is not searched: %q", want, got)
		}
	}
	for _, v := range []connectors.Value{{}, connectors.Text(" "), connectors.Text("x")} {
		if got := dataset.NormalEmail.SearchForms(v); len(got) != 0 {
			t.Errorf("an empty identity is searched: %q", got)
		}
	}
	if got := dataset.NormalNone.SearchForms(connectors.Int(42)); !slices.Equal(got, []string{"42"}) {
		t.Errorf("a key: %q", got)
	}
}
