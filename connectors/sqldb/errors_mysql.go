package sqldb

import (
	"errors"
	"regexp"
	"strconv"
	"strings"

	"github.com/go-sql-driver/mysql"

	"privacydesk/connectors"
)

// explain reads an error number
// (https://mariadb.com/kb/en/mariadb-error-code-reference/,
// https://dev.mysql.com/doc/mysql-errors/8.4/en/server-error-reference.html).
func (mysqlDialect) explain(err error) meaning {
	var e *mysql.MySQLError
	if !errors.As(err, &e) {
		return mysqlUnspoken(err)
	}
	m := mysqlRefused(e)
	if m.kind == "" {
		m = mysqlPassing(e.Number)
	}
	m.code = strconv.Itoa(int(e.Number))
	if state := strings.TrimRight(string(e.SQLState[:]), "\x00"); state != "" {
		m.code = state + "/" + m.code
	}
	return m
}

// mysqlUnspoken: what the driver itself refuses.
func mysqlUnspoken(err error) meaning {
	switch {
	case errors.Is(err, mysql.ErrNoTLS):
		return meaning{connectors.Credentials, "", "the server speaks no TLS, which the dsn demands", "turn TLS on at the server"}
	case errors.Is(err, mysql.ErrCleartextPassword), errors.Is(err, mysql.ErrOldPassword), errors.Is(err, mysql.ErrNativePassword), errors.Is(err, mysql.ErrUnknownPlugin):
		return meaning{connectors.Credentials, "", "the server asks for the password in a way that is not safe or not known", "give the account another authentication plugin, such as caching_sha2_password or ed25519 without an old password"}
	case errors.Is(err, mysql.ErrPktTooLarge):
		return packetTooLarge()
	}
	if words := connectors.Plain(err); strings.Contains(words, "certificate") || strings.Contains(words, "TLS") {
		return meaning{connectors.Credentials, "", words, "see tls in the option dsn"}
	}
	return meaning{}
}

func packetTooLarge() meaning {
	return meaning{connectors.Misfit, "", "a statement or a row is larger than the server takes (max_allowed_packet)", "raise max_allowed_packet on the server, or lower batch"}
}

// Names that end a message; what stands before them may be a value.
var (
	mysqlKeyName   = regexp.MustCompile("for key '([^']+)'$")
	mysqlForeign   = regexp.MustCompile("a foreign key constraint fails \\(`([^`]+)`\\.`([^`]+)`, CONSTRAINT `([^`]+)` FOREIGN KEY")
	mysqlCheckName = regexp.MustCompile("^(?:CONSTRAINT `([^`]+)` failed for `|Check constraint '([^']+)' is violated)")
	mysqlColumn    = regexp.MustCompile("^(?:Column|Field) '([^']+)'")
)

// mysqlName reads a name of the schema out of a message. A message that was
// cut off may end within a value.
func mysqlName(e *mysql.MySQLError, pattern *regexp.Regexp) string {
	const cut = 400
	if len(e.Message) > cut {
		return ""
	}
	if m := pattern.FindStringSubmatch(e.Message); m != nil {
		return named(strings.Join(m[1:], ""))
	}
	return ""
}

func mysqlRefused(e *mysql.MySQLError) meaning {
	switch e.Number {
	case 1044, 1142, 1143, 1227, 1370:
		return meaning{connectors.Credentials, "", "the account may not do this", ""}
	case 1045, 1130, 1698, 1251, 1275, 3118, 3955, 4151:
		return meaning{connectors.Credentials, "", "the server refused the account", "see user and password in the option dsn, and the hosts that the account may come from"}
	case 1820, 1862:
		return meaning{connectors.Credentials, "", "the account's password has expired", "set a new one"}
	case 1129:
		return meaning{connectors.Credentials, "", "the server has blocked this host for its many failures", "FLUSH HOSTS on the server"}
	case 3159:
		return meaning{connectors.Credentials, "", "the server demands TLS", "add tls=true to the option dsn"}
	case 1290, 1836:
		return meaning{connectors.Credentials, "", errReadOnly.Error(), "name the primary server in the option dsn"}
	case 1049:
		return meaning{connectors.Misfit, "", "there is no such database", "see the database's name in the option dsn"}
	case 1193, 1231, 1232, 1238:
		return meaning{connectors.Misfit, "", "the server does not know a setting, or its value, that it was given", "see the parameters in the option dsn"}
	case 1146, 1054:
		return meaning{connectors.Misfit, "", "the server has no such table or column", "see whether the schema is being changed"}
	case 1451, 1217:
		return mysqlReferred(e)
	case 1452, 1216:
		return meaning{connectors.Misfit, "", "the foreign key of the column finds no row for the new value", "use the strategy null"}
	case 1048:
		return meaning{connectors.Misfit, "", "the column" + mysqlName(e, mysqlColumn) + " can't be NULL", "choose another strategy for it"}
	case 1062, 1586:
		return meaning{connectors.Misfit, "", "the index" + mysqlName(e, mysqlKeyName) + " forbids equal values", "choose a strategy whose values are unique"}
	case 4025, 3819:
		return meaning{connectors.Misfit, "", "the constraint" + mysqlName(e, mysqlCheckName) + " forbids the new value", "choose a value or a strategy that it allows"}
	case 1264, 1265, 1292, 1366, 1406, 1411, 1690:
		return meaning{connectors.Misfit, "", "the new value does not fit into its column", "choose another value or strategy"}
	case 1644, 1442:
		return meaning{connectors.Misfit, "", "a trigger of the database refused it", "see which triggers stand on the table"}
	case 1785, 1665:
		return meaning{connectors.Misfit, "", "the server refuses to change tables with and without transactions together, or engines of both kinds", "give the tables one engine: ALTER TABLE … ENGINE=InnoDB"}
	case 1153:
		return packetTooLarge()
	case 1034, 1035, 1194, 1195, 1712, 145:
		return meaning{connectors.Broken, "", "the table or its index is damaged", "REPAIR TABLE, or restore it"}
	}
	return meaning{}
}

func mysqlReferred(e *mysql.MySQLError) meaning {
	out := meaning{connectors.Misfit, "", "rows that refer to it remain", "map them with a reference and on_delete: delete, or with on_delete: {strategy: null} on the reference"}
	if m := mysqlForeign.FindStringSubmatch(e.Message); m != nil {
		out.what = "rows of " + m[1] + "." + m[2] + " refer to it by the foreign key " + m[3]
	}
	return out
}

// mysqlPassing: what may be otherwise in a moment.
func mysqlPassing(number uint16) meaning {
	switch number {
	case 1040:
		return meaning{connectors.Transient, "", "the server has too many connections", "raise max_connections"}
	case 1203, 1226:
		return meaning{connectors.Transient, "", "the account has as many connections or statements as the server lets it", "raise its limits (max_user_connections)"}
	case 1461:
		return meaning{connectors.Transient, "", "the server has too many prepared statements", "raise max_prepared_stmt_count"}
	case 1021, 1114:
		return meaning{connectors.Transient, "", "the server's disk or the table is full", "free some space on it"}
	case 1037, 1038, 1041:
		return meaning{connectors.Transient, "", "the server has no memory left", ""}
	case 1969, 3024:
		return meaning{connectors.Transient, "", wordsSlow, "raise statement_timeout or gather_timeout, or add the index that check names"}
	case 1205:
		return meaning{connectors.Transient, "", wordsLocked, ""}
	case 1020, 1213, 1614:
		return meaning{connectors.Transient, "", wordsMet, ""}
	case 1042, 1043, 1047, 1053, 1080, 1152, 1158, 1159, 1160, 1161, 1180, 1184, 1317, 1615, 1637, 1927, 4031:
		return meaning{connectors.Transient, "", "the server could not do it now", ""}
	default:
		return meaning{connectors.Misfit, "", "the server refused the statement", ""}
	}
}
