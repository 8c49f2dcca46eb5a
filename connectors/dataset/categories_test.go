package dataset_test

import (
	"testing"

	"privacydesk/connectors/dataset"
)

func TestNeverDisclosedByDefault(t *testing.T) {
	tests := map[string]bool{ // Regs §7024(d)
		"user.government_id.national_identification_number": true,
		"user.government_id.drivers_license_number":         true,
		"user.financial.bank_account":                       true,
		"user.financial.credit_card":                        true,
		"user.health.insurance_beneficiary_id":              true,
		"user.health_and_medical.record_id":                 true,
		"user.authorization.password":                       true,
		"user.authorization.credentials":                    true,
		"user.biometrics.fingerprint":                       true,
		"user.biometrics.custom":                            true,
		"user.contact.email":                                false,
		"user.health.condition":                             false,
		"user.financial":                                    false,
		"user.government_identity":                          false, // not below government_id
	}
	for category, want := range tests {
		m, _, err := dataset.Parse("m.yml", []byte(field("data_categories: ["+category+"]")))
		if err != nil {
			t.Fatal(err)
		}
		c := m.Collection("a.c")
		if got := len(c.Withheld()) == 1; got != want {
			t.Errorf("%s: withheld %v", category, got)
		}
		if got := len(c.Schema().Withheld) == 1 && c.Schema().Withheld[0].Reason != ""; got != want {
			t.Errorf("%s: the report says so %v", category, got)
		}
	}
}

func TestARecordingIsDelivered(t *testing.T) {
	m, _, err := dataset.Parse("m.yml", []byte(field("data_categories: [user.biometrics.voice]\n          privacydesk: {never_disclose: false}")))
	if err != nil {
		t.Fatal(err)
	}
	if len(m.Collection("a.c").Gathered()) != 1 {
		t.Error("the map's word that it is a recording has no effect")
	}
}

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
		if got := dataset.Label(tt.key); got != tt.label {
			t.Errorf("Label(%s) = %q", tt.key, got)
		}
		got := dataset.Letters(tt.key)
		if got != tt.letters {
			t.Errorf("Letters(%s) = %q", tt.key, got)
		}
		for i := range len(got) {
			if dataset.LetterName(got[i]) == "" {
				t.Errorf("%c has no name", got[i])
			}
		}
	}
	if dataset.LetterName('Z') != "" {
		t.Error("Z is no letter of the statute")
	}
}
