package report

import (
	"fmt"
	"strings"

	"privacydesk/bot"
	"privacydesk/connectors"
)

// searched is true for systems of which the report can say what they hold.
func searched(o bot.Outcome) bool {
	return o != bot.OutcomeFailed && o != bot.OutcomeSkipped && o != bot.OutcomeWaiting
}

// outcomeText puts an outcome in plain words.
func outcomeText(o bot.Outcome) string {
	switch o {
	case bot.OutcomeNothing:
		return "Searched, nothing found"
	case bot.OutcomeFound:
		return "Found"
	case bot.OutcomeGathered:
		return "Included in this report"
	case bot.OutcomeDeleted:
		return "Deleted"
	case bot.OutcomeMasked:
		return "De-identified"
	case bot.OutcomeAggregated:
		return "Aggregated"
	case bot.OutcomeRetained:
		return "Retained under an exception"
	case bot.OutcomeWaiting:
		return "Not finished: it waits for a person or a vendor"
	case bot.OutcomeFailed:
		return "Could not be finished"
	case bot.OutcomeSkipped:
		return "Could not be searched"
	}
	return string(o)
}

// reasonOf says why a system was skipped or failed; "" otherwise.
func reasonOf(s bot.ReportSystem) string {
	switch {
	case s.State.Skip != "":
		return strings.ReplaceAll(string(s.State.Skip), "_", " ")
	case s.State.Run.Fail != nil && !searched(s.Outcome):
		return s.State.Run.Fail.What
	case s.Outcome == bot.OutcomeFailed:
		if left := s.State.Totals().Left; left > 0 {
			return fmt.Sprintf("%d records that should be gone are still there", left)
		}
	}
	return ""
}

// category is a fideslang data category with the letters of the categories of
// the California Consumer Privacy Act to which it belongs.
type category struct {
	Key   string   `json:"key"`
	Label string   `json:"label"`
	CCPA  []string `json:"ccpa,omitempty"`
}

func categories(keys []string) []category {
	var out []category
	for _, k := range keys {
		letters, _ := ccpa(k)
		out = append(out, category{Key: k, Label: categoryLabel(k), CCPA: letters})
	}
	return out
}

// categoryLabel reads the key aloud: "user.contact.email" is "Contact: email".
func categoryLabel(key string) string {
	parts := strings.Split(strings.ReplaceAll(key, "_", " "), ".")
	if len(parts) > 1 && (parts[0] == "user" || parts[0] == "system") {
		parts = parts[1:]
	}
	head := parts[0]
	if head != "" {
		head = strings.ToUpper(head[:1]) + head[1:]
	}
	if len(parts) == 1 {
		return head
	}
	return head + ": " + strings.Join(parts[1:], ", ")
}

// ccpa maps a fideslang key to the letters of Civ. Code 1798.140(v)(1), by its
// longest known prefix. A key that is not known has none: the report then
// shows the key alone rather than a guess.
func ccpa(key string) (letters []string, ok bool) {
	for k := key; k != ""; {
		if s := ccpaLetters(k); s != "" {
			return strings.Split(s, ""), true
		}
		i := strings.LastIndexByte(k, '.')
		if i < 0 {
			return nil, false
		}
		k = k[:i]
	}
	return nil, false
}

func ccpaLetters(key string) string {
	switch key {
	case "user.name", "user.contact", "user.unique_id", "user.account":
		return "AB"
	case "user.device", "user.privacy_preferences":
		return "A"
	case "user.government_id", "user.authorization", "user.account.settings.credentials":
		return "ABL"
	case "user.financial", "user.payment":
		return "BL"
	case "user.demographic", "user.childrens":
		return "C"
	case "user.behavior.purchase_history":
		return "D"
	case "user.biometric":
		return "EL"
	case "user.behavior", "user.telemetry", "user.tracking":
		return "F"
	case "user.location":
		return "G"
	case "user.location.precise":
		return "GL"
	case "user.sensor", "user.content.image", "user.content.video", "user.content.audio":
		return "H"
	case "user.workplace", "user.employment", "user.job_title":
		return "I"
	case "user.education":
		return "J"
	case "user.behavior.inferred", "user.criminal_history":
		return "K"
	case "user.health_and_medical", "user.content.private":
		return "L"
	}
	return ""
}

// ccpaText names a letter.
func ccpaText(letter string) string {
	switch letter {
	case "A":
		return "A: identifiers"
	case "B":
		return "B: customer records"
	case "C":
		return "C: characteristics protected by law"
	case "D":
		return "D: commercial information"
	case "E":
		return "E: biometric information"
	case "F":
		return "F: internet or other network activity"
	case "G":
		return "G: geolocation"
	case "H":
		return "H: audio, visual or similar information"
	case "I":
		return "I: professional or employment-related information"
	case "J":
		return "J: education information"
	case "K":
		return "K: inferences"
	case "L":
		return "L: sensitive personal information"
	}
	return letter
}

// columnLabel is what a page calls a column.
func columnLabel(c connectors.Column) string {
	if c.Label != "" {
		return c.Label
	}
	return strings.ReplaceAll(c.Name, "_", " ")
}
