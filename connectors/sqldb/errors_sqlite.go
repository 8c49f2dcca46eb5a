package sqldb

import (
	"errors"
	"regexp"
	"strconv"

	sqlitedriver "modernc.org/sqlite"

	"privacydesk/connectors"
)

// SQLite's own words for a constraint end with a name of the schema, or with
// the text of a CHECK that has none.
var sqliteConstraint = regexp.MustCompile(`(?:UNIQUE|NOT NULL|CHECK) constraint failed: (.+) \(\d+\)$`)

// explain reads a result code (https://sqlite.org/rescode.html).
func (sqlite) explain(err error) meaning {
	var e *sqlitedriver.Error
	if !errors.As(err, &e) {
		return meaning{}
	}
	m := sqliteMeaning(e)
	m.code = "SQLITE/" + strconv.Itoa(e.Code())
	return m
}

func sqliteMeaning(e *sqlitedriver.Error) meaning {
	switch e.Code() & 0xff {
	case 5, 6:
		return meaning{connectors.Transient, "", wordsBusyFile, ""}
	case 13:
		return meaning{connectors.Transient, "", "the disk is full", "free some space on it"}
	case 7, 9, 10, 15:
		return meaning{connectors.Transient, "", "the disk or the memory failed", ""}
	case 14:
		return meaning{connectors.Credentials, "", "there is no such file, or it can't be opened", "see the file's name in the option dsn, and whose it is"}
	case 8:
		return meaning{connectors.Credentials, "", "the file can't be written", "let the user that runs privacydesk write it and its folder"}
	case 3, 23:
		return meaning{connectors.Credentials, "", "the file may not be opened", "let the user that runs privacydesk read and write it and its folder"}
	case 11, 26:
		return meaning{connectors.Broken, "", "the file is not an intact database", "see the file's name in the option dsn, or restore it"}
	case 18:
		return meaning{connectors.Misfit, "", "a value or a statement is larger than SQLite takes", "lower batch"}
	case 19:
		return sqliteRefused(e)
	default:
		return meaning{connectors.Misfit, "", "the statement was refused", ""}
	}
}

func sqliteRefused(e *sqlitedriver.Error) meaning {
	name := ""
	if m := sqliteConstraint.FindStringSubmatch(e.Error()); m != nil {
		name = " " + m[1]
	}
	switch e.Code() {
	case 787:
		return meaning{connectors.Misfit, "", "rows refer to it by a foreign key", "map them with a reference and on_delete: delete, or with on_delete: {strategy: null} on the reference"}
	case 2067, 1555, 2579:
		return meaning{connectors.Misfit, "", "the values of" + name + " have to be unique", "choose a strategy whose values are unique"}
	case 1299:
		return meaning{connectors.Misfit, "", "the column" + name + " can't be NULL", "choose another strategy for it"}
	case 275, 3091:
		return meaning{connectors.Misfit, "", "the constraint" + name + " forbids the new value", "choose a value or a strategy that it allows"}
	case 1811:
		return meaning{connectors.Misfit, "", "a trigger of the database refused it", "see which triggers stand on the table"}
	default:
		return meaning{connectors.Misfit, "", "a constraint forbids it", ""}
	}
}
