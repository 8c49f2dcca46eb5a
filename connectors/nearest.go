package connectors

import "strings"

// Nearest is the known word that another may have been meant to be, or "". It
// suggests, and is generous.
func Nearest(word string, known []string) string { return within(word, known, len(word)/3+1) }

// Misspelt is the known word that another must be a slip of, or "".
func Misspelt(word string, known []string) string { return within(word, known, max(1, len(word)/6)) }

// within is the nearest word, if no more than so many letters are off.
func within(word string, known []string, distance int) string {
	best := ""
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
