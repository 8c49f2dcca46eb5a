package connectors

import (
	"maps"
	"slices"
	"strings"
)

// Exception is a ground on which a delete may keep a record.
type Exception struct {
	Words     string // plain: "kept …"
	Paragraph string // of the California Civil Code
	// Article of the GDPR by which it may be kept, too; "" where Art. 17 knows
	// no ground of the kind.
	Article string
}

// Exceptions are the eight grounds of Civ. Code 1798.105(d) by the word that
// data maps and legal holds use, a legal hold, which is its legal obligation,
// and what is no personal information at all.
func Exceptions() map[string]Exception {
	return map[string]Exception{
		"transaction":       {"to complete a transaction or fulfil a contract", "1798.105(d)(1)", "6(1)(b)"},
		"security":          {"to keep systems and data secure", "1798.105(d)(2)", ""},
		"debugging":         {"to find and mend errors", "1798.105(d)(3)", ""},
		"free_speech":       {"for free speech", "1798.105(d)(4)", "17(3)(a)"},
		"calecpa":           {"to comply with the California Electronic Communications Privacy Act", "1798.105(d)(5)", ""},
		"research":          {"for research to which the person consented", "1798.105(d)(6)", "17(3)(d)"},
		"internal_use":      {"for internal use that the person can expect", "1798.105(d)(7)", ""},
		"legal_obligation":  {"to meet a legal obligation", "1798.105(d)(8)", "17(3)(b)"},
		"legal_hold":        {"because a legal hold is on it", "1798.105(d)(8)", "17(3)(b) or (e)"},
		"not_personal_data": {"because the law does not count it as personal information", "1798.140(v)(2)-(3)", "4(1)"},
	}
}

// ExceptionNames lists the words in order.
func ExceptionNames() []string { return slices.Sorted(maps.Keys(Exceptions())) }

// ExceptionWords puts an exception, with or without its reason behind a
// colon, into plain words; what is none of the known ones stays as it is.
func ExceptionWords(text string) (words, reason string) {
	name, reason, _ := strings.Cut(text, ": ")
	if e, ok := Exceptions()[name]; ok {
		return e.Words, reason
	}
	return text, ""
}
