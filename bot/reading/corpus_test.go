package reading_test

import (
	"os"
	"strings"
	"testing"

	"privacydesk/bot/reading"
)

// corpus reads a file of texts, one a line, sorted by a sign.
func corpus(t *testing.T, name string) (yes, no []string) {
	t.Helper()
	raw, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(raw)) {
		line = strings.ReplaceAll(strings.TrimRight(line, "\n"), `\n`, "\n")
		switch sign, text, _ := strings.Cut(line, " "); sign {
		case "+":
			yes = append(yes, text)
		case "-":
			no = append(no, text)
		}
	}
	if len(yes) < 60 || len(no) < 60 {
		t.Fatalf("%s: %d and %d texts", name, len(yes), len(no))
	}
	return yes, no
}

// TestThanksAsPeopleWriteThem: in four languages; whatever asks, doubts, says
// no or commands is none.
func TestThanksAsPeopleWriteThem(t *testing.T) {
	yes, no := corpus(t, "thanks.txt")
	for _, text := range yes {
		if !reading.IsThanks(text) {
			t.Errorf("no thanks: %q", text)
		}
	}
	for _, text := range no {
		if reading.IsThanks(text) {
			t.Errorf("taken for thanks: %q", text)
		}
	}
	for _, thanks := range yes { // whatever is asked besides is heard
		for _, wish := range []string{"Please stop.", "Bitte noch nicht löschen.", "Ne supprimez rien.", "No borren nada.", "She is the wrong one", "delete bob", "Is that all?", "jose@x.example", "👎"} {
			for _, text := range []string{wish + "\n" + thanks, wish + " " + thanks} {
				if reading.IsThanks(text) {
					t.Errorf("taken for thanks: %q", text)
				}
			}
		}
	}
}

// TestAbsenceAsProgramsWriteIt: absence notes and answers by machine, in four
// languages; what somebody writes who is back, or who wants something deleted,
// is none.
func TestAbsenceAsProgramsWriteIt(t *testing.T) {
	yes, no := corpus(t, "absence.txt")
	for _, text := range yes {
		if !reading.IsAutomatic("", text) {
			t.Errorf("no absence note: %q", text)
		}
	}
	for _, text := range no {
		if reading.IsAutomatic("", text) {
			t.Errorf("taken for an absence note: %q", text)
		}
	}
}

// FuzzThanks: what asks is no thanks, however it is dressed.
func FuzzThanks(f *testing.F) {
	for _, s := range []string{"Thanks", "Danke, Anna\n-- \nx", "Merci !\nCordialement,\nA\n\nb", "👍🏽", "thanks :)"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		_ = reading.IsThanks(text)
		if reading.IsThanks("Please do not delete her. " + text) {
			t.Fatalf("a no before %q is taken for thanks", text)
		}
	})
}
