package dataset

import (
	"slices"

	"privacydesk/connectors"
)

// What a business never discloses in answer to a request to know, though it
// says that it holds it: Cal. Code Regs. tit. 11, §7024(d). Each category
// stands for itself and for all below it.
//
// Security questions and answers have no category of their own in fideslang:
// maps say never_disclose for them.
func withheldCategories() map[string]string {
	const (
		government = "a government-issued identification number"
		account    = "a financial account number"
		medical    = "a health insurance or medical identification number"
		password   = "a password or another credential"
		biometric  = "unique biometric data"
	)
	return map[string]string{
		"user.government_id":                                  government,
		"user.financial.account_number":                       account,
		"user.financial.bank_account":                         account,
		"user.financial.credit_card":                          account,
		"user.health.insurance_beneficiary_id":                medical,
		"user.health_and_medical.insurance_beneficiary_id":    medical,
		"user.health.record_id":                               medical,
		"user.health_and_medical.record_id":                   medical,
		"user.authorization.credentials":                      password,
		"user.authorization.password":                         password,
		"user.credentials":                                    password,
		"system.authentication":                               password,
		"user.authorization.biometric":                        biometric,
		"user.authorization.biometrics":                       biometric,
		"user.biometric":                                      biometric,
		"user.biometrics":                                     biometric,
		"user.biometric_health":                               biometric,
		"user.health.genetic":                                 biometric,
		"user.health_and_medical.genetic":                     biometric,
		"user.provided.identifiable.government_id":            government,
		"user.provided.identifiable.financial.account_number": account,
		"user.provided.identifiable.biometric":                biometric,
		"user.provided.identifiable.credentials":              password,
	}
}

// withheldReason is why a field of these categories is never disclosed, or "".
func withheldReason(categories []string) string {
	table := withheldCategories()
	for _, c := range categories {
		for up := c; up != ""; up = connectors.ParentCategory(up) {
			if reason, ok := table[up]; ok {
				return reason
			}
		}
	}
	return ""
}

// withheldBy is the rule by which the field is withheld; "" where it is the
// map's own reason.
func (f *Field) withheldBy() string {
	if f.NeverDisclose != "" && f.NeverDisclose == withheldReason(f.Categories) {
		return connectors.Rule7024d
	}
	return ""
}

// mayDisclose is true if all that withholds the field are categories that
// also cover things which are disclosed: a recording of a voice is, a
// voiceprint is not; a licence plate is no identification of a person.
func mayDisclose(categories []string) bool {
	open := []string{"user.biometric.voice", "user.biometrics.voice", "user.government_id.vehicle_registration"}
	for _, c := range categories {
		if withheldReason([]string{c}) != "" && !slices.Contains(open, c) {
			return false
		}
	}
	return true
}
