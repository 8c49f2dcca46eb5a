package connectors

import (
	"maps"
	"slices"
	"strings"
)

// category is what people read of a data category.
type category struct {
	label   string
	letters string // of Civ. Code 1798.140(v)(1), ascending
}

// Categories are the keys of fideslang's default taxonomy, in order.
func Categories() []string { return slices.Sorted(maps.Keys(taxonomy)) }

// KnownCategory is true for the keys of fideslang's default taxonomy (3.x,
// deprecated keys included; https://ethyca.github.io/fideslang/taxonomy/data_categories/,
// CC BY 4.0). Maps may declare others.
func KnownCategory(key string) bool {
	_, ok := taxonomy[key]
	return ok
}

// CategoryLabel is what people read of a category; for an unknown one, the label of
// the nearest known category above it, or the key itself.
func CategoryLabel(key string) string {
	for up := key; up != ""; up = ParentCategory(up) {
		if c, ok := categoryOf(up); ok && (up == key || ParentCategory(up) != "") {
			return c.label
		}
	}
	return key
}

// CategoryLetters are the kinds of personal information that a category falls under,
// as letters of Civ. Code 1798.140(v)(1), such as "AB"; "" for none. An
// unknown category has those of the nearest known one above it.
func CategoryLetters(key string) string {
	for up := key; up != ""; up = ParentCategory(up) {
		if c, ok := categoryOf(up); ok {
			return c.letters
		}
	}
	return ""
}

// categoryOf is what is known of a category: fideslang's, or one of two kinds of
// the statute that fideslang has no word for. Maps declare those before they
// use them.
func categoryOf(key string) (category, bool) {
	switch key {
	case "user.education":
		return category{"Education", "BJ"}, true
	case "user.inferred":
		return category{"Inference or score", "K"}, true
	}
	c, ok := taxonomy[key]
	return c, ok
}

// LetterName says what a letter of Civ. Code 1798.140(v)(1) stands for.
func LetterName(letter byte) string {
	switch letter {
	case 'A':
		return "Identifiers"
	case 'B':
		return "Customer records (1798.80(e))"
	case 'C':
		return "Protected characteristics"
	case 'D':
		return "Commercial information"
	case 'E':
		return "Biometric information"
	case 'F':
		return "Internet or network activity"
	case 'G':
		return "Geolocation"
	case 'H':
		return "Audio, electronic, visual or similar"
	case 'I':
		return "Professional or employment-related"
	case 'J':
		return "Education"
	case 'K':
		return "Inferences"
	case 'L':
		return "Sensitive personal information"
	}
	return ""
}

// ParentCategory is the category above, or "".
func ParentCategory(key string) string {
	i := strings.LastIndexByte(key, '.')
	if i < 0 {
		return ""
	}
	return key[:i]
}

// taxonomy is never written to. The labels and the letters are ours: which
// kind of information a category is, as a cautious reader of the statute
// would say.
//
//nolint:gochecknoglobals // a table, built once because reports ask it for every field
var taxonomy = map[string]category{
	"user":                                               {"User data", ""},
	"user.account":                                       {"Account", "A"},
	"user.account.settings":                              {"Account settings", "A"},
	"user.account.username":                              {"User name", "A"},
	"user.authorization":                                 {"Permissions", "A"},
	"user.authorization.biometric":                       {"Biometric sign-in", "EL"},
	"user.authorization.biometrics":                      {"Biometric sign-in", "EL"},
	"user.authorization.credentials":                     {"Sign-in credentials", "AL"},
	"user.authorization.password":                        {"Password", "AL"},
	"user.behavior":                                      {"Observed behaviour", "F"},
	"user.behavior.browsing_history":                     {"Browsing history", "F"},
	"user.behavior.media_consumption":                    {"Media watched, read or heard", "F"},
	"user.behavior.purchase_history":                     {"Purchases", "D"},
	"user.behavior.search_history":                       {"Searches", "F"},
	"user.biometric":                                     {"Biometric data", "EL"},
	"user.biometric.fingerprint":                         {"Fingerprint", "EL"},
	"user.biometric.health":                              {"Biometric health data", "EL"},
	"user.biometric.retinal":                             {"Retina scan", "EL"},
	"user.biometric.voice":                               {"Voice", "EHL"},
	"user.biometrics":                                    {"Biometric data", "EL"},
	"user.biometrics.fingerprint":                        {"Fingerprint", "EL"},
	"user.biometrics.retinal":                            {"Retina scan", "EL"},
	"user.biometrics.voice":                              {"Voice", "EHL"},
	"user.children":                                      {"Data about children", "CL"},
	"user.children.children_under_thirteen":              {"Data about children under 13", "CL"},
	"user.children.thirteen_to_sixteen":                  {"Data about children of 13 to 16", "CL"},
	"user.childrens":                                     {"Data about children", "CL"},
	"user.contact":                                       {"Contact data", "AB"},
	"user.contact.address":                               {"Address", "AB"},
	"user.contact.address.city":                          {"City", "AB"},
	"user.contact.address.country":                       {"Country", "AB"},
	"user.contact.address.mailing_address":               {"Mailing address", "AB"},
	"user.contact.address.postal_code":                   {"Postal code", "AB"},
	"user.contact.address.state":                         {"State", "AB"},
	"user.contact.address.street":                        {"Street", "AB"},
	"user.contact.email":                                 {"E-mail address", "A"},
	"user.contact.fax_number":                            {"Fax number", "AB"},
	"user.contact.organization":                          {"Organisation", "BI"},
	"user.contact.phone_number":                          {"Phone number", "AB"},
	"user.contact.social_url":                            {"Social media profile", "A"},
	"user.contact.url":                                   {"Website", "A"},
	"user.content":                                       {"Content by the person", "H"},
	"user.content.private":                               {"Private content", "HL"},
	"user.content.public":                                {"Public content", "H"},
	"user.content.self_image":                            {"Photo of the person", "H"},
	"user.criminal_history":                              {"Criminal history", "B"},
	"user.demographic":                                   {"Demographic data", "C"},
	"user.demographic.age_range":                         {"Age range", "C"},
	"user.demographic.citizenship_or_immigration_status": {"Citizenship or immigration status", "CL"},
	"user.demographic.date_of_birth":                     {"Date of birth", "C"},
	"user.demographic.gender":                            {"Gender", "C"},
	"user.demographic.language":                          {"Language", "C"},
	"user.demographic.marital_status":                    {"Marital status", "C"},
	"user.demographic.philosophical_belief":              {"Philosophical belief", "CL"},
	"user.demographic.political_opinion":                 {"Political opinion", "C"},
	"user.demographic.profile":                           {"Profile and preferences", "K"},
	"user.demographic.protected_classifications":         {"Protected characteristics", "C"},
	"user.demographic.race_ethnicity":                    {"Race or ethnic origin", "CL"},
	"user.demographic.religious_belief":                  {"Religious belief", "CL"},
	"user.demographic.sexual_orientation":                {"Sexual orientation", "CL"},
	"user.demographic.union_membership":                  {"Union membership", "L"},
	"user.device":                                        {"Device data", "AF"},
	"user.device.cookie":                                 {"Cookie", "AF"},
	"user.device.cookie_id":                              {"Cookie id", "AF"},
	"user.device.device_id":                              {"Device id", "A"},
	"user.device.ip_address":                             {"IP address", "AF"},
	"user.device.sensor":                                 {"Device sensor data", "FH"},
	"user.device.telemetry":                              {"Device telemetry", "F"},
	"user.financial":                                     {"Financial data", "BD"},
	"user.financial.account_number":                      {"Financial account number", "BL"},
	"user.financial.bank_account":                        {"Bank account", "BL"},
	"user.financial.credit_card":                         {"Credit card", "BL"},
	"user.government_id":                                 {"Government id", "ABL"},
	"user.government_id.birth_certificate":               {"Birth certificate", "ABL"},
	"user.government_id.drivers_license_number":          {"Driver's licence number", "ABL"},
	"user.government_id.immigration":                     {"Immigration id", "ABL"},
	"user.government_id.national_identification_number":  {"National identification number", "ABL"},
	"user.government_id.passport_number":                 {"Passport number", "ABL"},
	"user.government_id.vehicle_registration":            {"Vehicle registration", "AB"},
	"user.health":                                        {"Health data", "BL"},
	"user.health.baby_formula":                           {"Baby formula", "BL"},
	"user.health.condition":                              {"Health condition", "BL"},
	"user.health.genetic":                                {"Genetic data", "CEL"},
	"user.health.insurance_beneficiary_id":               {"Health insurance number", "ABL"},
	"user.health.maternity_clothing":                     {"Maternity clothing", "BL"},
	"user.health.medical_diagnosis":                      {"Medical diagnosis", "BL"},
	"user.health.medications":                            {"Medications", "BL"},
	"user.health.prescriptions":                          {"Prescriptions", "BL"},
	"user.health.record_id":                              {"Medical record number", "ABL"},
	"user.health.reproductive_or_sexual":                 {"Reproductive or sexual health", "BL"},
	"user.health.social_psychological_behavioral":        {"Mental and social health", "BL"},
	"user.health.symptons":                               {"Symptoms", "BL"},
	"user.health.treatment":                              {"Medical treatment", "BL"},
	"user.health_and_medical":                            {"Health data", "BL"},
	"user.health_and_medical.genetic":                    {"Genetic data", "CEL"},
	"user.health_and_medical.insurance_beneficiary_id":   {"Health insurance number", "ABL"},
	"user.health_and_medical.record_id":                  {"Medical record number", "ABL"},
	"user.job_title":                                     {"Job title", "BI"},
	"user.location":                                      {"Location", "G"},
	"user.location.coarse":                               {"Approximate location", "G"},
	"user.location.imprecise":                            {"Approximate location", "G"},
	"user.location.precise":                              {"Precise location", "GL"},
	"user.name":                                          {"Name", "AB"},
	"user.name.first":                                    {"First name", "AB"},
	"user.name.last":                                     {"Last name", "AB"},
	"user.payment":                                       {"Payments", "BD"},
	"user.privacy_preferences":                           {"Privacy preferences", ""},
	"user.professional_information":                      {"Work", "BI"},
	"user.professional_information.job_title":            {"Job title", "BI"},
	"user.professional_information.workplace":            {"Employer", "BI"},
	"user.sensor":                                        {"Sensor data", "FH"},
	"user.settings":                                      {"Settings", "A"},
	"user.social":                                        {"Social activity", "F"},
	"user.social_activity":                               {"Social activity", "F"},
	"user.telemetry":                                     {"Telemetry", "F"},
	"user.unique_id":                                     {"Unique id", "A"},
	"user.unique_id.deterministic":                       {"Unique id", "A"},
	"user.unique_id.probablistic":                        {"Probabilistic id", "A"},
	"user.unique_id.pseudonymous":                        {"Pseudonymous id", "A"},
	"user.user_sensor":                                   {"Sensor data", "FH"},
	"user.workplace":                                     {"Employer", "BI"},
	"system":                                             {"System data", ""},
	"system.authentication":                              {"Access data", ""},
	"system.operations":                                  {"Operations data", ""},
}
