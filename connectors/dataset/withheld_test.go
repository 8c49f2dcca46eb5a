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
