package config

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"privacydesk/connectors"
)

// Problem is one mistake in the configuration. It names places and keys and
// never a value: any value may be a secret that stands in the wrong place.
type Problem struct {
	Line, Column int    // 1-based; 0 when the whole file is meant
	Path         string // "systems.crm.dsn"
	What         string
	Mend         string
}

// String is "12:5 systems.crm.dsn: what; mend".
func (p Problem) String() string {
	var b strings.Builder
	if p.Line > 0 {
		fmt.Fprintf(&b, "%d:%d ", p.Line, p.Column)
	}
	if p.Path != "" {
		b.WriteString(p.Path + ": ")
	}
	b.WriteString(p.What)
	if p.Mend != "" {
		b.WriteString("; " + p.Mend)
	}
	return b.String()
}

// InvalidError is all that is wrong with a configuration, in the order of the
// file.
type InvalidError struct {
	File     string
	Problems []Problem
}

// Error lists every problem on a line of its own.
func (e *InvalidError) Error() string {
	lines := []string{fmt.Sprintf("%s: %d mistakes in the configuration", e.File, len(e.Problems))}
	if len(e.Problems) == 1 {
		lines[0] = e.File + ": a mistake in the configuration"
	}
	for _, p := range e.Problems {
		lines = append(lines, "  "+p.String())
	}
	return strings.Join(lines, "\n")
}

func sortProblems(list []Problem) []Problem {
	slices.SortStableFunc(list, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column), cmp.Compare(a.Path, b.Path))
	})
	return slices.Compact(list)
}

// keyLike is what a key may look like to be repeated in a message. Anything
// else might be a value (a password, a URL) that slipped into a key's place.
func keyLike(key string) bool {
	return regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]{0,39}$`).MatchString(key)
}

// suggestion is the mend for a word that is none of the known ones.
func suggestion(word string, known []string) string {
	if near := connectors.Nearest(word, known); near != "" {
		return "did you mean " + near + "?"
	}
	if len(known) == 0 {
		return "remove it"
	}
	return "known: " + strings.Join(known, ", ")
}
