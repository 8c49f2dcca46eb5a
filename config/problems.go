package config

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
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

// nearest is the known word that a typo was meant to be, or "".
func nearest(word string, known []string) string {
	best, distance := "", len(word)/3+1
	plain := func(s string) string { return strings.ToLower(strings.NewReplacer("-", "", "_", "").Replace(s)) }
	if len(word) > 60 {
		return ""
	}
	for _, k := range known {
		if plain(k) == plain(word) {
			return k
		}
		if d := editDistance(plain(word), plain(k)); d <= distance && d < len(k) {
			best, distance = k, d-1
		}
	}
	return best
}

// editDistance counts insertions, deletions, replacements and swaps of
// neighbours.
func editDistance(a, b string) int {
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			rows[i][j] = min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(a)][len(b)]
}

// suggestion is the mend for a word that is none of the known ones.
func suggestion(word string, known []string) string {
	if near := nearest(word, known); near != "" {
		return "did you mean " + near + "?"
	}
	if len(known) == 0 {
		return "remove it"
	}
	return "known: " + strings.Join(known, ", ")
}
