package report

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

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
	case s.State.Skip != "" && s.State.Run.Fail != nil:
		return "left out by the decision of a person, after it failed: " + s.State.Run.Fail.What
	case s.State.Skip != "":
		return "left out by the decision of a person"
	case s.State.Run.Fail != nil && !searched(s.Outcome):
		return s.State.Run.Fail.What
	case s.Outcome == bot.OutcomeFailed:
		if left := s.State.Totals().Left; left > 0 {
			return fmt.Sprintf("%d records that should be gone are still there", left)
		}
	}
	return ""
}

// leftOut names what is left out of searches and deletes, with the reason.
func leftOut(p connectors.Profile) []string {
	var out []string
	for _, l := range p.LeftOut {
		text := aloud(l.Label, l.Name[strings.LastIndexByte(l.Name, '.')+1:])
		if l.Reason != "" {
			text += ": " + l.Reason
		}
		out = append(out, text)
	}
	return out
}

// category is a fideslang data category with the letters of Civ. Code
// 1798.140(v)(1) under which it falls.
type category struct {
	Key   string   `json:"key"`
	Label string   `json:"label"`
	CCPA  []string `json:"ccpa,omitempty"`
}

func categories(keys []string) []category {
	var out []category
	for _, k := range keys {
		c := category{Key: k, Label: connectors.CategoryLabel(k)}
		if letters := connectors.CategoryLetters(k); letters != "" {
			c.CCPA = strings.Split(letters, "")
		}
		out = append(out, c)
	}
	return out
}

// text is how a page shows the category: "Phone number (A, B)".
func (c category) text() string {
	if len(c.CCPA) == 0 {
		return c.Label
	}
	return c.Label + " (" + strings.Join(c.CCPA, ", ") + ")"
}

// letterNames spells out the letters of categories, each once.
func letterNames(list []category) []string {
	var letters []string
	for _, c := range list {
		letters = append(letters, c.CCPA...)
	}
	slices.Sort(letters)
	letters = slices.Compact(letters)
	for i, l := range letters {
		letters[i] = l + ": " + connectors.LetterName(l[0])
	}
	return letters
}

// columnLabel is what a page calls a column.
func columnLabel(c connectors.Column) string { return aloud(c.Label, c.Name) }

// collectionLabel is what a page calls a collection.
func collectionLabel(c connectors.Collection) string {
	return aloud(c.Label, c.Name[strings.LastIndexByte(c.Name, '.')+1:])
}

// aloud is the label; a name that the data map gives none for is read aloud:
// "created_at" is "Created at".
func aloud(label, name string) string {
	if label != "" && label != name {
		return label
	}
	words := strings.Join(strings.FieldsFunc(name, func(r rune) bool { return r == '_' || r == ' ' }), " ")
	first, size := utf8.DecodeRuneInString(words)
	if size == 0 {
		return name
	}
	return string(unicode.ToUpper(first)) + words[size:]
}

// exceptionText is on what ground something was kept, in words and by the law
// under which the person asked. California's is named where that is unknown: its
// list is the one that data maps go by.
func exceptionText(e connectors.Exception, law bot.Law) string {
	switch {
	case law.Californian():
		return e.Words + " (Civ. Code " + e.Paragraph + ")"
	case law.European() && e.Article != "":
		return e.Words + " (Art. " + e.Article + " GDPR)"
	case law.European():
		return e.Words + " (the data map's ground; Art. 17(3) GDPR has none of the kind, so the customer has to say whether it may stay)"
	}
	return e.Words
}

// methodText is what a delete does to a collection.
func methodText(method, exception, law string) string {
	switch connectors.Action(method) {
	case connectors.ActionDelete:
		return "delete"
	case connectors.ActionMask:
		return "de-identify"
	case connectors.ActionAggregate:
		return "aggregate"
	case connectors.ActionRetain:
		rule, reason, _ := strings.Cut(exception, ": ")
		words := strings.ReplaceAll(rule, "_", " ")
		if known, ok := connectors.Exceptions()[rule]; ok {
			words = exceptionText(known, bot.Law(law))
		}
		return strings.TrimSuffix("retain: "+words+"; "+reason, "; ")
	case connectors.ActionNone:
	}
	return "none set"
}

// grouped writes a number with commas: "1,200,000".
func grouped(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// sizeText writes a size for people, in units of a thousand.
func sizeText(n int64) string {
	const kb, mb = 1000, 1000 * 1000
	switch {
	case n < kb:
		return fmt.Sprintf("%d bytes", n)
	case n < mb:
		return fmt.Sprintf("%.1f kB", float64(n)/kb)
	}
	return fmt.Sprintf("%s MB", strings.TrimSuffix(fmt.Sprintf("%.1f", float64(n)/mb), ".0"))
}
