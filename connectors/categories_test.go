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

// TestLettersAreTheStatutes: Civ. Code 1798.140(v)(1), and (ae) for what is
// sensitive (L). Whoever disputes a letter finds its words here.
func TestLettersAreTheStatutes(t *testing.T) {
	for _, c := range []struct{ key, letters, words string }{
		{"user.name", "AB", `(A) "real name"; (B) by 1798.80(e) "his or her name"`},
		{"user.name.last", "AB", "the same"},
		{"user.contact.email", "A", `(A) "email address", which 1798.80(e) does not name`},
		{"user.contact.address.street", "AB", `(A) "postal address"; 1798.80(e) "address"`},
		{"user.contact.phone_number", "AB", `1798.80(e) "telephone number"`},
		{"user.device.ip_address", "AF", `(A) "Internet Protocol address"; (F) network activity`},
		{"user.job_title", "BI", `1798.80(e) "employment"; (I) "Professional or employment-related information"`},
		{"user.workplace", "BI", "the same"},
		{"user.professional_information.job_title", "BI", "the same"},
		{"user.education", "BJ", `1798.80(e) "education"; (J) "Education information"`},
		{"user.education.grades", "BJ", "the nearest above"},
		{"user.demographic.date_of_birth", "C", `(C) "characteristics of protected classifications": age; 1798.80(e) does not name it`},
		{"user.behavior.purchase_history", "D", `(D) "products or services purchased"`},
		{"user.biometric.fingerprint", "EL", `(E) "Biometric information"; (ae)(2)(A)`},
		{"user.behavior.browsing_history", "F", `(F) "browsing history"`},
		{"user.behavior", "F", "what is observed is no inference by itself"},
		{"user.location.coarse", "G", `(G) "Geolocation data"`},
		{"user.location.precise", "GL", `(ae)(1)(C) "precise geolocation"`},
		{"user.content.self_image", "H", `(H) "Audio, electronic, visual ... information"`},
		{"user.inferred", "K", `(K) "Inferences drawn ... to create a profile"`},
		{"user.inferred.lead_score", "K", "the nearest above"},
		{"user.government_id.passport_number", "ABL", `(A) "passport number"; 1798.80(e); (ae)(1)(A)`},
		{"user.children.thirteen_to_sixteen", "CL", "11 CCR §7001: people under 16"},
		{"user.children.children_under_thirteen", "CL", "the same"},
	} {
		if got := connectors.CategoryLetters(c.key); got != c.letters {
			t.Errorf("%s is %q and not %q: %s", c.key, got, c.letters, c.words)
		}
	}
	for _, key := range []string{"user.education", "user.inferred"} {
		if connectors.KnownCategory(key) || connectors.CategoryLabel(key) == key {
			t.Errorf("%s is fideslang's, or has no label", key)
		}
	}
}
