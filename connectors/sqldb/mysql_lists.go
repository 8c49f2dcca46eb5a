package sqldb

import (
	"encoding/hex"
	"encoding/json"
	"strconv"
	"strings"
)

// many is where single values give way to one JSON array, because a prepared
// statement holds at most 65,535. It is high, since MariaDB before 11.1 joins
// no subquery in a DELETE but runs it anew for each row.
const many = 15_000

func (d mysqlDialect) numbers(b *builder, words []string, c *column) string {
	if len(words) > many {
		kind := "DECIMAL(65, 30)"
		if c.class == classInt && !c.unsigned {
			kind = "BIGINT"
		} else if c.class == classInt {
			kind = "BIGINT UNSIGNED"
		}
		return "SELECT j.v FROM JSON_TABLE(" + d.bind(b, "["+strings.Join(words, ",")+"]") + ", '$[*]' COLUMNS (v " + kind + " PATH '$')) AS j"
	}
	out := make([]string, len(words))
	for i, w := range words {
		if n, err := strconv.ParseInt(w, 10, 64); err == nil {
			out[i] = d.bind(b, n)
		} else if n, err := strconv.ParseUint(w, 10, 64); err == nil {
			out[i] = d.bind(b, n)
		} else {
			out[i] = "CAST(" + d.bind(b, w) + " AS DECIMAL(65, 30))"
		}
	}
	return strings.Join(out, ", ")
}

func (d mysqlDialect) bytes(b *builder, words []string) string {
	out := make([]string, len(words))
	if len(words) > many {
		for i, w := range words {
			out[i] = hex.EncodeToString([]byte(w))
		}
		return d.words(b, out, "UNHEX(?)")
	}
	for i, w := range words {
		out[i] = d.bind(b, []byte(w))
	}
	return strings.Join(out, ", ")
}

func (d mysqlDialect) words(b *builder, words []string, each string) string {
	if len(words) > many {
		if array, err := json.Marshal(words); err == nil {
			return "SELECT " + strings.Replace(each, "?", "j.v", 1) + " FROM JSON_TABLE(" + d.bind(b, string(array)) +
				", '$[*]' COLUMNS (v LONGTEXT PATH '$')) AS j"
		}
	}
	out := make([]string, len(words))
	for i, w := range words {
		out[i] = strings.Replace(each, "?", d.bind(b, w), 1)
	}
	return strings.Join(out, ", ")
}
