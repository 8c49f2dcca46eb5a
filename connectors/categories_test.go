package connectors_test

import (
	"testing"

	"privacydesk/connectors"
)

func TestLabelsAndLetters(t *testing.T) {
	tests := []struct{ key, label, letters string }{
		{"user.contact.email", "E-mail address", "A"},
		{"user.location.precise", "Precise location", "GL"},
		{"user.contact.email.work", "E-mail address", "A"}, // the nearest above
		{"system.operations", "Operations data", ""},
		{"user.strange", "user.strange", ""},
		{"else", "else", ""},
	}
	for _, tt := range tests {
		if got := connectors.CategoryLabel(tt.key); got != tt.label {
			t.Errorf("Label(%s) = %q", tt.key, got)
		}
		got := connectors.CategoryLetters(tt.key)
		if got != tt.letters {
			t.Errorf("Letters(%s) = %q", tt.key, got)
		}
		for i := range len(got) {
			if connectors.LetterName(got[i]) == "" {
				t.Errorf("%c has no name", got[i])
			}
		}
	}
	if connectors.LetterName('Z') != "" {
		t.Error("Z is no letter of the statute")
	}
}
