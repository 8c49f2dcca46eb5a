package sqldb

import (
	"regexp"
	"strconv"
	"strings"
)

// addSQLiteTexts reads the checks of a table, or the columns of a unique
// index, out of the statement that made it.
func addSQLiteTexts(s *schema, r []string) {
	t := sqliteTable(s, r[0])
	if t == nil {
		return
	}
	if r[1] == "index" {
		upper := strings.ToUpper(r[2])
		from := strings.Index(upper, "(")
		if to := strings.LastIndex(upper, ") WHERE"); from >= 0 && to > from {
			r[2] = r[2][:to]
		}
		for _, c := range t.mentioned(r[2][max(from, 0):]) {
			t.keepApart(c)
		}
		return
	}
	t.deferred = strings.Contains(strings.ToUpper(r[2]), "DEFERRED")
	for i, text := range sqliteChecks(r[2]) {
		t.checks = append(t.checks, check{name: "CHECK " + strconv.Itoa(i+1), text: text, columns: t.mentioned(text)})
	}
}

// mentioned are the columns whose names stand in a text of SQL, outside of
// its literals.
func (t *table) mentioned(text string) []string {
	text = regexp.MustCompile(`'(?:[^']|'')*'`).ReplaceAllString(text, "''")
	var out []string
	for _, c := range t.columns {
		if regexp.MustCompile(`(?i)(^|[^\pL\pN_])` + regexp.QuoteMeta(c.name) + `($|[^\pL\pN_])`).MatchString(text) {
			out = append(out, c.name)
		}
	}
	return out
}

// sqliteChecks are the conditions that follow CHECK in a CREATE TABLE.
func sqliteChecks(statement string) []string {
	var out []string
	for _, at := range regexp.MustCompile(`(?i)\bCHECK\s*\(`).FindAllStringIndex(statement, -1) {
		depth, quoted := 1, rune(0)
		for i, r := range statement[at[1]:] {
			switch {
			case quoted != 0:
				if r == quoted {
					quoted = 0
				}
			case r == '\'' || r == '"' || r == '`':
				quoted = r
			case r == '(':
				depth++
			case r == ')':
				depth--
			}
			if depth == 0 {
				out = append(out, statement[at[1]:at[1]+i])
				break
			}
		}
	}
	return out
}
