package reading_test

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"privacydesk/bot/reading"
)

func TestNormalise(t *testing.T) {
	for in, want := range map[string]string{
		"jo@x.example":                         "jo@x.example",
		"  Jo@X.Example ":                      "jo@x.example",
		"Jo.E+tag@x.example":                   "jo.e+tag@x.example",
		`"Jo" <jo@x.example>`:                  "jo@x.example",
		"Jo Doe <mailto:jo@x.example>":         "jo@x.example",
		"<jo@x.example>":                       "jo@x.example",
		"MAILTO:jo@x.example":                  "jo@x.example",
		"jo@bücher.example":                    "jo@xn--bcher-kva.example",
		"jo@BU\u0308CHER.example":              "jo@xn--bcher-kva.example",
		"jo@straße.example":                    "jo@xn--strae-oqa.example",
		"josé@x.example":                       "josé@x.example",
		"JOSE\u0301@x.example":                 "josé@x.example",
		"jo@x.example.":                        "jo@x.example",
		"jo@ｘ.example":                         "jo@x.example",
		"o'brien@x.example":                    "o'brien@x.example",
		"\u0130@x.example":                     "\u0130@x.example", // never i@
		"jo@sub.x.example":                     "jo@sub.x.example",
		strings.Repeat("a", 64) + "@x.example": strings.Repeat("a", 64) + "@x.example",
	} {
		got, err := reading.Normalise(in)
		if err != nil || got != want {
			t.Errorf("%q: %q, %v; want %q", in, got, err, want)
		}
	}
}

func TestNormaliseRefuses(t *testing.T) {
	for _, in := range []string{
		"", " ", "jo", "@", "jo@", "@x.example", "jo@x", "jo@@x.example", "jo@x@y.example", "jo doe@x.example", "jo@x .example",
		`"jo doe"@x.example`, "jo@[127.0.0.1]", "jo@127.0.0.1", "jo@x.example, bo@x.example", ".jo@x.example", "jo.@x.example", "j..o@x.example",
		"bo@y.example <jo@x.example>", "Jo <jo@x.example> Bo <bo@x.example>", "<jo@x.example", "jo@x_y.example", "jo@-x.example",
		"jo\u200b@x.example", "jo@x\u200b.example", "jo@x\u00ad.example", "jo\x00@x.example", "jo@x.example\nBcc: bo@x.example", "jo\xff@x.example",
		"jo\u034f@x.example", "jo\ufe0f@x.example", "jo\u3164@x.example", "j\u115fo@x.example", "jo\U000e0100@x.example", "\u202ejo@x.example",
		"jo@x.example?cc=bo@y.example", "jo(comment)@x.example", "j\u2019o@x.example", "jo@x..example",
		strings.Repeat("a", 65) + "@x.example", "jo@" + strings.Repeat("a.", 130) + "example", strings.Repeat("x", 2000) + "@x.example",
	} {
		got, err := reading.Normalise(in)
		if !errors.Is(err, reading.ErrNotAddress) || got != "" {
			t.Errorf("%q: %q, %v", in, got, err)
		}
	}
}

// Look-alikes of other alphabets, accents, dots and tags stay different people.
func TestRule7_LookAlikesAreDifferentAddresses(t *testing.T) {
	alike := []string{
		"jose@x.example", "josé@x.example", "jos\u0435@x.example", "jose+a@x.example", "j.ose@x.example", "josе@x.example",
		"jose@х.example", "\u0131ose@x.example", "iose@x.example", "\u0130ose@x.example", "jose@x.example.org",
	}
	seen := map[string]string{}
	for _, a := range alike {
		norm, err := reading.Normalise(a)
		if err != nil {
			t.Errorf("%q: %v", a, err)
			continue
		}
		if b, twice := seen[norm]; twice && b != a {
			t.Errorf("%+q and %+q are taken for one", a, b)
		}
		seen[norm] = a
	}
}

func TestNormaliseKeepsPeopleApart(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := rapid.StringOf(rapid.SampledFrom([]rune("aAzZ09.+-'_@@ üÜßſKİıеéé́<>\"xn,;ｅ。"))).Draw(t, "in")
		a, err := reading.Normalise(in)
		if err != nil {
			if a != "" {
				t.Fatalf("an error and %q", a)
			}
			return
		}
		if again, err := reading.Normalise(a); err != nil || again != a {
			t.Fatalf("%q becomes %q, then %q (%v)", in, a, again, err)
		}
	})
}

func FuzzNormalise(f *testing.F) {
	for _, s := range []string{"jo@x.example", `"Jo" <jo@x.example>`, "jo@bücher.example", "İ@x.example", "a@xn--bcher-kva.example", "JOSE\u0301@x.example"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		a, err := reading.Normalise(in)
		if err != nil {
			if strings.TrimSpace(in) != "" && len(in) > 12 && strings.Contains(err.Error(), in) {
				t.Fatal("the error quotes its input")
			}
			return
		}
		again, err := reading.Normalise(a)
		if err != nil || again != a {
			t.Fatalf("%q becomes %q, then %q (%v)", in, a, again, err)
		}
		if strings.Count(a, "@") != 1 || strings.ContainsAny(a, " <>\"\t\r\n") || !utf8.ValidString(a) {
			t.Fatalf("%q is no bare address", a)
		}
	})
}

func TestMask(t *testing.T) {
	for in, want := range map[string]string{
		"jane.doe@acme.com":    "j•••@a•••.com",
		"J@a.com":              "j•••@a•••.com",
		"élan@mail.acme.co.uk": "é•••@m•••.uk",
		"not an address":       "•••",
		"":                     "•••",
		"Jo <jo@acme.example>": "j•••@a•••.example",
		"jo@acme.com, b@x.com": "•••",
		"jo@bücher.example":    "j•••@x•••.example",
	} {
		if got := reading.Mask(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}
