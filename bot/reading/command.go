package reading

import (
	"regexp"
	"strings"
)

var command = regexp.MustCompile(`^/privacy(?:[ \t]+([a-z_]{1,20}))?$`)

// Command finds what an agent's internal note tells us to do: its first line,
// and nothing else on that, is "/privacy VERB". ok is false for any other
// note. verb is "help" where the line names none.
func Command(text string) (verb string, ok bool) {
	line, _, _ := strings.Cut(strings.TrimSpace(newlines().Replace(text)), "\n")
	m := command.FindStringSubmatch(strings.ToLower(strings.TrimSpace(line)))
	switch {
	case m == nil:
		return "", false
	case m[1] == "":
		return "help", true
	}
	return m[1], true
}
