package reading

import (
	"strings"
	"unicode"
)

// maxReference is how many characters of a customer's own reference are kept.
const maxReference = 60

// Reference cleans what a customer wrote as their own reference of a request:
// one line, nothing invisible, no more than 60 characters. It is shown where
// addresses are not: one in it is masked, and what may be one hides the whole.
func Reference(text string) string {
	text = strings.ToValidUTF8(text[:min(len(text), maxInput)], "")
	text = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r), unicode.IsControl(r):
			return ' '
		case !unicode.IsGraphic(r), invisible(r):
			return -1
		}
		return r
	}, text)
	words := strings.Fields(text)
	for i, w := range words {
		if !Reveals(w) {
			continue
		}
		w = strings.Trim(w, "<>()[],;:\"'")
		if words[i] = Mask(w); words[i] == Mask("") {
			return words[i] // an address that is taken apart may go on beside it
		}
	}
	out := []rune(strings.Join(words, " "))
	if len(out) > maxReference {
		out = append(out[:maxReference-1], '…')
	}
	return string(out)
}

// Reveals is true for a text that may hold an address.
func Reveals(text string) bool {
	return strings.ContainsAny(text, "@＠﹫") || strings.Contains(strings.ToLower(text), "%40")
}
