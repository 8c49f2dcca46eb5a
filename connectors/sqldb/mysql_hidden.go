package sqldb

import (
	"context"
	"errors"
	"strings"

	"github.com/go-sql-driver/mysql"
)

// Whose privileges count: the account's own, for who may read the mysql
// schema sees everybody's. What a role brings is not listed, and so not known.
const mysqlGrantee = `
grantee = CONCAT('\'', SUBSTRING_INDEX(CURRENT_USER(), '@', CHAR_LENGTH(CURRENT_USER()) - CHAR_LENGTH(REPLACE(CURRENT_USER(), '@', ''))),
                 '\'@\'', SUBSTRING_INDEX(CURRENT_USER(), '@', -1), '\'')`

// Triggers are shown only to those who may change them, so that none is no
// news without the privilege. '%' stands for all schemas.
const mysqlSees = `
SELECT '%', '%' FROM information_schema.user_privileges WHERE privilege_type = 'TRIGGER' AND ` + mysqlGrantee + `
UNION SELECT table_schema, '%' FROM information_schema.schema_privileges WHERE privilege_type = 'TRIGGER' AND ` + mysqlGrantee + `
UNION SELECT table_schema, table_name FROM information_schema.table_privileges WHERE privilege_type = 'TRIGGER' AND ` + mysqlGrantee

// Who has one of these on everything sees every table, and so every key.
const mysqlSeesAll = `
SELECT privilege_type FROM information_schema.user_privileges
WHERE privilege_type IN ('SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRIGGER', 'REFERENCES') AND ` + mysqlGrantee

// The engine's own list of foreign keys, under MariaDB's name or MySQL's.
const mysqlEngineKeys = `
SELECT table_name FROM information_schema.tables
WHERE table_schema = 'information_schema' AND table_name IN ('INNODB_SYS_FOREIGN', 'INNODB_FOREIGN')`

// hiddenFromMySQL marks the tables of which the server may hide something
// that acts on a delete: it shows triggers and foreign keys by privilege.
func hiddenFromMySQL(ctx context.Context, s session, out *schema) error {
	seen := map[string]bool{}
	if err := texts(ctx, s, mysqlSees, func(r []string) { seen[r[0]+"."+r[1]] = true }); err != nil {
		return err
	}
	for _, t := range out.tables {
		if !seen["%.%"] && !seen[likeEscaped(t.schema)+".%"] && !seen[t.schema+".%"] && !seen[t.key()] {
			t.blind = append(t.blind, blindness{"its triggers are hidden from the account", "grant TRIGGER on the table to the account itself, by which alone the server shows them"})
		}
	}
	seesAll := false
	if err := texts(ctx, s, mysqlSeesAll, func([]string) { seesAll = true }); err != nil || seesAll {
		return err
	}
	keys, known, err := engineKeys(ctx, s)
	if err != nil {
		return err
	}
	const grant = "grant PROCESS to the account itself, by which alone the server shows them all"
	for _, t := range out.tables {
		switch {
		case !known || !plainName(t.schema) || !plainName(t.name):
			t.blind = append(t.blind, blindness{"foreign keys that lead to it from elsewhere may be hidden from the account", grant})
		case keys[lowerASCII(t.schema+"/"+t.name)] > len(t.incoming):
			t.blind = append(t.blind, blindness{"a foreign key leads to it from a table that is hidden from the account", "grant SELECT on the tables that refer to it"})
		}
	}
	return nil
}

// engineKeys counts the foreign keys that lead to each "schema/table". It is
// not known where the account may not ask.
func engineKeys(ctx context.Context, s session) (keys map[string]int, known bool, err error) {
	list := ""
	if err := texts(ctx, s, mysqlEngineKeys, func(r []string) { list = r[0] }); err != nil || list == "" {
		return nil, false, err
	}
	keys = map[string]int{}
	err = texts(ctx, s, "SELECT ref_name FROM information_schema."+list, func(r []string) { keys[lowerASCII(r[0])]++ })
	var refused *mysql.MySQLError
	if errors.As(err, &refused) && refused.Number == 1227 {
		return nil, false, nil
	}
	return keys, err == nil, err
}

// plainName is true for names that the engine spells as they are.
func plainName(name string) bool {
	return !strings.ContainsFunc(name, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '_'
	})
}

// likeEscaped is how grants spell a schema whose name has an underscore.
func likeEscaped(name string) string {
	return strings.NewReplacer("_", `\_`, "%", `\%`).Replace(name)
}
