package sqldb

import (
	"context"
	"regexp"
	"strings"
)

// MariaDB names the table beside the check, MySQL elsewhere; older ones know
// no checks.
const (
	mysqlHasChecks    = `SELECT lower(column_name) FROM information_schema.columns WHERE table_schema = 'information_schema' AND lower(table_name) = 'check_constraints'`
	mysqlChecksBeside = `
SELECT constraint_schema, table_name, constraint_name, check_clause FROM information_schema.check_constraints ORDER BY 1, 2, 3`
	mysqlChecksApart = `
SELECT c.constraint_schema, t.table_name, c.constraint_name, c.check_clause
FROM information_schema.check_constraints AS c JOIN information_schema.table_constraints AS t
  ON t.constraint_schema = c.constraint_schema AND t.constraint_name = c.constraint_name AND t.constraint_type = 'CHECK'
WHERE t.enforced = 'YES' ORDER BY 1, 2, 3`
)

// mysqlChecks reads the CHECK constraints, and which columns unique indexes
// name by way of generated ones.
func mysqlChecks(ctx context.Context, s session, out *schema) error {
	for _, t := range out.tables {
		for _, g := range t.computed {
			if t.unique(g.name) {
				for _, c := range t.quoted(g.text) {
					t.keepApart(c)
				}
			}
		}
	}
	has := map[string]bool{}
	if err := texts(ctx, s, mysqlHasChecks, func(r []string) { has[r[0]] = true }); err != nil || len(has) == 0 {
		return err
	}
	sql := mysqlChecksApart
	if has["table_name"] {
		sql = mysqlChecksBeside
	}
	return texts(ctx, s, sql, func(r []string) {
		t := out.tables[r[0]+"."+r[1]]
		if t == nil {
			return
		}
		text := r[3]
		if sql == mysqlChecksApart {
			text = strings.ReplaceAll(text, `\'`, `'`)
		}
		t.checks = append(t.checks, check{name: r[2], text: text, columns: t.quoted(text)})
	})
}

// quoted are the columns that a text of the server's names: it quotes each.
func (t *table) quoted(text string) []string {
	var out []string
	for _, c := range t.columns {
		if strings.Contains(text, "`"+strings.ReplaceAll(c.name, "`", "``")+"`") {
			out = append(out, c.name)
		}
	}
	return out
}

// enumValues reads enum('a','it”s').
func enumValues(kind string) []string {
	var out []string
	for _, m := range regexp.MustCompile(`'((?:[^']|'')*)'`).FindAllStringSubmatch(kind, -1) {
		out = append(out, strings.ReplaceAll(m[1], "''", "'"))
	}
	return out
}
