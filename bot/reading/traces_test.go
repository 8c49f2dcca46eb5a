package reading_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"privacydesk/bot/reading"
)

func cutOut(find func(string) [][2]int, text string) []string {
	var out []string
	for _, s := range find(text) {
		out = append(out, text[s[0]:s[1]])
	}
	return out
}

func TestTracesInEverySpelling(t *testing.T) {
	find := reading.Traces("jané@bücher.example", "jo@x.example")
	for text, want := range map[string]string{
		"of JO@X.Example, please":               "JO@X.Example",
		"<jo@x.example>.":                       "jo@x.example",
		"mailto:jo%40x.example?subject=1":       "jo%40x.example",
		"https://x.example/?q=jo%2540x.example": "jo%2540x.example",
		"%6Ao@x%2eexample":                      "%6Ao@x%2eexample",
		"jo&#64;x.example":                      "jo&#64;x.example",
		"jo&#x40;x&period;example":              "jo&#x40;x&period;example",
		"j\u200bo@x.exam\u00adple":              "j\u200bo@x.exam\u00adple",
		"jo＠ｘ.example":                          "jo＠ｘ.example",
		"JANE\u0301@B\u00dcCHER.example":        "JANE\u0301@B\u00dcCHER.example",
		"jan%C3%A9@xn--bcher-kva.example":       "jan%C3%A9@xn--bcher-kva.example",
		"jo@x.example. And":                     "jo@x.example",
		"q=jo@x.example&r":                      "jo@x.example",
		"'jo@x.example'":                        "jo@x.example",
	} {
		if got := cutOut(find, text); len(got) != 1 || got[0] != want {
			t.Errorf("%q: found %q, want %q", text, got, want)
		}
	}
}

func TestTracesAreOfNobodyElse(t *testing.T) {
	find := reading.Traces("jo@x.example")
	for _, text := range []string{
		"", "jo", "mojo@x.example", "a.jo@x.example", "x+jo@x.example", "jo@x.example.org", "jo@x.examples", "jo@x-example", "joé@x.example", "jo@xx.example",
	} {
		if got := cutOut(find, text); len(got) != 0 {
			t.Errorf("%q: found %q", text, got)
		}
	}
	if got := reading.Traces()("jo@x.example"); len(got) != 0 {
		t.Errorf("nobody was asked for, and found: %v", got)
	}
}

func TestTracesOfOthers(t *testing.T) {
	find := reading.TracesOfOthers("Alex@acme.example")
	got := cutOut(find, "From alex@ACME.example about Joe%40x.example, bo@y.example. No @ here, nor @there.")
	if strings.Join(got, " ") != "Joe%40x.example bo@y.example" {
		t.Errorf("found %q", got)
	}
}

// Whatever the text, spans lie within it, in order.
func TestTracesSpans(t *testing.T) {
	finds := []func(string) [][2]int{reading.Traces("jo@x.example"), reading.TracesOfOthers()}
	rapid.Check(t, func(rt *rapid.T) {
		text := rapid.StringOf(rapid.SampledFrom([]rune("jo@x.example%4025&#64;é\u0301\u200b <="))).Draw(rt, "text")
		for _, find := range finds {
			end := 0
			for _, s := range find(text) {
				if s[0] < end || s[1] <= s[0] || s[1] > len(text) {
					rt.Fatalf("span %v after %d in %q", s, end, text)
				}
				end = s[1]
			}
		}
	})
}
