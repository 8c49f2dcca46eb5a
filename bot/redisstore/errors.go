package redisstore

import (
	"errors"
	"fmt"
	"strings"

	"github.com/redis/go-redis/v9"

	"privacydesk/connectors"
)

// ServerError is Redis's refusal of a command. It bears the error's code alone: the texts of some quote keys and values.
type ServerError struct {
	Op   string // what was being done
	Code string // "OOM", "READONLY", "NOAUTH", …; "ERR" for all that have none of their own
}

func (e *ServerError) Error() string {
	text := fmt.Sprintf("redis: %s: the server answered %s", e.Op, e.Code)
	if mend := mendOf(e.Code); mend != "" {
		text += ": " + mend
	}
	return text
}

// mendOf says what helps against an error, by the codes of Redis (https://redis.io/docs/latest/develop/reference/protocol-spec/).
func mendOf(code string) string {
	switch code {
	case "OOM":
		return "it is full; give it more memory (maxmemory), and leave maxmemory-policy at noeviction"
	case "READONLY":
		return "it is a replica; let redis.url name the primary"
	case "NOAUTH", "WRONGPASS":
		return "it wants another user or password; mend redis.url"
	case "NOPERM":
		return "the user may not do it; grant it what docs/operations.md lists (Redis)"
	case "MISCONF":
		return "it can't write to its disk, and takes no more changes; most often the disk is full: see its log"
	case "EXECABORT":
		return "it refused a part of it; most often it is full or can't write to its disk: see its log"
	case "LOADING", "CLUSTERDOWN", "TRYAGAIN", "MASTERDOWN":
		return "it isn't ready yet"
	}
	return ""
}

// failed wraps what go-redis returned, without any text of the server's.
func failed(op string, err error) error {
	if err == nil {
		return nil
	}
	var refusal redis.Error
	if errors.As(err, &refusal) {
		return &ServerError{Op: op, Code: codeOf(refusal.Error())}
	}
	return connectors.Sayf(err, "redis: %s", op)
}

// codeOf is the first word of an error's text if it is one of capitals, as codes are.
func codeOf(text string) string {
	word, _, _ := strings.Cut(text, " ")
	const longest = 20
	if word == "" || len(word) > longest || strings.Trim(word, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
		return "ERR"
	}
	return word
}

// Clean is the error's text, which holds names of operations and the server's code alone: it may be logged.
func (e *ServerError) Clean() string { return e.Error() }
