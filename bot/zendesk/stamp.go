package zendesk

import (
	"errors"
	"slices"
	"strings"
	"time"
)

// A stamp is the ticket's updated_at, and what else an update has to know of
// the state that it is written against.
type stamp struct {
	at         time.Time
	unassigned bool   // solving has to name an assignee
	tags       string // with blanks between: Zendesk's tags have none
}

const (
	unassignedMark = ";unassigned"
	tagsMark       = ";tags="
)

func (s stamp) String() string {
	out := s.at.UTC().Format(time.RFC3339)
	if s.unassigned {
		out += unassignedMark
	}
	return out + tagsMark + s.tags
}

func parseStamp(v string) (stamp, error) {
	head, tags, _ := strings.Cut(v, tagsMark)
	at, unassigned := strings.CutSuffix(head, unassignedMark)
	t, err := time.Parse(time.RFC3339, at)
	if err != nil {
		return stamp{}, errors.New("the update bears no stamp of a read; give Update the Stamp that Ticket returned")
	}
	return stamp{t.UTC(), unassigned, tags}, nil
}

// tagged is what the ticket's tags become, the whole set; nil for no change.
// The update of one ticket knows no other way: additional_tags is for the
// update of many [docs, adding tags without overwriting]. The stamp sees to it
// that nobody else's tag gets lost.
func (s stamp) tagged(add, remove []string) *[]string {
	have := strings.Fields(s.tags)
	next := append([]string{}, have...) // not nil: no tag is a list, too
	for _, t := range add {
		if t = strings.ToLower(t); !slices.Contains(next, t) {
			next = append(next, t)
		}
	}
	next = slices.DeleteFunc(next, func(t string) bool {
		return slices.ContainsFunc(remove, func(r string) bool { return strings.ToLower(r) == t })
	})
	if slices.Equal(have, next) {
		return nil
	}
	return &next
}
