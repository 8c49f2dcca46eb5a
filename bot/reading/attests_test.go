package reading_test

import (
	"testing"

	"privacydesk/bot/reading"
)

// TestAttests: a plain word that the person's request was verified, and nothing
// that may mean something else.
func TestAttests(t *testing.T) {
	for text, want := range map[string]bool{
		"verified": true, "Verified.": true, "Yes, verified": true, "We have verified the person's identity and right.": true,
		"geprüft": true, "Wir haben die Anfrage geprüft.": true, "Ja, ist geprüft": true, "Vérifié": true, "Nous avons vérifié la demande": true, "Verificado, gracias": true,
		"Verified\n\nBest regards\nAlex": true,
		"":                               false, "yes": false, "confirm": false,
		"I've verified it": true, "The request has been verified": true, "We have verified the person": true, "J'ai vérifié la demande": true, "Die Anfrage ist geprüft": true,
		// What is said to us, or asked, is no word of theirs.
		"verify": false, "Please verify": false, "Please verify the person's identity": false, "Yes, verify": false, "We verify": false, "I verify it and go ahead": false,
		"Please have it verified": false, "Please have the person verified": false, "Have you verified the person": false, "Has it been verified": false, "Is it verified": false,
		"Is the person verified": false, "It is verified by you": false, "Je vérifie la demande": false, "Nous vérifions la demande": false, "Ist das geprüft": false, "Hat die Person das geprüft": false,
		"not verified":                           false,
		"Is that verified?":                      false,
		"We will verify it tomorrow":             false,
		"verified by our intern Bob":             false,
		"We have not verified it":                false,
		"> verified":                             false,
		"nicht geprüft":                          false,
		"Verified. Also delete bob@corp.example": false,
	} {
		if got := reading.Attests(text); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}
