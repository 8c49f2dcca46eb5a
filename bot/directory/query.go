package directory

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The one placeholder of a query, by what it asks.
const (
	emailParameter  = ":email"
	tenantParameter = ":tenant"
)

// bind writes a query with the driver's own placeholders and returns how
// many times the parameter's value has to be bound. Quoted text and comments are left
// alone. numbered drivers take one value by its number.
func bind(query, parameter string, numbered bool) (text string, times int, err error) {
	query = strings.TrimRight(strings.TrimSpace(query), "; \t\r\n")
	if first, _, _ := strings.Cut(strings.Join(strings.Fields(query), " "), " "); !strings.EqualFold(first, "select") && !strings.EqualFold(first, "with") {
		return "", 0, errors.New("must begin with SELECT or WITH")
	}
	var out strings.Builder
	for i := 0; i < len(query); {
		n, err := opaque(query[i:], parameter)
		if err != nil {
			return "", 0, err
		}
		switch {
		case n > 0:
			out.WriteString(query[i : i+n])
		case query[i] == ';':
			return "", 0, errors.New("must be one statement")
		case strings.HasPrefix(query[i:], "::"), strings.HasPrefix(query[i:], ":="):
			n = 2
			out.WriteString(query[i : i+n])
		case named(query[i:]) != "":
			name := named(query[i:])
			if name != parameter {
				return "", 0, fmt.Errorf("there is no placeholder %s; the only one is %s", name, parameter)
			}
			n = len(name)
			if numbered {
				out.WriteString("$1")
				times = 1
			} else {
				out.WriteString("?")
				times++
			}
		default:
			n = 1
			out.WriteByte(query[i])
		}
		i += n
	}
	if times == 0 {
		return "", 0, fmt.Errorf("must hold the placeholder %s", parameter)
	}
	return out.String(), times, nil
}

// named returns a placeholder that the text begins with, or "".
func named(s string) string {
	if len(s) < 2 || s[0] != ':' {
		return ""
	}
	end := strings.IndexFunc(s[1:], func(r rune) bool { return r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	if end < 0 {
		end = len(s) - 1
	}
	if first, _ := utf8.DecodeRuneInString(s[1:]); end == 0 || unicode.IsDigit(first) {
		return "" // an array slice such as [1:2]
	}
	return s[:1+end]
}

// opaque returns the length of the quoted text or comment that s begins with.
// A backslash in a text, or a $ that may begin a dollar quote, is read in two
// ways by different servers and is refused.
func opaque(s, parameter string) (int, error) {
	for _, q := range []struct{ open, end, what string }{
		{"'", "'", "text"}, {`"`, `"`, "name"}, {"`", "`", "name"}, {"--", "\n", "comment"}, {"/*", "*/", "comment"},
	} {
		rest, ok := strings.CutPrefix(s, q.open)
		if !ok {
			continue
		}
		n := strings.Index(rest, q.end)
		switch {
		case n < 0 && q.open == "--":
			return len(s), nil
		case n < 0:
			return 0, fmt.Errorf("a %s that begins with %s does not end", q.what, q.open)
		case q.what != "comment" && strings.Contains(rest[:n], `\`):
			return 0, errors.New(`texts with a backslash are not supported`)
		}
		return len(q.open) + n + len(q.end), nil
	}
	if strings.HasPrefix(s, "$") || strings.HasPrefix(s, "?") {
		return 0, fmt.Errorf("%q is not supported; the only placeholder is %s", s[:1], parameter)
	}
	return 0, nil
}
