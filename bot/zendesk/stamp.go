package zendesk

import (
	"errors"
	"strings"
	"time"
)

// A stamp is the ticket's updated_at, and what else an update has to know of
// the state that it is written against.
type stamp struct {
	at         time.Time
	unassigned bool // solving has to name an assignee
}

const unassignedMark = ";unassigned"

func (s stamp) String() string {
	out := s.at.UTC().Format(time.RFC3339)
	if s.unassigned {
		out += unassignedMark
	}
	return out
}

func parseStamp(v string) (stamp, error) {
	at, unassigned := strings.CutSuffix(v, unassignedMark)
	t, err := time.Parse(time.RFC3339, at)
	if err != nil {
		return stamp{}, errors.New("the update bears no stamp of a read; give Update the Stamp that Ticket returned")
	}
	return stamp{t.UTC(), unassigned}, nil
}
